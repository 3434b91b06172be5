//! A whole simulated trail, looked at the way a verifier would.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::OnceLock;

use rsa::PublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use sha2::Sha256;

use super::*;
use crate::trail::{ChainKind, DigestKey, LogKey};

/// Everything at once, small.
fn scenario() -> Scenario {
    Scenario {
        seed: 3,
        prefix: "a/b".into(),
        organization: Some(Scenario::organization_id(3)),
        accounts: 2,
        trails: vec!["one_us-east-1".into(), "two".into()],
        hours: 14,
        log_files_per_hour: 2,
        events_per_log_file: 5,
        restarts: 1,
        backfills: 2,
        key_rotation: 5,
        shared_keys: true,
        ..Scenario::default()
    }
}

fn keyring() -> &'static Keyring {
    static KEYS: OnceLock<Keyring> = OnceLock::new();
    KEYS.get_or_init(|| Keyring::new(3, 5, true))
}

fn simulated(threads: usize) -> (BTreeMap<String, SimulatedObject>, Summary) {
    let sink = MemorySink::default();
    let summary = simulate_with(&Scenario { threads, ..scenario() }, keyring(), &sink).unwrap();
    (sink.into_objects(), summary)
}

fn inflate(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut out).unwrap();
    out
}

#[test]
fn threads_change_nothing() {
    let (one, summary) = simulated(1);
    let (four, same) = simulated(4);
    assert_eq!(summary, same);
    assert!(one == four);
    let objects = draft(&scenario()).unwrap().objects(keyring());
    assert!(one == objects, "a draft that nobody edited is what simulate writes");
}

#[test]
fn every_signature_link_and_hash_holds() {
    let (objects, summary) = simulated(2);
    let keys: BTreeMap<&str, PublicKey> = summary
        .public_keys
        .public_key_list
        .iter()
        .map(|entry| {
            use base64::Engine;
            let der = base64::engine::general_purpose::STANDARD.decode(&entry.value).unwrap();
            (entry.fingerprint.as_str(), PublicKey::from_pkcs1_der(&der).unwrap())
        })
        .collect();
    assert!(keys.len() > 2, "keys rotate");

    let mut newest: BTreeMap<_, (String, Vec<u8>, String)> = BTreeMap::new();
    let mut listed = BTreeSet::new();
    let (mut starting, mut backfills, mut empty, mut used) = (0, 0, 0, BTreeSet::new());
    let digests = objects.values().filter_map(|object| Some((DigestKey::parse(&object.key)?, object)));
    let mut digests: Vec<_> = digests.collect();
    digests.sort_by_key(|(key, _)| (key.chain.clone(), key.end));
    for (key, object) in digests {
        assert_eq!(key.folder.organization, scenario().organization);
        let json = inflate(&object.body);
        let digest: DigestDraft = serde_json::from_slice(&json).unwrap();
        assert_eq!(digest.to_json_bytes(), json);
        assert_eq!((&digest.digest_s3_object, digest.digest_end_time), (&object.key, key.end));
        assert_eq!(digest.digest_end_time.since(digest.digest_start_time), 3600);
        let signature = &object.metadata["signature"];
        let public = &keys[digest.digest_public_key_fingerprint.as_str()];
        let message = digest.signing_string(&sha256_hex(&json));
        public.pkcs1v15_verify::<Sha256>(message.as_bytes(), &hex::decode(signature).unwrap()).unwrap();
        used.insert(digest.digest_public_key_fingerprint.clone());

        let backfill = key.chain.kind == ChainKind::Backfill;
        assert_eq!(object.metadata.contains_key("backfill-generation-timestamp"), backfill);
        backfills += usize::from(backfill);
        let before = newest.insert(key.chain.clone(), (object.key.clone(), json, signature.clone()));
        match &digest.previous_digest_s3_object {
            None => starting += 1,
            Some(previous) => {
                let (at, json, signature) = before.unwrap();
                assert_eq!(*previous, at);
                assert_eq!(digest.previous_digest_hash_value, Some(sha256_hex(&json)));
                assert_eq!(digest.previous_digest_signature, Some(signature));
            }
        }

        empty += usize::from(digest.log_files.is_empty());
        for entry in digest.log_files {
            let log = &objects[&entry.s3_object];
            let name = LogKey::parse(&log.key).unwrap().name;
            assert_eq!(entry.hash_value, sha256_hex(&inflate(&log.body)));
            assert!(digest.digest_start_time <= log.last_modified && log.last_modified < digest.digest_end_time);
            assert!((0..300).contains(&name.minute.since(log.last_modified)));
            assert!(entry.oldest_event_time <= entry.newest_event_time && entry.newest_event_time < log.last_modified);
            assert!(listed.insert(entry.s3_object), "listed once");
        }
    }
    let logs: BTreeSet<_> = objects.keys().filter(|key| LogKey::parse(key).is_some()).cloned().collect();
    assert_eq!(listed, logs);
    assert_eq!(logs.len() as u64 + summary.digests, objects.len() as u64, "nothing but digests and logs");
    assert_eq!(used.len(), keys.len(), "no key is given out that did not sign");
    let chains = 2 * 2 * 2;
    // Each standard chain starts and restarts, each backfill chain starts.
    assert_eq!((summary.chains, starting), (2 * chains, 3 * chains as usize));
    assert!(backfills > chains as usize && empty > 0);
    assert!(objects.values().all(|object| object.last_modified < summary.taken_at));
}

#[test]
fn a_lie_can_be_signed() {
    let small = Scenario { accounts: 1, trails: vec!["one".into()], restarts: 0, backfills: 0, ..scenario() };
    let mut drafted = draft(&small).unwrap();
    let chain = &mut drafted.chains[0];
    let honest = chain.clone().sign(keyring());
    chain.digests[3].digest.log_files.clear();
    chain.digests[6].link = Link::AsDrafted;
    let forged = chain.sign(keyring());
    assert_eq!(honest[2], forged[2]);
    assert_ne!(honest[3].hash, forged[3].hash);
    assert_eq!(chain.digests[4].digest.previous_digest_hash_value.as_ref(), Some(&forged[3].hash));
    assert_eq!(chain.digests[6].digest.previous_digest_hash_value, None, "left as drafted: never linked");
}

#[test]
fn a_directory_holds_the_objects_and_their_metadata() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("trail");
    let sink = DirectorySink::create(&root).unwrap();
    let summary = simulate_with(&scenario(), keyring(), &sink).unwrap();
    sink.finish("bucket", &summary).unwrap();
    let (objects, _) = simulated(1);
    let metadata = std::fs::read_to_string(root.join(".trailseal/metadata.jsonl")).unwrap();
    assert_eq!(metadata.lines().count(), objects.len());
    for (line, (key, object)) in metadata.lines().zip(&objects) {
        assert!(line.starts_with(&format!(r#"{{"key":"{key}","metadata":{{"#)), "sorted, key first: {line}");
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["size"], object.body.len());
        assert_eq!(line["etag"], object.etag());
        assert_eq!(line["last_modified"], object.last_modified.to_string());
        assert_eq!(std::fs::read(root.join(key)).unwrap(), object.body);
    }
    assert!(root.join(".trailseal/public-keys.json").exists());
    let source = std::fs::read_to_string(root.join(".trailseal/source.json")).unwrap();
    let source: serde_json::Value = serde_json::from_str(&source).unwrap();
    assert_eq!(source["end"], summary.interval.end.to_string());
}
