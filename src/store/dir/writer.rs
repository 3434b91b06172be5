//! Writes a directory of objects under their S3 keys. The keys are hostile, and so is what lies in the directory
//! already: nothing is ever written outside of it, through a link, or half.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::buckets::BUCKETS;
use super::place::path_of;
use super::{METADATA, NOT_COPIED, ObjectRecord, SIDECAR_FOLDER, Spool};

/// A directory that objects are copied into.
pub struct DirWriter {
    root: PathBuf,
    /// Folders that were seen to be no links, or made.
    plain: RwLock<HashSet<PathBuf>>,
    next: AtomicU64,
    metadata: Mutex<File>,
    not_copied: Mutex<File>,
    /// Held while this is open, so that two copies into one directory do not mix.
    _lock: File,
}

/// Why an object was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It has no place in this directory.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    /// The disk failed.
    #[error("{}: {error}", path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Why an object has no place in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// Its key is no path.
    #[error("its key is no path in a directory")]
    Key,
    /// A link.
    #[error("a link stands in its way")]
    Link,
    /// A file in place of a folder, or the other way about.
    #[error("a file and a folder would have the same name")]
    Taken,
    /// A name that differs in case, on a file system that ignores it.
    #[error("the file system takes its name for that of another object")]
    Alike,
}

/// A file that is being written, under a name of its own; removed unless it is put in its place.
pub struct Partial {
    path: PathBuf,
    file: Option<File>,
    hash: Sha256,
    size: u64,
}

