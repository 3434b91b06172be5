//! Audits a bucket that is nowhere: every listing, digest and log file is made when it is asked for, so that what the audit
//! itself takes can be measured, for more objects than a disk holds.
//!
//! `cargo run --release --example many_chains -- CHAINS DIGESTS LOG_FILES`: log files of a digest, digests of a chain.

#![allow(clippy::print_stdout, reason = "a program for measuring")]

use std::sync::Arc;
use std::{env, error::Error};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use trailseal::audit::{AuditRequest, Evidence, Silent, audit_blocking};
use trailseal::digest::DigestMetadata;
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::logfile::Framing;
use trailseal::simulate::{
    DigestDraft, HASH_ALGORITHM, LogEntryDraft, REGIONS, SIGNATURE_ALGORITHM, SignedDigest, SigningKey, gzip,
    sha256_hex,
};
use trailseal::store::{Body, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError};
use trailseal::trail::{Interval, Time};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = env::args().skip(1).map(|number| number.parse()).collect::<Result<_, _>>()?;
    let [chains, digests @ 1..=20, logs] = numbers[..] else {
        return Err("give CHAINS DIGESTS(1..20) LOG_FILES".into());
    };
    let validity = Interval::new(at(0), at(100));
    let nowhere = Nowhere {
        chains,
        digests,
        logs,
        key: SigningKey::generate([7; 32], "", validity),
        log: gzip(CONTENT),
        log_hash: sha256_hex(CONTENT),
    };
    let keys = serde_json::to_vec(&serde_json::json!({ "PublicKeyList": [nowhere.key.entry()] }))?;
    let keys = KeysAtHand::new(parse_key_file(&keys)?, "nowhere", KeyOrigin::Pinned);
    let evidence = Evidence { stores: vec![Arc::new(nowhere)], ..Evidence::default() };
    let request =
        AuditRequest { start: Some(at(0)), end: Some(at(digests)), ..AuditRequest::everything("nowhere", at(99)) };
    let report = audit_blocking(evidence, Arc::new(keys), request, Arc::new(Silent))?;
    println!("{}: {}", report.verdict, report.headline());
    std::process::exit(report.verdict.exit_status().into())
}

/// The bucket.
struct Nowhere {
    chains: usize,
    digests: usize,
    logs: usize,
    key: SigningKey,
    log: Vec<u8>,
    log_hash: String,
}

/// An account and a region: one chain.
struct Chain<'a> {
    account: &'a str,
    region: &'a str,
}

impl Chain<'_> {
    fn folder(&self, kind: &str) -> String {
        format!("AWSLogs/{}/{kind}/{}/{DAY}", self.account, self.region)
    }

    fn digest(&self, hour: usize) -> String {
        let Chain { account, region } = self;
        let folder = self.folder(DIGESTS);
        format!("{folder}{account}_{DIGESTS}_{region}_trail_us-east-1_20260110T{hour:02}0000Z.json.gz")
    }

    fn log(&self, hour: usize, number: usize) -> String {
        let Chain { account, region } = self;
        let minute = number % 60;
        format!(
            "{}{account}_{LOGS}_{region}_20260110T{:02}{minute:02}Z_{number:016}.json.gz",
            self.folder(LOGS),
            hour - 1
        )
    }
}

