//! What was seen of an account's trails: AWS's own words, typed, and for each what kept it from being seen.

use std::collections::BTreeMap;

use super::examination::Unseen;
use crate::trail::Time;

/// What is said of that which is not there: absent is neither denied nor unreachable.
pub const ABSENT: &str = "absent";

/// Something that was asked of AWS: its answer, or why there is none.
pub type Fact<T> = Result<T, Unseen>;

/// All that was seen.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whose trails: the account of whoever asks.
    pub account_id: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// When it was looked at.
    pub as_of: Time,
    /// The regions that are enabled in the account.
    pub regions: Fact<Vec<String>>,
    /// Whether the account is the management account of an organization.
    pub manages_organization: Fact<bool>,
    /// The id of the organization that the account is in, where that was told.
    pub organization_id: Option<String>,
    /// The ARN of the one trail that was asked for; nothing is known of others then. None where all were.
    pub only: Option<String>,
    /// The trails, shadow trails left out: each stands once, as its home region tells it, or, where that could not be asked,
    /// as its shadow does.
    pub trails: Vec<TrailFacts>,
    /// Regions whose trails could not be asked for, with the reason. Where [`Setup::regions`] is unseen, only the caller's region
    /// and those that trails name were asked: others may have trails of which nothing is known.
    pub unasked_regions: Vec<(String, Unseen)>,
    /// The buckets that they deliver to, by name.
    pub buckets: BTreeMap<String, BucketFacts>,
    /// Days for which log files are to be kept, as whoever asks says: 365 by default (PCI DSS 4.0.1, 10.5.1).
    pub retention_days: u32,
}

/// A trail: `DescribeTrails`, `GetTrailStatus`, `GetEventSelectors`, `GetInsightSelectors`, and what it names.
#[derive(Clone, Debug)]
pub struct TrailFacts {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The account that it belongs to; another one's for an organization trail that is seen from a member.
    pub account_id: String,
    /// Where it was made, and is told from.
    pub home_region: String,
    /// The bucket that it delivers to.
    pub bucket: String,
    /// What stands before `AWSLogs/` there: empty, or with a slash at its end.
    pub prefix: String,
    /// Whether it records every region.
    pub multi_region: bool,
    /// Whether it records every account of the organization.
    pub organization: bool,
    /// Whether it records events of global services.
    pub global_events: bool,
    /// Whether digest files are written.
    pub validation: bool,
    /// The KMS key that log files are encrypted with, as the trail names it.
    pub kms_key: Option<String>,
    /// That key, where the trail names one.
    pub key: Option<Fact<KeyFacts>>,
    /// The log group of CloudWatch Logs that events go to.
    pub log_group: Option<String>,
    /// The topic that is told of log files.
    pub topic: Option<String>,
    /// That topic, where the trail names one.
    pub topic_facts: Option<Fact<TopicFacts>>,
    /// How it is doing.
    pub status: Fact<TrailStatus>,
    /// What it records.
    pub selectors: Fact<Selectors>,
    /// The kinds of insights that it records, such as `ApiCallRateInsight`.
    pub insights: Fact<Vec<String>>,
}

/// `GetTrailStatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailStatus {
    /// Whether it records now.
    pub logging: bool,
    /// When recording was last begun.
    pub started: Option<Time>,
    /// When recording was last ended.
    pub stopped: Option<Time>,
    /// When a log file was last delivered.
    pub log_delivered: Option<Time>,
    /// Why the last delivery of a log file failed, in S3's word.
    pub log_error: Option<String>,
    /// When a digest file was last delivered.
    pub digest_delivered: Option<Time>,
    /// Why the last delivery of a digest file failed.
    pub digest_error: Option<String>,
    /// When events last went to CloudWatch Logs.
    pub log_group_delivered: Option<Time>,
    /// Why that failed last.
    pub log_group_error: Option<String>,
    /// When the topic was last told.
    pub topic_told: Option<Time>,
    /// Why that failed last.
    pub topic_error: Option<String>,
}

/// `GetEventSelectors`: either kind, never both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selectors {
    /// The older kind.
    pub basic: Vec<BasicSelector>,
    /// The newer kind.
    pub advanced: Vec<AdvancedSelector>,
}

/// An event selector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasicSelector {
    /// `All`, `ReadOnly` or `WriteOnly`.
    pub read_write: String,
    /// Whether management events are recorded.
    pub management: bool,
    /// Services whose management events are not, such as `kms.amazonaws.com`.
    pub excluded_sources: Vec<String>,
    /// Data events.
    pub data: Vec<DataResources>,
}

/// Whose data events are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataResources {
    /// Such as `AWS::S3::Object`.
    pub kind: String,
    /// ARNs; `arn:aws:s3` stands for all buckets.
    pub arns: Vec<String>,
}

/// An advanced event selector: an event is recorded where all its fields fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdvancedSelector {
    /// What it is called.
    pub name: String,
    /// What must fit.
    pub fields: Vec<FieldSelector>,
}

