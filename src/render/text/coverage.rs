//! Coverage: which chains are shown, and in what order.

use std::io;

use super::bar::legend;
use super::chains::Rows;
use super::page::{Page, Role, counted};
use crate::finding::length;
use crate::render::timeline::{Mark, marks};
use crate::report::{ChainReport, Report};
use crate::trail::ChainKind;

/// So many chains are shown each on its line; of more, the wholly proven ones are summed up.
const FEW: usize = 12;

/// So many chains with holes or findings are shown in full.
const TROUBLED_SHOWN: usize = 40;

/// One chain and what findings mark in it.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) chain: &'a ChainReport,
    pub(super) marks: &'a [Mark],
}

impl Shown<'_> {
    /// Whether there is anything to show but that all of it is proven.
    fn is_troubled(&self) -> bool {
        let (digests, logs) = (self.chain.digests, self.chain.log_files);
        let counted = digests.violated + digests.unproven + logs.violated + logs.unproven + logs.unlisted;
        !self.chain.holes.is_empty() || !self.marks.is_empty() || counted > 0
    }

    fn is_violated(&self) -> bool {
        self.chain.digests.violated + self.chain.log_files.violated > 0
    }
}

pub(super) fn coverage(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let period = report.period();
    page.heading(Role::Heading, "Coverage: the time that verified digest files account for")?;
    if report.chains.is_empty() {
        return page.line("  No chain of digest files was found for this request.");
    }
    if period.is_empty() {
        page.line("  The period is empty.")?;
    } else {
        page.line(&format!("  {period} ({})", length(period)))?;
    }
    for line in legend(page.options.ascii) {
        page.line(&format!("  {line}"))?;
    }
    page.prose("  ", "A percentage is the part of the period that is proven, rounded down.")?;
    if report.chains.iter().any(|chain| chain.kind == ChainKind::Backfill) {
        page.prose("  ", "A backfill chain owes no hour, so it has none.")?;
    }
    let chains: Vec<&ChainReport> = report.chains.iter().collect();
    let marks = marks(report.findings.iter(), &chains);
    let shown = chains.iter().zip(&marks).map(|(chain, marks)| Shown { chain, marks });
    let (mut troubled, whole): (Vec<Shown<'_>>, Vec<Shown<'_>>) = shown.partition(Shown::is_troubled);
    // A stable sort: within each half the report's own order stays.
    troubled.sort_by_key(|shown| !shown.is_violated());
    let rows = Rows::fitting(&troubled, &whole, period, page);
    some_troubled(&troubled, whole.is_empty(), &rows, page)?;
    some_whole(&whole, troubled.is_empty(), &rows, page)
}

fn some_troubled(troubled: &[Shown<'_>], all: bool, rows: &Rows, page: &mut Page<'_>) -> io::Result<()> {
    if troubled.is_empty() {
        return Ok(());
    }
    if !all {
        page.heading(Role::Heading, &format!("  {} with holes or findings", counted(troubled.len(), "chain")))?;
    }
    let most = if page.options.verbose { troubled.len() } else { TROUBLED_SHOWN };
    rows.write(&troubled[..troubled.len().min(most)], page)?;
    match troubled.len().saturating_sub(most) {
        0 => Ok(()),
        more => {
            page.blank()?;
            page.line(&format!(
                "  {} and {} with holes or findings (--verbose lists all)",
                page.more(),
                counted(more, "more chain")
            ))
        }
    }
}

fn some_whole(whole: &[Shown<'_>], all: bool, rows: &Rows, page: &mut Page<'_>) -> io::Result<()> {
    if whole.is_empty() {
        return Ok(());
    }
    if page.options.verbose || whole.len() <= FEW {
        if !all {
            page.heading(Role::Heading, &format!("  {} without", counted(whole.len(), "chain")))?;
        }
        return rows.write(whole, page);
    }
    let title = format!("  {} with no hole and no finding (--verbose lists all)", counted(whole.len(), "chain"));
    page.heading(Role::Heading, &title)?;
    let accounts: Vec<&[Shown<'_>]> = whole.chunk_by(|a, b| a.chain.account_id == b.chain.account_id).collect();
    if accounts.len() > FEW {
        return page.line(&format!("  in {}", counted(accounts.len(), "account")));
    }
    for account in accounts {
        let id = page.name(&account[0].chain.account_id);
        page.line(&format!("  {id}  {}", counted(account.len(), "chain")))?;
    }
    Ok(())
}
