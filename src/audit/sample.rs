//! Samples of log files, drawn by a seed.
//!
//! The seed gives every log file a rank. A share of them are those whose rank is below a threshold, which each can be told
//! alone. So many of them are those of the smallest ranks, and which these are is known only when all chains are walked: until
//! then the log files are looked at as where the listing alone was asked for, the smallest ranks met so far are kept, and those
//! that remain are read at the end. So no digest is fetched twice, and a log file that is displaced from among the smallest
//! needs nothing done, for it is counted as what it is already.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::request::{LogFiles, SampleSize};
use crate::chain::{Kept, RecordedBy, RecordedLog};
use crate::digest::LogFileRef;
use crate::trail::ChainId;

/// Whether a log file is to be read whatever other ones there are.
pub(super) fn is_read(log_files: LogFiles, key: &str) -> bool {
    match log_files {
        LogFiles::All => true,
        LogFiles::Listing | LogFiles::None => false,
        LogFiles::Sample { size: SampleSize::PerMillion(share), seed } => {
            rank(seed, key) % 1_000_000 < u64::from(share)
        }
        LogFiles::Sample { size: SampleSize::Count(_), .. } => false,
    }
}

/// The rank that a seed gives a log file. Whoever writes to the bucket cannot choose it: the names are AWS's, and the seed is
/// the auditor's.
fn rank(seed: u64, key: &str) -> u64 {
    let drawn = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(key).finalize();
    drawn.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
}

/// A sample of so many log files, that is being drawn.
pub(super) struct Draw<I, T> {
    seed: u64,
    most: usize,
    /// The smallest met so far. Log files of one rank, which only those of one key have, are told apart by what else they are.
    drawn: Mutex<BTreeMap<(u64, I), T>>,
}

impl<I: Ord, T> Draw<I, T> {
    /// None unless the request is for a sample of so many.
    pub(super) fn of(log_files: LogFiles) -> Option<Draw<I, T>> {
        match log_files {
            LogFiles::Sample { size: SampleSize::Count(count), seed } => {
                Some(Draw { seed, most: count as usize, drawn: Mutex::default() })
            }
            _ => None,
        }
    }

    /// Whether a log file can be among the smallest. If not, it cannot become so.
    pub(super) fn may_take(&self, key: &str) -> bool {
        let drawn = self.lock();
        let full = drawn.len() >= self.most;
        !full || drawn.last_key_value().is_none_or(|((largest, _), _)| *largest >= rank(self.seed, key))
    }

    /// Offers a log file. What is left over is given back: the one that it displaced, or itself.
    pub(super) fn offer(&self, key: &str, id: I, log: T) -> Option<(I, T)> {
        let mut drawn = self.lock();
        drawn.entry((rank(self.seed, key), id)).or_insert(log);
        let left = if drawn.len() > self.most { drawn.pop_last() } else { None };
        left.map(|((_, id), log)| (id, log))
    }

    /// Those that were drawn, once none is offered any more.
    pub(super) fn take(&self) -> impl Iterator<Item = (I, T)> + use<I, T> {
        mem::take(&mut *self.lock()).into_iter().map(|((_, id), log)| (id, log))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(u64, I), T>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sample of an audit.
pub(super) type AuditDraw = Draw<LogId, Drawn>;

/// What tells a log file from others of the same rank: the account and region, by their number, what lists it, and what is
/// recorded of it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogId {
    pub region: usize,
    chain: usize,
    pub log: LogFileRef,
}

/// What is known of a log file among those drawn.
pub(super) enum Drawn {
    /// It was read already, for the listing did not show enough.
    Read,
    /// It was seen in the listing and counted so, and it is to be read.
    Seen {
        by: Arc<RecordedBy>,
        /// Whether it was counted as one of which nobody knows when it was written.
        untimed: bool,
        /// The chains of its region, by their numbers.
        chains: Arc<[ChainId]>,
    },
}

/// A log file that is not in the sample, with the chains of its region.
type LeftOver = (RecordedLog, Arc<[ChainId]>);

impl AuditDraw {
    /// Offers a log file that is read whether or not it is drawn. What it displaced is given back.
    pub(super) fn read(&self, region: usize, recorded: &RecordedLog) -> Option<LeftOver> {
        let RecordedLog { log, by } = recorded;
        if !self.may_take(&log.at.key) {
            return None;
        }
        left_over(self.offer(&log.at.key, LogId { region, chain: by.chain, log: log.clone() }, Drawn::Read))
    }

