//! A directory of objects under their S3 keys, as `aws s3 sync s3://bucket DIR` leaves them.

mod buckets;
#[cfg_attr(not(unix), path = "folders_by_path.rs")]
mod folders;
mod needed;
mod not_copied;
mod place;
mod plain_file;
mod pull_record;
mod recent;
mod record;
mod sidecar;
mod source;
mod spool;
mod tree;
mod writer;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

pub use self::buckets::{is_bucket_name, other_buckets};
use self::folders::Folders;
use self::not_copied::NotCopied;
pub(crate) use self::place::has_place;
pub(crate) use self::pull_record::PULL_RECORD;
pub use self::pull_record::{Extent, PullRecord};
pub use self::record::ObjectRecord;
pub(crate) use self::sidecar::Sidecar;
pub use self::sidecar::SidecarError;
pub use self::source::SourceRecord;
pub(crate) use self::spool::Spool;
pub(crate) use self::tree::Tree;
pub use self::writer::{DirWriter, NoPlace, Partial, WriteError};
use super::{Body, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError};
use crate::limits::Limits;
use crate::logfile::Framing;

/// Where `pull` and `simulate` keep what a plain copy loses: metadata, keys, and where it came from.
pub const SIDECAR_FOLDER: &str = ".trailseal";

/// A directory of objects under their S3 keys.
pub struct DirStore {
    folders: Folders,
    bucket: Option<String>,
    /// What stands before every key: for a copy of what lies below a prefix.
    mounted_at: String,
    sidecar: Sidecar,
    not_copied: NotCopied,
    /// See [`Limits::names_per_folder`].
    most_names: usize,
}

/// What lies in a folder of it.
struct Entry<'a> {
    name: &'a OsStr,
    is_folder: bool,
    is_file: bool,
}

/// Why a directory cannot be opened as evidence.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not there, or no directory.
    #[error("{}; give the directory that holds the copy of the bucket{}", no_directory(.0), meant(.0))]
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
    /// A `pull` into it is under way, or was interrupted.
    #[error("the copy in {} is not complete: run the same pull again", .0.display())]
    Incomplete(PathBuf),
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
        let pull = PullRecord::read(root, limits).map_err(damaged(root, PULL_RECORD))?;
        if pull.is_some_and(|pull| !pull.complete) {
            return Err(OpenError::Incomplete(root.to_owned()));
        }
        DirStore::open_unfinished(root, bucket, limits)
    }

    /// Like [`DirStore::open`], for a copy that may not be complete.
    pub(crate) fn open_unfinished(root: &Path, bucket: Option<&str>, limits: &Limits) -> Result<DirStore, OpenError> {
        let sidecar_path = root.join(SIDECAR_FOLDER);
        let sidecar = Sidecar::open(&sidecar_path.join(METADATA), limits).map_err(damaged(root, METADATA))?;
        let not_copied = NotCopied::open(&sidecar_path.join(NOT_COPIED), limits).map_err(damaged(root, NOT_COPIED))?;
        let recorded = SourceRecord::read(root, limits).map_err(damaged(root, "source.json"))?;
        let bucket = bucket.map(str::to_owned).or(recorded.and_then(|record| record.bucket));
        Ok(DirStore {
            folders: Folders::below(root),
            bucket,
            mounted_at: String::new(),
            sidecar,
            not_copied,
            most_names: limits.names_per_folder,
        })
    }

    /// The same directory, as the copy of what lies below `prefix` (empty, or with a slash at its end).
    pub fn mounted_at(self, prefix: &str) -> DirStore {
        DirStore { mounted_at: prefix.to_owned(), ..self }
    }

    /// The same directory, whose objects come with all that is recorded of them: for a copy of it.
    pub fn with_attributes(self) -> DirStore {
        DirStore { sidecar: self.sidecar.with_attributes(), ..self }
    }

    /// All that is recorded of an object.
    pub(crate) fn record(&self, key: &str) -> Option<ObjectRecord> {
        self.sidecar.record(self.below_mount(key))
    }

    /// What is recorded of an object that was not copied.
    pub(crate) fn record_not_copied(&self, key: &str) -> Option<ObjectRecord> {
        self.not_copied.record(self.below_mount(key))
    }

    /// One directory as one level of keys, sorted.
    fn read_folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        // A mount point is reached through folders that exist in the keys alone.
        if let Some(rest) = self.mounted_at.strip_prefix(prefix)
            && let Some((first, _)) = rest.split_once('/')
        {
            return Ok(Folder { folders: vec![format!("{prefix}{first}/")], objects: vec![] });
        }
        let mut folder = match self.read_directory(prefix) {
            Err(StoreError::NotFound) if self.not_copied.knows_folder(self.below_mount(prefix)) => Folder::default(),
            read => read?,
        };
        self.sidecar.fill(self.below_mount(prefix), &self.mounted_at, &mut folder.objects);
        self.not_copied.add_to(&mut folder, self.below_mount(prefix), &self.mounted_at);
        Ok(folder)
    }

    fn read_directory(&self, prefix: &str) -> Result<Folder, StoreError> {
        let below = prefix.strip_prefix(&self.mounted_at).ok_or(StoreError::NotFound)?;
        if !below.is_empty() && !has_place(below) {
            return Err(StoreError::NotFound);
        }
        let mut folder = Folder::default();
        self.folders.read(below, |entry, size| {
            if below.is_empty() && entry.name == SIDECAR_FOLDER {
                return Ok(());
            }
            if folder.folders.len() + folder.objects.len() >= self.most_names {
                return Err(StoreError::OverLimit(self.most_names));
            }
            // A name that is not UTF-8 is no S3 key that CloudTrail wrote: shown as well as can be, and never fetched.
            let key = format!("{prefix}{}", entry.name.to_string_lossy());
            // What cannot be opened under its key again is shown as an object, for nobody could look into it.
            let opens = entry.name.to_str().is_some() && has_place(self.below_mount(&key));
            if entry.is_folder && opens {
                folder.folders.push(format!("{key}/"));
            } else {
                let special = !entry.is_file;
                folder.objects.push(ObjectInfo { key, size: size(), special, ..ObjectInfo::default() });
            }
            Ok(())
        })?;
        folder.folders.sort_unstable();
        folder.objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(folder)
    }

    fn below_mount<'a>(&self, key: &'a str) -> &'a str {
        key.strip_prefix(self.mounted_at.as_str()).unwrap_or(key)
    }

    fn open_object(&self, key: &str) -> Result<FetchedObject, StoreError> {
        if !key.starts_with(&self.mounted_at) {
            return Err(StoreError::Unreachable(format!("this is a copy of what lies below {}", self.mounted_at)));
        }
        if let Some(error) = self.not_copied.failure(self.below_mount(key)) {
            return Err(error);
        }
        let below = self.below_mount(key);
        if !has_place(below) {
            return Err(StoreError::NotFound);
        }
        // On a disk, a name with a slash at its end is that without.
        let path = below.strip_suffix('/').unwrap_or(below);
        let (folder, name) = path.split_at(folder_of(path).len());
        let body = Body::Reader(Box::new(self.folders.open_file(folder, name)?));
        let (metadata, attributes) = self.sidecar.of(below);
        Ok(FetchedObject { body, metadata, attributes })
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
        match self.not_copied.folder_failure(self.below_mount(prefix)) {
            Some(error) => Err(error),
            None => self.read_folder(prefix),
        }
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        stream::unfold((vec![prefix.to_owned()], range), move |(mut open, range)| async move {
            let prefix = open.pop()?;
            let page = match self.read_folder(&prefix) {
                Ok(mut folder) => {
                    open.extend(folder.folders.into_iter().rev().filter(|name| range.may_have_below(name)));
                    folder.objects.retain(|object| range.has(&object.key));
                    Ok(folder.objects)
                }
                Err(StoreError::NotFound) => Ok(vec![]),
                Err(error) => Err(ListError { prefix: prefix.clone(), error }),
            };
            // Of a folder that could not be listed to its end when it was copied, what is there is shown all the same.
            let failed = self.not_copied.folder_failure(self.below_mount(&prefix));
            let failed = failed.filter(|_| page.is_ok()).map(|error| Err(ListError { prefix, error }));
            Some((stream::iter([Some(page), failed].into_iter().flatten()), (open, range)))
        })
        .flatten()
        .boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.open_object(key)
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        Some(self.open_object(key))
    }
}

