//! Keys of each region, a bucket in another one, and a trail that was moved.

use std::path::Path;

use trailseal::finding::{Code, Severity};
use trailseal::report::Verdict;
use trailseal::simulate::Scenario;

use crate::aws_api::{PublicKey, RegionAnswer};
use crate::proxy::{Fault, Rule, Times, listing_of};
use crate::world::{REGION, World, small};

fn two_regions() -> World {
    World::of(Scenario { regions: vec![REGION.to_owned(), "eu-west-1".to_owned()], shared_keys: false, ..small() })
}

#[test]
fn each_region_is_asked_for_its_own_keys() {
    let world = two_regions();
    world.endpoint.api.state().cloudtrail.keys_a_page = 1;
    let run = world.verify(&[]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    let fingerprints: Vec<String> = run.report().public_keys.into_iter().map(|key| key.fingerprint).collect();
    let mut expected: Vec<String> =
        world.summary.public_keys.public_key_list.iter().map(|key| key.fingerprint.clone()).collect();
    expected.sort();
    assert_eq!(fingerprints, expected);
}

#[test]
fn a_region_that_gives_out_no_keys_leaves_the_others_proven() {
    let world = two_regions();
    for answer in [RegionAnswer::Denied, RegionAnswer::Unrecognized, RegionAnswer::Throttled(usize::MAX)] {
        world.endpoint.api.state().cloudtrail.regions = [("eu-west-1".to_owned(), answer)].into();
        let run = world.verify(&["--max-attempts", "2"]);
        let report = run.report();
        assert_eq!((run.status, report.verdict), (Some(3), Verdict::Inconclusive), "{answer:?}");
        assert!(report.findings.iter().all(|finding| finding.severity != Severity::Violation), "{answer:?}");
        let named = report.findings.iter().filter(|finding| finding.code == Code::PublicKeyUnavailable);
        let regions = named.map(|finding| finding.chain.as_ref().unwrap().region.as_str());
        assert_eq!(regions.clone().filter(|region| *region != "eu-west-1").count(), 0, "{answer:?}");
        assert!(regions.count() > 0, "{answer:?}: {:#?}", report.findings);
        for chain in &report.chains {
            let proven = if chain.region == "eu-west-1" { 0 } else { 3 };
            assert_eq!((chain.digests.verified, chain.digests.violated), (proven, 0), "{answer:?}: {}", chain.region);
        }
        assert_eq!(report.chains.len(), 2, "{answer:?}");
    }
    world.endpoint.api.state().cloudtrail.regions = [("eu-west-1".to_owned(), RegionAnswer::Throttled(2))].into();
    assert_eq!(world.verify(&["--max-attempts", "5"]).status, Some(0));
}

#[test]
fn a_bucket_in_another_region() {
    let mut world = World::in_region(small(), "eu-central-1");
    let mut reports = Vec::new();
    // S3 answers differently to its oldest region and to the others.
    for profile in ["us-east-1", "us-west-2", "eu-central-1"] {
        world.environment = [("AWS_REGION", profile.to_owned()), ("AWS_DEFAULT_REGION", profile.to_owned())].into();
        let run = world.verify(&[]);
        assert_eq!(run.status, Some(0), "{profile}: {}{}", run.stdout, run.stderr);
        reports.push(run.stdout);
    }
    assert!(reports.iter().all(|report| *report == reports[0]), "the profile's region shows in the report");
}

/// A trail that delivered to `old-bucket` for two hours, and then elsewhere.
pub(crate) fn moved() -> World {
    of_case("bucket-changed-and-both-at-hand")
}

/// The two buckets of a case.
fn of_case(name: &str) -> World {
    let world = World::of(Scenario { bucket: "example-trail-logs".to_owned(), hours: 4, ..small() });
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let case = cases.join(name);
    let s3 = &world.endpoint.s3;
    s3.empty("example-trail-logs");
    s3.load_directory("example-trail-logs", &case.join("evidence"));
    // Nobody said that the two were in one region.
    s3.create("old-bucket", "eu-west-3");
    s3.load_directory("old-bucket", &case.join("old-bucket"));
    let keys = std::fs::read_to_string(cases.join("public-keys.json")).unwrap();
    world.endpoint.api.state().cloudtrail.keys = PublicKey::parse(&keys);
    world
}

#[test]
fn a_trail_that_was_moved_is_followed() {
    let world = moved();
    let run = world.verify(&[]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(0), Verdict::Intact), "{:#?}", report.findings);
    assert_eq!((report.totals.digests.verified, report.chains[0].holes.len()), (4, 0));
    let log = world.endpoint.s3.keys("old-bucket").into_iter().find(|key| key.contains("/CloudTrail/")).unwrap();
    world.endpoint.s3.remove("old-bucket", &log);
    let report = world.verify(&[]).report();
    let missing: Vec<_> = report.findings.iter().filter(|finding| finding.code == Code::LogMissing).collect();
    assert_eq!(missing.len(), 1, "{:#?}", report.findings);
    let at = missing[0].subject.as_ref().unwrap();
    assert_eq!((at.bucket.as_str(), at.key.as_str()), ("old-bucket", log.as_str()));
}

/// The bucket in which it began is the one in which it goes on, so that only a gap leads to the other.
#[test]
fn a_trail_that_was_moved_and_moved_back_is_followed() {
    let world = of_case("bucket-changed-and-changed-back-and-both-at-hand");
    let report = world.verify(&[]).report();
    assert_eq!(report.verdict, Verdict::Intact, "{:#?}", report.findings);
    assert_eq!((report.totals.digests.verified, report.chains[0].holes.len()), (4, 0));
    let log = world.endpoint.s3.keys("old-bucket").into_iter().find(|key| key.contains("/CloudTrail/")).unwrap();
    world.endpoint.s3.remove("old-bucket", &log);
    let report = world.verify(&[]).report();
    assert_eq!(report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::LogMissing]);
}

#[test]
fn a_bucket_before_the_move_that_may_not_be_read_is_no_tampering() {
    let world = moved();
    let old = |seen: &crate::proxy::Seen| seen.path.starts_with("/old-bucket");
    world.proxy.add(Rule::new(Box::new(old), Fault::AccessDenied, Times::Forever));
    let run = world.verify(&[]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(3), Verdict::Inconclusive), "{:#?}", report.findings);
    assert!(world.proxy.spoiled() > 0);
    assert_eq!(report.totals.digests.verified, 2);
    world.proxy.clear();
    world.proxy.add(Rule::new(listing_of("AWSLogs/nobody"), Fault::AccessDenied, Times::Forever));
    assert_eq!(world.verify(&[]).status, Some(0));
}
