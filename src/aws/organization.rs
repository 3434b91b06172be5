//! Of whom a trail should have delivered: the accounts of the organization, and the regions enabled in each.

use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_organizations::types::{AccountState, AccountStatus};
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use futures::StreamExt;

use super::failure::refusal;
use super::{Access, Pace, TrailSettings};
use crate::trail::{ExpectedChain, Time, TrailArn, is_account_id, is_region};

/// Of whom a trail should have delivered, as far as AWS could be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// Each account and region.
    pub expected: Vec<ExpectedChain>,
    /// What could not be asked, each with the reason.
    pub not_asked: Vec<String>,
}

/// Asks Organizations for the accounts and Account Management for the regions of each.
pub async fn membership(access: &Access, arn: &TrailArn, trail: &TrailSettings) -> Membership {
    let mut membership = Membership::default();
    let accounts = if trail.organization {
        match accounts(access).await {
            Ok((accounts, 0)) => accounts,
            Ok((accounts, inactive)) => {
                membership.not_asked.push(format!(
                    "whether {inactive} accounts of the organization that are not active delivered anything: nobody says until when they were to"
                ));
                accounts
            }
            Err(why) => {
                membership.not_asked.push(format!(
                    "whether accounts of the organization never delivered anything: organizations:ListAccounts: {why}"
                ));
                return membership;
            }
        }
    } else {
        vec![(arn.account_id.clone(), None)]
    };
    let own = own_account(access).await.unwrap_or_default();
    let pace = access.pace(ACCOUNTS_AT_ONCE);
    let asked = futures::stream::iter(accounts).map(|(account, since)| {
        let (own, pace) = (account == own, &pace);
        async move {
            let regions = if trail.multi_region {
                regions(access, pace, &account, own).await
            } else {
                Ok(vec![arn.home_region.clone()])
            };
            (account, since, regions)
        }
    });
    let mut asked = asked.buffered(ACCOUNTS_AT_ONCE);
    while let Some((account, since, regions)) = asked.next().await {
        match regions {
            Ok(regions) => membership.expected.extend(regions.into_iter().map(|region| ExpectedChain {
                account_id: account.clone(),
                region,
                since,
            })),
            Err(why) => membership.not_asked.push(format!(
                "whether regions of account {account} never delivered anything: account:ListRegions: {why}"
            )),
        }
    }
    membership
}

/// The active accounts, each with the time it joined, and how many there are that are not active.
async fn accounts(access: &Access) -> Result<(Vec<(String, Option<Time>)>, usize), String> {
    let (client, pace) = (access.organizations(), access.pace(1));
    let (mut found, mut inactive, mut token) = (Vec::new(), 0, None);
    loop {
        let asked = pace.ask(|| async {
            let request = client.list_accounts().set_next_token(token.clone());
            request.send().await.map_err(|error| refusal(&error))
        });
        let (page, _) = asked.await.map_err(|error| error.to_string())?;
        for account in page.accounts.unwrap_or_default() {
            // The older field is being retired; where both are gone, an account is taken to be there.
            let active = match (&account.state, &account.status) {
                (Some(state), _) => *state == AccountState::Active,
                (None, Some(status)) => *status == AccountStatus::Active,
                (None, None) => true,
            };
            inactive += usize::from(!active);
            let since = account.joined_timestamp.map(|time| Time::from_unix(time.secs()));
            found.extend(account.id.filter(|id| active && is_account_id(id)).map(|id| (id, since)));
        }
        if found.len() > MOST_ACCOUNTS {
            return Err(format!("it lists more than {MOST_ACCOUNTS} accounts"));
        }
        if !goes_on(&mut token, page.next_token)? {
            return Ok((found, inactive));
        }
    }
}

/// The regions enabled in an account. An account is asked for itself without being named.
async fn regions(access: &Access, pace: &Pace, account: &str, own: bool) -> Result<Vec<String>, String> {
    let enabled = vec![RegionOptStatus::Enabled, RegionOptStatus::EnabledByDefault];
    let named = (!own).then(|| account.to_owned());
    let client = access.account();
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let asked = pace.ask(|| async {
            let request = client.list_regions().set_region_opt_status_contains(Some(enabled.clone()));
            let request = request.set_account_id(named.clone()).set_next_token(token.clone());
            request.send().await.map_err(|error| refusal(&error))
        });
        let (page, _) = asked.await.map_err(|error| error.to_string())?;
        let named = page.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name);
        found.extend(named.filter(|region| is_region(region)));
        if found.len() > MOST_REGIONS {
            return Err(format!("it lists more than {MOST_REGIONS} regions"));
        }
        if !goes_on(&mut token, page.next_token)? {
            return Ok(found);
        }
    }
}

/// The account whose credentials these are.
async fn own_account(access: &Access) -> Option<String> {
    identity(access).await?.account
}

/// The ARN of whoever asks, where AWS tells.
pub async fn caller(access: &Access) -> Option<String> {
    identity(access).await?.arn
}

async fn identity(access: &Access) -> Option<GetCallerIdentityOutput> {
    let (client, pace) = (access.sts(), access.pace(1));
    let asked = pace.ask(|| async { client.get_caller_identity().send().await.map_err(|error| refusal(&error)) });
    asked.await.ok().map(|(identity, _)| identity)
}

/// Whether there is another page; a token that comes twice leads nowhere.
pub(super) fn goes_on(token: &mut Option<String>, next: Option<String>) -> Result<bool, String> {
    let next = next.filter(|next| !next.is_empty());
    if next.is_some() && next == *token {
        return Err("the list does not come to an end".to_owned());
    }
    *token = next;
    Ok(token.is_some())
}

/// Account Management allows few calls a second.
const ACCOUNTS_AT_ONCE: usize = 4;

/// An organization has at most 10,000 accounts by default, and 50,000 by request. Stops: a listing that never ends.
const MOST_ACCOUNTS: usize = 100_000;

/// AWS has some forty. Stops: a listing that never ends.
const MOST_REGIONS: usize = 1_000;
