//! Several bundles as text: the verdict on all of them, each one's own, and where two do not meet.

use std::io;

use super::page::Page;
use super::{TextOptions, findings, verdict_line};
use crate::report::Custody;

/// Writes what several bundles come to together.
pub fn custody(custody: &Custody, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(*options, out);
    verdict_line(custody.verdict, &custody.headline(), &mut page)?;
    page.blank()?;
    for held in &custody.bundles {
        let (name, headline) = (page.name(&held.name), page.sentence(&held.report.headline()));
        page.line(&name)?;
        page.prose("  ", &headline)?;
    }
    for finding in &custody.findings {
        page.blank()?;
        findings::one(finding, &mut page)?;
    }
    Ok(())
}
