//! Events to tell of.

use trailseal::finding::{Code, Finding};
use trailseal::monitor::{EVENT_SCHEMA, Event, EventKind};
use trailseal::trail::{ChainId, ChainKind, ObjectLocation, Time};

pub(crate) fn time(text: &str) -> Time {
    Time::parse_loose(text).unwrap()
}

fn event(kind: EventKind, finding: Finding) -> Event {
    let code = finding.code;
    Event {
        schema: EVENT_SCHEMA.to_owned(),
        id: format!("0198f0c2-{}", if kind == EventKind::Resolved { "2" } else { "1" }),
        kind,
        at: time(if kind == EventKind::Resolved { "2026-01-12T03:05:00Z" } else { "2026-01-11T03:05:00Z" }),
        target: "org".to_owned(),
        finding_id: "6f7a3c1e-2b4d-5e6f-8a9b-0c1d2e3f4a5b".to_owned(),
        opened_at: time("2026-01-11T03:05:00Z"),
        finding,
        says: code.sentence().to_owned(),
        ordinary: code.ordinary().to_owned(),
        malicious: code.malicious().to_owned(),
        next_step: code.next_step().to_owned(),
    }
}

/// A log file was altered.
pub(crate) fn altered(kind: EventKind) -> Event {
    let chain = ChainId {
        account_id: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        trail: "management".to_owned(),
        home_region: "eu-central-1".to_owned(),
        kind: ChainKind::Standard,
    };
    let key = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/10/a b&c=d é.json.gz";
    let finding = Finding::new(Code::LogHashMismatch, "the log file is not the one that was delivered")
        .about(&ObjectLocation::new("example-logs", key))
        .in_chain(&chain)
        .compared("5d67", "9a01");
    event(kind, finding)
}

/// Someone chose every name in it.
pub(crate) fn hostile() -> Event {
    let evil = "\u{1b}[2J<!channel>`\r\n\u{202e}&amp;\\\"'\u{0}".repeat(2_000);
    let finding = Finding::new(Code::LogUnlisted, evil.clone())
        .about(&ObjectLocation::new("example-logs", evil.clone()))
        .compared(evil.clone(), evil);
    event(EventKind::Opened, finding)
}
