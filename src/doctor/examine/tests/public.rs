//! Who may get in.

use super::*;

const OFF: AccessBlock = AccessBlock {
    block_public_acls: false,
    ignore_public_acls: false,
    block_public_policy: false,
    restrict_public_buckets: false,
};

/// Nothing is blocked, and then changed.
fn open(change: impl FnOnce(&mut BucketFacts)) -> Setup {
    bucket_with(|bucket| {
        bucket.access_block = Ok(Some(OFF));
        change(bucket);
    })
}

fn anyone(conditions: &str) -> String {
    policy(&[allow(r#"{"AWS":"*"}"#, r#""s3:GetObject""#, r#""arn:aws:s3:::logs/*""#, conditions)])
}

#[test]
fn what_the_bucket_and_its_account_block_counts_together() {
    passes(&good(), Check::BucketAccessBlock, "of the bucket itself");
    fails(
        &bucket_with(|bucket| bucket.access_block = Ok(None)),
        Check::BucketAccessBlock,
        "off: BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets",
    );
    let acls = AccessBlock { block_public_acls: true, ignore_public_acls: true, ..OFF };
    let policies = AccessBlock { block_public_policy: true, restrict_public_buckets: true, ..OFF };
    let half =
        |account| bucket_with(|bucket| (bucket.access_block, bucket.account_access_block) = (Ok(Some(acls)), account));
    passes(&half(Ok(Some(policies))), Check::BucketAccessBlock, "some of the bucket and some of the account");
    fails(&half(Ok(Some(acls))), Check::BucketAccessBlock, "off: BlockPublicPolicy, RestrictPublicBuckets");
    is_unknown(
        &half(denied("s3:GetAccountPublicAccessBlock")),
        Check::BucketAccessBlock,
        "s3:GetAccountPublicAccessBlock",
    );
    let all = good_bucket().access_block;
    let account = bucket_with(|bucket| {
        (bucket.access_block, bucket.account_access_block) = (denied("s3:GetBucketPublicAccessBlock"), all)
    });
    passes(&account, Check::BucketAccessBlock, "of the account");
    passes(
        &bucket_with(|bucket| bucket.account_access_block = denied("x")),
        Check::BucketAccessBlock,
        "of the bucket itself",
    );
    is_unknown(
        &bucket_with(|bucket| bucket.access_block = denied("s3:GetBucketPublicAccessBlock")),
        Check::BucketAccessBlock,
        "s3:GetBucketPublicAccessBlock",
    );
}

#[test]
fn a_policy_that_lets_everyone_in_is_public() {
    passes(&open(|_| ()), Check::BucketNotPublic, "neither its policy nor its ACL");
    fails(
        &open(|bucket| bucket.public = Ok(Some(true))),
        Check::BucketNotPublic,
        "S3 takes its policy for a public one",
    );
    let open_to = |conditions: &str, public| {
        open(|bucket| (bucket.policy, bucket.public) = (Ok(Some(anyone(conditions))), public))
    };
    fails(&open_to("{}", Ok(Some(false))), Check::BucketNotPublic, "statement 1 of its policy lets everyone in");
    let unseen = || denied("s3:GetBucketPolicyStatus");
    let organization = r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}"#;
    passes(&open_to(organization, unseen()), Check::BucketNotPublic, "neither");
    fails(&open_to("{}", unseen()), Check::BucketNotPublic, "lets everyone in");
    for wide in [
        r#"{"StringLike":{"aws:PrincipalOrgID":"*"}}"#,
        r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abc"}}"#,
        r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}}"#,
        r#"{"StringEquals":{"aws:Referer":"x"}}"#,
        r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
    ] {
        // What these come to, S3 would say.
        is_unknown(&open_to(wide, unseen()), Check::BucketNotPublic, "s3:GetBucketPolicyStatus");
        passes(&open_to(wide, Ok(Some(false))), Check::BucketNotPublic, "neither");
    }
    let but = policy(&[
        r#"{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::1:root"},"Action":"s3:GetObject","Resource":"*"}"#
            .to_owned(),
    ]);
    fails(&open(|bucket| bucket.policy = Ok(Some(but))), Check::BucketNotPublic, "lets everyone in");
    is_unknown(
        &open(|bucket| (bucket.policy, bucket.public) = (denied("s3:GetBucketPolicy"), unseen())),
        Check::BucketNotPublic,
        "s3:GetBucketPolicy",
    );
    is_unknown(&open(|bucket| bucket.policy = Ok(Some("{".to_owned()))), Check::BucketNotPublic, "not understood");
    // S3 has read what could not be read here.
    passes(&open(|bucket| bucket.policy = denied("s3:GetBucketPolicy")), Check::BucketNotPublic, "neither");
}

