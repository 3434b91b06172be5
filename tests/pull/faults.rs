//! What cannot be copied: fetched again where that helps, else named, and never taken for deleted.

use std::fs;

use trailseal::audit::AuditRequest;
use trailseal::finding::Code;
use trailseal::report::Verdict;
use trailseal::simulate::{Scenario, draft};
use trailseal::store::StoreError;
use trailseal::trail::ChainKind;

use crate::world::{
    Bucket, Fault, audit, copied, digests, evidence, keyring, logs, objects, pull, request, run, same, scenario,
    stderr, stdout,
};

#[test]
fn bodies_that_break_off_are_fetched_again() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let request = request(&objects);
    let logs = logs(&objects);
    let mut bucket = Bucket::new(&objects);
    bucket.faults.insert(logs[0].clone(), Fault::BreaksOff(2));
    bucket.faults.insert(logs[1].clone(), Fault::CutShort(1));
    bucket.faults.insert(logs[2].clone(), Fault::BreaksOff(99));
    bucket.faults.insert(logs[3].clone(), Fault::CutShort(99));
    let (pulled, notes) = pull(bucket, &request, &to).unwrap();
    assert_eq!(notes.not_copied(), logs[2..4], "the others came in the end");
    assert_eq!((pulled.not_copied, pulled.tally.fetched), (2, objects.len() as u64 - 2));
    for log in &logs[2..4] {
        assert!(!to.join(log).exists(), "half an object is none");
    }
    let report = audit(copied(&to), &request);
    assert_eq!(report.verdict, Verdict::Inconclusive);
    let unreadable: Vec<_> =
        report.findings.iter().map(|f| (f.code, f.subject.as_ref().unwrap().key.clone())).collect();
    assert_eq!(unreadable, [(Code::LogUnreadable, logs[2].clone()), (Code::LogUnreadable, logs[3].clone())]);
    // The next time they come.
    let (pulled, _) = pull(Bucket::new(&objects), &request, &to).unwrap();
    assert_eq!((pulled.not_copied, pulled.tally.fetched), (0, 2));
    assert!(!to.join(".trailseal/not-copied.jsonl").exists());
    assert_eq!(audit(copied(&to), &request).verdict, Verdict::Intact);
}

#[test]
fn what_cannot_be_copied_is_unreadable_in_the_copy_as_in_the_source() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let request = request(&objects);
    let (logs, digests) = (logs(&objects), digests(&objects));
    let bucket = || {
        let mut bucket = Bucket::new(&objects);
        let planted = format!("{}.copy", logs[0]);
        bucket.plant(&planted, "planted");
        for (key, error) in [
            (&logs[1], StoreError::Denied),
            (&logs[4], StoreError::Archived),
            (&planted, StoreError::Kms),
            (&digests[3].key(), StoreError::Archived),
            // The newest: no other digest names it.
            (&digests[7].key(), StoreError::Denied),
        ] {
            bucket.memory.fail(key, error);
        }
        bucket
    };
    for (number, log_files) in ["all", "listing", "none"].iter().enumerate() {
        let to = dir.path().join(number.to_string());
        let request = AuditRequest { log_files: log_files.parse().unwrap(), ..request.clone() };
        let (pulled, notes) = pull(bucket(), &request, &to).unwrap();
        let expected = if *log_files == "none" { 2 } else { 5 };
        assert_eq!((pulled.not_copied, notes.not_copied().len()), (expected, expected as usize));
        let (source, copy) = (audit(evidence(bucket()), &request), audit(copied(&to), &request));
        // Where log files are only listed, those that were not copied cannot be: of a copy, nobody can say that they are there.
        if *log_files != "listing" {
            same(&source, &copy);
        }
        assert_eq!(copy.verdict, Verdict::Inconclusive);
    }
}

