//! More objects, folders, accounts and trails than anyone can look at.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use trailseal::audit::AuditRequest;
use trailseal::finding::{Code, Reason};
use trailseal::limits::{Limits, MISPLACED_FOLDERS, SIBLINGS_NAMED};
use trailseal::report::{Report, Verdict};

use crate::MIB;
use crate::crowd::{Crowd, NONE, Planted, Things};
use crate::world::{ACCOUNT, DIGESTS, LOGS, WORLD, alone, codes, count, measured};

/// What came of it, the bytes it took and the listings it asked for.
fn among(folders: Planted, objects: Planted, limits: Limits) -> (Report, usize, u64) {
    let crowd = Arc::new(Crowd::new(WORLD.store(), folders, objects));
    let (report, taken) = measured(crowd.clone(), AuditRequest { limits, ..WORLD.request() });
    (report, taken, crowd.listings.load(Ordering::Relaxed))
}

/// The same, from the oldest digest on.
fn with_all_before(objects: Planted, limits: Limits) -> (Report, usize, u64) {
    let crowd = Arc::new(Crowd::new(WORLD.store(), NONE, objects));
    let (report, taken) = measured(crowd.clone(), AuditRequest { limits, start: None, ..WORLD.request() });
    (report, taken, crowd.listings.load(Ordering::Relaxed))
}

fn over_limit(report: &Report) -> bool {
    let told = |code| code == Code::FolderUnreadable;
    report.findings.iter().any(|finding| told(finding.code) && finding.reason == Some(Reason::OverLimit))
}

#[track_caller]
fn all_honest_ones_are_proven(report: &Report) {
    let proven = (report.totals.digests.verified, report.totals.log_files.verified);
    assert_eq!(proven, (WORLD.summary.digests, WORLD.summary.log_files), "{:?}", codes(report));
}

/// Without this, the others would hold of a program that proves nothing.
#[test]
fn the_honest_trail_is_intact_and_small() {
    let _alone = alone();
    let (report, taken, _) = among(NONE, NONE, Limits::default());
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    assert!(taken < 4 * MIB, "{taken}");
}

/// `AWSLogs/NUMBER/CloudTrail[-Digest]/REGION/`, all of them empty but for their names.
fn accounts_and_regions(folder: &str) -> Option<Things> {
    match folder.strip_prefix("AWSLogs/")?.split('/').collect::<Vec<_>>()[..] {
        [""] => Some((200_000, |n| format!("9{n:011}/"))),
        [account, ""] if account.starts_with('9') => {
            Some((2, |n| ["CloudTrail/", "CloudTrail-Digest/"][n as usize].into()))
        }
        [account, _, ""] if account.starts_with('9') => Some((30, region)),
        _ => None,
    }
}

fn region(n: u64) -> String {
    format!("xx-{}-{}/", ["north", "south", "east", "west"][n as usize % 4], n / 4)
}

