//! SIGINT and SIGTERM to a run over a copy, which waits for whoever reads its output.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use tempfile::TempDir;
use trailseal::finding::Code;
use trailseal::report::{Report, Verdict};

use super::{run, stderr};

/// A run that cannot come to its end: what it says is more than a pipe holds, and nobody reads it. That is so of its findings,
/// and of the report that it ends with, which repeats what was asked for.
struct Waiting {
    dir: TempDir,
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Waiting {
    fn new() -> Waiting {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
        let (evidence, keys) = (path("evidence"), path("keys.json"));
        let size = ["--hours", "6", "--log-files-per-hour", "80", "--events-per-log-file", "1", "--empty-hours", "0"];
        let made = [&["simulate", &evidence, "--public-keys", &keys, "--regions", "us-east-1"], &size[..]].concat();
        let made = run(&made);
        assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
        let account = fs::read_dir(dir.path().join("evidence/AWSLogs")).expect("a folder").next().expect("an account");
        let account = account.expect("an entry").path();
        fs::remove_dir_all(account.join("CloudTrail")).expect("log files");
        let others = (0..10_000).map(|number| format!("{number:012}"));
        let name = account.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
        command.args(["verify", &evidence, "--public-keys", &keys, "--now", "2026-02-01", "--format", "ndjson"]);
        command.args(["--concurrency", "1", "--report", &format!("json={}", path("report.json"))]);
        command.args(["--report", &format!("csv={}", path("report.csv"))]);
        command.arg("--account-id").arg(name).args(others);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut out = BufReader::with_capacity(1, child.stdout.take().expect("a pipe"));
        let err = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut first = String::new();
        out.read_line(&mut first).expect("a finding");
        assert!(first.contains("\"log-missing\""), "{first}");
        Waiting { dir, child, out, err }
    }

    fn send(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    /// Sends the first signal, and waits until it is heard.
    fn interrupt(&mut self, signal: &str) {
        self.send(signal);
        let mut told = String::new();
        self.err.read_line(&mut told).expect("a line");
        assert!(told.starts_with("interrupted: what is under way is given up, and a partial report follows"), "{told}");
    }
}

#[test]
fn a_signal_to_a_run_over_a_copy_shows_what_was_found_by_then() {
    for signal in ["INT", "TERM"] {
        let mut waiting = Waiting::new();
        waiting.interrupt(signal);
        let mut rest = String::new();
        waiting.out.read_to_string(&mut rest).expect("UTF-8");
        assert_eq!(waiting.child.wait().expect("an end").code(), Some(1), "a violation was found");
        let told: serde_json::Value = serde_json::from_str(rest.lines().last().expect("a report")).expect("JSON");
        assert_eq!(told["verdict"], "not-intact");
        let report = Report::parse(&fs::read(waiting.dir.path().join("report.json")).expect("a file")).expect("whole");
        assert_eq!((report.verdict, report.is_partial()), (Verdict::NotIntact, true));
        let missing = report.findings.iter().filter(|finding| finding.code == Code::LogMissing).count() as u64;
        assert_eq!(report.totals.log_files.violated, missing);
        assert_eq!(rest.matches("\"log-missing\"").count() as u64 + 1, missing, "the stream has the same");
        assert!(missing < 480, "{missing}: the rest was not looked at");
        let rows = fs::read_to_string(waiting.dir.path().join("report.csv")).expect("rows");
        let count = |of: &str| rows.lines().filter(|row| row.starts_with(of)).count() as u64;
        let (digests, logs) = (report.totals.digests, report.totals.log_files);
        let counted = ["verified", "violated", "unproven"].map(|status| count(&format!("digest file,{status},")));
        assert_eq!(counted, [digests.verified, digests.violated, digests.unproven], "{rows}");
        let counted = ["verified", "violated", "unproven"].map(|status| count(&format!("log file,{status},")));
        assert_eq!(counted, [logs.verified, logs.violated, logs.unproven], "{rows}");
        assert!(digests.unproven + logs.unproven > 0 && rows.contains("the run was interrupted before"), "{rows}");
    }
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    for (first, second, status) in [("INT", "INT", 130), ("TERM", "INT", 130), ("INT", "TERM", 143)] {
        let mut waiting = Waiting::new();
        waiting.interrupt(first);
        waiting.send(second);
        // Nobody has read on, so it could not have ended otherwise.
        assert_eq!(waiting.child.wait().expect("an end").code(), Some(status), "{first} {second}");
        // Files come before standard output: one that was written by then is whole.
        if let Ok(report) = fs::read(waiting.dir.path().join("report.json")) {
            assert!(Report::parse(&report).expect("whole").is_partial());
        }
    }
}
