//! Drives the walks: finds what there is, fetches it, many at once and bounded, and brings the answers together.
//!
//! ```text
//! discover -> for each account and region: inventory -> walks in step -> log files -> days closed -> report
//! ```

mod conclude;
mod digests;
mod discover;
mod error;
mod expected;
mod folders;
mod hashing;
mod inventory;
mod logs;
mod misplaced;
mod moved;
mod observer;
mod pace;
mod plan;
mod region;
mod request;
mod vouch;

use std::sync::{Arc, Mutex};

use futures::{StreamExt, TryStreamExt};

pub use error::AuditError;
pub use observer::{Observer, Silent};
pub use plan::{Plan, Planned, PlannedChain, plan};
pub use request::{AuditRequest, Hasher, LogFiles, LogFilesError, Selection};
pub use vouch::{VouchedBy, Vouching, who_vouches};

use self::discover::{Discovery, discover};
use self::folders::Window;
use self::hashing::HashPool;
use self::inventory::{Backfills, Inventory, take_inventory};
use self::pace::Pace;
use self::region::{RegionOutcome, audit_region};
use crate::chain::Scope;
use crate::digest::KeySet;
use crate::finding::{Code, Finding};
use crate::keys::KeySource;
use crate::limits::{DIGEST_DUE_AFTER, FIRST_KEYS, LOG_NAME_SKEW};
use crate::logfile::LogHasher;
use crate::report::Report;
use crate::store::{Buckets, ObjectStore};
use crate::trail::{Interval, LogKey, ObjectLocation, Time};

/// The evidence: where objects lie.
#[derive(Clone, Default)]
pub struct Evidence {
    /// The bucket or copy, and those that a trail was moved from.
    pub stores: Vec<Arc<dyn ObjectStore>>,
    /// The end of the range that a copy was taken of, where it says so.
    pub recorded_end: Option<Time>,
    /// Where the buckets are to be had that a trail was moved from and that are not among `stores`.
    pub buckets: Option<Arc<dyn Buckets>>,
}

/// What an audit shares among its tasks.
struct Asked {
    request: AuditRequest,
    buckets: Option<Arc<dyn Buckets>>,
    scope: Scope,
    end_from: EndFrom,
    keys: Arc<dyn KeySource>,
    observer: Arc<dyn Observer>,
    pace: Pace,
    hashers: Arc<Mutex<Vec<LogHasher>>>,
    pool: Arc<HashPool>,
    /// How what is hashed there is hashed, by the name that the report gives it; none where nothing is hashed.
    hashed_with: Option<String>,
}

/// Who says where the request ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EndFrom {
    Request,
    /// The record of the copy, which lies beside the evidence and is as hostile.
    Record,
    /// The newest digest found: then what lies after it is judged too.
    NewestDigest,
}

/// Audits evidence on a runtime of its own, with a worker for every core.
pub fn audit_blocking(
    evidence: Evidence,
    keys: Arc<dyn KeySource>,
    request: AuditRequest,
    observer: Arc<dyn Observer>,
) -> Result<Report, AuditError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(audit(evidence, keys, request, observer))
}

/// Audits evidence: what was altered, deleted, planted or left uncovered is in the report. An error means that there
/// is no verdict.
pub async fn audit(
    evidence: Evidence,
    keys: Arc<dyn KeySource>,
    request: AuditRequest,
    observer: Arc<dyn Observer>,
) -> Result<Report, AuditError> {
    let mut discovery = discover(&evidence, &request).await.map_err(AuditError::Source)?;
    let (scope, end_from) = settle_scope(&evidence, &request, &discovery).await;
    if let Some(start) = scope.start.filter(|start| *start >= scope.end) {
        return Err(AuditError::RangeReversed { start, end: scope.end });
    }
    observer.regions_found(discovery.regions.len() as u64);
    // What streams in from far away is hashed one file after the other.
    let hasher = if evidence.stores.iter().all(|store| store.is_remote()) { Hasher::Single } else { request.hasher };
    let asked = Arc::new(Asked {
        pool: Arc::new(HashPool::new(hasher, request.limits.log_inflated)),
        hashed_with: (request.log_files != LogFiles::None).then(|| hasher.name()),
        pace: Pace::new(request.concurrency),
        buckets: evidence.buckets.clone(),
        request,
        scope,
        end_from,
        keys,
        observer,
        hashers: Arc::default(),
    });
    let regions = std::mem::take(&mut discovery.regions);
    let tasks = futures::stream::iter(regions).map(|region| {
        let asked = Arc::clone(&asked);
        async move { tokio::spawn(audit_region(asked, region)).await? }
    });
    let outcomes: Vec<RegionOutcome> = tasks.buffer_unordered(REGIONS_AT_ONCE).try_collect().await?;
    asked.conclude(discovery, outcomes)
}

