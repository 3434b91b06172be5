//! AWS's public keys: parsed in every form they are handed on in, and checked against their own fingerprint.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use rsa::PublicKey as RsaKey;
use rsa::pkcs1::{DecodeRsaPublicKey, EncodeRsaPublicKey};
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;

use super::rsassa::Verifier;
use crate::limits::{RSA_BITS, RSA_EXPONENT};
use crate::trail::Interval;

/// A public key that can check signatures of digest files.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: Verifier,
    der: Box<[u8]>,
    fingerprint: String,
    form: KeyForm,
    /// When AWS signs with it; unknown for a key that came without.
    pub validity: Option<Interval>,
    /// The region whose digests it signs, where the key list says so.
    pub region: Option<String>,
}

/// How a key was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// PKCS#1 `RSAPublicKey`, AWS's usual form.
    Pkcs1,
    /// X.509 `SubjectPublicKeyInfo`.
    Spki,
    /// The key of an X.509 certificate.
    Certificate,
}

/// Why bytes are no key to check digests with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a key in any known form.
    #[error("it is no RSA public key (tried PKCS#1, SubjectPublicKeyInfo and X.509 certificate)")]
    Unknown,
    /// A modulus outside the accepted sizes.
    #[error("its modulus has {0} bits; accepted are {min} to {max}", min = RSA_BITS.start(), max = RSA_BITS.end())]
    Size(usize),
    /// An exponent other than AWS's.
    #[error("its exponent is not {RSA_EXPONENT}")]
    Exponent,
    /// A fingerprint that is not the key's.
    #[error("its fingerprint is {computed}, and the list says {recorded}")]
    Fingerprint {
        /// What the list says.
        recorded: String,
        /// MD5 of the key.
        computed: String,
    },
}

impl PublicKey {
    /// Parses the DER of a key: PKCS#1, SPKI or certificate.
    ///
    /// The fingerprint is the MD5 of the DER as given, as AWS does it (4 of 4 genuine keys, in both forms); for a
    /// certificate, of the PKCS#1 key inside.
    pub fn from_der(der: &[u8]) -> Result<PublicKey, KeyError> {
        if let Ok(key) = RsaKey::from_pkcs1_der(der) {
            return PublicKey::checked(key, der, KeyForm::Pkcs1);
        }
        if let Ok(key) = RsaKey::from_public_key_der(der) {
            return PublicKey::checked(key, der, KeyForm::Spki);
        }
        let (rest, certificate) = x509_parser::parse_x509_certificate(der).map_err(|_| KeyError::Unknown)?;
        let inner = certificate.public_key().subject_public_key.data.as_ref();
        let key = RsaKey::from_pkcs1_der(inner).map_err(|_| KeyError::Unknown)?;
        if !rest.is_empty() {
            return Err(KeyError::Unknown);
        }
        PublicKey::checked(key, inner, KeyForm::Certificate)
    }

    fn checked(key: RsaKey, der: &[u8], form: KeyForm) -> Result<PublicKey, KeyError> {
        let bits = key.n().bit_width() as usize;
        if !RSA_BITS.contains(&bits) {
            return Err(KeyError::Size(bits));
        }
        if *key.e() != rsa::BoxedUint::from(RSA_EXPONENT) {
            return Err(KeyError::Exponent);
        }
        let fingerprint = hex::encode(Md5::digest(der));
        let key = Verifier::new(key).ok_or(KeyError::Unknown)?;
        Ok(PublicKey { key, der: der.into(), fingerprint, form, validity: None, region: None })
    }

    /// Lowercase hex MD5 of the key's DER: its name in digest files.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The DER that the fingerprint is of: the key as it was given; for a certificate, the PKCS#1 key inside.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// As `SubjectPublicKeyInfo` in PEM, which every tool reads; none if it cannot be written so.
    pub fn to_pem(&self) -> Option<String> {
        self.key.key().to_public_key_pem(LineEnding::LF).ok()
    }

    /// The same key in the other of the two forms in which AWS lists keys, where digest files name it by that.
    pub(crate) fn other_form(&self) -> Option<PublicKey> {
        let key = self.key.key();
        let (der, form) = match self.form {
            KeyForm::Spki => (key.to_pkcs1_der().ok()?.into_vec(), KeyForm::Pkcs1),
            KeyForm::Pkcs1 | KeyForm::Certificate => (key.to_public_key_der().ok()?.into_vec(), KeyForm::Spki),
        };
        let fingerprint = hex::encode(Md5::digest(&der));
        Some(PublicKey { der: der.into(), fingerprint, form, ..self.clone() })
    }

    /// How it was encoded.
    pub fn form(&self) -> KeyForm {
        self.form
    }

    /// The size of its modulus.
    pub fn bits(&self) -> usize {
        self.key.key().n().bit_width() as usize
    }

    /// Whether `signature` is its RSASSA-PKCS1-v1_5 signature of a message with this SHA-256, and of nothing else: the
    /// hash is named, never taken from the signature.
    pub fn verifies(&self, sha256: &[u8; 32], signature: &[u8]) -> bool {
        self.key.verifies(sha256, signature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint)
    }
}

impl fmt::Display for KeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyForm::Pkcs1 => "PKCS#1",
            KeyForm::Spki => "SubjectPublicKeyInfo",
            KeyForm::Certificate => "X.509 certificate",
        })
    }
}

/// The keys to check digests with, by fingerprint.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: BTreeMap<String, PublicKey>,
    complete: Vec<(String, Interval)>,
}

