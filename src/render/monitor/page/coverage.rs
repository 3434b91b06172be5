//! Coverage of the last 90 days: the picture, and the same in words.

use crate::chain::Hole;
use crate::finding::length;
use crate::monitor::status::{ChainStatus, Status, TargetStatus};
use crate::render::html::coverage::holes;
use crate::render::html::page::Page;
use crate::render::html::picture::{Picture, draw, drawn, legend};
use crate::render::html::population::listed;
use crate::render::timeline::{Cell, Mark, join};
use crate::report::{ChainReport, LogTally};
use crate::trail::{Interval, Time};

pub(super) fn coverage(status: &Status, page: &mut Page) {
    page.raw("<section aria-labelledby=\"coverage\">\n<h2 id=\"coverage\">Coverage</h2>\n");
    page.raw(
        "<p>The part of the last 90 days that verified digest files account for, with a line for each chain. A percentage is \
         the proven part, rounded down; a backfill chain owes no hour, so it has none. However short, a hole or a violation \
         is drawn wide enough to be seen. Only findings that are named below are in the picture.</p>\n",
    );
    legend(page);
    for (at, target) in status.targets.iter().enumerate() {
        one(target, at, status.window, page);
    }
    page.raw("</section>\n");
}

fn one(target: &TargetStatus, at: usize, window: Interval, page: &mut Page) {
    page.within("<h3>", &target.name, "</h3>\n");
    let chains: Vec<ChainReport> = target.chains.iter().filter(|chain| !chain.coverage_omitted).map(shape).collect();
    let begins = target.chains.iter().filter_map(|chain| chain.coverage.first()).map(|stretch| stretch.start);
    let Some(start) = begins.min() else {
        return page.raw("<p>Nothing of these days is known yet.</p>\n");
    };
    // Before the first digest of all nothing is known, and nothing is to be seen.
    let period = Interval::new(start.max(window.start), window.end);
    page.timed("<p>", &format!("{period} ({}).", length(period)), "</p>\n");
    let findings = target.findings.iter().map(|found| &found.finding);
    let chains_drawn = drawn(findings, chains.iter(), note);
    draw(&Picture { name: format!("panel{at}-"), period, chains: chains_drawn }, page);
    let left_out = target.chains.len() - chains.len();
    if left_out > 0 {
        page.count(
            "<p class=\"omitted\"><strong>",
            left_out as u64,
            " more chains have too many holes to be drawn.</strong> The state file has them, in its table coverage.</p>\n",
        );
    }
    let caption = format!("The time of {} that no verified digest file covers", target.name);
    holes(&format!("holed{at}"), &caption, chains.iter(), page);
}

/// What is wrong with a chain, in a line.
fn note(chain: &ChainReport, marks: &[Mark]) -> String {
    let holes = join(&chain.holes).len() as u64;
    let of = |cell: Cell| marks.iter().filter(|mark| mark.cell == cell).count() as u64;
    let (violations, unproven) = (of(Cell::Violation), of(Cell::Unproven));
    let counts = [
        (holes, if holes == 1 { "hole" } else { "holes" }),
        (violations, if violations == 1 { "violation" } else { "violations" }),
        (unproven, "unproven"),
    ];
    if counts.iter().all(|(count, _)| *count == 0) { String::new() } else { listed(&counts) }
}

/// A chain as the picture takes it, as a report has it; files are not counted here.
fn shape(chain: &ChainStatus) -> ChainReport {
    let hole = |start: Time, end: Time, reason| Hole { start, end, reason };
    let holes = chain.coverage.iter().filter_map(|one| Some(hole(one.start, one.end, one.reason?)));
    ChainReport {
        account_id: chain.id.account_id.clone(),
        region: chain.id.region.clone(),
        trail: chain.id.trail.clone(),
        home_region: chain.id.home_region.clone(),
        kind: chain.id.kind,
        digests: crate::chain::Tally::default(),
        log_files: LogTally::default(),
        newest: None,
        oldest: None,
        proven: chain.proven(),
        holes: holes.collect(),
    }
}
