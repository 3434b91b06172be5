//! What an attacker who can write, delete and plant, but not sign, tried; and what honest users have.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures::stream::BoxStream;
use trailseal::audit::{AuditRequest, Evidence, LogFiles, Silent, audit_blocking};
use trailseal::digest::{DigestMetadata, KeySet};
use trailseal::finding::Code;
use trailseal::keys::{KeyOrigin, KeySource, KeySourceError, KeysAtHand, parse_key_file};
use trailseal::logfile::Framing;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::{Keyring, Link, Scenario, SimulatedObject, draft};
use trailseal::store::{
    Buckets, FetchedObject, Folder, KeyRange, ListError, MemoryStore, ObjectInfo, ObjectStore, StoreError,
};
use trailseal::trail::{ChainKind, DigestKey, Interval, LogKey, Time};

fn keyring() -> &'static Keyring {
    static KEYS: OnceLock<Keyring> = OnceLock::new();
    KEYS.get_or_init(|| Keyring::new(7, 100_000, true))
}

fn time(text: &str) -> Time {
    Time::parse_digest_time(text).unwrap()
}

type Objects = BTreeMap<String, SimulatedObject>;

fn scenario() -> Scenario {
    Scenario {
        regions: vec!["us-east-1".into()],
        hours: 12,
        log_files_per_hour: 3,
        events_per_log_file: 1,
        empty_hours: 0,
        shared_keys: true,
        ..Scenario::default()
    }
}

fn objects(scenario: &Scenario) -> Objects {
    draft(scenario).unwrap().objects(keyring())
}

fn put(store: &mut MemoryStore, object: &SimulatedObject, with_metadata: bool) {
    let value = |name: &str| object.metadata.get(name).cloned();
    let metadata = if with_metadata {
        DigestMetadata {
            signature: value("signature"),
            algorithm: value("signature-algorithm"),
            backfill_generated: value("backfill-generation-timestamp").and_then(|t| Time::parse_digest_time(&t)),
            last_modified: Some(object.last_modified),
        }
    } else {
        DigestMetadata::default()
    };
    store.put(&object.key, object.body.clone(), metadata);
}

fn store(bucket: Option<&str>, objects: &Objects, with_metadata: bool) -> MemoryStore {
    let mut store = MemoryStore::new(bucket);
    objects.values().for_each(|object| put(&mut store, object, with_metadata));
    store
}

/// In the bucket, as CloudTrail delivered it.
fn bucket(objects: &Objects) -> MemoryStore {
    store(Some("example-trail-logs"), objects, true)
}

fn digests(objects: &Objects) -> Vec<DigestKey> {
    let mut keys: Vec<DigestKey> = objects.keys().filter_map(|key| DigestKey::parse(key)).collect();
    keys.sort_by_key(|key| key.end);
    keys
}

fn request(as_of: Time) -> AuditRequest {
    AuditRequest::everything("test", as_of)
}

fn audit_of(stores: Vec<MemoryStore>, recorded_end: Option<Time>, request: AuditRequest) -> Report {
    audit_recorded(stores, (None, recorded_end), request)
}

fn audit_recorded(
    stores: Vec<MemoryStore>,
    (recorded_start, recorded_end): (Option<Time>, Option<Time>),
    request: AuditRequest,
) -> Report {
    let stores = stores.into_iter().map(|store| Arc::new(store) as _).collect();
    let evidence = Evidence { stores, recorded_start, recorded_end, ..Evidence::default() };
    audit_blocking(evidence, keys_at_hand(), request, Arc::new(Silent)).unwrap()
}

fn keys_at_hand() -> Arc<KeysAtHand> {
    keyring().at("us-east-1", time("2026-01-10T12:00:00Z"));
    let list = serde_json::to_vec(&keyring().public_keys()).unwrap();
    Arc::new(KeysAtHand::new(parse_key_file(&list).unwrap(), "test", KeyOrigin::Pinned))
}

fn codes(report: &Report) -> Vec<(Code, String)> {
    report.findings.iter().map(|finding| (finding.code, finding.message.clone())).collect()
}

#[track_caller]
fn expect(report: &Report, verdict: Verdict) {
    assert_eq!(report.verdict, verdict, "{:#?}", codes(report));
}

