//! Writes the files of a bundle, one after the other, and the manifest of them.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::ahead::{Ready, ReadyFile};
use super::bodies::Bodies;
use super::by_hand::Files;
use super::manifest::{BEFORE_ENTRIES, ManifestEntry, begin_manifest, end_manifest};
use super::spooled::{Hashed, Spooled};
use super::zip::{Partial, Zip};
use super::{MANIFEST, UNLISTED};
use crate::attest::Subject;

/// A bundle that is being written. Files are stored as they are: log files are compressed already, and anyone's tools can
/// get at each without the rest.
pub(super) struct Packer {
    zip: Zip,
    listed: Listed,
    /// Files that the manifest names, and others.
    files: u64,
    others: u64,
}

impl Packer {
    /// Goes on with a file; `folder` is the disk for what is not yet in it.
    pub(super) fn new(zip: Zip, folder: &Path) -> io::Result<Packer> {
        let mut listed = Spooled::new(folder)?;
        begin_manifest(&mut listed)?;
        Ok(Packer { zip, listed: Listed::Open(listed), files: 0, others: 0 })
    }

    /// Adds a file that is written now; SHA-256 of it.
    pub(super) fn add(
        &mut self,
        name: &str,
        fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<[u8; 32]> {
        let (mut entry, config) = self.zip.begin(name).start().map_err(io::Error::other)?;
        let mut out = Hashing { out: config.wrap(&mut entry), hash: Sha256::new(), size: 0 };
        // Many small writes are hashed as few large ones.
        let mut buffered = BufWriter::with_capacity(64 << 10, &mut out);
        fill(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        let Hashing { out, hash, size } = out;
        let (_, descriptor) = out.finish().map_err(io::Error::other)?;
        entry.finish(descriptor).map_err(io::Error::other)?;
        let sha256: [u8; 32] = hash.finalize().into();
        self.list(ManifestEntry { name: name.to_owned(), size, sha256: hex::encode(sha256), input: None })?;
        Ok(sha256)
    }

    /// Adds a small file; SHA-256 of it.
    pub(super) fn add_bytes(&mut self, name: &str, bytes: &[u8]) -> io::Result<[u8; 32]> {
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        self.zip.write(name, crc32fast::hash(bytes), &mut |out| out.write_all(bytes))?;
        let size = bytes.len() as u64;
        self.list(ManifestEntry { name: name.to_owned(), size, sha256: hex::encode(sha256), input: None })?;
        Ok(sha256)
    }

    /// Adds an object that was kept when it was read, and hashed then; one may be in its place already.
    pub(super) fn add_kept(&mut self, ready: &Ready, file: &ReadyFile, bodies: &Bodies) -> io::Result<()> {
        if !file.placed {
            self.zip.write(&file.name, file.kept.crc32, &mut |out| match ready.body(file) {
                Some(body) => out.write_all(body),
                None => bodies.hand_on(&file.kept, &mut |piece| out.write_all(piece)),
            })?;
        }
        self.list_line(ready.listed(file))
    }

    fn list(&mut self, entry: ManifestEntry) -> io::Result<()> {
        if UNLISTED.contains(&entry.name.as_str()) {
            self.others += 1;
            return Ok(());
        }
        self.list_line(&serde_json::to_vec(&entry)?)
    }

    fn list_line(&mut self, line: &[u8]) -> io::Result<()> {
        let Listed::Open(listed) = &mut self.listed else { return Err(io::Error::other(ENDED)) };
        if self.files > 0 {
            listed.write_all(b",\n")?;
        }
        self.files += 1;
        listed.write_all(line)
    }

    /// Adds a file that was hashed when it was written.
    pub(super) fn add_spooled(&mut self, name: &str, spooled: Spooled) -> io::Result<()> {
        let hashed = spooled.finish()?;
        self.copy(name, &hashed)?;
        let sha256 = hex::encode(hashed.sha256);
        self.list(ManifestEntry { name: name.to_owned(), size: hashed.size, sha256, input: None })
    }

    fn copy(&mut self, name: &str, hashed: &Hashed) -> io::Result<()> {
        let mut room = vec![0; 256 << 10];
        self.zip.write(name, hashed.crc32, &mut |out| hashed.read(&mut room, &mut |piece| out.write_all(piece)))
    }

    /// The files that are in it so far and in the manifest.
    pub(super) fn files(&self) -> u64 {
        self.files
    }

    /// Adds the manifest of all that was added, and ends it; SHA-256 of it.
    pub(super) fn add_manifest(&mut self) -> io::Result<[u8; 32]> {
        let Listed::Open(mut listed) = std::mem::replace(&mut self.listed, Listed::Ended(None)) else {
            return Err(io::Error::other(ENDED));
        };
        end_manifest(&mut listed)?;
        let hashed = listed.finish()?;
        self.copy(MANIFEST, &hashed)?;
        self.others += 1;
        let sha256 = hashed.sha256;
        self.listed = Listed::Ended(Some(hashed));
        Ok(sha256)
    }

    /// What the manifest names, in its order, once it has ended.
    pub(super) fn listed(&mut self) -> io::Result<impl Iterator<Item = io::Result<Subject>> + use<>> {
        let Listed::Ended(Some(hashed)) = &self.listed else { return Err(io::Error::other(ENDED)) };
        let files = usize::try_from(self.files).map_err(io::Error::other)?;
        let lines = BufReader::new(hashed.again()?).lines().skip(BEFORE_ENTRIES).take(files);
        Ok(lines.map(|line| {
            let entry: ManifestEntry = serde_json::from_str(line?.trim_end_matches(','))?;
            let sha256 = hex::decode(entry.sha256).ok().and_then(|hash| hash.try_into().ok());
            let sha256 = sha256.ok_or_else(|| io::Error::other("a hash has another length"))?;
            Ok(Subject { name: entry.name, sha256 })
        }))
    }

    /// Ends it, on the disk.
    pub(super) fn finish(self) -> io::Result<Partial> {
        // Nobody could open a bundle that has a name twice.
        if self.zip.files() != self.files + self.others {
            return Err(io::Error::other("an object was packed twice, which is a mistake of trailseal: report it"));
        }
        self.zip.finish()
    }
}

impl Files for Packer {
    fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.add_bytes(name, bytes).map(drop)
    }
}

/// The manifest.
enum Listed {
    Open(Spooled),
    Ended(Option<Hashed>),
}

/// This program's own mistake.
const ENDED: &str = "the manifest was asked for before its end, or added to after it";

struct Hashing<W> {
    out: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.out.write(bytes)?;
        self.hash.update(&bytes[..length]);
        self.size += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
