//! Keys that would lead out of the directory, and directories prepared to lead out of themselves.

use std::fs;
use std::path::Path;

use trailseal::audit::AuditRequest;
use trailseal::finding::{Finding, Reason};
use trailseal::limits::Limits;
use trailseal::report::Verdict;

use crate::world::{Bucket, audit, copied, digests, evidence, files_below, logs, objects, pull, request, same};

/// Nothing but the copy is in the directory around it.
#[track_caller]
fn nothing_was_written_beside(dir: &Path) {
    let around: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(around, ["copy"]);
}

#[test]
fn keys_that_have_no_place_are_named_and_shown_as_they_were() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let request = request(&objects);
    let log = logs(&objects)[0].clone();
    let (day, _) = log.rsplit_once('/').unwrap();
    let (digest_day, _) =
        digests(&objects)[0].key().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let long = "x".repeat(300);
    let hostile = [
        format!("{day}/../../../../../../../../../../x"),
        format!("{day}/../x"),
        format!("{day}//b"),
        format!("{day}/./b"),
        format!("{day}/a\0b"),
        format!("{day}/a\\b"),
        format!("{day}/{long}"),
        format!("{day}/{long}/{long}"),
        format!("{day}/full-marker/"),
        format!("{digest_day}/../../../../../../../../../../../y"),
        format!("{digest_day}//stray"),
    ];
    let bucket = || {
        let mut bucket = Bucket::new(&objects);
        hostile.iter().for_each(|key| bucket.plant(key, "planted"));
        // Planted under the name of a log file, as a folder; whichever comes first, the other is named.
        bucket.plant(&format!("{log}/inside"), "planted");
        bucket
    };
    let (pulled, notes) = pull(bucket(), &request, &to).unwrap();
    let named = notes.not_copied();
    for key in &hostile {
        assert!(named.contains(key), "{key:?} is not among {named:?}");
    }
    let either = [log.clone(), format!("{log}/inside")];
    assert_eq!(named.iter().filter(|key| either.contains(key)).count(), 1, "{named:?}");
    assert_eq!(pulled.not_copied, hostile.len() as u64 + 1);
    nothing_was_written_beside(dir.path());
    let (source, copy) = (audit(evidence(bucket()), &request), audit(copied(&to), &request));
    let planted = |report: &trailseal::report::Report| -> Vec<String> {
        let subjects = report.findings.iter().filter_map(|finding| finding.subject.as_ref());
        subjects.map(|at| at.key.clone()).filter(|key| *key != log).collect()
    };
    assert_eq!(planted(&source), planted(&copy));
    assert_eq!(copy.verdict, Verdict::Inconclusive);
}

/// Objects named like the folders on the way, and a prefix that is the name of the sidecar.
#[test]
fn objects_in_place_of_folders_do_not_keep_the_folders_from_being_copied() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let request = request(&objects);
    let log = logs(&objects)[0].clone();
    let account = digests(&objects)[0].folder.path();
    let bucket = || {
        let mut bucket = Bucket::new(&objects);
        for key in ["AWSLogs", account.trim_end_matches('/'), log.rsplit_once('/').unwrap().0] {
            bucket.plant(key, "planted");
        }
        bucket.plant(".trailseal/source.json", "{}");
        bucket.plant(&format!(".trailseal/{log}"), "planted");
        bucket
    };
    let (pulled, notes) = pull(bucket(), &request, &to).unwrap();
    assert_eq!(pulled.tally.fetched, objects.len() as u64);
    assert_eq!(notes.not_copied().len(), 4, "{:?}", notes.not_copied());
    let source = fs::read_to_string(to.join(".trailseal/source.json")).unwrap();
    assert!(source.contains("\"source\": \"memory\""), "{source}");
    same(&audit(evidence(bucket()), &request), &audit(copied(&to), &request));
    nothing_was_written_beside(dir.path());
}

