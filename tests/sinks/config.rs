//! What a configuration may say, what is said where it is wrong, and that no secret is.

use trailseal::finding::Severity;
use trailseal::monitor::sinks::{SinkConfig, SinkError};
use trailseal::monitor::{Event, EventKind};

use crate::events::{altered, hostile};
use crate::{configured, opened};

const ALL: &str = r#"
[[sink]]
name = "on-call"
kind = "webhook"
url_env = "ON_CALL_URL"
format = "slack"
hmac_secret_env = "TRAILSEAL_WEBHOOK_SECRET"
severity = "violation"
targets = ["org", "payments"]
timeout_seconds = 20

[[sink]]
name = "hook"
kind = "webhook"
url = "https://hooks.example.org:8443/services/kept-secret"
severity = "note"

[[sink]]
name = "topic"
kind = "sns"
topic_arn = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:audit"
endpoint_url = "https://vpce.example.org/kept-secret"
access = { profile = "audit", assume_role = "arn:aws:iam::111122223333:role/teller", external_id = "kept-secret" }

[[sink]]
name = "bus"
kind = "event-bridge"

[[sink]]
name = "other bus"
kind = "event-bridge"
bus = "arn:aws:events:eu-central-1:111122223333:event-bus/security"
region = "eu-central-1"

[[sink]]
name = "hub"
kind = "security-hub"
region = "eu-central-1"
account_id = "111122223333"

[[sink]]
name = "page"
kind = "command"
command = ["/usr/local/bin/page"]
"#;

#[test]
fn each_kind_is_described_in_a_line_without_secrets() {
    let configs = configured(ALL).unwrap();
    let described: Vec<String> = configs.iter().map(|config| config.describe()).collect();
    let usual = "told of violations and what is unproven, of all targets; 10 s for each delivery";
    assert_eq!(
        described,
        [
            "on-call: webhook at the address in ON_CALL_URL, a message as Slack takes it, signed; told of violations, of org, payments; 20 s for each delivery".to_owned(),
            "hook: webhook at https://hooks.example.org:8443, the event as JSON; told of every finding, of all targets; 10 s for each delivery".to_owned(),
            format!("topic: SNS topic arn:aws-us-gov:sns:us-gov-west-1:111122223333:audit, with the profile audit, with the role arn:aws:iam::111122223333:role/teller, at https://vpce.example.org; {usual}"),
            format!("bus: EventBridge bus default; {usual}"),
            format!("other bus: EventBridge bus arn:aws:events:eu-central-1:111122223333:event-bus/security in eu-central-1; {usual}"),
            format!("hub: Security Hub of 111122223333 in eu-central-1; {usual}"),
            format!("page: command /usr/local/bin/page; {usual}"),
        ]
    );
    let shown = format!("{:?} {:?}", configs[1], opened(ALL).unwrap());
    assert!(shown.contains("[hidden]") && !shown.contains("services/kept-secret"), "{shown}");
}

