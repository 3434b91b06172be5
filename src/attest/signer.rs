//! Whoever signs: a private key in a PEM file, or anything else that can be asked for a signature.

use ed25519_dalek::Signer as _;
use pkcs8::PrivateKeyInfoRef;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use sha2::{Digest, Sha256};

use super::key::{EC, ED25519, P256, P384, RSA, rsa_size};
use super::{KeyError, PublicKey, pem};

/// Something that signs with one key.
///
/// A signer that must be waited for, such as AWS KMS, is no `Signer`: it signs [`Envelope::message`](super::Envelope::message),
/// or its [`digest`](super::Algorithm::digest), and the signature is added with [`Envelope::add`](super::Envelope::add).
pub trait Signer {
    /// The key that its signatures verify with.
    fn public_key(&self) -> &PublicKey;

    /// That key's id in envelopes.
    fn key_id(&self) -> String {
        self.public_key().key_id()
    }

    /// Signs a message, which is hashed by the signer as its algorithm has it.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why there is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The signer could not.
    #[error("the key did not sign ({0}); check it with `openssl pkey -in KEY.pem -check`")]
    Failed(String),
    /// A signature that does not verify.
    #[error(
        "what was signed does not verify with the key {0}; the public key is not the signer's, or the signer is at fault"
    )]
    Wrong(String),
    /// Enough already.
    #[error(
        "the envelope has as many signatures as are looked at ({}); sign another",
        crate::limits::ENVELOPE_SIGNATURES
    )]
    TooMany,
}

/// A private key from a file.
pub struct PemSigner {
    public: PublicKey,
    secret: Secret,
}

/// Each of these wipes itself when it is dropped.
enum Secret {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Rsa(Box<rsa::PrivateKey>),
}

impl PemSigner {
    /// Reads the one private key of a PEM file: PKCS#8 (`PRIVATE KEY`), SEC1 (`EC PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    pub fn from_pem(file: &[u8]) -> Result<PemSigner, KeyError> {
        let mut signer = None;
        let mut other = None;
        for block in pem::blocks(file)? {
            let der = block.der.as_bytes();
            let secret = match block.label.as_str() {
                "PRIVATE KEY" => from_pkcs8(der)?,
                "EC PRIVATE KEY" => from_sec1(der)?,
                "RSA PRIVATE KEY" => from_pkcs1(der)?,
                "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
                label => {
                    other = Some(label.to_lowercase());
                    continue;
                }
            };
            if signer.is_some() {
                return Err(KeyError::TooMany);
            }
            signer = Some(PemSigner { public: secret.public()?, secret });
        }
        signer.ok_or(other.map_or(KeyError::Unknown("private key in PEM"), KeyError::Public))
    }
}

impl Signer for PemSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let failed = |error: &dyn std::fmt::Display| SignError::Failed(error.to_string());
        let signature = match &self.secret {
            Secret::Ed25519(key) => key.try_sign(message).map_err(|e| failed(&e))?.to_vec(),
            // Deterministic (RFC 6979): no signature hangs on the quality of a random number.
            Secret::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.try_sign(message).map_err(|e| failed(&e))?;
                signature.as_bytes().to_vec()
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.try_sign(message).map_err(|e| failed(&e))?;
                signature.as_bytes().to_vec()
            }
            Secret::Rsa(key) => {
                let mut drawn = drawn(key, message).map_err(|e| failed(&e))?;
                key.pss_sign_with_rng::<Sha256, _>(&mut drawn, message).map_err(|e| failed(&e))?
            }
        };
        // A fault while signing can give a key away: nothing leaves that does not verify.
        if !self.public.verifies(message, &signature) {
            return Err(SignError::Wrong(self.key_id()));
        }
        Ok(signature)
    }
}

impl std::fmt::Debug for PemSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PemSigner({:?})", self.public)
    }
}

/// The salt, and what blinds the computation against whoever measures it: drawn from the key and the message, as RFC 6979
/// does for ECDSA, for nothing here may ask the system. Whoever does not know the key cannot foresee them.
fn drawn(key: &rsa::PrivateKey, message: &[u8]) -> Result<ChaCha20Rng, rsa::pkcs1::Error> {
    let mut seed = Sha256::new();
    seed.update(b"trailseal RSASSA-PSS");
    seed.update(Sha256::digest(key.to_pkcs1_der()?.as_bytes()));
    seed.update(Sha256::digest(message));
    Ok(ChaCha20Rng::from_seed(seed.finalize().into()))
}

impl Secret {
    fn public(&self) -> Result<PublicKey, KeyError> {
        match self {
            Secret::Ed25519(key) => PublicKey::ed25519(key.verifying_key()),
            Secret::P256(key) => PublicKey::p256(*key.verifying_key()),
            Secret::P384(key) => PublicKey::p384(*key.verifying_key()),
            Secret::Rsa(key) => PublicKey::rsa(key.to_public_key()),
        }
    }
}

const DAMAGED: KeyError = KeyError::Malformed("private key");

fn from_pkcs8(der: &[u8]) -> Result<Secret, KeyError> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| DAMAGED)?;
    match info.algorithm.oid {
        ED25519 => Ok(Secret::Ed25519(info.try_into().map_err(|_| DAMAGED)?)),
        EC => match info.algorithm.parameters_oid().map_err(|_| KeyError::Curve("written out".to_owned()))? {
            P256 => Ok(Secret::P256(info.try_into().map_err(|_| DAMAGED)?)),
            P384 => Ok(Secret::P384(info.try_into().map_err(|_| DAMAGED)?)),
            other => Err(KeyError::Curve(other.to_string())),
        },
        RSA => from_pkcs1(info.private_key.as_bytes()),
        other => Err(KeyError::Algorithm(other.to_string())),
    }
}

fn from_sec1(der: &[u8]) -> Result<Secret, KeyError> {
    let key = sec1::EcPrivateKey::try_from(der).map_err(|_| DAMAGED)?;
    let curve = key.parameters.and_then(|parameters| parameters.named_curve());
    match curve.ok_or_else(|| KeyError::Curve("unnamed".to_owned()))? {
        P256 => Ok(Secret::P256(p256::SecretKey::from_sec1_der(der).map_err(|_| DAMAGED)?.into())),
        P384 => Ok(Secret::P384(p384::SecretKey::from_sec1_der(der).map_err(|_| DAMAGED)?.into())),
        other => Err(KeyError::Curve(other.to_string())),
    }
}

fn from_pkcs1(der: &[u8]) -> Result<Secret, KeyError> {
    // The numbers first, so that a key of a wrong size is said to be that.
    let numbers = rsa::pkcs1::RsaPrivateKeyRef::try_from(der).map_err(|_| DAMAGED)?;
    rsa_size(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes())?;
    Ok(Secret::Rsa(Box::new(rsa::PrivateKey::from_pkcs1_der(der).map_err(|_| DAMAGED)?)))
}
