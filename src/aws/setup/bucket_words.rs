//! What S3 says of a bucket, in the words of `doctor`. Each is none where the answer does not say what every such answer says.

use aws_sdk_s3::operation::get_bucket_acl::GetBucketAclOutput;
use aws_sdk_s3::operation::get_bucket_encryption::GetBucketEncryptionOutput;
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::operation::get_bucket_logging::GetBucketLoggingOutput;
use aws_sdk_s3::operation::get_bucket_ownership_controls::GetBucketOwnershipControlsOutput;
use aws_sdk_s3::operation::get_bucket_policy::GetBucketPolicyOutput;
use aws_sdk_s3::operation::get_bucket_policy_status::GetBucketPolicyStatusOutput;
use aws_sdk_s3::operation::get_bucket_replication::GetBucketReplicationOutput;
use aws_sdk_s3::operation::get_bucket_versioning::GetBucketVersioningOutput;
use aws_sdk_s3::operation::get_object_lock_configuration::GetObjectLockConfigurationOutput;
use aws_sdk_s3::operation::get_public_access_block::GetPublicAccessBlockOutput;
use aws_sdk_s3::types::{
    self, BucketVersioningStatus, DefaultRetention, ExpirationStatus, Grant, LifecycleRuleFilter, MfaDeleteStatus,
    ObjectLockEnabled, ReplicationRuleStatus,
};

use crate::doctor::{AccessBlock, Encryption, Expiry, LifecycleRule, LockRetention, Replica, Transition, Versioning};
use crate::trail::Time;

pub(super) fn access_block(told: GetPublicAccessBlockOutput) -> Option<Option<AccessBlock>> {
    let block = told.public_access_block_configuration?;
    Some(Some(AccessBlock {
        block_public_acls: block.block_public_acls.unwrap_or_default(),
        ignore_public_acls: block.ignore_public_acls.unwrap_or_default(),
        block_public_policy: block.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: block.restrict_public_buckets.unwrap_or_default(),
    }))
}

pub(super) fn public(told: GetBucketPolicyStatusOutput) -> Option<Option<bool>> {
    Some(Some(told.policy_status?.is_public?))
}

pub(super) fn policy(told: GetBucketPolicyOutput) -> Option<Option<String>> {
    Some(Some(told.policy?))
}

/// Without the owner's own.
pub(super) fn grants(told: GetBucketAclOutput) -> Option<Vec<String>> {
    let owner = told.owner?.id?;
    let of_another = |grant: &Grant| grant.grantee.as_ref().and_then(|grantee| grantee.id.as_ref()) != Some(&owner);
    let words = |grant: Grant| {
        let grantee = grant.grantee.and_then(|grantee| grantee.uri.or(grantee.id).or(grantee.email_address));
        let permission = grant.permission.map(|permission| permission.as_str().to_owned());
        format!("{}: {}", grantee.unwrap_or_default(), permission.unwrap_or_default())
    };
    Some(told.grants?.into_iter().filter(of_another).map(words).collect())
}

pub(super) fn ownership(told: GetBucketOwnershipControlsOutput) -> Option<Option<String>> {
    let rule = told.ownership_controls?.rules.into_iter().next()?;
    Some(Some(rule.object_ownership.as_str().to_owned()))
}

/// S3 says nothing of what was never switched on.
pub(super) fn versioning(told: GetBucketVersioningOutput) -> Option<Versioning> {
    Some(Versioning {
        enabled: told.status == Some(BucketVersioningStatus::Enabled),
        mfa_delete: told.mfa_delete == Some(MfaDeleteStatus::Enabled),
    })
}

pub(super) fn object_lock(told: GetObjectLockConfigurationOutput) -> Option<Option<Option<LockRetention>>> {
    let lock = told.object_lock_configuration?;
    if lock.object_lock_enabled != Some(ObjectLockEnabled::Enabled) {
        return Some(None);
    }
    let retention = lock.rule.and_then(|rule| rule.default_retention);
    Some(Some(match retention {
        Some(retention) => retained(retention)?,
        None => None,
    }))
}

/// Where neither days nor years are said, or both, nobody knows for how long.
fn retained(retention: DefaultRetention) -> Option<Option<LockRetention>> {
    let said = |number: Option<i32>| number.filter(|number| *number != 0);
    let days = match (said(retention.days), said(retention.years)) {
        (Some(days), None) => days,
        (None, Some(years)) => years.checked_mul(365)?,
        // Other ways of keeping objects than for a time.
        (None, None) => return Some(None),
        (Some(_), Some(_)) => return None,
    };
    Some(Some(LockRetention { mode: retention.mode?.as_str().to_owned(), days: u32::try_from(days).ok()? }))
}

