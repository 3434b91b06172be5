//! Whether what a trail records arrives: the answer of `GetTrailStatus`.

use super::super::facts::{Setup, TrailFacts, TrailStatus};
use super::{Found, Judged, seen};
use crate::trail::Time;

/// A digest file comes each hour, and may come late by as much again.
pub(super) const DIGEST_LATE: i64 = 2 * Time::HOUR + 30 * 60;

/// How a trail is doing, and when it was asked.
pub(super) struct Arriving<'a> {
    as_of: Time,
    trail: &'a TrailFacts,
}

impl<'a> Arriving<'a> {
    pub(super) fn new(setup: &Setup, trail: &'a TrailFacts) -> Arriving<'a> {
        Arriving { as_of: setup.as_of, trail }
    }

    pub(super) fn logging_now(&self) -> Judged {
        let status = seen(&self.trail.status)?;
        Ok(match (status.logging, status.started, status.stopped) {
            (true, Some(since), _) => Found::Pass(format!("it has been recording since {since}")),
            (true, None, _) => Found::Pass("it records".to_owned()),
            (false, _, Some(since)) => Found::Fail(format!("it was stopped at {since} and records nothing since")),
            (false, _, None) => Found::Fail("it records nothing; it was never started".to_owned()),
        })
    }

    /// An error is that of the last attempt: after one that went well there is none.
    pub(super) fn log_delivery(&self) -> Judged {
        let status = seen(&self.trail.status)?;
        let last = status.log_delivered;
        if let Some(error) = &status.log_error {
            return Ok(Found::Fail(format!("the last delivery failed with {error}; {}", told("log file", last))));
        }
        let since = self.not_recording(status, "log file", last)?;
        Ok(match last {
            Some(at) if self.as_of.since(at) <= Time::DAY => Found::Pass(format!("the last log file arrived at {at}")),
            // Where digest files come, there was nothing to deliver; where they do not, nobody can tell.
            Some(at) if self.digests_come(status) => Found::Pass(format!(
                "the last log file arrived at {at}, more than a day ago, without an error; digest files come, so that nothing else was recorded"
            )),
            Some(at) => Found::Undecided(format!(
                "the last log file arrived at {at}, more than a day ago, without an error: nothing happened, or it does not arrive"
            )),
            None if since.is_some_and(|since| self.as_of.since(since) > Time::DAY) => {
                Found::Fail(format!("no log file ever arrived, {}", recording(since)))
            }
            None => Found::Undecided(format!("no log file arrived yet, {}", recording(since))),
        })
    }

    pub(super) fn digest_delivery(&self) -> Judged {
        if !self.trail.validation {
            return Ok(Found::NotApplicable("log file validation is off: there are no digest files".to_owned()));
        }
        let status = seen(&self.trail.status)?;
        let last = status.digest_delivered;
        if let Some(error) = &status.digest_error {
            return Ok(Found::Fail(format!("the last delivery failed with {error}; {}", told("digest file", last))));
        }
        let since = self.not_recording(status, "digest file", last)?;
        let lately = since.is_some_and(|since| self.as_of.since(since) <= DIGEST_LATE);
        Ok(match last {
            Some(at) if self.as_of.since(at) <= DIGEST_LATE => {
                Found::Pass(format!("the last digest file arrived at {at}"))
            }
            Some(at) if lately => Found::Undecided(format!(
                "the last digest file arrived at {at}; it was started again at most 2 h 30 min ago, {}",
                recording(since)
            )),
            Some(at) => Found::Fail(format!(
                "the last digest file arrived at {at}, more than 2 h 30 min before this was looked at, {}",
                recording(since)
            )),
            None => Found::Undecided(format!(
                "no digest file ever arrived, without an error, {}: the first comes some two hours after validation is switched on, which may just have been",
                recording(since)
            )),
        })
    }

    pub(super) fn cloudwatch_logs(&self) -> Judged {
        let Some(group) = &self.trail.log_group else {
            return Ok(Found::Fail("events go to no log group".to_owned()));
        };
        let status = seen(&self.trail.status)?;
        if let Some(error) = &status.log_group_error {
            return Ok(Found::Fail(format!("events should go to {group}; the last delivery failed with {error}")));
        }
        Ok(match status.log_group_delivered {
            Some(at) if self.as_of.since(at) <= Time::DAY => {
                Found::Pass(format!("events go to {group}; the last were delivered at {at}"))
            }
            // CIS asks for a delivery within the last day.
            Some(at) => {
                Found::Fail(format!("events go to {group}; the last were delivered at {at}, more than a day ago"))
            }
            None if status.started.is_some_and(|since| self.as_of.since(since) > Time::DAY) => Found::Fail(format!(
                "events should go to {group}; none was ever delivered, {}",
                recording(status.started)
            )),
            None => Found::Undecided(format!(
                "events should go to {group}; none was delivered yet, {}",
                recording(status.started)
            )),
        })
    }

    /// That a trail that does not record delivers nothing; else since when it does.
    fn not_recording(&self, status: &TrailStatus, what: &str, last: Option<Time>) -> Result<Option<Time>, Found> {
        match status.logging {
            true => Ok(status.started),
            false => Err(Found::NotApplicable(format!("it does not record now; {}", told(what, last)))),
        }
    }

    /// Whether digest files arrive, which are written each hour, whether anything happened or not.
    pub(super) fn digests_come(&self, status: &TrailStatus) -> bool {
        let fresh = status.digest_delivered.is_some_and(|at| self.as_of.since(at) <= DIGEST_LATE);
        self.trail.validation && status.logging && status.digest_error.is_none() && fresh
    }
}

fn told(what: &str, last: Option<Time>) -> String {
    last.map_or_else(|| format!("no {what} ever arrived"), |at| format!("the last {what} arrived at {at}"))
}

fn recording(since: Option<Time>) -> String {
    since.map_or_else(|| "recording since nobody says when".to_owned(), |since| format!("recording since {since}"))
}
