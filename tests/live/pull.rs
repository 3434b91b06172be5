//! A copy that was pulled gets the report that the bucket gets, whatever was done to it and however the pull went.

use std::path::PathBuf;

use trailseal::report::{Report, Verdict};
use trailseal::simulate::Scenario;

use crate::proxy::{Fault, Rule, Times, anything, logs};
use crate::regions::moved;
use crate::same_as_a_copy::{LIES, same, varied};
use crate::world::{Run, World};

/// Pulls everything that an audit of these times looks at.
fn pull(world: &World, more: &[&str]) -> (Run, PathBuf) {
    let copy = world.scratch.path().join("pulled");
    let (source, times) = (world.source(), world.times());
    let mut arguments = vec!["pull", &source, copy.to_str().unwrap()];
    // What was asked for last counts.
    arguments.extend(if more.contains(&"--end-time") { &times[4..] } else { &times[..] }.iter().map(String::as_str));
    arguments.extend(more);
    (world.run(&arguments), copy)
}

/// The report of the copy, under keys that were exported apart from it.
fn of_copy(world: &World, copy: &std::path::Path, more: &[&str]) -> Report {
    let keys = world.scratch.path().join("exported.json");
    let (source, times) = (world.source(), world.times());
    let mut export = vec!["keys", "export", &source, "--output", keys.to_str().unwrap()];
    export.extend(times[..4].iter().map(String::as_str));
    let exported = world.run(&export);
    assert_eq!(exported.status, Some(0), "{}{}", exported.stdout, exported.stderr);
    let mut arguments = vec!["--public-keys", keys.to_str().unwrap()];
    arguments.extend(more);
    world.verify_source(Some(copy.to_str().unwrap()), &arguments).report()
}

fn gets(world: &World) -> u64 {
    world.endpoint.journal.count("GetObject") as u64
}

#[test]
fn a_pulled_copy_gets_the_report_of_the_bucket() {
    let world = World::of(varied());
    let (run, copy) = pull(&world, &[]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    let report = of_copy(&world, &copy, &[]);
    assert!(report.totals.log_files.verified > 10, "{:?}", report.totals);
    same(&world.verify(&[]).report(), &report);
    for more in [&["--log-files", "listing"][..], &["--log-files", "none"], &["--region", "eu-west-1"]] {
        same(&world.verify(more).report(), &of_copy(&world, &copy, more));
    }
}

#[test]
fn so_does_one_of_what_was_tampered_with() {
    for (name, verdict, lie) in LIES.into_iter().filter(|(name, ..)| *name != "everything deleted") {
        let mut world = World::of(Scenario { restarts: 0, late_log_files: 0, ..varied() });
        world.lie(lie);
        let (run, copy) = pull(&world, &[]);
        assert!(matches!(run.status, Some(0 | 3)), "{name}: {}{}", run.stdout, run.stderr);
        let report = of_copy(&world, &copy, &[]);
        assert_eq!(report.verdict, verdict, "{name}: {:#?}", report.findings);
        same(&world.verify(&[]).report(), &report);
    }
}

#[test]
fn a_second_pull_fetches_what_is_missing_or_changed_alone() {
    let world = World::of(varied());
    let (_, copy) = pull(&world, &[]);
    let first = gets(&world);
    let (again, _) = pull(&world, &[]);
    // The oldest digest of each of the two chains is looked at, for where it leads, and so is the one after its gap.
    assert_eq!((again.status, gets(&world)), (Some(0), first + 4), "{}{}", again.stdout, again.stderr);
    assert!(again.stdout.contains("fetched     0 objects"), "{}", again.stdout);
    let log = copy.join(&world.logs()[0]);
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, &whole[1..]).unwrap();
    std::fs::remove_file(copy.join(&world.digests()[0])).unwrap();
    let (mended, _) = pull(&world, &[]);
    assert_eq!((mended.status, gets(&world)), (Some(0), first + 8 + 2), "{}{}", mended.stdout, mended.stderr);
    assert_eq!(std::fs::read(&log).unwrap(), whole);
}

#[test]
fn faults_that_end_leave_a_whole_copy_and_those_that_stay_are_told() {
    let world = World::of(varied());
    let patience = ["--read-timeout", "1", "--max-attempts", "6"];
    for fault in [Fault::SlowDown, Fault::Reset, Fault::Truncated] {
        world.proxy.clear();
        world.proxy.add(Rule::new(anything(), fault, Times::First(6)));
        let (run, copy) = pull(&world, &patience);
        assert_eq!(run.status, Some(0), "{fault:?}: {}{}", run.stdout, run.stderr);
        std::fs::remove_dir_all(copy).unwrap();
    }
    world.proxy.clear();
    let denied = world.logs()[1].clone();
    let name = denied.clone();
    let matcher = logs();
    let this = move |seen: &crate::proxy::Seen| matcher(seen) && seen.path.ends_with(&name);
    world.proxy.add(Rule::new(Box::new(this), Fault::AccessDenied, Times::Forever));
    let (run, copy) = pull(&world, &patience);
    assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains(&denied), "{}", run.stderr);
    let report = of_copy(&world, &copy, &[]);
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:#?}", report.findings);
    same(&world.verify(&[]).report(), &report);
}

#[test]
fn a_moved_trail_is_copied_from_both_its_buckets() {
    let world = moved();
    let (run, copy) = pull(&world, &[]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(copy.join(".trailseal/buckets/old-bucket/AWSLogs").is_dir());
    let report = of_copy(&world, &copy, &[]);
    assert_eq!(report.verdict, Verdict::Intact, "{:#?}", report.findings);
    same(&world.verify(&[]).report(), &report);
}
