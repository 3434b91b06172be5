//! Verifying an envelope with signers that were named.

use crate::limits::KEY_FILE_BLOCKS;
use crate::trail::Time;

use super::dsse::PAYLOAD_TYPE;
use super::{Certificate, CertificateProblem, Envelope, KeyError, PublicKey, Statement, StatementError, pem};

/// Somebody who is trusted to sign, because whoever verifies said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedSigner {
    key: PublicKey,
    certificate: Option<Certificate>,
}

/// All of them. There is no way to fill it from an envelope: name files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedSigners {
    signers: Vec<TrustedSigner>,
}

/// What was signed, and by whom. Only [`TrustedSigners::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    payload: Vec<u8>,
    signed_by: Vec<SignedBy>,
    unverified: Vec<String>,
}

/// A signature that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// The key that it verified with.
    pub key: PublicKey,
    /// The certificate that was named for that key, where it was one; valid at the time that was asked for.
    pub certificate: Option<Certificate>,
}

/// Why an envelope is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody was named.
    #[error("no signer was named; name the public key or the certificate of whom you expect to have signed")]
    NobodyNamed,
    /// It holds something else than a statement.
    #[error("it holds `{0}` and not `{PAYLOAD_TYPE}`; name the envelope of a bundle")]
    PayloadType(String),
    /// Signed in the name of a named key, and not by it.
    #[error(
        "its signature does not verify with the key {0} that it names: the envelope was changed, or somebody else signed in that name"
    )]
    Invalid(String),
    /// Signed by others, or by nobody.
    #[error(
        "none of its signatures is by a signer that was named; it names the keys {found}, and you named {named}; name the public key or certificate of its signer, if you trust that"
    )]
    ByOthers {
        /// The ids in the envelope.
        found: String,
        /// The ids of the keys that were named.
        named: String,
    },
    /// Signed by a key whose certificate does not do.
    #[error("it is signed with the key {key_id}, but the certificate that you named for that does not do: {problem}")]
    Certificate {
        /// The key.
        key_id: String,
        /// What is wrong.
        problem: CertificateProblem,
    },
}

impl SignedBy {
    /// Holds a certificate that lies beside the envelope against the signature. That it does says whose key somebody claims
    /// it is, and nothing about whether to trust that: the key is believed because it was named.
    pub fn fits(&self, beside: &Certificate, signed_at: Time) -> Result<(), CertificateProblem> {
        if *beside.public_key() != self.key {
            return Err(CertificateProblem::OtherKey);
        }
        beside.allows_signing(signed_at)
    }
}

impl TrustedSigner {
    /// A key alone: valid at any time.
    pub fn with_key(key: PublicKey) -> TrustedSigner {
        TrustedSigner { key, certificate: None }
    }

    /// The key of a certificate, while that is valid.
    pub fn with_certificate(certificate: Certificate) -> TrustedSigner {
        TrustedSigner { key: certificate.public_key().clone(), certificate: Some(certificate) }
    }

    /// Its key.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Its certificate, where it was named by one.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }
}

impl TrustedSigners {
    /// Nobody yet.
    pub fn none() -> TrustedSigners {
        TrustedSigners::default()
    }

    /// Reads a file that was named: public keys or certificates in PEM, or one of either in DER. Every certificate in it is
    /// trusted to have signed; none is trusted to vouch for others.
    pub fn parse(file: &[u8]) -> Result<TrustedSigners, KeyError> {
        let mut signers = TrustedSigners::none();
        if pem::is_pem(file) {
            for block in pem::blocks(file)? {
                let der = block.der.as_bytes();
                signers.add(match block.label.as_str() {
                    "PUBLIC KEY" => TrustedSigner::with_key(PublicKey::from_spki(der)?),
                    "RSA PUBLIC KEY" => TrustedSigner::with_key(PublicKey::from_pkcs1(der)?),
                    "CERTIFICATE" => TrustedSigner::with_certificate(Certificate::from_der(der)?),
                    label if label.ends_with("PRIVATE KEY") => return Err(KeyError::Private),
                    _ => continue,
                })?;
            }
        } else if pkcs8::SubjectPublicKeyInfoRef::try_from(file).is_ok() {
            signers.add(TrustedSigner::with_key(PublicKey::from_spki(file)?))?;
        } else {
            let certificate = Certificate::from_der(file).map_err(|error| match error {
                KeyError::Malformed(_) => KeyError::Unknown("public key or certificate"),
                error => error,
            })?;
            signers.add(TrustedSigner::with_certificate(certificate))?;
        }
        if signers.signers.is_empty() { Err(KeyError::Unknown("public key or certificate")) } else { Ok(signers) }
    }

