//! The coverage picture: a line for every chain, time across, in panels that a sheet of paper has room for.
//!
//! Positions across are percentages, so that the picture fits any width while its letters keep their size.

use super::axis::{AXIS, axis};
use super::page::Page;
use super::population::listed;
use crate::finding::{Finding, length};
use crate::render::escape::visible;
use crate::render::timeline::{Cell, Mark, cells, join, marks, percent};
use crate::render::wording::counted;
use crate::report::{ChainReport, Report};
use crate::trail::{ChainKind, Interval};

/// So many chains are drawn: those with holes or findings before those without.
const LINES_DRAWN: usize = 1_500;

/// The finest division of time, what a screen or a sheet can show; and so many shapes at most in the whole picture, else
/// the division is made coarser. A hole or a violation keeps its shape in any.
const FINEST: usize = 480;
const COARSEST: usize = 60;
const SHAPES: usize = 40_000;

/// Two panels fit on a sheet of A4 or Letter. Of a panel's width, labels have the left part.
const PANEL: usize = 420;
const GROUP: usize = 28;
const NOTE: usize = 14;

/// The least width of a hole and of a violation, in hundredths of the panel.
const LEAST: f64 = 0.8;

/// What is drawn.
pub(in crate::render) struct Picture<'a> {
    /// What the ids in it begin with; no other picture of the page has the same.
    pub(in crate::render) name: String,
    /// From when until when.
    pub(in crate::render) period: Interval,
    /// The chains, in order.
    pub(in crate::render) chains: Vec<Drawn<'a>>,
}

/// A chain, and what is drawn in it.
pub(in crate::render) struct Drawn<'a> {
    pub(in crate::render) chain: &'a ChainReport,
    pub(in crate::render) marks: Vec<Mark>,
    /// What is wrong with it, in a line; empty where nothing is.
    pub(in crate::render) note: String,
}

/// Chains with what findings mark in them.
pub(in crate::render) fn drawn<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    chains: impl Iterator<Item = &'a ChainReport>,
    note: impl Fn(&ChainReport, &[Mark]) -> String,
) -> Vec<Drawn<'a>> {
    let chains: Vec<&ChainReport> = chains.collect();
    let marks = marks(findings, &chains);
    let all = chains.into_iter().zip(marks);
    all.map(|(chain, marks)| Drawn { chain, note: note(chain, &marks), marks }).collect()
}

/// One chain, ready to be drawn.
struct Line<'a> {
    chain: &'a ChainReport,
    /// What is proven, and what is not.
    bar: Vec<Cell>,
    /// The violations, apart from the bar, so that neither hides the other.
    violations: Vec<Cell>,
    note: String,
}

/// That of a report.
pub(super) fn draw_report(report: &Report, page: &mut Page) {
    let chains = drawn(report.findings.iter(), report.chains.iter(), |chain, _| note(chain));
    legend(page);
    draw(&Picture { name: "panel".to_owned(), period: report.period(), chains }, page);
}

/// What the shapes say: once on a page, before the first picture.
pub(in crate::render) fn legend(page: &mut Page) {
    page.raw(LEGEND);
}

/// A line for every chain, in as many panels as it takes.
pub(in crate::render) fn draw(picture: &Picture<'_>, page: &mut Page) {
    let chosen = choose(&picture.chains);
    let period = picture.period;
    let mut width = FINEST;
    let mut lines = lines(&chosen, period, width);
    while width > COARSEST && lines.iter().map(Line::shapes).sum::<usize>() > SHAPES {
        width /= 2;
        lines = self::lines(&chosen, period, width);
    }
    let row = if lines.len() <= FEW { 26 } else { 18 };
    let panels = panels(&lines, row);
    for (at, panel) in panels.iter().enumerate() {
        one_panel(panel, &picture.name, (at + 1, panels.len()), row, period, page);
    }
    page.omitted(lines.len(), picture.chains.len(), "chains");
    if lines.len() < picture.chains.len() {
        page.raw("<p class=\"omitted\">Chains with holes or findings were drawn first.</p>\n");
    }
}

/// So many lines have room to be drawn large.
const FEW: usize = 12;

type Marked<'a> = (&'a Drawn<'a>, Vec<Mark>, Vec<Mark>);

