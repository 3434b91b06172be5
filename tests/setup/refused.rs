//! Whoever may not ask, and whoever is not answered: every fact says so, and none of them is taken for anything else.

use std::time::Duration;

use trailseal::aws::SetupError;
use trailseal::doctor::{BucketFacts, Fact, Setup, Unseen};

use crate::server::{ACCOUNT, Answer, Question, Server, TRAIL, denied, error, granted, identity, trails};
use crate::{asked, options, with_credentials};

/// Every fact of a setup that is no answer, with what it is called here.
fn unseen(setup: &Setup) -> Vec<(&'static str, Unseen)> {
    let mut found = Vec::new();
    fn look<T>(found: &mut Vec<(&'static str, Unseen)>, name: &'static str, fact: &Fact<T>) {
        found.extend(fact.as_ref().err().map(|unseen| (name, unseen.clone())));
    }
    look(&mut found, "regions", &setup.regions);
    look(&mut found, "manages_organization", &setup.manages_organization);
    for trail in &setup.trails {
        look(&mut found, "status", &trail.status);
        look(&mut found, "selectors", &trail.selectors);
        look(&mut found, "insights", &trail.insights);
        look(&mut found, "key", trail.key.as_ref().unwrap());
        if let Some(Ok(key)) = &trail.key {
            look(&mut found, "key policy", &key.policy);
            look(&mut found, "key rotated", &key.rotated);
        }
        look(&mut found, "topic", trail.topic_facts.as_ref().unwrap());
    }
    for bucket in setup.buckets.values() {
        let BucketFacts {
            name: _,
            exists,
            region,
            own,
            access_block,
            account_access_block,
            public,
            policy,
            grants,
            ownership,
            versioning,
            object_lock,
            lifecycle,
            access_log,
            encryption,
            replicas,
        } = bucket;
        look(&mut found, "exists", exists);
        look(&mut found, "region", region);
        look(&mut found, "own", own);
        look(&mut found, "access_block", access_block);
        look(&mut found, "account_access_block", account_access_block);
        look(&mut found, "public", public);
        look(&mut found, "policy", policy);
        look(&mut found, "grants", grants);
        look(&mut found, "ownership", ownership);
        look(&mut found, "versioning", versioning);
        look(&mut found, "object_lock", object_lock);
        look(&mut found, "lifecycle", lifecycle);
        look(&mut found, "access_log", access_log);
        look(&mut found, "encryption", encryption);
        look(&mut found, "replicas", replicas);
    }
    found
}

/// What each fact takes. A key's policy and rotation are asked for once the key is known.
const ACTIONS: [(&str, &str); 22] = [
    ("regions", "account:ListRegions"),
    ("manages_organization", "organizations:DescribeOrganization"),
    ("status", "cloudtrail:GetTrailStatus"),
    ("selectors", "cloudtrail:GetEventSelectors"),
    ("insights", "cloudtrail:GetInsightSelectors"),
    ("key", "kms:DescribeKey"),
    ("topic", "sns:GetTopicAttributes"),
    ("exists", "s3:ListBucket"),
    ("region", "s3:ListBucket"),
    ("own", "s3:ListBucket"),
    ("access_block", "s3:GetBucketPublicAccessBlock"),
    // Nothing shows whose the bucket is.
    ("account_access_block", "s3:ListBucket"),
    ("public", "s3:GetBucketPolicyStatus"),
    ("policy", "s3:GetBucketPolicy"),
    ("grants", "s3:GetBucketAcl"),
    ("ownership", "s3:GetBucketOwnershipControls"),
    ("versioning", "s3:GetBucketVersioning"),
    ("object_lock", "s3:GetBucketObjectLockConfiguration"),
    ("lifecycle", "s3:GetLifecycleConfiguration"),
    ("access_log", "s3:GetBucketLogging"),
    ("encryption", "s3:GetEncryptionConfiguration"),
    ("replicas", "s3:GetReplicationConfiguration"),
];

#[track_caller]
fn all_are_unseen(setup: &Setup, denied: bool) {
    let unseen = unseen(setup);
    let actions: Vec<(&str, &str)> = unseen.iter().map(|(name, unseen)| (*name, unseen.action.as_str())).collect();
    assert_eq!(actions, ACTIONS);
    for (name, unseen) in &unseen {
        assert_eq!(unseen.denied, denied, "{name}: {unseen:?}");
        assert!(!unseen.why.is_empty() && !unseen.why.contains("AKIA"), "{name}: {unseen:?}");
    }
}

/// Who asks and which trails there are is told; everything else is answered so.
async fn but_for_trails(answer: fn(&Question) -> Answer) -> Server {
    Server::that(move |question| identity(question).or_else(|| trails(question)).unwrap_or_else(|| answer(question)))
        .await
}

#[tokio::test]
async fn what_is_denied_is_unseen_and_says_what_it_takes() {
    if !with_credentials("refused::what_is_denied_is_unseen_and_says_what_it_takes") {
        return;
    }
    let server = but_for_trails(denied).await;
    let setup = asked(options(server.url()), None).await.unwrap();
    all_are_unseen(&setup, true);
    let status = setup.trails[0].status.as_ref().unwrap_err();
    assert!(status.why.contains("is not authorized to perform: cloudtrail:GetTrailStatus"), "{status:?}");
    // What was denied is not asked for again.
    let of_status = server.regions("cloudtrail:GetTrailStatus");
    assert_eq!(of_status, ["eu-central-1"]);
}

#[tokio::test]
async fn what_is_not_answered_is_unseen_and_nobody_was_denied() {
    if !with_credentials("refused::what_is_not_answered_is_unseen_and_nobody_was_denied") {
        return;
    }
    let server = but_for_trails(|_| Answer::Says(500, ("content-type", "text/html".to_owned()), String::new())).await;
    all_are_unseen(&asked(options(server.url()), None).await.unwrap(), false);
    assert_eq!(server.regions("cloudtrail:GetTrailStatus").len(), 2, "it is asked for again");
    // Whoever is no AWS, and says yes to everything.
    let server =
        but_for_trails(|_| Answer::Says(200, ("content-type", "text/html".to_owned()), "<html>".to_owned())).await;
    let setup = asked(options(server.url()), None).await.unwrap();
    let names: Vec<&str> = unseen(&setup).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ACTIONS.map(|(name, _)| name));
}

