//! A second run: what it fetches, what it refuses, and what it tells of losses.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use trailseal::audit::AuditRequest;
use trailseal::audit::pull::PullError;
use trailseal::limits::Limits;
use trailseal::report::Verdict;
use trailseal::store::DirStore;
use trailseal::store::dir::{OpenError, SourceRecord};
use trailseal::trail::Time;

use crate::world::{
    Bucket, Fault, Objects, audit, copied, digests, files_below, logs, objects, pull, request, run, same, stderr,
    stdout,
};

#[test]
fn what_comes_next_after_a_copy_of_the_chain_alone_is_to_verify_the_chain_alone() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy");
    let output = run(&["pull", "testdata/trail", to.to_str().unwrap(), "--log-files", "none"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (text, next) = (stdout(&output), "--end-time 2026-01-11T00:42:10Z --log-files none --public-keys aws");
    assert!(text.trim_end().ends_with(next), "{text}");
}

#[test]
fn a_second_run_fetches_what_is_missing_or_was_changed() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy");
    let (source, to) = ("testdata/trail", to.to_str().unwrap());
    let summary = |what: &str| {
        let output = run(&["pull", source, to]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains(what), "{what}: {text}");
        let next = format!("Next: trailseal verify {to} --end-time 2026-01-11T00:42:10Z --public-keys aws");
        assert!(text.trim_end().ends_with(&next), "{text}");
    };
    summary("fetched     129 objects");
    let first = fs::read_to_string(format!("{to}/.trailseal/metadata.jsonl")).unwrap();
    let keys = |dir: &str| fs::read_to_string(format!("{dir}/.trailseal/public-keys.json")).unwrap();
    assert_eq!(keys(to), keys(source));
    summary("fetched     0 objects");
    assert_eq!(keys(to), keys(source), "once each");
    assert_eq!(fs::read_to_string(format!("{to}/.trailseal/metadata.jsonl")).unwrap(), first);
    let mut lost = files_below(Path::new(to)).into_iter().filter(|file| file.starts_with("AWSLogs"));
    let (changed, shorter, missing) = (lost.next().unwrap(), lost.next().unwrap(), lost.next().unwrap());
    let changed = Path::new(to).join(changed);
    let mut bytes = fs::read(&changed).unwrap();
    bytes[20] ^= 1;
    fs::write(&changed, bytes).unwrap();
    fs::write(Path::new(to).join(shorter), "").unwrap();
    fs::remove_file(Path::new(to).join(missing)).unwrap();
    summary("fetched     3 objects");
    summary("kept        129 objects");
    let verified = run(&["verify", to, "--public-keys", "testdata/trail-public-keys.json"]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
}

/// What the listing of a bucket shows to be as it was is not even asked for.
#[test]
fn unchanged_objects_of_a_bucket_are_not_asked_for() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let request = request(&objects);
    let (first, _) = pull(Bucket::new(&objects), &request, &to).unwrap();
    assert_eq!(first.tally.fetched, objects.len() as u64);
    let bucket = std::sync::Arc::new(Bucket::new(&objects));
    let evidence = trailseal::audit::Evidence { stores: vec![bucket.clone()], ..Default::default() };
    let silent = std::sync::Arc::new(trailseal::audit::Silent);
    let second = trailseal::audit::pull::pull_blocking(evidence, crate::world::keys(), request, &to, silent).unwrap();
    assert_eq!((second.tally.fetched, second.tally.kept), (0, objects.len() as u64));
    assert_eq!(bucket.fetched.load(Ordering::Relaxed), 0);
    let line = fs::read_to_string(to.join(".trailseal/metadata.jsonl")).unwrap();
    assert!(line.contains("\"kept\":\"as it is\""), "all user metadata is kept: {line}");
}

