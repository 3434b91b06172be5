//! What a listing comes upon beside what is looked for: objects where none should be, kept one by one up to a limit and
//! then only counted, and folders that could not be listed.

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

/// What a listing came upon beside what was looked for.
#[derive(Default)]
pub(super) struct Beside {
    pub misplaced: Vec<Misplaced>,
    pub unlistable: Vec<Unlistable>,
}

/// Objects out of place, of one folder.
pub(super) struct Misplaced {
    pub store: Arc<dyn ObjectStore>,
    pub objects: Vec<ObjectInfo>,
    /// How many more there are that were not kept.
    pub beyond: u64,
    folder: String,
    misfit: Misfit,
    most: usize,
}

/// A folder that could not be listed, so what lies in it was not looked at; or what stands where a folder should.
pub(super) struct Unlistable {
    pub store: Arc<dyn ObjectStore>,
    pub prefix: String,
    pub reason: Reason,
}

impl Beside {
    pub(super) fn into_findings(self) -> impl Iterator<Item = Finding> {
        let misplaced = self.misplaced.into_iter().flat_map(Misplaced::into_findings);
        misplaced.chain(self.unlistable.into_iter().map(|folder| folder.finding()))
    }

    pub(super) fn add(&mut self, other: Beside) {
        self.misplaced.extend(other.misplaced);
        self.unlistable.extend(other.unlistable);
    }

    pub(super) fn failed(&mut self, store: &Arc<dyn ObjectStore>, failed: &ListError) {
        self.unlistable.push(Unlistable::new(store, &failed.prefix, &failed.error));
    }

    /// Everything below a folder that should not be where it is.
    pub(super) async fn tell_below(&mut self, misplaced: &mut Misplaced, folder: &str) {
        let store = Arc::clone(&misplaced.store);
        let mut pages = store.list(folder, KeyRange::ALL);
        while let Some(page) = pages.next().await {
            match page {
                Ok(objects) => objects.into_iter().for_each(|object| misplaced.tell(object)),
                Err(failed) => self.failed(&store, &failed),
            }
        }
    }
}

impl Misplaced {
    pub(super) fn new(store: &Arc<dyn ObjectStore>, folder: &str, misfit: Misfit, most: usize) -> Misplaced {
        let (store, folder) = (Arc::clone(store), folder.to_owned());
        Misplaced { store, objects: Vec::new(), beyond: 0, folder, misfit, most }
    }

    /// An object that should not be here. Folder markers are no evidence of anything.
    pub(super) fn tell(&mut self, object: ObjectInfo) {
        match object.is_folder_marker() {
            true => {}
            false if self.objects.len() < self.most => self.objects.push(object),
            false => self.beyond += 1,
        }
    }

    fn into_findings(self) -> Vec<Finding> {
        let bucket = self.store.bucket().unwrap_or_default();
        let finding = |object: ObjectInfo| {
            if object.special {
                // It stands for something that was not looked at.
                return Unlistable::no_ordinary(&self.store, object.key).finding();
            }
            (self.misfit)(&ObjectLocation::new(bucket, object.key))
        };
        let mut findings: Vec<Finding> = self.objects.into_iter().map(finding).collect();
        if self.beyond > 0 {
            let folder = ObjectLocation::new(bucket, self.folder);
            findings.push(Finding::more_like_it((self.misfit)(&folder).code, &folder, self.beyond));
        }
        findings
    }
}

impl Unlistable {
    pub(super) fn new(store: &Arc<dyn ObjectStore>, prefix: &str, error: &StoreError) -> Unlistable {
        let reason = error.reason().unwrap_or(Reason::Unreachable);
        Unlistable { store: Arc::clone(store), prefix: prefix.to_owned(), reason }
    }

    /// What is no ordinary object, or stands where a folder should.
    pub(super) fn no_ordinary(store: &Arc<dyn ObjectStore>, key: String) -> Unlistable {
        Unlistable { store: Arc::clone(store), prefix: key, reason: Reason::Unreachable }
    }

    /// A folder beyond a limit.
    pub(super) fn over_limit(store: &Arc<dyn ObjectStore>, prefix: &str) -> Unlistable {
        Unlistable { store: Arc::clone(store), prefix: prefix.to_owned(), reason: Reason::OverLimit }
    }

    pub(super) fn finding(&self) -> Finding {
        let bucket = self.store.bucket().unwrap_or_default();
        Finding::folder_unreadable(&ObjectLocation::new(bucket, &self.prefix), self.reason)
    }
}
