//! Reports of every size and verdict, for the page of HTML: held against snapshots, and looked at in a browser.

use trailseal::finding::{Code, Finding, Reason};
use trailseal::render::{HtmlOptions, html};
use trailseal::report::{ChainReport, Made, Report, RequestReport};
use trailseal::trail::ObjectLocation;

use super::{altered, conclude, everything, hour, hours, id, key, log_file, lost, request, whole, with_hole};

/// What may stand in a name to break out of HTML, of an attribute, of SVG or of a comment, and what hides or turns text.
pub(crate) const EVIL: &str = "</script></style></title><svg onload=alert(1)><img src=x onerror='alert(2)'>\"'`]]>--><!--&lt;\u{202e}gz\u{1b}[2J\u{200b}\u{0}\u{7f}\r\n{{7*7}}${x}";

pub(crate) fn as_html(report: &Report, made: Option<Made>) -> String {
    let mut out = Vec::new();
    html(report, &HtmlOptions { made }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn somebody() -> Made {
    Made {
        command_line: [
            "trailseal",
            "verify",
            "s3://audit-logs",
            "--start-time",
            "2026-01-01",
            "--report",
            "html=report.html",
        ]
        .map(str::to_owned)
        .to_vec(),
        host: Some("audit-1".to_owned()),
        user: Some("jdoe".to_owned()),
        caller: Some("arn:aws:sts::111122223333:assumed-role/auditor/jdoe".to_owned()),
        binary_sha256: Some("3f".repeat(32)),
        at: Some(hour(27)),
    }
}

pub(crate) fn one_chain() -> Report {
    conclude(request(24), vec![whole("111122223333", "us-east-1", 24)], vec![], "")
}

/// Keys that came with the evidence, the listing alone, and an hour lost.
pub(crate) fn inconclusive() -> Report {
    let mut chain = with_hole(whole("111122223333", "us-east-1", 48), 30, 48);
    chain.log_files.not_checked = std::mem::take(&mut chain.log_files.verified);
    chain.log_files.present = chain.log_files.not_checked - 4;
    let unpinned = Finding::new(Code::PublicKeyUnpinned, "the public keys came with the evidence");
    let request = RequestReport { log_files: "listing".to_owned(), ..request(48) };
    let findings = vec![unpinned, lost("111122223333", "us-east-1", 30)];
    let mut report = conclude(request, vec![chain], findings, "");
    report.public_keys = vec![trailseal::report::PublicKeyReport { pinned: false, ..key() }];
    report
}

pub(crate) fn nothing() -> Report {
    conclude(request(24), vec![], vec![Finding::new(Code::NothingFound, "no digest file was found")], "")
}

/// Thirty days of so many accounts in ten regions each; every few chains lost an hour, were altered, or could not be read.
pub(crate) fn many(accounts: i64) -> Report {
    let (mut chains, mut findings) = (Vec::new(), Vec::new());
    for account in 0..accounts {
        let id = format!("{}", 111_122_223_333 + account * 1_001);
        for (at, region) in (0..).zip(REGIONS) {
            let (chain, found) = one_of_many(&id, region, account * 10 + at);
            chains.push(chain);
            findings.extend(found);
        }
    }
    conclude(request(720), chains, findings, "")
}

fn one_of_many(account: &str, region: &str, at: i64) -> (ChainReport, Vec<Finding>) {
    let chain = whole(account, region, 720);
    match at % 13 {
        3 => (with_hole(chain, 40 + at % 600, 720), vec![lost(account, region, 40 + at % 600)]),
        7 => {
            let mut altered_chain = chain;
            altered_chain.log_files.verified -= 2;
            altered_chain.log_files.violated = 2;
            (altered_chain, vec![altered(account, region, 100 + at % 500), altered(account, region, 400)])
        }
        11 => {
            let mut unread = chain;
            unread.log_files.verified -= 1;
            unread.log_files.unproven = 1;
            let denied = Finding::new(Code::LogUnreadable, "the log file could not be read: access was denied")
                .about(&log_file(account, region, 300))
                .in_chain(&id(account, region))
                .during(hours(300, 330))
                .because(Reason::Denied);
            (unread, vec![denied])
        }
        _ => (chain, vec![]),
    }
}

const REGIONS: [&str; 10] = [
    "ap-northeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// One word in every field that can hold one.
pub(crate) fn said_everywhere(word: &str) -> Report {
    let mut chain_id = id(word, word);
    chain_id.trail = word.to_owned();
    let at = ObjectLocation::new(word, format!("{word}{word}"));
    let mut chain = ChainReport {
        trail: word.to_owned(),
        region: word.to_owned(),
        account_id: word.to_owned(),
        home_region: word.to_owned(),
        ..with_hole(whole("111122223333", "us-east-1", 24), 3, 24)
    };
    chain.newest.as_mut().unwrap().key = word.to_owned();
    let found = |code| {
        let finding = Finding::new(code, word).about(&at).in_chain(&chain_id).during(hours(1, 2));
        finding.because(Reason::Denied).compared(word, word)
    };
    let findings = vec![found(Code::LogMissing), found(Code::LogUnreadable), Finding::new(Code::ObjectStray, word)];
    let request = RequestReport {
        source: word.to_owned(),
        accounts: vec![word.to_owned()],
        regions: vec![word.to_owned()],
        trails: vec![word.to_owned()],
        log_files: word.to_owned(),
        named_log_files: vec![word.to_owned()],
        delivered_to: Some(word.to_owned()),
        s3_prefix: Some(word.to_owned()),
        ..request(24)
    };
    let mut report = conclude(request, vec![chain], findings, "");
    report.waivers = everything().waivers;
    report.waivers[0].subject = Some(word.to_owned());
    report.waivers[0].who = word.to_owned();
    report.waivers[0].reason = word.to_owned();
    report.checks.performed.push(word.to_owned());
    report.checks.skipped.push(word.to_owned());
    report.checks.hasher = Some(word.to_owned());
    report.public_keys[0].source = word.to_owned();
    report.public_keys[0].fingerprint = word.to_owned();
    report.tool.name = word.to_owned();
    report.tool.version = word.to_owned();
    report.schema = word.to_owned();
    report.setup = Some(Box::new(super::setup::said_everywhere(word)));
    report
}

pub(crate) fn made_by(word: &str) -> Made {
    Made {
        command_line: vec![word.to_owned(), word.to_owned()],
        host: Some(word.to_owned()),
        user: Some(word.to_owned()),
        caller: Some(word.to_owned()),
        binary_sha256: Some(word.to_owned()),
        at: None,
    }
}
