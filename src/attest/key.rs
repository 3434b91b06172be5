//! Public keys of signers, of four kinds and no other.

use std::fmt;

use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::Verifier;
use pkcs8::{DecodePublicKey, EncodePublicKey, SubjectPublicKeyInfoRef};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256, Sha384};

use crate::limits::{RSA_BITS, RSA_EXPONENT};

use super::pem;

pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(super) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// How a key signs. It follows from the key, never from what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on P-256 with SHA-256; the signature is DER.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384; the signature is DER.
    EcdsaP384,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, and a salt of 32 bytes.
    RsaPss,
}

/// A public key that can check signatures of envelopes.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: Key,
    spki: Box<[u8]>,
}

#[derive(Clone, PartialEq, Eq)]
enum Key {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Rsa(rsa::PublicKey),
}

/// Why bytes are no key to sign or to verify with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing that is known.
    #[error(
        "it holds no {0}; `openssl genpkey -algorithm ed25519 -out KEY.pem` makes a private key, and `openssl pkey -in KEY.pem -pubout` writes its public key"
    )]
    Unknown(&'static str),
    /// A private key where a public one belongs.
    #[error(
        "it holds a private key, which only whoever signs should have; name what `openssl pkey -in KEY.pem -pubout` writes"
    )]
    Private,
    /// A public key where a private one belongs.
    #[error("it holds no private key, but a {0}; name the file of the private key that belongs to it")]
    Public(String),
    /// A private key under a passphrase.
    #[error(
        "its private key is encrypted; decrypt it for the time of signing: `openssl pkey -in KEY.pem -out PLAIN.pem`"
    )]
    Encrypted,
    /// More than any key takes.
    #[error("it has {0} bytes, too many for a file of keys; name the file of the key alone")]
    TooLong(usize),
    /// Too many keys.
    #[error("it holds more keys than are looked at ({}); name fewer", crate::limits::KEY_FILE_BLOCKS)]
    TooMany,
    /// A damaged one.
    #[error("its {0} is damaged; copy the file again from where it was made")]
    Malformed(&'static str),
    /// An algorithm that is not used here.
    #[error("its algorithm ({0}) is not used here; use Ed25519, ECDSA on P-256 or P-384, or RSA")]
    Algorithm(String),
    /// A curve that is not used here.
    #[error("its curve ({0}) is not used here; use P-256, P-384 or Ed25519")]
    Curve(String),
    /// A modulus outside the accepted sizes.
    #[error("its modulus has {0} bits; use an RSA key of {min} to {max}", min = RSA_BITS.start(), max = RSA_BITS.end())]
    RsaSize(usize),
    /// An exponent that is not the usual one.
    #[error("its exponent is not {RSA_EXPONENT}; make an RSA key with that")]
    RsaExponent,
    /// A point of small order, under which anything verifies.
    #[error("it is a weak point, under which anything verifies, and nobody's key; make a new key")]
    Weak,
}

impl Algorithm {
    /// Its name in securesystemslib, TUF and in-toto.
    pub fn scheme(self) -> &'static str {
        match self {
            Algorithm::Ed25519 => "ed25519",
            Algorithm::EcdsaP256 => "ecdsa-sha2-nistp256",
            Algorithm::EcdsaP384 => "ecdsa-sha2-nistp384",
            Algorithm::RsaPss => "rsassa-pss-sha256",
        }
    }

    /// The hash that a signer elsewhere, such as AWS KMS, is given in place of a long message. None for Ed25519, which has
    /// no such step.
    pub fn digest(self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Algorithm::Ed25519 => None,
            Algorithm::EcdsaP384 => Some(Sha384::digest(message).to_vec()),
            Algorithm::EcdsaP256 | Algorithm::RsaPss => Some(Sha256::digest(message).to_vec()),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::Ed25519 => "Ed25519",
            Algorithm::EcdsaP256 => "ECDSA P-256",
            Algorithm::EcdsaP384 => "ECDSA P-384",
            Algorithm::RsaPss => "RSASSA-PSS",
        })
    }
}

