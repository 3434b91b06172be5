//! `manifest.json`: every file of a bundle with its size and SHA-256, and where each input came from. One line a file,
//! and read line by line in effect: a bundle of a million files is not held in memory to be checked.

use std::fmt;
use std::io::{self, Read, Write};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::SCHEMA;
use crate::trail::Time;

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// Its name in the bundle.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// The object that it is a copy of; none for what was made with the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
}

/// An object, as its bucket told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its bucket, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// Its key.
    pub key: String,
    /// Its version, in a bucket that keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Its entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Time>,
}

/// Writes what comes before the entries of a manifest: each on a line, with a comma between two, in whatever order.
pub(super) fn begin_manifest(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\n\"schema\":\"{SCHEMA}\",\n\"files\":[\n")
}

/// The lines of that.
pub(super) const BEFORE_ENTRIES: usize = 3;

/// Writes what comes after them.
pub(super) fn end_manifest(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"\n]\n}\n")
}

/// Reads a manifest, one entry after the other. An error tells what is wrong with it, or is what `take` gave.
pub(super) fn read_manifest(
    from: impl Read,
    mut take: impl FnMut(ManifestEntry) -> Result<(), String>,
) -> Result<(), String> {
    let mut json = serde_json::Deserializer::from_reader(from);
    json.deserialize_map(Whole(&mut take)).and_then(|()| json.end()).map_err(|error| error.to_string())
}

type Take<'t> = &'t mut dyn FnMut(ManifestEntry) -> Result<(), String>;

struct Whole<'t>(Take<'t>);

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the manifest of a bundle")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut schema, mut files) = (false, false);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "schema" if !schema => {
                    let named: String = map.next_value()?;
                    schema = named == SCHEMA;
                    if !schema {
                        return Err(A::Error::custom("it is of another version of trailseal"));
                    }
                }
                "files" if schema && !files => {
                    map.next_value_seed(Files(self.0))?;
                    files = true;
                }
                "schema" | "files" => return Err(A::Error::custom("it says something twice, or not in its order")),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if files { Ok(()) } else { Err(A::Error::custom("it names no files")) }
    }
}

struct Files<'t>(Take<'t>);

impl<'de> DeserializeSeed<'de> for Files<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Files<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut files: A) -> Result<(), A::Error> {
        while let Some(entry) = files.next_element()? {
            (self.0)(entry).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ManifestEntry>, String> {
        let mut entries = Vec::new();
        read_manifest(text.as_bytes(), |entry| {
            entries.push(entry);
            Ok(())
        })?;
        Ok(entries)
    }

    #[test]
    fn entries_come_back_as_they_were_written() {
        let entry = |name: &str, input| ManifestEntry { name: name.to_owned(), size: 3, sha256: "00".into(), input };
        let input = Input { key: "a/b".into(), etag: Some("e".into()), ..Input::default() };
        let entries = [entry("evidence/b/a", Some(input)), entry("report.json", None)];
        let lines: Vec<String> = entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        let mut text = Vec::new();
        begin_manifest(&mut text).unwrap();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), BEFORE_ENTRIES);
        text.extend_from_slice(lines.join(",\n").as_bytes());
        end_manifest(&mut text).unwrap();
        assert_eq!(read(std::str::from_utf8(&text).unwrap()), Ok(entries.to_vec()));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"schema":"trailseal.bundle/2","files":[]}"#,
            r#"{"files":[],"schema":"trailseal.bundle/1"}"#,
            r#"{"schema":"trailseal.bundle/1","files":[],"files":[]}"#,
            r#"{"schema":"trailseal.bundle/1","files":[]} x"#,
            r#"{"schema":"trailseal.bundle/1","files":[{"name":"x"}]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(read(r#"{"schema":"trailseal.bundle/1","files":[],"later":{}}"#), Ok(vec![]));
    }
}
