//! `--dry-run`: what it says would be asked for is what is then asked for.

use serde_json::Value;
use sha2::{Digest, Sha256};
use trailseal::simulate::Scenario;

use crate::world::{REGION, World, small};

/// The plan, as JSON; nothing may have been read for it.
fn plan(world: &World, more: &[&str]) -> Value {
    world.endpoint.journal.clear();
    let run = world.dry_run(&[more, &["--format", "json"]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    assert_eq!(world.endpoint.journal.count("GetObject"), 0);
    let plan: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(plan["schema"], "trailseal.plan/1");
    assert_eq!(plan["list_requests"], world.endpoint.journal.count("ListObjectsV2"));
    plan
}

/// What it announces against what a run asks for.
#[track_caller]
fn holds(world: &World, more: &[&str]) -> Value {
    let plan = plan(world, more);
    world.endpoint.journal.clear();
    let run = world.verify(more);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    let count = |operation| world.endpoint.journal.count(operation) as u64;
    assert_eq!(plan["get_requests"], count("GetObject"), "{more:?}");
    let lists = plan["list_requests"].as_u64().unwrap();
    assert!(lists.abs_diff(count("ListObjectsV2")) <= 1, "{more:?}: {lists} LIST, not {}", count("ListObjectsV2"));
    plan
}

fn two_regions() -> World {
    let regions = vec![REGION.to_owned(), "eu-west-1".to_owned()];
    World::of(Scenario { regions, hours: 12, backfills: 1, ..small() })
}

#[test]
fn a_plan_is_kept_to() {
    let world = two_regions();
    let plan = holds(&world, &[]);
    assert_eq!(plan["digests"]["objects"], world.digests().len());
    assert_eq!(plan["log_files_listed"]["objects"], world.logs().len());
    let size: usize = world.logs().iter().map(|key| world.objects[key].body.len()).sum();
    assert_eq!(plan["log_files_read"], serde_json::json!({ "objects": world.logs().len(), "bytes": size }));
    assert_eq!(plan["chains"].as_array().unwrap().len(), 4);
    for how_much in ["listing", "none", "sample:30%", "sample:10"] {
        let seed = if how_much.starts_with("sample") { &["--seed", "7"][..] } else { &[] };
        let plan = holds(&world, &[&["--log-files", how_much], seed].concat());
        assert!(plan["log_files"].as_str().unwrap().starts_with(how_much), "{}", plan["log_files"]);
        if how_much == "sample:10" {
            assert_eq!(plan["log_files_read"]["objects"], 10);
        }
    }
    // Those that are drawn are those that are read: the plan adds up their bytes.
    let mut drawn = world.logs();
    drawn.sort_by_key(|key| Sha256::digest([&7_u64.to_be_bytes()[..], key.as_bytes()].concat()));
    let bytes: usize = drawn[..10].iter().map(|key| world.objects[key].body.len()).sum();
    let sample = ["--log-files", "sample:10", "--seed", "7"];
    assert_eq!(self::plan(&world, &sample)["log_files_read"], serde_json::json!({ "objects": 10, "bytes": bytes }));
    assert_eq!(holds(&world, &["--region", REGION])["chains"].as_array().unwrap().len(), 2);
}

#[test]
fn a_plan_counts_what_is_archived() {
    let world = two_regions();
    let logs = world.logs();
    for (log, class) in logs.iter().zip(["GLACIER", "DEEP_ARCHIVE", "STANDARD_IA"]) {
        world.endpoint.s3.alter(&world.scenario.bucket, log, |stored| stored.storage_class = class.to_owned());
    }
    let plan = plan(&world, &[]);
    assert_eq!(
        (plan["archived"].as_u64(), plan["log_files_listed"]["objects"].as_u64()),
        (Some(2), Some(logs.len() as u64))
    );
}

#[test]
fn a_plan_for_people_says_the_same() {
    let world = two_regions();
    let plan = plan(&world, &[]);
    let run = world.dry_run(&[]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(run.stdout.starts_with("dry run: nothing was read and nothing is shown"), "{}", run.stdout);
    let requests = format!("{} LIST, {} GET", plan["list_requests"], plan["get_requests"]);
    assert!(run.stdout.contains(&requests), "{requests} in {}", run.stdout);
}
