//! What arrives in AWS, as moto stands for it: through a topic's subscriptions, a bus's rule, and in Security Hub.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use trailseal::monitor::{Event, EventKind};

use crate::aws::{bus, hub, sns, with_credentials};
use crate::deliver;
use crate::events::{altered, hostile};

struct Moto {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Moto {
    fn start() -> (Moto, Value) {
        let python = std::env::var_os("TRAILSEAL_PYTHON");
        let python = python.expect("TRAILSEAL_PYTHON is a Python with tests/sinks/requirements.txt");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sinks/arrived.py");
        let mut command = Command::new(python);
        command.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (stdin, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut moto = Moto { process, stdin, stdout: BufReader::new(stdout) };
        let made = moto.line();
        (moto, made)
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn arrived(mut self) -> Value {
        self.stdin.write_all(b"\n").unwrap();
        let arrived = self.line();
        assert!(self.process.wait().unwrap().success());
        arrived
    }
}

fn event_in(text: &Value) -> Event {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

#[tokio::test]
#[ignore = "needs moto: .ci/run installs it"]
async fn aws_takes_what_is_told() {
    if !with_credentials("moto::aws_takes_what_is_told", true) {
        return;
    }
    let (moto, made) = Moto::start();
    let (url, topic) = (made["url"].as_str().unwrap(), made["topic"].as_str().unwrap());
    let told = [altered(EventKind::Opened), hostile(), altered(EventKind::Resolved)];
    for event in &told {
        for config in [sns(topic, url), bus(url), hub(url)] {
            deliver(&config, event).await.unwrap();
        }
    }
    let nowhere = topic.replace("audit", "nowhere");
    let error = deliver(&sns(&nowhere, url), &told[0]).await.unwrap_err();
    assert!(
        !error.may_pass() && error.to_string().ends_with("check topic_arn, and that the topic is there"),
        "{error}"
    );
    let arrived = moto.arrived();

    let by_topic = arrived["topic"].as_array().unwrap();
    assert_eq!(by_topic.len(), told.len());
    for (message, event) in by_topic.iter().zip(&told) {
        let arrived = event_in(&message["Message"]);
        assert_eq!((&arrived.id, arrived.finding.code), (&event.id, event.finding.code));
    }
    assert_eq!(event_in(&by_topic[0]["Message"]), told[0]);
    assert_eq!(by_topic[0]["Subject"], "trailseal: VIOLATION opened: log-hash-mismatch, target org");
    // Chosen by the message's attributes.
    assert_eq!(arrived["violations"].as_array().unwrap().len(), 1, "{}", arrived["violations"]);

    let by_bus = arrived["bus"].as_array().unwrap();
    let types: Vec<&Value> = by_bus.iter().map(|event| &event["detail-type"]).collect();
    assert_eq!(types, [&json!("Trailseal Finding Opened"), &json!("Trailseal Finding Resolved")]);
    assert_eq!((&by_bus[0]["source"], &by_bus[0]["time"]), (&json!("trailseal"), &json!("2026-01-11T03:05:00Z")));
    assert_eq!(serde_json::from_value::<Event>(by_bus[0]["detail"].clone()).unwrap(), told[0]);

    let findings = arrived["hub"].as_array().unwrap();
    let of_finding = |event: &Event| {
        let id = format!("trailseal/{}", event.finding_id);
        findings.iter().filter(|finding| finding["Id"] == id.as_str()).cloned().collect::<Vec<_>>()
    };
    let altered = of_finding(&told[0]);
    assert!(!altered.is_empty());
    let last = altered.last().unwrap();
    assert_eq!(last["RecordState"], "ARCHIVED", "{altered:?}");
}