#[tokio::test]
async fn what_is_never_answered_ends_by_the_time_limits() {
    if !with_credentials("refused::what_is_never_answered_ends_by_the_time_limits") {
        return;
    }
    let server = but_for_trails(|_| Answer::Hangs).await;
    let impatient = trailseal::aws::AccessOptions {
        read_timeout: Duration::from_millis(100),
        attempts: 1,
        ..options(server.url())
    };
    all_are_unseen(&asked(impatient, None).await.unwrap(), false);
}

#[tokio::test]
async fn what_is_refused_for_a_while_is_asked_for_again() {
    if !with_credentials("refused::what_is_refused_for_a_while_is_asked_for_again") {
        return;
    }
    let first = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let server = Server::that(move |question| {
        let service = question.action.split(':').next().unwrap().to_owned();
        let of_one = (service.clone(), question.action.clone(), question.region.clone(), question.owner.clone());
        if !first.lock().unwrap().insert(of_one) {
            return granted(question);
        }
        let code = if service == "s3" { "SlowDown" } else { "ThrottlingException" };
        error(question, if service == "s3" { 503 } else { 400 }, code, "too fast")
    })
    .await;
    let setup = asked(trailseal::aws::AccessOptions { attempts: 3, ..options(server.url()) }, None).await.unwrap();
    assert_eq!(unseen(&setup), []);
    assert_eq!(setup.trails.len(), 1);
}

#[tokio::test]
async fn where_nothing_may_be_asked_no_trail_is_known_and_that_is_said() {
    if !with_credentials("refused::where_nothing_may_be_asked_no_trail_is_known_and_that_is_said") {
        return;
    }
    let server = Server::that(|question| identity(question).unwrap_or_else(|| denied(question))).await;
    for (trail, regions) in [
        (None, vec!["eu-central-1"]),
        (Some(TRAIL), vec!["eu-central-1"]),
        (Some("arn:aws:cloudtrail:us-east-1:999999999999:trail/org"), vec!["us-east-1", "eu-central-1"]),
    ] {
        let setup = asked(options(server.url()), trail).await.unwrap();
        assert_eq!((setup.account_id.as_str(), setup.partition.as_str()), (ACCOUNT, "aws"));
        assert_eq!((setup.trails.len(), setup.buckets.len(), setup.only.as_deref()), (0, 0, trail));
        let unasked: Vec<&str> = setup.unasked_regions.iter().map(|(region, _)| region.as_str()).collect();
        assert_eq!(unasked, regions);
        for (_, unseen) in &setup.unasked_regions {
            assert!(unseen.denied && unseen.action == "cloudtrail:DescribeTrails", "{unseen:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_said_of_nobody_and_of_no_trail() {
    if !with_credentials("refused::nothing_is_said_of_nobody_and_of_no_trail") {
        return;
    }
    let message = "The security token included in the request is invalid";
    let server = Server::that(move |question| error(question, 403, "InvalidClientTokenId", message)).await;
    let refused = asked(options(server.url()), None).await.unwrap_err();
    assert!(matches!(&refused, SetupError::Identity(why) if why.contains(message)), "{refused}");
    let server = Server::that(granted).await;
    let other = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/other";
    let refused = asked(options(server.url()), Some(other)).await.unwrap_err();
    assert!(
        matches!(&refused, SetupError::Unknown(arn, region) if arn == other && region == "eu-central-1"),
        "{refused}"
    );
}
