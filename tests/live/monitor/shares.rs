//! Histories of which each run looks at a part.

use trailseal::simulate::{Scenario, gzip};
use trailseal::trail::Time;

use super::{Watched, open, two_days};

/// Six days.
fn six_days() -> Scenario {
    Scenario { hours: 144, log_files_per_hour: 1, ..two_days() }
}

#[test]
fn a_run_that_rechecks_nothing_looks_at_what_is_new() {
    let mut watched = Watched::after(100, six_days(), "recheck = \"none\"");
    watched.comes_to(0);
    watched.go_on(2 * Time::HOUR);
    watched.comes_to(0);
    let (gets, lists) = watched.asked();
    assert!((1..20).contains(&gets) && lists < 15, "{gets} {lists}");
    // What is old is not looked at.
    let old = watched.keys_with("/CloudTrail/")[3].clone();
    let stored = watched.remove(&old);
    watched.comes_to(0);
    // What is new is, and so are digest files: their folder is listed whole.
    let digest = watched.keys_with("/CloudTrail-Digest/")[5].clone();
    watched.remove(&digest);
    watched.comes_to(1);
    assert_eq!(watched.open(), [open("history-rewritten", &digest)]);
    watched.put(&old, stored);
}

#[test]
fn what_was_altered_is_found_when_its_part_has_its_turn() {
    let mut watched = Watched::after(100, six_days(), "recheck = \"1/4\"");
    watched.comes_to(0);
    let old = watched.keys_with("/CloudTrail/")[3].clone();
    let stored = watched.remove(&old);
    let mut altered = stored.clone();
    altered.body = gzip(b"{\"Records\":[]}").into();
    altered.last_modified = watched.at;
    watched.put(&old, altered);
    let found = (0..4).position(|_| {
        watched.go_on(Time::HOUR);
        watched.run().status == Some(1)
    });
    assert!(found.is_some(), "in one of four runs");
    assert_eq!(watched.open(), [open("log-hash-mismatch", &old)]);
    // It stays open whatever part is looked at, is looked at in every run from then on, and is told of once.
    for _ in 0..4 {
        watched.go_on(Time::HOUR);
        watched.comes_to(1);
        assert_eq!(watched.open(), [open("log-hash-mismatch", &old)]);
    }
    watched.put(&old, stored);
    watched.go_on(Time::HOUR);
    watched.comes_to(0);
    let told: Vec<(String, u32)> = watched.told().into_iter().map(|(_, _, kind, count)| (kind, count)).collect();
    assert_eq!(told, [("opened".to_owned(), 1), ("resolved".to_owned(), 1)]);
}

#[test]
fn a_share_is_read_again_and_all_of_it_in_so_many_runs() {
    let watched = Watched::after(100, six_days(), "reread = \"1/3\"");
    watched.comes_to(0);
    let objects = watched.keys_with("/CloudTrail").len();
    let mut read = 0;
    for _ in 0..3 {
        watched.comes_to(0);
        let (gets, _) = watched.asked();
        assert!(gets < objects * 2 / 3, "{gets} of {objects}");
        read += gets;
    }
    let proven: usize =
        watched.database().query_row("SELECT count(*) FROM object", [], |row| row.get::<_, i64>(0)).unwrap() as usize;
    assert!(read >= proven && read <= objects + 10, "{read} of {proven} proven, {objects} in all");
}

#[test]
fn a_hole_that_grows_is_one_finding() {
    let mut watched = Watched::after(100, six_days(), "recheck = \"1/4\"");
    watched.comes_to(0);
    // From now on nothing is delivered.
    let seen = watched.at;
    for hours in [3, 4, 5, 30] {
        watched.at = seen.plus(hours * Time::HOUR);
        watched.comes_to(3);
        let holes = watched.open().into_iter().filter(|open| open.code == "coverage-hole").count();
        assert_eq!(holes, 1, "after {hours} hours: {:?}", watched.open());
    }
    let told = watched.told().into_iter().filter(|(code, ..)| code == "coverage-hole").map(|(.., count)| count);
    assert_eq!(told.collect::<Vec<u32>>(), [1]);
    watched.at = seen;
    watched.go_on(30 * Time::HOUR);
    watched.comes_to(0);
}

