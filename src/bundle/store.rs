//! A bundle as a store: it answers as the bucket did, and what it does not hold it says that it does not hold.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::archive::Archive;
use super::request::{BucketRecord, RequestRecord};
use super::{BundleError, KEYS, REPORT, REQUEST, WAIVERS, file_of};
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
    stores: Vec<(bool, Arc<BundleStore>)>,
}

/// What a bundle holds of one bucket.
pub struct BundleStore {
    archive: Arc<Archive>,
    record: BucketRecord,
    objects: Sidecar,
    refused: Sidecar,
    /// Every folder, and all that lead to it.
    folders: Tree,
}

impl Bundle {
    /// Opens a bundle. Whether its files are what its manifest says is [`check_files`](super::check_files)'s question.
    pub fn open(path: &Path, limits: &Limits) -> Result<Bundle, BundleError> {
        let archive = Arc::new(Archive::open(path)?);
        let wrong = |why: String| BundleError::Unreadable { path: path.to_owned(), why };
        let text = archive.read_small(REQUEST, limits.small_file).map_err(wrong)?;
        let text = text.ok_or_else(|| wrong(format!("it has no {REQUEST}")))?;
        let request: RequestRecord =
            serde_json::from_slice(&text).map_err(|error| wrong(format!("{REQUEST}: {error}")))?;
        let open = |record: &BucketRecord| {
            Ok((record.followed, Arc::new(BundleStore::open(&archive, record, limits).map_err(wrong)?)))
        };
        let stores = request.buckets.iter().map(open).collect::<Result<_, BundleError>>()?;
        Ok(Bundle { archive, request, stores })
    }

    /// The evidence in it, as whoever made it looked at it.
    pub fn evidence(self: &Arc<Bundle>) -> Evidence {
        let named = self.stores.iter().filter(|(followed, _)| !followed);
        Evidence {
            stores: named.map(|(_, store)| Arc::clone(store) as Arc<dyn ObjectStore>).collect(),
            recorded_start: self.request.recorded_start,
            recorded_end: self.request.recorded_end,
            live: self.request.live,
            buckets: Some(Arc::clone(self) as Arc<dyn Buckets>),
        }
    }

    /// The keys in it.
    pub fn keys(&self, limits: &Limits) -> Result<KeySet, BundleError> {
        let wrong = |why: String| BundleError::Unreadable { path: self.archive.path().to_owned(), why };
        match self.archive.read_small(KEYS, limits.small_file).map_err(wrong)? {
            None => Ok(KeySet::default()),
            Some(text) => parse_key_file(&text).map_err(|error| wrong(format!("{KEYS}: {error}"))),
        }
    }

    /// The report in it, as it lies there; no more than so many bytes of it.
    pub fn packed_report(&self, most: u64) -> Result<Vec<u8>, String> {
        self.archive.read_small(REPORT, most)?.ok_or_else(|| "it is not there".to_owned())
    }

    /// The waivers that the report in it was made with.
    pub fn waivers(&self, limits: &Limits) -> Result<Option<String>, BundleError> {
        let wrong = |why: String| BundleError::Unreadable { path: self.archive.path().to_owned(), why };
        let text = self.archive.read_small(WAIVERS, limits.small_file).map_err(wrong)?;
        text.map(String::from_utf8).transpose().map_err(|error| wrong(format!("{WAIVERS}: {error}")))
    }
}

#[async_trait]
impl Buckets for Bundle {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        let named = |(followed, store): &&(bool, Arc<BundleStore>)| *followed && store.bucket() == Some(name);
        self.stores.iter().find(named).map(|(_, store)| Arc::clone(store) as Arc<dyn ObjectStore>)
    }
}

