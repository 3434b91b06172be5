//! `.trailseal/metadata.jsonl`: the S3 metadata that a copy on disk loses.
//!
//! It has a line for every object, so it is never held in memory: one pass notes where the lines of each folder are,
//! and a folder's lines are read when that folder is looked at. Written in the order of the keys, that is one place a
//! folder. Verification keeps of a line what it needs; all of it is read where a copy is made or goes on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use super::needed::Needed;
use super::recent::Recent;
use super::{ObjectRecord, folder_of};
use crate::digest::DigestMetadata;
use crate::limits::Limits;
use crate::store::{Attributes, ObjectInfo};
use crate::trail::Time;

/// What is wrong with a sidecar.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// It could not be read.
    #[error("it could not be read: {0}")]
    Io(#[from] io::Error),
    /// A key that no object of S3 can have.
    #[error("it has a key of {0} bytes, and S3 allows 1,024")]
    Key(usize),
    /// A line is not what it should be.
    #[error("line {0} is wrong: {1}")]
    Line(u64, String),
}

/// The sidecar of a directory; empty if it has none.
#[derive(Default)]
pub(crate) struct Sidecar {
    /// Where the lines of each folder are: offset and length of each run.
    folders: HashMap<String, Vec<(u64, u64)>>,
    reader: Mutex<Reader>,
    /// Whether lines are kept beside what verification needs of them.
    with_attributes: bool,
}

struct Reader {
    file: Option<File>,
    needed: Recent<Needed>,
    whole: Recent<Lines<ObjectRecord>>,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader { file: None, needed: Recent::with_room_for(RECENT), whole: Recent::with_room_for(RECENT) }
    }
}

/// What is known of each object of one folder.
pub(crate) type Lines<T> = HashMap<String, T>;

/// A line, borrowed: there are as many as there are objects.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow, default)]
    metadata: UserMetadata<'a>,
    #[serde(borrow)]
    last_modified: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct UserMetadata<'a> {
    #[serde(borrow)]
    signature: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "signature-algorithm")]
    algorithm: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "backfill-generation-timestamp")]
    backfill_generated: Option<Cow<'a, str>>,
}

impl Line<'_> {
    fn metadata(&self) -> DigestMetadata {
        let time = |text: &Option<Cow<'_, str>>| text.as_deref().and_then(Time::parse_loose);
        DigestMetadata {
            signature: self.metadata.signature.as_deref().map(str::to_owned),
            algorithm: self.metadata.algorithm.as_deref().map(str::to_owned),
            backfill_generated: time(&self.metadata.backfill_generated),
            last_modified: time(&self.last_modified),
        }
    }
}

impl Sidecar {
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Sidecar, SidecarError> {
        let Some(file) = open_plain(path)? else { return Ok(Sidecar::default()) };
        Sidecar::within(file, 0..u64::MAX, limits)
    }

    /// The lines that are in one part of a file.
    pub(crate) fn within(mut file: File, part: Range<u64>, limits: &Limits) -> Result<Sidecar, SidecarError> {
        file.seek(SeekFrom::Start(part.start))?;
        let folders = index(&file, part, limits.sidecar_line)?;
        let reader = Reader { file: Some(file), ..Reader::default() };
        Ok(Sidecar { folders, reader: Mutex::new(reader), with_attributes: false })
    }

    /// The same, which gives objects with all that is recorded of them.
    pub(super) fn with_attributes(self) -> Sidecar {
        Sidecar { with_attributes: true, ..self }
    }

    /// The metadata of one object, and with it, where that was asked for, what a store that has only this says of it.
    pub(super) fn of(&self, key: &str) -> (DigestMetadata, Attributes) {
        let (folder, name) = key.split_at(folder_of(key).len());
        let needed = self.needed(folder);
        let Some((metadata, line)) = needed.as_ref().and_then(|needed| needed.metadata(name)) else {
            return Default::default();
        };
        let record = if self.with_attributes { serde_json::from_slice(line).ok() } else { None };
        let record = record.filter(|record: &ObjectRecord| !record.withdrawn);
        (metadata, record.map(ObjectRecord::into_attributes).unwrap_or_default())
    }

