//! DSSE v1 envelopes: a payload, its type, and signatures of both together.
//!
//! <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md> and `envelope.md` beside it.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::{Map, Value, json};

use crate::limits::{ENVELOPE_BYTES, ENVELOPE_SIGNATURES, NAME_BYTES, SIGNATURE_BYTES};

use super::json::{self, JsonError};
use super::{PublicKey, SignError, Signer, Statement};

/// The type of an envelope that holds an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A signed statement, as it is written and read. Nothing in it is believed: see
/// [`TrustedSigners::verify`](super::TrustedSigners::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Which key is said to have signed; empty where nothing is said. Nothing covers it, so it decides nothing.
    pub key_id: String,
    /// The signature, as its algorithm has it.
    pub bytes: Vec<u8>,
}

/// Why bytes are no envelope.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON that means one thing.
    #[error("the envelope cannot be read: {0}; obtain it again from whoever signed it")]
    Json(#[from] JsonError),
    /// JSON, and no envelope.
    #[error("it is no DSSE envelope: {0}; obtain it again from whoever signed it")]
    Shape(String),
}

/// The bytes that a DSSE v1 signature is of: type and payload, each with its length before it, so that no other type and
/// payload come to the same.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

impl Envelope {
    /// An envelope around a statement, without signatures yet.
    pub fn new(statement: &Statement) -> Envelope {
        Envelope { payload_type: PAYLOAD_TYPE.to_owned(), payload: statement.to_json(), signatures: Vec::new() }
    }

    /// What is to be signed.
    pub fn message(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// Has a signer sign it, beside those that did so before.
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<(), SignError> {
        let signature = signer.sign(&self.message())?;
        self.add(signer.public_key(), signature)
    }

    /// Adds a signature of [`message`](Envelope::message) that was made elsewhere, if it verifies.
    pub fn add(&mut self, key: &PublicKey, signature: Vec<u8>) -> Result<(), SignError> {
        let key_id = key.key_id();
        if !key.verifies(&self.message(), &signature) {
            return Err(SignError::Wrong(key_id));
        }
        // One signature a key: readers refuse two.
        self.signatures.retain(|other| other.key_id != key_id);
        if self.signatures.len() == ENVELOPE_SIGNATURES {
            return Err(SignError::TooMany);
        }
        self.signatures.push(Signature { key_id, bytes: signature });
        Ok(())
    }

    /// Its type, unverified.
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// What it holds, unverified: to be shown as no more than a claim.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Its signatures, unverified.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Writes it: JSON and a line feed.
    pub fn to_json(&self) -> Vec<u8> {
        let signature = |one: &Signature| json!({"keyid": one.key_id, "sig": BASE64_STANDARD.encode(&one.bytes)});
        let envelope = json!({
            "payload": BASE64_STANDARD.encode(&self.payload),
            "payloadType": self.payload_type,
            "signatures": self.signatures.iter().map(signature).collect::<Vec<_>>(),
        });
        format!("{envelope}\n").into_bytes()
    }

    /// Reads one. Fields that the specification does not name are passed over, as it demands; an envelope without
    /// signatures is none.
    pub fn parse(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
        let value = json::parse(bytes, ENVELOPE_BYTES)?;
        let Value::Object(envelope) = &value else { return Err(shape("it is no object")) };
        let payload_type = text(envelope, "payloadType")?;
        if payload_type.is_empty() || payload_type.len() > NAME_BYTES {
            return Err(shape("its `payloadType` is empty or too long"));
        }
        let payload = decode(text(envelope, "payload")?, "payload")?;
        let signatures = match envelope.get("signatures") {
            Some(Value::Array(signatures)) if !signatures.is_empty() => signatures,
            _ => return Err(shape("it has no `signatures`")),
        };
        if signatures.len() > ENVELOPE_SIGNATURES {
            return Err(shape(format_args!("it has more than {ENVELOPE_SIGNATURES} signatures")));
        }
        let signatures = signatures.iter().map(signature).collect::<Result<_, _>>()?;
        Ok(Envelope { payload_type: payload_type.to_owned(), payload, signatures })
    }
}

fn signature(value: &Value) -> Result<Signature, EnvelopeError> {
    let Value::Object(signature) = value else { return Err(shape("a signature is no object")) };
    let key_id = match signature.get("keyid") {
        None | Some(Value::Null) => "",
        Some(Value::String(id)) if id.len() <= NAME_BYTES => id,
        Some(_) => return Err(shape("a `keyid` is no text, or too long")),
    };
    let bytes = decode(text(signature, "sig")?, "sig")?;
    if bytes.is_empty() || bytes.len() > SIGNATURE_BYTES {
        return Err(shape("a `sig` is empty or too long"));
    }
    Ok(Signature { key_id: key_id.to_owned(), bytes })
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Result<&'v str, EnvelopeError> {
    object.get(name).and_then(Value::as_str).ok_or_else(|| shape(format_args!("it has no text `{name}`")))
}

/// Base64 of either alphabet, as the specification has it, but of one alone, with its padding and without spare bits.
fn decode(text: &str, name: &str) -> Result<Vec<u8>, EnvelopeError> {
    BASE64_STANDARD
        .decode(text)
        .or_else(|_| BASE64_URL_SAFE.decode(text))
        .map_err(|_| shape(format_args!("its `{name}` is no base64")))
}

fn shape(what: impl ToString) -> EnvelopeError {
    EnvelopeError::Shape(what.to_string())
}
