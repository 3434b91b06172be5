//! What is asked of one chain.

use crate::trail::{Interval, Time};

/// What is asked of one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// From when on; none for as far back as there are digests.
    pub start: Option<Time>,
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

    /// The part of this time that was asked for.
    pub(super) fn clip(&self, interval: Interval) -> Option<Interval> {
        interval.intersect(Interval::new(self.start.unwrap_or(interval.start), self.end))
    }
}
