//! The digest files that the listing of one account and region shows, by chain.
//!
//! A digest's key is wholly told by its chain, its place and its end, so a listing of ten years is a few hundred
//! kilobytes a chain.

use std::collections::{BTreeMap, VecDeque};

use futures::StreamExt;

use super::discover::{Place, Region};
use super::folders::{DAY_FOLDER, Window, days_of};
use super::listing::list;
use super::misplaced::{Beside, Misplaced, STRAY, Unlistable};
use crate::chain::{ListedDigest, Scope};
use crate::limits::Limits;
use crate::store::{KeyRange, ObjectInfo};
use crate::trail::{ChainId, ChainKind, Day, DigestKey, Interval, ObjectLocation, Time};

/// The digests of one account and region.
#[derive(Default)]
pub(super) struct Inventory {
    pub chains: BTreeMap<ChainId, Listing>,
    pub beside: Beside,
    pub backfills: Backfills,
    /// Digests listed, of all chains.
    count: usize,
}

/// When backfill digests were written, and so signed: any time after their hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Backfills {
    /// There are none.
    #[default]
    None,
    /// All by then, as the listing says.
    WrittenBy(Time),
    /// The store does not know.
    AtAnyTime,
}

/// The digests of one chain.
#[derive(Default)]
pub(super) struct Listing {
    /// The end of each and the place it lies in, newest first.
    ends: Vec<(Time, u16)>,
    /// Bytes of all of them, as stored.
    bytes: u64,
}

impl Inventory {
    /// For a backfill chain, the start of the oldest digest that its trail's standard chain has.
    pub(super) fn standard_from(&self, chain: &ChainId) -> Option<Time> {
        let standard = ChainId { kind: ChainKind::Standard, ..chain.clone() };
        let listing = self.chains.get(&standard).filter(|_| chain.kind == ChainKind::Backfill)?;
        listing.ends.last().map(|(end, _)| end.plus(-Time::HOUR))
    }
}

/// Lists the digest folders of a region. Strays are told of that lie in the folder of a day of `strays`, or of no day.
pub(super) async fn take_inventory(region: &Region, limits: &Limits, strays: Window) -> Inventory {
    let mut inventory = Inventory::default();
    for at in 0..region.places.len() {
        inventory.add_place(region, at, limits, strays).await;
    }
    inventory
}

/// Lists of the digest folders the days from one to another, or from one on.
pub(super) async fn take_inventory_of(region: &Region, limits: &Limits, days: &[(Day, Option<Day>)]) -> Inventory {
    let mut inventory = Inventory::default();
    for (at, place) in region.places.iter().enumerate() {
        let folder = place.folders.digests();
        for (oldest, newest) in days {
            let of = days_of(&folder, *oldest, newest.unwrap_or(*oldest));
            let keys = KeyRange { before: newest.and(of.before), ..of };
            inventory.add_keys(region, at, limits, Window::default(), keys).await;
        }
    }
    inventory
}

impl Inventory {
    /// Lists the digest folder of one more place. Chains that only a place has that was added later are not asked for.
    pub(super) async fn add_place(&mut self, region: &Region, at: usize, limits: &Limits, strays: Window) {
        self.add_keys(region, at, limits, strays, KeyRange::ALL).await;
    }

    async fn add_keys(&mut self, region: &Region, at: usize, limits: &Limits, strays: Window, keys: KeyRange) {
        let place = &region.places[at];
        let folder = place.folders.digests();
        let mut misplaced = Misplaced::new(&place.store, &folder, STRAY, limits);
        let mut too_many = false;
        let mut pages = list(&*place.store, &folder, keys, limits);
        while let Some(page) = pages.next().await {
            let objects = match page {
                Ok(objects) => objects,
                Err(failed) => {
                    self.beside.failed(&place.store, &failed);
                    continue;
                }
            };
            for object in objects {
                match DigestKey::parse(&object.key).filter(|key| key.folder == place.folders.account) {
                    Some(key) => too_many |= !self.add(key, at, &object, limits),
                    None if day_of(&object.key[folder.len()..]).is_none_or(|day| strays.has_day(day)) => {
                        misplaced.tell(object);
                    }
                    None => {}
                }
            }
        }
        drop(pages);
        if too_many {
            self.beside.unlistable(Unlistable::over_limit(&place.store, &folder));
        }
        self.beside.place(misplaced);
        for listing in self.chains.values_mut() {
            listing.ends.sort_unstable_by(|a, b| b.cmp(a));
        }
        self.tell_namesakes_apart(&region.places[..=at]);
    }

