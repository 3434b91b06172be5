//! An account as moto keeps it: a trail as it should be, one of which everything is missing, and one whose bucket is gone.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;
use trailseal::doctor::{
    ABSENT, AccessBlock, AdvancedSelector, BasicSelector, DataResources, Encryption, Expiry, FieldSelector,
    LifecycleRule, LockRetention, Selectors, Setup, TopicFacts, TrailFacts, Transition, Versioning,
};
use trailseal::trail::Time;

use crate::{asked, options, with_credentials};

const ACCOUNT: &str = "123456789012";

/// moto, for as long as its standard input is open.
struct Moto {
    process: Child,
    stdin: Option<ChildStdin>,
    made: Value,
}

impl Moto {
    fn start(arguments: &[&str]) -> Moto {
        let python = std::env::var_os("TRAILSEAL_PYTHON");
        let python = python.expect("TRAILSEAL_PYTHON is a Python with tests/sinks/requirements.txt");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/setup/account.py");
        let mut command = Command::new(python);
        command.arg("-B").arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take().unwrap());
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let made = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Moto { process, stdin, made }
    }

    fn made(&self, name: &str) -> &str {
        self.made[name].as_str().unwrap()
    }

    async fn asked(&self, trail: Option<&str>) -> Setup {
        asked(options(self.made("url")), trail).await.unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.process.wait();
    }
}

fn arn(region: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/{name}")
}

fn trail<'a>(setup: &'a Setup, name: &str) -> &'a TrailFacts {
    setup.trails.iter().find(|trail| trail.name == name).unwrap()
}

/// The same JSON, however it is written.
#[track_caller]
fn same(policy: &str, made: &str) {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(policy), read(made));
}

fn strings(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

/// A condition's name and its values.
type Condition<'a> = (&'a str, &'a [&'a str]);

