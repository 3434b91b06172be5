//! How an account's trails are set up, as far as AWS tells: what `doctor` examines. Nothing but reading, and many requests at
//! once, so many and no more to each service.

mod account_block;
pub(super) mod asking;
mod bucket;
mod bucket_words;
mod key;
mod topic;
mod trail_words;
mod trails;

use std::collections::BTreeMap;

use aws_sdk_account::types::RegionOptStatus;
use futures::future;

use self::asking::{Asker, Refused, ask};
use self::trails::Found;
use super::Access;
use super::organization::goes_on;
use crate::doctor::{BucketFacts, Fact, Setup, TrailFacts, Unseen};
use crate::trail::{Time, TrailArn, is_account_id, is_organization_id, is_region};

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupRequest {
    /// One trail, which may be another account's: a trail of the organization. None for all that the account sees.
    pub trail: Option<TrailArn>,
    /// The time.
    pub as_of: Time,
    /// Days for which log files are to be kept.
    pub retention_days: u32,
}

/// Why nothing can be said of a setup.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Nobody knows whose trails these are.
    #[error("AWS does not tell whose credentials these are: sts:GetCallerIdentity: {0}")]
    Identity(String),
    /// There is no such trail.
    #[error("CloudTrail knows no trail {0}; `aws cloudtrail describe-trails --region {1}` lists those that it knows")]
    Unknown(String, String),
}

/// Whose credentials these are.
struct Identity {
    account_id: String,
    partition: String,
}

/// Asks for all that is to be seen of the trails, their keys and topics, and the buckets that they deliver to.
pub async fn setup(access: &Access, asked: &SetupRequest) -> Result<Setup, SetupError> {
    let asker = Asker::new(access);
    let identity = identity(&asker).await?;
    let (regions, (manages_organization, organization_id)) =
        future::join(regions(&asker), organization(&asker, &identity.account_id)).await;
    let found = match &asked.trail {
        Some(arn) => trails::one(&asker, arn).await?,
        None => trails::all(&asker, regions.as_deref().ok()).await,
    };
    let Found { trails, unasked } = found;
    let buckets = buckets(&asker, &identity.account_id, &trails);
    let facts = future::join_all(trails.iter().map(|trail| trails::facts(&asker, trail)));
    let (trails, buckets) = future::join(facts, buckets).await;
    Ok(Setup {
        account_id: identity.account_id,
        partition: identity.partition,
        as_of: asked.as_of,
        regions,
        manages_organization,
        organization_id,
        only: asked.trail.as_ref().map(TrailArn::to_string),
        trails,
        unasked_regions: unasked,
        buckets,
        retention_days: asked.retention_days,
    })
}

async fn identity(asker: &Asker<'_>) -> Result<Identity, SetupError> {
    let client = asker.access.sts();
    let asked = ask(&asker.account, "sts:GetCallerIdentity", || client.get_caller_identity().send()).await;
    let told = asked.map_err(|refused| SetupError::Identity(refused.unseen.why))?;
    let partition =
        told.arn.as_deref().and_then(|arn| arn.split(':').nth(1)).filter(|partition| is_partition(partition));
    match (told.account.filter(|account| is_account_id(account)), partition) {
        (Some(account_id), Some(partition)) => Ok(Identity { account_id, partition: partition.to_owned() }),
        _ => Err(SetupError::Identity("what answered is not AWS".to_owned())),
    }
}

/// `aws` and its like.
fn is_partition(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'-';
    text.starts_with("aws") && text.len() <= LONGEST_PARTITION && text.bytes().all(plain)
}

/// The regions that are enabled in the caller's account.
async fn regions(asker: &Asker<'_>) -> Fact<Vec<String>> {
    const ACTION: &str = "account:ListRegions";
    let client = asker.access.account();
    let enabled = vec![RegionOptStatus::Enabled, RegionOptStatus::EnabledByDefault];
    let unseen = |why: String| Unseen { action: ACTION.to_owned(), denied: false, why };
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = ask(&asker.account, ACTION, || {
            let request = client.list_regions().set_region_opt_status_contains(Some(enabled.clone()));
            request.set_next_token(token.clone()).send()
        });
        let page = page.await.map_err(Refused::unseen)?;
        let named = page.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name);
        found.extend(named.filter(|region| is_region(region)));
        if found.len() > MOST_REGIONS {
            return Err(unseen(format!("it lists more than {MOST_REGIONS} regions")));
        }
        if !goes_on(&mut token, page.next_token).map_err(unseen)? {
            found.sort();
            found.dedup();
            return if found.is_empty() { Err(unseen("it lists no region".to_owned())) } else { Ok(found) };
        }
    }
}

async fn organization(asker: &Asker<'_>, account: &str) -> (Fact<bool>, Option<String>) {
    const ACTION: &str = "organizations:DescribeOrganization";
    let client = asker.access.organizations();
    match ask(&asker.account, ACTION, || client.describe_organization().send()).await {
        Ok(told) => {
            let (manager, id) = told.organization.map(|told| (told.master_account_id, told.id)).unwrap_or_default();
            let manages = manager.map(|manager| manager == account).ok_or_else(|| asking::nothing_said(ACTION));
            (manages, id.filter(|id| is_organization_id(id)))
        }
        Err(refused) if refused.code == "AWSOrganizationsNotInUseException" => (Ok(false), None),
        Err(refused) => (Err(refused.unseen), None),
    }
}

/// Each bucket once, first asked for where the first trail that delivers to it is at home.
async fn buckets(asker: &Asker<'_>, account: &str, trails: &[TrailFacts]) -> BTreeMap<String, BucketFacts> {
    let mut named: BTreeMap<&str, &str> = BTreeMap::new();
    for trail in trails {
        named.entry(&trail.bucket).or_insert(&trail.home_region);
    }
    let of_account = async {
        if named.is_empty() {
            Err(asking::not_asked(account_block::ACTION))
        } else {
            account_block::facts(asker, account).await
        }
    };
    let asked = named.iter().map(|(name, region)| bucket::facts(asker, account, name, region));
    let (of_account, asked) = future::join(of_account, future::join_all(asked)).await;
    let buckets = asked.into_iter().map(|(facts, own)| {
        // Whoever says yes and no region is not S3.
        let own = own.and_then(|()| facts.region.clone().map(drop));
        let account_access_block = own.clone().and_then(|()| of_account.clone());
        (facts.name.clone(), BucketFacts { own, account_access_block, ..facts })
    });
    buckets.collect()
}

/// AWS has some forty. Stops: a listing that never ends.
const MOST_REGIONS: usize = 1_000;

/// `aws-iso-b` is the longest so far.
const LONGEST_PARTITION: usize = 32;