    /// Fills in what is known of the objects of one folder.
    pub(crate) fn fill(&self, folder: &str, mounted_at: &str, objects: &mut [ObjectInfo]) {
        let Some(needed) = self.needed(folder) else { return };
        for object in objects {
            let name = object.key.strip_prefix(mounted_at).and_then(|key| key.strip_prefix(folder));
            object.last_modified = name.and_then(|name| needed.last_modified(name));
        }
    }

    /// All that is recorded of the objects of one folder.
    pub(crate) fn records(&self, folder: &str) -> Option<Arc<Lines<ObjectRecord>>> {
        let runs = self.folders.get(folder)?;
        let reader = &mut *self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = reader.whole.get(folder) {
            return Some(known);
        }
        let lines = read(reader.file.as_mut()?, runs);
        let records = lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        let records = records.map(|record: ObjectRecord| (record.key.clone(), record)).collect();
        Some(reader.whole.add(folder, records))
    }

    /// All that is recorded of one object.
    pub(crate) fn record(&self, key: &str) -> Option<ObjectRecord> {
        let record = self.records(folder_of(key))?.get(key).cloned();
        record.filter(|record| !record.withdrawn)
    }

    /// The folders of which there are lines.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        self.folders.keys().map(String::as_str)
    }

    fn needed(&self, folder: &str) -> Option<Arc<Needed>> {
        let runs = self.folders.get(folder)?;
        let reader = &mut *self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = reader.needed.get(folder) {
            return Some(known);
        }
        let mut needed = Needed::default();
        let lines = read(reader.file.as_mut()?, runs);
        let mut end = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let start = end;
            end += line.len();
            if let Ok(known) = serde_json::from_slice::<Line<'_>>(line) {
                needed.add(&known.key[folder_of(&known.key).len()..], known.metadata(), start..end);
            }
        }
        let needed = needed.complete(if self.with_attributes { lines } else { Vec::new() });
        Some(reader.needed.add(folder, needed))
    }
}

/// Opens a file of the `.trailseal` folder, if it is there: an ordinary one, for a pipe could block for ever.
pub(super) fn open_plain(path: &Path) -> Result<Option<File>, SidecarError> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
        Ok(found) if !found.is_file() => Err(io::Error::other("it is no ordinary file").into()),
        Ok(_) => Ok(Some(File::open(path)?)),
    }
}

/// Notes where each folder's lines are.
fn index(file: &File, part: Range<u64>, most: u64) -> Result<HashMap<String, Vec<(u64, u64)>>, SidecarError> {
    let mut folders: HashMap<String, Vec<(u64, u64)>> = HashMap::new();
    let mut lines = BufReader::with_capacity(1 << 20, file.take(part.end - part.start));
    let (mut offset, mut number, mut line) = (part.start, 0, Vec::new());
    loop {
        line.clear();
        let length = (&mut lines).take(most).read_until(b'\n', &mut line)? as u64;
        number += 1;
        if length == 0 {
            return Ok(folders);
        }
        if length == most {
            return Err(SidecarError::Line(number, format!("it is longer than {most} bytes")));
        }
        let parsed: Line<'_> = serde_json::from_slice(&line).map_err(|e| SidecarError::Line(number, e.to_string()))?;
        let folder = folder_of(&parsed.key);
        match folders.get_mut(folder) {
            Some(runs) => match runs.last_mut() {
                Some((start, total)) if *start + *total == offset => *total += length,
                _ => runs.push((offset, length)),
            },
            None => {
                folders.insert(folder.to_owned(), vec![(offset, length)]);
            }
        }
        offset += length;
    }
}

/// Reads one folder's lines. Of two lines for one key the later counts: a resumed copy appends. Every line was parsed when
/// the file was opened; one that no longer can be was changed since, and then its object has no metadata.
fn read(file: &mut File, runs: &[(u64, u64)]) -> Vec<u8> {
    let mut lines = Vec::new();
    for (offset, length) in runs {
        let before = lines.len();
        if file.seek(SeekFrom::Start(*offset)).and_then(|_| file.take(*length).read_to_end(&mut lines)).is_err() {
            lines.truncate(before);
        }
        // Whatever has become of one place, the next begins with a line of its own.
        lines.push(b'\n');
    }
    lines
}

