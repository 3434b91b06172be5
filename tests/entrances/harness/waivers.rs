//! A waiver file: it accepts what it names and no more, with a reason, and not once it has expired.

use std::fs;
use std::sync::LazyLock;

use trailseal::chain::Tally;
use trailseal::finding::{Code, Finding, Severity};
use trailseal::report::{AppliedWaiver, ChainReport, Checks, LogTally, Report, RequestReport, Verdict, Waivers};
use trailseal::trail::{ChainId, ChainKind, Interval, ObjectLocation, Time};

use super::{files_below, testdata};

pub(crate) const STAGES: &[&str] = &["refused", "no waiver", "waivers read", "findings waived"];

static AS_OF: LazyLock<Time> = LazyLock::new(|| Time::parse_digest_time("2026-06-01T00:00:00Z").expect("a time"));

pub(crate) fn run(data: &[u8]) -> usize {
    let Ok(text) = std::str::from_utf8(data) else { return 0 };
    let Ok(waivers) = Waivers::parse(text) else { return 0 };
    let report = concluded(&waivers);
    report.waivers.iter().for_each(says_what_it_must);
    for finding in report.findings.iter().filter(|finding| finding.waived) {
        assert!(report.waivers.iter().any(|waiver| may_accept(waiver, finding)), "no waiver names {finding:?}");
    }
    for waiver in &report.waivers {
        assert!(!waiver.expired || waiver.findings == 0, "it has expired, and was applied");
        assert_eq!(waiver.expired, waiver.until <= *AS_OF);
    }
    let waived = report.findings.iter().filter(|finding| finding.waived).count();
    let standing = report.findings.iter().filter(|finding| !finding.waived && finding.severity == Severity::Violation);
    assert_eq!(report.verdict == Verdict::NotIntact, standing.count() > 0);
    let unused = report.findings.iter().filter(|finding| finding.code == Code::WaiverUnused).count();
    assert_eq!(
        unused,
        report.waivers.iter().filter(|waiver| waiver.findings == 0).count(),
        "one did nothing in silence"
    );
    is_written_and_read(&report.waivers);
    match (report.waivers.len(), waived) {
        (0, _) => 1,
        (_, 0) => 2,
        _ => 3,
    }
}

fn says_what_it_must(waiver: &AppliedWaiver) {
    assert!(!waiver.reason.trim().is_empty() && !waiver.who.trim().is_empty());
    assert!(waiver.subject.is_some() || waiver.interval.is_some(), "a waiver of everything");
    if let Some(subject) = &waiver.subject {
        let bucket = subject.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).expect("a bucket").0;
        assert!(!bucket.is_empty() && !bucket.contains('*'), "of any bucket");
    }
    assert!(waiver.interval.is_none_or(|interval| !interval.is_empty()));
}

fn may_accept(waiver: &AppliedWaiver, finding: &Finding) -> bool {
    let subject = finding.subject.as_ref().map(|at| format!("s3://{}/{}", at.bucket, at.key));
    let named = match (&waiver.subject, subject) {
        (None, _) => true,
        (Some(wanted), Some(subject)) if wanted.ends_with('*') => subject.starts_with(&wanted[..wanted.len() - 1]),
        (Some(wanted), subject) => subject.as_ref() == Some(wanted),
    };
    let within =
        waiver.interval.is_none_or(|w| finding.interval.is_some_and(|of| w.start <= of.start && of.end <= w.end));
    let chain = finding.chain.as_ref().expect("each is of a chain");
    let of = [(&waiver.account_id, &chain.account_id), (&waiver.region, &chain.region), (&waiver.trail, &chain.trail)];
    let placed = of.iter().all(|(wanted, has)| wanted.as_ref().is_none_or(|wanted| wanted == *has));
    !waiver.expired && waiver.code == finding.code && named && within && placed
}

