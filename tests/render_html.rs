//! The page of HTML: against a snapshot, and against what it may never do. `tests/browser` looks at it in a browser.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod sample;

use sample::markup::{self, tags};
use sample::pages::{EVIL, as_html, inconclusive, made_by, many, nothing, one_chain, said_everywhere, somebody};
use sample::{altered, conclude, everything, request, snapshot, whole};
use trailseal::report::{LogTally, Report};

fn samples() -> Vec<(&'static str, Report)> {
    vec![
        ("one chain", one_chain()),
        ("everything", everything()),
        ("inconclusive", inconclusive()),
        ("nothing", nothing()),
        ("40 chains", many(4)),
        ("hostile", said_everywhere(EVIL)),
    ]
}

#[test]
fn a_report_reads_as_its_snapshot_does() {
    snapshot("everything.html", &as_html(&everything(), Some(somebody())));
}

#[test]
fn every_page_is_whole_and_loads_and_runs_nothing() {
    samples().iter().for_each(|(name, report)| markup::must_be_whole_and_inert(name, &as_html(report, None)));
}

#[test]
fn anchors_lead_somewhere_and_ids_are_unique() {
    samples().iter().for_each(|(name, report)| markup::must_lead_somewhere(name, &as_html(report, None)));
}

#[test]
fn the_verdict_stands_with_its_scope_in_one_heading_before_all_else() {
    for (name, report) in samples() {
        let page = as_html(&report, None);
        let (_, rest) = page.split_once("<h1 id=\"verdict\">").unwrap();
        let heading = rest.split_once("</h1>").unwrap().0;
        let said: String = heading.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
        assert_eq!(said, trailseal::render::escape::html(&report.headline()), "{name}");
        assert!(!page.split_once("<h1").unwrap().0.contains("<h2"), "{name}");
    }
}

/// Whatever the names, the markup is the same.
#[test]
fn no_name_becomes_markup_or_hides() {
    let plain = "x".repeat(EVIL.chars().count());
    let (evil, plain) = (
        as_html(&said_everywhere(EVIL), Some(made_by(EVIL))),
        as_html(&said_everywhere(&plain), Some(made_by(&plain))),
    );
    assert_eq!(tags(&evil), tags(&plain));
    assert!(evil.chars().all(|c| c == '\n' || !trailseal::render::escape::is_hidden(c)));
    assert!(evil.contains("\\u{202e}gz\\u{1b}[2J"));
    // Outside of the style and of markup no quote and no bracket stands as it is.
    assert!(!evil.contains("<svg onload") && !evil.contains("alert(1)>"));
}

/// The sentences about controls are about all log files.
#[test]
fn a_report_of_less_is_shown_for_no_control() {
    let shown = |report: &Report| as_html(report, None).contains("PCI DSS");
    assert!(shown(&one_chain()) && shown(&everything()));
    assert!(!shown(&nothing()));
    let mut less = one_chain();
    less.totals.log_files.not_checked += 1;
    assert!(!shown(&less) && as_html(&less, None).contains("None are listed"));
}

#[test]
fn what_is_left_out_is_said_and_the_page_stays_bounded() {
    let mut chain = whole("111122223333", "us-east-1", 720);
    chain.log_files = LogTally { violated: 100_000, ..LogTally::default() };
    let findings = (0..100_000).map(|at| altered("111122223333", "us-east-1", at % 720)).collect();
    let report = conclude(request(720), vec![chain], findings, "");
    let page = as_html(&report, None);
    assert!(
        page.contains("<strong>2,000 of 100,000 findings are shown.</strong> The other 98,000 are in the JSON report")
    );
    assert!(page.len() < 4 << 20, "{} bytes", page.len());

    let page = as_html(&many(100), None);
    assert_eq!(page.matches("<text class=\"percent\"").count(), 1_000, "every chain has its line");
    assert!(page.len() < 2 << 20, "{} bytes", page.len());

    let page = as_html(&many(500), None);
    assert!(page.contains("1,500 of 5,000 chains are shown."));
    assert!(page.len() < 4 << 20, "{} bytes", page.len());
    let troubled = (0..5_000).filter(|at| [3, 7, 11].contains(&(at % 13))).count();
    assert_eq!(page.matches("<text class=\"small\"").count(), troubled, "chains with holes or findings come first");
}

/// An hour in ten years, and a violation in it: both are drawn.
#[test]
fn the_shortest_hole_and_violation_are_drawn() {
    let hours_of_ten_years = 87_600;
    let chain = sample::with_hole(whole("111122223333", "us-east-1", hours_of_ten_years), 500, hours_of_ten_years);
    let findings = vec![
        sample::lost("111122223333", "us-east-1", 500),
        altered("111122223333", "us-east-1", 500),
        altered("111122223333", "us-east-1", 80_000),
    ];
    let page = as_html(&conclude(request(hours_of_ten_years), vec![chain], findings, ""), None);
    let picture = page.split_once("<svg class=\"panel\"").unwrap().1.split_once("<h3 id=\"holes\">").unwrap().0;
    assert_eq!(picture.matches("<rect class=\"hole\"").count(), 1);
    assert_eq!(picture.matches("<rect class=\"violated\"").count(), 2);
    assert!(picture.contains("<rect class=\"hole\" x=\"0.12%\" width=\"0.80%\""), "{picture}");
}
