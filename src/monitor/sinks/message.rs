//! An event in words, for whoever is woken by it: what happened, to what, what it can mean, what to do next.
//!
//! What comes from evidence is hostile, and is shown so that it is seen and does nothing; what is longer than anything that AWS
//! writes is cut.

use crate::finding::Severity;
use crate::monitor::{Event, EventKind};
use crate::report::escape::visible;

/// The first line: `VIOLATION opened: log-hash-mismatch, target org`.
pub fn headline(event: &Event) -> String {
    shown(&said(event), SHORT)
}

/// The same, as it is.
fn said(event: &Event) -> String {
    let severity = match event.finding.severity {
        Severity::Violation => "VIOLATION",
        Severity::Unproven => "UNPROVEN",
        Severity::Note => "NOTE",
    };
    let happened = match event.kind {
        EventKind::Opened => "opened",
        EventKind::Resolved => "resolved",
        EventKind::Reminder => "still open",
    };
    format!("{severity} {happened}: {}, target {}", event.finding.code, event.target)
}

/// The whole message, as plain text.
pub fn text(event: &Event) -> String {
    let mut text = format!("{}\n{}\n\n", headline(event), shown(&event.says, LONG));
    for (name, value) in details(event) {
        text += &format!("{name}: {value}\n");
    }
    text += "\n";
    for (name, value) in advice(event) {
        text += &format!("{name}: {value}\n");
    }
    text + &format!("\n{}\nFinding: {}\n", since(event), shown(&event.finding_id, SHORT))
}

/// One line of at most so many bytes, for where there is room for no more.
pub(super) fn line(event: &Event, most: usize) -> String {
    let about = match (&event.finding.subject, &event.finding.chain) {
        (Some(at), _) => format!(": {at}"),
        (None, Some(chain)) => format!(": {chain}"),
        (None, None) => String::new(),
    };
    shown(&format!("{}{about}", said(event)), most)
}

/// What the finding is about, and both sides of the comparison.
pub(super) fn details(event: &Event) -> Vec<(&'static str, String)> {
    let finding = &event.finding;
    let waived = finding.waived.then(|| "a waiver accepts it".to_owned());
    let parts = [
        ("Object", finding.subject.as_ref().map(ToString::to_string)),
        ("Chain", finding.chain.as_ref().map(ToString::to_string)),
        ("Time", finding.interval.map(|interval| interval.to_string())),
        ("Reason", finding.reason.map(|reason| reason.to_string())),
        ("What happened", Some(finding.message.clone())),
        ("Recorded", finding.recorded.clone()),
        ("Found", finding.computed.clone()),
        ("Waived", waived),
    ];
    let most = |name: &str| if name == "Object" { LONGEST_OBJECT } else { LONG };
    parts.into_iter().filter_map(|(name, value)| Some((name, shown(&value?, most(name))))).collect()
}

/// What it can mean, and what to do; nothing of either, once it is there no more.
pub(super) fn advice(event: &Event) -> Vec<(&'static str, String)> {
    if event.kind == EventKind::Resolved {
        return vec![("Next", "Nothing, if you know what resolved it. If you do not, find out who did.".to_owned())];
    }
    let parts = [
        ("It can be ordinary", &event.ordinary),
        ("It can be malicious", &event.malicious),
        ("Next", &event.next_step),
    ];
    parts.into_iter().map(|(name, value)| (name, shown(value, LONG))).collect()
}

/// Since when.
pub(super) fn since(event: &Event) -> String {
    match event.kind {
        EventKind::Opened => format!("Open since {}", event.opened_at),
        EventKind::Reminder => format!("Open since {}, and still at {}", event.opened_at, event.at),
        EventKind::Resolved => format!("Open from {} until {}", event.opened_at, event.at),
    }
}

/// The text with everything in it visible, and cut to at most so many bytes.
pub(super) fn shown(text: &str, most: usize) -> String {
    fitted(text, most, |c| visible(c.encode_utf8(&mut [0; 4])).into_owned())
}

/// As much of a text as fits once each character is written so, with a mark where it was cut; never half of what one is written as,
/// and however long it is, no more of it is looked at.
pub(super) fn fitted(text: &str, most: usize, written: fn(char) -> String) -> String {
    let (mut fitted, mut before_cut) = (String::new(), 0);
    for c in text.chars() {
        fitted += &written(c);
        if fitted.len() > most {
            fitted.truncate(before_cut);
            return fitted + CUT;
        }
        if fitted.len() + CUT.len() <= most {
            before_cut = fitted.len();
        }
    }
    fitted
}

/// At the end of what was cut.
const CUT: &str = " [cut]";

/// A line with a name that the configuration gives.
const SHORT: usize = 200;

/// Sentences, hashes, names of keys.
const LONG: usize = 700;

