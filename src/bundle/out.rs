//! The bundle on its way to the disk: in large blocks, on a thread of its own, and past the kernel's memory where that can be.
//! What is written there is read by nobody soon, and to get new pages for it costs several times what it takes to write it.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::spooled::joined;

/// The bundle.
pub(super) struct Out {
    filling: Block,
    full: SyncSender<Block>,
    used: Receiver<Block>,
    /// None once it was told what went wrong.
    disk: Option<JoinHandle<io::Result<File>>>,
}

impl Out {
    /// `direct` where the disk is one of this machine: a server would be waited for after each block.
    pub(super) fn new(file: File, direct: bool) -> io::Result<Out> {
        let (full, blocks) = sync_channel(2);
        let (done_with, used) = sync_channel(4);
        let disk = thread::Builder::new().name("disk".to_owned());
        let disk = disk.spawn(move || Disk::new(file, direct).write(&blocks, &done_with))?;
        Ok(Out { filling: Block::new(), full, used, disk: Some(disk) })
    }

    /// All of it was written.
    pub(super) fn on_the_disk(self) -> io::Result<()> {
        let Out { filling, full, disk, .. } = self;
        // Whether it was taken, the other end tells.
        let _ = full.send(filling);
        drop(full);
        // One that is given up is not brought there.
        disk.map_or_else(|| Err(io::Error::other(FAILED)), joined)?.sync_all()
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let empty = self.used.try_recv().unwrap_or_else(|_| Block::new());
        let full = std::mem::replace(&mut self.filling, empty);
        self.full.send(full).map_err(|_| {
            let why = self.disk.take().and_then(|disk| joined(disk).err());
            why.unwrap_or_else(|| io::Error::other(FAILED))
        })
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.filling.length == BLOCK {
            self.hand_over()?;
        }
        Ok(self.filling.fill(bytes))
    }

    /// Whoever writes the ZIP flushes after each file, and that would be a system call for each.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes that are written at once, at an address that disks can take them from.
struct Block {
    bytes: Vec<u8>,
    from: usize,
    length: usize,
}

impl Block {
    fn new() -> Block {
        let bytes = vec![0; BLOCK + ALIGNED];
        let from = bytes.as_ptr().align_offset(ALIGNED).min(ALIGNED);
        Block { bytes, from, length: 0 }
    }

    /// How many of these had room.
    fn fill(&mut self, bytes: &[u8]) -> usize {
        let length = bytes.len().min(BLOCK - self.length);
        let at = self.from + self.length;
        self.bytes[at..at + length].copy_from_slice(&bytes[..length]);
        self.length += length;
        length
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.from..self.from + self.length]
    }
}

struct Disk {
    file: File,
    direct: bool,
    written: u64,
    /// How far the kernel was told that nobody reads it.
    told: u64,
}

impl Disk {
    fn new(file: File, direct: bool) -> Disk {
        let direct = direct && past_the_kernel(&file, true);
        Disk { file, direct, written: 0, told: 0 }
    }

    fn write(mut self, blocks: &Receiver<Block>, done_with: &SyncSender<Block>) -> io::Result<File> {
        for mut block in blocks {
            if block.length < BLOCK {
                self.no_longer_direct();
            }
            self.write_block(block.bytes())?;
            block.length = 0;
            // For its room alone.
            let _ = done_with.try_send(block);
        }
        self.no_longer_direct();
        Ok(self.file)
    }

