//! A bucket, and what is remembered of it.
//!
//! The listing is the bucket's, always. What it shows unchanged by entity tag, size and time, since its bytes were read and
//! proven, is taken for what it was: a digest file's bytes come from the state file, where they are verified again, and a log
//! file's hash is handed on for the audit to compare. Whatever the listing shows otherwise is asked for.

mod store;
mod watch;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::store::{RememberedBuckets, RememberedStore};
use self::watch::Remembering;
use super::state::{
    Described, PlaceId, Proven, Remembered, RememberedDigest, RunId, State, StateError, TargetId, split,
};
use crate::audit::{Evidence, Observer};
use crate::report::{CheckedObject, ObjectKind, ObjectStatus};
use crate::store::{Buckets, ObjectInfo, ObjectStore};
use crate::trail::{Day, DigestKey, ObjectLocation, Time};

/// What is remembered of a target, for one run.
pub(super) struct Memory {
    state: Arc<State>,
    target: TargetId,
    run: RunId,
    /// The days that are read again, whatever is remembered of them.
    reread: Option<Slice>,
    places: HashMap<(String, String), PlaceId>,
    digests: Mutex<HashMap<PlaceId, Seen>>,
    /// What was read of the bucket and is not judged yet.
    under_way: Mutex<HashMap<ObjectLocation, Option<Read>>>,
    proven: Mutex<Vec<Proven>>,
    /// Digest files that verify, and hold something else than what was proven of them.
    rewritten: Mutex<Vec<Rewritten>>,
    /// Objects that open findings are about.
    awaited: HashSet<ObjectLocation>,
    /// Those of them that were verified.
    well: Mutex<HashSet<ObjectLocation>>,
    counts: Mutex<Counts>,
    /// The first thing that went wrong with the state file: nothing that a run says is worth anything then.
    failed: Mutex<Option<StateError>>,
}

/// How much was verified anew, and how much was as before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub digests_read: u64,
    pub logs_read: u64,
}

/// Every n-th day of a history: which of them it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// Which: less than `of`.
    pub which: u64,
    /// Of how many.
    pub of: u64,
}

/// What the listing shows of a folder of digest files.
#[derive(Default)]
struct Seen {
    /// Whether it came to its end.
    whole: bool,
    /// The names that are new, or are not as they are remembered.
    differ: HashSet<String>,
    /// What was proven of those that are there and are not as they are remembered, by their names.
    proven: HashMap<String, [u8; 32]>,
    /// Remembered, and not there, by their names.
    gone: BTreeMap<String, Remembered>,
}

/// A digest file that holds something else than what was proven of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rewritten {
    pub at: ObjectLocation,
    pub proven: [u8; 32],
    pub now: [u8; 32],
}

/// An object that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    described: Described,
    version_id: Option<String>,
    digest: Option<RememberedDigest>,
}

impl Slice {
    /// Whether an object of that name is in it.
    fn has(self, name: &str) -> bool {
        let day = name.get(..DAY_FOLDER).and_then(Day::parse_folder);
        let number = day.map(|day| day.start().unix().div_euclid(Time::DAY));
        // What has no day is read each time.
        number.is_none_or(|number| number.rem_euclid(self.of.cast_signed().max(1)).unsigned_abs() == self.which)
    }
}

impl Memory {
    /// What is remembered of a target.
    pub(super) fn of(
        state: &Arc<State>,
        target: TargetId,
        run: RunId,
        reread: Option<Slice>,
        awaited: HashSet<ObjectLocation>,
    ) -> Result<Arc<Memory>, StateError> {
        let places = state.places(target)?.into_iter().map(|(bucket, folder, id)| ((bucket, folder), id));
        Ok(Arc::new(Memory {
            state: Arc::clone(state),
            target,
            run,
            reread,
            places: places.collect(),
            digests: Mutex::default(),
            under_way: Mutex::default(),
            proven: Mutex::default(),
            rewritten: Mutex::default(),
            awaited,
            well: Mutex::default(),
            counts: Mutex::default(),
            failed: Mutex::default(),
        }))
    }

