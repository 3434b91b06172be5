//! The report as one page of HTML: for whoever must act on it, file it, or sign it.
//!
//! One file that loads nothing and runs nothing: no script, no network, a style that its own policy names by hash. It can be
//! read without colour, by keyboard, by a screen reader, and on paper. However large the report, the page is bounded; what
//! it leaves out it says, and the JSON report has.

mod asked;
mod controls;
mod coverage;
mod findings;
mod limits;
mod made;
mod page;
mod picture;
mod population;
mod waived;

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use page::Page;
use sha2::{Digest as _, Sha256};

use super::wording;
use crate::report::{Made, Report, Verdict, thousands};

/// What an HTML report says besides the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HtmlOptions {
    /// By whom, where and with what it was made, where that is known.
    pub made: Option<Made>,
}

/// Writes the report as one self-contained page.
pub fn html(report: &Report, options: &HtmlOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::default();
    head(report, &mut page);
    masthead(report, &mut page);
    page.raw("<main id=\"main\" tabindex=\"-1\">\n");
    verdict(report, &mut page);
    contents(&mut page);
    asked::asked(report, &mut page);
    asked::method(report, &mut page);
    made::made(report, options.made.as_ref(), &mut page);
    coverage::coverage(report, &mut page);
    population::population(report, &mut page);
    findings::findings(report, &mut page);
    waived::waived(report, &mut page);
    limits::limits(report, &mut page);
    controls::controls(&mut page);
    page.raw("</main>\n");
    foot(report, &mut page);
    page.finish(out)
}

fn head(report: &Report, page: &mut Page) {
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\"");
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'");
    page.attribute("content", policy);
    page.raw(">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n<title>");
    page.short(&format!("{}: CloudTrail integrity of {}", report.verdict, report.request.source), LONGEST_TITLE);
    page.raw("</title>\n<style>");
    page.raw(STYLE);
    page.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
}

fn masthead(report: &Report, page: &mut Page) {
    page.raw("<header class=\"masthead\">\n<p>CloudTrail log file integrity report</p>\n<p class=\"source\">");
    page.name(&report.request.source);
    page.raw("</p>\n</header>\n");
}

/// The verdict and its scope are one heading: nobody can quote the one without the other.
fn verdict(report: &Report, page: &mut Page) {
    let word = report.verdict.to_string();
    let headline = report.headline();
    page.raw(match report.verdict {
        Verdict::Intact => "<section class=\"verdict good\" aria-labelledby=\"verdict\">\n<svg class=\"seal\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"11\"/><path d=\"M6.5 12.5l3.7 3.7 7.3-8\"/></svg>\n",
        Verdict::NotIntact => "<section class=\"verdict bad\" aria-labelledby=\"verdict\">\n<svg class=\"seal\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path class=\"plate\" d=\"M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z\"/><path d=\"M8 8l8 8M16 8l-8 8\"/></svg>\n",
        Verdict::Inconclusive => "<section class=\"verdict doubtful\" aria-labelledby=\"verdict\">\n<svg class=\"seal\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path class=\"plate\" d=\"M12 1.5L23 21.5H1z\"/><path d=\"M12 8.5v6M12 17.6v.6\"/></svg>\n",
    });
    page.raw("<h1 id=\"verdict\">");
    page.within("<span class=\"word\">", &word, "</span>");
    page.timed("<span class=\"scope\">", headline.strip_prefix(&word).unwrap_or(&headline), "</span></h1>\n");
    page.within("<p class=\"meaning\">", wording::meaning(report), "</p>\n");
    figures(report, page);
    page.raw("</section>\n");
}

/// The report's own totals.
fn figures(report: &Report, page: &mut Page) {
    let (digests, logs) = (report.totals.digests, report.totals.log_files);
    page.raw("<dl class=\"figures\">\n");
    let figures = [
        ("digest files verified", digests.verified),
        ("log files verified", logs.verified),
        ("files contradicted", digests.violated.saturating_add(logs.violated)),
        ("files unproven", digests.unproven.saturating_add(logs.unproven)),
        ("log files not read", logs.not_checked),
        ("objects unlisted", logs.unlisted),
    ];
    for (name, number) in figures {
        page.within("<div><dt>", name, "</dt>");
        page.within("<dd>", &thousands(number), "</dd></div>\n");
    }
    page.raw("</dl>\n");
}

fn contents(page: &mut Page) {
    page.raw("<nav aria-label=\"Contents\"><ol>\n");
    for (anchor, title) in SECTIONS {
        page.raw("<li><a");
        page.attribute("href", format!("#{anchor}"));
        page.within(">", title, "</a></li>\n");
    }
    page.raw("</ol></nav>\n");
}

fn foot(report: &Report, page: &mut Page) {
    page.raw("<footer>\n<p>");
    page.name(&report.tool.name);
    page.raw(" ");
    page.name(&report.tool.version);
    page.raw(", ");
    page.name(&report.schema);
    page.raw(
        ". This page is a function of that report: it counts nothing anew, holds no script, and loads nothing.</p>\n",
    );
    page.raw("</footer>\n</body>\n</html>\n");
}

/// The sections, in order: their anchors and titles.
const SECTIONS: [(&str, &str); 9] = [
    ("asked", "What was asked"),
    ("method", "How it was checked"),
    ("made", "By whom, and with which keys"),
    ("coverage", "Coverage"),
    ("population", "Population"),
    ("findings", "Findings"),
    ("waivers", "Waivers"),
    ("limits", "What this does not show"),
    ("controls", "Controls"),
];

/// A window's title is no place for a key of a thousand characters.
const LONGEST_TITLE: usize = 200;

/// The one style; the page's policy names it by its hash.
const STYLE: &str = include_str!("style.css");
