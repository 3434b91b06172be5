//! Holds the example, the schema for editors and `docs/monitor.md` against the code.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use super::Config;
use super::keys::Section;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(&document("monitor.schema.json")).unwrap()
}

fn parsed(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/trailseal")).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// What is said to be in force, and what is said to be possible.
#[test]
fn the_example_is_good_and_has_every_key() {
    let text = document("trailseal.toml");
    assert_eq!(text.lines().next(), Some("#:schema ./monitor.schema.json"));
    let config = parsed(&text);
    assert_eq!(config.targets.len(), 2);
    // A seed is for a sample; all else can be in force together.
    let whole: String = text.lines().map(|line| format!("{}\n", possible(line).unwrap_or(line))).collect();
    parsed(&whole.replace("log_files = \"all\"", "log_files = \"sample:5%\""));
    for section in Section::ALL {
        for key in section.keys() {
            let named = |line: &str| line.starts_with(&format!("{key} = ")) || line.contains(&format!("[{key}"));
            let in_target = |line: &str| line.starts_with(&format!("[target.{key}]"));
            let found = whole.lines().any(|line| named(line) || in_target(line));
            assert!(found || *key == "sink", "{key} is not in the example");
        }
    }
}

/// A key that is there to be put in force.
fn possible(line: &str) -> Option<&str> {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['))
}

#[test]
fn the_schema_has_the_same_keys() {
    let schema = schema();
    for (section, at) in [
        (Section::Top, &schema),
        (Section::Target, &schema["definitions"]["target"]),
        (Section::Access, &schema["definitions"]["access"]),
    ] {
        let known: BTreeSet<&str> = at["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(known, section.keys().iter().copied().collect(), "{section:?}");
        assert_eq!(at["additionalProperties"], false, "{section:?}");
    }
}

/// What the schema shows of a key is accepted, and what it says of one that is left out is so.
#[test]
fn the_schemas_examples_and_defaults_are_the_codes() {
    let schema = schema();
    for (section, at) in [
        (Section::Top, &schema),
        (Section::Target, &schema["definitions"]["target"]),
        (Section::Access, &schema["definitions"]["access"]),
    ] {
        for (key, property) in at["properties"].as_object().unwrap() {
            if property["$ref"].is_string() || property["items"]["$ref"].is_string() {
                continue;
            }
            let examples = property["examples"].as_array().unwrap_or_else(|| panic!("{key} has no example"));
            for example in examples {
                parsed(&with(section, key, example));
            }
            if !property["default"].is_null() {
                let (said, left_out) = (with(section, key, &property["default"]), with(section, "", &Value::Null));
                assert_eq!(parsed(&said), parsed(&left_out), "{key}");
            }
        }
    }
}

/// A file with one more key.
fn with(section: Section, key: &str, value: &Value) -> String {
    let mut top = String::new();
    let mut target = vec!["name = \"a\"".to_owned(), "source = \"copy\"".to_owned()];
    let mut access = String::new();
    // JSON's strings, numbers, booleans and lists of them are TOML's.
    let line = if key.is_empty() { String::new() } else { format!("{key} = {value}") };
    match section {
        Section::Top => top = line,
        Section::Target => {
            target.retain(|other| !other.starts_with(&format!("{key} =")) || key.is_empty());
            target.push(line);
        }
        Section::Access => access = line,
    }
    if key == "seed" {
        target.push("log_files = \"sample:5%\"".to_owned());
    }
    if section == Section::Access && key != "assume_role" {
        access.push_str("\nassume_role = \"arn:aws:iam::111122223333:role/auditor\"");
    }
    let mut text = top;
    write!(text, "\n[[target]]\n{}\n[target.access]\n{access}\n", target.join("\n")).unwrap();
    text
}

#[test]
fn the_documentation_has_the_same_keys() {
    let text = document("monitor.md");
    for (section, title) in [
        (Section::Top, "### Top of the file"),
        (Section::Target, "### `[[target]]`"),
        (Section::Access, "### `[access]` and `[target.access]`"),
    ] {
        let below = text.split_once(&format!("{title}\n")).unwrap_or_else(|| panic!("{title}")).1;
        let below = below.split("\n#").next().unwrap();
        let rows = below.lines().filter_map(|line| line.strip_prefix("| `"));
        let named: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        assert_eq!(named, section.keys(), "{title}");
    }
}
