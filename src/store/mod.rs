//! Where evidence lies: what is here, and give me this object.
//!
//! A store answers; it does not judge. *Absent*, *denied* and *unreachable* are three different answers, and what a
//! body turns out to hold is nobody's business here.

mod body;
pub mod dir;
mod memory;
#[cfg(feature = "aws")]
pub mod s3;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use body::{Body, BodyError};
pub use dir::DirStore;
pub use memory::MemoryStore;
#[cfg(feature = "aws")]
pub use s3::{S3Buckets, S3Store};

use crate::digest::DigestMetadata;
use crate::finding::Reason;
use crate::logfile::Framing;
use crate::trail::Time;

/// A bucket, or a copy of one.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// The bucket's name. None where nothing says from which one a copy was taken: then each digest's own word counts,
    /// which its signature covers.
    fn bucket(&self) -> Option<&str>;

    /// Whether objects may be gunzipped already under their own name.
    fn framing(&self) -> Framing;

    /// Whether every answer takes its time, so that many must be asked for at once.
    fn is_remote(&self) -> bool {
        false
    }

    /// What lies directly in a folder (a prefix that is empty or ends in a slash), in order.
    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError>;

    /// The objects below a prefix whose keys lie in a range, page by page. What cannot be listed is an error in its place,
    /// and the rest goes on.
    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>>;

    /// One object.
    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError>;

    /// The same, for threads that may block, of a store that nobody need wait for. None where there is only
    /// [`get`](ObjectStore::get).
    fn get_now(&self, _key: &str) -> Option<Result<FetchedObject, StoreError>> {
        None
    }

    /// Tells that an object will be asked for after those that were told of before, and is told of this once. That order comes
    /// from the evidence alone, whichever answer comes first: who keeps what is given can keep it so.
    fn in_turn(&self, _key: &str) -> Option<AskedFor> {
        None
    }
}

/// An object that was told of, for as long as whoever told of it may ask for it.
pub type AskedFor = Box<dyn Send + Sync>;

/// Keys between two keys, both left out, in the order of their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    /// Only keys after this one, if any.
    pub after: Option<String>,
    /// Only keys before this one, if any.
    pub before: Option<String>,
}

impl KeyRange {
    /// All keys.
    pub const ALL: KeyRange = KeyRange { after: None, before: None };

    /// Whether a key lies in it.
    pub fn has(&self, key: &str) -> bool {
        self.after.as_deref().is_none_or(|after| key > after)
            && self.before.as_deref().is_none_or(|before| key < before)
    }

    /// Whether any key below a folder can lie in it.
    pub fn may_have_below(&self, folder: &str) -> bool {
        self.after.as_deref().is_none_or(|after| folder >= after || after.starts_with(folder))
            && self.before.as_deref().is_none_or(|before| folder < before)
    }
}

/// Where other buckets are to be had, for a trail that was moved.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// The bucket of that name; none if it is not to be had.
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>>;

    /// Those that lie with the evidence, so that nobody else learns that they are looked at.
    async fn at_hand(&self) -> Vec<Arc<dyn ObjectStore>> {
        Vec::new()
    }
}

/// What lies directly in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// The folders in it: their whole prefixes, each with a slash at its end.
    pub folders: Vec<String>,
    /// The objects in it.
    pub objects: Vec<ObjectInfo>,
}

/// An object as a listing shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its key.
    pub key: String,
    /// Its size in bytes, as stored.
    pub size: u64,
    /// When it was written, where the store knows it.
    pub last_modified: Option<Time>,
    /// Its entity tag without quotes, where the store has one: it changes with the content.
    pub etag: Option<String>,
    /// Its storage class, where the store has any; see [`ObjectInfo::is_archived`].
    pub storage_class: Option<String>,
    /// Only told of by the record of a copy, which has not got it.
    pub only_told: bool,
    /// The SHA-256 of its uncompressed bytes, where an earlier run proved it and it was not written again since: only a store
    /// that remembers knows.
    pub proven: Option<[u8; 32]>,
    /// No ordinary object: on a disk, a link, a pipe or a device. What it stands for is not looked at.
    pub special: bool,
}

impl ObjectInfo {
    /// Whether it is what consoles leave behind where someone made a folder: empty, and named like one.
    pub fn is_folder_marker(&self) -> bool {
        self.size == 0 && self.key.ends_with('/')
    }

