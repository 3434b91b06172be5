//! `HOW-TO-CHECK.md`: its own commands, run as they stand.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{bundle_of_the_trail, zip};

/// What each block of commands of the page prints, in order: they are run in one shell, as a reader would.
fn run_the_page(folder: &Path, page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let script: String = blocks.map(|block| format!("{block}echo {END}\n")).collect();
    let output = Command::new("sh").arg("-uc").arg(script).current_dir(folder).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut blocks: Vec<String> = printed.split(&format!("{END}\n")).map(str::to_owned).collect();
    assert_eq!(blocks.pop().as_deref(), Some(""), "{}", String::from_utf8_lossy(&output.stderr));
    blocks
}

const END: &str = "-- the end of a block --";

/// The hash at the start of a line.
fn hash(line: &str) -> &str {
    line.split_whitespace().next().unwrap()
}

#[test]
fn the_commands_of_the_page_check_a_log_file_and_see_one_that_was_altered() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_the_trail(dir.path(), "one.zip", &[]);
    let folder = dir.path().join("unpacked");
    for (name, bytes) in zip::read(&bundle) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let page = fs::read_to_string(folder.join("HOW-TO-CHECK.md")).unwrap();
    let printed = run_the_page(&folder, &page);
    let [_, names, log, digest, verified, key, before] = printed.as_slice() else { panic!("{} blocks", printed.len()) };
    assert_eq!(names.lines().count(), 4, "{names}");
    let (computed, recorded) = log.split_once('\n').unwrap();
    assert_eq!(recorded.trim(), format!("\"hashValue\":\"{}\"", hash(computed)));
    let lines: Vec<&str> = digest.lines().collect();
    assert_eq!((lines.len(), lines[3]), (5, hash(lines[0])), "{digest}");
    assert_eq!(verified.trim(), "Verified OK");
    let (asks, value) = key.split_once('\n').unwrap();
    assert!(asks.starts_with("aws cloudtrail list-public-keys --region ") && asks.contains(lines[1]), "{asks}");
    let fingerprint = asks.split('\'').nth(1).unwrap();
    let listed: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("public-keys/public-keys.json")).unwrap()).unwrap();
    let of_it =
        listed["PublicKeyList"].as_array().unwrap().iter().find(|key| key["Fingerprint"] == fingerprint).unwrap();
    assert_eq!(of_it["Value"], value.trim(), "as AWS lists it");
    let (previous, named) = before.split_once('\n').unwrap();
    assert_eq!(named.trim(), format!("\"previousDigestHashValue\":\"{}\"", hash(previous)));

    // Another log file, of another region, by its path alone.
    let name = page.split("LOG='").nth(1).unwrap().split('\'').next().unwrap();
    let objects = zip::read(&bundle);
    let region = |name: &str| name.split("/CloudTrail/").nth(1).map(|rest| rest.split('/').next().unwrap().to_owned());
    let other = objects.iter().find(|(other, _)| region(other).is_some_and(|of| Some(of) != region(name))).unwrap();
    let printed = run_the_page(&folder, &page.replacen(name, other.0, 1));
    assert_eq!(printed[1].lines().count(), 4, "{}", printed[1]);
    assert!(printed[2].split_once('\n').is_some_and(|(computed, recorded)| recorded.contains(hash(computed))));
    assert_eq!(printed[4].trim(), "Verified OK");

    // With another log file in its place, the first two no longer agree.
    fs::write(folder.join(name), other.1).unwrap();
    let printed = run_the_page(&folder, &page);
    assert!(printed[2].split_once('\n').is_some_and(|(computed, recorded)| !recorded.contains(hash(computed))));
}