/// Folders kept. Eight regions are walked at once, each with the digests of a day or two, the log files of as many, and a day
/// that is closed.
const RECENT: usize = 40;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn sidecar(text: &str) -> Result<Sidecar, SidecarError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metadata.jsonl");
        fs::write(&path, text).unwrap();
        Sidecar::open(&path, &Limits::default())
    }

    #[test]
    fn lines_are_found_in_any_order_and_the_last_counts() {
        let text = concat!(
            "{\"key\":\"a/1\",\"metadata\":{\"signature\":\"old\"}}\n",
            "{\"key\":\"b/1\",\"metadata\":{\"signature\":\"b\"},\"last_modified\":\"2026-01-01T00:00:00Z\"}\n",
            "{\"key\":\"a/1\",\"metadata\":{\"signature\":\"new\"},\"size\":3}\n",
        );
        let sidecar = sidecar(text).unwrap();
        assert_eq!(sidecar.of("a/1").0.signature.as_deref(), Some("new"));
        let last_modified = sidecar.of("b/1").0.last_modified.map(|time| time.to_string());
        assert_eq!(last_modified.as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(sidecar.of("a/2"), Default::default());
        assert_eq!(sidecar.of("c"), Default::default());
    }

    #[test]
    fn all_that_is_recorded_comes_where_it_is_asked_for() {
        let text = concat!(
            "{\"key\":\"a/2\",\"etag\":\"x\"}\n",
            "{\"key\":\"b/1\",\"etag\":\"y\"}\n",
            "{\"key\":\"a/1\",\"metadata\":{\"odd\":\"kept\"},\"version_id\":\"v1\"}\n",
            "{\"key\":\"a/1\",\"metadata\":{\"odd\":\"kept\"},\"version_id\":\"v2\",\"last_modified\":\"2026-01-01T00:00:00Z\"}\n",
            "{\"key\":\"a/2\",\"etag\":\"x\",\"withdrawn\":true}\n",
            "{\"key\":\"a/3\",\"etag\":\"z\"}",
        );
        assert_eq!(sidecar(text).unwrap().of("a/1").1, Attributes::default());
        let sidecar = sidecar(text).unwrap().with_attributes();
        let (metadata, attributes) = sidecar.of("a/1");
        assert!(metadata.last_modified.is_some() && attributes.user_metadata["odd"] == "kept");
        assert_eq!(attributes.version_id.as_deref(), Some("v2"));
        assert_eq!(sidecar.of("a/2").1, Attributes::default(), "withdrawn");
        assert_eq!(sidecar.of("a/3").1.etag.as_deref(), Some("z"));
        assert_eq!(sidecar.of("b/1").1.etag.as_deref(), Some("y"));
    }

    #[test]
    fn a_line_that_was_changed_since_takes_no_other_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metadata.jsonl");
        let text = "{\"key\":\"a/1\"}\n{\"key\":\"b/1\"}\n{\"key\":\"a/2\",\"etag\":\"x\"}\n";
        fs::write(&path, text).unwrap();
        let sidecar = Sidecar::open(&path, &Limits::default()).unwrap().with_attributes();
        fs::write(&path, text.replacen("}\n", "}}", 1)).unwrap();
        assert_eq!(sidecar.of("a/2").1.etag.as_deref(), Some("x"));
        assert!(sidecar.record("a/2").is_some() && sidecar.record("a/1").is_none());
    }

    #[test]
    fn a_damaged_sidecar_is_refused_with_its_line() {
        assert!(matches!(sidecar("{\"key\":\"a\"}\n{\"key\":3}\n"), Err(SidecarError::Line(2, _))));
        let long = format!("{{\"key\":\"{}\"}}", "x".repeat(100_000));
        assert!(matches!(sidecar(&long), Err(SidecarError::Line(1, _))));
        assert!(sidecar("").is_ok());
    }
}
