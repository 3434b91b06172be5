//! What must hold of every bundle, in whichever order its evidence came.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use proptest::prelude::*;
use proptest::sample::Index;
use trailseal::audit::{AuditRequest, Evidence, Silent, audit};
use trailseal::bundle::{
    Bundle, Contents, IncludeLogs, REPORT, Recording, Rendered, RequestRecord, check_files, differences, pack,
};
use trailseal::limits::Limits;
use trailseal::logfile::Framing;
use trailseal::report::Report;
use trailseal::store::{
    Body, FetchedObject, Folder, KeyRange, ListError, MemoryStore, ObjectInfo, ObjectStore, StoreError,
};

use crate::lied_to;
use crate::world::{WORLD, store};

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no thread panicked")
}

/// A bucket far away, whose answers come piece by piece and in an order of their own, and some of them only when they were
/// asked for a second time.
struct FarAway {
    store: MemoryStore,
    seed: u64,
    /// One of so many breaks off at first.
    breaks_off: u64,
    broke_off: Mutex<BTreeSet<String>>,
}

impl FarAway {
    fn drawn(&self, key: &str) -> u64 {
        key.bytes().fold(self.seed | 1, |drawn, byte| (drawn ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) >> 20
    }
}

#[async_trait]
impl ObjectStore for FarAway {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn framing(&self) -> Framing {
        self.store.framing()
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
        let drawn = self.drawn(key);
        for _ in 0..drawn % 40 {
            tokio::task::yield_now().await;
        }
        let object = self.store.get(key).await?;
        let breaks_off = (drawn >> 8).is_multiple_of(self.breaks_off) && lock(&self.broke_off).insert(key.to_owned());
        let bytes = object.body.collect(u64::MAX).await.expect("it is in memory");
        let mut pieces: Vec<_> = bytes.chunks(200).map(|piece| Ok(bytes::Bytes::copy_from_slice(piece))).collect();
        if breaks_off {
            pieces.truncate(1);
            pieces.push(Err(StoreError::BrokeOff("on purpose".to_owned())));
        }
        let stream = futures::stream::iter(pieces).then(|piece| async {
            tokio::task::yield_now().await;
            piece
        });
        Ok(FetchedObject { body: Body::Stream(stream.boxed()), ..object })
    }
}

/// Nobody waits for the time until something is asked for again.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

/// Makes a bundle; what its audit came to.
fn bundled(store: Arc<dyn ObjectStore>, concurrency: usize, out: &Path) -> Report {
    let evidence = Evidence { stores: vec![store], ..Evidence::default() };
    let request = AuditRequest { concurrency, ..WORLD.request() };
    let record = RequestRecord::of(&request, &evidence, IncludeLogs::All);
    let runtime = runtime();
    let recorded = Recording::of(evidence, WORLD.keys_at_hand(), IncludeLogs::All, &request.limits, out);
    let (recording, evidence, keys) = recorded.expect("a disk");
    let report = runtime.block_on(audit(evidence, keys, request, Arc::new(Silent))).expect("a report");
    runtime.block_on(recording.ended()).expect("kept");
    let json = |out: &mut dyn std::io::Write| trailseal::render::json(&report, out);
    let contents = Contents {
        report: &report,
        request: record,
        previous: None,
        waivers: None,
        rendered: vec![Rendered { name: REPORT, write: &json }],
        made: &|manifest| Ok(serde_json::json!({"manifest_sha256": hex::encode(manifest)}).to_string().into_bytes()),
        sign: None,
    };
    pack(&recording, contents).expect("packed");
    report
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// (8) The same evidence gives the same bytes, in whichever order it came and however often some of it was asked for; and
    /// what they are audited to is what was bundled.
    #[test]
    fn a_bundle_is_the_same_in_whichever_order_its_evidence_came(
        lies in prop::collection::vec((any::<Index>(), 0_u8..3), 0..4),
        concurrency in 1_usize..80,
        seed: u64,
    ) {
        let objects = lied_to(&lies);
        let far_away = |seed, breaks_off| {
            Arc::new(FarAway { store: store(&objects), seed, breaks_off, broke_off: Mutex::default() })
        };
        let folder = tempfile::tempdir().expect("a folder");
        let [one, two] = ["one.zip", "two.zip"].map(|name| folder.path().join(name));
        let report = bundled(far_away(0, u64::MAX), 1, &one);
        bundled(far_away(seed, 9), concurrency, &two);
        prop_assert!(fs::read(&one).expect("a bundle") == fs::read(&two).expect("a bundle"));
        let bundle = Arc::new(Bundle::open(&one, &Limits::default()).expect("a bundle"));
        let mut request = WORLD.request();
        bundle.request.ask(&mut request).expect("a request");
        let again = runtime().block_on(audit(bundle.replayed(), WORLD.keys_at_hand(), request, Arc::new(Silent)));
        let again = again.expect("a report");
        prop_assert_eq!(differences(&report, &again, true), None);
        let found = check_files(&bundle, None).findings;
        prop_assert!(found.is_empty(), "{:?}", found);
    }
}
