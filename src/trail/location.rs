//! Where an object lies.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A bucket and a key in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectLocation {
    /// The bucket's name; empty where nothing says which bucket a directory was copied from.
    pub bucket: String,
    /// The object's key, as S3 has it.
    pub key: String,
}

impl ObjectLocation {
    /// The object `key` in `bucket`.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> ObjectLocation {
        ObjectLocation { bucket: bucket.into(), key: key.into() }
    }
}

/// `s3://bucket/key`, unescaped: renderers escape it for where it goes.
impl fmt::Display for ObjectLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}
