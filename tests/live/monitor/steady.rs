//! What a run asks for, and what it remembers.

use trailseal::simulate::gzip;
use trailseal::trail::Time;

use super::{Watched, open, two_days};

#[test]
fn a_run_reads_what_is_new_and_nothing_else() {
    let mut watched = Watched::after(20, two_days(), "");
    let first = watched.comes_to(0);
    let (logs, digests) = (watched.keys_with("/CloudTrail/").len(), watched.keys_with("/CloudTrail-Digest/").len());
    // What was delivered since the newest digest is in none yet.
    let (gets, _) = watched.asked();
    assert!(gets > digests && gets <= logs + digests, "{gets}: {}", first.stdout);
    watched.comes_to(0);
    let (gets, lists) = watched.asked();
    assert_eq!(gets, 0, "nothing is new");
    assert!(lists < 15, "{lists}");
    watched.go_on(Time::HOUR);
    let run = watched.comes_to(0);
    let (gets, _) = watched.asked();
    assert!((1..12).contains(&gets), "{gets}: {}", run.stdout);
    assert!(run.stdout.contains("(1 read)"), "{}", run.stdout);
}

#[test]
fn the_verdict_is_that_of_verify() {
    let mut watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    watched.go_on(5 * Time::HOUR);
    let run = watched.comes_to(0);
    let (source, now) = (watched.world.source(), watched.at.to_string());
    let report = watched.world.run(&["verify", &source, "--now", &now, "--format", "json"]).report();
    let digests = format!("{} digest files verified", report.totals.digests.verified);
    let logs = format!("{} log files verified", report.totals.log_files.verified);
    assert!(run.stdout.contains(&digests) && run.stdout.contains(&logs), "{}{digests}{logs}", run.stdout);
}

#[test]
fn what_was_proven_and_is_altered_is_told_once_and_resolved_once() {
    let mut watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let key = watched.keys_with("/CloudTrail/")[3].clone();
    let stored = watched.remove(&key);
    let mut altered = stored.clone();
    altered.body = gzip(b"{\"Records\":[]}").into();
    altered.last_modified = watched.at;
    watched.put(&key, altered);
    let run = watched.comes_to(1);
    assert!(run.stdout.contains("violation log-hash-mismatch"), "{}", run.stdout);
    assert_eq!(watched.open(), [open("log-hash-mismatch", &key)]);
    assert_eq!(watched.asked().0, 1, "it alone is read");
    watched.go_on(Time::HOUR);
    watched.comes_to(1);
    let told = |kind: &str| ("log-hash-mismatch".to_owned(), key.clone(), kind.to_owned(), 1);
    assert_eq!(watched.told(), [told("opened")]);
    watched.put(&key, stored);
    watched.comes_to(0);
    assert_eq!(watched.told(), [told("opened"), told("resolved")]);
    watched.comes_to(0);
    assert_eq!(watched.told(), [told("opened"), told("resolved")]);
}

#[test]
fn what_was_proven_and_is_gone_is_told() {
    let watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let (log, digest) =
        (watched.keys_with("/CloudTrail/")[5].clone(), watched.keys_with("/CloudTrail-Digest/")[4].clone());
    watched.remove(&log);
    watched.comes_to(1);
    assert_eq!(watched.open(), [open("log-missing", &log)]);
    watched.remove(&digest);
    watched.comes_to(1);
    let codes: Vec<String> = watched.open().into_iter().map(|open| open.code).collect();
    assert!(
        codes.contains(&"digest-missing".to_owned()) && !codes.contains(&"history-rewritten".to_owned()),
        "{codes:?}"
    );
}

#[test]
fn what_is_planted_in_proven_time_is_told() {
    let watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let key = watched.keys_with("/CloudTrail/")[5].clone();
    let stored = watched.remove(&key);
    watched.put(&key, stored.clone());
    let planted = format!("{}AAAAAAAAAAAAAAAA.json.gz", &key[..key.len() - 24]);
    watched.put(&planted, stored);
    watched.comes_to(3);
    assert_eq!(watched.open(), [open("log-unlisted", &planted)]);
}

#[test]
fn a_digest_damaged_in_the_state_file_is_read_from_the_bucket_and_alarms_nobody() {
    let watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    watched.database().execute("UPDATE digest SET body = x'1f8b00' WHERE rowid % 2 = 0", []).unwrap();
    watched.comes_to(0);
    let digests = watched.keys_with("/CloudTrail-Digest/").len();
    assert!((digests / 3..=digests).contains(&watched.asked().0), "{:?} of {digests}", watched.asked());
    watched.comes_to(0);
    assert_eq!(watched.asked().0, 0, "and remembered as it is");
}
