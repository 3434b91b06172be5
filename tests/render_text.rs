//! The text report, against snapshots and against what it may never do.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod sample;

use sample::{altered, as_text, conclude, everything, hours, id, lost, request, snapshot, whole, with_hole};
use trailseal::finding::{Code, Finding};
use trailseal::render::{TextOptions, headline};
use trailseal::report::{ChainReport, LogTally, Report, RequestReport};
use trailseal::trail::ObjectLocation;

const PLAIN: TextOptions = TextOptions { color: false, verbose: false, width: 80, ascii: false };

fn intact() -> Report {
    conclude(
        request(24),
        vec![whole("111122223333", "us-east-1", 24), whole("111122223333", "eu-west-1", 24)],
        vec![],
        "",
    )
}

fn one_altered() -> Report {
    let mut chain = whole("111122223333", "us-east-1", 24);
    chain.log_files = LogTally { verified: 239, violated: 1, ..LogTally::default() };
    conclude(request(24), vec![chain], vec![altered("111122223333", "us-east-1", 6)], "")
}

/// Verified digests at both ends of a year, and nothing between them.
fn a_year_lost() -> Report {
    let (account, region) = ("111122223333", "us-east-1");
    let mut chain = whole(account, region, 24);
    chain.proven = vec![hours(0, 12), hours(8_772, 8_784)];
    chain.holes = (12..8_772).flat_map(|at| with_hole(chain.clone(), at, 8_784).holes).collect();
    let findings = (12..8_772).map(|at| lost(account, region, at)).collect();
    conclude(request(8_784), vec![chain], findings, "")
}

fn three_hundred_chains() -> Report {
    let mut chains = Vec::new();
    let mut findings = Vec::new();
    for account in 0..100_i64 {
        let id = format!("{}", 100_000_000_000 + account * 1_111);
        for region in ["us-east-1", "eu-central-1", "ap-southeast-2"] {
            chains.push(whole(&id, region, 720));
        }
        if account % 40 == 7 {
            let chain = chains.pop().unwrap();
            chains.push(with_hole(chain, 100, 720));
            findings.push(lost(&id, "ap-southeast-2", 100));
        }
    }
    let violated = &mut chains[150];
    violated.log_files.violated = 1;
    findings.push(altered(&violated.account_id.clone(), "us-east-1", 500));
    conclude(request(720), chains, findings, "")
}

fn hostile() -> Report {
    let evil = "x\u{1b}[2J\u{1b}[1;32mintact\u{1b}[0m\r\n\u{9b}31m\u{202e}gz\u{7f}\u{200b}\u{7}\u{0}";
    let at = ObjectLocation::new(evil, format!("{evil}{}", "long/".repeat(1_000)));
    let mut chain_id = id(evil, evil);
    chain_id.trail = evil.to_owned();
    let chain = ChainReport {
        trail: evil.to_owned(),
        region: evil.to_owned(),
        account_id: evil.to_owned(),
        ..whole("111122223333", "us-east-1", 24)
    };
    let finding = Finding::new(Code::LogMissing, evil).about(&at).in_chain(&chain_id).during(hours(1, 2));
    let request = RequestReport {
        source: evil.to_owned(),
        accounts: vec![evil.to_owned()],
        regions: vec![evil.to_owned()],
        trails: vec![evil.to_owned()],
        log_files: evil.to_owned(),
        named_log_files: vec![evil.to_owned()],
        delivered_to: Some(evil.to_owned()),
        s3_prefix: Some(evil.to_owned()),
        ..request(24)
    };
    let mut report = conclude(
        request,
        vec![chain],
        vec![finding.compared(evil, evil), Finding::new(Code::ObjectStray, evil)],
        "[[waiver]]\ncode = \"object-stray\"\nsubject = \"s3://b/x\\u001b\"\nreason = \"r\\u001b\"\nwho = \"w\\u009b\"\nuntil = \"2027-01-01\"",
    );
    report.checks.performed.push(evil.to_owned());
    report.checks.skipped.push(evil.to_owned());
    report.public_keys[0].source = evil.to_owned();
    report.public_keys[0].fingerprint = evil.to_owned();
    report.tool.version = evil.to_owned();
    report
}

fn samples() -> Vec<(&'static str, Report)> {
    vec![
        ("intact", intact()),
        ("altered", one_altered()),
        ("everything", everything()),
        ("year-lost", a_year_lost()),
        ("300-chains", three_hundred_chains()),
        ("hostile", hostile()),
        (
            "nothing",
            conclude(request(24), vec![], vec![Finding::new(Code::NothingFound, "no digest file was found")], ""),
        ),
    ]
}

