//! The smallest trail that has every kind of digest, and its audit.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::runtime::Runtime;
use trailseal::audit::{AuditRequest, Evidence, Silent, audit};
use trailseal::digest::DigestMetadata;
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::logfile::Framing;
use trailseal::report::Report;
use trailseal::simulate::{Keyring, LogEntryDraft, Scenario, SimulatedObject, draft, gzip};
use trailseal::store::{FetchedObject, Folder, KeyRange, ListError, MemoryStore, ObjectInfo, ObjectStore, StoreError};
use trailseal::trail::{ObjectLocation, Time};

/// Three digests, of which one starts the chain, one is named by another, and one is vouched for by its metadata alone;
/// each with a log file.
pub(crate) struct World {
    /// In order of their keys: digest files before log files, oldest first.
    pub(crate) objects: Vec<Object>,
    bucket: String,
    start: Time,
    end: Time,
    keys: Arc<KeysAtHand>,
}

/// An object, and all of its metadata that CloudTrail writes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) body: Vec<u8>,
    pub(crate) signature: Option<String>,
    pub(crate) algorithm: Option<String>,
    written: Time,
}

/// The number of the newest digest.
pub(crate) const NEWEST: usize = 2;

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let scenario = Scenario {
        bucket: "logs".into(),
        regions: vec!["us-east-1".into()],
        trails: vec!["audit".into()],
        hours: 3,
        log_files_per_hour: 1,
        events_per_log_file: 1,
        empty_hours: 0,
        ..Scenario::default()
    };
    let mut drafted = draft(&scenario).expect("the scenario is sound");
    let chain = &mut drafted.chains[0];
    let mut objects = Vec::new();
    for (number, delivery) in chain.digests.iter_mut().enumerate() {
        // One short log file each, for every bit of it is a case.
        let digest = &mut delivery.digest;
        digest.log_files.truncate(1);
        let log = &mut digest.log_files[0];
        let content = content(number, log);
        let object = &drafted.log_files[&log.s3_object];
        objects.push(SimulatedObject { body: gzip(content.as_bytes()), ..object.clone() });
        let at = ObjectLocation::new(&log.s3_bucket, &log.s3_object);
        *log = LogEntryDraft::new(at, content.as_bytes(), log.oldest_event_time, log.newest_event_time);
    }
    let keyring = Keyring::new(scenario.seed, 10_000, true);
    objects.extend(chain.objects(&keyring));
    objects.sort_by(|a, b| (!is_digest(&a.key), &a.key).cmp(&(!is_digest(&b.key), &b.key)));
    let key_list = serde_json::to_vec(&keyring.public_keys()).expect("JSON");
    let keys = parse_key_file(&key_list).expect("keys");
    let digest = |at: usize| &chain.digests[at].digest;
    World {
        objects: objects.into_iter().map(Object::of).collect(),
        bucket: scenario.bucket,
        start: digest(0).digest_start_time,
        end: digest(2).digest_end_time,
        keys: Arc::new(KeysAtHand::new(keys, "keys", KeyOrigin::Pinned)),
    }
});

/// A log file with one event of one hour.
fn content(number: usize, log: &LogEntryDraft) -> String {
    let name = ["ConsoleLogin", "StopLogging", "DeleteTrail"][number];
    format!(
        r#"{{"Records":[{{"eventVersion":"1.11","eventTime":"{}","eventSource":"cloudtrail.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1"}}]}}"#,
        log.newest_event_time
    )
}

pub(crate) fn is_digest(key: &str) -> bool {
    key.contains("/CloudTrail-Digest/")
}

impl Object {
    fn of(object: SimulatedObject) -> Object {
        let told = |name: &str| object.metadata.get(name).cloned();
        Object {
            signature: told("signature"),
            algorithm: told("signature-algorithm"),
            key: object.key,
            body: object.body,
            written: object.last_modified,
        }
    }
}

impl World {
    /// Audits what became of the objects, asked for by the times of the honest trail.
    pub(crate) fn audit<'o>(
        &self,
        runtime: &Runtime,
        framing: Framing,
        objects: impl Iterator<Item = &'o Object>,
    ) -> Report {
        let mut store = MemoryStore::new(Some(&self.bucket));
        for object in objects {
            let metadata = DigestMetadata {
                signature: object.signature.clone(),
                algorithm: object.algorithm.clone(),
                last_modified: Some(object.written),
                ..DigestMetadata::default()
            };
            store.put(&object.key, object.body.clone(), metadata);
        }
        let evidence = Evidence { stores: vec![Arc::new(Bucket { store, framing })], ..Evidence::default() };
        let request = AuditRequest {
            start: Some(self.start),
            end: Some(self.end),
            concurrency: 1,
            ..AuditRequest::everything("bucket", self.end.plus(Time::DAY))
        };
        let keys = Arc::clone(&self.keys);
        runtime.block_on(audit(evidence, keys, request, Arc::new(Silent))).expect("a verdict")
    }
}

/// A bucket, or a copy, that hands out its objects without the threads that hash: a thread for each of so many audits
/// would cost more than the audit.
struct Bucket {
    store: MemoryStore,
    framing: Framing,
}

#[async_trait]
impl ObjectStore for Bucket {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn framing(&self) -> Framing {
        self.framing
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.store.folder(prefix).await
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        self.store.list(prefix, range)
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.store.get(key).await
    }
}
