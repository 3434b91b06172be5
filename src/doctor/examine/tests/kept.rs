//! Whether what is in a bucket stays there.

use super::*;
use crate::doctor::facts::LifecycleRule;

fn lock(mode: &str, days: u32) -> Setup {
    let lock = LockRetention { mode: mode.to_owned(), days };
    bucket_with(|bucket| bucket.object_lock = Ok(Some(Some(lock))))
}

#[test]
fn versioning_keeps_what_is_overwritten() {
    passes(&good(), Check::BucketVersioning, "is on");
    fails(&bucket_with(|bucket| bucket.versioning = Ok(Versioning::default())), Check::BucketVersioning, "is off");
    is_unknown(
        &bucket_with(|bucket| bucket.versioning = denied("s3:GetBucketVersioning")),
        Check::BucketVersioning,
        "s3:GetBucketVersioning",
    );
}

#[test]
fn old_versions_are_to_be_kept_as_long_as_what_they_are_of() {
    let kept = |days, narrowed| {
        let rule = LifecycleRule { old_versions_after: Some(days), narrowed, ..LifecycleRule::default() };
        bucket_with(|bucket| {
            bucket.object_lock = Ok(None);
            bucket.lifecycle = Ok(vec![LifecycleRule { id: "old".to_owned(), ..rule }]);
        })
    };
    fails(&kept(30, false), Check::BucketVersioning, "rule old deletes what was overwritten or deleted");
    is_unknown(&kept(30, true), Check::BucketVersioning, "with some tags or sizes");
    passes(&kept(365, false), Check::BucketVersioning, "is on");
    let mut locked = kept(30, false);
    locked.buckets.get_mut("logs").unwrap().object_lock = good().buckets["logs"].object_lock.clone();
    passes(&locked, Check::BucketVersioning, "is on");
    let mut unlocked = kept(30, false);
    unlocked.buckets.get_mut("logs").unwrap().object_lock = denied("s3:GetBucketObjectLockConfiguration");
    is_unknown(&unlocked, Check::BucketVersioning, "s3:GetBucketObjectLockConfiguration");
    let mut unseen = kept(30, false);
    unseen.buckets.get_mut("logs").unwrap().lifecycle = denied("s3:GetLifecycleConfiguration");
    is_unknown(&unseen, Check::BucketVersioning, "s3:GetLifecycleConfiguration");
}

#[test]
fn object_lock_must_be_strict_and_long_enough() {
    passes(&good(), Check::BucketObjectLock, "COMPLIANCE mode, 365 days; 365 are asked for");
    fails(&lock("COMPLIANCE", 364), Check::BucketObjectLock, "364 days, and not for 365");
    fails(&lock("GOVERNANCE", 9_999), Check::BucketObjectLock, "s3:BypassGovernanceRetention");
    fails(&bucket_with(|bucket| bucket.object_lock = Ok(None)), Check::BucketObjectLock, "no Object Lock");
    fails(
        &bucket_with(|bucket| bucket.object_lock = Ok(Some(None))),
        Check::BucketObjectLock,
        "without a default retention",
    );
    is_unknown(
        &bucket_with(|bucket| bucket.object_lock = denied("s3:GetBucketObjectLockConfiguration")),
        Check::BucketObjectLock,
        "s3:GetBucketObjectLockConfiguration",
    );
}

#[test]
fn mfa_delete_or_object_lock_will_do() {
    let mut setup = lock("COMPLIANCE", 364);
    fails(&setup, Check::BucketMfaDelete, "MFA delete is off");
    fails(&lock("GOVERNANCE", 365), Check::BucketMfaDelete, "MFA delete is off");
    setup.buckets.get_mut("logs").unwrap().versioning = Ok(Versioning { enabled: true, mfa_delete: true });
    passes(&setup, Check::BucketMfaDelete, "MFA delete is on");
    setup.buckets.get_mut("logs").unwrap().versioning = Ok(Versioning { enabled: false, mfa_delete: true });
    fails(&setup, Check::BucketMfaDelete, "MFA delete is off");
    setup.buckets.get_mut("logs").unwrap().versioning = denied("s3:GetBucketVersioning");
    is_unknown(&setup, Check::BucketMfaDelete, "s3:GetBucketVersioning");
    let unlocked = bucket_with(|bucket| bucket.object_lock = denied("s3:GetBucketObjectLockConfiguration"));
    is_unknown(&unlocked, Check::BucketMfaDelete, "s3:GetBucketObjectLockConfiguration");
    // What was not seen does not matter where the other will do.
    passes(
        &bucket_with(|bucket| bucket.versioning = denied("s3:GetBucketVersioning")),
        Check::BucketMfaDelete,
        "Object Lock forbids it",
    );
}