#[test]
fn an_interrupted_pull_is_no_evidence_and_goes_on() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let request = request(&objects);
    let digest = digests(&objects)[3].key();
    for fault in [Fault::Panics, Fault::Expired] {
        let mut bucket = Bucket::new(&objects);
        bucket.faults.insert(digest.clone(), fault);
        let interrupted = pull(bucket, &request, &to).unwrap_err();
        assert!(matches!(interrupted, PullError::Audit(_) | PullError::Credentials(_)), "{interrupted}");
        let opened = DirStore::open(&to, None, &Limits::default()).err();
        assert!(matches!(opened, Some(OpenError::Incomplete(_))));
        let output = run(&["verify", to.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        let told = stderr(&output);
        assert!(told.contains("is not complete: run the same pull again"), "{told}");
        assert!(!to.join(".trailseal/source.json").exists());
    }
    // As a process that is killed leaves them: a line that is cut off, and half an object.
    let metadata = to.join(".trailseal/metadata.jsonl");
    let lines = fs::read_to_string(&metadata).unwrap();
    assert!(lines.lines().count() > 0, "something was copied before");
    fs::write(&metadata, format!("{lines}{{\"key\":\"AWSLo")).unwrap();
    fs::create_dir_all(to.join(".trailseal/partial")).unwrap();
    fs::write(to.join(".trailseal/partial/0"), "half").unwrap();
    let (pulled, _) = pull(Bucket::new(&objects), &request, &to).unwrap();
    assert_eq!(pulled.tally.kept, lines.lines().count() as u64, "what was copied before is not fetched again");
    assert_eq!(pulled.tally.fetched + pulled.tally.kept, objects.len() as u64);
    assert!(!to.join(".trailseal/partial").exists());
    same(&audit(crate::world::evidence(Bucket::new(&objects)), &request), &audit(copied(&to), &request));
    assert_eq!(audit(copied(&to), &request).verdict, Verdict::Intact);
}

#[test]
fn what_the_source_lost_is_moved_aside_and_told() {
    let (mut objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let request = request(&objects);
    let (log, digest) = (logs(&objects)[3].clone(), digests(&objects)[4].key());
    let stray = digest.replace(".json.gz", ".txt");
    let misplaced = log.split("/2026/").next().unwrap().to_owned() + "/planted";
    let bucket = |objects: &Objects| {
        let mut bucket = Bucket::new(objects);
        bucket.plant(&format!("{log}.copy"), "planted");
        bucket
    };
    let mut first = bucket(&objects);
    first.plant(&stray, "planted");
    first.plant(&misplaced, "planted");
    pull(first, &request, &to).unwrap();
    let removed = [objects.remove(&log).unwrap().key, objects.remove(&digest).unwrap().key, stray, misplaced];
    let (pulled, notes) = pull(bucket(&objects), &request, &to).unwrap();
    assert_eq!((pulled.tally.removed, pulled.tally.fetched, pulled.not_copied), (4, 0, 0));
    assert_eq!(*notes.removed.lock().unwrap(), removed.iter().cloned().collect());
    for key in &removed {
        assert!(!to.join(key).exists() && to.join(".trailseal/removed").join(key).exists(), "{key}");
    }
    let report = audit(copied(&to), &request);
    same(&audit(crate::world::evidence(bucket(&objects)), &request), &report);
    assert_eq!(report.verdict, Verdict::NotIntact);
    // It came back and went again: what was moved aside first stays.
    let whole = crate::world::objects();
    pull(Bucket::new(&whole), &request, &to).unwrap();
    let (pulled, _) = pull(Bucket::new(&objects), &request, &to).unwrap();
    assert_eq!(pulled.tally.removed, 2);
    for folder in ["removed", "removed.1"] {
        assert!(to.join(".trailseal").join(folder).join(&log).exists(), "{folder}");
    }
}

/// Even where nothing at all is left of an account.
#[test]
fn an_account_that_the_source_lost_is_told() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let request = request(&objects);
    pull(Bucket::new(&objects), &request, &to).unwrap();
    let (pulled, _) = pull(Bucket::new(&Default::default()), &request, &to).unwrap();
    assert_eq!(pulled.tally.removed, objects.len() as u64);
    assert!(files_below(&to).iter().all(|file| file.starts_with(".trailseal")));
    let none = pull(Bucket::new(&Default::default()), &request, &dir.path().join("new")).unwrap_err();
    assert!(matches!(none, PullError::NothingFound));
    assert!(!dir.path().join("new").exists(), "nothing is written");
}

#[test]
fn a_copy_grows_and_has_no_gaps() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let ends: Vec<Time> = digests(&objects).iter().map(|key| key.end).collect();
    let whole = request(&objects);
    let between = |start: Time, end: Time| AuditRequest { start: Some(start), end: Some(end), ..whole.clone() };
    let recorded = || {
        let record = SourceRecord::read(&to, &Limits::default()).unwrap().unwrap();
        (record.start, record.end)
    };
    pull(Bucket::new(&objects), &between(ends[1], ends[3]), &to).unwrap();
    assert_eq!(recorded(), (Some(ends[1]), Some(ends[3])));
    let apart = pull(Bucket::new(&objects), &between(ends[4], ends[6]), &to).unwrap_err().to_string();
    assert!(apart.contains("a copy has no gaps") && apart.contains("name another directory"), "{apart}");
    let (grown, _) = pull(Bucket::new(&objects), &between(ends[3], ends[6]), &to).unwrap();
    assert_eq!((grown.start, grown.end), (Some(ends[1]), ends[6]));
    assert_eq!(recorded(), (Some(ends[1]), Some(ends[6])));
    let both = between(ends[1], ends[6]);
    same(&audit(crate::world::evidence(Bucket::new(&objects)), &both), &audit(copied(&to), &both));
    assert_eq!(audit(copied(&to), &both).verdict, Verdict::Intact);

    let other = AuditRequest { source: "elsewhere".into(), ..both.clone() };
    let refused = pull(Bucket::new(&objects), &other, &to).unwrap_err().to_string();
    assert!(refused.contains("a copy of memory") && refused.contains("name another directory"), "{refused}");
    let refused = pull(Bucket::of(Some("other-bucket"), &objects), &both, &to).unwrap_err().to_string();
    assert!(refused.contains("other-bucket"), "{refused}");
    assert_eq!(recorded(), (Some(ends[1]), Some(ends[6])), "what is refused changes nothing");
    assert!(DirStore::open(&to, None, &Limits::default()).is_ok());
}

