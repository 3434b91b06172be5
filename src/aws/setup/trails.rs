//! Which trails there are, and what is to be asked of each in its home region.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::types::Trail;
use futures::future;

use super::asking::{Asker, Refused, ask, fits, kept};
use super::{SetupError, key, topic, trail_words};
use crate::doctor::{Fact, Selectors, TrailFacts, TrailStatus, Unseen};
use crate::trail::TrailArn;

const DESCRIBE: &str = "cloudtrail:DescribeTrails";
const STATUS: &str = "cloudtrail:GetTrailStatus";
const SELECTORS: &str = "cloudtrail:GetEventSelectors";
const INSIGHTS: &str = "cloudtrail:GetInsightSelectors";

/// What trails there are.
pub(super) struct Found {
    /// What `DescribeTrails` tells of each; nothing else was asked of them yet.
    pub(super) trails: Vec<TrailFacts>,
    /// Where it could not be asked, or told of something that is no trail.
    pub(super) unasked: Vec<(String, Unseen)>,
}

/// Trails by their ARNs, each as its home region tells it, if that was asked.
#[derive(Default)]
struct Listed {
    trails: BTreeMap<String, (TrailFacts, bool)>,
    asked: BTreeSet<String>,
    unasked: Vec<(String, Unseen)>,
}

/// One trail, asked for where it is at home; where that is refused, the caller's region may show its shadow.
pub(super) async fn one(asker: &Asker<'_>, arn: &TrailArn) -> Result<Found, SetupError> {
    let mut listed = Listed::default();
    let named = arn.to_string();
    listed.ask(asker, vec![arn.home_region.clone()], Some(&named)).await;
    if !listed.unasked.is_empty() {
        listed.ask(asker, vec![asker.access.region()], Some(&named)).await;
    }
    listed.trails.retain(|known, _| *known == named);
    if listed.trails.is_empty() && listed.unasked.is_empty() {
        return Err(SetupError::Unknown(named, arn.home_region.clone()));
    }
    Ok(listed.found())
}

/// All trails: those of each enabled region, or, where nobody tells which those are, of the caller's; and in each case of
/// the home regions of trails that show their shadows there. A region tells all of its own, and nothing tells all of all.
pub(super) async fn all(asker: &Asker<'_>, regions: Option<&[String]>) -> Found {
    let mut listed = Listed::default();
    let mut next = regions.map_or_else(|| vec![asker.access.region()], <[String]>::to_vec);
    while !next.is_empty() {
        listed.ask(asker, next, None).await;
        let homes = listed.trails.values().map(|(trail, _)| trail.home_region.clone());
        let homes: BTreeSet<String> = homes.filter(|home| !listed.asked.contains(home)).collect();
        next = homes.into_iter().take(MOST_HOMES).collect();
        if listed.asked.len() > MOST_HOMES {
            break;
        }
    }
    listed.found()
}

impl Listed {
    /// Asks regions at once, for one trail or for all.
    async fn ask(&mut self, asker: &Asker<'_>, regions: Vec<String>, named: Option<&str>) {
        let regions: Vec<String> = regions.into_iter().filter(|region| self.asked.insert(region.clone())).collect();
        let asked = regions.into_iter().map(|region| async {
            let client = asker.access.cloudtrail(&region);
            let told = ask(&asker.cloudtrail, DESCRIBE, || {
                let request = client.describe_trails().include_shadow_trails(true);
                request.set_trail_name_list(named.map(|named| vec![named.to_owned()])).send()
            });
            (told.await, region)
        });
        for (told, region) in future::join_all(asked).await {
            match told {
                Ok(told) => {
                    for trail in told.trail_list.unwrap_or_default() {
                        self.take(trail, &region);
                    }
                }
                Err(refused) => self.unasked.push((region, refused.unseen)),
            }
        }
    }

    fn take(&mut self, trail: Trail, region: &str) {
        let problem = |why: &str| Unseen { action: DESCRIBE.to_owned(), denied: false, why: why.to_owned() };
        if self.trails.len() >= MOST_TRAILS {
            let why = format!("more than {MOST_TRAILS} trails were told of");
            if self.unasked.last().is_none_or(|(_, last)| last.why != why) {
                self.unasked.push((region.to_owned(), problem(&why)));
            }
            return;
        }
        let facts = if fits(&trail, TRAIL_BYTES) { trail_words::described(trail) } else { None };
        let Some(facts) = facts else {
            let why = "it told of a trail without an ARN or a bucket that are such";
            if self.unasked.len() < MOST_TRAILS {
                self.unasked.push((region.to_owned(), problem(why)));
            }
            return;
        };
        let at_home = facts.home_region == region;
        if at_home || !self.trails.contains_key(&facts.arn) {
            self.trails.insert(facts.arn.clone(), (facts, at_home));
        }
    }

    fn found(self) -> Found {
        Found { trails: self.trails.into_values().map(|(trail, _)| trail).collect(), unasked: self.unasked }
    }
}

/// The rest of what is to be known of a trail.
pub(super) async fn facts(asker: &Asker<'_>, trail: &TrailFacts) -> TrailFacts {
    let of_cloudtrail = future::join3(status(asker, trail), selectors(asker, trail), insights(asker, trail));
    let key = async {
        match &trail.kms_key {
            Some(key) => Some(key::facts(asker, key, &trail.home_region).await),
            None => None,
        }
    };
    let topic = async {
        match &trail.topic {
            Some(topic) => Some(topic::facts(asker, topic, &trail.home_region).await),
            None => None,
        }
    };
    let ((status, selectors, insights), key, topic_facts) = future::join3(of_cloudtrail, key, topic).await;
    TrailFacts { status, selectors, insights, key, topic_facts, ..trail.clone() }
}

async fn status(asker: &Asker<'_>, trail: &TrailFacts) -> Fact<TrailStatus> {
    let client = asker.access.cloudtrail(&trail.home_region);
    let told = ask(&asker.cloudtrail, STATUS, || client.get_trail_status().name(&trail.arn).send()).await;
    kept(
        STATUS,
        trail_words::status(told.map_err(Refused::unseen)?).ok_or_else(|| super::asking::nothing_said(STATUS))?,
    )
}

async fn selectors(asker: &Asker<'_>, trail: &TrailFacts) -> Fact<Selectors> {
    let client = asker.access.cloudtrail(&trail.home_region);
    let told = ask(&asker.cloudtrail, SELECTORS, || client.get_event_selectors().trail_name(&trail.arn).send()).await;
    kept(SELECTORS, trail_words::selectors(told.map_err(Refused::unseen)?))
}

async fn insights(asker: &Asker<'_>, trail: &TrailFacts) -> Fact<Vec<String>> {
    let client = asker.access.cloudtrail(&trail.home_region);
    match ask(&asker.cloudtrail, INSIGHTS, || client.get_insight_selectors().trail_name(&trail.arn).send()).await {
        Ok(told) => {
            let kinds = told.insight_selectors.unwrap_or_default().into_iter().filter_map(|one| one.insight_type);
            kept(INSIGHTS, kinds.map(|kind| kind.as_str().to_owned()).collect())
        }
        Err(refused) if refused.code == "InsightNotEnabledException" => Ok(Vec::new()),
        Err(refused) => Err(refused.unseen),
    }
}

/// Five in each of some forty regions, and those of the organization. Stops: a list without an end.
const MOST_TRAILS: usize = 1_000;

/// Regions that were asked because trails were said to be at home there. Stops: homes without an end.
const MOST_HOMES: usize = 1_000;

/// A trail has some names of at most a few hundred bytes each.
const TRAIL_BYTES: usize = 16 << 10;
