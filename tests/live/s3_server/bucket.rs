//! A bucket in memory.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use md5::{Digest, Md5};
use serde::Deserialize;
use trailseal::simulate::SimulatedObject;
use trailseal::trail::Time;

/// A bucket.
pub(crate) struct Bucket {
    pub(crate) region: String,
    /// In the order in which S3 lists them, which is that of their bytes.
    pub(crate) objects: BTreeMap<String, Stored>,
    /// The account that it belongs to, where that matters.
    pub(crate) owner: Option<String>,
    /// Whether whoever asks must agree to pay.
    pub(crate) requester_pays: bool,
}

impl Bucket {
    pub(crate) fn empty(region: &str) -> Bucket {
        Bucket { region: region.to_owned(), objects: BTreeMap::new(), owner: None, requester_pays: false }
    }
}

/// An object.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) body: Bytes,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) last_modified: Time,
    pub(crate) storage_class: String,
    /// Whether a copy of it was restored from its archive.
    pub(crate) restored: bool,
    /// Whether whoever asks may not use the key that encrypts it.
    pub(crate) kms_denied: bool,
}

impl Stored {
    pub(crate) fn of(object: &SimulatedObject) -> Stored {
        Stored::new(object.body.clone(), object.metadata.clone(), object.last_modified)
    }

    pub(crate) fn new(body: impl Into<Bytes>, metadata: BTreeMap<String, String>, last_modified: Time) -> Stored {
        let storage_class = "STANDARD".to_owned();
        Stored { body: body.into(), metadata, last_modified, storage_class, restored: false, kms_denied: false }
    }

    pub(crate) fn etag(&self) -> String {
        hex::encode(Md5::digest(&self.body))
    }

    pub(crate) fn modified(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.last_modified.unix().try_into().expect("after 1970"))
    }

    /// Whether it must be restored before it can be read.
    pub(crate) fn is_archived(&self) -> bool {
        matches!(self.storage_class.as_str(), "GLACIER" | "DEEP_ARCHIVE") && !self.restored
    }
}

/// A line of the sidecar.
#[derive(Deserialize)]
struct Line {
    key: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    last_modified: Option<String>,
}

/// What a directory holds, under keys, with what its sidecar says of each.
pub(crate) fn read_directory(directory: &Path) -> Vec<(String, Stored)> {
    let sidecar = fs::read_to_string(directory.join(".trailseal/metadata.jsonl")).unwrap_or_default();
    let lines = sidecar.lines().map(|line| serde_json::from_str::<Line>(line).expect("a line of the sidecar"));
    let mut known: HashMap<String, Line> = lines.map(|line| (line.key.clone(), line)).collect();
    let mut objects = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let key = path.strip_prefix(directory).expect("below it").to_str().expect("UTF-8").to_owned();
            if path.is_dir() {
                if key != ".trailseal" {
                    open.push(path);
                }
                continue;
            }
            objects.push((key.clone(), stored(fs::read(&path).expect("a file"), known.remove(&key))));
        }
    }
    // What a directory cannot hold but the sidecar names: the empty objects that mark a folder.
    let markers = known.into_iter().filter(|(key, _)| key.ends_with('/'));
    objects.extend(markers.map(|(key, line)| (key, stored(Vec::new(), Some(line)))));
    objects
}

fn stored(body: Vec<u8>, line: Option<Line>) -> Stored {
    let modified = line.as_ref().and_then(|line| Time::parse_loose(line.last_modified.as_ref()?));
    // Where nothing says when, long before anything that could come of it.
    let modified = modified.unwrap_or(Time::from_unix(0));
    Stored::new(body, line.map(|line| line.metadata).unwrap_or_default(), modified)
}
