//! A bundle of a sample holds the log files that were drawn and no others, and the same are drawn of it again.

use std::path::Path;

use sha2::{Digest, Sha256};
use trailseal::finding::Severity;
use trailseal::report::Verdict;

use super::altered::forged;
use super::{bundle_of_the_trail, of_the_bundle, testdata, trailseal, verify, zip};

fn log_files(bundle: &Path) -> Vec<String> {
    zip::read(bundle)
        .into_keys()
        .filter(|name| name.starts_with("evidence/") && name.contains("/CloudTrail/"))
        .collect()
}

#[test]
fn the_log_files_that_were_drawn_are_packed_and_drawn_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut drawn = log_files(&bundle_of_the_trail(dir.path(), "all.zip", &[]));
    assert_eq!(drawn.len(), 81);
    drawn.sort_by_key(|name| {
        let key = name.strip_prefix("evidence/example-trail-logs/").unwrap();
        Sha256::digest([&7_u64.to_be_bytes()[..], key.as_bytes()].concat())
    });
    drawn.truncate(10);
    drawn.sort();
    let bundle = bundle_of_the_trail(dir.path(), "ten.zip", &["--log-files", "sample:10", "--seed", "7"]);
    assert_eq!(log_files(&bundle), drawn);
    let record: serde_json::Value = serde_json::from_slice(&zip::read(&bundle)["records/request.json"]).unwrap();
    assert_eq!((&record["log_files"], &record["seed"]), (&"sample:10".into(), &7.into()));

    let (report, status) = verify(&bundle, &[]);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
    assert!(of_the_bundle(&report).is_empty(), "{:#?}", report.findings);
    assert_eq!(report.request.log_files, "sample:10 seed 7");
    let tally = report.totals.log_files;
    assert_eq!((tally.verified, tally.not_checked, tally.present), (10, 71, 71));
    assert!(
        report.headline().starts_with("intact: sample of 10 of 81 log files read, seed 7, "),
        "{}",
        report.headline()
    );
}

#[test]
fn a_share_is_named_with_its_seed_and_that_both_are_the_bundles_word_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_the_trail(dir.path(), "share.zip", &["--log-files", "sample:12.5%", "--seed", "7"]);
    let (report, status) = verify(&bundle, &[]);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
    let line = format!("intact: {} of 81 log files read for a sample of 12.5%, seed 7, ", log_files(&bundle).len());
    assert!(report.headline().starts_with(&line), "{}", report.headline());
    let said = "how large the sample is, and the seed that draws it are what the bundle itself says";
    assert!(report.checks.skipped.iter().any(|skipped| skipped.contains(said)), "{:#?}", report.checks.skipped);
}

#[test]
fn a_seed_by_chance_is_in_the_bundle() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_the_trail(dir.path(), "ten.zip", &["--log-files", "sample:10"]);
    let (report, status) = verify(&bundle, &[]);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
    assert!(of_the_bundle(&report).is_empty(), "{:#?}", report.findings);
    assert_eq!((report.totals.log_files.verified, log_files(&bundle).len()), (10, 10));
}

#[test]
fn another_sample_of_a_bundle_is_no_violation_and_not_intact() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_the_trail(dir.path(), "ten.zip", &["--log-files", "sample:10", "--seed", "7"]);
    let (report, status) = verify(&bundle, &["--log-files", "sample:10", "--seed", "8"]);
    assert_eq!((report.verdict, status), (Verdict::Inconclusive, Some(3)), "{:#?}", report.findings);
    assert!(report.findings.iter().all(|finding| finding.severity != Severity::Violation), "{:#?}", report.findings);
    // Of those that were drawn, fewer can be.
    let (report, status) = verify(&bundle, &["--log-files", "sample:4", "--seed", "7"]);
    assert_eq!(report.totals.log_files.verified, 4, "{:#?}", report.findings);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
}

#[test]
fn a_bundle_that_asks_for_a_sample_beyond_the_bound_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    for many in ["sample:100001", "sample:99999999999999999999", "sample:0"] {
        forged(&whole, &other, true, |files| {
            let request = files.get_mut("records/request.json").unwrap();
            let mut record: serde_json::Value = serde_json::from_slice(request).unwrap();
            record["log_files"] = many.into();
            *request = serde_json::to_vec(&record).unwrap();
        });
        let output =
            trailseal(&testdata(), &["verify", other.to_str().unwrap(), "--public-keys", "trail-public-keys.json"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{many}: {told}");
        assert!(told.contains("its log files: ") && told.contains(many), "{told}");
    }
}
