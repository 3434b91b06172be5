//! The small honest trail that the first command of the README verifies, its pinned keys apart from it.

use std::fs;
use std::process::Command;

use trailseal::finding::Code;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::{DirectorySink, Keyring, Scenario, simulate_with};

use super::{files, settle, table, testdata};

fn scenario() -> Scenario {
    Scenario {
        bucket: "example-trail-logs".to_owned(),
        regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
        hours: 24,
        log_files_per_hour: 2,
        events_per_log_file: 4,
        shared_keys: true,
        threads: 1,
        ..Scenario::default()
    }
}

#[test]
fn the_bundled_trail_is_what_the_generator_makes_and_intact() {
    let made = tempfile::tempdir().unwrap();
    let scenario = scenario();
    let keyring = Keyring::new(scenario.seed, scenario.key_rotation, scenario.shared_keys);
    let sink = DirectorySink::create(made.path().join("trail")).unwrap();
    let summary = simulate_with(&scenario, &keyring, &sink).unwrap();
    sink.finish(&scenario.bucket, &summary).unwrap();
    settle(&made.path().join("trail"), &testdata().join("trail"));

    let keys = testdata().join("trail-public-keys.json");
    let made_keys = made.path().join("trail-public-keys.json");
    table::write_keys(&made_keys, &summary.public_keys).unwrap();
    if super::blessing() {
        fs::copy(&made_keys, &keys).unwrap();
    }
    assert!(fs::read(&made_keys).unwrap() == fs::read(&keys).unwrap(), "{} is out of date", keys.display());

    let size: usize = files::files_below(&testdata().join("trail")).values().map(Vec::len).sum();
    assert!(size < 400_000, "{size} bytes are too many to bundle");
    let output = Command::new(env!("CARGO_BIN_EXE_trailseal"))
        .current_dir(testdata())
        .args(["verify", "trail", "--public-keys", "trail-public-keys.json", "--format", "json"])
        .output()
        .unwrap();
    let report = Report::parse(&output.stdout).unwrap();
    assert_eq!(report.verdict, Verdict::Intact, "{:#?}", report.findings);
    assert_eq!(output.status.code(), Some(0));
    // Nobody said until when; and nothing else is to be said.
    assert!(report.findings.iter().all(|finding| finding.code == Code::EndFromEvidence), "{:#?}", report.findings);
}