#[test]
fn an_account_that_comes_with_a_history_is_looked_at_whole() {
    let scenario = Scenario { accounts: 2, organization: Some("o-exampleorgid".to_owned()), ..six_days() };
    let mut watched = Watched::after(100, scenario, "recheck = \"none\"");
    let account = watched.world.scenario.account_ids()[1].clone();
    let of_it = watched.keys_with(&format!("/{account}/"));
    let objects: Vec<_> = of_it.iter().map(|key| (key.clone(), watched.remove(key))).collect();
    watched.comes_to(0);
    // One of its log files was deleted days ago.
    let gone = of_it.iter().filter(|key| key.contains("/CloudTrail/")).nth(2).unwrap();
    objects.into_iter().filter(|(key, _)| key != gone).for_each(|(key, stored)| watched.put(&key, stored));
    watched.go_on(Time::HOUR);
    watched.comes_to(1);
    assert_eq!(watched.open(), [open("log-missing", gone)]);
}

#[test]
fn an_old_digest_that_was_changed_is_looked_at_whatever_share_is() {
    let mut watched = Watched::after(100, six_days(), "recheck = \"none\"");
    watched.comes_to(0);
    let old = watched.keys_with("/CloudTrail-Digest/")[7].clone();
    let stored = watched.remove(&old);
    let mut altered = stored.clone();
    altered.body = gzip(b"{}").into();
    altered.last_modified = watched.at;
    watched.put(&old, altered);
    watched.go_on(Time::HOUR);
    watched.comes_to(1);
    assert!(
        watched.open().iter().any(|open| open.about == old && open.code != "coverage-hole"),
        "{:?}",
        watched.open()
    );
    watched.put(&old, stored);
    watched.go_on(Time::HOUR);
    watched.comes_to(0);
}

#[test]
fn a_waiver_that_has_expired_accepts_nothing_also_where_nobody_looks() {
    let mut watched = Watched::after(100, six_days(), "recheck = \"none\"\nwaivers = \"waivers.toml\"");
    let key = watched.keys_with("/CloudTrail/")[3].clone();
    watched.remove(&key);
    let accepted = |until: &str| {
        let subject = format!("{}/{key}", watched.world.source());
        format!(
            "[[waiver]]\ncode = \"log-missing\"\nsubject = \"{subject}\"\nreason = \"a drill\"\nwho = \"the auditor\"\nuntil = \"{until}\"\n"
        )
    };
    let file = watched.world.scratch.path().join("waivers.toml");
    std::fs::write(&file, accepted("2027-01-01")).unwrap();
    let expired = accepted("2026-01-01");
    watched.comes_to(0);
    std::fs::write(&file, expired).unwrap();
    watched.go_on(Time::HOUR);
    watched.comes_to(1);
}

/// Runs are forgotten, and the parts of the history have their turns all the same.
#[test]
fn every_part_has_its_turn_however_few_runs_are_remembered() {
    let watched = Watched::after(100, six_days(), "recheck = \"1/4\"");
    watched.comes_to(0);
    let mut parts = std::collections::BTreeSet::new();
    for _ in 0..4 {
        watched.comes_to(0);
        let database = watched.database();
        parts.insert(
            database
                .query_row("SELECT recheck FROM run ORDER BY id DESC LIMIT 1", [], |row| row.get::<_, String>(0))
                .unwrap(),
        );
        database.execute("DELETE FROM run", []).unwrap();
    }
    assert_eq!(parts.len(), 4, "{parts:?}");
    let proven = "SELECT count(*) FROM proven_object";
    let objects: i64 = watched.database().query_row(proven, [], |row| row.get(0)).unwrap();
    assert!(objects > 50, "what they proved is still to be seen: {objects}");
}

/// Nobody asks for its time any more, and what is asked for is looked at all the same.
#[test]
fn a_finding_that_is_older_than_what_is_asked_for_stands_in_no_runs_way() {
    let mut watched = Watched::after(40, two_days(), "recheck = \"1/4\"\nretention = \"30h\"");
    watched.comes_to(0);
    let log = watched.keys_with("/CloudTrail/").into_iter().nth(60).unwrap();
    watched.remove(&log);
    for _ in 0..4 {
        watched.go_on(Time::HOUR);
        watched.run();
    }
    assert_eq!(watched.open(), [open("log-missing", &log)]);
    for _ in 0..40 {
        watched.go_on(Time::HOUR);
        let run = watched.run();
        assert_ne!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
    }
    assert!(watched.open().contains(&open("log-missing", &log)), "nobody put it right");
}
