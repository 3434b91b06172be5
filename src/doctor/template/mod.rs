//! A trail set up as the checks want it, as Terraform or as CloudFormation with the names filled in.
//!
//! The templates are data, beside this file. In them `@NAME@` stands for a name; a line that begins with `@organization@`,
//! `@account@` or `@archive@` is there where the trail is one of an organization, where it is not, and where objects are kept
//! for long enough to be archived. What is filled in is pasted into HCL and YAML, so that each name is held to its grammar.

use crate::trail::{is_account_id, is_organization_id, is_region, is_trail_name};

/// What a template is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// HCL, for Terraform or OpenTofu with the provider hashicorp/aws.
    Terraform,
    /// YAML, for AWS CloudFormation.
    Cloudformation,
}

/// What is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateNames {
    /// The trail's name.
    pub trail: String,
    /// The bucket that is made for it; a second one, of its access logs, is called `BUCKET-access-logs`.
    pub bucket: String,
    /// The account that it is made in; for a trail of an organization, the management account.
    pub account_id: String,
    /// Its home region.
    pub region: String,
    /// The partition of that region, as [`partition_of`] tells it.
    pub partition: String,
    /// Days for which Object Lock keeps what is delivered.
    pub retention_days: u32,
    /// The organization whose accounts it records; none where it records its own account alone.
    pub organization_id: Option<String>,
}

/// Why a template cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// CloudTrail user guide, "Naming requirements".
    #[error(
        "`{0}` cannot be a trail's name; take 3 to 128 letters, digits, dots, dashes and underscores, with a letter or a digit at both ends and no two signs side by side"
    )]
    Trail(String),
    /// S3 user guide, "General purpose bucket naming rules".
    #[error(
        "`{0}` cannot be the name of a new bucket here; take 3 to {LONGEST_BUCKET} lowercase letters, digits and dashes, with a letter or a digit at both ends and none of the beginnings and ends that S3 reserves"
    )]
    Bucket(String),
    /// It is not twelve digits.
    #[error("`{0}` is no account; give its twelve digits (`aws sts get-caller-identity` prints them)")]
    Account(String),
    /// It does not look like one.
    #[error("`{0}` is no region; give the trail's home region, such as us-east-1")]
    Region(String),
    /// The region is in another one.
    #[error("the region {region} is not in the partition `{partition}`; give {expected}, or another region")]
    Partition {
        /// The region.
        region: String,
        /// What was given.
        partition: String,
        /// The partition that the region is in.
        expected: &'static str,
    },
    /// Object Lock takes no such number.
    #[error("objects cannot be locked for {0} days; give 1 to {LONGEST_RETENTION} days, such as 365")]
    Retention(u32),
    /// It does not look like one.
    #[error(
        "`{0}` is no organization; give its id, such as o-exampleorgid (`aws organizations describe-organization` prints it)"
    )]
    Organization(String),
}

/// The template with the names filled in: HCL or YAML, with a line feed at its end.
///
/// # Errors
///
/// A name that AWS would refuse, or that could be taken for something else where it is pasted.
pub fn template(kind: TemplateKind, names: &TemplateNames) -> Result<String, TemplateError> {
    validate(names)?;
    let text = match kind {
        TemplateKind::Terraform => include_str!("terraform.tf"),
        TemplateKind::Cloudformation => include_str!("cloudformation.yaml"),
    };
    Ok(fill(text, names))
}

/// The partition that a region is in, by its name.
pub fn partition_of(region: &str) -> &'static str {
    let known = PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix));
    known.map_or("aws", |(_, partition)| partition)
}

fn validate(names: &TemplateNames) -> Result<(), TemplateError> {
    let TemplateNames { trail, bucket, account_id, region, partition, retention_days, organization_id } = names;
    if !is_new_trail_name(trail) {
        return Err(TemplateError::Trail(trail.clone()));
    }
    if !is_new_bucket_name(bucket) {
        return Err(TemplateError::Bucket(bucket.clone()));
    }
    if !is_account_id(account_id) {
        return Err(TemplateError::Account(account_id.clone()));
    }
    if !is_region(region) {
        return Err(TemplateError::Region(region.clone()));
    }
    let expected = partition_of(region);
    if partition != expected {
        let (region, partition) = (region.clone(), partition.clone());
        return Err(TemplateError::Partition { region, partition, expected });
    }
    if !(1..=LONGEST_RETENTION).contains(retention_days) {
        return Err(TemplateError::Retention(*retention_days));
    }
    match organization_id {
        Some(id) if !is_organization_id(id) => Err(TemplateError::Organization(id.clone())),
        _ => Ok(()),
    }
}

/// What CloudTrail takes for a new trail; that of one that is read is held to less.
fn is_new_trail_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    is_trail_name(name)
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.windows(2).all(|pair| pair.iter().any(u8::is_ascii_alphanumeric))
        && !looks_like_an_address(name)
}

/// Four numbers with dots between them.
fn looks_like_an_address(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}

