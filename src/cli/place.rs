//! Where in a copy a file lies, told from its path.

use std::path::{Path, PathBuf};

use crate::store::dir::SIDECAR_FOLDER;
use crate::trail::{DigestKey, LogKey};

/// The directory of evidence and the key in it: whatever leads to `AWSLogs/` can be part of either, so a directory that has a
/// sidecar is taken for the root, else the one that holds `AWSLogs/`. The file itself may be gone.
pub(super) fn place(path: &Path) -> Option<(PathBuf, String)> {
    let path = path.canonicalize().or_else(|_| std::path::absolute(path)).ok()?;
    let candidates: Vec<(PathBuf, String)> = path
        .ancestors()
        .skip(1)
        .filter_map(|root| {
            let key = path.strip_prefix(root).ok()?.to_str()?.to_owned();
            let known = DigestKey::parse(&key).is_some() || LogKey::parse(&key).is_some();
            known.then(|| (root.to_owned(), key))
        })
        .collect();
    let with_sidecar = candidates.iter().find(|(root, _)| root.join(SIDECAR_FOLDER).is_dir());
    with_sidecar.or(candidates.first()).cloned()
}

/// The copy that a log file lies in, or lay in, and its key there; none of what is no single log file. By the name alone: a
/// bundle put in its place makes it no bundle.
pub(super) fn log_file_in_copy(path: &Path) -> Option<(PathBuf, LogKey)> {
    let text = path.to_string_lossy();
    if text.starts_with("s3://") || text.starts_with("arn:") || path.is_dir() {
        return None;
    }
    let (root, key) = place(path)?;
    Some((root, LogKey::parse(&key)?))
}
