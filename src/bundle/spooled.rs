//! What is written before it is known where it goes.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};

use super::archive::read_at;

/// A file without a name, written and hashed on a thread of its own.
pub(super) struct Spooled {
    buffer: Vec<u8>,
    full: SyncSender<Vec<u8>>,
    used: Receiver<Vec<u8>>,
    hashing: JoinHandle<io::Result<Hashed>>,
}

/// A file, and what it is.
pub(super) struct Hashed {
    file: File,
    pub size: u64,
    pub sha256: [u8; 32],
    pub crc32: u32,
}

impl Spooled {
    /// On the disk of `folder`.
    pub(super) fn new(folder: &Path) -> io::Result<Spooled> {
        let file = tempfile::tempfile_in(folder)?;
        let (full, pieces) = sync_channel(2);
        let (done_with, used) = sync_channel(4);
        let hashing = thread::Builder::new().name("spool".to_owned());
        let hashing = hashing.spawn(move || hash(file, &pieces, &done_with))?;
        Ok(Spooled { buffer: Vec::with_capacity(BUFFER), full, used, hashing })
    }

    /// All of it was written.
    pub(super) fn finish(self) -> io::Result<Hashed> {
        let Spooled { buffer, full, hashing, .. } = self;
        // Whether it was taken, the other end tells.
        let _ = full.send(buffer);
        drop(full);
        joined(hashing)
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let empty = self.used.try_recv().unwrap_or_else(|_| Vec::with_capacity(BUFFER));
        let full = std::mem::replace(&mut self.buffer, empty);
        self.full.send(full).map_err(|_| io::Error::other("what was written before could not be kept on the disk"))
    }
}

impl Write for Spooled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.buffer.is_empty() && self.buffer.len() + bytes.len() > BUFFER {
            self.hand_over()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hash(mut file: File, pieces: &Receiver<Vec<u8>>, done_with: &SyncSender<Vec<u8>>) -> io::Result<Hashed> {
    let (mut sha256, mut crc32, mut size) = (Sha256::new(), crc32fast::Hasher::new(), 0);
    for mut piece in pieces {
        sha256.update(&piece);
        crc32.update(&piece);
        size += piece.len() as u64;
        file.write_all(&piece)?;
        piece.clear();
        // For its room alone.
        let _ = done_with.try_send(piece);
    }
    Ok(Hashed { file, size, sha256: sha256.finalize().into(), crc32: crc32.finalize() })
}

impl Hashed {
    /// Hands it on, so much at once as there is room for.
    pub(super) fn read(&self, room: &mut [u8], take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut at = 0;
        while at < self.size {
            let length = read_at(&self.file, room, at)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            take(&room[..length])?;
            at += length as u64;
        }
        Ok(())
    }

    /// The file, from its beginning.
    pub(super) fn again(&self) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }
}

/// What became of a thread.
pub(super) fn joined<T>(thread: JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Bytes written at once.
const BUFFER: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_spooled_comes_back_with_its_hashes() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..BUFFER * 5 + 7).map(|at| (at / 3) as u8).collect();
        for piece in [1_000, BUFFER / 2 + 1, BUFFER * 2] {
            let mut spooled = Spooled::new(folder.path()).unwrap();
            bytes.chunks(piece).for_each(|piece| spooled.write_all(piece).unwrap());
            let hashed = spooled.finish().unwrap();
            assert_eq!((hashed.size, hashed.crc32), (bytes.len() as u64, crc32fast::hash(&bytes)));
            assert_eq!(hashed.sha256, *Sha256::digest(&bytes));
            let (mut read, mut again) = (Vec::new(), Vec::new());
            hashed.read(&mut [0; 4_099], &mut |piece| read.write_all(piece)).unwrap();
            hashed.again().unwrap().read_to_end(&mut again).unwrap();
            assert!(read == bytes && again == bytes, "{piece}");
        }
    }

    #[test]
    fn where_there_is_no_disk_for_it_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Spooled::new(&folder.path().join("gone")).is_err());
    }
}