    /// Adds a digest; false if there are too many already.
    fn add(&mut self, key: DigestKey, at: usize, object: &ObjectInfo, limits: &Limits) -> bool {
        let known = self.chains.contains_key(&key.chain);
        let room =
            self.count < limits.digest_keys_per_region && (known || self.chains.len() < limits.chains_per_region);
        let Some(at) = u16::try_from(at).ok().filter(|_| room) else { return false };
        self.count += 1;
        if key.chain.kind == ChainKind::Backfill {
            self.backfills.tell(object.last_modified);
        }
        let listing = self.chains.entry(key.chain).or_default();
        listing.ends.push((key.end, at));
        listing.bytes = listing.bytes.saturating_add(object.size);
        true
    }
}

/// The day in whose folder something lies, by its path below the folder of a region.
fn day_of(path: &str) -> Option<Day> {
    path.get(..DAY_FOLDER).and_then(Day::parse_folder)
}

impl Backfills {
    fn tell(&mut self, written: Option<Time>) {
        *self = match (*self, written) {
            (Backfills::None, Some(time)) => Backfills::WrittenBy(time),
            (Backfills::WrittenBy(known), Some(time)) => Backfills::WrittenBy(known.max(time)),
            _ => Backfills::AtAnyTime,
        };
    }
}

impl Listing {
    /// Adds those of another part of the chain.
    pub(super) fn join(&mut self, other: Listing) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.ends.extend(other.ends);
        self.ends.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// The end and the place of each, oldest first.
    pub(super) fn oldest_first(&self) -> impl Iterator<Item = (Time, u16)> + '_ {
        self.ends.iter().rev().copied()
    }

    /// Those of each kind of place apart.
    pub(super) fn parted<K: Ord>(self, kind: impl Fn(u16) -> K) -> BTreeMap<K, Listing> {
        let each = self.bytes / (self.ends.len() as u64).max(1);
        let mut parts: BTreeMap<K, Listing> = BTreeMap::new();
        for (end, at) in self.ends {
            let part = parts.entry(kind(at)).or_default();
            part.ends.push((end, at));
            part.bytes = part.bytes.saturating_add(each);
        }
        parts
    }

    /// The end of the newest digest that can exist by then.
    pub(super) fn newest(&self, as_of: Time) -> Option<Time> {
        self.ends.iter().map(|(end, _)| *end).find(|end| *end <= as_of)
    }

    /// Whether there are more digests after `end` than a copy up to then has for the sake of its last ones. Of backfill
    /// digests it has all: any of them may list a log file of the time before.
    pub(super) fn goes_on_after(&self, chain: &ChainId, end: Time, as_of: Time) -> bool {
        let after = self.ends.iter().filter(|(of, _)| end < *of && *of <= as_of);
        chain.kind == ChainKind::Standard && after.count() > AFTER_REQUEST
    }

    /// How many end by then.
    pub(super) fn until(&self, time: Time) -> usize {
        self.ends.len() - self.ends.partition_point(|(end, _)| *end > time)
    }

    /// Whether the listing shows this digest.
    pub(super) fn shows(&self, end: Time, place: usize) -> bool {
        u16::try_from(place).is_ok_and(|place| self.ends.binary_search_by(|of| (end, place).cmp(of)).is_ok())
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
        let after = self.ends.partition_point(|(end, _)| *end > scope.end);
        let until = match scope.start {
            Some(start) => (self.ends.partition_point(|(end, _)| *end > start) + 1).min(self.ends.len()),
            None => self.ends.len(),
        };
        &self.ends[after.saturating_sub(AFTER_REQUEST)..until]
    }

    /// How many digests a walk over `scope` looks at.
    pub(super) fn count(&self, scope: Scope) -> u64 {
        self.part(scope).len() as u64
    }

    /// About how many bytes those have, as stored: their share of all.
    pub(super) fn bytes(&self, scope: Scope) -> u64 {
        self.bytes / (self.ends.len() as u64).max(1) * self.count(scope)
    }

    /// The digests for a walk, newest first.
    pub(super) fn for_walk(&self, chain: &ChainId, places: &[Place], scope: Scope) -> Pending {
        Pending::new(chain, places, self.part(scope))
    }

    /// The end and the place of each that ends in this time, its first moment left out; newest first.
    pub(super) fn ending_in(&self, time: Interval) -> &[(Time, u16)] {
        let from = self.ends.partition_point(|(end, _)| *end > time.end);
        let until = self.ends.partition_point(|(end, _)| *end > time.start);
        &self.ends[from..until]
    }

    /// These as the listing shows them.
    pub(super) fn listed(&self, chain: &ChainId, places: &[Place], of: &[(Time, u16)]) -> Vec<ListedDigest> {
        Pending::new(chain, places, of).map(|(listed, _)| listed).collect()
    }

    /// Those that come after the ones a walk over `scope` looks at.
    pub(super) fn after_walk(&self, chain: &ChainId, places: &[Place], scope: Scope) -> Pending {
        let after = self.ends.partition_point(|(end, _)| *end > scope.end);
        Pending::new(chain, places, &self.ends[..after.saturating_sub(AFTER_REQUEST)])
    }

    /// Of those that a walk over `scope` looks at, the ones before which something is not here: the oldest, if the request
    /// goes back further than it ends, and those after gaps, newest first.
    pub(super) fn edges(&self, chain: &ChainId, places: &[Place], scope: Scope) -> Vec<Edge> {
        let part = self.part(scope);
        let is_asked_for = |end: &Time| scope.start.is_none_or(|start| *end > start);
        let after_gaps = part.windows(2).enumerate().filter(|(_, pair)| pair[0].0.since(pair[1].0) > FARTHEST_APART);
        let after_gaps = after_gaps.map(|(at, _)| at).take(MOST_GAPS);
        let edges = part.len().checked_sub(1).into_iter().chain(after_gaps);
        let place = |digest: &(Time, u16)| {
            let (listed, at) = Pending::new(chain, places, std::slice::from_ref(digest)).next()?;
            Some((places[at].clone(), listed.at))
        };
        let edge = |at: usize| {
            let digest = place(&part[at])?;
            Some(Edge { digest, after: at.checked_sub(1).and_then(|newer| place(&part[newer])) })
        };
        edges.filter(|at| is_asked_for(&part[*at].0)).filter_map(edge).collect()
    }

    /// The time from the start of the oldest digest of a walk over `scope` to the end of its newest.
    pub(super) fn span(&self, scope: Scope) -> Option<Interval> {
        let part = self.part(scope);
        let ((newest, _), (oldest, _)) = (part.first()?, part.last()?);
        Some(Interval::new(oldest.plus(-Time::HOUR), *newest))
    }
}

