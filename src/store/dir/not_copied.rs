//! `.trailseal/not-copied.jsonl`: what the source had and a copy has not, and why.
//!
//! Without it, an object that could not be copied would look as if it had been deleted. It lies beside the evidence and
//! is as hostile: a line can make of something shown something that nobody can say, and never of that a proof.

use std::path::Path;

use super::ObjectRecord;
use super::sidecar::{Sidecar, SidecarError};
use super::tree::Tree;
use crate::limits::Limits;
use crate::store::{Folder, ObjectInfo, StoreError};

/// What was not copied; empty for a copy that has everything.
#[derive(Default)]
pub(super) struct NotCopied {
    lines: Sidecar,
    /// The folders that lines are about.
    folders: Tree,
}

impl NotCopied {
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<NotCopied, SidecarError> {
        let lines = Sidecar::open(path, limits)?;
        let folders = Tree::of(lines.folders()).map_err(SidecarError::Key)?;
        Ok(NotCopied { lines, folders })
    }

    /// Whether a folder that is not on the disk was there all the same.
    pub(super) fn knows_folder(&self, prefix: &str) -> bool {
        self.folders.has(prefix)
    }

    /// Why an object is not to be had.
    pub(super) fn failure(&self, key: &str) -> Option<StoreError> {
        self.lines.record(key).filter(|record| !record.folder)?.failure()
    }

    /// Why a folder cannot be listed.
    pub(super) fn folder_failure(&self, prefix: &str) -> Option<StoreError> {
        self.lines.record(prefix).filter(|record| record.folder)?.failure()
    }

    /// What is recorded of an object or a folder that was not copied.
    pub(super) fn record(&self, key: &str) -> Option<ObjectRecord> {
        self.lines.record(key)
    }

    /// Adds what lay in a folder and was not copied. `mounted_at` stands before every key that is shown.
    pub(super) fn add_to(&self, folder: &mut Folder, prefix: &str, mounted_at: &str) {
        if self.folders.is_empty() {
            return;
        }
        let children = self.folders.children(prefix).into_iter();
        folder.folders.extend(children.map(|child| format!("{mounted_at}{child}")));
        folder.folders.sort_unstable();
        folder.folders.dedup();
        let records = self.lines.records(prefix);
        let records = records.iter().flat_map(|records| records.values());
        let objects = records.filter(|record| record.reason.is_some() && !record.folder);
        folder.objects.extend(objects.map(|record| ObjectInfo {
            key: format!("{mounted_at}{}", record.key),
            size: record.size.unwrap_or_default(),
            last_modified: record.last_modified,
            etag: record.etag.clone(),
            storage_class: record.storage_class.clone(),
            only_told: true,
            special: record.special,
            proven: None,
        }));
        // What an earlier copy had lies there too.
        folder.objects.sort_by(|a, b| a.key.cmp(&b.key));
        folder.objects.dedup_by(|a, b| a.key == b.key);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn opened(text: &str) -> NotCopied {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("not-copied.jsonl");
        fs::write(&path, text).unwrap();
        NotCopied::open(&path, &Limits::default()).unwrap()
    }

    #[test]
    fn no_name_keeps_a_folder_from_being_listed_to_its_end() {
        let lost = opened(concat!(
            "{\"key\":\"a/b/\u{10ffff}x/y\",\"reason\":\"denied\"}\n",
            "{\"key\":\"a/b0/y\",\"reason\":\"denied\"}\n",
            "{\"key\":\"a/\u{10ffff}\u{10ffff}/y\",\"reason\":\"denied\"}\n",
        ));
        let mut folder = Folder::default();
        lost.add_to(&mut folder, "a/", "");
        assert_eq!(folder.folders, ["a/b/", "a/b0/", "a/\u{10ffff}\u{10ffff}/"]);
        let mut folder = Folder::default();
        lost.add_to(&mut folder, "a/b/", "");
        assert_eq!(folder.folders, ["a/b/\u{10ffff}x/"]);
    }

    #[test]
    fn what_was_not_copied_is_shown_where_it_lay() {
        let lost = opened(concat!(
            "{\"key\":\"a/b/x\",\"reason\":\"archived\",\"size\":3}\n",
            "{\"key\":\"a/b/y\",\"reason\":\"denied\"}\n",
            "{\"key\":\"a/b/y\",\"withdrawn\":true}\n",
            "{\"key\":\"a//z\",\"reason\":\"unreachable\"}\n",
            "{\"key\":\"a/c/\",\"reason\":\"denied\",\"folder\":true}\n",
            "{\"key\":\"a/d/\",\"reason\":\"denied\",\"size\":1}\n",
        ));
        let mut folder = Folder { folders: vec!["a/b/".into()], objects: vec![] };
        lost.add_to(&mut folder, "a/", "");
        assert_eq!(folder.folders, ["a//", "a/b/", "a/c/", "a/d/"]);
        let mut folder = Folder::default();
        lost.add_to(&mut folder, "a/b/", "m/");
        assert_eq!(folder.objects.iter().map(|o| (o.key.as_str(), o.size)).collect::<Vec<_>>(), [("m/a/b/x", 3)]);
        assert_eq!(lost.failure("a/b/x"), Some(StoreError::Archived));
        assert_eq!(lost.failure("a/b/y"), None, "copied since");
        assert_eq!((lost.failure("a/c/"), lost.folder_failure("a/c/")), (None, Some(StoreError::Denied)));
        assert_eq!((lost.failure("a/d/"), lost.folder_failure("a/d/")), (Some(StoreError::Denied), None));
        let mut folder = Folder::default();
        lost.add_to(&mut folder, "a/c/", "");
        assert_eq!(folder, Folder::default(), "the folder's own line is no object in it");
        lost.add_to(&mut folder, "a/d/", "");
        assert_eq!(folder.objects[0].key, "a/d/", "an object may be named like a folder");
        assert!(lost.knows_folder("a/") && lost.knows_folder("a//") && !lost.knows_folder("b/"));
    }
}