/// What S3 takes for a new bucket, of which the second one's name can be made; without dots, which its certificates do not cover.
fn is_new_bucket_name(name: &str) -> bool {
    let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=LONGEST_BUCKET).contains(&bytes.len())
        && bytes.iter().all(|b| alphanumeric(b) || *b == b'-')
        && bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && !RESERVED_BEGINNINGS.iter().any(|reserved| name.starts_with(reserved))
        && !RESERVED_ENDS.iter().any(|reserved| name.ends_with(reserved))
}

fn fill(text: &str, names: &TemplateNames) -> String {
    // One day more than the lock would do; a month leaves room for what is to be read when it ends.
    let expiry = names.retention_days + 30;
    let organization = names.organization_id.as_deref();
    let conditions = [
        ("@organization@", organization.is_some()),
        ("@account@", organization.is_none()),
        ("@archive@", expiry >= ARCHIVED_AFTER + ARCHIVED_FOR),
    ];
    let days = [names.retention_days, expiry, log_group_days(names.retention_days)].map(|days| days.to_string());
    let [retention, expiry, log_days] = &days;
    // Neither topics nor aliases may have dots in their names.
    let slug = names.trail.replace('.', "-");
    let values = [
        ("@TRAIL@", names.trail.as_str()),
        ("@SLUG@", &slug),
        ("@BUCKET@", &names.bucket),
        ("@ACCOUNT@", &names.account_id),
        ("@REGION@", &names.region),
        ("@PARTITION@", &names.partition),
        ("@ORGANIZATION@", organization.unwrap_or_default()),
        ("@DAYS@", retention),
        ("@EXPIRY@", expiry),
        ("@LOG_DAYS@", log_days),
    ];
    let mut filled = String::new();
    for line in text.lines() {
        let condition = conditions.iter().find_map(|(mark, holds)| Some((line.strip_prefix(mark)?, *holds)));
        let (line, wanted) = condition.unwrap_or((line, true));
        if wanted {
            let line = values.iter().fold(line.to_owned(), |line, (mark, value)| line.replace(mark, value));
            filled.push_str(&line);
            filled.push('\n');
        }
    }
    filled
}

/// The shortest time that CloudWatch Logs knows and that is long enough; where none is, its longest.
fn log_group_days(retention_days: u32) -> u32 {
    let longest = LOG_GROUP_DAYS.last().copied().unwrap_or_default();
    LOG_GROUP_DAYS.iter().copied().find(|days| *days >= retention_days).unwrap_or(longest)
}

/// With `-access-logs` behind it, 63 bytes.
const LONGEST_BUCKET: usize = 51;

/// A hundred years (S3 API reference, `DefaultRetention`).
const LONGEST_RETENTION: u32 = 36_500;

/// Days after which objects move to Glacier Instant Retrieval: PCI DSS wants three months at hand.
const ARCHIVED_AFTER: u32 = 90;

/// Days for which an object there is paid for, however soon it goes.
const ARCHIVED_FOR: u32 = 90;

/// CloudWatch Logs API reference, `PutRetentionPolicy`.
const LOG_GROUP_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// How the names of regions begin that are not in `aws`.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

/// S3 user guide, "General purpose bucket naming rules".
const RESERVED_BEGINNINGS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_ENDS: [&str; 4] = ["-s3alias", "--ol-s3", "--x-s3", "--table-s3"];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a template that cannot be filled in fails the test")]
mod tests {
    use super::*;

    const KINDS: [TemplateKind; 2] = [TemplateKind::Terraform, TemplateKind::Cloudformation];

    fn names() -> TemplateNames {
        TemplateNames {
            trail: "audit.trail".to_owned(),
            bucket: "example-trail".to_owned(),
            account_id: "111122223333".to_owned(),
            region: "us-gov-west-1".to_owned(),
            partition: "aws-us-gov".to_owned(),
            retention_days: 365,
            organization_id: None,
        }
    }

    #[test]
    fn every_name_is_filled_in() {
        for kind in KINDS {
            for organization_id in [None, Some("o-exampleorgid".to_owned())] {
                let text = template(kind, &TemplateNames { organization_id, ..names() }).unwrap();
                let left = text.lines().find(|line| line.contains('@'));
                assert_eq!(left, None, "{kind:?}");
                assert!(
                    text.contains("arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/audit.trail"),
                    "{kind:?}"
                );
                assert!(text.contains("example-trail-access-logs"), "{kind:?}");
                assert!(
                    text.contains("cloudtrail-audit-trail") && !text.contains("cloudtrail-audit.trail"),
                    "{kind:?}"
                );
                assert!(!text.contains("arn:aws:"), "{kind:?}: another partition");
                assert!(text.ends_with('\n') && !text.contains('\r') && !text.contains('\t'), "{kind:?}");
            }
        }
    }