/// A digest before which something is not here, and the one after it.
pub(super) struct Edge {
    pub digest: (Place, ObjectLocation),
    pub after: Option<(Place, ObjectLocation)>,
}

/// Digests still to be handed out, newest first.
pub(super) struct Pending {
    /// What their names say.
    chain: ChainId,
    places: Vec<Place>,
    left: VecDeque<(Time, u16)>,
}

impl Pending {
    fn new(chain: &ChainId, places: &[Place], part: &[(Time, u16)]) -> Pending {
        Pending { chain: chain.as_named(), places: places.to_vec(), left: part.iter().copied().collect() }
    }

    /// The ends of those left.
    pub(super) fn ends(&self) -> impl Iterator<Item = Time> {
        self.left.iter().map(|(end, _)| *end)
    }

    /// Those left.
    pub(super) fn listed(&self) -> impl Iterator<Item = ListedDigest> {
        self.left.iter().map(|(end, at)| self.digest(*end, &self.places[usize::from(*at)]))
    }

    fn digest(&self, end: Time, place: &Place) -> ListedDigest {
        let key = DigestKey { folder: place.folders.account.clone(), chain: self.chain.clone(), end };
        ListedDigest { at: place.at(key.key()), end }
    }
}

/// Each with the place it lies in.
impl Iterator for Pending {
    type Item = (ListedDigest, usize);

    fn next(&mut self) -> Option<(ListedDigest, usize)> {
        let (end, at) = self.left.pop_front()?;
        let at = usize::from(at);
        Some((self.digest(end, &self.places[at]), at))
    }
}

/// Digests after the request that are looked at.
const AFTER_REQUEST: usize = 2;

/// A digest ends an hour after the one before it, if that is here: further apart, what lies between was not delivered, is lost,
/// or lies elsewhere. A minute is for what names leave open.
const FARTHEST_APART: i64 = Time::HOUR + 60;

/// Gaps of a chain that are asked where they lead. A trail is moved once or twice in its life. Stops: a bucket out of which every
/// other digest was taken, so that each is read apart.
const MOST_GAPS: usize = 32;
