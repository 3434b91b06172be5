//! Since when something exists, as a time-stamping authority says (RFC 3161).
//!
//! A [`Query`] holds the SHA-256 of the bytes, here of an envelope, and never the bytes. What the authority answers is a
//! [`Claim`] once its signature was checked with the certificate that came in it, which anybody can make; it is a
//! [`Timestamp`] only when a certificate that was named vouches for that one.

mod asn1;
mod authority;
mod scheme;
mod token;

use der::{AnyRef, Encode, Sequence, Tag, Tagged};
use pkcs8::AlgorithmIdentifierRef;
use pkcs8::der::asn1::OctetStringRef;
use sha2::{Digest, Sha256};

use crate::limits::TIMESTAMP_BYTES;
use crate::trail::Time;

pub use self::authority::TrustedAuthorities;

use self::asn1::{Fields, trimmed, whole};
use self::scheme::Hash;
use self::token::Token;

/// The media type of a query, for HTTP.
pub const QUERY_TYPE: &str = "application/timestamp-query";

/// The media type of an answer.
pub const REPLY_TYPE: &str = "application/timestamp-reply";

/// What an authority is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    imprint: [u8; 32],
    nonce: u64,
}

/// A time-stamp of some bytes, consistent in itself: signed with the key of the certificate in it. Whoever made that
/// certificate chose the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    token: Token,
}

/// That some bytes existed at a time, by the word of an authority that was named. Only [`Claim::trusted_by`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamp {
    time: Time,
    serial: String,
    policy: String,
    authority: String,
    vouched_by: String,
}

/// Why there is no time-stamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The authority said no.
    #[error("the time-stamping authority refused (status {status}{text}); ask it again, or ask another")]
    Status {
        /// `PKIStatus`.
        status: String,
        /// What it says about that. Untrusted text, to be escaped for where it goes.
        text: String,
    },
    /// More than a time-stamp takes.
    #[error("the time-stamp has {0} bytes, more than the {TIMESTAMP_BYTES} that are looked at; ask another authority")]
    TooLong(usize),
    /// Not the encoding that it should be.
    #[error("the time-stamp cannot be read: its {0} is not as RFC 3161 and DER have it; ask for another")]
    Malformed(&'static str),
    /// An algorithm that is not accepted.
    #[error(
        "the time-stamp uses an algorithm that is not accepted here; ask an authority that signs with SHA-256 or better and RSA, P-256, P-384 or Ed25519"
    )]
    Algorithm,
    /// Of other bytes.
    #[error(
        "the time-stamp is of other bytes (SHA-256 {recorded}, and not {computed}); find the one that belongs to the envelope, or the envelope that it is of"
    )]
    Imprint {
        /// What it is of, in hex.
        recorded: String,
        /// What it should be of, in hex.
        computed: String,
    },
    /// An answer to somebody else.
    #[error("the time-stamp answers another query than was made (its nonce is not the same); ask again")]
    Nonce,
    /// The signer is not known.
    #[error(
        "the time-stamp does not hold the certificate that signed it; ask for one that does (`openssl ts -query -cert`)"
    )]
    NoCertificate,
    /// The signature is not right.
    #[error("the time-stamp's signature does not verify: it was changed; ask for another")]
    Signature,
    /// The certificate is for something else.
    #[error(
        "the time-stamp is signed with a certificate that is not for time-stamps (a critical extended key usage of timeStamping alone); ask another authority"
    )]
    Usage,
    /// The certificate is of another time.
    #[error(
        "the time-stamp is signed with a certificate that was not valid at {0}, which it says is its time; ask another authority"
    )]
    Validity(Time),
    /// No certificate was named.
    #[error(
        "no certificate of a time-stamping authority was named, and anybody can make one; name the authority's certificate, or that of whoever certifies it"
    )]
    NobodyNamed,
    /// No certificate that was named leads to it.
    #[error(
        "no certificate that was named vouches for the time-stamping authority ({0}); name the authority's certificate, or that of whoever certifies it, if you trust it"
    )]
    Untrusted(String),
}

/// RFC 3161, section 2.4.1.
#[derive(Sequence)]
struct TimeStampReq<'a> {
    version: u8,
    imprint: MessageImprint<'a>,
    nonce: u64,
    cert_req: bool,
}

#[derive(Sequence)]
struct MessageImprint<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    hashed: &'a OctetStringRef,
}

const SHA256: der::asn1::ObjectIdentifier = der::asn1::ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

