//! Reports built by hand, and a comparison with checked-in snapshots.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod markup;
#[cfg(feature = "monitor")]
pub(crate) mod monitored;
pub(crate) mod pages;
pub(crate) mod setup;

use std::path::Path;

use trailseal::chain::{Hole, NewestDigest, OldestDigest, Tally};
use trailseal::finding::{Code, Finding, Reason};
use trailseal::render::{TextOptions, json, text};
use trailseal::report::{ChainReport, Checks, LogTally, PublicKeyReport, Report, RequestReport, Waivers};
use trailseal::trail::{ChainId, ChainKind, Interval, ObjectLocation, Time};

/// The start of every sample's period.
pub(crate) const START: &str = "2026-01-01T00:00:00Z";

pub(crate) fn time(text: &str) -> Time {
    Time::parse_digest_time(text).unwrap()
}

/// That many hours after [`START`].
pub(crate) fn hour(at: i64) -> Time {
    time(START).plus(at * Time::HOUR)
}

pub(crate) fn hours(from: i64, to: i64) -> Interval {
    Interval::new(hour(from), hour(to))
}

pub(crate) fn id(account: &str, region: &str) -> ChainId {
    ChainId {
        account_id: account.to_owned(),
        region: region.to_owned(),
        trail: "management".to_owned(),
        home_region: "us-east-1".to_owned(),
        kind: ChainKind::Standard,
    }
}

pub(crate) fn log_file(account: &str, region: &str, at: i64) -> ObjectLocation {
    let minute = hour(at).compact_minutes();
    let day = hour(at).day().folder();
    let key = format!(
        "AWSLogs/{account}/CloudTrail/{region}/{day}{account}_CloudTrail_{region}_{minute}_k3Y9fQ0aBcDeFgHi.json.gz"
    );
    ObjectLocation::new("audit-logs", key)
}

pub(crate) fn digest_file(account: &str, region: &str, end: i64) -> ObjectLocation {
    let day = hour(end).day().folder();
    let second = hour(end).compact_seconds();
    let key = format!(
        "AWSLogs/{account}/CloudTrail-Digest/{region}/{day}{account}_CloudTrail-Digest_{region}_management_us-east-1_{second}.json.gz"
    );
    ObjectLocation::new("audit-logs", key)
}

/// A chain that is proven for so many hours.
pub(crate) fn whole(account: &str, region: &str, until: i64) -> ChainReport {
    let ChainId { account_id, region, trail, home_region, kind } = id(account, region);
    let digests = u64::try_from(until).unwrap();
    ChainReport {
        newest: Some(NewestDigest {
            key: digest_file(account, &region, until).key,
            signature: "ab".repeat(256),
            end: hour(until),
        }),
        oldest: Some(OldestDigest { key: digest_file(account, &region, 1).key, start: hour(0) }),
        account_id,
        region,
        trail,
        home_region,
        kind,
        digests: Tally { verified: digests, ..Tally::default() },
        log_files: LogTally { verified: digests * 10, ..LogTally::default() },
        proven: vec![hours(0, until)],
        holes: Vec::new(),
    }
}

/// The chain with one hour lost.
pub(crate) fn with_hole(chain: ChainReport, at: i64, until: i64) -> ChainReport {
    ChainReport {
        proven: vec![hours(0, at), hours(at + 1, until)],
        holes: vec![Hole { start: hour(at), end: hour(at + 1), reason: Reason::DigestLost }],
        ..chain
    }
}

pub(crate) fn request(until: i64) -> RequestReport {
    RequestReport {
        source: "s3://audit-logs".to_owned(),
        start: Some(hour(0)),
        end: hour(until),
        as_of: hour(until + 3),
        accounts: Vec::new(),
        regions: Vec::new(),
        trails: Vec::new(),
        log_files: "all".to_owned(),
        named_log_files: Vec::new(),
        delivered_to: None,
        s3_prefix: None,
    }
}

pub(crate) fn key() -> PublicKeyReport {
    PublicKeyReport {
        fingerprint: "67b9fa73676d86966b449dd677850753".to_owned(),
        source: "ListPublicKeys, us-east-1".to_owned(),
        pinned: true,
        valid_from: Some(time("2025-12-20T00:00:00Z")),
        valid_to: Some(time("2026-01-19T00:00:00Z")),
    }
}

