//! What a walk asks for, and what it makes of the answers, step by step.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::sync::LazyLock;

use trailseal::chain::{ChainOutcome, ChainWalk, ListedDigest, Need, Observed, Scope};
use trailseal::digest::{DigestMetadata, FetchedDigest, KeySet, SuccessorSignature, VerifiedDigest};
use trailseal::finding::{Code, Reason};
use trailseal::keys::parse_key_file;
use trailseal::limits::{DIGEST_DUE_AFTER, Limits};
use trailseal::logfile::Framing;
use trailseal::simulate::{Keyring, Link, Scenario, SimulatedObject, draft};
use trailseal::trail::{ChainKind, ObjectLocation, Time};

/// The objects of one honest chain, oldest first, and its keys.
static OBJECTS: LazyLock<(Vec<SimulatedObject>, KeySet)> = LazyLock::new(|| {
    let scenario = scenario();
    let keyring = Keyring::new(7, 10_000, true);
    let objects = draft(&scenario).unwrap().chains.remove(0).objects(&keyring);
    let keys = parse_key_file(&serde_json::to_vec(&keyring.public_keys()).unwrap()).unwrap();
    (objects.into_iter().collect(), keys)
});

/// The same, verified.
static CHAIN: LazyLock<Vec<VerifiedDigest>> = LazyLock::new(|| {
    let (objects, keys) = &*OBJECTS;
    let verified = |object: &SimulatedObject| {
        let metadata = DigestMetadata::from_user_metadata(|name| object.metadata.get(name).map(String::as_str));
        verify(ObjectLocation::new(scenario().bucket, &object.key), object.body.clone(), metadata, keys)
    };
    objects.iter().map(verified).collect()
});

fn scenario() -> Scenario {
    Scenario { regions: vec!["us-east-1".into()], hours: 6, ..Scenario::default() }
}

fn verify(at: ObjectLocation, body: Vec<u8>, metadata: DigestMetadata, keys: &KeySet) -> VerifiedDigest {
    let fetched = FetchedDigest { at, body: body.into(), framing: Framing::Gzip, metadata };
    fetched.parse(&Limits::default()).unwrap().verify(keys, None).unwrap()
}

fn end(hour: usize) -> Time {
    CHAIN[hour].covers().end
}

fn walk(start: Option<Time>, limits: &Limits) -> ChainWalk {
    let scope = Scope { start, end: end(5), horizon: end(5), began_by: None };
    ChainWalk::new(CHAIN[0].chain().clone(), scope, limits)
}

fn listed(hour: usize) -> ListedDigest {
    ListedDigest { at: CHAIN[hour].at().clone(), end: end(hour) }
}

/// The hour of the digest that is asked for; none where a listing is, or nothing.
fn asked(walk: &mut ChainWalk) -> Option<usize> {
    match walk.need()? {
        Need::Digest { at, .. } => CHAIN.iter().position(|digest| digest.at() == at),
        Need::Listing { .. } => None,
    }
}

fn wants_listing(walk: &mut ChainWalk) -> Option<Time> {
    match walk.need()? {
        Need::Listing { before } => Some(before),
        Need::Digest { .. } => None,
    }
}

fn genuine(hour: usize) -> Observed {
    Observed::Verified(Box::new(CHAIN[hour].clone()))
}

fn codes(outcome: &ChainOutcome) -> Vec<Code> {
    let mut codes: Vec<Code> = outcome.findings.iter().map(|finding| finding.code).collect();
    codes.sort();
    codes
}

/// Walks these hours, all there are, and answers `absent` for every other.
fn all(mut walk: ChainWalk, hours: &[usize]) -> (Vec<usize>, ChainOutcome) {
    let mut met = Vec::new();
    while let Some(need) = walk.need() {
        if let Need::Listing { before } = need {
            let newest_first = hours.iter().rev().copied().filter(|hour| end(*hour) < before);
            walk.listed(newest_first.map(listed).collect());
            continue;
        }
        let hour = asked(&mut walk).unwrap();
        met.push(hour);
        walk.observed(if hours.contains(&hour) { genuine(hour) } else { Observed::Absent });
    }
    (met, walk.finish())
}

#[test]
fn an_honest_chain_is_walked_from_its_end_to_its_start() {
    let (met, outcome) = all(walk(Some(CHAIN[0].covers().start), &Limits::default()), &[0, 1, 2, 3, 4, 5]);
    assert_eq!(met, [5, 4, 3, 2, 1, 0]);
    assert_eq!(codes(&outcome), []);
    assert_eq!((outcome.tally.verified, outcome.newest_end), (6, Some(end(5))));
    assert_eq!(outcome.oldest_start, Some(CHAIN[0].covers().start));
}

