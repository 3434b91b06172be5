//! The key that a trail's log files are encrypted with.

use aws_sdk_kms::types::KeyManagerType;
use futures::future;

use super::asking::{Asker, Refused, absent, ask, kept_policy, nothing_said};
use crate::doctor::{ABSENT, Fact, KeyFacts};

const DESCRIBE: &str = "kms:DescribeKey";
const POLICY: &str = "kms:GetKeyPolicy";
const ROTATION: &str = "kms:GetKeyRotationStatus";

/// Asks KMS for a key, in the key's own region.
pub(super) async fn facts(asker: &Asker<'_>, key: &str, home_region: &str) -> Fact<KeyFacts> {
    let client = asker.access.kms(super::asking::region_in(key).unwrap_or(home_region));
    let told = match ask(&asker.named, DESCRIBE, || client.describe_key().key_id(key).send()).await {
        Ok(told) => told.key_metadata.ok_or_else(|| nothing_said(DESCRIBE))?,
        Err(refused) if refused.code == "NotFoundException" => {
            return Ok(KeyFacts {
                arn: key.to_owned(),
                state: ABSENT.to_owned(),
                aws_managed: false,
                policy: Err(absent(POLICY)),
                rotated: Err(absent(ROTATION)),
            });
        }
        Err(refused) => return Err(refused.unseen),
    };
    let state = told.key_state.ok_or_else(|| nothing_said(DESCRIBE))?;
    // By an alias, the policy cannot be asked for.
    let arn = told.arn.filter(|arn| arn.len() <= LONGEST_ARN).ok_or_else(|| nothing_said(DESCRIBE))?;
    let policy = async {
        let told =
            ask(&asker.named, POLICY, || client.get_key_policy().key_id(&arn).policy_name("default").send()).await;
        let policy = told.map_err(Refused::unseen)?.policy.ok_or_else(|| nothing_said(POLICY))?;
        kept_policy(POLICY, policy)
    };
    let rotated = async {
        let told = ask(&asker.named, ROTATION, || client.get_key_rotation_status().key_id(&arn).send()).await;
        // A period can be chosen, of up to seven years.
        let yearly = |days: Option<i32>| days.is_none_or(|days| days <= YEAR);
        told.map(|told| told.key_rotation_enabled && yearly(told.rotation_period_in_days)).map_err(Refused::unseen)
    };
    let (policy, rotated) = future::join(policy, rotated).await;
    let aws_managed = told.key_manager == Some(KeyManagerType::Aws);
    Ok(KeyFacts { arn, state: state.as_str().chars().take(LONGEST_STATE).collect(), aws_managed, policy, rotated })
}

/// Days.
const YEAR: i32 = 366;

/// That of a key has some 80 bytes.
const LONGEST_ARN: usize = 2_048;

/// `PendingReplicaDeletion` is the longest.
const LONGEST_STATE: usize = 64;
