//! The other services: CloudTrail, Organizations, STS, Account Management.

use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::error::ProvideErrorMetadata;
use trailseal::simulate::Scenario;

use super::{code, config, known, s3};
use crate::aws_api::{RegionAnswer, Role, RoleAnswer};
use crate::world::{REGION, World, small};

fn cloudtrail(world: &World, region: &str, credentials: Credentials) -> aws_sdk_cloudtrail::Client {
    aws_sdk_cloudtrail::Client::from_conf(config!(aws_sdk_cloudtrail, world, region, credentials).build())
}

#[test]
fn each_region_gives_out_its_own_keys_of_a_range_in_pages() {
    let regions = vec![REGION.to_owned(), "eu-west-1".to_owned()];
    let scenario = Scenario { regions, shared_keys: false, hours: 4, key_rotation: 1, ..small() };
    let world = World::of(scenario);
    let interval = world.summary.interval;
    let at = |time: trailseal::trail::Time| DateTime::from_secs(time.unix());
    let list = |region: &str, from, until| {
        let asked = cloudtrail(&world, region, known()).list_public_keys().start_time(from).end_time(until);
        let pages = world.block_on(asked.into_paginator().send().collect::<Result<Vec<_>, _>>())?;
        let keys =
            pages.iter().flat_map(|page| page.public_key_list()).map(|key| key.fingerprint().unwrap().to_owned());
        let keys: Vec<String> = keys.collect();
        Ok::<_, aws_sdk_cloudtrail::error::SdkError<_>>((pages.len(), keys))
    };
    let expected = |region: &str| -> Vec<String> {
        let keys = world.summary.public_keys.public_key_list.iter().filter(|key| key.region == region);
        keys.map(|key| key.fingerprint.clone()).collect()
    };
    world.endpoint.api.state().cloudtrail.keys_a_page = 2;
    for region in [REGION, "eu-west-1"] {
        let keys = expected(region);
        let listed = list(region, at(interval.start), at(interval.end.plus(7_200))).unwrap();
        assert!(keys.len() >= 3);
        assert_eq!(listed, (keys.len().div_ceil(2), keys));
    }
    let before = at(interval.start.plus(-400 * 86_400));
    assert_eq!(list(REGION, before, before).unwrap().1, Vec::<String>::new());
    let regions = [
        ("ap-south-1", RegionAnswer::Denied),
        ("eu-north-1", RegionAnswer::Throttled(1)),
        ("me-south-1", RegionAnswer::Unrecognized),
    ];
    world.endpoint.api.state().cloudtrail.regions = regions.map(|(region, answer)| (region.to_owned(), answer)).into();
    let ask = |region: &str| code(list(region, at(interval.start), at(interval.end)));
    assert_eq!(ask("ap-south-1"), "AccessDeniedException");
    assert_eq!((ask("eu-north-1").as_str(), ask("eu-north-1").as_str()), ("ThrottlingException", "no error"));
    assert_eq!(ask("me-south-1"), "UnrecognizedClientException");
    let stranger = cloudtrail(&world, REGION, Credentials::new("AKIANOBODY0000000000", "x", None, None, "test"));
    assert_eq!(code(world.block_on(stranger.list_public_keys().send())), "UnrecognizedClientException");
    // Neither now nor then: without a range, the keys of today.
    let today = cloudtrail(&world, REGION, known()).list_public_keys();
    assert!(world.block_on(today.send()).unwrap().public_key_list().is_empty());
}

#[test]
fn trails_are_seen_where_they_are() {
    let world = World::small();
    let name = &world.scenario.trails[0];
    let describe = |region: &str| {
        let asked = cloudtrail(&world, region, known()).describe_trails().trail_name_list(world.trail_arn(name));
        world.block_on(asked.send()).unwrap().trail_list().to_vec()
    };
    let trails = describe("eu-west-1");
    assert_eq!(trails[0].s3_bucket_name(), Some(world.scenario.bucket.as_str()));
    assert_eq!((trails[0].name(), trails[0].is_multi_region_trail()), (Some(name.as_str()), Some(true)));
    world.endpoint.api.state().cloudtrail.trails[0].is_multi_region_trail = false;
    assert_eq!((describe("eu-west-1").len(), describe(REGION).len()), (0, 1));
    let get = |name: &str| world.block_on(cloudtrail(&world, REGION, known()).get_trail().name(name).send());
    assert_eq!(get(name).unwrap().trail().unwrap().trail_arn(), Some(world.trail_arn(name).as_str()));
    assert_eq!(code(get("another")), "TrailNotFoundException");
}