#[test]
fn honest_trails_are_intact() {
    let objects = objects(&scenario());
    let end = digests(&objects).last().unwrap().end;
    for concurrency in [1, 2, 64] {
        let request = AuditRequest { concurrency, ..request(end.plus(1800)) };
        expect(&audit_of(vec![bucket(&objects)], None, request.clone()), Verdict::Intact);
        let ranged = AuditRequest { start: Some(end.plus(-5 * 3600)), end: Some(end.plus(-7200)), ..request };
        expect(&audit_of(vec![bucket(&objects)], None, ranged), Verdict::Intact);
    }
}

/// Two names planted far after the request, 10,000 hours apart, must not swallow the hole that the deletion left.
#[test]
fn planted_names_cannot_hide_a_hole_beyond_the_hours_named() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let end = keys[8].end;
    let mut store = bucket(&objects);
    for key in &keys[5..] {
        store.remove(&key.key());
    }
    for object in objects.values().filter(|object| LogKey::parse(&object.key).is_some()) {
        if object.last_modified >= keys[4].end {
            store.remove(&object.key);
        }
    }
    let near = end.plus(2 * 3600);
    for planted in [near, near.plus(10_000 * 3600)] {
        store.put(&DigestKey { end: planted, ..keys[0].clone() }.key(), "x", DigestMetadata::default());
    }
    let request = AuditRequest { start: Some(keys[2].end), end: Some(end), ..request(near.plus(20_000 * 3600)) };
    expect(&audit_of(vec![store], None, request), Verdict::Inconclusive);
}

/// The last moment that a name can tell, planted twice, must not end the walk before it begins.
#[test]
fn names_at_the_end_of_time_do_not_end_the_walk() {
    let two = Scenario { trails: vec!["one".into(), "two".into()], ..scenario() };
    let objects = objects(&two);
    let keys = digests(&objects);
    let of_one: Vec<&DigestKey> = keys.iter().filter(|key| key.chain.trail == "one").collect();
    let end = of_one[11].end;
    let mut store = bucket(&objects);
    // The hour whose digest is altered.
    store.put(&of_one[6].key(), "x", DigestMetadata::default());
    for prefix in ["", "x/"] {
        let mut key = of_one[0].clone();
        key.end = time("9999-12-30T22:00:00Z");
        key.folder.prefix = prefix.into();
        store.put(&key.key(), "x", DigestMetadata::default());
    }
    let request = AuditRequest { end: Some(end), log_files: LogFiles::None, concurrency: 2, ..request(end.plus(1800)) };
    expect(&audit_of(vec![store], None, request), Verdict::NotIntact);
}

/// Log files delivered just after midnight, not yet due to be listed when the newest digest ended before midnight.
#[test]
fn log_files_after_midnight_are_not_due_yet() {
    for minutes in [20, 30, 40, 44, 50] {
        let midnight = time("2026-01-11T00:00:00Z");
        let mut found = false;
        for seed in 1..400 {
            let small = Scenario { seed, hours: 30, ..scenario() };
            let ends = small.interval().start.since(small.start) / 60;
            if ends != minutes {
                continue;
            }
            found = true;
            let objects = objects(&small);
            let now = midnight.plus(50 * 60);
            // What had been delivered by then.
            let mut seen = objects.clone();
            seen.retain(|_, object| object.last_modified <= now);
            let keys = digests(&seen);
            let newest = keys.last().unwrap().end;
            let mut store = bucket(&seen);
            if newest > midnight {
                store.remove(&keys.last().unwrap().key());
            }
            let request = AuditRequest { end: Some(now), ..request(now) };
            expect(&audit_of(vec![store], None, request), Verdict::Intact);
            break;
        }
        assert!(found, "{minutes}");
    }
}

