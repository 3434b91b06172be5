//! What is open: worst first, grouped by code, with what each can mean and what to do next.

use crate::finding::{Code, Finding, Severity};
use crate::monitor::status::{FindingStatus, Status};
use crate::render::groups::{Found, by_code};
use crate::render::html::findings::{all_of, some};
use crate::render::html::page::Page;
use crate::render::monitor::words;
use crate::report::thousands;
use crate::trail::Time;

/// An open finding, with its target.
struct Open<'a> {
    target: &'a str,
    found: &'a FindingStatus,
    now: Time,
}

impl Found for Open<'_> {
    fn finding(&self) -> &Finding {
        &self.found.finding
    }

    fn besides(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Target", self.target.to_owned()),
            ("Open since", words::moment(self.found.opened, self.now)),
            ("Last seen", self.found.seen.to_string()),
            ("Told", words::told(self.found)),
            ("Id", self.found.id.clone()),
        ]
    }
}

pub(super) fn findings(status: &Status, page: &mut Page) {
    page.raw("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Open findings</h2>\n");
    let open: Vec<Open<'_>> = status
        .targets
        .iter()
        .flat_map(|target| target.findings.iter().map(|found| Open { target: &target.name, found, now: status.at }))
        .collect();
    let all: u64 = status.targets.iter().map(|target| target.open_in_all()).sum();
    if all == 0 {
        page.raw("<p>None.</p>\n</section>\n");
        return;
    }
    let left_out = all.saturating_sub(open.len() as u64);
    if left_out > 0 {
        page.within("<p class=\"omitted\"><strong>", &thousands(left_out), " of ");
        page.count("", all, " are counted and not shown.</strong> The state file has them: ");
        page.raw("<code>sqlite3 FILE 'SELECT * FROM open_finding_of_target'</code>.</p>\n");
    }
    for severity in [Severity::Violation, Severity::Unproven, Severity::Note] {
        let of = |open: &&Open<'_>| open.finding().severity == severity && !open.finding().waived;
        let found: Vec<&Open<'_>> = open.iter().filter(of).collect();
        if !found.is_empty() {
            all_of(severity, &found, usize::MAX, &|code| count(status, code, false), page);
        }
    }
    waived(status, &open, page);
    page.raw("</section>\n");
}

fn count(status: &Status, code: Code, waived: bool) -> u64 {
    status.targets.iter().map(|target| target.open_of(code, waived)).sum()
}

fn waived(status: &Status, open: &[Open<'_>], page: &mut Page) {
    let found: Vec<&Open<'_>> = open.iter().filter(|open| open.finding().waived).collect();
    if found.is_empty() {
        return;
    }
    page.raw("<h3>Waived: found all the same; these change no verdict</h3>\n");
    for (code, group) in by_code(&found) {
        page.within("<h4><code>", code.name(), "</code> ");
        page.within("<span class=\"badge\">", &format!("{}, waived", code.severity()), "</span>");
        page.count(" <span class=\"times\">× ", count(status, code, true), "</span></h4>\n");
        page.says("<p class=\"observed\">", code.sentence(), "</p>\n");
        some(&group, usize::MAX, page);
    }
}
