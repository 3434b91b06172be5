//! One chain's time as a bar of cells, and what is said of its length: the same in every form that draws it.

use crate::chain::Hole;
use crate::finding::{Finding, Severity};
use crate::report::ChainReport;
use crate::trail::{ChainKind, Interval};

/// What a cell shows: the worst of what lies in it, so that nothing is too short to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    /// Neither proven nor a hole: nothing was due then.
    Nothing,
    /// Proven in part; nothing was due in the rest.
    Part,
    /// Proven.
    Proven,
    /// Proven, with something in it that is unproven.
    Unproven,
    /// At least one hole.
    Hole,
    /// At least one violation.
    Violation,
}

/// What the findings mark in place in one chain's bar: what is neither waived nor a hole nor a note.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) interval: Interval,
    pub(super) cell: Cell,
}

/// The cells of a chain over the report's period.
pub(super) fn cells(chain: &ChainReport, marks: &[Mark], period: Interval, width: usize) -> Vec<Cell> {
    let Some(scale) = Scale::new(period, width) else { return Vec::new() };
    let mut proven = vec![0_i64; width];
    for interval in &chain.proven {
        let Some((from, to)) = scale.cells(*interval) else { continue };
        for (at, seconds) in proven.iter_mut().enumerate().take(to + 1).skip(from) {
            *seconds += scale.span(at).intersect(*interval).map_or(0, Interval::seconds);
        }
    }
    let mut cells: Vec<Cell> = proven
        .iter()
        .enumerate()
        .map(|(at, seconds)| match *seconds {
            0 => Cell::Nothing,
            seconds if seconds >= scale.span(at).seconds() => Cell::Proven,
            _ => Cell::Part,
        })
        .collect();
    let holes = chain.holes.iter().map(|hole| (hole.interval(), Cell::Hole));
    for (interval, cell) in holes.chain(marks.iter().map(|mark| (mark.interval, mark.cell))) {
        if let Some((from, to)) = scale.cells(interval) {
            for shown in &mut cells[from..=to] {
                *shown = (*shown).max(cell);
            }
        }
    }
    cells
}

/// What findings mark, chain by chain, in one pass over them.
pub(super) fn marks<'a>(findings: impl Iterator<Item = &'a Finding>, chains: &[&'a ChainReport]) -> Vec<Vec<Mark>> {
    let mut marks: Vec<Vec<Mark>> = chains.iter().map(|_| Vec::new()).collect();
    let places: std::collections::HashMap<_, usize> =
        chains.iter().enumerate().map(|(at, chain)| (identity(chain), at)).collect();
    for finding in findings.filter(|finding| !finding.waived) {
        let cell = match finding.severity {
            Severity::Violation => Cell::Violation,
            Severity::Unproven if finding.code != crate::finding::Code::CoverageHole => Cell::Unproven,
            _ => continue,
        };
        let (Some(chain), Some(interval)) = (&finding.chain, finding.interval) else { continue };
        let id = (
            chain.account_id.as_str(),
            chain.region.as_str(),
            chain.trail.as_str(),
            chain.home_region.as_str(),
            chain.kind,
        );
        if let Some(at) = places.get(&id) {
            marks[*at].push(Mark { interval, cell });
        }
    }
    marks
}

/// How much of the period is proven, rounded down: nothing but the whole is called 100%.
pub(super) fn percent(chain: &ChainReport, period: Interval) -> String {
    let proven: i64 =
        chain.proven.iter().filter_map(|interval| interval.intersect(period)).map(Interval::seconds).sum();
    match (chain.kind, proven, period.seconds()) {
        (ChainKind::Backfill, _, _) | (_, _, 0) => "-".to_owned(),
        (_, 0, _) => "0%".to_owned(),
        (_, proven, whole) if proven >= whole => "100%".to_owned(),
        (_, proven, whole) => match proven * 1_000 / whole {
            0 => "<0.1%".to_owned(),
            tenths => format!("{}.{}%", tenths / 10, tenths % 10),
        },
    }
}

/// Lost hours in a row, each a hole of its own, are shown as one.
pub(super) fn join(holes: &[Hole]) -> Vec<Hole> {
    let mut joined: Vec<Hole> = Vec::new();
    for hole in holes {
        match joined.last_mut() {
            Some(last) if last.reason == hole.reason && last.end == hole.start => last.end = hole.end,
            _ => joined.push(*hole),
        }
    }
    joined
}

fn identity(chain: &ChainReport) -> (&str, &str, &str, &str, crate::trail::ChainKind) {
    (&chain.account_id, &chain.region, &chain.trail, &chain.home_region, chain.kind)
}

/// Which moment lies in which cell.
struct Scale {
    period: Interval,
    width: i64,
}

impl Scale {
    fn new(period: Interval, width: usize) -> Option<Scale> {
        (!period.is_empty() && width > 0).then(|| Scale { period, width: i64::try_from(width).unwrap_or(i64::MAX) })
    }

    /// The first and last cell that an interval touches; an empty one is a moment.
    fn cells(&self, interval: Interval) -> Option<(usize, usize)> {
        let moment = Interval::new(interval.start, interval.end.max(interval.start.plus(1)));
        let inside = moment.intersect(self.period)?;
        let last = self.cell(inside.end.since(self.period.start) - 1);
        Some((self.cell(inside.start.since(self.period.start)), last))
    }

    /// The cell of a second of the period.
    fn cell(&self, second: i64) -> usize {
        usize::try_from(second * self.width / self.period.seconds()).unwrap_or(0)
    }

    /// The whole seconds of a cell; none where a cell is shorter than a second.
    fn span(&self, at: usize) -> Interval {
        let edge = |at: i64| {
            let seconds = self.period.seconds();
            self.period.start.plus((at * seconds + self.width - 1) / self.width)
        };
        let at = i64::try_from(at).unwrap_or(i64::MAX - 1);
        Interval::new(edge(at), edge(at + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Time;

    fn scale(seconds: i64, width: usize) -> Scale {
        Scale::new(Interval::new(Time::from_unix(0), Time::from_unix(seconds)), width).unwrap()
    }

    #[test]
    fn every_second_lies_in_the_cell_whose_span_has_it() {
        for (seconds, width) in [(1, 48), (7, 3), (100, 48), (86_400, 48), (3_601, 16)] {
            let scale = scale(seconds, width);
            for second in 0..seconds {
                let span = scale.span(scale.cell(second));
                assert!(span.start.unix() <= second && second < span.end.unix(), "{second} of {seconds} in {width}");
            }
        }
    }

    #[test]
    fn a_moment_touches_one_cell_and_what_is_outside_none() {
        let scale = scale(86_400, 24);
        let at = |start, end| scale.cells(Interval::new(Time::from_unix(start), Time::from_unix(end)));
        assert_eq!(at(3_600, 3_600), Some((1, 1)));
        assert_eq!(at(3_600, 7_200), Some((1, 1)));
        assert_eq!(at(3_600, 7_201), Some((1, 2)));
        assert_eq!(at(-3_600, 1), Some((0, 0)));
        assert_eq!(at(86_400, 90_000), None);
    }
}