#[test]
fn what_a_listing_shows_again_or_out_of_order_is_not_asked_for() {
    let mut walk = walk(None, &Limits::default());
    assert_eq!(wants_listing(&mut walk), Some(Time::from_unix(i64::MAX)));
    walk.listed(vec![listed(4), listed(5)]);
    assert_eq!(asked(&mut walk), Some(4), "the newer one behind it is out of order");
    walk.observed(Observed::Unreadable(Reason::Denied));
    assert_eq!(wants_listing(&mut walk), Some(end(4)));
    walk.listed(vec![listed(5), listed(4), listed(3), listed(3)]);
    assert_eq!(asked(&mut walk), Some(3));
    walk.observed(Observed::Unreadable(Reason::Denied));
    assert_eq!(asked(&mut walk), Some(3), "two folders may hold one chain");
    walk.observed(Observed::Unreadable(Reason::Denied));
    walk.listed(vec![listed(3)]);
    assert!(walk.need().is_none(), "it was met");
}

#[test]
fn a_walk_ends_at_its_limit_and_says_so() {
    let limits = Limits { digests_per_chain: 2, ..Limits::default() };
    let (met, outcome) = all(walk(None, &limits), &[0, 1, 2, 3, 4, 5]);
    assert_eq!(met, [5, 4]);
    assert_eq!(codes(&outcome).iter().filter(|code| **code == Code::DigestUnreadable).count(), 1);
}

#[test]
fn a_digest_that_is_named_and_not_listed_is_asked_for_in_its_turn() {
    let start = Some(CHAIN[0].covers().start);
    let (met, outcome) = all(walk(start, &Limits::default()), &[0, 1, 2, 4, 5]);
    assert_eq!(met, [5, 4, 3, 2, 1, 0]);
    assert!(codes(&outcome).contains(&Code::DigestMissing), "{:?}", codes(&outcome));
    let (met, outcome) = all(walk(start, &Limits::default()), &[2, 3, 4, 5]);
    assert_eq!(met, [5, 4, 3, 2, 1]);
    assert!(codes(&outcome).contains(&Code::DigestMissing), "{:?}", codes(&outcome));
    // What ended before the request is not asked for, unless it is listed.
    let (met, outcome) = all(walk(Some(end(1)), &Limits::default()), &[2, 3, 4, 5]);
    assert_eq!((met, codes(&outcome)), (vec![5, 4, 3, 2], vec![Code::ChainContinuesBefore]));
    let (met, _) = all(walk(Some(end(1)), &Limits::default()), &[0, 1, 2, 3, 4, 5]);
    assert_eq!(met, [5, 4, 3, 2, 1]);
}

#[test]
fn where_everything_was_asked_for_the_chain_may_go_on_before_it() {
    let (met, outcome) = all(walk(None, &Limits::default()), &[3, 4, 5]);
    assert_eq!((met, codes(&outcome)), (vec![5, 4, 3, 2], vec![Code::ChainContinuesBefore]));
}

#[test]
fn another_digest_than_the_one_asked_for_is_no_answer() {
    let mut walk = walk(None, &Limits::default());
    walk.listed(vec![listed(5)]);
    assert_eq!(asked(&mut walk), Some(5));
    assert!(walk.observed(genuine(4)).covers.is_none());
    let outcome = walk.finish();
    assert_eq!((outcome.tally.verified, outcome.tally.unproven), (0, 1));
    // Nor is one whose name was listed with another end.
    let mut walk = self::walk(None, &Limits::default());
    walk.listed(vec![ListedDigest { at: CHAIN[5].at().clone(), end: end(4) }]);
    assert_eq!(asked(&mut walk), Some(5));
    assert!(walk.observed(genuine(5)).covers.is_none());
}

#[test]
fn a_walk_that_is_given_up_counts_what_it_did_not_meet() {
    let mut walk = walk(None, &Limits::default());
    walk.listed((0..6).rev().map(listed).collect());
    assert_eq!(asked(&mut walk), Some(5));
    walk.observed(genuine(5));
    assert_eq!(walk.next_end(), Some(end(4)));
    walk.give_up([end(0).plus(-Time::HOUR)]);
    assert_eq!((walk.next_end(), walk.newest_end()), (None, Some(end(5))));
    let outcome = walk.finish();
    assert_eq!((outcome.tally.verified, outcome.tally.unproven), (1, 6));
    assert_eq!(outcome.oldest_start, Some(CHAIN[5].covers().start));
}

