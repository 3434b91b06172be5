//! A trail, its key and its topic.

use super::*;

fn key_with(change: impl FnOnce(&mut KeyFacts)) -> Setup {
    trail_with(|trail| change(trail.key.as_mut().unwrap().as_mut().unwrap()))
}

fn key_policy(statements: &[String]) -> Setup {
    key_with(|key| key.policy = Ok(policy(statements)))
}

#[test]
fn what_describe_trails_tells() {
    fails(&trail_with(|trail| trail.validation = false), Check::LogFileValidation, "is off");
    fails(&trail_with(|trail| trail.multi_region = false), Check::MultiRegion, "us-east-1 alone");
    fails(&trail_with(|trail| trail.kms_key = None), Check::KmsEncryption, "no KMS key");
    passes(&good(), Check::KmsEncryption, KEY);
}

#[test]
fn a_trail_of_the_organization_is_asked_of_its_management_account() {
    let mut setup = good();
    setup.manages_organization = Ok(true);
    fails(&setup, Check::OrganizationTrail, "manages an organization");
    setup.trails[0].organization = true;
    passes(&setup, Check::OrganizationTrail, ACCOUNT);
    let mut beside = with_another(|other| other.organization = true);
    beside.manages_organization = Ok(true);
    is_not_applicable(&beside, Check::OrganizationTrail, "trail/other is the trail of the organization");
    let mut setup = good();
    setup.manages_organization = denied("organizations:DescribeOrganization");
    is_unknown(&setup, Check::OrganizationTrail, "organizations:DescribeOrganization");
}

#[test]
fn a_key_must_be_there_and_enabled_and_of_the_account() {
    passes(&good(), Check::KeyUsable, KEY);
    fails(&key_with(|key| key.state = "PendingDeletion".to_owned()), Check::KeyUsable, "PendingDeletion");
    fails(&key_with(|key| key.state = "absent".to_owned()), Check::KeyUsable, "KMS knows no key");
    fails(&key_with(|key| key.aws_managed = true), Check::KeyUsable, "AWS keeps");
    fails(&key_with(|key| key.rotated = Ok(false)), Check::KeyRotation, "is not rotated");
    is_unknown(
        &key_with(|key| key.rotated = denied("kms:GetKeyRotationStatus")),
        Check::KeyRotation,
        "kms:GetKeyRotationStatus",
    );
    is_unknown(&key_with(|key| key.policy = denied("kms:GetKeyPolicy")), Check::KeyUsable, "kms:GetKeyPolicy");
    is_unknown(&trail_with(|trail| trail.key = None), Check::KeyUsable, "was not looked at");
    let without = trail_with(|trail| (trail.kms_key, trail.key) = (None, None));
    is_not_applicable(&without, Check::KeyUsable, "no KMS key");
    is_not_applicable(&without, Check::KeyRotation, "no KMS key");
}

#[test]
fn a_key_policy_must_let_cloudtrail_use_it_for_this_trail() {
    let lets = |conditions: &str| allow(CLOUDTRAIL, r#""kms:GenerateDataKey""#, r#""*""#, conditions);
    passes(&key_policy(&[lets("{}")]), Check::KeyUsable, "lets");
    let root = allow(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, r#""kms:*""#, r#""*""#, "{}");
    fails(&key_policy(&[root]), Check::KeyUsable, "no statement allows it");
    let other = r#"{"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111122223333:trail/other"}}"#;
    fails(&key_policy(&[lets(other)]), Check::KeyUsable, "no statement allows it");
    let strange = r#"{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}"#;
    is_unknown(&key_policy(&[lets(strange)]), Check::KeyUsable, "hangs on kms:viaservice");
    let deny = lets("{}").replace("Allow", "Deny");
    fails(&key_policy(&[lets("{}"), deny]), Check::KeyUsable, "statement 2 denies it");
    is_unknown(&key_with(|key| key.policy = Ok("{".to_owned())), Check::KeyUsable, "is not understood");
}

#[test]
fn a_topic_must_be_there_and_told() {
    let topic =
        |change: fn(&mut TopicFacts)| trail_with(|trail| change(trail.topic_facts.as_mut().unwrap().as_mut().unwrap()));
    passes(&good(), Check::SnsTopic, "was last told at 2026-03-01T11:55:00Z");
    fails(&trail_with(|trail| trail.topic = None), Check::SnsTopic, "no topic");
    fails(&topic(|topic| topic.exists = false), Check::SnsTopic, "SNS knows no topic");
    fails(&topic(|topic| topic.policy = None), Check::SnsTopic, "no policy");
    fails(&topic(|topic| topic.policy = Some(policy(&[]))), Check::SnsTopic, "no statement allows it");
    is_unknown(&topic(|topic| topic.policy = Some("[]".to_owned())), Check::SnsTopic, "not understood");
    fails(
        &status_with(|status| status.topic_error = Some("AuthorizationError".to_owned())),
        Check::SnsTopic,
        "AuthorizationError",
    );
    is_unknown(&status_with(|status| status.topic_told = None), Check::SnsTopic, "was never told");
    is_unknown(&trail_with(|trail| trail.topic_facts = None), Check::SnsTopic, "was not looked at");
    is_unknown(
        &trail_with(|trail| trail.topic_facts = Some(denied("sns:GetTopicAttributes"))),
        Check::SnsTopic,
        "sns:GetTopicAttributes",
    );
    is_unknown(
        &trail_with(|trail| trail.status = denied("cloudtrail:GetTrailStatus")),
        Check::SnsTopic,
        "cloudtrail:GetTrailStatus",
    );
    // A trail may name its topic without its ARN.
    passes(&trail_with(|trail| trail.topic = Some("logs".to_owned())), Check::SnsTopic, "logs was last told");
}
