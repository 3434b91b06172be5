//! Names that are chosen to act, to break out of where they stand, or to be too long: in every part of a report, in every
//! form.

use serde_json::Value;
use trailseal::chain::{Hole, NewestDigest, Tally};
use trailseal::finding::{Code, Finding, Reason, Severity};
use trailseal::render::escape::is_hidden;
use trailseal::report::{ChainReport, LogTally, PublicKeyReport, Report, RequestReport};
use trailseal::trail::{ChainId, ChainKind, ObjectLocation};

use crate::sample::{self, hour, hours};
use crate::{FORMS, form, rendered};

/// What breaks out of strings, tags, comments, labels, links and lines, and what acts on a terminal.
pub(crate) const EVIL: [&str; 14] = [
    "\u{1b}[2J\u{1b}[32mintact\u{9b}0m\u{7}",
    "a\r\nintact: all is well\n# TYPE evil gauge\nevil 1",
    "</system-out></testcase><x a='b' c=\"d\">&lt;&#10;&",
    "]]><!--",
    "\"} 1\nevil{x=\"\\",
    "\\",
    "quote\" quote' `back`",
    "\u{202e}gz.nosj\u{200b}\u{feff}\u{2028}",
    "\u{1f600}\u{1f468}\u{200d}\u{1f469} \u{e9}\u{301} \u{ffff}\u{fffe}\u{10ffff}\u{e0041}",
    "![x](javascript:alert(1)) [y](http://evil.example) *b* _i_ {{ insert: param }} $x$ ~~s~~",
    "=cmd|' /C calc'!A0",
    "   ",
    "",
    "\0",
];

/// A report in which all that can be a name is one of these.
pub(crate) fn report(evil: &str) -> Report {
    let id = ChainId {
        account_id: evil.to_owned(),
        region: evil.to_owned(),
        trail: evil.to_owned(),
        home_region: evil.to_owned(),
        kind: ChainKind::Standard,
    };
    let chain = |id: &ChainId| ChainReport {
        account_id: id.account_id.clone(),
        region: id.region.clone(),
        trail: id.trail.clone(),
        home_region: id.home_region.clone(),
        kind: id.kind,
        digests: Tally { verified: 1, violated: 1, unproven: 1 },
        log_files: LogTally { verified: u64::MAX / 4, ..LogTally::default() },
        newest: Some(NewestDigest { key: evil.to_owned(), signature: evil.to_owned(), end: hour(1) }),
        oldest: None,
        proven: vec![hours(0, 1)],
        holes: vec![Hole { start: hour(1), end: hour(2), reason: Reason::DigestLost }],
    };
    let plain = sample::id("111122223333", "us-east-1");
    let mut findings = Vec::new();
    for code in Code::ALL.iter().filter(|code| **code != Code::WaiverUnused) {
        let bare = Finding::new(*code, evil);
        let compared = bare.clone().compared(evil, evil).during(hours(0, 1)).because(Reason::Denied);
        findings.push(bare.clone());
        findings.push(compared.clone().in_chain(&id));
        findings.push(compared.clone().about(&ObjectLocation::new(evil, evil)));
        findings.push(bare.about(&ObjectLocation::new("", evil)).in_chain(&plain));
        // Two that say the same of the same.
        findings.push(compared.in_chain(&id));
    }
    let names = || vec![evil.to_owned()];
    let request = RequestReport {
        source: evil.to_owned(),
        accounts: names(),
        regions: names(),
        trails: names(),
        log_files: evil.to_owned(),
        named_log_files: vec![evil.to_owned()],
        delivered_to: Some(evil.to_owned()),
        s3_prefix: Some(evil.to_owned()),
        ..sample::request(2)
    };
    let other = ChainId { kind: ChainKind::Backfill, ..id.clone() };
    let mut report = sample::conclude(request, vec![chain(&id), chain(&other), chain(&plain)], findings, "");
    report.checks.performed = names();
    report.checks.skipped = names();
    report.public_keys =
        vec![PublicKeyReport { fingerprint: evil.to_owned(), source: evil.to_owned(), ..sample::key() }];
    report.tool.version = evil.to_owned();
    report.setup = Some(Box::new(sample::setup::said_everywhere(evil)));
    report
}

/// All of them, one by one, together, and one that is far too long.
pub(crate) fn reports() -> Vec<(String, Report)> {
    let mut reports: Vec<(String, Report)> =
        EVIL.iter().enumerate().map(|(at, evil)| (format!("evil-{at}"), report(evil))).collect();
    reports.push(("evil-all".to_owned(), report(&EVIL.concat())));
    reports.push(("evil-long".to_owned(), report(&"\u{e9}<\n".repeat(600))));
    reports
}