#[test]
fn folders_that_cannot_be_listed_are_not_empty() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let request = request(&objects);
    let account = digests(&objects)[0].folder.path();
    for (number, folder) in
        ["CloudTrail/us-east-1/", "CloudTrail-Digest/us-east-1/", "CloudTrail-Digest/", ""].iter().enumerate()
    {
        let to = dir.path().join(number.to_string());
        let bucket = || {
            let mut bucket = Bucket::new(&objects);
            // An account of which nothing is asked for keeps the copy from being of nothing.
            bucket.plant("AWSLogs/999999999999/CloudTrail/us-east-1/", "");
            bucket.denied.insert(format!("{account}{folder}"));
            bucket
        };
        let (pulled, notes) = pull(bucket(), &request, &to).unwrap();
        assert!(pulled.not_copied > 0, "{folder}");
        assert!(notes.not_copied().contains(&format!("{account}{folder}")), "{folder}: {:?}", notes.not_copied());
        let (source, copy) = (audit(evidence(bucket()), &request), audit(copied(&to), &request));
        same(&source, &copy);
        assert_ne!(copy.verdict, Verdict::Intact);
        // Once they can be listed, nothing is left of it.
        let (pulled, _) = pull(Bucket::new(&objects), &request, &to).unwrap();
        assert_eq!(pulled.not_copied, 0, "{folder}");
        assert_eq!(audit(copied(&to), &request).verdict, Verdict::Intact, "{folder}");
    }
}

/// A backfill digest that came long after the time asked for may be what vouches for a log file of it.
#[test]
fn later_backfill_digests_are_copied() {
    let mut drafted = draft(&Scenario { backfills: 6, ..scenario() }).unwrap();
    let standard = &mut drafted.chains[0].digests;
    let (end, late) = (standard[2].digest.digest_end_time, standard[1].digest.log_files.pop().unwrap());
    let backfills = drafted.chains.iter_mut().find(|chain| chain.chain.kind == ChainKind::Backfill).unwrap();
    let later = backfills.digests.iter().filter(|backfill| backfill.digest.digest_end_time > end);
    assert!(later.count() > 2, "a walk looks at two of them");
    let last = &mut backfills.digests.last_mut().unwrap().digest;
    last.log_files.push(late.clone());
    let objects = drafted.objects(keyring());
    let request = AuditRequest { end: Some(end), ..request(&objects) };
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy");
    pull(Bucket::new(&objects), &request, &to).unwrap();
    let (source, copy) = (audit(evidence(Bucket::new(&objects)), &request), audit(copied(&to), &request));
    same(&source, &copy);
    let unlisted =
        |report: &trailseal::report::Report| report.findings.iter().any(|finding| finding.code == Code::LogUnlisted);
    assert!(!unlisted(&copy));
    // Without it, nobody would.
    let mut bucket = Bucket::new(&objects);
    bucket.memory.remove(&last_backfill(&objects));
    assert!(unlisted(&audit(evidence(bucket), &request)), "{}", late.s3_object);
}

fn last_backfill(objects: &crate::world::Objects) -> String {
    let mut backfills = digests(objects).into_iter().filter(|key| key.chain.kind == ChainKind::Backfill);
    backfills.next_back().unwrap().key()
}

/// Digests and log files that the torn listings of their folders do not show are found by what names them.
#[test]
fn what_a_torn_listing_does_not_show_is_copied_all_the_same() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let request = request(&objects);
    let account = digests(&objects)[0].folder.path();
    let bucket = || {
        let mut bucket = Bucket::new(&objects);
        bucket.torn.insert(format!("{account}CloudTrail-Digest/us-east-1/"));
        bucket.torn.insert(format!("{account}CloudTrail/us-east-1/"));
        bucket
    };
    let (pulled, _) = pull(bucket(), &request, &to).unwrap();
    assert_eq!((pulled.tally.fetched, pulled.not_copied), (objects.len() as u64, 2));
    let (source, copy) = (audit(evidence(bucket()), &request), audit(copied(&to), &request));
    same(&source, &copy);
    assert_eq!(copy.totals.log_files.verified, logs(&objects).len() as u64);
}

#[test]
fn planted_objects_beyond_what_is_named_are_counted() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let mut request = request(&objects);
    request.limits.planted_named_per_region = 3;
    let mut bucket = Bucket::new(&objects);
    let folder = digests(&objects)[0].folder.path();
    for number in 0..10 {
        bucket.plant(&format!("{folder}CloudTrail/us-east-1/planted-{number}"), "x");
    }
    let (pulled, _) = pull(bucket, &request, &to).unwrap();
    assert_eq!((pulled.tally.beyond, pulled.tally.fetched), (7, objects.len() as u64 + 3));
}