/// One field of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// `eventCategory`, `readOnly`, `eventSource`, `resources.type`, `resources.ARN`, `eventName`, and others.
    pub field: String,
    /// The condition, and its values: `Equals`, `StartsWith`, `EndsWith`, `NotEquals`, `NotStartsWith`, `NotEndsWith`.
    pub conditions: Vec<(String, Vec<String>)>,
}

/// `DescribeKey` and `GetKeyPolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// Its ARN.
    pub arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion` and others; [`ABSENT`] where KMS says that there is no such key.
    pub state: String,
    /// Whether AWS keeps it and not the account.
    pub aws_managed: bool,
    /// Its policy, as JSON.
    pub policy: Fact<String>,
    /// Whether it is rotated each year.
    pub rotated: Fact<bool>,
}

/// `GetTopicAttributes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// Whether it is there: `false` where SNS itself says that there is no such topic.
    pub exists: bool,
    /// Its policy, as JSON.
    pub policy: Option<String>,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct BucketFacts {
    /// Its name.
    pub name: String,
    /// Whether it is there: `false` where S3 itself says that there is no such bucket, and an error where nobody could tell.
    /// Of a bucket that is not there, nothing else was asked, and every other fact says [`ABSENT`].
    pub exists: Fact<bool>,
    /// Its region.
    pub region: Fact<String>,
    /// That it was shown to be the account's own, or why it was not: what the account sets and records counts for its own buckets alone.
    pub own: Fact<()>,
    /// `GetPublicAccessBlock` of the bucket; none where there is no such configuration.
    pub access_block: Fact<Option<AccessBlock>>,
    /// `GetPublicAccessBlock` of the caller's account, which is in force for every bucket of it; unseen of a bucket that is not
    /// shown to be that account's.
    pub account_access_block: Fact<Option<AccessBlock>>,
    /// `GetBucketPolicyStatus`: whether S3 takes the policy for a public one; none where there is no policy.
    pub public: Fact<Option<bool>>,
    /// `GetBucketPolicy`, as JSON; none where there is none.
    pub policy: Fact<Option<String>>,
    /// `GetBucketAcl`: groups and accounts beside the owner that have been granted something, as `GRANTEE: PERMISSION`.
    pub grants: Fact<Vec<String>>,
    /// `GetBucketOwnershipControls`: `BucketOwnerEnforced` and others; none where there are none.
    pub ownership: Fact<Option<String>>,
    /// `GetBucketVersioning`.
    pub versioning: Fact<Versioning>,
    /// `GetObjectLockConfiguration`: none where the bucket has no Object Lock, else the default retention, if there is one.
    pub object_lock: Fact<Option<Option<LockRetention>>>,
    /// `GetBucketLifecycleConfiguration`; empty where there is none.
    pub lifecycle: Fact<Vec<LifecycleRule>>,
    /// `GetBucketLogging`: the bucket that accesses are recorded in.
    pub access_log: Fact<Option<String>>,
    /// `GetBucketEncryption`; none where there is no configuration, which S3 no longer has.
    pub encryption: Fact<Option<Encryption>>,
    /// `GetBucketReplication`: what enabled rules copy.
    pub replicas: Fact<Vec<Replica>>,
}

/// Block Public Access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessBlock {
    /// New ACLs that are public are refused.
    pub block_public_acls: bool,
    /// ACLs that are public count for nothing.
    pub ignore_public_acls: bool,
    /// New policies that are public are refused.
    pub block_public_policy: bool,
    /// A policy that is public lets nobody in from outside.
    pub restrict_public_buckets: bool,
}

/// Versioning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versioning {
    /// Whether what is overwritten or deleted is kept.
    pub enabled: bool,
    /// Whether it takes a second factor to delete a version for good.
    pub mfa_delete: bool,
}

/// The default retention of Object Lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRetention {
    /// `COMPLIANCE` or `GOVERNANCE`.
    pub mode: String,
    /// For how long; a year counts 365.
    pub days: u32,
}

/// A rule of the lifecycle configuration that is enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifecycleRule {
    /// What it is called.
    pub id: String,
    /// The prefix of the keys that it is for; none where it is for tags or sizes alone.
    pub prefix: Option<String>,
    /// Whether tags or sizes narrow it further.
    pub narrowed: bool,
    /// When the newest version expires.
    pub expiry: Option<Expiry>,
    /// Days after which versions that are not the newest expire.
    pub old_versions_after: Option<u32>,
    /// When the newest version moves to another storage class.
    pub transitions: Vec<Transition>,
}

/// When objects expire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// So many days after they were written.
    After(u32),
    /// On that date.
    On(Time),
}

/// To another storage class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Such as `GLACIER`.
    pub class: String,
    /// Days after the object was written; none where it is a date.
    pub days: Option<u32>,
}

/// A rule of the replication configuration that is enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    /// The bucket that it copies to.
    pub bucket: String,
    /// The prefix of the keys that it copies; empty where it copies all.
    pub prefix: String,
    /// Whether tags narrow it further.
    pub narrowed: bool,
}

/// The default encryption of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The KMS key.
    pub key: Option<String>,
}