#[test]
fn a_digest_is_late_more_than_two_hours_after_its_end() {
    let late = |seconds: i64| {
        let scenario = Scenario { regions: vec!["us-east-1".into()], hours: 6, ..Scenario::default() };
        let keyring = Keyring::new(7, 10_000, true);
        let object = draft(&scenario).unwrap().chains.remove(0).objects(&keyring).swap_remove(5);
        let keys = parse_key_file(&serde_json::to_vec(&keyring.public_keys()).unwrap()).unwrap();
        let metadata = DigestMetadata::from_user_metadata(|name| object.metadata.get(name).map(String::as_str));
        let metadata = DigestMetadata { last_modified: Some(end(5).plus(seconds)), ..metadata };
        let digest = verify(CHAIN[5].at().clone(), object.body, metadata, &keys);
        let mut walk = walk(Some(CHAIN[5].covers().start), &Limits::default());
        walk.listed(vec![listed(5)]);
        assert_eq!(asked(&mut walk), Some(5));
        walk.observed(Observed::Verified(Box::new(digest)));
        codes(&walk.finish()).contains(&Code::DigestLate)
    };
    assert!(!late(0) && !late(DIGEST_DUE_AFTER) && late(DIGEST_DUE_AFTER + 1));
}

#[test]
fn another_digest_is_no_answer_to_what_was_asked_for() {
    // Of the same hour and in the same bucket, under another key: only its name tells.
    let at = CHAIN[4].at();
    let (folder, name) = at.key.rsplit_once('/').unwrap();
    let other = ObjectLocation::new(&at.bucket, format!("x/{folder}/{name}"));
    let mut elsewhere = walk_of(&other);
    elsewhere.observed(genuine(4));
    let outcome = elsewhere.finish();
    assert_eq!(outcome.tally.verified, 0, "{:?}", codes(&outcome));
}

/// A walk that was shown one digest, at this place.
fn walk_of(at: &ObjectLocation) -> ChainWalk {
    let mut walk = walk(None, &Limits::default());
    walk.need();
    walk.listed(vec![ListedDigest { at: at.clone(), end: end(4) }]);
    assert!(matches!(walk.need(), Some(Need::Digest { .. })));
    walk
}

#[test]
fn what_is_told_of_a_signature_that_was_changed_is_what_there_is() {
    for (algorithm, told) in [(Some("MD5withRSA"), "00 (MD5withRSA)"), (Some("SHA256withRSA"), "00"), (None, "00")] {
        let mut walk = walk(None, &Limits::default());
        walk.need();
        walk.listed((4..6).rev().map(listed).collect());
        walk.need();
        walk.observed(genuine(5));
        assert_eq!(asked(&mut walk), Some(4));
        walk.observed(Observed::Verified(Box::new(changed(4, algorithm))));
        let outcome = walk.finish();
        let found = outcome.findings.iter().find(|finding| finding.code == Code::LinkSignatureMismatch).unwrap();
        assert_eq!(found.computed.as_deref(), Some(told), "{algorithm:?}");
    }
}

/// A digest whose signature is only in the one after it: its own was replaced, and said to be of this algorithm.
fn changed(hour: usize, algorithm: Option<&str>) -> VerifiedDigest {
    let (object, keys) = &*OBJECTS;
    let object = object[hour].clone();
    let metadata = DigestMetadata {
        signature: Some("00".to_owned()),
        algorithm: algorithm.map(str::to_owned),
        ..DigestMetadata::default()
    };
    let at = CHAIN[hour].at().clone();
    let fetched = FetchedDigest { at, body: object.body.into(), framing: Framing::Gzip, metadata };
    let successor = SuccessorSignature { hex: hex::encode(CHAIN[hour].signature()), believed: true };
    fetched.parse(&Limits::default()).unwrap().verify(keys, Some(&successor)).unwrap()
}

#[test]
fn what_a_backfill_digest_names_is_not_held_against_it_and_of_any_other_it_is() {
    for backfills in [1, 0] {
        let drafted = draft(&Scenario { backfills, ..scenario() }).unwrap();
        let kind = if backfills > 0 { ChainKind::Backfill } else { ChainKind::Standard };
        let mut chain = drafted.chains.into_iter().find(|chain| chain.chain.kind == kind).unwrap();
        chain.digests.truncate(1);
        // It names itself as the one before it.
        let drafted = &mut chain.digests[0];
        drafted.link = Link::AsDrafted;
        let digest = &mut drafted.digest;
        digest.previous_digest_s3_bucket = Some(digest.digest_s3_bucket.clone());
        digest.previous_digest_s3_object = Some(digest.digest_s3_object.clone());
        digest.previous_digest_hash_value = Some("0".repeat(64));
        digest.previous_digest_hash_algorithm = Some("SHA-256".to_owned());
        digest.previous_digest_signature = Some("0".repeat(512));
        let object = chain.objects(&Keyring::new(7, 10_000, true)).remove(0);
        let metadata = DigestMetadata::from_user_metadata(|name| object.metadata.get(name).map(String::as_str));
        let at = ObjectLocation::new(scenario().bucket, &object.key);
        let only = verify(at, object.body, metadata, &OBJECTS.1);
        let scope = Scope { start: None, end: only.covers().end, horizon: only.covers().end, began_by: None };
        let mut walk = ChainWalk::new(only.chain().clone(), scope, &Limits::default());
        walk.need();
        walk.listed(vec![ListedDigest { at: only.at().clone(), end: only.covers().end }]);
        walk.need();
        walk.observed(Observed::Verified(Box::new(only)));
        let held = codes(&walk.finish()).contains(&Code::LinkLocationMismatch);
        assert_eq!(held, kind == ChainKind::Standard, "{kind}");
    }
}