/// `s3://`, a bucket's 63 characters, `/`, and a key's 1,024 bytes.
const LONGEST_OBJECT: usize = 1_100;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::finding::{Code, Finding};
    use crate::monitor::EVENT_SCHEMA;
    use crate::trail::{ChainId, ChainKind, Interval, ObjectLocation, Time};

    pub(in crate::monitor::sinks) fn time(text: &str) -> Time {
        Time::parse_loose(text).unwrap()
    }

    pub(in crate::monitor::sinks) fn event(kind: EventKind, finding: Finding) -> Event {
        let code = finding.code;
        Event {
            schema: EVENT_SCHEMA.to_owned(),
            id: "4fd2-opened".to_owned(),
            kind,
            at: time("2026-01-11T03:05:00Z"),
            target: "org".to_owned(),
            finding_id: "4fd2".to_owned(),
            opened_at: time("2026-01-11T03:05:00Z"),
            finding,
            says: code.sentence().to_owned(),
            ordinary: code.ordinary().to_owned(),
            malicious: code.malicious().to_owned(),
            next_step: code.next_step().to_owned(),
        }
    }

    pub(in crate::monitor::sinks) fn altered() -> Event {
        let chain = ChainId {
            account_id: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            trail: "management".to_owned(),
            home_region: "eu-central-1".to_owned(),
            kind: ChainKind::Standard,
        };
        let key = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/01/10/111122223333_CloudTrail_eu-central-1_20260110T0105Z_x.json.gz";
        let hour = Interval::new(time("2026-01-10T01:00:00Z"), time("2026-01-10T02:00:00Z"));
        let finding = Finding::new(Code::LogHashMismatch, "the log file is not the one that was delivered")
            .about(&ObjectLocation::new("example-logs", key))
            .in_chain(&chain)
            .during(hour)
            .compared("5d67", "9a01");
        event(EventKind::Opened, finding)
    }

    /// Everything in it that can be is hostile, and far too long.
    pub(in crate::monitor::sinks) fn hostile() -> Event {
        let evil = "\u{1b}[2J<!channel>`*_~\r\n\u{202e}&amp;\\".repeat(2_000);
        let finding = Finding::new(Code::LogUnlisted, evil.clone())
            .about(&ObjectLocation::new("example-logs", evil.clone()))
            .compared(evil.clone(), evil);
        event(EventKind::Reminder, finding)
    }

    #[test]
    fn a_message_says_what_happened_to_what_and_what_to_do() {
        let expected = "\
VIOLATION opened: log-hash-mismatch, target org
A log file's hash is not the one that a signed digest recorded.

Object: s3://example-logs/AWSLogs/111122223333/CloudTrail/eu-central-1/2026/01/10/111122223333_CloudTrail_eu-central-1_20260110T0105Z_x.json.gz
Chain: 111122223333 eu-central-1 management
Time: 2026-01-10T01:00:00Z to 2026-01-10T02:00:00Z
What happened: the log file is not the one that was delivered
Recorded: 5d67
Found: 9a01

It can be ordinary: a tool rewrote the file, for instance by formatting its JSON, or a copy was damaged.
It can be malicious: someone removed or changed events.
Next: Do not rely on this file's events. Look for the version that has the recorded hash, compare the two, and find out from S3 data events who wrote the later one.

Open since 2026-01-11T03:05:00Z
Finding: 4fd2
";
        assert_eq!(text(&altered()), expected);
    }

    #[test]
    fn what_is_resolved_wants_nothing_done() {
        let mut event = altered();
        event.kind = EventKind::Resolved;
        event.at = time("2026-01-12T00:00:00Z");
        let text = text(&event);
        assert!(text.starts_with("VIOLATION resolved: log-hash-mismatch, target org\n"), "{text}");
        assert!(!text.contains("It can be"), "{text}");
        assert!(
            text.ends_with("\nOpen from 2026-01-11T03:05:00Z until 2026-01-12T00:00:00Z\nFinding: 4fd2\n"),
            "{text}"
        );
        event.kind = EventKind::Reminder;
        assert_eq!(headline(&event), "VIOLATION still open: log-hash-mismatch, target org");
        assert_eq!(since(&event), "Open since 2026-01-11T03:05:00Z, and still at 2026-01-12T00:00:00Z");
    }

    #[test]
    fn what_is_hostile_is_seen_and_cut_and_does_nothing() {
        let text = text(&hostile());
        assert!(text.len() < 6_000, "{}", text.len());
        assert!(text.chars().all(|c| c == '\n' || !crate::report::escape::is_hidden(c)), "{text}");
        assert_eq!(
            text.lines().filter(|line| line.starts_with("VIOLATION") || line.starts_with("UNPROVEN")).count(),
            1
        );
        assert!(line(&hostile(), 200).len() <= 200);
        assert_eq!(line(&altered(), 60), "VIOLATION opened: log-hash-mismatch, target org: s3:// [cut]");
    }

    #[test]
    fn no_escape_is_cut_in_two() {
        assert_eq!(shown("plain", 5), "plain");
        assert_eq!(shown("plain text", 9), "pla [cut]");
        assert_eq!(shown("a\u{1b}bcdefghi", 12), "a [cut]");
        assert_eq!(shown("a\u{1b}bcdefghij", 13), "a\\u{1b} [cut]");
        assert_eq!(shown("a\\bcdefghijk", 9), "a\\\\ [cut]");
        assert_eq!(shown("éééééééé", 9), "é [cut]");
        let text = hostile().finding.message;
        let whole = visible(&text);
        // Wherever a character's own form ends, and nowhere else.
        let ends: Vec<usize> = text.chars().take(60).fold(vec![0], |mut ends, c| {
            ends.push(ends[ends.len() - 1] + visible(&c.to_string()).len());
            ends
        });
        for most in CUT.len()..100 {
            let shown = shown(&text, most);
            let kept = shown.strip_suffix(CUT).unwrap();
            assert!(shown.len() <= most && whole.starts_with(kept) && ends.contains(&kept.len()), "{most}: {shown}");
        }
    }
}
