//! How fast each step is by itself: `cargo bench`. In memory, on one core, but for the whole pipeline.

#![allow(clippy::unwrap_used, reason = "a measurement without its trail is none")]

mod corpus;

use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use corpus::{Corpus, walk};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use sha2::{Digest, Sha256};
use trailseal::audit::{AuditRequest, Evidence, LogFiles, Silent, audit_blocking};
use trailseal::digest::{FetchedDigest, Gunzip, ParsedDigest};
use trailseal::keys::{KeyOrigin, KeysAtHand};
use trailseal::limits::Limits;
use trailseal::logfile::{Framing, LogHasher, hash_log};
use trailseal::report::Verdict;
use trailseal::simulate::Scenario;
use trailseal::trail::Time;

/// Log files of some 5 KB and some 300 KB.
static LOGS: LazyLock<[Corpus; 2]> = LazyLock::new(|| {
    [(17, 10), (1_150, 2)].map(|(events_per_log_file, log_files_per_hour)| {
        Corpus::simulated(&Scenario {
            regions: vec!["us-east-1".to_owned()],
            hours: 6,
            events_per_log_file,
            log_files_per_hour,
            ..Scenario::default()
        })
    })
});

/// A chain of a quarter, without its log files.
static CHAIN: LazyLock<Corpus> = LazyLock::new(|| {
    Corpus::simulated(&Scenario {
        regions: vec!["us-east-1".to_owned()],
        hours: 90 * 24,
        log_files_per_hour: 1,
        events_per_log_file: 1,
        ..Scenario::default()
    })
});

fn main() {
    divan::main();
}

/// Bytes are those that come out.
#[divan::bench(args = ["5 KB", "300 KB"])]
fn inflate(bencher: Bencher<'_, '_>, size: &str) {
    let logs = logs(size);
    let mut gunzip = Gunzip::new(u64::MAX);
    bencher.counter(BytesCount::new(inflated(logs))).bench_local(|| {
        for log in logs {
            gunzip.reset();
            gunzip
                .push(log, &mut |piece| {
                    black_box(piece);
                })
                .unwrap();
            gunzip.finish().unwrap();
        }
    });
}

#[divan::bench]
fn sha256(bencher: Bencher<'_, '_>) {
    let bytes = vec![b'{'; 1 << 20];
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| Sha256::digest(black_box(&bytes)));
}

/// Inflate, checksum and hash, as a log file is checked. Bytes are those that come out.
#[divan::bench(args = ["5 KB", "300 KB"])]
fn hash_log_files(bencher: Bencher<'_, '_>, size: &str) {
    let logs = logs(size);
    let mut hasher = LogHasher::new(Framing::Gzip, u64::MAX);
    bencher.counter(BytesCount::new(inflated(logs))).bench_local(|| {
        for log in logs {
            hasher.push(log).unwrap();
            black_box(hasher.finish().unwrap());
            hasher.reset();
        }
    });
}

#[divan::bench]
fn parse_a_digest(bencher: Bencher<'_, '_>) {
    let digest = LOGS[0].digests().next().unwrap();
    bencher
        .with_inputs(|| digest.clone())
        .bench_values(|digest: FetchedDigest| digest.parse(&Limits::default()).unwrap());
}

#[divan::bench]
fn verify_a_signature(bencher: Bencher<'_, '_>) {
    let digest = LOGS[0].digests().next().unwrap().clone().parse(&Limits::default()).unwrap();
    let keys = &LOGS[0].keys;
    bencher
        .counter(ItemsCount::new(1_usize))
        .with_inputs(|| digest.clone())
        .bench_values(|digest: ParsedDigest| digest.verify(keys, None).is_ok());
}

/// Items are digests, verified already.
#[divan::bench(sample_count = 20)]
fn walk_a_chain(bencher: Bencher<'_, '_>) {
    let (chain, digests) = CHAIN.verified().swap_remove(0);
    bencher
        .counter(ItemsCount::new(digests.len()))
        .with_inputs(|| (chain.clone(), digests.clone()))
        .bench_values(|(chain, digests)| walk(chain, digests));
}

/// Items are objects: discover, parse, verify, walk, and hash every log file, on all cores.
#[divan::bench(args = ["all", "none"], sample_count = 20)]
fn audit_a_bucket_in_memory(bencher: Bencher<'_, '_>, log_files: &str) {
    let log_files: LogFiles = log_files.parse().unwrap();
    let corpus = &*CHAIN;
    let objects = corpus.digests().count() + if log_files == LogFiles::All { corpus.logs.len() } else { 0 };
    let keys = Arc::new(KeysAtHand::new(corpus.keys.clone(), "keys", KeyOrigin::Pinned));
    let evidence = Evidence { stores: vec![Arc::new(corpus.store.clone())], ..Evidence::default() };
    let as_of = Time::parse_loose("2030-01-01T00:00:00Z").unwrap();
    bencher.counter(ItemsCount::new(objects)).bench(|| {
        let request = AuditRequest { log_files, ..AuditRequest::everything("memory", as_of) };
        let report = audit_blocking(evidence.clone(), keys.clone(), request, Arc::new(Silent)).unwrap();
        assert_eq!(report.verdict, Verdict::Intact, "{}", report.headline());
    });
}

fn logs(size: &str) -> &'static [bytes::Bytes] {
    &LOGS[usize::from(size != "5 KB")].logs
}

fn inflated(logs: &[bytes::Bytes]) -> u64 {
    logs.iter().map(|log| hash_log(log, Framing::Gzip, u64::MAX).unwrap().bytes).sum()
}
