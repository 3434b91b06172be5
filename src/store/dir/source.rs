//! `.trailseal/source.json`: where a copy came from, which range it is of, and when it was taken.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sidecar::open_plain;
use super::{SIDECAR_FOLDER, SidecarError};
use crate::limits::Limits;
use crate::trail::Time;

/// Where a copy came from. It lies beside the evidence and is as hostile as that: it can narrow what is looked at by
/// default, and the report says what was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// What it is a copy of.
    pub source: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// The start of the range.
    pub start: Option<Time>,
    /// The end of the range.
    pub end: Option<Time>,
    /// When it was taken.
    pub taken_at: Option<Time>,
}

impl SourceRecord {
    /// Reads the record of the copy at `root`, if it has one.
    pub fn read(root: &Path, limits: &Limits) -> Result<Option<SourceRecord>, SidecarError> {
        let Some(file) = open_plain(&root.join(SIDECAR_FOLDER).join("source.json"))? else { return Ok(None) };
        let mut text = Vec::new();
        file.take(limits.small_file).read_to_end(&mut text)?;
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| SidecarError::Line(error.line() as u64, error.to_string()))
    }
}