/// A line that says of an altered log file that it was not copied hides the alteration, and proves nothing.
#[test]
fn a_forged_line_makes_nothing_intact() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy");
    let to = to.to_str().unwrap();
    assert_eq!(run(&["pull", "testdata/trail", to]).status.code(), Some(0));
    let metadata = fs::read_to_string(format!("{to}/.trailseal/metadata.jsonl")).unwrap();
    let log = metadata.lines().find(|line| line.contains("_CloudTrail_")).unwrap();
    let key = log.split('"').nth(3).unwrap();
    fs::write(format!("{to}/{key}"), "altered").unwrap();
    let verify = || run(&["verify", to, "--public-keys", "testdata/trail-public-keys.json"]).status.code();
    assert_eq!(verify(), Some(1));
    for (forged, status) in [
        (format!("{{\"key\":\"{key}\",\"reason\":\"denied\"}}\n"), 3),
        (format!("{{\"key\":\"{key}\"}}\n"), 1),
        ("{\"key\":\"AWSLogs/\",\"reason\":\"archived\",\"folder\":true}\n".to_owned(), 3),
        ("{\"key\":\"\",\"reason\":\"denied\",\"folder\":true}\n".to_owned(), 2),
        ("{\"key\":".to_owned(), 2),
    ] {
        fs::write(format!("{to}/.trailseal/not-copied.jsonl"), &forged).unwrap();
        assert_eq!(verify(), Some(status), "{forged}");
    }
    // Nor where log files are only listed: a line is no log file, and neither is a link.
    let line = log.replacen('{', "{\"reason\":\"denied\",", 1);
    fs::write(format!("{to}/.trailseal/not-copied.jsonl"), format!("{line}\n")).unwrap();
    fs::remove_file(format!("{to}/{key}")).unwrap();
    let listing = |how: &str| {
        let asked = ["verify", to, "--public-keys", "testdata/trail-public-keys.json", "--log-files", how];
        let seed = if how.starts_with("sample") { &["--seed", "1"][..] } else { &[] };
        run(&[&asked, seed].concat()).status.code()
    };
    assert_eq!((listing("listing"), listing("sample:1%")), (Some(3), Some(3)));
    fs::remove_file(format!("{to}/.trailseal/not-copied.jsonl")).unwrap();
    assert_eq!((listing("listing"), listing("sample:1%")), (Some(1), Some(1)));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/null", format!("{to}/{key}")).unwrap();
        assert_eq!((listing("listing"), listing("sample:1%")), (Some(3), Some(3)));
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let options = ["--hours", "3", "--regions", "us-east-1", "--public-keys", &path("keys.json")];
    assert_eq!(run(&[&["simulate", &path("trail")], &options[..]].concat()).status.code(), Some(0));
    // A link stands for something that is not in the evidence; and what may not be read, root may.
    let files = crate::world::files_below(&dir.path().join("trail"));
    let mut logs = files.iter().filter(|file| file.to_str().unwrap().contains("_CloudTrail_"));
    let (linked, closed) = (dir.path().join("trail").join(logs.next().unwrap()), logs.next().unwrap());
    fs::remove_file(&linked).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &linked).unwrap();
    let closed = dir.path().join("trail").join(closed);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = fs::read(&closed).is_ok();
    let pulled = run(&["pull", &path("trail"), &path("copy")]);
    assert_eq!(pulled.status.code(), Some(3), "{}", stdout(&pulled));
    let told = stderr(&pulled);
    assert!(told.contains(&format!("{}: it is no ordinary object", linked.file_name().unwrap().display())), "{told}");
    assert_eq!(told.contains("access was denied"), !is_root, "{told}");
    let verify = |dir: &str| {
        let output = run(&["verify", dir, "--public-keys", &path("keys.json"), "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        (output.status.code(), report["findings"].clone(), report["chains"].clone())
    };
    assert_eq!(verify(&path("copy")), verify(&path("trail")));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o644)).unwrap();
}
