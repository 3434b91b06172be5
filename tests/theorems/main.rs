//! What must hold of every audit, whatever is done to the evidence.

mod bundled;
#[path = "../counted/mod.rs"]
mod counted;
mod sample;
mod stopped;
mod walk;
mod world;

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use proptest::prelude::*;
use proptest::sample::Index;
use trailseal::finding::Severity;
use trailseal::limits::Limits;
use trailseal::logfile::Framing;
use trailseal::report::Verdict;
use trailseal::simulate::{DirectorySink, Sink};
use trailseal::store::{
    DirStore, FetchedObject, Folder, KeyRange, ListError, MemoryStore, ObjectInfo, ObjectStore, StoreError,
};
use trailseal::trail::{ChainKind, DigestKey, Interval, Time};
use world::{Objects, WORLD, audit, audit_store, codes, gunzip, gzip, is_digest, names, store};

/// Without this, the others would hold of a program that never says `intact`.
#[test]
fn the_honest_trail_is_intact() {
    let report = audit(&WORLD.objects);
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.findings);
    assert_eq!(report.totals.log_files.verified, WORLD.summary.log_files);
    assert_eq!(report.totals.digests.verified, WORLD.summary.digests);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// (1) Changing any byte of any inflated object, or of a decoded signature, is never intact.
    #[test]
    fn a_changed_byte_is_never_intact(object: Index, at: Index, flip in 1_u8.., in_signature: bool) {
        let mut objects = WORLD.objects.clone();
        let key = WORLD.key(object);
        let object = objects.get_mut(&key).expect("a key of this world");
        if in_signature && is_digest(&key) {
            let mut signature = hex::decode(&object.metadata["signature"]).expect("hex");
            let at = at.index(signature.len());
            signature[at] ^= flip;
            object.metadata.insert("signature".into(), hex::encode(signature));
        } else {
            let mut content = gunzip(&object.body);
            let at = at.index(content.len());
            content[at] ^= flip;
            object.body = gzip(&content);
        }
        let report = audit(&objects);
        prop_assert_eq!(report.verdict, Verdict::NotIntact, "{} {:?}", key, codes(&report));
        prop_assert!(names(&report, &key));
    }

    /// (2) Removing any one object inside the interval is never intact, and a finding or a hole names it.
    #[test]
    fn a_removed_object_is_never_intact(object: Index) {
        let mut objects = WORLD.objects.clone();
        let key = WORLD.key(object);
        objects.remove(&key);
        let report = audit(&objects);
        // A backfill digest that no later one names leaves the log files that it vouched for.
        let last_backfill = DigestKey::parse(&key).is_some_and(|digest| digest.chain.kind == ChainKind::Backfill);
        prop_assert_ne!(report.verdict, Verdict::Intact, "{}", key);
        prop_assert!(names(&report, &key) || (last_backfill && codes(&report).contains(&"log-unlisted")), "{}", key);
    }

    /// (3) Swapping two objects, or an older valid one in place of a newer, is never intact.
    #[test]
    fn a_swapped_object_is_never_intact(one: Index, other: Index, both: bool) {
        let (one, other) = (WORLD.key(one), WORLD.key(other));
        prop_assume!(one != other);
        let mut objects = WORLD.objects.clone();
        let put = |objects: &mut Objects, from: &String, to: &String| {
            let taken = WORLD.objects[from].clone();
            objects.insert(to.clone(), trailseal::simulate::SimulatedObject { key: to.clone(), ..taken });
        };
        put(&mut objects, &one, &other);
        if both {
            put(&mut objects, &other, &one);
        }
        let report = audit(&objects);
        prop_assert_eq!(report.verdict, Verdict::NotIntact);
        prop_assert!(names(&report, &other));
    }

    /// (4) Truncating either end shrinks coverage by exactly that much.
    #[test]
    fn truncation_shrinks_coverage_by_as_much(newest in 0_usize..4, oldest in 0_usize..3) {
        prop_assume!(newest + oldest > 0);
        let mut objects = WORLD.objects.clone();
        let chains = audit(&WORLD.objects).chains;
        for chain in chains.iter().filter(|chain| chain.kind == ChainKind::Standard) {
            let mut digests: Vec<String> = WORLD.objects.keys().filter(|key| DigestKey::parse(key).is_some_and(|digest| {
                digest.chain.kind == ChainKind::Standard && digest.chain.region == chain.region && digest.chain.trail == chain.trail
            })).cloned().collect();
            digests.sort();
            let kept = oldest..digests.len() - newest;
            digests.iter().enumerate().filter(|(at, _)| !kept.contains(at)).for_each(|(_, key)| { objects.remove(key); });
        }
        let report = audit(&objects);
        for (chain, whole) in report.chains.iter().zip(&chains).filter(|(chain, _)| chain.kind == ChainKind::Standard) {
            let whole = whole.proven[0];
            let expected = Interval::new(
                whole.start.plus(oldest as i64 * Time::HOUR),
                whole.end.plus(-(newest as i64) * Time::HOUR),
            );
            prop_assert_eq!(&chain.proven, &[expected]);
            let lost: i64 = chain.holes.iter().map(|hole| hole.interval().seconds()).sum();
            prop_assert_eq!(lost, (newest + oldest) as i64 * Time::HOUR);
        }
        prop_assert_ne!(report.verdict, Verdict::Intact);
    }

    /// (5) A failing fetch gives neither `not-intact` on its own account nor `intact`.
    #[test]
    fn a_failing_fetch_is_inconclusive(objects in prop::collection::vec(any::<Index>(), 1..4), error in 0_usize..5) {
        let errors = [StoreError::Denied, StoreError::Archived, StoreError::Kms, StoreError::Throttled, StoreError::Unreachable("reset".into())];
        let mut store = store(&WORLD.objects);
        let keys: Vec<String> = objects.into_iter().map(|object| WORLD.key(object)).collect();
        keys.iter().for_each(|key| store.fail(key, errors[error].clone()));
        let report = audit_store(Arc::new(store), WORLD.request());
        prop_assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
        prop_assert!(report.findings.iter().all(|finding| finding.severity != Severity::Violation));
        // A log file whose only digest could not be read is told of as unlisted instead.
        prop_assert!(keys.iter().all(|key| names(&report, key)));
    }

    /// (6) Any concurrency and any order of answers gives the same bytes.
    #[test]
    fn concurrency_and_order_change_nothing(lies in prop::collection::vec((any::<Index>(), 0_u8..3), 0..4), concurrency in 1_usize..80, seed: u64) {
        let objects = lied_to(&lies);
        let json = |store: Arc<dyn ObjectStore>, concurrency| {
            let request = trailseal::audit::AuditRequest { concurrency, ..WORLD.request() };
            serde_json::to_string(&audit_store(store, request)).expect("JSON")
        };
        let plain = json(Arc::new(store(&objects)), 1);
        let shuffled = json(Arc::new(Shuffled { store: store(&objects), seed }), concurrency);
        prop_assert_eq!(plain, shuffled);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// (7) Every store gives the same report but for its name.
    #[test]
    fn every_store_gives_the_same_report(lies in prop::collection::vec((any::<Index>(), 0_u8..3), 0..4)) {
        let objects = lied_to(&lies);
        let dir = tempfile::tempdir().expect("a directory");
        let sink = DirectorySink::create(dir.path().join("copy")).expect("a directory");
        objects.values().for_each(|object| sink.put(object.clone()).expect("written"));
        sink.finish(&WORLD.scenario.bucket, &WORLD.summary).expect("written");
        let copy = DirStore::open(&dir.path().join("copy"), None, &Limits::default()).expect("evidence");
        prop_assert_eq!(audit_store(Arc::new(copy), WORLD.request()), audit(&objects));
    }
}

/// The trail after some lies: objects changed, removed or emptied.
fn lied_to(lies: &[(Index, u8)]) -> Objects {
    let mut objects = WORLD.objects.clone();
    for (object, lie) in lies {
        let key = WORLD.key(*object);
        match lie {
            0 => {
                objects.remove(&key);
            }
            1 => {
                objects.entry(key).and_modify(|object| object.body.push(0));
            }
            _ => {
                objects.entry(key).and_modify(|object| object.metadata.clear());
            }
        }
    }
    objects
}

/// A store whose answers come in another order than they were asked for.
struct Shuffled {
    store: MemoryStore,
    seed: u64,
}

#[async_trait]
impl ObjectStore for Shuffled {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn framing(&self) -> Framing {
        self.store.framing()
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.store.folder(prefix).await
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        self.store.list(prefix, range)
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        let mut drawn = self.seed;
        key.bytes().for_each(|byte| drawn = drawn.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
        for _ in 0..drawn % 16 {
            tokio::task::yield_now().await;
        }
        self.store.get(key).await
    }
}