impl DirWriter {
    /// Takes a directory, which is made if it is not there.
    pub fn open(root: &Path) -> Result<DirWriter, WriteError> {
        fs::create_dir_all(root).map_err(at(root))?;
        let plain = RwLock::default();
        let sidecar = root.join(SIDECAR_FOLDER);
        plain_folder(root, &plain, &sidecar, true)?;
        let lock = lock(&sidecar.join(LOCK))?;
        let partial = sidecar.join(PARTIAL);
        // What a run that was killed left is of no use to this one.
        match fs::remove_dir_all(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&partial)(error)),
            _ => fs::create_dir(&partial).map_err(at(&partial))?,
        }
        let log = |name: &str| open_log(&sidecar.join(name)).map(Mutex::new);
        let (metadata, not_copied) = (log(METADATA)?, log(NOT_COPIED)?);
        Ok(DirWriter { root: root.to_owned(), plain, next: AtomicU64::new(0), metadata, not_copied, _lock: lock })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A new file, without its final name yet.
    pub fn begin(&self) -> Result<Partial, WriteError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(SIDECAR_FOLDER).join(PARTIAL).join(number.to_string());
        let file = File::create_new(&path).map_err(at(&path))?;
        Ok(Partial { path, file: Some(file), hash: Sha256::new(), size: 0 })
    }

    /// Gives a file its final name, whatever lay there.
    pub fn put(&self, mut partial: Partial, key: &str) -> Result<(), WriteError> {
        let path = self.place(key)?;
        plain_folder(&self.root, &self.plain, path.parent().unwrap_or(&self.root), true)?;
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => return Err(NoPlace::Taken.into()),
            Ok(_) if !is_named_exactly(&path).map_err(at(&path))? => return Err(NoPlace::Alike.into()),
            _ => {}
        }
        drop(partial.file.take());
        fs::rename(&partial.path, &path).map_err(at(&path))
    }

    /// Makes a folder.
    pub fn make_folder(&self, key: &str) -> Result<(), WriteError> {
        let path = path_of(&self.root, key).ok_or(NoPlace::Key)?;
        plain_folder(&self.root, &self.plain, &path, true)
    }

    /// Opens the file of a key, if it is there and an ordinary one.
    pub fn read(&self, key: &str) -> Option<File> {
        let path = self.place(key).ok()?;
        plain_folder(&self.root, &self.plain, path.parent()?, false).ok()?;
        fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
        File::open(path).ok()
    }

    /// Whether the file of a key is there and its bytes are those recorded.
    pub fn holds(&self, record: &ObjectRecord) -> bool {
        let (Some(mut file), Some(recorded)) = (self.read(&record.key), &record.sha256) else { return false };
        let size = file.metadata().ok().map(|found| found.len());
        if size != record.size {
            return false;
        }
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return hex::encode(hash.finalize()) == *recorded,
                Ok(length) => hash.update(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// Records what is known of an object that was copied, or that it is gone.
    pub fn record(&self, record: &ObjectRecord) -> Result<(), WriteError> {
        self.append(&self.metadata, METADATA, record)
    }

    /// Records that an object was not copied, or that it was after all.
    pub fn record_not_copied(&self, record: &ObjectRecord) -> Result<(), WriteError> {
        self.append(&self.not_copied, NOT_COPIED, record)
    }

    /// Moves the file of a key, whatever it is, to `.trailseal/removed`. False if there is none.
    pub fn move_aside(&self, key: &str) -> Result<bool, WriteError> {
        let path = self.place(key)?;
        plain_folder(&self.root, &self.plain, path.parent().unwrap_or(&self.root), false)?;
        match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_dir() => {}
            _ => return Ok(false),
        }
        // What was moved before stays: then the next such folder that has room.
        for number in 0.. {
            let removed = if number == 0 { REMOVED.to_owned() } else { format!("{REMOVED}.{number}") };
            let to = self.root.join(SIDECAR_FOLDER).join(removed).join(key);
            let taken = match plain_folder(&self.root, &self.plain, to.parent().unwrap_or(&to), true) {
                Err(WriteError::NoPlace(NoPlace::Taken)) => true,
                other => other.map(|()| fs::symlink_metadata(&to).is_ok())?,
            };
            if !taken {
                fs::rename(&path, &to).map_err(at(&to))?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the folder in which the copy of another bucket lies.
    pub fn other_bucket(&self, bucket: &str) -> Result<DirWriter, WriteError> {
        let root = self.root.join(SIDECAR_FOLDER).join(BUCKETS).join(bucket);
        plain_folder(&self.root, &self.plain, &root, true)?;
        DirWriter::open(&root)
    }

    /// Writes a file of the `.trailseal` folder as indented JSON, whole or not at all.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), WriteError> {
        self.write_beside(name, |out| {
            serde_json::to_writer_pretty(&mut *out, value)?;
            out.write_all(b"\n")
        })
    }

    /// Writes a file of the `.trailseal` folder, whole or not at all.
    pub fn write_beside(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let path = self.root.join(SIDECAR_FOLDER).join(name);
        let mut partial = self.begin()?;
        let written = partial.file.take().map_or(Ok(()), |file| {
            let mut out = BufWriter::with_capacity(1 << 20, file);
            fill(&mut out)?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
        });
        written.and_then(|()| fs::rename(&partial.path, &path)).map_err(at(&path))
    }

    /// Sorts what was recorded; how many objects were not copied.
    pub fn sort_records(&self) -> Result<u64, WriteError> {
        self.sort(METADATA)?;
        let not_copied = self.sort(NOT_COPIED)?;
        if not_copied == 0 {
            let path = self.root.join(SIDECAR_FOLDER).join(NOT_COPIED);
            fs::remove_file(&path).map_err(at(&path))?;
        }
        Ok(not_copied)
    }

    /// Clears away what only the writing needed.
    pub fn close(&self) -> Result<(), WriteError> {
        let sidecar = self.root.join(SIDECAR_FOLDER);
        let (partial, lock) = (sidecar.join(PARTIAL), sidecar.join(LOCK));
        fs::remove_dir_all(&partial).map_err(at(&partial))?;
        fs::remove_file(&lock).map_err(at(&lock))
    }

    fn place(&self, key: &str) -> Result<PathBuf, NoPlace> {
        // An object whose name ends in a slash would have to be a folder.
        let named = !key.is_empty() && !key.ends_with('/');
        path_of(&self.root, key).filter(|_| named).ok_or(NoPlace::Key)
    }

    fn append(&self, log: &Mutex<File>, name: &str, record: &ObjectRecord) -> Result<(), WriteError> {
        let failed = |error| at(&self.root.join(SIDECAR_FOLDER).join(name))(error);
        let mut line = serde_json::to_vec(record).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        log.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line).map_err(failed)
    }

    fn sort(&self, name: &str) -> Result<u64, WriteError> {
        let path = self.root.join(SIDECAR_FOLDER).join(name);
        let mut spool = Spool::new(path.with_extension("spool"));
        let lines = BufReader::with_capacity(1 << 20, File::open(&path).map_err(at(&path))?).lines();
        for line in lines {
            let line = line.map_err(at(&path))?;
            spool.add_line(&line).map_err(at(&path))?;
        }
        let mut written = 0;
        self.write_beside(name, |out| {
            written = spool.write_sorted(out)?;
            Ok(())
        })?;
        Ok(written)
    }
}

impl Partial {
    /// Appends to it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes)).map_err(at(&self.path))
    }

    /// Bytes written.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the bytes written, in hex.
    pub fn sha256(&self) -> String {
        hex::encode(self.hash.clone().finalize())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Where it was put in its place, there is nothing under this name any more.
        let _ = fs::remove_file(&self.path);
    }
}

