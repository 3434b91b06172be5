//! `.trailseal/pull.json`: what `pull` was asked to copy into a directory, and whether it came to its end.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sidecar::open_plain;
use super::{SIDECAR_FOLDER, SidecarError};
use crate::limits::Limits;
use crate::trail::Time;

/// What `pull` was asked to copy, and whether it came to its end. A copy that did not looks as if most of its source had
/// been deleted, so it is not verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRecord {
    /// What it copies from.
    pub source: String,
    /// The bucket that is copied into the directory itself.
    pub bucket: Option<String>,
    /// The time that it copies; of a copy that is complete, all that it has.
    pub extent: Extent,
    /// While it is not complete: the time that an earlier pull copied to its end.
    pub earlier: Option<Extent>,
    /// The accounts, regions, trails or prefix that it is restricted to.
    pub only: Vec<String>,
    /// Which log files: `all` or `none`.
    pub log_files: String,
    /// Whether it came to its end.
    pub complete: bool,
}

/// The time that a copy is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// From when on; none for everything there is.
    pub start: Option<Time>,
    /// Until when.
    pub end: Time,
    /// Whether the end is only that of the newest digest found, for want of another.
    pub newest: bool,
}

impl PullRecord {
    /// Reads the record of the copy at `root`, if it has one.
    pub fn read(root: &Path, limits: &Limits) -> Result<Option<PullRecord>, SidecarError> {
        let Some(file) = open_plain(&root.join(SIDECAR_FOLDER).join(PULL_RECORD))? else { return Ok(None) };
        let mut text = Vec::new();
        file.take(limits.small_file).read_to_end(&mut text)?;
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| SidecarError::Line(error.line() as u64, error.to_string()))
    }
}

/// The name of its file.
pub(crate) const PULL_RECORD: &str = "pull.json";
