//! Public keys in files, and whether they came with the evidence.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::Failure;
use super::directory::Purpose;
use super::evidence::{EvidenceArgs, holds, read_small};
use crate::digest::KeySet;
use crate::keys::{KeyOrigin, KeySource, KeySourceError, KeysAtHand, parse_key_file};
use crate::store::dir::SIDECAR_FOLDER;
use crate::trail::Interval;

impl EvidenceArgs {
    /// The keys in files: those given, else those beside the evidence in `root`. A copy can be made without any.
    pub(super) fn keys_at_hand(&self, root: Option<&Path>, purpose: Purpose) -> Result<Arc<dyn KeySource>, Failure> {
        if let Some(root) = root.filter(|_| self.public_keys.is_empty()) {
            let beside = root.join(SIDECAR_FOLDER).join("public-keys.json");
            if !beside.is_file() && purpose == Purpose::Copy {
                return Ok(Arc::new(NoKeys));
            }
            if !beside.is_file() {
                let text = format!(
                    "there are no public keys to check {} with; ask AWS for them with --public-keys aws (any AWS account may), or give \
                     --public-keys FILE, written by `trailseal keys export` or `aws cloudtrail list-public-keys --start-time T \
                     --end-time T --region R --output json > FILE`",
                    root.display()
                );
                return Err(Failure::told(text));
            }
            let keys = read_keys(&beside)?;
            return Ok(Arc::new(KeysAtHand::new(keys, beside.display().to_string(), KeyOrigin::BesideEvidence)));
        }
        let mut keys = KeySet::default();
        let mut origin = KeyOrigin::Pinned;
        let mut names = Vec::new();
        for path in &self.public_keys {
            keys.merge(read_keys(path)?);
            names.push(path.display().to_string());
            // Naming a file that lies in the evidence does not make it come from elsewhere.
            if self.directories().chain(self.beside.as_deref()).any(|copy| came_with(copy, path)) {
                origin = KeyOrigin::BesideEvidence;
            }
        }
        Ok(Arc::new(KeysAtHand::new(keys, names.join(", "), origin)))
    }
}

/// There are no keys at hand.
struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    fn describe(&self) -> String {
        "nowhere".to_owned()
    }

    fn origin(&self) -> KeyOrigin {
        KeyOrigin::BesideEvidence
    }

    async fn keys(&self, region: &str, _range: Interval) -> Result<Arc<KeySet>, KeySourceError> {
        let problem = "there are none beside the source, and none were given with --public-keys".to_owned();
        Err(KeySourceError { region: region.to_owned(), problem })
    }
}

/// Whether a key file came with a copy: it lies in it, or beside the keys of a larger copy that this one is a part of.
pub(super) fn came_with(copy: &Path, file: &Path) -> bool {
    let beside = |file: PathBuf| {
        let sidecar = file.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == SIDECAR_FOLDER))?;
        Some(copy.canonicalize().ok()?.starts_with(sidecar.parent()?))
    };
    holds(copy, file) || file.canonicalize().ok().and_then(beside).unwrap_or(false)
}

/// Reads a key file.
pub(super) fn read_keys(path: &Path) -> Result<KeySet, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::told(format!("the key file {}: {error}", path.display()));
    let bytes = read_small(path)
        .map_err(|error| wrong(&format!("it cannot be read ({error}); check its name and permissions")))?;
    parse_key_file(&bytes).map_err(|error| wrong(&error))
}