/// A copy's own word of where it ends must not hide what lies in it after that.
#[test]
fn the_record_of_a_copy_cannot_hide_what_the_copy_holds() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let mut store = bucket(&objects);
    let log = objects.values().filter(|object| LogKey::parse(&object.key).is_some());
    let last = log.max_by_key(|object| object.last_modified).unwrap();
    store.put(&last.key, "altered", DigestMetadata::default());
    let taken = keys[4].end;
    let report = audit_of(vec![store], Some(taken), request(keys[11].end.plus(1800)));
    expect(&report, Verdict::NotIntact);
    // Where it may count, the report says whose word it was.
    let taken = keys[11].end;
    let report = audit_of(vec![bucket(&objects)], Some(taken), request(keys[11].end.plus(86_400)));
    expect(&report, Verdict::Intact);
    assert!(report.findings.iter().any(|finding| finding.code == Code::EndFromEvidence), "{:#?}", codes(&report));
}

/// The buckets that lie with a copy.
struct AtHand(MemoryStore);

#[async_trait]
impl Buckets for AtHand {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        (self.0.bucket() == Some(name)).then(|| Arc::new(self.0.clone()) as _)
    }

    async fn at_hand(&self) -> Vec<Arc<dyn ObjectStore>> {
        vec![Arc::new(self.0.clone())]
    }
}

/// Neither must its word of where it begins: not in its own bucket, nor in the one that the trail was moved from.
/// On the day on which it ends as on those after it: whoever may write to the copy can write the record, too.
#[test]
fn what_is_named_after_the_end_that_the_record_of_a_copy_states_is_told_of() {
    let objects = objects(&scenario());
    let end = digests(&objects).last().unwrap().end;
    let skipped = |store: MemoryStore| {
        let report = audit_of(vec![store], Some(end), request(end.plus(30 * Time::DAY)));
        expect(&report, Verdict::Intact);
        report.checks.skipped.iter().any(|skipped| skipped.starts_with("log files named after the end"))
    };
    assert!(!skipped(bucket(&objects)));
    let log = objects.values().find(|object| object.key.contains("/CloudTrail/")).unwrap();
    let (folder, name) = log.key.rsplit_once('/').unwrap();
    let named = |day: &str, minute: &str| {
        let region = &folder[..folder.len() - "2026/01/10".len()];
        let (date, before) = ([&day[..4], &day[4..6], &day[6..]].join("/"), name.rsplitn(3, '_').nth(2).unwrap());
        format!("{region}{date}/{before}_{day}T{minute}Z_AAAAAAAAAAAAAAAA.json.gz")
    };
    let day = end.to_string()[..10].replace('-', "");
    for key in [named(&day, "2358"), named("20260112", "0000")] {
        assert!(LogKey::parse(&key).is_some_and(|log| log.name.minute > end), "{key} {end}");
        let mut store = bucket(&objects);
        put(&mut store, &SimulatedObject { key: key.clone(), ..log.clone() }, true);
        assert!(skipped(store), "{key}");
    }
}

#[test]
fn the_start_that_the_record_of_a_copy_states_hides_no_history() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let end = keys[11].end;
    let asked = || request(end.plus(86_400));
    let mut store = bucket(&objects);
    let first = objects.keys().find(|key| LogKey::parse(key).is_some()).unwrap();
    store.put(first, "altered", DigestMetadata::default());
    let report = audit_recorded(vec![store], (Some(keys[1].end), Some(end)), asked());
    expect(&report, Verdict::NotIntact);
    let (mut old, new) = moved();
    let log = old.keys().find(|key| LogKey::parse(key).is_some()).unwrap().clone();
    let first = digests(&new)[0].end;
    for start in [first.plus(-3_600), first.plus(-1), first] {
        for altered in [false, true] {
            if altered {
                old.get_mut(&log).unwrap().body = b"altered".to_vec();
            }
            let evidence = Evidence {
                stores: vec![Arc::new(crate::store(Some("example-trail-logs"), &new, true))],
                recorded_start: Some(start),
                recorded_end: Some(end),
                buckets: Some(Arc::new(AtHand(crate::store(Some("old"), &old, true)))),
                ..Evidence::default()
            };
            let report = audit_blocking(evidence, keys_at_hand(), asked(), Arc::new(Silent)).unwrap();
            expect(&report, if altered { Verdict::NotIntact } else { Verdict::Intact });
        }
        old = moved().0;
    }
}

