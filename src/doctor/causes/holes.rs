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
        _ => vec![stopped(setup, gap, trail, history)],
    };
    Symptom {
        saw: format!("nothing is proven: {}", gap.reason.sentence().trim_start_matches("Hole: ")),
        of: format!("{}/{}/{}", gap.account_id, gap.region, gap.trail),
        interval: Some(gap.interval),
        causes,
    }
}

/// Who stopped or changed it, right before the hole; or else in it, which shows less.
fn stopped(setup: &Setup, gap: &Gap, trail: Option<&TrailFacts>, history: &History) -> Cause {
    // A digest covers an hour, and is delivered up to half an hour after it.
    let when = Interval::new(gap.interval.start.plus(-BEFORE), gap.interval.end);
    let far = |action: &Action| action.time.since(gap.interval.start).abs();
    let nearest = |names: &[&str], when| {
        let mut found = of(gap, trail, history, names, when);
        found.sort_by_key(far);
        found
    };
    let (stops, changes) = (nearest(&STOPS, when), nearest(&CHANGES, when));
    let others = nearest(&STARTS, Interval::new(when.start, gap.interval.end.plus(BEFORE)));
    let told = |action: &Action| format!("{} was called at {}, by {}", action.name, action.time, action.who);
    let is_near = |action: &&Action| far(action) <= BEFORE;
    let near = stops.first().filter(is_near).or(changes.first().filter(is_near));
    let (certainty, says) = match (near, stops.first().or(changes.first())) {
        (Some(action), _) => (Certainty::Likely, told(action)),
        (None, Some(action)) => {
            (Certainty::Possible, format!("{}, when the hole had been there for some time", told(action)))
        }
        (None, None) => (Certainty::Possible, unfound(setup, gap, trail, history)),
    };
    let mut actions = [stops, changes, others].concat();
    actions.sort_by_key(far);
    actions.truncate(MOST);
    actions.sort_by_key(|action| action.time);
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
    let mut actions = of(gap, trail, history, &["UpdateTrail", "CreateTrail", "StartLogging"], when);
    actions.truncate(MOST);
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
    done(history, names, &its, when).into_iter().cloned().collect()
}

/// Why nobody is named. Whose event history was asked, and where, says how much that means.
fn unfound(setup: &Setup, gap: &Gap, trail: Option<&TrailFacts>, history: &History) -> String {
    let Some(since) = history.since else { return "the event history was not asked".to_owned() };
    let whose = trail.map_or(gap.account_id.as_str(), |trail| trail.account_id.as_str());
    if whose != setup.account_id {
        return format!(
            "whether somebody stopped the trail then is in the event history of the account {whose}, and that of {} was asked",
            setup.account_id
        );
    }
    let bucket = trail.and_then(|trail| setup.buckets.get(&trail.bucket)).map(|bucket| bucket.region.as_deref());
    let wanted = [Some(gap.home_region.as_str()), bucket.and_then(Result::ok)];
    let unasked = |region: &&str| history.unasked.iter().any(|(unasked, _)| unasked == region);
    if let Some(region) = wanted.into_iter().flatten().find(unasked) {
        return format!(
            "whether somebody stopped the trail then, or closed its bucket, is not known: the event history of {region} could not be asked to its end"
        );
    }
    match (gap.interval.start.plus(-BEFORE) >= since, bucket) {
        (true, Some(Ok(_))) => format!(
            "nothing in the event history of {} stopped the trail, changed it, or closed its bucket or key then",
            setup.account_id
        ),
        (true, _) => format!(
            "nothing in the event history of {} stopped the trail or changed it then; where its bucket lies is not known, and who closed that was not asked there",
            setup.account_id
        ),
        (false, _) => {
            format!("it began before {since}, and the event history keeps 90 days: look in log files of before")
        }
    }
}

const STOPS: [&str; 3] = ["StopLogging", "DeleteTrail", "DeleteBucket"];
const CHANGES: [&str; 11] = [
    "UpdateTrail",
    "PutEventSelectors",
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutBucketLifecycle",
    "PutBucketLifecycleConfiguration",
    "PutBucketEncryption",
    "PutKeyPolicy",
    "DisableKey",
    "ScheduleKeyDeletion",
    "DeleteImportedKeyMaterial",
];
const STARTS: [&str; 2] = ["StartLogging", "CreateTrail"];

/// Seconds before a hole in which what made it was done: the hour of the last digest, and half an hour until it comes.
const BEFORE: i64 = Time::HOUR + Time::HOUR / 2;

/// So many of who did what are told of a cause.
const MOST: usize = 10;
