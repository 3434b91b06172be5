//! Folders that are told of, and not on a disk: which there are, and what lies in each.

use std::collections::BTreeSet;
use std::ops::Bound;

/// Folders, each ending in a slash. Those that lead to them are told by their names, and not kept: a key of a thousand bytes can
/// lie five hundred folders deep.
#[derive(Default)]
pub(crate) struct Tree(BTreeSet<String>);

impl Tree {
    /// Of these folders; the length of a name that no object of S3 can have, if there is one.
    pub(crate) fn of<'a>(named: impl Iterator<Item = &'a str>) -> Result<Tree, usize> {
        let mut folders = BTreeSet::new();
        for folder in named {
            if folder.len() > LONGEST_KEY {
                return Err(folder.len());
            }
            if !folder.is_empty() {
                folders.insert(folder.to_owned());
            }
        }
        Ok(Tree(folders))
    }

    /// Whether there is such a folder, or one below it.
    pub(crate) fn has(&self, folder: &str) -> bool {
        let from = (Bound::Included(folder), Bound::Unbounded);
        folder.ends_with('/') && self.0.range::<str, _>(from).next().is_some_and(|next| next.starts_with(folder))
    }

    /// Whether there is none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The folders that lie directly in one, in order.
    pub(crate) fn children(&self, folder: &str) -> Vec<&str> {
        let mut children = Vec::new();
        let mut from = Bound::Excluded(folder.to_owned());
        while let Some(next) = self.0.range::<str, _>((from.as_ref().map(String::as_str), Bound::Unbounded)).next()
            && let Some(rest) = next.strip_prefix(folder)
        {
            let child = &next[..folder.len() + rest.find('/').map_or(rest.len(), |slash| slash + 1)];
            children.push(child);
            // `0` follows the slash: this comes after all that begins so, whatever goes on after it.
            from = Bound::Included(format!("{}0", child.strip_suffix('/').unwrap_or(child)));
        }
        children
    }
}

/// S3's own bound, in bytes. Stops: a key of ten thousand folders, each of which would be entered.
const LONGEST_KEY: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_found_below_each_other_whatever_their_names() {
        let tree = Tree::of(["a/b/c/", "a/b0/", "a/\u{10ffff}/x/", "z/"].into_iter()).unwrap();
        assert_eq!(tree.children(""), ["a/", "z/"]);
        assert_eq!(tree.children("a/"), ["a/b/", "a/b0/", "a/\u{10ffff}/"]);
        assert_eq!(tree.children("a/b/c/"), Vec::<&str>::new());
        assert!(tree.has("a/") && tree.has("a/b/") && tree.has("a/b/c/") && !tree.is_empty());
        assert!(!tree.has("a/c/") && !tree.has("a/b") && !tree.has("") && !tree.has("a/b/c/d/"));
        assert_eq!(Tree::of(["x".repeat(1_025).as_str()].into_iter()).err(), Some(1_025));
    }
}
