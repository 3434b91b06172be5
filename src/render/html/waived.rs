//! Waivers: what someone accepted in advance, and what was found all the same.

use super::findings::some;
use super::page::Page;
use crate::finding::Finding;
use crate::render::groups::by_code;
use crate::report::{AppliedWaiver, Report, thousands};

/// So many waivers, and so many waived findings of a code, are shown.
const WAIVERS_SHOWN: usize = 500;
const WAIVED_SHOWN: usize = 50;

pub(super) fn waived(report: &Report, page: &mut Page) {
    page.raw("<section aria-labelledby=\"waivers\">\n<h2 id=\"waivers\">Waivers</h2>\n");
    if report.waivers.is_empty() {
        page.raw("<p>None was given.</p>\n");
    } else {
        let heads = ["What", "What it did", "Who", "Why", "Until"];
        page.table("given", "Waivers: findings accepted in advance", &heads, |page| {
            report.waivers.iter().take(WAIVERS_SHOWN).for_each(|waiver| row(waiver, page));
        });
        page.omitted(report.waivers.len().min(WAIVERS_SHOWN), report.waivers.len(), "waivers");
    }
    let found: Vec<&Finding> = report.findings.iter().filter(|finding| finding.waived).collect();
    if !found.is_empty() {
        page.count(
            "<h3>Waived <span>(",
            found.len() as u64,
            ")</span>: found all the same; these change no verdict</h3>\n",
        );
    }
    for (code, group) in by_code(&found) {
        page.within("<h4><code>", code.name(), "</code> ");
        page.within("<span class=\"badge\">", &format!("{}, waived", code.severity()), "</span>");
        page.count(" <span class=\"times\">× ", group.len() as u64, "</span></h4>\n");
        page.says("<p class=\"observed\">", code.sentence(), "</p>\n");
        some(&group, WAIVED_SHOWN, page);
    }
    page.raw("</section>\n");
}

fn row(waiver: &AppliedWaiver, page: &mut Page) {
    page.within("<tr><th scope=\"row\" class=\"long\"><code>", waiver.code.name(), "</code>");
    for part in waiver.narrowed_to() {
        page.within("<br><span class=\"mono\">", &part, "</span>");
    }
    page.raw("</th>");
    let did = match (waiver.expired, waiver.findings) {
        (true, _) => "Expired, so it was not applied".to_owned(),
        (false, 0) => "Matched nothing".to_owned(),
        (false, 1) => "Applied to 1 finding".to_owned(),
        (false, findings) => format!("Applied to {} findings", thousands(findings)),
    };
    page.within("<td><strong>", &did, "</strong></td>");
    page.within("<td>", &waiver.who, "</td>");
    page.within("<td>", &waiver.reason, "</td>");
    page.within("<td class=\"time\">", &waiver.until.to_string(), "</td></tr>\n");
}
