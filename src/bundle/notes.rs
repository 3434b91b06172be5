//! Notes about objects, in any order, to notes sorted by key. As many as fit stay in memory; the others go to disk in
//! sorted runs, which are merged as they are read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bodies::Kept;
use crate::finding::Reason;
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
    /// The same as a line of the records.
    pub(super) fn record(&self, key: String) -> ObjectRecord {
        ObjectRecord {
            key,
            metadata: self.metadata.clone(),
            size: self.size,
            etag: self.etag.clone(),
            last_modified: self.last_modified.map(Time::from_unix),
            version_id: self.version_id.clone(),
            storage_class: self.storage_class.clone(),
            sha256: self.kept.as_ref().map(|kept| hex::encode(kept.sha256)),
            reason: self.reason,
            special: self.special,
            only_told: self.only_told,
            absent: self.absent,
            cut: self.cut,
            ..ObjectRecord::default()
        }
    }
}

/// Collects notes.
pub(super) struct Notes {
    /// The disk for what does not stay in memory.
    folder: PathBuf,
    memory: Run,
    on_disk: Vec<File>,
}

/// Keys and notes, one after the other, and where each is.
#[derive(Default)]
struct Run {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    start: usize,
    key: u32,
    note: u32,
}

impl Run {
    fn key(&self, place: &Place) -> &[u8] {
        &self.bytes[place.start..][..place.key as usize]
    }

    fn note(&self, place: &Place) -> &[u8] {
        &self.bytes[place.start + place.key as usize..][..place.note as usize]
    }

    /// By key; of several of one key the last stays.
    fn sort(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        // Stable, so that the later of two stays behind the earlier.
        places.sort_by(|a, b| self.key(a).cmp(self.key(b)));
        let last = |at: usize| places.get(at + 1).is_none_or(|next| self.key(next) != self.key(&places[at]));
        self.places = (0..places.len()).filter(|at| last(*at)).map(|at| places[at]).collect();
    }
}

impl Notes {
    pub(super) fn new(folder: &Path) -> Notes {
        Notes { folder: folder.to_owned(), memory: Run::default(), on_disk: Vec::new() }
    }

    /// Notes something of a key; of several notes the last counts.
    pub(super) fn add(&mut self, key: &str, note: &impl Serialize) -> io::Result<()> {
        let run = &mut self.memory;
        let start = run.bytes.len();
        run.bytes.extend_from_slice(key.as_bytes());
        let bytes = std::mem::take(&mut run.bytes);
        run.bytes = postcard::to_extend(note, bytes).map_err(io::Error::other)?;
        let note = run.bytes.len() - start - key.len();
        let length = |length: usize| u32::try_from(length).map_err(io::Error::other);
        run.places.push(Place { start, key: length(key.len())?, note: length(note)? });
        if run.bytes.len() > MEMORY { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut run = std::mem::take(&mut self.memory);
        run.sort();
        let mut out = BufWriter::with_capacity(BUFFER, tempfile::tempfile_in(&self.folder)?);
        for place in &run.places {
            out.write_all(&place.key.to_le_bytes())?;
            out.write_all(&place.note.to_le_bytes())?;
            out.write_all(run.key(place))?;
            out.write_all(run.note(place))?;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.on_disk.push(file);
        Ok(())
    }

    /// All of them, by key.
    pub(super) fn sorted(mut self) -> io::Result<Sorted> {
        self.memory.sort();
        let mut sources: Vec<Source> =
            self.on_disk.into_iter().map(|file| Source::Disk(BufReader::with_capacity(BUFFER, file))).collect();
        sources.push(Source::Memory(self.memory, 0));
        let mut sorted = Sorted { sources, next: BinaryHeap::new() };
        (0..sorted.sources.len()).try_for_each(|source| sorted.advance(source))?;
        Ok(sorted)
    }
}

/// Notes by key.
pub(super) struct Sorted {
    sources: Vec<Source>,
    /// The next of each source; of the same key, that of the latest source comes first.
    next: BinaryHeap<Next>,
}

/// A key, where it comes from, and what is noted of it.
type Next = Reverse<(Vec<u8>, Reverse<usize>, Vec<u8>)>;

enum Source {
    Memory(Run, usize),
    Disk(BufReader<File>),
}

impl Source {
    fn next(&mut self) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        match self {
            Source::Memory(run, at) => {
                let Some(place) = run.places.get(*at) else { return Ok(None) };
                *at += 1;
                Ok(Some((run.key(place).to_vec(), run.note(place).to_vec())))
            }
            Source::Disk(file) => {
                let mut lengths = [0; 8];
                match file.read_exact(&mut lengths) {
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                    read => read?,
                }
                let length = |bytes: &[u8]| bytes.iter().rev().fold(0_usize, |all, byte| all << 8 | usize::from(*byte));
                let mut part = |length: usize| -> io::Result<Vec<u8>> {
                    let mut bytes = vec![0; length];
                    file.read_exact(&mut bytes).map(|()| bytes)
                };
                Ok(Some((part(length(&lengths[..4]))?, part(length(&lengths[4..]))?)))
            }
        }
    }
}

impl Sorted {
    fn advance(&mut self, source: usize) -> io::Result<()> {
        if let Some((key, note)) = self.sources[source].next()? {
            self.next.push(Reverse((key, Reverse(source), note)));
        }
        Ok(())
    }

    /// The key that comes next.
    pub(super) fn peek(&self) -> Option<&[u8]> {
        self.next.peek().map(|Reverse((key, ..))| key.as_slice())
    }

    /// The next note.
    pub(super) fn take<T: for<'de> Deserialize<'de>>(&mut self) -> io::Result<Option<(String, T)>> {
        let Some(Reverse((key, Reverse(source), note))) = self.next.pop() else { return Ok(None) };
        self.advance(source)?;
        // What earlier runs have of the same key no longer counts.
        while self.peek() == Some(key.as_slice()) {
            if let Some(Reverse((_, Reverse(source), _))) = self.next.pop() {
                self.advance(source)?;
            }
        }
        let key = String::from_utf8(key).map_err(io::Error::other)?;
        Ok(Some((key, postcard::from_bytes(&note).map_err(io::Error::other)?)))
    }
}

/// Bytes of notes kept in memory before they go to disk.
const MEMORY: usize = 24 << 20;
const BUFFER: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_by_key_and_the_last_counts_however_many_there_are() {
        let folder = tempfile::tempdir().unwrap();
        for spill in [usize::MAX, 7, 1] {
            let mut notes = Notes::new(folder.path());
            let keys = ["b/x", "a", "b/", "a/b", "ab", "b/x", "", "a", "z\u{10ffff}"];
            for (round, key) in keys.iter().chain(&keys).enumerate() {
                notes.add(key, &Note { size: Some(round as u64), ..Note::default() }).unwrap();
                if (round + 1) % spill == 0 {
                    notes.spill().unwrap();
                }
            }
            let mut sorted = notes.sorted().unwrap();
            let mut found = Vec::new();
            while let Some((key, note)) = sorted.take::<Note>().unwrap() {
                found.push((key, note.size.unwrap()));
            }
            let expected = [("", 15), ("a", 16), ("a/b", 12), ("ab", 13), ("b/", 11), ("b/x", 14), ("z\u{10ffff}", 17)];
            assert_eq!(found, expected.map(|(key, size)| (key.to_owned(), size)), "a run of {spill}");
        }
    }
}
