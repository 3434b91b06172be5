//! What is a signature of AWS's kind and what is none: whichever crate checks signatures in this build is held against `rsa`,
//! which checks them in the build without the SDK.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::{Pkcs1v15Sign, PrivateKey};
use sha2::Sha256;
use trailseal::digest::PublicKey;

/// SHA-256's `DigestInfo` up to the hash, as RFC 8017, section 9.2, has it.
const DIGEST_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

const HASH: [u8; 32] = [7; 32];

struct Pair {
    private: PrivateKey,
    ours: PublicKey,
}

impl Pair {
    fn new(bits: usize) -> Pair {
        let private = PrivateKey::new(&mut ChaCha20Rng::from_seed([bits as u8; 32]), bits).unwrap();
        let ours = PublicKey::from_der(private.to_public_key().to_pkcs1_der().unwrap().as_bytes()).unwrap();
        Pair { private, ours }
    }

    /// Signs `hashed` with `prefix` before it, whatever that means.
    fn sign(&self, prefix: &[u8], hashed: &[u8]) -> Vec<u8> {
        self.private.sign(Pkcs1v15Sign { hash_len: Some(hashed.len()), prefix: prefix.into() }, hashed).unwrap()
    }

    /// What both make of a signature, which must be the same.
    fn verifies(&self, sha256: &[u8; 32], signature: &[u8]) -> bool {
        let verified = self.ours.verifies(sha256, signature);
        let rsa = self.private.to_public_key().verify(Pkcs1v15Sign::new::<Sha256>(), sha256, signature).is_ok();
        assert_eq!(verified, rsa, "{}", hex::encode(signature));
        verified
    }
}

#[test]
fn a_signature_verifies_and_nothing_near_it() {
    for bits in [2048, 2056, 3072] {
        let pair = Pair::new(bits);
        let good = pair.sign(&DIGEST_INFO, &HASH);
        assert!(pair.verifies(&HASH, &good), "{bits}");
        assert!(!pair.verifies(&[8; 32], &good));
        for at in 0..good.len() {
            let mut wrong = good.clone();
            wrong[at] ^= 1 << (at % 8);
            assert!(!pair.verifies(&HASH, &wrong));
        }
        let longer = [&[0], &good[..]].concat();
        let others = [&good[1..], &good[..good.len() - 1], &longer, &[], &[0; 256], &[1; 256], &[0xff; 256]];
        assert!(others.into_iter().all(|signature| !pair.verifies(&HASH, signature)));
    }
}

#[test]
fn other_encodings_of_the_same_hash_are_none() {
    let pair = Pair::new(2048);
    let parameters_left_out = [&[0x30, 0x2f, 0x30, 0x0b], &DIGEST_INFO[4..15], &[0x04, 0x20]].concat();
    let mut sha512 = DIGEST_INFO;
    sha512[14] = 0x03;
    let long_length = [&[0x30, 0x81], &DIGEST_INFO[1..]].concat();
    let trailing = [&HASH[..], &[0]].concat();
    let encodings: [(&[u8], &[u8]); 5] = [
        (&parameters_left_out, &HASH),
        (&sha512, &HASH),
        (&long_length, &HASH),
        (&[], &HASH),
        (&DIGEST_INFO, &trailing),
    ];
    for (prefix, hashed) in encodings {
        assert!(!pair.verifies(&HASH, &pair.sign(prefix, hashed)), "{}", hex::encode(prefix));
    }
}
