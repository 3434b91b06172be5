//! One account and region: what an audit of it looks at.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::Arc;

use futures::StreamExt;

use super::hands::{Follow, Hands, wanted_at};
use super::object::Wanted;
use super::{Pull, PullError, Tally};
use crate::audit::LogFiles;
use crate::audit::discover::{Place, Region};
use crate::audit::folders::{LogFolders, days_of};
use crate::audit::inventory::{Inventory, take_inventory};
use crate::audit::listing::list;
use crate::audit::misplaced::{Beside, Unlistable};
use crate::digest::DigestClaims;
use crate::limits::{DIGEST_DUE_AFTER, Limits};
use crate::store::{KeyRange, ObjectInfo};
use crate::trail::{ChainKind, Day, DigestKey, Interval, LogKey, ObjectLocation, Time};

/// What came of one account and region.
pub(super) struct RegionPulled {
    pub tally: Tally,
    /// The region, and the time over which its keys are asked for.
    pub keys: Option<(String, Interval)>,
    /// The end of the newest digest of the chain that is furthest behind, of those whose next is not due yet.
    pub settled: Option<Time>,
}

/// Copies one account and region.
pub(super) async fn pull_region(pull: Arc<Pull>, region: Region) -> Result<RegionPulled, PullError> {
    let found = pull.find(&region).await;
    let twin = match pull.twin(&region) {
        Some(twin) => Some(pull.find(&twin).await),
        None => None,
    };
    let keys = pull.range.of_keys(&found.inventory).map(|range| (region.region.clone(), range));
    let settled = pull.settled(&found.inventory);
    let mut work = Work {
        hands: Hands::new(&pull),
        places: region.places.into(),
        found,
        twin,
        listed: HashSet::new(),
        shown: Shown::default(),
    };
    if work.hands.pull().request.log_files == LogFiles::None {
        work.show_log_folders().await?;
    }
    // The folders come before what may have been planted in their place.
    work.days().await?;
    work.digests().await?;
    work.sweep_digests()?;
    let beside = [mem::take(&mut work.found.inventory.beside), mem::take(&mut work.found.folders.beside)];
    let twins = work.twin.map(|twin| [twin.inventory.beside, twin.folders.beside]);
    let twins = twins.map_or([None, None], |twins| twins.map(Some));
    for (beside, twin) in beside.into_iter().zip(twins) {
        work.hands.copy_beside(beside, twin).await?;
    }
    pull.observer.region_done();
    Ok(RegionPulled { tally: work.hands.finish().await?, keys, settled })
}

/// What there is of an account and region, in the source or in an earlier copy.
pub(super) struct Found {
    pub inventory: Inventory,
    pub folders: LogFolders,
}

pub(super) struct Work {
    pub hands: Hands,
    pub places: Arc<[Place]>,
    pub found: Found,
    pub twin: Option<Found>,
    /// The days of which the listing was whole: what it does not show is not there.
    listed: HashSet<(usize, Day)>,
    /// What the listings of the other days do show.
    shown: Shown,
}

/// Keys that were shown, by their hash. Nobody can foresee that, and so hide one behind another.
#[derive(Clone, Default)]
struct Shown {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl Shown {
    fn add(&mut self, key: &str) {
        // Beyond that, an object may be asked for twice.
        if self.hashes.len() < SHOWN {
            self.hashes.insert(self.hasher.hash_one(key));
        }
    }

    fn has(&self, key: &str) -> bool {
        self.hashes.contains(&self.hasher.hash_one(key))
    }
}

impl Pull {
    async fn find(&self, region: &Region) -> Found {
        let (request, range) = (&self.request, &self.range);
        let mut inventory = take_inventory(region, &request.limits, range.stray_window()).await;
        let window = range.window(&inventory);
        inventory.chains.retain(|chain, _| request.log_files != LogFiles::None || request.select.has_chain(chain));
        let folders = match request.log_files {
            LogFiles::None => LogFolders::default(),
            _ => LogFolders::find(region, window, &request.limits).await,
        };
        Found { inventory, folders }
    }

