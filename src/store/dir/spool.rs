//! Lines about objects, in any order, to a file sorted by key.
//!
//! The lines of a million objects do not stay in memory: they are spooled by folder, and since the folders sort as their
//! keys do, one folder at a time needs to be sorted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::path::PathBuf;

use serde::Deserialize;

/// Collects lines.
pub(crate) struct Spool {
    /// Where the lines go that do not stay in memory; made when that is needed, and removed at the end.
    directory: PathBuf,
    /// Lines by folder, which ends in a slash.
    lines: BTreeMap<String, String>,
    bytes: usize,
    /// Folders of which lines are on disk, in the file of this number.
    on_disk: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct KeyOfLine {
    key: String,
    #[serde(default)]
    withdrawn: bool,
}

impl Spool {
    /// An empty one.
    pub(crate) fn new(directory: PathBuf) -> Spool {
        Spool { directory, lines: BTreeMap::new(), bytes: 0, on_disk: BTreeMap::new() }
    }

    /// Takes a line.
    pub(crate) fn add_line(&mut self, line: &str) -> io::Result<()> {
        let of: KeyOfLine = serde_json::from_str(line)?;
        self.add(&of.key, line)
    }

    /// Takes the line of a key.
    pub(crate) fn add(&mut self, key: &str, line: &str) -> io::Result<()> {
        let folder = super::folder_of(key);
        if !self.lines.contains_key(folder) {
            self.lines.insert(folder.to_owned(), String::new());
        }
        if let Some(lines) = self.lines.get_mut(folder) {
            lines.push_str(line);
            lines.push('\n');
        }
        self.bytes += line.len() + 1;
        if self.bytes > MEMORY { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.on_disk.is_empty() {
            // What a run that was killed left is no part of this one.
            match fs::remove_dir_all(&self.directory) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => fs::create_dir(&self.directory)?,
            }
        }
        self.bytes = 0;
        for (folder, lines) in mem::take(&mut self.lines) {
            let next = self.on_disk.len();
            let number = *self.on_disk.entry(folder).or_insert(next);
            let path = self.directory.join(number.to_string());
            OpenOptions::new().create(true).append(true).open(path)?.write_all(lines.as_bytes())?;
        }
        Ok(())
    }

    /// Writes the last line of each key, in order of the keys, but for those withdrawn; tells how many there are.
    pub(crate) fn write_sorted(mut self, out: &mut dyn Write) -> io::Result<u64> {
        let folders: BTreeSet<String> = self.lines.keys().chain(self.on_disk.keys()).cloned().collect();
        let mut folders = folders.into_iter().peekable();
        let mut pending: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut written = 0;
        while let Some(folder) = folders.next() {
            let mut lines = match self.on_disk.get(&folder) {
                Some(number) => fs::read_to_string(self.directory.join(number.to_string()))?,
                None => String::new(),
            };
            lines.push_str(&self.lines.remove(&folder).unwrap_or_default());
            for line in lines.lines() {
                // The last line of a key wins, as the last PUT does.
                let of: KeyOfLine = serde_json::from_str(line)?;
                pending.insert(of.key, (!of.withdrawn).then(|| line.to_owned()));
            }
            // A folder's own objects can sort after those of a folder inside it: those wait.
            let rest = folders.peek().map(|next| pending.split_off(next)).unwrap_or_default();
            for line in mem::replace(&mut pending, rest).into_values().flatten() {
                writeln!(out, "{line}")?;
                written += 1;
            }
        }
        out.flush()?;
        if !self.on_disk.is_empty() {
            fs::remove_dir_all(&self.directory)?;
        }
        Ok(written)
    }
}

/// Bytes of lines kept in memory before all of them go to disk.
const MEMORY: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spooled_lines_come_back_sorted_and_the_last_counts() {
        let directory = tempfile::tempdir().unwrap();
        let spool_directory = directory.path().join("spool");
        // As a run that was killed leaves it.
        fs::create_dir(&spool_directory).unwrap();
        fs::write(spool_directory.join("0"), "{\"key\":\"stale\"}\n").unwrap();
        let mut spool = Spool::new(spool_directory.clone());
        let keys = ["a/b-1/x", "a/b/x", "a/b/y", "a/z", "a/b0", "m", "a/", "a/b/"];
        for (round, key) in keys.iter().chain(&keys).enumerate() {
            spool.add(key, &format!(r#"{{"key":"{key}","n":{round}}}"#)).unwrap();
            if round % 3 == 0 {
                spool.flush().unwrap();
            }
        }
        spool.add("a/z", r#"{"key":"a/z","withdrawn":true}"#).unwrap();
        let mut out = Vec::new();
        assert_eq!(spool.write_sorted(&mut out).unwrap(), keys.len() as u64 - 1);
        let numbered = keys.iter().enumerate().filter(|(_, key)| **key != "a/z");
        let mut expected: Vec<String> =
            numbered.map(|(i, key)| format!(r#"{{"key":"{key}","n":{}}}"#, i + keys.len())).collect();
        expected.sort_by_key(|line| serde_json::from_str::<KeyOfLine>(line).unwrap().key);
        assert_eq!(String::from_utf8(out).unwrap().lines().collect::<Vec<_>>(), expected);
        assert!(!spool_directory.exists());
    }
}
