//! A digest file: parsed never in part, printed and parsed the same, and verified only if the key's owner signed it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use rsa::pkcs1::DecodeRsaPublicKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailseal::digest::{
    DefectKind, DigestClaims, DigestMetadata, FetchedDigest, KeySet, PreviousDigest, RecordedHash, SuccessorSignature,
    VerifiedDigest, data_signing_string,
};
use trailseal::keys::parse_key_file;
use trailseal::limits::Limits;
use trailseal::logfile::Framing;
use trailseal::trail::{ObjectLocation, Time};

use super::testdata;

pub(crate) const STAGES: &[&str] = &["refused", "claims read", "in its place", "verified"];

/// The bundled trail: its keys, and all that their owner ever signed.
struct Trail {
    keys: KeySet,
    /// By the hash of the content: where it was delivered and its signature.
    signed: BTreeMap<[u8; 32], (String, String)>,
    /// The objects as stored, some of which are the seeds.
    stored: Vec<Vec<u8>>,
}

static TRAIL: LazyLock<Trail> = LazyLock::new(|| {
    let keys = fs::read(testdata("trail-public-keys.json")).expect("testdata");
    let lines = fs::read_to_string(testdata("trail/.trailseal/metadata.jsonl")).expect("testdata");
    let (mut signed, mut stored) = (BTreeMap::new(), Vec::new());
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of the sidecar");
        let key = line["key"].as_str().expect("a key");
        let Some(signature) = line["metadata"]["signature"].as_str() else { continue };
        let body = fs::read(testdata("trail").join(key)).expect("a digest");
        let content = gunzip(&body, u64::MAX).expect("gzip");
        signed.insert(Sha256::digest(&content).into(), (key.to_owned(), signature.to_owned()));
        stored.push(body);
    }
    Trail { keys: parse_key_file(&keys).expect("keys"), signed, stored }
});

/// Less than by default, so that the bounds are met.
fn limits() -> Limits {
    Limits { digest_stored: 32 << 10, digest_inflated: 64 << 10, ..Limits::default() }
}

pub(crate) fn run(data: &[u8]) -> usize {
    let Some((&[how, which], body)) = data.split_first_chunk::<2>() else { return 0 };
    let framing = if how & 1 == 0 { Framing::Gzip } else { Framing::GzipOrPlain };
    let plain = framing == Framing::GzipOrPlain && !body.starts_with(&[0x1f, 0x8b]);
    let content = if plain { Some(body.to_vec()) } else { gunzip(body, limits().digest_inflated) };
    let claims = content.as_ref().and_then(|content| DigestClaims::parse(content).ok());
    if let (Some(claims), Some(content)) = (&claims, &content) {
        claims_are_what_is_written(claims, content);
    }
    // Whoever puts it into a bucket puts it where it says it lies, if that helps.
    let mut at = claims.as_ref().map_or_else(|| ObjectLocation::new("bucket", "key"), |claims| claims.at.clone());
    match how >> 1 & 3 {
        1 => at.bucket.clear(),
        2 => at.key.push('x'),
        _ => {}
    }
    let (metadata, successor) = signatures(how >> 3, which, content.as_deref());
    let fetched = FetchedDigest { at: at.clone(), body: Bytes::copy_from_slice(body), framing, metadata };
    let parsed = match fetched.parse(&limits()) {
        Ok(parsed) => parsed,
        Err(defect) => {
            let over = matches!(defect.kind, DefectKind::OverLimit(_));
            assert!(over || body.len() as u64 <= limits().digest_stored, "too large, and {:?}", defect.kind);
            return usize::from(claims.is_some());
        }
    };
    let (claims, content) = (claims.expect("parsed, and no claims"), content.expect("parsed, and not inflated"));
    assert!(body.len() as u64 <= limits().digest_stored && content.len() as u64 <= limits().digest_inflated);
    assert_eq!((parsed.inflated(), parsed.claims()), (content.len() as u64, &claims));
    let sha256: [u8; 32] = Sha256::digest(&content).into();
    assert_eq!(*parsed.sha256(), sha256);
    assert_eq!((parsed.at(), parsed.at().key == at.key), (&claims.at, true), "it lies elsewhere");
    let own = TRAIL.signed.get(&sha256).map(|(_, signature)| signature.clone());
    let verifiable = own.is_some_and(|own| {
        let by_metadata = matches!(how >> 3 & 7, 0 | 4 | 7);
        by_metadata || successor.as_ref().is_some_and(|successor| successor.hex.eq_ignore_ascii_case(&own))
    });
    match parsed.verify(&TRAIL.keys, successor.as_ref()) {
        Ok(digest) => {
            is_signed(&digest, &content);
            3
        }
        Err(failed) => {
            assert!(!verifiable, "signed, and {:?}", failed.1.kind);
            2
        }
    }
}

