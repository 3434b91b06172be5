//! What is read from S3 gets the report that a copy of it on disk gets.

use std::collections::BTreeMap;
use std::fs;

use trailseal::report::{Report, Verdict};
use trailseal::simulate::{Scenario, SimulatedObject, gzip};

use crate::world::{REGION, World, small};

/// Two regions, a backfill, a restart: a bit of everything.
pub(crate) fn varied() -> Scenario {
    let regions = vec![REGION.to_owned(), "eu-west-1".to_owned()];
    Scenario { regions, hours: 6, backfills: 1, restarts: 1, empty_hours: 20, late_log_files: 20, ..small() }
}

/// Whatever the two reports may differ in is left out: how each names its source and its keys.
#[track_caller]
pub(crate) fn same(one: &Report, other: &Report) {
    assert_eq!(one.verdict, other.verdict);
    assert_eq!(one.findings, other.findings);
    assert_eq!(one.chains, other.chains);
    assert_eq!(one.totals, other.totals);
}

fn of_copy(world: &World) -> Report {
    let (directory, keys) = world.on_disk();
    let (directory, keys) = (directory.to_str().unwrap(), keys.to_str().unwrap());
    world.verify_source(Some(directory), &["--bucket", &world.scenario.bucket, "--public-keys", keys]).report()
}

pub(crate) type Lie = fn(&mut BTreeMap<String, SimulatedObject>);

/// The key of a log file or of a standard digest file.
fn nth(objects: &BTreeMap<String, SimulatedObject>, part: &str, number: usize) -> String {
    objects.keys().filter(|key| key.contains(part) && !key.contains("_backfill")).nth(number).unwrap().clone()
}

pub(crate) const LIES: [(&str, Verdict, Lie); 7] = [
    ("a log file deleted", Verdict::NotIntact, |objects| {
        objects.remove(&nth(objects, "/CloudTrail/us-east-1/", 1));
    }),
    ("a log file edited", Verdict::NotIntact, |objects| {
        let key = nth(objects, "/CloudTrail/eu-west-1/", 0);
        objects.get_mut(&key).unwrap().body = gzip(b"{\"Records\":[]}");
    }),
    ("a log file planted", Verdict::Inconclusive, |objects| {
        let like = objects[&nth(objects, "/CloudTrail/us-east-1/", 0)].clone();
        let key = format!("{}AAAAAAAAAAAAAAAA.json.gz", &like.key[..like.key.len() - 24]);
        objects.insert(key.clone(), SimulatedObject { key, ..like });
    }),
    ("an object planted whose name is odd", Verdict::Inconclusive, |objects| {
        let like = objects[&nth(objects, "/CloudTrail/us-east-1/", 0)].clone();
        let folder = &like.key[..=like.key.rfind('/').unwrap()];
        let key = format!("{folder}a b+c%2F&<é>.json.gz");
        objects.insert(key.clone(), SimulatedObject { key, ..like });
    }),
    ("a digest deleted", Verdict::NotIntact, |objects| {
        objects.remove(&nth(objects, "/CloudTrail-Digest/us-east-1/", 1));
    }),
    ("the newest signature lost", Verdict::Inconclusive, |objects| {
        let newest = objects.keys().rfind(|key| key.contains("/CloudTrail-Digest/eu-west-1/")).unwrap().clone();
        objects.get_mut(&newest).unwrap().metadata.clear();
    }),
    ("everything deleted", Verdict::Inconclusive, BTreeMap::clear),
];

#[test]
fn an_honest_bucket() {
    let world = World::of(varied());
    let of_copy = of_copy(&world);
    assert!(of_copy.totals.log_files.verified > 10, "{:?}", of_copy.totals);
    same(&world.verify(&[]).report(), &of_copy);
}

#[test]
fn an_intact_bucket() {
    let world = World::small();
    let run = world.verify(&[]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(0), Verdict::Intact), "{:#?}", report.findings);
    assert_eq!(report.totals.log_files.verified, world.logs().len() as u64);
    assert!(report.public_keys.iter().all(|key| key.pinned), "{:?}", report.public_keys);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    same(&report, &of_copy(&world));
}

