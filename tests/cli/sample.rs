//! `--log-files sample:N --seed S`: so many log files, the same ones whenever they are drawn again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{TRAIL, run, stderr, stdout};

fn verify(evidence: &str, more: &[&str]) -> std::process::Output {
    run(&[&["verify", evidence, "--public-keys", &TRAIL.keys(), "--now", "2026-02-01"], more].concat())
}

fn report(evidence: &str, more: &[&str]) -> Value {
    let output = verify(evidence, &[more, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

/// The keys of the log files in a folder, those that the seed draws first before the others.
fn ranked(evidence: &Path, seed: u64) -> Vec<String> {
    let mut open = vec![evidence.join("AWSLogs")];
    let mut logs = Vec::new();
    while let Some(folder) = open.pop() {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(|path| path.is_dir());
        open.extend(folders);
        let keys = files.iter().map(|path| path.strip_prefix(evidence).unwrap().to_str().unwrap().to_owned());
        logs.extend(keys.filter(|key| key.contains("/CloudTrail/")));
    }
    logs.sort_by_key(|key| Sha256::digest([&seed.to_be_bytes()[..], key.as_bytes()].concat()));
    logs
}

#[test]
fn a_sample_is_named_so_that_it_can_be_drawn_again() {
    let sample = ["--log-files", "sample:2", "--seed", "7"];
    let quiet = verify(&TRAIL.evidence(), &[&sample[..], &["--quiet"]].concat());
    assert_eq!((quiet.status.code(), stderr(&quiet)), (Some(0), String::new()));
    let line = "intact: sample of 2 of 6 log files read, seed 7, 6 of 6 digest files verified, 2026-01-10T00:42:10Z to 2026-01-10T06:42:10Z\n";
    assert_eq!(stdout(&quiet), line);
    let text = stdout(&verify(&TRAIL.evidence(), &sample));
    for said in [
        "log files              2           0           0            4",
        "of the log files not checked, 4 are in the listing",
        "log files  sample:2 seed 7",
        "- content of a sample of the log files",
        "- content of the log files outside the sample (--log-files sample:2 seed 7)",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let json = report(&TRAIL.evidence(), &sample);
    assert_eq!(json["request"]["log_files"], "sample:2 seed 7");
    let tally = json!({"verified": 2, "violated": 0, "unproven": 0, "not_checked": 4, "present": 4, "unlisted": 0});
    assert_eq!(json["totals"]["log_files"], tally);
    for concurrency in ["1", "2", "64"] {
        assert_eq!(report(&TRAIL.evidence(), &[&sample[..], &["--concurrency", concurrency]].concat()), json);
    }
}

#[test]
fn a_seed_by_chance_is_told_and_draws_the_same_again() {
    let seed = |report: &Value| {
        let said = report["request"]["log_files"].as_str().unwrap().to_owned();
        said.strip_prefix("sample:2 seed ").unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    let (one, other) = (["--log-files", "sample:2"], ["--log-files", "sample:2", "--quiet"]);
    let (one, other) = (report(&TRAIL.evidence(), &one), report(&TRAIL.evidence(), &other));
    assert_ne!(seed(&one), seed(&other));
    let again = report(&TRAIL.evidence(), &["--log-files", "sample:2", "--seed", &seed(&one)]);
    assert_eq!(again, one);
}

#[test]
fn a_sample_of_more_than_there_are_is_all_and_says_so() {
    let sample = ["--log-files", "sample:25", "--seed", "7"];
    let quiet = stdout(&verify(&TRAIL.evidence(), &[&sample[..], &["-q"]].concat()));
    assert!(
        quiet.starts_with("intact: sample of all 6 log files read, seed 7, 6 of 6 digest files verified, "),
        "{quiet}"
    );
    let (mut json, mut all) = (report(&TRAIL.evidence(), &sample), report(&TRAIL.evidence(), &[]));
    assert_eq!(json["request"]["log_files"].take(), "sample:25 seed 7");
    all["request"]["log_files"].take();
    assert_eq!(json, all);
}

#[test]
fn what_was_edited_is_found_by_the_seeds_that_draw_it() {
    for seed in 1..=6 {
        let (_dir, evidence) = TRAIL.copy();
        let ranked = ranked(&evidence, seed);
        assert_eq!(ranked.len(), 6);
        // In the copy, whose record says of each when it was written.
        fs::write(evidence.join(&ranked[2]), b"edited").unwrap();
        let (evidence, seed) = (evidence.to_str().unwrap(), seed.to_string());
        for (sample, status) in [("sample:2", 0), ("sample:3", 1), ("sample:6", 1)] {
            let output = verify(evidence, &["--log-files", sample, "--seed", &seed, "--verbose"]);
            assert_eq!(output.status.code(), Some(status), "{sample} seed {seed}: {}", stdout(&output));
            assert_eq!(stdout(&output).contains(&ranked[2]), status == 1, "{sample} seed {seed}");
        }
        // One that is gone is missed by any.
        fs::remove_file(Path::new(evidence).join(&ranked[5])).unwrap();
        let output = verify(evidence, &["--log-files", "sample:1", "--seed", &seed]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stdout(&output).contains("log-missing"), "{}", stdout(&output));
        let said = format!("not-intact: 2 of 6 log files read for a sample of 1, seed {seed}, ");
        assert!(stdout(&output).starts_with(&said), "{}", stdout(&output));
    }
}