impl Nowhere {
    /// The chain that a key or a prefix is of.
    fn chain<'a>(&self, key: &'a str) -> Option<Chain<'a>> {
        let mut parts = key.split('/').skip(1);
        let (account, _, region) = (parts.next()?, parts.next()?, parts.next()?);
        self.regions(account).any(|known| known == region).then_some(Chain { account, region })
    }

    fn accounts(&self) -> impl Iterator<Item = String> {
        (0..self.chains.div_ceil(REGIONS.len())).map(|number| format!("{:012}", 100_000_000_000 + number))
    }

    /// The regions of an account: all but for the last account.
    fn regions(&self, account: &str) -> impl Iterator<Item = &'static str> {
        let number: Option<usize> = account.parse().ok();
        let before = number.and_then(|number| number.checked_sub(100_000_000_000)).map(|number| number * REGIONS.len());
        let count = before.map_or(0, |before| self.chains.saturating_sub(before));
        let mut regions = REGIONS.to_vec();
        regions.sort_unstable();
        regions.into_iter().take(count)
    }

    /// A digest and all before it, for each names the one before.
    fn sign(&self, chain: &Chain<'_>, hour: usize) -> SignedDigest {
        let previous = (hour > 1).then(|| self.sign(chain, hour - 1));
        let mut draft = DigestDraft {
            aws_account_id: chain.account.to_owned(),
            digest_start_time: at(hour - 1),
            digest_end_time: at(hour),
            digest_s3_bucket: BUCKET.to_owned(),
            digest_s3_object: chain.digest(hour),
            digest_public_key_fingerprint: self.key.fingerprint.clone(),
            digest_signature_algorithm: SIGNATURE_ALGORITHM.to_owned(),
            newest_event_time: None,
            oldest_event_time: None,
            previous_digest_s3_bucket: None,
            previous_digest_s3_object: None,
            previous_digest_hash_value: None,
            previous_digest_hash_algorithm: None,
            previous_digest_signature: None,
            log_files: (0..self.logs).map(|number| self.entry(chain, hour, number)).collect(),
        };
        draft.link_to(previous.as_ref());
        draft.set_event_times();
        draft.sign(&self.key)
    }

    fn entry(&self, chain: &Chain<'_>, hour: usize, number: usize) -> LogEntryDraft {
        LogEntryDraft {
            s3_bucket: BUCKET.to_owned(),
            s3_object: chain.log(hour, number),
            hash_value: self.log_hash.clone(),
            hash_algorithm: HASH_ALGORITHM.to_owned(),
            newest_event_time: at(hour - 1),
            oldest_event_time: at(hour - 1),
        }
    }

    fn object(&self, key: &str) -> Option<FetchedObject> {
        let chain = self.chain(key)?;
        let hour = |key: &str| key.rsplit('/').next()?.rsplit("_20260110T").next()?.get(..2)?.parse().ok();
        if !key.contains(DIGESTS) {
            return Some(fetched(self.log.clone(), DigestMetadata::default()));
        }
        let signed = self.sign(&chain, hour(key)?);
        let (signature, algorithm) = (Some(signed.signature), Some(signed.signature_algorithm));
        Some(fetched(gzip(&signed.json), DigestMetadata { signature, algorithm, ..DigestMetadata::default() }))
    }
}

fn fetched(body: Vec<u8>, metadata: DigestMetadata) -> FetchedObject {
    FetchedObject { body: Body::Bytes(body.into()), metadata, attributes: Default::default() }
}

#[async_trait]
impl ObjectStore for Nowhere {
    fn bucket(&self) -> Option<&str> {
        Some(BUCKET)
    }

    fn framing(&self) -> Framing {
        Framing::Gzip
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        let parts: Vec<&str> = prefix.split_terminator('/').collect();
        let names: Vec<String> = match parts[..] {
            [] => vec!["AWSLogs".to_owned()],
            [_] => self.accounts().collect(),
            [_, _] => vec![LOGS.to_owned(), DIGESTS.to_owned()],
            [_, account, _] => self.regions(account).map(str::to_owned).collect(),
            [_, _, _, _, ref day @ ..] => {
                DAY.split_terminator('/').skip(day.len()).take(1).map(str::to_owned).collect()
            }
        };
        let folders = names.into_iter().map(|name| format!("{prefix}{name}/")).collect();
        Ok(Folder { folders, objects: Vec::new() })
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let Some(chain) = self.chain(prefix) else { return stream::empty().boxed() };
        let logs = !prefix.contains(DIGESTS);
        let pages = (1..=self.digests).map(move |hour| {
            let numbers = 0..if logs { self.logs } else { 1 };
            let keys = numbers.map(|number| if logs { chain.log(hour, number) } else { chain.digest(hour) });
            let written = Some(at(hour).plus(600));
            let object = |key| ObjectInfo { key, size: 1_000, last_modified: written, ..ObjectInfo::default() };
            Ok(keys.filter(|key| range.has(key)).map(object).collect())
        });
        stream::iter(pages).boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.object(key).ok_or(StoreError::NotFound)
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        Some(self.object(key).ok_or(StoreError::NotFound))
    }
}

/// So many hours into the day.
fn at(hour: usize) -> Time {
    Time::from_unix(1_768_003_200).plus(3_600 * i64::try_from(hour).unwrap_or(0))
}

const BUCKET: &str = "example-trail-logs";
const DAY: &str = "2026/01/10/";
const DIGESTS: &str = "CloudTrail-Digest";
const LOGS: &str = "CloudTrail";
const CONTENT: &[u8] = br#"{"Records":[]}"#;
