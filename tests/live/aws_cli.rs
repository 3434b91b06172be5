//! The AWS CLI against the services here: what it takes for AWS, is near enough.

use std::path::PathBuf;
use std::process::Command;

use trailseal::simulate::Scenario;

use crate::world::{self, Run, World};

/// The path of the AWS CLI.
pub(crate) fn aws() -> PathBuf {
    let path = std::env::var_os("TRAILSEAL_AWS_CLI");
    PathBuf::from(path.expect("TRAILSEAL_AWS_CLI is the path of the program aws"))
}

/// `aws cloudtrail validate-logs` over all of a world's time.
pub(crate) fn validate_logs(world: &World, more: &[&str]) -> Run {
    let mut command = Command::new(aws());
    let trail = world.trail_arn(&world.scenario.trails[0]);
    command.args(["cloudtrail", "validate-logs", "--trail-arn", &trail, "--verbose"]);
    let interval = world.summary.interval;
    command.args(["--start-time", &interval.start.to_string(), "--end-time", &interval.end.to_string()]);
    command.args(more);
    world.finish(command)
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run installs it"]
fn the_aws_cli_validates_a_trail_here() {
    let mut world = World::of(Scenario { hours: 5, backfills: 1, ..world::small() });
    // Pages that its listing must go on after.
    world.endpoint.s3.pages_of(2);
    let told = validate_logs(&world, &[]);
    let (digests, logs) = (world.digests().len(), world.logs().len());
    assert_eq!(told.status, Some(0), "{}\n{}", told.stdout, told.stderr);
    assert!(told.stdout.contains(&format!("{logs}/{logs} log files valid")), "{}", told.stdout);
    let backfills = world.digests().iter().filter(|key| key.ends_with("_backfill.json.gz")).count();
    let standard = digests - backfills;
    assert!(told.stdout.contains(&format!("{standard}/{standard} digest files valid")), "{}", told.stdout);
    assert!(told.stdout.contains(&format!("{backfills}/{backfills} backfill digest files valid")), "{}", told.stdout);
    for operation in ["ListPublicKeys", "DescribeTrails", "GetBucketLocation", "ListObjects", "GetObject"] {
        assert!(world.endpoint.journal.count(operation) > 0, "{operation} was not asked for");
    }

    let bucket = world.scenario.bucket.clone();
    let account = world.scenario.account_ids()[0].clone();
    let named = ["--s3-bucket", &bucket, "--account-id", &account, "--region", world::REGION];
    assert_eq!(validate_logs(&world, &named).status, Some(0));
    let gone = world.logs()[0].clone();
    world.endpoint.s3.remove(&bucket, &gone);
    let told = validate_logs(&world, &named);
    assert_eq!(told.status, Some(1), "{}", told.stdout);
    assert!(told.stderr.contains(&format!("{gone}\tINVALID: not found")), "{}", told.stderr);

    world.environment.insert("AWS_SECRET_ACCESS_KEY", "of somebody else".to_owned());
    let told = validate_logs(&world, &named);
    assert!(told.status != Some(0) && told.stderr.contains("SignatureDoesNotMatch"), "{}", told.stderr);
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run installs it"]
fn the_aws_cli_validates_a_member_account_of_an_organization_here() {
    let organization = Some(Scenario::organization_id(7));
    let world = World::of(Scenario { organization, accounts: 2, log_files_per_hour: 1, ..world::small() });
    let member = world.scenario.account_ids()[1].clone();
    let told = validate_logs(&world, &["--account-id", &member]);
    assert_eq!(told.status, Some(0), "{}\n{}", told.stdout, told.stderr);
    assert!(told.stdout.contains("3/3 digest files valid"), "{}", told.stdout);
    assert_eq!(world.endpoint.journal.count("DescribeOrganization"), 1);
}
