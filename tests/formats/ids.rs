//! Consumers keep what they were told by its id: tomorrow's report must speak of the same things by the same ids.

use std::collections::BTreeSet;

use serde_json::Value;
use trailseal::chain::Hole;
use trailseal::finding::{Code, Finding, Reason};
use trailseal::report::Report;

use crate::sample::{self, hours};
use crate::{form, hostile};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

fn asff_ids(report: &Report) -> Vec<String> {
    let findings: Value = serde_json::from_str(&form("asff", report)).unwrap();
    findings.as_array().unwrap().iter().map(|finding| finding["Id"].as_str().unwrap().to_owned()).collect()
}

fn ocsf_ids(report: &Report) -> Vec<String> {
    let of =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["finding_info"]["uid"].as_str().unwrap().to_owned();
    form("ocsf", report).lines().map(of).collect()
}

/// What is found when the last so many hours are asked for at that hour.
fn report(from: i64, until: i64) -> Report {
    let (account, region) = (ACCOUNT, REGION);
    let mut chain = sample::whole(account, region, until);
    chain.proven = vec![hours(10, until)];
    chain.holes = vec![Hole { start: sample::hour(from), end: sample::hour(10), reason: Reason::BeforeFirstDigest }];
    let hole = Finding::new(Code::CoverageHole, format!("{} hours before the first digest", 10 - from))
        .in_chain(&sample::id(account, region))
        .during(hours(from, 10))
        .because(Reason::BeforeFirstDigest);
    let mut request = sample::request(until);
    request.start = Some(sample::hour(from));
    sample::conclude(request, vec![chain], vec![sample::altered(account, region, 12), hole], "")
}

#[test]
fn ids_stay_from_run_to_run() {
    let (today, tomorrow) = (report(0, 24), report(5, 48));
    assert_eq!(asff_ids(&today), asff_ids(&tomorrow));
    assert_eq!(ocsf_ids(&today), ocsf_ids(&tomorrow));
    assert_eq!(asff_ids(&today).len(), 3);
    // An event is not what it is about: a lake that drops what it has already must not drop tomorrow's.
    let events = |report: &Report| -> BTreeSet<String> {
        let of = |line: &str| serde_json::from_str::<Value>(line).unwrap()["metadata"]["uid"].to_string();
        form("ocsf", report).lines().map(of).collect()
    };
    assert!(events(&today).is_disjoint(&events(&tomorrow)));
}

#[test]
fn a_waiver_changes_no_id() {
    let finding = || vec![sample::altered(ACCOUNT, REGION, 12)];
    let chains = || vec![sample::whole(ACCOUNT, REGION, 24)];
    let subject = sample::log_file(ACCOUNT, REGION, 12);
    let waiver = format!(
        "[[waiver]]\ncode = \"log-hash-mismatch\"\nsubject = \"{subject}\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"\n"
    );
    let open = sample::conclude(sample::request(24), chains(), finding(), "");
    let waived = sample::conclude(sample::request(24), chains(), finding(), &waiver);
    assert_eq!(asff_ids(&open), asff_ids(&waived));
    let findings: Value = serde_json::from_str(&form("asff", &waived)).unwrap();
    assert_eq!(findings[0]["Compliance"]["Status"], "PASSED");
    assert_eq!(findings[1]["Workflow"]["Status"], "SUPPRESSED");
    let events: Vec<Value> = form("ocsf", &waived).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[2]["status"], &events[2]["is_alert"]), (&"Suppressed".into(), &false.into()));
}

#[test]
fn no_id_is_there_twice() {
    for (name, report) in hostile::reports().into_iter().chain([("everything".to_owned(), sample::everything())]) {
        for ids in [asff_ids(&report), ocsf_ids(&report)] {
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}");
        }
    }
}
