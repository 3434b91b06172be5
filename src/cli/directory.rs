//! A directory as evidence: the copy in it, and the copies of other buckets that `pull` left there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use crate::limits::Limits;
use crate::store::ObjectStore;
use crate::store::dir::{DirStore, other_buckets};

/// How a directory is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To look at it.
    Read,
    /// To copy it, with all that is recorded of its objects.
    Copy,
}

/// Opens the copy in a directory.
pub(super) fn open_copy(
    root: &Path,
    bucket: Option<&str>,
    limits: &Limits,
    purpose: Purpose,
) -> Result<DirStore, Failure> {
    let store = DirStore::open(root, bucket, limits).map_err(Failure::told)?;
    Ok(if purpose == Purpose::Copy { store.with_attributes() } else { store })
}

/// Opens the copies of other buckets: those named on the command line, and those that `pull` left in the directory.
pub(super) fn open_others(
    root: &Path,
    main: Option<&str>,
    named: &[(String, PathBuf)],
    limits: &Limits,
    purpose: Purpose,
) -> Result<Vec<Arc<dyn ObjectStore>>, Failure> {
    let left = other_buckets(root).map_err(|error| Failure::told(format!("{}: {error}", root.display())))?;
    if let Some((_, path)) = left.iter().find(|(name, _)| main == Some(name)) {
        let text = "it is a second copy of the bucket that the directory itself is a copy of; remove it";
        return Err(Failure::told(format!("{}: {text}", path.display())));
    }
    // What the caller names comes before what lies with the evidence.
    let left = left.iter().filter(|(name, _)| !named.iter().any(|(other, _)| other == name));
    let mut stores: Vec<Arc<dyn ObjectStore>> = Vec::new();
    for (name, path) in named.iter().chain(left) {
        stores.push(Arc::new(open_copy(path, Some(name), limits, purpose)?));
    }
    Ok(stores)
}
