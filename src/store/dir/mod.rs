//! A directory of objects under their S3 keys, as `aws s3 sync s3://bucket DIR` leaves them.

mod sidecar;
mod source;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use self::sidecar::Sidecar;
pub use self::sidecar::SidecarError;
pub use self::source::SourceRecord;
use super::{Attributes, Body, FetchedObject, Folder, ListError, ObjectInfo, ObjectStore, StoreError};
use crate::limits::Limits;
use crate::logfile::Framing;

/// Where `pull` and `simulate` keep what a plain copy loses: metadata, keys, and where it came from.
pub const SIDECAR_FOLDER: &str = ".trailseal";

/// A directory of objects under their S3 keys.
pub struct DirStore {
    root: PathBuf,
    bucket: Option<String>,
    /// What stands before every key: for a copy of what lies below a prefix.
    mounted_at: String,
    sidecar: Sidecar,
    /// Folders that were seen to be no links.
    plain: Mutex<HashSet<PathBuf>>,
}

/// Why a directory cannot be opened as evidence.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not there, or no directory.
    #[error("there is no directory {}; give the directory that holds the copy of the bucket", .0.display())]
    NoDirectory(PathBuf),
    /// It may not be read.
    #[error("the directory {} cannot be read: {error}; check its permissions", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is nothing in it.
    #[error("the directory {} is empty; copy the evidence into it first, for example with `aws s3 sync s3://BUCKET {}`", .0.display(), .0.display())]
    Empty(PathBuf),
    /// Its `.trailseal` folder is damaged.
    #[error("{}: {error}; mend or remove it (without it, signatures are taken from each digest's successor)", path.display())]
    Sidecar {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SidecarError,
    },
}

impl DirStore {
    /// Opens a directory. `bucket` is the bucket its digests were delivered to; without it, what `.trailseal` says, else
    /// what each digest says of itself.
    pub fn open(root: &Path, bucket: Option<&str>, limits: &Limits) -> Result<DirStore, OpenError> {
        if !root.is_dir() {
            return Err(OpenError::NoDirectory(root.to_owned()));
        }
        let mut entries = fs::read_dir(root).map_err(|error| OpenError::Unreadable { path: root.to_owned(), error })?;
        if entries.next().is_none() {
            return Err(OpenError::Empty(root.to_owned()));
        }
        let sidecar_path = root.join(SIDECAR_FOLDER).join("metadata.jsonl");
        let sidecar =
            Sidecar::open(&sidecar_path, limits).map_err(|error| OpenError::Sidecar { path: sidecar_path, error })?;
        let recorded = SourceRecord::read(root, limits)
            .map_err(|error| OpenError::Sidecar { path: root.join(SIDECAR_FOLDER).join("source.json"), error })?;
        let bucket = bucket.map(str::to_owned).or(recorded.and_then(|record| record.bucket));
        Ok(DirStore { root: root.to_owned(), bucket, mounted_at: String::new(), sidecar, plain: Mutex::default() })
    }

    /// The same directory, as the copy of what lies below `prefix` (empty, or with a slash at its end).
    pub fn mounted_at(self, prefix: &str) -> DirStore {
        DirStore { mounted_at: prefix.to_owned(), ..self }
    }

    /// The path of a key, if a key of that form can lie in this directory at all.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let inside = key.strip_prefix(&self.mounted_at)?;
        let plain = |part: &str| {
            !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']) && part.len() <= 255
        };
        let folder = inside.strip_suffix('/').unwrap_or(inside);
        if inside.is_empty() {
            return Some(self.root.clone());
        }
        folder.split('/').all(plain).then(|| self.root.join(folder))
    }

    /// One directory as one level of keys, sorted.
    fn read_folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        // A mount point is reached through folders that exist in the keys alone.
        if let Some(rest) = self.mounted_at.strip_prefix(prefix)
            && let Some((first, _)) = rest.split_once('/')
        {
            return Ok(Folder { folders: vec![format!("{prefix}{first}/")], objects: vec![] });
        }
        let path = self.path(prefix).ok_or(StoreError::NotFound)?;
        self.must_not_lead_through_a_link(&path)?;
        let mut folder = Folder::default();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let name = entry.file_name();
            if path == self.root && name == OsStr::new(SIDECAR_FOLDER) {
                continue;
            }
            // A name that is not UTF-8 is no S3 key that CloudTrail wrote: shown as well as can be, and never fetched.
            let key = format!("{prefix}{}", name.to_string_lossy());
            // What cannot be opened under its key again is shown as an object, for nobody could look into it.
            let opens = name.to_str().is_some() && self.path(&key).is_some();
            if entry.file_type()?.is_dir() && opens {
                folder.folders.push(format!("{key}/"));
            } else {
                let size = entry.metadata().map_or(0, |metadata| metadata.len());
                let special = !entry.file_type()?.is_file();
                folder.objects.push(ObjectInfo { key, size, special, ..ObjectInfo::default() });
            }
        }
        folder.folders.sort_unstable();
        folder.objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        self.sidecar.fill(self.below_mount(prefix), &self.mounted_at, &mut folder.objects);
        Ok(folder)
    }

    /// A folder that is a link stands for something that is not in the evidence. The root itself is the caller's word.
    fn must_not_lead_through_a_link(&self, folder: &Path) -> Result<(), StoreError> {
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
        Ok(())
    }

    fn below_mount<'a>(&self, key: &'a str) -> &'a str {
        key.strip_prefix(self.mounted_at.as_str()).unwrap_or(key)
    }

    fn open_object(&self, key: &str) -> Result<FetchedObject, StoreError> {
        if !key.starts_with(&self.mounted_at) {
            return Err(StoreError::Unreachable(format!("this is a copy of what lies below {}", self.mounted_at)));
        }
        let path = self.path(key).ok_or(StoreError::NotFound)?;
        self.must_not_lead_through_a_link(path.parent().unwrap_or(&self.root))?;
        // Never a link, and never a device or a pipe, which could block for ever.
        if !fs::symlink_metadata(&path)?.file_type().is_file() {
            return Err(StoreError::Unreachable("it is no ordinary file".to_owned()));
        }
        let body = Body::Reader(Box::new(File::open(&path)?));
        Ok(FetchedObject {
            body,
            metadata: self.sidecar.metadata(self.below_mount(key)),
            attributes: Attributes::default(),
        })
    }
}

