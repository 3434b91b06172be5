//! Where in a copy a file lies, told from its path.
//!
//! What stands in a file's place may be a link or a folder: the path says which object is meant, and never what is found there.

use std::path::{Component, Path, PathBuf};

use crate::store::dir::{SIDECAR_FOLDER, has_place};
use crate::trail::{DigestKey, LogKey};

/// A place in a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The directory of evidence.
    pub root: PathBuf,
    /// The key in it.
    pub key: String,
    /// Whether only the path told which directory it is.
    pub guessed: bool,
}

/// The directory of evidence and the key in it: whatever leads to `AWSLogs/` can be part of either, so a directory that has a
/// sidecar is taken for the root, else the one that holds `AWSLogs/`. The file itself may be gone.
pub(super) fn place(path: &Path) -> Option<Place> {
    let path = spelled(path)?;
    let candidates: Vec<Place> = path
        .ancestors()
        .skip(1)
        .filter_map(|root| {
            let key = path.strip_prefix(root).ok()?.to_str()?.to_owned();
            let known = DigestKey::parse(&key).is_some() || LogKey::parse(&key).is_some();
            (known && has_place(&key)).then(|| Place { root: root.to_owned(), key, guessed: true })
        })
        .collect();
    let with_sidecar = candidates.iter().find(|place| place.root.join(SIDECAR_FOLDER).is_dir());
    match with_sidecar {
        Some(place) => Some(Place { guessed: false, ..place.clone() }),
        None => candidates.into_iter().next(),
    }
}

/// The place of a file in this directory; none if it does not lie there.
pub(super) fn place_in(root: &Path, path: &Path) -> Option<Place> {
    let (path, whole) = (spelled(path)?, root.canonicalize().ok()?);
    // The outermost one: a link inside can lead back to it.
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    let there = above.into_iter().rev().find(|above| above.canonicalize().is_ok_and(|above| above == whole))?;
    let key = path.strip_prefix(there).ok()?.to_str()?.to_owned();
    Some(Place { root: root.to_owned(), key, guessed: false })
}

/// The copy that a log file lies in, or lay in, and its key there; none of what is no single log file. By the name alone: a
/// bundle put in its place makes it no bundle, and a folder no copy of its own.
pub(super) fn log_file_in_copy(path: &Path) -> Option<(Place, LogKey)> {
    let text = path.to_string_lossy();
    if text.starts_with("s3://") || text.starts_with("arn:") {
        return None;
    }
    let place = place(path)?;
    let key = LogKey::parse(&place.key)?;
    Some((place, key))
}

/// A path from the root of the file system on, in which no link is followed but before a `..`, which the file system alone
/// can follow.
fn spelled(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let parts: Vec<Component<'_>> = path.components().collect();
    let Some(up) = parts.iter().rposition(|part| *part == Component::ParentDir) else { return Some(path) };
    let start: PathBuf = parts[..=up].iter().collect();
    Some(start.canonicalize().ok()?.join(parts[up + 1..].iter().collect::<PathBuf>()))
}