impl PublicKey {
    /// From the DER of a `SubjectPublicKeyInfo`.
    pub fn from_spki(der: &[u8]) -> Result<PublicKey, KeyError> {
        let wrong = || KeyError::Malformed("public key");
        let spki = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| wrong())?;
        let key = match spki.algorithm.oid {
            ED25519 => Key::Ed25519(DecodePublicKey::from_public_key_der(der).map_err(|_| wrong())?),
            EC => match spki.algorithm.parameters_oid().map_err(|_| KeyError::Curve("written out".to_owned()))? {
                P256 => Key::P256(DecodePublicKey::from_public_key_der(der).map_err(|_| wrong())?),
                P384 => Key::P384(DecodePublicKey::from_public_key_der(der).map_err(|_| wrong())?),
                other => return Err(KeyError::Curve(other.to_string())),
            },
            RSA => {
                let bits = spki.subject_public_key.as_bytes().ok_or_else(wrong)?;
                return PublicKey::from_pkcs1(bits);
            }
            other => return Err(KeyError::Algorithm(other.to_string())),
        };
        PublicKey::checked(key)
    }

    /// From the DER of a PKCS#1 `RSAPublicKey`.
    pub fn from_pkcs1(der: &[u8]) -> Result<PublicKey, KeyError> {
        let wrong = || KeyError::Malformed("public key");
        // The numbers first, for `rsa` refuses what is too small or too large without saying so.
        let numbers = rsa::pkcs1::RsaPublicKeyRef::try_from(der).map_err(|_| wrong())?;
        rsa_size(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes())?;
        PublicKey::checked(Key::Rsa(rsa::PublicKey::from_pkcs1_der(der).map_err(|_| wrong())?))
    }

    pub(super) fn ed25519(key: ed25519_dalek::VerifyingKey) -> Result<PublicKey, KeyError> {
        PublicKey::checked(Key::Ed25519(key))
    }

    pub(super) fn p256(key: p256::ecdsa::VerifyingKey) -> Result<PublicKey, KeyError> {
        PublicKey::checked(Key::P256(key))
    }

    pub(super) fn p384(key: p384::ecdsa::VerifyingKey) -> Result<PublicKey, KeyError> {
        PublicKey::checked(Key::P384(key))
    }

    pub(super) fn rsa(key: rsa::PublicKey) -> Result<PublicKey, KeyError> {
        PublicKey::checked(Key::Rsa(key))
    }

    fn checked(key: Key) -> Result<PublicKey, KeyError> {
        let spki = match &key {
            Key::Ed25519(key) if key.is_weak() => return Err(KeyError::Weak),
            Key::Rsa(key) => {
                rsa_size(&key.n().to_be_bytes_trimmed_vartime(), &key.e().to_be_bytes_trimmed_vartime())?;
                key.to_public_key_der()
            }
            Key::Ed25519(key) => key.to_public_key_der(),
            Key::P256(key) => key.to_public_key_der(),
            Key::P384(key) => key.to_public_key_der(),
        };
        let spki = spki.map_err(|_| KeyError::Malformed("public key"))?.into_vec().into();
        Ok(PublicKey { key, spki })
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        match &self.key {
            Key::Ed25519(_) => Algorithm::Ed25519,
            Key::P256(_) => Algorithm::EcdsaP256,
            Key::P384(_) => Algorithm::EcdsaP384,
            Key::Rsa(_) => Algorithm::RsaPss,
        }
    }

    /// The DER of its `SubjectPublicKeyInfo`, in the one encoding that all keys are brought to.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The same as PEM.
    pub fn to_pem(&self) -> String {
        pem::write("PUBLIC KEY", &self.spki)
    }

    /// The id that securesystemslib 1.x gives the key when it is asked for none: the SHA-256 of the canonical JSON of key
    /// type, scheme and public key. It has been the same since 1.0, so that an envelope signed here can be verified there
    /// without renaming keys. It is a hint, and no signature covers it.
    pub fn key_id(&self) -> String {
        let (kind, public) = match &self.key {
            Key::Ed25519(key) => ("ed25519", hex::encode(key.as_bytes())),
            Key::P256(_) | Key::P384(_) => ("ecdsa", self.to_pem()),
            Key::Rsa(_) => ("rsa", self.to_pem()),
        };
        // Canonical JSON: names sorted, no spaces, and only quotes and backslashes escaped, of which there are none.
        let scheme = self.algorithm().scheme();
        let canonical = format!(r#"{{"keytype":"{kind}","keyval":{{"public":"{public}"}},"scheme":"{scheme}"}}"#);
        hex::encode(Sha256::digest(canonical))
    }

    /// Lowercase hex SHA-256 of its `SubjectPublicKeyInfo`: the fingerprint to compare by telephone, as
    /// `openssl pkey -pubin -in KEY -outform DER | openssl sha256` prints it.
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(&self.spki))
    }

    /// Whether `signature` is its signature of `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Key::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Key::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Key::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Key::Rsa(key) => key.pss_verify::<Sha256>(message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.algorithm(), self.fingerprint())
    }
}

/// Holds the numbers of an RSA key, big-endian, against what is accepted.
pub(super) fn rsa_size(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    let trimmed = |number: &[u8]| number.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<u8>>();
    let modulus = trimmed(modulus);
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(KeyError::RsaSize(bits));
    }
    if trimmed(exponent) != trimmed(&RSA_EXPONENT.to_be_bytes()) {
        return Err(KeyError::RsaExponent);
    }
    Ok(())
}
