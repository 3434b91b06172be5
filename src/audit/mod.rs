//! Drives the walks: finds what there is, fetches it, many at once and bounded, and brings the answers together.
//!
//! ```text
//! discover -> for each account and region: inventory -> walks in step -> log files -> days closed -> sample -> report
//! ```

mod checking;
mod conclude;
mod digests;
mod discover;
mod drawn;
mod error;
mod expected;
mod folders;
mod gather;
mod hashing;
mod inventory;
mod listing;
mod logs;
mod misplaced;
mod moved;
mod named;
mod namesakes;
mod observer;
mod pace;
mod plan;
pub mod pull;
mod range;
mod region;
mod request;
mod sample;
mod stop;
mod tell;
mod wanted_keys;

use std::sync::{Arc, Mutex};

use futures::{StreamExt, TryStreamExt};

pub use discover::region_folders;
pub use error::AuditError;
pub use named::{SpotCheck, SpotChecked, VouchedBy, spot_check};
pub use observer::{Observer, Silent};
pub use plan::{Plan, Planned, PlannedChain, plan};
pub use request::{AuditRequest, Hasher, LogFiles, LogFilesError, SampleSize, Selection};
pub use stop::Stop;
pub use wanted_keys::wanted_keys;

use self::discover::discover;
use self::gather::Gathered;
use self::hashing::HashPool;
use self::inventory::Inventory;
use self::pace::Pace;
use self::range::{EndFrom, Range};
use self::region::{RegionOutcome, audit_region};
use self::sample::{AuditDraw, Draw};
use crate::digest::KeySet;
use crate::finding::{Code, Finding};
use crate::keys::KeySource;
use crate::logfile::LogHasher;
use crate::report::Report;
use crate::store::{Buckets, ObjectStore};
use crate::trail::Time;

/// The evidence: where objects lie.
#[derive(Clone, Default)]
pub struct Evidence {
    /// The bucket or copy, and those that a trail was moved from.
    pub stores: Vec<Arc<dyn ObjectStore>>,
    /// The start of the range that a copy was taken of, where it says so and has no more before than the one digest that
    /// tells what was delivered just before.
    pub recorded_start: Option<Time>,
    /// The end of the range that a copy was taken of, where it says so.
    pub recorded_end: Option<Time>,
    /// Whether it is the bucket itself, as it is now, and no copy of it.
    pub live: bool,
    /// Where the buckets are to be had that a trail was moved from and that are not among `stores`.
    pub buckets: Option<Arc<dyn Buckets>>,
}

impl Evidence {
    /// The same, in which the buckets at hand that a trail was moved from are looked at like the first: no walk leads to them
    /// where only single log files are asked for.
    pub(crate) async fn with_those_at_hand(mut self) -> Evidence {
        let at_hand = self.buckets_at_hand().await;
        self.stores.extend(at_hand);
        self
    }

    /// The buckets at hand that a trail was moved from and that are not looked at like the first.
    async fn buckets_at_hand(&self) -> Vec<Arc<dyn ObjectStore>> {
        let Some(buckets) = &self.buckets else { return Vec::new() };
        let known = |store: &Arc<dyn ObjectStore>| self.stores.iter().any(|known| known.bucket() == store.bucket());
        buckets.at_hand().await.into_iter().filter(|store| !known(store)).collect()
    }
}

/// What an audit shares among its tasks.
struct Asked {
    request: AuditRequest,
    buckets: Option<Arc<dyn Buckets>>,
    range: Range,
    keys: Arc<dyn KeySource>,
    observer: Arc<dyn Observer>,
    pace: Pace,
    hashers: Arc<Mutex<Vec<LogHasher>>>,
    /// Where log files at hand are hashed.
    pool: Arc<HashPool>,
    /// Where small ones from far away are; none to hash them one after the other.
    gathered: Option<Arc<Gathered>>,
    /// The sample, where it is one of so many log files.
    draw: Option<AuditDraw>,
    /// How what is hashed there is hashed, by the name that the report gives it; none where nothing is hashed.
    hashed_with: Option<String>,
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
/// is no verdict. Where log files are asked for by name, it is what [`spot_check`] comes to. Where the request's [`Stop`] asks for the end first, the report is a partial one and says so.
pub async fn audit(
    evidence: Evidence,
    keys: Arc<dyn KeySource>,
    mut request: AuditRequest,
    observer: Arc<dyn Observer>,
) -> Result<Report, AuditError> {
    if !request.select.named.is_empty() {
        return Ok(spot_check(evidence, keys, request, observer).await?.report);
    }
    let evidence = evidence.until(&request.stop);
    let mut discovery = discover(&evidence, &request).await.map_err(AuditError::Source)?;
    request.limits = request.limits.shared_by(discovery.regions.len());
    let range = Range::settle(&evidence, &request, &discovery).await?;
    observer.regions_found(discovery.regions.len() as u64);
    let asked = Arc::new(Asked::new(&evidence, request, range, keys, observer));
    let regions = std::mem::take(&mut discovery.regions);
    let tasks = futures::stream::iter(regions).enumerate().map(|(number, region)| {
        let asked = Arc::clone(&asked);
        async move { Ok::<_, AuditError>((number, tokio::spawn(audit_region(asked, number, region)).await??)) }
    });
    let mut outcomes: Vec<(usize, RegionOutcome)> = tasks.buffer_unordered(REGIONS_AT_ONCE).try_collect().await?;
    outcomes.sort_unstable_by_key(|(number, _)| *number);
    let mut outcomes: Vec<RegionOutcome> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    asked.read_drawn(&mut outcomes).await?;
    asked.conclude(discovery, outcomes)
}

impl Asked {
    fn new(
        evidence: &Evidence,
        request: AuditRequest,
        range: Range,
        keys: Arc<dyn KeySource>,
        observer: Arc<dyn Observer>,
    ) -> Asked {
        let (hasher, limit) = (request.hasher, request.limits.log_inflated);
        Asked {
            pool: Arc::new(HashPool::new(hasher, limit)),
            gathered: hasher.kernel().map(|kernel| Arc::new(Gathered::new(kernel, limit))),
            hashed_with: (request.log_files != LogFiles::None)
                .then(|| hasher.name(evidence.stores.iter().any(|store| store.is_remote()))),
            draw: Draw::of(request.log_files),
            pace: Pace::new(request.concurrency),
            buckets: evidence.buckets.clone(),
            request,
            range,
            keys,
            observer,
            hashers: Arc::default(),
        }
    }

    /// The keys for a region's digests.
    async fn keys_of(&self, region: &str, inventory: &Inventory, findings: &mut Vec<Finding>) -> Arc<KeySet> {
        let Some(asked) = self.range.of_keys(inventory) else { return Arc::default() };
        match self.request.stop.race(self.keys.keys(region, asked)).await {
            // No walk goes on, and so none misses them.
            None => Arc::default(),
            Some(Ok(keys)) => keys,
            Some(Err(error)) => {
                let about = |chain| Finding::new(Code::PublicKeyUnavailable, error.to_string()).in_chain(chain);
                let asked_for = inventory.chains.keys().filter(|chain| self.request.select.has_chain(chain));
                findings.extend(asked_for.map(about));
                Arc::default()
            }
        }
    }
}

fn publish(observer: &Arc<dyn Observer>, findings: &[Finding]) {
    findings.iter().for_each(|finding| observer.found(finding));
}

/// Accounts and regions under way at once. Each holds a listing and the open days of its log folders in memory.
const REGIONS_AT_ONCE: usize = 8;