    /// The evidence, with what is remembered of it.
    pub(super) fn over(self: &Arc<Memory>, evidence: Evidence) -> Evidence {
        let stores = evidence.stores.into_iter().map(|store| self.store(store)).collect();
        let buckets = evidence.buckets.map(|inner| {
            Arc::new(RememberedBuckets { memory: Arc::clone(self), inner, opened: Mutex::default() })
                as Arc<dyn Buckets>
        });
        Evidence { stores, buckets, ..evidence }
    }

    fn store(self: &Arc<Memory>, inner: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        Arc::new(RememberedStore { memory: Arc::clone(self), inner })
    }

    /// Whoever counts what is proven, so that it is remembered.
    pub(super) fn observer(self: &Arc<Memory>, watched: Arc<dyn Observer>) -> Arc<dyn Observer> {
        Arc::new(Remembering { memory: Arc::clone(self), watched })
    }

    /// Writes down what is not yet, and says how much was read.
    pub(super) fn settle(&self) -> Result<Counts, StateError> {
        self.write_down();
        match lock(&self.failed).take() {
            Some(error) => Err(error),
            None => Ok(*lock(&self.counts)),
        }
    }

    /// The folders of which anything is remembered, each with its bucket.
    pub(super) fn folders(&self) -> impl Iterator<Item = (&str, &str)> {
        self.places.keys().map(|(bucket, folder)| (bucket.as_str(), folder.as_str()))
    }

    /// The digest files that were proven and are not there, of those folders that were listed whole; and whether that one was.
    pub(super) fn gone(&self, bucket: &str, folder: &str) -> Option<Vec<Remembered>> {
        let place = self.places.get(&(bucket.to_owned(), folder.to_owned()))?;
        lock(&self.digests).get(place).filter(|seen| seen.whole).map(|seen| seen.gone.values().cloned().collect())
    }

    fn place(&self, bucket: &str, folder: &str) -> Option<PlaceId> {
        self.places.get(&(bucket.to_owned(), folder.to_owned())).copied()
    }

    fn fail(&self, error: StateError) {
        lock(&self.failed).get_or_insert(error);
    }

    /// Whether an object is as it is remembered, and not to be read again all the same.
    fn is_unchanged(&self, object: &ObjectInfo, remembered: &Remembered) -> bool {
        described(object).is_some_and(|described| described == remembered.described)
            && !self.reread.is_some_and(|slice| slice.has(&remembered.name))
    }

    /// The digest files that verify, and hold something else than what was proven of them.
    pub(super) fn rewritten(&self) -> Vec<Rewritten> {
        let mut rewritten = lock(&self.rewritten).clone();
        rewritten.sort_by(|a, b| a.at.cmp(&b.at));
        rewritten.dedup();
        rewritten
    }

    /// Whether anything is remembered of the folder that a key lies in, in whatever bucket.
    pub(super) fn remembers(&self, key: &str) -> bool {
        split(key).is_some_and(|(of, _)| self.places.keys().any(|(_, folder)| folder == of))
    }

    /// Whether anything is remembered of the folder that an object lies in.
    fn remembers_of(&self, at: &ObjectLocation) -> bool {
        split(&at.key).is_some_and(|(folder, _)| self.place(&at.bucket, folder).is_some())
    }

    /// What was proven of a digest file that is not as it is remembered.
    fn proven_before(&self, at: &ObjectLocation) -> Option<[u8; 32]> {
        let (folder, name) = split(&at.key)?;
        let place = self.place(&at.bucket, folder)?;
        lock(&self.digests).get(&place)?.proven.get(name).copied()
    }

    /// Of the objects that open findings are about: those that were verified.
    pub(super) fn well(&self) -> HashSet<ObjectLocation> {
        lock(&self.well).clone()
    }

    /// The digest files that the listing shows otherwise than they are remembered, or that are new.
    pub(super) fn differing(&self) -> Vec<DigestKey> {
        let digests = lock(&self.digests);
        let of_place = |((_, folder), place): (&(String, String), &PlaceId)| {
            let names = digests.get(place).map(|seen| seen.differ.iter().cloned().collect::<Vec<_>>());
            names
                .into_iter()
                .flatten()
                .filter_map(|name| DigestKey::parse(&format!("{folder}{name}")))
                .collect::<Vec<_>>()
        };
        self.places.iter().flat_map(of_place).collect()
    }

