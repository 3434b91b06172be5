//! Account Management: the regions that are enabled in an account.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, denied};

/// What Account Management knows.
#[derive(Default)]
pub(crate) struct Account {
    /// The regions enabled in every account that is not named below.
    pub(crate) enabled: Vec<String>,
    /// The regions enabled in this account and that.
    pub(crate) enabled_in: BTreeMap<String, Vec<String>>,
    /// Whether the caller may not ask.
    pub(crate) denied: bool,
}

pub(super) fn answer(state: &Account, path: &str, asked: &Value) -> Answer {
    if path != "listRegions" {
        return Err((400, "UnknownOperationException", path.to_owned()));
    }
    if state.denied {
        let (_, kind, message) = denied("account:ListRegions");
        return Err((403, kind, message));
    }
    let account = asked["AccountId"].as_str().unwrap_or_default();
    let enabled = state.enabled_in.get(account).unwrap_or(&state.enabled);
    let wanted = asked["RegionOptStatusContains"].as_array();
    let is_wanted = |status: &str| wanted.is_none_or(|wanted| wanted.iter().any(|one| one == status));
    let mut regions = Vec::new();
    if is_wanted("ENABLED_BY_DEFAULT") {
        let region = |name: &String| json!({ "RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT" });
        regions.extend(enabled.iter().map(region));
    }
    if is_wanted("DISABLED") {
        regions.push(json!({ "RegionName": "me-south-1", "RegionOptStatus": "DISABLED" }));
    }
    Ok(json!({ "Regions": regions }))
}
