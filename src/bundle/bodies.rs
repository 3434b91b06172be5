//! The bytes of objects, kept as they are read: one file that has no name, and so is gone with the process.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crc32fast::Hasher as Crc32;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::archive::read_at;
use super::locked::lock;

/// Keeps bytes.
pub(super) struct Bodies {
    file: File,
    end: AtomicU64,
    /// How many parts of objects lie in each [`CHUNK`] of it.
    wanted: Mutex<Vec<u32>>,
}

/// Where the bytes of one object are, and what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub size: u64,
    pub sha256: [u8; 32],
    pub crc32: u32,
    /// Offset and length of each part, in order.
    pub parts: Vec<(u64, u64)>,
}

impl Kept {
    /// What is packed is what was checked, or the disk has changed it since.
    fn must_have(&self, crc32: u32) -> io::Result<()> {
        if crc32 == self.crc32 { Ok(()) } else { Err(io::Error::other("what was kept comes back changed")) }
    }
}

/// An object that is being read.
pub(super) struct Keeping {
    hash: Sha256,
    crc32: Crc32,
    size: u64,
    buffer: Vec<u8>,
    parts: Vec<(u64, u64)>,
}

impl Bodies {
    /// Keeps them on the disk of `folder`.
    pub(super) fn beside(folder: &Path) -> io::Result<Bodies> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Bodies { file, end: AtomicU64::new(0), wanted: Mutex::default() })
    }

    /// Appends bytes, each thread at its own place; where they begin.
    pub(super) fn append(&self, bytes: &[u8]) -> io::Result<u64> {
        let start = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        write_all_at(&self.file, bytes, start)?;
        Ok(start)
    }

    /// These parts of objects are wanted, each until it is given back.
    pub(super) fn want<'p>(&self, parts: impl IntoIterator<Item = &'p (u64, u64)>) {
        let mut wanted = lock(&self.wanted);
        for chunk in parts.into_iter().flat_map(chunks) {
            if chunk >= wanted.len() {
                wanted.resize(chunk + 1, 0);
            }
            wanted[chunk] += 1;
        }
    }

    /// Objects that were kept are not wanted any more. What nothing wanted lies in is given back: what is packed would else
    /// take its place on the disk and in memory twice.
    pub(super) fn give_back(&self, all: &[&Kept]) {
        let mut empty = Vec::new();
        let mut wanted = lock(&self.wanted);
        for chunk in all.iter().flat_map(|kept| &kept.parts).flat_map(chunks) {
            if let Some(count) = wanted.get_mut(chunk).filter(|count| **count > 0) {
                *count -= 1;
                empty.extend((*count == 0).then_some(chunk));
            }
        }
        drop(wanted);
        empty.into_iter().for_each(|chunk| no_longer_needed(&self.file, chunk as u64 * CHUNK, CHUNK));
    }

    /// What was kept of one object, whole, after what is there already.
    pub(super) fn whole(&self, kept: &Kept, into: &mut Vec<u8>) -> io::Result<()> {
        let first = into.len();
        for (offset, length) in &kept.parts {
            let start = into.len();
            into.resize(start + usize::try_from(*length).map_err(io::Error::other)?, 0);
            self.read_at(&mut into[start..], *offset)?;
        }
        kept.must_have(crc32fast::hash(&into[first..]))
    }

    /// What was kept of objects that are packed one after the other, and where each is in `room`: those that lie beside each
    /// other are read at once. Of one that is longer than `most`, nothing is read.
    pub(super) fn together(
        &self,
        all: &[&Kept],
        most: u64,
        room: &mut Vec<u8>,
    ) -> io::Result<Vec<Option<Range<usize>>>> {
        let mut places = vec![None; all.len()];
        let short = |number: &usize| all[*number].size <= most;
        let (mut in_one, in_parts): (Vec<usize>, Vec<usize>) =
            (0..all.len()).filter(short).partition(|number| all[*number].parts.len() == 1);
        let part = |number: usize| all[number].parts[0];
        in_one.sort_unstable_by_key(|number| part(*number));
        let mut used = 0;
        for run in in_one.chunk_by(|before, after| part(*after).0 <= end_of(part(*before)).saturating_add(GAP)) {
            let (first, end, start) = (part(run[0]).0, end_of(part(run[run.len() - 1])), used);
            used += usize::try_from(end - first).map_err(io::Error::other)?;
            // What is there from before is written over, which is cheaper than making room.
            if room.len() < used {
                room.resize(used, 0);
            }
            self.read_at(&mut room[start..used], first)?;
            for number in run {
                let at = start + usize::try_from(part(*number).0 - first).map_err(io::Error::other)?;
                let place = at..at + usize::try_from(all[*number].size).map_err(io::Error::other)?;
                all[*number].must_have(crc32fast::hash(&room[place.clone()]))?;
                places[*number] = Some(place);
            }
        }
        room.truncate(used);
        for number in in_parts {
            let start = room.len();
            self.whole(all[number], room)?;
            places[number] = Some(start..room.len());
        }
        Ok(places)
    }

    /// Hands on what was kept, piece by piece, and gives it back.
    pub(super) fn hand_on(&self, kept: &Kept, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut room = vec![0; PIECE];
        let mut crc32 = Crc32::new();
        for (offset, length) in &kept.parts {
            let (mut at, end) = (*offset, offset + length);
            while at < end {
                let piece = &mut room[..usize::try_from(end - at).map_or(PIECE, |left| left.min(PIECE))];
                self.read_at(piece, at)?;
                crc32.update(piece);
                take(piece)?;
                at += piece.len() as u64;
            }
        }
        self.give_back(&[kept]);
        kept.must_have(crc32.finalize())
    }

    fn read_at(&self, mut room: &mut [u8], mut at: u64) -> io::Result<()> {
        while !room.is_empty() {
            let length = read_at(&self.file, room, at)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            room = &mut room[length..];
            at += length as u64;
        }
        Ok(())
    }
}

