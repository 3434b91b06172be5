//! A bucket as a directory: objects under their keys, and beside them, in `.trailseal/`, what a file system cannot hold.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::keyring::PublicKeyList;
use super::object::{SimulatedObject, Sink};
use super::run::Summary;
use crate::trail::{Interval, Time};

/// Writes objects under a directory, and `.trailseal/metadata.jsonl` sorted by key.
///
/// The metadata of a million objects does not stay in memory: it is spooled by folder, and since the folders sort as their
/// keys do, [`DirectorySink::finish`] needs to sort one folder at a time.
pub struct DirectorySink {
    root: PathBuf,
    /// Directories that were made; read by every worker for every object, and seldom written.
    made: RwLock<HashSet<PathBuf>>,
    spool: Mutex<Spool>,
}

#[derive(Default)]
struct Spool {
    /// Lines by folder, which ends in a slash.
    lines: BTreeMap<String, String>,
    bytes: usize,
    /// Folders of which lines are on disk, in the file of this number.
    on_disk: BTreeMap<String, usize>,
}

/// One line of `metadata.jsonl`; the fields in the order in which they are written.
#[derive(Serialize)]
struct MetadataLine<'o> {
    key: &'o str,
    metadata: &'o BTreeMap<String, String>,
    size: usize,
    etag: String,
    last_modified: Time,
    storage_class: &'static str,
}

#[derive(Deserialize)]
struct KeyOfLine {
    key: String,
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
        fs::create_dir_all(root.join(SIDECAR)).map_err(|error| at(&root, error))?;
        Ok(DirectorySink { root, made: RwLock::default(), spool: Mutex::default() })
    }

    /// Writes the metadata, the public keys and where all this comes from.
    pub fn finish(self, bucket: &str, summary: &Summary) -> io::Result<()> {
        self.finish_with(bucket, summary.interval, summary.taken_at, &summary.public_keys)
    }

    /// Like [`DirectorySink::finish`], for a trail that was changed after it was simulated.
    pub fn finish_with(self, bucket: &str, range: Interval, taken_at: Time, keys: &PublicKeyList) -> io::Result<()> {
        let sidecar = self.root.join(SIDECAR);
        let spool = self.spool.into_inner().unwrap_or_else(PoisonError::into_inner);
        let out = File::create(sidecar.join("metadata.jsonl"))?;
        spool.write_sorted(&self.root.join(SPOOL), BufWriter::with_capacity(1 << 20, out))?;
        write_json(&sidecar.join("public-keys.json"), keys)?;
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
        let line = serde_json::to_string(&MetadataLine {
            key: &object.key,
            metadata: &object.metadata,
            size: object.body.len(),
            etag: object.etag(),
            last_modified: object.last_modified,
            storage_class: "STANDARD",
        })?;
        let path = self.root.join(&object.key);
        if object.key.ends_with('/') {
            // A folder marker: the directory is all there can be of it.
            self.make_folder(&path)?;
        } else {
            self.make_folder(path.parent().unwrap_or(&self.root))?;
            fs::write(&path, &object.body).map_err(|error| at(&path, error))?;
        }
        let folder = object.key.rfind('/').map_or("", |slash| &object.key[..=slash]);
        self.spool.lock().unwrap_or_else(PoisonError::into_inner).add(folder, &line, &self.root.join(SPOOL))
    }
}

impl Spool {
    fn add(&mut self, folder: &str, line: &str, directory: &Path) -> io::Result<()> {
        if !self.lines.contains_key(folder) {
            self.lines.insert(folder.to_owned(), String::new());
        }
        if let Some(lines) = self.lines.get_mut(folder) {
            lines.push_str(line);
            lines.push('\n');
        }
        self.bytes += line.len() + 1;
        if self.bytes > SPOOL_MEMORY { self.flush(directory) } else { Ok(()) }
    }

