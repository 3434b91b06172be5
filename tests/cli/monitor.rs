//! `trailseal monitor --check-config`, good and bad.

use std::fs;
use std::path::Path;

use super::{TRAIL, command, run, stderr, stdout};

/// Checks a configuration in a directory of its own; what it tells has the directory's name taken out.
fn check(text: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trailseal.toml");
    fs::write(&path, text).unwrap();
    fs::write(dir.path().join("waivers.toml"), WAIVERS).unwrap();
    let mut asked = command(&[&["monitor", "--check-config", "--config", path.to_str().unwrap()], more].concat());
    let output = asked.env("CHAT_URL", "https://hooks.example.com/x").output().unwrap();
    let without = |text: String| text.replace(&format!("{}/", dir.path().display()), "");
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "something was left behind: {left:?}");
    (output.status.code(), without(stdout(&output)), without(stderr(&output)))
}

#[test]
fn what_would_be_run() {
    let (status, told, wrong) = check(&format!("{GOOD}source = \"{}\"\n", TRAIL.evidence()), &[]);
    assert_eq!((status, wrong.as_str()), (Some(0), ""));
    assert_eq!(told.replace(&TRAIL.evidence(), "evidence"), EXPECTED);
    assert!(!told.contains("hush"), "an external id is nobody else's business");
}

#[test]
fn options_come_before_the_file() {
    let text = format!("{GOOD}source = \"{}\"\n", TRAIL.evidence());
    let (status, told, wrong) = check(
        &text,
        &["--target", "copy", "--once", "--max-duration", "5m", "--state", "/nowhere/state", "--listen", "[::1]:9"],
    );
    assert_eq!((status, told.as_str()), (Some(2), ""));
    let expected = "error: the state file /nowhere/state: there is no directory /nowhere; make it, or name another\n";
    assert_eq!(wrong, expected);
    let (_, told, _) = check(&text, &["--target", "copy", "--once", "--max-duration", "5m", "--listen", "[::1]:9"]);
    assert!(told.contains("once; each for 5m"), "{told}");
    assert!(told.contains("http://[::1]:9, though not in a run that is the only one"), "{told}");
    assert!(told.contains("target copy") && !told.contains("target organization"), "{told}");
    let (status, told, wrong) = check(&text, &["--quiet"]);
    assert_eq!((status, told.as_str(), wrong.as_str()), (Some(0), "", ""));
    let (_, told, _) = check(&text, &["--verbose"]);
    assert!(told.contains("256 objects at once, digests of 33,554,432 bytes, log files of 2,147,483,648"), "{told}");
}

#[test]
fn all_that_is_wrong_with_the_file_is_told() {
    let (status, told, wrong) = check("evry = \"1h\"\nlisten = \"localhost\"\n[[target]]\nname = \"a\"\n", &[]);
    assert_eq!((status, told.as_str()), (Some(2), ""));
    let expected = "\
error: trailseal.toml: 3 things are wrong with it
  line 1: `evry` is no key of the top of the file; the nearest is `every`
  line 2: `listen` is \"localhost\"; write an IP address and a port, such as \"127.0.0.1:9178\" or \"[::1]:9178\"
  line 3: [[target]] has no `source`; write s3://BUCKET[/PREFIX], a trail's ARN, or the path of a directory
";
    assert_eq!(wrong, expected);
    let (_, _, wrong) = check("state = \"s\"\n", &[]);
    let expected = "error: trailseal.toml, line 1: there is no target, and so nothing to watch; write [[target]] with `name` and `source` below it\n";
    assert_eq!(wrong, expected);
    // What it says is its own, and does nothing to a terminal.
    let (_, _, wrong) = check("\"a\\u001b[2J\" = 1\n[[target]]\nname = \"a\"\nsource = \"s3://trail-logs\"\n", &[]);
    assert!(wrong.contains("line 1: `a\\u{1b}[2J` is no key of the top of the file"), "{wrong}");
}

#[test]
fn all_that_stands_in_the_way_of_a_run_is_told() {
    let text = "status_page = \"no/page.html\"\n[[target]]\nname = \"a\"\nsource = \"nowhere\"\n[[target]]\nname = \"b\"\nsource = \"s3://trail-logs\"\nwaivers = \"trailseal.toml\"\n";
    let (status, told, wrong) = check(text, &[]);
    assert_eq!((status, told.as_str()), (Some(2), ""));
    let expected =
        "error: trailseal.toml: no state file is named; write `state = \"state.sqlite\"` in it, or give --state FILE\n";
    assert_eq!(wrong, expected);
    let (_, _, wrong) = check(&format!("state = \"s3://kept/state\"\n{text}"), &[]);
    assert!(wrong.ends_with("is for the Lambda function alone; give --state FILE\n"), "{wrong}");
    let (status, told, wrong) = check(&format!("state = \"state\"\n{text}"), &[]);
    assert_eq!((status, told.as_str()), (Some(2), ""));
    let lines: Vec<&str> = wrong.lines().collect();
    assert_eq!(lines.len(), 4, "{wrong}");
    assert_eq!(lines[0], "error: trailseal.toml: 3 things stand in the way of a run");
    assert!(lines[1].starts_with("  the status page no/page.html: there is no directory no"), "{wrong}");
    assert!(lines[2].starts_with("  target a: there is no directory"), "{wrong}");
    assert!(lines[3].starts_with("  target b: the waiver file trailseal.toml: line 1: unknown field"), "{wrong}");
}