#[test]
fn a_digest_that_is_named_and_cannot_be_read_is_told_of() {
    let mut walk = walk(None, &Limits::default());
    walk.need();
    walk.listed((4..6).rev().map(listed).collect());
    walk.need();
    walk.observed(genuine(5));
    assert_eq!(asked(&mut walk), Some(4));
    walk.observed(Observed::Unreadable(Reason::Denied));
    let outcome = walk.finish();
    let told = outcome.findings.iter().filter(|finding| finding.code == Code::DigestUnreadable);
    assert_eq!(told.map(|finding| finding.reason).collect::<Vec<_>>(), [Some(Reason::Denied)]);
    assert_eq!((outcome.tally.verified, outcome.tally.unproven), (1, 1));
}

/// What a walk of thirty hours finds, each of whose digests is defective in the same way: how many are named, and what is said
/// of the rest.
fn thirty(keys: &KeySet, limits: &Limits, code: Code) -> (usize, Vec<String>) {
    let hours = Scenario { hours: 30, ..scenario() };
    let objects = draft(&hours).unwrap().chains.remove(0).objects(&Keyring::new(7, 10_000, true));
    let defects: Vec<_> = objects
        .into_iter()
        .map(|object| {
            let metadata = DigestMetadata { signature: Some("00".to_owned()), ..DigestMetadata::default() };
            let at = ObjectLocation::new(&hours.bucket, &object.key);
            let fetched = FetchedDigest { at, body: object.body.into(), framing: Framing::Gzip, metadata };
            let (parsed, defect) = *fetched.parse(&Limits::default()).unwrap().verify(keys, None).unwrap_err();
            (parsed.claims().end, defect)
        })
        .collect();
    let end = defects.last().unwrap().0;
    let scope = Scope { start: None, end, horizon: end, began_by: None };
    let mut walk = ChainWalk::new(CHAIN[0].chain().clone(), scope, limits);
    walk.need();
    walk.listed(defects.iter().rev().map(|(end, defect)| ListedDigest { at: defect.at.clone(), end: *end }).collect());
    for (_, defect) in defects.into_iter().rev() {
        assert!(matches!(walk.need(), Some(Need::Digest { .. })));
        walk.observed(Observed::Defective(Box::new(defect)));
    }
    let outcome = walk.finish();
    let found: Vec<_> = outcome.findings.iter().filter(|finding| finding.code == code).collect();
    let more = found.iter().filter(|finding| finding.subject.is_none());
    let more: Vec<String> = more.map(|finding| finding.message.clone()).collect();
    (found.len() - more.len(), more)
}

#[test]
fn of_keys_that_are_not_to_be_had_a_day_is_named_and_of_other_defects_as_many_as_are_allowed() {
    let limits = Limits::default();
    let (named, more) = thirty(&KeySet::default(), &limits, Code::PublicKeyUnavailable);
    assert_eq!((named, more.len()), (24, 1), "{more:?}");
    assert!(more[0].contains(" 6 ") || more[0].starts_with("6 "), "{more:?}");
    let (named, more) = thirty(&OBJECTS.1, &limits, Code::DigestSignatureInvalid);
    assert_eq!((named, more.len()), (30, 0), "{more:?}");
    let limits = Limits { planted_named_per_region: 7, ..limits };
    let (named, more) = thirty(&OBJECTS.1, &limits, Code::DigestSignatureInvalid);
    assert_eq!((named, more.len()), (7, 1), "{more:?}");
    assert!(more[0].contains("23 "), "{more:?}");
}

#[test]
fn a_walk_given_up_with_nothing_left_to_meet_says_nothing_of_it() {
    let mut walk = walk(None, &Limits::default());
    walk.need();
    walk.listed(vec![listed(5)]);
    assert_eq!(asked(&mut walk), Some(5));
    walk.observed(genuine(5));
    walk.give_up([]);
    let outcome = walk.finish();
    assert_eq!(outcome.tally.unproven, 0);
    assert!(!codes(&outcome).contains(&Code::DigestUnreadable), "{:?}", codes(&outcome));
}
