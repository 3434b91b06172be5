//! The log files of one account and region on their way to be checked: many at once, and no more than the pace allows.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::AuditError;
use super::discover::place_of;
use super::logs::{LogOutcome, LogReader};
use super::pace::Pace;
use super::sample::AuditDraw;
use super::tell::Teller;
use crate::chain::{Kept, RecordedBy, RecordedLog};
use crate::finding::{Code, Finding};
use crate::report::LogTally;
use crate::store::AskedFor;
use crate::trail::{ChainId, ObjectLocation, Time};

/// Checks the log files that it is sent.
pub(super) struct Checking {
    reader: LogReader,
    pace: Pace,
    batch: Vec<RecordedLog>,
    /// Of these, what those who keep them were told of.
    asked_for: Vec<AskedFor>,
    /// Whether they are told of at all.
    in_turn: bool,
    batch_size: usize,
    under_way: JoinSet<LogOutcome>,
    /// What came of those that are done, and of those that were not to be read.
    pub outcome: LogOutcome,
}

impl Checking {
    pub(super) fn new(reader: LogReader, pace: Pace) -> Checking {
        // Where every answer takes its time, none waits for another.
        let remote = reader.places.iter().any(|place| place.store.is_remote());
        let outcome = LogOutcome { tallies: vec![LogTally::default(); reader.chains.len()], ..LogOutcome::default() };
        Checking {
            reader,
            pace,
            batch: Vec::new(),
            asked_for: Vec::new(),
            in_turn: false,
            batch_size: if remote { 1 } else { BATCH },
            under_way: JoinSet::new(),
            outcome,
        }
    }

    /// Whether log files are told of before they are asked for.
    pub(super) fn in_turn(self, in_turn: bool) -> Checking {
        Checking { in_turn, ..self }
    }

    /// The chains that these log files are recorded in.
    pub(super) fn chains(&self) -> &Arc<[ChainId]> {
        &self.reader.chains
    }

    /// Who is told of each.
    pub(super) fn teller(&self) -> &Teller {
        &self.reader.teller
    }

    /// Counts one that was not read because the run was interrupted before.
    pub(super) fn not_read(&mut self, log: &RecordedLog) {
        self.reader.not_read(log, &mut self.outcome);
    }

    /// Counts one that was neither to be read nor to be looked for.
    pub(super) fn not_looked_for(&mut self, log: RecordedLog) {
        self.reader.not_looked_for(log, &mut self.outcome);
    }

    /// Counts one that an earlier run proved, and that the listing shows unchanged since.
    pub(super) fn unchanged(&mut self, kept: Kept, key: &str, rewritten: Option<(Time, Time)>) {
        self.reader.unchanged(kept, key, rewritten, &mut self.outcome);
    }

    /// Counts one that was not to be read, and that the listing shows by this key.
    pub(super) fn present(&mut self, kept: Kept, key: &str) {
        self.count_present(kept.chain());
        if self.teller().wanted() {
            let chain = kept.chain();
            self.teller().log_not_checked(&self.chains()[chain], &kept.recorded(key.to_owned()), true);
        }
    }

    /// The same, of one that may be drawn for the sample; whoever is not, or is no more, is told to be left unread.
    pub(super) fn offered(&mut self, draw: &AuditDraw, region: usize, key: &str, kept: Kept, untimed: bool) {
        if !draw.may_take(key) {
            return self.present(kept, key);
        }
        self.count_present(kept.chain());
        if let Some((left, chains)) = draw.seen(region, key, kept, untimed, self.chains()) {
            self.teller().log_not_checked(&chains[left.by.chain], &left, true);
        }
    }

    fn count_present(&mut self, chain: usize) {
        self.outcome.tallies[chain].not_checked += 1;
        self.outcome.tallies[chain].present += 1;
    }

    /// Tells of one that is sent next, and never again, in an order that the evidence alone makes.
    pub(super) fn tell(&mut self, at: &ObjectLocation) {
        let place = place_of(&self.reader.places, &at.bucket).filter(|_| self.in_turn);
        self.asked_for.extend(place.and_then(|place| place.store.in_turn(&at.key)));
    }

    /// Sends one to be checked, now or with those that come next.
    pub(super) async fn send(&mut self, log: RecordedLog) -> Result<(), AuditError> {
        self.batch.push(log);
        if self.batch.len() >= self.batch_size { self.flush().await } else { Ok(()) }
    }

    /// Lets none wait for those that come next.
    pub(super) async fn flush(&mut self) -> Result<(), AuditError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        // Waiting here for a turn is what bounds the number of log files in memory.
        let turn = self.pace.turn().await;
        let (reader, batch) = (self.reader.clone(), mem::take(&mut self.batch));
        let asked_for = mem::take(&mut self.asked_for);
        self.under_way.spawn(async move {
            let outcome = reader.check(batch).await;
            drop(asked_for);
            drop(turn);
            outcome
        });
        while let Some(done) = self.under_way.try_join_next() {
            self.outcome.add(done?, self.reader.limits.planted_named_per_region);
        }
        Ok(())
    }

    /// Waits until all that were sent are checked.
    pub(super) async fn all_done(&mut self) -> Result<(), AuditError> {
        self.flush().await?;
        while let Some(done) = self.under_way.join_next().await {
            self.outcome.add(done?, self.reader.limits.planted_named_per_region);
        }
        Ok(())
    }

    /// Settles those that are not there and may be gone with all that lies before them: of the oldest digest of a chain, and only
    /// if all that it lists from before are gone. By which digest each is listed, and how many they are.
    pub(super) fn settle_gone(
        &mut self,
        is_oldest: impl Fn(&ChainId, &RecordedBy) -> bool,
    ) -> Vec<(Arc<RecordedBy>, u64)> {
        let gone = mem::take(&mut self.outcome.may_have_gone);
        let mut by_digest: BTreeMap<(usize, String), Vec<RecordedLog>> = BTreeMap::new();
        gone.into_iter().for_each(|log| by_digest.entry((log.by.chain, log.by.key.clone())).or_default().push(log));
        let mut settled = Vec::new();
        for logs in by_digest.into_values() {
            let (by, count) = (Arc::clone(&logs[0].by), logs.len() as u64);
            let gone_before = count == by.from_before && is_oldest(&self.reader.chains[by.chain], &by);
            for log in &logs {
                match gone_before {
                    true => self.reader.gone_before(log, &mut self.outcome),
                    false => self.reader.missing(log, &mut self.outcome),
                }
            }
            settled.extend(gone_before.then_some((by, count)));
        }
        settled
    }

    /// What is to be said of all of them together.
    pub(super) fn summed_up(&mut self) -> Vec<Finding> {
        let not_read = mem::take(&mut self.outcome.not_read).into_iter();
        let mut findings: Vec<Finding> =
            not_read.map(|(chain, count)| Finding::logs_not_read(&self.reader.chains[chain], count)).collect();
        let named = self.reader.limits.planted_named_per_region;
        if let (more @ 1.., Some(place)) = (self.outcome.rewritten.saturating_sub(named), self.reader.places.first()) {
            let folder = place.at(place.folders.logs());
            findings.push(Finding::more_like_it(Code::LogModifiedAfterDelivery, &folder, more as u64));
        }
        findings
    }
}

/// Log files sent to be checked together: enough that sending costs little beside reading.
const BATCH: usize = 16;
