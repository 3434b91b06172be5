//! Which trails there are: where they are asked for, and that each stands once.

use serde_json::json;

use crate::server::{ACCOUNT, Answer, Question, Server, TRAIL, denied, granted, says, trail};
use crate::{asked, options, with_credentials};

fn arn(region: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/{name}")
}

/// Trails in each of three regions and one that is not enabled; multi-region trails are seen in all of them.
fn trails(question: &Question) -> Answer {
    assert!(question.body.contains("\"includeShadowTrails\":true"), "{}", question.body);
    let mut list = vec![trail(TRAIL, "logs")];
    list.push(trail("arn:aws:cloudtrail:ap-east-1:999999999999:trail/org", "org-logs"));
    match question.region.as_str() {
        "us-east-1" => {
            // As a shadow of it might say.
            list[0]["LogFileValidationEnabled"] = json!(false);
            list.push(trail(&arn("us-east-1", "single"), "logs"));
            list.push(json!({ "Name": "nothing else" }));
        }
        "ap-east-1" => list[1]["IsOrganizationTrail"] = json!(true),
        _ => {}
    }
    says(&json!({ "trailList": list }))
}

#[tokio::test]
async fn each_trail_stands_once_as_its_home_region_tells_it() {
    if !with_credentials("regions::each_trail_stands_once_as_its_home_region_tells_it") {
        return;
    }
    let server = Server::that(|question| match question.action.as_str() {
        "account:ListRegions" if question.body.contains("NextToken") => {
            says(&json!({ "Regions": [{ "RegionName": "us-east-1" }, { "RegionName": "eu-west-1" }] }))
        }
        "account:ListRegions" => says(&json!({ "Regions": [{ "RegionName": "eu-central-1" }], "NextToken": "more" })),
        "cloudtrail:DescribeTrails" if question.region == "eu-west-1" => denied(question),
        "cloudtrail:DescribeTrails" => trails(question),
        _ => granted(question),
    })
    .await;
    let setup = asked(options(server.url()), None).await.unwrap();
    assert_eq!(setup.regions.as_deref().unwrap(), ["eu-central-1", "eu-west-1", "us-east-1"]);
    let known: Vec<(&str, bool)> = setup.trails.iter().map(|trail| (trail.arn.as_str(), trail.validation)).collect();
    let org = "arn:aws:cloudtrail:ap-east-1:999999999999:trail/org";
    let single = arn("us-east-1", "single");
    assert_eq!(known, [(org, true), (TRAIL, true), (single.as_str(), true)]);
    assert!(setup.trails[0].organization, "told by the home region, which is not among those that are enabled");
    assert_eq!(
        (setup.trails[0].account_id.as_str(), setup.trails[0].home_region.as_str()),
        ("999999999999", "ap-east-1")
    );
    let unasked: Vec<(&str, bool)> =
        setup.unasked_regions.iter().map(|(region, unseen)| (region.as_str(), unseen.denied)).collect();
    assert_eq!(unasked, [("eu-west-1", true), ("us-east-1", false)], "{:?}", setup.unasked_regions);
    let asked_in = server.regions("cloudtrail:DescribeTrails");
    assert_eq!(asked_in, ["ap-east-1", "eu-central-1", "eu-west-1", "us-east-1"], "each once");
    assert_eq!(server.regions("cloudtrail:GetTrailStatus"), ["ap-east-1", "eu-central-1", "us-east-1"]);
    assert_eq!(server.regions("kms:DescribeKey"), ["eu-west-1"; 3], "in the key's region");
    assert_eq!(server.regions("sns:GetTopicAttributes"), ["eu-west-2"; 3], "in the topic's region");
    // Two trails deliver to one of the buckets.
    assert_eq!(setup.buckets.keys().collect::<Vec<_>>(), ["logs", "org-logs"]);
    assert_eq!(server.regions("s3:GetBucketAcl"), ["ap-south-1"; 2], "where HEAD says that it lies");
}

#[tokio::test]
async fn without_the_regions_the_callers_own_and_the_homes_of_what_is_seen_there_are_asked() {
    if !with_credentials("regions::without_the_regions_the_callers_own_and_the_homes_of_what_is_seen_there_are_asked") {
        return;
    }
    let server = Server::that(|question| match question.action.as_str() {
        "account:ListRegions" => denied(question),
        "cloudtrail:DescribeTrails" => trails(question),
        _ => granted(question),
    })
    .await;
    let setup = asked(options(server.url()), None).await.unwrap();
    assert!(setup.regions.unwrap_err().denied);
    assert_eq!(server.regions("cloudtrail:DescribeTrails"), ["ap-east-1", "eu-central-1"]);
    assert_eq!(setup.trails.len(), 2);
    assert_eq!(setup.unasked_regions, []);
}

#[tokio::test]
async fn one_trail_is_asked_for_at_home_and_by_its_shadow_where_that_is_refused() {
    if !with_credentials("regions::one_trail_is_asked_for_at_home_and_by_its_shadow_where_that_is_refused") {
        return;
    }
    let org = "arn:aws:cloudtrail:ap-east-1:999999999999:trail/org";
    for refused in [false, true] {
        let server = Server::that(move |question| match question.action.as_str() {
            "cloudtrail:DescribeTrails" if refused && question.region == "ap-east-1" => denied(question),
            "cloudtrail:DescribeTrails" => {
                assert!(question.body.contains(org), "{}", question.body);
                trails(question)
            }
            _ => granted(question),
        })
        .await;
        let setup = asked(options(server.url()), Some(org)).await.unwrap();
        let known: Vec<(&str, bool)> =
            setup.trails.iter().map(|trail| (trail.arn.as_str(), trail.organization)).collect();
        assert_eq!(known, [(org, !refused)]);
        assert_eq!(setup.unasked_regions.len(), usize::from(refused));
        let asked_in: &[&str] = if refused { &["ap-east-1", "eu-central-1"] } else { &["ap-east-1"] };
        assert_eq!(server.regions("cloudtrail:DescribeTrails"), asked_in);
        assert_eq!(setup.only.as_deref(), Some(org));
        assert_eq!(setup.buckets.keys().collect::<Vec<_>>(), ["org-logs"]);
    }
}

/// Answers come only once so many are waited for, so that asking one after the other would never be answered; and never are
/// more waited for than that.
#[tokio::test]
async fn many_are_asked_at_once_and_no_more_than_are_meant_to_be() {
    if !with_credentials("regions::many_are_asked_at_once_and_no_more_than_are_meant_to_be") {
        return;
    }
    const MOST: usize = 16;
    let buckets: Vec<String> = (0..8).map(|at| format!("logs-{at}")).collect();
    let server = Server::held(MOST, move |question| match question.action.as_str() {
        "cloudtrail:DescribeTrails" => {
            let named = |bucket: &String| trail(&arn("eu-central-1", bucket), bucket);
            says(&json!({ "trailList": buckets.iter().map(named).collect::<Vec<_>>() }))
        }
        _ => granted(question),
    })
    .await;
    let setup = asked(options(server.url()), None).await.unwrap();
    assert_eq!(setup.buckets.len(), 8);
    assert!(setup.buckets.values().all(|bucket| bucket.policy.is_ok() && bucket.versioning.is_ok()));
    assert_eq!(server.most_waiting(), MOST);
}