/// The chains to draw, each with its marks in the bar and its violations, in the order of the report.
fn choose<'a>(chains: &'a [Drawn<'a>]) -> Vec<Marked<'a>> {
    let marked = chains.iter().map(|drawn| {
        let (violations, others) = drawn.marks.iter().copied().partition(|mark| mark.cell == Cell::Violation);
        (drawn, others, violations)
    });
    let mut marked: Vec<(usize, Marked<'_>)> = marked.enumerate().collect();
    if marked.len() > LINES_DRAWN {
        let whole = |(drawn, others, violations): &Marked<'_>| {
            drawn.note.is_empty() && others.is_empty() && violations.is_empty()
        };
        marked.sort_by_key(|(_, chain)| whole(chain));
        marked.truncate(LINES_DRAWN);
        marked.sort_by_key(|(at, _)| *at);
    }
    marked.into_iter().map(|(_, chain)| chain).collect()
}

fn lines<'a>(chosen: &[Marked<'a>], period: Interval, width: usize) -> Vec<Line<'a>> {
    let none = |chain: &ChainReport| ChainReport { proven: Vec::new(), holes: Vec::new(), ..chain.clone() };
    chosen
        .iter()
        .map(|(Drawn { chain, note, .. }, others, violations)| Line {
            chain,
            bar: cells(chain, others, period, width),
            violations: if violations.is_empty() { Vec::new() } else { cells(&none(chain), violations, period, width) },
            note: note.clone(),
        })
        .collect()
}

/// What is wrong with a chain, in the report's own counts.
fn note(chain: &ChainReport) -> String {
    let holes = join(&chain.holes).len() as u64;
    let (digests, logs) = (chain.digests, chain.log_files);
    let counts = [
        (holes, if holes == 1 { "hole" } else { "holes" }),
        (digests.violated.saturating_add(logs.violated), "contradicted"),
        (digests.unproven.saturating_add(logs.unproven), "unproven"),
        (logs.unlisted, "unlisted"),
    ];
    if counts.iter().all(|(count, _)| *count == 0) { String::new() } else { listed(&counts) }
}

impl Line<'_> {
    /// Chains of one account, trail and kind stand below one heading.
    fn group(&self) -> (&str, &str, &str, ChainKind) {
        (&self.chain.account_id, &self.chain.trail, &self.chain.home_region, self.chain.kind)
    }

    fn shapes(&self) -> usize {
        self.bar.chunk_by(|a, b| a == b).count() + self.violations.chunk_by(|a, b| a == b).count()
    }

    fn height(&self, row: usize) -> usize {
        row + if self.note.is_empty() { 0 } else { NOTE }
    }
}

/// The lines of each panel.
fn panels<'a, 'b>(lines: &'b [Line<'a>], row: usize) -> Vec<&'b [Line<'a>]> {
    let mut panels = Vec::new();
    let (mut begun, mut height) = (0, AXIS);
    for (at, line) in lines.iter().enumerate() {
        let heading = if at == begun || lines[at - 1].group() != line.group() { GROUP } else { 0 };
        if height + heading + line.height(row) > PANEL && at > begun {
            panels.push(&lines[begun..at]);
            (begun, height) = (at, AXIS + GROUP);
        } else {
            height += heading;
        }
        height += line.height(row);
    }
    panels.push(&lines[begun..]);
    panels
}

