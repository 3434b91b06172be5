//! The JSON report: the contract's keys, and what comes back when a saved report is read.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod sample;

use sample::{as_json, everything, snapshot};
use serde_json::Value;
use trailseal::finding::{Code, Finding};
use trailseal::render::{ndjson_finding, ndjson_report};
use trailseal::report::{Report, ReportError};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_report_reads_as_its_snapshot_does() {
    snapshot("everything.json", &as_json(&everything()));
}

/// DESIGN.md's contract: keys may be added; one that is there keeps its name.
#[test]
fn the_contracts_keys_are_there() {
    let value: Value = serde_json::from_str(&as_json(&everything())).unwrap();
    let has = |at: &Value, expected: &str| {
        for key in expected.split(' ') {
            assert!(keys(at).contains(&key), "{key} in {at}");
        }
    };
    let tally = "verified violated unproven";
    let logs = "verified violated unproven not_checked";
    has(&value, "schema tool request verdict totals chains findings waivers public_keys checks");
    has(&value["tool"], "name version");
    has(&value["request"], "source start end as_of accounts regions trails log_files");
    has(&value["totals"], "digests log_files bytes_hashed");
    has(&value["totals"]["digests"], tally);
    has(&value["totals"]["log_files"], logs);
    let chain = &value["chains"][1];
    has(chain, "account_id region trail home_region kind digests log_files newest oldest proven holes");
    has(&chain["digests"], tally);
    has(&chain["log_files"], logs);
    has(&chain["newest"], "key signature end");
    has(&chain["oldest"], "key start");
    has(&chain["proven"][0], "start end");
    has(&chain["holes"][0], "start end reason");
    let finding = value["findings"].as_array().unwrap().iter().find(|f| f["code"] == "log-hash-mismatch").unwrap();
    has(finding, "code severity subject chain interval reason recorded computed message");
    has(&finding["subject"], "bucket key");
    has(&finding["chain"], "account_id region trail kind");
    has(&finding["interval"], "start end");
    has(&value["public_keys"][0], "fingerprint source valid_from valid_to");
    has(&value["checks"], "performed skipped");
    assert_eq!(value["schema"], "trailseal.report/1");
    assert_eq!(value["verdict"], "not-intact");
}

#[test]
fn a_saved_report_reads_back_as_it_was() {
    let report = everything();
    assert_eq!(Report::parse(as_json(&report).as_bytes()).unwrap(), report);
}

#[test]
fn an_edited_report_is_refused() {
    let json = as_json(&everything());
    let edited = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        Report::parse(json.replacen(from, to, 1).as_bytes())
    };
    assert!(matches!(edited("\"verdict\": \"not-intact\"", "\"verdict\": \"intact\""), Err(ReportError::Edited(..))));
    assert!(matches!(edited("\"severity\": \"violation\"", "\"severity\": \"note\""), Err(ReportError::Edited(..))));
    assert!(matches!(edited("trailseal.report/1", "trailseal.report/2"), Err(ReportError::Schema(_))));
    let mut report = everything();
    report.findings.retain(|finding| finding.code != Code::LogHashMismatch);
    assert!(matches!(Report::parse(as_json(&report).as_bytes()), Err(ReportError::Edited(..))));
}

#[test]
fn no_raw_control_character_is_written_and_every_reader_gets_the_same_text() {
    let evil = "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{e0041}\u{0}\n\"\\ é";
    let mut report = everything();
    report.findings[0].message = evil.to_owned();
    let json = as_json(&report);
    assert!(json.chars().all(|c| c == '\n' || !trailseal::render::escape::is_hidden(c)));
    assert!(json.contains(r#"\u001b[2J\u009b31m\u007f\u202e\udb40\udc41\u0000\n\"\\ é"#));
    assert_eq!(Report::parse(json.as_bytes()).unwrap(), report);
}

#[test]
fn ndjson_is_the_findings_and_then_the_rest() {
    let report = everything();
    let mut out = Vec::new();
    for finding in &report.findings {
        ndjson_finding(finding, &mut out).unwrap();
    }
    ndjson_report(&report, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), report.findings.len() + 1);
    for (line, finding) in lines.iter().zip(&report.findings) {
        assert_eq!(&serde_json::from_str::<Finding>(line).unwrap(), finding);
    }
    let mut whole: Value = serde_json::from_str(&as_json(&report)).unwrap();
    whole.as_object_mut().unwrap().remove("findings");
    assert_eq!(serde_json::from_str::<Value>(lines[lines.len() - 1]).unwrap(), whole);
}
