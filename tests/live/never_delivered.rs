//! What AWS says should have delivered, and of which there is nothing in the bucket.

use trailseal::finding::{Code, Finding, Reason};
use trailseal::report::{Report, Verdict};
use trailseal::simulate::Scenario;

use crate::aws_api::Member;
use crate::world::{REGION, World, small};

/// Two accounts of an organization, two regions each.
fn organization() -> World {
    let regions = vec![REGION.to_owned(), "eu-west-1".to_owned()];
    let organization = Some(Scenario::organization_id(5));
    World::of(Scenario { organization, accounts: 2, regions, log_files_per_hour: 1, ..small() })
}

fn member(joined: i64) -> Member {
    Member { id: NEWCOMER.to_owned(), suspended: false, joined }
}

fn joins(world: &World, member: Member) {
    world.endpoint.api.state().organization.as_mut().unwrap().members.push(member);
}

/// The trail by its ARN, and what is said to have never been delivered.
#[track_caller]
fn never(world: &World) -> (Report, Vec<Finding>) {
    let run = world.verify_source(Some(&world.trail_arn(&world.scenario.trails[0])), &[]);
    let report = run.report();
    let never = |finding: &&Finding| finding.reason == Some(Reason::NeverDelivered);
    let never: Vec<Finding> = report.findings.iter().filter(never).cloned().collect();
    assert_eq!(never.len(), report.findings.len(), "{:#?}", report.findings);
    assert!(never.iter().all(|finding| finding.code == Code::CoverageHole), "{never:#?}");
    let (status, verdict) = if never.is_empty() { (0, Verdict::Intact) } else { (3, Verdict::Inconclusive) };
    assert_eq!((run.status, report.verdict), (Some(status), verdict), "{}", run.stderr);
    (report, never)
}

fn not_asked<'r>(report: &'r Report, action: &str) -> Vec<&'r str> {
    report.checks.skipped.iter().map(String::as_str).filter(|skipped| skipped.contains(action)).collect()
}

#[test]
fn by_none_that_is_expected() {
    let (report, never) = never(&organization());
    assert_eq!((never.len(), report.chains.len()), (0, 4));
    assert_eq!(not_asked(&report, "organizations:"), Vec::<&str>::new());
    assert_eq!(not_asked(&report, "account:"), Vec::<&str>::new());
}

#[test]
fn by_an_account() {
    let world = organization();
    joins(&world, member(1_500_000_000));
    let (report, never) = never(&world);
    assert_eq!((never.len(), report.chains.len()), (1, 4), "{never:#?}");
    assert!(never[0].message.contains(NEWCOMER) && never[0].message.contains("2 regions"), "{}", never[0].message);
    assert_eq!(never[0].interval, Some(world.summary.interval));
    // A list in pages is asked for to its end.
    world.endpoint.api.state().organization.as_mut().unwrap().accounts_a_page = 1;
    assert_eq!(self::never(&world).1, never);
}

#[test]
fn by_a_region() {
    let world = organization();
    let accounts = world.scenario.account_ids();
    let enabled = ["us-east-1", "eu-west-1", "ap-south-1"].map(str::to_owned).to_vec();
    world.endpoint.api.state().account.enabled_in = [(accounts[1].clone(), enabled.clone())].into();
    let chains = |never: &[Finding]| -> Vec<(String, String)> {
        never.iter().filter_map(|finding| finding.chain.clone()).map(|chain| (chain.account_id, chain.region)).collect()
    };
    let of = |account: &str| (account.to_owned(), "ap-south-1".to_owned());
    assert_eq!(chains(&never(&world).1), [of(&accounts[1])]);
    world.endpoint.api.state().account.enabled = enabled;
    let mut both = [of(&accounts[0]), of(&accounts[1])];
    both.sort();
    assert_eq!(chains(&never(&world).1), both);
}

#[test]
fn by_an_account_that_has_just_joined() {
    let end = organization().summary.interval.end.unix();
    // After the end, minutes before it, and long enough before it.
    for (joined, expected) in [(end + 86_400, 0), (end - 600, 0), (end - 3 * 3_600 + 60, 1)] {
        let world = organization();
        joins(&world, member(joined));
        let (_, never) = never(&world);
        assert_eq!(never.len(), expected, "{} s before the end: {never:#?}", end - joined);
        for finding in never {
            assert_eq!(finding.interval.unwrap().start.unix(), joined, "nothing is expected of before it joined");
        }
    }
}

#[test]
fn by_an_account_that_is_suspended() {
    let world = organization();
    joins(&world, Member { suspended: true, ..member(1_500_000_000) });
    assert_eq!(never(&world).1, []);
}

#[test]
fn by_nobody_knows_whom() {
    let world = organization();
    joins(&world, member(1_500_000_000));
    world.endpoint.api.state().organization.as_mut().unwrap().denied = true;
    let (report, found) = never(&world);
    assert_eq!(found, []);
    let said = not_asked(&report, "organizations:ListAccounts");
    assert!(said.len() == 1 && said[0].starts_with("whether accounts of the organization never delivered"), "{said:?}");

    world.endpoint.api.state().organization.as_mut().unwrap().denied = false;
    world.endpoint.api.state().account.denied = true;
    let (report, found) = never(&world);
    assert_eq!(found, []);
    let said = not_asked(&report, "account:ListRegions");
    assert!(said.iter().any(|said| said.contains(NEWCOMER)), "{said:?}");
}

#[test]
fn by_a_region_of_a_trail_of_one_account() {
    let world = World::small();
    world.endpoint.api.state().account.enabled.push("eu-west-3".to_owned());
    let (report, found) = never(&world);
    let regions: Vec<_> = found.iter().map(|finding| finding.chain.as_ref().unwrap().region.as_str()).collect();
    assert_eq!((regions, report.chains.len()), (vec!["eu-west-3"], 1));
    // A trail of one region is to deliver of that region.
    world.endpoint.api.state().cloudtrail.trails[0].is_multi_region_trail = false;
    assert_eq!(never(&world).1, []);
    // Of a bucket nobody says what should be there.
    assert_eq!(world.verify(&[]).status, Some(0));
}

/// An account of which there is nothing.
const NEWCOMER: &str = "999988887777";
