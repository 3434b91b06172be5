//! Copies the evidence of a time into a directory: what an audit of that time looks at, and the keys.
//!
//! ```text
//! discover -> for each account and region: days of log files -> digests -> what they list elsewhere -> keys -> record
//! ```
//!
//! Nothing is judged here: what digests say is only taken for where else to look.

mod begin;
mod extent;
mod finish;
mod hands;
mod object;
mod region;
mod sweep;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

pub use self::extent::Misfit;
use self::hands::Hands;
use self::region::{RegionPulled, pull_region};
use super::discover::{Discovery, Place, Region, discover};
use super::pace::Pace;
use super::range::Range;
use super::{Asked, AuditError, AuditRequest, Evidence, Observer, REGIONS_AT_ONCE, Silent};
use crate::keys::KeySource;
use crate::store::ObjectStore;
use crate::store::dir::{DirStore, DirWriter, OpenError, PULL_RECORD, SidecarError, WriteError};
use crate::trail::Time;

/// What came of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// From when on the directory is now a copy; none for everything there is.
    pub start: Option<Time>,
    /// Until when.
    pub end: Time,
    /// What was done.
    pub tally: Tally,
    /// Objects and folders that the copy has not.
    pub not_copied: u64,
    /// Public keys that lie in the copy.
    pub keys: u64,
    /// Why the keys of some regions are not among them.
    pub keys_missing: Vec<String>,
}

/// What was done with objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Objects fetched.
    pub fetched: u64,
    /// Their bytes.
    pub fetched_bytes: u64,
    /// Objects that the copy had already.
    pub kept: u64,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Objects that the source no longer has, and the copy therefore neither.
    pub removed: u64,
    /// Objects out of place beyond the number that is named one by one, which were not copied.
    pub beyond: u64,
}

/// Why a pull did not come to its end. What it copied stays, and the same pull goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// What an audit fails of, too.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// There is nothing to copy.
    #[error(
        "no account and region was found for what was asked: look at the bucket, prefix, account and region asked for; nothing was written"
    )]
    NothingFound,
    /// The directory is used otherwise.
    #[error("{} cannot be used: {misfit}", directory.display())]
    Misfit {
        /// The directory.
        directory: PathBuf,
        /// Why.
        misfit: Misfit,
    },
    /// The directory holds something that is no copy made by `pull`.
    #[error("{} is not empty, and what is in it was not copied by trailseal; name a new directory", .0.display())]
    NotOurs(PathBuf),
    /// The record of the copy is damaged.
    #[error("{}: {error}; name another directory", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SidecarError,
    },
    /// The copy that is there cannot be opened.
    #[error(transparent)]
    Before(#[from] OpenError),
    /// A store beside the first has no name that its copy could lie under.
    #[error(
        "the bucket `{0}` cannot be copied beside the first: it has no name, the name of another, or one that no bucket has"
    )]
    Bucket(String),
    /// The credentials were refused.
    #[error("the credentials were refused: {0}; renew them and run the same pull again")]
    Credentials(String),
    /// The request's [`Stop`](crate::audit::Stop) asked for the end.
    #[error("the pull was interrupted; what was copied stays: run the same pull again, and it goes on from there")]
    Interrupted,
    /// The disk failed.
    #[error("{0}; see to the disk and run the same pull again")]
    Write(#[from] WriteError),
}

/// What a pull shares among its tasks.
struct Pull {
    request: AuditRequest,
    range: Range,
    copies: Vec<Copy>,
    pace: Pace,
    observer: Arc<dyn Observer>,
}

/// A bucket and the directory it is copied to.
struct Copy {
    store: Arc<dyn ObjectStore>,
    writer: DirWriter,
    /// What an earlier pull left there.
    before: Option<(Arc<DirStore>, Arc<dyn ObjectStore>)>,
}

/// Copies evidence on a runtime of its own, with a worker for every core.
pub fn pull_blocking(
    evidence: Evidence,
    keys: Arc<dyn KeySource>,
    request: AuditRequest,
    to: &Path,
    observer: Arc<dyn Observer>,
) -> Result<Pulled, PullError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(AuditError::Start)?;
    runtime.block_on(pull(evidence, keys, request, to, observer))
}

/// Copies to `to` what an audit of `request` looks at, and goes on where an earlier pull left off. The first of the
/// stores is copied to the directory itself, the others below its `.trailseal/buckets`. Of the log files, all or none.
pub async fn pull(
    evidence: Evidence,
    keys: Arc<dyn KeySource>,
    request: AuditRequest,
    to: &Path,
    observer: Arc<dyn Observer>,
) -> Result<Pulled, PullError> {
    let stop = request.stop.clone();
    stop.race(pull_all(evidence, keys, request, to, observer)).await.unwrap_or(Err(PullError::Interrupted))
}

