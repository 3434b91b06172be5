//! What the lifecycle deletes and moves.

use super::super::super::facts::{Expiry, LifecycleRule, Transition};
use super::*;

fn rule(prefix: &str, expiry: Option<Expiry>) -> LifecycleRule {
    LifecycleRule { id: "r".to_owned(), prefix: Some(prefix.to_owned()), expiry, ..LifecycleRule::default() }
}

fn with(rule: LifecycleRule) -> Setup {
    bucket_with(|bucket| bucket.lifecycle = Ok(vec![rule]))
}

fn moving(class: &str, days: Option<u32>) -> LifecycleRule {
    LifecycleRule { transitions: vec![Transition { class: class.to_owned(), days }], ..rule("", None) }
}

#[test]
fn nothing_expires_before_it_may() {
    passes(&good(), Check::BucketExpiry, "nothing expires before 365 days");
    fails(&with(rule("", Some(Expiry::After(364)))), Check::BucketExpiry, "rule r deletes after 364 days, before 365");
    passes(&with(rule("", Some(Expiry::After(365)))), Check::BucketExpiry, "rule r deletes after 365 days");
    for date in [now().plus(-1), now().plus(900 * Time::DAY)] {
        fails(&with(rule("", Some(Expiry::On(date)))), Check::BucketExpiry, "however young");
    }
    let anything = LifecycleRule { prefix: None, ..rule("", Some(Expiry::After(1))) };
    fails(&with(anything), Check::BucketExpiry, "after 1 days");
    let narrowed = LifecycleRule { narrowed: true, ..rule("", Some(Expiry::After(1))) };
    is_unknown(&with(narrowed), Check::BucketExpiry, "of objects with some tags or sizes");
    let old = LifecycleRule { old_versions_after: Some(30), ..rule("", None) };
    passes(&with(old), Check::BucketExpiry, "what was overwritten or deleted 30 days after that");
    for check in [Check::BucketExpiry, Check::BucketArchive] {
        is_unknown(
            &bucket_with(|bucket| bucket.lifecycle = denied("s3:GetLifecycleConfiguration")),
            check,
            "s3:GetLifecycleConfiguration",
        );
    }
}

#[test]
fn rules_count_where_cloudtrails_files_are() {
    let early = || Some(Expiry::After(1));
    for prefix in [
        "",
        "A",
        "AWSLogs/",
        "AWSLogs/111122223333",
        "AWSLogs/111122223333/",
        "AWSLogs/111122223333/Cloud",
        "AWSLogs/111122223333/CloudTrail/us-east-1/",
        "AWSLogs/111122223333/CloudTrail-Digest/",
        "AWSLogs/o-abc/",
        "AWSLogs/o-abc/111122223333/",
        "AWSLogs/o-abc/111122223333/CloudTrail/x",
    ] {
        fails(&with(rule(prefix, early())), Check::BucketExpiry, "rule r");
    }
    for prefix in [
        "other/",
        "B",
        "AWSLogs/111122223333/vpcflowlogs/",
        "AWSLogs/o-abc/111122223333/Config/",
        "AWSLogs/111122223333/elastic",
    ] {
        passes(&with(rule(prefix, early())), Check::BucketExpiry, "nothing expires");
    }
    let mut prefixed = with(rule("p/", early()));
    passes(&prefixed, Check::BucketExpiry, "nothing expires");
    prefixed.trails[0].prefix = "p/".to_owned();
    fails(&prefixed, Check::BucketExpiry, "rule r");
    // No trail that was looked at: any rule may be for what lies there.
    prefixed.trails.clear();
    fails(&prefixed, Check::BucketExpiry, "rule r");
}

#[test]
fn nothing_moves_to_an_archive_too_early() {
    passes(&good(), Check::BucketArchive, "nothing moves to an archive before 90 days");
    for class in ["GLACIER", "DEEP_ARCHIVE"] {
        fails(&with(moving(class, Some(89))), Check::BucketArchive, "after 89 days");
        fails(&with(moving(class, None)), Check::BucketArchive, "on a date");
        passes(&with(moving(class, Some(90))), Check::BucketArchive, "must be restored");
    }
    for class in ["GLACIER_IR", "STANDARD_IA", "ONEZONE_IA"] {
        passes(&with(moving(class, Some(0))), Check::BucketArchive, class);
    }
    passes(&with(moving("INTELLIGENT_TIERING", Some(0))), Check::BucketArchive, "archive tiers were not looked at");
    is_unknown(&with(moving("SNOW", Some(900))), Check::BucketArchive, "a class that is not known here");
    is_unknown(
        &with(LifecycleRule { narrowed: true, ..moving("GLACIER", Some(1)) }),
        Check::BucketArchive,
        "some tags",
    );
}