#[test]
fn an_organization_lists_its_accounts_in_pages() {
    let organization = Some(Scenario::organization_id(3));
    let world = World::of(Scenario { organization, accounts: 5, hours: 1, log_files_per_hour: 0, ..small() });
    let conf = config!(aws_sdk_organizations, world, REGION, known()).build();
    let client = aws_sdk_organizations::Client::from_conf(conf);
    if let Some(organization) = &mut world.endpoint.api.state().organization {
        organization.accounts_a_page = 2;
        organization.members[4].suspended = true;
    }
    let pages = client.list_accounts().into_paginator().send().collect::<Result<Vec<_>, _>>();
    let pages = world.block_on(pages).unwrap();
    let accounts: Vec<_> = pages.iter().flat_map(|page| page.accounts()).collect();
    let ids: Vec<&str> = accounts.iter().map(|account| account.id().unwrap()).collect();
    assert_eq!((pages.len(), ids), (3, world.scenario.account_ids().iter().map(String::as_str).collect()));
    let states: Vec<&str> = accounts.iter().map(|account| account.state().unwrap().as_str()).collect();
    assert_eq!(states, ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "SUSPENDED"]);
    let described = world.block_on(client.describe_organization().send()).unwrap();
    assert_eq!(described.organization().unwrap().id(), world.scenario.organization.as_deref());

    world.endpoint.api.state().organization.as_mut().unwrap().denied = true;
    assert_eq!(code(world.block_on(client.list_accounts().send())), "AccessDeniedException");
    world.endpoint.api.state().organization = None;
    assert_eq!(code(world.block_on(client.list_accounts().send())), "AWSOrganizationsNotInUseException");
}

#[test]
fn a_role_is_lent_to_whoever_knows_its_external_id() {
    let world = World::small();
    let conf = config!(aws_sdk_sts, world, REGION, known()).build();
    let client = aws_sdk_sts::Client::from_conf(conf);
    let identity = world.block_on(client.get_caller_identity().send()).unwrap();
    assert_eq!(identity.account(), Some(world.scenario.account_ids()[0].as_str()));
    let role = |name: &str, answer| Role {
        arn: format!("arn:aws:iam::111122223333:role/{name}"),
        external_id: Some("4711".to_owned()),
        answer,
    };
    let roles = [("auditor", RoleAnswer::Lent), ("locked", RoleAnswer::Denied), ("late", RoleAnswer::Expired)];
    world.endpoint.api.state().sts.roles = roles.map(|(name, answer)| role(name, answer)).to_vec();
    let assume = |name: &str, external_id: &str| {
        let arn = format!("arn:aws:iam::111122223333:role/{name}");
        let asked = client.assume_role().role_arn(arn).role_session_name("test").external_id(external_id);
        world.block_on(asked.send())
    };
    assert_eq!(code(assume("auditor", "wrong")), "AccessDenied");
    assert_eq!(code(assume("locked", "4711")), "AccessDenied");
    assert_eq!(code(assume("late", "4711")), "ExpiredToken");
    let lent = assume("auditor", "4711").unwrap().credentials.unwrap();
    let (id, secret) = (lent.access_key_id(), lent.secret_access_key());
    let ask = |token: Option<&str>| {
        let credentials = Credentials::new(id, secret, token.map(str::to_owned), None, "test");
        code(world.block_on(s3(&world, REGION, credentials).list_objects_v2().bucket(&world.scenario.bucket).send()))
    };
    assert_eq!((ask(Some(lent.session_token())), ask(None)), ("no error".to_owned(), "InvalidToken".to_owned()));
    world.endpoint.credentials.expire(id);
    assert_eq!(ask(Some(lent.session_token())), "ExpiredToken");
}

#[test]
fn regions_are_listed_for_each_account() {
    let world = World::small();
    let conf = config!(aws_sdk_account, world, REGION, known()).build();
    let client = aws_sdk_account::Client::from_conf(conf);
    let elsewhere = ("444455556666".to_owned(), vec!["eu-west-3".to_owned()]);
    world.endpoint.api.state().account.enabled_in = [elsewhere].into();
    let enabled = |account: Option<&str>| -> Vec<String> {
        let asked = client.list_regions().set_account_id(account.map(str::to_owned));
        let regions = world.block_on(asked.send()).unwrap();
        let enabled =
            regions.regions().iter().filter(|region| region.region_opt_status().unwrap().as_str() != "DISABLED");
        enabled.map(|region| region.region_name().unwrap().to_owned()).collect()
    };
    assert_eq!((enabled(None), enabled(Some("444455556666"))), (vec![REGION.to_owned()], vec!["eu-west-3".to_owned()]));
    world.endpoint.api.state().account.denied = true;
    let refused = world.block_on(client.list_regions().send()).unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
}
