//! What nothing in the bucket tells of: the newest, the oldest, or all of a chain taken away.

use trailseal::simulate::Scenario;
use trailseal::trail::{DigestKey, Time};

use crate::proxy::{Fault, Rule, Times, listing_of};

use super::{Watched, open, two_days};

#[test]
fn the_newest_digests_taken_away_are_missed() {
    let watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let newest = watched.keys_with("/CloudTrail-Digest/").pop().unwrap();
    watched.remove(&newest);
    watched.comes_to(1);
    assert!(watched.open().contains(&open("history-rewritten", &newest)), "{:?}", watched.open());
}

#[test]
fn the_oldest_digests_taken_away_are_missed() {
    let watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let oldest = watched.keys_with("/CloudTrail-Digest/")[0].clone();
    watched.remove(&oldest);
    watched.comes_to(1);
    assert!(watched.open().contains(&open("history-rewritten", &oldest)), "{:?}", watched.open());
}

#[test]
fn a_chain_taken_away_is_missed() {
    let mut watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    for key in watched.keys_with("/CloudTrail") {
        watched.remove(&key);
    }
    watched.comes_to(1);
    let codes: Vec<String> = watched.open().into_iter().map(|open| open.code).collect();
    assert_eq!(codes, ["chain-gone", "nothing-found"], "{:?}", watched.open());
    watched.go_on(Time::HOUR);
    watched.comes_to(1);
    let told = watched.told();
    assert!(told.iter().filter(|(code, ..)| code == "chain-gone").all(|(.., count)| *count == 1), "{told:?}");
}

#[test]
fn what_the_buckets_lifecycle_expires_is_not_missed() {
    let mut watched = Watched::after(40, two_days(), "retention = \"30h\"");
    watched.comes_to(0);
    watched.go_on(5 * Time::HOUR);
    let kept_from = watched.at.plus(-30 * Time::HOUR);
    for (key, object) in &watched.world.objects {
        if object.last_modified < kept_from {
            watched.remove(key);
        }
    }
    let run = watched.comes_to(0);
    assert!(watched.open().is_empty(), "{}", run.stdout);
}

#[test]
fn a_chain_whose_end_is_accepted_is_told_to_nobody() {
    let watched = Watched::after(20, two_days(), "waivers = \"waivers.toml\"");
    let waiver = "[[waiver]]\ncode = \"chain-gone\"\nsubject = \"s3://live-trail/AWSLogs/*\"\nreason = \"the account was closed\"\nwho = \"the auditor\"\nuntil = \"2027-01-01\"\n";
    std::fs::write(watched.world.scratch.path().join("waivers.toml"), waiver).unwrap();
    watched.comes_to(0);
    for key in watched.keys_with("/CloudTrail") {
        watched.remove(&key);
    }
    let run = watched.run();
    // Nothing is there to be proven, and that cannot be accepted.
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    assert!(watched.told().iter().all(|(code, ..)| code != "chain-gone"), "{:?}", watched.told());
}

/// Whoever takes away what tells of a violation does not close the alarm.
#[test]
fn an_alarm_is_closed_by_proof_and_not_by_taking_away_what_names_it() {
    let mut watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let (log, digest) =
        (watched.keys_with("/CloudTrail/")[5].clone(), watched.keys_with("/CloudTrail-Digest/")[4].clone());
    let stored = watched.remove(&log);
    watched.comes_to(1);
    assert_eq!(watched.open(), [open("log-missing", &log)]);
    // Whichever digest names it: all but the first and the last are taken away.
    let digests = watched.keys_with("/CloudTrail-Digest/");
    let taken: Vec<_> = digests[1..digests.len() - 1].iter().map(|key| (key.clone(), watched.remove(key))).collect();
    assert!(taken.iter().any(|(key, _)| *key == digest));
    watched.comes_to(1);
    assert!(watched.open().contains(&open("log-missing", &log)), "{:?}", watched.open());
    let resolved = |watched: &Watched| watched.told().iter().filter(|(_, _, kind, _)| kind == "resolved").count();
    assert_eq!(resolved(&watched), 0, "{:?}", watched.told());
    for (key, stored) in taken {
        watched.put(&key, stored);
    }
    watched.put(&log, stored);
    watched.go_on(Time::HOUR);
    watched.comes_to(0);
    assert_eq!(watched.open(), []);
}

