//! What an audit would read, told from listings alone: nothing is read, so nothing is shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use serde::Serialize;

use super::discover::{Region, discover};
use super::folders::{LogFolders, Window, days_of, logged};
use super::inventory::take_inventory;
use super::listing::list;
use super::misplaced::Unlistable;
use super::range::Range;
use super::request::{AuditRequest, LogFiles};
use super::sample::{Draw, is_read};
use super::{AuditError, Evidence, REGIONS_AT_ONCE};
use crate::finding::Finding;
use crate::logfile::Framing;
use crate::store::{FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError};
use crate::trail::{ChainId, ChainKind, Day, ObjectLocation, Time};

/// What an audit would read, schema `trailseal.plan/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// `trailseal.plan/1`.
    pub schema: &'static str,
    /// The evidence.
    pub source: String,
    /// From when on; none for as far back as there are digests.
    pub start: Option<Time>,
    /// Until when.
    pub end: Time,
    /// How much of the log files would be read.
    pub log_files: String,
    /// The chains that would be walked, in order.
    pub chains: Vec<PlannedChain>,
    /// The digest files that would be read.
    pub digests: Planned,
    /// The log files that lie in the folders of the time asked for.
    pub log_files_listed: Planned,
    /// Those of them that would be read.
    pub log_files_read: Planned,
    /// Log files in a storage class that is read only once it was restored.
    pub archived: u64,
    /// Requests for a listing, or a page of one.
    pub list_requests: u64,
    /// Requests for an object.
    pub get_requests: u64,
    /// What could not be listed.
    pub findings: Vec<Finding>,
}

/// A chain that would be walked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PlannedChain {
    /// The account.
    pub account_id: String,
    /// The source region.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// Standard or backfill.
    pub kind: ChainKind,
    /// The digest files that would be read.
    pub digests: u64,
}

/// So many objects, of so many bytes as stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// How many.
    pub objects: u64,
    /// Bytes as stored. Those of digest files are an estimate: the listing of all of them, by the share that is read.
    pub bytes: u64,
}

/// Lists what an audit would list, and counts what it would read.
pub async fn plan(evidence: Evidence, mut request: AuditRequest) -> Result<Plan, AuditError> {
    let lists = Arc::new(AtomicU64::new(0));
    let counted = |store| -> Arc<dyn ObjectStore> { Arc::new(Counted { store, lists: Arc::clone(&lists) }) };
    let stores = evidence.stores.into_iter().map(counted).collect();
    let evidence = Evidence { stores, ..evidence };
    let mut discovery = discover(&evidence, &request).await.map_err(AuditError::Source)?;
    request.limits = request.limits.shared_by(discovery.regions.len());
    let range = Range::settle(&evidence, &request, &discovery).await?;
    let mut plan = Plan {
        schema: "trailseal.plan/1",
        source: request.source.clone(),
        start: range.scope.start,
        end: range.scope.end,
        log_files: request.log_files.to_string(),
        chains: Vec::new(),
        digests: Planned::default(),
        log_files_listed: Planned::default(),
        log_files_read: Planned::default(),
        archived: 0,
        list_requests: 0,
        get_requests: 0,
        findings: std::mem::take(&mut discovery.beside).into_findings().collect(),
    };
    let draw = Draw::of(request.log_files);
    let regions = stream::iter(&discovery.regions).map(|region| plan_region(region, &request, draw.as_ref(), range));
    let parts: Vec<Part> = regions.buffer_unordered(REGIONS_AT_ONCE).collect().await;
    parts.into_iter().for_each(|part| plan.add(part));
    let drawn = draw.iter().flat_map(Draw::take);
    drawn.for_each(|(_, size)| plan.log_files_read.add(size));
    plan.chains.sort();
    plan.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    plan.list_requests = lists.load(Ordering::Relaxed);
    plan.get_requests = plan.digests.objects + plan.log_files_read.objects;
    Ok(plan)
}

/// What would be read of one account and region.
#[derive(Default)]
struct Part {
    chains: Vec<PlannedChain>,
    digests: Planned,
    listed: Planned,
    read: Planned,
    archived: u64,
    findings: Vec<Finding>,
}

