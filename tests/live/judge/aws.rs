//! What the AWS CLI says of a case.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::process::Command;

use serde::Deserialize;
use trailseal::trail::{DigestKey, Time};

use super::case::Case;
use crate::aws_api::{Organization, Trail};
use crate::aws_cli::aws;
use crate::proxy::{Fault, Matcher, Rule, Times};
use crate::world::{Run, World};

/// What a validator came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Says {
    Intact,
    /// Nothing was found to speak of.
    Inconclusive,
    /// It broke off.
    Error,
    /// It asked for the same object over and over, and would not have come to an end.
    Endless,
    NotIntact,
}

impl Says {
    /// By the exit status of `trailseal`.
    pub(crate) fn of_trailseal(run: &Run) -> Says {
        match run.status {
            Some(0) => Says::Intact,
            Some(1) => Says::NotIntact,
            Some(3) => Says::Inconclusive,
            _ => Says::Error,
        }
    }

    /// By what `aws cloudtrail validate-logs` printed: its exit status is 0 too where it found nothing.
    fn of_aws(run: &Run, stopped: bool) -> Says {
        match run.status {
            _ if stopped => Says::Endless,
            _ if run.stderr.contains("\tINVALID: ") => Says::NotIntact,
            Some(0) if run.stdout.contains("No digests found") => Says::Inconclusive,
            Some(0) => Says::Intact,
            _ => Says::Error,
        }
    }
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Says::Intact => "intact",
            Says::Inconclusive => "inconclusive",
            Says::Error => "error",
            Says::Endless => "endless",
            Says::NotIntact => "not-intact",
        })
    }
}

/// One account, source region and trail: as much as the AWS CLI takes a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    account: String,
    region: String,
    trail: String,
    home_region: String,
}

/// Where a target's digest files lie, and since when.
struct Found {
    prefix: String,
    organization: Option<String>,
    oldest: Time,
}

/// The AWS CLI, called once for each chain that the names in the bucket tell of and the case asks for; the worst of what it
/// says, with all that it printed.
pub(crate) fn judge(case: &Case, world: &World) -> (Says, String) {
    let found = targets(case, world);
    tell_of_trails(case, world, &found);
    let (mut says, mut printed) = (Says::Intact, String::new());
    for (target, found) in &found {
        world.proxy.clear();
        world.proxy.add(Rule::new(objects(), Fault::AccessDenied, Times::AfterFirstOfEach(ENDLESS)));
        let run = world.finish(validate_logs(case, target, found));
        says = says.max(Says::of_aws(&run, world.proxy.spoiled() > 0));
        printed += &format!("{target:?}: {:?}\n{}{}", run.status, run.stdout, run.stderr);
    }
    (says, printed)
}

/// Every GET of an object.
fn objects() -> Matcher {
    Box::new(|seen| seen.key().is_some())
}

fn targets(case: &Case, world: &World) -> BTreeMap<Target, Found> {
    let mut digests: Vec<(String, DigestKey)> = Vec::new();
    for bucket in case.buckets() {
        let keys = world.endpoint.s3.keys(&bucket);
        digests.extend(keys.iter().filter_map(|key| Some((bucket.clone(), DigestKey::parse(key)?))));
    }
    if digests.is_empty() {
        digests.extend(DigestKey::parse(SOME_DIGEST).map(|digest| (case.bucket(), digest)));
    }
    digests.sort_by_key(|(_, digest)| digest.end);
    let mut targets = BTreeMap::new();
    for (bucket, digest) in &digests {
        let begins = start_of(world, bucket, digest);
        for target in asked(case, digest) {
            targets.entry(target).or_insert_with(|| Found {
                prefix: digest.folder.prefix.trim_end_matches('/').to_owned(),
                organization: digest.folder.organization.clone(),
                oldest: begins,
            });
        }
    }
    targets
}

/// What the case asks for, where it asks; of a digest, where it does not.
fn asked(case: &Case, digest: &DigestKey) -> Vec<Target> {
    let or = |name: &'static str, found: &str| -> BTreeSet<String> {
        let given: BTreeSet<String> = case.arguments(name).map(str::to_owned).collect();
        if given.is_empty() { [found.to_owned()].into() } else { given }
    };
    let chain = &digest.chain;
    let mut targets = Vec::new();
    for account in or("--account-id", &chain.account_id) {
        for region in or("--region", &chain.region) {
            for trail in or("--trail-name", &chain.trail) {
                let (account, region, home_region) = (account.clone(), region.clone(), chain.home_region.clone());
                targets.push(Target { account, region, trail, home_region });
            }
        }
    }
    targets
}

/// When a digest's hour began, as it says itself; an hour before its end, if it says nothing.
fn start_of(world: &World, bucket: &str, digest: &DigestKey) -> Time {
    let body = world.endpoint.s3.body(bucket, &digest.key()).unwrap_or_default();
    let mut text = String::new();
    let _ = flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text);
    let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let start = said["digestStartTime"].as_str().and_then(Time::parse_digest_time);
    start.unwrap_or_else(|| digest.end.plus(-3_600)).min(digest.end)
}

/// CloudTrail and Organizations know what the AWS CLI asks them: where the trails deliver, and of whom.
fn tell_of_trails(case: &Case, world: &World, targets: &BTreeMap<Target, Found>) {
    let mut state = world.endpoint.api.state();
    state.cloudtrail.trails.clear();
    for (target, found) in targets {
        state.cloudtrail.trails.push(Trail {
            name: target.trail.clone(),
            s3_bucket_name: case.bucket(),
            s3_key_prefix: Some(found.prefix.clone()).filter(|prefix| !prefix.is_empty()),
            include_global_service_events: true,
            is_multi_region_trail: true,
            home_region: target.home_region.clone(),
            trail_arn: arn(target),
            log_file_validation_enabled: true,
            has_custom_event_selectors: false,
            has_insight_selectors: false,
            is_organization_trail: found.organization.is_some(),
        });
        let organization = found.organization.clone();
        state.organization = organization.map(|id| Organization { id, ..Organization::default() });
    }
}

fn arn(target: &Target) -> String {
    format!("arn:aws:cloudtrail:{}:{}:trail/{}", target.home_region, target.account, target.trail)
}

fn validate_logs(case: &Case, target: &Target, found: &Found) -> Command {
    let mut command = Command::new(aws());
    command.args(["cloudtrail", "validate-logs", "--verbose", "--trail-arn", &arn(target)]);
    command.args(["--account-id", &target.account, "--region", &target.region]);
    let start = case.argument("--start-time").map_or_else(|| found.oldest.to_string(), str::to_owned);
    // Its end is now, where none is given, and a case's now is its own.
    let end = case.argument("--end-time").unwrap_or(&case.stated.now);
    command.args(["--start-time", &start, "--end-time", end]);
    command
}

/// Where there is no digest, somebody still asks for some trail.
const SOME_DIGEST: &str = "AWSLogs/220066383621/CloudTrail-Digest/us-east-1/2026/01/10/220066383621_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260110T154210Z.json.gz";

/// Nobody has a reason to ask for one object so often.
const ENDLESS: usize = 40;
