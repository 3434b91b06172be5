//! AWS Organizations: who belongs to the organization.

use serde_json::{Value, json};

use super::{Answer, denied, page};

/// An organization.
#[derive(Default)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) management_account: String,
    pub(crate) members: Vec<Member>,
    /// The most accounts of an answer; 0 for all.
    pub(crate) accounts_a_page: usize,
    /// Whether the caller may not ask.
    pub(crate) denied: bool,
}

/// An account in it.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) suspended: bool,
    /// In seconds since 1970.
    pub(crate) joined: i64,
}

pub(super) fn answer(organization: Option<&Organization>, operation: &str, asked: &Value) -> Answer {
    let Some(organization) = organization else {
        let message = "Your account is not a member of an organization.";
        return Err((400, "AWSOrganizationsNotInUseException", message.to_owned()));
    };
    if organization.denied {
        return Err(denied(&format!("organizations:{operation}")));
    }
    let management = &organization.management_account;
    match operation {
        "DescribeOrganization" => Ok(json!({ "Organization": {
            "Id": organization.id,
            "Arn": format!("arn:aws:organizations::{management}:organization/{}", organization.id),
            "FeatureSet": "ALL",
            "MasterAccountArn": format!("arn:aws:organizations::{management}:account/{}/{management}", organization.id),
            "MasterAccountId": management,
            "MasterAccountEmail": "management@example.com",
        }})),
        "ListAccounts" => {
            let (members, next) = page(&organization.members, organization.accounts_a_page, asked);
            let account = |member: &Member| {
                let status = if member.suspended { "SUSPENDED" } else { "ACTIVE" };
                json!({
                    "Id": member.id,
                    "Arn": format!("arn:aws:organizations::{management}:account/{}/{}", organization.id, member.id),
                    "Email": format!("account-{}@example.com", member.id),
                    "Name": format!("account {}", member.id),
                    "Status": status,
                    "State": status,
                    "JoinedMethod": "CREATED",
                    "JoinedTimestamp": member.joined as f64,
                })
            };
            let mut answer = json!({ "Accounts": members.iter().map(account).collect::<Vec<_>>() });
            if let Some(next) = next {
                answer["NextToken"] = json!(next);
            }
            Ok(answer)
        }
        other => Err((400, "UnknownOperationException", other.to_owned())),
    }
}
