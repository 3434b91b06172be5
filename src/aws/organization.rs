//! Of whom a trail should have delivered: the accounts of the organization, and the regions enabled in each.

use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_organizations::types::{AccountState, AccountStatus};
use futures::StreamExt;

use super::failure::told;
use super::{Access, TrailSettings};
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
            Ok(accounts) => accounts,
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
    let caller = access.caller().await.ok();
    let own = caller.as_deref().and_then(|arn| arn.split(':').nth(4)).unwrap_or_default().to_owned();
    let asked = futures::stream::iter(accounts).map(|(account, since)| {
        let own = account == own;
        async move {
            let regions = if trail.multi_region {
                regions(access, &account, own).await
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

/// The active accounts, each with the time it joined.
async fn accounts(access: &Access) -> Result<Vec<(String, Option<Time>)>, String> {
    let mut pages = access.organizations().list_accounts().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| told(&error))?;
        for account in page.accounts.unwrap_or_default() {
            // The older field is being retired; where both are gone, an account is taken to be there.
            let active = match (&account.state, &account.status) {
                (Some(state), _) => *state == AccountState::Active,
                (None, Some(status)) => *status == AccountStatus::Active,
                (None, None) => true,
            };
            let since = account.joined_timestamp.map(|time| Time::from_unix(time.secs()));
            found.extend(account.id.filter(|id| active && is_account_id(id)).map(|id| (id, since)));
        }
        if found.len() > MOST_ACCOUNTS {
            return Err(format!("it lists more than {MOST_ACCOUNTS} accounts"));
        }
    }
    Ok(found)
}

/// The regions enabled in an account. An account is asked for itself without being named.
async fn regions(access: &Access, account: &str, own: bool) -> Result<Vec<String>, String> {
    let enabled = [RegionOptStatus::Enabled, RegionOptStatus::EnabledByDefault];
    let request = access.account().list_regions().set_region_opt_status_contains(Some(enabled.to_vec()));
    let request = if own { request } else { request.account_id(account) };
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| told(&error))?;
        let named = page.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name);
        found.extend(named.filter(|region| is_region(region)));
        if found.len() > MOST_REGIONS {
            return Err(format!("it lists more than {MOST_REGIONS} regions"));
        }
    }
    Ok(found)
}

/// Account Management allows few calls a second.
const ACCOUNTS_AT_ONCE: usize = 4;

/// An organization has at most 10,000 accounts by default, and 50,000 by request. Stops: a listing that never ends.
const MOST_ACCOUNTS: usize = 100_000;

/// AWS has some forty. Stops: a listing that never ends.
const MOST_REGIONS: usize = 1_000;