/// A signature in the metadata, and one in the successor.
fn signatures(how: u8, which: u8, content: Option<&[u8]>) -> (DigestMetadata, Option<SuccessorSignature>) {
    let other = TRAIL.signed.values().nth(usize::from(which & 0x7f) % TRAIL.signed.len()).expect("signed").1.clone();
    let own = content.and_then(|content| TRAIL.signed.get::<[u8; 32]>(&Sha256::digest(content).into()));
    let own = own.map_or_else(|| other.clone(), |(_, signature)| signature.clone());
    let (signature, algorithm, told) = match how % 8 {
        0 => (Some(own), Some("SHA256withRSA"), None),
        1 => (None, None, Some(own)),
        2 => (Some(other), Some("SHA256withRSA"), Some(own)),
        3 => (None, None, Some(other)),
        4 => (Some(own.to_uppercase()), None, None),
        5 => (Some(own), Some("SHA1withRSA"), None),
        6 => (Some("zz".repeat(usize::from(which))), None, Some(String::new())),
        _ => (Some(own), None, Some(other)),
    };
    let algorithm = algorithm.map(str::to_owned);
    let metadata = DigestMetadata { signature, algorithm, ..DigestMetadata::default() };
    (metadata, told.map(|hex| SuccessorSignature { hex, believed: which & 0x80 != 0 }))
}

/// What is believed is one of the digests that were signed, and says what that says.
fn is_signed(digest: &VerifiedDigest, content: &[u8]) {
    let (key, signature) = TRAIL.signed.get(digest.sha256()).expect("verified, and nobody signed it");
    assert_eq!((&digest.at().key, hex::encode(digest.signature())), (key, signature.clone()));
    // The signing string, put together from the JSON alone.
    let written: Value = serde_json::from_slice(content).expect("JSON");
    let text = |name: &str| written[name].as_str().unwrap_or("null").to_owned();
    let signed = format!(
        "{}\n{}/{}\n{}\n{}",
        text("digestEndTime"),
        text("digestS3Bucket"),
        text("digestS3Object"),
        hex::encode(Sha256::digest(content)),
        text("previousDigestSignature"),
    );
    let key = TRAIL.keys.get(digest.fingerprint()).expect("verified, and its key is not there");
    let key = rsa::PublicKey::from_pkcs1_der(key.der()).expect("a key of the bundled trail");
    assert!(key.pkcs1v15_verify::<Sha256>(signed.as_bytes(), digest.signature()).is_ok(), "{signed}");
    let logs = written["logFiles"].as_array().expect("a list");
    assert_eq!(digest.log_files().len(), logs.len());
    for (log, written) in digest.log_files().iter().zip(logs) {
        assert_eq!(Some(log.at.key.as_str()), written["s3Object"].as_str());
        assert_eq!(Some(log.hash.to_string()), written["hashValue"].as_str().map(str::to_lowercase));
    }
}

