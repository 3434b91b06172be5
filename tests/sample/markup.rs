//! What must hold of the markup of any page.

use std::collections::BTreeSet;

/// The tags of a page with the names of their attributes, in order; the style is not looked into.
pub(crate) fn tags(page: &str) -> Vec<String> {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let mut tags = Vec::new();
    for part in [before, after].into_iter().flat_map(|part| part.split('<').skip(1)) {
        let tag = part.split_once('>').unwrap_or_else(|| panic!("a tag that does not end: {part}")).0;
        let outside: Vec<&str> = tag.split('"').step_by(2).collect();
        tags.push(outside.join("_"));
    }
    tags
}

#[track_caller]
pub(crate) fn must_be_whole_and_inert(name: &str, page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && page.ends_with("</html>\n"), "{name}");
    assert!(page.contains("Content-Security-Policy\" content=\"default-src &#39;none&#39;; style-src &#39;sha256-"));
    let mut open = Vec::new();
    for tag in tags(page) {
        let word = tag.split_whitespace().next().unwrap();
        assert!(!["script", "link", "img", "iframe", "object", "base", "form"].contains(&word), "{name}: {tag}");
        for attribute in [" on", " src", " style=", " href=\"http", " action"] {
            assert!(!tag.contains(attribute), "{name}: {tag}");
        }
        match word.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed), "{name}: {tag}"),
            None if tag.ends_with('/') || ["!DOCTYPE", "meta", "br"].contains(&word) => {}
            None => open.push(word.to_owned()),
        }
    }
    assert!(open.is_empty(), "{name}: {open:?}");
}

#[track_caller]
pub(crate) fn must_lead_somewhere(name: &str, page: &str) {
    let values = |attribute: &str| -> Vec<String> {
        let before = format!(" {attribute}=\"");
        let parts = page.split(before.as_str()).skip(1);
        parts.map(|part| part.split_once('"').unwrap().0.to_owned()).collect()
    };
    let ids = values("id");
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{name}");
    let labels = values("aria-labelledby");
    let named = labels.iter().flat_map(|value| value.split_whitespace()).map(str::to_owned);
    let anchors = values("href").into_iter().map(|value| value.strip_prefix('#').unwrap().to_owned());
    for id in named.chain(anchors) {
        assert!(unique.contains(&id), "{name}: {id}");
    }
}
