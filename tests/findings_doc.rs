//! Holds `docs/findings.md` against the codes and the reasons.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::collections::BTreeMap;

use trailseal::finding::{Code, Reason, Severity};

/// The chapter and the text of each section, white space joined: the page is wrapped and sentences are not.
fn sections() -> BTreeMap<String, (String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/findings.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut sections = BTreeMap::new();
    for chapter in page.split("\n## ").skip(1) {
        let mut parts = chapter.split("\n### ");
        let title = parts.next().unwrap().lines().next().unwrap();
        for section in parts {
            let (heading, text) = section.split_once('\n').unwrap();
            let name = heading.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
            let name = name.unwrap_or_else(|| panic!("`{heading}` is no code in backquotes")).to_owned();
            let text: Vec<&str> = text.split_whitespace().collect();
            let before = sections.insert(name.clone(), (title.to_owned(), text.join(" ")));
            assert!(before.is_none(), "{name} has two sections");
        }
    }
    sections
}

/// The table of `docs/doctor.md`.
#[test]
fn the_table_of_checks_is_the_catalog() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("|---|---|---|---|---|\n").unwrap();
    let (written, after) = rest.split_once("\n\n").unwrap();
    let row = |entry: &trailseal::doctor::Entry| {
        let controls: Vec<&str> = entry.controls.iter().map(|control| control.0.as_str()).collect();
        let (of, severity) = (&entry.of, entry.severity.name());
        format!("| `{}` | {of} | {severity} | {} | {} |", entry.id, entry.title, controls.join("; "))
    };
    let table = trailseal::doctor::catalog().checks.iter().map(row).collect::<Vec<_>>().join("\n");
    if std::env::var_os("TRAILSEAL_BLESS").is_some() {
        std::fs::write(path, [before, "|---|---|---|---|---|\n", &table, "\n\n", after].concat()).unwrap();
        return;
    }
    assert_eq!(written, table, "run again with TRAILSEAL_BLESS=1 if the catalog is right");
}

#[test]
fn every_code_has_its_section_and_every_section_its_code() {
    let sections = sections();
    for code in Code::ALL {
        let (chapter, text) = sections.get(code.name()).unwrap_or_else(|| panic!("{code} has no section"));
        let expected = match code.severity() {
            Severity::Violation => "Violations",
            Severity::Unproven => "Unproven",
            Severity::Note => "Notes",
        };
        assert_eq!(chapter, expected, "{code}");
        let opening = format!("**Observed** ({}): {}", code.severity(), code.sentence());
        assert!(text.starts_with(&opening), "{code}: {opening}");
        assert!(text.ends_with(&format!("**Next:** {}", code.next_step())), "{code}: {}", code.next_step());
        let unlinked = text.replace("; [see below](#reasons-of-holes)", "");
        let unlinked = unlinked.replace("; [see below](#reasons-of-unreadable-objects)", "");
        for (kind, meaning) in [("ordinary", code.ordinary()), ("malicious", code.malicious())] {
            let part = format!("**It can be {kind}:** {meaning} ");
            assert!(meaning.ends_with('.') && unlinked.contains(&part), "{code}: {part}");
        }
    }
    for reason in Reason::ALL {
        let (chapter, text) = sections.get(reason.name()).unwrap_or_else(|| panic!("{reason} has no section"));
        assert!(chapter.starts_with("Reasons of "), "{reason}");
        assert!(text.starts_with(reason.sentence()), "{reason}: {}", reason.sentence());
    }
    let known = |name: &str| Code::from_name(name).is_some() || Reason::ALL.iter().any(|reason| reason.name() == name);
    for name in sections.keys() {
        assert!(known(name), "{name} is neither a code nor a reason");
    }
}

#[test]
fn next_steps_are_sentences_that_fit_any_terminal() {
    for code in Code::ALL {
        assert!(code.next_step().ends_with('.') && code.next_step().is_ascii(), "{code}");
        assert!(code.sentence().is_ascii(), "{code}");
    }
}
