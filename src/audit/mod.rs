//! Drives the walks: finds what there is, fetches it, many at once and bounded, and brings the answers together.
//!
//! ```text
//! discover -> for each account and region: inventory -> walks in step -> log files -> days closed -> report
//! ```

mod digests;
mod discover;
mod error;
mod folders;
mod inventory;
mod logs;
mod misplaced;
mod observer;
mod pace;
mod region;
mod request;
mod vouch;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures::{StreamExt, TryStreamExt};

pub use error::AuditError;
pub use observer::{Observer, Silent};
pub use request::{AuditRequest, LogFiles, LogFilesError, Selection};
pub use vouch::{VouchedBy, Vouching, who_vouches};

use self::discover::{Discovery, discover};
use self::folders::Window;
use self::inventory::{Inventory, take_inventory};
use self::pace::Pace;
use self::region::{RegionOutcome, audit_region};
use crate::chain::Scope;
use crate::digest::KeySet;
use crate::finding::{Code, Finding};
use crate::keys::{KeyOrigin, KeySource};
use crate::limits::DIGEST_DUE_AFTER;
use crate::logfile::LogHasher;
use crate::report::{Checks, PublicKeyReport, Report, RequestReport};
use crate::store::ObjectStore;
use crate::trail::{ChainId, Interval, ObjectLocation, Time};

/// The evidence: where objects lie.
#[derive(Clone)]
pub struct Evidence {
    /// The bucket or copy, and those that a trail was moved from.
    pub stores: Vec<Arc<dyn ObjectStore>>,
    /// The end of the range that a copy was taken of, where it says so.
    pub recorded_end: Option<Time>,
}

