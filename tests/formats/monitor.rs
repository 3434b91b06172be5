//! Holds `docs/trailseal.toml` against `docs/monitor.schema.json`, by the validator that the report's schema is held with.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

/// What the validator makes of a configuration.
fn validated(text: &str) -> Output {
    let python = std::env::var_os("TRAILSEAL_PYTHON").expect("TRAILSEAL_PYTHON is a Python with requirements.txt");
    let folder = TempDir::new().unwrap();
    let value: Value = toml::from_str(text).unwrap();
    fs::write(folder.path().join("configuration.json"), value.to_string()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(python);
    command.arg(root.join("tests/formats/consumers.py")).arg("json").arg(folder.path());
    command.arg(root.join("docs/monitor.schema.json")).output().unwrap()
}

#[test]
#[ignore = "needs the consumers' tools in Python: .ci/run installs them"]
fn the_example_is_valid_by_its_schema_and_mistakes_are_not() {
    let example = document("trailseal.toml");
    let output = validated(&example);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (right, wrong) in [
        ("every = \"1h\"", "evry = \"1h\""),
        ("every = \"1h\"", "every = \"0h\""),
        ("recheck = \"all\"", "recheck = \"1/0\""),
        ("log_files = \"all\"", "log_files = \"some\""),
        ("start = \"2026-01-01\"", "start = \"yesterday\""),
        ("[target.access]\n", "[target.access]\nprofil = \"p\"\n"),
        ("name = \"archive\"", "name = \"Archive\""),
        ("name = \"archive\"", ""),
    ] {
        assert!(example.contains(right), "{right}");
        let output = validated(&example.replacen(right, wrong, 1));
        assert!(!output.status.success(), "{wrong} is valid by the schema");
    }
}
