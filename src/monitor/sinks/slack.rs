//! A message as Slack takes it at an incoming webhook, and whatever is compatible with that.
//!
//! Slack reads `&`, `<` and `>` in every text, and formatting in some. What comes from evidence stands in code, where nothing is
//! formatted, and from which only a backtick leads out.

use serde_json::{Value, json};

use super::message::{advice, details, fitted, headline, line, shown, since};
use crate::monitor::Event;

/// The message.
pub(super) fn message(event: &Event) -> String {
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": fitted(&headline(event), HEADER, escaped), "emoji": false } }),
        section(&fitted(&event.says, SECTION, escaped)),
    ];
    for block in code_blocks(event) {
        blocks.push(section(&block));
    }
    let advice: Vec<String> =
        advice(event).iter().map(|(name, value)| format!("*{name}*: {}", fitted(value, ADVICE, escaped))).collect();
    blocks.push(section(&advice.join("\n")));
    let since = format!("{}. Finding {}", since(event), shown(&event.finding_id, HEADER));
    let since = json!({ "type": "plain_text", "text": fitted(&since, SECTION, escaped), "emoji": false });
    blocks.push(json!({ "type": "context", "elements": [since] }));
    let text = fitted(&line(event, LINE), SECTION, escaped);
    json!({ "text": text, "blocks": blocks }).to_string()
}

/// The details in code, in as many blocks as they take.
fn code_blocks(event: &Event) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for (name, value) in details(event) {
        let line = format!("{name}: {}\n", fitted(&value, DETAIL, in_code));
        match blocks.last_mut().filter(|block| block.len() + line.len() <= SECTION - FENCES) {
            Some(block) => block.push_str(&line),
            None => blocks.push(line),
        }
    }
    blocks.into_iter().map(|block| format!("```\n{block}```")).collect()
}

fn section(text: &str) -> Value {
    // Verbatim: neither addresses nor names of people are made into links.
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

/// The three characters that Slack reads everywhere.
fn escaped(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c => c.to_string(),
    }
}

/// The same, and the one that ends what is in code. It is written as what cannot be seen is written elsewhere.
fn in_code(c: char) -> String {
    if c == '`' { "\\u{60}".to_owned() } else { escaped(c) }
}

/// Characters of a header, of Slack's limits; bytes are counted, of which there are no fewer.
const HEADER: usize = 150;

/// Characters of a section.
const SECTION: usize = 3_000;

/// The fences around code.
const FENCES: usize = 8;

/// Of one detail: a key of S3 that is all ampersands is cut.
const DETAIL: usize = 1_400;

/// Of one piece of advice: three of them fit a section.
const ADVICE: usize = 900;

/// Of the notification.
const LINE: usize = 600;

#[cfg(test)]
mod tests {
    use super::super::message::tests::{altered, hostile};
    use super::*;
    use crate::monitor::EventKind;

    fn blocks(message: &str) -> Vec<Value> {
        let message: Value = serde_json::from_str(message).unwrap();
        message["blocks"].as_array().unwrap().clone()
    }

    #[test]
    fn a_message_has_this_form() {
        let message: Value = serde_json::from_str(&message(&altered())).unwrap();
        let details = "```\nObject: s3://example-logs/AWSLogs/111122223333/CloudTrail/eu-central-1/2026/01/10/111122223333_CloudTrail_eu-central-1_20260110T0105Z_x.json.gz\nChain: 111122223333 eu-central-1 management\nTime: 2026-01-10T01:00:00Z to 2026-01-10T02:00:00Z\nWhat happened: the log file is not the one that was delivered\nRecorded: 5d67\nFound: 9a01\n```";
        let advice = "*It can be ordinary*: a tool rewrote the file, for instance by formatting its JSON, or a copy was damaged.\n*It can be malicious*: someone removed or changed events.\n*Next*: Do not rely on this file's events. Look for the version that has the recorded hash, compare the two, and find out from S3 data events who wrote the later one.";
        let expected = json!({
            "text": "VIOLATION opened: log-hash-mismatch, target org: s3://example-logs/AWSLogs/111122223333/CloudTrail/eu-central-1/2026/01/10/111122223333_CloudTrail_eu-central-1_20260110T0105Z_x.json.gz",
            "blocks": [
                { "type": "header", "text": { "type": "plain_text", "emoji": false, "text": "VIOLATION opened: log-hash-mismatch, target org" } },
                { "type": "section", "text": { "type": "mrkdwn", "verbatim": true, "text": "A log file's hash is not the one that a signed digest recorded." } },
                { "type": "section", "text": { "type": "mrkdwn", "verbatim": true, "text": details } },
                { "type": "section", "text": { "type": "mrkdwn", "verbatim": true, "text": advice } },
                { "type": "context", "elements": [{ "type": "plain_text", "emoji": false, "text": "Open since 2026-01-11T03:05:00Z. Finding 4fd2" }] },
            ],
        });
        assert_eq!(message, expected);
    }

    #[test]
    fn what_is_hostile_keeps_to_the_limits_and_is_not_read() {
        let mut event = hostile();
        event.target = "<&>".repeat(100);
        let message = message(&event);
        let blocks = blocks(&message);
        assert!((6..=50).contains(&blocks.len()), "{}", blocks.len());
        for block in &blocks {
            let texts = block["elements"].as_array().cloned().unwrap_or_default();
            for text in texts.iter().chain([&block["text"]]).filter_map(|text| text["text"].as_str()) {
                let most = if block["type"] == "header" { HEADER } else { SECTION };
                assert!((1..=most).contains(&text.chars().count()), "{text}");
                assert!(!text.contains(['<', '>', '\u{1b}', '\u{202e}']), "{text}");
                let entities =
                    text.matches("&amp;").count() + text.matches("&lt;").count() + text.matches("&gt;").count();
                assert_eq!(text.matches('&').count(), entities, "{text}");
                // Code is opened and closed by us alone.
                assert!(matches!(text.matches('`').count(), 0 | 6), "{text}");
            }
        }
        assert!(!message.contains("<!channel>"));
    }

    #[test]
    fn a_long_key_is_whole() {
        let mut event = altered();
        if let Some(at) = &mut event.finding.subject {
            at.key = "k".repeat(1_024);
        }
        assert!(message(&event).contains(&"k".repeat(1_024)));
    }

    #[test]
    fn what_is_cut_is_cut_between_characters() {
        assert_eq!(fitted("<<<", 12, escaped), "&lt;&lt;&lt;");
        assert_eq!(fitted("<<<<", 12, escaped), "&lt; [cut]");
        assert_eq!(fitted("a`b", 20, in_code), "a\\u{60}b");
        let mut event = hostile();
        event.kind = EventKind::Resolved;
        assert!(blocks(&message(&event))[0]["text"]["text"].as_str().unwrap().starts_with("UNPROVEN resolved"));
    }
}
