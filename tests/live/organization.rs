//! An organization's trail in one command and one report.

use trailseal::finding::Code;
use trailseal::report::{ChainReport, Verdict};
use trailseal::simulate::{REGIONS, Scenario};

use crate::world::{World, small};

#[test]
fn twenty_accounts_in_seventeen_regions() {
    let world = World::of(Scenario {
        organization: Some(Scenario::organization_id(20)),
        accounts: 20,
        regions: REGIONS.map(str::to_owned).to_vec(),
        hours: 2,
        log_files_per_hour: 1,
        empty_hours: 60,
        ..small()
    });
    let run = world.verify(&[]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(0), Verdict::Intact), "{:#?}", report.findings);
    assert_eq!(report.chains.len(), 20 * 17);
    let whole = |chain: &&ChainReport| chain.proven == [world.summary.interval] && chain.holes.is_empty();
    assert_eq!(report.chains.iter().filter(whole).count(), 20 * 17);
    assert_eq!(report.totals.digests.verified, 2 * 20 * 17);
    assert_eq!(report.totals.log_files.verified, world.logs().len() as u64);

    // The one digest of one member account that has a later one to name it.
    let member = world.scenario.account_ids()[13].clone();
    let folder = format!("/{member}/CloudTrail-Digest/eu-west-2/");
    let gone = world.digests().into_iter().find(|key| key.contains(&folder)).unwrap();
    world.endpoint.s3.remove(&world.scenario.bucket, &gone);
    let run = world.verify(&[]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(1), Verdict::NotIntact));
    let missing: Vec<_> = report.findings.iter().filter(|finding| finding.code == Code::DigestMissing).collect();
    assert_eq!(missing.len(), 1, "{missing:#?}");
    assert_eq!(missing[0].subject.as_ref().unwrap().key, gone);
    assert_eq!(missing[0].chain.as_ref().unwrap().account_id, member);
    assert_eq!(report.chains.iter().filter(whole).count(), 20 * 17 - 1);
}

#[test]
fn one_account_and_region_of_it() {
    let regions = REGIONS[..3].iter().map(|&region| region.to_owned()).collect();
    let organization = Some(Scenario::organization_id(20));
    let world = World::of(Scenario { organization, accounts: 3, regions, log_files_per_hour: 1, ..small() });
    let member = world.scenario.account_ids()[2].clone();
    let trail = world.trail_arn(&world.scenario.trails[0]);
    let asked = ["--account-id", &member, "--region", "eu-west-1"];
    for source in [world.source(), trail] {
        let report = world.verify_source(Some(&source), &asked).report();
        assert_eq!(report.verdict, Verdict::Intact, "{:#?}", report.findings);
        let chains: Vec<_> = report.chains.iter().map(|chain| (&*chain.account_id, &*chain.region)).collect();
        assert_eq!(chains, [(member.as_str(), "eu-west-1")]);
    }
}