fn end_of((offset, length): (u64, u64)) -> u64 {
    offset + length
}

/// The chunks that a part lies in.
fn chunks(part: &(u64, u64)) -> Range<usize> {
    let chunk = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    chunk(part.0 / CHUNK)..chunk((part.0 + part.1).div_ceil(CHUNK))
}

/// A part of a file that is read no more. Where it cannot be given back, it is when the file is gone.
fn no_longer_needed(file: &File, at: u64, length: u64) {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        let _ = fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, at, length);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, at, length);
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => (bytes, at) = (&bytes[length..], at + length as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Keeping {
    pub(super) fn new() -> Keeping {
        Keeping { hash: Sha256::new(), crc32: Crc32::new(), size: 0, buffer: Vec::new(), parts: Vec::new() }
    }

    pub(super) fn push(&mut self, bytes: &[u8], bodies: &Bodies) -> io::Result<()> {
        self.size += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE { self.flush(bodies) } else { Ok(()) }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// All of it was pushed. A small one is still to be kept.
    pub(super) fn finish(mut self, bodies: &Bodies) -> io::Result<Whole> {
        if self.parts.is_empty() {
            return Ok(Whole::Small(Small(self.buffer)));
        }
        self.flush(bodies)?;
        let sha256 = self.hash.finalize().into();
        Ok(Whole::Kept(Kept { size: self.size, sha256, crc32: self.crc32.finalize(), parts: self.parts }))
    }

    fn flush(&mut self, bodies: &Bodies) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.hash.update(&self.buffer);
            self.crc32.update(&self.buffer);
            let part = (bodies.append(&self.buffer)?, self.buffer.len() as u64);
            bodies.want([&part]);
            self.parts.push(part);
            self.buffer.clear();
        }
        Ok(())
    }
}

/// An object that was read to its end.
pub(super) enum Whole {
    Small(Small),
    Kept(Kept),
}

/// All bytes of an object that is so small that it is kept together with others.
pub(super) struct Small(Vec<u8>);

impl Small {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes of one object that are hashed and appended at once, and that are read back at once.
const PIECE: usize = 256 << 10;

/// Bytes between two objects that are read with them: to ask twice takes as long.
const GAP: u64 = 4 << 10;

/// Bytes that are given back at once.
const CHUNK: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::gathered::Gathered;
    use super::*;

