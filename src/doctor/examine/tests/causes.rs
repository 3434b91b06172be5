//! What a symptom comes from.

use super::*;
use crate::doctor::causes::{Action, Cause, Certainty, Gap, History, Symptom};
use crate::finding::Reason;
use crate::trail::Interval;

fn did(name: &str, at: Time, to: &str) -> Action {
    Action {
        time: at,
        name: name.to_owned(),
        who: "mallory".to_owned(),
        from: "192.0.2.7".to_owned(),
        region: "us-east-1".to_owned(),
        id: name.to_owned(),
        resources: vec![to.to_owned()],
        error: None,
    }
}

fn history(actions: Vec<Action>) -> History {
    History { actions, since: ago(90 * Time::DAY), unasked: Vec::new() }
}

fn gap(reason: Reason) -> Gap {
    let interval = Interval::new(now().plus(-10 * Time::HOUR), now().plus(-8 * Time::HOUR));
    let text = str::to_owned;
    Gap {
        account_id: text(ACCOUNT),
        region: text("us-east-1"),
        trail: text("main"),
        home_region: text("us-east-1"),
        interval,
        reason,
    }
}

fn explained(setup: &Setup, gaps: &[Gap], history: &History) -> Vec<Symptom> {
    examine(setup).explained(setup, gaps, history).symptoms
}

/// The first cause of the only symptom.
#[track_caller]
fn cause(setup: &Setup, gaps: &[Gap], history: &History) -> Cause {
    let symptoms = explained(setup, gaps, history);
    assert_eq!(symptoms.len(), 1, "{symptoms:#?}");
    symptoms[0].causes[0].clone()
}

#[test]
fn where_nothing_is_wrong_nothing_is_explained() {
    let did = vec![did("StopLogging", now().plus(-60), ARN)];
    assert_eq!(explained(&good(), &[], &history(did)), []);
    assert_eq!(explained(&unseen(), &[], &History::default()), []);
}

#[test]
fn who_stopped_a_trail_is_told() {
    let stopped = status_with(|status| (status.logging, status.stopped) = (false, ago(Time::DAY)));
    let at = now().plus(-Time::DAY);
    let told =
        cause(&stopped, &[], &history(vec![did("StopLogging", at.plus(-2), ARN), did("StopLogging", at, "other")]));
    assert_eq!((told.certainty, told.actions.len()), (Certainty::Shown, 1));
    assert!(told.says.starts_with("somebody stopped it at"), "{}", told.says);
    let told = cause(&stopped, &[], &History::default());
    assert!(told.says.contains("who did it is not in what was asked"), "{}", told.says);
}

#[test]
fn why_nothing_is_delivered_is_told_by_what_s3_answered() {
    let refused = |error: &str| status_with(|status| status.log_error = Some(error.to_owned()));
    let told = cause(&refused("NoSuchBucket"), &[], &history(vec![did("DeleteBucket", now().plus(-60), "logs")]));
    assert_eq!((told.certainty, told.actions.len()), (Certainty::Shown, 1));
    assert!(told.says.contains("the bucket logs is gone"), "{}", told.says);

    let mut closed = refused("AccessDenied");
    closed.buckets.get_mut("logs").unwrap().policy = Ok(None);
    let told = cause(&closed, &[], &history(vec![did("DeleteBucketPolicy", now().plus(-60), "logs")]));
    assert_eq!((told.certainty, told.actions.len()), (Certainty::Likely, 1));
    assert!(told.evidence.iter().any(|seen| seen.starts_with("bucket-policy-delivery: ")), "{:?}", told.evidence);
    // Where the policy lets CloudTrail in, it is not said to be what it comes from.
    assert_eq!(cause(&refused("AccessDenied"), &[], &History::default()).certainty, Certainty::Possible);

    let told = cause(&refused("KMS.DisabledException"), &[], &History::default());
    assert_eq!(told.certainty, Certainty::Shown);
    assert!(told.says.contains("key"), "{}", told.says);
}

#[test]
fn digest_files_that_do_not_arrive_are_told_apart() {
    let setup = status_with(|status| status.digest_error = Some("AccessDenied".to_owned()));
    let symptoms = explained(&setup, &[], &History::default());
    assert!(symptoms[0].saw.contains("digest files do not arrive: S3 answered AccessDenied"), "{symptoms:#?}");
    let late = status_with(|status| status.digest_delivered = None);
    let told = cause(&late, &[], &history(vec![did("UpdateTrail", now().plus(-60), ARN)]));
    assert_eq!((told.certainty, told.actions.len()), (Certainty::Likely, 1), "{told:#?}");
}

#[test]
fn a_hole_is_held_against_who_did_what_right_before() {
    let hole = gap(Reason::ChainRestart);
    let at = |seconds| hole.interval.start.plus(seconds);
    let told = cause(
        &good(),
        std::slice::from_ref(&hole),
        &history(vec![
            did("StopLogging", at(-60), "main"),
            did("StopLogging", at(-2 * Time::HOUR), "main"),
            did("StartLogging", at(2 * Time::HOUR), ARN),
            Action { error: Some("AccessDenied".to_owned()), ..did("DeleteTrail", at(0), ARN) },
        ]),
    );
    assert_eq!(told.certainty, Certainty::Likely);
    assert_eq!(told.actions.iter().map(|action| action.time).collect::<Vec<_>>(), [at(-60), at(2 * Time::HOUR)]);
    let told = cause(&good(), std::slice::from_ref(&hole), &history(Vec::new()));
    assert_eq!(told.certainty, Certainty::Possible);
    assert!(told.says.contains("nothing in the event history"), "{}", told.says);
    let old = History { since: ago(Time::HOUR), ..History::default() };
    assert!(cause(&good(), &[hole], &old).says.contains("keeps 90 days"));
}

