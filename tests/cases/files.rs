//! Folders held against each other, file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder, by its path from there.
pub(crate) fn files_below(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = fs::read(&path).expect("a readable file");
                files.insert(path.strip_prefix(root).expect("below the root").to_owned(), bytes);
            }
        }
    }
    files
}

/// What differs between what was made now and what is checked in, a line a file.
pub(crate) fn differences(made: &Path, checked_in: &Path) -> Vec<String> {
    let (made, checked_in) = (files_below(made), files_below(checked_in));
    let paths: BTreeSet<&PathBuf> = made.keys().chain(checked_in.keys()).collect();
    let told = |path: &&PathBuf| {
        let what = match (made.get(*path), checked_in.get(*path)) {
            (Some(a), Some(b)) if a == b => return None,
            (Some(_), Some(_)) => "differs",
            (Some(_), None) => "is not checked in",
            (None, _) => "is made by no generator",
        };
        Some(format!("{} {what}", path.display()))
    };
    paths.iter().filter_map(told).collect()
}