    #[test]
    fn what_is_kept_comes_back_however_much_was_kept_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(dir.path()).unwrap();
        let bytes = |seed: u8, length: usize| (0..length).map(|at| seed ^ (at / 7) as u8).collect::<Vec<u8>>();
        let all = [bytes(1, 0), bytes(2, 5), bytes(3, 3 << 20), bytes(4, PIECE), bytes(5, 70_000)];
        let mut under_way: Vec<Keeping> = all.iter().map(|_| Keeping::new()).collect();
        for at in 0..100 {
            for (keeping, bytes) in under_way.iter_mut().zip(&all) {
                let share = bytes.len().div_ceil(100);
                let piece = bytes.get(at * share..).unwrap_or_default();
                keeping.push(&piece[..piece.len().min(share)], &bodies).unwrap();
            }
        }
        let noted = Mutex::new(Vec::new());
        let note = |of: usize, kept: Option<Kept>| noted.lock().unwrap().push((of, kept));
        let gathered = Gathered::default();
        for (of, keeping) in under_way.into_iter().enumerate() {
            match keeping.finish(&bodies).unwrap() {
                Whole::Small(small) => gathered.small(of, &small, &bodies, note).unwrap(),
                Whole::Kept(kept) => gathered.known(of, Some(kept), &bodies, note).unwrap(),
            }
        }
        gathered.end(&bodies, note).unwrap();
        let noted = noted.into_inner().unwrap();
        assert!(noted.iter().map(|(of, _)| *of).eq(0..all.len()));
        let kept: Vec<Kept> = noted.into_iter().map(|(_, kept)| kept.unwrap()).collect();
        for (kept, bytes) in kept.iter().zip(&all).rev() {
            let (mut whole, mut pieces) = (b"before".to_vec(), Vec::new());
            bodies.whole(kept, &mut whole).unwrap();
            bodies.hand_on(kept, &mut |piece| pieces.write_all(piece)).unwrap();
            assert!(whole.strip_prefix(b"before") == Some(bytes) && pieces == *bytes);
            assert_eq!((kept.size, kept.crc32), (bytes.len() as u64, crc32fast::hash(bytes)));
            assert_eq!(kept.sha256, *Sha256::digest(bytes));
        }
    }

    fn keep(bodies: &Bodies, all: &[Vec<u8>]) -> Vec<Kept> {
        let keep = |bytes: &Vec<u8>| {
            let part = (bodies.append(bytes).unwrap(), bytes.len() as u64);
            bodies.want([&part]);
            let sha256 = Sha256::digest(bytes).into();
            Kept { size: part.1, sha256, crc32: crc32fast::hash(bytes), parts: vec![part] }
        };
        all.iter().map(keep).collect()
    }

    #[test]
    fn what_is_read_together_is_what_was_kept_in_whichever_order() {
        let dir = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(dir.path()).unwrap();
        let all: Vec<Vec<u8>> = (0..40_usize).map(|n| vec![n as u8; n * n * 7 % 9_000]).collect();
        let mut kept = keep(&bodies, &all);
        let (mut in_parts, long) = (Keeping::new(), vec![9; PIECE * 2 + 5]);
        in_parts.push(&long, &bodies).unwrap();
        let Whole::Kept(in_parts) = in_parts.finish(&bodies).unwrap() else { panic!("it is no small one") };
        kept.push(in_parts);
        let order = [7, 40, 39, 0, 12, 13, 14, 38, 3, 2, 1, 30];
        let chosen: Vec<&Kept> = order.iter().map(|n| &kept[*n]).collect();
        let mut room = b"from before".to_vec();
        let places = bodies.together(&chosen, u64::MAX, &mut room).unwrap();
        for (n, place) in order.iter().zip(places) {
            assert!(&room[place.unwrap()] == all.get(*n).unwrap_or(&long), "{n}");
        }
        let places = bodies.together(&chosen, 5_000, &mut room).unwrap();
        assert!(chosen.iter().zip(places).all(|(kept, place)| place.is_some() == (kept.size <= 5_000)));
        write_all_at(&bodies.file, &[255], kept[13].parts[0].0).unwrap();
        assert!(bodies.together(&chosen, u64::MAX, &mut room).is_err(), "changed since");
    }

    #[test]
    fn what_comes_back_changed_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(dir.path()).unwrap();
        let kept = keep(&bodies, &[vec![1; 100], vec![2; 100]]);
        write_all_at(&bodies.file, &[3], 199).unwrap();
        assert!(bodies.whole(&kept[0], &mut Vec::new()).is_ok() && bodies.hand_on(&kept[0], &mut |_| Ok(())).is_ok());
        assert!(bodies.whole(&kept[1], &mut Vec::new()).is_err() && bodies.hand_on(&kept[1], &mut |_| Ok(())).is_err());
    }

    #[test]
    fn what_is_given_back_takes_nothing_else_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(dir.path()).unwrap();
        let all: Vec<Vec<u8>> = (0..60_usize).map(|n| vec![n as u8 + 1; n * n * 300]).collect();
        let kept = keep(&bodies, &all);
        let (kept_on, gone): (Vec<usize>, Vec<usize>) = (0..60).partition(|n| n % 7 == 3);
        bodies.give_back(&gone.iter().map(|n| &kept[*n]).collect::<Vec<_>>());
        for n in kept_on {
            let mut whole = Vec::new();
            bodies.whole(&kept[n], &mut whole).unwrap();
            assert!(whole == all[n], "{n}");
        }
        // Of the longest ones, something must be gone where this system can do that.
        let gone = bodies.whole(&kept[58], &mut Vec::new());
        assert!(gone.is_err() || !cfg!(target_os = "linux"));
    }
}