/// The claims are those of another reader of JSON, and printed again they are the same.
fn claims_are_what_is_written(claims: &DigestClaims, content: &[u8]) {
    assert!(claims.start < claims.end);
    assert_eq!(claims.end.to_string(), claims.end_verbatim);
    let again = DigestClaims::parse(&print(claims)).expect("claims that were printed");
    assert_eq!(again, *claims);
    let sha256 = [7; 32];
    assert_eq!(data_signing_string(&again, &sha256), data_signing_string(claims, &sha256));
    // In an unknown field, a number may be too large for this reader.
    let Ok(written) = serde_json::from_slice::<Value>(content) else { return };
    let text = |name: &str| written[name].as_str().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!((text("awsAccountId"), text("digestEndTime")), (&*claims.account_id, &*claims.end_verbatim));
    assert_eq!(ObjectLocation::new(text("digestS3Bucket"), text("digestS3Object")), claims.at);
    assert_eq!(Time::parse_digest_time(text("digestStartTime")), Some(claims.start));
    assert_eq!(text("digestPublicKeyFingerprint").to_lowercase(), claims.fingerprint);
    assert_eq!(text("digestSignatureAlgorithm"), "SHA256withRSA");
    let previous = claims.previous.as_ref();
    assert_eq!(previous.map(|p| &*p.signature), written["previousDigestSignature"].as_str());
    assert_eq!(previous.map(|p| &*p.at.key), written["previousDigestS3Object"].as_str());
    assert_eq!(previous.map(|p| &*p.at.bucket), written["previousDigestS3Bucket"].as_str());
    assert_eq!(previous.map(|p| p.hash.clone()), written["previousDigestHashValue"].as_str().map(RecordedHash::parse));
    let logs = written["logFiles"].as_array().expect("a list");
    assert_eq!(logs.len(), claims.log_files.len());
    for (log, written) in claims.log_files.iter().zip(logs) {
        let text = |name: &str| written[name].as_str().unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(log.at, ObjectLocation::new(text("s3Bucket"), text("s3Object")));
        assert_eq!((&log.hash, text("hashAlgorithm")), (&RecordedHash::parse(text("hashValue")), "SHA-256"));
        if let RecordedHash::Sha256(bytes) = log.hash {
            assert_eq!(hex::encode(bytes), text("hashValue").to_lowercase());
        }
    }
}

/// The claims as a digest file, with nothing in it that they do not need.
fn print(claims: &DigestClaims) -> Vec<u8> {
    let previous = |of: fn(&PreviousDigest) -> String| claims.previous.as_ref().map(of);
    let log_files: Vec<Value> = claims
        .log_files
        .iter()
        .map(|log| {
            json!({
                "s3Bucket": log.at.bucket, "s3Object": log.at.key,
                "hashValue": log.hash.to_string(), "hashAlgorithm": "SHA-256",
            })
        })
        .collect();
    let printed = json!({
        "awsAccountId": claims.account_id,
        "digestStartTime": claims.start,
        "digestEndTime": claims.end_verbatim,
        "digestS3Bucket": claims.at.bucket,
        "digestS3Object": claims.at.key,
        "digestPublicKeyFingerprint": claims.fingerprint,
        "digestSignatureAlgorithm": "SHA256withRSA",
        "previousDigestS3Bucket": previous(|p| p.at.bucket.clone()),
        "previousDigestS3Object": previous(|p| p.at.key.clone()),
        "previousDigestHashValue": previous(|p| p.hash.to_string()),
        "previousDigestHashAlgorithm": previous(|_| "SHA-256".to_owned()),
        "previousDigestSignature": previous(|p| p.signature.clone()),
        "logFiles": log_files,
    });
    printed.to_string().into_bytes()
}

/// One gzip member and nothing after it, read by another decoder; none if it is not that, or too much.
fn gunzip(body: &[u8], limit: u64) -> Option<Vec<u8>> {
    let mut decoder = GzDecoder::new(body);
    let mut content = Vec::new();
    decoder.by_ref().take(limit.saturating_add(1)).read_to_end(&mut content).ok()?;
    (content.len() as u64 <= limit && decoder.into_inner().is_empty()).then_some(content)
}

/// Digests of the bundled trail, stored and plain, with each way to have a signature; and the genuine ones of AWS.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut add = |how: u8, which: u8, body: &[u8]| seeds.push([&[how, which], body].concat());
    for (at, body) in TRAIL.stored.iter().step_by(5).enumerate() {
        let at = at as u8;
        let content = gunzip(body, u64::MAX).expect("gzip");
        add(at << 3, at, body);
        add(1 | at << 3, at | 0x80, &content);
    }
    for name in [
        "aws-docs-sample-20150817T150131Z",
        "aws-docs-empty-20150820T180131Z",
        "llm-guard-ap-northeast-1-20231015T230404Z",
    ] {
        add(1, 0, &fs::read(testdata("real-digests").join(format!("{name}.json"))).expect("testdata"));
    }
    seeds
}
