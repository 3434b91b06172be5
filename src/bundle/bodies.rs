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
use super::keeping::Small;
use super::locked::lock;
use super::rooms::Rooms;

/// Keeps bytes.
pub(super) struct Bodies {
    file: File,
    end: AtomicU64,
    /// How many parts of objects lie in each [`CHUNK`] of it.
    wanted: Mutex<Vec<u32>>,
    /// For what is on its way there.
    pub rooms: Rooms,
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

impl Bodies {
    /// Keeps them on the disk of `folder`.
    pub(super) fn beside(folder: &Path) -> io::Result<Bodies> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Bodies { file, end: AtomicU64::new(0), wanted: Mutex::default(), rooms: Rooms::default() })
    }

    /// Appends bytes, each thread at its own place: parts of these lengths, one after the other, each wanted until it is given
    /// back. Where they are.
    pub(super) fn append(&self, bytes: &[u8], lengths: impl IntoIterator<Item = usize>) -> io::Result<Vec<(u64, u64)>> {
        let start = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let mut end = start;
        let part = |length| {
            end += length as u64;
            (end - length as u64, length as u64)
        };
        let parts: Vec<(u64, u64)> = lengths.into_iter().map(part).collect();
        // Before they are there: what lies beside them may be given back meanwhile.
        self.want(&parts);
        write_all_at(&self.file, bytes, start)?;
        Ok(parts)
    }

    /// Keeps a small object by itself.
    pub(super) fn keep(&self, small: &Small) -> io::Result<Kept> {
        let bytes = small.bytes();
        let parts = self.append(bytes, [bytes.len()])?;
        Ok(small.known(Sha256::digest(bytes).into(), parts))
    }

    /// Appends small objects one after the other; where each is.
    pub(super) fn append_all(&self, all: &[&Small]) -> io::Result<Vec<(u64, u64)>> {
        let mut room = self.rooms.room();
        all.iter().for_each(|small| room.extend_from_slice(small.bytes()));
        self.append(&room, all.iter().map(|small| small.bytes().len()))
    }

    fn want(&self, parts: &[(u64, u64)]) {
        let mut wanted = lock(&self.wanted);
        for chunk in parts.iter().flat_map(chunks) {
            if chunk >= wanted.len() {
                wanted.resize(chunk + 1, 0);
            }
            wanted[chunk] += 1;
        }
    }

    /// Objects that were kept are not wanted any more. What nothing wanted lies in is given back: what is packed would else
    /// take its place on the disk and in memory twice.
    pub(super) fn give_back(&self, all: &[&Kept]) {
        let mut wanted = lock(&self.wanted);
        for chunk in all.iter().flat_map(|kept| &kept.parts).flat_map(chunks) {
            if let Some(count) = wanted.get_mut(chunk).filter(|count| **count > 0) {
                *count -= 1;
                if *count == 0 {
                    // While nobody else can come to want it.
                    no_longer_needed(&self.file, chunk as u64 * CHUNK, CHUNK);
                }
            }
        }
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

/// Bytes of one object that are read back at once.
const PIECE: usize = 256 << 10;

/// Bytes between two objects that are read with them: to ask twice takes as long.
const GAP: u64 = 4 << 10;

/// Bytes that are given back at once.
const CHUNK: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::gathered::{Gathered, Note};
    use super::super::keeping::{Keeping, Whole};
    use super::*;

    struct Noted<'a> {
        bodies: &'a Bodies,
        kept: Mutex<Vec<(usize, Kept)>>,
    }

    impl Note<usize> for Noted<'_> {
        fn keep(&self, all: &[&Small]) -> io::Result<Vec<(u64, u64)>> {
            self.bodies.append_all(all)
        }

        fn note(&self, of: usize, kept: Option<Kept>, _: Option<&[u8]>) {
            self.kept.lock().unwrap().push((of, kept.unwrap()));
        }
    }

    #[test]
    fn what_is_kept_comes_back_however_much_was_kept_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(dir.path()).unwrap();
        let bytes = |seed: u8, length: usize| (0..length).map(|at| seed ^ (at / 7) as u8).collect::<Vec<u8>>();
        let all = [bytes(1, 0), bytes(2, 5), bytes(3, 3 << 20), bytes(4, PIECE), bytes(5, 70_000)];
        let mut under_way: Vec<Keeping> = all.iter().map(|_| Keeping::within(&bodies)).collect();
        for at in 0..100 {
            for (keeping, bytes) in under_way.iter_mut().zip(&all) {
                let share = bytes.len().div_ceil(100);
                let piece = bytes.get(at * share..).unwrap_or_default();
                keeping.push(&piece[..piece.len().min(share)], &bodies).unwrap();
            }
        }
        let noted = Noted { bodies: &bodies, kept: Mutex::default() };
        let gathered = Gathered::default();
        for (of, keeping) in under_way.into_iter().enumerate() {
            let full = gathered.put(of, Some(keeping.finish(&bodies).unwrap()));
            full.into_iter().for_each(|full| gathered.done(full, &noted).unwrap());
        }
        gathered.done(gathered.last(), &noted).unwrap();
        let noted = noted.kept.into_inner().unwrap();
        assert!(noted.iter().map(|(of, _)| *of).eq(0..all.len()));
        let mut kept: Vec<Kept> = noted.into_iter().map(|(_, kept)| kept).collect();
        let mut all = all.to_vec();
        all.push(bytes(6, 4_000));
        kept.push(bodies.keep(&Small::of(&all[5])).unwrap());
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
        all.iter().map(|bytes| bodies.keep(&Small::of(bytes)).unwrap()).collect()
    }

    #[test]
    fn what_is_read_together_is_what_was_kept_in_whichever_order() {
        let dir = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(dir.path()).unwrap();
        let all: Vec<Vec<u8>> = (0..40_usize).map(|n| vec![n as u8; n * n * 7 % 9_000]).collect();
        let mut kept = keep(&bodies, &all);
        let (mut in_parts, long) = (Keeping::within(&bodies), vec![9; PIECE * 2 + 5]);
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
    fn what_is_kept_stays_though_what_lies_beside_it_is_given_back_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(dir.path()).unwrap();
        std::thread::scope(|scope| {
            for seed in 0..4_u8 {
                let bodies = &bodies;
                scope.spawn(move || {
                    for n in 0..300_usize {
                        let bytes = vec![seed ^ n as u8; 100_000 + n * 97];
                        let kept = bodies.keep(&Small::of(&bytes)).unwrap();
                        let mut back = Vec::new();
                        bodies.hand_on(&kept, &mut |piece| back.write_all(piece)).unwrap();
                        assert!(back == bytes);
                    }
                });
            }
        });
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
