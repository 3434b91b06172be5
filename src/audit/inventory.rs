//! The digest files that the listing of one account and region shows, by chain.
//!
//! A digest's key is wholly told by its chain, its place and its end, so a listing of ten years is a few hundred
//! kilobytes a chain.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use futures::StreamExt;

use super::discover::{Place, Region};
use super::folders::Window;
use super::misplaced::{Beside, Misplaced, STRAY, Unlistable};
use crate::chain::{ListedDigest, Scope};
use crate::limits::Limits;
use crate::trail::{ChainId, ChainKind, Day, DigestKey, Interval, Time};

/// The digests of one account and region.
#[derive(Default)]
pub(super) struct Inventory {
    pub chains: BTreeMap<ChainId, Listing>,
    pub beside: Beside,
}

/// The digests of one chain: the end of each and the place it lies in, newest first.
pub(super) struct Listing(Vec<(Time, u16)>);

/// Lists the digest folders of a region. Strays are told of that lie in the folder of a day of `strays`, or of no day.
pub(super) async fn take_inventory(region: &Region, limits: &Limits, strays: Window) -> Inventory {
    let mut inventory = Inventory::default();
    let mut left = limits.digest_keys_per_region;
    let mut too_many_chains = false;
    for (at, place) in region.places.iter().enumerate() {
        let folder = place.folders.digests();
        let mut misplaced = Misplaced::new(&place.store, &folder, STRAY, limits.planted_named_per_region);
        let mut pages = place.store.list(&folder);
        while let Some(page) = pages.next().await {
            let objects = match page {
                Ok(objects) => objects,
                Err(failed) => {
                    inventory.beside.failed(&place.store, &failed);
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
                    (None, _) if day_of(&object.key[folder.len()..]).is_none_or(|day| strays.has_day(day)) => {
                        misplaced.tell(object);
                    }
                    (None, _) => {}
                }
            }
        }
        if left == 0 || mem::take(&mut too_many_chains) {
            inventory.beside.unlistable.push(Unlistable::over_limit(&place.store, &folder));
        }
        inventory.beside.misplaced.push(misplaced);
    }
    for listing in inventory.chains.values_mut() {
        listing.0.sort_unstable_by(|a, b| b.cmp(a));
    }
    inventory
}

/// The day in whose folder something lies, by its path below the folder of a region.
fn day_of(path: &str) -> Option<Day> {
    path.get(..DAY_FOLDER).and_then(Day::parse_folder)
}

impl Listing {
    /// The end of the newest digest that can exist by then.
    pub(super) fn newest(&self, as_of: Time) -> Option<Time> {
        self.0.iter().map(|(end, _)| *end).find(|end| *end <= as_of)
    }

    /// Whether there are more digests after `end` than a copy up to then has for the sake of its last ones. Of backfill
    /// digests it has all: any of them may list a log file of the time before.
    pub(super) fn goes_on_after(&self, chain: &ChainId, end: Time, as_of: Time) -> bool {
        let after = self.0.iter().filter(|(of, _)| end < *of && *of <= as_of);
        chain.kind == ChainKind::Standard && after.count() > AFTER_REQUEST
    }

    /// Whether the listing shows this digest.
    pub(super) fn shows(&self, end: Time, place: usize) -> bool {
        u16::try_from(place).is_ok_and(|place| self.0.binary_search_by(|of| (end, place).cmp(of)).is_ok())
    }

    /// Whether it is one of those a walk over `scope` looks at.
    pub(super) fn is_walked(&self, scope: Scope, end: Time, place: usize) -> bool {
        let part = self.part(scope);
        u16::try_from(place).is_ok_and(|place| part.binary_search_by(|of| (end, place).cmp(of)).is_ok())
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

/// The length of `2026/01/31/`.
const DAY_FOLDER: usize = 11;

/// Digests after the request that are looked at.
const AFTER_REQUEST: usize = 2;
