//! Keys and notes, in any order, to keys and notes sorted by key. As many as fit stay in memory; the others go to disk in
//! sorted runs, which are merged as they are read, so that memory stays the same however many there are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::mem;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Which of several notes of one key come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The one that was added last.
    Last,
    /// All of them. Nothing but the key sorts, so what is to part them must be in it.
    All,
}

/// Collects keys and notes.
pub(crate) struct Sorter {
    keep: Keep,
    /// The disk for what does not stay in memory.
    folder: PathBuf,
    memory: Run,
    /// Sorted runs: those of each level are as many of the one below merged, and older.
    on_disk: Vec<Vec<File>>,
    /// Bytes kept in memory.
    room: usize,
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

    fn sort(&mut self, keep: Keep) {
        let mut places = mem::take(&mut self.places);
        // Stable, so that the later of two stays behind the earlier.
        places.sort_by(|a, b| self.key(a).cmp(self.key(b)));
        if keep == Keep::Last {
            let last = |at: usize| places.get(at + 1).is_none_or(|next| self.key(next) != self.key(&places[at]));
            places = (0..places.len()).filter(|at| last(*at)).map(|at| places[at]).collect();
        }
        self.places = places;
    }
}

impl Sorter {
    /// Of `room` bytes in memory, and of what is more in `folder`.
    pub(crate) fn new(folder: &Path, keep: Keep, room: usize) -> Sorter {
        Sorter { keep, folder: folder.to_owned(), memory: Run::default(), on_disk: Vec::new(), room }
    }

    /// Adds a note of a key.
    pub(crate) fn add(&mut self, key: &[u8], note: &impl Serialize) -> io::Result<()> {
        let run = &mut self.memory;
        if run.bytes.capacity() == 0 {
            // As much as it may take, of which the system gives what is used: to grow is to copy.
            let _ = run.bytes.try_reserve_exact(self.room.saturating_add(NOTE));
        }
        let start = run.bytes.len();
        run.bytes.extend_from_slice(key);
        let bytes = mem::take(&mut run.bytes);
        run.bytes = postcard::to_extend(note, bytes).map_err(io::Error::other)?;
        let note = run.bytes.len() - start - key.len();
        let length = |length: usize| u32::try_from(length).map_err(io::Error::other);
        run.places.push(Place { start, key: length(key.len())?, note: length(note)? });
        if run.bytes.len() > self.room { self.spill() } else { Ok(()) }
    }

    /// Writes what is in memory to disk.
    fn spill(&mut self) -> io::Result<()> {
        let mut run = mem::take(&mut self.memory);
        run.sort(self.keep);
        let mut out = self.file()?;
        run.places.iter().try_for_each(|place| put(&mut out, run.key(place), run.note(place)))?;
        let mut file = whole(out)?;
        // The room is used again.
        run.bytes.clear();
        run.places.clear();
        self.memory = run;
        for level in 0.. {
            if level == self.on_disk.len() {
                self.on_disk.push(Vec::new());
            }
            self.on_disk[level].push(file);
            if self.on_disk[level].len() < MERGED {
                break;
            }
            // So that no more than some dozens of files are ever open.
            let runs = mem::take(&mut self.on_disk[level]);
            let mut merged = Sorted::new(self.keep, runs.into_iter().map(Source::of_file).collect())?;
            let mut out = self.file()?;
            while let Some((key, note)) = merged.take()? {
                put(&mut out, &key, &note)?;
            }
            file = whole(out)?;
        }
        Ok(())
    }

    fn file(&self) -> io::Result<BufWriter<File>> {
        Ok(BufWriter::with_capacity(BUFFER, tempfile::tempfile_in(&self.folder)?))
    }

    /// All of them, by key.
    pub(crate) fn sorted(mut self) -> io::Result<Sorted> {
        self.memory.sort(self.keep);
        // The oldest first.
        let files = self.on_disk.into_iter().rev().flatten();
        let mut sources: Vec<Source> = files.map(Source::of_file).collect();
        sources.push(Source::Memory(self.memory, 0));
        Sorted::new(self.keep, sources)
    }
}

fn put(out: &mut impl Write, key: &[u8], note: &[u8]) -> io::Result<()> {
    for part in [key, note] {
        out.write_all(&u32::try_from(part.len()).map_err(io::Error::other)?.to_le_bytes())?;
    }
    out.write_all(key)?;
    out.write_all(note)
}

fn whole(out: BufWriter<File>) -> io::Result<File> {
    let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}

/// Notes by key.
pub(crate) struct Sorted {
    keep: Keep,
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
    fn of_file(file: File) -> Source {
        Source::Disk(BufReader::with_capacity(BUFFER, file))
    }

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

