//! Whether a trail records and delivers now: `GetTrailStatus`.

use super::*;

const EACH: [Check; 3] = [Check::LogDelivery, Check::DigestDelivery, Check::CloudwatchLogs];

#[test]
fn a_trail_that_was_stopped_is_told_with_the_time() {
    passes(&good(), Check::LoggingNow, "recording since 2025-11-21T12:00:00Z");
    let stopped = status_with(|status| (status.logging, status.stopped) = (false, ago(Time::HOUR)));
    fails(&stopped, Check::LoggingNow, "stopped at 2026-03-01T11:00:00Z");
    is_not_applicable(&stopped, Check::LogDelivery, "the last log file arrived at 2026-03-01T11:55:00Z");
    is_not_applicable(&stopped, Check::DigestDelivery, "the last digest file arrived at 2026-03-01T11:30:00Z");
    fails(&status_with(|status| status.logging = false), Check::LoggingNow, "never started");
}

#[test]
fn what_is_unseen_is_unknown() {
    let unseen = trail_with(|trail| trail.status = denied("cloudtrail:GetTrailStatus"));
    for check in EACH.into_iter().chain([Check::LoggingNow]) {
        is_unknown(&unseen, check, "cloudtrail:GetTrailStatus is not allowed");
    }
}

#[test]
fn an_error_is_that_of_the_last_delivery_whether_it_records_or_not() {
    let error = || Some("AccessDenied".to_owned());
    for logging in [true, false] {
        let setup = status_with(|status| {
            status.logging = logging;
            (status.log_error, status.digest_error, status.log_group_error) = (error(), error(), error());
        });
        for check in EACH {
            fails(&setup, check, "failed with AccessDenied");
        }
        fails(&setup, Check::DigestDelivery, "the last digest file arrived at 2026-03-01T11:30:00Z");
    }
}

#[test]
fn a_quiet_trail_is_no_broken_one_where_digest_files_come() {
    passes(&good(), Check::LogDelivery, "the last log file arrived at");
    let quiet = |status: &mut TrailStatus| status.log_delivered = ago(3 * Time::DAY);
    passes(&status_with(quiet), Check::LogDelivery, "more than a day ago, without an error; digest files come");
    let mut silent = status_with(quiet);
    silent.trails[0].status.as_mut().unwrap().digest_delivered = ago(Time::DAY);
    is_unknown(&silent, Check::LogDelivery, "nothing happened, or it does not arrive");
    let mut unvalidated = status_with(quiet);
    unvalidated.trails[0].validation = false;
    is_unknown(&unvalidated, Check::LogDelivery, "nothing happened");
}

#[test]
fn a_trail_that_never_delivered_is_broken_unless_it_was_just_started() {
    let never = |started: Option<Time>| {
        status_with(|status| {
            status.started = started;
            (status.log_delivered, status.digest_delivered, status.log_group_delivered) = (None, None, None);
        })
    };
    fails(&never(ago(2 * Time::DAY)), Check::LogDelivery, "no log file ever arrived, recording since 2026-02-27");
    fails(&never(ago(2 * Time::DAY)), Check::CloudwatchLogs, "none was ever delivered");
    for check in EACH {
        is_unknown(&never(ago(Time::HOUR)), check, "recording since 2026-03-01T11:00:00Z");
        is_unknown(&never(None), check, "recording since nobody says when");
    }
    // When validation was switched on is not told.
    is_unknown(&never(ago(2 * Time::DAY)), Check::DigestDelivery, "validation is switched on");
}

#[test]
fn digest_files_come_each_hour() {
    let last = |seconds: i64, started: i64| {
        status_with(|status| (status.digest_delivered, status.started) = (ago(seconds), ago(started)))
    };
    passes(&last(9_000, Time::DAY), Check::DigestDelivery, "the last digest file arrived at 2026-03-01T09:30:00Z");
    fails(&last(9_001, Time::DAY), Check::DigestDelivery, "more than 2 h 30 min");
    fails(&last(9_001, 9_001), Check::DigestDelivery, "more than 2 h 30 min");
    is_unknown(
        &last(9_001, 9_000),
        Check::DigestDelivery,
        "started again at most 2 h 30 min ago, recording since 2026-03-01T09:30:00Z",
    );
    is_not_applicable(&trail_with(|trail| trail.validation = false), Check::DigestDelivery, "validation is off");
}

#[test]
fn events_reach_the_log_group_within_a_day() {
    passes(&good(), Check::CloudwatchLogs, "log-group:g");
    fails(&trail_with(|trail| trail.log_group = None), Check::CloudwatchLogs, "no log group");
    let last = |seconds: i64| status_with(|status| status.log_group_delivered = ago(seconds));
    passes(&last(Time::DAY), Check::CloudwatchLogs, "2026-02-28T12:00:00Z");
    fails(&last(Time::DAY + 1), Check::CloudwatchLogs, "more than a day ago");
}
