//! Whatever stays wrong is named, the rest is verified, and it is never taken for tampering.

use trailseal::finding::{Code, Reason, Severity};
use trailseal::report::{Report, Verdict};

use crate::proxy::{Fault, Matcher, Rule, Times, key, listing_of};
use crate::world::World;

const OPTIONS: [&str; 4] = ["--read-timeout", "1", "--max-attempts", "2"];

/// What can stay wrong with an object, and what is said of it.
const FAULTS: [(Fault, Reason); 11] = [
    (Fault::AccessDenied, Reason::Denied),
    (Fault::InvalidObjectState, Reason::Archived),
    (Fault::Kms, Reason::Kms),
    (Fault::SlowDown, Reason::Throttled),
    (Fault::TooManyRequests, Reason::Throttled),
    (Fault::InternalError, Reason::Unreachable),
    (Fault::Reset, Reason::Unreachable),
    (Fault::Truncated, Reason::Unreachable),
    (Fault::Unannounced, Reason::Unreachable),
    (Fault::StalledBody, Reason::Unreachable),
    (Fault::Stalled, Reason::Unreachable),
];

/// The report of a run with something wrong all the time.
fn inconclusive(world: &World, meant: Matcher, fault: Fault) -> Report {
    world.proxy.clear();
    world.proxy.add(Rule::new(meant, fault, Times::Forever));
    let report = unproven(world);
    assert!(world.proxy.spoiled() > 0, "{fault:?}: nothing went wrong");
    report
}

fn unproven(world: &World) -> Report {
    let run = world.verify(&OPTIONS);
    let report = run.report();
    let violations = report.findings.iter().filter(|finding| finding.severity == Severity::Violation);
    assert_eq!(violations.collect::<Vec<_>>(), Vec::<&trailseal::finding::Finding>::new());
    assert_eq!((run.status, report.verdict), (Some(3), Verdict::Inconclusive), "{}", run.stderr);
    report
}

/// Every object that is said to be unreadable.
fn unread(report: &Report) -> Vec<(Code, &str, Option<Reason>)> {
    let codes = [Code::LogUnreadable, Code::DigestUnreadable, Code::FolderUnreadable];
    let found = report.findings.iter().filter(|finding| codes.contains(&finding.code));
    found.map(|found| (found.code, found.subject.as_ref().map_or("", |at| at.key.as_str()), found.reason)).collect()
}

#[test]
fn one_log_file() {
    let world = World::small();
    let logs = world.logs();
    for (number, (fault, reason)) in FAULTS.into_iter().enumerate() {
        let log = &logs[number % logs.len()];
        let report = inconclusive(&world, key(log), fault);
        assert_eq!(unread(&report), [(Code::LogUnreadable, log.as_str(), Some(reason))], "{fault:?}");
        assert_eq!(report.totals.log_files.verified, logs.len() as u64 - 1, "{fault:?}");
        assert_eq!(report.totals.log_files.unproven, 1, "{fault:?}");
        assert_eq!(report.totals.digests.verified, 3, "{fault:?}");
    }
}

#[test]
fn one_digest_file() {
    let world = World::small();
    for (number, (fault, reason)) in FAULTS.into_iter().enumerate() {
        let digest = &world.digests()[number % 3];
        let report = inconclusive(&world, key(digest), fault);
        assert_eq!(unread(&report), [(Code::DigestUnreadable, digest.as_str(), Some(reason))], "{fault:?}");
        assert_eq!((report.totals.digests.verified, report.totals.digests.unproven), (2, 1), "{fault:?}");
        assert!(report.totals.log_files.verified > 0, "{fault:?}");
    }
}

#[test]
fn several_objects_are_each_named() {
    let world = World::small();
    let (bucket, s3) = (&world.scenario.bucket, &world.endpoint.s3);
    let (digest, logs) = (world.digests()[0].clone(), world.logs());
    let newest = logs.last().unwrap();
    s3.alter(bucket, &digest, |stored| stored.storage_class = "DEEP_ARCHIVE".to_owned());
    s3.alter(bucket, newest, |stored| stored.storage_class = "GLACIER".to_owned());
    s3.alter(bucket, &logs[logs.len() - 2], |stored| stored.kms_denied = true);
    let report = unproven(&world);
    let mut expected = [
        (Code::DigestUnreadable, digest.as_str(), Some(Reason::Archived)),
        (Code::LogUnreadable, newest.as_str(), Some(Reason::Archived)),
        (Code::LogUnreadable, logs[logs.len() - 2].as_str(), Some(Reason::Kms)),
    ];
    let mut found = unread(&report);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert!(report.totals.log_files.verified > 0);

    // Once they are restored, and the key is there to be used, nothing is left to say.
    s3.alter(bucket, &digest, |stored| stored.restored = true);
    s3.alter(bucket, newest, |stored| stored.restored = true);
    s3.alter(bucket, &logs[logs.len() - 2], |stored| stored.kms_denied = false);
    assert_eq!(world.verify(&OPTIONS).status, Some(0));
}

#[test]
fn the_listing_of_log_files() {
    let world = World::small();
    let folder = format!("AWSLogs/{}/CloudTrail/us-east-1/", world.scenario.account_ids()[0]);
    for (fault, reason) in [
        (Fault::AccessDenied, Reason::Denied),
        (Fault::SlowDown, Reason::Throttled),
        (Fault::InternalError, Reason::Unreachable),
        (Fault::Reset, Reason::Unreachable),
        (Fault::Truncated, Reason::Unreachable),
        (Fault::Stalled, Reason::Unreachable),
        (Fault::Garbage, Reason::Unreachable),
        (Fault::HalfListing, Reason::Unreachable),
        (Fault::EndlessListing, Reason::Unreachable),
    ] {
        let report = inconclusive(&world, listing_of(&folder), fault);
        let unread = unread(&report);
        assert!(!unread.is_empty(), "{fault:?}: {:#?}", report.findings);
        for (code, key, found) in unread {
            assert_eq!((code, found), (Code::FolderUnreadable, Some(reason)), "{fault:?}");
            assert!(key.starts_with(&folder), "{fault:?}: {key}");
        }
        // The digests name the log files, which are there to be read.
        assert_eq!(report.totals.log_files.verified, world.logs().len() as u64, "{fault:?}");
    }
}

#[test]
fn the_listing_of_digest_files() {
    let world = World::small();
    let folder = format!("AWSLogs/{}/CloudTrail-Digest/us-east-1/", world.scenario.account_ids()[0]);
    for fault in [Fault::AccessDenied, Fault::SlowDown, Fault::HalfListing, Fault::EndlessListing, Fault::Garbage] {
        let report = inconclusive(&world, listing_of(&folder), fault);
        let unread = unread(&report);
        let named = |(code, key, _): &(Code, &str, _)| *code == Code::FolderUnreadable && key.starts_with(&folder);
        assert!(unread.iter().any(named), "{fault:?}: {:#?}", report.findings);
    }
}
