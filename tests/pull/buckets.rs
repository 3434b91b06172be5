//! A trail that was moved from one bucket to another: the copy of each in one directory.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use trailseal::audit::pull::{PullError, pull_blocking};
use trailseal::audit::{AuditRequest, Evidence, Silent};
use trailseal::report::Verdict;
use trailseal::simulate::draft;
use trailseal::trail::DigestKey;

use crate::world::{BUCKET, Bucket, Objects, audit, digests, keyring, keys, run, scenario, stderr, stdout};

/// The objects of the bucket that the trail began in, and of the one that it was moved to.
fn moved() -> (Objects, Objects) {
    let mut drafted = draft(&scenario()).unwrap();
    let mut all = drafted.log_files.clone();
    let chain = &mut drafted.chains[0];
    for delivery in &mut chain.digests[..4] {
        delivery.digest.digest_s3_bucket = "old-logs".into();
        delivery.digest.log_files.iter_mut().for_each(|log| log.s3_bucket = "old-logs".into());
    }
    let moved_at = chain.digests[4].digest.digest_start_time;
    all.extend(chain.objects(keyring()).into_iter().map(|object| (object.key.clone(), object)));
    let before = |key: &String, modified| DigestKey::parse(key).map_or(modified < moved_at, |key| key.end <= moved_at);
    all.into_iter().partition(|(key, object)| before(key, object.last_modified))
}

fn both(old: &Objects, new: &Objects) -> Evidence {
    let stores = vec![Arc::new(Bucket::new(new)) as _, Arc::new(Bucket::of(Some("old-logs"), old)) as _];
    Evidence { stores, ..Default::default() }
}

#[test]
fn each_lies_in_a_copy_of_its_own_and_verify_opens_them() {
    let (old, new) = moved();
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy");
    let end = digests(&new).last().unwrap().end;
    let request = AuditRequest { end: Some(end), ..AuditRequest::everything("memory", end.plus(86_400)) };
    let pull = |request: &AuditRequest| {
        pull_blocking(both(&old, &new), keys(), request.clone(), &to, Arc::new(Silent)).unwrap()
    };
    assert_eq!(pull(&request).tally.fetched, (old.len() + new.len()) as u64);
    assert_eq!(pull(&request).tally.fetched, 0);
    let within = to.join(".trailseal/buckets/old-logs");
    for name in ["metadata.jsonl", "source.json"] {
        assert!(within.join(".trailseal").join(name).exists(), "{name}");
    }
    assert!(fs::read_to_string(within.join(".trailseal/source.json")).unwrap().contains("old-logs"));

    let report = audit(both(&old, &new), &request);
    assert_eq!(report.verdict, Verdict::Intact);
    let key_file = dir.path().join("keys.json");
    fs::write(&key_file, serde_json::to_vec(&keyring().public_keys()).unwrap()).unwrap();
    let (to, key_file, end) = (to.to_str().unwrap(), key_file.to_str().unwrap(), end.to_string());
    let verify = |dir: &str, more: &[&str]| {
        run(&[&["verify", dir, "--public-keys", key_file, "--end-time", &end, "--format", "json"], more].concat())
    };
    let verified = verify(to, &[]);
    assert_eq!(verified.status.code(), Some(0), "{}{}", stdout(&verified), stderr(&verified));
    let copy = trailseal::report::Report::parse(&verified.stdout).unwrap();
    assert_eq!((&copy.findings, &copy.chains, &copy.totals), (&report.findings, &report.chains, &report.totals));

    // A copy of the copy has them all again.
    let second = dir.path().join("second");
    let second = second.to_str().unwrap();
    let pulled = run(&["pull", to, second, "--end-time", &end]);
    assert_eq!(pulled.status.code(), Some(0), "{}", stderr(&pulled));
    assert_eq!(verify(second, &[]).status.code(), Some(0));

    // What the caller names comes before what lies with the evidence.
    let empty = dir.path().join("empty");
    fs::create_dir_all(empty.join("AWSLogs")).unwrap();
    let named = format!("old-logs={}", empty.display());
    let elsewhere = trailseal::report::Report::parse(&verify(to, &["--bucket-dir", &named]).stdout).unwrap();
    assert_eq!(elsewhere.totals.digests.verified + 4, copy.totals.digests.verified, "there the first four are not");

    refuses_what_is_no_copy(Path::new(to), &|| verify(to, &[]));
}

fn refuses_what_is_no_copy(to: &Path, verify: &dyn Fn() -> std::process::Output) {
    let buckets = to.join(".trailseal/buckets");
    for name in ["not a bucket", BUCKET] {
        fs::create_dir_all(buckets.join(name).join("AWSLogs")).unwrap();
        let output = verify();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(stderr(&output).contains("remove it"), "{}", stderr(&output));
        fs::remove_dir_all(buckets.join(name)).unwrap();
    }
    #[cfg(unix)]
    {
        let elsewhere = to.parent().unwrap().join("elsewhere");
        fs::rename(buckets.join("old-logs"), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, buckets.join("old-logs")).unwrap();
        assert_eq!(verify().status.code(), Some(2), "a link is not followed");
        fs::remove_file(buckets.join("old-logs")).unwrap();
        fs::rename(&elsewhere, buckets.join("old-logs")).unwrap();
    }
    assert_eq!(verify().status.code(), Some(0));
}

#[test]
fn names_that_are_no_buckets_are_refused() {
    let (old, new) = moved();
    let end = digests(&new).last().unwrap().end;
    let request = AuditRequest::everything("memory", end.plus(86_400));
    for name in [None, Some("../outside"), Some(".."), Some("a/b"), Some(""), Some(BUCKET)] {
        let dir = tempfile::tempdir().unwrap();
        let stores = vec![Arc::new(Bucket::new(&new)) as _, Arc::new(Bucket::of(name, &old)) as _];
        let evidence = Evidence { stores, ..Default::default() };
        let to = dir.path().join("copy");
        let refused = pull_blocking(evidence, keys(), request.clone(), &to, Arc::new(Silent));
        assert!(matches!(refused, Err(PullError::Bucket(_))), "{name:?}");
        assert!(!to.exists(), "nothing is written");
    }
}
