//! Findings: worst first, grouped by code, with what each can mean and what to do next.

use super::page::Page;
use crate::finding::{Code, Finding, Severity};
use crate::render::groups::{Found, by_code, spanned};
use crate::render::wording;
use crate::report::{Report, thousands};

/// So many findings of a severity are shown, shared out among its codes; and so many bytes of each code at most, should every
/// name be as long as a name can be. A page of thousands is filed, not read; the JSON report has them all.
fn shown(severity: Severity) -> usize {
    match severity {
        Severity::Violation => 2_000,
        Severity::Unproven => 500,
        Severity::Note => 200,
    }
}
const BYTES_PER_CODE: usize = 2 << 20;

/// Recorded and computed values are shown up to this many characters: hashes and locations whole, a signature not.
const LONGEST_VALUE: usize = 300;

pub(super) fn findings(report: &Report, page: &mut Page) {
    page.raw("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n");
    let mut any = false;
    for severity in [Severity::Violation, Severity::Unproven, Severity::Note] {
        let of = |finding: &&Finding| finding.severity == severity && !finding.waived;
        let found: Vec<&Finding> = report.findings.iter().filter(of).collect();
        if !found.is_empty() {
            any = true;
            let count = |code: Code| found.iter().filter(|finding| finding.code == code).count() as u64;
            all_of(severity, &found, shown(severity), &count, page);
        }
    }
    if !any {
        let none = if report.findings.is_empty() { "None." } else { "None but those waived." };
        page.says("<p>", none, "</p>\n");
    }
    page.raw("</section>\n");
}

/// All of a severity: those that are to be shown, so many at most, and how many of each code there are.
pub(in crate::render) fn all_of<F: Found>(
    severity: Severity,
    found: &[&F],
    most: usize,
    count: &dyn Fn(Code) -> u64,
    page: &mut Page,
) {
    page.raw(class_of(severity));
    page.raw("<h3>");
    page.raw(wording::plural(severity));
    let groups = by_code(found);
    page.count(" <span>(", groups.iter().map(|(code, _)| count(*code)).sum(), ")</span>: ");
    page.raw(wording::says(severity));
    page.raw("</h3>\n");
    let most = (most / groups.len().max(1)).max(1);
    for (code, group) in groups {
        one_code(code, count(code), page);
        some(&group, most, page);
    }
    page.raw("</div>\n");
}

fn class_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Violation => "<div class=\"severity violation\">\n",
        Severity::Unproven => "<div class=\"severity unproven\">\n",
        Severity::Note => "<div class=\"severity note\">\n",
    }
}

fn one_code(code: Code, count: u64, page: &mut Page) {
    page.within("<h4><code>", code.name(), "</code> ");
    page.within("<span class=\"badge\">", &code.severity().to_string(), "</span>");
    page.count(" <span class=\"times\">× ", count, "</span></h4>\n");
    page.says("<p class=\"observed\">", code.sentence(), "</p>\n<dl class=\"advice\">\n");
    page.says("<dt>It can be ordinary</dt><dd>", code.ordinary(), "</dd>\n");
    page.says("<dt>It can be malicious</dt><dd>", code.malicious(), "</dd>\n");
    page.says("<dt>Next</dt><dd>", code.next_step(), "</dd>\n</dl>\n");
}

/// The first so many of a group, and how many more there are.
pub(in crate::render) fn some<F: Found>(group: &[&F], most: usize, page: &mut Page) {
    let begun = page.len();
    page.raw("<ol class=\"found\">\n");
    let mut written = 0;
    for found in group.iter().take(most) {
        if page.len() - begun > BYTES_PER_CODE {
            break;
        }
        one(*found, page);
        written += 1;
    }
    page.raw("</ol>\n");
    page.omitted(written, group.len(), "findings");
    if let Some(span) = spanned(group).filter(|_| written < group.len()) {
        let all = thousands(group.len() as u64);
        page.within(
            "<p class=\"omitted\">",
            &format!("All {all} lie between {} and {}.", span.start, span.end),
            "</p>\n",
        );
    }
}

fn one(found: &impl Found, page: &mut Page) {
    let finding = found.finding();
    page.raw("<li>\n");
    if let Some(subject) = &finding.subject {
        page.raw("<p class=\"subject\">");
        page.name(&subject.to_string());
        page.raw("</p>\n");
    }
    page.within("<p>", &finding.message, "</p>\n");
    let chain = finding.chain.as_ref().map(ToString::to_string);
    let time = finding.interval.map(|interval| interval.to_string());
    let reason = finding.reason.map(|reason| format!("{reason}. {}", reason.sentence()));
    let besides = found.besides();
    let compared = finding.recorded.is_some() || finding.computed.is_some();
    if chain.is_some() || time.is_some() || reason.is_some() || compared || !besides.is_empty() {
        page.raw("<dl class=\"facts\">\n");
        besides.iter().for_each(|(term, value)| page.term(term, Some(value)));
        page.term("Chain", chain.as_deref());
        page.term("Time", time.as_deref());
        page.term("Reason", reason.as_deref());
        side("<dt>Recorded</dt><dd class=\"mono\">", finding.recorded.as_deref(), page);
        side("<dt>Computed</dt><dd class=\"mono\">", finding.computed.as_deref(), page);
        page.raw("</dl>\n");
    }
    page.raw("</li>\n");
}

/// One side of the comparison.
fn side(open: &'static str, value: Option<&str>, page: &mut Page) {
    if let Some(value) = value {
        page.raw(open);
        page.short(value, LONGEST_VALUE);
        page.raw("</dd>\n");
    }
}
