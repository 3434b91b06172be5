//! `--log-files listing`: what was written after the time of its digest is read all the same.

use std::collections::BTreeMap;

use trailseal::finding::Code;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::{Scenario, gzip};
use trailseal::trail::Time;

use crate::s3_server::Stored;
use crate::world::{Run, World, small};

fn world() -> World {
    World::of(Scenario { hours: 6, ..small() })
}

/// The run, and the log files that it read.
fn listing(world: &World) -> (Run, Report, Vec<String>) {
    world.proxy.clear();
    let run = world.verify(&["--log-files", "listing"]);
    let report = run.report();
    let seen = world.proxy.seen().into_iter();
    let read = seen.filter_map(|seen| seen.key().map(str::to_owned)).filter(|key| key.contains("/CloudTrail/"));
    (run, report, read.collect())
}

fn findings(report: &Report) -> Vec<(Code, &str)> {
    let subject = |finding: &'_ trailseal::finding::Finding| finding.code;
    report
        .findings
        .iter()
        .map(|found| (subject(found), found.subject.as_ref().map_or("", |at| at.key.as_str())))
        .collect()
}

/// Writes an object again, days after.
fn written_later(world: &World, key: &str) -> Time {
    let later = world.summary.taken_at;
    world.endpoint.s3.alter(&world.scenario.bucket, key, |stored| stored.last_modified = later);
    later
}

/// The digest that lists a log file.
fn digest_of(world: &World, log: &str) -> String {
    let lists = |key: &&String| {
        let mut text = String::new();
        let mut body = flate2::read::GzDecoder::new(&world.objects[*key].body[..]);
        std::io::Read::read_to_string(&mut body, &mut text).unwrap();
        text.contains(log)
    };
    world.digests().iter().find(lists).unwrap().clone()
}

#[test]
fn what_was_not_written_again_is_not_read() {
    let world = world();
    let (run, report, read) = listing(&world);
    assert_eq!((run.status, report.verdict, findings(&report)), (Some(0), Verdict::Intact, vec![]));
    assert_eq!(read, Vec::<String>::new());
    assert!(report.headline().contains("chain and listing only, 0 of"), "{}", report.headline());
    let skipped: Vec<_> =
        report.checks.skipped.iter().filter(|skipped| skipped.contains("content of the log files")).collect();
    assert_eq!(skipped.len(), 1, "{:?}", report.checks.skipped);
    for said in ["written after the time of its digest was read", "was not looked at", "--log-files listing"] {
        assert!(skipped[0].contains(said), "{}", skipped[0]);
    }
}

#[test]
fn the_same_written_again_is_worth_a_note() {
    let world = world();
    let log = world.logs()[2].clone();
    written_later(&world, &log);
    let (run, report, read) = listing(&world);
    assert_eq!((run.status, read), (Some(0), vec![log.clone()]), "{}", run.stdout);
    assert_eq!(findings(&report), [(Code::LogModifiedAfterDelivery, log.as_str())]);
}

#[test]
fn a_digest_written_again_does_not_hide_its_log_files() {
    // Within the time in which a digest may still come, and days after.
    for later in [Some(70 * 60), None] {
        hides_nothing(&world(), later);
    }
}

/// Has a log file replaced, and then its digest written again: so many seconds after it was delivered, or now.
fn hides_nothing(world: &World, later: Option<i64>) {
    let log = world.logs()[0].clone();
    let digest = digest_of(world, &log);
    let bucket = world.scenario.bucket.clone();
    let later = match later {
        None => written_later(world, &digest),
        Some(after) => {
            let later = world.objects[&log].last_modified.plus(after);
            world.endpoint.s3.alter(&bucket, &digest, |stored| stored.last_modified = later);
            later
        }
    };
    let mut forged = Stored::new(gzip(b"{\"Records\":[]}"), BTreeMap::new(), later);
    forged.last_modified = later.plus(-60);
    world.endpoint.s3.put(&bucket, &log, forged);
    let (run, report, read) = listing(world);
    assert!(read.contains(&log), "{read:?}");
    assert_eq!(run.status, Some(1), "{}", run.stdout);
    let altered: Vec<_> = findings(&report).into_iter().filter(|(code, _)| *code == Code::LogHashMismatch).collect();
    assert_eq!(altered, [(Code::LogHashMismatch, log.as_str())]);
    let others = findings(&report).into_iter().filter(|(code, _)| *code != Code::LogHashMismatch);
    let others: Vec<_> = others.collect();
    let harmless = |(code, _): &(Code, &str)| matches!(code, Code::DigestLate | Code::LogModifiedAfterDelivery);
    assert!(others.iter().all(harmless), "{others:?}");
}
