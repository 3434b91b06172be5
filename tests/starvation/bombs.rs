//! Single objects that are far more than they seem.

use std::sync::Arc;

use trailseal::audit::AuditRequest;
use trailseal::digest::DigestMetadata;
use trailseal::finding::{Code, Reason};
use trailseal::limits::Limits;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::Gzip;
use trailseal::store::MemoryStore;
use trailseal::trail::{ChainId, DigestKey};

use crate::MIB;
use crate::world::{WORLD, alone, codes, count, measured};

fn judge(store: MemoryStore, limits: Limits) -> (Report, usize) {
    measured(Arc::new(store), AuditRequest { limits, ..WORLD.request() })
}

/// One member whose content is so many zeros, made without having them in memory.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut bomb = Vec::new();
    let mut gzip = flate2::write::GzEncoder::new(&mut bomb, flate2::Compression::fast());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), bytes as u64), &mut gzip).expect("memory");
    gzip.finish().expect("memory");
    bomb
}

#[test]
fn a_log_file_that_inflates_without_end() {
    let _alone = alone();
    let (mut store, (_, logs)) = (WORLD.store(), WORLD.keys());
    let bomb = bomb(200 * MIB);
    assert!(bomb.len() < 2 * MIB, "{}", bomb.len());
    logs.iter().for_each(|key| store.put(key, bomb.clone(), DigestMetadata::default()));
    let (report, taken) = judge(store, Limits { log_inflated: 4 << 20, ..Limits::default() });
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    told(&report, Code::LogUnreadable, &logs);
    // Not the content of one of them, of which there are as many as lanes.
    assert!(taken < 4 * MIB, "{taken}");
    assert_eq!(report.totals.bytes_hashed, 0);
}

#[test]
fn a_digest_that_inflates_without_end() {
    let _alone = alone();
    let (mut store, (digests, _)) = (WORLD.store(), WORLD.keys());
    let bomb = bomb(600 * MIB);
    assert!(bomb.len() < 8 * MIB, "{}", bomb.len());
    digests.iter().for_each(|key| store.put(key, bomb.clone(), DigestMetadata::default()));
    let (report, taken) = judge(store, Limits::default());
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    told(&report, Code::DigestUnreadable, &digests);
    // One on each of two workers, in a vector that doubles.
    assert!(taken < 2 * 2 * 32 * MIB, "{taken}");
}

/// As stored it is larger than any digest.
#[test]
fn an_object_that_is_too_large_to_be_a_digest() {
    let _alone = alone();
    let (mut store, (digests, _)) = (WORLD.store(), WORLD.keys());
    let large = bytes::Bytes::from(vec![0x1f; 17 * MIB]);
    digests.iter().for_each(|key| store.put(key, large.clone(), DigestMetadata::default()));
    let (report, taken) = judge(store, Limits::default());
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    told(&report, Code::DigestUnreadable, &digests);
    assert!(taken < 8 * MIB, "{taken}");
}

#[track_caller]
fn told(report: &Report, code: Code, keys: &[&str]) {
    assert_eq!(count(report, code), keys.len(), "{:?}", codes(report));
    for finding in report.findings.iter().filter(|finding| finding.code == code) {
        assert_eq!(finding.reason, Some(Reason::OverLimit));
        assert!(finding.subject.as_ref().is_some_and(|at| keys.contains(&at.key.as_str())));
    }
}

/// A digest with something else for the list of its log files.
fn with_log_files(key: &str, list: &str) -> Vec<u8> {
    Gzip::default().compress(listing(key, list).as_bytes())
}

/// Its JSON.
fn listing(key: &str, list: &str) -> String {
    let object = WORLD.objects.iter().find(|object| object.key == key).expect("a digest of this world");
    let mut json = Vec::new();
    let mut gunzip = trailseal::digest::Gunzip::new(u64::MAX);
    gunzip.push(&object.body, &mut |made| json.extend_from_slice(made)).expect("gzip");
    let json = String::from_utf8(json).expect("JSON");
    let (head, _) = json.split_once("\"logFiles\":").expect("a list of log files");
    format!("{head}\"logFiles\":{list}}}")
}

const ENTRY: &str = r#"{"s3Bucket":"","s3Object":"","hashValue":"","hashAlgorithm":"SHA-256"}"#;