/// What it is for: a copy that begins somewhere has one digest before that, or none, and its log files are not there.
#[test]
fn a_copy_of_a_part_is_asked_for_that_part() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let (start, end) = (keys[3].end, keys[11].end);
    let copy = |digests_before: usize, oldest: usize| {
        let mut copy = objects.clone();
        copy.retain(|key, object| match DigestKey::parse(key) {
            Some(digest) => keys[oldest.max(4 - digests_before)..].contains(&digest),
            None => object.last_modified >= start,
        });
        audit_recorded(vec![bucket(&copy)], (Some(start), Some(end)), request(end.plus(86_400)))
    };
    let report = copy(1, 0);
    assert_eq!(report.request.start, Some(start));
    expect(&report, Verdict::Intact);
    // That the digests right after its start were deleted is no beginning of the trail.
    let report = copy(0, 6);
    assert_eq!(report.request.start, Some(start));
    assert_ne!(report.verdict, Verdict::Intact, "{:#?}", codes(&report));
}

/// A trail that was moved from one bucket to another: what lies in each.
fn moved() -> (Objects, Objects) {
    let mut drafted = draft(&scenario()).unwrap();
    let mut logs = drafted.log_files.clone();
    let chain = &mut drafted.chains[0];
    for delivery in &mut chain.digests[..6] {
        delivery.digest.digest_s3_bucket = "old".into();
        delivery.digest.log_files.iter_mut().for_each(|log| log.s3_bucket = "old".into());
    }
    let moved_at = chain.digests[6].digest.digest_start_time;
    let signed = chain.objects(keyring());
    logs.extend(signed.into_iter().map(|object| (object.key.clone(), object)));
    let (mut old, mut new) = (logs.clone(), logs);
    old.retain(|key, object| DigestKey::parse(key).map_or(object.last_modified < moved_at, |key| key.end <= moved_at));
    new.retain(|key, object| DigestKey::parse(key).map_or(object.last_modified >= moved_at, |key| key.end > moved_at));
    (old, new)
}

/// The copy of the first in a store of its own, or not at hand.
#[test]
fn a_trail_that_moved_between_buckets() {
    let (old, new) = moved();
    let end = digests(&new).last().unwrap().end;
    let start = digests(&old)[2].end;
    for main in [None, Some("example-trail-logs")] {
        let both = || vec![store(main, &new, true), store(Some("old"), &old, true)];
        let all = AuditRequest { end: Some(end), ..request(end.plus(1800)) };
        expect(&audit_of(both(), None, all.clone()), Verdict::Intact);
        let listing = AuditRequest { log_files: LogFiles::Listing, ..all.clone() };
        expect(&audit_of(both(), None, listing), Verdict::Intact);
        let ranged = AuditRequest { start: Some(start), ..all };
        expect(&audit_of(both(), None, ranged.clone()), Verdict::Intact);
        // That the old bucket is not at hand is nobody's crime.
        expect(&audit_of(vec![store(main, &new, true)], None, ranged), Verdict::Inconclusive);
    }
}

/// A name from the future, planted, changes neither the end taken from the evidence nor the coverage before it.
#[test]
fn a_planted_name_from_the_future_moves_no_end() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let end = keys[11].end;
    let mut store = bucket(&objects);
    store.put(
        &DigestKey { end: time("2031-01-01T00:00:00Z"), ..keys[0].clone() }.key(),
        "x",
        DigestMetadata::default(),
    );
    let report = audit_of(vec![store.clone()], None, request(end.plus(20 * 86_400)));
    assert_eq!(report.request.end, end);
    expect(&report, Verdict::Intact);
    let asked = AuditRequest { end: Some(end.plus(600)), ..request(end.plus(1200)) };
    expect(&audit_of(vec![store], None, asked), Verdict::Intact);
}

/// In a copy without metadata, a planted object beside a digest must not take its successor's word from it.
#[test]
fn planted_objects_do_not_cost_honest_digests_their_signature() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let mut store = store(None, &objects, false);
    let middle = &keys[6];
    store.put(&DigestKey { end: middle.end.plus(60), ..middle.clone() }.key(), "x", DigestMetadata::default());
    let request = AuditRequest { end: Some(keys[9].end), ..request(keys[11].end.plus(1800)) };
    let report = audit_of(vec![store], None, request);
    assert_eq!(
        report.findings.iter().filter(|f| f.code == Code::DigestSignatureMissing).count(),
        0,
        "{:#?}",
        codes(&report)
    );
}

