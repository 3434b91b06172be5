//! A saved report: printed and read the same, rendered for a terminal without anything that acts there, and refused where
//! its verdict is not what its findings come to.

use trailseal::finding::Severity;
use trailseal::render::escape::is_hidden;
use trailseal::render::{HtmlOptions, TextOptions, headline, html, json, ndjson_report, text};
use trailseal::render::{asff, junit, ocsf, oscal, prometheus};
use trailseal::report::{Report, Verdict};

use super::bucket;

pub(crate) const STAGES: &[&str] = &["refused", "inconclusive", "not intact", "intact"];

pub(crate) fn run(data: &[u8]) -> usize {
    let Ok(report) = Report::parse(data) else { return 0 };
    // Decided here by the rule in words: a violation, else what is unproven, else nothing verified.
    let counts = |severity| report.findings.iter().any(|f| f.code.severity() == severity && !f.waived);
    let expected = if counts(Severity::Violation) {
        Verdict::NotIntact
    } else if counts(Severity::Unproven) || report.totals.digests.verified == 0 {
        Verdict::Inconclusive
    } else {
        Verdict::Intact
    };
    assert_eq!(report.verdict, expected);
    let mut printed = Vec::new();
    json(&report, &mut printed).expect("memory");
    assert_eq!(Report::parse(&printed).expect("a report that was printed"), report);
    acts_on_no_terminal(&printed);
    for verdict in [Verdict::Intact, Verdict::NotIntact, Verdict::Inconclusive] {
        let edited = Report { verdict, ..report.clone() };
        let edited = serde_json::to_vec(&edited).expect("JSON");
        assert_eq!(Report::parse(&edited).is_ok(), verdict == report.verdict, "an edited verdict was taken");
    }
    for ascii in [false, true] {
        let options = TextOptions { verbose: ascii, ascii, ..TextOptions::default() };
        for write in [text, headline] {
            let mut printed = Vec::new();
            write(&report, &options, &mut printed).expect("memory");
            acts_on_no_terminal(&printed);
            assert!(!ascii || printed.is_ascii(), "not ASCII alone");
        }
    }
    for write in [asff, junit, ocsf, oscal, prometheus] {
        let mut written = Vec::new();
        write(&report, &mut written).expect("memory");
        acts_on_no_terminal(&written);
    }
    let mut line = Vec::new();
    ndjson_report(&report, &mut line).expect("memory");
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1, "not one line");
    let mut page = Vec::new();
    html(&report, &HtmlOptions::default(), &mut page).expect("memory");
    acts_on_no_terminal(&page);
    let page = String::from_utf8(page).expect("text");
    // The program's own markup has no element that runs or loads anything, so none may come of a name.
    for element in ["<script", "<img", "<iframe", "<object", "<embed", "<link", "<base", "<form"] {
        assert!(!page.contains(element), "{element} came of a name:\n{page}");
    }
    match report.verdict {
        Verdict::Inconclusive => 1,
        Verdict::NotIntact => 2,
        Verdict::Intact => 3,
    }
}

fn acts_on_no_terminal(printed: &[u8]) {
    let printed = std::str::from_utf8(printed).expect("text");
    let acting = printed.chars().find(|c| is_hidden(*c) && *c != '\n');
    assert_eq!(acting, None, "printed to a terminal:\n{printed:?}");
}

/// What comes of audits of the small bucket and of lies to it.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let reports = bucket::seeds();
    let reports = reports.iter().step_by(4).filter_map(|seed| bucket::report_of(seed));
    let with_names = |(at, mut report): (usize, Report)| {
        // As an attacker would have them.
        if let Some(finding) = report.findings.get_mut(at % 5) {
            finding.message += "\u{1b}[2J\u{202e}\u{9b}";
            finding.computed = Some("a\u{feff}\r\nintact".into());
        }
        report.request.source += ["<script>", "\u{202e}"][at % 2];
        serde_json::to_vec(&report).expect("JSON")
    };
    reports.enumerate().map(with_names).collect()
}
