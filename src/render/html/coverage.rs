//! Coverage: the picture, and the same in words.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::page::Page;
use super::picture;
use crate::chain::Hole;
use crate::finding::length;
use crate::render::timeline::join;
use crate::render::wording::counted;
use crate::report::{ChainReport, Report};
use crate::trail::ChainKind;

/// So many holes are listed: the longest.
const HOLES_SHOWN: usize = 1_000;

pub(super) fn coverage(report: &Report, page: &mut Page) {
    let period = report.period();
    page.raw("<section aria-labelledby=\"coverage\">\n<h2 id=\"coverage\">Coverage</h2>\n");
    if report.chains.is_empty() {
        page.raw("<p>No chain of digest files was found for this request.</p>\n</section>\n");
        return;
    }
    let chains = counted(report.chains.len(), "chain");
    page.timed("<p>The part of ", &period.to_string(), " that verified digest files account for, ");
    page.within("with a line for each chain (", &chains, "). A percentage is the proven part, rounded down.");
    if report.chains.iter().any(|chain| chain.kind == ChainKind::Backfill) {
        page.raw(" A backfill chain owes no hour, so it has none.");
    }
    page.raw(" However short, a hole or a violation is drawn wide enough to be seen. Findings that belong to no chain are not \
              in the picture.</p>\n");
    picture::draw_report(report, page);
    page.raw("<h3 id=\"holes\">Holes</h3>\n");
    holes("holed", "The time that no verified digest file covers", report.chains.iter(), page);
    page.raw("</section>\n");
}

/// The holes of some chains, in words.
pub(in crate::render) fn holes<'a>(
    id: &str,
    caption: &str,
    chains: impl Iterator<Item = &'a ChainReport>,
    page: &mut Page,
) {
    let all: Vec<(&ChainReport, Hole)> =
        chains.flat_map(|chain| join(&chain.holes).into_iter().map(move |hole| (chain, hole))).collect();
    if all.is_empty() {
        return page.raw("<p>None: of every chain, verified digest files cover all that was due.</p>\n");
    }
    let shown = longest(&all);
    let heads = ["Account", "Region and trail", "From", "To", "Length", "Reason"];
    page.table(id, caption, &heads, |page| {
        shown.iter().for_each(|(chain, hole)| row(chain, *hole, page));
    });
    page.omitted(shown.len(), all.len(), "holes");
    page.raw("<dl class=\"facts\">\n");
    for reason in shown.iter().map(|(_, hole)| hole.reason).collect::<BTreeSet<_>>() {
        page.within("<dt><code>", reason.name(), "</code></dt>");
        page.within("<dd>", reason.sentence(), "</dd>\n");
    }
    page.raw("</dl>\n");
}

/// The longest holes, in the order of the report.
fn longest<'a>(all: &[(&'a ChainReport, Hole)]) -> Vec<(&'a ChainReport, Hole)> {
    let mut by_length: Vec<usize> = (0..all.len()).collect();
    by_length.sort_by_key(|at| Reverse(all[*at].1.interval().seconds()));
    by_length.truncate(HOLES_SHOWN);
    by_length.sort_unstable();
    by_length.into_iter().map(|at| all[at]).collect()
}

fn row(chain: &ChainReport, hole: Hole, page: &mut Page) {
    page.within("<tr><td class=\"tight\">", &chain.account_id, "</td><th scope=\"row\">");
    page.name(&chain.region);
    page.raw(" ");
    page.name(&chain.trail);
    page.within(" <small>", &chain.kind.to_string(), "</small></th>");
    page.within("<td class=\"time\">", &hole.start.to_string(), "</td>");
    page.within("<td class=\"time\">", &hole.end.to_string(), "</td>");
    page.within("<td>", &length(hole.interval()), "</td>");
    page.within("<td><code>", hole.reason.name(), "</code></td></tr>\n");
}
