//! The report as one page of HTML: for whoever must act on it, file it, or sign it.
//!
//! One file that loads nothing and runs nothing: no script, no network, a style that its own policy names by hash. It can be
//! read without colour, by keyboard, by a screen reader, and on paper. However large the report, the page is bounded; what
//! it leaves out it says, and the JSON report has.

mod asked;
mod axis;
mod controls;
pub(super) mod coverage;
pub(super) mod document;
pub(super) mod findings;
mod limits;
mod made;
pub(super) mod page;
pub(super) mod picture;
pub(super) mod population;
mod waived;

use std::io;

use page::Page;

use super::doctor::section;
use super::wording;
use crate::report::{Made, Report, thousands};

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
    let setup =
        report.setup.as_ref().map(|_| [("setup", "How the trails are set up"), ("unlooked", "What nobody looked at")]);
    let sections: Vec<(&str, &str)> = SECTIONS.into_iter().chain(setup.into_iter().flatten()).collect();
    document::contents(&sections, &mut page);
    asked::asked(report, &mut page);
    asked::method(report, &mut page);
    made::made(report, options.made.as_ref(), &mut page);
    coverage::coverage(report, &mut page);
    population::population(report, &mut page);
    findings::findings(report, &mut page);
    waived::waived(report, &mut page);
    limits::limits(report, &mut page);
    controls::controls(report, &mut page);
    if let Some(setup) = &report.setup {
        section(setup, &mut page);
    }
    page.raw("</main>\n");
    foot(report, &mut page);
    page.finish(out)
}

fn head(report: &Report, page: &mut Page) {
    let title = format!("{}: CloudTrail integrity of {}", report.verdict, report.request.source);
    document::begin(&title, STYLE, "Skip to the report", page);
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
    document::seal(Some(report.verdict), page);
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

/// The one style; the page's policy names it by its hash.
pub(super) const STYLE: &str = include_str!("style.css");
