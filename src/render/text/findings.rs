//! Findings: worst first, grouped by code, a few standing for many.

use std::io;

use super::page::{Page, counted, severity_role};
use crate::finding::{Finding, Severity};
use crate::render::escape::bounded;
use crate::render::groups::{by_code, spanned};
use crate::render::wording;
use crate::report::{Report, thousands};

/// So many findings of a code are shown.
pub(super) const SHOWN: usize = 5;

/// Recorded and computed values are shown up to this many characters: hashes and locations whole, a signature not.
const LONGEST_VALUE: usize = 300;

pub(super) fn findings(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let mut any = false;
    for severity in [Severity::Violation, Severity::Unproven, Severity::Note] {
        let found: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.severity == severity && !finding.waived).collect();
        if found.is_empty() {
            continue;
        }
        any = true;
        let count = thousands(found.len() as u64);
        page.heading(
            severity_role(severity),
            &format!("{} ({count}): {}", wording::plural(severity), wording::says(severity)),
        )?;
        for (code, group) in by_code(&found) {
            page.blank()?;
            let name = page.paint(severity_role(severity), code.name());
            page.line(&format!("  {name} ({})", thousands(group.len() as u64)))?;
            page.prose("  ", code.sentence())?;
            page.prose("  Next: ", code.next_step())?;
            some(&group, page)?;
        }
    }
    if any {
        page.blank()?;
        page.line("Every code is explained in docs/findings.md.")
    } else {
        page.blank()?;
        page.line(if report.findings.is_empty() { "Findings: none" } else { "Findings: none but those waived" })
    }
}

/// The first few findings of a code, or all.
pub(super) fn some(group: &[&Finding], page: &mut Page<'_>) -> io::Result<()> {
    let most = if page.options.verbose { group.len() } else { SHOWN };
    for finding in group.iter().take(most) {
        page.blank()?;
        one(finding, page)?;
    }
    let more = group.len().saturating_sub(most);
    if more == 0 {
        return Ok(());
    }
    page.blank()?;
    page.line(&format!("    {} and {} more (--verbose lists all)", page.more(), thousands(more as u64)))?;
    match spanned(group) {
        Some(span) => {
            page.line(&format!("    {} between {} and {}", counted(group.len(), "finding"), span.start, span.end))
        }
        None => Ok(()),
    }
}

/// One finding, with all that it says.
pub(super) fn one(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let chain = finding.chain.as_ref().map(|chain| page.name(&chain.to_string()));
    let time = finding.interval.map(|interval| interval.to_string());
    let title = finding.subject.as_ref().map(|subject| page.name(&subject.to_string()));
    let message = page.sentence(&finding.message);
    match title.or_else(|| chain.clone()).or_else(|| time.clone()) {
        Some(title) => {
            page.line(&format!("    {title}"))?;
            page.prose("      ", &message)?;
        }
        None => page.prose("    ", &message)?,
    }
    let value = |text: &Option<String>| {
        let most = if page.options.verbose { usize::MAX } else { LONGEST_VALUE };
        text.as_ref().map(|text| page.sentence(&bounded(text, most)))
    };
    let labelled = [
        ("chain", chain.filter(|_| finding.subject.is_some())),
        ("time", time.filter(|_| finding.subject.is_some() || finding.chain.is_some())),
        ("reason", finding.reason.map(|reason| reason.to_string())),
        ("recorded", value(&finding.recorded)),
        ("computed", value(&finding.computed)),
    ];
    for (label, value) in labelled {
        if let Some(value) = value {
            page.line(&format!("      {label:<8}  {value}"))?;
        }
    }
    Ok(())
}