/// How backfill digests link is not documented: one that names another than its neighbour is no violation.
#[test]
fn backfill_digests_may_be_generated_out_of_order() {
    let mut drafted = draft(&Scenario { backfills: 3, ..scenario() }).unwrap();
    let chain = drafted.chains.iter_mut().find(|chain| chain.chain.kind == ChainKind::Backfill).unwrap();
    assert_eq!(chain.digests.len(), 3);
    let signed = chain.sign(keyring());
    chain.digests[2].link = Link::AsDrafted;
    chain.digests[2].digest.link_to(Some(&signed[0]));
    let objects = drafted.objects(keyring());
    let end = digests(&objects).last().unwrap().end;
    expect(&audit_of(vec![bucket(&objects)], None, request(end.plus(1800))), Verdict::Intact);
}

/// A log file that a digest after the request lists too is read all the same.
#[test]
fn a_log_file_listed_again_outside_the_request_is_still_checked() {
    let mut drafted = draft(&scenario()).unwrap();
    let digests = &mut drafted.chains[0].digests;
    let twice = digests[6].digest.log_files[0].clone();
    let (end, last) = (digests[6].digest.digest_end_time, digests[11].digest.digest_end_time);
    digests[7].digest.log_files.push(twice.clone());
    let objects = drafted.objects(keyring());
    let mut store = bucket(&objects);
    store.put(&twice.s3_object, "altered", DigestMetadata::default());
    let request = AuditRequest { end: Some(end), ..request(last.plus(1800)) };
    expect(&audit_of(vec![store.clone()], None, request.clone()), Verdict::NotIntact);
    store.remove(&twice.s3_object);
    for log_files in [LogFiles::All, LogFiles::Listing] {
        let request = AuditRequest { log_files, ..request.clone() };
        expect(&audit_of(vec![store.clone()], None, request), Verdict::NotIntact);
    }
}

/// No content has both of two hashes: what two digests record differently is read, however little was to be.
#[test]
fn a_log_file_that_two_digests_record_differently_is_read() {
    for later in [false, true] {
        let mut drafted = draft(&scenario()).unwrap();
        let digests = &mut drafted.chains[0].digests;
        let mut wrong = digests[6].digest.log_files[0].clone();
        wrong.hash_value = "0".repeat(64);
        digests[if later { 7 } else { 5 }].digest.log_files.push(wrong);
        let end = digests[11].digest.digest_end_time;
        let store = bucket(&drafted.objects(keyring()));
        for log_files in [LogFiles::All, LogFiles::Listing] {
            let request = AuditRequest { log_files, ..request(end.plus(1800)) };
            let report = audit_of(vec![store.clone()], None, request);
            assert_eq!(report.verdict, Verdict::NotIntact, "{later} {log_files}");
            assert!(report.findings.iter().any(|finding| finding.code == Code::LogHashMismatch), "{later} {log_files}");
        }
    }
}

/// Log files from before validation was switched on, of which the minute is rounded up into the first hour.
#[test]
fn log_files_from_just_before_the_first_digest_are_not_asked_about() {
    let mut drafted = draft(&scenario()).unwrap();
    let digests = &mut drafted.chains[0].digests;
    digests.drain(..4);
    digests[0].link = Link::Start;
    let end = digests.last().unwrap().digest.digest_end_time;
    let start = digests[0].digest.digest_start_time;
    let mut objects = drafted.objects(keyring());
    let mut early = objects.values().find(|o| LogKey::parse(&o.key).is_some()).unwrap().clone();
    let mut name = LogKey::parse(&early.key).unwrap();
    name.name.minute = Time::from_unix((start.unix() / 300 + 1) * 300);
    early.key = name.key();
    objects.insert(early.key.clone(), early);
    expect(&audit_of(vec![bucket(&objects)], None, request(end.plus(1800))), Verdict::Intact);
}

/// Whatever year it is named after, an object in a log folder is seen.
#[test]
fn objects_planted_in_the_last_year_are_seen() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let mut store = bucket(&objects);
    let planted = format!("{}CloudTrail/us-east-1/9999/01/02/x.json.gz", keys[0].folder.path());
    store.put(&planted, "x", DigestMetadata::default());
    expect(&audit_of(vec![store], None, request(keys[11].end.plus(1800))), Verdict::Inconclusive);
}

