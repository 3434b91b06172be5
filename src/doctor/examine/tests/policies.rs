//! What the bucket policy lets CloudTrail do, for whose trails, and what it lets others do.

use super::*;

fn with(statements: &[String]) -> Setup {
    let text = policy(statements);
    bucket_with(|bucket| bucket.policy = Ok(Some(text)))
}

/// The guide's statements, and others.
fn and(more: &[String]) -> Setup {
    with(&[guide(), more.to_vec()].concat())
}

fn deny(principal: &str, action: &str, resource: &str, conditions: &str) -> String {
    allow(principal, action, resource, conditions).replace("Allow", "Deny")
}

const OBJECTS: &str = r#""arn:aws:s3:::logs/*""#;
const ANYONE: &str = r#""*""#;
const THEM: &str = r#"{"AWS":"arn:aws:iam::999999999999:role/r"}"#;

#[test]
fn cloudtrail_must_be_let_deliver() {
    passes(&good(), Check::BucketPolicyDelivery, "may deliver for main");
    let [acl, put, _] = &guide()[..] else { unreachable!() };
    fails(
        &with(std::slice::from_ref(put)),
        Check::BucketPolicyDelivery,
        "may not get the bucket's ACL for main: no statement allows it",
    );
    fails(
        &with(std::slice::from_ref(acl)),
        Check::BucketPolicyDelivery,
        "put objects below AWSLogs/111122223333/CloudTrail/",
    );
    for (from, to) in [
        (ACCOUNT, "999999999999"),
        ("s3:PutObject", "s3:PutObjectAcl"),
        ("::logs/", "::log/"),
        ("cloudtrail.amazonaws.com", "config.amazonaws.com"),
        ("bucket-owner-full-control", "private"),
        ("trail/main", "trail/other"),
        ("StringEquals", "StringNotEquals"),
        ("\"StringEquals\"", "\"Null\""),
    ] {
        assert!(put.contains(from), "{from}");
        let (outcome, saw) = says(&with(&[acl.clone(), put.replace(from, to)]), Check::BucketPolicyDelivery);
        assert!(matches!(outcome, Outcome::Fail | Outcome::Unknown), "{from}: {saw}");
    }
    // Log files may be written, and digest files not.
    let narrow = put.replace("3333/*", "3333/CloudTrail/*");
    fails(
        &with(&[acl.clone(), narrow.clone()]),
        Check::BucketPolicyDelivery,
        "may not put objects below AWSLogs/111122223333/CloudTrail-Digest/ for main",
    );
    // `s3:x-amz-acl` is sent with objects alone.
    let one = put.replace("\"s3:PutObject\"", "\"s3:*\"").replace("logs/AWSLogs/111122223333/*", "logs*");
    fails(&with(&[one]), Check::BucketPolicyDelivery, "may not get the bucket's ACL");
    let mut prefixed = good();
    prefixed.trails[0].prefix = "p/".to_owned();
    fails(&prefixed, Check::BucketPolicyDelivery, "put objects below p/AWSLogs/111122223333/CloudTrail/");
    fails(&bucket_with(|bucket| bucket.policy = Ok(None)), Check::BucketPolicyDelivery, "it has no policy");
    is_unknown(
        &bucket_with(|bucket| bucket.policy = denied("s3:GetBucketPolicy")),
        Check::BucketPolicyDelivery,
        "s3:GetBucketPolicy",
    );
    is_unknown(
        &bucket_with(|bucket| bucket.policy = Ok(Some("{}".to_owned()))),
        Check::BucketPolicyDelivery,
        "not understood",
    );
    let mut nobodys = good();
    nobodys.trails.clear();
    is_not_applicable(&nobodys, Check::BucketPolicyDelivery, "no trail");
}

