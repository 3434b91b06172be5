//! A directory as evidence: the copy in it, and the copies of other buckets that `pull` left there.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::Failure;
use crate::limits::Limits;
use crate::store::dir::{DirStore, other_buckets};
use crate::store::{Buckets, ObjectStore};

/// How evidence is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To look at it.
    Read,
    /// To copy it, with all that is recorded of its objects.
    Copy,
    /// To look at it and keep what was seen, with all that is recorded of it.
    Pack,
}

/// Opens the copy in a directory.
pub(super) fn open_copy(
    root: &Path,
    bucket: Option<&str>,
    limits: &Limits,
    purpose: Purpose,
) -> Result<DirStore, Failure> {
    let store = DirStore::open(root, bucket, limits).map_err(Failure::told)?;
    Ok(if purpose == Purpose::Read { store } else { store.with_attributes() })
}

/// Opens the copies of other buckets that were named on the command line.
pub(super) fn open_named(
    named: &[(String, PathBuf)],
    limits: &Limits,
    purpose: Purpose,
) -> Result<Vec<Arc<dyn ObjectStore>>, Failure> {
    let open = |(name, path): &(String, PathBuf)| -> Result<Arc<dyn ObjectStore>, Failure> {
        Ok(Arc::new(open_copy(path, Some(name), limits, purpose)?))
    };
    named.iter().map(open).collect()
}

/// The copies of other buckets that `pull` left in a directory: a trail is followed to them as it is in S3.
pub(super) struct DirBuckets {
    paths: BTreeMap<String, PathBuf>,
    limits: Limits,
    purpose: Purpose,
    opened: Mutex<HashMap<String, Option<Arc<dyn ObjectStore>>>>,
}

impl DirBuckets {
    /// Finds them. What the caller names comes before what lies with the evidence.
    pub(super) fn open(
        root: &Path,
        main: Option<&str>,
        named: &[(String, PathBuf)],
        limits: &Limits,
        purpose: Purpose,
    ) -> Result<DirBuckets, Failure> {
        let left = other_buckets(root).map_err(|error| Failure::told(format!("{}: {error}", root.display())))?;
        if let Some((_, path)) = left.iter().find(|(name, _)| main == Some(name)) {
            let text = "it is a second copy of the bucket that the directory itself is a copy of; remove it";
            return Err(Failure::told(format!("{}: {text}", path.display())));
        }
        let left = left.into_iter().filter(|(name, _)| !named.iter().any(|(other, _)| other == name));
        Ok(DirBuckets { paths: left.collect(), limits: limits.clone(), purpose, opened: Mutex::default() })
    }
}

#[async_trait]
impl Buckets for DirBuckets {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        let path = self.paths.get(name)?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let store = opened.entry(name.to_owned()).or_insert_with(|| {
            let store = open_copy(path, Some(name), &self.limits, self.purpose).ok()?;
            Some(Arc::new(store) as Arc<dyn ObjectStore>)
        });
        store.clone()
    }

    async fn at_hand(&self) -> Vec<Arc<dyn ObjectStore>> {
        let mut stores = Vec::new();
        for name in self.paths.keys() {
            stores.extend(self.bucket(name).await);
        }
        stores
    }
}