#[test]
fn an_acl_that_lets_everyone_in_is_public() {
    let granted = |bucket: &mut BucketFacts| {
        bucket.grants = Ok(vec!["http://acs.amazonaws.com/groups/global/AllUsers: READ".to_owned()]);
    };
    fails(&open(granted), Check::BucketNotPublic, "AllUsers: READ");
    passes(&bucket_with(granted), Check::BucketNotPublic, "IgnorePublicAcls is on");
    is_unknown(&open(|bucket| bucket.grants = denied("s3:GetBucketAcl")), Check::BucketNotPublic, "s3:GetBucketAcl");
    passes(&bucket_with(|bucket| bucket.grants = denied("s3:GetBucketAcl")), Check::BucketNotPublic, "neither");
    // A policy that is not understood hides no ACL that is public.
    let both = open(|bucket| {
        granted(bucket);
        bucket.policy = Ok(Some("{".to_owned()));
    });
    fails(&both, Check::BucketNotPublic, "AllUsers: READ");
}

#[test]
fn what_is_public_counts_for_nothing_where_it_is_blocked() {
    let public = |bucket: &mut BucketFacts| bucket.public = Ok(Some(true));
    passes(&bucket_with(public), Check::BucketNotPublic, "which counts for nothing: RestrictPublicBuckets is on");
    let unseen = bucket_with(|bucket| {
        public(bucket);
        bucket.access_block = denied("s3:GetBucketPublicAccessBlock");
    });
    is_unknown(&unseen, Check::BucketNotPublic, "s3:GetBucketPublicAccessBlock");
}

#[test]
fn requests_without_tls_are_denied_for_the_bucket_and_its_objects() {
    passes(&good(), Check::BucketTls, "denies every request without TLS");
    let tls = |statement: &str| {
        let statement = statement.to_owned();
        bucket_with(|bucket| bucket.policy = Ok(Some(policy(&[statement]))))
    };
    let whole = guide().pop().unwrap();
    passes(&tls(&whole), Check::BucketTls, "denies");
    for (from, to) in [
        ("\"Deny\"", "\"Allow\""),
        ("\"s3:*\"", "\"s3:PutObject\""),
        ("\"false\"", "\"true\""),
        ("Principal\":\"*\"", "Principal\":{\"AWS\":\"arn:aws:iam::1:root\"}"),
        ("}}}", "},\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-1\"}}}"),
        ("\"Bool\"", "\"StringNotEquals\""),
    ] {
        assert!(whole.contains(from), "{from}");
        fails(&tls(&whole.replace(from, to)), Check::BucketTls, "does not deny");
    }
    // All services are not everyone.
    let services = whole.replace("Principal\":\"*\"", "Principal\":{\"Service\":\"*\"}");
    is_unknown(&tls(&services), Check::BucketTls, "not understood");
    fails(&tls(&whole.replace("\"arn:aws:s3:::logs\",", "")), Check::BucketTls, "of objects, and not of the bucket");
    fails(&tls(&whole.replace(",\"arn:aws:s3:::logs/*\"", "")), Check::BucketTls, "of the bucket, and not of objects");
    fails(&bucket_with(|bucket| bucket.policy = Ok(None)), Check::BucketTls, "no policy");
    is_unknown(
        &bucket_with(|bucket| bucket.policy = denied("s3:GetBucketPolicy")),
        Check::BucketTls,
        "s3:GetBucketPolicy",
    );
}

#[test]
fn acls_count_for_nothing_where_the_owner_is_enforced() {
    passes(&good(), Check::BucketOwnership, "BucketOwnerEnforced");
    let other = bucket_with(|bucket| {
        bucket.ownership = Ok(Some("ObjectWriter".to_owned()));
        bucket.grants = Ok(vec!["canonical: WRITE".to_owned()]);
    });
    fails(&other, Check::BucketOwnership, "ObjectWriter: ACLs count; its ACL grants canonical: WRITE");
    fails(&bucket_with(|bucket| bucket.ownership = Ok(None)), Check::BucketOwnership, "no ownership controls");
    is_unknown(
        &bucket_with(|bucket| bucket.ownership = denied("s3:GetBucketOwnershipControls")),
        Check::BucketOwnership,
        "s3:GetBucketOwnershipControls",
    );
}
