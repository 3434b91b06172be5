//! What lies in `.trailseal` beside a copy: read in bounds, printed and read the same, and nothing in it makes an altered
//! copy `intact`, nor keys from beside the evidence a proof.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use futures::StreamExt;
use tempfile::TempDir;
use trailseal::audit::{AuditError, AuditRequest, Evidence, Silent, audit};
use trailseal::digest::KeySet;
use trailseal::finding::{Code, Severity};
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::limits::Limits;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::{DirectorySink, Keyring, Scenario, Sink, draft};
use trailseal::store::dir::{ObjectRecord, PullRecord, SourceRecord};
use trailseal::store::{DirStore, KeyRange, ObjectStore};
use trailseal::trail::{Interval, LogKey, Time};

pub(crate) const STAGES: &[&str] =
    &["refused", "no record", "a record read", "judged with it", "intact, were it pinned"];

const FILES: [&str; 5] = ["metadata.jsonl", "not-copied.jsonl", "source.json", "pull.json", "public-keys.json"];

/// A copy of one chain of three hours without one of its log files, on the disk as long as the program runs.
struct Copy {
    _folder: TempDir,
    root: PathBuf,
    /// The same with all its log files.
    whole: PathBuf,
    keys: KeySet,
    interval: Interval,
    sidecar: Vec<u8>,
    gone: String,
    seeds: Vec<Vec<u8>>,
}

static COPY: LazyLock<Copy> = LazyLock::new(|| {
    let scenario = Scenario {
        regions: vec!["us-east-1".into()],
        hours: 3,
        log_files_per_hour: 3,
        events_per_log_file: 1,
        empty_hours: 0,
        ..Scenario::default()
    };
    let keyring = Keyring::new(7, 10_000, true);
    let objects = draft(&scenario).expect("the scenario is sound").objects(&keyring);
    let keys = serde_json::to_vec(&keyring.public_keys()).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let interval = scenario.interval();
    let [root, whole] = ["copy", "whole"].map(|name| {
        let root = folder.path().join(name);
        let sink = DirectorySink::create(&root).expect("a folder");
        objects.values().for_each(|object| sink.put(object.clone()).expect("written"));
        let taken_at = interval.end.plus(Time::DAY);
        sink.finish_with(&scenario.bucket, interval, taken_at, &keyring.public_keys()).expect("written");
        root
    });
    let logs: Vec<&String> = objects.keys().filter(|key| LogKey::parse(key).is_some()).collect();
    let gone = logs[logs.len() / 2].clone();
    fs::remove_file(root.join(&gone)).expect("a log file");
    let read = |name: &str| fs::read(root.join(".trailseal").join(name)).expect("a record");
    let (sidecar, source) = (read("metadata.jsonl"), read("source.json"));
    let line = |reason: &str| format!("{{\"key\":\"{gone}\",\"reason\":\"{reason}\",\"size\":7}}\n");
    let pull = serde_json::json!({
        "source": "s3://example-trail-logs", "bucket": "example-trail-logs",
        "extent": {"start": interval.start, "end": interval.end, "newest": false},
        "earlier": null, "only": [], "log_files": "all", "complete": true,
    });
    let narrowed = |start: Time, end: Time| {
        format!("{{\"source\":\"s3://x\",\"bucket\":null,\"start\":\"{start}\",\"end\":\"{end}\",\"taken_at\":null}}")
    };
    let named = |at: u8, text: &[u8]| [&[at], text].concat();
    let folder_line = format!("{{\"key\":\"{}\",\"reason\":\"denied\",\"folder\":true}}\n", &gone[..gone.len() - 60]);
    let seeds = vec![
        vec![],
        named(0, &sidecar),
        named(0, &sidecar[..sidecar.len() / 2]),
        named(1, line("denied").as_bytes()),
        named(1, (line("archived") + &folder_line + "{\"key\":\"AWSLogs/x\",\"withdrawn\":true}\n").as_bytes()),
        named(2, &source),
        named(2, b"{\"source\":null,\"bucket\":\"other\",\"start\":null,\"end\":null,\"taken_at\":null}"),
        named(2, narrowed(interval.start, interval.start.plus(Time::HOUR)).as_bytes()),
        named(2, narrowed(interval.start.plus(90 * 60), interval.end).as_bytes()),
        named(3, pull.to_string().as_bytes()),
        named(3, pull.to_string().replace("true", "false").as_bytes()),
        named(4, &keys),
        named(5, &source),
    ];
    let keys = parse_key_file(&keys).expect("keys");
    Copy { _folder: folder, root, whole, keys, interval, sidecar, gone, seeds }
});

