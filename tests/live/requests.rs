//! What is asked of AWS: how often, and what a policy must allow.

use std::collections::BTreeMap;

use trailseal::finding::Code;
use trailseal::report::Verdict;
use trailseal::simulate::{Scenario, gzip};

use crate::journal::Resource;
use crate::s3_server::Stored;
use crate::world::{World, small};

fn day() -> Scenario {
    Scenario { hours: 12, log_files_per_hour: 8, ..small() }
}

fn gets(world: &World, part: &str) -> usize {
    world.proxy.seen().iter().filter(|seen| seen.key().is_some_and(|key| key.contains(part))).count()
}

#[test]
fn every_object_is_read_once() {
    let world = World::of(day());
    assert_eq!(world.verify(&[]).status, Some(0));
    // One digest before the request may be looked at, were there one.
    assert_eq!(gets(&world, "/CloudTrail-Digest/"), world.digests().len());
    assert_eq!(gets(&world, "/CloudTrail/"), world.logs().len());
    assert_eq!(world.endpoint.journal.count("GetObject"), world.objects.len());
    assert_eq!(world.endpoint.journal.count("HeadObject"), 0);
}

/// The SDK gives each of its requests an id of its own; what is modelled on an earlier one has none.
#[test]
fn log_files_take_the_short_way() {
    let world = World::of(day());
    assert_eq!(world.verify(&[]).status, Some(0));
    let seen = world.proxy.seen();
    let ways = |part: &str| {
        let gets = seen.iter().filter(|seen| seen.key().is_some_and(|key| key.contains(part)));
        gets.map(|seen| seen.headers.iter().any(|name| name == "amz-sdk-invocation-id")).collect::<Vec<bool>>()
    };
    assert!(ways("/CloudTrail-Digest/").contains(&true), "the first GET is the SDK's");
    // Each follows its digest, which was answered.
    assert_eq!(ways("/CloudTrail/"), vec![false; world.logs().len()]);
}

#[test]
fn hashed_together_or_one_by_one_it_is_the_same_report() {
    let mut world = World::of(day());
    let (altered, gone) = (world.logs()[3].clone(), world.logs()[9].clone());
    world.lie(|objects| {
        objects.get_mut(&altered).unwrap().body = gzip(b"{\"Records\":[]}");
        objects.remove(&gone);
    });
    let report = |hasher: &str| {
        let mut report = world.verify(&["--hasher", hasher]).report();
        (report.checks.hasher.take(), report)
    };
    let ((single, one_by_one), (lockstep, together)) = (report("single"), report("lockstep"));
    assert_eq!(single.as_deref(), Some("sha2"));
    assert!(lockstep.is_some());
    assert_eq!(one_by_one, together);
    assert_eq!(together.verdict, Verdict::NotIntact);
    for code in [Code::LogHashMismatch, Code::LogMissing] {
        assert_eq!(together.findings.iter().filter(|found| found.code == code).count(), 1, "{code:?}");
    }
}

#[test]
fn a_listing_in_place_of_reading_costs_few_requests() {
    let world = World::of(day());
    let logs = world.logs();
    assert!(logs.len() > 60);
    let run = world.verify(&["--log-files", "listing"]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(0), Verdict::Intact), "{:#?}", report.findings);
    assert_eq!((gets(&world, "/CloudTrail/"), gets(&world, "/CloudTrail-Digest/")), (0, world.digests().len()));
    let lists = world.endpoint.journal.count("ListObjectsV2");
    assert!((1..=LISTS_OF_A_DAY).contains(&lists), "{lists} listings for one account, region and day");

    // A file written after its digest is read, whatever was asked; its neighbours are not.
    let (bucket, rewritten) = (&world.scenario.bucket, &logs[7]);
    let later = world.summary.taken_at;
    world.endpoint.s3.put(bucket, rewritten, Stored::new(gzip(b"{\"Records\":[]}"), BTreeMap::new(), later));
    world.proxy.clear();
    let run = world.verify(&["--log-files", "listing"]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(1), Verdict::NotIntact));
    let found: Vec<_> = report.findings.iter().filter(|found| found.code == Code::LogHashMismatch).collect();
    assert_eq!((found.len(), &found[0].subject.as_ref().unwrap().key), (1, rewritten));
    assert_eq!(gets(&world, "/CloudTrail/"), 1);
}

#[test]
fn the_chain_alone_reads_no_log_file() {
    let world = World::of(day());
    assert_eq!(world.verify(&["--log-files", "none"]).status, Some(0));
    assert_eq!((gets(&world, "/CloudTrail/"), gets(&world, "/CloudTrail-Digest/")), (0, world.digests().len()));
}

#[test]
fn reading_a_bucket_takes_the_rights_that_the_readme_lists() {
    let world = World::small();
    assert_eq!(world.verify(&[]).status, Some(0));
    let listed = [
        ("cloudtrail:ListPublicKeys", Resource::Any),
        ("s3:GetBucketLocation", Resource::Bucket),
        ("s3:GetObject", Resource::Object),
        ("s3:ListBucket", Resource::Bucket),
    ];
    for (action, on) in world.endpoint.journal.actions() {
        assert!(listed.contains(&(action.as_str(), on)), "{action} on {on:?} is needed too");
    }
}

#[test]
fn no_request_writes_anything() {
    let world = World::small();
    assert_eq!(world.verify(&[]).status, Some(0));
    let seen = world.proxy.seen();
    let is_api = |seen: &crate::proxy::Seen| seen.headers.iter().any(|name| name == "x-amz-target");
    let other = seen.iter().filter(|seen| !matches!(seen.method.as_str(), "GET" | "HEAD") && !is_api(seen));
    let other: Vec<_> = other.map(|seen| (&seen.method, &seen.path)).collect();
    assert!(other.is_empty(), "{other:?}");
}

/// The bucket, down to the account and its regions, the digests, the log folders year by month by day, and the day.
const LISTS_OF_A_DAY: usize = 16;
