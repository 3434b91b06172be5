//! Where evidence lies: what is here, and give me this object.
//!
//! A store answers; it does not judge. *Absent*, *denied* and *unreachable* are three different answers, and what a
//! body turns out to hold is nobody's business here.

mod body;
pub mod dir;
mod memory;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use body::{Body, BodyError};
pub use dir::DirStore;
pub use memory::MemoryStore;

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

    /// What lies directly in a folder (a prefix that is empty or ends in a slash), in order.
    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError>;

    /// All objects below a prefix, page by page. What cannot be listed is an error in its place, and the rest goes on.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>>;

    /// One object.
    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError>;
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
    /// No ordinary object: on a disk, a link, a pipe or a device. What it stands for is not looked at.
    pub special: bool,
}

impl ObjectInfo {
    /// Whether it is what consoles leave behind where someone made a folder: empty, and named like one.
    pub fn is_folder_marker(&self) -> bool {
        self.size == 0 && self.key.ends_with('/')
    }
}

/// An object as a store gives it.
pub struct FetchedObject {
    /// Its bytes as stored.
    pub body: Body,
    /// Its user metadata.
    pub metadata: DigestMetadata,
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
    /// The store did not answer, broke off, or has something there that is no ordinary object.
    #[error("it could not be reached: {0}")]
    Unreachable(String),
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
            StoreError::Denied => Some(Reason::Denied),
            StoreError::Archived => Some(Reason::Archived),
            StoreError::Kms => Some(Reason::Kms),
            StoreError::Throttled => Some(Reason::Throttled),
            StoreError::Unreachable(_) => Some(Reason::Unreachable),
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
