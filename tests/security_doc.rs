//! Holds the tests and cases that `SECURITY.md` names against those that there are: a threat whose test went away is no
//! longer covered.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::fs;
use std::path::Path;

#[test]
fn every_test_and_case_named_is_there() {
    let page = fs::read_to_string(repository().join("SECURITY.md")).unwrap();
    let mut sources = Vec::new();
    read_sources(&repository().join("src"), &mut sources);
    read_sources(&repository().join("tests"), &mut sources);
    let mut named = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let covered_by = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap();
        for name in covered_by.split('`').skip(1).step_by(2) {
            if name.starts_with("cases/") {
                assert!(repository().join("testdata").join(name).is_dir(), "{name}");
                named += 1;
            } else if is_test(name) {
                let (path, function) = name.rsplit_once("::").unwrap_or(("", name));
                let module = path.trim_end_matches("tests").trim_end_matches("::").replace("::", "/");
                let definition = format!("fn {function}(");
                let found = sources.iter().any(|(file, text)| file.contains(&module) && text.contains(&definition));
                assert!(found, "there is no test {name}");
                named += 1;
            }
        }
    }
    assert!(named > 20, "only {named} tests were found in the tables");
}

/// Tests are named by sentences, with underscores; codes and options are not.
fn is_test(name: &str) -> bool {
    name.matches('_').count() >= 2 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c))
}

fn read_sources(folder: &Path, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let shown = path.to_str().unwrap().replace('\\', "/");
            sources.push((shown, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
