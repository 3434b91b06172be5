//! Whom a bundle can persuade of what: what it says of itself is believed no further than it can be held against something.

use std::fs;
use std::path::{Path, PathBuf};

use trailseal::finding::{Code, Severity};
use trailseal::report::{Report, Verdict};

use super::altered::forged;
use super::signed::key_of;
use super::{bundle_of_the_trail, of_the_bundle, testdata, trailseal, verify, zip};

/// A bundle of a case, and the exit status of making it.
fn bundle_of_case(case: &str, out: &Path, more: &[&str]) -> Option<i32> {
    let mut arguments = vec!["bundle", "evidence", out.to_str().unwrap(), "--public-keys", "../public-keys.json"];
    arguments.extend(more);
    trailseal(&testdata().join("cases").join(case), &arguments).status.code()
}

/// What verifying a bundle of a case comes to.
fn verify_case(bundle: &Path, more: &[&str]) -> (Report, Option<i32>) {
    let mut arguments = vec!["verify", bundle.to_str().unwrap(), "--format", "json"];
    arguments.extend(["--public-keys", "public-keys.json"]);
    arguments.extend(more);
    let output = trailseal(&testdata().join("cases"), &arguments);
    let report = Report::parse(&output.stdout);
    (report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.code())
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn waivers(folder: &Path) -> PathBuf {
    let path = folder.join("waivers.toml");
    let text = "[[waiver]]\ncode = \"log-hash-mismatch\"\nsubject = \"s3://example-trail-logs/*\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2099-01-01\"\n";
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn waivers_in_a_bundle_accept_nothing_unless_somebody_who_was_named_vouches_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let (key, certificate) = key_of(dir.path(), "auditor");
    let (out, waivers) = (dir.path().join("out.zip"), waivers(dir.path()));
    let more = ["--now", "2026-02-01", "--waivers", waivers.to_str().unwrap(), "--sign", key.to_str().unwrap()];
    assert_eq!(bundle_of_case("log-one-event-edited", &out, &more), Some(0), "it is accepted where it is made");

    let (report, status) = verify_case(&out, &[]);
    assert_eq!(status, Some(1), "{:#?}", report.findings);
    assert!(report.findings.iter().any(|finding| finding.code == Code::LogHashMismatch && !finding.waived));
    assert!(report.checks.skipped.iter().any(|skipped| skipped.contains("waivers in the bundle were not applied")));
    assert!(of_the_bundle(&report).is_empty(), "the report in it is what it comes to with its waivers");

    let (report, status) = verify_case(&out, &["--signer", certificate.to_str().unwrap()]);
    assert_eq!((status, report.waivers.len()), (Some(0), 1), "{:#?}", report.findings);
    let (report, status) = verify_case(&out, &["--waivers", waivers.to_str().unwrap()]);
    assert_eq!((status, report.waivers.len()), (Some(0), 1), "{:#?}", report.findings);
}

#[test]
fn less_asked_for_in_the_bundle_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_the_trail(dir.path(), "one.zip", &["--start-time", "2026-01-10T12:00:00Z"]);
    let (report, _) = verify(&bundle, &[]);
    assert!(codes(&report).contains(&Code::EndFromEvidence), "{:?}", codes(&report));
    assert!(report.checks.skipped.iter().any(|skipped| skipped.contains("are what the bundle itself says")));
}

#[test]
fn what_nobody_asked_for_when_it_was_made_is_not_taken_for_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let made = ["--start-time", "2026-01-10T12:00:00Z", "--end-time", "2026-01-10T16:00:00Z"];
    let bundle = bundle_of_the_trail(dir.path(), "one.zip", &made);
    for more in [
        &["--start-time", "2026-01-10T08:00:00Z"][..],
        &["--start-time", "2026-01-10T08:00:00Z", "--end-time", "2026-01-10T20:00:00Z"],
        &["--log-files", "listing", "--start-time", "2026-01-10T08:00:00Z"],
    ] {
        let (report, status) = verify(&bundle, more);
        assert_eq!(status, Some(3), "{more:?}: {:#?}", report.findings);
        assert!(
            report.findings.iter().all(|finding| finding.severity != Severity::Violation),
            "{:#?}",
            report.findings
        );
    }
    // Of what it was made of, a part can be asked for.
    let part = ["--start-time", "2026-01-10T13:00:00Z", "--end-time", "2026-01-10T15:00:00Z"];
    let (report, status) = verify(&bundle, &part);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
    let chain = bundle_of_the_trail(dir.path(), "chain.zip", &["--log-files", "none"]);
    let (report, _) = verify(&chain, &["--log-files", "all"]);
    assert!(report.findings.iter().all(|finding| finding.severity != Severity::Violation), "{:#?}", report.findings);
    assert_ne!(report.verdict, Verdict::Intact);
}