    #[test]
    fn an_organization_is_recorded_where_one_is_given_and_only_there() {
        for kind in KINDS {
            let organization_id = Some("o-exampleorgid".to_owned());
            let organization = template(kind, &TemplateNames { organization_id, ..names() }).unwrap();
            let account = template(kind, &names()).unwrap();
            for delivered in ["/AWSLogs/o-exampleorgid/*", ":log-stream:o-exampleorgid_*", "enable-aws-service-access"]
            {
                assert!(organization.contains(delivered) && !account.contains("o-"), "{kind:?}: {delivered}");
            }
            // The management account's own folder is wanted by either.
            assert!([&organization, &account].iter().all(|text| text.contains("/AWSLogs/111122223333/*")), "{kind:?}");
            let said = |text: &str| -> Vec<bool> {
                let lines = text.lines().map(|line| line.to_lowercase().replace([' ', '_'], ""));
                let of = lines.filter(|line| line.starts_with("isorganizationtrail"));
                of.map(|line| line.ends_with("true")).collect()
            };
            assert_eq!((said(&organization), said(&account)), (vec![true], vec![false]), "{kind:?}");
        }
    }

    #[test]
    fn days_follow_the_retention() {
        for kind in KINDS {
            let with = |retention_days| template(kind, &TemplateNames { retention_days, ..names() }).unwrap();
            let numbers = |text: &str| -> Vec<String> {
                let numbered = text.lines().filter(|line| line.to_lowercase().contains("days"));
                numbered
                    .filter_map(|line| line.split([' ', ':']).next_back()?.parse().ok())
                    .map(|n: u32| n.to_string())
                    .collect()
            };
            // Of the key, the lock, the archive, both lifecycles and the log group, in the order of the template.
            assert_eq!(
                numbers(&with(365)),
                ["30", "365", "90", "395", "365", "7", "395", "365", "7", "365"],
                "{kind:?}"
            );
            assert_eq!(
                numbers(&with(366)),
                ["30", "366", "90", "396", "366", "7", "396", "366", "7", "400"],
                "{kind:?}"
            );
            // Whatever goes before it would have been paid off is not moved.
            assert!(with(150).contains("GLACIER_IR") && !with(149).contains("GLACIER_IR"), "{kind:?}");
            assert_eq!(numbers(&with(1)), ["30", "1", "31", "1", "7", "31", "1", "7", "1"], "{kind:?}");
        }
        assert_eq!([1, 2, 3653, 3654, LONGEST_RETENTION].map(log_group_days), [1, 3, 3653, 3653, 3653]);
    }

    #[test]
    fn names_that_aws_takes_are_taken() {
        for trail in ["abc", "A.b_c-9", "1.2.3", "1.2.3.4.5", "1.2.3.a", "true", &"a".repeat(128)] {
            assert!(is_new_trail_name(trail), "{trail}");
        }
        for bucket in ["abc", "123", "a--b", "xn-a", &"a".repeat(51)] {
            assert!(is_new_bucket_name(bucket), "{bucket}");
        }
        let partitions = [
            ("eu-west-1", "aws"),
            ("us-east-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-east-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ];
        for (region, partition) in partitions {
            assert_eq!(partition_of(region), partition);
            let of_it = TemplateNames { region: region.to_owned(), partition: partition.to_owned(), ..names() };
            assert!(template(TemplateKind::Terraform, &of_it).is_ok(), "{region}");
        }
    }

    #[test]
    fn names_that_could_be_taken_for_something_else_are_refused() {
        let planted =
            ["", "a\"b", "a${b}c", "%{if}", "a\nb: c", "a b", "a:b", "a#b", "@DAYS@", "é", "a/b", "a\\b", "*"];
        let with = |set: &dyn Fn(&mut TemplateNames)| {
            let mut names = names();
            set(&mut names);
            let each = KINDS.map(|kind| template(kind, &names).unwrap_err());
            assert_eq!(each[0], each[1]);
            each[0].clone()
        };
        let owned = str::to_owned;
        for name in planted {
            assert_eq!(with(&|names| names.trail = owned(name)), TemplateError::Trail(owned(name)));
            assert_eq!(with(&|names| names.bucket = owned(name)), TemplateError::Bucket(owned(name)));
            assert_eq!(with(&|names| names.account_id = owned(name)), TemplateError::Account(owned(name)));
            assert_eq!(with(&|names| names.region = owned(name)), TemplateError::Region(owned(name)));
            let refused = with(&|names| names.partition = owned(name));
            assert!(matches!(refused, TemplateError::Partition { expected: "aws-us-gov", .. }), "{name}");
            assert_eq!(
                with(&|names| names.organization_id = Some(owned(name))),
                TemplateError::Organization(owned(name))
            );
        }
        for trail in ["ab", "-abc", "abc.", "a..b", "a-_b", "10.0.0.1", &"a".repeat(129)] {
            assert_eq!(with(&|names| names.trail = owned(trail)), TemplateError::Trail(owned(trail)));
        }
        let buckets = [
            "ab",
            "-abc",
            "abc-",
            "Abc",
            "a.b.c",
            "a_b",
            "xn--a",
            "sthree-a",
            "amzn-s3-demo-a",
            "a-s3alias",
            "a--x-s3",
        ];
        for bucket in buckets.map(owned).into_iter().chain(["a".repeat(52)]) {
            assert_eq!(with(&|names| names.bucket = bucket.clone()), TemplateError::Bucket(bucket.clone()));
        }
        for days in [0, LONGEST_RETENTION + 1, u32::MAX] {
            assert_eq!(with(&|names| names.retention_days = days), TemplateError::Retention(days));
        }
    }
}
