//! `intact` of less than everything is told as what it is.

use serde_json::Value;
use trailseal::report::{LogTally, Report, Verdict};

use crate::{form, golden, sample};

/// As `--log-files none` leaves it.
fn chain_only() -> Report {
    let chain = sample::whole("111122223333", "us-east-1", 24);
    let log_files = LogTally { not_checked: 240, ..LogTally::default() };
    let request = trailseal::report::RequestReport { log_files: "none".to_owned(), ..sample::request(24) };
    sample::conclude(request, vec![trailseal::report::ChainReport { log_files, ..chain }], Vec::new(), "")
}

fn json(name: &str, report: &Report) -> Value {
    serde_json::from_str(&form(name, report)).unwrap()
}

/// The status of a compliance check, of each event.
fn ocsf(report: &Report) -> Vec<Value> {
    let of = |line: &str| serde_json::from_str::<Value>(line).unwrap()["compliance"]["status"].clone();
    form("ocsf", report).lines().map(of).collect()
}

fn controls(report: &Report) -> Vec<(String, String)> {
    let document = json("oscal", report);
    let findings = document["assessment-results"]["results"][0]["findings"].as_array().unwrap();
    let of = |finding: &Value| {
        let status = &finding["target"]["status"];
        [&status["state"], &status["reason"]].map(|text| text.as_str().unwrap().to_owned()).into()
    };
    findings.iter().map(of).collect()
}

#[test]
fn what_was_not_asked_for_is_not_passed() {
    let (narrowed, whole) = (chain_only(), golden::intact());
    assert_eq!((narrowed.verdict, whole.verdict), (Verdict::Intact, Verdict::Intact));
    assert_eq!(ocsf(&whole), ["Pass", "Pass"]);
    assert_eq!(ocsf(&narrowed), ["Warning", "Warning"]);
    assert_eq!(json("asff", &whole)[0]["Compliance"]["Status"], "PASSED");
    let finding = &json("asff", &narrowed)[0];
    assert_eq!(finding["Compliance"]["Status"], "WARNING");
    assert_eq!(finding["Compliance"]["StatusReasons"][0]["ReasonCode"], "LOG_FILES_NOT_CHECKED");
    assert!(finding["Title"].as_str().unwrap().contains("intact: chain only, 0 of 240 log files read"), "{finding}");
    assert!(controls(&whole).iter().all(|status| *status == ("satisfied".to_owned(), "pass".to_owned())));
    assert!(controls(&narrowed).iter().all(|status| *status == ("not-satisfied".to_owned(), "other".to_owned())));
    let xml = form("junit", &narrowed);
    assert!(xml.contains(" failures=\"0\" errors=\"0\" skipped=\"1\">"), "{xml}");
    assert!(xml.contains("<skipped message="), "{xml}");
}

#[test]
fn log_files_asked_for_by_name_are_not_their_hours() {
    let mut named = golden::intact();
    named.request.log_files = "named".to_owned();
    named.request.named_log_files = vec!["a/key".to_owned()];
    assert_eq!(named.verdict, Verdict::Intact);
    assert_eq!(ocsf(&named), ["Warning", "Warning"]);
    let finding = &json("asff", &named)[0];
    assert_eq!(finding["Compliance"]["Status"], "WARNING");
    assert!(finding["Title"].as_str().unwrap().contains("asked for by name"), "{finding}");
    assert!(controls(&named).iter().all(|status| *status == ("not-satisfied".to_owned(), "other".to_owned())));
    assert!(form("junit", &named).contains("asked for by name"));
    assert!(form("prometheus", &named).contains("log_files=\"named\""));
    assert!(form("json", &named).contains("a/key"));
}

#[test]
fn a_report_that_is_not_intact_passes_nowhere_as_a_whole() {
    for (report, event, status) in [(sample::everything(), "Fail", "fail"), (golden::nothing(), "Warning", "other")] {
        assert_eq!(ocsf(&report)[0], event);
        assert!(controls(&report).iter().all(|(state, reason)| state == "not-satisfied" && reason == status));
        let xml = form("junit", &report);
        let failed = xml.split("name=\"verdict\" time=\"0\">\n").nth(1).unwrap();
        assert!(failed.starts_with("<failure ") || failed.starts_with("<error "), "{failed}");
    }
}

/// Whoever reads that something was accepted is to learn by whom, until when and why.
#[test]
fn a_waiver_is_told_in_every_form_that_tells_of_the_report() {
    let report = sample::everything();
    assert!(report.waivers.iter().any(|waiver| !waiver.expired && waiver.findings > 0));
    for name in ["ocsf", "asff", "junit", "oscal", "prometheus"] {
        let told = form(name, &report);
        for part in ["J. Doe", "2026-06-30", "delivered while validation was off, ticket 4711", "restored"] {
            assert!(told.contains(part), "{name}: {part}: {told}");
        }
    }
}
