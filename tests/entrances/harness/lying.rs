//! A bucket whose listings and whose answers are whatever one likes, each apart from the other.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use trailseal::digest::DigestMetadata;
use trailseal::logfile::Framing;
use trailseal::store::{
    Attributes, Body, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError,
};

pub(crate) const BUCKET: &str = "example-trail-logs";

/// An object.
#[derive(Clone)]
pub(crate) struct Thing {
    pub(crate) body: Bytes,
    pub(crate) metadata: DigestMetadata,
}

/// The bucket as it answers.
#[derive(Clone, Default)]
pub(crate) struct Lying {
    pub(crate) objects: BTreeMap<String, Thing>,
    /// Not to be had, though listed.
    pub(crate) failing: BTreeMap<String, StoreError>,
    /// Not listed, though to be had.
    pub(crate) hidden: BTreeSet<String>,
    /// Listed, though not there.
    pub(crate) shown: BTreeSet<String>,
    /// Folders that cannot be listed.
    pub(crate) closed: BTreeMap<String, StoreError>,
    /// Objects of a page.
    pub(crate) page: usize,
    /// Bytes of a piece of a body.
    pub(crate) piece: usize,
    /// Without a name, as a copy can be.
    pub(crate) nameless: bool,
    /// On this machine, as a copy is.
    pub(crate) near: bool,
}

#[async_trait]
impl ObjectStore for Lying {
    fn bucket(&self) -> Option<&str> {
        (!self.nameless).then_some(BUCKET)
    }

    fn framing(&self) -> Framing {
        Framing::GzipOrPlain
    }

    fn is_remote(&self) -> bool {
        !self.near
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        if let Some(error) = self.closed.get(prefix) {
            return Err(error.clone());
        }
        let mut folder = Folder::default();
        for object in self.listed(prefix) {
            match object.key[prefix.len()..].split_once('/') {
                Some((name, _)) => folder.folders.push(format!("{prefix}{name}/")),
                None => folder.objects.push(object),
            }
        }
        folder.folders.dedup();
        Ok(folder)
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let closed = self.closed.iter().filter(|(folder, _)| folder.starts_with(prefix) || prefix.starts_with(*folder));
        let closed: Vec<_> =
            closed.map(|(folder, error)| Err(ListError { prefix: folder.clone(), error: error.clone() })).collect();
        let objects: Vec<ObjectInfo> = self
            .listed(prefix)
            .into_iter()
            .filter(|object| range.has(&object.key) && !self.closed.keys().any(|folder| object.key.starts_with(folder)))
            .collect();
        let pages: Vec<_> = objects.chunks(self.page).map(|page| Ok(page.to_vec())).chain(closed).collect();
        stream::iter(pages).boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        if let Some(error) = self.failing.get(key) {
            return Err(error.clone());
        }
        let thing = self.objects.get(key).ok_or(StoreError::NotFound)?;
        let pieces: Vec<_> = thing.body.chunks(self.piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = if self.piece > 1_000 {
            Body::Bytes(thing.body.clone())
        } else {
            Body::Stream(stream::iter(pieces).boxed())
        };
        Ok(FetchedObject { body, metadata: thing.metadata.clone(), attributes: Attributes::default() })
    }
}

impl Lying {
    /// What a listing shows below a prefix, in order.
    fn listed(&self, prefix: &str) -> Vec<ObjectInfo> {
        let mut listed: BTreeMap<&str, Option<&Thing>> = self.shown.iter().map(|key| (key.as_str(), None)).collect();
        listed.extend(self.objects.iter().map(|(key, thing)| (key.as_str(), Some(thing))));
        let below = listed.into_iter().filter(|(key, _)| key.starts_with(prefix) && !self.hidden.contains(*key));
        let info = |(key, thing): (&str, Option<&Thing>)| ObjectInfo {
            key: key.to_owned(),
            size: thing.map_or(0, |thing| thing.body.len() as u64),
            last_modified: thing.and_then(|thing| thing.metadata.last_modified),
            ..ObjectInfo::default()
        };
        below.map(info).collect()
    }
}