#[test]
fn a_copy_or_object_lock_will_do() {
    passes(&good(), Check::BucketReplication, "Object Lock keeps");
    let mut setup = lock("GOVERNANCE", 365);
    fails(&setup, Check::BucketReplication, "copied nowhere");
    let mut with = |replicas| {
        setup.buckets.get_mut("logs").unwrap().replicas = replicas;
        setup.clone()
    };
    let to = |bucket: &str, prefix: &str| {
        Ok(vec![Replica { bucket: bucket.to_owned(), prefix: prefix.to_owned(), narrowed: false }])
    };
    for whole in ["", "AWS", "AWSLogs/"] {
        passes(&with(to("copy", whole)), Check::BucketReplication, "copied to copy");
    }
    fails(&with(to("logs", "")), Check::BucketReplication, "copied nowhere");
    // A copy of something else is none.
    fails(&with(to("copy", "other/")), Check::BucketReplication, "copied nowhere");
    let part = to("copy", "AWSLogs/111122223333/CloudTrail/");
    is_unknown(&with(part), Check::BucketReplication, "to copy, what begins with AWSLogs/111122223333/CloudTrail/");
    let tagged = Replica { narrowed: true, ..to("copy", "").unwrap().remove(0) };
    is_unknown(&with(Ok(vec![tagged])), Check::BucketReplication, "to copy, what has some tags");
    is_unknown(
        &with(denied("s3:GetReplicationConfiguration")),
        Check::BucketReplication,
        "s3:GetReplicationConfiguration",
    );
    passes(
        &bucket_with(|bucket| bucket.replicas = denied("s3:GetReplicationConfiguration")),
        Check::BucketReplication,
        "Object Lock",
    );
    let unseen = bucket_with(|bucket| bucket.object_lock = denied("s3:GetBucketObjectLockConfiguration"));
    is_unknown(&unseen, Check::BucketReplication, "s3:GetBucketObjectLockConfiguration");
}

#[test]
fn a_default_of_a_kms_key_is_well_where_digest_files_arrive() {
    let kms = |algorithm: &str| Ok(Some(Encryption { algorithm: algorithm.to_owned(), key: Some(KEY.to_owned()) }));
    passes(&good(), Check::BucketEncryption, "AES256");
    fails(&bucket_with(|bucket| bucket.encryption = Ok(None)), Check::BucketEncryption, "no default encryption");
    is_unknown(
        &bucket_with(|bucket| bucket.encryption = denied("s3:GetEncryptionConfiguration")),
        Check::BucketEncryption,
        "s3:GetEncryptionConfiguration",
    );
    is_unknown(&bucket_with(|bucket| bucket.encryption = kms("rot13")), Check::BucketEncryption, "not known here");
    let mut setup = bucket_with(|bucket| bucket.encryption = kms("aws:kms"));
    passes(&setup, Check::BucketEncryption, "and digest files arrive");
    setup.trails[0].status.as_mut().unwrap().digest_delivered = None;
    is_unknown(&setup, Check::BucketEncryption, "is not shown");
    setup.trails[0].status.as_mut().unwrap().digest_error = Some("KMS.AccessDenied".to_owned());
    fails(&setup, Check::BucketEncryption, "KMS.AccessDenied");
    setup.trails[0].status = denied("cloudtrail:GetTrailStatus");
    is_unknown(&setup, Check::BucketEncryption, "cloudtrail:GetTrailStatus");
    setup.trails[0].validation = false;
    is_unknown(&setup, Check::BucketEncryption, "no trail writes digest files");
}