#[test]
fn invented_accounts_and_regions_are_not_all_looked_into() {
    let _alone = alone();
    let limits = Limits { accounts: 300, regions: 2_000, ..Limits::default() };
    let (report, taken, listings) = among(accounts_and_regions, NONE, limits);
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    assert!(over_limit(&report), "{:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    // Three an account, and a few for each region's digests and log files.
    assert!(listings < 300 * 3 + 2_000 * 2 + 100, "{listings}");
    // The 200,000 names themselves, as a bucket gives them.
    assert!(taken < 80 * MIB, "{taken}");
    // Many folders are left out, and a few lines say so.
    assert!(report.findings.len() < 11_000, "{}", report.findings.len());
}

/// The same by the limits that there are: 20,000 accounts and 250,000 regions are looked into.
#[test]
#[ignore = "takes minutes in a debug build: run it with --release"]
fn two_hundred_thousand_invented_accounts_with_thirty_regions_each() {
    let _alone = alone();
    let (report, taken, listings) = among(accounts_and_regions, NONE, Limits::default());
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    assert!(over_limit(&report), "{:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    assert!(listings < 20_000 * 3 + 250_000 * 2 + 100, "{listings}");
    assert!(taken < 256 * MIB, "{taken}");
}

/// Who asks for one account is not kept from it by those that were invented.
#[test]
fn invented_accounts_do_not_stand_in_the_way_of_one_asked_for() {
    let _alone = alone();
    let accounts: Planted = |folder| (folder == "AWSLogs/").then_some((10_000, |n| format!("1{n:011}/")));
    let crowd = Crowd::new(WORLD.store(), accounts, NONE);
    let limits = Limits { accounts: 5, ..Limits::default() };
    let mut request = AuditRequest { limits, ..WORLD.request() };
    request.select.accounts = vec![ACCOUNT["AWSLogs/".len()..].trim_end_matches('/').to_owned()];
    let (report, _) = measured(Arc::new(crowd), request);
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", codes(&report));
}

#[test]
fn invented_regions_of_one_account_are_not_all_looked_into() {
    let _alone = alone();
    let planted: Planted = |folder| {
        let below = folder.strip_prefix(ACCOUNT)?;
        matches!(below, "CloudTrail/" | "CloudTrail-Digest/")
            .then_some((3_000, |n| format!("zz-{}-{}/", word(n / 90), 10 + n % 90)))
    };
    let (report, taken, listings) = among(planted, NONE, Limits::default());
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    assert!(over_limit(&report) && listings < 1_100, "{listings} {:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    assert!(taken < 16 * MIB, "{taken}");
}

fn word(n: u64) -> String {
    format!("{n:b}").replace('0', "o").replace('1', "i")
}

/// The folders of one account and region, again below each of many prefixes.
#[test]
fn invented_prefixes_are_not_all_looked_into() {
    let _alone = alone();
    let planted: Planted = |folder| match folder.split('/').collect::<Vec<_>>()[..] {
        [""] => Some((500, |n| format!("p{n:03}/"))),
        [prefix, ""] if prefix.starts_with('p') => Some((1, |_| "AWSLogs/".into())),
        [prefix, _, ""] if prefix.starts_with('p') => Some((1, |_| ACCOUNT["AWSLogs/".len()..].into())),
        [prefix, _, _, ""] if prefix.starts_with('p') => Some((1, |_| "CloudTrail/".into())),
        [prefix, _, _, _, ""] if prefix.starts_with('p') => Some((1, |_| "us-east-1/".into())),
        _ => None,
    };
    let (report, _, listings) = among(planted, NONE, Limits::default());
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    assert!(over_limit(&report) && listings < 3_000, "{listings} {:?}", codes(&report));
    all_honest_ones_are_proven(&report);
}

/// A maze of folders in which there might be another `AWSLogs/`.
#[test]
fn a_maze_of_folders_is_not_searched_to_its_end() {
    let _alone = alone();
    let planted: Planted = |folder| (!folder.contains("AWSLogs")).then_some((50, |n| format!("{n}/")));
    let limits = Limits { discovery_folders: 500, ..Limits::default() };
    let (report, taken, listings) = among(planted, NONE, limits);
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    assert!(over_limit(&report) && listings < 600, "{listings} {:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    assert!(taken < 32 * MIB, "{taken}");
}

fn strays<const OBJECTS: u64>(folder: &str) -> Option<Things> {
    (folder == DIGESTS).then_some((OBJECTS, |n| format!("2026/01/10/z{n:012}")))
}

fn unlisted<const OBJECTS: u64>(folder: &str) -> Option<Things> {
    (folder == LOGS).then_some((OBJECTS, |n| format!("2026/01/10/z{n:012}")))
}

/// Objects in a digest folder that are no digests are no evidence: they are counted, and nothing else comes of them.
fn judge_strays(planted: Planted, objects: usize) {
    let (report, taken, _) = among(NONE, planted, Limits::default());
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    told_up_to_the_limit(&report, Code::ObjectStray, objects);
    assert!(taken < 32 * MIB, "{taken}");
}

/// Objects in a log folder that no digest lists are told of, however many there are.
fn judge_unlisted(planted: Planted, objects: usize) {
    let (report, taken, _) = among(NONE, planted, Limits::default());
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    told_up_to_the_limit(&report, Code::LogUnlisted, objects);
    assert!(taken < 32 * MIB, "{taken}");
}

#[track_caller]
fn told_up_to_the_limit(report: &Report, code: Code, objects: usize) {
    let named = Limits::default().planted_named_per_region;
    assert_eq!(count(report, code), named + 1);
    let more = format!("{} more of these", objects - named);
    assert!(report.findings.iter().any(|finding| finding.message.starts_with(&more)), "{more}");
}

#[test]
fn two_hundred_thousand_stray_objects() {
    let _alone = alone();
    judge_strays(strays::<200_000>, 200_000);
    judge_unlisted(unlisted::<200_000>, 200_000);
}

#[test]
#[ignore = "takes minutes in a debug build: run it with --release"]
fn ten_million_stray_objects() {
    let _alone = alone();
    judge_strays(strays::<10_000_000>, 10_000_000);
    judge_unlisted(unlisted::<10_000_000>, 10_000_000);
}

/// Names of digests of a trail that never was, each an hour and a half from the next: the hours between are nobody's.
#[test]
fn names_of_digests_by_the_hundred_thousand() {
    let _alone = alone();
    let planted: Planted = |folder| (folder == DIGESTS).then_some((100_000, |n| digest_name("planted", n * 90)));
    let (report, taken, _) = with_all_before(planted, Limits { planted_named_per_region: 100, ..Limits::default() });
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    assert!(report.findings.len() < 500, "{}", report.findings.len());
    assert!(taken < 32 * MIB, "{taken}");
}

/// The same of as many trails.
#[test]
fn names_of_trails_by_the_ten_thousand() {
    let _alone = alone();
    let planted: Planted =
        |folder| (folder == DIGESTS).then_some((10_000, |n| digest_name(&format!("planted-{}", n / 40), n % 40 * 90)));
    let (report, taken, _) =
        with_all_before(planted, Limits { chains_per_region: 200, planted_named: 1_000, ..Limits::default() });
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    assert!(over_limit(&report), "{:?}", codes(&report));
    all_honest_ones_are_proven(&report);
    assert_eq!(report.chains.len(), 200);
    // Ten of each, the hours between, and how many more there are.
    assert!(report.findings.len() < 200 * 25, "{}", report.findings.len());
    assert!(taken < 64 * MIB, "{taken}");
}

/// The name of a digest below its region's folder, so many minutes before the honest trail's end.
fn digest_name(trail: &str, minutes: u64) -> String {
    let end = WORLD.summary.interval.end.plus(-60 * minutes as i64);
    let day = end.day().folder();
    let compact = end.to_string().replace(['-', ':'], "");
    format!("{day}220066383621_CloudTrail-Digest_us-east-1_{trail}_us-east-1_{compact}.json.gz")
}

/// A listing that has no end is given up at a limit.
#[test]
fn a_listing_that_never_ends() {
    let _alone = alone();
    for planted in [strays::<{ u64::MAX >> 1 }> as Planted, unlisted::<{ u64::MAX >> 1 }>] {
        let (report, taken, listings) = among(NONE, planted, Limits { listed: 50_000, ..Limits::default() });
        assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
        assert!(over_limit(&report), "{:?}", codes(&report));
        all_honest_ones_are_proven(&report);
        assert!(taken < 32 * MIB && listings < 200, "{taken} {listings}");
    }
}

/// Folders that are no regions, each with an object that queries would read.
#[test]
fn invented_folders_out_of_place_are_not_all_looked_into() {
    let _alone = alone();
    let folders: Planted = |folder| {
        let below = folder.strip_prefix(ACCOUNT)?;
        (below == "CloudTrail/").then_some((3_000, |n| format!("x{n:04}/")))
    };
    let objects: Planted =
        |folder| folder.strip_prefix(ACCOUNT)?.starts_with("CloudTrail/x").then_some((1, |_| "y".into()));
    let (report, _, listings) = among(folders, objects, Limits::default());
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    assert!(over_limit(&report) && listings < 1_100, "{listings} {:?}", codes(&report));
    assert_eq!(count(&report, Code::LogUnlisted), MISPLACED_FOLDERS);
    assert_eq!(count(&report, Code::FolderUnreadable), 3_000 - MISPLACED_FOLDERS);
    all_honest_ones_are_proven(&report);
}

/// Folders beside CloudTrail's that look like more of them: the page that says that they are not covered has an end.
#[test]
fn invented_siblings_are_not_all_named() {
    let _alone = alone();
    let folders: Planted = |folder| (folder == ACCOUNT).then_some((5_000, |n| format!("CloudTrail-Invented-{n}/")));
    let (report, _, _) = among(folders, NONE, Limits::default());
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", codes(&report));
    let named = report.checks.skipped.iter().filter(|line| line.contains("Invented")).count();
    assert_eq!(named, SIBLINGS_NAMED);
    assert!(report.checks.skipped.iter().any(|line| line.starts_with("more folders beside these")));
}