/// Sees to it that a folder below `root` is there, or only that it is none where `make` is not set, and that no link
/// leads to it.
fn plain_folder(root: &Path, plain: &RwLock<HashSet<PathBuf>>, folder: &Path, make: bool) -> Result<(), WriteError> {
    if plain.read().unwrap_or_else(PoisonError::into_inner).contains(folder) {
        return Ok(());
    }
    let unknown: Vec<&Path> = folder.ancestors().take_while(|path| *path != root).collect();
    // From the root down: a folder is plain only if all that lead to it are.
    for path in unknown.into_iter().rev() {
        if plain.read().unwrap_or_else(PoisonError::into_inner).contains(path) {
            continue;
        }
        match if make { fs::create_dir(path) } else { Err(io::ErrorKind::AlreadyExists.into()) } {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(path).map_err(at(path))?;
                if found.is_symlink() {
                    return Err(NoPlace::Link.into());
                } else if !found.is_dir() {
                    return Err(NoPlace::Taken.into());
                } else if !is_named_exactly(path).map_err(at(path))? {
                    return Err(NoPlace::Alike.into());
                }
            }
            Err(error) => return Err(at(path)(error)),
        }
        plain.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }
    Ok(())
}

/// Whether what lies at a path has this very name, and not one that the file system takes for the same.
fn is_named_exactly(path: &Path) -> io::Result<bool> {
    let Some((folder, name)) = path.parent().zip(path.file_name()) else { return Ok(true) };
    for entry in fs::read_dir(folder)? {
        if entry?.file_name() == name {
            return Ok(true);
        }
    }
    Ok(false)
}

fn lock(path: &Path) -> Result<File, WriteError> {
    let file = open_plain_to_append(path)?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => {
            let error = io::Error::other("another pull into this directory is under way; wait for its end");
            Err(at(path)(error))
        }
        // Where the file system knows no locks, nobody is kept out.
        _ => Ok(file),
    }
}

/// Opens a file of lines to append to. The last line may be cut off, where a run was killed: it goes.
fn open_log(path: &Path) -> Result<File, WriteError> {
    let file = open_plain_to_append(path)?;
    let cut = |mut file: &File| -> io::Result<()> {
        let end = file.seek(SeekFrom::End(0))?;
        let from = file.seek(SeekFrom::Start(end.saturating_sub(LONGEST_LINE)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        match tail.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => file.set_len(from + newline as u64 + 1),
            None if from == 0 => file.set_len(0),
            None => Err(io::Error::other("it is damaged; remove it")),
        }
    };
    cut(&file).map_err(at(path))?;
    Ok(file)
}

fn open_plain_to_append(path: &Path) -> Result<File, WriteError> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(at(path)(io::Error::other("it is no ordinary file; remove it")));
    }
    OpenOptions::new().read(true).append(true).create(true).open(path).map_err(at(path))
}

/// What a failure at a path comes to: names that the file system cannot hold have no place, and the disk is not at fault.
fn at(path: &Path) -> impl Fn(io::Error) -> WriteError + '_ {
    |error| match error.kind() {
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => NoPlace::Key.into(),
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => NoPlace::Taken.into(),
        _ => WriteError::Disk { path: path.to_owned(), error },
    }
}

/// More than a line of a log can have: 2 KiB of user metadata and a key of 1 KiB, each escaped.
const LONGEST_LINE: u64 = 64 << 10;

const LOCK: &str = "pull.lock";
const PARTIAL: &str = "partial";
const REMOVED: &str = "removed";

#[cfg(test)]
mod tests;
