//! A setup as it should be, one of which nothing could be seen, and what each check says of those between.

mod account;
mod causes;
mod delivery;
mod events;
mod kept;
mod lifecycle;
mod policies;
mod public;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::Check;
use super::super::examination::{Examination, Outcome, Unseen};
use super::super::facts::{
    AccessBlock, BasicSelector, BucketFacts, DataResources, Encryption, KeyFacts, LockRetention, Replica, Selectors,
    Setup, TopicFacts, TrailFacts, TrailStatus, Versioning,
};
use super::examine;
use crate::trail::Time;

const ACCOUNT: &str = "111122223333";
const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k";
const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:logs";

fn now() -> Time {
    Time::parse_digest_time("2026-03-01T12:00:00Z").unwrap()
}

fn ago(seconds: i64) -> Option<Time> {
    Some(now().plus(-seconds))
}

fn denied<T>(action: &str) -> Result<T, Unseen> {
    Err(Unseen { action: action.to_owned(), denied: true, why: "AccessDenied".to_owned() })
}

fn allow(principal: &str, action: &str, resource: &str, conditions: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{principal},"Action":{action},"Resource":{resource},"Condition":{conditions}}}"#
    )
}

fn policy(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

const CLOUDTRAIL: &str = r#"{"Service":"cloudtrail.amazonaws.com"}"#;

/// The statements of the CloudTrail User Guide, and one that denies requests without TLS.
fn guide() -> Vec<String> {
    let source = format!(r#"{{"StringEquals":{{"aws:SourceArn":"{ARN}"}}}}"#);
    let put = format!(r#"{{"StringEquals":{{"aws:SourceArn":"{ARN}","s3:x-amz-acl":"bucket-owner-full-control"}}}}"#);
    let below = format!(r#""arn:aws:s3:::logs/AWSLogs/{ACCOUNT}/*""#);
    vec![
        allow(CLOUDTRAIL, r#""s3:GetBucketAcl""#, r#""arn:aws:s3:::logs""#, &source),
        allow(CLOUDTRAIL, r#""s3:PutObject""#, &below, &put),
        r#"{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#.to_owned(),
    ]
}

fn good_trail() -> TrailFacts {
    let key = policy(&[
        allow(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, r#""kms:*""#, r#""*""#, "{}"),
        allow(
            CLOUDTRAIL,
            r#""kms:GenerateDataKey*""#,
            r#""*""#,
            r#"{"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:111122223333:trail/*"}}"#,
        ),
    ]);
    let topic = policy(&[allow(CLOUDTRAIL, r#""SNS:Publish""#, &format!("\"{TOPIC}\""), "{}")]);
    let objects = DataResources { kind: "AWS::S3::Object".to_owned(), arns: vec!["arn:aws:s3".to_owned()] };
    let selector = BasicSelector {
        read_write: "All".to_owned(),
        management: true,
        excluded_sources: Vec::new(),
        data: vec![objects],
    };
    TrailFacts {
        arn: ARN.to_owned(),
        name: "main".to_owned(),
        account_id: ACCOUNT.to_owned(),
        home_region: "us-east-1".to_owned(),
        bucket: "logs".to_owned(),
        prefix: String::new(),
        multi_region: true,
        organization: false,
        global_events: true,
        validation: true,
        kms_key: Some(KEY.to_owned()),
        key: Some(Ok(KeyFacts {
            arn: KEY.to_owned(),
            state: "Enabled".to_owned(),
            aws_managed: false,
            policy: Ok(key),
            rotated: Ok(true),
        })),
        log_group: Some("arn:aws:logs:us-east-1:111122223333:log-group:g:*".to_owned()),
        topic: Some(TOPIC.to_owned()),
        topic_facts: Some(Ok(TopicFacts { exists: true, policy: Some(topic) })),
        status: Ok(TrailStatus {
            logging: true,
            started: ago(100 * Time::DAY),
            log_delivered: ago(300),
            digest_delivered: ago(1_800),
            log_group_delivered: ago(300),
            topic_told: ago(300),
            ..TrailStatus::default()
        }),
        selectors: Ok(Selectors { basic: vec![selector], advanced: Vec::new() }),
        insights: Ok(vec!["ApiCallRateInsight".to_owned()]),
    }
}

fn good_bucket() -> BucketFacts {
    let all = AccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
    BucketFacts {
        name: "logs".to_owned(),
        exists: Ok(true),
        own: Ok(()),
        region: Ok("us-east-1".to_owned()),
        access_block: Ok(Some(all)),
        account_access_block: Ok(None),
        public: Ok(Some(false)),
        policy: Ok(Some(policy(&guide()))),
        grants: Ok(Vec::new()),
        ownership: Ok(Some("BucketOwnerEnforced".to_owned())),
        versioning: Ok(Versioning { enabled: true, mfa_delete: false }),
        object_lock: Ok(Some(Some(LockRetention { mode: "COMPLIANCE".to_owned(), days: 365 }))),
        lifecycle: Ok(Vec::new()),
        access_log: Ok(Some("access".to_owned())),
        encryption: Ok(Some(Encryption { algorithm: "AES256".to_owned(), key: None })),
        replicas: Ok(Vec::new()),
    }
}

fn good() -> Setup {
    Setup {
        account_id: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        as_of: now(),
        regions: Ok(vec!["us-east-1".to_owned(), "eu-west-1".to_owned()]),
        manages_organization: Ok(false),
        organization_id: None,
        only: None,
        trails: vec![good_trail()],
        unasked_regions: Vec::new(),
        buckets: BTreeMap::from([("logs".to_owned(), good_bucket())]),
        retention_days: 365,
    }
}

/// The good setup, with its bucket changed.
fn bucket_with(change: impl FnOnce(&mut BucketFacts)) -> Setup {
    let mut setup = good();
    change(setup.buckets.get_mut("logs").unwrap());
    setup
}

/// The good setup, with its trail changed.
fn trail_with(change: impl FnOnce(&mut TrailFacts)) -> Setup {
    let mut setup = good();
    change(&mut setup.trails[0]);
    setup
}

fn status_with(change: impl FnOnce(&mut TrailStatus)) -> Setup {
    trail_with(|trail| change(trail.status.as_mut().unwrap()))
}

/// Another trail beside the good one.
fn with_another(change: impl FnOnce(&mut TrailFacts)) -> Setup {
    let mut setup = good();
    let mut other = good_trail();
    (other.arn, other.name, other.bucket) = (ARN.replace("main", "other"), "other".to_owned(), "elsewhere".to_owned());
    change(&mut other);
    let elsewhere = BucketFacts { name: other.bucket.clone(), ..good_bucket() };
    setup.buckets.insert(other.bucket.clone(), elsewhere);
    setup.trails.push(other);
    setup
}

/// What a check says of its first subject, in the order of the setup.
fn says(setup: &Setup, check: Check) -> (Outcome, String) {
    let examination = examine(setup);
    let subjects = [ACCOUNT, ARN, "logs"];
    let of_it = |id: &str, name: &str| id == check.id() && subjects.contains(&name);
    let mut found = examination.checks.iter().filter(|checked| of_it(&checked.id, checked.subject.name()));
    let checked = found.next().unwrap_or_else(|| panic!("{} is missing", check.id()));
    assert!(found.next().is_none(), "{} is there twice", check.id());
    (checked.outcome, checked.saw.clone())
}

#[track_caller]
fn comes_to(setup: &Setup, check: Check, outcome: Outcome, saw: &str) {
    let (came, says) = says(setup, check);
    assert!(came == outcome && says.contains(saw), "{}: {came:?}, {says}", check.id());
}

#[track_caller]
fn passes(setup: &Setup, check: Check, saw: &str) {
    comes_to(setup, check, Outcome::Pass, saw);
}

#[track_caller]
fn fails(setup: &Setup, check: Check, saw: &str) {
    comes_to(setup, check, Outcome::Fail, saw);
}

#[track_caller]
fn is_unknown(setup: &Setup, check: Check, saw: &str) {
    comes_to(setup, check, Outcome::Unknown, saw);
}

#[track_caller]
fn is_not_applicable(setup: &Setup, check: Check, saw: &str) {
    comes_to(setup, check, Outcome::NotApplicable, saw);
}

fn ids(examination: &Examination) -> BTreeSet<&str> {
    examination.checks.iter().map(|checked| checked.id.as_str()).collect()
}

// -- The whole --

/// Nothing could be seen but what `DescribeTrails` tells, and that is as bad as can be.
fn unseen() -> Setup {
    let mut setup = good();
    setup.regions = denied("account:ListRegions");
    setup.manages_organization = denied("organizations:DescribeOrganization");
    let trail = &mut setup.trails[0];
    (trail.multi_region, trail.validation, trail.kms_key) = (false, false, None);
    (trail.key, trail.topic_facts) = (Some(denied("kms:DescribeKey")), Some(denied("sns:GetTopicAttributes")));
    trail.status = denied("cloudtrail:GetTrailStatus");
    trail.selectors = denied("cloudtrail:GetEventSelectors");
    trail.insights = denied("cloudtrail:GetInsightSelectors");
    let bucket = BucketFacts {
        name: "logs".to_owned(),
        exists: denied("s3:ListBucket"),
        own: denied("s3:ListBucket"),
        region: denied("s3:GetBucketLocation"),
        access_block: denied("s3:GetBucketPublicAccessBlock"),
        account_access_block: denied("s3:GetAccountPublicAccessBlock"),
        public: denied("s3:GetBucketPolicyStatus"),
        policy: denied("s3:GetBucketPolicy"),
        grants: denied("s3:GetBucketAcl"),
        ownership: denied("s3:GetBucketOwnershipControls"),
        versioning: denied("s3:GetBucketVersioning"),
        object_lock: denied("s3:GetBucketObjectLockConfiguration"),
        lifecycle: denied("s3:GetLifecycleConfiguration"),
        access_log: denied("s3:GetBucketLogging"),
        encryption: denied("s3:GetEncryptionConfiguration"),
        replicas: denied("s3:GetReplicationConfiguration"),
    };
    setup.buckets.insert("logs".to_owned(), bucket);
    setup
}

#[test]
fn a_setup_as_it_should_be_passes_every_check_of_the_catalog() {
    let examination = examine(&good());
    let bad: Vec<String> = examination
        .checks
        .iter()
        .filter(|checked| checked.outcome != Outcome::Pass)
        .map(|checked| format!("{} {:?} {}", checked.id, checked.outcome, checked.saw))
        .collect();
    // The account manages no organization.
    assert_eq!(bad, ["organization-trail NotApplicable 111122223333 manages no organization"]);
    assert_eq!(ids(&examination), Check::ALL.iter().map(|check| check.id()).collect());
    assert_eq!((examination.outcome, examination.counts.passed), (Outcome::Pass, 31));
}

#[test]
fn where_nothing_could_be_seen_nothing_passes_and_each_check_names_the_permission() {
    let examination = examine(&unseen());
    assert_eq!(ids(&examination), Check::ALL.iter().map(|check| check.id()).collect());
    let mut named = BTreeSet::new();
    for checked in &examination.checks {
        assert_ne!(checked.outcome, Outcome::Pass, "{}: {}", checked.id, checked.saw);
        if checked.outcome == Outcome::Unknown {
            assert!(!checked.unseen.is_empty(), "{}: {}", checked.id, checked.saw);
            assert!(checked.unseen.iter().all(|unseen| checked.saw.contains(&unseen.action)), "{}", checked.saw);
            named.insert(checked.id.as_str());
        }
    }
    // What `DescribeTrails` tells is seen: validation, regions and key are bad in this setup.
    let seen = ["log-file-validation", "multi-region", "kms-encryption", "digest-delivery"];
    assert!(seen.iter().all(|id| !named.contains(id)) && named.len() == Check::ALL.len() - seen.len(), "{named:?}");
}

#[test]
fn a_bucket_of_several_trails_is_looked_at_once_and_every_trail_once() {
    let mut setup = with_another(|other| other.bucket = "logs".to_owned());
    setup.buckets.remove("elsewhere");
    let examination = examine(&setup);
    assert_eq!(examination.checks.len(), 2 + 2 * 14 + 16);
}

#[test]
fn a_bucket_that_is_gone_fails_once_and_one_that_was_not_looked_at_is_unknown() {
    let gone = bucket_with(|bucket| bucket.exists = Ok(false));
    fails(&gone, Check::BucketExists, "S3 knows no bucket logs");
    is_not_applicable(&gone, Check::BucketVersioning, "the bucket is not there");
    let mut setup = good();
    setup.buckets.clear();
    is_unknown(&setup, Check::BucketExists, "not looked at");
    is_unknown(&setup, Check::BucketPolicyWriters, "not looked at");
}

#[test]
fn what_nobody_asked_for_is_told() {
    let mut setup = good();
    let Err(unseen) = denied::<()>("cloudtrail:DescribeTrails") else { unreachable!() };
    setup.unasked_regions.push(("ap-south-1".to_owned(), unseen));
    setup.regions = denied("account:ListRegions");
    let left = examine(&setup).not_looked_at.join("\n");
    assert!(
        left.contains("IAM policies")
            && left.contains("trails of ap-south-1: cloudtrail:DescribeTrails is not allowed")
    );
    assert!(left.contains("account:ListRegions is not allowed"), "{left}");
}
