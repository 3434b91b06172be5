//! A bucket, and what is remembered of it.
//!
//! The listing is the bucket's, always. What it shows unchanged by entity tag, size and time, since its bytes were read and
//! proven, is taken for what it was: a digest file's bytes come from the state file, where they are verified again, and a log
//! file's hash is handed on for the audit to compare. Whatever the listing shows otherwise is asked for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::state::{
    Described, PlaceId, Proven, Remembered, RememberedDigest, RunId, State, StateError, TargetId, split,
};
use crate::audit::{Evidence, Observer};
use crate::logfile::Framing;
use crate::report::{CheckedObject, ObjectKind, ObjectStatus};
use crate::store::{
    Attributes, Body, BodyError, Buckets, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore,
    StoreError,
};
use crate::trail::{Day, DigestKey, LogKey, ObjectLocation, Time};

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
    /// Remembered, and not there.
    gone: Vec<Remembered>,
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
        self.write(0);
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
        lock(&self.digests).get(place).filter(|seen| seen.whole).map(|seen| seen.gone.clone())
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

    /// Takes up that an object was proven.
    fn is_proven(&self, object: &CheckedObject) {
        let Some(Some(read)) = lock(&self.under_way).remove(&object.at) else { return };
        let sha256 =
            object.computed.as_deref().and_then(|hash| hex::decode(hash).ok()).and_then(|hash| hash.try_into().ok());
        let (ObjectStatus::Verified, Some(sha256)) = (object.status, sha256) else { return };
        let mut counts = lock(&self.counts);
        match object.kind {
            ObjectKind::DigestFile => counts.digests_read += 1,
            ObjectKind::LogFile => counts.logs_read += 1,
            ObjectKind::Other => return,
        }
        drop(counts);
        let ObjectLocation { bucket, key } = object.at.clone();
        let Read { described, version_id, digest } = read;
        lock(&self.proven).push(Proven { bucket, key, described, version_id, sha256, digest });
        self.write(TOGETHER);
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

struct RememberedStore {
    memory: Arc<Memory>,
    inner: Arc<dyn ObjectStore>,
}

impl RememberedStore {
    fn bucket_name(&self) -> &str {
        self.inner.bucket().unwrap_or_default()
    }

    /// Holds a page of a listing against what is remembered. `after` is the last name before it.
    fn held(&self, place: PlaceId, folder: &str, after: &str, page: &mut [ObjectInfo], of_digests: bool) {
        let Some(last) = page.last().map(|object| object.key[folder.len()..].to_owned()) else { return };
        let most = if of_digests { usize::MAX >> 1 } else { page.len() * 2 };
        let first = if of_digests { after } else { &page[0].key[folder.len()..] }.to_owned();
        let remembered = match self.memory.state.remembered(place, &first, &last, most) {
            Ok(remembered) => remembered,
            Err(error) => return self.memory.fail(error),
        };
        let mut known: HashMap<&str, &Remembered> =
            remembered.iter().map(|known| (known.name.as_str(), known)).collect();
        // The one before the page was seen with its own page.
        known.remove(after);
        let mut differ = Vec::new();
        for object in page {
            let known = known.remove(&object.key[folder.len()..]);
            match known.filter(|known| self.memory.is_unchanged(object, known)) {
                Some(known) => object.proven = Some(known.sha256),
                None => differ.push(object.key[folder.len()..].to_owned()),
            }
        }
        if of_digests {
            let gone: Vec<Remembered> = known.into_values().cloned().collect();
            let mut digests = lock(&self.memory.digests);
            let seen = digests.entry(place).or_default();
            seen.differ.extend(differ);
            seen.gone.extend(gone);
        }
    }

    /// The end of a listing of digest files: what is remembered after its last name is gone.
    fn ended(&self, place: PlaceId, after: &str) {
        match self.memory.state.remembered(place, after, LAST_NAME, usize::MAX >> 1) {
            Ok(rest) => {
                let mut digests = lock(&self.memory.digests);
                let seen = digests.entry(place).or_default();
                seen.gone.extend(rest.into_iter().filter(|known| known.name != after));
                seen.whole = true;
            }
            Err(error) => self.memory.fail(error),
        }
    }

    /// A digest file from the state file, if the listing of its folder shows it as it is remembered.
    fn remembered(&self, key: &str) -> Option<FetchedObject> {
        DigestKey::parse(key)?;
        let (folder, name) = split(key)?;
        let place = self.memory.place(self.bucket_name(), folder)?;
        {
            let digests = lock(&self.memory.digests);
            let seen = digests.get(&place).filter(|seen| seen.whole)?;
            if seen.differ.contains(name) || seen.gone.iter().any(|gone| gone.name == name) {
                return None;
            }
        }
        let (digest, described) = match self.memory.state.digest(place, name) {
            Ok(found) => found?,
            Err(error) => {
                self.memory.fail(error);
                return None;
            }
        };
        Some(FetchedObject {
            body: Body::Bytes(Bytes::from(digest.body)),
            metadata: digest.metadata,
            attributes: Attributes { size: Some(described.size), etag: Some(described.etag), ..Attributes::default() },
        })
    }

    /// Notes how the store describes what it gives, until it is judged.
    async fn noted(&self, key: &str, object: FetchedObject) -> FetchedObject {
        let FetchedObject { body, metadata, attributes } = object;
        let described = attributes.etag.clone().zip(attributes.size).zip(metadata.last_modified);
        let Some(((etag, size), last_modified)) = described else {
            return FetchedObject { body, metadata, attributes };
        };
        let described = Described { etag, size, last_modified };
        let (body, digest) = if DigestKey::parse(key).is_some() && size <= KEPT {
            let bytes = match body.collect(KEPT).await {
                Ok(bytes) => bytes,
                // Whoever reads it is to come upon that, and may ask again.
                Err(error) => {
                    let error = match error {
                        BodyError::Store(error) => error,
                        BodyError::OverLimit(_) => StoreError::BrokeOff("more came than was announced".to_owned()),
                    };
                    let body = Body::Stream(stream::once(async { Err(error) }).boxed());
                    return FetchedObject { body, metadata, attributes };
                }
            };
            let digest = RememberedDigest { body: bytes.to_vec(), metadata: metadata.clone() };
            (Body::Bytes(bytes), Some(digest))
        } else if LogKey::parse(key).is_some() {
            (body, None)
        } else {
            return FetchedObject { body, metadata, attributes };
        };
        let read = Read { described, version_id: attributes.version_id.clone(), digest };
        let mut under_way = lock(&self.memory.under_way);
        // Those that nobody will judge are not to fill memory: what is not remembered is read again.
        if under_way.len() >= UNDER_WAY {
            under_way.clear();
        }
        let at = ObjectLocation::new(self.bucket_name(), key);
        match under_way.get_mut(&at) {
            // Whoever asked twice and was given two cannot say which was judged.
            Some(before) if before.as_ref().is_none_or(|before| before.described != read.described) => *before = None,
            Some(before) => *before = Some(read),
            None => drop(under_way.insert(at, Some(read))),
        }
        drop(under_way);
        FetchedObject { body, metadata, attributes }
    }
}

#[async_trait]
impl ObjectStore for RememberedStore {
    fn bucket(&self) -> Option<&str> {
        self.inner.bucket()
    }

    fn framing(&self) -> Framing {
        self.inner.framing()
    }

    fn is_remote(&self) -> bool {
        self.inner.is_remote()
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.inner.folder(prefix).await
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let of_digests = prefix.ends_with('/') && prefix.contains("/CloudTrail-Digest/") && range == KeyRange::ALL;
        let pages = self.inner.list(prefix, range);
        let Some(place) = self.memory.place(self.bucket_name(), prefix) else { return pages };
        let begun = (pages, String::new(), true);
        stream::unfold(begun, move |(mut pages, mut last, mut whole)| async move {
            match pages.next().await {
                Some(Ok(mut page)) => {
                    self.held(place, prefix, &last, &mut page, of_digests);
                    if let Some(object) = page.last() {
                        last = object.key[prefix.len()..].to_owned();
                    }
                    Some((Ok(page), (pages, last, whole)))
                }
                Some(Err(failed)) => {
                    whole = false;
                    Some((Err(failed), (pages, last, whole)))
                }
                None => {
                    if of_digests && whole {
                        self.ended(place, &last);
                    }
                    None
                }
            }
        })
        .boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        match self.remembered(key) {
            Some(object) => Ok(object),
            None => {
                let object = self.inner.get(key).await?;
                Ok(self.noted(key, object).await)
            }
        }
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        // Where nothing tells whether an object was written again, nothing is remembered.
        self.inner.get_now(key)
    }
}

/// The buckets that a trail was moved from, each once.
struct RememberedBuckets {
    memory: Arc<Memory>,
    inner: Arc<dyn Buckets>,
    opened: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

#[async_trait]
impl Buckets for RememberedBuckets {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        if let Some(known) = lock(&self.opened).get(name) {
            return Some(Arc::clone(known));
        }
        let store = self.memory.store(self.inner.bucket(name).await?);
        lock(&self.opened).insert(name.to_owned(), Arc::clone(&store));
        Some(store)
    }
}

/// Watches, and remembers what is proven.
struct Remembering {
    memory: Arc<Memory>,
    watched: Arc<dyn Observer>,
}

impl Observer for Remembering {
    fn regions_found(&self, count: u64) {
        self.watched.regions_found(count);
    }

    fn digests_expected(&self, count: u64) {
        self.watched.digests_expected(count);
    }

    fn digest_done(&self) {
        self.watched.digest_done();
    }

    fn logs_expected(&self, count: u64) {
        self.watched.logs_expected(count);
    }

    fn logs_done(&self, count: u64, bytes: u64) {
        self.watched.logs_done(count, bytes);
    }

    fn region_done(&self) {
        self.watched.region_done();
    }

    fn found(&self, finding: &crate::finding::Finding) {
        self.watched.found(finding);
    }

    fn wants_objects(&self) -> bool {
        true
    }

    fn checked(&self, object: &CheckedObject) {
        self.memory.is_proven(object);
        if self.watched.wants_objects() {
            self.watched.checked(object);
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

/// Names of digest files are shorter than this, and sort before it.
const LAST_NAME: &str = "\u{10ffff}";

/// Objects that are written down together.
const TOGETHER: usize = 1_000;

/// Bytes of a digest file, as stored, beyond which it is read from the bucket each time.
const KEPT: u64 = 4 << 20;

/// Objects read and not judged yet, at most.
const UNDER_WAY: usize = 50_000;