#[cfg(unix)]
#[test]
fn links_planted_in_the_directory_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let objects = objects();
    let request = request(&objects);
    let log = logs(&objects)[0].clone();
    let day = Path::new(&log).parent().unwrap().to_owned();
    for planted in ["AWSLogs", day.to_str().unwrap(), &log, ".trailseal/partial", ".trailseal/metadata.spool"] {
        let dir = tempfile::tempdir().unwrap();
        let (to, outside) = (dir.path().join("copy"), dir.path().join("outside"));
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), "secret").unwrap();
        pull(Bucket::new(&objects), &request, &to).unwrap();
        let path = to.join(planted);
        let _ = fs::remove_dir_all(&path);
        let _ = fs::remove_file(&path);
        let target = if planted == log { outside.join("secret") } else { outside.clone() };
        symlink(&target, &path).unwrap();
        let (pulled, _) = pull(Bucket::new(&objects), &request, &to).unwrap();
        let through_a_folder = planted == "AWSLogs" || Path::new(planted) == day;
        assert_eq!(pulled.not_copied > 0, through_a_folder, "{planted}");
        let outside: Vec<_> = files_below(&outside).into_iter().collect();
        assert_eq!(outside, [Path::new("secret")], "{planted}");
        assert_eq!(fs::read_to_string(target.join("secret")).unwrap_or("secret".into()), "secret");
        let report = audit(copied(&to), &request);
        assert_eq!(report.verdict == Verdict::Intact, !through_a_folder, "{planted}");
    }
}

#[cfg(unix)]
#[test]
fn a_sidecar_that_is_a_link_is_refused() {
    use std::os::unix::fs::symlink;
    let objects = objects();
    let request = request(&objects);
    let dir = tempfile::tempdir().unwrap();
    let (to, outside) = (dir.path().join("copy"), dir.path().join("outside"));
    fs::create_dir(&outside).unwrap();
    fs::create_dir(&to).unwrap();
    symlink(&outside, to.join(".trailseal")).unwrap();
    assert!(pull(Bucket::new(&objects), &request, &to).is_err());
    for name in ["metadata.jsonl", "not-copied.jsonl", "pull.lock"] {
        fs::remove_file(to.join(".trailseal")).or_else(|_| fs::remove_dir_all(to.join(".trailseal"))).unwrap();
        fs::create_dir(to.join(".trailseal")).unwrap();
        symlink(outside.join("written"), to.join(".trailseal").join(name)).unwrap();
        assert!(pull(Bucket::new(&objects), &request, &to).is_err(), "{name}");
    }
    assert!(files_below(&outside).is_empty());
}

/// What is not looked into for a limit is not copied, and the copy says so: what the source has not shown, it does not show.
#[test]
fn what_a_limit_left_out_is_missing_from_the_copy_and_told_there() {
    let (objects, dir) = (objects(), tempfile::tempdir().unwrap());
    let to = dir.path().join("copy");
    let mut request = request(&objects);
    request.limits.accounts = 1;
    let invented = "AWSLogs/999999999999/CloudTrail/us-east-1/2026/01/10/x.json.gz";
    let bucket = || {
        let mut bucket = Bucket::new(&objects);
        bucket.plant(invented, "planted");
        bucket
    };
    pull(bucket(), &request, &to).unwrap();
    assert!(!to.join(invented).exists());
    // Whatever the limits of whoever audits the copy.
    let without = AuditRequest { limits: Limits::default(), ..request.clone() };
    for (of, request) in [("the source", &request), ("the copy", &request), ("the copy, without limits", &without)] {
        let report = if of == "the source" { audit(evidence(bucket()), request) } else { audit(copied(&to), request) };
        assert_eq!(report.verdict, Verdict::Inconclusive, "{of}");
        // Whoever has no limit is told that it could not be copied.
        let reason = if request.limits == Limits::default() { Reason::Unreachable } else { Reason::OverLimit };
        let told = |finding: &&Finding| finding.reason == Some(reason);
        assert_eq!(report.findings.iter().filter(told).count(), 1, "{of} {:?}", report.findings);
        assert_eq!(report.totals.digests.verified, digests(&objects).len() as u64, "{of}");
    }
}
