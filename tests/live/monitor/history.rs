//! What nothing in the bucket tells of: the newest, the oldest, or all of a chain taken away.

use trailseal::trail::Time;

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
