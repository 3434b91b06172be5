//! Evidence bundles, made and verified by the built binary.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod altered;
mod asked;
mod by_hand;
mod cases;
mod custody;
mod made;
mod sample;
mod signed;
mod spot;
mod zip;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use trailseal::finding::Finding;
use trailseal::report::Report;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// The program in a folder; the exit status, and what it wrote.
fn trailseal(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trailseal")).current_dir(folder).args(arguments).output().expect("it was built")
}

/// A bundle of the trail in `testdata`, made in `folder`.
fn bundle_of_the_trail(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let out = folder.join(name);
    let mut arguments = vec!["bundle", "trail", out.to_str().unwrap()];
    arguments.extend(["--public-keys", "trail-public-keys.json", "--now", "2026-02-01", "--quiet"]);
    arguments.extend(more);
    let made = trailseal(&testdata(), &arguments);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    out
}

/// What verifying a bundle comes to, with the keys of the trail, and the exit status.
fn verify(bundle: &Path, more: &[&str]) -> (Report, Option<i32>) {
    let mut arguments = vec!["verify", bundle.to_str().unwrap(), "--format", "json"];
    arguments.extend(["--public-keys", "trail-public-keys.json"]);
    arguments.extend(more);
    let output = trailseal(&testdata(), &arguments);
    let report = Report::parse(&output.stdout);
    (report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.code())
}

/// What was found of the bundle itself.
fn of_the_bundle(report: &Report) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.code.name().starts_with("bundle-")).collect()
}
