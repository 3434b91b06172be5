//! A trail that was moved and is followed: all of what it was moved from is looked at, and copied.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use trailseal::audit::pull::pull_blocking;
use trailseal::audit::{AuditRequest, Evidence, Silent};
use trailseal::finding::Code;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::{DraftedTrail, LogEntryDraft, Scenario, draft, gzip};
use trailseal::store::{Buckets, ObjectStore};
use trailseal::trail::{ChainKind, DigestKey};

use crate::world::{BUCKET, Bucket, Objects, audit, keyring, keys, request, run, scenario, stderr};

/// The one other bucket that there is.
struct Other(Arc<dyn ObjectStore>);

#[async_trait]
impl Buckets for Other {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        (self.0.bucket() == Some(name)).then(|| Arc::clone(&self.0))
    }
}

fn followed(old: &Objects, new: &Objects) -> Evidence {
    let old: Arc<dyn ObjectStore> = Arc::new(Bucket::of(Some("old-logs"), old));
    Evidence { stores: vec![Arc::new(Bucket::new(new))], buckets: Some(Arc::new(Other(old))), ..Default::default() }
}

/// A trail with backfill digests, all of them from before it was moved: what lies in the old bucket, and in the new one.
fn with_backfills_before_the_move(mut drafted: DraftedTrail) -> (Objects, Objects) {
    let mut old_keys = std::collections::BTreeSet::new();
    for chain in &mut drafted.chains {
        let before = if chain.chain.kind == ChainKind::Backfill { chain.digests.len() } else { 4 };
        for delivery in &mut chain.digests[..before] {
            delivery.digest.digest_s3_bucket = "old-logs".into();
            old_keys.insert(delivery.digest.digest_s3_object.clone());
            for log in &mut delivery.digest.log_files {
                log.s3_bucket = "old-logs".into();
                old_keys.insert(log.s3_object.clone());
            }
        }
    }
    drafted.objects(keyring()).into_iter().partition(|(key, _)| old_keys.contains(key))
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// Backfill digests are rare: of a trail that was moved, they may lie in the old bucket alone.
#[test]
fn a_backfill_chain_that_lies_in_the_old_bucket_alone_is_checked() {
    let drafted = draft(&Scenario { backfills: 2, ..scenario() }).unwrap();
    let backfill = drafted.chains.iter().find(|chain| chain.chain.kind == ChainKind::Backfill).unwrap();
    let log = backfill.digests[0].digest.log_files[0].s3_object.clone();
    let (mut old, new) = with_backfills_before_the_move(drafted);
    let asked = request(&new);
    let honest = audit(followed(&old, &new), &asked);
    assert_eq!(honest.verdict, Verdict::Intact, "{:#?}", honest.findings);
    assert_eq!(honest.chains.len(), 2);
    old.get_mut(&log).unwrap().body = gzip(b"{\"Records\":[]}");
    let report = audit(followed(&old, &new), &asked);
    assert_eq!(codes(&report), [Code::LogHashMismatch], "{:#?}", report.findings);
}

/// The trail's prefix was changed after its fourth hour; the first digest after that lists very many log files.
fn with_another_prefix(many: usize) -> Objects {
    let mut drafted = draft(&scenario()).unwrap();
    let chain = &mut drafted.chains[0];
    let put = |key: &str| format!("new/{key}");
    let mut moved = Vec::new();
    for delivery in &mut chain.digests[4..] {
        let digest = &mut delivery.digest;
        digest.digest_s3_object = put(&digest.digest_s3_object);
        for log in &mut digest.log_files {
            moved.push(log.s3_object.clone());
            log.s3_object = put(&log.s3_object);
        }
    }
    let first = &mut chain.digests[4].digest.log_files;
    let like = first[0].clone();
    for number in 0..many {
        let stem = &like.s3_object[..like.s3_object.len() - "0123456789abcdef.json.gz".len()];
        first.push(LogEntryDraft { s3_object: format!("{stem}{number:016}.json.gz"), ..like.clone() });
    }
    let mut objects = drafted.objects(keyring());
    for key in moved {
        let mut object = objects.remove(&key).unwrap();
        object.key = put(&key);
        objects.insert(object.key.clone(), object);
    }
    objects
}

/// What was delivered in these hours lies in the old bucket: that, and what lies in the one asked.
fn delivered_elsewhere(hours: std::ops::Range<usize>) -> (Objects, Objects) {
    let mut drafted = draft(&scenario()).unwrap();
    let mut elsewhere = std::collections::BTreeSet::new();
    for delivery in &mut drafted.chains[0].digests[hours] {
        let digest = &mut delivery.digest;
        digest.digest_s3_bucket = "old-logs".into();
        elsewhere.insert(digest.digest_s3_object.clone());
        for log in &mut digest.log_files {
            log.s3_bucket = "old-logs".into();
            elsewhere.insert(log.s3_object.clone());
        }
    }
    drafted.objects(keyring()).into_iter().partition(|(key, _)| elsewhere.contains(key))
}

/// A trail that was moved and moved back leads away from its bucket in the middle, and once more where it was moved before.
#[test]
fn a_trail_that_was_moved_and_moved_back_is_followed() {
    for hours in [3..4, 2..6] {
        let (mut away, here) = delivered_elsewhere(hours.clone());
        let honest = audit(followed(&away, &here), &request(&here));
        assert_eq!(honest.verdict, Verdict::Intact, "{hours:?}: {:#?}", honest.findings);
        assert_eq!((honest.totals.digests.verified, honest.chains[0].holes.len()), (8, 0), "{hours:?}");

        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("copy");
        let asked = request(&here);
        let pulled = pull_blocking(followed(&away, &here), keys(), asked.clone(), &to, Arc::new(Silent)).unwrap();
        assert_eq!(pulled.not_copied, 0);
        let copy = verified(dir.path(), &to, &asked);
        assert_eq!((copy.verdict, &copy.totals, &copy.chains), (honest.verdict, &honest.totals, &honest.chains));

        let log = away.keys().find(|key| key.contains("/CloudTrail/")).cloned().unwrap();
        away.remove(&log);
        assert_eq!(codes(&audit(followed(&away, &here), &request(&here))), [Code::LogMissing], "{hours:?}");
    }
}

/// No walk leads to it any more: what is at hand of the old bucket tells that it is gone.
#[test]
fn a_region_that_is_left_in_the_old_bucket_alone_is_not_passed_over() {
    let regions = ["us-east-1", "eu-west-1"].map(str::to_owned).to_vec();
    let mut drafted = draft(&Scenario { regions, ..scenario() }).unwrap();
    let mut before = std::collections::BTreeSet::new();
    for delivery in drafted.chains.iter_mut().flat_map(|chain| &mut chain.digests[..4]) {
        let digest = &mut delivery.digest;
        digest.digest_s3_bucket = "old-logs".into();
        digest.log_files.iter_mut().for_each(|log| log.s3_bucket = "old-logs".into());
        before
            .extend(digest.log_files.iter().map(|log| log.s3_object.clone()).chain([digest.digest_s3_object.clone()]));
    }
    let (old, new): (Objects, Objects) =
        drafted.objects(keyring()).into_iter().partition(|(key, _)| before.contains(key));
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy");
    let asked = request(&new);
    pull_blocking(followed(&old, &new), keys(), asked.clone(), &to, Arc::new(Silent)).unwrap();
    let whole = verified(dir.path(), &to, &asked);
    assert_eq!((whole.verdict, whole.chains.len()), (Verdict::Intact, 2), "{:#?}", whole.findings);
    for service in ["CloudTrail", "CloudTrail-Digest"] {
        let account = fs::read_dir(to.join("AWSLogs")).unwrap().next().unwrap().unwrap().path();
        fs::remove_dir_all(account.join(service).join("eu-west-1")).unwrap();
    }
    let cut = verified(dir.path(), &to, &asked);
    assert_eq!((cut.verdict, cut.chains.len()), (Verdict::Inconclusive, 2));
    assert_eq!(codes(&cut), [Code::CoverageHole], "{:#?}", cut.findings);
}

/// However large the digest is that leads there, and whether or not its signature was lost.
#[test]
fn the_folder_of_an_earlier_prefix_is_listed_too() {
    for (many, signed) in [(0, true), (1_200, true), (0, false)] {
        let mut objects = with_another_prefix(many);
        let leads =
            objects.keys().find(|key| key.starts_with("new/") && DigestKey::parse(key).is_some()).cloned().unwrap();
        if !signed {
            objects.get_mut(&leads).unwrap().metadata.clear();
        }
        let old_log =
            objects.keys().find(|key| key.starts_with("AWSLogs/") && key.contains("/CloudTrail/")).cloned().unwrap();
        let planted = format!("{}AAAAAAAAAAAAAAAA.json.gz", &old_log[..old_log.len() - 24]);
        let object = objects[&old_log].clone();
        objects.insert(planted.clone(), trailseal::simulate::SimulatedObject { key: planted.clone(), ..object });
        let mut asked = request(&objects);
        asked.select.prefix = Some("new/".into());
        let report = audit(Evidence { stores: vec![Arc::new(Bucket::new(&objects))], ..Default::default() }, &asked);
        let named = |key: &str| {
            let at = |finding: &&trailseal::finding::Finding| finding.subject.as_ref().is_some_and(|at| at.key == key);
            report.findings.iter().find(at).map(|finding| finding.code)
        };
        assert_eq!(named(&planted), Some(Code::LogUnlisted), "{many} {signed}: {:#?}", codes(&report));
    }
}

/// A copy has all of that, and is looked at in the same way.
#[test]
fn a_copy_has_what_the_trail_was_moved_from() {
    let (old, new) = with_backfills_before_the_move(draft(&Scenario { backfills: 2, ..scenario() }).unwrap());
    let by_prefix = with_another_prefix(0);
    for (evidence, prefix) in [(followed(&old, &new), None), (followed(&Objects::new(), &by_prefix), Some("new/"))] {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("copy");
        let mut asked: AuditRequest = request(&new);
        asked.end = request(&if prefix.is_some() { by_prefix.clone() } else { new.clone() }).end;
        asked.select.prefix = prefix.map(str::to_owned);
        let source = audit(evidence.clone(), &asked);
        let pulled = pull_blocking(evidence, keys(), asked.clone(), &to, Arc::new(Silent)).unwrap();
        assert_eq!(pulled.not_copied, 0);
        let copy = verified(dir.path(), &to, &asked);
        assert_eq!((copy.verdict, &copy.totals), (source.verdict, &source.totals), "{:#?}", copy.findings);
        assert_eq!((&copy.findings, &copy.chains), (&source.findings, &source.chains));
        assert_eq!(copy.verdict, Verdict::Intact, "{prefix:?}: {:#?}", copy.findings);
    }
}

fn verified(dir: &Path, copy: &Path, asked: &AuditRequest) -> Report {
    let key_file = dir.join("keys.json");
    fs::write(&key_file, serde_json::to_vec(&keyring().public_keys()).unwrap()).unwrap();
    let (copy, key_file) = (copy.to_str().unwrap(), key_file.to_str().unwrap());
    let (end, now) = (asked.end.unwrap().to_string(), asked.as_of.to_string());
    let mut arguments =
        vec!["verify", copy, "--public-keys", key_file, "--end-time", &end, "--now", &now, "--format", "json"];
    if let Some(prefix) = &asked.select.prefix {
        arguments.extend(["--s3-prefix", prefix]);
    }
    let output = run(&arguments);
    Report::parse(&output.stdout).unwrap_or_else(|error| panic!("{error}: {} {BUCKET}", stderr(&output)))
}
