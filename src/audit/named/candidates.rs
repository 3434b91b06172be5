//! Which digests may name a log file, and which of them are looked at first.

use std::collections::BTreeMap;

use super::time_of;
use crate::audit::inventory::Listing;
use crate::trail::{ChainId, ChainKind, Interval, LogKey, Time};

/// A digest that a listing shows: its chain, its end, and the place it lies in.
pub(super) type Candidate = (ChainId, Time, u16);

/// Digests that may name a log file, in rounds: if one of a round does, the next is not looked at.
pub(super) fn candidates<'i>(
    key: &LogKey,
    chains: impl Iterator<Item = (&'i ChainId, &'i Listing)>,
    backfills_until: Option<Time>,
) -> Vec<Vec<Candidate>> {
    let mut rounds: BTreeMap<(ChainKind, usize), Vec<Candidate>> = BTreeMap::new();
    for (chain, listing) in chains {
        let within = time_of(key);
        let within = match chain.kind {
            ChainKind::Standard => within,
            // What is made up for in them was delivered at some time before.
            ChainKind::Backfill => {
                Interval::new(within.start, backfills_until.map_or(within.end, |until| until.max(within.end)))
            }
        };
        let (mut before, after): (Vec<_>, Vec<_>) =
            listing.ending_in(within).iter().rev().partition(|(end, _)| *end < key.name.minute);
        before.reverse();
        // The digest of its hour, then those that its rounded name leaves open, then the later ones.
        let hour = after.first().map(|(end, _)| *end);
        let (of_hour, later): (Vec<_>, Vec<_>) = after.into_iter().partition(|(end, _)| Some(*end) == hour);
        let mut round = 0;
        let mut last = None;
        for (end, place) in of_hour.into_iter().chain(before).chain(later) {
            // The same digest in two places is one question.
            round += usize::from(last.is_some_and(|last| last != end));
            last = Some(end);
            rounds.entry((chain.kind, round)).or_default().push((chain.clone(), end, place));
        }
    }
    rounds.into_values().collect()
}
