//! `[access]` and `[target.access]`: how AWS is reached.

use std::time::Duration;

use super::table::Table;
use crate::aws::{AccessOptions, AssumedRole, host_of};
use crate::trail::is_account_id;

/// What one of these tables says; a target says only what is different for it.
#[derive(Clone, Debug, Default)]
pub(super) struct RawAccess {
    profile: Option<String>,
    endpoint_url: Option<String>,
    assume_role: Option<String>,
    external_id: Option<String>,
    role_session_name: Option<String>,
    fips: Option<bool>,
    dual_stack: Option<bool>,
    request_payer: Option<bool>,
    expected_bucket_owner: Option<String>,
    connect_timeout: Option<u64>,
    read_timeout: Option<u64>,
    max_attempts: Option<u64>,
}

impl RawAccess {
    pub(super) fn read(table: Table<'_, '_>) -> RawAccess {
        let text = |key, write| table.parsed(key, write, |text| (!text.is_empty()).then(|| text.to_owned()));
        let read = RawAccess {
            profile: text("profile", "the name of a profile of the AWS CLI"),
            endpoint_url: table.parsed("endpoint_url", URL, |text| is_url(text).then(|| text.to_owned())),
            assume_role: table.parsed("assume_role", ROLE, |text| is_role(text).then(|| text.to_owned())),
            external_id: text("external_id", "what the role's trust policy asks for"),
            role_session_name: text("role_session_name", "a name, such as \"trailseal\""),
            fips: table.flag("fips"),
            dual_stack: table.flag("dual_stack"),
            request_payer: table.parsed("request_payer", "\"requester\"", |text| (text == "requester").then_some(true)),
            expected_bucket_owner: table.parsed(
                "expected_bucket_owner",
                "an account id of twelve digits, in quotes",
                |text| is_account_id(text).then(|| text.to_owned()),
            ),
            connect_timeout: table.number("connect_timeout", 1..=MOST_SECONDS),
            read_timeout: table.number("read_timeout", 1..=MOST_SECONDS),
            max_attempts: table.number("max_attempts", 1..=100),
        };
        table.finish();
        read
    }

    /// This, and where it says nothing, what the other says.
    pub(super) fn or(self, other: &RawAccess) -> RawAccess {
        let or = |own: Option<String>, other: &Option<String>| own.or_else(|| other.clone());
        RawAccess {
            profile: or(self.profile, &other.profile),
            endpoint_url: or(self.endpoint_url, &other.endpoint_url),
            assume_role: or(self.assume_role, &other.assume_role),
            external_id: or(self.external_id, &other.external_id),
            role_session_name: or(self.role_session_name, &other.role_session_name),
            fips: self.fips.or(other.fips),
            dual_stack: self.dual_stack.or(other.dual_stack),
            request_payer: self.request_payer.or(other.request_payer),
            expected_bucket_owner: or(self.expected_bucket_owner, &other.expected_bucket_owner),
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            read_timeout: self.read_timeout.or(other.read_timeout),
            max_attempts: self.max_attempts.or(other.max_attempts),
        }
    }

    /// What it comes to.
    pub(super) fn options(&self) -> Result<AccessOptions, String> {
        let usual = AccessOptions::default();
        let seconds = |given: Option<u64>, usual| given.map_or(usual, Duration::from_secs);
        if self.assume_role.is_none() && (self.external_id.is_some() || self.role_session_name.is_some()) {
            return Err(
                "`external_id` and `role_session_name` are for a role; write `assume_role` too, or leave them out"
                    .to_owned(),
            );
        }
        Ok(AccessOptions {
            profile: self.profile.clone(),
            endpoint_url: self.endpoint_url.clone(),
            assume_role: self.assume_role.clone().map(|arn| AssumedRole {
                arn,
                external_id: self.external_id.clone(),
                session_name: self.role_session_name.clone().unwrap_or_else(|| "trailseal".to_owned()),
            }),
            fips: self.fips.unwrap_or(usual.fips),
            dual_stack: self.dual_stack.unwrap_or(usual.dual_stack),
            request_payer: self.request_payer.unwrap_or(usual.request_payer),
            expected_bucket_owner: self.expected_bucket_owner.clone(),
            connect_timeout: seconds(self.connect_timeout, usual.connect_timeout),
            read_timeout: seconds(self.read_timeout, usual.read_timeout),
            attempts: self.max_attempts.and_then(|n| u32::try_from(n).ok()).unwrap_or(usual.attempts),
            ..usual
        })
    }
}

/// What stands before an @ is a password, and is nothing for a file.
fn is_url(text: &str) -> bool {
    host_of(text).is_some()
}

fn is_role(text: &str) -> bool {
    text.starts_with("arn:") && text.contains(":iam::") && text.contains(":role/")
}

const URL: &str = "a URL without a password, such as \"https://s3.example.com\"";
const ROLE: &str = "the ARN of a role, such as \"arn:aws:iam::111122223333:role/auditor\"";

/// An hour: whoever has not answered by then will not.
const MOST_SECONDS: u64 = 3_600;