/// The folder that a key lies in: empty, or with a slash at its end.
pub(crate) fn folder_of(key: &str) -> &str {
    key.rfind('/').map_or("", |at| &key[..=at])
}

fn damaged(root: &Path, name: &str) -> impl FnOnce(SidecarError) -> OpenError {
    let path = root.join(SIDECAR_FOLDER).join(name);
    |error| OpenError::Sidecar { path, error }
}

/// What is recorded of the objects in a directory.
const METADATA: &str = "metadata.jsonl";
/// What is recorded of those that are not in it.
const NOT_COPIED: &str = "not-copied.jsonl";

fn no_directory(path: &Path) -> String {
    match path.is_file() {
        true => format!("{} is a file, and neither a directory nor an evidence bundle", path.display()),
        false => format!("there is no directory {}", path.display()),
    }
}

/// What else may have been meant.
fn meant(path: &Path) -> &'static str {
    let text = path.to_string_lossy();
    let bucket = text.get(..3).is_some_and(|scheme| scheme.eq_ignore_ascii_case("s3:"));
    if bucket { "; a bucket is named s3://BUCKET" } else { "" }
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
        let pages: Vec<_> = block_on(store.list("", KeyRange::ALL).collect());
        let shown: Vec<String> = pages.into_iter().flat_map(Result::unwrap).map(|object| object.key).collect();
        assert_eq!(shown, ["back\\slash", "latin\u{fffd}"]);
    }

    #[test]
    fn a_folder_of_too_many_names_is_not_listed() {
        let dir = tempfile::tempdir().unwrap();
        (0..4).for_each(|n| fs::write(dir.path().join(n.to_string()), "").unwrap());
        let listed = |names_per_folder| {
            let limits = Limits { names_per_folder, ..Limits::default() };
            let store = DirStore::open(dir.path(), None, &limits).unwrap();
            let pages: Vec<_> = block_on(store.list("", KeyRange::ALL).collect());
            (
                block_on(store.folder("")).map(|folder| folder.objects.len()),
                pages.into_iter().filter(Result::is_err).count(),
            )
        };
        assert_eq!(listed(4), (Ok(4), 0));
        assert_eq!(listed(3), (Err(StoreError::OverLimit(3)), 1));
    }

    #[test]
    fn what_is_no_evidence_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = |path: &Path| DirStore::open(path, None, &Limits::default()).err();
        assert!(matches!(open(&dir.path().join("absent")), Some(OpenError::NoDirectory(_))));
        assert!(matches!(open(dir.path()), Some(OpenError::Empty(_))));
    }
}