#[async_trait]
impl ObjectStore for DirStore {
    fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    fn framing(&self) -> Framing {
        Framing::GzipOrPlain
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.read_folder(prefix)
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        stream::unfold(vec![prefix.to_owned()], move |mut open| async move {
            let prefix = open.pop()?;
            let page = match self.read_folder(&prefix) {
                Ok(folder) => {
                    open.extend(folder.folders.into_iter().rev());
                    Ok(folder.objects)
                }
                Err(StoreError::NotFound) => Ok(vec![]),
                Err(error) => Err(ListError { prefix, error }),
            };
            Some((page, open))
        })
        .boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.open_object(key)
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        Some(self.open_object(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn store(root: &Path) -> DirStore {
        DirStore::open(root, None, &Limits::default()).unwrap()
    }

    #[test]
    fn keys_cannot_leave_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("evidence")).unwrap();
        fs::write(dir.path().join("secret"), "x").unwrap();
        fs::write(dir.path().join("evidence/object"), "x").unwrap();
        let store = store(&dir.path().join("evidence"));
        for key in ["../secret", "a/../../secret", "/etc/passwd", "", "./object", "a//b", "object/x", "x\0y"] {
            assert!(block_on(store.get(key)).is_err(), "{key}");
        }
        assert!(block_on(store.get("object")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_listed_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
        let store = store(dir.path());
        assert_eq!(block_on(store.folder("")).unwrap().objects.len(), 2);
        assert!(matches!(block_on(store.get("link")), Err(StoreError::Unreachable(_))));
        assert!(matches!(block_on(store.get("absent")), Err(StoreError::NotFound)));
    }

    #[cfg(unix)]
    #[test]
    fn folders_that_are_links_are_not_entered() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("outside/in")).unwrap();
        fs::write(dir.path().join("outside/in/object"), "x").unwrap();
        fs::create_dir(dir.path().join("evidence")).unwrap();
        std::os::unix::fs::symlink("../outside", dir.path().join("evidence/link")).unwrap();
        let store = store(&dir.path().join("evidence"));
        assert!(block_on(store.folder("")).unwrap().objects[0].special);
        for folder in ["link/", "link/in/"] {
            assert!(matches!(block_on(store.folder(folder)), Err(StoreError::Unreachable(_))), "{folder}");
        }
        assert!(matches!(block_on(store.get("link/in/object")), Err(StoreError::Unreachable(_))));
    }

    #[test]
    fn a_mount_shows_the_folders_that_lead_to_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("AWSLogs")).unwrap();
        fs::write(dir.path().join("AWSLogs/x"), "x").unwrap();
        let store = store(dir.path()).mounted_at("a/b/");
        assert_eq!(block_on(store.folder("")).unwrap().folders, ["a/"]);
        assert_eq!(block_on(store.folder("a/")).unwrap().folders, ["a/b/"]);
        assert_eq!(block_on(store.folder("a/b/")).unwrap().folders, ["a/b/AWSLogs/"]);
        assert_eq!(block_on(store.folder("a/b/AWSLogs/")).unwrap().objects[0].key, "a/b/AWSLogs/x");
        assert!(block_on(store.get("a/b/AWSLogs/x")).is_ok());
        let outside = block_on(store.get("AWSLogs/x")).err();
        assert!(matches!(outside, Some(StoreError::Unreachable(_))), "nobody can say what lies outside");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_opened_under_its_key_is_shown() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        for name in [OsStr::new("back\\slash"), OsStr::from_bytes(b"latin\xff")] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("planted"), "x").unwrap();
        }
        let store = store(dir.path());
        let pages: Vec<_> = block_on(store.list("").collect());
        let shown: Vec<String> = pages.into_iter().flat_map(Result::unwrap).map(|object| object.key).collect();
        assert_eq!(shown, ["back\\slash", "latin\u{fffd}"]);
    }

    #[test]
    fn what_is_no_evidence_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = |path: &Path| DirStore::open(path, None, &Limits::default()).err();
        assert!(matches!(open(&dir.path().join("absent")), Some(OpenError::NoDirectory(_))));
        assert!(matches!(open(dir.path()), Some(OpenError::Empty(_))));
    }
}
