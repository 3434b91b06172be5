//! One honest trail for all theorems, in memory, and the audit of whatever becomes of it.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, LazyLock};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::sample::Index;
use trailseal::audit::{AuditRequest, Evidence, audit_blocking};
use trailseal::digest::{DigestMetadata, Gunzip, KeySet};
use trailseal::finding::Severity;
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::report::Report;
use trailseal::simulate::{MemorySink, Scenario, SimulatedObject, Summary, simulate};
use trailseal::store::{MemoryStore, ObjectStore};
use trailseal::trail::{DigestKey, Time};

use crate::counted::ObjectCounts;

/// The objects of a bucket, by key.
pub(crate) type Objects = BTreeMap<String, SimulatedObject>;

/// The honest trail.
pub(crate) struct World {
    pub(crate) objects: Objects,
    pub(crate) keys: KeySet,
    pub(crate) summary: Summary,
    pub(crate) scenario: Scenario,
}

/// Two regions, two trails in one bucket, seven hours, with a backfill and a change of keys.
pub(crate) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let scenario = Scenario {
        accounts: 1,
        regions: vec!["us-east-1".into(), "eu-west-1".into()],
        trails: vec!["audit".into(), "siem_b.c-d".into()],
        hours: 7,
        log_files_per_hour: 2,
        events_per_log_file: 2,
        empty_hours: 15,
        backfills: 1,
        key_rotation: 5,
        shared_keys: true,
        ..Scenario::default()
    };
    let sink = MemorySink::default();
    let summary = simulate(&scenario, &sink).expect("the scenario is sound");
    let keys = parse_key_file(&serde_json::to_vec(&summary.public_keys).expect("JSON")).expect("keys");
    World { objects: sink.into_objects(), keys, summary, scenario }
});

impl World {
    pub(crate) fn keys_at_hand(&self) -> Arc<KeysAtHand> {
        Arc::new(KeysAtHand::new(self.keys.clone(), "keys", KeyOrigin::Pinned))
    }

    /// Everything that was simulated, asked for by its times, long after.
    pub(crate) fn request(&self) -> AuditRequest {
        let range = self.summary.interval;
        AuditRequest {
            start: Some(range.start),
            end: Some(range.end),
            ..AuditRequest::everything("bucket", range.end.plus(10 * Time::DAY))
        }
    }

    pub(crate) fn key(&self, at: Index) -> String {
        at.get(&self.objects.keys().collect::<Vec<_>>()).to_string()
    }
}

/// The objects as a store.
pub(crate) fn store(objects: &Objects) -> MemoryStore {
    let mut store = MemoryStore::new(Some(&WORLD.scenario.bucket));
    for object in objects.values() {
        store.put(&object.key, object.body.clone(), metadata(object));
    }
    store
}

fn metadata(object: &SimulatedObject) -> DigestMetadata {
    let value = |name: &str| object.metadata.get(name).cloned();
    DigestMetadata {
        signature: value("signature"),
        algorithm: value("signature-algorithm"),
        backfill_generated: value("backfill-generation-timestamp").and_then(|text| Time::parse_loose(&text)),
        last_modified: Some(object.last_modified),
    }
}

pub(crate) fn audit_store(store: Arc<dyn ObjectStore>, request: AuditRequest) -> Report {
    let evidence = Evidence { stores: vec![store], ..Evidence::default() };
    let counted = Arc::new(ObjectCounts::default());
    let report = audit_blocking(evidence, WORLD.keys_at_hand(), request, Arc::clone(&counted) as _);
    let report = report.expect("a verdict");
    counted.against(&report);
    report
}

pub(crate) fn audit(objects: &Objects) -> Report {
    audit_store(Arc::new(store(objects)), WORLD.request())
}

/// Every code found, but for notes.
pub(crate) fn codes(report: &Report) -> Vec<&'static str> {
    let told = report.findings.iter().filter(|finding| finding.severity != Severity::Note);
    told.map(|finding| finding.code.name()).collect()
}

/// Whether a finding, or a hole of its chain, names the object.
pub(crate) fn names(report: &Report, key: &str) -> bool {
    let subject = report.findings.iter().any(|finding| {
        finding.severity != Severity::Note && finding.subject.as_ref().is_some_and(|subject| subject.key == key)
    });
    let hole = DigestKey::parse(key).is_some_and(|digest| {
        report.chains.iter().any(|chain| {
            chain.account_id == digest.chain.account_id
                && chain.region == digest.chain.region
                && chain.trail == digest.chain.trail
                && chain.holes.iter().any(|hole| hole.start < digest.end && digest.end <= hole.end)
        })
    });
    subject || hole
}

pub(crate) fn gunzip(body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut gunzip = Gunzip::new(u64::MAX);
    gunzip.push(body, &mut |made| content.extend_from_slice(made)).expect("gzip");
    content
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(content).expect("memory");
    gz.finish().expect("memory")
}

pub(crate) fn is_digest(key: &str) -> bool {
    key.contains("/CloudTrail-Digest/")
}
