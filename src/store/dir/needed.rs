//! What verification needs of the recorded metadata of one folder's objects. A day of a busy account has tens of thousands
//! of objects, and several days are looked at at once, so it is kept packed: some 60 bytes an object.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use crate::digest::DigestMetadata;
use crate::trail::Time;

/// The metadata of the objects of one folder, by name.
#[derive(Default)]
pub(super) struct Needed {
    /// By the hash of the name, once it is complete.
    entries: Vec<Entry>,
    /// Of those that have more than a time: digests.
    more: Vec<DigestMetadata>,
    /// All that is recorded of them, where that was asked for.
    lines: Vec<u8>,
    hasher: RandomState,
}

struct Entry {
    /// The hash of the name, which nobody can foresee: names that begin alike are slow to compare.
    name: u64,
    /// Where in `more` it is; none of those for a log file.
    more: u32,
    /// Where in `lines` it is.
    line: Range<usize>,
    last_modified: Option<Time>,
}

impl Needed {
    /// Adds an object that such a part of the lines is about; of two of the same name the later one counts.
    pub(super) fn add(&mut self, name: &str, metadata: DigestMetadata, line: Range<usize>) {
        let last_modified = metadata.last_modified;
        let plain = metadata == DigestMetadata { last_modified, ..DigestMetadata::default() };
        // What does not fit any more is an object whose metadata is not known; a sidecar of that size is none of ours.
        let Ok(more) = u32::try_from(self.more.len()) else { return };
        let name = self.hasher.hash_one(name);
        self.entries.push(Entry { name, more: if plain { NO_MORE } else { more }, line, last_modified });
        if !plain {
            self.more.push(metadata);
        }
    }

    /// All were added; the lines, where all that is recorded is asked for.
    pub(super) fn complete(mut self, lines: Vec<u8>) -> Needed {
        self.lines = lines;
        // Stable, so that the later of two stays behind the earlier.
        self.entries.sort_by_key(|entry| entry.name);
        self.entries.dedup_by(|later, earlier| {
            let same = later.name == earlier.name;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        self.entries.shrink_to_fit();
        self.more.shrink_to_fit();
        self
    }

    /// When an object was written, where that is recorded.
    pub(super) fn last_modified(&self, name: &str) -> Option<Time> {
        self.entry(name)?.last_modified
    }

    /// The metadata of an object, and the line that it is recorded in where lines are kept.
    pub(super) fn metadata(&self, name: &str) -> Option<(DigestMetadata, &[u8])> {
        let entry = self.entry(name)?;
        let more = self.more.get(entry.more as usize).filter(|_| entry.more != NO_MORE).cloned();
        let metadata =
            more.unwrap_or(DigestMetadata { last_modified: entry.last_modified, ..DigestMetadata::default() });
        Some((metadata, self.lines.get(entry.line.clone()).unwrap_or_default()))
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        let name = self.hasher.hash_one(name);
        let at = self.entries.binary_search_by_key(&name, |entry| entry.name).ok()?;
        self.entries.get(at)
    }
}

const NO_MORE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_the_later_of_two_counts() {
        let signed = |text: &str| DigestMetadata { signature: Some(text.to_owned()), ..DigestMetadata::default() };
        let timed = |time| DigestMetadata { last_modified: Some(Time::from_unix(time)), ..DigestMetadata::default() };
        let mut needed = Needed::default();
        for (name, metadata) in [
            ("b", timed(1)),
            ("a", signed("old")),
            ("", timed(2)),
            ("b", timed(3)),
            ("a", signed("new")),
            ("b", timed(4)),
        ] {
            needed.add(name, metadata, 0..0);
        }
        let needed = needed.complete(Vec::new());
        let metadata = |name| needed.metadata(name).map(|(metadata, _)| metadata);
        assert_eq!(metadata("a"), Some(signed("new")));
        assert_eq!(metadata("b"), Some(timed(4)));
        assert_eq!(
            (needed.last_modified("b"), needed.last_modified("")),
            (timed(4).last_modified, timed(2).last_modified)
        );
        assert_eq!((needed.last_modified("a"), metadata("c")), (None, None));
        assert_eq!(needed.entries.len(), 3);
    }
}
