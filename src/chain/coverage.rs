//! Time: what is proven, and where the holes are.

use serde::{Deserialize, Serialize};

use crate::finding::Reason;
use crate::trail::{Interval, Time};

/// A part of the requested time that no verified digest covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hole {
    /// Its first moment.
    pub start: Time,
    /// The first moment after it.
    pub end: Time,
    /// Why it is there.
    pub reason: Reason,
}

/// A digest that is known to have existed and is no fact, so its hour is a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The end of its hour, from its name.
    pub end: Time,
    /// `DigestLost` or `DigestUnverified`.
    pub reason: Reason,
}

/// Why two verified neighbours do not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// The newer one names the older one: nothing is lost between them, and yet time is missing.
    Linked,
    /// The newer one is a starting digest.
    Restart,
    /// Digests between them are gone or do not verify.
    Broken,
}

/// One hour of a hole; `named` where a finding of its own already tells of its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LostSpan {
    pub hole: Hole,
    pub named: bool,
}

impl Hole {
    pub(super) fn new(interval: Interval, reason: Reason) -> Hole {
        Hole { start: interval.start, end: interval.end, reason }
    }

    /// The time it spans.
    pub fn interval(self) -> Interval {
        Interval::new(self.start, self.end)
    }
}

/// Splits the gap between two neighbours into spans, newest first.
///
/// Digests end at the same minute and second of every hour, so each lost one can be named although nothing tells of
/// it any more: counting back from the newer neighbour's start gives the end of each. At most `most` hours are named;
/// what remains of the gap is one span.
pub(super) fn split_gap(gap: Interval, kind: Gap, troubles: &[Trouble], most: usize) -> Vec<LostSpan> {
    match kind {
        Gap::Linked => vec![LostSpan { hole: Hole::new(gap, Reason::TimeHole), named: false }],
        Gap::Restart if troubles.is_empty() => {
            vec![LostSpan { hole: Hole::new(gap, Reason::ChainRestart), named: false }]
        }
        Gap::Restart => around_troubles(gap, troubles, Reason::ChainRestart, most),
        Gap::Broken => by_the_hour(gap, troubles, most),
    }
}

/// The hours of the troubles, and what lies between them for `otherwise`: some `most` spans, and what remains as one.
pub(super) fn around_troubles(gap: Interval, troubles: &[Trouble], otherwise: Reason, most: usize) -> Vec<LostSpan> {
    let mut spans = Vec::new();
    let mut until = gap.end;
    for trouble in troubles {
        if spans.len() >= most {
            break;
        }
        let hour = Interval::new(trouble.end.plus(-Time::HOUR), trouble.end);
        let Some(hour) = hour.intersect(Interval::new(gap.start, until)) else { continue };
        push(&mut spans, Interval::new(hour.end, until), otherwise, false);
        push(&mut spans, hour, trouble.reason, true);
        until = hour.start;
    }
    push(&mut spans, Interval::new(gap.start, until), otherwise, false);
    spans
}

fn by_the_hour(gap: Interval, troubles: &[Trouble], most: usize) -> Vec<LostSpan> {
    let mut spans = Vec::new();
    let mut troubles = troubles.iter().peekable();
    let mut until = gap.end;
    while until > gap.start {
        // A trouble ends the current span where its own hour ends, be it off the cadence.
        while troubles.next_if(|trouble| trouble.end > until).is_some() {}
        let trouble = troubles.next_if(|trouble| trouble.end == until);
        let reason = trouble.map_or(Reason::DigestLost, |trouble| trouble.reason);
        let mut from = until.plus(-Time::HOUR).max(gap.start);
        if let Some(next) = troubles.peek() {
            from = from.max(next.end.min(until));
        }
        // The rest, where no more are named one by one: a finding on one digest tells of its own hour and of no more.
        let rest = spans.len() >= most && from > gap.start;
        if rest {
            from = gap.start;
        }
        push(&mut spans, Interval::new(from, until), reason, trouble.is_some() && !rest);
        until = from;
    }
    spans
}

fn push(spans: &mut Vec<LostSpan>, interval: Interval, reason: Reason, named: bool) {
    if !interval.is_empty() {
        spans.push(LostSpan { hole: Hole::new(interval, reason), named });
    }
}

/// Joins intervals that touch or overlap; the result is sorted, oldest first.
pub fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|interval| !interval.is_empty());
    intervals.sort_unstable();
    let mut joined: Vec<Interval> = Vec::new();
    for interval in intervals {
        match joined.last_mut() {
            Some(last) if interval.start <= last.end => last.end = last.end.max(interval.end),
            _ => joined.push(interval),
        }
    }
    joined
}