/// What an audit shares among its tasks.
struct Asked {
    request: AuditRequest,
    scope: Scope,
    end_from: EndFrom,
    keys: Arc<dyn KeySource>,
    observer: Arc<dyn Observer>,
    pace: Pace,
    hashers: Arc<Mutex<Vec<LogHasher>>>,
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
    let asked = Arc::new(Asked {
        pace: Pace::new(request.concurrency),
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
        return (Scope { start, end, horizon: request.as_of }, EndFrom::Request);
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
    /// The log files that are judged, but for those not yet due.
    fn window(&self, inventory: &Inventory) -> Window {
        let oldest =
            inventory.chains.values().filter_map(|listing| listing.span(self.scope)).map(|span| span.start).min();
        Window {
            start: self.scope.start.or(oldest),
            end: (self.end_from != EndFrom::NewestDigest).then_some(self.scope.end),
            pending: None,
        }
    }

    /// The keys for a region's digests.
    async fn keys_of(&self, region: &str, inventory: &Inventory, findings: &mut Vec<Finding>) -> Arc<KeySet> {
        let spans = inventory.chains.values().filter_map(|listing| listing.span(self.scope));
        let range = spans.reduce(|a, b| Interval::new(a.start.min(b.start), a.end.max(b.end)));
        let Some(range) = range else { return Arc::default() };
        // Planted names can claim any time; AWS has signed since 2015, and not after now.
        let start = range.start.max(Time::from_unix(FIRST_KEYS));
        let end = range.end.plus(DIGEST_DUE_AFTER).min(self.request.as_of.plus(DIGEST_DUE_AFTER)).max(start);
        let asked = Interval::new(start, end);
        match self.keys.keys(region, asked).await {
            Ok(keys) => Arc::new(keys),
            Err(error) => {
                findings.push(Finding::new(Code::PublicKeyUnavailable, error.to_string()));
                Arc::default()
            }
        }
    }

    fn conclude(&self, discovery: Discovery, mut outcomes: Vec<RegionOutcome>) -> Result<Report, AuditError> {
        outcomes.sort_by(|a, b| a.chains.first().map(|(id, _)| id).cmp(&b.chains.first().map(|(id, _)| id)));
        self.keys_must_fit(&outcomes)?;
        let chains: Vec<ChainId> =
            outcomes.iter().flat_map(|outcome| outcome.chains.iter().map(|(id, _)| id.clone())).collect();
        let mut findings = discovery.findings;
        findings.extend(self.about_the_request(&chains));
        let public_keys = outcomes.iter().flat_map(|outcome| self.keys_used(outcome)).collect();
        let bytes = outcomes.iter().map(|outcome| outcome.bytes).sum();
        let bucket = outcomes.iter().find_map(|outcome| outcome.bucket.clone()).unwrap_or_default();
        let unjudged = outcomes.iter().map(|outcome| outcome.unjudged).sum();
        let older = self.scope.start.is_none() && outcomes.iter().any(|outcome| outcome.older_logs);
        let mut began_after: Vec<ChainId> =
            outcomes.iter().flat_map(|outcome| outcome.began_after.iter().cloned()).collect();
        began_after.sort();
        publish(&self.observer, &findings);
        let mut reports = Vec::new();
        for outcome in outcomes {
            findings.extend(outcome.findings);
            reports.extend(outcome.chains.into_iter().map(|(_, report)| report));
        }
        for subject in findings.iter_mut().filter_map(|finding| finding.subject.as_mut()) {
            name_bucket(subject, &bucket);
        }
        let mut checks = self.checks(&discovery.not_covered, unjudged, &began_after);
        if older {
            let what = "log files of days before the oldest digest of their account and region: no start was asked for";
            checks.skipped.push(what.to_owned());
        }
        Ok(Report::conclude(self.described(), reports, findings, bytes, &self.request.waivers, public_keys, checks))
    }

    /// Keys that no digest names at all are a mistake of the caller and say nothing about the evidence.
    fn keys_must_fit(&self, outcomes: &[RegionOutcome]) -> Result<(), AuditError> {
        let unknown: u64 = outcomes.iter().map(|outcome| outcome.keys_unknown).sum();
        let fits = outcomes.iter().any(|outcome| {
            !outcome.fingerprints.is_empty()
                || outcome.findings.iter().any(|finding| finding.code == Code::DigestKeyUnknown)
        });
        if fits || unknown == 0 {
            return Ok(());
        }
        let regions: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.region.as_str()).collect();
        let regions = regions.into_iter().collect::<Vec<_>>().join(", ");
        Err(AuditError::KeysForeign { keys: self.keys.describe(), named: unknown, regions })
    }

    fn about_the_request(&self, chains: &[ChainId]) -> Vec<Finding> {
        let mut findings = Vec::new();
        if chains.is_empty() {
            let message = "no digest file was found for what was asked: look at the bucket, prefix, account, region and time asked for";
            findings.push(Finding::nothing_found(message.to_owned()));
        } else {
            let missing = self.request.select.missing_from(chains).into_iter();
            findings.extend(missing.map(|name| Finding::nothing_found(format!("no digest file was found of {name}"))));
        }
        if self.end_from != EndFrom::Request && !chains.is_empty() {
            findings.push(Finding::end_from_evidence(self.scope.end, self.end_from == EndFrom::Record));
        }
        if self.keys.origin() == KeyOrigin::BesideEvidence && !chains.is_empty() {
            findings.push(Finding::public_key_unpinned(&self.keys.describe()));
        }
        findings
    }

    fn keys_used(&self, outcome: &RegionOutcome) -> Vec<PublicKeyReport> {
        let used = outcome.fingerprints.iter().filter_map(|fingerprint| outcome.keys.get(fingerprint));
        used.map(|key| PublicKeyReport {
            fingerprint: key.fingerprint().to_owned(),
            source: self.keys.describe(),
            pinned: self.keys.origin() == KeyOrigin::Pinned,
            valid_from: key.validity.map(|window| window.start),
            valid_to: key.validity.map(|window| window.end),
        })
        .collect()
    }

    fn described(&self) -> RequestReport {
        let select = &self.request.select;
        let trails = select.trails.iter().chain(select.trail_arn.as_ref().map(|arn| &arn.trail));
        RequestReport {
            source: self.request.source.clone(),
            start: self.scope.start,
            end: self.scope.end,
            as_of: self.request.as_of,
            accounts: select.accounts.clone(),
            regions: select.regions.clone(),
            trails: trails.cloned().collect(),
            log_files: self.request.log_files.to_string(),
        }
    }

    fn checks(&self, not_covered: &BTreeSet<String>, unjudged: u64, began_after: &[ChainId]) -> Checks {
        let mut performed = vec![
            "digest signatures",
            "digest links",
            "coverage of the requested time",
            "stray objects in digest folders",
        ];
        let mut skipped = Vec::new();
        match self.request.log_files {
            LogFiles::All => performed.extend(["content of every log file", "unlisted objects in log folders"]),
            LogFiles::Listing => {
                performed.extend(["presence of every log file", "unlisted objects in log folders"]);
                skipped.push("content of the log files: they were listed, and read only where written after their digest (--log-files listing)".to_owned());
            }
            LogFiles::Sample { .. } => {
                performed.extend([
                    "content of a sample of the log files",
                    "presence of every log file",
                    "unlisted objects in log folders",
                ]);
                skipped.push(format!(
                    "content of the log files outside the sample (--log-files {})",
                    self.request.log_files
                ));
            }
            LogFiles::None => {
                skipped.push("log files: neither presence nor content (--log-files none)".to_owned());
                skipped.push("unlisted objects in log folders (--log-files none)".to_owned());
            }
        }
        if self.keys.origin() == KeyOrigin::Pinned {
            performed.push("signatures under keys obtained apart from the evidence");
        } else {
            skipped.push("whether AWS signed: the keys came with the evidence".to_owned());
        }
        if self.end_from != EndFrom::Request {
            skipped.push("whether digests were cut off the end: no end was asked for".to_owned());
        }
        if unjudged > 0 {
            skipped.push(format!(
                "{unjudged} objects in log folders that no digest seen lists: they are named so close to the start or the end that a digest before or after those seen may list them"
            ));
        }
        skipped.extend(
            began_after.iter().map(|chain| format!("{chain}: its oldest digest begins after the end of the request")),
        );
        skipped.extend(not_covered.iter().map(|folder| format!("{folder}: AWS documents no digests that cover it")));
        Checks { performed: performed.into_iter().map(str::to_owned).collect(), skipped }
    }
}

/// In a copy of which nothing tells the bucket, objects that no digest names are taken to be of the same one.
fn name_bucket(subject: &mut ObjectLocation, bucket: &str) {
    if subject.bucket.is_empty() {
        bucket.clone_into(&mut subject.bucket);
    }
}

fn publish(observer: &Arc<dyn Observer>, findings: &[Finding]) {
    findings.iter().for_each(|finding| observer.found(finding));
}

/// 2015-01-01, in Unix seconds. Log file validation was announced that October; the oldest public key is of June.
const FIRST_KEYS: i64 = 1_420_070_400;

/// Accounts and regions under way at once. Each holds a listing and the open days of its log folders in memory.
const REGIONS_AT_ONCE: usize = 8;
