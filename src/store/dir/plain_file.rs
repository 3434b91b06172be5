//! An ordinary file of the evidence: opened as one, and read as long as it was when it was opened.
//!
//! Whoever can write to a copy can replace a file between any two looks at it, and go on writing while it is read. So what
//! is opened is looked at once more, and a file that becomes longer or shorter is one that could not be read: how it ends
//! shows nothing.

use std::fs::File;
use std::io::{self, Read};
#[cfg(unix)]
use std::os::fd::AsFd;

#[cfg(unix)]
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
#[cfg(unix)]
use rustix::io::retry_on_intr;

use crate::store::StoreError;

/// Opens an ordinary file of a folder: never a link, and never a device or a pipe, which could block for ever.
#[cfg(unix)]
pub(super) fn open(folder: impl AsFd, name: &str) -> Result<PlainFile, StoreError> {
    let there = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(io::Error::from)?;
    if FileType::from_raw_mode(there.st_mode) != FileType::RegularFile {
        return Err(no_ordinary_file());
    }
    open_unseen(folder, name)
}

/// The same, of a name under which something else may lie by now.
#[cfg(unix)]
fn open_unseen(folder: impl AsFd, name: &str) -> Result<PlainFile, StoreError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = retry_on_intr(|| openat(&folder, name, flags, Mode::empty())).map_err(io::Error::from)?;
    let there = fstat(&file).map_err(io::Error::from)?;
    if FileType::from_raw_mode(there.st_mode) != FileType::RegularFile {
        return Err(no_ordinary_file());
    }
    let left = u64::try_from(there.st_size).map_err(io::Error::other)?;
    Ok(PlainFile { file: File::from(file), left })
}

/// Opens an ordinary file.
#[cfg(not(unix))]
pub(super) fn open(path: &std::path::Path) -> Result<PlainFile, StoreError> {
    if !std::fs::symlink_metadata(path)?.file_type().is_file() {
        return Err(no_ordinary_file());
    }
    let file = File::open(path)?;
    let there = file.metadata()?;
    if !there.is_file() {
        return Err(no_ordinary_file());
    }
    Ok(PlainFile { file, left: there.len() })
}

fn no_ordinary_file() -> StoreError {
    StoreError::Unreachable("it is no ordinary file".to_owned())
}

/// An open file, and how many of the bytes it had then are still to be read.
pub(super) struct PlainFile {
    file: File,
    left: u64,
}

impl Read for PlainFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        match self.left.checked_sub(length as u64) {
            Some(left) if length > 0 || left == 0 || buffer.is_empty() => self.left = left,
            _ => return Err(io::Error::other("it was changed while it was read")),
        }
        Ok(length)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use super::*;

    /// What becomes of a file of 100 bytes to which something happens after the first 10 were read.
    fn read(change: impl FnOnce(&Path, &mut File)) -> io::Result<usize> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("object");
        fs::write(&path, [7; 100]).unwrap();
        let mut opened = open(File::open(dir.path()).unwrap(), "object").unwrap();
        opened.read_exact(&mut [0; 10]).unwrap();
        change(&path, &mut File::options().append(true).open(&path).unwrap());
        opened.read_to_end(&mut Vec::new())
    }

    #[test]
    fn a_file_that_changes_its_length_while_it_is_read_is_unreadable() {
        assert_eq!(read(|_, _| ()).ok(), Some(90));
        assert!(read(|_, file| file.write_all(b"x").unwrap()).is_err(), "longer");
        assert!(read(|_, file| file.set_len(99).unwrap()).is_err(), "shorter");
        assert!(read(|_, file| file.set_len(0).unwrap()).is_err(), "emptied");
        assert!(read(|_, file| file.set_len(1 << 40).unwrap()).is_err(), "without end");
        // Another file in its place is another file.
        let replaced = read(|path, _| {
            fs::write(path.with_extension("new"), "new").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        });
        assert_eq!(replaced.ok(), Some(90));
    }

    #[test]
    fn what_takes_a_files_place_after_the_first_look_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
        let folder = File::open(dir.path()).unwrap();
        for name in ["link", "pipe", "."] {
            for opened in [open(&folder, name), open_unseen(&folder, name)] {
                assert!(matches!(opened.map(|_| ()), Err(StoreError::Unreachable(_))), "{name}");
            }
        }
        assert!(open_unseen(&folder, "file").is_ok());
        #[cfg(target_os = "linux")]
        assert!(matches!(open_unseen(&folder, "/dev/zero").map(|_| ()), Err(StoreError::Unreachable(_))));
    }
}
