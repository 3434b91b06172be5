//! `HOW-TO-CHECK.md`: its own commands, run as they stand.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{bundle_of_the_trail, zip};

/// What each command of the page prints, in order.
fn run_the_page(folder: &Path, page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let commands: Vec<&str> = blocks.flat_map(str::lines).filter(|line| !line.trim().is_empty()).collect();
    let run = |command: &&str| {
        let output = Command::new("sh").arg("-euc").arg(command).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    commands.iter().map(run).collect()
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
    let [log, recorded, fingerprint, signed, digest, verified, before, previous] = printed.as_slice() else {
        panic!("{} commands", printed.len())
    };
    let hash = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    assert_eq!(recorded.lines().count(), 1, "{recorded}");
    assert!(recorded.contains(&hash(log)), "{recorded}\n{log}");
    let named = page.split("This prints `").nth(1).unwrap().split('`').next().unwrap();
    assert!(fingerprint.contains(named), "{fingerprint}");
    assert_eq!(signed.lines().nth(2), Some(hash(digest).as_str()));
    assert_eq!(verified.trim(), "Verified OK");
    assert!(previous.contains(&hash(before)), "{previous}\n{before}");

    // With another log file in its place, the first two no longer agree.
    let command = page.split("```sh\n").nth(1).unwrap();
    let name = command.split('\'').nth(1).unwrap();
    let other =
        zip::read(&bundle).into_iter().find(|(other, _)| other.contains("/CloudTrail/") && other != name).unwrap();
    fs::write(folder.join(name), other.1).unwrap();
    let printed = run_the_page(&folder, &page);
    assert!(!printed[1].contains(&hash(&printed[0])));
}
