//! A source that can fail, and what is pulled from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use sha2::{Digest, Sha256};
use trailseal::audit::pull::{PullError, Pulled, pull_blocking};
use trailseal::audit::{AuditRequest, Evidence, Observer, Silent, audit_blocking};
use trailseal::digest::DigestMetadata;
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::limits::Limits;
use trailseal::logfile::Framing;
use trailseal::report::Report;
use trailseal::simulate::{Keyring, Scenario, SimulatedObject, draft};
use trailseal::store::{
    Body, DirStore, FetchedObject, Folder, KeyRange, ListError, MemoryStore, ObjectInfo, ObjectStore, StoreError,
};
use trailseal::trail::{DigestKey, LogKey, ObjectLocation, Time};

pub(crate) const BUCKET: &str = "example-trail-logs";

pub(crate) type Objects = BTreeMap<String, SimulatedObject>;

pub(crate) fn keyring() -> &'static Keyring {
    static KEYS: OnceLock<Keyring> = OnceLock::new();
    KEYS.get_or_init(|| Keyring::new(7, 100_000, true))
}

pub(crate) fn keys() -> Arc<KeysAtHand> {
    keyring().at("us-east-1", Time::parse_digest_time("2026-01-10T12:00:00Z").unwrap());
    let list = serde_json::to_vec(&keyring().public_keys()).unwrap();
    Arc::new(KeysAtHand::new(parse_key_file(&list).unwrap(), "test", KeyOrigin::Pinned))
}

pub(crate) fn scenario() -> Scenario {
    Scenario {
        regions: vec!["us-east-1".into()],
        hours: 8,
        log_files_per_hour: 2,
        events_per_log_file: 1,
        empty_hours: 0,
        shared_keys: true,
        ..Scenario::default()
    }
}

pub(crate) fn objects() -> Objects {
    draft(&scenario()).unwrap().objects(keyring())
}

pub(crate) fn digests(objects: &Objects) -> Vec<DigestKey> {
    let mut keys: Vec<DigestKey> = objects.keys().filter_map(|key| DigestKey::parse(key)).collect();
    keys.sort_by_key(|key| key.end);
    keys
}

pub(crate) fn logs(objects: &Objects) -> Vec<String> {
    objects.keys().filter(|key| LogKey::parse(key).is_some()).cloned().collect()
}

/// Everything, asked for long after.
pub(crate) fn request(objects: &Objects) -> AuditRequest {
    let end = digests(objects).last().unwrap().end;
    AuditRequest { end: Some(end), ..AuditRequest::everything("memory", end.plus(30 * Time::DAY)) }
}

/// How fetching an object goes wrong.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// So many times the body ends in the middle; then it comes whole.
    BreaksOff(u32),
    /// So many times it ends in the middle as if that were its end.
    CutShort(u32),
    /// As S3 says once a session has expired.
    Expired,
    /// The process dies, as far as one can within a test.
    Panics,
}

/// A bucket as S3 shows one, with entity tags, that counts what is asked for and can fail.
pub(crate) struct Bucket {
    pub(crate) memory: MemoryStore,
    pub(crate) faults: BTreeMap<String, Fault>,
    /// Folders that may not be listed.
    pub(crate) denied: BTreeSet<String>,
    /// Folders of whose listing the first page does not come.
    pub(crate) torn: BTreeSet<String>,
    pub(crate) fetched: AtomicU32,
    asked: Mutex<BTreeMap<String, u32>>,
}

impl Bucket {
    pub(crate) fn of(name: Option<&str>, objects: &Objects) -> Bucket {
        let mut memory = MemoryStore::new(name);
        for object in objects.values() {
            let value = |name: &str| object.metadata.get(name).cloned();
            let metadata = DigestMetadata {
                signature: value("signature"),
                algorithm: value("signature-algorithm"),
                backfill_generated: value("backfill-generation-timestamp").and_then(|t| Time::parse_digest_time(&t)),
                last_modified: Some(object.last_modified),
            };
            memory.put(&object.key, object.body.clone(), metadata);
        }
        let (faults, denied, torn, asked) = Default::default();
        Bucket { memory, faults, denied, torn, fetched: AtomicU32::new(0), asked }
    }

    /// A bucket of that name with the whole trail.
    pub(crate) fn new(objects: &Objects) -> Bucket {
        Bucket::of(Some(BUCKET), objects)
    }

    pub(crate) fn plant(&mut self, key: &str, body: &str) {
        self.memory.put(key, body.to_owned(), DigestMetadata::default());
    }

    fn tagged(&self, mut object: ObjectInfo) -> ObjectInfo {
        object.etag = self.etag(&object.key);
        object
    }

    fn etag(&self, key: &str) -> Option<String> {
        Some(hex::encode(&Sha256::digest(self.memory.object(key)?.0)[..16]))
    }
}

#[async_trait]
impl ObjectStore for Bucket {
    fn bucket(&self) -> Option<&str> {
        self.memory.bucket()
    }