pub(crate) fn run(data: &[u8]) -> usize {
    let Some((&which, text)) = data.split_first() else { return 0 };
    let name = FILES[usize::from(which) % FILES.len()];
    let recorded = is_written_and_read(name, text);
    let folder = COPY.root.join(".trailseal");
    for name in FILES {
        // Never part of one input's records with part of another's.
        fs::remove_file(folder.join(name)).ok();
    }
    fs::write(folder.join("metadata.jsonl"), &COPY.sidecar).expect("written");
    fs::write(folder.join(name), text).expect("written");
    let limits = Limits { small_file: 1 << 16, sidecar_line: 1 << 12, ..Limits::default() };
    let Ok(store) = DirStore::open(&COPY.root, None, &limits) else { return usize::from(recorded) * 2 };
    let store: Arc<dyn ObjectStore> = Arc::new(store);
    shows_what_it_can_give(&store);
    if name == FILES[4] {
        let Ok(keys) = parse_key_file(text) else { return 1 };
        // Nothing is wrong with this one, and whoever could alter it could have left these keys.
        let store = DirStore::open(&COPY.whole, None, &limits).expect("a copy");
        let store: Arc<dyn ObjectStore> = Arc::new(store);
        let judged = |origin| {
            let keys = KeysAtHand::new(keys.clone(), "keys", origin);
            asked(Arc::clone(&store), keys, &limits, COPY.request())
        };
        if let Some(report) = judged(KeyOrigin::BesideEvidence) {
            assert_ne!(report.verdict, Verdict::Intact, "intact by keys from beside it");
            assert!(report.public_keys.iter().all(|key| !key.pinned), "pinned, and from beside it");
        }
        let pinned = judged(KeyOrigin::Pinned);
        return if pinned.is_some_and(|report| report.verdict == Verdict::Intact) { 4 } else { 3 };
    }
    if judge(&store, &limits) { 3 } else { 1 + usize::from(recorded) }
}

/// The copy lacks what a signed digest names: whatever its records say, it is not intact.
fn judge(store: &Arc<dyn ObjectStore>, limits: &Limits) -> bool {
    let keys = || KeysAtHand::new(COPY.keys.clone(), "keys", KeyOrigin::Pinned);
    let report = asked(Arc::clone(store), keys(), limits, COPY.request());
    if let Some(report) = &report {
        assert_ne!(report.verdict, Verdict::Intact, "{} is gone", COPY.gone);
        tells_of_it(report);
    }
    // As the record would have it: what it leaves out of the request is told, and the rest is judged.
    let record = SourceRecord::read(&COPY.root, limits).ok().flatten();
    let recorded = (record.as_ref().and_then(|record| record.start), record.as_ref().and_then(|record| record.end));
    if let Some(report) = asked(Arc::clone(store), keys(), limits, (None, None, recorded)) {
        let later = report.request.start.is_some_and(|start| start > COPY.interval.start);
        let earlier = report.request.end < COPY.interval.end;
        let is_told = report.findings.iter().any(|finding| finding.code == Code::EndFromEvidence);
        assert!(later || earlier || report.verdict != Verdict::Intact, "{} is gone: {:?}", COPY.gone, report.request);
        assert!(is_told, "whose word the end is, is not told: {:?}", report.request);
    }
    report.is_some()
}

impl Copy {
    /// All of it, with both ends.
    fn request(&self) -> Request {
        (Some(self.interval.start), Some(self.interval.end), (None, None))
    }
}

/// The start and the end that are asked for, and those that are recorded.
type Request = (Option<Time>, Option<Time>, (Option<Time>, Option<Time>));

fn asked(store: Arc<dyn ObjectStore>, keys: KeysAtHand, limits: &Limits, request: Request) -> Option<Report> {
    let (start, end, (recorded_start, recorded_end)) = request;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let evidence = Evidence { stores: vec![store], recorded_start, recorded_end, ..Evidence::default() };
    let as_of = COPY.interval.end.plus(30 * Time::DAY);
    let request = AuditRequest { start, end, limits: limits.clone(), ..AuditRequest::everything("copy", as_of) };
    match runtime.block_on(audit(evidence, Arc::new(keys), request, Arc::new(Silent))) {
        Ok(report) => Some(report),
        Err(error @ (AuditError::Task(_) | AuditError::Start(_))) => panic!("{error}"),
        Err(_) => None,
    }
}

/// What is gone is told of, or nothing that would name it is believed.
fn tells_of_it(report: &Report) {
    let told = report.findings.iter().filter(|finding| finding.severity != Severity::Note).count();
    assert!(told > 0, "{} is gone, and nothing is told", COPY.gone);
}

/// Every key that is listed can be asked for, and what is given is a file of the copy.
fn shows_what_it_can_give(store: &Arc<dyn ObjectStore>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let pages: Vec<_> = runtime.block_on(store.list("", KeyRange::ALL).collect());
    for object in pages.into_iter().flatten().flatten().take(200) {
        assert!(!object.key.starts_with(".trailseal/"), "a record is shown as an object");
        if runtime.block_on(store.get(&object.key)).is_ok() {
            let file = COPY.root.join(&object.key).canonicalize().expect("given, and no file");
            assert!(file.starts_with(COPY.root.canonicalize().expect("a folder")), "outside of the copy");
            assert!(!object.only_told, "told of as not copied, and given");
        }
    }
}

/// Records that are read print as what reads the same. Whether one was read.
fn is_written_and_read(name: &str, text: &[u8]) -> bool {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(text: &[u8]) -> bool {
        let Ok(record) = serde_json::from_slice::<T>(text) else { return false };
        let written = serde_json::to_vec(&record).expect("JSON");
        assert_eq!(serde_json::from_slice::<T>(&written).expect("a record that was written"), record);
        true
    }
    match name {
        "source.json" => same::<SourceRecord>(text),
        "pull.json" => same::<PullRecord>(text),
        "public-keys.json" => parse_key_file(text).is_ok(),
        _ => text.split(|byte| *byte == b'\n').filter(|line| same::<ObjectRecord>(line)).count() > 0,
    }
}

/// Every record as it is written, and some that lie.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    COPY.seeds.clone()
}