    fn settled(&self, inventory: &Inventory) -> Option<Time> {
        let horizon = self.range.scope.horizon;
        let selected = inventory.chains.iter().filter(|(chain, _)| self.request.select.has_chain(chain));
        let standard = selected.filter(|(chain, _)| chain.kind == ChainKind::Standard);
        let newest = standard.filter_map(|(_, listing)| listing.newest(horizon));
        newest.filter(|end| horizon.since(*end) <= DIGEST_DUE_AFTER).min()
    }
}

impl Work {
    /// That log files were delivered where there is no digest is told even where log files are not looked at.
    async fn show_log_folders(&mut self) -> Result<(), PullError> {
        if !self.found.inventory.chains.is_empty() {
            return Ok(());
        }
        let pull = Arc::clone(self.hands.pull());
        let region = Region { region: String::new(), places: self.places.to_vec() };
        let limits = Limits { planted_named_per_region: 0, ..pull.request.limits.clone() };
        let mut found = LogFolders::find(&region, pull.range.window(&self.found.inventory), &limits).await;
        let Some(day) = found.newest() else { return Ok(()) };
        for place in found.take(day).into_iter().map(|at| &self.places[at]) {
            let folder = format!("{}{}", place.folders.logs(), day.folder());
            pull.copy_of(&place.store).writer.make_folder(&folder)?;
        }
        Ok(())
    }

    /// Every object in the folders of the days, newest first, whatever its name.
    async fn days(&mut self) -> Result<(), PullError> {
        let mut days: BTreeMap<Day, BTreeSet<usize>> = BTreeMap::new();
        for folders in [Some(&mut self.found.folders), self.twin.as_mut().map(|twin| &mut twin.folders)] {
            let Some(folders) = folders else { continue };
            while let Some(day) = folders.newest() {
                days.entry(day).or_default().extend(folders.take(day));
            }
        }
        for (day, places) in days.into_iter().rev() {
            for at in places {
                if self.day(at, day).await? {
                    self.listed.insert((at, day));
                }
            }
        }
        self.hands.rest().await.map(drop)
    }

    /// One folder of a day. False if its listing was not whole.
    async fn day(&mut self, at: usize, day: Day) -> Result<bool, PullError> {
        let (pull, place) = (Arc::clone(self.hands.pull()), self.places[at].clone());
        let folder = format!("{}{}", place.folders.logs(), day.folder());
        let mut before = self.before(&place, &folder).await;
        let mut failed = Beside::default();
        let mut shown = Shown { hasher: self.shown.hasher.clone(), ..Shown::default() };
        // As an audit lists it, so that what an audit may see is copied.
        let root = place.folders.logs();
        let mut pages = list(&*place.store, &root, days_of(&root, day, day), &pull.request.limits);
        while let Some(page) = pages.next().await {
            match page {
                Err(error) => failed.failed(&place.store, &error),
                Ok(objects) => {
                    let inside = |object: &ObjectInfo| object.key.starts_with(&folder) && !object.is_folder_marker();
                    for object in objects.into_iter().filter(inside) {
                        before.objects.remove(&object.key);
                        shown.add(&object.key);
                        self.hands.copy(Wanted::listed(&place.store, object)).await?;
                    }
                }
            }
        }
        let whole = failed.unlistable.is_empty();
        failed.unlistable.iter().try_for_each(|folder: &Unlistable| self.hands.unlistable(folder))?;
        if whole {
            before.objects.iter().try_for_each(|key| self.hands.gone(&place.store, key))?;
            let copy = self.hands.pull().copy_of(&place.store);
            before.unlistable.iter().try_for_each(|folder| copy.is_here(folder))?;
        } else {
            self.shown.hashes.extend(shown.hashes);
        }
        Ok(whole)
    }

