//! Which keys have a place in a directory: one rule for whoever reads one and whoever writes one.

use std::path::{Path, PathBuf};

use super::SIDECAR_FOLDER;

/// Whether `key` names one place inside a directory: a path would make `a//b` of `a/b` and climb with `..`, and what lies
/// in `.trailseal` is no object.
pub(crate) fn has_place(key: &str) -> bool {
    let folder = key.strip_suffix('/').unwrap_or(key);
    let first = folder.split('/').next().unwrap_or_default();
    folder.split('/').all(is_plain) && !first.eq_ignore_ascii_case(SIDECAR_FOLDER)
}

/// The path of a key below `root`; that of the empty key is `root` itself.
pub(super) fn path_of(root: &Path, key: &str) -> Option<PathBuf> {
    if key.is_empty() {
        return Some(root.to_owned());
    }
    has_place(key).then(|| root.join(key.strip_suffix('/').unwrap_or(key)))
}

/// Whether file systems take it for the name of one file.
fn is_plain(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.bytes().any(|byte| matches!(byte, b'\\' | 0)) && part.len() <= 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_one_plain_path_have_a_place() {
        for good in ["a", "a/b", "a/", ".a", "a/.trailseal", "..."] {
            assert!(has_place(good), "{good}");
        }
        let long = "x".repeat(256);
        for bad in ["", "/", "/a", "a//b", "a//", "..", "a/../b", "./a", "a/.", "a\0", "a\\b", long.as_str()] {
            assert!(!has_place(bad), "{bad}");
        }
        for bad in [".trailseal", ".trailseal/x", ".TrailSeal/x"] {
            assert!(!has_place(bad), "{bad}");
        }
        assert_eq!(path_of(Path::new("r"), "a/b/"), Some(PathBuf::from("r/a/b")));
        assert_eq!(path_of(Path::new("r"), ""), Some(PathBuf::from("r")));
    }
}
