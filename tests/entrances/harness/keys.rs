//! Public keys in every form: what is accepted is RSA of 2,048 to 4,096 bits with exponent 65,537, under its own name.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use trailseal::digest::{KeyForm, KeySet, PublicKey};
use trailseal::keys::{PublicKeyList, parse_key_file, write_key_list};

use super::testdata;

pub(crate) const STAGES: &[&str] = &["refused", "one key", "several keys"];

pub(crate) fn run(data: &[u8]) -> usize {
    if let Ok(key) = PublicKey::from_der(data) {
        is_sound(&key);
        assert!(key.form() == KeyForm::Certificate || key.der() == data, "it is not the key that was given");
    }
    let Ok(keys) = parse_key_file(data) else { return 0 };
    keys.iter().for_each(is_sound);
    is_written_and_read(&keys);
    // A key that no list gave has the names of both its forms.
    match keys.iter().map(|key| rsa_numbers(key.der())).collect::<BTreeSet<_>>().len() {
        0 => panic!("a file without a key was accepted"),
        1 => 1,
        _ => 2,
    }
}

fn is_sound(key: &PublicKey) {
    let (modulus, exponent) = rsa_numbers(key.der()).expect("an accepted key that is no RSA key");
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    assert!((2_048..=4_096).contains(&bits) && bits == key.bits(), "{bits} bits, said to be {}", key.bits());
    assert_eq!(exponent, [1, 0, 1], "exponent");
    assert_eq!(key.fingerprint(), hex::encode(Md5::digest(key.der())));
    // Nobody has the private key: nothing that can be made up verifies.
    for signature in
        [vec![], vec![0; modulus.len()], vec![1; modulus.len()], vec![0xff; modulus.len()], modulus.clone()]
    {
        assert!(!key.verifies(&[0; 32], &signature), "{} verifies what nobody signed", key.fingerprint());
    }
}

/// Written as a list, they are read as the same keys.
fn is_written_and_read(keys: &KeySet) {
    let mut written = Vec::new();
    write_key_list(&PublicKeyList::of(keys), &mut written).expect("memory");
    let again = parse_key_file(&written).expect("a list that was written");
    let told = |keys: &KeySet| -> Vec<_> {
        keys.iter().map(|key| (key.fingerprint().to_owned(), key.validity, key.region.clone())).collect()
    };
    assert_eq!(told(&again), told(keys));
    let mut stated: Vec<_> = keys.complete().map(|(region, range)| (region.to_owned(), range)).collect();
    stated.sort();
    stated.dedup();
    assert_eq!(again.complete().map(|(region, range)| (region.to_owned(), range)).collect::<Vec<_>>(), stated);
    let mut twice = Vec::new();
    write_key_list(&PublicKeyList::of(&again), &mut twice).expect("memory");
    assert_eq!(twice, written);
}

/// Modulus and exponent without leading zeros, out of `RSAPublicKey` or `SubjectPublicKeyInfo`.
fn rsa_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (0x30, inside, []) = element(der)? else { return None };
    let (tag, first, rest) = element(inside)?;
    if tag == 0x30 {
        let (3, bits, []) = element(rest)? else { return None };
        return rsa_numbers(bits.strip_prefix(&[0])?);
    }
    let (2, exponent, []) = element(rest)? else { return None };
    let trimmed = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect();
    Some((trimmed(first), trimmed(exponent)))
}

/// The first element: its tag, what is in it, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), &rest[2..]),
        _ => return None,
    };
    (rest.len() >= length).then(|| (tag, &rest[..length], &rest[length..]))
}

/// One key in every form, AWS's own, those of the bundled trail, and keys that are to be refused.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for name in [
        "keys/certificate.der",
        "keys/certificate.pem",
        "keys/ecdsa.pem",
        "keys/exponent-3.pem",
        "keys/pkcs1.pem",
        "keys/rsa-1024.pem",
        "keys/rsa-8192.pem",
        "keys/spki.pem",
        "real-digests/aws-public-keys.json",
        "trail-public-keys.json",
    ] {
        seeds.push(fs::read(testdata(name)).expect("testdata"));
    }
    let list: serde_json::Value = serde_json::from_slice(&seeds[8]).expect("JSON");
    for entry in list["PublicKeyList"].as_array().expect("a list") {
        seeds.push(BASE64_STANDARD.decode(entry["Value"].as_str().expect("base64")).expect("base64"));
    }
    seeds.push([&seeds[4][..], &seeds[7]].concat());
    seeds
}