#[test]
fn whatever_was_done_to_it() {
    for (name, verdict, lie) in LIES {
        let mut world = World::of(Scenario { restarts: 0, late_log_files: 0, ..varied() });
        world.lie(lie);
        let of_copy = of_copy(&world);
        assert_eq!(of_copy.verdict, verdict, "{name}: {:#?}", of_copy.findings);
        let run = world.verify(&[]);
        assert_eq!(run.status, Some(verdict.exit_status().into()), "{name}: {}", run.stderr);
        same(&run.report(), &of_copy);
    }
}

/// Object by object, read and only listed.
#[test]
fn the_rows_of_it() {
    for (name, _, lie) in LIES {
        let mut world = World::of(Scenario { restarts: 0, late_log_files: 0, ..varied() });
        world.lie(lie);
        let (directory, keys) = world.on_disk();
        let (directory, keys) = (directory.to_str().unwrap(), keys.to_str().unwrap());
        for log_files in ["all", "listing", "none", "sample:50%"] {
            let beside = tempfile::tempdir().unwrap();
            let file = beside.path().join("rows.csv");
            let to = format!("csv={}", file.display());
            let seed = if log_files.starts_with("sample") { &["--seed", "7"][..] } else { &[] };
            let asked = [&["--report", &to, "--log-files", log_files], seed].concat();
            let copy = ["--bucket", &world.scenario.bucket, "--public-keys", keys];
            world.verify_source(Some(directory), &[&asked[..], &copy].concat());
            let of_copy = fs::read_to_string(&file).unwrap();
            fs::remove_file(&file).unwrap();
            world.verify(&asked);
            assert_eq!(fs::read_to_string(&file).unwrap(), of_copy, "{name}, {log_files}");
        }
    }
}

#[test]
fn a_bucket_read_one_object_at_a_time() {
    let world = World::of(varied());
    let runs = ["1", "3", "200"].map(|number| world.verify(&["--concurrency", number]).stdout);
    assert!(runs[0].contains("trailseal.report/1"));
    assert!(runs.iter().all(|run| *run == runs[0]), "the report depends on the concurrency");
}

#[test]
fn a_trail_by_its_arn_is_where_cloudtrail_says() {
    let scenario = Scenario {
        prefix: "audit/logs".to_owned(),
        trails: vec!["management-events".to_owned(), "data-events".to_owned()],
        ..small()
    };
    let world = World::of(scenario);
    let arn = world.trail_arn("data-events");
    let expected = world.verify(&["--trail-arn", &arn]).report();
    assert_eq!((expected.chains.len(), expected.verdict), (1, Verdict::Intact), "{:#?}", expected.findings);
    same(&world.verify_source(Some(&arn), &[]).report(), &expected);
    assert!(world.endpoint.journal.count("DescribeTrails") + world.endpoint.journal.count("GetTrail") > 0);
    let below = format!("{}/audit/logs", world.source());
    same(&world.verify_source(Some(&below), &["--trail-name", "data-events"]).report(), &expected);
    let bucket = world.scenario.bucket.as_str();
    let account = world.scenario.account_ids()[0].clone();
    // The bucket is named too: it has another trail in it, which is not meant.
    same(&world.verify_source(Some(&arn), &["--s3-bucket", bucket]).report(), &expected);
    // As `aws cloudtrail validate-logs` is called.
    same(&world.verify_source(None, &["--trail-arn", &arn, "--region", REGION]).report(), &expected);
    for prefix in ["audit/logs", "audit/logs/"] {
        let named = ["--trail-arn", &arn, "--s3-bucket", bucket, "--s3-prefix", prefix, "--account-id", &account];
        same(&world.verify_source(None, &named).report(), &expected);
    }
    let unknown = world.verify_source(Some(&world.trail_arn("nobodys-trail")), &[]);
    assert_eq!((unknown.status, unknown.stdout.as_str()), (Some(2), ""), "{}", unknown.stderr);
}
