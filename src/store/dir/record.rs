//! What is recorded of one object, a line each, in `.trailseal/metadata.jsonl` and `.trailseal/not-copied.jsonl`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::digest::DigestMetadata;
use crate::finding::Reason;
use crate::store::{Attributes, StoreError};
use crate::trail::Time;

/// What is recorded of one object; the fields in the order in which they are written. Whatever is read of it lies beside
/// the evidence and is as hostile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// Its key.
    pub key: String,
    /// Its S3 user metadata, without the `x-amz-meta-` before each name.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Its size in bytes, as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When it was written.
    #[serde(default, deserialize_with = "loose_time", skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Time>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Its storage class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// SHA-256 of its bytes as stored, in hex: tells a copy that goes on what it has. Verification never believes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Why it was not copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Whether it is no object, but a folder that could not be listed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub folder: bool,
    /// Whether it is no ordinary object.
    #[serde(default, skip_serializing_if = "is_false")]
    pub special: bool,
    /// Whether the source itself was a copy, and had it only told of.
    #[serde(default, skip_serializing_if = "is_false")]
    pub only_told: bool,
    /// Whether it was asked for, and was not there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub absent: bool,
    /// Whether it is longer than is looked at, and only its beginning was kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut: bool,
    /// Whether what was recorded of this key before no longer holds.
    #[serde(default, skip_serializing_if = "is_false")]
    pub withdrawn: bool,
}

impl ObjectRecord {
    /// The user metadata of a fetched object. Of a store that gives none as such, what verification needs of it.
    pub fn user_metadata(attributes: &Attributes, metadata: &DigestMetadata) -> BTreeMap<String, String> {
        if !attributes.user_metadata.is_empty() {
            return attributes.user_metadata.clone();
        }
        let generated = metadata.backfill_generated.map(|time| time.to_string());
        let named = [
            ("signature", metadata.signature.clone()),
            ("signature-algorithm", metadata.algorithm.clone()),
            ("backfill-generation-timestamp", generated),
        ];
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// What a store that has only this record says of the object.
    pub(crate) fn into_attributes(self) -> Attributes {
        let ObjectRecord { metadata, etag, version_id, storage_class, .. } = self;
        // Of the size, the file itself is the better witness.
        Attributes { user_metadata: metadata, size: None, etag, version_id, storage_class }
    }

    /// What asking for the object is answered with, if it was not copied.
    pub(crate) fn failure(&self) -> Option<StoreError> {
        Some(match self.reason? {
            Reason::Denied => StoreError::Denied,
            Reason::Archived => StoreError::Archived,
            Reason::Kms => StoreError::Kms,
            Reason::Throttled => StoreError::Throttled,
            Reason::LeftOut => StoreError::LeftOut,
            _ => StoreError::Unreachable("it could not be copied when this copy was made".to_owned()),
        })
    }
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A time that cannot be read is none: it decides nothing alone.
fn loose_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(Time::parse_loose))
}
