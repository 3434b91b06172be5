//! A bucket whose listing is held against what is remembered of it, page by page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::{Memory, Read, lock};
use crate::logfile::Framing;
use crate::monitor::state::{Described, PlaceId, Remembered, RememberedDigest, split};
use crate::store::{
    Attributes, Body, BodyError, Buckets, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore,
    StoreError,
};
use crate::trail::{DigestKey, LogKey, ObjectLocation};

/// A bucket, and what is remembered of it.
pub(super) struct RememberedStore {
    pub memory: Arc<Memory>,
    pub inner: Arc<dyn ObjectStore>,
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
        let mut proven = Vec::new();
        for object in page {
            let name = object.key[folder.len()..].to_owned();
            let known = known.remove(name.as_str());
            match known.filter(|known| self.memory.is_unchanged(object, known)) {
                Some(known) => object.proven = Some(known.sha256),
                None => {
                    proven.extend(known.map(|known| (name.clone(), known.sha256)));
                    differ.push(name);
                }
            }
        }
        if of_digests {
            let gone = known.into_values().map(|gone| (gone.name.clone(), gone.clone()));
            let mut digests = lock(&self.memory.digests);
            let seen = digests.entry(place).or_default();
            seen.differ.extend(differ);
            seen.proven.extend(proven);
            seen.gone.extend(gone);
        }
    }

    /// The end of a listing of digest files: what is remembered after its last name is gone.
    fn ended(&self, place: PlaceId, after: &str) {
        match self.memory.state.remembered(place, after, LAST_NAME, usize::MAX >> 1) {
            Ok(rest) => {
                let mut digests = lock(&self.memory.digests);
                let seen = digests.entry(place).or_default();
                let rest = rest.into_iter().filter(|known| known.name != after);
                seen.gone.extend(rest.map(|gone| (gone.name.clone(), gone)));
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
            if seen.differ.contains(name) || seen.gone.contains_key(name) {
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
        if of_digests {
            lock(&self.memory.digests).remove(&place);
        }
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
pub(super) struct RememberedBuckets {
    pub memory: Arc<Memory>,
    pub inner: Arc<dyn Buckets>,
    pub opened: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
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

/// Names of digest files are shorter than this, and sort before it.
const LAST_NAME: &str = "\u{10ffff}";

/// Bytes of a digest file, as stored, beyond which it is read from the bucket each time.
const KEPT: u64 = 4 << 20;

/// Objects read and not judged yet, at most.
const UNDER_WAY: usize = 50_000;
