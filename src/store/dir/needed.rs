//! What verification needs of the recorded metadata of one folder's objects. A day of a busy account has tens of thousands
//! of objects, and several days are looked at at once, so it is kept packed: some 100 bytes an object.

use crate::digest::DigestMetadata;
use crate::trail::Time;

/// The metadata of the objects of one folder, by name.
#[derive(Default)]
pub(super) struct Needed {
    /// All names, one after the other.
    names: String,
    /// By name, once it is complete.
    entries: Vec<Entry>,
    /// Of those that have more than a time: digests.
    more: Vec<DigestMetadata>,
}

struct Entry {
    start: usize,
    length: u32,
    /// Where in `more` it is; none of those for a log file.
    more: u32,
    last_modified: Option<Time>,
}

impl Needed {
    /// Adds an object; of two of the same name the later one counts.
    pub(super) fn add(&mut self, name: &str, metadata: DigestMetadata) {
        let last_modified = metadata.last_modified;
        let plain = metadata == DigestMetadata { last_modified, ..DigestMetadata::default() };
        // What does not fit any more is an object whose metadata is not known; a sidecar of that size is none of ours.
        let (Ok(length), Ok(more)) = (u32::try_from(name.len()), u32::try_from(self.more.len())) else { return };
        self.entries.push(Entry {
            start: self.names.len(),
            length,
            more: if plain { NO_MORE } else { more },
            last_modified,
        });
        self.names.push_str(name);
        if !plain {
            self.more.push(metadata);
        }
    }

    /// All were added.
    pub(super) fn complete(mut self) -> Needed {
        let Needed { names, entries, .. } = &mut self;
        // Stable, so that the later of two stays behind the earlier.
        entries.sort_by(|a, b| a.name(names).cmp(b.name(names)));
        entries.dedup_by(|later, earlier| {
            let same = later.name(names) == earlier.name(names);
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        self.names.shrink_to_fit();
        self.entries.shrink_to_fit();
        self.more.shrink_to_fit();
        self
    }

    /// When an object was written, where that is recorded.
    pub(super) fn last_modified(&self, name: &str) -> Option<Time> {
        self.entry(name)?.last_modified
    }

    /// The metadata of an object.
    pub(super) fn metadata(&self, name: &str) -> Option<DigestMetadata> {
        let entry = self.entry(name)?;
        let more = self.more.get(entry.more as usize).filter(|_| entry.more != NO_MORE).cloned();
        Some(more.unwrap_or(DigestMetadata { last_modified: entry.last_modified, ..DigestMetadata::default() }))
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.name(&self.names).cmp(name)).ok()?;
        self.entries.get(at)
    }
}

impl Entry {
    fn name<'a>(&self, names: &'a str) -> &'a str {
        &names[self.start..][..self.length as usize]
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
            needed.add(name, metadata);
        }
        let needed = needed.complete();
        assert_eq!(needed.metadata("a"), Some(signed("new")));
        assert_eq!(needed.metadata("b"), Some(timed(4)));
        assert_eq!(
            (needed.last_modified("b"), needed.last_modified("")),
            (timed(4).last_modified, timed(2).last_modified)
        );
        assert_eq!((needed.last_modified("a"), needed.metadata("c")), (None, None));
        assert_eq!(needed.entries.len(), 3);
    }
}