/// A list of millions is not read at all, for it is larger than the limit before anything is made of it.
#[test]
fn a_digest_of_millions_of_log_files() {
    let _alone = alone();
    let (mut store, (digests, _)) = (WORLD.store(), WORLD.keys());
    let list = format!("[{}{ENTRY}]", format!("{ENTRY},").repeat(2_000_000));
    let body = with_log_files(digests[1], &list);
    assert!(body.len() < MIB);
    drop(list);
    store.put(digests[1], body, DigestMetadata::default());
    let (report, taken) = judge(store, Limits::default());
    assert_ne!(report.verdict, Verdict::Intact, "{:?}", codes(&report));
    told(&report, Code::DigestUnreadable, &digests[1..2]);
    assert!(taken < 2 * 32 * MIB + 16 * MIB, "{taken}");
}

/// As many as fit below the limit, in every digest of a long chain that never was: they are not all kept at once.
#[test]
fn many_digests_of_as_many_log_files_as_fit() {
    let _alone = alone();
    let (mut store, (digests, _)) = (WORLD.store(), WORLD.keys());
    let limits = Limits { digest_inflated: 2 << 20, ..Limits::default() };
    let list = format!("[{}{ENTRY}]", format!("{ENTRY},").repeat(28_000));
    for hour in 0..40 {
        let genuine = DigestKey::parse(digests[0]).expect("a digest");
        let (end, chain) =
            (genuine.end.plus(3_600 * hour), ChainId { trail: "planted".into(), ..genuine.chain.clone() });
        let key = DigestKey { end, chain, ..genuine.clone() }.key();
        // Well-formed, and what its name says: only a signature is wanting, which a digest after it might have.
        let json = listing(digests[0], &list).replace(digests[0], &key);
        let json = json.replace(&genuine.end.to_string(), &end.to_string());
        store.put(&key, Gzip::default().compress(json.as_bytes()), DigestMetadata::default());
    }
    drop(list);
    // As many ahead of their turn as ever.
    let end = WORLD.summary.interval.end.plus(39 * 3_600);
    let request = AuditRequest { limits, concurrency: 256, end: Some(end), as_of: end.plus(3_600), ..WORLD.request() };
    let (report, taken) = measured(Arc::new(store), request);
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    assert_eq!(count(&report, Code::DigestSignatureMissing), 40, "{:?}", codes(&report));
    assert_eq!(report.totals.digests.verified, WORLD.summary.digests);
    // Each takes some 7 MiB: 2 of text, in a vector that doubles, and 90 bytes for each of 28,000 entries.
    assert!(taken < 4 * 7 * MIB, "{taken}");
}

/// Nested as deep as the limit lets it be, and strings as long. The limit is a small one, for a debug build reads slowly.
#[test]
fn json_that_is_deep_or_long() {
    let _alone = alone();
    let (digests, _) = WORLD.keys();
    let limits = Limits { digest_inflated: 2 << 20, ..Limits::default() };
    let long = 3 * MIB / 2;
    let lists = [
        "[".repeat(long),
        "{\"a\":".repeat(long / 5),
        format!("[{}]", ENTRY.replace("\"hashValue\":\"\"", &format!("\"hashValue\":\"{}\"", "f".repeat(long)))),
        format!(
            "[{}]",
            ENTRY.replace("\"s3Object\":\"\"", &format!("\"s3Object\":\"{}\"", "\\u0000".repeat(long / 6)))
        ),
        format!("[],\"x\":{}1{}", "[".repeat(long / 2), "]".repeat(long / 2)),
        format!("[],\"x\":1{}", "0".repeat(long)),
        format!("[],{}\"x\":1", (0..long / 12).map(|n| format!("\"{n:07}\":1,")).collect::<String>()),
    ];
    for list in lists {
        let shown = list.chars().take(60).collect::<String>();
        let mut store = WORLD.store();
        store.put(digests[1], with_log_files(digests[1], &list), DigestMetadata::default());
        drop(list);
        let (report, taken) = judge(store, limits.clone());
        assert_eq!(report.verdict, Verdict::NotIntact, "{shown} {:?}", codes(&report));
        let named = |code: Code| {
            code == Code::DigestMalformed || code == Code::DigestSignatureInvalid || code == Code::LinkHashMismatch
        };
        let about = report.findings.iter().filter(|finding| named(finding.code));
        assert!(
            about.clone().count() > 0
                && about.clone().all(|f| f.subject.as_ref().is_some_and(|at| at.key == digests[1]))
        );
        // The text, in a vector that doubles, and one copy of a string.
        assert!(taken < 8 * MIB, "{shown} {taken}");
        let page = serde_json::to_vec(&report).expect("JSON");
        assert!(page.len() < 64 << 10, "{shown}: a report of {} bytes", page.len());
    }
}