    /// Whether its storage class is one that is read only once it was restored. It may have been: only asking for it
    /// tells.
    pub fn is_archived(&self) -> bool {
        matches!(self.storage_class.as_deref(), Some("GLACIER" | "DEEP_ARCHIVE"))
    }
}

/// An object as a store gives it.
pub struct FetchedObject {
    /// Its bytes as stored.
    pub body: Body,
    /// Its user metadata, as far as verification needs it.
    pub metadata: DigestMetadata,
    /// What else the store says of it.
    pub attributes: Attributes,
}

/// What a store says of an object beside its bytes, for a copy that is to lose nothing; empty where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Its user metadata: the names without the `x-amz-meta-` that stands before each on the wire.
    pub user_metadata: BTreeMap<String, String>,
    /// Its size in bytes, as stored.
    pub size: Option<u64>,
    /// Its entity tag, without quotes.
    pub etag: Option<String>,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Its storage class; none for the standard one, which S3 does not name.
    pub storage_class: Option<String>,
}

/// Why an object or a folder was not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is not there.
    #[error("it is not there")]
    NotFound,
    /// Access was denied, which says nothing about whether it is there.
    #[error("access was denied")]
    Denied,
    /// It is in an archive storage class.
    #[error("it is archived and must be restored first")]
    Archived,
    /// The key that encrypts it could not be used.
    #[error("the key that encrypts it could not be used")]
    Kms,
    /// The store kept asking to slow down.
    #[error("the store kept asking to slow down")]
    Throttled,
    /// The credentials themselves were refused, or there are none: expired, unknown, or of another partition.
    #[error("the credentials were refused: {0}")]
    Credentials(String),
    /// The body ended before it was whole. Asking for the object again may give all of it.
    #[error("it broke off: {0}")]
    BrokeOff(String),
    /// There is more than a limit allows.
    #[error("it holds more than {0} names")]
    OverLimit(usize),
    /// The store did not answer, or has something there that is no ordinary object.
    #[error("it could not be reached: {0}")]
    Unreachable(String),
    /// It was there when an evidence bundle was made, which was made without its bytes.
    #[error("the bundle was made without its bytes")]
    LeftOut,
    /// Nobody looked: the run was interrupted before.
    #[error("the run was interrupted before")]
    Interrupted,
}

/// A part of a listing that was not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{prefix}: {error}")]
pub struct ListError {
    /// What could not be listed.
    pub prefix: String,
    /// Why.
    pub error: StoreError,
}

impl StoreError {
    /// Why nobody can say; none if it is not there, which is an answer.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            StoreError::NotFound => None,
            StoreError::Denied | StoreError::Credentials(_) => Some(Reason::Denied),
            StoreError::Archived => Some(Reason::Archived),
            StoreError::Kms => Some(Reason::Kms),
            StoreError::Throttled => Some(Reason::Throttled),
            StoreError::OverLimit(_) => Some(Reason::OverLimit),
            StoreError::BrokeOff(_) | StoreError::Unreachable(_) => Some(Reason::Unreachable),
            StoreError::LeftOut => Some(Reason::LeftOut),
            StoreError::Interrupted => Some(Reason::Interrupted),
        }
    }

    /// Why the bytes of an object that is there could not be read on; whatever that was, it is not that it is absent.
    pub(crate) fn of_reading(error: &std::io::Error) -> StoreError {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(StoreError::Interrupted) => StoreError::Interrupted,
            _ => StoreError::Unreachable(error.to_string()),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> StoreError {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => StoreError::NotFound,
            std::io::ErrorKind::PermissionDenied => StoreError::Denied,
            _ => StoreError::Unreachable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_keys_knows_which_folders_reach_into_it() {
        let range = KeyRange { after: Some("a/2026/01/05/".to_owned()), before: Some("a/2026/02/01/".to_owned()) };
        for (key, inside) in
            [("a/2026/01/05/", false), ("a/2026/01/05/x", true), ("a/2026/01/zzz", true), ("a/2026/02/01/x", false)]
        {
            assert_eq!(range.has(key), inside, "{key}");
        }
        for (folder, reaches) in [
            ("a/", true),
            ("a/2026/", true),
            ("a/2026/01/", true),
            ("a/2026/01/04/", false),
            ("a/2026/01/05/", true),
            ("a/2026/02/", true),
            ("a/2026/02/01/", false),
            ("a/2027/", false),
            ("a/2025/", false),
        ] {
            assert_eq!(range.may_have_below(folder), reaches, "{folder}");
        }
        assert!(KeyRange::ALL.has("") && KeyRange::ALL.may_have_below(""));
    }
}
