//! One chain: its line, its bar, its holes.

use std::io;

use super::bar::{NARROWEST, WIDEST, bar};
use super::coverage::Shown;
use super::page::{Page, counted};
use crate::chain::{Hole, Tally};
use crate::finding::length;
use crate::render::timeline::{cells, join, percent};
use crate::report::{ChainReport, LogTally, thousands};
use crate::trail::Interval;

/// So many holes of a chain are listed: the longest.
const HOLES_SHOWN: usize = 3;

/// No column is made wider than this for one long name; the long name runs over.
const WIDEST_COLUMN: usize = 24;

/// The columns that all chains share.
pub(super) struct Rows {
    region: usize,
    trail: usize,
    kind: usize,
    cells: usize,
    period: Interval,
}

impl Rows {
    pub(super) fn fitting(troubled: &[Shown<'_>], whole: &[Shown<'_>], period: Interval, page: &Page<'_>) -> Rows {
        let widest = |name: fn(&ChainReport) -> String| {
            let names = troubled.iter().chain(whole).map(|shown| page.name(&name(shown.chain)).chars().count());
            names.filter(|width| *width <= WIDEST_COLUMN).max().unwrap_or_default()
        };
        let region = widest(|chain| chain.region.clone());
        let trail = widest(|chain| chain.trail.clone());
        let kind = widest(|chain| chain.kind.to_string());
        let left = "  ".len() * 4 + region + trail + kind + PERCENT + "  ||".len();
        let cells = page.width().saturating_sub(left).clamp(NARROWEST, WIDEST);
        Rows { region, trail, kind, cells, period }
    }

    /// The chains, below the accounts that they belong to.
    pub(super) fn write(&self, shown: &[Shown<'_>], page: &mut Page<'_>) -> io::Result<()> {
        for account in shown.chunk_by(|a, b| a.chain.account_id == b.chain.account_id) {
            page.blank()?;
            let id = page.name(&account[0].chain.account_id);
            page.line(&format!("  Account {id}"))?;
            for chain in account {
                self.chain(*chain, page)?;
            }
        }
        Ok(())
    }

    fn chain(&self, Shown { chain, marks }: Shown<'_>, page: &mut Page<'_>) -> io::Result<()> {
        let left = format!(
            "  {:<region$}  {:<trail$}  {:<kind$}  {:>PERCENT$}",
            page.name(&chain.region),
            page.name(&chain.trail),
            chain.kind.to_string(),
            percent(chain, self.period),
            region = self.region,
            trail = self.trail,
            kind = self.kind,
        );
        let bar = bar(&cells(chain, marks, self.period, self.cells), page);
        match (bar.is_empty(), left.chars().count() + self.cells + "  ||".len() <= page.width()) {
            (true, _) => page.line(&left)?,
            (_, true) => page.line(&format!("{left}  |{bar}|"))?,
            (_, false) => {
                page.line(&left)?;
                page.line(&format!("      |{bar}|"))?;
            }
        }
        if page.options.verbose || !chain.holes.is_empty() || !marks.is_empty() {
            page.prose("      ", &counts(chain))?;
        }
        holes(&chain.holes, page)?;
        match &chain.newest {
            Some(newest) if page.options.verbose => {
                let key = page.name(&newest.key);
                page.line(&format!("      newest verified digest  {key}"))?;
                let signature = page.name(&newest.signature);
                page.line(&format!("      its signature           {signature}"))
            }
            _ => Ok(()),
        }
    }
}

/// `100%` and its narrower like: ` 99.9%`, ` <0.1%`.
const PERCENT: usize = 5;

/// What was counted of one chain; of what there is none, nothing is said.
fn counts(chain: &ChainReport) -> String {
    let Tally { verified, violated, unproven } = chain.digests;
    let digests = [(verified, "verified"), (violated, "violated"), (unproven, "unproven")];
    let LogTally { verified, violated, unproven, not_checked, unlisted, .. } = chain.log_files;
    let logs = [
        (verified, "verified"),
        (violated, "violated"),
        (unproven, "unproven"),
        (not_checked, "not checked"),
        (unlisted, "unlisted"),
    ];
    format!("digest files: {}; log files: {}", listed(&digests), listed(&logs))
}

fn listed(counts: &[(u64, &str)]) -> String {
    let some: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", thousands(*count)))
        .collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

fn holes(holes: &[Hole], page: &mut Page<'_>) -> io::Result<()> {
    let joined = join(holes);
    let most = if page.options.verbose { joined.len() } else { HOLES_SHOWN };
    let mut longest: Vec<Hole> = joined.clone();
    longest.sort_by_key(|hole| std::cmp::Reverse(hole.interval().seconds()));
    longest.truncate(most);
    longest.sort_unstable();
    for hole in longest {
        let interval = hole.interval();
        page.prose("      hole ", &format!("{interval}, {}, {}", length(interval), hole.reason))?;
    }
    match joined.len().saturating_sub(most) {
        0 => Ok(()),
        more => page.line(&format!(
            "      {} and {}, none longer (--verbose lists all)",
            page.more(),
            counted(more, "more hole")
        )),
    }
}
