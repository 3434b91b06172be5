//! `records/previous.json`: which bundle came before.

use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::signed::hash;
use super::{BundleError, MANIFEST, PREVIOUS};
use crate::limits::{DIGEST_DUE_AFTER, Limits};
use crate::report::Report;
use crate::trail::Time;

/// The bundle before one, as whoever made the later one had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its file's name.
    pub name: String,
    /// SHA-256 of its manifest, in hex.
    pub manifest_sha256: String,
    /// Until when it goes.
    pub end: Time,
}

impl Previous {
    /// The bundle in a file.
    pub fn of(archive: &Archive, report: &Report) -> Result<Previous, BundleError> {
        if !report.request.named_log_files.is_empty() {
            let why = "it has nothing but log files that were asked for by name, and none can go on from it".to_owned();
            return Err(BundleError::Unreadable { path: archive.path().to_owned(), why });
        }
        let name = archive.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Previous { name, manifest_sha256: hex::encode(archive.manifest_sha256()?), end: report.request.end })
    }

    /// From when on the next one must go to meet it: its newest digests may end as much before its own end.
    pub fn next_start(&self) -> Time {
        self.end.plus(-DIGEST_DUE_AFTER)
    }
}

impl Archive {
    /// SHA-256 of the manifest: what a bundle is known by.
    pub fn manifest_sha256(&self) -> Result<[u8; 32], BundleError> {
        let wrong = |why: String| BundleError::Unreadable { path: self.path().to_owned(), why };
        let stored = self.find(MANIFEST).map_err(|error| wrong(error.to_string()))?;
        let stored = stored.ok_or_else(|| wrong(format!("it has no {MANIFEST}")))?;
        hash(self.read(&stored)).map_err(|error| wrong(error.to_string()))
    }

    /// The bundle before it, as it says; none if it is the first.
    pub fn previous(&self, limits: &Limits) -> Result<Option<Previous>, BundleError> {
        let wrong = |why: String| BundleError::Unreadable { path: self.path().to_owned(), why };
        let text = self.read_small(PREVIOUS, limits.small_file).map_err(wrong)?;
        text.map(|text| serde_json::from_slice(&text))
            .transpose()
            .map_err(|error| wrong(format!("{PREVIOUS}: {error}")))
    }
}
