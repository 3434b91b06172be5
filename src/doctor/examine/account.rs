//! What is to be said of an account: whether its trails together record what is done in it.

use super::super::catalog::Check;
use super::super::examination::Unseen;
use super::super::facts::{Setup, TrailFacts};
use super::recorded::{self, Kinds};
use super::{Findings, Found, few};

/// Every check of the account.
pub(super) fn checks(setup: &Setup) -> Findings {
    vec![(Check::TrailExists, trail_exists(setup)), (Check::GlobalEventsOnce, global_events_once(setup))]
}

/// What is known of a trail.
enum State<'a> {
    /// It records all management events.
    Records,
    /// It does not, and why.
    Not(String),
    /// Nobody can tell.
    Unknown(Vec<&'a Unseen>),
}

fn trail_exists(setup: &Setup) -> Found {
    let own: Vec<(&TrailFacts, State<'_>)> = trails(setup).map(|trail| (trail, state(trail))).collect();
    let records = |trail: &TrailFacts, state: &State<'_>| trail.multi_region && matches!(state, State::Records);
    if let Some((trail, _)) = own.iter().find(|(trail, state)| records(trail, state)) {
        return Found::Pass(format!("{} records the management events of every region", trail.arn));
    }
    // Trails of one region each may do it together.
    let homes = |of: fn(&State<'_>) -> bool| {
        let found = own.iter().filter(move |(trail, state)| !trail.multi_region && of(state));
        found.map(|(trail, _)| trail.home_region.as_str()).collect::<Vec<_>>()
    };
    let recorded = homes(|state| matches!(state, State::Records));
    let missed = |recorded: &[&str], regions: &[String]| -> Vec<String> {
        regions.iter().filter(|region| !recorded.contains(&region.as_str())).cloned().collect()
    };
    let regions = setup.regions.as_deref().unwrap_or_default();
    if !regions.is_empty() && missed(&recorded, regions).is_empty() {
        return Found::Pass(format!("trails of one region each record all {} regions", regions.len()));
    }
    if let Some(only) = &setup.only {
        return not_alone(setup, only, &own);
    }
    let possibly = [recorded.clone(), homes(|state| matches!(state, State::Unknown(_)))].concat();
    let together = !possibly.is_empty() && missed(&possibly, regions).is_empty();
    let of_some: Vec<&Unseen> = own
        .iter()
        .filter(|(trail, _)| trail.multi_region || together)
        .flat_map(|(_, state)| if let State::Unknown(unseen) = state { unseen.clone() } else { Vec::new() })
        .collect();
    let unseen: Vec<&Unseen> = of_some.into_iter().chain(unasked(setup)).collect();
    if !unseen.is_empty() {
        return unknown(unseen);
    }
    let why = own.iter().map(|(trail, state)| match state {
        State::Not(why) => format!("{} {why}", trail.arn),
        _ => format!("{} records {} alone", trail.arn, trail.home_region),
    });
    let why: Vec<String> = why.collect();
    match why.is_empty() {
        true => Found::Fail("there is no trail".to_owned()),
        false => Found::Fail(format!("no trail does: {}", few(&why))),
    }
}

/// One trail was asked for. That it does not do it is said only of one that was seen.
fn not_alone(setup: &Setup, only: &str, own: &[(&TrailFacts, State<'_>)]) -> Found {
    let of_all = own.iter().filter(|(trail, _)| trail.multi_region);
    let unseen =
        of_all.flat_map(|(_, state)| if let State::Unknown(unseen) = state { unseen.clone() } else { Vec::new() });
    let unasked = setup.unasked_regions.iter().filter(|_| setup.trails.is_empty()).map(|(_, unseen)| unseen);
    let unseen: Vec<&Unseen> = unseen.chain(unasked).collect();
    match unseen.is_empty() {
        true => Found::Undecided(format!("{only} does not do it alone, and nobody asked for other trails")),
        false => unknown(unseen),
    }
}

/// Reads and writes apart: a trail of reads beside one of writes records each once.
fn global_events_once(setup: &Setup) -> Found {
    if let Some(only) = &setup.only {
        return Found::NotApplicable(format!("nobody asked for trails beside {only}"));
    }
    let mut certain: Vec<(&TrailFacts, Kinds)> = Vec::new();
    let mut unseen: Vec<&Unseen> = unasked(setup).collect();
    for trail in trails(setup).filter(|trail| is_told_of_global_events(trail, &setup.partition)) {
        match (&trail.status, &trail.selectors) {
            (Ok(status), _) if !status.logging => {}
            (Ok(_), Ok(selectors)) => certain.push((trail, recorded::management(selectors).some)),
            (status, selectors) => {
                unseen.extend(status.as_ref().err().into_iter().chain(selectors.as_ref().err()));
            }
        }
    }
    let of = |kind: fn(&Kinds) -> bool| {
        let found = certain.iter().filter(move |(_, kinds)| kind(kinds));
        found.map(|(trail, _)| trail.arn.clone()).collect::<Vec<String>>()
    };
    let (reads, writes) = (of(|kinds| kinds.read), of(|kinds| kinds.write));
    if let Some(several) = [&writes, &reads].into_iter().find(|trails| trails.len() > 1) {
        return Found::Fail(format!("{} trails record them: {}", several.len(), few(several)));
    }
    if !unseen.is_empty() {
        return unknown(unseen);
    }
    match (reads.first(), writes.first()) {
        (Some(one), Some(other)) if one == other => Found::Pass(format!("{one} records them, and no other trail")),
        (Some(one), Some(other)) => Found::Pass(format!("{one} records reads of them, {other} writes")),
        (Some(one), None) => Found::Fail(format!("{one} records reads of them, and no trail writes")),
        (None, Some(one)) => Found::Fail(format!("{one} records writes of them, and no trail reads")),
        (None, None) => Found::Fail("no trail records them".to_owned()),
    }
}

/// The trails that record this account: those of another one do where they are of the organization.
fn trails(setup: &Setup) -> impl Iterator<Item = &TrailFacts> {
    setup.trails.iter().filter(|trail| trail.account_id == setup.account_id || trail.organization)
}

fn state(trail: &TrailFacts) -> State<'_> {
    match (&trail.status, &trail.selectors) {
        (Ok(status), _) if !status.logging => State::Not("does not record now".to_owned()),
        (_, Ok(selectors)) if !recorded::management(selectors).all.both() => {
            State::Not(format!("records of management events {}", recorded::management(selectors).told()))
        }
        (Ok(_), Ok(_)) => State::Records,
        (status, selectors) => {
            State::Unknown(status.as_ref().err().into_iter().chain(selectors.as_ref().err()).collect())
        }
    }
}

/// Since November 2021, trails of one region get events of IAM, STS and CloudFront only where these services are at home.
fn is_told_of_global_events(trail: &TrailFacts, partition: &str) -> bool {
    let home = match partition {
        "aws" => "us-east-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-cn" => "cn-north-1",
        _ => trail.home_region.as_str(),
    };
    trail.global_events && (trail.multi_region || trail.home_region == home)
}

/// Why there may be trails of which nothing is known.
fn unasked(setup: &Setup) -> impl Iterator<Item = &Unseen> {
    setup.unasked_regions.iter().map(|(_, unseen)| unseen).chain(setup.regions.as_ref().err())
}

fn unknown(unseen: Vec<&Unseen>) -> Found {
    let mut unseen: Vec<Unseen> = unseen.into_iter().cloned().collect();
    unseen.sort();
    unseen.dedup();
    Found::Unknown(unseen)
}
