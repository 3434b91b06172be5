//! A bucket that another one is replicated to: keys and metadata are kept, and the digests name the other one.

use trailseal::finding::Code;
use trailseal::report::Verdict;
use trailseal::simulate::Scenario;

use crate::same_as_a_copy::{same, varied};
use crate::world::World;

fn honest() -> Scenario {
    Scenario { restarts: 0, ..varied() }
}

/// The bucket that is asked; that of the trail is not to be had.
fn replicated() -> World {
    let mut world = World::of(honest());
    let own = std::mem::replace(&mut world.scenario.bucket, "a-replica".to_owned());
    world.endpoint.s3.create("a-replica", "eu-west-3");
    world.endpoint.s3.load("a-replica", world.objects.values());
    world.endpoint.s3.empty(&own);
    world
}

const ORIGINAL: &str = "live-trail";

#[test]
fn a_replica_is_verified_as_what_it_is_a_replica_of() {
    let original = World::of(honest()).verify(&[]).report();
    let world = replicated();
    let run = world.verify(&["--bucket", ORIGINAL]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(0), Verdict::Intact), "{}{:#?}", run.stderr, report.findings);
    same(&report, &original);
    assert_eq!(report.request.source, "s3://a-replica/");
    assert_eq!(report.request.delivered_to.as_deref(), Some(ORIGINAL), "the report tells what was believed");
    let text = std::fs::read_to_string(world.scratch.path().join("report.txt")).unwrap();
    assert!(text.contains("  copy of    s3://live-trail, as was said\n"), "{text}");

    let log = world.logs().remove(0);
    world.endpoint.s3.remove("a-replica", &log);
    let report = world.verify(&["--bucket", ORIGINAL]).report();
    assert_eq!(report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::LogMissing]);
}

#[test]
fn a_copy_of_a_replica_verifies_like_it() {
    let world = replicated();
    let copy = world.scratch.path().join("pulled");
    let (source, times) = (world.source(), world.times());
    let mut arguments = vec!["pull", &source, copy.to_str().unwrap(), "--bucket", ORIGINAL];
    arguments.extend(times.iter().map(String::as_str));
    let pulled = world.run(&arguments);
    assert_eq!(pulled.status, Some(0), "{}{}", pulled.stdout, pulled.stderr);
    let (_, keys) = world.on_disk();
    let run = world.verify_source(copy.to_str(), &["--public-keys", keys.to_str().unwrap()]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
}

/// Nobody said that it is one: what lies in a bucket that it was not delivered to was put there.
#[test]
fn what_is_not_said_to_be_a_replica_is_where_it_does_not_belong() {
    let world = replicated();
    let run = world.verify(&[]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(1), Verdict::NotIntact));
    let moved = report.findings.iter().find(|finding| finding.code == Code::DigestMoved).expect("a digest was moved");
    assert!(moved.code.next_step().contains("`--bucket`"), "{}", moved.code.next_step());
}

#[test]
fn a_replica_of_another_bucket_is_a_slip_of_the_caller() {
    let world = replicated();
    let run = world.verify(&["--bucket", "another-trail"]);
    assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
    let told = "every digest file says that it was delivered elsewhere than --bucket or --s3-prefix say, such as to s3://live-trail/";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}