impl Query {
    /// A query about some bytes. The nonce should be one that nobody can foresee: an answer to it cannot be an older one.
    pub fn new(message: &[u8], nonce: u64) -> Query {
        Query { imprint: Sha256::digest(message).into(), nonce }
    }

    /// The query as it is sent: DER of a `TimeStampReq` that asks for the authority's certificate.
    pub fn to_der(&self) -> Vec<u8> {
        // With NULL parameters, as `openssl ts -query` has it: some authorities want them.
        let algorithm = AlgorithmIdentifierRef { oid: SHA256, parameters: Some(AnyRef::NULL) };
        let hashed = OctetStringRef::new(&self.imprint);
        let request = hashed.and_then(|hashed| {
            let imprint = MessageImprint { algorithm, hashed };
            TimeStampReq { version: 1, imprint, nonce: self.nonce, cert_req: true }.to_der()
        });
        // Of a fixed form, so that it can always be written.
        request.unwrap_or_default()
    }

    /// Takes the answer, a `TimeStampResp`, if it is one to this query. The same bytes are what should be kept.
    pub fn accept(&self, response: &[u8]) -> Result<Claim, TimestampError> {
        let claim = Claim::of_imprint(response, &self.imprint)?;
        if claim.token.info.nonce.as_deref() != Some(trimmed(&self.nonce.to_be_bytes())) {
            return Err(TimestampError::Nonce);
        }
        Ok(claim)
    }
}

impl Claim {
    /// Reads a time-stamp of `message`: a `TimeStampResp`, as authorities answer and `openssl ts -reply` writes, or the token
    /// from it.
    pub fn read(file: &[u8], message: &[u8]) -> Result<Claim, TimestampError> {
        Claim::of_imprint(file, &Sha256::digest(message).into())
    }

    fn of_imprint(file: &[u8], imprint: &[u8; 32]) -> Result<Claim, TimestampError> {
        if file.len() > TIMESTAMP_BYTES {
            return Err(TimestampError::TooLong(file.len()));
        }
        let outer = whole("response", file)?;
        let mut fields = Fields::of("response", outer)?;
        let token = match fields.optional(Tag::Sequence) {
            Some(status) => {
                granted(status)?;
                fields.only()?
            }
            None => outer,
        };
        let token = token::read(token)?;
        let info = &token.info;
        if info.imprint_hash != Some(Hash::Sha256) || info.imprint != imprint {
            let (recorded, computed) = (hex::encode(&info.imprint), hex::encode(imprint));
            return Err(TimestampError::Imprint { recorded, computed });
        }
        authority::may_stamp(&token.signer, info.time)?;
        Ok(Claim { token })
    }

    /// The time that it claims.
    pub fn unverified_time(&self) -> Time {
        self.token.info.time
    }

    /// The subject of the certificate that signed it: who that is, by its own word. Untrusted text.
    pub fn unverified_authority(&self) -> String {
        authority::subject(&self.token.signer)
    }

    /// Believes it if a certificate that was named is the signer's, or vouches for that by way of certificates in it.
    pub fn trusted_by(&self, named: &TrustedAuthorities) -> Result<Timestamp, TimestampError> {
        let info = &self.token.info;
        let vouched_by = named.vouch(&self.token.signer, &self.token.certificates, info.time)?;
        Ok(Timestamp {
            time: info.time,
            serial: info.serial.clone(),
            policy: info.policy.clone(),
            authority: authority::subject(&self.token.signer),
            vouched_by,
        })
    }
}

impl Timestamp {
    /// When the bytes existed, to the second, by the authority's clock.
    pub fn time(&self) -> Time {
        self.time
    }

    /// Its number, in hex.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The policy that the authority issued it under: an object identifier.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The subject of the authority's certificate. To be escaped for where it goes.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The subject of the certificate that was named. To be escaped for where it goes.
    pub fn vouched_by(&self) -> &str {
        &self.vouched_by
    }
}

/// Checks a `PKIStatusInfo`: granted (0), or granted with changes (1).
fn granted(status: AnyRef<'_>) -> Result<(), TimestampError> {
    let mut fields = Fields::of("status", status)?;
    let status = fields.expect(Tag::Integer)?.value();
    if matches!(status, [0] | [1]) {
        return Ok(());
    }
    let mut text = String::new();
    if let Some(lines) = fields.optional(Tag::Sequence) {
        for line in Fields::of("status", lines)?.filter(|line| line.tag() == Tag::Utf8String).take(4) {
            let line: String = String::from_utf8_lossy(line.value()).chars().take(200).collect();
            text = format!("{text}: {line}");
        }
    }
    Err(TimestampError::Status { status: hex::encode(status), text })
}