impl BundleStore {
    fn open(archive: &Arc<Archive>, record: &BucketRecord, limits: &Limits) -> Result<BundleStore, String> {
        let lines = |what: &str| {
            let name = format!("records/{}/{what}.jsonl", record.folder);
            let told = |error: &dyn std::fmt::Display| format!("{name}: {error}");
            let part = archive.find(&name).map_err(|error| told(&error))?.ok_or_else(|| told(&"it is not there"))?;
            let file = archive.another_handle().map_err(|error| told(&error))?;
            Sidecar::within(file, part.bytes, limits).map_err(|error| told(&error))
        };
        let (objects, refused) = (lines("objects")?, lines("folders")?);
        let folders = Tree::of(objects.folders().chain(refused.folders()))
            .map_err(|length| format!("it has a key of {length} bytes, and S3 allows 1,024"))?;
        Ok(BundleStore { archive: Arc::clone(archive), record: record.clone(), objects, refused, folders })
    }

    fn refusal(&self, prefix: &str) -> Option<StoreError> {
        self.refused.record(prefix)?.failure()
    }

    fn read_folder(&self, prefix: &str) -> Folder {
        let folders = self.folders.children(prefix).into_iter().map(str::to_owned).collect();
        let mut folder = Folder { folders, objects: Vec::new() };
        let records = self.objects.records(prefix);
        folder.objects.extend(records.iter().flat_map(|records| records.values()).map(info));
        folder.objects.sort_by(|a, b| a.key.cmp(&b.key));
        folder
    }

    fn give(&self, key: &str) -> Result<FetchedObject, StoreError> {
        let record = self.objects.record(key);
        if let Some(error) = record.as_ref().and_then(failure) {
            return Err(error);
        }
        let unreadable = |error: std::io::Error| StoreError::Unreachable(error.to_string());
        match (self.archive.find(&file_of(&self.record.folder, key)).map_err(unreadable)?, record) {
            (Some(stored), record) => {
                let record = record.unwrap_or_default();
                let mut metadata =
                    DigestMetadata::from_user_metadata(|name| record.metadata.get(name).map(String::as_str));
                metadata.last_modified = record.last_modified;
                let body: Box<dyn Read + Send> = Box::new(self.archive.read(&stored));
                Ok(FetchedObject { body: Body::Reader(body), metadata, attributes: record.attributes() })
            }
            (None, None) => Err(StoreError::NotFound),
            (None, Some(_)) => Err(StoreError::Unreachable("the bundle was made without its bytes".to_owned())),
        }
    }
}

#[async_trait]
impl ObjectStore for BundleStore {
    fn bucket(&self) -> Option<&str> {
        self.record.bucket.as_deref()
    }

    fn framing(&self) -> Framing {
        if self.record.plain { Framing::GzipOrPlain } else { Framing::Gzip }
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        match self.refusal(prefix) {
            Some(error) => Err(error),
            None if prefix.is_empty() || self.folders.has(prefix) => Ok(self.read_folder(prefix)),
            None => Err(StoreError::NotFound),
        }
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        stream::unfold((vec![prefix.to_owned()], range), move |(mut open, range)| async move {
            let prefix = open.pop()?;
            let mut folder = self.read_folder(&prefix);
            open.extend(folder.folders.into_iter().rev().filter(|name| range.may_have_below(name)));
            folder.objects.retain(|object| range.has(&object.key));
            let refused = self.refusal(&prefix).map(|error| Err(ListError { prefix, error }));
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

fn info(record: &ObjectRecord) -> ObjectInfo {
    ObjectInfo {
        key: record.key.clone(),
        size: record.size.unwrap_or_default(),
        last_modified: record.last_modified,
        etag: record.etag.clone(),
        storage_class: record.storage_class.clone(),
        only_told: record.only_told,
        special: record.special,
    }
}

/// As it was when the bundle was made.
fn failure(record: &ObjectRecord) -> Option<StoreError> {
    match record.reason {
        Some(Reason::OverLimit) => Some(StoreError::OverLimit(0)),
        _ => record.failure(),
    }
}
