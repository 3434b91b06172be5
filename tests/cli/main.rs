//! The built binary, as a user meets it: output, files, exit status.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod bad_input;
#[cfg(unix)]
mod disk;
mod help;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod interrupted;
#[cfg(all(unix, feature = "monitor"))]
mod monitor;
#[cfg(all(unix, feature = "monitor"))]
mod monitor_served;
#[cfg(all(unix, feature = "monitor"))]
mod monitor_status;
mod output;
mod sample;
mod spot;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tempfile::TempDir;

/// A simulated trail of six hours, its keys outside it, and the file names of both.
struct Trail {
    dir: TempDir,
}

static TRAIL: LazyLock<Trail> = LazyLock::new(|| {
    let trail = Trail { dir: tempfile::tempdir().expect("a directory") };
    let made = run(&[
        "simulate",
        trail.evidence().as_str(),
        "--public-keys",
        trail.keys().as_str(),
        "--hours",
        "6",
        "--regions",
        "us-east-1",
        "--log-files-per-hour",
        "2",
        "--events-per-log-file",
        "2",
        "--empty-hours",
        "0",
    ]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    trail
});

impl Trail {
    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn evidence(&self) -> String {
        self.path("evidence")
    }

    fn keys(&self) -> String {
        self.path("keys.json")
    }

    /// A copy to do harm to.
    fn copy(&self) -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        let to = dir.path().join("evidence");
        copy_all(Path::new(&self.evidence()), &to);
        (dir, to)
    }
}

/// Runs the binary with a fixed clock-free environment.
fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the binary runs")
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
    command.args(arguments).env_remove("COLUMNS").env_remove("NO_COLOR");
    // Nobody's credentials, whatever this machine has.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    let nowhere = [("AWS_CONFIG_FILE", "/nowhere"), ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")];
    command.envs(nowhere).env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// The first file below `dir` whose name contains `part`, in order.
fn find(dir: &Path, part: &str) -> PathBuf {
    let mut open = vec![dir.to_owned()];
    let mut found = Vec::new();
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name.to_string_lossy().contains(part)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.into_iter().next().expect("a file of that name")
}