#[test]
fn a_secret_that_is_not_there_stands_in_the_way_of_a_run() {
    let target = format!("[[target]]\nname = \"a\"\nsource = \"{}\"\n", TRAIL.evidence());
    let sink = "[[sink]]\nname = \"pager\"\nkind = \"webhook\"\nurl_env = \"NOBODY_SET_THIS\"\n";
    let (status, told, wrong) = check(&format!("state = \"state\"\n{target}{sink}"), &[]);
    assert_eq!((status, told.as_str()), (Some(2), ""));
    assert!(wrong.contains("sink pager") && wrong.contains("NOBODY_SET_THIS"), "{wrong}");
    // And one that is there, in a file that others read.
    for place in ["[access]\n", "[[sink]]\nname = \"t\"\nkind = \"event-bridge\"\n"] {
        let text = format!("state = \"state\"\n{target}{place}endpoint_url = \"https://me:kept-secret@example.com\"\n");
        let (status, _, wrong) = check(&text, &[]);
        assert_eq!(status, Some(2), "{wrong}");
        assert!(wrong.contains("endpoint_url") && !wrong.contains("kept-secret"), "{wrong}");
    }
}

#[test]
fn targets_and_files_that_are_not_there() {
    let text = format!("{GOOD}source = \"{}\"\n", TRAIL.evidence());
    let (status, _, wrong) = check(&text, &["--target", "organisation"]);
    let expected = "error: --target organisation: the configuration has no such target; the nearest is organization\n";
    assert_eq!((status, wrong.as_str()), (Some(2), expected));
    let (_, _, wrong) = check(&text, &["--target", "x"]);
    assert!(wrong.ends_with("no such target; there are organization, copy\n"), "{wrong}");
    for path in ["/nowhere.toml", Path::new(&TRAIL.evidence()).to_str().unwrap()] {
        let output = run(&["monitor", "--check-config", "--config", path]);
        assert_eq!(output.status.code(), Some(2));
        let told = stderr(&output);
        assert!(told.starts_with(&format!("error: the configuration {path}: ")), "{told}");
        assert!(told.ends_with("give the TOML file that docs/monitor.md explains\n"), "{told}");
    }
    for bad in [["--every", "0h"], ["--max-duration", "soon"], ["--listen", "localhost:1"]] {
        assert_eq!(check(&text, &bad).0, Some(2), "{bad:?}");
    }
    assert_eq!(check(&text, &["--every", "1h", "--once"]).0, Some(2));
}

const WAIVERS: &str = "[[waiver]]\ncode = \"log-missing\"\nsubject = \"s3://trail-logs/a\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"\n";

const GOOD: &str = r#"state = "state.sqlite"
every = "1h"
max_duration = "50m"
listen = "127.0.0.1:9178"
metrics_file = "trailseal.prom"

[access]
profile = "audit"

[[target]]
name = "organization"
source = "s3://trail-logs/logs"
regions = ["us-east-1", "eu-west-1"]
start = "2020-01-01"
log_files = "sample:5%"
seed = 7
waivers = "waivers.toml"
recheck = "1/30"
reread = "1/90"
[target.access]
assume_role = "arn:aws:iam::111122223333:role/auditor"
external_id = "hush"

[[sink]]
name = "chat"
kind = "webhook"
url_env = "CHAT_URL"

[[target]]
name = "copy"
log_files = "none"
retention = "400d"
"#;

const EXPECTED: &str = "\
trailseal.toml is good; nothing was asked of the network

  state         state.sqlite (is not there yet and can be made)
  runs          every 1h, until it is ended; each for 50m
  reminders     every 24h
  remembered    400d of runs and resolved findings
  metrics file  trailseal.prom
  listens       http://127.0.0.1:9178

target organization (s3://trail-logs/logs)
  scope         all accounts, regions us-east-1 eu-west-1, all trails
  from          2020-01-01T00:00:00Z on
  retention     none: nothing may ever go
  log files     5% are read, drawn by the seed 7
  history       each run, 1/30 of it is listed again, and 1/90 of it is read again
  overdue       after 2h
  public keys   AWS is asked
  waivers       waivers.toml (1 waiver)
  access        profile audit, role arn:aws:iam::111122223333:role/auditor as trailseal with an external id

target copy (evidence)
  scope         all accounts, all regions, all trails
  from          the oldest digest on
  retention     400d: older objects may be gone
  log files     neither read nor listed
  history       each run, all of it is listed again, and none of it is read again
  overdue       after 2h
  public keys   those beside the copy, which show no more than that it is consistent

sink chat: webhook at the address in CHAT_URL, the event as JSON; told of violations and what is unproven, of all targets; 10 s for each delivery

Next: trailseal verify s3://trail-logs/logs --dry-run
Next: trailseal monitor --config trailseal.toml --once
";
