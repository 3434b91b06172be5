//! One log file of a bucket, asked for by name: what is requested for it, and nothing else.

use std::fs;

use trailseal::report::Verdict;
use trailseal::simulate::{Scenario, gzip};
use trailseal::trail::{DigestKey, LogKey};

use crate::world::{Run, World, small};

/// Two trails that share a bucket, and a busy hour.
fn shared() -> Scenario {
    Scenario { hours: 6, log_files_per_hour: 6, trails: vec!["audit".to_owned(), "other".to_owned()], ..small() }
}

impl World {
    /// The objects that were asked for, in order of their keys.
    fn asked_for(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.proxy.seen().iter().filter_map(|seen| Some(seen.key()?.to_owned())).collect();
        keys.retain(|key| !key.is_empty());
        keys.sort();
        keys.dedup();
        keys
    }

    fn inspect(&self, key: &str, more: &[&str]) -> Run {
        let (url, now) = (format!("{}/{key}", self.source()), self.summary.taken_at.to_string());
        self.run(&[&["inspect", &url, "--now", &now], more].concat())
    }
}

/// A log file in the middle of the trail.
fn a_log(world: &World) -> String {
    let logs = world.logs();
    logs[logs.len() / 2].clone()
}

#[test]
fn one_log_file_costs_the_digests_of_its_hour_and_itself() {
    let world = World::of(shared());
    let log = a_log(&world);
    let run = world.inspect(&log, &[]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("records this very content") && run.stdout.ends_with("result               proven\n"));
    let asked = world.asked_for();
    let (digests, logs): (Vec<&String>, Vec<&String>) = asked.iter().partition(|key| DigestKey::parse(key).is_some());
    assert_eq!(logs, [&log], "no other log file is read");
    let minute = LogKey::parse(&log).unwrap().name.minute;
    let ends: Vec<i64> = digests.iter().map(|key| DigestKey::parse(key).unwrap().end.since(minute)).collect();
    assert!((1..=2).contains(&digests.len()) && ends.iter().all(|after| (0..3_600).contains(after)), "{digests:?}");
    assert_eq!(world.endpoint.journal.count("GetObject"), asked.len());
    assert!(world.endpoint.journal.count("ListObjectsV2") <= 2, "the days of its digests alone are listed");
}

#[test]
fn what_was_done_to_it_is_told() {
    let mut world = World::of(shared());
    let log = a_log(&world);
    let planted = format!("{}_AAAAAAAAAAAAAAAA.json.gz", log.rsplit_once('_').unwrap().0);
    let whole = world.objects.clone();
    world.lie(|objects| objects.get_mut(&log).unwrap().body = gzip(b"{\"Records\":[]}"));
    let run = world.inspect(&log, &[]);
    assert_eq!(run.status, Some(1), "{}", run.stdout);
    assert!(
        run.stdout.contains("log-hash-mismatch: ") && run.stdout.contains("records OTHER content"),
        "{}",
        run.stdout
    );
    world.lie(|objects| drop(objects.remove(&log)));
    let run = world.inspect(&log, &[]);
    assert_eq!(run.status, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("log-missing: "), "{}", run.stdout);
    let copied = whole[&log].clone();
    world.lie(|objects| {
        *objects = whole;
        objects.insert(planted.clone(), trailseal::simulate::SimulatedObject { key: planted.clone(), ..copied });
    });
    world.proxy.clear();
    let run = world.inspect(&planted, &[]);
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    assert!(run.stdout.contains("log-unlisted: ") && run.stdout.contains("not read: no verified digest names it"));
    assert!(world.asked_for().iter().all(|key| LogKey::parse(key).is_none()), "no log file is read");
    assert_eq!(world.inspect("AWSLogs/no-log-file", &[]).status, Some(2));
}

#[test]
fn a_bundle_of_one_log_file_of_a_bucket_is_verified_offline() {
    let world = World::of(shared());
    let log = a_log(&world);
    let out = world.scratch.path().join("one.zip");
    let (out, url) = (out.to_str().unwrap(), format!("{}/{log}", world.source()));
    let made = world.run(&["bundle", &url, out, "--format", "json"]);
    assert_eq!(made.status, Some(0), "{}", made.stderr);
    let report = made.report();
    assert_eq!((report.totals.log_files.verified, report.request.named_log_files), (1, vec![log.clone()]));
    assert!(world.asked_for().iter().all(|key| *key == log || DigestKey::parse(key).is_some()));
    let keys = world.on_disk().1;
    let keys = ["--public-keys", keys.to_str().unwrap()];
    world.proxy.clear();
    let verified = world.run(&[&["verify", out, "--format", "json"], &keys[..]].concat());
    let report = verified.report();
    assert_eq!((verified.status, report.verdict), (Some(0), Verdict::Intact), "{:#?}", report.findings);
    assert!(report.headline().starts_with("intact: 1 of 1 log file asked for by name verified, 1 of 1 digest files"));
    assert!(world.proxy.seen().is_empty(), "nobody is asked");
}

#[test]
fn the_options_name_it_too() {
    let world = World::of(Scenario {
        prefix: "audit/logs".to_owned(),
        organization: Some("o-exampleorgid".to_owned()),
        ..small()
    });
    let log = a_log(&world);
    let source = world.source();
    let run = world.run(&["verify", &source, "--log-file", &log, "--format", "json"]);
    let report = run.report();
    assert_eq!((run.status, report.totals.log_files.verified), (Some(0), 1), "{:#?}", report.findings);
    assert_eq!(world.inspect(&log, &[]).status, Some(0));
    let arn = world.trail_arn(&world.scenario.trails[0]);
    let run = world.run(&["verify", &arn, "--log-file", &log, "--format", "json"]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    // A file at hand, held against the bucket.
    let at_hand = world.scratch.path().join(log.rsplit('/').next().unwrap());
    fs::write(&at_hand, &world.objects[&log].body).unwrap();
    let at_hand = at_hand.to_str().unwrap();
    let run = world.run(&["inspect", at_hand, "--in", &source]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    fs::write(at_hand, gzip(b"{\"Records\":[]}")).unwrap();
    assert_eq!(world.run(&["inspect", at_hand, "--in", &source]).status, Some(1));
}
