//! A bucket with an honest trail and a crowd of planted objects beside it, which are made up as they are asked for.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use trailseal::logfile::Framing;
use trailseal::store::{FetchedObject, Folder, KeyRange, ListError, MemoryStore, ObjectInfo, ObjectStore, StoreError};

/// What lies below a folder beside the honest objects: the number of things, and the name of each by its number, as it
/// goes on after the folder's.
pub(crate) type Planted = fn(&str) -> Option<Things>;

/// How many, and their names.
pub(crate) type Things = (u64, fn(u64) -> String);

pub(crate) const NONE: Planted = |_| None;

pub(crate) struct Crowd {
    pub(crate) honest: MemoryStore,
    /// The folders in a folder, each with a slash at its end.
    pub(crate) folders: Planted,
    /// The objects of the listing of a folder.
    pub(crate) objects: Planted,
    /// Requests for listings so far, those for the pages of one counted one by one.
    pub(crate) listings: AtomicU64,
}

impl Crowd {
    pub(crate) fn new(honest: MemoryStore, folders: Planted, objects: Planted) -> Crowd {
        Crowd { honest, folders, objects, listings: AtomicU64::new(0) }
    }

    fn pages<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = Vec<ObjectInfo>> + Send + 'a {
        let (count, name) = (self.objects)(prefix).unwrap_or((0, |_| String::new()));
        (0..count.div_ceil(PAGE)).map(move |page| {
            self.listings.fetch_add(1, Ordering::Relaxed);
            let numbers = page * PAGE..count.min((page + 1) * PAGE);
            let planted = |key| ObjectInfo { key, size: 1, ..ObjectInfo::default() };
            numbers.map(|number| planted(format!("{prefix}{}", name(number)))).collect()
        })
    }
}

#[async_trait]
impl ObjectStore for Crowd {
    fn bucket(&self) -> Option<&str> {
        self.honest.bucket()
    }

    fn framing(&self) -> Framing {
        Framing::Gzip
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.listings.fetch_add(1, Ordering::Relaxed);
        let mut folder = self.honest.folder(prefix).await?;
        if let Some((count, name)) = (self.folders)(prefix) {
            folder.folders.extend((0..count).map(|number| format!("{prefix}{}", name(number))));
        }
        Ok(folder)
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let honest = self.honest.list(prefix, range.clone());
        let inside = move |mut page: Vec<ObjectInfo>| {
            page.retain(|object| range.has(&object.key));
            Ok(page)
        };
        honest.chain(stream::iter(self.pages(prefix).map(inside))).boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.honest.get(key).await
    }
}

/// Objects on a page, as in S3.
const PAGE: u64 = 1_000;
