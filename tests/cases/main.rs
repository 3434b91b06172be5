//! Lies, each in a folder of its own under `testdata/cases`, named by the lie and stating its verdict.
//!
//! The folders are made by the generator here and checked in; `TRAILSEAL_BLESS=1` writes them anew. The runner knows nothing of
//! the generator: it lists the directory, so a folder with a `case.toml` is a case.

mod files;
mod library;
mod lies;
mod rows;
mod run;
mod stage;
mod table;
mod trail;

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of test data.
fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn blessing() -> bool {
    std::env::var_os("TRAILSEAL_BLESS").is_some_and(|value| value == "1")
}

/// Holds what was made now against what is checked in, or checks it in where that is asked for.
fn settle(made: &Path, checked_in: &Path) {
    if blessing() {
        let _ = fs::remove_dir_all(checked_in);
        for (path, bytes) in files::files_below(made) {
            let path = checked_in.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
            fs::write(path, bytes).expect("a writable folder");
        }
    }
    let differences = files::differences(made, checked_in);
    let shown = checked_in.display();
    assert!(
        differences.is_empty(),
        "{shown} is not what the generator makes; run with TRAILSEAL_BLESS=1 if that is meant:\n{}",
        differences.join("\n")
    );
}

#[test]
fn the_generator_makes_what_is_checked_in() {
    let made = tempfile::tempdir().unwrap();
    for lie in lies::all() {
        let folder = made.path().join(lie.name);
        assert!(!folder.exists(), "two lies are named {}", lie.name);
        lie.write(&folder).unwrap();
    }
    table::write_keys(&made.path().join("public-keys.json"), &stage::public_keys()).unwrap();
    settle(made.path(), &testdata().join("cases"));
}

#[test]
fn every_case_gets_the_verdict_it_states() {
    if blessing() {
        // The folders are being written; the next run reads them.
        return;
    }
    let mut folders: Vec<PathBuf> =
        fs::read_dir(testdata().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 75, "only {} cases", folders.len());
    let wrong: Vec<String> = folders.iter().flat_map(|folder| run::case(folder)).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), folders.len(), wrong.join("\n"));
}