/// The sample that would be read, each log file with its size.
type PlannedDraw = Draw<ObjectLocation, u64>;

async fn plan_region(region: &Region, request: &AuditRequest, draw: Option<&PlannedDraw>, range: Range) -> Part {
    let inventory = take_inventory(region, &request.limits, range.stray_window()).await;
    let mut part = Part::default();
    let walked = |chain: &ChainId| request.log_files != LogFiles::None || request.select.has_chain(chain);
    for (chain, listing) in inventory.chains.iter().filter(|(chain, _)| walked(chain)) {
        let digests = listing.count(range.scope);
        part.digests.objects += digests;
        part.digests.bytes += listing.bytes(range.scope);
        if request.select.has_chain(chain) {
            part.chains.push(PlannedChain {
                account_id: chain.account_id.clone(),
                region: chain.region.clone(),
                trail: chain.trail.clone(),
                kind: chain.kind,
                digests,
            });
        }
    }
    if request.log_files != LogFiles::None {
        let window = range.window(&inventory);
        plan_logs(region, request, draw, window, &mut part).await;
    }
    part.findings.extend(inventory.beside.into_findings());
    part
}

async fn plan_logs(
    region: &Region,
    request: &AuditRequest,
    draw: Option<&PlannedDraw>,
    window: Window,
    part: &mut Part,
) {
    let mut folders = LogFolders::find(region, window, &request.limits).await;
    part.findings.extend(std::mem::take(&mut folders.beside).into_findings());
    let mut spans: BTreeMap<usize, (Day, Day)> = BTreeMap::new();
    while let Some(day) = folders.newest() {
        for at in folders.take(day) {
            spans.entry(at).or_insert((day, day)).0 = day;
        }
    }
    for (at, (oldest, newest)) in spans {
        let place = &region.places[at];
        let root = place.folders.logs();
        let mut pages = list(&*place.store, &root, days_of(&root, oldest, newest), &request.limits);
        while let Some(page) = pages.next().await {
            let objects = page.unwrap_or_else(|failed| {
                part.findings.push(Unlistable::new(&place.store, &failed.prefix, &failed.error).finding());
                Vec::new()
            });
            for object in objects {
                let (size, archived) = (object.size, object.is_archived());
                let named = logged(place, at, object).filter(|log| log.name.is_some() && window.judges(log));
                let Some(log) = named else { continue };
                part.listed.add(size);
                part.archived += u64::from(archived);
                if is_read(request.log_files, &log.at.key) {
                    part.read.add(size);
                }
                if let Some(draw) = draw.filter(|draw| draw.may_take(&log.at.key)) {
                    let _left = draw.offer(&log.at.key, log.at.clone(), size);
                }
            }
        }
    }
}

impl Plan {
    fn add(&mut self, part: Part) {
        self.chains.extend(part.chains);
        self.digests.merge(part.digests);
        self.log_files_listed.merge(part.listed);
        self.log_files_read.merge(part.read);
        self.archived += part.archived;
        self.findings.extend(part.findings);
    }
}

impl Planned {
    fn add(&mut self, bytes: u64) {
        self.merge(Planned { objects: 1, bytes });
    }

    fn merge(&mut self, other: Planned) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }
}

/// A store that counts the requests that its listings take.
struct Counted {
    store: Arc<dyn ObjectStore>,
    lists: Arc<AtomicU64>,
}

#[async_trait]
impl ObjectStore for Counted {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn framing(&self) -> Framing {
        self.store.framing()
    }

    fn is_remote(&self) -> bool {
        self.store.is_remote()
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        let answer = self.store.folder(prefix).await;
        let names = answer.as_ref().map_or(0, |folder| folder.folders.len() + folder.objects.len()) as u64;
        self.lists.fetch_add(names.div_ceil(PAGE).max(1), Ordering::Relaxed);
        answer
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let pages = self.store.list(prefix, range);
        pages.inspect(|_| _ = self.lists.fetch_add(1, Ordering::Relaxed)).boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.store.get(key).await
    }
}

/// Names on a page of an S3 listing.
const PAGE: u64 = 1_000;
