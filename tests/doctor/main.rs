//! `trailseal doctor` from the built binary, over an account as moto keeps it: each check passing and failing, and what happens to
//! it where its permission is missing; and Prowler over the same accounts.
//!
//! The tests are ignored unless asked for: `TRAILSEAL_PYTHON` names a Python that has `tests/sinks/requirements.txt`,
//! `TRAILSEAL_PROWLER` one that has Prowler, and `.ci/run` sees to it.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod account;
mod prowler;

use std::collections::{BTreeMap, BTreeSet};

use trailseal::doctor::{Check, Examination, Outcome};

use crate::account::{Account, Ran};

type Ids<'a> = BTreeSet<&'a str>;

/// What is spoilt, the checks that fail for it, and those that nobody can tell of then.
const SPOILT: [(&str, &str, &str); 36] = [
    ("good", "", ""),
    ("validation-off", "log-file-validation", ""),
    ("stopped", "trail-exists logging-now global-events-once", "cloudwatch-logs sns-topic"),
    ("one-region", "trail-exists multi-region", ""),
    ("no-global-events", "trail-exists multi-region global-events-once", ""),
    // The second one has no topic, no insights, no log group and no key, and the bucket's policy knows it not.
    (
        "two-trails",
        "global-events-once sns-topic insight-events cloudwatch-logs kms-encryption bucket-policy-delivery",
        "",
    ),
    ("organization", "organization-trail", ""),
    // Its policy lets in nothing for the other accounts.
    ("organization-recorded", "bucket-policy-delivery", ""),
    ("write-only", "trail-exists management-events global-events-once", ""),
    ("no-kms-events", "trail-exists management-events", ""),
    ("no-data-events", "data-events", ""),
    ("no-insights", "insight-events", ""),
    ("no-key", "kms-encryption", ""),
    ("no-log-group", "cloudwatch-logs", ""),
    ("no-topic", "sns-topic", ""),
    ("key-disabled", "key-usable", ""),
    ("key-closed", "key-usable", ""),
    ("key-not-rotated", "key-rotation", ""),
    ("log-error", "log-delivery", ""),
    ("digest-error", "digest-delivery", ""),
    ("digest-overdue", "digest-delivery", ""),
    ("log-group-error", "cloudwatch-logs", ""),
    ("topic-error", "sns-topic", ""),
    ("bucket-gone", "bucket-exists", ""),
    ("no-access-block", "bucket-access-block", ""),
    ("public", "bucket-not-public bucket-access-block", ""),
    ("no-policy", "bucket-policy-delivery bucket-tls", ""),
    ("no-source", "bucket-policy-source", ""),
    ("writer", "bucket-policy-writers", ""),
    ("no-tls", "bucket-tls", ""),
    ("no-versioning", "bucket-versioning", ""),
    // What it stands in for is missing with it.
    ("no-lock", "bucket-object-lock bucket-mfa-delete bucket-replication", ""),
    ("expires", "bucket-expiry", ""),
    ("archived", "bucket-archive", ""),
    ("no-access-log", "bucket-access-logging", ""),
    ("no-encryption", "bucket-encryption", ""),
];

/// Permissions, and the checks that are unknown without them. Those without any decide nothing where the rest is as it should be.
const DENIED: [(&str, &str); 23] = [
    ("account:ListRegions", "global-events-once"),
    ("cloudtrail:DescribeTrails", "global-events-once trail-exists"),
    ("cloudtrail:GetEventSelectors", "data-events global-events-once management-events trail-exists"),
    ("cloudtrail:GetInsightSelectors", "insight-events"),
    (
        "cloudtrail:GetTrailStatus",
        "cloudwatch-logs digest-delivery global-events-once log-delivery logging-now sns-topic trail-exists",
    ),
    ("kms:DescribeKey", "key-rotation key-usable"),
    ("kms:GetKeyPolicy", "key-usable"),
    ("kms:GetKeyRotationStatus", "key-rotation"),
    ("organizations:DescribeOrganization", "organization-trail"),
    ("s3:GetAccountPublicAccessBlock", ""),
    ("s3:GetBucketAcl", ""),
    ("s3:GetBucketLogging", "bucket-access-logging"),
    ("s3:GetBucketObjectLockConfiguration", "bucket-mfa-delete bucket-object-lock bucket-replication"),
    ("s3:GetBucketOwnershipControls", "bucket-ownership"),
    ("s3:GetBucketPolicy", "bucket-policy-delivery bucket-policy-source bucket-policy-writers bucket-tls"),
    ("s3:GetBucketPolicyStatus", ""),
    ("s3:GetBucketPublicAccessBlock", "bucket-access-block"),
    ("s3:GetBucketVersioning", "bucket-versioning"),
    ("s3:GetEncryptionConfiguration", "bucket-encryption"),
    ("s3:GetLifecycleConfiguration", "bucket-archive bucket-expiry"),
    ("s3:GetReplicationConfiguration", ""),
    ("s3:ListBucket", ""),
    ("sns:GetTopicAttributes", "sns-topic"),
];

