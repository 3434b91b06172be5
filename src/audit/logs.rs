//! Log files: read, hashed and compared, many at once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::discover::{Place, place_of};
use super::gather::Gathered;
use super::hashing::HashPool;
use super::observer::Observer;
use super::pace::Again;
use super::tell::{Content, Teller};
use crate::chain::{Kept, RecordedLog};
use crate::finding::{Code, Finding, ListedLog, Reason, Severity};
use crate::limits::Limits;
use crate::logfile::{Framing, HashedLog, LogDefect, LogHasher};
use crate::report::LogTally;
use crate::store::{BodyError, StoreError};
use crate::trail::{ChainId, Time};

/// What it takes to check log files.
#[derive(Clone)]
pub(super) struct LogReader {
    pub chains: Arc<[ChainId]>,
    pub places: Arc<[Place]>,
    pub limits: Arc<Limits>,
    pub observer: Arc<dyn Observer>,
    pub teller: Teller,
    /// Hashers that wait for their next file, so that their memory is reused.
    pub hashers: Arc<Mutex<Vec<LogHasher>>>,
    /// Where log files that are at hand are hashed.
    pub pool: Arc<HashPool>,
    /// Whether that a log file is there is enough, where no more can be had.
    pub presence: bool,
    /// Where small ones that are not are hashed, if together.
    pub gathered: Option<Arc<Gathered>>,
}

/// What came of reading some log files of one account and region.
#[derive(Default)]
pub(super) struct LogOutcome {
    /// By chain.
    pub tallies: Vec<LogTally>,
    pub findings: Vec<Finding>,
    /// How many were written again after their delivery; not all of them are in `findings`.
    pub rewritten: usize,
    pub bytes: u64,
    /// How many were to be read, and were left out of the bundle that tells of them.
    pub left_out: u64,
    /// How many were not read because the run was interrupted before, by chain.
    pub not_read: BTreeMap<usize, u64>,
    /// Those that are not there, and may be gone with all that lies before them.
    pub may_have_gone: Vec<RecordedLog>,
}

/// What came of reading one.
enum Read {
    Hashed(HashedLog, Option<Time>),
    Defect(LogDefect),
    Absent,
    Unreadable(Reason),
    /// It was there, and its bytes were left out of a bundle.
    LeftOut,
}

impl LogReader {
    /// Reads and checks log files: those that are at hand on the threads that hash, the others one after the other.
    pub(super) async fn check(&self, logs: Vec<RecordedLog>) -> LogOutcome {
        let mut outcome = LogOutcome { tallies: vec![LogTally::default(); self.chains.len()], ..LogOutcome::default() };
        let at_hand =
            logs.iter().filter_map(|log| Some((Arc::clone(&self.at_hand(log)?.store), log.log.at.key.clone())));
        let mut hashed = self.pool.hash(at_hand.collect()).await.into_iter();
        let count = logs.len() as u64;
        for log in logs {
            let hashed = self.at_hand(&log).and_then(|place| Some((place, hashed.next()??)));
            let read = match hashed {
                Some((_, Ok((Ok(hashed), written)))) => Read::Hashed(hashed, written),
                Some((_, Ok((Err(defect), _)))) => Read::Defect(defect),
                Some((place, Err(error))) => Read::failed(place, &log, &error),
                None => self.read(&log).await,
            };
            self.judge(&log, read, &mut outcome);
        }
        self.observer.logs_done(count, outcome.bytes);
        outcome
    }

    /// Where a log file lies, if that is not far away.
    fn at_hand(&self, recorded: &RecordedLog) -> Option<&Place> {
        place_of(&self.places, &recorded.log.at.bucket).filter(|place| !place.store.is_remote())
    }

    async fn read(&self, recorded: &RecordedLog) -> Read {
        let Some(place) = place_of(&self.places, &recorded.log.at.bucket) else {
            return Read::Unreadable(Reason::Unreachable);
        };
        let mut again = Again::default();
        loop {
            match self.read_once(place, &recorded.log.at.key).await {
                Err(error) if again.may(&error).await => {}
                Err(error) => return Read::failed(place, recorded, &error),
                Ok(read) => return read,
            }
        }
    }

