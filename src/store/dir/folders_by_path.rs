//! The folders of a copy, where the system opens files by their paths alone: none of them is a link.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Entry;
use super::plain_file::{self, PlainFile};
use crate::store::StoreError;

/// The folders below a root.
pub(super) struct Folders {
    root: PathBuf,
    /// Those that were seen to be no links.
    plain: Mutex<HashSet<PathBuf>>,
}

impl Folders {
    pub(super) fn below(root: &Path) -> Folders {
        Folders { root: root.to_owned(), plain: Mutex::default() }
    }

    /// Opens an ordinary file. `folder` is empty, or the key of a folder with a slash at its end.
    pub(super) fn open_file(&self, folder: &str, name: &str) -> Result<PlainFile, StoreError> {
        plain_file::open(&self.folder(folder)?.join(name))
    }

    /// Hands over what lies in a folder, in no order, each with a way to its size.
    pub(super) fn read(
        &self,
        folder: &str,
        mut take: impl FnMut(&Entry<'_>, &dyn Fn() -> u64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for entry in fs::read_dir(self.folder(folder)?)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let size = || entry.metadata().map_or(0, |metadata| metadata.len());
            take(&Entry { name: &entry.file_name(), is_folder: kind.is_dir(), is_file: kind.is_file() }, &size)?;
        }
        Ok(())
    }

    /// A folder that is a link stands for something that is not in the evidence. The root itself is the caller's word.
    fn folder(&self, key: &str) -> Result<PathBuf, StoreError> {
        let folder = self.root.join(key.trim_end_matches('/'));
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = folder.ancestors().take_while(|path| *path != self.root && !plain.contains(*path));
        // From the root down: a folder is plain only if all that lead to it are.
        for path in unknown.map(Path::to_owned).collect::<Vec<_>>().into_iter().rev() {
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => {
                    return Err(StoreError::Unreachable(format!("{} is a link", path.display())));
                }
                Ok(_) => plain.insert(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
        }
        Ok(folder)
    }
}