async fn pull_all(
    mut evidence: Evidence,
    keys: Arc<dyn KeySource>,
    mut request: AuditRequest,
    to: &Path,
    observer: Arc<dyn Observer>,
) -> Result<Pulled, PullError> {
    let there = begin::what_is_there(to, &request)?;
    let mut discovery = discover(&evidence, &request).await.map_err(AuditError::Source)?;
    request.limits = request.limits.shared_by(discovery.regions.len());
    let mut range = Range::settle(&evidence, &request, &discovery).await?;
    let mut regions = std::mem::take(&mut discovery.regions);
    let moved = match evidence.buckets {
        Some(_) => places_before(&evidence, &keys, &request, range, &mut regions).await,
        None => Vec::new(),
    };
    evidence.stores.extend(moved);
    if evidence.stores.is_empty() || (regions.is_empty() && there.is_none()) {
        return Err(PullError::NothingFound);
    }
    let record = extent::plan(there.as_ref(), begin::asked(&evidence, &request, &range))
        .map_err(|misfit| PullError::Misfit { directory: to.to_owned(), misfit })?;
    begin::widen(&mut range, record.extent);
    let copies = begin::open_copies(&evidence, to, &request, there.is_some())?;
    copies[0].writer.write_json(PULL_RECORD, &record)?;
    let pull = Arc::new(Pull { pace: Pace::new(request.concurrency), request, range, copies, observer });
    let twins = pull.discover_before().await?;
    let regions = pull.with_those_before(regions, &twins);
    pull.observer.regions_found(regions.len() as u64);
    let tasks = futures::stream::iter(regions).map(|region| {
        let pull = Arc::clone(&pull);
        async move { tokio::spawn(pull_unless_stopped(pull, region)).await.map_err(AuditError::Task)? }
    });
    let pulled: Vec<RegionPulled> = tasks.buffer_unordered(REGIONS_AT_ONCE).try_collect().await?;
    let mut hands = Hands::new(&pull);
    hands.copy_beside(discovery.beside, twins.map(|twins| twins.beside)).await?;
    let tally = hands.finish().await?;
    pull.finish(record, &keys, pulled, tally).await
}

/// A task goes on when nobody waits for it any more, unless it sees to its own end.
async fn pull_unless_stopped(pull: Arc<Pull>, region: Region) -> Result<RegionPulled, PullError> {
    let stop = pull.request.stop.clone();
    stop.race(pull_region(pull, region)).await.unwrap_or(Err(PullError::Interrupted))
}

/// Adds the places that a trail was moved from, which are copied too; the buckets among them.
async fn places_before(
    evidence: &Evidence,
    keys: &Arc<dyn KeySource>,
    request: &AuditRequest,
    range: Range,
    regions: &mut [Region],
) -> Vec<Arc<dyn ObjectStore>> {
    let asked = Asked::new(evidence, request.clone(), range, Arc::clone(keys), Arc::new(Silent));
    asked.add_places_before(regions, &evidence.stores).await
}

impl Pull {
    /// The copy of a store.
    fn copy_of(&self, store: &Arc<dyn ObjectStore>) -> &Copy {
        let same = |copy: &&Copy| std::ptr::addr_eq(Arc::as_ptr(&copy.store), Arc::as_ptr(store));
        self.copies.iter().find(same).unwrap_or(&self.copies[0])
    }

    /// What there is in the copy, where an earlier pull left one.
    async fn discover_before(&self) -> Result<Option<Discovery>, PullError> {
        let stores: Option<Vec<_>> =
            self.copies.iter().map(|copy| copy.before.as_ref().map(|(_, store)| Arc::clone(store))).collect();
        let Some(stores) = stores else { return Ok(None) };
        let evidence = Evidence { stores, ..Evidence::default() };
        Ok(Some(discover(&evidence, &self.request).await.map_err(AuditError::Source)?))
    }

    /// The regions of the source, and those that only the copy has: what the source has lost must be told.
    fn with_those_before(&self, regions: Vec<Region>, twins: &Option<Discovery>) -> Vec<Region> {
        type Name = (String, String);
        let name = |region: &str, place: &Place| (place.folders.account.account.clone(), region.to_owned());
        let mut all: BTreeMap<Name, Vec<Place>> = BTreeMap::new();
        for Region { region, places } in regions {
            all.insert(name(&region, &places[0]), places);
        }
        for Region { region, places } in twins.iter().flat_map(|twins| &twins.regions) {
            for twin in places {
                let Some(store) = self.source_of(&twin.store) else { continue };
                let places = all.entry(name(region, twin)).or_default();
                let known = |place: &Place| {
                    place.folders == twin.folders && std::ptr::addr_eq(Arc::as_ptr(&place.store), Arc::as_ptr(store))
                };
                if !places.iter().any(known) {
                    places.push(Place { store: Arc::clone(store), folders: twin.folders.clone() });
                }
            }
        }
        all.into_iter().map(|((_, region), places)| Region { region, places }).collect()
    }

    /// The store that one opened on an earlier copy is a copy of.
    fn source_of(&self, before: &Arc<dyn ObjectStore>) -> Option<&Arc<dyn ObjectStore>> {
        let same = |copy: &&Copy| {
            let there = copy.before.as_ref();
            there.is_some_and(|(_, store)| std::ptr::addr_eq(Arc::as_ptr(store), Arc::as_ptr(before)))
        };
        self.copies.iter().find(same).map(|copy| &copy.store)
    }

    /// The same folders in the copy, where an earlier pull left one.
    fn twin(&self, region: &Region) -> Option<Region> {
        let twin = |place: &Place| {
            let (_, store) = self.copy_of(&place.store).before.as_ref()?;
            Some(Place { store: Arc::clone(store), folders: place.folders.clone() })
        };
        let places = region.places.iter().map(twin).collect::<Option<Vec<_>>>()?;
        Some(Region { region: region.region.clone(), places })
    }
}