    /// Takes up that an object was proven.
    fn is_proven(&self, object: &CheckedObject) {
        if object.status == ObjectStatus::Verified && !self.awaited.is_empty() {
            // In a copy, the bucket may be known only when all is looked at.
            let is_it = |at: &&ObjectLocation| {
                at.key == object.at.key && (object.at.bucket.is_empty() || at.bucket == object.at.bucket)
            };
            let found = self
                .awaited
                .get(&object.at)
                .or_else(|| if object.at.bucket.is_empty() { self.awaited.iter().find(is_it) } else { None });
            lock(&self.well).extend(found.cloned());
        }
        let read = lock(&self.under_way).remove(&object.at).flatten();
        let sha256 =
            object.computed.as_deref().and_then(|hash| hex::decode(hash).ok()).and_then(|hash| hash.try_into().ok());
        let (ObjectStatus::Verified, Some(sha256)) = (object.status, sha256) else { return };
        // Where the store tells too little for a change to be seen, nothing is remembered, and all is read.
        if read.is_some() || !self.remembers_of(&object.at) {
            let mut counts = lock(&self.counts);
            match object.kind {
                ObjectKind::DigestFile => counts.digests_read += 1,
                ObjectKind::LogFile => counts.logs_read += 1,
                ObjectKind::Other => {}
            }
        }
        let Some(read) = read.filter(|_| object.kind != ObjectKind::Other) else { return };
        if let Some(proven) = self.proven_before(&object.at).filter(|proven| *proven != sha256) {
            // It stays remembered as it was, so that every run comes upon this.
            lock(&self.rewritten).push(Rewritten { at: object.at.clone(), proven, now: sha256 });
            return;
        }
        let ObjectLocation { bucket, key } = object.at.clone();
        let Read { described, version_id, digest } = read;
        lock(&self.proven).push(Proven { bucket, key, described, version_id, sha256, digest });
        self.write(TOGETHER);
    }

    /// Writes down what is not yet.
    pub(super) fn write_down(&self) {
        self.write(0);
    }

    /// Writes what is proven, if it is as many objects.
    fn write(&self, at_least: usize) {
        let mut proven = lock(&self.proven);
        if proven.is_empty() || proven.len() < at_least {
            return;
        }
        let batch = std::mem::take(&mut *proven);
        drop(proven);
        if let Err(error) = self.state.remember(self.target, self.run, &batch) {
            self.fail(error);
        }
    }
}

