//! Bundles that go on where others end.

use std::path::PathBuf;

use serde_json::Value;

use super::{bundle_of_the_trail, testdata, trailseal};

/// What verifying several comes to, and the exit status.
fn verify(bundles: &[&PathBuf]) -> (Value, Option<i32>) {
    let mut arguments = vec!["verify", "--format", "json", "--public-keys", "trail-public-keys.json"];
    // The bundles first, or `--public-keys` would take them.
    let names: Vec<&str> = bundles.iter().map(|path| path.to_str().unwrap()).collect();
    arguments.splice(1..1, names);
    let output = trailseal(&testdata(), &arguments);
    let value = serde_json::from_slice(&output.stdout);
    (value.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.code())
}

fn codes(custody: &Value) -> Vec<&str> {
    custody["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

#[test]
fn a_day_in_three_bundles_is_one_history_and_without_the_middle_one_it_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str, more: &[&str]| bundle_of_the_trail(dir.path(), name, more);
    let morning = make("morning.zip", &["--end-time", "2026-01-10T08:00:00Z"]);
    let noon = make("noon.zip", &["--previous", morning.to_str().unwrap(), "--end-time", "2026-01-10T16:00:00Z"]);
    let evening = make("evening.zip", &["--previous", noon.to_str().unwrap()]);

    let (custody, status) = verify(&[&evening, &morning, &noon]);
    assert_eq!((custody["verdict"].as_str(), status), (Some("intact"), Some(0)), "{:#}", custody["findings"]);
    assert_eq!(custody["schema"], "trailseal.custody/1");
    let names = custody["bundles"].as_array().unwrap().iter().map(|held| held["name"].as_str().unwrap());
    let files: Vec<&str> = names.map(|name| name.rsplit('/').next().unwrap()).collect();
    assert_eq!(files, ["morning.zip", "noon.zip", "evening.zip"]);

    let (custody, status) = verify(&[&morning, &evening]);
    assert_eq!((custody["verdict"].as_str(), status), (Some("inconclusive"), Some(3)));
    // That the one named is another, and the time between of both chains.
    assert_eq!(codes(&custody), ["bundle-gap"; 3]);
    assert_eq!(custody["findings"][1]["interval"]["start"], "2026-01-10T08:00:00Z");

    // One that says it goes on, and does not.
    let late = ["--previous", morning.to_str().unwrap(), "--start-time", "2026-01-10T12:00:00Z"];
    let late = make("late.zip", &late);
    let (custody, status) = verify(&[&morning, &late]);
    assert_eq!((codes(&custody), status), (vec!["bundle-gap"; 2], Some(3)));
}

#[test]
fn several_bundles_are_told_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let morning = bundle_of_the_trail(dir.path(), "morning.zip", &["--end-time", "2026-01-10T08:00:00Z"]);
    let rest = bundle_of_the_trail(dir.path(), "rest.zip", &["--previous", morning.to_str().unwrap()]);
    let arguments =
        ["verify", morning.to_str().unwrap(), rest.to_str().unwrap(), "--public-keys", "trail-public-keys.json"];
    let output = trailseal(&testdata(), &arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("intact: 2 of 2 bundles intact, each meets the next, "), "{text}");
    let arguments = ["verify", morning.to_str().unwrap(), "trail", "--public-keys", "trail-public-keys.json"];
    let output = trailseal(&testdata(), &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is no evidence bundle"), "a directory is none");
}

/// Which part of which bundle was changed is told here, too.
#[test]
fn one_that_was_altered_is_told_with_what_was_altered() {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str, more: &[&str]| bundle_of_the_trail(dir.path(), name, more);
    let morning = make("morning.zip", &["--end-time", "2026-01-10T08:00:00Z"]);
    let evening = make("evening.zip", &["--previous", morning.to_str().unwrap()]);
    let mut bytes = std::fs::read(&morning).unwrap();
    let places = super::zip::places(&bytes);
    let page = &places.iter().find(|(name, _)| name == "report.html").unwrap().1;
    bytes[page.start + 100] ^= 1;
    std::fs::write(&morning, bytes).unwrap();
    let [morning, evening] = [&morning, &evening].map(|path| path.to_str().unwrap());
    let output = trailseal(
        &testdata(),
        &["verify", morning, evening, "--public-keys", "trail-public-keys.json", "--no-progress"],
    );
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for part in ["bundle-file-altered (1)", "report.html in the bundle", "Next: ", "trailseal verify` of this bundle"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
