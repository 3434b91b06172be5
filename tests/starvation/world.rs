//! A small honest trail, and what an audit takes while it is starved.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;
use trailseal::audit::{AuditRequest, Evidence, Silent, audit};
use trailseal::digest::DigestMetadata;
use trailseal::finding::Code;
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::report::Report;
use trailseal::simulate::{MemorySink, Scenario, SimulatedObject, Summary, simulate};
use trailseal::store::{MemoryStore, ObjectStore};
use trailseal::trail::{DigestKey, Time};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory is the whole process's, so every test begins with this and runs alone.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    LazyLock::force(&WORLD);
    alone
}

pub(crate) struct World {
    pub(crate) objects: Vec<SimulatedObject>,
    pub(crate) summary: Summary,
    bucket: String,
    keys: Arc<KeysAtHand>,
}

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let scenario = Scenario {
        regions: vec!["us-east-1".into()],
        trails: vec!["audit".into()],
        hours: 4,
        log_files_per_hour: 2,
        events_per_log_file: 1,
        empty_hours: 0,
        shared_keys: true,
        ..Scenario::default()
    };
    let sink = MemorySink::default();
    let summary = simulate(&scenario, &sink).expect("the scenario is sound");
    let keys = parse_key_file(&serde_json::to_vec(&summary.public_keys).expect("JSON")).expect("keys");
    World {
        objects: sink.into_objects().into_values().collect(),
        summary,
        bucket: scenario.bucket,
        keys: Arc::new(KeysAtHand::new(keys, "keys", KeyOrigin::Pinned)),
    }
});

/// The account's folder in the honest trail.
pub(crate) const ACCOUNT: &str = "AWSLogs/220066383621/";
/// Its region's.
pub(crate) const DIGESTS: &str = "AWSLogs/220066383621/CloudTrail-Digest/us-east-1/";
pub(crate) const LOGS: &str = "AWSLogs/220066383621/CloudTrail/us-east-1/";

impl World {
    pub(crate) fn store(&self) -> MemoryStore {
        let mut store = MemoryStore::new(Some(&self.bucket));
        for object in &self.objects {
            let told = |name: &str| object.metadata.get(name).map(String::as_str);
            let metadata = DigestMetadata {
                last_modified: Some(object.last_modified),
                ..DigestMetadata::from_user_metadata(told)
            };
            store.put(&object.key, object.body.clone(), metadata);
        }
        store
    }

    /// The keys of the digest files, oldest first, and those of the log files.
    pub(crate) fn keys(&self) -> (Vec<&str>, Vec<&str>) {
        let keys = self.objects.iter().map(|object| object.key.as_str());
        keys.partition(|key| DigestKey::parse(key).is_some())
    }

    pub(crate) fn request(&self) -> AuditRequest {
        let range = self.summary.interval;
        AuditRequest {
            start: Some(range.start),
            end: Some(range.end),
            concurrency: 8,
            ..AuditRequest::everything("bucket", range.end.plus(Time::DAY))
        }
    }
}

/// What an audit came to, and how many bytes of memory it had at once.
pub(crate) fn measured(store: Arc<dyn ObjectStore>, request: AuditRequest) -> (Report, usize) {
    let evidence = Evidence { stores: vec![store], ..Evidence::default() };
    let keys = Arc::clone(&WORLD.keys);
    // Two workers on any machine: how much is under way at once follows from their number.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let report = runtime.block_on(audit(evidence, keys, request, Arc::new(Silent))).expect("a verdict");
    let taken = MEMORY.peak_usage().saturating_sub(before);
    (report, taken)
}

/// How many findings there are of a code.
pub(crate) fn count(report: &Report, code: Code) -> usize {
    report.findings.iter().filter(|finding| finding.code == code).count()
}

/// The code and the reason of the worst about each thing, for a message.
pub(crate) fn codes(report: &Report) -> Vec<String> {
    let told = report.findings.iter().take(12);
    told.map(|f| format!("{} {:?} {:?}", f.code, f.reason, f.subject.as_ref().map(|at| &at.key))).collect()
}
