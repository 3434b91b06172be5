//! What a trail tells of itself: that it records nothing, or that what it records does not arrive.

use super::{Action, Cause, Certainty, History, Its, Symptom, done, failed, told};
use crate::doctor::examination::Checked;
use crate::doctor::facts::{Setup, TrailFacts, TrailStatus};
use crate::trail::{Interval, Time};

pub(super) fn symptoms(setup: &Setup, checks: &[Checked], history: &History) -> Vec<Symptom> {
    let known = setup.trails.iter().filter_map(|trail| Some((trail, trail.status.as_ref().ok()?)));
    known
        .flat_map(|(trail, status)| {
            let of = Of { setup, trail, status, checks, history };
            [of.stopped(), of.no_log_files(), of.no_digest_files(), of.late_validation()]
        })
        .flatten()
        .collect()
}

struct Of<'a> {
    setup: &'a Setup,
    trail: &'a TrailFacts,
    status: &'a TrailStatus,
    checks: &'a [Checked],
    history: &'a History,
}

impl Of<'_> {
    /// It records nothing.
    fn stopped(&self) -> Option<Symptom> {
        if self.status.logging {
            return None;
        }
        let since = self.status.stopped;
        let around = since.map(|at| Interval::new(at.plus(-MINUTES), at.plus(MINUTES)));
        let actions = around.map(|around| self.done(&["StopLogging"], around)).unwrap_or_default();
        let cause = Cause {
            certainty: Certainty::Shown,
            says: match (since, actions.is_empty()) {
                (None, _) => "the trail was made and never started".to_owned(),
                (Some(at), false) => format!("somebody stopped it at {at}"),
                (Some(at), true) => format!("it was stopped at {at}; who did it is not in what was asked of the event history"),
            },
            evidence: vec!["cloudtrail:GetTrailStatus: IsLogging is false".to_owned()],
            actions,
            next_step: "ask who did it why; start it again; what was done meanwhile is in the event history for 90 days, and in no log file".to_owned(),
        };
        let interval = since.map(|at| Interval::new(at, self.setup.as_of));
        Some(self.symptom("the trail records nothing", interval, vec![cause]))
    }

    /// Log files do not arrive.
    fn no_log_files(&self) -> Option<Symptom> {
        let error = self.status.log_error.as_ref()?;
        let says = format!("log files do not arrive: S3 answered {error}");
        let since = self.status.log_delivered;
        Some(self.symptom(&says, since.map(|at| Interval::new(at, self.setup.as_of)), self.refused(error)))
    }

    /// Digest files do not arrive.
    fn no_digest_files(&self) -> Option<Symptom> {
        let error = self.status.digest_error.as_ref()?;
        let says = format!("digest files do not arrive: S3 answered {error}");
        let since = self.status.digest_delivered;
        Some(self.symptom(&says, since.map(|at| Interval::new(at, self.setup.as_of)), self.refused(error)))
    }

    /// Validation was switched on after the trail had been recording.
    fn late_validation(&self) -> Option<Symptom> {
        let (started, digest) = (self.status.started?, self.status.digest_delivered);
        if !self.trail.validation || digest.is_some() || self.setup.as_of.since(started) < 3 * Time::HOUR {
            return None;
        }
        let switched = self.done(&["UpdateTrail", "CreateTrail"], Interval::new(started, self.setup.as_of));
        let cause = Cause {
            certainty: if switched.is_empty() { Certainty::Possible } else { Certainty::Likely },
            says: "log file validation was switched on lately: the first digest file comes within an hour, and covers nothing before".to_owned(),
            evidence: vec![format!("it has been recording since {started}, and no digest file was delivered yet")],
            actions: switched,
            next_step: "look again in an hour; what was delivered before can never be verified".to_owned(),
        };
        Some(self.symptom("no digest file was ever delivered", None, vec![cause]))
    }

    /// Why S3 refuses what CloudTrail delivers.
    fn refused(&self, error: &str) -> Vec<Cause> {
        let (lower, bucket) = (error.to_ascii_lowercase(), self.trail.bucket.as_str());
        if lower.contains("nosuchbucket") || lower.contains("invalidbucket") {
            return vec![self.cause(
                Certainty::Shown,
                format!("the bucket {bucket} is gone"),
                &["bucket-exists"],
                &["DeleteBucket"],
                "make a bucket again, or name another in the trail; find out whether somebody else has made one of that name",
            )];
        }
        let mut causes = Vec::new();
        if self.trail.kms_key.is_some() {
            let sure = if lower.contains("kms") { Certainty::Shown } else { Certainty::Possible };
            let failed = !failed(self.checks, &["key-usable"], &self.trail.arn).is_empty();
            if sure == Certainty::Shown || failed {
                causes.push(self.cause(
                    if failed { sure.min(Certainty::Likely) } else { sure },
                    "the trail's key cannot be used by CloudTrail".to_owned(),
                    &["key-usable"],
                    &["PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion", "DeleteImportedKeyMaterial", "RevokeGrant"],
                    "enable the key, cancel its deletion, or mend its policy; events of up to some days are then delivered after all",
                ));
            }
        }
        if lower.contains("accessdenied") || causes.is_empty() {
            let failed = !failed(self.checks, &["bucket-policy-delivery"], bucket).is_empty();
            causes.push(self.cause(
                if failed { Certainty::Likely } else { Certainty::Possible },
                format!("the policy of the bucket {bucket} does not let CloudTrail in"),
                &["bucket-policy-delivery", "bucket-encryption"],
                &["PutBucketPolicy", "DeleteBucketPolicy", "PutBucketPublicAccessBlock", "PutBucketEncryption"],
                "put CloudTrail's two statements into the bucket policy; `trailseal doctor --template terraform` prints them",
            ));
        }
        causes
    }

    fn cause(&self, certainty: Certainty, says: String, checks: &[&str], actions: &[&str], next: &str) -> Cause {
        let since = self.status.log_delivered.map_or(Time::from_unix(0), |at| at.plus(-Time::HOUR));
        let of = [self.trail.arn.as_str(), self.trail.bucket.as_str()];
        let evidence = of.iter().flat_map(|of| failed(self.checks, checks, of)).map(told).collect();
        Cause {
            certainty,
            says,
            evidence,
            actions: self.done(actions, Interval::new(since, self.setup.as_of)),
            next_step: next.to_owned(),
        }
    }

    /// What was done to the trail, its bucket or its key.
    fn done(&self, names: &[&str], when: Interval) -> Vec<Action> {
        let TrailFacts { name, home_region, .. } = self.trail;
        let its = Its { name, home_region, facts: Some(self.trail) };
        done(self.history, names, &its, when).into_iter().take(MOST).cloned().collect()
    }

    fn symptom(&self, saw: &str, interval: Option<Interval>, causes: Vec<Cause>) -> Symptom {
        Symptom { saw: saw.to_owned(), of: self.trail.arn.clone(), interval, causes }
    }
}

/// Seconds by which two clocks of AWS tell the same differently.
const MINUTES: i64 = 300;

/// So many of who did what are told of a cause.
const MOST: usize = 10;