#[test]
fn conditions_that_cloudtrail_fits_are_well_and_unknown_ones_are_unknown() {
    let [acl, put, _] = &guide()[..] else { unreachable!() };
    let fits = r#"{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:111122223333:trail/*"},"StringEquals":{"aws:SourceAccount":"111122223333"},"Bool":{"aws:SecureTransport":"true"}}"#;
    let below = r#""arn:aws:s3:::logs/AWSLogs/*""#;
    passes(&with(&[acl.clone(), allow(CLOUDTRAIL, r#""s3:Put*""#, below, fits)]), Check::BucketPolicyDelivery, "main");
    let strange = r#"{"StringEquals":{"aws:SourceOrgID":"o-1"}}"#;
    let put_strange = allow(CLOUDTRAIL, r#""s3:PutObject""#, below, strange);
    is_unknown(&with(&[acl.clone(), put_strange]), Check::BucketPolicyDelivery, "hangs on aws:sourceorgid");
    let public = allow(ANYONE, r#""s3:*""#, r#"["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]"#, "{}");
    is_unknown(&with(&[public]), Check::BucketPolicyDelivery, "hangs on whom");
    let variable = put.replace(&format!("AWSLogs/{ACCOUNT}/*"), "AWSLogs/${aws:SourceAccount}/*");
    is_unknown(&with(&[acl.clone(), variable]), Check::BucketPolicyDelivery, "hangs on the variables in its resources");
    let other = put.replace(&format!("AWSLogs/{ACCOUNT}/*"), "Elsewhere/${aws:SourceAccount}/*");
    fails(&with(&[acl.clone(), other]), Check::BucketPolicyDelivery, "no statement allows it");
}

#[test]
fn a_deny_that_hits_cloudtrail_counts() {
    let put = r#""s3:PutObject""#;
    fails(&and(&[deny(ANYONE, put, OBJECTS, "{}")]), Check::BucketPolicyDelivery, "statement 4 denies it");
    let but =
        r#"{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:*","Resource":"*"}"#;
    fails(&and(&[but.to_owned()]), Check::BucketPolicyDelivery, "statement 4 denies it");
    let digests = r#""arn:aws:s3:::logs/AWSLogs/*/CloudTrail-Digest/*""#;
    fails(
        &and(&[deny(ANYONE, put, digests, "{}")]),
        Check::BucketPolicyDelivery,
        "CloudTrail-Digest/ for main: statement 4 denies it",
    );
    let encrypted = r#"{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}"#;
    is_unknown(
        &and(&[deny(ANYONE, put, OBJECTS, encrypted)]),
        Check::BucketPolicyDelivery,
        "hangs on s3:x-amz-server-side-encryption",
    );
    is_unknown(
        &and(&[deny(ANYONE, put, r#""arn:aws:s3:::logs/*.json.gz""#, "{}")]),
        Check::BucketPolicyDelivery,
        "statement 4 denies",
    );
    for harmless in [
        deny(THEM, put, OBJECTS, "{}"),
        deny(ANYONE, r#""s3:DeleteObject*""#, OBJECTS, "{}"),
        deny(ANYONE, put, r#""arn:aws:s3:::logs/other/*""#, "{}"),
        deny(
            ANYONE,
            put,
            OBJECTS,
            r#"{"Bool":{"aws:PrincipalIsAWSService":"false"},"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
        ),
        deny(ANYONE, put, OBJECTS, r#"{"NumericLessThan":{"s3:TlsVersion":"1.2"}}"#),
        deny(ANYONE, put, OBJECTS, r#"{"StringNotEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}"#),
        but.replace("\"AWS\":\"arn:aws:iam::111122223333:root\"", "\"Service\":\"cloudtrail.amazonaws.com\""),
    ] {
        passes(&and(&[harmless]), Check::BucketPolicyDelivery, "main");
    }
}

#[test]
fn where_insights_could_not_be_seen_their_folder_is_not_said_to_be_open() {
    let [acl, put, _] = &guide()[..] else { unreachable!() };
    let below = |folder: &str| put.replace(&format!("AWSLogs/{ACCOUNT}/*"), &format!("AWSLogs/{ACCOUNT}/{folder}/*"));
    let without = || with(&[acl.clone(), below("CloudTrail"), below("CloudTrail-Digest")]);
    fails(&without(), Check::BucketPolicyDelivery, "CloudTrail-Insight/");
    let mut unseen = without();
    unseen.trails[0].insights = denied("cloudtrail:GetInsightSelectors");
    is_unknown(&unseen, Check::BucketPolicyDelivery, "whether it records insights could not be seen");
    unseen.trails[0].insights = Ok(Vec::new());
    passes(&unseen, Check::BucketPolicyDelivery, "main");
}

#[test]
fn a_trail_of_an_organization_needs_the_folder_of_that() {
    let organization = |statements: &[String]| {
        let mut setup = with(statements);
        setup.trails[0].organization = true;
        setup
    };
    let [acl, put, _] = &guide()[..] else { unreachable!() };
    let own = put.replace(&format!("AWSLogs/{ACCOUNT}/"), "AWSLogs/o-abc123/");
    fails(&organization(&guide()), Check::BucketPolicyDelivery, "put objects below AWSLogs/o-*/*/CloudTrail/");
    is_unknown(
        &organization(&[acl.clone(), own.clone()]),
        Check::BucketPolicyDelivery,
        "changed into one of its account alone",
    );
    let mut told = organization(&[acl.clone(), put.clone(), own]);
    is_unknown(&told, Check::BucketPolicyDelivery, "if the organization is o-abc123");
    told.organization_id = Some("o-abc123".to_owned());
    passes(&told, Check::BucketPolicyDelivery, "in the organization o-abc123");
    // It is another's: nothing of the members arrives.
    told.organization_id = Some("o-other".to_owned());
    fails(&told, Check::BucketPolicyDelivery, "put objects below AWSLogs/o-other/*/CloudTrail/");
    let all = put.replace(&format!("AWSLogs/{ACCOUNT}/"), "AWSLogs/");
    passes(&organization(&[acl.clone(), all]), Check::BucketPolicyDelivery, "main");
}

#[test]
fn cloudtrail_may_write_for_the_accounts_own_trails_alone() {
    let put = |conditions: &str| with(&[allow(CLOUDTRAIL, r#""s3:PutObject""#, OBJECTS, conditions)]);
    passes(&good(), Check::BucketPolicySource, ARN);
    let arn = |operator: &str, arn: &str| put(&format!(r#"{{"{operator}":{{"aws:SourceArn":"{arn}"}}}}"#));
    passes(&arn("ArnLike", "arn:aws:cloudtrail:*:111122223333:trail/*"), Check::BucketPolicySource, "trail/*");
    passes(&arn("ForAnyValue:StringLike", ARN), Check::BucketPolicySource, ARN);
    fails(&put("{}"), Check::BucketPolicySource, "statement 1 has no aws:SourceArn that it must fit");
    for wide in [
        "*",
        "arn:aws:cloudtrail:*:*:trail/*",
        "arn:aws:cloudtrail:*:????????????:trail/*",
        "arn:aws:*:*:111122223333:trail/*",
        "arn:aws:cloudtrail:*",
    ] {
        fails(&arn("StringLike", wide), Check::BucketPolicySource, "names no account's trails");
    }
    for weak in ["StringEqualsIfExists", "ForAllValues:StringEquals", "StringNotEquals", "Null"] {
        fails(&arn(weak, ARN), Check::BucketPolicySource, "no aws:SourceArn that it must fit");
    }
    fails(
        &put(r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#),
        Check::BucketPolicySource,
        "names the account 111122223333 by aws:SourceAccount, and no trail",
    );
    is_unknown(
        &arn("StringEquals", &ARN.replace(ACCOUNT, "999999999999")),
        Check::BucketPolicySource,
        "whose that is, is not known",
    );
    // Every statement counts.
    fails(
        &and(&[allow(CLOUDTRAIL, r#""s3:Put*""#, r#""arn:aws:s3:::logs/x/*""#, "{}")]),
        Check::BucketPolicySource,
        "statement 4",
    );
    fails(&and(&[allow(ANYONE, r#""s3:*""#, OBJECTS, "{}")]), Check::BucketPolicySource, "statement 4");
    is_not_applicable(&with(&[]), Check::BucketPolicySource, "no statement lets");
    is_not_applicable(&bucket_with(|bucket| bucket.policy = Ok(None)), Check::BucketPolicySource, "no policy");
    is_unknown(
        &bucket_with(|bucket| bucket.policy = denied("s3:GetBucketPolicy")),
        Check::BucketPolicySource,
        "s3:GetBucketPolicy",
    );
}

#[test]
fn nobody_else_may_write() {
    passes(&good(), Check::BucketPolicyWriters, "nobody but cloudtrail.amazonaws.com");
    passes(&bucket_with(|bucket| bucket.policy = Ok(None)), Check::BucketPolicyWriters, "no policy");
    is_unknown(
        &bucket_with(|bucket| bucket.policy = denied("s3:GetBucketPolicy")),
        Check::BucketPolicyWriters,
        "s3:GetBucketPolicy",
    );
    is_unknown(
        &bucket_with(|bucket| bucket.policy = Ok(Some("7".to_owned()))),
        Check::BucketPolicyWriters,
        "not understood",
    );
    for action in [
        "s3:*",
        "*",
        "s3:PutObject",
        "S3:putobject",
        "s3:P*",
        "s3:*Object",
        "s3:DeleteObjectVersion",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:PutLifecycleConfiguration",
        "s3:PutBucketVersioning",
        "s3:PutBucketPublicAccessBlock",
        "s3:BypassGovernanceRetention",
        "s3:PutObjectRetention",
        "s3:PutObjectLegalHold",
        "s3:ReplicateDelete",
        "s3:ObjectOwnerOverrideToBucketOwner",
        "s3:Put??????",
    ] {
        let setup = and(&[allow(
            THEM,
            &format!("[\"s3:GetObject\",\"{action}\"]"),
            r#"["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]"#,
            "{}",
        )]);
        fails(
            &setup,
            Check::BucketPolicyWriters,
            &format!("arn:aws:iam::999999999999:role/r ({})", action.to_ascii_lowercase()),
        );
    }
    for harmless in ["s3:GetObject*", "s3:List*", "s3:GetBucketPolicy", "s3:AbortMultipartUpload", "kms:*"] {
        passes(
            &and(&[allow(THEM, &format!("\"{harmless}\""), OBJECTS, "{}")]),
            Check::BucketPolicyWriters,
            "nobody but",
        );
    }
    passes(
        &and(&[allow(THEM, r#""s3:*""#, r#""arn:aws:s3:::another/*""#, "{}")]),
        Check::BucketPolicyWriters,
        "nobody but",
    );
    let conditions = r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#;
    fails(
        &and(&[allow(ANYONE, r#""s3:PutObject""#, OBJECTS, conditions)]),
        Check::BucketPolicyWriters,
        "everyone (s3:putobject, where aws:principalorgid fit)",
    );
    let but = r#"{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::1:root"},"NotAction":"s3:Get*","NotResource":"arn:aws:s3:::another/*"}"#;
    fails(&and(&[but.to_owned()]), Check::BucketPolicyWriters, "everyone but arn:aws:iam::1:root");
    let many = (1..=7).map(|n| format!("\"arn:aws:iam::{n}:root\"")).collect::<Vec<_>>().join(",");
    let setup = and(&[allow(&format!("{{\"AWS\":[{many}]}}"), r#""s3:PutObject""#, OBJECTS, "{}")]);
    fails(&setup, Check::BucketPolicyWriters, "arn:aws:iam::5:root (s3:putobject) and 2 more");
}

#[test]
fn a_deny_is_counted_where_it_covers_all_of_a_grant() {
    let grant = allow(THEM, r#""s3:PutObject""#, OBJECTS, "{}");
    let after = |deny: String| and(&[grant.clone(), deny]);
    passes(
        &after(deny(ANYONE, r#""s3:Put*""#, r#""arn:aws:s3:::logs*""#, "{}")),
        Check::BucketPolicyWriters,
        "nobody but",
    );
    for partial in [
        deny(ANYONE, r#""s3:Put*""#, OBJECTS, r#"{"StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::1:root"}}"#),
        deny(THEM, r#""s3:Put*""#, OBJECTS, "{}"),
        deny(ANYONE, r#""s3:DeleteObject""#, OBJECTS, "{}"),
        deny(ANYONE, r#""s3:Put*""#, r#""arn:aws:s3:::logs/AWSLogs/*""#, "{}"),
    ] {
        fails(&after(partial), Check::BucketPolicyWriters, "role/r (s3:putobject)");
    }
}

/// As many as fit into the longest policy: each with each other takes a moment, each with each of each, an hour.
#[test]
fn a_policy_of_thousands_of_actions_and_resources_is_read_to_its_end() {
    let many = |one: &str, last: &str| {
        let each: Vec<String> = (0..1_700).map(|n| format!("\"{one}{n:04}\"")).collect();
        format!("[{},\"{last}\"]", each.join(","))
    };
    let grant = allow(THEM, &many("s3:PutO*", "*"), &many("b", "*"), "{}");
    let deny = deny(ANYONE, r#""*""#, &many("c", "b*"), "{}");
    let written = [grant, deny];
    assert!(policy(&written).len() < 64 << 10);
    fails(&with(&written), Check::BucketPolicyWriters, "role/r");
}

#[test]
fn services_that_log_elsewhere_in_the_bucket_are_told() {
    let config = r#"{"Service":"config.amazonaws.com"}"#;
    let put = |service: &str, action: &str, below: &str| {
        and(&[allow(service, action, &format!("\"arn:aws:s3:::logs/{below}\""), "{}")])
    };
    let elsewhere = "AWSLogs/111122223333/Config/*";
    passes(
        &put(config, r#""s3:PutObject""#, elsewhere),
        Check::BucketPolicyWriters,
        "config.amazonaws.com may write elsewhere in it",
    );
    fails(
        &put(config, r#""s3:PutObject""#, "AWSLogs/111122223333/*"),
        Check::BucketPolicyWriters,
        "config.amazonaws.com (s3:putobject)",
    );
    fails(&put(config, r#""s3:*""#, elsewhere), Check::BucketPolicyWriters, "config.amazonaws.com (s3:*)");
    fails(
        &put(r#"{"Service":"ec2.amazonaws.com"}"#, r#""s3:PutObject""#, elsewhere),
        Check::BucketPolicyWriters,
        "ec2.amazonaws.com",
    );
    fails(&put(THEM, r#""s3:PutObject""#, elsewhere), Check::BucketPolicyWriters, "role/r");
    let member = "AWSLogs/o-abc/444455556666/Config/*";
    let mut organization = put(config, r#""s3:PutObject""#, member);
    organization.trails[0].organization = true;
    passes(&organization, Check::BucketPolicyWriters, "config.amazonaws.com may write elsewhere in it");
    let mut organization = put(config, r#""s3:PutObject""#, "AWSLogs/o-abc/*");
    organization.trails[0].organization = true;
    fails(&organization, Check::BucketPolicyWriters, "config.amazonaws.com (s3:putobject)");
}

/// Landing zones of Control Tower from 3.0 to 3.3: one bucket for AWS Config and the trail of the organization.
#[test]
fn the_bucket_of_control_tower_lets_nobody_overwrite() {
    let org = r#"{"StringEquals":{"aws:SourceOrgID":"o-abc123"}}"#;
    let below = |pattern: &str| format!("\"arn:aws:s3:::logs/o-abc123/AWSLogs/{pattern}\"");
    let setup = |conditions: &str| {
        let both = r#"{"Service":["config.amazonaws.com","cloudtrail.amazonaws.com"]}"#;
        let config = r#"{"Service":"config.amazonaws.com"}"#;
        let mut setup = with(&[
            guide().pop().unwrap(),
            allow(both, r#"["s3:GetBucketAcl","s3:ListBucket"]"#, r#""arn:aws:s3:::logs""#, "{}"),
            allow(config, r#""s3:PutObject""#, &below("*/*"), conditions),
            allow(CLOUDTRAIL, r#""s3:PutObject""#, &below("*/*"), org),
        ]);
        let trail = &mut setup.trails[0];
        (trail.organization, trail.prefix) = (true, "o-abc123/".to_owned());
        setup
    };
    passes(&setup(org), Check::BucketPolicyWriters, "config.amazonaws.com may write elsewhere in it");
    passes(&setup(org), Check::BucketTls, "denies");
    is_unknown(&setup(org), Check::BucketPolicyDelivery, "aws:sourceorgid");
    fails(&setup(org), Check::BucketPolicySource, "no aws:SourceArn");
    for open in [
        "{}",
        r#"{"StringLike":{"aws:SourceOrgID":"*"}}"#,
        r#"{"StringEqualsIfExists":{"aws:SourceOrgID":"o-abc123"}}"#,
        r#"{"StringEquals":{"aws:SourceOrgID":"${aws:ResourceOrgID}"}}"#,
        r#"{"StringEquals":{"aws:Referer":"o-abc123"}}"#,
    ] {
        fails(&setup(open), Check::BucketPolicyWriters, "config.amazonaws.com (s3:putobject");
    }
}