fn fields(of: &[(&str, &[Condition<'_>])]) -> Vec<FieldSelector> {
    let conditions = |of: &[Condition<'_>]| of.iter().map(|(name, of)| ((*name).to_owned(), strings(of))).collect();
    of.iter().map(|(field, of)| FieldSelector { field: (*field).to_owned(), conditions: conditions(of) }).collect()
}

fn as_it_should_be(moto: &Moto, setup: &Setup) {
    let good = trail(setup, "good");
    assert_eq!((good.arn.clone(), good.account_id.as_str()), (arn("eu-central-1", "good"), ACCOUNT));
    assert_eq!((good.bucket.as_str(), good.prefix.as_str()), ("good-logs", "audit/"));
    assert!(good.multi_region && good.organization && good.global_events && good.validation);
    assert_eq!(good.home_region, "eu-central-1");
    assert_eq!(good.log_group.as_deref(), Some("arn:aws:logs:eu-central-1:123456789012:log-group:good:*"));
    assert_eq!(good.kms_key.as_deref(), Some(moto.made("key")));
    let key = good.key.as_ref().unwrap().as_ref().unwrap();
    assert_eq!((key.arn.as_str(), key.state.as_str(), key.aws_managed), (moto.made("key"), "Enabled", false));
    assert_eq!(key.rotated, Ok(true));
    same(key.policy.as_ref().unwrap(), moto.made("key_policy"));
    assert_eq!(good.topic.as_deref(), Some(moto.made("topic")));
    let topic = good.topic_facts.as_ref().unwrap().as_ref().unwrap();
    assert!(topic.exists);
    same(topic.policy.as_ref().unwrap(), moto.made("topic_policy"));
    let status = good.status.as_ref().unwrap();
    assert!(status.logging && status.started.is_some() && status.stopped.is_none() && status.log_delivered.is_some());
    assert_eq!((&status.log_error, status.digest_delivered), (&None, None));
    let advanced = vec![
        AdvancedSelector {
            name: "management".to_owned(),
            fields: fields(&[("eventCategory", &[("Equals", &["Management"])])]),
        },
        AdvancedSelector {
            name: "objects".to_owned(),
            fields: fields(&[
                ("eventCategory", &[("Equals", &["Data"])]),
                ("resources.type", &[("Equals", &["AWS::S3::Object"])]),
                (
                    "resources.ARN",
                    &[("EndsWith", &[".gz", ".json"]), ("NotStartsWith", &["arn:aws:s3:::good-access/"])],
                ),
            ]),
        },
    ];
    assert_eq!(good.selectors, Ok(Selectors { basic: Vec::new(), advanced }));
    assert_eq!(good.insights, Ok(strings(&["ApiCallRateInsight"])));
}

fn its_bucket(moto: &Moto, setup: &Setup) {
    let bucket = &setup.buckets["good-logs"];
    assert_eq!((&bucket.exists, bucket.region.as_deref()), (&Ok(true), Ok("eu-central-1")));
    let all = AccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
    assert_eq!(bucket.access_block, Ok(Some(all)));
    assert_eq!(bucket.account_access_block, Ok(Some(AccessBlock { block_public_acls: false, ..all })));
    assert_eq!(bucket.public, Ok(Some(false)));
    same(bucket.policy.as_ref().unwrap().as_ref().unwrap(), moto.made("policy"));
    assert_eq!(bucket.grants, Ok(Vec::new()));
    assert_eq!(bucket.ownership, Ok(Some("BucketOwnerEnforced".to_owned())));
    assert_eq!(bucket.versioning, Ok(Versioning { enabled: true, mfa_delete: false }));
    assert_eq!(bucket.object_lock, Ok(Some(Some(LockRetention { mode: "COMPLIANCE".to_owned(), days: 730 }))));
    let everything = LifecycleRule { prefix: Some(String::new()), id: "everything".to_owned(), ..Default::default() };
    let late = LifecycleRule {
        id: "late".to_owned(),
        prefix: Some("audit/".to_owned()),
        narrowed: false,
        expiry: Some(Expiry::After(800)),
        old_versions_after: Some(900),
        transitions: vec![Transition { class: "GLACIER_IR".to_owned(), days: Some(120) }],
    };
    let tagged = LifecycleRule {
        id: "tagged".to_owned(),
        prefix: Some("x/".to_owned()),
        narrowed: true,
        expiry: Some(Expiry::On(Time::parse_loose("2031-01-01T00:00:00Z").unwrap())),
        ..Default::default()
    };
    assert_eq!(bucket.lifecycle, Ok(vec![late, tagged, everything]));
    assert_eq!(bucket.access_log, Ok(Some("good-access".to_owned())));
    let encryption = Encryption { algorithm: "aws:kms".to_owned(), key: Some(moto.made("key").to_owned()) };
    assert_eq!(bucket.encryption, Ok(Some(encryption)));
    let replicas: Vec<&str> = bucket.replicas.as_ref().unwrap().iter().map(|replica| replica.bucket.as_str()).collect();
    assert_eq!(replicas, ["good-copy"]);
}

fn of_which_everything_is_missing(setup: &Setup) {
    let bare = trail(setup, "bare");
    assert_eq!((bare.arn.clone(), bare.home_region.as_str()), (arn("us-east-1", "bare"), "us-east-1"));
    assert_eq!((bare.bucket.as_str(), bare.prefix.as_str()), ("bare-logs", ""));
    assert!(!bare.multi_region && !bare.organization && !bare.global_events && !bare.validation);
    assert!(bare.kms_key.is_none() && bare.key.is_none() && bare.topic.is_none() && bare.topic_facts.is_none());
    assert_eq!(bare.log_group, None);
    let status = bare.status.as_ref().unwrap();
    assert!(!status.logging && status.started.is_some() && status.stopped.is_some());
    let basic = BasicSelector {
        read_write: "WriteOnly".to_owned(),
        management: true,
        excluded_sources: strings(&["kms.amazonaws.com"]),
        data: vec![DataResources { kind: "AWS::S3::Object".to_owned(), arns: strings(&["arn:aws:s3"]) }],
    };
    assert_eq!(bare.selectors, Ok(Selectors { basic: vec![basic], advanced: Vec::new() }));
    assert_eq!(bare.insights, Ok(Vec::new()));
    let bucket = &setup.buckets["bare-logs"];
    assert_eq!((&bucket.exists, bucket.region.as_deref()), (&Ok(true), Ok("us-east-1")));
    assert_eq!(bucket.access_block, Ok(None));
    assert_eq!((&bucket.public, &bucket.policy), (&Ok(None), &Ok(None)));
    assert_eq!(bucket.grants, Ok(strings(&["http://acs.amazonaws.com/groups/global/AllUsers: READ"])));
    assert_eq!((&bucket.ownership, &bucket.object_lock), (&Ok(None), &Ok(None)));
    assert_eq!(bucket.versioning, Ok(Versioning::default()));
    assert_eq!((&bucket.lifecycle, &bucket.access_log), (&Ok(Vec::new()), &Ok(None)));
    assert_eq!((&bucket.encryption, &bucket.replicas), (&Ok(None), &Ok(Vec::new())));
}

fn whose_bucket_key_and_topic_are_gone(moto: &Moto, setup: &Setup) {
    let gone = trail(setup, "gone");
    let key = gone.key.as_ref().unwrap().as_ref().unwrap();
    assert_eq!((key.arn.as_str(), key.state.as_str()), (moto.made("gone_key"), ABSENT));
    assert_eq!(gone.topic_facts, Some(Ok(TopicFacts { exists: false, policy: None })));
    let bucket = &setup.buckets["gone-logs"];
    assert_eq!(bucket.exists, Ok(false));
    let said = [bucket.region.as_ref().unwrap_err(), bucket.policy.as_ref().unwrap_err()];
    assert!(said.iter().all(|unseen| unseen.why == ABSENT && !unseen.denied), "{said:?}");
}

#[tokio::test]
#[ignore = "needs moto: .ci/run installs it"]
async fn an_account_is_seen_as_it_was_made() {
    if !with_credentials("moto::an_account_is_seen_as_it_was_made") {
        return;
    }
    let moto = Moto::start(&["regions"]);
    let setup = moto.asked(None).await;
    assert_eq!((setup.account_id.as_str(), setup.partition.as_str(), setup.retention_days), (ACCOUNT, "aws", 365));
    assert_eq!(setup.regions, Ok(strings(&["eu-central-1", "eu-west-1", "us-east-1"])));
    assert_eq!(setup.manages_organization, Ok(true));
    assert_eq!((&setup.unasked_regions, &setup.only), (&Vec::new(), &None));
    let names: Vec<&str> = setup.trails.iter().map(|trail| trail.name.as_str()).collect();
    assert_eq!(names, ["good", "gone", "bare"]);
    assert_eq!(setup.buckets.keys().collect::<Vec<_>>(), ["bare-logs", "gone-logs", "good-logs"]);
    as_it_should_be(&moto, &setup);
    its_bucket(&moto, &setup);
    of_which_everything_is_missing(&setup);
    whose_bucket_key_and_topic_are_gone(&moto, &setup);
}

#[tokio::test]
#[ignore = "needs moto: .ci/run installs it"]
async fn one_trail_is_seen_alone_and_without_regions_so_is_the_callers() {
    if !with_credentials("moto::one_trail_is_seen_alone_and_without_regions_so_is_the_callers") {
        return;
    }
    let moto = Moto::start(&[]);
    let setup = moto.asked(Some(&arn("us-east-1", "bare"))).await;
    assert_eq!(setup.only, Some(arn("us-east-1", "bare")));
    assert_eq!(setup.trails.len(), 1);
    of_which_everything_is_missing(&setup);
    let setup = moto.asked(None).await;
    assert!(!setup.regions.unwrap_err().denied, "moto does not know how to list regions");
    let names: Vec<&str> = setup.trails.iter().map(|trail| trail.name.as_str()).collect();
    assert_eq!(names, ["good"]);
}