    fn write_block(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    bytes = &bytes[length..];
                    self.written += length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The disk wants other parts, or the file system cannot do it after all; else it fails again at once.
                Err(_) if self.direct => self.no_longer_direct(),
                Err(error) => return Err(error),
            }
        }
        if !self.direct && self.written - self.told >= WORTH_WHILE {
            self.no_longer_read();
        }
        Ok(())
    }

    fn no_longer_direct(&mut self) {
        if self.direct {
            past_the_kernel(&self.file, false);
            self.direct = false;
            self.told = self.written;
        }
    }

    /// The kernel begins to write what it has not written, and has the memory of the rest at its disposal. Twice as much as is
    /// new, so that each part is written by the second time. It is no failure where there is no saying so.
    fn no_longer_read(&mut self) {
        #[cfg(target_os = "linux")]
        {
            use std::num::NonZeroU64;

            use rustix::fs::{Advice, fadvise};
            // Of a part of a page, all of it would stay in memory.
            let (from, to) = (self.told.saturating_sub(WORTH_WHILE) / PAGES * PAGES, self.written / PAGES * PAGES);
            let _ = NonZeroU64::new(to - from).map(|length| fadvise(&self.file, from, Some(length), Advice::DontNeed));
        }
        self.told = self.written;
    }
}

/// Whether a file is written past the kernel's memory from now on, if it was to be.
fn past_the_kernel(file: &File, wanted: bool) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
        let set = fcntl_getfl(file).and_then(|mut flags| {
            flags.set(OFlags::DIRECT, wanted);
            fcntl_setfl(file, flags)
        });
        wanted && set.is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, wanted);
        false
    }
}

/// Bytes written at once.
const BLOCK: usize = 1 << 20;

/// What addresses and lengths are to be a multiple of for any disk of today.
const ALIGNED: usize = 4 << 10;

/// Bytes that are a whole number of pages, however large the kernel makes them.
const PAGES: u64 = 64 << 10;

/// Bytes after which the kernel is told that nobody reads them.
const WORTH_WHILE: u64 = 32 << 20;

/// This program's own mistake.
const FAILED: &str = "it was written on after the disk had failed";

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};

    use super::*;

    fn written(bytes: &[u8], direct: bool, piece: usize) -> Vec<u8> {
        let mut file = tempfile::tempfile().unwrap();
        let mut out = Out::new(file.try_clone().unwrap(), direct).unwrap();
        bytes.chunks(piece).for_each(|piece| out.write_all(piece).unwrap());
        out.on_the_disk().unwrap();
        let mut read = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut read).unwrap();
        read
    }

    #[test]
    fn every_byte_is_in_its_place_however_it_gets_there() {
        let bytes: Vec<u8> = (0..BLOCK * 70 + 7).map(|at| (at / 3) as u8).collect();
        for direct in [true, false] {
            assert!(written(&bytes, direct, BLOCK / 2 + 1) == bytes, "{direct}");
            for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK * 2] {
                assert!(written(&bytes[..length], direct, 100_000) == bytes[..length], "{direct} {length}");
            }
        }
    }

    #[test]
    fn where_the_disk_refuses_it_is_written_through_the_kernel() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..BLOCK * 3 + 5).map(|at| (at / 5) as u8).collect();
        // No disk takes a block from here.
        file.write_all(b"another").unwrap();
        let mut out = Out::new(file.try_clone().unwrap(), true).unwrap();
        out.write_all(&bytes).unwrap();
        out.on_the_disk().unwrap();
        let mut read = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut read).unwrap();
        assert!(read.strip_prefix(b"another") == Some(&bytes[..]));
        // Others have the same file, and are to read any part of it.
        #[cfg(target_os = "linux")]
        assert!(!rustix::fs::fcntl_getfl(&file).unwrap().contains(rustix::fs::OFlags::DIRECT));
    }

    #[test]
    fn what_cannot_be_written_is_an_error_that_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        std::fs::write(&path, "").unwrap();
        let for_reading = || Out::new(File::open(&path).unwrap(), true).unwrap();
        let mut out = for_reading();
        out.write_all(b"to a file that is open for reading").unwrap();
        let why = out.on_the_disk().unwrap_err().raw_os_error();
        assert!(why.is_some());
        // Of what is more than waits, whoever writes it is told; and from then on, that it was told.
        let mut out = for_reading();
        let told = (0..16).map(|_| out.write_all(&[0; BLOCK])).find_map(Result::err).unwrap();
        assert_eq!(told.raw_os_error(), why);
        assert!((0..2).any(|_| out.write_all(&[0; BLOCK]).is_err()));
        assert!(out.on_the_disk().is_err());
    }
}
