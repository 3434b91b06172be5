//! Where in a copy a file lies, told from its path.
//!
//! What stands in a file's place may be a link or a folder: the path says which object is meant, and never what is found there.

use std::path::{Component, Path, PathBuf};

use super::Failure;
use crate::bundle;
use crate::finding::{Code, Finding};
use crate::store::dir::{SIDECAR_FOLDER, has_place};
use crate::trail::{AccountFolder, DigestKey, LogKey, ObjectLocation};

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

/// A digest file that lies elsewhere than where it was delivered, as a finding tells.
pub(super) struct Moved<'f> {
    at: &'f ObjectLocation,
    /// Where it was delivered.
    pub recorded: &'f str,
}

impl<'f> Moved<'f> {
    /// None of any other finding.
    pub(super) fn of(finding: &'f Finding) -> Option<Moved<'f>> {
        let moved = finding.code == Code::DigestMoved;
        let (at, recorded) = finding.subject.as_ref().zip(finding.recorded.as_deref()).filter(|_| moved)?;
        Some(Moved { at, recorded })
    }

    fn bucket_and_key(&self) -> Option<(&'f str, &'f str)> {
        self.recorded.strip_prefix("s3://")?.split_once('/')
    }

    /// The other directory that its copy would begin in.
    pub(super) fn fits(&self, guessed: &Place) -> Option<PathBuf> {
        guessed.fits(&self.at.key, self.bucket_and_key()?.1)
    }

    /// What leads to its copy, if that is further down and holds it where it was delivered.
    pub(super) fn lead(&self) -> Option<&'f str> {
        let lead = self.at.key.strip_suffix(self.bucket_and_key()?.1)?;
        lead.ends_with('/').then_some(lead)
    }

    /// Whether it differs in nothing but what was named: the bucket, the prefix.
    pub(super) fn differs_only(&self, (bucket, prefix): (bool, bool)) -> bool {
        let Some((recorded_in, recorded)) = self.bucket_and_key() else { return false };
        let below = |key: &str| {
            DigestKey::parse(key)
                .map(|key| DigestKey { folder: AccountFolder { prefix: String::new(), ..key.folder }, ..key })
        };
        let same_key = if prefix { below(recorded) == below(&self.at.key) } else { recorded == self.at.key };
        same_key && (bucket || recorded_in == self.at.bucket)
    }
}

impl Place {
    /// The other directory that a copy would begin in, if what lies in it under a key was delivered under another one.
    pub(super) fn fits(&self, key: &str, recorded: &str) -> Option<PathBuf> {
        let path = self.root.join(key);
        // By parts of the path: a root is a whole folder.
        let root = path.ancestors().nth(Path::new(recorded).components().count())?;
        (path.ends_with(recorded) && root != self.root).then(|| root.to_owned())
    }

    /// That the copy begins elsewhere.
    pub(super) fn is_wrong(&self, recorded: &str, root: &Path) -> Failure {
        let (guessed, root) = (self.root.display(), root.display());
        Failure::told(format!(
            "the copy was taken to begin at {guessed}, and the digest files in it say that they were delivered to places such as \
             {recorded}: then it begins at {root}; give that to inspect with --in, or as SOURCE with --log-file KEY"
        ))
    }
}

/// That a copy begins in a folder of the directory that was named, and where.
pub(super) fn begins_below(directory: &Path, lead: &str, recorded: &str) -> Failure {
    let (there, below) = (directory.display(), directory.join(lead.trim_end_matches('/')).display().to_string());
    Failure::told(if [bundle::MANIFEST, bundle::HOW_TO_CHECK].iter().all(|name| directory.join(name).is_file()) {
        format!(
            "{there} is an unpacked bundle: name the ZIP file, of which everything can be checked, or {below} for the objects alone"
        )
    } else {
        format!(
            "the copy begins in {below}, and not in {there}: the digest files say that they were delivered to places such as \
             {recorded}; name that directory"
        )
    })
}

/// The place of a file in this directory; none if it does not lie there.
pub(super) fn place_in(root: &Path, path: &Path) -> Option<Place> {
    let (path, whole) = (spelled(path)?, root.canonicalize().ok()?);
    // The outermost one: a link inside can lead back to it.
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    let there = above.into_iter().rev().find(|above| above.canonicalize().is_ok_and(|above| above == whole))?;
    let key = path.strip_prefix(there).ok()?.to_str()?.to_owned();
    has_place(&key).then(|| Place { root: root.to_owned(), key, guessed: false })
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
