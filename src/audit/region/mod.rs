//! One account and region: its chains walked in step, newest first, its log files checked as they are vouched for, and
//! each day of its log folders held against what was vouched for.

mod days;
mod outcome;

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

pub(super) use self::outcome::RegionOutcome;
use super::Asked;
use super::checking::Checking;
use super::digests::{Ahead, DigestReader, Looked, Seen, absent_if};
use super::discover::Region;
use super::error::AuditError;
use super::folders::LogFolders;
use super::inventory::{Inventory, take_inventory};
use super::logs::LogReader;
use super::request::LogFiles;
use super::sample::is_read;
use super::tell::Teller;
use crate::chain::{ChainWalk, Listed, Need, Observed, RecordedBy, RecordedLog, Scope, Vouched, VouchedLogs};
use crate::finding::{Finding, ListedLog, Reason};
use crate::limits::{DELIVERY_SKEW, DIGEST_DUE_AFTER, LOG_NAME_SKEW};
use crate::trail::{ChainId, ChainKind, Interval, Time};

/// Audits one account and region, by its number among all of them.
pub(super) async fn audit_region(
    asked: Arc<Asked>,
    number: usize,
    mut region: Region,
) -> Result<RegionOutcome, AuditError> {
    if asked.request.stop.cuts() {
        return Ok(RegionOutcome { not_begun: true, ..RegionOutcome::default() });
    }
    let mut inventory = take_inventory(&region, &asked.request.limits, asked.range.stray_window()).await;
    let before: BTreeSet<ChainId> = inventory.chains.keys().map(ChainId::as_named).collect();
    let mut seen = asked.follow_moves(&mut region, &mut inventory).await;
    // Of the places that a trail was moved from, its own chains are asked for: backfill digests may lie there alone.
    let of_trail =
        |chain: &ChainId| KINDS.iter().any(|kind| before.contains(&ChainId { kind: *kind, ..chain.as_named() }));
    let asked_for: BTreeSet<ChainId> = inventory
        .chains
        .keys()
        .filter(|chain| asked.request.select.has_chain(chain) && of_trail(chain))
        .cloned()
        .collect();
    let mut walker = Walker::new(&asked, number, &region, inventory, &asked_for, &mut seen).await;
    walker.walk().await?;
    walker.consult_later_backfills().await?;
    walker.finish().await
}

struct Walker<'a> {
    asked: &'a Asked,
    /// By which a sample tells its log files from those of other accounts and regions.
    number: usize,
    region: &'a Region,
    inventory: Inventory,
    tracks: Vec<Track>,
    reader: DigestReader,
    vouched: VouchedLogs,
    folders: LogFolders,
    checking: Checking,
    findings: Vec<Finding>,
    bucket: Option<String>,
    /// The buckets that verified digests lie in.
    buckets: BTreeSet<String>,
    /// Objects that no digest is due to list yet.
    pending: u64,
    /// Log files seen in the listing alone, of which the store does not know when they were written.
    untimed: u64,
    /// Whether the run was interrupted before everything was looked at.
    given_up: bool,
}

/// One chain on its way back.
struct Track {
    walk: ChainWalk,
    ahead: Ahead,
    /// Whether it was asked for; the others are walked for what they vouch for.
    selected: bool,
}