/// A thousand planted trail names are enough; more are told of and not walked.
#[test]
fn planted_chains_are_bounded() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let mut store = bucket(&objects);
    for number in 0..50 {
        let mut key = keys[11].clone();
        key.chain.trail = format!("planted-{number}");
        store.put(&key.key(), "x", DigestMetadata::default());
    }
    let mut request = request(keys[11].end.plus(1800));
    request.limits.chains_per_region = 10;
    let report = audit_of(vec![store], None, request);
    assert_eq!(report.chains.len(), 10);
    assert!(report.findings.iter().any(|finding| finding.code == Code::FolderUnreadable));
}

/// A digest signed just after its end may be signed by a key that no list up to its end has.
#[test]
fn a_key_list_that_ends_with_the_digest_is_not_complete_for_it() {
    let objects = objects(&scenario());
    let keys = digests(&objects);
    let end = keys[11].end;
    let other = Keyring::new(8, 100_000, true);
    other.at("us-east-1", end);
    let list = |until: Time| {
        let mut list = other.public_keys();
        list.public_key_list.extend(keyring().public_keys().public_key_list);
        list.public_key_list.truncate(1);
        list.ranges = vec![trailseal::simulate::KeyRange {
            region: "us-east-1".into(),
            start_time: end.plus(-30 * 86_400),
            end_time: until,
        }];
        KeysAtHand::new(parse_key_file(&serde_json::to_vec(&list).unwrap()).unwrap(), "test", KeyOrigin::Pinned)
    };
    let request = AuditRequest { start: Some(end.plus(-1800)), end: Some(end), ..request(end.plus(1800)) };
    let evidence = |last: bool| {
        let mut store = MemoryStore::new(None);
        objects.values().filter(|o| last == (o.key == keys[11].key())).for_each(|o| put(&mut store, o, false));
        Evidence { stores: vec![Arc::new(store)], ..Evidence::default() }
    };
    let audit = |until| audit_blocking(evidence(true), Arc::new(list(until)), request.clone(), Arc::new(Silent));
    // One digest, without metadata, that names a key not listed.
    assert!(audit(end).is_err(), "it may be a key that came later: no verdict on the evidence");
    assert_eq!(audit(end.plus(7200)).unwrap().verdict, Verdict::NotIntact);
}

/// Both buckets' copies in one directory, and the digest at the border gone: what lies before it still verifies.
#[test]
fn a_lost_digest_at_the_border_of_two_buckets_costs_one_hour() {
    let mut drafted = draft(&scenario()).unwrap();
    for delivery in &mut drafted.chains[0].digests[..6] {
        delivery.digest.digest_s3_bucket = "old".into();
        delivery.digest.log_files.iter_mut().for_each(|log| log.s3_bucket = "old".into());
    }
    let objects = drafted.objects(keyring());
    let keys = digests(&objects);
    let mut store = store(None, &objects, true);
    store.remove(&keys[5].key());
    let report = audit_of(vec![store], None, request(keys[11].end.plus(1800)));
    assert_eq!(report.totals.digests.verified, 11, "{:#?}", codes(&report));
    assert_ne!(report.verdict, Verdict::Intact);
}

/// No start was asked for, and of one chain everything up to the end is gone: what is left of it after the end shows
/// that it had gone on before.
#[test]
fn a_chain_of_which_only_what_follows_the_request_is_left_is_not_passed_over() {
    let two = Scenario { trails: vec!["one".into(), "two".into()], ..scenario() };
    let objects = objects(&two);
    let keys = digests(&objects);
    let last = keys.last().unwrap().end;
    let end = last.plus(-3 * 3600 - 600);
    let vouched = |key: &DigestKey| key.chain.trail == "two" && key.end.plus(-3600) < end;
    for log_files in [LogFiles::All, LogFiles::None] {
        let mut store = bucket(&objects);
        let mut drafted = draft(&two).unwrap();
        for key in keys.iter().filter(|key| vouched(key)) {
            store.remove(&key.key());
        }
        for delivery in drafted.chains.iter_mut().flat_map(|chain| &mut chain.digests) {
            if DigestKey::parse(&delivery.digest.digest_s3_object).is_some_and(|key| vouched(&key)) {
                delivery.digest.log_files.iter().for_each(|log| store.remove(&log.s3_object));
            }
        }
        let request = AuditRequest { end: Some(end), log_files, ..request(last.plus(1800)) };
        let report = audit_of(vec![store], None, request);
        expect(&report, Verdict::Inconclusive);
        assert!(report.chains.iter().any(|chain| chain.trail == "two" && !chain.holes.is_empty()));
    }
}

