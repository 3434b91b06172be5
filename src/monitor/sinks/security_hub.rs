//! A finding imported into AWS Security Hub: active when it opens, archived when it is resolved.

use async_trait::async_trait;
use serde_json::json;

use super::aws::{Asked, At, Words, answered};
use super::config::{SecurityHubConfig, SinkConfig};
use super::{DeliveryError, Sink, Surroundings};
use crate::aws::{Call, CallError, Service, by_word};
use crate::monitor::{Event, EventKind};
use crate::report::Told;

/// Security Hub in one account and region.
pub(super) struct SecurityHub {
    name: String,
    account_id: String,
    region: String,
    asff: fn(&Told<'_>) -> serde_json::Value,
    asked: Asked,
}

impl SecurityHub {
    pub(super) fn new(config: &SinkConfig, hub: &SecurityHubConfig, surroundings: &Surroundings) -> SecurityHub {
        let SecurityHubConfig { account_id, region, .. } = hub;
        let at = At {
            service: Service::SecurityHub,
            region: Some(region),
            access: &hub.access,
            endpoint_url: &hub.endpoint_url,
        };
        let words = Words {
            what: format!("Security Hub of {account_id} in {region}"),
            action: "securityhub:BatchImportFindings",
            check: "check account_id and region, and that Security Hub is on there",
        };
        let asked = Asked::new(config, surroundings, at, words);
        let (account_id, region, asff) = (account_id.clone(), region.clone(), surroundings.asff);
        SecurityHub { name: config.name.clone(), account_id, region, asff, asked }
    }

    /// `BatchImportFindings` of one. Its form keeps to the limits of ASFF, and so to those of a request.
    fn findings(&self, event: &Event) -> String {
        let told = Told {
            finding: &event.finding,
            id: &event.finding_id,
            open: event.kind != EventKind::Resolved,
            since: event.opened_at,
            at: event.at,
            source: &event.target,
            account_id: &self.account_id,
            region: &self.region,
        };
        json!({ "Findings": [(self.asff)(&told)] }).to_string()
    }
}

#[async_trait]
impl Sink for SecurityHub {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, event: &Event) -> Result<(), DeliveryError> {
        let body = self.findings(event).into_bytes();
        let headers = &[("content-type", "application/json")];
        let answer = self.asked.ask(Call { path: "/findings/import", headers, body }).await?;
        taken(&answer).map_err(|error| self.asked.told(error))
    }
}

/// A request that is answered with `200` can have imported nothing: only the count of findings that failed says.
fn taken(answer: &[u8]) -> Result<(), CallError> {
    let answer = answered(answer)?;
    match answer["FailedCount"].as_u64() {
        Some(0) => Ok(()),
        Some(_) => {
            let said = |name: &str| answer["FailedFindings"][0][name].as_str().unwrap_or_default();
            let status = if said("ErrorCode").contains("Internal") { 500 } else { 400 };
            Err(by_word(said("ErrorCode"), said("ErrorMessage"), status))
        }
        None => Err(CallError::Passing("what answered is not Security Hub".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_that_failed_was_not_taken() {
        assert_eq!(taken(b"{\"FailedCount\":0,\"SuccessCount\":1,\"FailedFindings\":[]}"), Ok(()));
        let failed = b"{\"FailedCount\":1,\"FailedFindings\":[{\"ErrorCode\":\"InvalidInput\",\"ErrorMessage\":\"Finding does not adhere\"}]}";
        assert_eq!(
            taken(failed),
            Err(CallError::Lasting("it answered InvalidInput: Finding does not adhere".to_owned()))
        );
        assert!(matches!(taken(b"{}"), Err(CallError::Passing(_))));
    }
}
