//! One account and region: its chains walked in step, newest first, its log files checked as they are vouched for, and
//! each day of its log folders held against what was vouched for.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use futures::StreamExt;
use tokio::task::JoinSet;

use super::digests::{Ahead, DigestReader};
use super::discover::Region;
use super::error::AuditError;
use super::folders::{LogFolders, Window, logged};
use super::inventory::{Inventory, take_inventory};
use super::logs::{LogOutcome, LogReader, in_sample};
use super::misplaced::unlistable;
use super::request::LogFiles;
use super::{Asked, publish};
use crate::chain::{ChainWalk, DayLogs, Need, Observed, RecordedLog, SeenLog, Unlisted, Vouched, VouchedLogs};
use crate::digest::KeySet;
use crate::finding::{Code, Finding, ListedLog, Reason};
use crate::limits::{DIGEST_DUE_AFTER, LOG_NAME_SKEW};
use crate::report::{ChainReport, LogTally};
use crate::trail::{ChainId, ChainKind, Day, Interval, Time};

/// What came of one account and region.
#[derive(Default)]
pub(super) struct RegionOutcome {
    pub region: String,
    pub chains: Vec<(ChainId, ChainReport)>,
    pub findings: Vec<Finding>,
    pub bytes: u64,
    /// Digests looked at whose key is not among those given.
    pub keys_unknown: u64,
    /// The fingerprints that signatures verified under.
    pub fingerprints: BTreeSet<String>,
    pub keys: Arc<KeySet>,
    /// Objects in log folders that nobody vouches for, and of which nobody can say that a digest seen should.
    pub unjudged: u64,
    /// Whether there are log files of days before those looked at.
    pub older_logs: bool,
    /// Chains that, as AWS signed, began only after the request's end.
    pub began_after: Vec<ChainId>,
    /// A bucket that a verified digest names, for a copy of which nothing else tells.
    pub bucket: Option<String>,
}

/// Audits one account and region.
pub(super) async fn audit_region(asked: Arc<Asked>, region: Region) -> Result<RegionOutcome, AuditError> {
    let inventory = take_inventory(&region, &asked.request.limits).await;
    let mut walker = Walker::new(&asked, &region, inventory).await;
    walker.walk().await?;
    walker.consult_later_backfills().await?;
    walker.finish().await
}

struct Walker<'a> {
    asked: &'a Asked,
    region: &'a Region,
    inventory: Inventory,
    tracks: Vec<Track>,
    reader: DigestReader,
    logs: LogReader,
    vouched: VouchedLogs,
    folders: LogFolders,
    checking: JoinSet<LogOutcome>,
    batch: Vec<RecordedLog>,
    outcome: LogOutcome,
    findings: Vec<Finding>,
    bucket: Option<String>,
    /// The buckets that verified digests lie in.
    buckets: BTreeSet<String>,
    /// Objects that no digest is due to list yet.
    pending: u64,
}

/// One chain on its way back.
struct Track {
    walk: ChainWalk,
    ahead: Ahead,
    /// Whether it was asked for; the others are walked for what they vouch for.
    selected: bool,
}

