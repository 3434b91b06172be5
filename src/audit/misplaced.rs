//! Objects where none should be: named one by one up to a limit, then only counted.

use std::sync::Arc;

use futures::StreamExt;

use crate::finding::{Finding, Reason};
use crate::store::{KeyRange, ListError, ObjectInfo, ObjectStore, StoreError};
use crate::trail::ObjectLocation;

/// What an object out of place comes to.
pub(super) type Misfit = fn(&ObjectLocation) -> Finding;

/// An object in a log folder that cannot be a log file, whatever its name: queries over the folder read it.
pub(super) const UNLISTED: Misfit = |at| Finding::log_unlisted(at, None);
/// An object in a digest folder that is not named as a digest file.
pub(super) const STRAY: Misfit = Finding::object_stray;

/// Collects them for one folder.
pub(super) struct Misplaced {
    folder: ObjectLocation,
    misfit: Misfit,
    most: usize,
    told: usize,
    findings: Vec<Finding>,
}

impl Misplaced {
    pub(super) fn new(folder: ObjectLocation, misfit: Misfit, most: usize) -> Misplaced {
        Misplaced { folder, misfit, most, told: 0, findings: Vec::new() }
    }

    /// An object that should not be here. Folder markers are no evidence of anything.
    pub(super) fn tell(&mut self, object: &ObjectInfo) {
        if object.is_folder_marker() {
            return;
        }
        self.told += 1;
        if self.told <= self.most && object.special {
            let special = StoreError::Unreachable("it is no ordinary object".to_owned());
            self.findings.push(unlistable(&self.folder.bucket, &object.key, &special));
        } else if self.told <= self.most {
            self.findings.push((self.misfit)(&ObjectLocation::new(&self.folder.bucket, &object.key)));
        }
    }

    /// Everything below a folder that should not be here.
    pub(super) async fn tell_below(&mut self, store: &Arc<dyn ObjectStore>, folder: &str) {
        let mut pages = store.list(folder, KeyRange::ALL);
        while let Some(page) = pages.next().await {
            match page {
                Ok(objects) => objects.iter().for_each(|object| self.tell(object)),
                Err(failed) => self.findings.push(failed.finding(&self.folder.bucket)),
            }
        }
    }

    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        if self.told > self.most {
            let code = (self.misfit)(&self.folder).code;
            self.findings.push(Finding::more_like_it(code, &self.folder, (self.told - self.most) as u64));
        }
        self.findings
    }
}

impl ListError {
    /// What a listing that broke off comes to.
    pub(super) fn finding(&self, bucket: &str) -> Finding {
        unlistable(bucket, &self.prefix, &self.error)
    }
}

/// A folder that could not be listed, so what lies in it was not checked.
pub(super) fn unlistable(bucket: &str, prefix: &str, error: &StoreError) -> Finding {
    let reason = error.reason().unwrap_or(Reason::Unreachable);
    Finding::folder_unreadable(&ObjectLocation::new(bucket, prefix), reason)
}