/// Joins holes of the same reason that touch; the result is sorted, oldest first.
pub(super) fn join_holes(mut holes: Vec<Hole>) -> Vec<Hole> {
    holes.sort_unstable();
    let mut joined: Vec<Hole> = Vec::new();
    for hole in holes {
        match joined.last_mut() {
            Some(last) if last.reason == hole.reason && hole.start <= last.end => last.end = last.end.max(hole.end),
            _ => joined.push(hole),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: f64) -> Time {
        Time::from_unix((hours * 3600.0) as i64)
    }

    fn spans(from: f64, until: f64, kind: Gap, troubles: &[(f64, Reason)]) -> Vec<(f64, f64, Reason, bool)> {
        let troubles: Vec<Trouble> =
            troubles.iter().map(|(end, reason)| Trouble { end: at(*end), reason: *reason }).collect();
        split_gap(Interval::new(at(from), at(until)), kind, &troubles, 5)
            .iter()
            .map(|s| (s.hole.start.unix() as f64 / 3600.0, s.hole.end.unix() as f64 / 3600.0, s.hole.reason, s.named))
            .collect()
    }

    #[test]
    fn every_lost_hour_is_named_by_the_cadence() {
        use Reason::{DigestLost, DigestUnverified};
        assert_eq!(
            spans(1.0, 4.0, Gap::Broken, &[(4.0, DigestLost), (2.0, DigestUnverified)]),
            [(3.0, 4.0, DigestLost, true), (2.0, 3.0, DigestLost, false), (1.0, 2.0, DigestUnverified, true)]
        );
        assert_eq!(spans(1.5, 3.0, Gap::Broken, &[]), [(2.0, 3.0, DigestLost, false), (1.5, 2.0, DigestLost, false)]);
        assert_eq!(
            spans(1.0, 3.0, Gap::Broken, &[(2.5, DigestUnverified)]),
            [(2.5, 3.0, DigestLost, false), (1.5, 2.5, DigestUnverified, true), (1.0, 1.5, DigestLost, false)]
        );
    }

    #[test]
    fn long_gaps_are_bounded() {
        let spans = spans(0.0, 1000.0, Gap::Broken, &[]);
        assert_eq!(spans.len(), 6);
        assert_eq!(spans[5], (0.0, 995.0, Reason::DigestLost, false));
        // However many names were planted in it.
        let planted: Vec<_> = (0..100).map(|n| (900.0 - 9.0 * f64::from(n), Reason::DigestUnverified)).collect();
        let spans = self::spans(0.0, 1000.0, Gap::Restart, &planted);
        assert_eq!(spans.last(), Some(&(0.0, 881.0, Reason::ChainRestart, false)));
        assert!(spans.len() <= 7, "{}", spans.len());
    }

    #[test]
    fn the_last_hour_of_a_long_gap_is_told_of_by_its_own_digest() {
        let spans = spans(0.0, 6.0, Gap::Broken, &[(1.0, Reason::DigestUnverified)]);
        assert_eq!(spans.last(), Some(&(0.0, 1.0, Reason::DigestUnverified, true)));
    }

    #[test]
    fn restarts_and_linked_gaps_are_one_span() {
        assert_eq!(spans(1.0, 9.0, Gap::Restart, &[]), [(1.0, 9.0, Reason::ChainRestart, false)]);
        assert_eq!(spans(1.0, 9.0, Gap::Linked, &[]), [(1.0, 9.0, Reason::TimeHole, false)]);
        assert_eq!(
            spans(1.0, 9.0, Gap::Restart, &[(3.0, Reason::DigestUnverified)]),
            [
                (3.0, 9.0, Reason::ChainRestart, false),
                (2.0, 3.0, Reason::DigestUnverified, true),
                (1.0, 2.0, Reason::ChainRestart, false)
            ]
        );
    }

    #[test]
    fn union_joins_what_touches() {
        let i = |a: f64, b: f64| Interval::new(at(a), at(b));
        assert_eq!(
            union(vec![i(3.0, 4.0), i(1.0, 2.0), i(2.0, 3.0), i(6.0, 7.0), i(5.0, 5.0)]),
            [i(1.0, 4.0), i(6.0, 7.0)]
        );
    }

    #[test]
    fn intervals_of_no_length_and_the_shorter_of_two_that_overlap_add_nothing() {
        let i = |a: f64, b: f64| Interval::new(at(a), at(b));
        assert_eq!(union(vec![i(1.0, 5.0), i(2.0, 3.0), i(7.0, 7.0)]), [i(1.0, 5.0)]);
    }

    #[test]
    fn holes_are_joined_where_they_touch_for_one_reason() {
        use Reason::{DigestLost, DigestUnverified};
        let hole = |a: f64, b: f64, reason| Hole::new(Interval::new(at(a), at(b)), reason);
        let joined = join_holes(vec![
            hole(2.0, 3.0, DigestLost),
            hole(1.0, 2.0, DigestLost),
            hole(3.0, 4.0, DigestUnverified),
            hole(5.0, 6.0, DigestUnverified),
            hole(5.5, 5.75, DigestUnverified),
        ]);
        assert_eq!(
            joined,
            [hole(1.0, 3.0, DigestLost), hole(3.0, 4.0, DigestUnverified), hole(5.0, 6.0, DigestUnverified)]
        );
        assert_eq!(joined[0].interval(), Interval::new(at(1.0), at(3.0)));
    }
}