    fn framing(&self) -> Framing {
        Framing::GzipOrPlain
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        if self.denied.contains(prefix) {
            return Err(StoreError::Denied);
        }
        let Folder { folders, objects } = self.memory.folder(prefix).await?;
        Ok(Folder { folders, objects: objects.into_iter().map(|object| self.tagged(object)).collect() })
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        if self.denied.contains(prefix) {
            return stream::iter([Err(ListError { prefix: prefix.to_owned(), error: StoreError::Denied })]).boxed();
        }
        // Pages of two, so that there are several.
        let pages = self.memory.list(prefix, range).flat_map(|page| {
            let objects = page.unwrap();
            stream::iter(objects.chunks(2).map(|page| Ok(page.to_vec())).collect::<Vec<_>>())
        });
        let torn = self.torn.contains(prefix);
        pages
            .enumerate()
            .map(move |(number, page): (usize, Result<Vec<ObjectInfo>, ListError>)| {
                if torn && number == 0 {
                    return Err(ListError { prefix: prefix.to_owned(), error: StoreError::Throttled });
                }
                Ok(page?.into_iter().map(|object| self.tagged(object)).collect())
            })
            .boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        let mut object = self.memory.get(key).await?;
        self.fetched.fetch_add(1, Ordering::Relaxed);
        let times = {
            let mut asked = self.asked.lock().unwrap();
            let times = asked.entry(key.to_owned()).or_default();
            *times += 1;
            *times
        };
        let (bytes, _) = self.memory.object(key).unwrap();
        object.attributes.size = Some(bytes.len() as u64);
        object.attributes.etag = self.etag(key);
        object.attributes.user_metadata.insert("kept".into(), "as it is".into());
        if let Some(signature) = &object.metadata.signature {
            object.attributes.user_metadata.insert("signature".into(), signature.clone());
        }
        let half = bytes.slice(..bytes.len() / 2);
        let pieces: Vec<Result<Bytes, StoreError>> = match self.faults.get(key) {
            Some(Fault::BreaksOff(most)) if times <= *most => {
                vec![Ok(half), Err(StoreError::BrokeOff("connection reset".into()))]
            }
            Some(Fault::CutShort(most)) if times <= *most => vec![Ok(half)],
            Some(Fault::Expired) => return Err(StoreError::Credentials("ExpiredToken".into())),
            Some(Fault::Panics) => panic!("as if the process had been killed"),
            _ => return Ok(object),
        };
        object.body = Body::Stream(stream::iter(pieces).boxed());
        Ok(object)
    }
}

pub(crate) fn evidence(bucket: Bucket) -> Evidence {
    Evidence { stores: vec![Arc::new(bucket)], ..Default::default() }
}

/// Notes what is told of a pull.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) not_copied: Mutex<BTreeMap<String, String>>,
    pub(crate) removed: Mutex<BTreeSet<String>>,
}

impl Observer for Notes {
    fn not_copied(&self, at: &ObjectLocation, why: &str) {
        self.not_copied.lock().unwrap().insert(at.key.clone(), why.to_owned());
    }

    fn removed(&self, at: &ObjectLocation) {
        self.removed.lock().unwrap().insert(at.key.clone());
    }
}

impl Notes {
    pub(crate) fn not_copied(&self) -> Vec<String> {
        self.not_copied.lock().unwrap().keys().cloned().collect()
    }
}

pub(crate) fn pull(bucket: Bucket, request: &AuditRequest, to: &Path) -> Result<(Pulled, Arc<Notes>), PullError> {
    let notes = Arc::new(Notes::default());
    let pulled = pull_blocking(evidence(bucket), keys(), request.clone(), to, Arc::clone(&notes) as Arc<dyn Observer>)?;
    Ok((pulled, notes))
}

pub(crate) fn audit(evidence: Evidence, request: &AuditRequest) -> Report {
    audit_blocking(evidence, keys(), request.clone(), Arc::new(Silent)).unwrap()
}

/// The copy in a directory as evidence.
pub(crate) fn copied(dir: &Path) -> Evidence {
    let store = DirStore::open(dir, None, &Limits::default()).unwrap();
    Evidence { stores: vec![Arc::new(store)], ..Default::default() }
}

/// Both come to the same.
#[track_caller]
pub(crate) fn same(source: &Report, copy: &Report) {
    assert_eq!(source.findings, copy.findings);
    assert_eq!(source.chains, copy.chains);
    assert_eq!((source.verdict, &source.totals), (copy.verdict, &copy.totals));
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trailseal")).args(arguments).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every file below a directory, links as such, by its path from there.
pub(crate) fn files_below(dir: &Path) -> BTreeSet<PathBuf> {
    let mut open = vec![dir.to_owned()];
    let mut files = BTreeSet::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                files.insert(entry.path().strip_prefix(dir).unwrap().to_owned());
            }
        }
    }
    files
}