#[test]
fn a_late_beginning_and_a_silent_region_are_told_apart() {
    let first = gap(Reason::BeforeFirstDigest);
    let made = history(vec![did("CreateTrail", first.interval.end.plus(-60), ARN)]);
    assert_eq!(cause(&good(), std::slice::from_ref(&first), &made).certainty, Certainty::Likely);
    assert_eq!(cause(&good(), &[first], &History::default()).certainty, Certainty::Possible);
    let silent = Gap { region: "eu-west-1".to_owned(), ..gap(Reason::NeverDelivered) };
    let alone = trail_with(|trail| trail.multi_region = false);
    let told = cause(&alone, std::slice::from_ref(&silent), &History::default());
    assert_eq!((told.certainty, told.says.as_str()), (Certainty::Shown, "the trail records us-east-1 alone"));
    assert_eq!(cause(&good(), &[silent], &History::default()).certainty, Certainty::Possible);
}

#[test]
fn a_trail_of_the_same_name_elsewhere_and_another_thing_of_it_are_not_it() {
    let hole = gap(Reason::ChainRestart);
    let before = hole.interval.start.plus(-60);
    let elsewhere = |to: &str, region: &str| Action { region: region.to_owned(), ..did("StopLogging", before, to) };
    let other_home = ARN.replace("us-east-1", "eu-west-1");
    for other in [
        elsewhere(&other_home, "eu-west-1"),
        elsewhere("main", "eu-west-1"),
        elsewhere(&ARN.replace(ACCOUNT, "999999999999"), "us-east-1"),
        Action { resources: Vec::new(), ..elsewhere("", "eu-west-1") },
    ] {
        let told = cause(&good(), std::slice::from_ref(&hole), &history(vec![other.clone()]));
        assert_eq!((told.certainty, told.actions), (Certainty::Possible, Vec::new()), "{other:?}");
    }
    // A bucket of the trail's last name is not the trail.
    let named = trail_with(|trail| trail.bucket = "main".to_owned());
    let told = cause(&named, std::slice::from_ref(&hole), &history(vec![elsewhere(&other_home, "eu-west-1")]));
    assert_eq!(told.certainty, Certainty::Possible);
    // A trail that was not seen is told by its name and its home.
    let mut unknown = good();
    unknown.trails.clear();
    for (to, region, certainty) in [
        (ARN, "us-east-1", Certainty::Likely),
        ("main", "us-east-1", Certainty::Likely),
        (other_home.as_str(), "eu-west-1", Certainty::Possible),
    ] {
        let told = cause(&unknown, std::slice::from_ref(&hole), &history(vec![elsewhere(to, region)]));
        assert_eq!(told.certainty, certainty, "{to} {region}");
    }
    // The key by its own ARN, or the end of it, where the trail has an alias for it.
    let by_alias = trail_with(|trail| trail.kms_key = Some("alias/trail".to_owned()));
    for key in [KEY, "k"] {
        let told = cause(&by_alias, std::slice::from_ref(&hole), &history(vec![did("DisableKey", before, key)]));
        assert_eq!(told.certainty, Certainty::Likely, "{key}");
    }
}

#[test]
fn what_was_done_right_before_a_hole_is_told_and_not_what_was_done_last_in_it() {
    let start = now().plus(-30 * Time::DAY);
    let hole = Gap { interval: Interval::new(start, now()), ..gap(Reason::ChainRestart) };
    let mut did_since: Vec<Action> =
        (1..=20).map(|day| did("PutBucketPolicy", start.plus(day * Time::DAY), "logs")).collect();
    let told = cause(&good(), std::slice::from_ref(&hole), &history(did_since.clone()));
    assert_eq!(told.certainty, Certainty::Possible, "{}", told.says);
    assert!(told.says.contains("when the hole had been there for some time"), "{}", told.says);
    did_since.push(did("StopLogging", start.plus(60), ARN));
    did_since.push(did("StopLogging", start.plus(20 * Time::DAY), ARN));
    let told = cause(&good(), &[hole], &history(did_since));
    assert_eq!((told.certainty, told.actions[0].time), (Certainty::Likely, start.plus(60)), "{}", told.says);
    assert!(told.says.contains(&format!("StopLogging was called at {}", start.plus(60))), "{}", told.says);
}

#[test]
fn that_nothing_was_done_is_said_where_it_was_asked_for_alone() {
    let hole = gap(Reason::ChainRestart);
    let says = |setup: &Setup, history: &History| cause(setup, std::slice::from_ref(&hole), history).says;
    assert!(says(&good(), &history(Vec::new())).starts_with("nothing in the event history of 111122223333"));
    let far = bucket_with(|bucket| bucket.region = Ok("eu-west-1".to_owned()));
    let Err(unseen) = denied::<()>("cloudtrail:LookupEvents") else { unreachable!() };
    let half = History { unasked: vec![("eu-west-1".to_owned(), unseen)], ..history(Vec::new()) };
    assert!(says(&far, &half).contains("the event history of eu-west-1 could not be asked"), "{}", says(&far, &half));
    let hidden = bucket_with(|bucket| bucket.region = denied("s3:ListBucket"));
    let told = says(&hidden, &history(Vec::new()));
    assert!(told.contains("where its bucket lies is not known"), "{told}");
    // Whoever stops a trail of the organization does so in the management account.
    let theirs = trail_with(|trail| trail.account_id = "999999999999".to_owned());
    let told = says(&theirs, &history(Vec::new()));
    assert!(told.contains("the event history of the account 999999999999"), "{told}");
}