impl<'a> Walker<'a> {
    async fn new(asked: &'a Asked, region: &'a Region, mut inventory: Inventory) -> Walker<'a> {
        let request = &asked.request;
        let scope = asked.scope;
        let mut findings = mem::take(&mut inventory.findings);
        let keys = asked.keys_of(&region.region, &inventory, &mut findings).await;
        let limits = Arc::new(request.limits.clone());
        let reader = DigestReader {
            keys,
            limits: Arc::clone(&limits),
            pace: asked.pace.clone(),
            observer: Arc::clone(&asked.observer),
        };
        inventory.chains.retain(|chain, _| request.log_files != LogFiles::None || request.select.has_chain(chain));
        let window = (request.concurrency / inventory.chains.len().max(1)).clamp(2, WINDOW);
        let tracks: Vec<Track> = inventory
            .chains
            .iter()
            .map(|(chain, listing)| {
                asked.observer.digests_expected(listing.count(scope));
                Track {
                    walk: ChainWalk::new(chain.clone(), scope, &request.limits),
                    ahead: Ahead::new(
                        reader.clone(),
                        listing.for_walk(chain, &region.places, scope),
                        &region.places,
                        window,
                    ),
                    selected: request.select.has_chain(chain),
                }
            })
            .collect();
        let logs = LogReader {
            chains: inventory.chains.keys().cloned().collect(),
            places: region.places.clone().into(),
            limits,
            observer: Arc::clone(&asked.observer),
            hashers: Arc::clone(&asked.hashers),
        };
        let named = request.limits.planted_named_per_region;
        let places = region.places.iter();
        let places = places.map(|place| (place.store.bucket().unwrap_or_default().to_owned(), place.folders.clone()));
        let vouched = VouchedLogs::new(places.collect(), named);
        let folders = match request.log_files {
            LogFiles::None if inventory.chains.is_empty() => {
                // Nothing else would tell that log files were delivered here and no digest vouches for any.
                let found = LogFolders::find(region, asked.window(&inventory), named).await;
                if let (Some(_), Some(place)) = (found.newest(), region.places.first()) {
                    let what = format!("there are log files and no digest file below {}", place.folders.account.path());
                    findings.push(Finding::nothing_found(format!("{what} in region {}", region.region)));
                }
                LogFolders::default()
            }
            LogFiles::None => LogFolders::default(),
            _ => LogFolders::find(region, asked.window(&inventory), named).await,
        };
        let outcome = LogOutcome { tallies: vec![LogTally::default(); tracks.len()], ..LogOutcome::default() };
        Walker {
            asked,
            region,
            inventory,
            tracks,
            reader,
            logs,
            vouched,
            folders,
            outcome,
            findings,
            checking: JoinSet::new(),
            batch: Vec::new(),
            bucket: None,
            buckets: BTreeSet::new(),
            pending: 0,
        }
    }

    /// Walks all chains in step, so that a day can be closed when all have gone past it.
    async fn walk(&mut self) -> Result<(), AuditError> {
        loop {
            let ends = self.tracks.iter_mut().map(|track| track.walk.next_end());
            let newest = ends
                .enumerate()
                .filter_map(|(at, end)| Some((end?, at)))
                .max_by_key(|(end, at)| (*end, usize::MAX - at));
            let Some((end, at)) = newest else { break };
            if !self.pending_is_open() {
                self.close_days(Some(end.plus(LOG_NAME_SKEW))).await?;
            }
            self.step(at).await?;
        }
        self.close_days(None).await
    }

    /// Whether a chain may still turn out to be alive: until then nobody knows what is not yet due to be listed.
    fn pending_is_open(&mut self) -> bool {
        let horizon = self.asked.scope.horizon;
        self.tracks.iter_mut().map(|track| &mut track.walk).any(|walk| {
            walk.chain().kind == ChainKind::Standard
                && walk.newest_end().is_none()
                && walk.next_end().is_some_and(|end| horizon.since(end) <= DIGEST_DUE_AFTER)
        })
    }

    async fn step(&mut self, at: usize) -> Result<(), AuditError> {
        let track = &mut self.tracks[at];
        match track.walk.need() {
            None => {}
            Some(Need::Listing { .. }) => {
                let listing = track.ahead.listing();
                track.walk.listed(listing);
            }
            Some(Need::Digest { at: place, successor }) => {
                let looked = track.ahead.digest(place).await?;
                let mut observed = self.reader.settle(looked, successor);
                if let Observed::Verified(digest) = &observed {
                    self.bucket.get_or_insert_with(|| digest.at().bucket.clone());
                    self.buckets.insert(digest.at().bucket.clone());
                }
                // A trail that was moved here from a bucket of which there is no copy: nobody can say what lay there.
                if matches!(observed, Observed::Absent)
                    && !place.bucket.is_empty()
                    && !self.buckets.contains(&place.bucket)
                    && !track.ahead.knows(&place.bucket)
                {
                    observed = Observed::Unreadable(Reason::Unreachable);
                }
                let vouched = track.walk.observed(observed);
                self.take(at, vouched).await?;
            }
        }
        Ok(())
    }

    /// Takes up the log files that a digest vouches for.
    async fn take(&mut self, chain: usize, vouched: Vouched) -> Result<(), AuditError> {
        let Some(covers) = vouched.covers else { return Ok(()) };
        let in_scope = vouched.in_scope && self.tracks[chain].selected;
        let mode = self.asked.request.log_files;
        if in_scope {
            self.asked.observer.logs_expected(vouched.log_files.len() as u64);
        }
        for log in vouched.log_files {
            if mode == LogFiles::None {
                self.outcome.tallies[chain].not_checked += u64::from(in_scope);
                continue;
            }
            // What is not read must be seen in the listing; what the listing cannot show must be read.
            let read = in_scope && (in_sample(mode, &log.at.key) || !self.vouched.can_show(&log.at));
            let elsewhere = log.at.bucket != vouched.bucket;
            let recorded = RecordedLog { log: log.clone(), covers, delivered: vouched.delivered, chain, elsewhere };
            let kept = (in_scope && !read).then(|| recorded.clone());
            let first = self.vouched.vouch(&log, in_scope, kept);
            if in_scope && !first {
                let listed = ListedLog { chain: &self.logs.chains[chain], at: &log.at, covers };
                self.findings.push(listed.listed_twice());
            } else if read {
                self.send(recorded).await?;
            }
        }
        Ok(())
    }

    async fn send(&mut self, log: RecordedLog) -> Result<(), AuditError> {
        self.batch.push(log);
        if self.batch.len() >= BATCH { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), AuditError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        // Waiting here for a turn is what bounds the number of log files in memory.
        let turn = self.asked.pace.turn().await;
        let (logs, batch) = (self.logs.clone(), mem::take(&mut self.batch));
        self.checking.spawn(async move {
            let outcome = logs.check(batch).await;
            drop(turn);
            outcome
        });
        while let Some(done) = self.checking.try_join_next() {
            self.outcome.add(done?);
        }
        Ok(())
    }

    /// Closes the days that all chains have gone past: holds their folders against what was vouched for.
    async fn close_days(&mut self, reached: Option<Time>) -> Result<(), AuditError> {
        if self.asked.request.log_files == LogFiles::None {
            return Ok(());
        }
        while let Some(day) = self.folders.newest().max(self.vouched.newest_open()) {
            if reached.is_some_and(|reached| day.start() < reached) {
                break;
            }
            let mut logs = self.vouched.close(day);
            for at in self.folders.take(day) {
                self.close_folder(day, at, &mut logs).await?;
            }
            // What the listing does not show is asked for: only that tells absent from unlistable.
            for recorded in logs.into_unseen() {
                self.send(recorded).await?;
            }
        }
        Ok(())
    }

    async fn close_folder(&mut self, day: Day, at: usize, logs: &mut DayLogs) -> Result<(), AuditError> {
        let window = self.window();
        let place = &self.region.places[at];
        let folder = format!("{}{}", place.folders.logs(), day.folder());
        let mut pages = place.store.list(&folder);
        while let Some(page) = pages.next().await {
            let objects = match page {
                Ok(objects) => objects,
                Err(failed) => {
                    let bucket = place.store.bucket().unwrap_or_default();
                    self.findings.push(unlistable(bucket, &failed.prefix, &failed.error));
                    continue;
                }
            };
            for object in objects.into_iter().filter_map(|object| logged(place, at, day, object)) {
                match logs.see(&object) {
                    None if window.is_pending(&object) => self.pending += 1,
                    None if window.judges(&object) => self.vouched.unlisted(&object),
                    None | Some(SeenLog::Checked) => {}
                    Some(SeenLog::Rewritten(recorded)) => self.send(*recorded).await?,
                    Some(SeenLog::Present(recorded)) => {
                        let tally = &mut self.outcome.tallies[recorded.chain];
                        tally.not_checked += 1;
                        tally.present += 1;
                    }
                }
            }
        }
        Ok(())
    }

    /// Which unlisted objects count: those of the request, but for what no digest is due to list yet.
    fn window(&self) -> Window {
        let scope = self.asked.scope;
        let walks = self.tracks.iter().map(|track| &track.walk);
        let live = walks
            .filter(|walk| walk.chain().kind == ChainKind::Standard)
            .filter_map(|walk| walk.newest_end())
            .filter(|end| scope.horizon.since(*end) <= DIGEST_DUE_AFTER)
            .min();
        let pending = live.map(|end| Interval::new(end, scope.horizon.plus(DIGEST_DUE_AFTER)));
        Window { pending, ..self.asked.window(&self.inventory) }
    }

    /// A log file that nobody vouches for so far may be in a backfill digest that came after the request.
    async fn consult_later_backfills(&mut self) -> Result<(), AuditError> {
        for (chain, listing) in &self.inventory.chains {
            if chain.kind != ChainKind::Backfill || !self.vouched.has_unlisted() {
                continue;
            }
            let later = listing.after_walk(chain, &self.region.places, self.asked.scope);
            let mut ahead = Ahead::new(self.reader.clone(), later, &self.region.places, WINDOW);
            loop {
                let batch = ahead.listing();
                if batch.is_empty() {
                    break;
                }
                for listed in batch {
                    let looked = ahead.digest(&listed.at).await?;
                    if let Observed::Verified(digest) = self.reader.settle(looked, None) {
                        digest.log_files().iter().for_each(|log| self.vouched.withdraw(&log.at));
                    }
                }
            }
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<RegionOutcome, AuditError> {
        self.flush().await?;
        while let Some(done) = self.checking.join_next().await {
            self.outcome.add(done?);
        }
        let mut finished = RegionOutcome {
            region: self.region.region.clone(),
            bytes: self.outcome.bytes,
            keys: Arc::clone(&self.reader.keys),
            bucket: self.bucket,
            ..RegionOutcome::default()
        };
        let mut oldest = Vec::new();
        let tallies = mem::take(&mut self.outcome.tallies);
        for (track, tally) in self.tracks.into_iter().zip(tallies) {
            let chain = track.walk.chain().clone();
            let walked = track.walk.finish();
            oldest.extend(walked.oldest_start.filter(|_| chain.kind == ChainKind::Standard));
            if track.selected && walked.began_after {
                finished.began_after.push(chain);
                continue;
            }
            if !track.selected {
                continue;
            }
            publish(&self.asked.observer, &walked.findings);
            finished.findings.extend(walked.findings.iter().cloned());
            finished.keys_unknown += walked.keys_unknown;
            finished.fingerprints.extend(walked.fingerprints.iter().cloned());
            finished.chains.push((chain, ChainReport::of(walked, tally)));
        }
        self.findings.append(&mut self.folders.findings);
        let edge = uncertain_edge(self.asked.window(&self.inventory), &oldest);
        let (unlisted, unjudged) = unlisted(self.vouched, self.region, edge);
        self.findings.extend(unlisted);
        finished.unjudged = self.pending + unjudged;
        finished.older_logs = self.folders.older;
        publish(&self.asked.observer, &self.findings);
        finished.findings.append(&mut self.findings);
        finished.findings.append(&mut self.outcome.findings);
        self.asked.observer.region_done();
        Ok(finished)
    }
}

/// The moment just after which a log file may have been delivered before, and be listed by a digest before those seen or,
/// from before validation was switched on, by none. None where a digest before the start was seen.
fn uncertain_edge(window: Window, oldest: &[Time]) -> Option<Time> {
    let start = window.start.filter(|_| !oldest.is_empty())?;
    let seen_before = oldest.iter().all(|oldest| *oldest <= start.plus(-LOG_NAME_SKEW));
    (!seen_before).then_some(start)
}

/// What remains unlisted, and how many objects near the edge cannot be judged: when an object was written tells, where
/// the store knows it.
fn unlisted(vouched: VouchedLogs, region: &Region, edge: Option<Time>) -> (Vec<Finding>, u64) {
    let (objects, beyond) = vouched.into_unlisted();
    let judged = |object: &Unlisted| {
        let (Some(start), Some(interval)) = (edge, object.interval) else { return true };
        let near = interval.start < start.plus(LOG_NAME_SKEW) && interval.seconds() < Time::HOUR;
        !near || object.last_modified.is_some_and(|written| written >= start)
    };
    let (judged, unjudged): (Vec<_>, Vec<_>) = objects.iter().partition(|(_, object)| judged(object));
    let mut findings: Vec<Finding> =
        judged.into_iter().map(|(at, object)| Finding::log_unlisted(at, object.interval)).collect();
    if let (1.., Some(place)) = (beyond, region.places.first()) {
        findings.push(Finding::more_like_it(Code::LogUnlisted, &place.at(place.folders.logs()), beyond));
    }
    (findings, unjudged.len() as u64)
}

/// Log files sent to be checked together: enough that sending costs little beside reading.
const BATCH: usize = 16;

/// Digests of one chain fetched ahead, at most.
const WINDOW: usize = 32;
