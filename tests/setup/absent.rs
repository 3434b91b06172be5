//! Absent, forbidden and unreachable are three things, and so are one's own bucket and another's.

use trailseal::doctor::{ABSENT, AccessBlock};

use crate::server::{ACCOUNT, Answer, Question, Server, denied, error, granted, says, trail};
use crate::{asked, options, with_credentials};
use serde_json::json;

async fn bucket(server: &Server) -> trailseal::doctor::BucketFacts {
    let setup = asked(options(server.url()), None).await.unwrap();
    setup.buckets["logs"].clone()
}

fn of_bucket(question: &Question) -> bool {
    question.action.starts_with("s3:") && question.action != "s3:GetAccountPublicAccessBlock"
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_absent_only_if_s3_says_so() {
    if !with_credentials("absent::a_bucket_that_is_gone_is_absent_only_if_s3_says_so") {
        return;
    }
    let gone = |question: &Question| error(question, 404, "NoSuchBucket", "The specified bucket does not exist");
    let server =
        Server::that(move |question| if of_bucket(question) { gone(question) } else { granted(question) }).await;
    let facts = bucket(&server).await;
    assert_eq!(facts.exists, Ok(false));
    let said = [
        facts.region.unwrap_err(),
        facts.access_block.unwrap_err(),
        facts.policy.unwrap_err(),
        facts.lifecycle.unwrap_err(),
        facts.replicas.unwrap_err(),
    ];
    assert!(said.iter().all(|unseen| unseen.why == ABSENT && !unseen.denied), "{said:?}");

    // Something between answers for it.
    let gateway =
        |_: &Question| Answer::Says(404, ("content-type", "text/html".to_owned()), "<html>Not Found".to_owned());
    let server =
        Server::that(move |question| if of_bucket(question) { gateway(question) } else { granted(question) }).await;
    let facts = bucket(&server).await;
    let unseen = facts.exists.unwrap_err();
    assert!(!unseen.denied && unseen.why != ABSENT, "{unseen:?}");
    assert_ne!(facts.policy.unwrap_err().why, ABSENT);

    // One question is answered: it is there, whatever the others say.
    let server = Server::that(move |question| match question.action.as_str() {
        "s3:GetBucketVersioning" => granted(question),
        _ if of_bucket(question) => denied(question),
        _ => granted(question),
    })
    .await;
    let facts = bucket(&server).await;
    assert_eq!(facts.exists, Ok(true));
    assert!(facts.region.unwrap_err().denied && facts.versioning.is_ok());
}

#[tokio::test]
async fn where_a_bucket_lies_is_told_by_the_answer_that_refuses_too() {
    if !with_credentials("absent::where_a_bucket_lies_is_told_by_the_answer_that_refuses_too") {
        return;
    }
    for status in [301, 400, 403] {
        let server = Server::that(move |question| match question.action.as_str() {
            "s3:ListBucket" => Answer::Says(status, ("x-amz-bucket-region", "ap-south-1".to_owned()), String::new()),
            _ => granted(question),
        })
        .await;
        let facts = bucket(&server).await;
        assert_eq!((facts.exists, facts.region), (Ok(true), Ok("ap-south-1".to_owned())), "{status}");
        assert_eq!(server.regions("s3:GetBucketPolicy"), ["ap-south-1"]);
        let unseen = facts.account_access_block.unwrap_err();
        assert_eq!(unseen.action, "s3:ListBucket", "nothing shows whose it is");
    }
}

#[tokio::test]
async fn the_accounts_own_block_says_nothing_of_a_bucket_of_another() {
    if !with_credentials("absent::the_accounts_own_block_says_nothing_of_a_bucket_of_another") {
        return;
    }
    let server = Server::that(granted).await;
    let facts = bucket(&server).await;
    let block = AccessBlock { block_public_acls: true, ..AccessBlock::default() };
    assert_eq!(facts.account_access_block, Ok(Some(block)));
    let heads: Vec<String> =
        server.asked().into_iter().filter(|one| one.action == "s3:ListBucket").map(|one| one.owner).collect();
    assert_eq!(heads, [ACCOUNT]);
    // It is there, and not this account's.
    let server = Server::that(|question| match question.action.as_str() {
        "s3:ListBucket" if !question.owner.is_empty() => denied(question),
        _ => granted(question),
    })
    .await;
    let facts = bucket(&server).await;
    assert_eq!(facts.region.as_deref(), Ok("ap-south-1"));
    let unseen = facts.account_access_block.unwrap_err();
    assert!(unseen.why.contains("another account's"), "{unseen:?}");
    // Whoever asks says whose it must be; nobody asks without.
    let server = Server::that(granted).await;
    let of_another = trailseal::aws::AccessOptions {
        expected_bucket_owner: Some("999999999999".to_owned()),
        ..options(server.url())
    };
    let setup = asked(of_another, None).await.unwrap();
    assert!(setup.buckets["logs"].account_access_block.is_err());
    let owners = server.asked().into_iter().filter(of_bucket).map(|one| one.owner);
    assert!(owners.clone().count() == 12 && owners.into_iter().all(|owner| owner == "999999999999"));
    let server = Server::that(|question| match question.action.as_str() {
        "s3:GetAccountPublicAccessBlock" => error(question, 404, "NoSuchPublicAccessBlockConfiguration", "none"),
        _ => granted(question),
    })
    .await;
    assert_eq!(bucket(&server).await.account_access_block, Ok(None));
}

#[tokio::test]
async fn a_key_and_a_topic_that_are_gone_are_not_out_of_reach() {
    if !with_credentials("absent::a_key_and_a_topic_that_are_gone_are_not_out_of_reach") {
        return;
    }
    let server = Server::that(|question| match question.action.as_str() {
        "kms:DescribeKey" => error(question, 400, "NotFoundException", "Key does not exist"),
        "sns:GetTopicAttributes" => error(question, 404, "NotFound", "Topic does not exist"),
        _ => granted(question),
    })
    .await;
    let setup = asked(options(server.url()), None).await.unwrap();
    let key = setup.trails[0].key.as_ref().unwrap().as_ref().unwrap();
    assert_eq!((key.state.as_str(), key.policy.as_ref().unwrap_err().why.as_str()), (ABSENT, ABSENT));
    assert!(!setup.trails[0].topic_facts.as_ref().unwrap().as_ref().unwrap().exists);
}

#[tokio::test]
async fn what_is_larger_than_anything_of_aws_is_not_kept() {
    if !with_credentials("absent::what_is_larger_than_anything_of_aws_is_not_kept") {
        return;
    }
    let long = "x".repeat(100_000);
    let server = Server::that(move |question| match question.action.as_str() {
        "s3:GetBucketPolicy" => crate::server::xml(&long),
        "kms:GetKeyPolicy" => says(&json!({ "Policy": long })),
        "cloudtrail:GetEventSelectors" => says(&json!({ "AdvancedEventSelectors": [
            { "Name": long.repeat(12), "FieldSelectors": [] },
        ]})),
        "cloudtrail:DescribeTrails" => {
            let mut second = trail("arn:aws:cloudtrail:eu-central-1:111122223333:trail/second", "logs");
            second["CloudWatchLogsLogGroupArn"] = json!(long);
            says(&json!({ "trailList": [trail(crate::server::TRAIL, "logs"), second] }))
        }
        _ => granted(question),
    })
    .await;
    let setup = asked(options(server.url()), None).await.unwrap();
    let why = |why: &str| why.contains("larger than any that AWS gives");
    assert!(why(&setup.buckets["logs"].policy.as_ref().unwrap_err().why));
    assert_eq!(setup.trails.len(), 1);
    // Each of the two regions told of it.
    assert_eq!(setup.unasked_regions.len(), 2);
    let trail = &setup.trails[0];
    assert!(why(&trail.selectors.as_ref().unwrap_err().why));
    let key = trail.key.as_ref().unwrap().as_ref().unwrap();
    assert!(why(&key.policy.as_ref().unwrap_err().why));
}

#[tokio::test]
async fn whose_a_bucket_is_is_asked_where_it_lies() {
    if !with_credentials("absent::whose_a_bucket_is_is_asked_where_it_lies") {
        return;
    }
    let server = Server::that(|question| match question.action.as_str() {
        "s3:ListBucket" if question.region != "ap-south-1" => {
            Answer::Says(301, ("x-amz-bucket-region", "ap-south-1".to_owned()), String::new())
        }
        _ => granted(question),
    })
    .await;
    let facts = bucket(&server).await;
    assert_eq!(facts.region.as_deref(), Ok("ap-south-1"));
    assert!(facts.account_access_block.is_ok(), "{:?}", facts.account_access_block);
    assert_eq!(server.regions("s3:ListBucket"), ["ap-south-1", "eu-central-1"]);
}
