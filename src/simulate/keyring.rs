//! Throwaway keys in the role of CloudTrail's: one a region at a time, rotated, each with a window of validity.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::PrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use sha2::Sha256;

use super::random::derive;
use crate::keys::{PublicKeyEntry, PublicKeyList};
use crate::trail::{Interval, Time};

/// A private key that signs digest files in the role of CloudTrail's.
pub struct SigningKey {
    /// The region whose digests it signs; empty where one keyring serves all regions.
    pub region: String,
    /// The window in which `ListPublicKeys` says it is valid.
    pub validity: Interval,
    /// Lowercase hex MD5 of [`SigningKey::public_der`].
    pub fingerprint: String,
    public_der: Vec<u8>,
    private: PrivateKey,
}

/// The keys of a simulated CloudTrail, made when first asked for and kept; share one among tests, for keys are slow to make.
#[derive(Debug)]
pub struct Keyring {
    seed: u64,
    rotation: i64,
    shared: bool,
    keys: Mutex<HashMap<(String, i64), Arc<KeyCell>>>,
}

/// A key that some thread may be making right now.
type KeyCell = OnceLock<Arc<SigningKey>>;

impl SigningKey {
    /// Makes the 2048-bit key that follows from `entropy`.
    pub fn generate(entropy: [u8; 32], region: &str, validity: Interval) -> SigningKey {
        let mut random = ChaCha20Rng::from_seed(entropy);
        // Neither can fail: the size is allowed and the generator never runs dry.
        let private = PrivateKey::new(&mut random, 2048).expect("2048 bits are enough");
        let public_der = private.to_public_key().to_pkcs1_der().expect("a public key has a DER form").into_vec();
        let fingerprint = hex::encode(Md5::digest(&public_der));
        SigningKey { region: region.to_owned(), validity, fingerprint, public_der, private }
    }

    /// The public key as PKCS#1 `RSAPublicKey` in DER, the form in which AWS gives out most of its keys.
    pub fn public_der(&self) -> &[u8] {
        &self.public_der
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `message`, in lowercase hex. The same message gives the same signature.
    pub fn sign(&self, message: &[u8]) -> String {
        // Unblinded: whoever could time this is welcome to a key that signs nothing real.
        let signature = self.private.pkcs1v15_sign::<Sha256>(message).expect("SHA-256 fits 2048 bits");
        hex::encode(signature)
    }

    /// What `ListPublicKeys` would say of it.
    pub fn entry(&self) -> PublicKeyEntry {
        PublicKeyEntry {
            value: STANDARD.encode(&self.public_der),
            validity_start_time: Some(self.validity.start),
            validity_end_time: Some(self.validity.end),
            fingerprint: self.fingerprint.clone(),
            region: self.region.clone(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {} {})", self.region, self.fingerprint, self.validity)
    }
}

impl Keyring {
    /// Keys that follow from `seed`, replaced every `rotation_hours` in each region.
    ///
    /// With `shared`, one sequence of keys serves all regions: fewer keys to make.
    pub fn new(seed: u64, rotation_hours: u32, shared: bool) -> Keyring {
        let rotation = i64::from(rotation_hours.max(1)) * Time::HOUR;
        Keyring { seed, rotation, shared, keys: Mutex::default() }
    }

    /// The key that signs in `region` at `time`; made now if nobody asked before.
    pub fn at(&self, region: &str, time: Time) -> Arc<SigningKey> {
        let region = if self.shared { "" } else { region };
        // Regions do not rotate at the same moment.
        let offset = derive(self.seed, &["key rotation", region]);
        let offset = (i64::from(u16::from_be_bytes([offset[0], offset[1]])) * self.rotation) >> 16;
        let number = (time.unix() + offset).div_euclid(self.rotation);
        let cell = {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.entry((region.to_owned(), number)).or_default().clone()
        };
        // Outside the lock, so that several threads can make several keys.
        cell.get_or_init(|| {
            let start = Time::from_unix(number * self.rotation - offset);
            let validity = Interval::new(start, start.plus(VALIDITY.max(self.rotation + self.rotation / 2)));
            let entropy = derive(self.seed, &["key", region, &number.to_string()]);
            Arc::new(SigningKey::generate(entropy, region, validity))
        })
        .clone()
    }

    /// Every key made so far, by region and time.
    pub fn keys(&self) -> Vec<Arc<SigningKey>> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<_> = keys.values().filter_map(|cell| cell.get().cloned()).collect();
        keys.sort_by(|a, b| (&a.region, a.validity).cmp(&(&b.region, b.validity)));
        keys
    }

    /// The answer of `ListPublicKeys` about every key made so far.
    pub fn public_keys(&self) -> PublicKeyList {
        PublicKeyList { public_key_list: self.keys().iter().map(|key| key.entry()).collect(), ranges: Vec::new() }
    }
}

/// AWS's keys are valid for 30 days.
const VALIDITY: i64 = 30 * Time::DAY;

#[cfg(test)]
mod tests {
    use rsa::PublicKey;
    use rsa::pkcs1::DecodeRsaPublicKey;

    use super::*;

    #[test]
    fn keys_sign_rotate_and_follow_from_the_seed() {
        let ring = Keyring::new(5, 480, true);
        let time = Time::parse_digest_time("2026-01-10T00:00:00Z").unwrap();
        let key = ring.at("us-east-1", time);
        assert_eq!(key.fingerprint, ring.at("eu-west-1", time).fingerprint, "shared");
        assert_eq!(key.fingerprint, Keyring::new(5, 480, true).at("x", time).fingerprint, "deterministic");
        assert!(key.validity.start <= time && time < key.validity.end);
        let later = ring.at("us-east-1", time.plus(20 * Time::DAY));
        assert_ne!(key.fingerprint, later.fingerprint);
        assert!(later.validity.start < key.validity.end, "windows overlap");

        let public = PublicKey::from_pkcs1_der(key.public_der()).unwrap();
        let signature = hex::decode(key.sign(b"message")).unwrap();
        assert!(public.pkcs1v15_verify::<Sha256>(b"message", &signature).is_ok());
        assert!(public.pkcs1v15_verify::<Sha256>(b"massage", &signature).is_err());
        assert_eq!(ring.public_keys().public_key_list.len(), 2);
    }
}