pub(super) fn lifecycle(told: GetBucketLifecycleConfigurationOutput) -> Option<Vec<LifecycleRule>> {
    let enabled = |rule: &types::LifecycleRule| rule.status == ExpirationStatus::Enabled;
    told.rules?.into_iter().filter(enabled).map(rule).collect()
}

fn rule(rule: types::LifecycleRule) -> Option<LifecycleRule> {
    #[allow(deprecated, reason = "rules that were written before filters were")]
    let (prefix, narrowed) = covered(rule.prefix, rule.filter);
    // What is about delete markers alone deletes nothing.
    let expiry = match rule.expiration {
        Some(expiration) => match (expiration.days, expiration.date) {
            (Some(days), _) => Some(Expiry::After(u32::try_from(days).ok()?)),
            (None, Some(date)) => Some(Expiry::On(Time::from_unix(date.secs()))),
            (None, None) => None,
        },
        None => None,
    };
    let old = rule.noncurrent_version_expiration.and_then(|old| old.noncurrent_days);
    let transitions = rule.transitions.unwrap_or_default().into_iter().map(|transition| {
        let days = transition.days.map(u32::try_from).transpose().ok()?;
        Some(Transition { class: transition.storage_class?.as_str().to_owned(), days })
    });
    Some(LifecycleRule {
        id: rule.id.unwrap_or_default(),
        prefix,
        narrowed,
        expiry,
        old_versions_after: old.map(u32::try_from).transpose().ok()?,
        transitions: transitions.collect::<Option<_>>()?,
    })
}

/// The prefix of what a rule is for, and whether it is for less than that. Without any filter, it is for everything.
fn covered(prefix: Option<String>, filter: Option<LifecycleRuleFilter>) -> (Option<String>, bool) {
    let Some(filter) = filter else { return (Some(prefix.unwrap_or_default()), false) };
    let by_size = |more: Option<i64>, less: Option<i64>| more.is_some() || less.is_some();
    let mut narrowed = filter.tag.is_some() || by_size(filter.object_size_greater_than, filter.object_size_less_than);
    let mut prefix = filter.prefix.or(prefix);
    if let Some(and) = filter.and {
        narrowed |= and.tags.is_some_and(|tags| !tags.is_empty())
            || by_size(and.object_size_greater_than, and.object_size_less_than);
        prefix = prefix.or(and.prefix);
    }
    if !narrowed {
        prefix.get_or_insert_default();
    }
    (prefix, narrowed)
}

pub(super) fn encryption(told: GetBucketEncryptionOutput) -> Option<Option<Encryption>> {
    let rule = told.server_side_encryption_configuration?.rules.into_iter().next()?;
    let default = rule.apply_server_side_encryption_by_default;
    Some(default.map(|default| Encryption {
        algorithm: default.sse_algorithm.as_str().to_owned(),
        key: default.kms_master_key_id.filter(|key| !key.is_empty()),
    }))
}

/// S3 says nothing where accesses are not recorded.
pub(super) fn access_log(told: GetBucketLoggingOutput) -> Option<Option<String>> {
    Some(told.logging_enabled.map(|log| log.target_bucket))
}

pub(super) fn replicas(told: GetBucketReplicationOutput) -> Option<Vec<Replica>> {
    let rules = told.replication_configuration?.rules.into_iter();
    let enabled = rules.filter(|rule| rule.status == ReplicationRuleStatus::Enabled);
    enabled.map(replica).collect()
}

/// The name of the bucket is the end of its ARN.
fn replica(rule: types::ReplicationRule) -> Option<Replica> {
    #[allow(deprecated, reason = "rules that were written before filters were")]
    let (mut prefix, mut narrowed) = (rule.prefix, false);
    if let Some(filter) = rule.filter {
        prefix = filter.prefix.or(prefix);
        narrowed = filter.tag.is_some();
        if let Some(and) = filter.and {
            prefix = prefix.or(and.prefix);
            narrowed |= and.tags.is_some_and(|tags| !tags.is_empty());
        }
    }
    let bucket = rule.destination?.bucket.rsplit(':').next()?.to_owned();
    Some(Replica { bucket, prefix: prefix.unwrap_or_default(), narrowed })
}
