//! One digest file of AWS's form, read and verified: every limit, window and source of a signature, to the second and byte.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::sync::LazyLock;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use trailseal::digest::{
    DefectKind, DigestDefect, DigestMetadata, FetchedDigest, Gunzip, KeySet, ParsedDigest, SignatureSource,
    SuccessorSignature,
};
use trailseal::keys::parse_key_file;
use trailseal::limits::{DIGEST_DUE_AFTER, Limits};
use trailseal::logfile::Framing;
use trailseal::simulate::{Keyring, Scenario, draft};
use trailseal::trail::{DigestKey, Interval, ObjectLocation, Time};

struct Genuine {
    fetched: FetchedDigest,
    content: Vec<u8>,
    keys: KeySet,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let scenario = Scenario {
        regions: vec!["us-east-1".into()],
        hours: 3,
        log_files_per_hour: 5,
        empty_hours: 0,
        ..Scenario::default()
    };
    let keyring = Keyring::new(7, 10_000, true);
    let object = draft(&scenario).unwrap().chains.remove(0).objects(&keyring).swap_remove(2);
    let metadata = DigestMetadata::from_user_metadata(|name| object.metadata.get(name).map(String::as_str));
    let mut content = Vec::new();
    Gunzip::new(u64::MAX).push(&object.body, &mut |made| content.extend_from_slice(made)).unwrap();
    let at = ObjectLocation::new(&scenario.bucket, &object.key);
    let keys = parse_key_file(&serde_json::to_vec(&keyring.public_keys()).unwrap()).unwrap();
    Genuine { fetched: FetchedDigest { at, body: object.body.into(), framing: Framing::Gzip, metadata }, content, keys }
});

fn fetched() -> FetchedDigest {
    GENUINE.fetched.clone()
}

fn plain() -> FetchedDigest {
    FetchedDigest { body: Bytes::from(GENUINE.content.clone()), framing: Framing::GzipOrPlain, ..fetched() }
}

fn end() -> Time {
    DigestKey::parse(&GENUINE.fetched.at.key).unwrap().end
}

fn parsed(metadata: DigestMetadata) -> ParsedDigest {
    FetchedDigest { metadata, ..fetched() }.parse(&Limits::default()).unwrap()
}

fn defect(fetched: FetchedDigest) -> DigestDefect {
    *fetched.parse(&Limits::default()).unwrap_err()
}

#[test]
fn what_was_read_is_told_as_it_was() {
    let digest = fetched().parse(&Limits::default()).unwrap();
    assert_eq!(*digest.sha256(), <[u8; 32]>::from(Sha256::digest(&GENUINE.content)));
    assert_eq!(digest.inflated(), GENUINE.content.len() as u64);
    assert_eq!((digest.metadata(), digest.at()), (&GENUINE.fetched.metadata, &GENUINE.fetched.at));
    let genuine = hex::decode(GENUINE.fetched.metadata.signature.as_ref().unwrap()).unwrap();
    let verified = digest.clone().verify(&GENUINE.keys, None).unwrap();
    assert_eq!((verified.sha256(), verified.signature()), (digest.sha256(), &genuine[..]));
    assert_eq!((verified.signature_source(), verified.covers().end), (SignatureSource::Metadata, end()));
    assert_eq!(verified.fingerprint(), digest.claims().fingerprint);
    assert_eq!(verified.log_files(), &digest.claims().log_files[..]);
    assert_eq!(verified.previous(), digest.claims().previous.as_ref());
    assert!(!verified.log_files().is_empty() && verified.previous().is_some());
    assert_eq!(verified.clone().into_log_files(), verified.log_files());
}

