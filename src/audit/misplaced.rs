//! What a listing comes upon beside what is looked for: objects where none should be, kept one by one up to a limit and
//! then only counted, and folders that could not be listed.

use std::sync::Arc;

use futures::StreamExt;

use super::listing::list;
use crate::finding::{Code, Finding, Reason};
use crate::limits::{FOLDERS_NAMED, Limits, MISPLACED_FOLDERS};
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
    /// How many more there are of those that were not kept.
    unlistable_beyond: u64,
}

/// Objects out of place, of one folder.
pub(super) struct Misplaced {
    pub store: Arc<dyn ObjectStore>,
    pub objects: Vec<ObjectInfo>,
    /// How many more there are that were not kept.
    pub beyond: u64,
    /// Folders out of place that were looked into.
    folders: usize,
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
        let more = self.unlistable.first().filter(|_| self.unlistable_beyond > 0).map(|first| {
            let everything = ObjectLocation::new(first.store.bucket().unwrap_or_default(), "");
            Finding::more_like_it(Code::FolderUnreadable, &everything, self.unlistable_beyond)
        });
        let misplaced = self.misplaced.into_iter().flat_map(Misplaced::into_findings);
        misplaced.chain(self.unlistable.into_iter().map(|folder| folder.finding())).chain(more)
    }

    /// Takes up what another one has; of its objects, `most` in all are kept.
    pub(super) fn add(&mut self, other: Beside, most: usize) {
        let mut kept: usize = self.misplaced.iter().map(|misplaced| misplaced.objects.len()).sum();
        for mut misplaced in other.misplaced {
            misplaced.keep(most.saturating_sub(kept));
            kept += misplaced.objects.len();
            self.place(misplaced);
        }
        self.unlistable_beyond += other.unlistable_beyond;
        other.unlistable.into_iter().for_each(|folder| self.unlistable(folder));
    }

    /// Objects out of place, if there are any.
    pub(super) fn place(&mut self, misplaced: Misplaced) {
        if !misplaced.objects.is_empty() || misplaced.beyond > 0 {
            self.misplaced.push(misplaced);
        }
    }

    pub(super) fn unlistable(&mut self, folder: Unlistable) {
        match self.unlistable.len() < FOLDERS_NAMED {
            true => self.unlistable.push(folder),
            false => self.unlistable_beyond += 1,
        }
    }

    pub(super) fn failed(&mut self, store: &Arc<dyn ObjectStore>, failed: &ListError) {
        self.unlistable(Unlistable::new(store, &failed.prefix, &failed.error));
    }

    /// Everything below a folder that should not be where it is.
    pub(super) async fn tell_below(&mut self, misplaced: &mut Misplaced, folder: &str, limits: &Limits) {
        let store = Arc::clone(&misplaced.store);
        misplaced.folders += 1;
        if misplaced.folders > MISPLACED_FOLDERS {
            return self.unlistable(Unlistable::over_limit(&store, folder));
        }
        let mut pages = list(&*store, folder, KeyRange::ALL, limits);
        while let Some(page) = pages.next().await {
            match page {
                Ok(objects) => objects.into_iter().for_each(|object| misplaced.tell(object)),
                Err(failed) => self.failed(&store, &failed),
            }
        }
    }
}

impl Misplaced {
    pub(super) fn new(store: &Arc<dyn ObjectStore>, folder: &str, misfit: Misfit, limits: &Limits) -> Misplaced {
        let (store, folder, most) = (Arc::clone(store), folder.to_owned(), limits.planted_named_per_region);
        Misplaced { store, objects: Vec::new(), beyond: 0, folders: 0, folder, misfit, most }
    }

    /// An object that should not be here. Folder markers are no evidence of anything.
    pub(super) fn tell(&mut self, object: ObjectInfo) {
        match object.is_folder_marker() {
            true => {}
            false if self.objects.len() < self.most => self.objects.push(object),
            false => self.beyond += 1,
        }
    }

    /// Keeps so many, and counts the others.
    fn keep(&mut self, most: usize) {
        self.beyond += self.objects.len().saturating_sub(most) as u64;
        self.objects.truncate(most);
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
