//! Commands: what they are given, and what their end comes to.

use std::fs;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use trailseal::monitor::sinks::DeliveryError;
use trailseal::monitor::{Event, EventKind};

use crate::events::{altered, hostile};
use crate::{configured, deliver};

fn config(command: &[&str]) -> String {
    let command: Vec<String> = command.iter().map(|part| toml::Value::from(*part).to_string()).collect();
    format!("[[sink]]\nname = \"page\"\nkind = \"command\"\ntimeout_seconds = 5\ncommand = [{}]\n", command.join(", "))
}

async fn sh(script: &str) -> Result<(), DeliveryError> {
    deliver(&config(&["/bin/sh", "-c", script]), &altered(EventKind::Opened)).await
}

#[tokio::test]
async fn the_event_is_on_standard_input_and_arguments_are_as_they_are() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("it's $HOME; here");
    // Larger than a pipe holds.
    for event in [altered(EventKind::Opened), hostile()] {
        let command = ["/usr/bin/env", "tee", "--", path.to_str().unwrap()];
        deliver(&config(&command), &event).await.unwrap();
        let given = fs::read_to_string(&path).unwrap();
        assert!(given.ends_with("}\n") && given.lines().count() == 1);
        assert_eq!(serde_json::from_str::<Event>(&given).unwrap(), event);
    }
}

#[tokio::test]
async fn only_status_0_takes_it() {
    sh("exit 0").await.unwrap();
    let error = sh("echo out; echo 'no such\n pager AKIAIOSFODNN7EXAMPLE' >&2; exit 3").await.unwrap_err();
    assert!(error.may_pass());
    let told = error.to_string();
    assert!(told.contains("/bin/sh ended with exit status: 3 (no such pager [hidden]); run it by hand"), "{told}");
    let error = sh("kill -9 $$").await.unwrap_err();
    assert!(error.may_pass() && error.to_string().contains("signal: 9"), "{error}");
}

#[tokio::test]
async fn one_that_reads_nothing_or_writes_much_is_no_hindrance() {
    deliver(&config(&["/usr/bin/env", "true"]), &hostile()).await.unwrap();
    sh("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 0").await.unwrap();
    let error = sh("head -c 5000000 /dev/zero | tr '\\0' x >&2; exit 1").await.unwrap_err();
    assert!(error.to_string().len() < 1_000, "{error}");
    // What it leaves behind holds its pipes open.
    let started = Instant::now();
    sh("sleep 60 & exit 0").await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn one_that_does_not_end_is_killed() {
    let folder = TempDir::new().unwrap();
    let pid = folder.path().join("pid");
    let command = config(&["/bin/sh", "-c", "echo $$ > \"$0\"; exec sleep 60", pid.to_str().unwrap()]);
    let command = command.replace("timeout_seconds = 5", "timeout_seconds = 1");
    let started = Instant::now();
    let error = deliver(&command, &altered(EventKind::Opened)).await.unwrap_err();
    assert!(error.may_pass() && error.to_string().contains("did not end within 1 seconds"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
    let process = format!("/proc/{}/stat", fs::read_to_string(&pid).unwrap().trim());
    let gone = || fs::read_to_string(&process).map_or(true, |stat| stat.contains(") Z "));
    for _ in 0..50 {
        if gone() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it goes on");
}

#[tokio::test]
async fn one_that_is_not_there_cannot_be_run() {
    let error = deliver(&config(&["/nowhere/page", "--key", "kept-secret"]), &altered(EventKind::Opened)).await;
    let error = error.unwrap_err();
    assert!(!error.may_pass(), "{error}");
    assert!(error.to_string().starts_with("the command /nowhere/page could not be run: "), "{error}");
    assert!(!error.to_string().contains("kept-secret"));
    let described = configured(&config(&["/nowhere/page", "--key", "kept-secret"])).unwrap()[0].describe();
    assert!(described.starts_with("page: command /nowhere/page with 2 arguments; "), "{described}");
}
