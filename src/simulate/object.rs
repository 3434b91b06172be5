//! Objects as S3 would hold them, and where they go.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use md5::{Digest, Md5};

use crate::trail::Time;

/// One object of the simulated bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedObject {
    /// Its key in the bucket.
    pub key: String,
    /// What a GET returns: gzip, for log and digest files.
    pub body: Vec<u8>,
    /// S3 user metadata without the `x-amz-meta-` that stands before each name on the wire.
    pub metadata: BTreeMap<String, String>,
    /// When CloudTrail delivered it.
    pub last_modified: Time,
}

impl SimulatedObject {
    /// Lowercase hex MD5 of the body, without the quotes that S3 sends: what a single-part upload gets.
    pub fn etag(&self) -> String {
        hex::encode(Md5::digest(&self.body))
    }
}

/// Takes the objects of a simulated bucket, from many threads and in no particular order.
pub trait Sink: Sync {
    /// Stores one object; a second one under the same key replaces the first.
    fn put(&self, object: SimulatedObject) -> io::Result<()>;
}

/// A bucket in memory, by key.
#[derive(Debug, Default)]
pub struct MemorySink(Mutex<BTreeMap<String, SimulatedObject>>);

impl MemorySink {
    /// What was put so far, by key.
    pub fn into_objects(self) -> BTreeMap<String, SimulatedObject> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for MemorySink {
    fn put(&self, object: SimulatedObject) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(object.key.clone(), object);
        Ok(())
    }
}