/// Printed as a waiver file, they are read as the same.
fn is_written_and_read(waivers: &[AppliedWaiver]) {
    let mut text = String::new();
    for waiver in waivers {
        let mut table = toml::Table::new();
        let mut put = |name: &str, value: String| drop(table.insert(name.into(), toml::Value::String(value)));
        put("code", waiver.code.name().to_owned());
        put("reason", waiver.reason.clone());
        put("who", waiver.who.clone());
        put("until", waiver.until.to_string());
        let AppliedWaiver { subject, account_id, region, trail, .. } = waiver;
        for (name, value) in [("subject", subject), ("account_id", account_id), ("region", region), ("trail", trail)] {
            value.iter().for_each(|value| put(name, value.clone()));
        }
        if let Some(interval) = waiver.interval {
            put("start", interval.start.to_string());
            put("end", interval.end.to_string());
        }
        text += &format!("[[waiver]]\n{table}\n");
    }
    let again = Waivers::parse(&text).unwrap_or_else(|error| panic!("{error} in what was written:\n{text}"));
    let told = |waiver: &AppliedWaiver| AppliedWaiver { findings: 0, ..waiver.clone() };
    let again: Vec<_> = concluded(&again).waivers.iter().map(told).collect();
    assert_eq!(again, waivers.iter().map(told).collect::<Vec<_>>());
}

/// A report with a finding of every code, about an object, a chain and an hour.
fn concluded(waivers: &Waivers) -> Report {
    let hour = Interval::new(AS_OF.plus(-Time::DAY), AS_OF.plus(-Time::DAY + Time::HOUR));
    let chain = ChainId {
        account_id: "111122223333".into(),
        region: "us-east-1".into(),
        trail: "management-events".into(),
        home_region: "us-east-1".into(),
        kind: ChainKind::Standard,
    };
    let at = ObjectLocation::new("b", "dir/key");
    let finding = |code: &Code| {
        let finding = Finding::new(*code, "message").in_chain(&chain).during(hour);
        if *code == Code::CoverageHole { finding } else { finding.about(&at) }
    };
    // Those are for whoever has waivers.
    let codes = Code::ALL.iter().filter(|code| **code != Code::WaiverUnused);
    let digests = Tally { verified: 1, ..Tally::default() };
    let chain_report = ChainReport {
        account_id: chain.account_id.clone(),
        region: chain.region.clone(),
        trail: chain.trail.clone(),
        home_region: chain.home_region.clone(),
        kind: chain.kind,
        digests,
        log_files: LogTally::default(),
        newest: None,
        oldest: None,
        proven: vec![hour],
        holes: vec![],
    };
    let request = RequestReport {
        source: "bucket".into(),
        start: None,
        end: hour.end,
        as_of: *AS_OF,
        accounts: vec![],
        regions: vec![],
        trails: vec![],
        log_files: "all".into(),
        named_log_files: Vec::new(),
        delivered_to: None,
        s3_prefix: None,
    };
    Report::conclude(request, vec![chain_report], codes.map(finding).collect(), 0, waivers, vec![], Checks::default())
}

/// Waivers that accept something, that do not, and those of the test cases.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let waiver = |code: &str, more: &str| {
        format!("[[waiver]]\ncode = \"{code}\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"\n{more}\n")
    };
    let mut seeds = vec![
        String::new(),
        waiver("log-missing", "subject = \"s3://b/dir/key\""),
        waiver("log-missing", "subject = \"s3://b/dir/*\"\naccount_id = \"111122223333\""),
        waiver("log-missing", "subject = \"s3://b/dir/*\"\nregion = \"us-east-1\"\ntrail = \"other\""),
        waiver("coverage-hole", "start = \"2026-05-30\"\nend = \"2026-06-02T08:00:00+02:00\""),
        waiver("digest-missing", "subject = \"s3://b/*\"") + &waiver("log-missing", "subject = \"s3://b/x\""),
        waiver("digest-missing", "subject = \"s3://b/*\"").replace("2027", "2025"),
        waiver("log-missing", "subject = \"s3://*\""),
    ];
    let cases = testdata("cases");
    if cases.is_dir() {
        let files =
            files_below(&cases).into_iter().filter(|path| path.file_name().is_some_and(|name| name == "waivers.toml"));
        seeds.extend(files.map(|path| fs::read_to_string(path).expect("testdata")));
    }
    seeds.into_iter().map(String::into_bytes).collect()
}
