//! SIGINT and SIGTERM while requests are under way that are never answered: a partial report, or a copy to go on with.

use std::fs;
use std::process::{Child, Command};
use std::sync::mpsc;

use trailseal::finding::{Code, Reason};
use trailseal::report::{Report, Verdict};

use crate::proxy::{Fault, Matcher, Rule, Seen, Times, digests, key, listing_of, listings, logs};
use crate::same_as_a_copy::same;
use crate::world::{Run, World, waited_for};

type Place = fn() -> Matcher;

const SIGNALS: [&str; 2] = ["INT", "TERM"];

fn send(signal: &str, to: &Child) {
    let sent = Command::new("kill").args(["-s", signal, &to.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}

/// Runs the program, and sends it a signal once a request is under way that will not be answered.
fn interrupted(world: &mut World, arguments: &[&str], place: Matcher, fault: Fault, signal: &str) -> Run {
    let (met, meets) = mpsc::channel();
    let place = move |seen: &Seen| {
        let meant = place(seen);
        if meant {
            let _ = met.send(());
        }
        meant
    };
    world.renew_proxy();
    world.proxy.add(Rule::new(Box::new(place), fault, Times::Forever));
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
    command.args(arguments);
    let child = world.start(command);
    meets.recv().expect("the request is made");
    send(signal, &child);
    let run = waited_for(child);
    world.proxy.clear();
    let said = run.stderr.contains("interrupted: what is under way is given up");
    assert!(said, "{signal}, {:?}: {}\n{}", run.status, run.stderr, run.stdout);
    run
}

fn keys_of_cloudtrail() -> Matcher {
    Box::new(|seen| seen.headers.iter().any(|name| name == "x-amz-target"))
}

/// Verifies until it is interrupted: the run, and the report, which the file has whole.
fn verify(world: &mut World, more: &[&str], place: Matcher, fault: Fault, signal: &str) -> (Run, Report) {
    let (source, times) = (world.source(), world.times());
    let file = world.scratch.path().join("partial.json");
    let _ = fs::remove_file(&file);
    let to_file = format!("json={}", file.display());
    let mut arguments = vec!["verify", &source, "--format", "json", "--report", &to_file];
    arguments.extend(times.iter().map(String::as_str));
    arguments.extend(more);
    let run = interrupted(world, &arguments, place, fault, signal);
    let report = run.report();
    assert_eq!(fs::read_to_string(&file).expect("a report file"), run.stdout);
    assert!(report.is_partial(), "{}", report.headline());
    assert!(report.findings.iter().any(|finding| finding.code == Code::RunInterrupted));
    (run, report)
}

/// Whatever is under way, no time runs out that would have to be waited for: the patience is that of a default run.
#[test]
fn a_signal_ends_a_run_with_a_partial_report() {
    let mut world = World::small();
    let places: [(&str, Place, Fault); 6] = [
        ("listings", listings, Fault::Stalled),
        ("listings", listings, Fault::StalledBody),
        ("keys", keys_of_cloudtrail, Fault::Stalled),
        ("digest files", digests, Fault::Stalled),
        ("log files", logs, Fault::Stalled),
        ("log files", logs, Fault::StalledBody),
    ];
    for (place, matcher, fault) in places {
        for signal in SIGNALS {
            let (run, report) = verify(&mut world, &[], matcher(), fault, signal);
            assert_eq!(run.status, Some(3), "{place} {fault:?} {signal}: {}", run.stdout);
            assert_eq!(report.verdict, Verdict::Inconclusive, "{place}");
            assert_eq!(report.totals.log_files.verified, 0, "{place}");
            let reasons = report.findings.iter().filter(|finding| finding.reason == Some(Reason::Interrupted)).count();
            assert!(reasons > 1, "{place}: what was not looked at is named: {:?}", report.findings);
        }
    }
    let (_, report) = verify(&mut world, &[], logs(), Fault::Stalled, "TERM");
    let left = report.totals.log_files;
    assert!(left.unproven > 0 && left.unproven == left.listed(), "{left:?}");
    let whole = world.verify(&[]);
    assert_eq!(whole.status, Some(0), "{}", whole.stdout);
}

#[test]
fn a_signal_while_log_files_are_listed_ends_a_run_with_a_partial_report() {
    let mut world = World::small();
    let folder = world.logs()[0].split("/2026/").next().expect("a day").to_owned() + "/2026/";
    for how in ["listing", "sample:50%", "sample:10", "all"] {
        let more = ["--log-files", how];
        let (run, report) = verify(&mut world, &more, listing_of(&folder), Fault::Stalled, "INT");
        assert_eq!(run.status, Some(3), "{how}: {}", run.stdout);
        assert!(report.findings.iter().any(|finding| finding.code == Code::FolderUnreadable), "{how}");
    }
}

/// What was drawn is read when all is listed: a run that ends then has seen that all log files are there, and read none.
#[test]
fn a_signal_while_a_sample_is_read_claims_nothing_of_it() {
    let mut world = World::small();
    let more = ["--log-files", "sample:3", "--seed", "7"];
    let (run, report) = verify(&mut world, &more, logs(), Fault::Stalled, "INT");
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    let left = report.totals.log_files;
    assert_eq!((left.verified, left.unproven), (0, 3), "{left:?}");
    assert_eq!((left.not_checked, left.present), (left.listed() - 3, left.listed() - 3), "{left:?}");
    let said = format!(": 0 of {} log files read for a sample of 3, seed 7, ", left.listed());
    assert!(report.headline().contains(&said), "{}", report.headline());
    let whole = world.verify(&more);
    assert_eq!(whole.status, Some(0), "{}", whole.stdout);
    assert_eq!(whole.report().totals.log_files.verified, 3);
}

/// With one object under way at a time, all that was begun before is known when the oldest is asked for.
#[test]
fn what_was_found_before_a_signal_counts() {
    let mut world = World::small();
    let (oldest, newest) = (world.logs()[0].clone(), world.logs().last().expect("log files").clone());
    world.lie(|objects| objects.get_mut(&newest).expect("a log file").body.push(0));
    let (run, report) = verify(&mut world, &["--concurrency", "1"], key(&oldest), Fault::Stalled, "INT");
    assert_eq!(run.status, Some(1), "{}", run.stdout);
    assert_eq!(report.verdict, Verdict::NotIntact);
    let named = report.findings.iter().find(|finding| finding.code == Code::LogTrailingData).expect("the violation");
    assert_eq!(named.subject.as_ref().expect("an object").key, newest);
    assert!(report.totals.log_files.verified > 0 && report.totals.log_files.unproven > 0, "{:?}", report.totals);
}

#[test]
fn a_signal_leaves_a_copy_that_the_same_pull_goes_on_with() {
    let mut world = World::small();
    let copy = world.scratch.path().join("pulled");
    let (source, times) = (world.source(), world.times());
    let mut arguments = vec!["pull", &source, copy.to_str().expect("UTF-8")];
    arguments.extend(times.iter().map(String::as_str));
    let places: [(Place, Fault); 4] = [
        (listings, Fault::Stalled),
        (digests, Fault::Stalled),
        (logs, Fault::StalledBody),
        (keys_of_cloudtrail, Fault::Stalled),
    ];
    for (place, fault) in places {
        for signal in SIGNALS {
            let run = interrupted(&mut world, &arguments, place(), fault, signal);
            assert_eq!(run.status, Some(2), "{fault:?} {signal}: {}", run.stdout);
            assert!(run.stderr.contains("run the same pull again, and it goes on from there"), "{}", run.stderr);
            assert_eq!(run.stdout, "");
            let verified = world.verify_source(copy.to_str(), &[]);
            assert_eq!(verified.status, Some(2), "an incomplete copy is no evidence: {}", verified.stdout);
        }
    }
    let not_copied = fs::read_to_string(copy.join(".trailseal/not-copied.jsonl")).expect("a record");
    assert_eq!(not_copied, "", "what was given up is not recorded as if it could not be had");
    let run = world.run(&arguments);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    let (_, keys) = world.on_disk();
    let of_copy = world.verify_source(copy.to_str(), &["--public-keys", keys.to_str().expect("UTF-8")]).report();
    assert_eq!(of_copy.verdict, Verdict::Intact);
    same(&world.verify(&[]).report(), &of_copy);
}
