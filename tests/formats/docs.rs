//! Holds `docs/formats.md` against the forms and against the control mapping.

use std::collections::BTreeSet;
use std::fs;

use trailseal::controls::mapping;

use crate::{FORMS, form, sample};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/formats.md");

/// Between these lines stands the table of controls; `TRAILSEAL_BLESS=1` writes it anew.
const MARKS: (&str, &str) = ("<!-- controls -->\n", "<!-- end of controls -->\n");

fn table() -> String {
    let mapping = mapping();
    let mut table = format!("Version {}.\n\n", mapping.version);
    table += "| framework | control | | a report shows | and does not show |\n|---|---|---|---|---|\n";
    for control in &mapping.controls {
        table += &format!(
            "| {} {} | {} {} | {} | {} | {} |\n",
            control.framework,
            control.framework_version,
            control.id,
            control.title,
            control.strength,
            control.shows,
            control.does_not_show
        );
    }
    table
}

#[test]
fn the_table_of_controls_is_the_mapping() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(MARKS.0).unwrap();
    let (written, after) = rest.split_once(MARKS.1).unwrap();
    if std::env::var_os("TRAILSEAL_BLESS").is_some() {
        fs::write(PAGE, [before, MARKS.0, &table(), MARKS.1, after].concat()).unwrap();
        return;
    }
    assert_eq!(written, table(), "run again with TRAILSEAL_BLESS=1 if the mapping is right");
}

#[test]
fn every_framework_says_what_it_was_held_against() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (_, sources) = page.split_once("\n### What they were held against\n").unwrap();
    let named: BTreeSet<&str> = sources
        .lines()
        .filter(|line| line.contains("](http"))
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | ").map(|(framework, _)| framework))
        .collect();
    let frameworks: BTreeSet<&str> = mapping().controls.iter().map(|control| control.framework.as_str()).collect();
    assert_eq!(named, frameworks);
}

#[test]
fn every_form_and_every_metric_is_told_of() {
    let page = fs::read_to_string(PAGE).unwrap();
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
    for (name, _) in FORMS {
        assert!(headings.iter().any(|heading| heading.contains(&format!("`{name}`"))), "{name} has no section");
        assert!(page.contains(&format!("| `{name}` | ")), "{name} is not in the table");
    }
    for line in form("prometheus", &sample::everything()).lines() {
        if let Some(name) = line.strip_prefix("# TYPE ").and_then(|line| line.split(' ').next()) {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }
}
