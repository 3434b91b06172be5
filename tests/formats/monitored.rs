//! What a monitor tells programs: the status as JSON and the metrics, held against their documents here, and by the tools of
//! those who consume them where those are there; and the alerts that stand on the metrics.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use trailseal::monitor::Status;
use trailseal::monitor::status::STATUS_SCHEMA;
use trailseal::render::monitor;

use crate::sample::monitored::{said_everywhere, status};
use crate::sample::pages::{EVIL, inconclusive, many, nothing, one_chain};
use crate::{sample, schema};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn statuses() -> Vec<(&'static str, Status)> {
    vec![
        ("one-chain", status(&[("trail", one_chain())])),
        ("two-targets", status(&[("archive", inconclusive()), ("organization", sample::everything())])),
        ("thousand-chains", status(&[("organization", many(100))])),
        ("nothing", status(&[("new", nothing())])),
        ("no-target", status(&[])),
    ]
}

fn metrics(status: &Status) -> String {
    let mut out = Vec::new();
    monitor::metrics(status, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(status: &Status) -> String {
    let mut out = Vec::new();
    monitor::json(status, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The names of metrics in a text.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("trailseal_monitor_")).collect()
}

#[test]
fn the_schema_knows_every_key_and_no_other() {
    let document: Value = serde_json::from_str(&file("docs/monitor-status.schema.json")).unwrap();
    assert_eq!(document["properties"]["schema"]["const"], STATUS_SCHEMA);
    let (_, status) = statuses().remove(1);
    let mut told: Value = serde_json::from_str(&json(&status)).unwrap();
    for target in told["targets"].as_array_mut().unwrap() {
        // A finding is the report's, and held against its schema.
        target["findings"].as_array_mut().unwrap().iter_mut().for_each(|found| found["finding"] = Value::Null);
    }
    schema::same_keys(&document, &document, &told, "status");
}

#[test]
fn every_metric_is_documented_and_every_alert_stands_on_one() {
    let (_, status) = statuses().remove(1);
    let written = metrics(&status);
    let written = named(&written);
    let (documented, alerts, tests) =
        (file("docs/monitor-status.md"), file("deploy/alerts.yml"), file("tests/formats/alerts.yml"));
    assert_eq!(named(&documented), written);
    assert!(named(&alerts).len() >= 4 && named(&alerts).is_subset(&written), "{:?}", named(&alerts));
    assert!(named(&tests).is_subset(&written), "{:?}", named(&tests));
}

#[test]
#[ignore = "needs the consumers' tools in Python: .ci/run installs them"]
fn consumers_read_every_status() {
    let python = std::env::var_os("TRAILSEAL_PYTHON").expect("TRAILSEAL_PYTHON is a Python with requirements.txt");
    let folder = TempDir::new().unwrap();
    let mut all = statuses();
    let mut hostile = said_everywhere(EVIL);
    // The schema, and how a run ended, are no name that anyone chooses.
    hostile.schema = STATUS_SCHEMA.to_owned();
    let target = &mut hostile.targets[0];
    let runs = target.runs.iter_mut().chain(&mut target.last_run).chain(&mut target.last_complete_run);
    runs.for_each(|run| run.outcome = None);
    all.push(("hostile", hostile));
    for (name, status) in &all {
        fs::write(folder.path().join(format!("{name}.monitor_metrics")), metrics(status)).unwrap();
        fs::write(folder.path().join(format!("{name}.monitor_json")), json(status)).unwrap();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for form in ["monitor_metrics", "monitor_json"] {
        let mut command = Command::new(&python);
        command.arg(root.join("tests/formats/consumers.py")).arg(form).arg(folder.path());
        let output = command.arg(root.join("docs/monitor-status.schema.json")).output().unwrap();
        let (told, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && told.trim() == all.len().to_string(), "{form}: {told}{error}");
    }
}

#[test]
#[ignore = "needs promtool: .ci/run fetches it"]
fn promtool_takes_the_metrics_and_the_alerts_fire_when_they_should() {
    let promtool = std::env::var_os("TRAILSEAL_PROMTOOL").expect("TRAILSEAL_PROMTOOL is the path of promtool");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for arguments in [["check", "rules", "deploy/alerts.yml"], ["test", "rules", "tests/formats/alerts.yml"]] {
        let output = Command::new(&promtool).current_dir(root).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
    }
    let folder = TempDir::new().unwrap();
    for (name, status) in statuses().into_iter().chain([("hostile", said_everywhere(EVIL))]) {
        let path = folder.path().join(name);
        fs::write(&path, metrics(&status)).unwrap();
        let mut command = Command::new(&promtool);
        let input = Stdio::from(fs::File::open(&path).unwrap());
        let output = command.args(["check", "metrics"]).stdin(input).output().unwrap();
        // It also tells of names that are against the customs.
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success() && said.is_empty(), "{name}: {}", String::from_utf8_lossy(&said));
    }
}
