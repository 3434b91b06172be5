//! What is asked of one chain.

use crate::trail::{Interval, Time};

/// What is asked of one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// From when on; none for as far back as there are digests.
    pub start: Option<Time>,
    /// Where the start only says from where on to look: a chain that, as AWS signed, began by then owes nothing before.
    pub began_by: Option<Time>,
    /// Until when.
    pub end: Time,
    /// The moment the evidence is looked at: a digest is due two hours after the one before it ended.
    pub horizon: Time,
}

impl Scope {
    /// Whether any of this time was asked for.
    pub fn touches(&self, interval: Interval) -> bool {
        interval.end > self.start.unwrap_or(interval.start) && interval.start < self.end
    }

    /// Whether this moment was asked for.
    pub(super) fn has(&self, moment: Time) -> bool {
        self.touches(Interval::new(moment, moment.plus(1)))
    }

    /// The part of this time that was asked for.
    pub(super) fn clip(&self, interval: Interval) -> Option<Interval> {
        interval.intersect(Interval::new(self.start.unwrap_or(interval.start), self.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(start: i64, end: i64) -> Interval {
        Interval::new(Time::from_unix(start * Time::HOUR), Time::from_unix(end * Time::HOUR))
    }

    fn scope(start: Option<i64>) -> Scope {
        let hour = |hour| Time::from_unix(hour * Time::HOUR);
        Scope { start: start.map(hour), end: hour(8), horizon: hour(8), began_by: None }
    }

    #[test]
    fn what_only_borders_on_the_request_does_not_touch_it() {
        let touched = |start, interval| scope(start).touches(interval);
        assert_eq!(
            [hours(3, 4), hours(3, 5), hours(7, 9), hours(8, 9)].map(|i| touched(Some(4), i)),
            [false, true, true, false]
        );
        assert_eq!([hours(0, 1), hours(7, 9), hours(8, 9)].map(|i| touched(None, i)), [true, true, false]);
        assert!(!touched(None, hours(2, 2)), "no time at all");
    }

    #[test]
    fn clipping_leaves_what_was_asked_for() {
        assert_eq!(scope(Some(4)).clip(hours(1, 9)), Some(hours(4, 8)));
        assert_eq!(scope(Some(4)).clip(hours(5, 6)), Some(hours(5, 6)));
        assert_eq!(scope(None).clip(hours(1, 9)), Some(hours(1, 8)));
        assert_eq!(scope(Some(4)).clip(hours(1, 4)), None);
    }
}
