//! Names that have to be encoded on their way, and folders that take many pages.

use std::collections::{BTreeMap, BTreeSet};

use trailseal::finding::Code;
use trailseal::render::escape::is_hidden;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::Scenario;

use crate::proxy::{Fault, Matcher, Rule, Times, digests, listings, logs};
use crate::s3_server::Stored;
use crate::world::{World, small};

/// What may stand in a key, each with what an encoding gets wrong about it.
const ODD: [&str; 12] = [
    "a b",
    "a+b",
    "a%20b",
    "100%",
    "%",
    "%2F",
    "ünï-códe-日本-🦀",
    "tab\there",
    "line\nfeed",
    "bell\u{7}",
    "<&>\"'",
    "\u{202e}exe.gz",
];

/// Plants something under each odd name in the folder of the first of these keys; the keys.
fn plant(world: &World, beside: &str) -> BTreeSet<String> {
    let folder = &beside[..=beside.rfind('/').unwrap()];
    let keys: BTreeSet<String> = ODD.iter().map(|name| format!("{folder}{name}.json.gz")).collect();
    for key in &keys {
        let planted = Stored::new("planted", BTreeMap::new(), world.summary.interval.start);
        world.endpoint.s3.put(&world.scenario.bucket, key, planted);
    }
    keys
}

fn subjects(report: &Report, code: Code) -> BTreeSet<String> {
    let found = report.findings.iter().filter(|finding| finding.code == code);
    found.map(|finding| finding.subject.as_ref().unwrap().key.clone()).collect()
}

#[test]
fn odd_names_are_told_as_they_are() {
    for page in [1_000, 1] {
        let world = World::small();
        world.endpoint.s3.pages_of(page);
        let logs = plant(&world, &world.logs()[0]);
        let digests = plant(&world, &world.digests()[0]);
        let run = world.verify(&[]);
        let report = run.report();
        assert_eq!((run.status, report.verdict), (Some(3), Verdict::Inconclusive), "{:#?}", report.findings);
        assert_eq!(subjects(&report, Code::LogUnlisted), logs, "in pages of {page}");
        assert_eq!(subjects(&report, Code::ObjectStray), digests, "in pages of {page}");
        assert_eq!(report.findings.len(), logs.len() + digests.len());
        assert_eq!(report.totals.log_files.verified, world.logs().len() as u64);
    }
}

#[test]
fn odd_names_do_no_harm_to_a_terminal() {
    let world = World::small();
    plant(&world, &world.logs()[0]);
    plant(&world, &world.digests()[0]);
    let source = world.source();
    let times = world.times();
    let mut arguments = vec!["verify", &source, "--verbose"];
    arguments.extend(times.iter().map(String::as_str));
    let run = world.run(&arguments);
    assert_eq!(run.status, Some(3), "{}", run.stderr);
    assert!(run.stdout.contains("日本"), "{}", run.stdout);
    let harmful = |c: &char| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c);
    assert_eq!(run.stdout.chars().find(harmful), None);
}

/// Nor do the words of a server that fails, wherever they are repeated.
#[test]
fn what_a_server_says_does_no_harm_to_a_terminal() {
    let world = World::small();
    let (source, times) = (world.source(), world.times());
    let keys: fn() -> Matcher = || Box::new(|seen| seen.headers.iter().any(|name| name == "x-amz-target"));
    for (place, repeated) in [(listings as fn() -> Matcher, true), (keys, true), (digests, false), (logs, false)] {
        world.proxy.clear();
        world.proxy.add(Rule::new(place(), Fault::Evil, Times::Forever));
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("copy");
        for command in [&["verify", &source, "--verbose"][..], &["pull", &source, copy.to_str().unwrap()]] {
            let arguments: Vec<&str> = command.iter().copied().chain(times.iter().map(String::as_str)).collect();
            let run = world.run(&arguments);
            assert_ne!(run.status, Some(0), "{command:?}");
            let said = run.stdout + &run.stderr;
            assert_eq!(said.chars().find(|c| is_hidden(*c) && *c != '\n'), None, "{said}");
            assert!(!said.lines().any(|line| line.trim_start().starts_with("intact")), "{said}");
            assert!(said.contains("\\u{9b}2J") || !repeated, "{command:?}: {said}");
        }
    }
}

#[test]
fn a_folder_of_several_pages_is_read_to_its_end() {
    // S3's own pages: more log files in one day, and more digests in one region's folder, than one holds.
    let busy = World::of(Scenario { hours: 8, log_files_per_hour: 160, empty_hours: 0, ..small() });
    let long = World::of(Scenario { hours: 1_100, log_files_per_hour: 1, empty_hours: 97, ..small() });
    assert!(
        busy.logs().len() > 1_000 && long.digests().len() > 1_000,
        "{} {}",
        busy.logs().len(),
        long.digests().len()
    );
    for world in [busy, long] {
        let run = world.verify(&[]);
        let report = run.report();
        assert_eq!((run.status, report.verdict), (Some(0), Verdict::Intact), "{:#?}", report.findings);
        assert_eq!(report.totals.log_files.verified, world.logs().len() as u64);
        assert_eq!(report.totals.digests.verified, world.digests().len() as u64);
        let asked = world.proxy.seen();
        assert!(asked.iter().any(|seen| seen.query.contains("continuation-token")), "there was one page of everything");
    }
}
