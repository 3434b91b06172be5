//! Bundles of single log files: what is in them, what they come to, and what they are not taken for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use trailseal::finding::{Code, Reason};
use trailseal::report::{Report, Verdict};

use super::altered::forged;
use super::{bundle_of_the_trail, of_the_bundle, testdata, trailseal, verify, zip};

const LOG: &str = "AWSLogs/220066383621/CloudTrail/eu-west-1/2026/01/10/220066383621_CloudTrail_eu-west-1_20260110T0520Z_e6LsD7bz1tGiuwXe.json.gz";
const DIGEST: &str = "AWSLogs/220066383621/CloudTrail-Digest/eu-west-1/2026/01/10/220066383621_CloudTrail-Digest_eu-west-1_management-events_us-east-1_20260110T054210Z.json.gz";
const BUCKET: &str = "example-trail-logs";

fn files(bundle: &Path) -> BTreeSet<String> {
    zip::read(bundle).into_keys().collect()
}

/// A bundle of the one log file.
fn bundle_of_one(folder: &Path) -> PathBuf {
    bundle_of_the_trail(folder, "one.zip", &["--log-file", LOG])
}

#[test]
fn it_holds_the_log_file_its_digest_and_what_proves_them() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_one(dir.path());
    let named = files(&bundle);
    let expected = [
        format!("by-hand/{BUCKET}/{DIGEST}.signature"),
        format!("by-hand/{BUCKET}/{DIGEST}.signing-string"),
        format!("evidence/{BUCKET}/{DIGEST}"),
        format!("evidence/{BUCKET}/{LOG}"),
        format!("records/{BUCKET}/folders.jsonl"),
        format!("records/{BUCKET}/objects.jsonl"),
    ];
    let fixed = [
        "HOW-TO-CHECK.md",
        "made.json",
        "manifest.json",
        "public-keys/3e36c2b77ea1e3cd60c4b5b357a85705.pem",
        "public-keys/public-keys.json",
        "records/request.json",
        "report.html",
        "report.json",
    ];
    let expected: BTreeSet<String> = expected.into_iter().chain(fixed.map(str::to_owned)).collect();
    assert_eq!(named, expected);
    // The path of the file in the copy says the same.
    let path = testdata().join("trail").join(LOG);
    let out = dir.path().join("by-path.zip");
    let arguments =
        ["bundle", path.to_str().unwrap(), out.to_str().unwrap(), "--public-keys", "trail-public-keys.json"];
    assert_eq!(trailseal(&testdata(), &arguments).status.code(), Some(0));
    assert_eq!(files(&out), expected);
}

#[test]
fn it_verifies_and_says_that_one_log_file_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_one(dir.path());
    let (report, status) = verify(&bundle, &[]);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(
        report.headline(),
        "intact: 1 of 1 log file asked for by name verified, 1 of 1 digest files verified, 2026-01-10T04:42:10Z to 2026-01-10T05:42:10Z, only 220066383621 eu-west-1"
    );
    assert_eq!(
        (report.request.log_files.as_str(), report.request.named_log_files.as_slice()),
        ("named", &[LOG.to_owned()][..])
    );
    assert!(report.is_narrowed());
    let done = &report.checks.performed;
    assert!(done.iter().any(|check| check == "the report in the bundle against its evidence"), "{done:?}");
    let undone = &report.checks.skipped;
    for part in ["every log file that was not asked for by name", "the log files are what the bundle itself says"] {
        assert!(undone.iter().any(|check| check.contains(part)), "{part}: {undone:?}");
    }
    // So does looking at it by name, and nothing else that was delivered in its hour is there to be asked for.
    let bundle = bundle.to_str().unwrap();
    let keys = ["--public-keys", "trail-public-keys.json"];
    let inspect = |key: &str| trailseal(&testdata(), &[&["inspect", bundle, "--log-file", key], &keys[..]].concat());
    let told = inspect(LOG);
    assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stdout));
    let digest = String::from_utf8(zip::read(Path::new(bundle))[&format!("evidence/{BUCKET}/{DIGEST}")].clone());
    assert!(digest.is_err(), "it is kept as it was delivered, compressed");
    let other = LOG.replace("e6LsD7bz1tGiuwXe", "AAAAAAAAAAAAAAAA");
    assert_eq!(inspect(&other).status.code(), Some(3));
}

#[test]
fn where_it_was_made_without_the_log_file_that_is_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    for which in ["none", "failed"] {
        let more = ["--log-file", LOG, "--include-logs", which];
        let (report, status) = verify(&bundle_of_the_trail(dir.path(), &format!("{which}.zip"), &more), &[]);
        assert_eq!((report.verdict, status), (Verdict::Inconclusive, Some(3)));
        let found: Vec<_> = report.findings.iter().map(|finding| (finding.code, finding.reason)).collect();
        assert_eq!(found, [(Code::LogUnreadable, Some(Reason::LeftOut))], "{:#?}", report.findings);
        assert!(report.findings[0].message.ends_with("the bundle was made without it"));
        // Another bundle of that one says the same.
        let (inner, outer) = (dir.path().join(format!("{which}.zip")), dir.path().join(format!("outer-{which}.zip")));
        let arguments =
            ["bundle", inner.to_str().unwrap(), outer.to_str().unwrap(), "--public-keys", "trail-public-keys.json"];
        assert_eq!(trailseal(&testdata(), &arguments).status.code(), Some(3));
        let (again, status) = verify(&outer, &[]);
        assert_eq!((again.findings, status), (report.findings, Some(3)));
    }
}

