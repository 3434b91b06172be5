//! Every form of every case, of hostile reports and of the samples, read by the tools of those who consume it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use tempfile::TempDir;

use crate::{FORMS, golden, hostile, rendered, sample};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What it takes to run a case of `testdata/cases`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CaseFile {
    verdict: String,
    #[serde(default)]
    arguments: Vec<String>,
    now: String,
    public_keys: Option<toml::Value>,
}

/// Writes every form of every report into a folder; how many of each form there are.
fn write_all(into: &Path) -> usize {
    let mut written = 0;
    for (name, report) in hostile::reports().into_iter().chain([
        ("everything".to_owned(), sample::everything()),
        ("intact".to_owned(), golden::intact()),
        ("nothing".to_owned(), golden::nothing()),
    ]) {
        for (form, render) in FORMS {
            fs::write(into.join(format!("{name}.{form}")), rendered(render, &report)).unwrap();
        }
        written += 1;
    }
    let mut cases: Vec<PathBuf> =
        fs::read_dir(repository().join("testdata/cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    assert!(cases.len() >= 75, "only {} cases", cases.len());
    written + cases.iter().filter(|case| run(case, into)).count()
}

/// Runs the program over a case, every form to a file; whether the case has a verdict, and so a report.
fn run(folder: &Path, into: &Path) -> bool {
    let case: CaseFile = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap();
    if case.verdict == "none" {
        return false;
    }
    let name = folder.file_name().unwrap().to_str().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
    command.current_dir(folder).args(["verify", "evidence", "--quiet", "--now", &case.now]).args(&case.arguments);
    match &case.public_keys {
        Some(toml::Value::String(file)) => command.args(["--public-keys", file]),
        Some(_) => &mut command,
        None => command.args(["--public-keys", "../public-keys.json"]),
    };
    for (form, _) in FORMS {
        command.arg("--report").arg(format!("{form}={}", into.join(format!("{name}.{form}")).display()));
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{name}: {told}");
    true
}

#[test]
#[ignore = "needs the consumers' tools in Python: .ci/run installs them"]
fn consumers_read_every_form_of_every_report() {
    let python = std::env::var_os("TRAILSEAL_PYTHON").expect("TRAILSEAL_PYTHON is a Python with requirements.txt");
    let folder = TempDir::new().unwrap();
    let written = write_all(folder.path());
    let here = repository().join("tests/formats");
    let mut wrong = Vec::new();
    for (form, _) in FORMS {
        let mut command = Command::new(&python);
        command.arg(here.join("consumers.py")).arg(form).arg(folder.path());
        let output = command.arg(repository().join("docs/report.schema.json")).output().unwrap();
        let (told, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() || told.trim() != written.to_string() {
            wrong.push(format!("{form}: {told}{error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
