//! Which part of a history is which run's.

use std::fmt;

use super::config::Share;
use super::looked::Looked;
use super::memory::Slice;
use crate::trail::Time;

impl Slice {
    /// The part that is the n-th run's; none where there are no parts.
    pub(super) fn of(share: Share, run: u64) -> Option<Slice> {
        match share {
            Share::All => Some(Slice { which: 0, of: 1 }),
            Share::None => None,
            Share::OneIn(parts) => Some(Slice { which: run % u64::from(parts.get()), of: u64::from(parts.get()) }),
        }
    }

    /// Its part of the time from `oldest` to `since`, in whole days; none if that has fewer days than parts, and this is not
    /// one of those.
    pub(super) fn part(self, oldest: Time, since: Time) -> Option<Looked> {
        let first = oldest.day().start();
        let days = (since.since(first) + Time::DAY - 1) / Time::DAY;
        let edge = |part: u64| first.plus(days * part.cast_signed() / self.of.cast_signed().max(1) * Time::DAY);
        let (start, end) = (edge(self.which).max(oldest), edge(self.which + 1).min(since));
        (start < end).then_some(Looked { from: Some(start), until: end, only: None })
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.which + 1, self.of)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn the_parts_of_a_history_are_all_of_it_and_none_is_looked_at_twice() {
        let oldest = Time::from_unix(1_000_000);
        for (days, parts) in [(1, 2), (7, 3), (30, 30), (365, 30), (3, 10)] {
            let since = oldest.plus(days * Time::DAY + 5);
            let mut reached = oldest;
            for which in 0..parts {
                let Some(part) = (Slice { which, of: parts }).part(oldest, since) else { continue };
                assert_eq!(part.from, Some(reached), "{days} days in {parts}");
                reached = part.until;
            }
            assert_eq!(reached, since, "{days} days in {parts}");
        }
    }

    #[test]
    fn every_run_has_its_part() {
        let share = Share::OneIn(NonZeroU32::new(3).unwrap());
        let shown = |run| Slice::of(share, run).unwrap().to_string();
        assert_eq!([0, 1, 2, 3].map(shown), ["1/3", "2/3", "3/3", "1/3"]);
        assert_eq!((Slice::of(Share::None, 1), share.to_string()), (None, "1/3".to_owned()));
    }
}