/// The digest of the hour under way is in no copy: what is asked for by default ends before it.
#[test]
fn a_copy_taken_within_an_hour_is_whole_the_day_after() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let newest = digests(&objects).last().unwrap().end;
    let now = newest.plus(40 * 60);
    let request = AuditRequest { end: Some(now), ..AuditRequest::everything("memory", now) };
    let (pulled, _) = pull(Bucket::new(&objects), &request, &to).unwrap();
    assert_eq!(pulled.end, newest);
    same(&audit(crate::world::evidence(Bucket::new(&objects)), &request), &audit(copied(&to), &request));
    let recorded_end = SourceRecord::read(&to, &Limits::default()).unwrap().unwrap().end;
    let later = AuditRequest::everything("copy", now.plus(Time::DAY));
    let evidence = trailseal::audit::Evidence { recorded_end, ..copied(&to) };
    assert_eq!(audit(evidence, &later).verdict, Verdict::Intact);
}

#[test]
fn directories_that_are_something_else_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let refused = |arguments: &[&str], what: &str| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stdout(&output));
        assert!(stderr(&output).contains(what), "{arguments:?}: {}", stderr(&output));
    };
    fs::create_dir(path("full")).unwrap();
    fs::write(path("full/letter"), "x").unwrap();
    refused(&["pull", "testdata/trail", &path("full")], "name a new directory");
    let inside = path("source/within");
    let made = run(&["simulate", &path("source"), "--hours", "2", "--regions", "us-east-1"]);
    assert_eq!(made.status.code(), Some(0));
    refused(&["pull", &path("source"), &inside], "within one another");
    refused(&["pull", &path("source"), &path("source")], "within one another");
    refused(&["pull", &path("source"), dir.path().to_str().unwrap()], "within one another");
    refused(&["pull", &path("absent"), &path("new")], "there is no directory");
    refused(&["pull", "testdata/trail", &path("new"), "--account-id", "111122223333"], "no account and region");
    refused(&["pull", "testdata/trail", &path("new"), "--start-time", "soon"], "is no time");
    assert!(!Path::new(&path("new")).exists(), "nothing is written");
    let files = files_below(Path::new(&path("full")));
    assert_eq!(files.len(), 1, "{files:?}");
}
