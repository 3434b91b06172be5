//! Two trails of one name that record the same account and region into one bucket: an account's own, and its organization's.
//! Nothing but the folder tells their digest files apart, and AWS Control Tower lets both go on for a day when it is upgraded.
//!
//! A trail that was turned into its organization's, or back, goes on in the other folder, and stays one chain.

use std::collections::BTreeMap;
use std::mem;

use super::discover::Place;
use super::inventory::{Inventory, Listing};
use crate::trail::{ChainId, ChainKind, Time};

impl Inventory {
    /// Tells them apart, by all digest files that were listed by now.
    pub(super) fn tell_namesakes_apart(&mut self, places: &[Place]) {
        if places.windows(2).all(|two| organization_of(&two[0]) == organization_of(&two[1])) {
            return;
        }
        let organization = |at: u16| places.get(usize::from(at)).and_then(organization_of);
        for (chain, listing) in mem::take(&mut self.chains) {
            self.chains.entry(chain.as_named()).or_default().join(listing);
        }
        let standard = self.chains.iter().filter(|(chain, _)| chain.kind == ChainKind::Standard);
        let both: Vec<ChainId> = standard
            .filter(|(_, listing)| beside_each_other(listing.oldest_first().map(|(end, at)| (end, organization(at)))))
            .map(|(chain, _)| chain.clone())
            .collect();
        for kind in [ChainKind::Standard, ChainKind::Backfill] {
            for chain in both.iter().map(|chain| ChainId { kind, ..chain.clone() }) {
                let Some(listing) = self.chains.remove(&chain) else { continue };
                for (of, listing) in listing.parted(organization) {
                    let chain = of.map_or_else(|| chain.clone(), |id| chain.of_organization(id));
                    self.chains.insert(chain, listing);
                }
            }
        }
    }

    /// The digests of the chains that are named so.
    pub(super) fn named<'i>(&'i self, chain: &'i ChainId) -> impl Iterator<Item = &'i Listing> + 'i {
        self.chains.iter().filter(|(id, _)| id.is_named(chain)).map(|(_, listing)| listing)
    }
}

fn organization_of(place: &Place) -> Option<&str> {
    place.folders.account.organization.as_deref()
}

/// Whether digests of one kind go on hour by hour while others come in between.
fn beside_each_other<'k>(oldest_first: impl Iterator<Item = (Time, Option<&'k str>)>) -> bool {
    let mut kinds: BTreeMap<Option<&str>, Vec<Time>> = BTreeMap::new();
    oldest_first.for_each(|(end, of)| kinds.entry(of).or_default().push(end));
    kinds.iter().any(|(of, ends)| {
        let others: Vec<&Vec<Time>> = kinds.iter().filter(|(other, _)| *other != of).map(|(_, ends)| ends).collect();
        let is_between = |from: Time, to: Time| {
            others.iter().any(|ends| ends.get(ends.partition_point(|end| *end <= from)).is_some_and(|end| *end <= to))
        };
        let hours = ends.windows(2).filter(|two| two[1].since(two[0]) <= AN_HOUR_OR_SO);
        hours.filter(|two| is_between(two[0], two[1])).take(AMID).count() == AMID
    })
}

/// Seconds between two digests of one trail that goes on: an hour, and what it may be late.
const AN_HOUR_OR_SO: i64 = Time::HOUR + 300;

/// Hours of one trail in which there is a digest of the other: where the one was turned into the other, there is one at most.
const AMID: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANIZATION: Option<&str> = Some("o-exampleorgid");

    /// Digests that end so many minutes after some time.
    fn beside(of_account: &[i64], of_organization: &[i64]) -> bool {
        let of_account = of_account.iter().map(|minutes| (*minutes, None));
        let mut all: Vec<_> =
            of_account.chain(of_organization.iter().map(|minutes| (*minutes, ORGANIZATION))).collect();
        all.sort_unstable();
        beside_each_other(all.into_iter().map(|(minutes, of)| (Time::from_unix(minutes * 60), of)))
    }

    #[test]
    fn trails_beside_each_other_are_told_from_one_that_was_turned_into_another() {
        let hours = |from: i64, until: i64| (from..until).map(|hour| hour * 60).collect::<Vec<_>>();
        let shifted = |from: i64, until: i64, by: i64| (from..until).map(|hour| hour * 60 + by).collect::<Vec<_>>();
        assert!(beside(&hours(0, 10), &hours(0, 10)));
        assert!(beside(&hours(0, 10), &shifted(5, 20, 17)), "a day of both, or some hours");
        assert!(beside(&hours(0, 8), &shifted(5, 20, 17)));
        assert!(beside(&hours(0, 4), &[0, 2 * 60, 3 * 60]), "an hour of the one is gone");
        for (of_account, of_organization) in [
            (hours(0, 5), hours(5, 10)),
            (hours(0, 5), shifted(5, 10, -30)),
            ([hours(0, 3), hours(6, 9)].concat(), hours(3, 6)),
            // Turned within the hour, and back within the next.
            ([hours(0, 3), hours(5, 9)].concat(), shifted(3, 4, 30)),
            (hours(0, 5), shifted(4, 10, -30)),
            (hours(0, 10), vec![]),
            (hours(0, 10), hours(4, 5)),
            (hours(10, 20), hours(0, 5)),
        ] {
            assert!(!beside(&of_account, &of_organization), "{of_account:?} {of_organization:?}");
        }
    }
}