/// How a listing describes an object; none where it does not tell enough for a change to be seen.
fn described(object: &ObjectInfo) -> Option<Described> {
    let (etag, last_modified) = object.etag.clone().zip(object.last_modified)?;
    Some(Described { etag, size: object.size, last_modified })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The length of `2026/01/31/`.
const DAY_FOLDER: usize = 11;

/// Objects that are written down together.
const TOGETHER: usize = 1_000;

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use futures::StreamExt;
    use futures::stream::{self, BoxStream};

    use super::*;
    use crate::audit::Silent;
    use crate::digest::DigestMetadata;
    use crate::logfile::Framing;
    use crate::store::{Attributes, Body, FetchedObject, Folder, KeyRange, ListError, StoreError};

    const FOLDER: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/";
    const NAME: &str = "2026/01/02/111122223333_CloudTrail_us-east-1_20260102T0005Z_abcdefghijklmnop.json.gz";

    /// A bucket with one object, which is listed as one thing and given as another.
    struct Changing {
        listed: &'static str,
        given: &'static str,
    }

    #[async_trait]
    impl ObjectStore for Changing {
        fn bucket(&self) -> Option<&str> {
            Some("b")
        }

        fn framing(&self) -> Framing {
            Framing::Gzip
        }

        async fn folder(&self, _: &str) -> Result<Folder, StoreError> {
            Ok(Folder::default())
        }

        fn list<'a>(&'a self, _: &'a str, _: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
            let object = ObjectInfo {
                key: format!("{FOLDER}{NAME}"),
                size: 3,
                last_modified: Some(Time::from_unix(9)),
                etag: Some(self.listed.to_owned()),
                ..ObjectInfo::default()
            };
            stream::iter([Ok(vec![object])]).boxed()
        }

        async fn get(&self, _: &str) -> Result<FetchedObject, StoreError> {
            let metadata = DigestMetadata { last_modified: Some(Time::from_unix(9)), ..DigestMetadata::default() };
            let attributes = Attributes { size: Some(3), etag: Some(self.given.to_owned()), ..Attributes::default() };
            Ok(FetchedObject { body: Body::Bytes(bytes::Bytes::from_static(b"abc")), metadata, attributes })
        }
    }

    async fn proven(memory: &Arc<Memory>, listed: &'static str, given: &'static str) -> Option<[u8; 32]> {
        let store = memory.store(Arc::new(Changing { listed, given }));
        let page = store.list(FOLDER, KeyRange::ALL).next().await.unwrap().unwrap();
        page[0].proven
    }

    /// Looks at the object once, which comes to that.
    async fn look(memory: &Arc<Memory>, given: &'static str, status: ObjectStatus) {
        let store = memory.store(Arc::new(Changing { listed: "listed", given }));
        let key = format!("{FOLDER}{NAME}");
        store.get(&key).await.unwrap();
        let at = ObjectLocation::new("b", key);
        let object =
            CheckedObject { computed: Some("ab".repeat(32)), ..CheckedObject::new(ObjectKind::LogFile, status, at) };
        memory.observer(Arc::new(Silent)).checked(&object);
        memory.settle().unwrap();
    }

    #[tokio::test]
    async fn what_is_remembered_is_what_was_read_and_not_how_it_was_listed() {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(State::open(&folder.path().join("state.sqlite")).unwrap());
        let target = state.target("t", "s3://b").unwrap();
        let run = state.begin_run(target, Time::from_unix(0), "all", "none").unwrap();
        let memory = || Memory::of(&state, target, run, None, HashSet::new()).unwrap();
        look(&memory(), "given", ObjectStatus::Violated).await;
        assert_eq!(proven(&memory(), "given", "given").await, None, "it was not proven");
        look(&memory(), "given", ObjectStatus::Verified).await;
        assert_eq!(proven(&memory(), "listed", "given").await, None, "it was listed so when it was read");
        assert_eq!(proven(&memory(), "given", "given").await, Some([0xab; 32]));
        let reread = Slice { which: 0, of: 1 };
        let again = Memory::of(&state, target, run, Some(reread), HashSet::new()).unwrap();
        assert_eq!(proven(&again, "given", "given").await, None, "it is read again, whatever is remembered");
    }

    #[tokio::test]
    async fn a_digest_that_verifies_and_is_another_than_the_one_proven_is_told_of_and_not_remembered() {
        const KEY: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/02/111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20260102T010000Z.json.gz";
        let (digests, name) = split(KEY).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(State::open(&folder.path().join("state.sqlite")).unwrap());
        let target = state.target("t", "s3://b").unwrap();
        let run = state.begin_run(target, Time::from_unix(0), "all", "none").unwrap();
        let memory = || Memory::of(&state, target, run, None, HashSet::new()).unwrap();
        let described = |etag: &str| Described { etag: etag.to_owned(), size: 3, last_modified: Time::from_unix(9) };
        let at = ObjectLocation::new("b", KEY);
        let proves = |memory: &Arc<Memory>, etag: &str, hash: &str| {
            let digest = RememberedDigest { body: Vec::new(), metadata: DigestMetadata::default() };
            let read = Read { described: described(etag), version_id: None, digest: Some(digest) };
            lock(&memory.under_way).insert(at.clone(), Some(read));
            let object = CheckedObject::new(ObjectKind::DigestFile, ObjectStatus::Verified, at.clone());
            memory.is_proven(&CheckedObject { computed: Some(hash.repeat(32)), ..object });
            memory.settle().unwrap();
        };
        proves(&memory(), "first", "ab");
        for _ in 0..2 {
            let again = memory();
            let place = again.place("b", digests).unwrap();
            let seen = Seen { proven: [(name.to_owned(), [0xab; 32])].into(), ..Seen::default() };
            lock(&again.digests).insert(place, seen);
            proves(&again, "second", "ab");
            assert_eq!(again.rewritten(), [], "it was written again and is the same");
            proves(&again, "third", "cd");
            assert_eq!(again.rewritten(), [Rewritten { at: at.clone(), proven: [0xab; 32], now: [0xcd; 32] }]);
            let remembered = state.remembered(place, name, name, 9).unwrap();
            assert_eq!((remembered[0].sha256, &remembered[0].described), ([0xab; 32], &described("second")));
        }
    }
}