/// Until when, and as of when. What was asked for counts; else what the copy says; else the newest digest found.
async fn settle_scope(evidence: &Evidence, request: &AuditRequest, discovery: &Discovery) -> (Scope, EndFrom) {
    let start = request.start;
    if let Some(end) = request.end {
        // What has not come yet cannot be proven, and is not asked for.
        return (Scope { start, end: end.min(request.as_of), horizon: request.as_of }, EndFrom::Request);
    }
    let recorded = evidence.recorded_end.filter(|end| *end <= request.as_of);
    let (mut newest, mut contradicted) = (None, false);
    for region in &discovery.regions {
        let inventory = take_inventory(region, &request.limits).await;
        for (_, listing) in inventory.chains.iter().filter(|(chain, _)| request.select.has_chain(chain)) {
            // A name from the future is no reason to ask for the future.
            newest = newest.max(listing.newest(request.as_of));
            contradicted |= recorded.is_some_and(|end| listing.goes_on_after(end, request.as_of));
        }
    }
    // A record that would hide what the copy holds is not followed.
    if let Some(end) = recorded.filter(|_| !contradicted) {
        return (Scope { start, end, horizon: request.as_of }, EndFrom::Record);
    }
    let end = newest.unwrap_or(request.as_of);
    (Scope { start, end, horizon: end }, EndFrom::NewestDigest)
}

impl Asked {
    /// Whether a log file was delivered in the time asked for: a digest across an edge also lists others. Its name tells,
    /// and counts for the request where it leaves that open.
    fn is_requested(&self, at: &ObjectLocation) -> bool {
        let Some(LogKey { name, .. }) = LogKey::parse(&at.key) else { return true };
        let before = self.scope.start.is_some_and(|start| name.minute < start);
        let after = name.minute.plus(-LOG_NAME_SKEW) >= self.scope.end;
        !before && !after
    }

    /// The log files that are judged, but for those not yet due.
    fn window(&self, inventory: &Inventory) -> Window {
        log_window(self.scope, self.end_from, inventory)
    }

    /// The keys for a region's digests.
    async fn keys_of(&self, region: &str, inventory: &Inventory, findings: &mut Vec<Finding>) -> Arc<KeySet> {
        let spans = inventory.chains.values().filter_map(|listing| listing.span(self.scope));
        let range = spans.reduce(|a, b| Interval::new(a.start.min(b.start), a.end.max(b.end)));
        let Some(range) = range else { return Arc::default() };
        // Planted names can claim any time; AWS has signed since 2015, and not after now.
        let latest = self.request.as_of.plus(DIGEST_DUE_AFTER);
        let start = range.start.max(Time::from_unix(FIRST_KEYS));
        // A digest is signed after its end, a backfill digest when it is generated, which is just before it is written.
        let signed_by = match inventory.backfills {
            Backfills::None => range.end,
            Backfills::WrittenBy(written) => range.end.max(written),
            Backfills::AtAnyTime => latest,
        };
        let end = signed_by.plus(DIGEST_DUE_AFTER).min(latest).max(start);
        let asked = Interval::new(start, end);
        match self.keys.keys(region, asked).await {
            Ok(keys) => Arc::new(keys),
            Err(error) => {
                findings.push(Finding::new(Code::PublicKeyUnavailable, error.to_string()));
                Arc::default()
            }
        }
    }
}

/// The log files that are judged, but for those not yet due.
fn log_window(scope: Scope, end_from: EndFrom, inventory: &Inventory) -> Window {
    let oldest = inventory.chains.values().filter_map(|listing| listing.span(scope)).map(|span| span.start).min();
    Window {
        start: scope.start.or(oldest),
        end: (end_from != EndFrom::NewestDigest).then_some(scope.end),
        pending: None,
    }
}

fn publish(observer: &Arc<dyn Observer>, findings: &[Finding]) {
    findings.iter().for_each(|finding| observer.found(finding));
}

/// Accounts and regions under way at once. Each holds a listing and the open days of its log folders in memory.
const REGIONS_AT_ONCE: usize = 8;
