//! Several bundles as text: the verdict on all of them, each one's own, and where two do not meet.

use std::io;

use super::page::Page;
use super::{TextOptions, findings, verdict_line};
use crate::finding::{Finding, Severity};
use crate::render::groups::by_code;
use crate::report::{Custody, Report, Verdict};

/// Writes what several bundles come to together.
pub fn custody(custody: &Custody, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(*options, out);
    verdict_line(custody.verdict, &custody.headline(), &mut page)?;
    page.blank()?;
    for held in &custody.bundles {
        let (name, headline) = (page.name(&held.name), page.sentence(&held.report.headline()));
        page.line(&name)?;
        page.prose("  ", &headline)?;
        if held.report.verdict != Verdict::Intact {
            why_not(&held.report, &mut page)?;
        }
    }
    for finding in &custody.findings {
        page.blank()?;
        findings::one(finding, &mut page)?;
    }
    Ok(())
}

/// What keeps one of them from being intact, as far as it shows without its own report.
fn why_not(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let counts = |finding: &&Finding| !finding.waived && finding.severity != Severity::Note;
    let mut found: Vec<&Finding> = report.findings.iter().filter(counts).collect();
    found.sort_by_key(|finding| finding.severity);
    for (code, group) in by_code(&found) {
        page.blank()?;
        page.line(&format!("  {} ({})", code.name(), group.len()))?;
        page.prose("  Next: ", code.next_step())?;
        findings::some(&group, page)?;
    }
    page.blank()?;
    page.prose("  ", "The whole of its report: `trailseal verify` of this bundle alone.")
}