#[test]
fn user_metadata_is_found_by_its_names() {
    let told = DigestMetadata::from_user_metadata(|name| match name {
        "signature" => Some("aa"),
        "signature-algorithm" => Some("bb"),
        "backfill-generation-timestamp" => Some("2026-01-02T03:04:05Z"),
        _ => None,
    });
    let generated = Time::parse_digest_time("2026-01-02T03:04:05Z");
    let (signature, algorithm) = (Some("aa".to_owned()), Some("bb".to_owned()));
    assert_eq!(told, DigestMetadata { signature, algorithm, backfill_generated: generated, last_modified: None });
}

#[test]
fn a_digest_may_be_as_large_as_a_limit_and_no_larger() {
    let (stored, inflated) = (GENUINE.fetched.body.len() as u64, GENUINE.content.len() as u64);
    let parse = |fetched: FetchedDigest, digest_stored, digest_inflated| {
        let limits = Limits { digest_stored, digest_inflated, ..Limits::default() };
        fetched.parse(&limits).map(|_| ()).map_err(|defect| defect.kind)
    };
    assert_eq!(parse(fetched(), stored, inflated), Ok(()));
    assert_eq!(parse(fetched(), stored - 1, inflated), Err(DefectKind::OverLimit(stored - 1)));
    assert_eq!(parse(fetched(), stored, inflated - 1), Err(DefectKind::OverLimit(inflated - 1)));
    assert_eq!(parse(plain(), inflated, inflated), Ok(()));
    assert_eq!(parse(plain(), inflated, inflated - 1), Err(DefectKind::OverLimit(inflated - 1)));
}

#[test]
fn only_a_copy_may_be_gunzipped() {
    let limits = Limits::default();
    assert!(plain().parse(&limits).is_ok());
    assert!(FetchedDigest { framing: Framing::GzipOrPlain, ..fetched() }.parse(&limits).is_ok());
    let in_a_bucket = FetchedDigest { framing: Framing::Gzip, ..plain() };
    assert!(matches!(defect(in_a_bucket).kind, DefectKind::Malformed(_)));
}

#[test]
fn what_could_be_inflated_is_told_by_its_hash_whatever_is_wrong_with_it() {
    let odd = FetchedDigest { body: Bytes::from_static(b"{}"), ..plain() };
    assert_eq!(defect(odd).sha256, Some(Sha256::digest(b"{}").into()));
    let moved = FetchedDigest { at: ObjectLocation::new("other", &GENUINE.fetched.at.key), ..fetched() };
    let moved = defect(moved);
    assert_eq!(moved.kind, DefectKind::Moved { recorded: GENUINE.fetched.at.clone() });
    assert_eq!(moved.sha256, Some(Sha256::digest(&GENUINE.content).into()));
    let nowhere = FetchedDigest { at: ObjectLocation::new("", &GENUINE.fetched.at.key), ..fetched() };
    assert_eq!(nowhere.parse(&Limits::default()).unwrap().at(), &GENUINE.fetched.at);
}

#[test]
fn where_a_signature_was_found_is_told() {
    let genuine = GENUINE.fetched.metadata.signature.clone().unwrap();
    let own =
        |signature: Option<&str>| DigestMetadata { signature: signature.map(str::to_owned), ..Default::default() };
    let verify = |metadata, told: Option<(&str, bool)>| {
        let successor = told.map(|(hex, believed)| SuccessorSignature { hex: hex.to_owned(), believed });
        let verified = parsed(metadata).verify(&GENUINE.keys, successor.as_ref());
        verified.map(|digest| digest.signature_source()).map_err(|failed| failed.1.kind)
    };
    assert_eq!(verify(own(None), Some((&genuine, false))), Ok(SignatureSource::Successor));
    let despite = Ok(SignatureSource::SuccessorDespiteMetadata);
    assert_eq!(verify(own(Some("00")), Some((&genuine, true))), despite);
    let called = |name: &str| DigestMetadata { algorithm: Some(name.to_owned()), ..own(Some(&genuine)) };
    assert_eq!(verify(called("SHA256withRSA"), None), Ok(SignatureSource::Metadata));
    assert_eq!(verify(called("SHA1withRSA"), Some((&genuine, true))), despite);
    let invalid = |found: &str, kind| match kind {
        Err(DefectKind::SignatureInvalid { signature, .. }) => assert_eq!(signature, found),
        other => panic!("{other:?}"),
    };
    invalid(&genuine, verify(called("SHA1withRSA"), None));
    invalid("00", verify(own(None), Some(("00", true))));
    assert_eq!(verify(own(None), Some(("00", false))), Err(DefectKind::SignatureMissing));
    assert_eq!(verify(own(None), None), Err(DefectKind::SignatureMissing));
}

