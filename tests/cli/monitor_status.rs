//! `monitor status`, and the files that are written after each run.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{TRAIL, find, run, stderr, stdout};

/// A monitor of a copy that can be harmed.
pub(super) struct Monitor {
    pub(super) dir: TempDir,
    pub(super) evidence: PathBuf,
}

impl Monitor {
    pub(super) fn new(top: &str) -> Monitor {
        let (dir, evidence) = TRAIL.copy();
        let target =
            format!("[[target]]\nname = \"copy\"\nsource = \"evidence\"\npublic_keys = [\"{}\"]\n", TRAIL.keys());
        fs::write(dir.path().join("trailseal.toml"), format!("state = \"state.sqlite\"\n{top}\n{target}")).unwrap();
        Monitor { dir, evidence }
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn once(&self, now: &str) -> Option<i32> {
        run(&["monitor", "--config", &self.path("trailseal.toml"), "--once", "--now", now]).status.code()
    }

    /// The exit status, what is said, and what is wrong.
    fn status(&self, more: &[&str]) -> (Option<i32>, String, String) {
        let config = self.path("trailseal.toml");
        let output = run(&[&["monitor", "status", "--config", &config, "--now", LATER], more].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    }
}

fn alter(evidence: &Path) {
    let file = find(evidence, "_CloudTrail_us-east-1_");
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend(b"more");
    fs::write(file, bytes).unwrap();
}

#[test]
fn it_tells_what_the_runs_came_to() {
    let monitor = Monitor::new("metrics_file = \"m.prom\"\nstatus_page = \"page.html\"");
    let (status, told, wrong) = monitor.status(&[]);
    assert_eq!((status, told.as_str()), (Some(2), ""), "no run has made the state file yet");
    assert!(wrong.starts_with("error: there is no state file"), "{wrong}");

    assert_eq!(monitor.once("2030-01-01T00:00:00Z"), Some(0));
    let (status, told, wrong) = monitor.status(&[]);
    assert_eq!((status, wrong.as_str()), (Some(0), ""), "{told}");
    assert!(told.starts_with("intact: 1 target: 1 intact; as of 2030-01-01T02:00:00Z\n"), "{told}");
    assert!(told.contains("Open findings: 1 note\n"), "{told}");
    assert_eq!(fs::read_to_string(monitor.path("m.prom")).unwrap().matches("verdict=\"intact\"} 1").count(), 1);

    alter(&monitor.evidence);
    assert_eq!(monitor.once("2030-01-01T01:00:00Z"), Some(1));
    let (status, told, _) = monitor.status(&[]);
    assert_eq!(status, Some(1));
    assert!(told.contains("log-trailing-data (1): violation"), "{told}");
    assert!(told.contains("open since 2030-01-01T01:00:00Z (1 h ago); told to nobody: no sink is there"), "{told}");
    assert!(told.contains("\nNext\n  copy, log-trailing-data: "), "{told}");
    let (status, told, _) = monitor.status(&["--quiet"]);
    assert_eq!((status, told.as_str()), (Some(1), "not-intact: 1 target: 1 not intact; as of 2030-01-01T02:00:00Z\n"));
    let (_, told, _) = monitor.status(&["--format", "json"]);
    let read: trailseal::monitor::Status = serde_json::from_str(&told).unwrap();
    assert_eq!((read.targets[0].runs.len(), read.targets[0].runs_by_outcome.complete), (2, 2));
    assert_eq!(read.targets[0].chains[0].coverage.len(), 0, "nothing of years ago is in these 90 days");
    let page = fs::read_to_string(monitor.path("page.html")).unwrap();
    assert!(page.contains("<title>not-intact: CloudTrail integrity of copy</title>"), "{page}");
    let left = fs::read_dir(monitor.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("partial")));
}

#[test]
fn what_a_verdict_does_not_speak_of_stands_beside_it() {
    let monitor = Monitor::new("metrics_file = \"m.prom\"\nstatus_page = \"page.html\"");
    alter(&monitor.evidence);
    let waiver = "[[waiver]]\ncode = \"log-trailing-data\"\nsubject = \"s3://example-trail-logs/AWSLogs/*\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2031-01-01\"\n";
    fs::write(monitor.path("waivers.toml"), waiver).unwrap();
    let config = monitor.path("trailseal.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (all, none) = ("waivers = \"waivers.toml\"\n", "log_files = \"none\"\nregions = [\"us-east-1\"]\n");
    fs::write(&config, format!("{text}{all}")).unwrap();
    let told = stdout(&run(&["monitor", "--config", &config, "--once", "--now", "2030-01-01T00:00:00Z"]));
    assert!(told.contains("copy: intact: ") && told.contains(" open, 1 of them waived\n"), "{told}");
    let (status, told, _) = monitor.status(&[]);
    let expected = "intact: 1 target: 1 intact, 1 with waived findings; as of 2030-01-01T02:00:00Z\n";
    assert!(status == Some(0) && told.starts_with(expected), "{told}");

    fs::write(&config, format!("{text}{all}{none}")).unwrap();
    let told = stdout(&run(&["monitor", "--config", &config, "--once", "--now", "2030-01-01T01:00:00Z"]));
    let narrowed = "of less than everything: only us-east-1, log files neither looked for nor read";
    assert!(told.contains(&format!("copy: intact, {narrowed}: ")), "{told}");
    let (_, told, _) = monitor.status(&[]);
    assert!(told.contains(" 1 of less than everything, 1 with waived findings; as of "), "{told}");
    assert!(told.contains(&format!("\n  Its verdict is {narrowed}\n")), "{told}");
    let page = fs::read_to_string(monitor.path("page.html")).unwrap();
    assert!(page.contains("<dt>Scope</dt><dd>Its verdict is of less than everything: only us-east-1"), "{page}");
    let metrics = fs::read_to_string(monitor.path("m.prom")).unwrap();
    assert!(metrics.contains("trailseal_monitor_narrowed{target=\"copy\"} 1\n"), "{metrics}");
}

#[test]
fn what_the_file_does_not_know_is_told() {
    let monitor = Monitor::new("");
    monitor.once("2030-01-01T00:00:00Z");
    let state = monitor.path("state.sqlite");
    let output = run(&["monitor", "status", "--state", &state, "--target", "cop"]);
    let expected = "error: --target cop: the state file has no such target; the nearest is copy\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), expected));
    // A target of the configuration over which no run has begun is none that is fine.
    let config = monitor.path("trailseal.toml");
    let text = fs::read_to_string(&config).unwrap().replace("\"copy\"", "\"another\"");
    fs::write(&config, text).unwrap();
    let (status, told, _) = monitor.status(&[]);
    assert_eq!(status, Some(2));
    assert!(told.contains("another: no verdict\n  Last run   none has ended yet\n"), "{told}");
    assert!(told.ends_with("It also knows of targets that were not asked for: copy\n"), "{told}");
    let output = run(&["monitor", "status", "--state", &state, "--now", LATER]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_says_why() {
    let monitor = Monitor::new("");
    monitor.once("2030-01-01T00:00:00Z");
    let state = monitor.path("state.sqlite");
    let good = fs::read(&state).unwrap();
    let told = |bytes: &[u8]| {
        fs::write(&state, bytes).unwrap();
        let output = run(&["monitor", "status", "--state", &state]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
        stderr(&output)
    };
    assert!(told(b"").contains("is damaged or is none of trailseal's: it is empty"));
    assert!(told(&[b'x'; 8192]).contains("is damaged or is none of trailseal's"));
    let mut torn = good.clone();
    torn[4096..].iter_mut().for_each(|byte| *byte = 0xa5);
    assert!(told(&torn).contains("is damaged or is none of trailseal's"), "{}", told(&torn));
    fs::write(&state, &good).unwrap();
    rusqlite::Connection::open(&state).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let later = fs::read(&state).unwrap();
    assert!(told(&later).contains("is of version 99"), "{}", told(&later));
}

/// A run holds the lock and a transaction; who only reads is not kept out, and sees what was there before.
#[test]
fn it_reads_while_a_run_writes() {
    let monitor = Monitor::new("");
    monitor.once("2030-01-01T00:00:00Z");
    let writer = rusqlite::Connection::open(monitor.path("state.sqlite")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE run SET verdict = 'not-intact'").unwrap();
    let (status, told, wrong) = monitor.status(&[]);
    assert_eq!(status, Some(0), "{told}{wrong}");
}

/// A copy has no entity tags: of its digests, the newest of each chain is remembered.
#[test]
fn what_is_taken_from_a_copy_is_missed() {
    let monitor = Monitor::new("");
    assert_eq!(monitor.once("2030-01-01T00:00:00Z"), Some(0));
    assert_eq!(monitor.once("2030-01-01T01:00:00Z"), Some(0), "and nothing else is");
    let mut digests = Vec::new();
    while let Some(newest) = newest_digest(&monitor.evidence) {
        let bytes = fs::read(&newest).unwrap();
        fs::remove_file(&newest).unwrap();
        digests.push((newest, bytes));
        if digests.len() == 1 {
            assert_eq!(monitor.once("2030-01-01T02:00:00Z"), Some(1));
            let (_, told, _) = monitor.status(&[]);
            assert!(told.contains("history-rewritten (1): violation"), "{told}");
            assert!(!told.contains("chain-gone"), "{told}");
        }
    }
    assert_eq!(monitor.once("2030-01-01T02:00:00Z"), Some(1));
    let (_, told, _) = monitor.status(&[]);
    assert!(told.contains("chain-gone"), "{told}");
    digests.into_iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    assert_eq!(monitor.once("2030-01-01T02:00:00Z"), Some(0), "{}", monitor.status(&[]).1);
}

/// That of one region, which the copy may have others beside.
fn newest_digest(evidence: &Path) -> Option<PathBuf> {
    let mut open = vec![evidence.to_owned()];
    let mut found = Vec::new();
    while let Some(dir) = open.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path),
            }
        }
    }
    found.into_iter().filter(|path| path.to_string_lossy().contains("CloudTrail-Digest_us-east-1_")).max()
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_hides_no_verdict() {
    let monitor = Monitor::new("status_page = \"none/page.html\"");
    let config = monitor.path("trailseal.toml");
    let once = || run(&["monitor", "--config", &config, "--once", "--now", "2030-01-01"]);
    let output = once();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("the status page ") && stderr(&output).contains("could not be written: "));
    alter(&monitor.evidence);
    assert_eq!(once().status.code(), Some(1));
}

const LATER: &str = "2030-01-01T02:00:00Z";
