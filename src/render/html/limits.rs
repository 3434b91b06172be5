//! What the report does not show: of every report, and of this one.

use super::page::Page;
use crate::finding::Code;
use crate::report::{Report, thousands};

pub(super) fn limits(report: &Report, page: &mut Page) {
    page.raw("<section aria-labelledby=\"limits\">\n<h2 id=\"limits\">What this does not show</h2>\n");
    let of_this = of_this(report);
    if !of_this.is_empty() {
        page.raw("<h3>Of this report</h3>\n<ul>\n");
        for limit in of_this {
            page.within("<li>", &limit, "</li>\n");
        }
        page.raw("</ul>\n");
    }
    page.raw("<h3>Of any such report</h3>\n<ul>\n");
    for limit in OF_ANY {
        page.says("<li>", limit, "</li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

fn of_this(report: &Report) -> Vec<String> {
    let (asked, logs) = (&report.request, report.totals.log_files);
    let mut limits = Vec::new();
    if report.is_partial() {
        limits.push("The run was interrupted: what it had not come to was not looked at.".to_owned());
    }
    if report.public_keys.iter().any(|key| !key.pinned) {
        limits.push(
            "Signatures verified under keys that came with the evidence. That shows that the evidence is consistent, and not \
             that AWS signed it."
                .to_owned(),
        );
    }
    if logs.not_checked > 0 {
        limits.push(format!(
            "The content of {} log files was not read, so nothing is said of it.",
            thousands(logs.not_checked)
        ));
    }
    if !asked.named_log_files.is_empty() {
        let count = thousands(asked.named_log_files.len() as u64);
        limits.push(format!(
            "Only {count} log files were asked for, by name; of all others nothing is said, of the same time neither."
        ));
    }
    for (name, only) in [("accounts", &asked.accounts), ("regions", &asked.regions), ("trails", &asked.trails)] {
        if !only.is_empty() {
            limits.push(format!("Only some {name} were asked for ({}); of others nothing is said.", only.join(" ")));
        }
    }
    if report.findings.iter().any(|finding| finding.code == Code::EndFromEvidence) {
        limits.push(
            "The end of the period was taken from the evidence: what was cut off its end cannot be seen.".to_owned(),
        );
    }
    limits.push(format!("Nothing is said of the time outside {}.", report.period()));
    limits
}

const OF_ANY: [&str; 6] = [
    "Integrity is not completeness of logging: that the trail was set up to record every kind of event, or that CloudTrail \
     recorded all that happened.",
    "Where the keys come from decides what is proven: CloudTrail's keys are in no certificate chain, and their only root is \
     `ListPublicKeys`, asked over TLS.",
    "Log files delivered before validation was switched on, or while it or logging was off, are in no digest file.",
    "That no account or region is missing altogether, unless each was named, or AWS was asked for them by the trail's ARN.",
    "Who altered or deleted something, and why.",
    "That AWS itself is honest: what AWS signs is believed.",
];
