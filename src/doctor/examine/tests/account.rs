//! Whether the account's trails together record what is done in it.

use super::*;

fn one_region(region: &str, trail: &mut TrailFacts) {
    trail.multi_region = false;
    trail.home_region = region.to_owned();
}

#[test]
fn a_trail_of_every_region_that_records_all_is_enough() {
    passes(&good(), Check::TrailExists, "main records the management events of every region");
    let stopped = status_with(|status| status.logging = false);
    fails(&stopped, Check::TrailExists, "main does not record now");
    let narrow = trail_with(|trail| trail.selectors.as_mut().unwrap().basic[0].read_write = "WriteOnly".to_owned());
    fails(&narrow, Check::TrailExists, "all writes, and not all reads");
    let mut none = good();
    none.trails.clear();
    fails(&none, Check::TrailExists, "there is no trail");
    // Of another account, and not of an organization: it records that one.
    let foreign = trail_with(|trail| trail.account_id = "999999999999".to_owned());
    fails(&foreign, Check::TrailExists, "there is no trail");
    let mut organization = foreign;
    organization.trails[0].organization = true;
    passes(&organization, Check::TrailExists, "main");
}

#[test]
fn trails_of_one_region_are_enough_where_they_leave_none_out() {
    let mut both = with_another(|other| one_region("eu-west-1", other));
    one_region("us-east-1", &mut both.trails[0]);
    passes(&both, Check::TrailExists, "all 2 regions");
    both.trails[1].selectors = denied("cloudtrail:GetEventSelectors");
    is_unknown(&both, Check::TrailExists, "cloudtrail:GetEventSelectors");
    // What it would tell does not matter where a region is left out all the same.
    both.regions.as_mut().unwrap().push("ap-south-1".to_owned());
    fails(&both, Check::TrailExists, "main records us-east-1 alone");
}

#[test]
fn what_could_not_be_asked_matters_where_nothing_else_proves_it() {
    let Err(unseen) = denied::<()>("cloudtrail:DescribeTrails") else { unreachable!() };
    let mut setup = good();
    setup.unasked_regions.push(("ap-south-1".to_owned(), unseen));
    passes(&setup, Check::TrailExists, "main");
    is_unknown(&setup, Check::GlobalEventsOnce, "cloudtrail:DescribeTrails");
    setup.trails[0].multi_region = false;
    is_unknown(&setup, Check::TrailExists, "cloudtrail:DescribeTrails");
    for change in [(|trail| trail.status = denied("cloudtrail:GetTrailStatus")) as fn(&mut TrailFacts), |trail| {
        trail.selectors = denied("cloudtrail:GetEventSelectors")
    }] {
        let setup = trail_with(change);
        is_unknown(&setup, Check::TrailExists, "cloudtrail:Get");
        is_unknown(&setup, Check::GlobalEventsOnce, "cloudtrail:Get");
    }
    let mut setup = trail_with(|trail| trail.multi_region = false);
    setup.regions = denied("account:ListRegions");
    is_unknown(&setup, Check::TrailExists, "account:ListRegions");
    setup.only = Some(ARN.to_owned());
    is_unknown(&setup, Check::TrailExists, "nobody asked for other trails");
    is_not_applicable(&setup, Check::GlobalEventsOnce, "nobody asked");
}

#[test]
fn that_one_trail_does_not_do_it_alone_is_said_only_of_one_that_was_seen() {
    let mut setup = trail_with(|trail| trail.status = denied("cloudtrail:GetTrailStatus"));
    setup.only = Some(ARN.to_owned());
    is_unknown(&setup, Check::TrailExists, "cloudtrail:GetTrailStatus");
    // Whatever it would tell, it is a trail of one region.
    setup.trails[0].multi_region = false;
    is_unknown(&setup, Check::TrailExists, "does not do it alone");
    let Err(unseen) = denied::<()>("cloudtrail:DescribeTrails") else { unreachable!() };
    setup.unasked_regions.push(("us-east-1".to_owned(), unseen));
    // Its shadow was seen elsewhere.
    is_unknown(&setup, Check::TrailExists, "does not do it alone");
    setup.trails.clear();
    is_unknown(&setup, Check::TrailExists, "cloudtrail:DescribeTrails");
}

#[test]
fn events_of_global_services_are_recorded_once() {
    passes(&good(), Check::GlobalEventsOnce, "main records them");
    fails(&trail_with(|trail| trail.global_events = false), Check::GlobalEventsOnce, "no trail records them");
    fails(&status_with(|status| status.logging = false), Check::GlobalEventsOnce, "no trail records them");
    fails(&with_another(|_| ()), Check::GlobalEventsOnce, "2 trails record them");
    // Elsewhere than where these services are at home, a trail of one region is told of nothing.
    passes(&with_another(|other| one_region("eu-west-1", other)), Check::GlobalEventsOnce, "main records them");
    fails(&with_another(|other| one_region("us-east-1", other)), Check::GlobalEventsOnce, "2 trails");
    let kinds = |word: &'static str| {
        move |trail: &mut TrailFacts| trail.selectors.as_mut().unwrap().basic[0].read_write = word.to_owned()
    };
    let mut apart = with_another(kinds("ReadOnly"));
    kinds("WriteOnly")(&mut apart.trails[0]);
    passes(&apart, Check::GlobalEventsOnce, "other records reads of them");
    apart.trails.pop();
    fails(&apart, Check::GlobalEventsOnce, "no trail reads");
}
