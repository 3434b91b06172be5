//! An event published to a topic of Amazon SNS: JSON for programs, a message for people.

use async_trait::async_trait;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::aws::{Asked, At, Words, region_of, within};
use super::config::{SinkConfig, SnsConfig};
use super::message::{headline, line, text};
use super::{DeliveryError, Sink, Surroundings};
use crate::aws::{Call, CallError, Service};
use crate::monitor::{Event, EventKind};

/// A topic.
pub(super) struct Sns {
    name: String,
    topic: String,
    asked: Asked,
}

impl Sns {
    pub(super) fn new(config: &SinkConfig, sns: &SnsConfig, surroundings: &Surroundings) -> Sns {
        let at = At {
            service: Service::Sns,
            region: region_of(&sns.topic_arn, "sns"),
            access: &sns.access,
            endpoint_url: &sns.endpoint_url,
        };
        let words = Words {
            what: format!("the SNS topic {}", sns.topic_arn),
            action: "sns:Publish (and, of an encrypted topic, kms:GenerateDataKey and kms:Decrypt on its key)",
            check: "check topic_arn, and that the topic is there",
        };
        let asked = Asked::new(config, surroundings, at, words);
        Sns { name: config.name.clone(), topic: sns.topic_arn.clone(), asked }
    }

    /// `Publish` of the query protocol.
    fn form(&self, event: &Event) -> Result<String, DeliveryError> {
        let message = within(event, MOST_BYTES, message)?;
        let mut fields = vec![
            ("Action".to_owned(), "Publish".to_owned()),
            ("Version".to_owned(), "2010-03-31".to_owned()),
            ("TopicArn".to_owned(), self.topic.clone()),
            ("Subject".to_owned(), subject(event)),
            ("MessageStructure".to_owned(), "json".to_owned()),
            ("Message".to_owned(), message),
        ];
        let attributes = [
            ("severity", event.finding.severity.to_string()),
            ("code", event.finding.code.to_string()),
            ("kind", kind(event.kind).to_owned()),
            ("target", event.target.clone()),
        ];
        for (at, (name, value)) in attributes.into_iter().filter(|(_, value)| !value.is_empty()).enumerate() {
            let entry = format!("MessageAttributes.entry.{}", at + 1);
            fields.push((format!("{entry}.Name"), name.to_owned()));
            fields.push((format!("{entry}.Value.DataType"), "String".to_owned()));
            fields.push((format!("{entry}.Value.StringValue"), value));
        }
        if self.topic.ends_with(".fifo") {
            // In the order in which they happened; and what is told twice is taken once.
            fields.push(("MessageGroupId".to_owned(), event.finding_id.clone()));
            fields.push(("MessageDeduplicationId".to_owned(), event.id.clone()));
        }
        let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        Ok(fields.join("&"))
    }
}

#[async_trait]
impl Sink for Sns {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, event: &Event) -> Result<(), DeliveryError> {
        let body = self.form(event)?.into_bytes();
        let headers = &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let answer = self.asked.ask(Call { path: "/", headers, body }).await?;
        let taken = String::from_utf8_lossy(&answer).contains("<MessageId>");
        let other = || self.asked.told(CallError::Passing("what answered is not SNS".to_owned()));
        taken.then_some(()).ok_or_else(other)
    }
}

/// What each kind of subscription is sent: the event for programs, and for people the message.
fn message(event: &Event) -> Result<String, DeliveryError> {
    let event_json = super::json(event)?;
    Ok(json!({
        "default": text(event),
        "sms": line(event, SMS_BYTES),
        "email-json": event_json,
        "http": event_json,
        "https": event_json,
        "lambda": event_json,
        "sqs": event_json,
        "firehose": event_json,
    })
    .to_string())
}

/// ASCII, in one line, and not too long; it begins with a letter.
fn subject(event: &Event) -> String {
    let subject = format!("trailseal: {}", headline(event));
    subject.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).take(SUBJECT_CHARACTERS).collect()
}

fn kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Opened => "opened",
        EventKind::Resolved => "resolved",
        EventKind::Reminder => "reminder",
    }
}

/// Everything but what RFC 3986 leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A subject has fewer than 100 characters.
const SUBJECT_CHARACTERS: usize = 99;

/// Two messages of a telephone.
const SMS_BYTES: usize = 300;

/// Of the 256 KiB that message and attributes may have together.
const MOST_BYTES: usize = 250 << 10;

#[cfg(test)]
mod tests {
    use super::super::message::tests::{altered, hostile};
    use super::*;

    #[test]
    fn a_subject_is_ascii_and_short() {
        assert_eq!(subject(&altered()), "trailseal: VIOLATION opened: log-hash-mismatch, target org");
        let mut event = altered();
        event.target = "é\n\u{1b}".repeat(60);
        let subject = subject(&event);
        assert!(
            subject.len() == SUBJECT_CHARACTERS && subject.bytes().all(|b| (b' '..=b'~').contains(&b)),
            "{subject}"
        );
    }

    #[test]
    fn programs_get_the_event_and_people_the_message() {
        let message: serde_json::Value = serde_json::from_str(&message(&altered()).unwrap()).unwrap();
        let event: Event = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
        assert_eq!(event, altered());
        assert_eq!(message["default"], text(&altered()));
    }

    #[test]
    fn what_is_far_too_long_is_sent_all_the_same() {
        let message = within(&hostile(), MOST_BYTES, message).unwrap();
        assert!(message.len() <= MOST_BYTES, "{}", message.len());
        let message: serde_json::Value = serde_json::from_str(&message).unwrap();
        let event: Event = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
        assert!(event.finding.message.contains("characters left out"), "{}", event.finding.message);
        assert!(message["sms"].as_str().unwrap().len() <= SMS_BYTES);
    }
}
