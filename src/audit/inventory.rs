//! The digest files that the listing of one account and region shows, by chain.
//!
//! A digest's key is wholly told by its chain, its place and its end, so a listing of ten years is a few hundred
//! kilobytes a chain.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use futures::StreamExt;

use super::discover::{Place, Region};
use super::misplaced::{Misplaced, STRAY, unlistable};
use crate::chain::{ListedDigest, Scope};
use crate::finding::{Finding, Reason};
use crate::limits::Limits;
use crate::trail::{ChainId, DigestKey, Interval, Time};

/// The digests of one account and region.
#[derive(Default)]
pub(super) struct Inventory {
    pub chains: BTreeMap<ChainId, Listing>,
    pub findings: Vec<Finding>,
}

/// The digests of one chain: the end of each and the place it lies in, newest first.
pub(super) struct Listing(Vec<(Time, u16)>);

/// Lists the digest folders of a region.
pub(super) async fn take_inventory(region: &Region, limits: &Limits) -> Inventory {
    let mut inventory = Inventory::default();
    let mut left = limits.digest_keys_per_region;
    let mut too_many_chains = false;
    for (at, place) in region.places.iter().enumerate() {
        let folder = place.folders.digests();
        let mut strays = Misplaced::new(place.at(&folder), STRAY, limits.planted_named_per_region);
        let mut pages = place.store.list(&folder);
        while let Some(page) = pages.next().await {
            let objects = match page {
                Ok(objects) => objects,
                Err(failed) => {
                    let bucket = place.store.bucket().unwrap_or_default();
                    inventory.findings.push(unlistable(bucket, &failed.prefix, &failed.error));
                    continue;
                }
            };
            for object in objects {
                let key = DigestKey::parse(&object.key).filter(|key| key.folder == place.folders.account);
                match (key, u16::try_from(at)) {
                    (Some(key), Ok(_))
                        if inventory.chains.len() >= limits.chains_per_region
                            && !inventory.chains.contains_key(&key.chain) =>
                    {
                        too_many_chains = true;
                    }
                    (Some(key), Ok(at)) if left > 0 => {
                        left -= 1;
                        inventory.chains.entry(key.chain).or_insert_with(|| Listing(Vec::new())).0.push((key.end, at));
                    }
                    (Some(_), _) => {}
                    (None, _) => strays.tell(&object),
                }
            }
        }
        if left == 0 || mem::take(&mut too_many_chains) {
            inventory.findings.push(Finding::folder_unreadable(&place.at(&folder), Reason::OverLimit));
        }
        inventory.findings.extend(strays.into_findings());
    }
    for listing in inventory.chains.values_mut() {
        listing.0.sort_unstable_by(|a, b| b.cmp(a));
    }
    inventory
}

impl Listing {
    /// The end of the newest digest that can exist by then.
    pub(super) fn newest(&self, as_of: Time) -> Option<Time> {
        self.0.iter().map(|(end, _)| *end).find(|end| *end <= as_of)
    }

    /// Whether there are more digests after `end` than a copy up to then has for the sake of its last ones.
    pub(super) fn goes_on_after(&self, end: Time, as_of: Time) -> bool {
        self.0.iter().filter(|(of, _)| end < *of && *of <= as_of).nth(AFTER_REQUEST).is_some()
    }

    /// The digests a walk over `scope` looks at: those of the request, up to two after it, and one before.
    ///
    /// The first after it anchors its end; the second vouches for the first where metadata is lost; the one before
    /// tells what was delivered just before.
    fn part(&self, scope: Scope) -> &[(Time, u16)] {
        let after = self.0.partition_point(|(end, _)| *end > scope.end);
        let until = match scope.start {
            Some(start) => (self.0.partition_point(|(end, _)| *end > start) + 1).min(self.0.len()),
            None => self.0.len(),
        };
        &self.0[after.saturating_sub(AFTER_REQUEST)..until]
    }

    /// How many digests a walk over `scope` looks at.
    pub(super) fn count(&self, scope: Scope) -> u64 {
        self.part(scope).len() as u64
    }

    /// The digests for a walk, newest first.
    pub(super) fn for_walk(&self, chain: &ChainId, places: &[Place], scope: Scope) -> Pending {
        Pending::new(chain, places, self.part(scope))
    }

    /// Those that come after the ones a walk over `scope` looks at.
    pub(super) fn after_walk(&self, chain: &ChainId, places: &[Place], scope: Scope) -> Pending {
        let after = self.0.partition_point(|(end, _)| *end > scope.end);
        Pending::new(chain, places, &self.0[..after.saturating_sub(AFTER_REQUEST)])
    }

    /// The time from the start of the oldest digest of a walk over `scope` to the end of its newest.
    pub(super) fn span(&self, scope: Scope) -> Option<Interval> {
        let part = self.part(scope);
        let ((newest, _), (oldest, _)) = (part.first()?, part.last()?);
        Some(Interval::new(oldest.plus(-Time::HOUR), *newest))
    }
}

/// Digests still to be handed out, newest first.
pub(super) struct Pending {
    chain: ChainId,
    places: Vec<Place>,
    left: VecDeque<(Time, u16)>,
}

impl Pending {
    fn new(chain: &ChainId, places: &[Place], part: &[(Time, u16)]) -> Pending {
        Pending { chain: chain.clone(), places: places.to_vec(), left: part.iter().copied().collect() }
    }
}

/// Each with the place it lies in.
impl Iterator for Pending {
    type Item = (ListedDigest, usize);

    fn next(&mut self) -> Option<(ListedDigest, usize)> {
        let (end, at) = self.left.pop_front()?;
        let at = usize::from(at);
        let place = &self.places[at];
        let key = DigestKey { folder: place.folders.account.clone(), chain: self.chain.clone(), end };
        Some((ListedDigest { at: place.at(key.key()), end }, at))
    }
}

/// Digests after the request that are looked at.
const AFTER_REQUEST: usize = 2;