#[test]
fn nothing_acts_in_any_form() {
    for (name, report) in reports() {
        for (form, render) in FORMS {
            let mut shown = rendered(render, &report);
            if form == "csv" {
                assert_eq!(shown.matches('\n').count(), shown.matches("\r\n").count(), "{name}");
                shown = shown.replace("\r\n", "\n");
            }
            let acts = shown.chars().find(|c| is_hidden(*c) && *c != '\n');
            assert_eq!(acts, None, "{name}, {form}");
        }
    }
}

#[test]
fn no_name_begins_a_line_of_its_own() {
    for (name, report) in reports() {
        for (form, render) in FORMS {
            for line in rendered(render, &report).lines() {
                let ours = match form {
                    "prometheus" => {
                        line.starts_with("# HELP trailseal_")
                            || line.starts_with("# TYPE trailseal_")
                            || line.starts_with("trailseal_")
                    }
                    "csv" => ["kind,status,", "log file,", "digest file,", "other,"]
                        .iter()
                        .any(|begin| line.starts_with(begin)),
                    "ocsf" | "ndjson" => serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object()),
                    _ => !line.trim_start().starts_with("evil") && !line.trim_start().starts_with("intact: all"),
                };
                assert!(ours, "{name}, {form}: {line}");
            }
        }
    }
}

/// A spreadsheet calculates what begins so, and some part cells by semicolons.
#[test]
fn no_cell_is_calculated() {
    for (name, report) in reports() {
        let text = form("csv", &report);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        let about = report.findings.iter().filter(|finding| finding.subject.is_some());
        assert_eq!(rows.len(), about.count(), "{name}");
        for part in rows.iter().flat_map(|row| row.iter().flat_map(|cell| cell.split(';'))) {
            let part = part.trim_start_matches([' ', '"']);
            assert!(!part.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{name}: {part}");
        }
    }
}

#[test]
fn json_forms_are_json_and_hold_what_the_report_says() {
    for (name, report) in reports() {
        let findings: Value = serde_json::from_str(&form("asff", &report)).unwrap();
        let serious = report.findings.iter().filter(|finding| finding.severity != Severity::Note).count();
        assert_eq!(findings.as_array().unwrap().len(), report.chains.len() + serious + CHECKS, "{name}");
        let _: Value = serde_json::from_str(&form("oscal", &report)).unwrap();
        let events: Vec<Value> =
            form("ocsf", &report).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let violations: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.severity == Severity::Violation).collect();
        let before = 1 + report.chains.len();
        assert_eq!(events.len(), before + violations.len() + CHECKS, "{name}");
        for (event, finding) in events[before..].iter().zip(violations) {
            // Every reader gets the very text.
            assert_eq!(event["evidences"][0]["data"], serde_json::to_value(finding).unwrap(), "{name}");
        }
    }
}

/// Checks of how the trail is set up that apply.
const CHECKS: usize = 3;

/// As much of XML as is written: a declaration, tags in pairs, attributes in double quotes, text, five entities.
#[test]
fn junit_is_well_formed() {
    for (name, report) in reports() {
        let xml = form("junit", &report);
        let mut open: Vec<&str> = Vec::new();
        let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
        let mut rest = body;
        while let Some(at) = rest.find('<') {
            text(&name, &rest[..at]);
            let end = at + rest[at..].find('>').unwrap();
            let tag = &rest[at + 1..end];
            rest = &rest[end + 1..];
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{name}");
                continue;
            }
            let (tag, alone) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let element = tag.split(' ').next().unwrap();
            let known = "testsuites testsuite properties property testcase failure error skipped system-out";
            assert!(known.split(' ').any(|known| known == element), "{name}: {element}");
            let attributes = &tag[element.len()..];
            assert_eq!(attributes.matches('"').count() % 2, 0, "{name}: {tag}");
            text(&name, attributes);
            if !alone {
                open.push(element);
            }
        }
        assert!(open.is_empty() && rest == "\n", "{name}: {open:?} {rest:?}");
    }
}

/// No tag, no broken reference.
fn text(name: &str, text: &str) {
    for after in text.split('&').skip(1) {
        let entities = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        assert!(entities.iter().any(|entity| after.starts_with(entity)), "{name}: &{after}");
    }
    assert!(!text.contains("]]>"), "{name}");
}
