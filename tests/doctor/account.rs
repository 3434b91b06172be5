//! The account, and the program over it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use trailseal::doctor::Examination;

/// moto with an account in it, for as long as its standard input is open.
pub(crate) struct Account {
    process: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    pub(crate) url: String,
    /// All that can be spoilt.
    pub(crate) spoilt: Vec<String>,
}

/// What a run of the program came to.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) examination: Examination,
    pub(crate) text: String,
}

impl Account {
    pub(crate) fn start() -> Account {
        let python = std::env::var_os("TRAILSEAL_PYTHON");
        let python = python.expect("TRAILSEAL_PYTHON is a Python with tests/sinks/requirements.txt");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/account.py");
        let mut command = Command::new(python);
        let mut process = command.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        let mut account = Account { process, stdin, stdout, url: String::new(), spoilt: Vec::new() };
        let made = account.told();
        account.url = made["url"].as_str().unwrap().to_owned();
        account.spoilt =
            made["spoilt"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        account
    }

    fn told(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn tell(&mut self, line: &str) -> Value {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
        self.told()
    }

    /// Makes the account anew, with one thing spoilt.
    pub(crate) fn spoil(&mut self, name: &str) {
        self.tell(&format!("spoil {name}"));
    }

    /// Refuses one action, and no other.
    pub(crate) fn deny(&mut self, action: &str) {
        self.tell(&format!("deny {action}"));
    }

    /// The actions that were asked for.
    pub(crate) fn asked(&mut self) -> BTreeSet<String> {
        let asked = self.tell("asked");
        asked.as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect()
    }

    /// The environment of whoever asks.
    pub(crate) fn surround(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "kept-secret");
        command
            .env("AWS_CONFIG_FILE", "none")
            .env("AWS_SHARED_CREDENTIALS_FILE", "none")
            .env("AWS_REGION", "us-east-1");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("NO_PROXY", "127.0.0.1");
    }

    /// moto has no event history.
    pub(crate) fn run(&self, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
        command.args(["doctor", "--endpoint-url", &self.url, "--no-history", "--max-attempts", "2"]).args(more);
        self.surround(&mut command);
        command.output().unwrap()
    }

    pub(crate) fn examined(&self, more: &[&str]) -> Ran {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("doctor.json");
        let output = self.run(&[&["--report", &format!("json={}", path.display())], more].concat());
        let (text, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let status = output.status.code().unwrap();
        assert!(status != 2, "{wrong}");
        assert!(!text.contains("kept-secret") && !wrong.contains("kept-secret"));
        let examination: Examination = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(i32::from(examination.exit_status()), status);
        Ran { status, examination, text: text.into_owned() }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.process.wait();
    }
}
