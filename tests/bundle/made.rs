//! What a bundle holds, and what it is made of.

use std::fs;

use trailseal::finding::Code;
use trailseal::report::{Report, Verdict};

use super::{bundle_of_the_trail, of_the_bundle, testdata, trailseal, verify, zip};

#[test]
fn the_same_evidence_gives_the_same_bytes_but_for_by_whom_and_when() {
    let dir = tempfile::tempdir().unwrap();
    let one = bundle_of_the_trail(dir.path(), "one.zip", &["--concurrency", "1"]);
    let two = bundle_of_the_trail(dir.path(), "two.zip", &["--concurrency", "64", "--hasher", "single"]);
    let (one, two) = (zip::read(&one), zip::read(&two));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    let differ: Vec<&String> = one.keys().filter(|name| one[*name] != two[*name]).collect();
    assert_eq!(differ, ["made.json"]);
    let made: serde_json::Value = serde_json::from_slice(&one["made.json"]).unwrap();
    for field in ["at", "host", "command_line", "binary_sha256", "manifest_sha256", "tool", "hasher", "public_keys"] {
        assert!(!made[field].is_null(), "{field}: {made}");
    }
    // Every object as it was delivered, under its own name.
    let trail = testdata().join("trail");
    let objects: Vec<&String> = one.keys().filter(|name| name.starts_with("evidence/")).collect();
    assert_eq!(objects.len(), 81 + 48);
    for name in objects {
        let key = name.strip_prefix("evidence/example-trail-logs/").unwrap();
        assert!(fs::read(trail.join(key)).unwrap() == one[name], "{name}");
    }
}

/// Otherwise they would be written twice: first wherever there is room, and then by their names.
#[test]
fn the_log_files_of_one_region_lie_in_a_bundle_as_the_audit_asked_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = fs::read(bundle_of_the_trail(dir.path(), "one.zip", &[])).unwrap();
    let names: Vec<String> = zip::places(&bundle).into_iter().map(|(name, _)| name).collect();
    let region =
        |name: &str| name.split_once("/CloudTrail/").and_then(|(_, rest)| Some(rest.split_once('/')?.0.to_owned()));
    let first = region(&names[0]).expect("a log file");
    let of_first = |name: &&String| region(name).as_deref() == Some(&first);
    let in_turn: Vec<&String> = names.iter().take_while(of_first).collect();
    assert_eq!(in_turn.len(), names.iter().filter(of_first).count(), "all of them, before anything else");
    let (newest, oldest) = (in_turn[0], in_turn[in_turn.len() - 1]);
    assert!(in_turn.len() > 20 && newest > oldest, "newest first: {newest}, {oldest}");
    assert!(names[in_turn.len()..].iter().filter(|name| name.starts_with("evidence/")).is_sorted(), "the rest by name");
}

#[test]
fn a_bundle_of_a_bundle_is_the_same_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let one = bundle_of_the_trail(dir.path(), "one.zip", &[]);
    let two = dir.path().join("two.zip");
    let keys = testdata().join("trail-public-keys.json");
    let arguments = [
        "bundle",
        one.to_str().unwrap(),
        two.to_str().unwrap(),
        "--public-keys",
        keys.to_str().unwrap(),
        "--now",
        "2026-02-01",
    ];
    let made = trailseal(dir.path(), &arguments);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let (one, two) = (zip::read(&one), zip::read(&two));
    let differ: Vec<&String> = one.keys().filter(|name| one.get(*name) != two.get(*name)).collect();
    assert!(differ.iter().all(|name| !name.starts_with("evidence/") && !name.starts_with("by-hand/")), "{differ:?}");
    assert_eq!(one.len(), two.len());
}

#[test]
fn log_files_may_be_left_out_and_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    for which in ["none", "failed"] {
        let bundle = bundle_of_the_trail(dir.path(), &format!("{which}.zip"), &["--include-logs", which]);
        assert!(zip::read(&bundle).keys().all(|name| !name.contains("/CloudTrail/")), "nothing is said of any");
        let (report, status) = verify(&bundle, &[]);
        assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
        assert_eq!((report.totals.log_files.verified, report.totals.log_files.not_checked), (0, 81));
        assert!(report.checks.skipped.iter().any(|skipped| skipped.contains("log files are in the bundle")));
        assert!(of_the_bundle(&report).is_empty());
    }
}

#[test]
fn the_log_files_that_failed_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let case = testdata().join("cases/log-one-event-edited");
    let out = dir.path().join("failed.zip");
    let arguments = [
        "bundle",
        "evidence",
        out.to_str().unwrap(),
        "--include-logs",
        "failed",
        "--now",
        "2026-02-01",
        "--public-keys",
        "../public-keys.json",
    ];
    let made = trailseal(&case, &arguments);
    assert_eq!(made.status.code(), Some(1), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(zip::read(&out).keys().filter(|name| name.contains("/CloudTrail/")).count(), 1);
}

#[test]
fn what_was_found_of_log_files_is_not_lost_where_they_were_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let case = testdata().join("cases/log-one-event-edited");
    let keys = ["--public-keys", "../public-keys.json"];
    for (which, how) in [("none", "all"), ("failed", "all"), ("none", "sample:100%"), ("failed", "sample:100%")] {
        let out = dir.path().join(format!("{which}-{how}.zip"));
        let out = out.to_str().unwrap();
        let made = ["bundle", "evidence", out, "--include-logs", which, "--log-files", how, "--now", "2026-02-01"];
        assert_eq!(trailseal(&case, &[&made[..], &keys].concat()).status.code(), Some(1), "{which} {how}");
        let verified = trailseal(&case, &[&["verify", out, "--format", "json"][..], &keys].concat());
        let report = Report::parse(&verified.stdout).unwrap();
        assert_eq!((report.verdict, verified.status.code()), (Verdict::NotIntact, Some(1)), "{which} {how}");
        let found = report.findings.iter().find(|finding| finding.code == Code::LogHashMismatch).unwrap();
        assert!(found.message.starts_with("so says the report in the bundle"), "{}", found.message);
        assert!(of_the_bundle(&report).is_empty(), "{:#?}", report.findings);
    }
}

#[test]
fn nothing_is_written_over_and_nothing_half_written_remains() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_the_trail(dir.path(), "one.zip", &[]);
    let before = fs::read(&bundle).unwrap();
    let arguments = ["bundle", "trail", bundle.to_str().unwrap(), "--public-keys", "trail-public-keys.json"];
    let again = trailseal(&testdata(), &arguments);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already; name another file"));
    assert!(fs::read(&bundle).unwrap() == before);
    let nowhere = dir.path().join("nowhere/out.zip");
    let arguments = ["bundle", "trail", nowhere.to_str().unwrap(), "--public-keys", "trail-public-keys.json"];
    assert_eq!(trailseal(&testdata(), &arguments).status.code(), Some(2));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "what was kept on the way is gone");
}

#[test]
fn what_is_no_bundle_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_the_trail(dir.path(), "one.zip", &[]);
    let bytes = fs::read(&bundle).unwrap();
    let broken = dir.path().join("broken.zip");
    for length in [4, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&broken, &bytes[..length]).unwrap();
        let output = trailseal(dir.path(), &["verify", broken.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{length} bytes: {told}");
        assert!(told.contains("ask whoever made it for another copy"), "{told}");
    }
}