    fn rewind(&mut self) -> io::Result<()> {
        match self {
            Source::Memory(_, at) => *at = 0,
            Source::Disk(file) => file.rewind()?,
        }
        Ok(())
    }
}

impl Sorted {
    /// The later of two sources of the same key is the one that counts.
    fn new(keep: Keep, sources: Vec<Source>) -> io::Result<Sorted> {
        let mut sorted = Sorted { keep, sources, next: BinaryHeap::new() };
        sorted.begin()?;
        Ok(sorted)
    }

    fn begin(&mut self) -> io::Result<()> {
        (0..self.sources.len()).try_for_each(|source| self.advance(source))
    }

    /// From the beginning again.
    pub(crate) fn rewind(&mut self) -> io::Result<()> {
        self.next.clear();
        self.sources.iter_mut().try_for_each(Source::rewind)?;
        self.begin()
    }

    fn advance(&mut self, source: usize) -> io::Result<()> {
        if let Some((key, note)) = self.sources[source].next()? {
            self.next.push(Reverse((key, Reverse(source), note)));
        }
        Ok(())
    }

    /// The key that comes next.
    pub(crate) fn peek(&self) -> Option<&[u8]> {
        self.next.peek().map(|Reverse((key, ..))| key.as_slice())
    }

    /// The next key, and the note of it as it was written.
    pub(crate) fn take(&mut self) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        let Some(Reverse((key, Reverse(source), note))) = self.next.pop() else { return Ok(None) };
        self.advance(source)?;
        // What earlier runs have of the same key no longer counts.
        while self.keep == Keep::Last && self.peek() == Some(key.as_slice()) {
            if let Some(Reverse((_, Reverse(source), _))) = self.next.pop() {
                self.advance(source)?;
            }
        }
        Ok(Some((key, note)))
    }
}

const BUFFER: usize = 128 << 10;

/// Bytes of the note that is one too many: few are longer.
const NOTE: usize = 4 << 10;

/// Runs on disk that become one.
const MERGED: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes back, as `(key, note)`.
    fn all(sorted: &mut Sorted) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        while let Some((key, note)) = sorted.take().unwrap() {
            found.push((String::from_utf8(key).unwrap(), postcard::from_bytes(&note).unwrap()));
        }
        found
    }

    #[test]
    fn notes_come_back_by_key_and_the_last_counts_however_many_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let keys = ["b/x", "a", "b/", "a/b", "ab", "b/x", "", "a", "z\u{10ffff}"];
        for room in [usize::MAX, 7, 1, 0] {
            let mut sorter = Sorter::new(folder.path(), Keep::Last, room);
            for (round, key) in keys.iter().chain(&keys).enumerate() {
                sorter.add(key.as_bytes(), &(round as u64)).unwrap();
            }
            let expected = [("", 15), ("a", 16), ("a/b", 12), ("ab", 13), ("b/", 11), ("b/x", 14), ("z\u{10ffff}", 17)];
            let mut sorted = sorter.sorted().unwrap();
            assert_eq!(sorted.peek(), Some(&b""[..]));
            assert_eq!(all(&mut sorted), expected.map(|(key, note)| (key.to_owned(), note)), "room for {room}");
        }
    }

    #[test]
    fn many_runs_are_merged_and_can_be_read_again() {
        let folder = tempfile::tempdir().unwrap();
        for (keep, expected) in [(Keep::All, 3 * 1_500), (Keep::Last, 1_500)] {
            // Each in a run of its own.
            let mut sorter = Sorter::new(folder.path(), keep, 0);
            for round in 0..3 {
                for number in (0..1_500).rev() {
                    sorter.add(format!("{number:04}").as_bytes(), &(round * 10_000_u64 + number)).unwrap();
                }
            }
            assert!(sorter.on_disk.iter().all(|level| level.len() < MERGED));
            let mut sorted = sorter.sorted().unwrap();
            let first = all(&mut sorted);
            assert_eq!(first.len(), expected, "{keep:?}");
            assert!(first.is_sorted_by_key(|(key, _)| key.clone()));
            if keep == Keep::Last {
                assert!(first.iter().all(|(_, note)| *note >= 20_000), "the last of each");
            }
            sorted.rewind().unwrap();
            let (mut first, mut again) = (first, all(&mut sorted));
            first.sort();
            again.sort();
            assert_eq!(first, again);
        }
    }

    #[test]
    fn a_disk_that_is_not_there_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(&folder.path().join("gone"), Keep::All, 100);
        sorter.add(b"fits", &1_u8).unwrap();
        assert!(sorter.add(&[b'x'; 200], &1_u8).is_err());
    }
}