/// A store that panics where an object is asked for.
struct Panicking {
    store: MemoryStore,
    key: String,
    /// On a thread that hashes, and not in a task.
    at_hand: bool,
}

#[async_trait]
impl ObjectStore for Panicking {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn framing(&self) -> Framing {
        Framing::Gzip
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.store.folder(prefix).await
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        self.store.list(prefix, range)
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        assert_ne!(key, self.key, "as was meant");
        self.store.get(key).await
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        assert!(!self.at_hand || key != self.key, "as was meant");
        self.at_hand.then(|| self.store.get_now(key)).flatten()
    }
}

/// Whatever was under way has no answer, and so there is no verdict.
#[test]
fn a_worker_that_panics_leaves_no_verdict() {
    let objects = objects(&scenario());
    let end = digests(&objects).last().unwrap().end;
    let digest = digests(&objects)[5].key();
    let log = objects.keys().find(|key| LogKey::parse(key).is_some()).unwrap().clone();
    let list = serde_json::to_vec(&keyring().public_keys()).unwrap();
    for (key, at_hand, panics) in
        [(digest, false, true), (log.clone(), false, true), (log, true, true), ("none".into(), true, false)]
    {
        let keys = KeysAtHand::new(parse_key_file(&list).unwrap(), "test", KeyOrigin::Pinned);
        let store = Arc::new(Panicking { store: bucket(&objects), key, at_hand });
        let evidence = Evidence { stores: vec![store], ..Evidence::default() };
        let request = request(end.plus(1800));
        // Where it comes to the caller as a panic, there is no verdict either.
        let audit = move || audit_blocking(evidence, Arc::new(keys), request, Arc::new(Silent));
        let audited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(audit));
        assert_eq!(audited.is_ok_and(|verdict| verdict.is_ok()), !panics, "{at_hand}");
    }
}

/// Keys that are given once, as AWS gives those of one time: what is asked for later has others.
struct Once(KeysAtHand, AtomicBool);

#[async_trait]
impl KeySource for Once {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn origin(&self) -> KeyOrigin {
        self.0.origin()
    }

    async fn keys(&self, region: &str, range: Interval) -> Result<Arc<KeySet>, KeySourceError> {
        let again = self.1.swap(true, Ordering::Relaxed);
        if again { Ok(Arc::default()) } else { self.0.keys(region, range).await }
    }
}

/// Looking on for one that no digest names asks for keys of a later time; those of the others are still named.
#[test]
fn a_log_file_that_is_looked_for_longer_costs_the_others_no_key() {
    let objects = objects(&scenario());
    let named: Vec<LogKey> = objects.keys().filter_map(|key| LogKey::parse(key)).take(1).collect();
    let mut absent = named[0].clone();
    absent.name.minute = absent.name.minute.plus(8 * 3600);
    let mut request = request(digests(&objects).last().unwrap().end);
    request.select.named = vec![named[0].clone(), absent];
    keyring().at("us-east-1", time("2026-01-10T12:00:00Z"));
    let list = serde_json::to_vec(&keyring().public_keys()).unwrap();
    let keys = KeysAtHand::new(parse_key_file(&list).unwrap(), "test", KeyOrigin::Pinned);
    let evidence = Evidence { stores: vec![Arc::new(bucket(&objects))], ..Evidence::default() };
    let keys = Arc::new(Once(keys, AtomicBool::new(false)));
    let report = audit_blocking(evidence, keys, request, Arc::new(Silent)).unwrap();
    assert_eq!(report.totals.log_files.verified, 1, "{:#?}", codes(&report));
    assert_eq!(report.public_keys.len(), 1);
}
