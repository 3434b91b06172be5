//! What was asked, and how it was checked.

use super::page::Page;
use crate::finding::length;
use crate::report::Report;

/// So many checks of each list are shown.
const CHECKS_SHOWN: usize = 200;

pub(super) fn asked(report: &Report, page: &mut Page) {
    let asked = &report.request;
    page.raw("<section aria-labelledby=\"asked\">\n<h2 id=\"asked\">What was asked</h2>\n<dl class=\"facts\">\n");
    page.term("Evidence", Some(&asked.source));
    if let Some(bucket) = &asked.delivered_to {
        page.term("Copy of", Some(&format!("s3://{bucket}, as whoever asked said")));
    }
    let period = report.period();
    let spoken = if period.is_empty() { "the period is empty".to_owned() } else { length(period) };
    page.term("Period", Some(&format!("{period} ({spoken})")));
    if asked.start.is_none() {
        page.term("Start", Some("none was asked for: it is the oldest moment found"));
    }
    page.term("As of", Some(&asked.as_of.to_string()));
    for (name, only) in [("Accounts", &asked.accounts), ("Regions", &asked.regions), ("Trails", &asked.trails)] {
        let only = if only.is_empty() { "all that were found".to_owned() } else { format!("only {}", only.join(" ")) };
        page.term(name, Some(&only));
    }
    if let Some(prefix) = &asked.s3_prefix {
        page.term("Prefix", Some(&format!("only {prefix:?}")));
    }
    page.term("Log files read", Some(&asked.log_files));
    for named in asked.named_log_files.iter().take(CHECKS_SHOWN) {
        page.term("Log file asked for", Some(named));
    }
    page.raw("</dl>\n");
    page.omitted(asked.named_log_files.len().min(CHECKS_SHOWN), asked.named_log_files.len(), "log files");
    page.raw("</section>\n");
}

pub(super) fn method(report: &Report, page: &mut Page) {
    page.raw("<section aria-labelledby=\"method\">\n<h2 id=\"method\">How it was checked</h2>\n");
    page.says("<p>", METHOD, "</p>\n");
    page.raw("<h3>Checked</h3>\n");
    items(&report.checks.performed, "Nothing.", page);
    page.raw("<h3>Not checked</h3>\n");
    items(&report.checks.skipped, "No step of what was asked for was skipped.", page);
    if let Some(hasher) = &report.checks.hasher {
        page.within("<p>Log files were hashed with <code>", hasher, "</code>.</p>\n");
    }
    page.raw("</section>\n");
}

fn items(items: &[String], none: &'static str, page: &mut Page) {
    if items.is_empty() {
        return page.says("<p>", none, "</p>\n");
    }
    page.raw("<ul>\n");
    for item in items.iter().take(CHECKS_SHOWN) {
        page.within("<li>", item, "</li>\n");
    }
    page.raw("</ul>\n");
    page.omitted(items.len().min(CHECKS_SHOWN), items.len(), "entries");
}

const METHOD: &str = "CloudTrail delivers a digest file for every hour. It names the log files of that hour with the \
    SHA-256 of each, and the digest file before it, and AWS signs it. What the chain of digest files claims was held against \
    what is there, newest first: every moment of the period and every file has to be accounted for. The lists below say \
    which steps were taken, and which were not.";
