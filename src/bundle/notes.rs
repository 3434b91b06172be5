//! Notes about objects, in any order, to notes sorted by key.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::bodies::Kept;
use crate::finding::Reason;
use crate::sorting::{self, Keep, Sorter};
use crate::store::dir::ObjectRecord;
use crate::trail::Time;

/// What is noted of one object. Every field is always written, which is what makes it small and quick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub metadata: BTreeMap<String, String>,
    pub size: Option<u64>,
    pub etag: Option<String>,
    pub last_modified: Option<i64>,
    pub version_id: Option<String>,
    pub storage_class: Option<String>,
    /// Where the bytes are, if they were kept.
    pub kept: Option<Kept>,
    /// Why it was not to be had.
    pub reason: Option<Reason>,
    pub special: bool,
    pub only_told: bool,
    /// Whether it was not there.
    pub absent: bool,
    /// Whether only its beginning was kept.
    pub cut: bool,
}

impl Note {
    /// The same as a line of the records, and the bytes that were kept.
    pub(super) fn into_record(self, key: String) -> (ObjectRecord, Option<Kept>) {
        let record = ObjectRecord {
            key,
            metadata: self.metadata,
            size: self.size,
            etag: self.etag,
            last_modified: self.last_modified.map(Time::from_unix),
            version_id: self.version_id,
            storage_class: self.storage_class,
            sha256: self.kept.as_ref().map(|kept| hex::encode(kept.sha256)),
            reason: self.reason,
            special: self.special,
            only_told: self.only_told,
            absent: self.absent,
            cut: self.cut,
            ..ObjectRecord::default()
        };
        (record, self.kept)
    }
}

/// Collects notes; of several of one key the last counts.
pub(super) struct Notes(Sorter);

impl Notes {
    /// `folder` is the disk for what does not stay in memory.
    pub(super) fn new(folder: &Path) -> Notes {
        Notes(Sorter::new(folder, Keep::Last, MEMORY))
    }

    /// Notes something of a key.
    pub(super) fn add(&mut self, key: &str, note: &impl Serialize) -> io::Result<()> {
        self.0.add(key.as_bytes(), note)
    }

    /// All of them, by key.
    pub(super) fn sorted(self) -> io::Result<Sorted> {
        self.0.sorted().map(Sorted)
    }
}

/// Notes by key.
pub(super) struct Sorted(sorting::Sorted);

impl Sorted {
    /// The key that comes next.
    pub(super) fn peek(&self) -> Option<&[u8]> {
        self.0.peek()
    }

    /// The next note.
    pub(super) fn take<T: for<'de> Deserialize<'de>>(&mut self) -> io::Result<Option<(String, T)>> {
        let Some((key, note)) = self.0.take()? else { return Ok(None) };
        let key = String::from_utf8(key).map_err(io::Error::other)?;
        Ok(Some((key, postcard::from_bytes(&note).map_err(io::Error::other)?)))
    }
}

/// Bytes of notes kept in memory before they go to disk.
const MEMORY: usize = 24 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_notes_of_one_key_the_last_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut notes = Notes::new(folder.path());
        for (key, size) in [("b", 1), ("a", 2), ("b", 3)] {
            notes.add(key, &Note { size: Some(size), ..Note::default() }).unwrap();
        }
        let mut sorted = notes.sorted().unwrap();
        assert_eq!(sorted.peek(), Some(&b"a"[..]));
        let mut next = || sorted.take::<Note>().unwrap().map(|(key, note)| (key, note.size.unwrap()));
        assert_eq!([next(), next(), next()], [Some(("a".to_owned(), 2)), Some(("b".to_owned(), 3)), None]);
    }
}