#[test]
fn reports_read_as_their_snapshots_do() {
    for (name, report) in samples() {
        snapshot(&format!("{name}.txt"), &as_text(&report, PLAIN));
    }
    let ascii = TextOptions { ascii: true, width: 120, ..PLAIN };
    snapshot("everything-ascii-wide.txt", &as_text(&everything(), ascii));
    snapshot("everything-verbose.txt", &as_text(&everything(), TextOptions { verbose: true, ..PLAIN }));
    snapshot("everything-color.txt", &as_text(&everything(), TextOptions { color: true, ..PLAIN }));
}

#[test]
fn no_control_character_of_the_evidence_is_printed() {
    for verbose in [false, true] {
        let text = as_text(&hostile(), TextOptions { verbose, ..PLAIN });
        assert!(text.chars().all(|c| c == '\n' || !trailseal::render::escape::is_hidden(c)));
        let forged = text.lines().filter(|line| line.trim_start().starts_with("intact")).count();
        assert_eq!(forged, 0, "no line of the evidence's making");
    }
}

#[test]
fn colour_comes_only_when_asked_and_says_nothing_alone() {
    for (name, report) in samples() {
        let plain = as_text(&report, PLAIN);
        let coloured = as_text(&report, TextOptions { color: true, ..PLAIN });
        assert!(!plain.contains('\u{1b}'), "{name}");
        assert!(coloured.contains('\u{1b}'), "{name}");
        assert_eq!(without_colour(&coloured), plain, "{name}");
    }
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[test]
fn ascii_is_ascii() {
    for (name, report) in samples() {
        assert!(as_text(&report, TextOptions { ascii: true, ..PLAIN }).is_ascii(), "{name}");
    }
}

#[test]
fn lines_fit_the_width_but_for_names_and_values() {
    for (name, report) in samples() {
        for width in [80, 100, 160] {
            // Names, hashes and commands are never cut or broken, and the verdict is one line by contract.
            let long_word = |line: &str| {
                line.split(' ').any(|word| word.chars().count() > 45 && !word.starts_with('|'))
                    || line.contains(" aws s3api ")
            };
            for line in as_text(&report, TextOptions { width, ..PLAIN }).lines().skip(1) {
                assert!(line.chars().count() <= width || long_word(line), "{name} at {width}: {line}");
            }
        }
    }
}

#[test]
fn a_hole_of_one_second_in_a_year_is_seen_in_the_bar_and_in_the_percentage() {
    let mut chain = whole("111122223333", "us-east-1", 8_760);
    let (start, end) = (chain.proven[0].start, chain.proven[0].end);
    let hole = trailseal::chain::Hole {
        start: start.plus(7_000_000),
        end: start.plus(7_000_001),
        reason: trailseal::finding::Reason::TimeHole,
    };
    chain.proven =
        vec![trailseal::trail::Interval::new(start, hole.start), trailseal::trail::Interval::new(hole.end, end)];
    chain.holes = vec![hole];
    let text = as_text(&conclude(request(8_760), vec![chain], vec![], ""), PLAIN);
    let row = text.lines().find(|line| line.contains("us-east-1")).unwrap();
    assert_eq!(row.matches('░').count(), 1, "{row}");
    assert!(row.contains("99.9%"), "{row}");
}

#[test]
fn thousands_of_findings_stay_readable_unless_all_are_wanted() {
    let report = a_year_lost();
    let brief = as_text(&report, PLAIN);
    assert!(brief.lines().count() < 120);
    assert!(brief.contains("and 8,755 more (--verbose lists all)"));
    let all = as_text(&report, TextOptions { verbose: true, ..PLAIN });
    assert_eq!(all.matches("_CloudTrail-Digest_").count(), 8_760 + 1);
    assert!(as_text(&three_hundred_chains(), PLAIN).lines().count() < 120);
}

#[test]
fn the_quiet_form_is_the_verdict_and_its_scope() {
    let mut out = Vec::new();
    headline(&one_altered(), &PLAIN, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), one_altered().headline() + "\n");
}

#[test]
fn many_troubled_chains_are_cut_short_worst_first_unless_all_are_wanted() {
    let account = |at: i64| format!("{}", 100_000_000_000 + at);
    let chain = |at| with_hole(whole(&account(at), "us-east-1", 24), 5, 24);
    let mut chains: Vec<ChainReport> = (0..60).map(chain).collect();
    chains[59].digests.violated = 1;
    let report = conclude(request(24), chains, vec![], "");
    let brief = as_text(&report, PLAIN);
    assert!(brief.contains("and 20 more chains with holes or findings (--verbose lists all)"));
    let first = brief.lines().find(|line| line.contains("Account ")).unwrap();
    assert_eq!(first.trim(), format!("Account {}", account(59)));
    let all = as_text(&report, TextOptions { verbose: true, ..PLAIN });
    assert_eq!(all.matches("Account ").count(), 60);
}
