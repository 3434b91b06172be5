//! An evidence bundle that was altered anywhere, or never was one: read in bounds, and never `intact` with other evidence in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use rawzip::ZipArchive;
use trailseal::audit::{AuditRequest, Evidence, Silent, audit};
use trailseal::bundle::{
    Bundle, Checked, Contents, IncludeLogs, REPORT, Recording, Rendered, RequestRecord, check_files, differences, pack,
};
use trailseal::digest::{DigestMetadata, KeySet};
use trailseal::keys::{KeyOrigin, KeySource, KeysAtHand, parse_key_file};
use trailseal::limits::Limits;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::{Keyring, Scenario, draft};
use trailseal::store::{MemoryStore, ObjectStore};

pub(crate) const STAGES: &[&str] = &["refused", "no audit", "inconclusive", "not intact", "intact"];

struct Made {
    zip: Vec<u8>,
    keys: KeySet,
    seeds: Vec<Vec<u8>>,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let scenario = Scenario {
        regions: vec!["us-east-1".into()],
        hours: 2,
        log_files_per_hour: 2,
        events_per_log_file: 1,
        empty_hours: 0,
        ..Scenario::default()
    };
    let keyring = Keyring::new(7, 10_000, true);
    let objects = draft(&scenario).expect("the scenario is sound").objects(&keyring);
    let keys = parse_key_file(&serde_json::to_vec(&keyring.public_keys()).expect("JSON")).expect("keys");
    let mut store = MemoryStore::new(Some(&scenario.bucket));
    for object in objects.values() {
        let mut metadata = DigestMetadata::from_user_metadata(|name| object.metadata.get(name).map(String::as_str));
        metadata.last_modified = Some(object.last_modified);
        store.put(&object.key, object.body.clone(), metadata);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("bundle.zip");
    block_on(make(Arc::new(store), &keys, &out));
    let zip = fs::read(out).expect("a bundle");
    let whole = [&[0], zip.as_slice()].concat();
    let mut seeds = vec![vec![], vec![1], whole[..whole.len() / 2].to_vec(), whole];
    // One edit each, all over the file.
    seeds.extend((0..40_u32).map(|at| {
        let place = (at * 104_729).to_be_bytes();
        vec![1, place[0], place[1], place[2], place[3], (at % 4) as u8, 1 << (at % 8)]
    }));
    Made { zip, keys, seeds }
});

async fn make(store: Arc<dyn ObjectStore>, keys: &KeySet, out: &Path) {
    let evidence = Evidence { stores: vec![store], ..Evidence::default() };
    let request = AuditRequest::everything("memory", trailseal::trail::Time::from_unix(2_000_000_000));
    let record = RequestRecord::of(&request, &evidence, IncludeLogs::All);
    let recorded = Recording::of(evidence, pinned(keys), IncludeLogs::All, &request.limits, out);
    let (recording, evidence, keys) = recorded.expect("a disk");
    let report = audit(evidence, keys, request, Arc::new(Silent)).await.expect("a report");
    assert_eq!(report.verdict, Verdict::Intact, "{:#?}", report.findings);
    let made = |manifest: &[u8; 32]| {
        Ok(serde_json::json!({"manifest_sha256": hex::encode(manifest)}).to_string().into_bytes())
    };
    let json = |out: &mut dyn std::io::Write| trailseal::render::json(&report, out);
    let contents = Contents {
        report: &report,
        request: record,
        previous: None,
        waivers: None,
        rendered: vec![Rendered { name: REPORT, write: &json }],
        made: &made,
        sign: None,
    };
    recording.ended().await.expect("kept");
    pack(&recording, contents).expect("packed");
}

fn pinned(keys: &KeySet) -> Arc<dyn KeySource> {
    Arc::new(KeysAtHand::new(keys.clone(), "pinned", KeyOrigin::Pinned))
}

/// Nobody gains by more threads: one input is looked at after the other.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

pub(crate) fn run(data: &[u8]) -> usize {
    let zip = match data.split_first() {
        Some((0, whole)) => whole.to_vec(),
        Some((_, edits)) => edited(edits),
        None => return 0,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bundle.zip");
    fs::write(&path, &zip).expect("written");
    let limits = Limits::default();
    let Ok(bundle) = Bundle::open(&path, &limits).map(Arc::new) else { return 0 };
    let mut request = AuditRequest::everything("bundle", trailseal::trail::Time::from_unix(2_000_000_000));
    if bundle.request.ask(&mut request).is_err() {
        return 1;
    }
    let Checked { mut findings, .. } = check_files(&bundle, None);
    let Ok(mut report) = block_on(audit(bundle.replayed(), pinned(&MADE.keys), request, Arc::new(Silent))) else {
        return 1;
    };
    match bundle.packed_report(1 << 20).ok().and_then(|text| Report::parse(&text).ok()) {
        Some(packed) => findings.extend(differences(&packed, &report, true)),
        // As the program finds it: what is no report is not the one that was packed.
        None => return 3,
    }
    report.also(findings);
    match report.verdict {
        Verdict::Inconclusive => 2,
        Verdict::NotIntact => 3,
        Verdict::Intact => {
            assert!(evidence(&zip) == evidence(&MADE.zip), "intact, and the evidence is other than it was");
            4
        }
    }
}

/// The genuine bundle after some edits, each a place, a kind and a value.
fn edited(edits: &[u8]) -> Vec<u8> {
    let mut zip = MADE.zip.clone();
    for edit in edits.chunks_exact(6).take(8) {
        let at = u32::from_be_bytes([edit[0], edit[1], edit[2], edit[3]]) as usize % zip.len().max(1);
        match edit[4] % 4 {
            0 => zip[at] ^= edit[5],
            1 => zip[at] = edit[5],
            2 => zip.insert(at, edit[5]),
            _ => drop(zip.remove(at)),
        }
    }
    zip
}

/// The objects in a bundle.
fn evidence(zip: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let archive = ZipArchive::from_slice(zip).expect("it was read");
    let (mut entries, mut found) = (archive.entries(), BTreeMap::new());
    while let Some(entry) = entries.next_entry().expect("it was read") {
        let name = entry.file_path().as_ref().to_vec();
        if name.starts_with(b"evidence/") {
            let bytes = archive.get_entry(entry.wayfinder()).expect("it was read").data().to_vec();
            found.insert(name, bytes);
        }
    }
    found
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    MADE.seeds.clone()
}
