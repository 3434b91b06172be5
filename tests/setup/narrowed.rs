//! What is set up, and for less than all.

use serde_json::json;
use trailseal::doctor::Replica;

use crate::server::{Server, granted, says, xml};
use crate::{asked, options, with_credentials};

#[tokio::test]
async fn what_a_rule_copies_is_told_with_it() {
    if !with_credentials("narrowed::what_a_rule_copies_is_told_with_it") {
        return;
    }
    let rule = |narrow: &str| {
        format!(
            "<Rule><Status>Enabled</Status>{narrow}<Destination><Bucket>arn:aws:s3:::copy</Bucket></Destination></Rule>"
        )
    };
    let tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";
    let rules = [
        rule(""),
        rule("<Prefix>old/</Prefix>"),
        rule("<Filter><Prefix>new/</Prefix></Filter>"),
        rule(&format!("<Filter>{tag}</Filter>")),
        rule(&format!("<Filter><And><Prefix>both/</Prefix>{tag}</And></Filter>")),
    ]
    .concat();
    let server = Server::that(move |question| match question.action.as_str() {
        "s3:GetReplicationConfiguration" => {
            xml(&format!("<ReplicationConfiguration><Role>r</Role>{rules}</ReplicationConfiguration>"))
        }
        _ => granted(question),
    })
    .await;
    let setup = asked(options(server.url()), None).await.unwrap();
    let replica = |prefix: &str, narrowed| Replica { bucket: "copy".to_owned(), prefix: prefix.to_owned(), narrowed };
    let told = [("", false), ("old/", false), ("new/", false), ("", true), ("both/", true)];
    let told: Vec<Replica> = told.into_iter().map(|(prefix, narrowed)| replica(prefix, narrowed)).collect();
    assert_eq!(setup.buckets["logs"].replicas, Ok(told));
}

#[tokio::test]
async fn a_key_that_is_rotated_less_often_is_not_rotated_each_year() {
    if !with_credentials("narrowed::a_key_that_is_rotated_less_often_is_not_rotated_each_year") {
        return;
    }
    for (days, yearly) in [(90, true), (365, true), (2_560, false)] {
        let server = Server::that(move |question| match question.action.as_str() {
            "kms:GetKeyRotationStatus" => says(&json!({ "KeyRotationEnabled": true, "RotationPeriodInDays": days })),
            _ => granted(question),
        })
        .await;
        let setup = asked(options(server.url()), None).await.unwrap();
        assert_eq!(setup.trails[0].key.as_ref().unwrap().as_ref().unwrap().rotated, Ok(yearly), "{days}");
    }
}