    /// Offers a log file that was seen in the listing by this key. What is left over is given back.
    pub(super) fn seen(
        &self,
        region: usize,
        key: &str,
        kept: Kept,
        untimed: bool,
        chains: &Arc<[ChainId]>,
    ) -> Option<LeftOver> {
        let RecordedLog { log, by } = kept.recorded(key.to_owned());
        let id = LogId { region, chain: by.chain, log };
        left_over(self.offer(key, id, Drawn::Seen { by, untimed, chains: Arc::clone(chains) }))
    }
}

fn left_over(left: Option<(LogId, Drawn)>) -> Option<LeftOver> {
    match left? {
        (LogId { log, .. }, Drawn::Seen { by, chains, .. }) => Some((RecordedLog { log, by }, chains)),
        (_, Drawn::Read) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(count: u32, seed: u64) -> LogFiles {
        LogFiles::Sample { size: SampleSize::Count(count), seed }
    }

    /// What is drawn of the keys, in order.
    fn drawn(most: u32, seed: u64, keys: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let draw = Draw::of(count(most, seed)).unwrap();
        for key in keys {
            let _left = draw.offer(&format!("key {key}"), key, ());
        }
        let mut drawn: Vec<u32> = draw.take().map(|(key, ())| key).collect();
        drawn.sort_unstable();
        drawn
    }

    #[test]
    fn a_sample_is_of_the_seed_and_not_of_the_order() {
        let first = drawn(25, 7, 0..1_000);
        assert_eq!(first.len(), 25);
        assert_eq!(drawn(25, 7, (0..1_000).rev()), first);
        // 7 and 1,000 have no divisor in common, so this meets each once.
        assert_eq!(drawn(25, 7, (0..1_000).map(|at| at * 7 % 1_000)), first);
        assert_ne!(drawn(25, 8, 0..1_000), first);
        // A larger one has the smaller, and one of as many as there are has all.
        let larger = drawn(100, 7, 0..1_000);
        assert!(first.iter().all(|key| larger.contains(key)));
        for most in [10, 11, 1_000] {
            assert_eq!(drawn(most, 7, 0..10), (0..10).collect::<Vec<_>>());
        }
        assert!(drawn(25, 7, []).is_empty());
    }

    #[test]
    fn every_log_file_is_as_likely_as_any_other() {
        let mut times = [0_u32; 100];
        for seed in 0..2_000 {
            drawn(10, seed, 0..100).into_iter().for_each(|key| times[key as usize] += 1);
        }
        // Each is drawn 200 times in 2,000, give or take 13; these are more than five times that.
        assert!(times.iter().all(|times| (130..270).contains(times)), "{times:?}");
    }

    #[test]
    fn a_share_has_the_same_ranks() {
        let seed = 3;
        let share = LogFiles::Sample { size: SampleSize::PerMillion(100_000), seed };
        let read = (0..1_000).filter(|key| is_read(share, &format!("key {key}"))).count();
        assert!((60..140).contains(&read), "{read}");
        assert!(!is_read(count(1_000, seed), "key 1"), "which are drawn is known when all are met");
        assert!(is_read(LogFiles::All, "key") && !is_read(LogFiles::Listing, "key") && !is_read(LogFiles::None, "key"));
        assert!([share, LogFiles::All, LogFiles::None].into_iter().all(|other| Draw::<(), ()>::of(other).is_none()));
    }

    #[test]
    fn no_more_is_made_out_and_kept_than_is_drawn() {
        let draw = Draw::of(count(3, 1)).unwrap();
        let (mut made, mut left) = (0, 0);
        for key in 0..10_000 {
            let name = format!("key {key}");
            let may = draw.may_take(&name);
            made += u32::from(may);
            let over = draw.offer(&name, key, ());
            assert!(may || over == Some((key, ())), "it was said that it could not be");
            left += usize::from(over.is_some());
            assert!(draw.lock().len() <= 3);
        }
        assert!(made < 100, "{made}");
        assert_eq!(left, 9_997, "whatever is not drawn is given back, once");
    }

    #[test]
    fn log_files_of_one_rank_are_told_apart_and_each_is_drawn_once() {
        for (most, expected) in [(2, vec!["a", "b"]), (3, vec!["a", "b", "c"]), (9, vec!["a", "b", "c"])] {
            for order in [["a", "b", "c", "a"], ["c", "a", "b", "c"], ["b", "c", "b", "a"]] {
                let draw = Draw::of(count(most, 1)).unwrap();
                for id in order {
                    let _left = draw.offer("one key", id, ());
                }
                assert_eq!(draw.take().map(|(id, ())| id).collect::<Vec<_>>(), expected);
            }
        }
    }
}