#[test]
fn a_sink_is_told_what_it_wants() {
    let (sinks, configs) = (opened(ALL).unwrap(), configured(ALL).unwrap());
    let wanting = |event: Event| {
        let listeners = configs.iter().map(SinkConfig::listener);
        let hear = listeners.filter(|listener| listener.hears(&event.target, &event.finding));
        hear.map(|listener| listener.sink).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(wanting(altered(EventKind::Opened)), "on-call hook topic bus other bus hub page");
    assert_eq!(wanting(hostile()), "hook topic bus other bus hub page");
    let mut note = altered(EventKind::Resolved);
    note.finding.severity = Severity::Note;
    assert_eq!(wanting(note), "hook");
    let mut elsewhere = altered(EventKind::Opened);
    elsewhere.target = "sandbox".to_owned();
    assert_eq!(wanting(elsewhere), "hook topic bus other bus hub page");
    assert_eq!(sinks.get("hub").map(|sink| sink.name()), Some("hub"));
    assert!(sinks.get("nobody").is_none());
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let hook = "name = \"x\"\nkind = \"webhook\"\n";
    let sns = "name = \"x\"\nkind = \"sns\"\ntopic_arn = \"arn:aws:sns:eu-central-1:111122223333:audit\"\n";
    for (text, says) in [
        ("kind = \"webhook\"\nurl = \"https://kept-secret.example\"", "missing field `name`"),
        ("name = \"x\"\nurl = \"https://h/kept-secret\"", "missing field `kind`"),
        ("name = \"x\"\nkind = \"pigeon\"", "unknown variant `pigeon`"),
        (hook, "either `url` or `url_env`"),
        (&format!("{hook}url = \"https://h/kept-secret\"\nurl_env = \"X\""), "either `url` or `url_env`"),
        (&format!("{hook}url = \"h/kept-secret\""), "the sink `x`: url begins with https:// or http://"),
        (&format!("{hook}url = \"https://me:kept-secret@h/\""), "no password after it"),
        (&format!("{hook}url = \"https://h/kept-secret\"\nformat = \"xml\""), "unknown variant `xml`"),
        (&format!("{hook}url = \"https://h/kept-secret\"\ntopic = \"x\""), "unknown field `topic`"),
        (&format!("{hook}url = \"https://h/kept-secret\"\nseverity = \"bad\""), "unknown variant `bad`"),
        (&format!("{hook}url = \"https://h/kept-secret\"\ntimeout_seconds = 0"), "timeout_seconds is between"),
        (&format!("{hook}url = \"https://h/kept-secret\"\ntimeout_seconds = 301"), "timeout_seconds is between"),
        ("name = \"\"\nkind = \"webhook\"\nurl = \"https://h/kept-secret\"", "a name has 1 to 100 bytes"),
        ("name = \"x\"\nkind = \"sns\"\ntopic_arn = \"audit\"", "topic_arn is the ARN of a topic"),
        (&format!("{sns}endpoint_url = \"kept-secret\""), "endpoint_url begins with"),
        (&format!("{sns}access = {{ external_id = \"kept-secret\" }}"), "external_id is for a role"),
        (&format!("{sns}access = {{ region = \"x\" }}"), "unknown field `region`"),
        ("name = \"x\"\nkind = \"event-bridge\"\nbus = \"a b\"", "bus is the name of an event bus"),
        ("name = \"x\"\nkind = \"event-bridge\"\nregion = \"Frankfurt\"", "region is the name of a region"),
        ("name = \"x\"\nkind = \"security-hub\"\nregion = \"eu-central-1\"", "missing field `account_id`"),
        ("name = \"x\"\nkind = \"security-hub\"\nregion = \"eu-central-1\"\naccount_id = \"1\"", "twelve digits"),
        ("name = \"x\"\nkind = \"command\"\ncommand = []", "command is a list"),
        ("name = \"x\"\nkind = \"command\"\ncommand = \"page\"", "expected a sequence"),
    ] {
        let error = configured(&format!("[[sink]]\n{text}\n")).unwrap_err().to_string();
        assert!(error.contains(says), "{text}\n{error}");
        assert!(!error.contains("kept-secret"), "{text}\n{error}");
    }
}

#[test]
fn secrets_that_are_missing_are_named() {
    let sink = |more: &str| opened(&format!("[[sink]]\nname = \"x\"\nkind = \"webhook\"\n{more}\n"));
    for (variable, field) in [("UNSET", "url_env"), ("EMPTY", "url_env"), ("UNSET", "hmac_secret_env")] {
        let url = if field == "url_env" { "" } else { "url = \"https://h/kept-secret\"\n" };
        let error = sink(&format!("{url}{field} = \"{variable}\"")).unwrap_err();
        let expected = SinkError::NoVariable { sink: "x".to_owned(), field, variable: variable.to_owned() };
        assert_eq!(error, expected);
        assert!(error.to_string().ends_with(&format!("or leave `{field}` out")), "{error}");
    }
    let error = sink("url_env = \"NO_URL\"").unwrap_err().to_string();
    assert!(error.contains("environment variable NO_URL") && !error.contains("kept-secret"), "{error}");
    let twice = format!("{ALL}\n[[sink]]\nname = \"bus\"\nkind = \"event-bridge\"\n");
    assert_eq!(opened(&twice).unwrap_err(), SinkError::Twice("bus".to_owned()));
}