pub(crate) fn checks() -> Checks {
    Checks {
        performed: vec![
            "every digest file's signature, hash, place in its chain and time".to_owned(),
            "every listed log file's SHA-256".to_owned(),
        ],
        skipped: vec!["CloudTrail-Insight/: no digest file covers it".to_owned()],
        hasher: Some("sha2".to_owned()),
    }
}

pub(crate) fn conclude(
    request: RequestReport,
    chains: Vec<ChainReport>,
    findings: Vec<Finding>,
    waivers: &str,
) -> Report {
    let waivers = Waivers::parse(waivers).unwrap();
    let mut report = Report::conclude(request, chains, findings, 1_234_567_890, &waivers, vec![key()], checks());
    // So that a release does not change the snapshots.
    report.tool.version = "0.0.0".to_owned();
    report
}

pub(crate) fn altered(account: &str, region: &str, at: i64) -> Finding {
    Finding::new(Code::LogHashMismatch, "the log file's content was changed after it was delivered")
        .about(&log_file(account, region, at))
        .in_chain(&id(account, region))
        .during(hours(at, at + 1))
        .compared("5d".repeat(32), "c4".repeat(32))
}

pub(crate) fn lost(account: &str, region: &str, at: i64) -> Finding {
    Finding::new(Code::CoverageHole, "a digest is lost: by the cadence there was one for this hour")
        .about(&digest_file(account, region, at + 1))
        .in_chain(&id(account, region))
        .during(hours(at, at + 1))
        .because(Reason::DigestLost)
}

/// A report with every part of the model, and with findings of every severity.
pub(crate) fn everything() -> Report {
    let (account, region) = ("111122223333", "us-east-1");
    let mut chain = with_hole(whole(account, region, 24), 20, 24);
    chain.digests = Tally { verified: 23, violated: 0, unproven: 0 };
    chain.log_files =
        LogTally { verified: 227, unchanged: 0, violated: 1, unproven: 1, not_checked: 0, present: 0, unlisted: 1 };
    let backfill = ChainReport {
        kind: ChainKind::Backfill,
        digests: Tally { verified: 1, ..Tally::default() },
        log_files: LogTally::default(),
        proven: vec![hours(3, 4)],
        ..whole(account, region, 24)
    };
    let denied = Finding::new(Code::LogUnreadable, "the log file could not be read: access was denied")
        .about(&log_file(account, region, 12))
        .in_chain(&id(account, region))
        .during(hours(12, 13))
        .because(Reason::Denied);
    let late = Finding::new(Code::DigestLate, "the digest's hour ended long before it was written")
        .about(&digest_file(account, region, 23))
        .in_chain(&id(account, region))
        .during(hours(22, 23))
        .compared(hour(23).to_string(), hour(26).to_string());
    let unlisted = Finding::new(
        Code::LogUnlisted,
        "no verified digest lists this object; queries over the log folder would read it",
    )
    .about(&log_file(account, region, 20));
    let waivers = format!(
        "[[waiver]]\ncode = \"log-unlisted\"\nsubject = \"{}\"\nreason = \"delivered while validation was off, ticket 4711\"\nwho = \"J. Doe\"\nuntil = \"2026-06-30\"\n\
         [[waiver]]\ncode = \"log-missing\"\nsubject = \"s3://audit-logs/old/*\"\naccount_id = \"111122223333\"\nregion = \"us-east-1\"\ntrail = \"management\"\nreason = \"restored\"\nwho = \"J. Doe\"\nuntil = \"2025-06-30\"\n",
        log_file(account, region, 20)
    );
    let request = RequestReport { accounts: vec![account.to_owned()], ..request(24) };
    let findings = vec![altered(account, region, 6), lost(account, region, 20), denied, late, unlisted];
    let mut report = conclude(request, vec![chain, backfill, whole(account, "eu-west-1", 24)], findings, &waivers);
    report.setup = Some(Box::new(setup::setup()));
    report
}

pub(crate) fn as_text(report: &Report, options: TextOptions) -> String {
    let mut out = Vec::new();
    text(report, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn as_json(report: &Report) -> String {
    let mut out = Vec::new();
    json(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Compares with `tests/snapshots/NAME`; with `TRAILSEAL_BLESS=1` it writes the file instead.
pub(crate) fn snapshot(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("TRAILSEAL_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let line = expected.lines().zip(actual.lines()).position(|(a, b)| a != b);
    assert!(
        expected == actual,
        "{name} differs, first at line {:?}; if that is right, run again with TRAILSEAL_BLESS=1\n{actual}",
        line.map(|at| at + 1)
    );
}