impl<'a> Walker<'a> {
    async fn new(
        asked: &'a Asked,
        number: usize,
        region: &'a Region,
        mut inventory: Inventory,
        asked_for: &BTreeSet<ChainId>,
        seen: &mut Seen,
    ) -> Walker<'a> {
        let request = &asked.request;
        let scope = asked.range.scope;
        let mut findings: Vec<Finding> = mem::take(&mut inventory.beside).into_findings().collect();
        let keys = asked.keys_of(&region.region, &inventory, &mut findings).await;
        let limits = Arc::new(request.limits.clone());
        let reader = DigestReader {
            keys,
            limits: Arc::clone(&limits),
            pace: asked.pace.clone(),
            observer: Arc::clone(&asked.observer),
        };
        inventory.chains.retain(|chain, _| request.log_files != LogFiles::None || asked_for.contains(chain));
        let remote = region.places.iter().any(|place| place.store.is_remote());
        let most = if remote { WINDOW } else { WINDOW_AT_HAND };
        let window = (request.concurrency / inventory.chains.len().max(1)).clamp(2, most);
        let share = request.limits.clone().shared_by(inventory.chains.len());
        let teller = Teller::new(&asked.observer);
        let tracks: Vec<Track> = inventory
            .chains
            .iter()
            .map(|(chain, listing)| {
                asked.observer.digests_expected(listing.count(scope));
                let known = request.known_from.as_ref();
                let began_by = known.map(|known| known.get(chain).copied().unwrap_or(scope.end));
                let scope = Scope { began_by, ..scope };
                Track {
                    walk: ChainWalk::new(chain.clone(), scope, &share)
                        .telling(teller.wanted() && asked_for.contains(chain))
                        .owed_from(inventory.standard_from(chain)),
                    ahead: Ahead::new(
                        reader.clone(),
                        listing.for_walk(chain, &region.places, scope),
                        &region.places,
                        window,
                    )
                    .having_seen(seen.extract_if(|_, digest| chain.is_named(digest.chain())).collect()),
                    selected: asked_for.contains(chain),
                }
            })
            .collect();
        let logs = LogReader {
            chains: inventory.chains.keys().cloned().collect(),
            places: region.places.clone().into(),
            limits,
            observer: Arc::clone(&asked.observer),
            teller,
            hashers: Arc::clone(&asked.hashers),
            pool: Arc::clone(&asked.pool),
            presence: request.log_files == LogFiles::Listing,
            gathered: asked.gathered.clone(),
        };
        let places = region.places.iter();
        let places = places.map(|place| (place.store.bucket().unwrap_or_default().to_owned(), place.folders.clone()));
        let vouched = VouchedLogs::new(places.collect(), request.limits.planted_named_per_region);
        let folders = match request.log_files {
            LogFiles::None if inventory.chains.is_empty() => {
                // Nothing else would tell that log files were delivered here and no digest vouches for any.
                let found = LogFolders::find(region, asked.range.window(&inventory), &request.limits).await;
                if let (Some(_), Some(place)) = (found.newest(), region.places.first()) {
                    let what = format!("there are log files and no digest file below {}", place.folders.account.path());
                    findings.push(Finding::nothing_found(format!("{what} in region {}", region.region)));
                }
                LogFolders::default()
            }
            LogFiles::None => LogFolders::default(),
            _ => LogFolders::find(region, asked.range.window(&inventory), &request.limits).await,
        };
        Walker {
            asked,
            number,
            region,
            inventory,
            tracks,
            reader,
            vouched,
            folders,
            // Of several under way at once, one alone has an order.
            checking: Checking::new(logs, asked.pace.clone()).in_turn(number == 0),
            findings,
            bucket: None,
            buckets: BTreeSet::new(),
            pending: 0,
            untimed: 0,
            given_up: false,
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
            if self.asked.request.stop.cuts() {
                return self.give_up().await;
            }
            if !self.pending_is_open() {
                self.close_days(Some(end.plus(LOG_NAME_SKEW))).await?;
            }
            self.step(at).await?;
        }
        self.close_days(None).await
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
                let not_looked_at = matches!(looked, Looked::Settled(Observed::Unreadable(Reason::Interrupted)));
                if not_looked_at && self.asked.request.stop.cuts() {
                    return Ok(());
                }
                let observed = self.reader.settle(looked, successor);
                if let Observed::Verified(digest) = &observed {
                    self.bucket.get_or_insert_with(|| digest.at().bucket.clone());
                    self.buckets.insert(digest.at().bucket.clone());
                }
                let known = self.buckets.contains(&place.bucket) || track.ahead.knows(&place.bucket);
                let observed = absent_if(known, place, observed);
                let mut vouched = track.walk.observed(observed);
                if let Some(judged) = vouched.judged.take() {
                    self.checking.teller().digest(track.walk.chain(), *judged);
                }
                self.take(at, vouched).await?;
            }
        }
        Ok(())
    }

    /// Leaves everything as it is: what the chains did not meet, what of the log files was to be seen in a listing, and
    /// the days that are not closed.
    async fn give_up(&mut self) -> Result<(), AuditError> {
        self.given_up = true;
        let teller = self.checking.teller();
        for track in &mut self.tracks {
            let told = track.walk.give_up(track.ahead.untold());
            if let Some(told) = told.filter(|_| teller.wanted() && track.selected) {
                let unmet = told.into_iter().chain(track.ahead.untold_digests());
                unmet
                    .map(|digest| (digest.at, Interval::new(digest.end.plus(-Time::HOUR), digest.end)))
                    .filter(|(_, hour)| self.asked.range.scope.touches(*hour))
                    .for_each(|(at, hour)| teller.digest_not_met(track.walk.chain(), at, hour));
            }
        }
        while let Some(day) = self.vouched.newest_open() {
            for recorded in self.vouched.close(day).into_unseen() {
                self.checking.not_read(&recorded);
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
        let (bucket, key, delivered) = (vouched.bucket, vouched.key, vouched.delivered);
        let standard = self.tracks[chain].walk.chain().kind == ChainKind::Standard;
        let listed_by = standard.then(|| covers.end.plus(DELIVERY_SKEW));
        let begins_at = self.begins_at(chain, covers, delivered).filter(|_| standard && vouched.names_previous);
        let mut by = RecordedBy { bucket, key, covers, delivered, listed_by, begins_at, from_before: 0, chain };
        by.from_before = vouched.log_files.iter().filter(|log| by.may_have_gone(&log.at.key)).count() as u64;
        let by = Arc::new(by);
        for log in vouched.log_files {
            let in_scope = self.tracks[chain].selected && self.asked.range.is_requested(&log.at, covers);
            if mode == LogFiles::None {
                if in_scope {
                    self.checking.not_looked_for(RecordedLog { log, by: Arc::clone(&by) });
                }
                continue;
            }
            // What is not read must be seen in the listing; what the listing cannot show must be read.
            // One that may be as an earlier run proved it is seen in the listing before it is read.
            let wanted = is_read(mode, &log.at.key) && !self.asked.request.remembered;
            let read = in_scope && (wanted || !self.vouched.can_show(&log.at));
            let listed = self.vouched.vouch(&log, in_scope, Some(&by).filter(|_| in_scope && !read));
            match listed {
                Listed::Again if in_scope => {
                    let listed = ListedLog { chain: &self.checking.chains()[chain], at: &log.at, covers };
                    self.findings.push(listed.listed_twice());
                }
                Listed::Again => {}
                Listed::First | Listed::Late if !read => {}
                Listed::First => {
                    self.checking.tell(&log.at);
                    self.read(RecordedLog { log, by: Arc::clone(&by) }).await?;
                }
                Listed::Late => self.read(RecordedLog { log, by: Arc::clone(&by) }).await?,
                Listed::Otherwise(before) => {
                    if let Some(before) = before {
                        self.read(*before).await?;
                    }
                    self.read(RecordedLog { log, by: Arc::clone(&by) }).await?;
                }
            }
        }
        Ok(())
    }

    /// The beginning of the day on which the oldest digest of a chain was delivered, if this is it and no start was asked for.
    fn begins_at(&self, chain: usize, covers: Interval, delivered: Option<Time>) -> Option<Time> {
        let listing = self.inventory.chains.get(self.tracks[chain].walk.chain())?;
        let (oldest, _) = listing.oldest_first().next()?;
        let is_oldest = self.asked.range.scope.start.is_none() && oldest == covers.end;
        // By when it was delivered, the store may say; it is not believed for more than may be.
        let written = delivered.unwrap_or(covers.end).clamp(covers.end, covers.end.plus(DIGEST_DUE_AFTER));
        is_oldest.then(|| written.day().start())
    }

    /// Has a log file read, whether or not a sample would have it.
    async fn read(&mut self, log: RecordedLog) -> Result<(), AuditError> {
        if let Some(draw) = &self.asked.draw {
            let left = draw.read(self.number, &log);
            left.iter()
                .for_each(|(left, chains)| self.checking.teller().log_not_checked(&chains[left.by.chain], left, true));
        }
        self.checking.send(log).await
    }
}

const KINDS: [ChainKind; 2] = [ChainKind::Standard, ChainKind::Backfill];

/// Digests of one chain fetched ahead, at most.
const WINDOW: usize = 32;

/// The same where nothing is waited for: enough to keep the processors busy.
const WINDOW_AT_HAND: usize = 8;
