//! Pages of listings.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::bucket::Stored;

/// What is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    /// Only what sorts after this.
    pub(crate) after: &'a str,
    pub(crate) most: usize,
}

/// A page.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    pub(crate) truncated: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Entry {
    Key(String),
    Folder(String),
}

impl Entry {
    pub(crate) fn name(&self) -> &str {
        match self {
            Entry::Key(name) | Entry::Folder(name) => name,
        }
    }
}

/// The page that begins after a name.
pub(crate) fn page(objects: &BTreeMap<String, Stored>, asked: &Asked<'_>) -> Page {
    let mut page = Page::default();
    let keys = objects.range::<str, _>((Bound::Excluded(asked.after), Bound::Unbounded)).map(|(key, _)| key);
    for key in keys.filter(|key| key.starts_with(asked.prefix)) {
        let entry = entry(key, asked);
        // A folder that was the last of a page is not begun again on the next.
        let told = entry.name() == asked.after || page.entries.last() == Some(&entry);
        if !told {
            if page.entries.len() == asked.most {
                page.truncated = asked.most > 0;
                break;
            }
            page.entries.push(entry);
        }
    }
    page
}

fn entry(key: &str, asked: &Asked<'_>) -> Entry {
    let delimiter = asked.delimiter.filter(|delimiter| !delimiter.is_empty());
    let rest = &key[asked.prefix.len()..];
    match delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len())) {
        Some(end) => Entry::Folder(key[..asked.prefix.len() + end].to_owned()),
        None => Entry::Key(key.to_owned()),
    }
}