#[test]
fn what_was_missing_when_it_was_made_is_missing_however_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.zip");
    assert_eq!(bundle_of_case("log-deleted", &out, &["--now", "2026-02-01"]), Some(1));
    for more in [&[][..], &["--now", "2026-02-01"], &["--region", "us-east-1"]] {
        let (report, status) = verify_case(&out, more);
        assert!(codes(&report).contains(&Code::LogMissing), "{more:?}: {:?}", codes(&report));
        assert_eq!(status, Some(1));
    }
}

#[test]
fn what_is_larger_than_a_limit_is_so_in_the_bundle_too() {
    let dir = tempfile::tempdir().unwrap();
    for limit in ["--max-log-bytes", "--max-digest-bytes"] {
        let out = dir.path().join(format!("{limit}.zip"));
        let (keys, trail) = ("trail-public-keys.json", "trail");
        let arguments =
            ["bundle", trail, out.to_str().unwrap(), "--public-keys", keys, "--now", "2026-02-01", limit, "700"];
        assert_eq!(trailseal(&testdata(), &arguments).status.code(), Some(3));
        let (report, _) = verify(&out, &[]);
        assert!(of_the_bundle(&report).is_empty(), "{limit}: {:#?}", of_the_bundle(&report));
        assert_eq!(report.verdict, Verdict::Inconclusive);
    }
}

#[test]
fn what_is_found_of_a_bundle_is_in_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    forged(&whole, &other, false, |files| drop(files.remove("HOW-TO-CHECK.md")));
    for form in ["text", "json", "ndjson", "html", "ocsf", "asff", "junit", "oscal", "prometheus"] {
        let arguments =
            ["verify", other.to_str().unwrap(), "--public-keys", "trail-public-keys.json", "--format", form];
        let output = trailseal(&testdata(), &arguments);
        assert_eq!(output.status.code(), Some(1), "{form}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("bundle-file-missing"), "{form}: {text}");
    }
}

#[test]
fn a_bundle_of_a_bundle_that_was_altered_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    forged(&whole, &other, false, |files| drop(files.remove("HOW-TO-CHECK.md")));
    let keys = testdata().join("trail-public-keys.json");
    let again = dir.path().join("again.zip");
    let arguments =
        ["bundle", other.to_str().unwrap(), again.to_str().unwrap(), "--public-keys", keys.to_str().unwrap()];
    assert_eq!(trailseal(dir.path(), &arguments).status.code(), Some(1));
    // And of one that was not, the same as before.
    let arguments = ["bundle", whole.to_str().unwrap(), "same.zip", "--public-keys", keys.to_str().unwrap()];
    assert_eq!(trailseal(dir.path(), &arguments).status.code(), Some(0));
    let (report, status) = verify(&dir.path().join("same.zip"), &[]);
    assert_eq!((of_the_bundle(&report).len(), status), (0, Some(0)), "{:#?}", report.findings);
}

#[test]
fn a_page_that_says_something_else_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    forged(&whole, &other, true, |files| {
        let page = String::from_utf8(files["report.html"].clone()).unwrap();
        files.insert("report.html".to_owned(), page.replacen("81", "80", 1).into_bytes());
    });
    let (report, status) = verify(&other, &[]);
    assert_eq!((of_the_bundle(&report)[0].code, status), (Code::BundleReportDiffers, Some(1)));
    assert!(of_the_bundle(&report)[0].message.contains("report.html"));
    assert!(zip::read(&other).contains_key("report.json"));
}