fn one_panel(lines: &[Line<'_>], name: &str, (at, of): (usize, usize), row: usize, period: Interval, page: &mut Page) {
    let headings = 1 + lines.windows(2).filter(|two| two[0].group() != two[1].group()).count();
    let height = AXIS + headings * GROUP + lines.iter().map(|line| line.height(row)).sum::<usize>() + 4;
    page.raw("<svg class=\"panel\" role=\"img\" width=\"100%\"");
    page.attribute("height", height);
    page.attribute("aria-labelledby", format!("{name}{at} {name}{at}-said"));
    page.raw(">\n");
    said(lines, name, (at, of), period, page);
    axis(period, height, page);
    let mut y = AXIS;
    for (at, line) in lines.iter().enumerate() {
        if at == 0 || lines[at - 1].group() != line.group() {
            heading(line, y, page);
            y += GROUP;
        }
        one_line(line, y, row, period, page);
        y += line.height(row);
    }
    page.raw("</svg>\n");
}

/// What the panel shows, for those who do not see it.
fn said(lines: &[Line<'_>], name: &str, (at, of): (usize, usize), period: Interval, page: &mut Page) {
    let title = format!(
        "Coverage over time, part {at} of {of}: {}, {period} ({})",
        counted(lines.len(), "chain"),
        length(period)
    );
    let holes = lines.iter().filter(|line| !line.chain.holes.is_empty()).count();
    let violated = lines.iter().filter(|line| !line.violations.is_empty()).count();
    let more = format!(
        "{holes} of them have holes, {violated} have violations at a known time. The table of holes, the table of chains and \
         the findings say the same in words."
    );
    page.raw("<title");
    page.attribute("id", format!("{name}{at}"));
    page.within(">", &title, "</title>\n<desc");
    page.attribute("id", format!("{name}{at}-said"));
    page.within(">", &more, "</desc>\n");
}

fn heading(line: &Line<'_>, y: usize, page: &mut Page) {
    let chain = line.chain;
    let kind = if chain.kind == ChainKind::Backfill { ", backfill" } else { "" };
    page.raw("<text class=\"group\" x=\"0\"");
    page.attribute("y", y + 20);
    page.raw(">");
    label(&format!("{}  {}{kind}", chain.account_id, chain.trail), 44, page);
    page.raw("</text>\n");
}

/// A name cut to its place; the tables have it whole.
fn label(name: &str, most: usize, page: &mut Page) {
    if visible(name).chars().count() <= most {
        return page.name(name);
    }
    let cut: String = name.chars().take(most / 2).collect();
    page.name(&cut);
    page.raw("…");
}

fn one_line(line: &Line<'_>, y: usize, row: usize, period: Interval, page: &mut Page) {
    let (high, middle) = (row - 10, y + row / 2 + 1);
    page.raw("<text x=\"0\"");
    page.attribute("y", middle + 4);
    page.raw(">");
    label(&line.chain.region, 22, page);
    page.raw("</text><text class=\"percent\" x=\"34%\"");
    page.attribute("y", middle + 4);
    page.within(">", &percent(line.chain, period), "</text>\n<svg x=\"36%\" width=\"64%\" overflow=\"visible\"");
    page.attribute("y", middle - high / 2);
    page.raw("><line class=\"nothing\" x1=\"0\" x2=\"100%\"");
    page.attribute("y1", high / 2);
    page.attribute("y2", high / 2);
    page.raw("/>");
    bar(&line.bar, high, page);
    violations(&line.violations, high, page);
    if !line.note.is_empty() {
        page.raw("<text class=\"small\" x=\"0\"");
        page.attribute("y", high + 12);
        page.within(">", &line.note, "</text>");
    }
    page.raw("</svg>\n");
}

/// What is proven first, then what is not, so that the latter lies on top.
fn bar(cells: &[Cell], high: usize, page: &mut Page) {
    for drawn in [Cell::Proven, Cell::Part, Cell::Unproven, Cell::Hole] {
        for (from, to) in runs(cells, drawn) {
            page.raw(match drawn {
                Cell::Proven => "<rect class=\"proven\"",
                Cell::Part => "<rect class=\"part\"",
                Cell::Unproven => "<rect class=\"doubt\"",
                _ => "<rect class=\"hole\"",
            });
            let least = if matches!(drawn, Cell::Hole | Cell::Unproven) { LEAST } else { 0.0 };
            across((from, to), cells.len(), least, page);
            let (y, high) = if drawn == Cell::Part { (high / 2, high / 2) } else { (0, high) };
            page.attribute("y", y);
            page.attribute("height", high);
            page.raw("/>");
        }
    }
}

/// A stroke through the bar, and a triangle that points to it from above.
fn violations(cells: &[Cell], high: usize, page: &mut Page) {
    for (from, to) in runs(cells, Cell::Violation) {
        page.raw("<rect class=\"violated\"");
        across((from, to), cells.len(), LEAST / 2.0, page);
        page.attribute("y", 0);
        page.attribute("height", high);
        page.raw("/><use href=\"#mark\"");
        let middle = (from + to) as f64 * 50.0 / cells.len() as f64;
        page.attribute("x", format!("{middle:.2}%"));
        page.raw("/>");
    }
}

/// Where cells of a kind begin and end.
fn runs(cells: &[Cell], kind: Cell) -> impl Iterator<Item = (usize, usize)> + '_ {
    let runs = cells.chunk_by(|a, b| a == b).scan(0, |at, run| {
        let from = *at;
        *at += run.len();
        Some((run[0], from, *at))
    });
    runs.filter(move |(cell, ..)| *cell == kind).map(|(_, from, to)| (from, to))
}

/// Place and width in hundredths, no narrower than can be seen.
fn across((from, to): (usize, usize), of: usize, least: f64, page: &mut Page) {
    let hundredth = |at: usize| at as f64 * 100.0 / of as f64;
    let wide = (hundredth(to) - hundredth(from)).max(least);
    let start = ((hundredth(from) + hundredth(to) - wide) / 2.0).clamp(0.0, 100.0 - wide);
    page.attribute("x", format!("{start:.2}%"));
    page.attribute("width", format!("{wide:.2}%"));
}

/// What the shapes say; the patterns and the mark are defined here, once for all panels.
const LEGEND: &str = "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\
    <pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\"><path class=\"paper\" d=\"M0 0h5v5H0z\"/>\
    <path class=\"stroke\" d=\"M-1 6L6-1M-1 1L1-1M4 6L6 4\"/></pattern>\
    <pattern id=\"dots\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><path class=\"paper\" d=\"M0 0h4v4H0z\"/>\
    <circle class=\"dot\" cx=\"2\" cy=\"2\" r=\"1.1\"/></pattern>\
    <path id=\"mark\" class=\"violated\" d=\"M0 2l-5-8h10z\"/></defs></svg>\n\
    <ul class=\"legend\">\n\
    <li><svg width=\"26\" height=\"14\" aria-hidden=\"true\"><rect class=\"proven\" y=\"2\" width=\"26\" height=\"10\"/></svg> proven</li>\n\
    <li><svg width=\"26\" height=\"14\" aria-hidden=\"true\"><rect class=\"hole\" x=\".5\" y=\"2\" width=\"25\" height=\"10\"/></svg> hole</li>\n\
    <li><svg width=\"26\" height=\"14\" aria-hidden=\"true\"><rect class=\"proven\" y=\"4\" width=\"26\" height=\"10\"/><rect class=\"violated\" x=\"12\" y=\"4\" width=\"2\" height=\"10\"/><use href=\"#mark\" x=\"13\" y=\"5\"/></svg> violation</li>\n\
    <li><svg width=\"26\" height=\"14\" aria-hidden=\"true\"><rect class=\"doubt\" x=\".5\" y=\"2\" width=\"25\" height=\"10\"/></svg> unproven</li>\n\
    <li><svg width=\"26\" height=\"14\" aria-hidden=\"true\"><rect class=\"part\" y=\"7\" width=\"26\" height=\"5\"/></svg> proven where due</li>\n\
    <li><svg width=\"26\" height=\"14\" aria-hidden=\"true\"><line class=\"nothing\" x2=\"26\" y1=\"7\" y2=\"7\"/></svg> nothing due</li>\n\
    </ul>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_narrower_than_can_be_seen_or_outside() {
        for (from, to, expected) in [
            (0, 1, " x=\"0.00%\" width=\"0.80%\""),
            (479, 480, " x=\"99.20%\" width=\"0.80%\""),
            (240, 480, " x=\"50.00%\" width=\"50.00%\""),
        ] {
            let mut page = Page::default();
            across((from, to), 480, LEAST, &mut page);
            assert_eq!(page.shown(), expected);
        }
    }

    #[test]
    fn runs_are_where_they_are() {
        use Cell::{Hole, Nothing, Proven};
        let cells = [Proven, Proven, Hole, Proven, Nothing, Hole, Hole];
        assert_eq!(runs(&cells, Hole).collect::<Vec<_>>(), [(2, 3), (5, 7)]);
        assert_eq!(runs(&cells, Proven).collect::<Vec<_>>(), [(0, 2), (3, 4)]);
    }
}
