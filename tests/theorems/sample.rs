//! (11) A sample of so many log files is the one that its seed draws of all that the verified digests list, however they are
//! met; one of as many as there are is all of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::{Digest, Sha256};
use trailseal::audit::{AuditRequest, LogFiles, SampleSize};
use trailseal::finding::Code;
use trailseal::logfile::Framing;
use trailseal::report::{Report, Verdict};
use trailseal::store::{FetchedObject, Folder, KeyRange, ListError, MemoryStore, ObjectInfo, ObjectStore, StoreError};
use trailseal::trail::LogKey;

use crate::world::{Objects, WORLD, audit_store, gunzip, gzip, store};
use crate::{Shuffled, lied_to};

/// A store that knows which log files were read, and answers in another order than it was asked.
struct Journal {
    store: Shuffled,
    remote: bool,
    read: Mutex<Vec<String>>,
}

#[async_trait]
impl ObjectStore for Journal {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn framing(&self) -> Framing {
        self.store.framing()
    }

    fn is_remote(&self) -> bool {
        self.remote
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.store.folder(prefix).await
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        self.store.list(prefix, range)
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        if LogKey::parse(key).is_some() {
            self.read.lock().expect("no panic").push(key.to_owned());
        }
        self.store.get(key).await
    }
}

/// How a sample is asked for.
#[derive(Clone, Copy, Debug)]
struct How {
    count: u32,
    seed: u64,
    concurrency: usize,
    /// In which order the answers come.
    order: u64,
    remote: bool,
}

fn how() -> impl Strategy<Value = How> {
    (1_u32..45, 0_u64..1_000, 1_usize..80, any::<u64>(), any::<bool>())
        .prop_map(|(count, seed, concurrency, order, remote)| How { count, seed, concurrency, order, remote })
}

fn asked(count: u32, seed: u64) -> AuditRequest {
    AuditRequest { log_files: LogFiles::Sample { size: SampleSize::Count(count), seed }, ..WORLD.request() }
}

/// What a sample comes to, and which log files were read for it, in order and as often as they were.
fn sampled(store: MemoryStore, how: How) -> (Report, Vec<String>) {
    let store = Shuffled { store, seed: how.order };
    let journal = Arc::new(Journal { store, remote: how.remote, read: Mutex::default() });
    let request = AuditRequest { concurrency: how.concurrency, ..asked(how.count, how.seed) };
    let report = audit_store(journal.clone(), request);
    let mut read = std::mem::take(&mut *journal.read.lock().expect("no panic"));
    read.sort();
    (report, read)
}

fn log_files() -> Vec<String> {
    WORLD.objects.keys().filter(|key| LogKey::parse(key).is_some()).cloned().collect()
}

/// What the seed draws of all log files: those whose hashes with it are the smallest.
fn drawn(count: u32, seed: u64) -> Vec<String> {
    let mut ranked = log_files();
    ranked.sort_by_key(|key| Sha256::digest([&seed.to_be_bytes()[..], key.as_bytes()].concat()));
    ranked.truncate(count as usize);
    ranked.sort();
    ranked
}

/// The report but for what was asked.
fn but_for_the_request(report: Report) -> Report {
    let mut report = report;
    report.request.log_files = String::new();
    report
}

#[test]
fn the_samples_are_of_a_world_with_more_than_one_region_and_chain() {
    let regions: BTreeSet<String> = log_files().iter().filter_map(|key| Some(LogKey::parse(key)?.region)).collect();
    assert!(regions.len() == 2 && log_files().len() as u64 == WORLD.summary.log_files);
    assert!((30..40).contains(&log_files().len()), "counts below are from fewer to more: {}", log_files().len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sample_is_what_its_seed_draws_of_all_log_files(how in how()) {
        let (report, read) = sampled(store(&WORLD.objects), how);
        prop_assert_eq!(&read, &drawn(how.count, how.seed));
        prop_assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.findings);
        let (tally, all) = (report.totals.log_files, log_files().len());
        prop_assert_eq!(tally.verified as usize, read.len());
        prop_assert_eq!((tally.not_checked as usize, tally.present as usize), (all - read.len(), all - read.len()));
        let said = if read.len() == all { "all".to_owned() } else { format!("{} of", read.len()) };
        let said = format!("intact: sample of {said} {all} log files read, seed {}, ", how.seed);
        prop_assert!(report.headline().starts_with(&said), "{}", report.headline());
        prop_assert_eq!(report.request.log_files, format!("sample:{} seed {}", how.count, how.seed));
    }

    #[test]
    fn a_sample_is_the_same_in_any_order(lies in prop::collection::vec((any::<Index>(), 0_u8..3), 0..4), how in how()) {
        let objects = lied_to(&lies);
        let (report, read) = sampled(store(&objects), how);
        let (again, same) = sampled(store(&objects), How { concurrency: 1, order: 0, ..how });
        prop_assert_eq!(report, again);
        prop_assert_eq!(read, same);
    }

    #[test]
    fn a_sample_of_as_many_as_there_are_is_all(lies in prop::collection::vec((any::<Index>(), 0_u8..3), 0..6), how in how()) {
        let objects = lied_to(&lies);
        let (report, _) = sampled(store(&objects), How { count: 45, ..how });
        let journal = Journal { store: Shuffled { store: store(&objects), seed: 0 }, remote: how.remote, read: Mutex::default() };
        let all = audit_store(Arc::new(journal), WORLD.request());
        prop_assert_eq!(but_for_the_request(report), but_for_the_request(all));
    }

    /// A log file that was edited is found if it is drawn, and one that is gone whether it is or not.
    #[test]
    fn what_is_drawn_is_compared_and_what_is_not_is_still_looked_for(log: Index, gone: bool, how in how()) {
        let mut objects: Objects = WORLD.objects.clone();
        let key = log.get(&log_files()).clone();
        let mut object = objects.remove(&key).expect("a log file");
        if !gone {
            let content = [&gunzip(&object.body)[..], b" "].concat();
            object.body = gzip(&content);
            objects.insert(key.clone(), object);
        }
        let (report, read) = sampled(store(&objects), how);
        let sample = drawn(how.count, how.seed);
        let expected: BTreeSet<&String> = sample.iter().chain(gone.then_some(&key)).collect();
        prop_assert_eq!(read.iter().collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
        let code = if gone { Code::LogMissing } else { Code::LogHashMismatch };
        let found = report.findings.iter().any(|finding| {
            finding.code == code && finding.subject.as_ref().is_some_and(|at| at.key == key)
        });
        prop_assert_eq!(found, gone || sample.contains(&key));
        prop_assert_eq!(report.verdict, if found { Verdict::NotIntact } else { Verdict::Intact });
        prop_assert_eq!(report.totals.log_files.listed() as usize, log_files().len());
    }
}
