//! From symptoms to causes: why log files or digest files do not come, why a region is silent, who made a hole.
//!
//! A cause is held against what was seen: the trail's own status, the checks, and what CloudTrail's event history tells of who
//! changed the trail, its bucket or its key. That somebody did something before a symptom began does not show that it made it; each
//! cause says how sure it is.

mod delivery;
mod holes;

use serde::{Deserialize, Serialize};

use super::examination::{Checked, Examination, Outcome, Unseen};
use super::examine::unasked_for;
use super::facts::{Setup, TrailFacts};
use crate::finding::Reason;
use crate::trail::{Interval, Time, TrailArn};

/// Something that is not as it should be, and what it can come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symptom {
    /// What is seen, in a sentence.
    pub saw: String,
    /// Of what: a trail's ARN, or a chain.
    pub of: String,
    /// When, where that is known.
    #[serde(default)]
    pub interval: Option<Interval>,
    /// What it comes from, the surest first.
    pub causes: Vec<Cause>,
}

/// What a symptom can come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// How sure that is.
    pub certainty: Certainty,
    /// What it is, in a sentence.
    pub says: String,
    /// What it is held against: checks by their ids, and other things that were seen.
    pub evidence: Vec<String>,
    /// Who did what, as CloudTrail recorded it.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// What to do next.
    pub next_step: String,
}

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// AWS says so itself.
    Shown,
    /// It came right before, and would do it.
    Likely,
    /// It would do it, and nothing shows that it did.
    Possible,
}

impl Certainty {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Certainty::Shown => "shown",
            Certainty::Likely => "likely",
            Certainty::Possible => "possible",
        }
    }
}

/// What somebody did, as `LookupEvents` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// When.
    pub time: Time,
    /// What, such as `StopLogging`.
    pub name: String,
    /// The ARN or the name of who did it.
    pub who: String,
    /// From which address, or by which service of AWS.
    pub from: String,
    /// In which region.
    pub region: String,
    /// The id of the event.
    pub id: String,
    /// What it was done to, as far as the event names it.
    pub resources: Vec<String>,
    /// Why AWS refused it, where it did.
    #[serde(default)]
    pub error: Option<String>,
}

/// What was asked of the event history.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What was found, in any order.
    pub actions: Vec<Action>,
    /// From when on it was asked: it keeps 90 days.
    pub since: Option<Time>,
    /// Regions that could not be asked.
    pub unasked: Vec<(String, Unseen)>,
}

/// A stretch of time that an audit could not prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The account.
    pub account_id: String,
    /// The source region.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The trail's home region.
    pub home_region: String,
    /// When.
    pub interval: Interval,
    /// Why, as the audit says.
    pub reason: Reason,
}

/// The names of events that stop a trail, change what it records, or keep it from delivering.
pub const ACTIONS: [&str; 20] = [
    "StopLogging",
    "StartLogging",
    "CreateTrail",
    "DeleteTrail",
    "UpdateTrail",
    "PutEventSelectors",
    "PutInsightSelectors",
    "DeleteBucket",
    "DeleteBucketPolicy",
    "PutBucketPolicy",
    "PutBucketLifecycle",
    "PutBucketLifecycleConfiguration",
    "PutBucketEncryption",
    "PutBucketVersioning",
    "PutBucketPublicAccessBlock",
    "PutKeyPolicy",
    "DisableKey",
    "ScheduleKeyDeletion",
    "DeleteImportedKeyMaterial",
    "RevokeGrant",
];

impl Examination {
    /// The same with what its symptoms come from, and those of what an audit could not prove.
    pub fn explained(mut self, setup: &Setup, gaps: &[Gap], history: &History) -> Examination {
        let mut symptoms = delivery::symptoms(setup, &self.checks, history);
        symptoms.extend(holes::symptoms(setup, gaps, history));
        for symptom in &mut symptoms {
            symptom.causes.sort_by_key(|cause| cause.certainty);
        }
        let unasked =
            history.unasked.iter().map(|(region, unseen)| format!("who did what in {region}: {}", unasked_for(unseen)));
        self.not_looked_at.extend(unasked);
        self.symptoms = symptoms;
        self
    }
}

/// A trail and what it delivers with, as actions name them.
struct Its<'a> {
    name: &'a str,
    /// What is done to a trail is done in its home region, where alone its name means it.
    home_region: &'a str,
    /// None where the trail is not one that was seen.
    facts: Option<&'a TrailFacts>,
}

impl Its<'_> {
    /// Whether an action was done to it. Trails of other regions and accounts often have the same name.
    fn was_touched_by(&self, action: &Action) -> bool {
        let is_nameless = action.resources.is_empty() && action.region == self.home_region;
        is_nameless || action.resources.iter().any(|resource| self.is(resource, &action.region))
    }

    fn is(&self, resource: &str, region: &str) -> bool {
        let by_arn = |arn: TrailArn| match self.facts {
            Some(facts) => arn.to_string() == facts.arn,
            None => arn.trail == self.name && arn.home_region == self.home_region,
        };
        let is_trail = match resource.parse::<TrailArn>() {
            Ok(arn) => by_arn(arn),
            Err(_) => resource == self.name && region == self.home_region,
        };
        let Some(facts) = self.facts else { return is_trail };
        let is_bucket = resource == facts.bucket || resource.ends_with(&format!(":::{}", facts.bucket));
        is_trail || is_bucket || self.keys().any(|key| key == resource || key.ends_with(&format!("/{resource}")))
    }

    /// Its key, by the name that the trail has for it, and by its own.
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.facts.into_iter().flat_map(|facts| {
            let seen = facts.key.as_ref().and_then(|key| key.as_ref().ok());
            facts.kms_key.as_deref().into_iter().chain(seen.map(|key| key.arn.as_str()))
        })
    }
}

/// Those that were done to it, in some time, newest first; and not those that AWS refused.
fn done<'h>(history: &'h History, names: &[&str], to: &Its<'_>, when: Interval) -> Vec<&'h Action> {
    let mut found: Vec<&Action> = history
        .actions
        .iter()
        .filter(|action| names.contains(&action.name.as_str()) && action.error.is_none())
        .filter(|action| when.start <= action.time && action.time < when.end && to.was_touched_by(action))
        .collect();
    found.sort_by_key(|action| std::cmp::Reverse((action.time, action.id.clone())));
    found
}

/// The checks of these ids that failed, as evidence.
fn failed<'c>(checks: &'c [Checked], ids: &[&str], of: &str) -> Vec<&'c Checked> {
    let is_of = |checked: &&Checked| checked.outcome == Outcome::Fail && ids.contains(&checked.id.as_str());
    checks.iter().filter(is_of).filter(|checked| checked.subject.name() == of).collect()
}

fn told(checked: &Checked) -> String {
    format!("{}: {}", checked.id, checked.saw)
}
