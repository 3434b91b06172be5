//! `.trailseal/buckets/`: copies of other buckets, of a trail that was moved from one to the other.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::SIDECAR_FOLDER;

/// The copies of other buckets that `pull` left in the copy at `root`: the name and the directory of each. Whatever else
/// lies there is refused: it would lead out of the copy.
pub fn other_buckets(root: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let sidecar = root.join(SIDECAR_FOLDER);
    let mut found = Vec::new();
    for folder in [&sidecar, &sidecar.join(BUCKETS)] {
        match fs::symlink_metadata(folder) {
            Ok(what) if what.is_dir() => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Ok(_) => return Err(io::Error::other(format!("{} is no folder; remove it", folder.display()))),
            Err(error) => return Err(error),
        }
    }
    for entry in fs::read_dir(sidecar.join(BUCKETS))? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().filter(|name| is_bucket_name(name));
        match name {
            Some(name) if entry.file_type()?.is_dir() => found.push((name, entry.path())),
            _ => return Err(io::Error::other(format!("{:?} is no copy of a bucket; remove it", entry.path()))),
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a bucket can have this name, which is then also that of one folder: 3 to 63 lowercase letters, digits, dots
/// and dashes (S3 user guide, "General purpose bucket naming rules"); the oldest also had capitals and underscores, and
/// up to 255.
pub fn is_bucket_name(name: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (3..=255).contains(&name.len())
        && name.bytes().all(inside)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.contains("..")
}

/// Copies of other buckets, each in a folder of its name.
pub(super) const BUCKETS: &str = "buckets";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets_are_names_of_folders() {
        for good in ["abc", "my-logs.2026", "Old_Bucket"] {
            assert!(is_bucket_name(good), "{good}");
        }
        for bad in ["", "ab", "..", "...", "a..b", ".trailseal", "a/b", "a\\b", "a b", "a\0b", "-ab"] {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }

    #[test]
    fn whatever_else_lies_among_the_copies_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(other_buckets(dir.path()).unwrap(), []);
        let buckets = dir.path().join(".trailseal/buckets");
        fs::create_dir_all(buckets.join("old-logs")).unwrap();
        let found = other_buckets(dir.path()).unwrap();
        assert_eq!(found, [("old-logs".to_owned(), buckets.join("old-logs"))]);
        for name in ["a file", "ab"] {
            fs::write(buckets.join(name), "x").unwrap();
            assert!(other_buckets(dir.path()).is_err(), "{name}");
            fs::remove_file(buckets.join(name)).unwrap();
        }
        fs::write(buckets.join("plain-name"), "no folder").unwrap();
        assert!(other_buckets(dir.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_copy_that_is_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        fs::create_dir(&outside).unwrap();
        let copy = dir.path().join("copy");
        fs::create_dir_all(copy.join(".trailseal/buckets")).unwrap();
        std::os::unix::fs::symlink(&outside, copy.join(".trailseal/buckets/old-logs")).unwrap();
        assert!(other_buckets(&copy).is_err());
        fs::remove_dir_all(copy.join(".trailseal/buckets")).unwrap();
        fs::create_dir(outside.join("old-logs")).unwrap();
        std::os::unix::fs::symlink(&outside, copy.join(".trailseal/buckets")).unwrap();
        assert!(other_buckets(&copy).is_err());
    }
}
