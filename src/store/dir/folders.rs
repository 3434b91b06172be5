//! The folders of a copy, opened from the root down and through no link, and kept open; whatever lies in one is opened in it.
//!
//! Whoever can write to a copy can put a link where a folder was, between any two looks at a path. What is open stays what it
//! was, and to open a file in it takes the kernel no walk along the path.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::{Errno, retry_on_intr};
use rustix::path::Arg;

use super::plain_file::{self, PlainFile};
use super::recent::Recent;
use super::{Entry, folder_of};
use crate::store::StoreError;

/// The folders below a root.
pub(super) struct Folders {
    root: PathBuf,
    open: Mutex<Recent<OwnedFd>>,
}

impl Folders {
    pub(super) fn below(root: &Path) -> Folders {
        Folders { root: root.to_owned(), open: Mutex::new(Recent::with_room_for(RECENT)) }
    }

    /// Opens an ordinary file. `folder` is empty, or the key of a folder with a slash at its end.
    pub(super) fn open_file(&self, folder: &str, name: &str) -> Result<PlainFile, StoreError> {
        plain_file::open(&*self.folder(folder)?, name)
    }

    /// Hands over what lies in a folder, in no order, each with a way to its size.
    pub(super) fn read(
        &self,
        folder: &str,
        mut take: impl FnMut(&Entry<'_>, &dyn Fn() -> u64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let open = self.to_be_listed(folder)?;
        let same = open.try_clone()?;
        for entry in Dir::new(same).map_err(told)? {
            let entry = entry.map_err(told)?;
            let name = entry.file_name();
            let stat = || statat(&open, name, AtFlags::SYMLINK_NOFOLLOW);
            let kind = match entry.file_type() {
                FileType::Unknown => FileType::from_raw_mode(stat().map_err(told)?.st_mode),
                known => known,
            };
            let size = || stat().ok().and_then(|stat| u64::try_from(stat.st_size).ok()).unwrap_or_default();
            let name = OsStr::from_bytes(name.to_bytes());
            if name != "." && name != ".." {
                take(
                    &Entry { name, is_folder: kind == FileType::Directory, is_file: kind == FileType::RegularFile },
                    &size,
                )?;
            }
        }
        Ok(())
    }

    /// A folder, opened in the one that it lies in: one that may be listed need not be one that may be gone through.
    fn to_be_listed(&self, key: &str) -> Result<OwnedFd, StoreError> {
        let list = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Some(path) = key.strip_suffix('/') else { return open_below(CWD, &self.root, list).map_err(told) };
        let (parent, name) = path.split_at(folder_of(path).len());
        let parent = self.folder(parent)?;
        open_below(&*parent, name, list | OFlags::NOFOLLOW).map_err(|error| self.no_folder(&parent, key, name, error))
    }

    /// The folder of a key, from those used last or else opened now.
    fn folder(&self, key: &str) -> Result<Arc<OwnedFd>, StoreError> {
        let open = || self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open().get(key);
        match known {
            Some(folder) => Ok(folder),
            None => {
                let opened = self.open(key)?;
                Ok(open().add(key, opened))
            }
        }
    }

    fn open(&self, key: &str) -> Result<OwnedFd, StoreError> {
        // The root itself is the caller's word, and may be a link.
        let mut folder = open_below(CWD, &self.root, FOLDER).map_err(told)?;
        for name in key.split_terminator('/') {
            let next = open_below(&folder, name, FOLDER | OFlags::NOFOLLOW);
            folder = next.map_err(|error| self.no_folder(&folder, key, name, error))?;
        }
        Ok(folder)
    }

    fn no_folder(&self, parent: &OwnedFd, key: &str, name: &str, error: Errno) -> StoreError {
        match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Symlink => {
                StoreError::Unreachable(format!("{} is a link", self.root.join(key).display()))
            }
            _ => told(error),
        }
    }
}

fn open_below(folder: impl AsFd, name: impl Arg + Copy, flags: OFlags) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| openat(&folder, name, flags, Mode::empty()))
}

fn told(error: Errno) -> StoreError {
    std::io::Error::from(error).into()
}

/// To be looked into and gone through; where the system knows of such, without the right to list it.
#[cfg(target_os = "linux")]
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Folders kept open: as many as are looked at at once by eight regions, each with its digests, log files and a day that is
/// closed. A process may have 256 files open on some systems.
const RECENT: usize = 32;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use super::*;

    fn names(folders: &Folders, folder: &str) -> Result<Vec<(String, bool, u64)>, StoreError> {
        let mut names = Vec::new();
        folders.read(folder, |entry, size| {
            names.push((entry.name.to_str().unwrap().to_owned(), entry.is_folder, size()));
            Ok(())
        })?;
        names.retain(|(_, is_folder, _)| !is_folder);
        names.sort();
        Ok(names)
    }

    #[test]
    fn a_folder_that_becomes_a_link_stays_what_it_was() {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in [("copy/a/b/object", "first"), ("outside/b/object", "planted")] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let folders = Folders::below(&dir.path().join("copy"));
        assert_eq!(names(&folders, "a/b/").unwrap(), [("object".to_owned(), false, 5)]);
        assert!(folders.open_file("a/b/", "object").is_ok());
        fs::rename(dir.path().join("copy/a"), dir.path().join("gone")).unwrap();
        std::os::unix::fs::symlink("../outside", dir.path().join("copy/a")).unwrap();
        let mut text = String::new();
        folders.open_file("a/b/", "object").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "first");
        let anew = Folders::below(&dir.path().join("copy"));
        for folder in ["a/", "a/b/"] {
            assert!(matches!(names(&anew, folder), Err(StoreError::Unreachable(_))), "{folder}");
            assert!(matches!(anew.open_file(folder, "object").err(), Some(StoreError::Unreachable(_))), "{folder}");
        }
    }

    #[test]
    fn folders_are_opened_again_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders::below(dir.path());
        for n in 0..RECENT * 3 {
            fs::create_dir(dir.path().join(n.to_string())).unwrap();
            fs::write(dir.path().join(format!("{n}/{n}")), "x").unwrap();
        }
        for n in (0..RECENT * 3).chain((0..RECENT * 3).rev()) {
            assert!(folders.open_file(&format!("{n}/"), &n.to_string()).is_ok(), "{n}");
            assert!(matches!(folders.open_file(&format!("{n}/"), "x").err(), Some(StoreError::NotFound)), "{n}");
            assert!(matches!(folders.open_file(&format!("{n}/{n}/"), "x").err(), Some(StoreError::NotFound)), "{n}");
        }
    }

    /// Whoever runs this as root may do everything.
    #[test]
    fn a_folder_that_may_be_gone_through_gives_its_files_and_one_that_may_be_listed_its_names() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        fs::write(dir.path().join("a/b/object"), "x").unwrap();
        let may = |folder: &str, mode| {
            fs::set_permissions(dir.path().join(folder), fs::Permissions::from_mode(mode)).unwrap();
        };
        let folders = Folders::below(dir.path());
        may("a", 0o111);
        let listed = names(&folders, "a/");
        assert!(listed.is_ok() || listed == Err(StoreError::Denied));
        assert!(folders.open_file("a/b/", "object").is_ok() || !cfg!(target_os = "linux"));
        may("a", 0o755);
        may("a/b", 0o444);
        let opened = folders.open_file("a/b/", "object").map(drop);
        assert!(opened.is_ok() || opened == Err(StoreError::Denied));
        assert_eq!(names(&folders, "a/b/").unwrap().len(), 1, "{opened:?}");
        may("a/b", 0o755);
    }
}
