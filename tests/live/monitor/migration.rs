//! State files of earlier versions open in this one, and nothing that they remember is lost.

use std::fs;
use std::path::PathBuf;

use trailseal::trail::Time;

use super::Watched;
use crate::world::small;

/// The state after two hours of the small trail, as each version of the file had it.
const STORED: [&str; 3] = ["state-1.sqlite", "state-2.sqlite", "state-3.sqlite"];

fn stored(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/monitor").join(name)
}

fn two_hours() -> Watched {
    Watched::after(2, small(), "")
}

#[test]
fn what_earlier_versions_remembered_is_remembered() {
    if std::env::var_os("TRAILSEAL_BLESS").is_some() {
        let newest = stored(STORED[STORED.len() - 1]);
        // A version that was released is never written again.
        if !newest.exists() {
            let watched = two_hours();
            watched.comes_to(0);
            watched.database().execute("VACUUM INTO ?1", [newest.to_str().unwrap()]).unwrap();
        }
    }
    for name in STORED {
        let mut watched = two_hours();
        fs::copy(stored(name), watched.state()).unwrap();
        watched.comes_to(0);
        assert_eq!(watched.asked().0, 0, "{name}: all of it was proven before");
        watched.go_on(Time::HOUR);
        watched.comes_to(0);
        let runs: i64 = watched.database().query_row("SELECT count(*) FROM run", [], |row| row.get(0)).unwrap();
        assert_eq!(runs, 3, "{name}: the run of then, and the two of now");
    }
}

#[test]
fn a_state_file_of_a_later_version_is_refused() {
    let watched = two_hours();
    watched.comes_to(0);
    watched.database().pragma_update(None, "user_version", 99).unwrap();
    let run = watched.comes_to(2);
    assert!(run.stderr.contains("version 99") && run.stderr.contains("use the version of trailseal"), "{}", run.stderr);
}

#[test]
fn a_state_file_that_is_damaged_full_or_not_to_be_written_is_never_begun_anew() {
    let watched = two_hours();
    watched.comes_to(0);
    let whole = fs::read(watched.state()).unwrap();
    let damages: [(&str, Vec<u8>); 4] = [
        ("emptied", Vec::new()),
        ("another file", b"this is no database".repeat(400)),
        ("cut off", whole[..whole.len() / 2].to_vec()),
        (
            "overwritten",
            whole.iter().enumerate().map(|(at, byte)| if at > 4_096 { byte ^ 0x5a } else { *byte }).collect(),
        ),
    ];
    for (name, bytes) in damages {
        for beside in ["-wal", "-shm"] {
            let mut path = watched.state().into_os_string();
            path.push(beside);
            let _ = fs::remove_file(path);
        }
        fs::write(watched.state(), &bytes).unwrap();
        let run = watched.comes_to_without_looking(2);
        assert!(run.stderr.contains("is damaged or is none of trailseal's"), "{name}: {}", run.stderr);
        assert_eq!(fs::read(watched.state()).unwrap(), bytes, "{name}: it is left as it is");
    }
}

#[test]
fn two_runs_at_once_are_refused() {
    let watched = two_hours();
    watched.comes_to(0);
    let lock = fs::File::options().append(true).open(watched.state().with_extension("sqlite.lock")).unwrap();
    lock.lock().unwrap();
    let run = watched.comes_to(2);
    assert!(run.stderr.contains("another run is using the state file"), "{}", run.stderr);
    drop(lock);
    watched.comes_to(0);
}

#[test]
fn a_name_that_stands_for_other_evidence_is_refused() {
    let watched = two_hours();
    watched.comes_to(0);
    watched.database().execute("UPDATE target SET source = 's3://another'", []).unwrap();
    let run = watched.comes_to(2);
    assert!(run.stdout.contains("was s3://another in earlier runs"), "{}{}", run.stdout, run.stderr);
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_is_told_and_forgets_nothing() {
    let mut watched = two_hours();
    watched.comes_to(0);
    watched.go_on(Time::HOUR);
    let (config, now) = (watched.config(), watched.at.to_string());
    // As on a full disk: no file can grow beyond so much, and writing fails.
    let script = "trap '' XFSZ && ulimit -f 4 && exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_trailseal"), "monitor", "--once"]);
    command.args(["--config", config.to_str().unwrap(), "--now", &now]);
    let run = watched.world.finish(command);
    let told = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.status, Some(2), "{told}");
    assert!(told.contains("cannot be used") && told.contains("room on its disk"), "{told}");
    watched.comes_to(0);
    assert!(watched.asked().0 < 10, "what was proven before is remembered");
}