fn words(text: &str) -> Ids<'_> {
    text.split_whitespace().collect()
}

fn ids(examination: &Examination, outcome: Outcome) -> Ids<'_> {
    let of = examination.checks.iter().filter(|checked| checked.outcome == outcome);
    of.map(|checked| checked.id.as_str()).collect()
}

#[test]
#[ignore = "needs moto: .ci/run installs it"]
fn each_check_passes_and_fails() {
    let mut account = Account::start();
    let names: Vec<&str> = SPOILT.iter().map(|(name, ..)| *name).chain(["acls-count"]).collect();
    assert_eq!(account.spoilt, names, "the script and the table");
    let mut good = BTreeSet::new();
    let mut failing: BTreeSet<String> = BTreeSet::new();
    for (name, fails, unknown) in SPOILT.into_iter().chain([("acls-count", "bucket-ownership", "")]) {
        account.spoil(name);
        let Ran { status, examination, .. } = account.examined(&[]);
        assert_eq!(ids(&examination, Outcome::Fail), words(fails), "{name}");
        assert_eq!(ids(&examination, Outcome::Unknown), words(unknown), "{name}");
        assert_eq!(status, if fails.is_empty() { 0 } else { 1 }, "{name}");
        failing.extend(words(fails).into_iter().map(str::to_owned));
        let passed = ids(&examination, Outcome::Pass);
        good.extend(passed.into_iter().map(str::to_owned));
        let advised =
            examination.checks.iter().all(|checked| (checked.outcome == Outcome::Fail) == checked.mend.is_some());
        assert!(advised, "{name}: how to mend what failed, and nothing else");
    }
    let all: BTreeSet<String> = Check::ALL.iter().map(|check| check.id().to_owned()).collect();
    assert_eq!(failing, all, "each check is seen to fail");
    assert_eq!(good, all, "and to pass");
}

#[test]
#[ignore = "needs moto: .ci/run installs it"]
fn a_permission_that_is_missing_makes_its_checks_unknown_and_passes_none() {
    let mut account = Account::start();
    account.spoil("good");
    let before = account.examined(&[]).examination;
    let asked: BTreeSet<String> = account.asked();
    let denied = DENIED.iter().map(|(action, _)| (*action).to_owned());
    let identity = "sts:GetCallerIdentity".to_owned();
    assert_eq!(asked, denied.chain([identity]).collect(), "what is asked, and the table");
    let outcomes = |of: &Examination| -> BTreeMap<(String, String), Outcome> {
        let key = |checked: &trailseal::doctor::Checked| (checked.id.clone(), checked.subject.name().to_owned());
        of.checks.iter().map(|checked| (key(checked), checked.outcome)).collect()
    };
    let good = outcomes(&before);
    for (action, unknown) in DENIED {
        account.deny(action);
        let Ran { status, examination, text } = account.examined(&[]);
        assert_eq!(ids(&examination, Outcome::Unknown), words(unknown), "{action}");
        assert_eq!(ids(&examination, Outcome::Fail), Ids::new(), "{action}");
        assert_eq!(status, if unknown.is_empty() { 0 } else { 3 }, "{action}");
        for (what, outcome) in outcomes(&examination) {
            let was = good.get(&what);
            assert!(
                outcome != Outcome::Pass || was == Some(&Outcome::Pass),
                "{action}: {what:?} passes, and was {was:?}"
            );
        }
        for checked in examination.checks.iter().filter(|checked| checked.outcome == Outcome::Unknown) {
            let names = checked.unseen.iter().any(|unseen| unseen.action == action && unseen.denied);
            assert!(names, "{action}: {checked:#?}");
        }
        assert!(unknown.is_empty() || text.contains(&format!("Grant      {action}\n")), "{action}: {text}");
    }
    account.deny("sts:GetCallerIdentity");
    assert_eq!(account.run(&[]).status.code(), Some(2), "nobody knows whose trails these are");
}

#[test]
#[ignore = "needs moto: .ci/run installs it"]
fn what_fails_keeps_failing_where_something_else_cannot_be_seen() {
    let mut account = Account::start();
    account.spoil("public");
    for action in ["s3:GetBucketAcl", "s3:GetAccountPublicAccessBlock", "s3:GetBucketPolicyStatus", "s3:ListBucket"] {
        account.deny(action);
        let examination = account.examined(&[]).examination;
        let passed = ids(&examination, Outcome::Pass);
        assert!(!passed.contains("bucket-not-public") && !passed.contains("bucket-access-block"), "{action}");
    }
}
