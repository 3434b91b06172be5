//! The text report: for someone who has never met the program, verdict first.

mod bar;
mod chains;
mod coverage;
mod custody;
mod findings;
pub(super) mod page;
mod particulars;
mod waived;

use std::io;

pub use custody::custody;

use page::{Page, Role};

use super::doctor::part;
use super::wording;
use crate::report::{Report, Verdict};

/// How the text report is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// Colours, as ANSI escapes. Nothing is said by colour alone.
    pub color: bool,
    /// Every chain, every hole and every finding, where a few would stand for all.
    pub verbose: bool,
    /// Columns. Names are never cut to fit them: an auditor must be able to copy them.
    pub width: usize,
    /// ASCII characters alone.
    pub ascii: bool,
}

impl Default for TextOptions {
    fn default() -> TextOptions {
        TextOptions { color: false, verbose: false, width: 80, ascii: false }
    }
}

/// Writes the report.
pub fn text(report: &Report, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(*options, out);
    verdict(report, &mut page)?;
    coverage::coverage(report, &mut page)?;
    findings::findings(report, &mut page)?;
    waived::waived(report, &mut page)?;
    particulars::particulars(report, &mut page)?;
    report.setup.as_ref().map_or(Ok(()), |setup| part(setup, &mut page))
}

/// Writes the verdict and its scope, on one line: the quiet form.
pub fn headline(report: &Report, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    verdict_line(report.verdict, &report.headline(), &mut Page::new(*options, out))
}

/// A verdict and its scope, on one line.
fn verdict_line(verdict: Verdict, headline: &str, page: &mut Page<'_>) -> io::Result<()> {
    let headline = page.sentence(headline);
    // The verdict's word is coloured, and not what follows it: that is not part of the answer.
    let word = verdict.to_string();
    let scope = headline.strip_prefix(&word).unwrap_or_default().to_owned();
    let word = page.paint(role(verdict), &word);
    page.line(&format!("{word}{scope}"))
}

fn verdict(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let options = page.options;
    headline(report, &options, page.out)?;
    page.blank()?;
    page.prose("", wording::meaning(report))
}

fn role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Intact => Role::Good,
        Verdict::NotIntact => Role::Bad,
        Verdict::Inconclusive => Role::Doubtful,
    }
}