    /// Trusts one more.
    pub fn add(&mut self, signer: TrustedSigner) -> Result<(), KeyError> {
        if self.signers.len() == KEY_FILE_BLOCKS {
            return Err(KeyError::TooMany);
        }
        self.signers.push(signer);
        Ok(())
    }

    /// Trusts those of another file too.
    pub fn merge(&mut self, others: TrustedSigners) -> Result<(), KeyError> {
        others.signers.into_iter().try_for_each(|signer| self.add(signer))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedSigner> {
        self.signers.iter()
    }

    /// Believes an envelope that at least one of them signed. Certificates must be valid at `signed_at`: the time that a
    /// time-stamp shows, or else the time as of which it is verified.
    ///
    /// Every signature is tried with every key: what an envelope says about who signed is a hint, and nothing covers it.
    pub fn verify(&self, envelope: &Envelope, signed_at: Time) -> Result<Verified, Refused> {
        if self.signers.is_empty() {
            return Err(Refused::NobodyNamed);
        }
        if envelope.payload_type() != PAYLOAD_TYPE {
            return Err(Refused::PayloadType(envelope.payload_type().chars().take(200).collect()));
        }
        let message = envelope.message();
        let mut verified =
            Verified { payload: envelope.unverified_payload().to_vec(), signed_by: Vec::new(), unverified: Vec::new() };
        let mut refused = None;
        for signature in envelope.signatures() {
            let by = self.signers.iter().filter(|signer| signer.key.verifies(&message, &signature.bytes));
            let mut found = false;
            for signer in by {
                found = true;
                let certificate = signer.certificate.clone();
                match certificate.as_ref().map_or(Ok(()), |certificate| certificate.allows_signing(signed_at)) {
                    Ok(()) => {
                        let by = SignedBy { key: signer.key.clone(), certificate };
                        if !verified.signed_by.contains(&by) {
                            verified.signed_by.push(by);
                        }
                    }
                    Err(problem) => {
                        let key_id = signer.key.key_id();
                        refused = Some(Refused::Certificate { key_id, problem });
                    }
                }
            }
            if !found {
                verified.unverified.push(signature.key_id.clone());
            }
        }
        if verified.signed_by.is_empty() {
            Err(refused.unwrap_or_else(|| self.stranger(envelope)))
        } else {
            Ok(verified)
        }
    }

    /// Why nobody that was named signed it.
    fn stranger(&self, envelope: &Envelope) -> Refused {
        let named: Vec<String> = self.signers.iter().map(|signer| signer.key.key_id()).collect();
        let claimed = envelope.signatures().iter().find(|signature| named.contains(&signature.key_id));
        if let Some(claimed) = claimed {
            return Refused::Invalid(claimed.key_id.clone());
        }
        let found = envelope.signatures().iter().map(|signature| {
            if signature.key_id.is_empty() {
                "(unnamed)".to_owned()
            } else {
                signature.key_id.chars().take(64).collect()
            }
        });
        Refused::ByOthers { found: found.collect::<Vec<_>>().join(", "), named: named.join(", ") }
    }
}

impl Verified {
    /// The bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What they state.
    pub fn statement(&self) -> Result<Statement, StatementError> {
        Statement::parse(&self.payload)
    }

    /// Who signed, of those that were named; at least one.
    pub fn signed_by(&self) -> &[SignedBy] {
        &self.signed_by
    }

    /// The key ids of signatures that nobody named verified: of strangers, or of nobody. To be told, and not believed.
    pub fn unverified(&self) -> &[String] {
        &self.unverified
    }
}
