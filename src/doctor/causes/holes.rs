//! What an audit could not prove: who stopped, changed or deleted what, right before.

use super::{Action, Cause, Certainty, Gap, History, Its, Symptom, done};
use crate::doctor::facts::{Setup, TrailFacts};
use crate::finding::Reason;
use crate::trail::{Interval, Time};

pub(super) fn symptoms(setup: &Setup, gaps: &[Gap], history: &History) -> Vec<Symptom> {
    gaps.iter().map(|gap| symptom(setup, gap, history)).collect()
}

fn symptom(setup: &Setup, gap: &Gap, history: &History) -> Symptom {
    let trail = setup.trails.iter().find(|trail| trail.name == gap.trail && trail.home_region == gap.home_region);
    let causes = match gap.reason {
        Reason::BeforeFirstDigest => vec![switched_on(gap, trail, history)],
        Reason::NeverDelivered => vec![silent(gap, trail)],
        _ => vec![stopped(gap, trail, history)],
    };
    Symptom {
        saw: format!("nothing is proven: {}", gap.reason.sentence().trim_start_matches("Hole: ")),
        of: format!("{}/{}/{}", gap.account_id, gap.region, gap.trail),
        interval: Some(gap.interval),
        causes,
    }
}

/// Who stopped or changed it, from an hour before the hole to its end.
fn stopped(gap: &Gap, trail: Option<&TrailFacts>, history: &History) -> Cause {
    // A digest covers an hour, and is delivered up to half an hour after it.
    let when = Interval::new(gap.interval.start.plus(-BEFORE), gap.interval.end);
    let stops = of(gap, trail, history, &STOPS, when);
    let changes = of(gap, trail, history, &CHANGES, when);
    let others = of(gap, trail, history, &STARTS, Interval::new(when.start, gap.interval.end.plus(BEFORE)));
    let (certainty, says) = match (stops.first(), changes.first()) {
        (Some(action), _) => {
            (Certainty::Likely, format!("{} was called at {}, by {}", action.name, action.time, action.who))
        }
        (None, Some(action)) => {
            (Certainty::Likely, format!("{} was called at {}, by {}", action.name, action.time, action.who))
        }
        (None, None) => (Certainty::Possible, unfound(gap, history)),
    };
    let mut actions = stops;
    actions.extend(changes);
    actions.extend(others);
    actions.sort_by_key(|action| action.time);
    actions.truncate(MOST);
    let next_step = match gap.reason {
        Reason::DigestLost | Reason::DigestUnverified => {
            "look in the bucket's access logs and data events for who deleted or replaced the digest file, and in S3 versioning for what it was"
        }
        _ => "ask who did it why; what was done meanwhile is in the event history for 90 days, and in no log file",
    };
    Cause {
        certainty,
        says,
        evidence: vec![format!("the audit: {}", gap.reason)],
        actions,
        next_step: next_step.to_owned(),
    }
}

/// Validation was switched on, or the trail was made, when its first digest begins.
fn switched_on(gap: &Gap, trail: Option<&TrailFacts>, history: &History) -> Cause {
    let when = Interval::new(gap.interval.end.plus(-BEFORE), gap.interval.end.plus(BEFORE));
    let actions = of(gap, trail, history, &["UpdateTrail", "CreateTrail", "StartLogging"], when);
    let says = match actions.first() {
        Some(action) => format!(
            "the trail was made, started or changed at {}, by {}: its digest files begin there",
            action.time, action.who
        ),
        None => format!(
            "its digest files begin at {}: it was made then, or log file validation was switched on",
            gap.interval.end
        ),
    };
    Cause {
        certainty: if actions.is_empty() { Certainty::Possible } else { Certainty::Likely },
        says,
        evidence: vec![format!("the audit: {}", gap.reason)],
        actions,
        next_step: "name a --start-time that is not before it; what was delivered earlier can never be verified"
            .to_owned(),
    }
}

/// A region of which nothing ever came.
fn silent(gap: &Gap, trail: Option<&TrailFacts>) -> Cause {
    let (certainty, says) = match trail {
        Some(trail) if !trail.multi_region && trail.home_region != gap.region => {
            (Certainty::Shown, format!("the trail records {} alone", trail.home_region))
        }
        Some(_) => (
            Certainty::Possible,
            "the region was enabled, or the account joined the organization, only lately".to_owned(),
        ),
        None => (
            Certainty::Possible,
            "the trail is not one of this account's, so that how it is set up was not seen".to_owned(),
        ),
    };
    Cause {
        certainty,
        says,
        evidence: vec![format!("the audit: {}", gap.reason)],
        actions: Vec::new(),
        next_step: "see in the account's settings since when the region is enabled, and in the trail's whether it records all regions".to_owned(),
    }
}

fn of(gap: &Gap, trail: Option<&TrailFacts>, history: &History, names: &[&str], when: Interval) -> Vec<Action> {
    let its = Its { name: &gap.trail, home_region: &gap.home_region, facts: trail };
    done(history, names, &its, when).into_iter().take(MOST).cloned().collect()
}

fn unfound(gap: &Gap, history: &History) -> String {
    let is_asked = history.unasked.iter().all(|(region, _)| *region != gap.home_region);
    match history.since {
        Some(_) if !is_asked => {
            format!(
                "whether somebody stopped the trail then is not known: the event history of {} could not be asked to its end",
                gap.home_region
            )
        }
        Some(since) if gap.interval.start >= since => {
            "nothing in the event history stopped the trail, changed it, or closed its bucket or key then".to_owned()
        }
        Some(since) => {
            format!("it began before {since}, and the event history keeps 90 days: look in log files of before")
        }
        None => "the event history was not asked".to_owned(),
    }
}

const STOPS: [&str; 3] = ["StopLogging", "DeleteTrail", "DeleteBucket"];
const CHANGES: [&str; 9] = [
    "UpdateTrail",
    "PutEventSelectors",
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutBucketLifecycle",
    "PutBucketLifecycleConfiguration",
    "PutKeyPolicy",
    "DisableKey",
    "ScheduleKeyDeletion",
];
const STARTS: [&str; 2] = ["StartLogging", "CreateTrail"];

/// Seconds before a hole in which what made it was done: the hour of the last digest, and half an hour until it comes.
const BEFORE: i64 = Time::HOUR + Time::HOUR / 2;

/// So many of who did what are told of a cause.
const MOST: usize = 10;
