//! A trail in memory, taken apart: its log files, its digests, its keys. Shared by the benchmarks and by the program whose
//! instructions are counted.

#![allow(dead_code, reason = "each program uses a part")]
#![allow(clippy::unwrap_used, reason = "a measurement without its trail is none")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use trailseal::chain::{ChainOutcome, ChainWalk, ListedDigest, Need, Observed, Scope};
use trailseal::digest::{DigestMetadata, FetchedDigest, KeySet, VerifiedDigest};
use trailseal::keys::parse_key_file;
use trailseal::limits::Limits;
use trailseal::logfile::Framing;
use trailseal::simulate::{MemorySink, Scenario, simulate};
use trailseal::store::MemoryStore;
use trailseal::trail::{ChainId, DigestKey, ObjectLocation, Time};

/// A trail in memory.
pub(crate) struct Corpus {
    /// The bucket.
    pub(crate) store: MemoryStore,
    /// The log files, as stored.
    pub(crate) logs: Vec<Bytes>,
    /// The digests of each chain, newest first.
    pub(crate) chains: BTreeMap<ChainId, Vec<FetchedDigest>>,
    /// The keys that signed them.
    pub(crate) keys: KeySet,
}

impl Corpus {
    /// Simulates one.
    pub(crate) fn simulated(scenario: &Scenario) -> Corpus {
        let sink = MemorySink::default();
        let summary = simulate(scenario, &sink).unwrap();
        let keys = parse_key_file(&serde_json::to_vec(&summary.public_keys).unwrap()).unwrap();
        let mut corpus = Corpus::empty(&scenario.bucket, keys);
        for object in sink.into_objects().into_values() {
            corpus.add(&object.key, object.body.into(), &object.metadata, object.last_modified);
        }
        corpus
    }

    /// Reads a copy, and the keys beside it.
    pub(crate) fn read(copy: &Path, key_file: &Path) -> Corpus {
        let mut corpus = Corpus::empty("example-trail-logs", parse_key_file(&fs::read(key_file).unwrap()).unwrap());
        for line in fs::read_to_string(copy.join(".trailseal/metadata.jsonl")).unwrap().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let key = line["key"].as_str().unwrap();
            let metadata = line["metadata"].as_object().into_iter().flatten();
            let metadata = metadata.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
            let written = Time::parse_digest_time(line["last_modified"].as_str().unwrap()).unwrap();
            corpus.add(key, fs::read(copy.join(key)).unwrap().into(), &metadata, written);
        }
        corpus
    }

    fn empty(bucket: &str, keys: KeySet) -> Corpus {
        Corpus { store: MemoryStore::new(Some(bucket)), logs: Vec::new(), chains: BTreeMap::new(), keys }
    }

    fn add(&mut self, key: &str, body: Bytes, metadata: &BTreeMap<String, String>, written: Time) {
        let told = |name: &str| metadata.get(name).map(String::as_str);
        let metadata = DigestMetadata { last_modified: Some(written), ..DigestMetadata::from_user_metadata(told) };
        self.store.put(key, body.clone(), metadata.clone());
        match DigestKey::parse(key) {
            Some(name) => {
                let at = ObjectLocation::new("example-trail-logs", key);
                let digest = FetchedDigest { at, body, framing: Framing::Gzip, metadata };
                // Keys come in the order of their times.
                self.chains.entry(name.chain).or_default().insert(0, digest);
            }
            None => self.logs.push(body),
        }
    }

    /// Every digest.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &FetchedDigest> {
        self.chains.values().flatten()
    }

    /// The chains with their digests verified, newest first.
    pub(crate) fn verified(&self) -> Vec<(ChainId, Vec<VerifiedDigest>)> {
        let verify = |digest: &FetchedDigest| {
            digest
                .clone()
                .parse(&Limits::default())
                .unwrap()
                .verify(&self.keys, None)
                .map_err(|failed| failed.1)
                .unwrap()
        };
        self.chains.iter().map(|(chain, digests)| (chain.clone(), digests.iter().map(verify).collect())).collect()
    }
}

/// Walks a chain whose digests are facts already.
pub(crate) fn walk(chain: ChainId, newest_first: Vec<VerifiedDigest>) -> ChainOutcome {
    let end = newest_first[0].covers().end;
    let listed = newest_first.iter().map(|digest| ListedDigest { at: digest.at().clone(), end: digest.covers().end });
    let mut listed: Vec<ListedDigest> = listed.collect();
    let mut digests = newest_first.into_iter();
    let mut walk = ChainWalk::new(chain, Scope { start: None, end, horizon: end, began_by: None }, &Limits::default());
    loop {
        match walk.need() {
            None => break,
            Some(Need::Listing { .. }) => walk.listed(std::mem::take(&mut listed)),
            Some(Need::Digest { .. }) => {
                let digest = digests.next().map(Box::new);
                walk.observed(digest.map_or(Observed::Absent, Observed::Verified));
            }
        }
    }
    walk.finish()
}