    fn flush(&mut self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        self.bytes = 0;
        for (folder, lines) in mem::take(&mut self.lines) {
            let next = self.on_disk.len();
            let number = *self.on_disk.entry(folder).or_insert(next);
            let path = directory.join(number.to_string());
            OpenOptions::new().create(true).append(true).open(path)?.write_all(lines.as_bytes())?;
        }
        Ok(())
    }

    fn write_sorted(mut self, directory: &Path, mut out: impl Write) -> io::Result<()> {
        let folders: BTreeSet<String> = self.lines.keys().chain(self.on_disk.keys()).cloned().collect();
        let mut folders = folders.into_iter().peekable();
        let mut pending: BTreeMap<String, String> = BTreeMap::new();
        while let Some(folder) = folders.next() {
            let mut lines = match self.on_disk.get(&folder) {
                Some(number) => fs::read_to_string(directory.join(number.to_string()))?,
                None => String::new(),
            };
            lines.push_str(&self.lines.remove(&folder).unwrap_or_default());
            for line in lines.lines() {
                // The last line of a key wins, as the last PUT does.
                pending.insert(serde_json::from_str::<KeyOfLine>(line)?.key, line.to_owned());
            }
            // A folder's own objects can sort after those of a folder inside it: those wait.
            let rest = folders.peek().map(|next| pending.split_off(next)).unwrap_or_default();
            for line in mem::replace(&mut pending, rest).values() {
                writeln!(out, "{line}")?;
            }
        }
        out.flush()?;
        if self.on_disk.is_empty() { Ok(()) } else { fs::remove_dir_all(directory) }
    }
}

/// Writes `value` as indented JSON with a newline at its end.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    fs::write(path, text).map_err(|error| at(path, error))
}

/// Whether `key` names one place inside a directory: a path would make `a//b` of `a/b` and climb with `..`.
pub(super) fn has_place(key: &str) -> bool {
    let inside = key.strip_suffix('/').unwrap_or(key).split('/').all(|part| !matches!(part, "" | "." | ".."));
    inside && key.split('/').next() != Some(SIDECAR)
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

const SIDECAR: &str = ".trailseal";
const SPOOL: &str = ".trailseal/metadata.spool";
/// Lines kept in memory before all of them go to disk.
const SPOOL_MEMORY: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spooled_lines_come_back_sorted_and_the_last_put_wins() {
        let directory = tempfile::tempdir().unwrap();
        let spool_directory = directory.path().join("spool");
        let mut spool = Spool::default();
        let keys = ["a/b-1/x", "a/b/x", "a/b/y", "a/z", "a/b0", "m", "a/", "a/b/"];
        for (round, key) in keys.iter().chain(&keys).enumerate() {
            let folder = key.rfind('/').map_or("", |slash| &key[..=slash]);
            spool.add(folder, &format!(r#"{{"key":"{key}","n":{round}}}"#), &spool_directory).unwrap();
            if round % 3 == 0 {
                spool.flush(&spool_directory).unwrap();
            }
        }
        let mut out = Vec::new();
        spool.write_sorted(&spool_directory, &mut out).unwrap();
        let mut expected: Vec<String> =
            keys.iter().enumerate().map(|(i, key)| format!(r#"{{"key":"{key}","n":{}}}"#, i + keys.len())).collect();
        expected.sort_by_key(|line| serde_json::from_str::<KeyOfLine>(line).unwrap().key);
        assert_eq!(String::from_utf8(out).unwrap().lines().collect::<Vec<_>>(), expected);
        assert!(!spool_directory.exists());
    }

    #[test]
    fn keys_stay_inside_and_directories_are_not_mixed() {
        let directory = tempfile::tempdir().unwrap();
        let sink = DirectorySink::create(directory.path()).unwrap();
        for key in ["../x", "a/../../x", "/etc/x", "a//x", ".trailseal/source.json", ""] {
            let object = SimulatedObject {
                key: key.to_owned(),
                body: Vec::new(),
                metadata: BTreeMap::new(),
                last_modified: Time::from_unix(0),
            };
            assert!(sink.put(object).is_err(), "{key}");
        }
        let error = DirectorySink::create(directory.path()).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("name a new directory"));
    }
}
