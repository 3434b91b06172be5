//! A bucket in memory: for tests, fuzzing, and whoever has the evidence at hand already.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::{Attributes, Body, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError};
use crate::digest::DigestMetadata;
use crate::logfile::Framing;

/// A bucket in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    bucket: Option<String>,
    objects: BTreeMap<String, Stored>,
    faults: BTreeMap<String, StoreError>,
}

#[derive(Clone, Debug)]
struct Stored {
    body: Bytes,
    metadata: DigestMetadata,
}

impl MemoryStore {
    /// An empty bucket of that name; without one, like a directory of which nobody knows where it was copied from.
    pub fn new(bucket: Option<&str>) -> MemoryStore {
        MemoryStore { bucket: bucket.map(str::to_owned), ..MemoryStore::default() }
    }

    /// Puts an object.
    pub fn put(&mut self, key: &str, body: impl Into<Bytes>, metadata: DigestMetadata) {
        self.objects.insert(key.to_owned(), Stored { body: body.into(), metadata });
    }

    /// Takes an object out.
    pub fn remove(&mut self, key: &str) {
        self.objects.remove(key);
    }

    /// From now on fetching this key fails so. It is listed all the same.
    pub fn fail(&mut self, key: &str, error: StoreError) {
        self.faults.insert(key.to_owned(), error);
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.objects.keys().map(String::as_str)
    }

    /// An object's bytes and metadata.
    pub fn object(&self, key: &str) -> Option<(&Bytes, &DigestMetadata)> {
        self.objects.get(key).map(|stored| (&stored.body, &stored.metadata))
    }

    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a Stored)> {
        self.objects.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix))
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    fn framing(&self) -> Framing {
        Framing::GzipOrPlain
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        let mut folder = Folder::default();
        for (key, stored) in self.below(prefix) {
            match key[prefix.len()..].split_once('/') {
                Some((name, _)) => folder.folders.push(format!("{prefix}{name}/")),
                None => folder.objects.push(info(key, stored)),
            }
        }
        folder.folders.dedup();
        Ok(folder)
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let page =
            self.below(prefix).filter(|(key, _)| range.has(key)).map(|(key, stored)| info(key, stored)).collect();
        stream::iter([Ok(page)]).boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.find(key)
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        Some(self.find(key))
    }
}

impl MemoryStore {
    fn find(&self, key: &str) -> Result<FetchedObject, StoreError> {
        if let Some(error) = self.faults.get(key) {
            return Err(error.clone());
        }
        let stored = self.objects.get(key).ok_or(StoreError::NotFound)?;
        Ok(FetchedObject {
            body: Body::Bytes(stored.body.clone()),
            metadata: stored.metadata.clone(),
            attributes: Attributes::default(),
        })
    }
}

fn info(key: &str, stored: &Stored) -> ObjectInfo {
    ObjectInfo {
        key: key.to_owned(),
        size: stored.body.len() as u64,
        last_modified: stored.metadata.last_modified,
        ..ObjectInfo::default()
    }
}
