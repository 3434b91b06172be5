//! A bucket as a directory: objects under their keys, and beside them, in `.trailseal/`, what a file system cannot hold.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use serde::Serialize;

use super::object::{SimulatedObject, Sink};
use super::run::Summary;
use crate::keys::{PublicKeyList, write_key_list};
use crate::store::dir::{ObjectRecord, SIDECAR_FOLDER, Spool, has_place};
use crate::trail::{Interval, Time};

/// Writes objects under a directory, and `.trailseal/metadata.jsonl` sorted by key.
pub struct DirectorySink {
    root: PathBuf,
    /// Directories that were made; read by every worker for every object, and seldom written.
    made: RwLock<HashSet<PathBuf>>,
    spool: Mutex<Spool>,
}

#[derive(Serialize)]
struct Source<'s> {
    source: &'static str,
    bucket: &'s str,
    start: Time,
    end: Time,
    taken_at: Time,
}

impl DirectorySink {
    /// Takes `root`, which must not exist or be empty: nothing is ever mixed with what is there.
    pub fn create(root: impl Into<PathBuf>) -> io::Result<DirectorySink> {
        let root = root.into();
        match fs::read_dir(&root).map(|mut entries| entries.next().is_none()) {
            Ok(true) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(false) => {
                let text = format!("{} is not empty; name a new directory, or empty this one first", root.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
            }
            Err(error) => {
                let text = format!("{} cannot be used ({error}); name a new directory", root.display());
                return Err(io::Error::new(error.kind(), text));
            }
        }
        fs::create_dir_all(root.join(SIDECAR_FOLDER)).map_err(|error| at(&root, error))?;
        let spool = Spool::new(root.join(SIDECAR_FOLDER).join("metadata.spool"));
        Ok(DirectorySink { root, made: RwLock::default(), spool: Mutex::new(spool) })
    }

    /// Writes the metadata, the public keys and where all this comes from.
    pub fn finish(self, bucket: &str, summary: &Summary) -> io::Result<()> {
        self.finish_with(bucket, summary.interval, summary.taken_at, &summary.public_keys)
    }

    /// Like [`DirectorySink::finish`], for a trail that was changed after it was simulated.
    pub fn finish_with(self, bucket: &str, range: Interval, taken_at: Time, keys: &PublicKeyList) -> io::Result<()> {
        let sidecar = self.root.join(SIDECAR_FOLDER);
        let spool = self.spool.into_inner().unwrap_or_else(PoisonError::into_inner);
        let out = File::create(sidecar.join("metadata.jsonl"))?;
        spool.write_sorted(&mut BufWriter::with_capacity(1 << 20, out))?;
        write_key_list(keys, &mut File::create(sidecar.join("public-keys.json"))?)?;
        let source = Source { source: "simulate", bucket, start: range.start, end: range.end, taken_at };
        write_json(&sidecar.join("source.json"), &source)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if self.made.read().unwrap_or_else(PoisonError::into_inner).contains(folder) {
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        self.made.write().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        Ok(())
    }
}

impl Sink for DirectorySink {
    fn put(&self, object: SimulatedObject) -> io::Result<()> {
        if !has_place(&object.key) {
            let text = format!("the key `{}` has no place in a directory; choose another", object.key.escape_debug());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let path = self.root.join(&object.key);
        if object.key.ends_with('/') {
            // A folder marker: the directory is all there can be of it.
            self.make_folder(&path)?;
        } else {
            self.make_folder(path.parent().unwrap_or(&self.root))?;
            fs::write(&path, &object.body).map_err(|error| at(&path, error))?;
        }
        let record = ObjectRecord {
            size: Some(object.body.len() as u64),
            etag: Some(object.etag()),
            last_modified: Some(object.last_modified),
            storage_class: Some("STANDARD".to_owned()),
            key: object.key,
            metadata: object.metadata,
            ..ObjectRecord::default()
        };
        let line = serde_json::to_string(&record)?;
        self.spool.lock().unwrap_or_else(PoisonError::into_inner).add(&record.key, &line)
    }
}

/// Writes `value` as indented JSON with a newline at its end.
fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    fs::write(path, text).map_err(|error| at(path, error))
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_inside_and_directories_are_not_mixed() {
        let directory = tempfile::tempdir().unwrap();
        let sink = DirectorySink::create(directory.path()).unwrap();
        for key in ["../x", "a/../../x", "/etc/x", "a//x", ".trailseal/source.json", ""] {
            let object = SimulatedObject {
                key: key.to_owned(),
                body: Vec::new(),
                metadata: std::collections::BTreeMap::new(),
                last_modified: Time::from_unix(0),
            };
            assert!(sink.put(object).is_err(), "{key}");
        }
        let error = DirectorySink::create(directory.path()).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("name a new directory"));
    }
}
