//! A bundle as a store: it answers as the bucket did, and what it does not hold it says that it does not hold.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::archive::Archive;
use super::check::altered_record;
use super::request::{BucketRecord, RequestRecord};
use super::{BundleError, KEYS, PAGE, REPORT, REQUEST, WAIVERS, file_of};
use crate::audit::Evidence;
use crate::digest::{DigestMetadata, KeySet};
use crate::finding::Reason;
use crate::keys::parse_key_file;
use crate::limits::Limits;
use crate::logfile::Framing;
use crate::store::dir::{ObjectRecord, Sidecar, Tree};
use crate::store::{Body, Buckets, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError};

/// An open bundle.
pub struct Bundle {
    /// The file.
    pub archive: Arc<Archive>,
    /// What was asked when it was made.
    pub request: RequestRecord,
    pub(super) held: Vec<Arc<Held>>,
}

/// What a bundle holds of one bucket.
pub(super) struct Held {
    archive: Arc<Archive>,
    pub record: BucketRecord,
    objects: Sidecar,
    refused: Sidecar,
    /// Every folder.
    folders: Tree,
}

impl Bundle {
    /// Opens a bundle. Whether its files are what its manifest says is [`check_files`](super::check_files)'s question.
    pub fn open(path: &Path, limits: &Limits) -> Result<Bundle, BundleError> {
        let archive = Arc::new(Archive::open(path)?);
        let wrong = |why: String| unreadable(&archive, why);
        let text = archive.read_small(REQUEST, limits.small_file).map_err(wrong)?;
        let text = text.ok_or_else(|| wrong(format!("it has no {REQUEST}")))?;
        let request: RequestRecord =
            serde_json::from_slice(&text).map_err(|error| wrong(format!("{REQUEST}: {error}")))?;
        let open = |record: &BucketRecord| Held::open(&archive, record, limits).map(Arc::new).map_err(wrong);
        let held = request.buckets.iter().map(open).collect::<Result<_, BundleError>>()?;
        Ok(Bundle { archive, request, held })
    }

    /// The evidence in it, for the very request that it was made of: what it does not tell of was not there.
    pub fn replayed(self: &Arc<Bundle>) -> Evidence {
        Evidence {
            recorded_start: self.request.recorded_start,
            recorded_end: self.request.recorded_end,
            live: self.request.live,
            ..self.as_asked(true)
        }
    }

    /// The evidence in it, for any other request: of what it does not tell, nobody can say whether it was there. It is a copy
    /// that ends where it was looked at.
    pub fn evidence(self: &Arc<Bundle>) -> Evidence {
        let request = &self.request;
        let end = request.end.map_or(request.as_of, |end| end.min(request.as_of));
        let recorded_end = request.end.or(request.recorded_end).or(request.live.then_some(end));
        Evidence { recorded_start: request.start.or(request.recorded_start), recorded_end, ..self.as_asked(false) }
    }

    fn as_asked(self: &Arc<Bundle>, replayed: bool) -> Evidence {
        let store =
            |held: &Arc<Held>| Arc::new(BundleStore { held: Arc::clone(held), replayed }) as Arc<dyn ObjectStore>;
        let (followed, stores): (Vec<_>, Vec<_>) = self.held.iter().partition(|held| held.record.followed);
        Evidence {
            stores: stores.into_iter().map(store).collect(),
            buckets: Some(Arc::new(Followed(followed.into_iter().map(store).collect()))),
            ..Evidence::default()
        }
    }

    /// That it cannot be read, and which of its records was altered, if one was.
    pub fn unreadable(&self, why: String) -> BundleError {
        unreadable(&self.archive, why)
    }

    /// Whether it was made of log files that were asked for by name: then it has no more of their chains than what proves them.
    pub fn holds_named_alone(&self) -> bool {
        !self.request.named_log_files.is_empty()
    }

    /// The keys in it.
    pub fn keys(&self, limits: &Limits) -> Result<KeySet, BundleError> {
        let wrong = |why: String| self.unreadable(why);
        match self.archive.read_small(KEYS, limits.small_file).map_err(wrong)? {
            None => Ok(KeySet::default()),
            Some(text) => parse_key_file(&text).map_err(|error| wrong(format!("{KEYS}: {error}"))),
        }
    }

    /// The report in it, as it lies there; no more than so many bytes of it.
    pub fn packed_report(&self, most: u64) -> Result<Vec<u8>, String> {
        self.archive.read_small(REPORT, most)?.ok_or_else(|| "it is not there".to_owned())
    }

    /// The report in it as a page.
    pub fn packed_page(&self, most: u64) -> Result<Vec<u8>, String> {
        self.archive.read_small(PAGE, most)?.ok_or_else(|| "it is not there".to_owned())
    }

    /// The waivers that the report in it was made with.
    pub fn waivers(&self, limits: &Limits) -> Result<Option<String>, BundleError> {
        let wrong = |why: String| BundleError::Unreadable { path: self.archive.path().to_owned(), why };
        let text = self.archive.read_small(WAIVERS, limits.small_file).map_err(wrong)?;
        text.map(String::from_utf8).transpose().map_err(|error| wrong(format!("{WAIVERS}: {error}")))
    }
}

/// The buckets that a trail was moved from.
struct Followed(Vec<Arc<dyn ObjectStore>>);

#[async_trait]
impl Buckets for Followed {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        self.0.iter().find(|store| store.bucket() == Some(name)).cloned()
    }

    async fn at_hand(&self) -> Vec<Arc<dyn ObjectStore>> {
        self.0.clone()
    }
}

