//! Where public keys come from. That decides what is proven: keys that came with the evidence prove that it is
//! consistent, and not that AWS signed it.

#[cfg(feature = "aws")]
mod cloudtrail;
mod file;
mod list;

use std::sync::Arc;

use async_trait::async_trait;

#[cfg(feature = "aws")]
pub use cloudtrail::CloudTrailKeys;
pub use file::{KeyFileError, parse_key_file};
pub use list::{KeyRange, PublicKeyEntry, PublicKeyList, write_key_list};

use crate::digest::KeySet;
use crate::trail::Interval;

/// A source of public keys.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// How the report names it.
    fn describe(&self) -> String;

    /// Whether the keys came from elsewhere than the evidence.
    fn origin(&self) -> KeyOrigin;

    /// The keys that may have signed digests of a region over a range.
    async fn keys(&self, region: &str, range: Interval) -> Result<Arc<KeySet>, KeySourceError>;
}

/// What keys from a source can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// AWS itself was asked.
    Aws,
    /// They were obtained apart from the evidence: what verifies was signed by their owner.
    Pinned,
    /// They lay beside the evidence: whoever could alter the one could replace the other.
    BesideEvidence,
}

impl KeyOrigin {
    /// Whether they came from elsewhere than the evidence.
    pub fn is_pinned(self) -> bool {
        self != KeyOrigin::BesideEvidence
    }
}

/// Why no keys were to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the public keys of {region} were not to be had: {problem}; no digest of that region can be verified without them"
)]
pub struct KeySourceError {
    /// The region.
    pub region: String,
    /// Why.
    pub problem: String,
}

/// Keys that are at hand.
#[derive(Clone, Debug)]
pub struct KeysAtHand {
    keys: Arc<KeySet>,
    description: String,
    origin: KeyOrigin,
}

impl KeysAtHand {
    /// These keys, named so in the report.
    pub fn new(keys: KeySet, description: impl Into<String>, origin: KeyOrigin) -> KeysAtHand {
        KeysAtHand { keys: Arc::new(keys), description: description.into(), origin }
    }
}

#[async_trait]
impl KeySource for KeysAtHand {
    fn describe(&self) -> String {
        self.description.clone()
    }

    fn origin(&self) -> KeyOrigin {
        self.origin
    }

    async fn keys(&self, _region: &str, _range: Interval) -> Result<Arc<KeySet>, KeySourceError> {
        Ok(Arc::clone(&self.keys))
    }
}