/// A list that says it is complete shows that somebody else signed, if it covers all the time in which it was signed.
#[test]
fn keys_are_complete_over_the_time_in_which_it_may_have_been_signed() {
    let complete = |written: Option<i64>, from: i64, until: i64| {
        let last_modified = written.map(|after| end().plus(after));
        let mut none = KeySet::default();
        none.state_complete("us-east-1", Interval::new(end().plus(from), end().plus(until)));
        match parsed(DigestMetadata { last_modified, ..Default::default() }).verify(&none, None).unwrap_err().1.kind {
            DefectKind::KeyUnknown { complete, .. } => complete,
            other => panic!("{other:?}"),
        }
    };
    assert!(complete(None, 0, DIGEST_DUE_AFTER) && complete(Some(9 * DIGEST_DUE_AFTER), 0, DIGEST_DUE_AFTER));
    assert!(!complete(None, 0, DIGEST_DUE_AFTER - 1) && !complete(None, 1, DIGEST_DUE_AFTER));
    assert!(!complete(Some(9 * DIGEST_DUE_AFTER), 0, DIGEST_DUE_AFTER - 1));
    assert!(complete(Some(600), 0, 600) && !complete(Some(600), 0, 599));
}

#[test]
fn a_key_is_outside_its_window_where_no_moment_of_signing_lies_in_it() {
    let outside = |from: i64, until: i64| {
        let window = Interval::new(end().plus(from), end().plus(until));
        let mut keys = KeySet::default();
        for key in GENUINE.keys.iter() {
            let mut key = key.clone();
            key.validity = Some(window);
            keys.insert(key);
        }
        let told = fetched().parse(&Limits::default()).unwrap().verify(&keys, None).unwrap().outside_validity();
        assert!(told.is_none_or(|told| told == window));
        told.is_some()
    };
    assert!(!outside(-600, 1) && !outside(DIGEST_DUE_AFTER - 1, DIGEST_DUE_AFTER + 600));
    assert!(outside(-600, 0) && outside(DIGEST_DUE_AFTER, DIGEST_DUE_AFTER + 600));
}

#[test]
fn a_digest_counts_as_delivered_when_it_was_written_but_not_after_it_was_due() {
    let delivered = |written: Option<i64>| {
        let last_modified = written.map(|after| end().plus(after));
        let digest = parsed(DigestMetadata { last_modified, ..GENUINE.fetched.metadata.clone() });
        let digest = digest.verify(&GENUINE.keys, None).unwrap();
        assert_eq!(digest.last_modified(), last_modified);
        digest.delivered().map(|time| time.since(end()))
    };
    assert_eq!(delivered(None), None);
    assert_eq!(delivered(Some(600)), Some(600));
    assert_eq!(delivered(Some(DIGEST_DUE_AFTER + 1)), Some(DIGEST_DUE_AFTER));
}

#[test]
fn a_set_of_keys_has_as_many_as_were_listed() {
    let scenario = Scenario { regions: vec!["us-east-1".into()], hours: 12, ..Scenario::default() };
    let keyring = Keyring::new(7, 5, true);
    draft(&scenario).unwrap().chains.remove(0).objects(&keyring);
    let keys = parse_key_file(&serde_json::to_vec(&keyring.public_keys()).unwrap()).unwrap();
    assert!(keys.len() > 1);
    assert_eq!(keys.len(), keys.iter().count());
}
