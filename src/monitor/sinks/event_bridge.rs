//! An event put on a bus of Amazon EventBridge.

use async_trait::async_trait;
use serde_json::json;

use super::aws::{Asked, At, Words, answered, region_of, within};
use super::config::{EventBridgeConfig, SinkConfig};
use super::{DeliveryError, Sink, Surroundings};
use crate::aws::{Call, CallError, Service, by_word};
use crate::monitor::{Event, EventKind};

/// A bus.
pub(super) struct EventBridge {
    name: String,
    bus: String,
    asked: Asked,
}

impl EventBridge {
    pub(super) fn new(config: &SinkConfig, bridge: &EventBridgeConfig, surroundings: &Surroundings) -> EventBridge {
        let region = bridge.region.as_deref().or_else(|| region_of(&bridge.bus, "events"));
        let at =
            At { service: Service::EventBridge, region, access: &bridge.access, endpoint_url: &bridge.endpoint_url };
        let words = Words {
            what: format!("the EventBridge bus {}", bridge.bus),
            action: "events:PutEvents",
            check: "check bus and region, and that the bus is there",
        };
        let asked = Asked::new(config, surroundings, at, words);
        EventBridge { name: config.name.clone(), bus: bridge.bus.clone(), asked }
    }

    /// `PutEvents` of one.
    fn entries(&self, event: &Event) -> Result<String, DeliveryError> {
        let detail = within(event, MOST_BYTES, super::json)?;
        let entry = json!({
            "Source": "trailseal",
            "DetailType": detail_type(event.kind),
            "Detail": detail,
            "EventBusName": self.bus,
            "Time": event.at.unix(),
        });
        Ok(json!({ "Entries": [entry] }).to_string())
    }
}

#[async_trait]
impl Sink for EventBridge {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, event: &Event) -> Result<(), DeliveryError> {
        let body = self.entries(event)?.into_bytes();
        let headers = &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.PutEvents")];
        let answer = self.asked.ask(Call { path: "/", headers, body }).await?;
        taken(&answer).map_err(|error| self.asked.told(error))
    }
}

/// A request that is answered with `200` can have put nothing: only the count of entries that failed says.
fn taken(answer: &[u8]) -> Result<(), CallError> {
    let answer = answered(answer)?;
    match answer["FailedEntryCount"].as_u64() {
        Some(0) => Ok(()),
        Some(_) => {
            let said = |name: &str| answer["Entries"][0][name].as_str().unwrap_or_default();
            // Such an error comes without a status of its own; those that pass are named so.
            let status = if said("ErrorCode").contains("Internal") { 500 } else { 400 };
            Err(by_word(said("ErrorCode"), said("ErrorMessage"), status))
        }
        None => Err(CallError::Passing("what answered is not EventBridge".to_owned())),
    }
}

fn detail_type(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Opened => "Trailseal Finding Opened",
        EventKind::Resolved => "Trailseal Finding Resolved",
        EventKind::Reminder => "Trailseal Finding Reminder",
    }
}

/// Of the 256 KiB that an entry may have.
const MOST_BYTES: usize = 200 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_failed_was_not_taken() {
        let answer = |code: &str| {
            taken(
                format!("{{\"FailedEntryCount\":1,\"Entries\":[{{\"ErrorCode\":\"{code}\",\"ErrorMessage\":\"m\"}}]}}")
                    .as_bytes(),
            )
        };
        assert_eq!(taken(b"{\"FailedEntryCount\":0,\"Entries\":[{\"EventId\":\"1\"}]}"), Ok(()));
        assert!(matches!(answer("InternalFailure"), Err(CallError::Passing(_))));
        assert!(matches!(answer("ThrottlingException"), Err(CallError::Passing(_))));
        assert_eq!(answer("AccessDeniedException"), Err(CallError::Denied("m".to_owned())));
        assert!(matches!(answer("MalformedDetail"), Err(CallError::Lasting(_))));
        assert!(matches!(taken(b"{}"), Err(CallError::Passing(_))));
        assert!(matches!(taken(b"<html>"), Err(CallError::Passing(_))));
    }
}