    async fn read_once(&self, place: &Place, key: &str) -> Result<Read, StoreError> {
        let object = place.store.get(key).await?;
        let written = object.metadata.last_modified;
        let small = object.attributes.size.is_some_and(|size| size <= SMALL);
        if let Some(gathered) = self.gathered.as_ref().filter(|_| small && place.store.is_remote()) {
            let bytes = object.body.collect(SMALL).await.map_err(|error| match error {
                BodyError::Store(error) => error,
                BodyError::OverLimit(_) => StoreError::BrokeOff("more came than was announced".to_owned()),
            })?;
            let hashed = gathered.hash(bytes, place.store.framing()).await;
            return Ok(hashed.map_or_else(Read::Defect, |hashed| Read::Hashed(hashed, written)));
        }
        let mut hasher = self.hasher(place.store.framing());
        let mut defect = None;
        let read = object.body.pieces(|piece| match hasher.push(piece) {
            Ok(()) => ControlFlow::Continue(()),
            Err(found) => {
                defect = Some(found);
                ControlFlow::Break(())
            }
        });
        let ended = read.await;
        let result = match (ended, defect) {
            (_, Some(defect)) => Ok(Read::Defect(defect)),
            (Err(error), None) => Err(error),
            (Ok(()), None) => Ok(hasher.finish().map_or_else(Read::Defect, |hashed| Read::Hashed(hashed, written))),
        };
        hasher.reset();
        self.hashers.lock().unwrap_or_else(PoisonError::into_inner).push(hasher);
        result
    }

    fn judge(&self, read_of: &RecordedLog, read: Read, outcome: &mut LogOutcome) {
        let RecordedLog { log, by } = read_of;
        let listed = ListedLog { chain: &self.chains[by.chain], at: &log.at, covers: by.covers };
        let recorded = || log.hash.to_string();
        let content = read.content();
        let mut noted = None;
        let finding = match read {
            Read::Hashed(hashed, written) => {
                outcome.bytes += hashed.bytes;
                let matches = log.hash.matches(&hashed.sha256);
                let rewritten = by.delivered.zip(written).filter(|(delivered, written)| matches && written > delivered);
                noted = rewritten.map(|(delivered, written)| listed.modified_after_delivery(delivered, written));
                (!matches).then(|| listed.hash_mismatch(recorded(), &hashed.sha256))
            }
            Read::Defect(LogDefect::Malformed(defect)) => Some(listed.malformed(recorded(), &defect.to_string())),
            Read::Defect(LogDefect::TrailingData { sha256 }) => Some(listed.trailing_data(recorded(), &sha256)),
            Read::Defect(LogDefect::OverLimit(limit)) => Some(listed.over_limit(limit)),
            Read::Absent if by.may_have_gone(&log.at.key) => return outcome.may_have_gone.push(read_of.clone()),
            Read::Absent => Some(listed.missing()),
            Read::Unreadable(Reason::Interrupted) => return self.not_read(read_of, outcome),
            Read::LeftOut if self.presence => return self.present(read_of, outcome),
            Read::LeftOut => Some(listed.unreadable(Reason::LeftOut)),
            Read::Unreadable(reason) => Some(listed.unreadable(reason)),
        };
        if self.teller.wanted() {
            let findings: Vec<&Finding> = noted.iter().chain(&finding).collect();
            self.teller.log_read(listed.chain, read_of, content, &findings);
        }
        let tally = &mut outcome.tallies[by.chain];
        match finding.as_ref().map(|finding| finding.severity) {
            None => tally.verified += 1,
            Some(Severity::Violation) => tally.violated += 1,
            Some(_) => tally.unproven += 1,
        }
        noted.into_iter().chain(finding).for_each(|finding| self.found(finding, outcome));
    }

    /// Counts a log file that was not read because the run was interrupted before.
    pub(super) fn not_read(&self, log: &RecordedLog, outcome: &mut LogOutcome) {
        let chain = log.by.chain;
        outcome.tallies[chain].unproven += 1;
        *outcome.not_read.entry(chain).or_default() += 1;
        if self.teller.wanted() {
            self.teller.log_interrupted(&self.chains[chain], log);
        }
    }

    /// Counts a log file that is not there.
    pub(super) fn missing(&self, log: &RecordedLog, outcome: &mut LogOutcome) {
        let listed = ListedLog { chain: &self.chains[log.by.chain], at: &log.log.at, covers: log.by.covers };
        let finding = listed.missing();
        if self.teller.wanted() {
            self.teller.log_read(listed.chain, log, Content::default(), &[&finding]);
        }
        outcome.tallies[log.by.chain].violated += 1;
        self.found(finding, outcome);
    }

    /// Counts one that is gone with all that lies before it.
    pub(super) fn gone_before(&self, log: &RecordedLog, outcome: &mut LogOutcome) {
        outcome.tallies[log.by.chain].not_checked += 1;
        if self.teller.wanted() {
            self.teller.log_gone_before(&self.chains[log.by.chain], log);
        }
    }