    /// The digests that an audit looks at, and where these lead.
    async fn digests(&mut self) -> Result<(), PullError> {
        let (pull, places) = (Arc::clone(self.hands.pull()), Arc::clone(&self.places));
        let range = pull.range;
        let expected = self.found.inventory.chains.values().map(|listing| listing.count(range.scope)).sum();
        pull.observer.digests_expected(expected);
        let follow = self.follow();
        for (at, place) in places.iter().enumerate() {
            let folder = place.folders.digests();
            let mut pages = list(&*place.store, &folder, KeyRange::ALL, &pull.request.limits);
            while let Some(page) = pages.next().await {
                // That a page could not be listed is known from the first time.
                for object in page.into_iter().flatten() {
                    let key = DigestKey::parse(&object.key).filter(|key| key.folder == place.folders.account);
                    if key.is_some_and(|key| self.is_looked_at(&key, at)) {
                        self.hands.copy_digest(Wanted::listed(&place.store, object), &follow).await?;
                    }
                }
            }
        }
        let mut seen: BTreeSet<ObjectLocation> = BTreeSet::new();
        loop {
            let leads = self.hands.rest().await?;
            let new = leads.into_iter().filter(|at| !seen.contains(at) && !self.is_listed_digest(at));
            let new: Vec<ObjectLocation> = new.collect();
            if new.is_empty() {
                return Ok(());
            }
            for at in new {
                match wanted_at(&places, &at) {
                    Some(wanted) if DigestKey::parse(&at.key).is_some() => {
                        self.hands.copy_digest(wanted, &follow).await?;
                    }
                    Some(wanted) => self.hands.copy(wanted).await?,
                    None => {}
                }
                seen.insert(at);
            }
        }
    }

    /// A walk looks at it; or it is a later backfill digest, and may list a log file of the time before.
    fn is_looked_at(&self, key: &DigestKey, at: usize) -> bool {
        let pull = self.hands.pull();
        let mut listings = self.found.inventory.named(&key.chain).peekable();
        if listings.peek().is_none() {
            return false;
        }
        let later = key.chain.kind == ChainKind::Backfill
            && key.end > pull.range.scope.end
            && pull.request.log_files != LogFiles::None;
        later || listings.any(|listing| listing.is_walked(pull.range.scope, key.end, at))
    }

    fn is_listed_digest(&self, at: &ObjectLocation) -> bool {
        let Some(key) = DigestKey::parse(&at.key) else { return false };
        let here = |place: &Place| place.store.bucket().is_none_or(|bucket| bucket == at.bucket);
        let shows = |end, at| self.found.inventory.named(&key.chain).any(|listing| listing.shows(end, at));
        let mut places = self.places.iter().enumerate();
        places.any(|(number, place)| place.folders.account == key.folder && here(place) && shows(key.end, number))
    }

    /// Where a digest leads beyond what the listings show: to log files of the request in other folders, and, where not
    /// every digest could be listed, to the digest before it.
    fn follow(&self) -> Follow {
        let pull = Arc::clone(self.hands.pull());
        let (places, listed, shown) = (Arc::clone(&self.places), self.listed.clone(), self.shown.clone());
        let listings_failed = !self.found.inventory.beside.unlistable.is_empty();
        Arc::new(move |claims: &DigestClaims| {
            let mut leads = Vec::new();
            let start = pull.range.scope.start;
            if listings_failed
                && start.is_none_or(|start| start < claims.end)
                && let Some(previous) = &claims.previous
                && DigestKey::parse(&previous.at.key).is_some_and(|key| key.end < claims.end)
            {
                leads.push(previous.at.clone());
            }
            if pull.request.log_files != LogFiles::None {
                let elsewhere = claims.log_files.iter().map(|log| &log.at).filter(|at| {
                    let was_listed = |key: LogKey| {
                        let folder =
                            |place: &Place| place.folders.account == key.folder && place.folders.region == key.region;
                        let bucket = |place: &Place| place.store.bucket().is_none_or(|bucket| bucket == at.bucket);
                        let place = places.iter().position(|place| folder(place) && bucket(place));
                        place.is_some_and(|place| listed.contains(&(place, key.name.minute.day())))
                    };
                    let covers = Interval::new(claims.start, claims.end);
                    let new = pull.range.is_requested(at, covers)
                        && LogKey::parse(&at.key).is_some_and(|key| !was_listed(key));
                    new && !shown.has(&at.key)
                });
                leads.extend(elsewhere.cloned());
            }
            leads
        })
    }
}

/// Keys remembered of the days whose listing was torn.
const SHOWN: usize = 1_000_000;
