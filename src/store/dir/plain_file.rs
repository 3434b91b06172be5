//! An ordinary file of the evidence: opened as one, and read as long as it was when it was opened.
//!
//! Whoever can write to a copy can replace a file between any two looks at it, and go on writing while it is read. So what
//! is opened is looked at once more, and a file that becomes longer or shorter is one that could not be read: how it ends
//! shows nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::store::StoreError;

/// Opens an ordinary file: never a link, and never a device or a pipe, which could block for ever.
pub(super) fn open(path: &Path) -> Result<PlainFile, StoreError> {
    if !fs::symlink_metadata(path)?.file_type().is_file() {
        return Err(no_ordinary_file());
    }
    open_unseen(path)
}

/// The same, of a path at which something else may lie by now.
fn open_unseen(path: &Path) -> Result<PlainFile, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What becomes of a file of 100 bytes to which something happens after the first 10 were read.
    fn read(change: impl FnOnce(&Path, &mut File)) -> io::Result<usize> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("object");
        fs::write(&path, [7; 100]).unwrap();
        let mut opened = open(&path).unwrap();
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

    #[cfg(unix)]
    #[test]
    fn what_takes_a_files_place_after_the_first_look_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
        for name in ["link", "pipe", "."] {
            for opened in [open(&dir.path().join(name)), open_unseen(&dir.path().join(name))] {
                assert!(matches!(opened.map(|_| ()), Err(StoreError::Unreachable(_))), "{name}");
            }
        }
        assert!(open_unseen(&dir.path().join("file")).is_ok());
        #[cfg(target_os = "linux")]
        assert!(matches!(open_unseen(Path::new("/dev/zero")).map(|_| ()), Err(StoreError::Unreachable(_))));
    }
}