/// What a bundle holds of one bucket, as it is asked.
struct BundleStore {
    held: Arc<Held>,
    /// Whether the same is asked as when the bundle was made.
    replayed: bool,
}

impl Held {
    fn open(archive: &Arc<Archive>, record: &BucketRecord, limits: &Limits) -> Result<Held, String> {
        let lines = |what: &str| {
            let name = records_of(record, what);
            let told = |error: &dyn std::fmt::Display| format!("{name}: {error}");
            let part = archive.find(&name).map_err(|error| told(&error))?.ok_or_else(|| told(&"it is not there"))?;
            let file = archive.another_handle().map_err(|error| told(&error))?;
            Sidecar::within(file, part.bytes, limits).map_err(|error| told(&error))
        };
        let (objects, refused) = (lines("objects")?, lines("folders")?);
        let folders = Tree::of(objects.folders().chain(refused.folders()))
            .map_err(|length| format!("it has a key of {length} bytes, and S3 allows 1,024"))?;
        Ok(Held { archive: Arc::clone(archive), record: record.clone(), objects, refused, folders })
    }

    pub(super) fn framing(&self) -> Framing {
        if self.record.plain { Framing::GzipOrPlain } else { Framing::Gzip }
    }

    fn refusal(&self, prefix: &str) -> Option<StoreError> {
        self.refused.record(prefix)?.failure()
    }

    fn read_folder(&self, prefix: &str) -> Folder {
        let folders = self.folders.children(prefix).into_iter().map(str::to_owned).collect();
        let mut folder = Folder { folders, objects: Vec::new() };
        let records = self.objects.records(prefix);
        // What was asked for and was not there is in no listing, unless one showed it a moment before.
        let shown = |record: &&ObjectRecord| !record.absent || record.size.is_some();
        folder.objects.extend(records.iter().flat_map(|records| records.values()).filter(shown).map(info));
        folder.objects.sort_by(|a, b| a.key.cmp(&b.key));
        folder
    }

    /// None where it does not tell of the object at all.
    fn give(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        let record = self.objects.record(key);
        if record.as_ref().is_some_and(|record| record.absent) {
            return Some(Err(StoreError::NotFound));
        }
        if let Some(error) = record.as_ref().and_then(failure) {
            return Some(Err(error));
        }
        let stored = match self.archive.find(&file_of(&self.record.folder, key)) {
            Err(error) => return Some(Err(StoreError::Unreachable(error.to_string()))),
            Ok(stored) => stored,
        };
        Some(match (stored, record) {
            (Some(stored), record) => {
                let record = record.unwrap_or_default();
                let mut metadata =
                    DigestMetadata::from_user_metadata(|name| record.metadata.get(name).map(String::as_str));
                metadata.last_modified = record.last_modified;
                self.archive.is_asked_for(&stored);
                let body: Box<dyn Read + Send> = Box::new(self.archive.read(&stored));
                Ok(FetchedObject { body: Body::Reader(body), metadata, attributes: record.into_attributes() })
            }
            (None, None) => return None,
            (None, Some(_)) => Err(StoreError::LeftOut),
        })
    }
}

impl BundleStore {
    fn give(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.held.give(key).unwrap_or_else(|| match self.replayed {
            true => Err(StoreError::NotFound),
            false => Err(StoreError::Unreachable("nobody asked for it when the bundle was made".to_owned())),
        })
    }
}

#[async_trait]
impl ObjectStore for BundleStore {
    fn bucket(&self) -> Option<&str> {
        self.held.record.bucket.as_deref()
    }

    fn framing(&self) -> Framing {
        self.held.framing()
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        match self.held.refusal(prefix) {
            Some(error) => Err(error),
            None if prefix.is_empty() || self.held.folders.has(prefix) => Ok(self.held.read_folder(prefix)),
            None => Err(StoreError::NotFound),
        }
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        stream::unfold((vec![prefix.to_owned()], range), move |(mut open, range)| async move {
            let prefix = open.pop()?;
            let mut folder = self.held.read_folder(&prefix);
            open.extend(folder.folders.into_iter().rev().filter(|name| range.may_have_below(name)));
            folder.objects.retain(|object| range.has(&object.key));
            let refused = self.held.refusal(&prefix).map(|error| Err(ListError { prefix, error }));
            Some((stream::iter([Some(Ok(folder.objects)), refused].into_iter().flatten()), (open, range)))
        })
        .flatten()
        .boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.give(key)
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        Some(self.give(key))
    }
}

/// What cannot be read tells little of itself: a changed letter of a name has another file missing.
fn unreadable(archive: &Archive, why: String) -> BundleError {
    let why = match altered_record(archive) {
        Some(name) => format!("{name} in it was altered: it is not the file that the manifest names ({why})"),
        None => why,
    };
    BundleError::Unreadable { path: archive.path().to_owned(), why }
}

/// The records of what a bucket showed.
pub(super) fn records_of(bucket: &BucketRecord, what: &str) -> String {
    format!("records/{}/{what}.jsonl", bucket.folder)
}

fn info(record: &ObjectRecord) -> ObjectInfo {
    ObjectInfo {
        key: record.key.clone(),
        size: record.size.unwrap_or_default(),
        last_modified: record.last_modified,
        etag: record.etag.clone(),
        storage_class: record.storage_class.clone(),
        only_told: record.only_told,
        special: record.special,
        proven: None,
    }
}

/// As it was when the bundle was made.
fn failure(record: &ObjectRecord) -> Option<StoreError> {
    match record.reason {
        Some(Reason::OverLimit) => Some(StoreError::OverLimit(0)),
        _ => record.failure(),
    }
}
