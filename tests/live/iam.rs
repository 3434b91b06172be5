//! The policies of `docs/iam/`: each allows what its way of use asks for, and nothing that it does not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use trailseal::simulate::Scenario;

use crate::aws_api::{Role, RoleAnswer};
use crate::journal::Resource;
use crate::world::{Run, World, small};

/// An action, and the resource that a policy must name for it.
type Allowed = BTreeSet<(String, String)>;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn policy(name: &str) -> Allowed {
    let text = fs::read_to_string(docs().join("iam").join(name)).unwrap();
    let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let statement = |statement: &serde_json::Value| {
        assert_eq!(statement["Effect"], "Allow");
        let text = |name: &str| statement[name].as_str().unwrap().to_owned();
        (text("Action"), text("Resource"))
    };
    let statements = policy["Statement"].as_array().unwrap();
    let allowed: Allowed = statements.iter().map(statement).collect();
    assert_eq!(allowed.len(), statements.len(), "{name} says something twice");
    allowed
}

/// What was asked of the services.
fn asked(world: &World) -> Allowed {
    let calls = world.endpoint.journal.actions().into_iter();
    // Nobody can be forbidden this.
    let calls = calls.filter(|(action, _)| action != "sts:GetCallerIdentity");
    calls.map(|(action, on)| (action, resource(on).to_owned())).collect()
}

fn resource(on: Resource) -> &'static str {
    match on {
        Resource::Bucket => "arn:aws:s3:::BUCKET",
        Resource::Object => "arn:aws:s3:::BUCKET/*",
        Resource::StateBucket => "arn:aws:s3:::STATE-BUCKET",
        Resource::StateObject => "arn:aws:s3:::STATE-BUCKET/STATE-KEY",
        Resource::Any => "*",
    }
}

/// A trail whose bucket is in another region than whoever asks: more has to be found out.
fn elsewhere(organization: bool) -> World {
    let organization = organization.then(|| Scenario::organization_id(5));
    let accounts = if organization.is_some() { 2 } else { 1 };
    World::in_region(Scenario { organization, accounts, ..small() }, "eu-central-1")
}

#[track_caller]
fn holds(name: &str, world: &World, run: impl FnOnce() -> Run) {
    world.endpoint.journal.clear();
    let run = run();
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(asked(world), policy(name), "{name}: what was asked for, and what it allows");
}

#[test]
fn a_bucket() {
    let world = elsewhere(false);
    holds("bucket.json", &world, || world.verify(&[]));
    let world = World::small();
    holds("bucket.json", &world, || world.verify(&["--log-files", "listing"]));
}

#[test]
fn a_listing_of_a_bucket() {
    let world = elsewhere(false);
    holds("listing.json", &world, || world.dry_run(&[]));
}

#[test]
fn the_trail_of_one_account() {
    let world = elsewhere(false);
    let arn = world.trail_arn(&world.scenario.trails[0]);
    holds("trail.json", &world, || world.verify_source(Some(&arn), &[]));
}

#[test]
fn the_trail_of_an_organization() {
    let world = elsewhere(true);
    let arn = world.trail_arn(&world.scenario.trails[0]);
    holds("organization-trail.json", &world, || world.verify_source(Some(&arn), &[]));
}

#[test]
fn the_keys_for_a_copy() {
    let world = elsewhere(false);
    let (copy, _) = world.on_disk();
    let named = ["--bucket", &world.scenario.bucket, "--public-keys", "aws"];
    holds("keys.json", &world, || world.verify_source(copy.to_str(), &named));
}

#[test]
fn a_copy_and_the_keys_for_it() {
    let world = elsewhere(false);
    let (source, times) = (world.source(), world.times());
    let with_times = |start: &[&'static str], most: usize| {
        let mut arguments: Vec<String> = start.iter().map(|text| (*text).to_owned()).collect();
        arguments.extend([source.clone()]);
        arguments.extend(times[..most].iter().cloned());
        arguments
    };
    let run = |arguments: &[String]| world.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let mut pull = with_times(&["pull"], 6);
    pull.insert(2, "copy".to_owned());
    holds("bucket.json", &world, || run(&pull));
    holds("bucket.json", &world, || run(&with_times(&["keys", "export"], 4)));
    let by_region = ["keys", "export", "--region", crate::world::REGION, "--start-time", "2026-01-10"];
    holds("keys.json", &world, || world.run(&by_region));
}

#[test]
fn a_role_asks_for_nothing_more_than_itself() {
    let world = World::small();
    let arn = "arn:aws:iam::111122223333:role/auditor".to_owned();
    world.endpoint.api.state().sts.roles = vec![Role { arn: arn.clone(), external_id: None, answer: RoleAnswer::Lent }];
    let run = world.verify(&["--assume-role", &arn]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let mut expected = policy("bucket.json");
    expected.insert(("sts:AssumeRole".to_owned(), "*".to_owned()));
    assert_eq!(asked(&world), expected);
}

#[cfg(feature = "monitor")]
#[test]
fn a_monitor_of_a_bucket() {
    let watched = crate::monitor::Watched::after(20, crate::monitor::two_days(), "");
    holds("bucket.json", &watched.world, || watched.run());
}

#[cfg(feature = "lambda")]
#[test]
fn a_function_that_begins_to_remember() {
    let function = crate::lambda::Function::begun();
    let answered = || {
        let stdout = function.scheduled().to_string();
        Run { status: Some(0), stdout, stderr: String::new() }
    };
    holds("lambda.json", &function.watched.world, answered);
}

#[test]
fn every_policy_is_held_to_what_it_is_for() {
    let page = fs::read_to_string(docs().join("iam.md")).unwrap();
    let test = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let held = ["tests/live/iam.rs", "tests/setup/policy.rs"].map(test).concat();
    let policies: Vec<_> = fs::read_dir(docs().join("iam")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!policies.is_empty());
    for name in policies {
        let name = name.to_str().unwrap();
        assert!(page.contains(&format!("(iam/{name})")), "docs/iam.md does not tell of {name}");
        assert!(held.contains(&format!("holds(\"{name}\"")), "no test runs what {name} is for");
    }
}