#[test]
fn keys_that_are_in_it_are_not_pinned() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_one(dir.path());
    for arguments in
        [&["verify", bundle.to_str().unwrap()][..], &["inspect", bundle.to_str().unwrap(), "--log-file", LOG]]
    {
        assert_eq!(trailseal(&testdata(), arguments).status.code(), Some(3), "{arguments:?}");
    }
}

#[test]
fn what_is_altered_in_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (bundle, other) = (bundle_of_one(dir.path()), dir.path().join("other.zip"));
    for name in [format!("evidence/{BUCKET}/{LOG}"), format!("evidence/{BUCKET}/{DIGEST}")] {
        let change = |files: &mut std::collections::BTreeMap<String, Vec<u8>>| {
            let body = files.get_mut(&name).unwrap();
            let middle = body.len() / 2;
            body[middle] ^= 1;
        };
        // Whoever alters it can make the manifest fit.
        forged(&bundle, &other, true, change);
        let (report, status) = verify(&other, &[]);
        assert_eq!((report.verdict, status), (Verdict::NotIntact, Some(1)), "{name}");
        let _ = std::fs::remove_file(&other);
    }
}

#[test]
fn a_name_in_it_that_is_none_does_not_ask_for_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (bundle, other) = (bundle_of_one(dir.path()), dir.path().join("other.zip"));
    forged(&bundle, &other, true, |files| {
        let request = files.get_mut("records/request.json").unwrap();
        let text = String::from_utf8(request.clone()).unwrap().replace("e6LsD7bz1tGiuwXe", "no-such-name");
        *request = text.into_bytes();
    });
    let arguments = ["verify", other.to_str().unwrap(), "--public-keys", "trail-public-keys.json"];
    let output = trailseal(&testdata(), &arguments);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no log file's key"));
}

#[test]
fn no_chain_of_custody_leads_through_it() {
    let dir = tempfile::tempdir().unwrap();
    let whole = bundle_of_the_trail(dir.path(), "whole.zip", &["--end-time", "2026-01-10T05:42:10Z"]);
    let one = bundle_of_one(dir.path());
    let (whole, one) = (whole.to_str().unwrap(), one.to_str().unwrap());
    let keys = ["--public-keys", "trail-public-keys.json"];
    let output = trailseal(&testdata(), &[&["verify", whole, one], &keys[..]].concat());
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("asked for by name"), "{told}");
}

#[test]
fn a_log_file_of_a_larger_bundle_is_asked_for_there() {
    let dir = tempfile::tempdir().unwrap();
    let whole = bundle_of_the_trail(dir.path(), "whole.zip", &[]);
    let (report, status) = verify(&whole, &["--log-file", LOG]);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
    assert_eq!(report.totals.log_files.verified, 1);
    let out = dir.path().join("one.zip");
    let (source, out) = (whole.to_str().unwrap(), out.to_str().unwrap());
    let keys = ["--public-keys", "trail-public-keys.json"];
    let made = trailseal(&testdata(), &[&["bundle", source, out, "--log-file", LOG, "-q"], &keys[..]].concat());
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let (report, status): (Report, _) = verify(Path::new(out), &[]);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
    assert!(of_the_bundle(&report).is_empty());
}

#[test]
fn what_is_not_proven_is_in_a_bundle_too() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("absent.zip");
    let absent = LOG.replace("e6LsD7bz1tGiuwXe", "AAAAAAAAAAAAAAAA");
    let arguments = ["bundle", "trail", out.to_str().unwrap(), "--log-file", &absent, "--now", "2026-02-01", "-q"];
    let made = trailseal(&testdata(), &[&arguments[..], &["--public-keys", "trail-public-keys.json"]].concat());
    assert_eq!(made.status.code(), Some(3), "{}", String::from_utf8_lossy(&made.stderr));
    let (report, status) = verify(&out, &[]);
    assert_eq!((report.verdict, status), (Verdict::Inconclusive, Some(3)), "{:#?}", report.findings);
    assert!(report.findings.iter().any(|finding| finding.code == Code::NothingFound));
    assert!(of_the_bundle(&report).is_empty(), "{:#?}", report.findings);
}

#[test]
fn nothing_else_can_be_asked_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_one(dir.path());
    let (bundle, keys) = (bundle.to_str().unwrap(), ["--public-keys", "trail-public-keys.json"]);
    for asked in [&["--log-files", "none"][..], &["--region", "eu-west-1"], &["--start-time", "2026-01-10"]] {
        let output = trailseal(&testdata(), &[&["verify", bundle], &keys[..], asked].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("asked for by name") && told.contains("ask the source"), "{told}");
    }
    let output = trailseal(&testdata(), &[&["inspect", bundle, "--log-file", LOG], &keys[..]].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("the bundle holds no more of it") && !said.contains("this does"), "{said}");
}