#[test]
fn a_digest_that_is_missed_stays_so_when_the_next_one_names_it_too() {
    let mut watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let newest = watched.keys_with("/CloudTrail-Digest/").pop().unwrap();
    let stored = watched.remove(&newest);
    watched.comes_to(1);
    watched.go_on(Time::HOUR);
    watched.comes_to(1);
    let codes: Vec<String> =
        watched.open().into_iter().filter(|open| open.about == newest).map(|open| open.code).collect();
    assert_eq!(codes, ["digest-missing", "history-rewritten"]);
    let told = watched.told();
    assert!(told.iter().all(|(code, _, kind, _)| code != "history-rewritten" || kind == "opened"), "{told:?}");
    watched.put(&newest, stored);
    watched.comes_to(0);
}

#[test]
fn what_could_not_be_listed_resolves_nothing() {
    let watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let key = watched.keys_with("/CloudTrail/")[5].clone();
    let planted = format!("{}AAAAAAAAAAAAAAAA.json.gz", &key[..key.len() - 24]);
    let stored = watched.remove(&key);
    watched.put(&key, stored.clone());
    watched.put(&planted, stored);
    watched.comes_to(3);
    assert_eq!(watched.open(), [open("log-unlisted", &planted)]);
    let logs = key[..key.find("/CloudTrail/").unwrap()].to_owned() + "/CloudTrail/us-east-1/";
    watched.world.proxy.add(Rule::new(listing_of(&logs), Fault::AccessDenied, Times::Forever));
    watched.comes_to(3);
    assert!(watched.open().contains(&open("log-unlisted", &planted)), "{:?}", watched.open());
    watched.world.proxy.clear();
    watched.remove(&planted);
    watched.comes_to(0);
}

/// One run whose clock is far ahead forgets no more than the run before it would have.
#[test]
fn a_clock_that_was_ahead_has_nothing_forgotten() {
    let mut watched = Watched::after(40, two_days(), "retention = \"100h\"");
    watched.comes_to(0);
    let at = watched.at;
    watched.at = at.plus(30 * Time::DAY);
    watched.run();
    watched.at = at;
    watched.go_on(Time::HOUR);
    for key in watched.keys_with("/CloudTrail") {
        watched.remove(&key);
    }
    watched.comes_to(1);
    assert!(watched.open().iter().any(|open| open.code == "chain-gone"), "{:?}", watched.open());
}

/// That a run fails puts nothing right, whatever words it fails with.
#[test]
fn a_violation_that_is_open_is_told_by_the_exit_status_of_a_run_that_fails() {
    let mut watched = Watched::after(20, two_days(), "");
    let log = watched.keys_with("/CloudTrail/")[5].clone();
    watched.comes_to(0);
    watched.remove(&log);
    watched.comes_to(1);
    for fault in [Fault::AccessDenied, Fault::ExpiredToken] {
        watched.world.proxy.clear();
        watched.world.proxy.add(Rule::new(Box::new(|_| true), fault, Times::Forever));
        watched.go_on(Time::HOUR);
        let run = watched.comes_to(1);
        assert!(run.stdout.contains("could not be"), "{}", run.stdout);
    }
    let failed: Vec<_> = watched.told().into_iter().filter(|(code, ..)| code == "run-failed").collect();
    assert!(failed.iter().all(|(.., kind, count)| kind == "opened" && *count == 1), "{failed:?}");
}

/// A chain that begins anew owes nothing before only where it was not known before: whoever takes away all until then, of a time
/// that nothing else remembers, does not close the hole.
#[test]
fn what_was_known_before_a_chain_began_anew_is_still_owed() {
    let scenario = Scenario { restarts: 1, ..two_days() };
    let watched = Watched::after(40, scenario, "retention = \"100h\"");
    watched.comes_to(3);
    let is_hole = |open: &super::Open| open.code == "coverage-hole";
    assert_eq!(watched.open().iter().filter(|open| is_hole(open)).count(), 1, "{:?}", watched.open());
    let digests = watched.keys_with("/CloudTrail-Digest/");
    let ends: Vec<Time> = digests.iter().map(|key| DigestKey::parse(key).unwrap().end).collect();
    let anew = ends.windows(2).position(|two| two[1].since(two[0]) > Time::HOUR).expect("a restart") + 1;
    for key in &digests[..anew] {
        watched.remove(key);
    }
    for _ in 0..2 {
        let run = watched.run();
        assert!(watched.open().iter().any(is_hole), "{}{:?}", run.stdout, watched.open());
    }
}

#[test]
fn a_start_that_is_to_come_is_no_run() {
    let watched = Watched::after(20, two_days(), "start = \"2027-01-01\"");
    watched.comes_to(2);
    assert_eq!(watched.open(), [open("run-failed", "")]);
}