    /// Counts a log file that was there, and of which nothing is left to be read.
    fn present(&self, log: &RecordedLog, outcome: &mut LogOutcome) {
        let chain = log.by.chain;
        outcome.tallies[chain].not_checked += 1;
        outcome.tallies[chain].present += 1;
        outcome.left_out += 1;
        if self.teller.wanted() {
            self.teller.log_not_checked(&self.chains[chain], log, true);
        }
    }

    /// Counts a log file that an earlier run proved, and that the listing shows unchanged since. It may have been written again
    /// before that run, which is told as often as anyone asks.
    pub(super) fn unchanged(&self, kept: Kept, key: &str, rewritten: Option<(Time, Time)>, outcome: &mut LogOutcome) {
        let chain = kept.chain();
        outcome.tallies[chain].verified += 1;
        outcome.tallies[chain].unchanged += 1;
        if rewritten.is_none() && !self.teller.wanted() {
            return;
        }
        let log = kept.recorded(key.to_owned());
        let listed = ListedLog { chain: &self.chains[chain], at: &log.log.at, covers: log.by.covers };
        let noted = rewritten.map(|(delivered, written)| listed.modified_after_delivery(delivered, written));
        if self.teller.wanted() {
            self.teller.log_read(listed.chain, &log, Content::default(), &noted.iter().collect::<Vec<_>>());
        }
        noted.into_iter().for_each(|finding| {
            outcome.rewritten += 1;
            if outcome.rewritten <= self.limits.planted_named_per_region {
                self.found(finding, outcome);
            }
        });
    }

    /// Counts a log file that was neither to be read nor to be looked for.
    pub(super) fn not_looked_for(&self, log: RecordedLog, outcome: &mut LogOutcome) {
        let chain = log.by.chain;
        outcome.tallies[chain].not_checked += 1;
        if self.teller.wanted() {
            self.teller.log_not_checked(&self.chains[chain], &log, false);
        }
    }

    fn found(&self, finding: Finding, outcome: &mut LogOutcome) {
        self.observer.found(&finding);
        outcome.findings.push(finding);
    }

    fn hasher(&self, framing: Framing) -> LogHasher {
        let waiting = self.hashers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match waiting {
            Some(mut hasher) => {
                hasher.framing(framing);
                hasher
            }
            None => LogHasher::new(framing, self.limits.log_inflated),
        }
    }
}

impl Read {
    fn content(&self) -> Content {
        match self {
            Read::Hashed(hashed, _) => Content { sha256: Some(hashed.sha256), bytes: Some(hashed.bytes) },
            Read::Defect(LogDefect::TrailingData { sha256 }) => Content { sha256: Some(*sha256), bytes: None },
            _ => Content::default(),
        }
    }

    fn failed(place: &Place, recorded: &RecordedLog, error: &StoreError) -> Read {
        match error.reason() {
            // In a copy of which nothing tells the bucket, what was delivered to another one need not be.
            _ if *error == StoreError::LeftOut => Read::LeftOut,
            None if recorded.is_elsewhere() && place.store.bucket().is_none() => Read::Unreadable(Reason::Unreachable),
            None => Read::Absent,
            Some(reason) => Read::Unreadable(reason),
        }
    }
}

impl LogOutcome {
    /// Adds another outcome. Where a whole bucket was written anew, every one of its log files was: of these, `most` are
    /// named.
    pub(super) fn add(&mut self, other: LogOutcome, most: usize) {
        for (tally, more) in self.tallies.iter_mut().zip(other.tallies) {
            tally.add(more);
        }
        for finding in other.findings {
            let rewritten = finding.code == Code::LogModifiedAfterDelivery;
            self.rewritten += usize::from(rewritten);
            if !rewritten || self.rewritten <= most {
                self.findings.push(finding);
            }
        }
        self.bytes += other.bytes;
        self.left_out += other.left_out;
        self.may_have_gone.extend(other.may_have_gone);
        for (chain, count) in other.not_read {
            *self.not_read.entry(chain).or_default() += count;
        }
    }

    /// Takes back that one was seen in the listing and not read: it is read after all.
    pub(super) fn no_longer_present(&mut self, chain: usize) {
        self.tallies[chain].not_checked -= 1;
        self.tallies[chain].present -= 1;
    }
}

/// Bytes of a log file, as stored, that is received whole before it is hashed with others. As many as are under way may be
/// in memory at once.
pub(super) const SMALL: u64 = 64 << 10;
