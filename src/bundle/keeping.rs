//! An object on its way to be kept: one that is small stays in memory, of others a piece at a time does.

use std::io;

use crc32fast::Hasher as Crc32;
use sha2::{Digest, Sha256};

use super::bodies::{Bodies, Kept};
use super::rooms::Room;
use crate::lockstep::{BLOCK, padding};

/// An object that is being read.
pub(super) struct Keeping {
    hash: Sha256,
    crc32: Crc32,
    size: u64,
    buffer: Room,
    parts: Vec<(u64, u64)>,
}

impl Keeping {
    pub(super) fn within(bodies: &Bodies) -> Keeping {
        let buffer = bodies.rooms.room();
        Keeping { hash: Sha256::new(), crc32: Crc32::new(), size: 0, buffer, parts: Vec::new() }
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
            return Ok(Whole::Small(Small::within(self.buffer)));
        }
        self.flush(bodies)?;
        let sha256 = self.hash.finalize().into();
        Ok(Whole::Kept(Kept { size: self.size, sha256, crc32: self.crc32.finalize(), parts: self.parts }))
    }

    fn flush(&mut self, bodies: &Bodies) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.hash.update(&**self.buffer);
            self.crc32.update(&self.buffer);
            self.parts.extend(bodies.append(&self.buffer, [self.buffer.len()])?);
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

impl Whole {
    /// It, if it is a small one.
    pub(super) fn small(&self) -> Option<&Small> {
        match self {
            Whole::Small(small) => Some(small),
            Whole::Kept(_) => None,
        }
    }

    /// Bytes of it that are in memory.
    pub(super) fn in_memory(&self) -> usize {
        self.small().map_or(0, |small| small.padded.capacity())
    }
}

/// All bytes of an object that is so small that it is kept together with others, and what SHA-256 has follow them.
pub(super) struct Small {
    padded: Room,
    size: usize,
}

impl Small {
    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Small {
        let mut room = super::rooms::Rooms::default().room();
        room.extend_from_slice(bytes);
        Small::within(room)
    }

    fn within(mut room: Room) -> Small {
        let size = room.len();
        room.extend_from_slice(padding(size as u64).bytes());
        Small { padded: room.fitted(), size }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.padded[..self.size]
    }

    /// As they are hashed.
    pub(super) fn blocks(&self) -> &[[u8; BLOCK]] {
        self.padded.as_chunks().0
    }

    /// It, once its hash is known; where it is kept, if it is not only in memory.
    pub(super) fn known(&self, sha256: [u8; 32], parts: Vec<(u64, u64)>) -> Kept {
        let bytes = self.bytes();
        Kept { size: bytes.len() as u64, sha256, crc32: crc32fast::hash(bytes), parts }
    }
}

/// Bytes of one object that are hashed and appended at once; what is no longer is a small one.
const PIECE: usize = 256 << 10;
