//! Evidence with one file of it as it was given: what is looked at is what is judged, wherever it lies.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::digest::DigestMetadata;
use crate::logfile::Framing;
use crate::store::{Attributes, Body, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError};

/// A store in which a file lies under its key.
pub(super) struct With {
    pub store: Arc<dyn ObjectStore>,
    pub key: String,
    pub body: Bytes,
}

impl With {
    fn object(&self) -> FetchedObject {
        let metadata = DigestMetadata::default();
        FetchedObject { body: Body::Bytes(self.body.clone()), metadata, attributes: Attributes::default() }
    }
}

#[async_trait]
impl ObjectStore for With {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    /// A file at hand may have been gunzipped.
    fn framing(&self) -> Framing {
        Framing::GzipOrPlain
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.store.folder(prefix).await
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let size = self.body.len() as u64;
        let own = ObjectInfo { key: self.key.clone(), size, ..ObjectInfo::default() };
        let own = Some(own).filter(|own| own.key.starts_with(prefix) && range.has(&own.key));
        stream::iter(own).map(|own| Ok(vec![own])).chain(self.store.list(prefix, range)).boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        if key == self.key { Ok(self.object()) } else { self.store.get(key).await }
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        if key == self.key { Some(Ok(self.object())) } else { self.store.get_now(key) }
    }
}