impl KeySet {
    /// The key of that fingerprint.
    pub fn get(&self, fingerprint: &str) -> Option<&PublicKey> {
        self.keys.get(fingerprint)
    }

    /// All keys, by fingerprint.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Adds a key.
    pub fn insert(&mut self, key: PublicKey) {
        self.keys.insert(key.fingerprint.clone(), key);
    }

    /// Adds the keys of another set, and what that states.
    pub fn merge(&mut self, other: KeySet) {
        self.keys.extend(other.keys);
        self.complete.extend(other.complete);
    }

    /// States that the set holds every key that AWS lists for `region` over `range`.
    pub fn state_complete(&mut self, region: &str, range: Interval) {
        self.complete.push((region.to_owned(), range));
    }

    /// Every region and range for which the set was stated to hold all keys.
    pub fn complete(&self) -> impl Iterator<Item = (&str, Interval)> {
        self.complete.iter().map(|(region, range)| (region.as_str(), *range))
    }

    /// Whether the set holds every key that AWS lists for `region` over `time`: then a digest that was signed in that
    /// region and time and names another key was signed by somebody else. Windows overlap, so that some key of the set
    /// was valid then is not enough.
    pub fn is_complete(&self, region: &str, time: Interval) -> bool {
        self.complete.iter().any(|(of, range)| of == region && range.start <= time.start && time.end <= range.end)
    }
}

/// Reads a key from what a `ListPublicKeys` entry has in `Value`: the base64 of a DER.
pub(crate) fn from_base64(value: &str) -> Result<PublicKey, KeyError> {
    let compact: String = value.split_whitespace().collect();
    let der = BASE64_STANDARD.decode(compact).map_err(|_| KeyError::Unknown)?;
    PublicKey::from_der(&der)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Time;

    /// The two genuine AWS signatures that are public, with the key that made them.
    #[test]
    fn genuine_signatures_verify_and_nothing_near_them() {
        let kat: serde_json::Value =
            serde_json::from_str(include_str!("../../testdata/real-digests/aws-real-signature-kat.json")).unwrap();
        for case in kat.as_array().unwrap() {
            let text = |name: &str| case[name].as_str().unwrap();
            let key = from_base64(text("public_key_base64")).unwrap();
            assert_eq!(key.fingerprint(), text("fingerprint"));
            assert_eq!((key.form(), key.bits()), (KeyForm::Spki, 2048));
            let hash: [u8; 32] =
                hex::decode(text("recovered_sha256_of_data_signing_string")).unwrap().try_into().unwrap();
            let signature = hex::decode(text("signature_hex")).unwrap();
            assert!(key.verifies(&hash, &signature));
            for at in [0, 100, 255] {
                let mut wrong = signature.clone();
                wrong[at] ^= 1;
                assert!(!key.verifies(&hash, &wrong));
            }
            let mut wrong = hash;
            wrong[31] ^= 1;
            assert!(!key.verifies(&wrong, &signature));
            assert!(!key.verifies(&hash, &signature[1..]));
            assert!(!key.verifies(&hash, &[]));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for der in [&b""[..], b"x", &[0x30, 0x03, 0x02, 0x01, 0x00]] {
            assert_eq!(PublicKey::from_der(der).unwrap_err(), KeyError::Unknown);
        }
    }

    #[test]
    fn a_set_holds_the_keys_that_it_was_given_and_states_what_was_stated() {
        let kat: serde_json::Value =
            serde_json::from_str(include_str!("../../testdata/real-digests/aws-real-signature-kat.json")).unwrap();
        let keys: BTreeMap<String, PublicKey> =
            kat.as_array().unwrap().iter().fold(BTreeMap::new(), |mut keys, case| {
                let key = from_base64(case["public_key_base64"].as_str().unwrap()).unwrap();
                keys.insert(key.fingerprint().to_owned(), key);
                keys
            });
        let hours = |start: i64, end: i64| {
            Interval::new(Time::from_unix(start * Time::HOUR), Time::from_unix(end * Time::HOUR))
        };
        let (mut set, mut other) = (KeySet::default(), KeySet::default());
        assert!(set.is_empty() && set.get("").is_none());
        keys.values().for_each(|key| other.insert(key.clone()));
        other.state_complete("us-east-1", hours(2, 5));
        set.merge(other);
        assert_eq!((set.len(), set.is_empty()), (keys.len(), false));
        assert!(set.iter().map(PublicKey::fingerprint).eq(keys.keys().map(String::as_str)));
        for (fingerprint, key) in &keys {
            assert_eq!(set.get(fingerprint).map(PublicKey::der), Some(key.der()));
            assert_eq!(format!("{key:?}"), format!("PublicKey({fingerprint})"));
            assert_eq!(hex::encode(Md5::digest(key.der())), *fingerprint);
        }
        assert_eq!(set.complete().collect::<Vec<_>>(), [("us-east-1", hours(2, 5))]);
        assert!(set.is_complete("us-east-1", hours(2, 5)) && set.is_complete("us-east-1", hours(3, 4)));
        assert!(!set.is_complete("us-east-1", hours(1, 4)) && !set.is_complete("us-east-1", hours(3, 6)));
        assert!(!set.is_complete("eu-west-1", hours(3, 4)));
    }

    #[test]
    fn forms_are_called_what_their_standards_call_them() {
        let names = [KeyForm::Pkcs1, KeyForm::Spki, KeyForm::Certificate].map(|form| form.to_string());
        assert_eq!(names, ["PKCS#1", "SubjectPublicKeyInfo", "X.509 certificate"]);
    }
}
