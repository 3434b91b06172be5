//! The wording of what comes of log files that were asked for by name and that no verified digest names.

use super::{Code, Finding};
use crate::trail::{Interval, ObjectLocation, Time};

impl Finding {
    /// It is there, and it is old enough to be named.
    pub(crate) fn named_log_unlisted(at: &ObjectLocation, minute: Time) -> Finding {
        let message = "no verified digest names this log file: neither those of its time and the hours after it, nor a later backfill digest, of the buckets and the prefix that were looked at; where the trail was moved in that hour, its digest lies where it was moved to";
        Finding::new(Code::LogUnlisted, message).about(at).during(Interval::new(minute, minute.plus(60)))
    }

    /// It may well be CloudTrail's, and nobody can say so yet.
    pub(crate) fn named_log_too_new(at: &ObjectLocation, due: Time) -> Finding {
        let message = format!("too new: no digest names this log file yet; the digest of that hour is due by {due}");
        Finding::new(Code::NothingFound, message).about(at)
    }

    pub(crate) fn named_log_absent(at: &ObjectLocation) -> Finding {
        let message = "no verified digest names this log file, and it is not there: look at its key";
        Finding::new(Code::NothingFound, message).about(at)
    }

    pub(crate) fn named_log_unknown(at: &ObjectLocation) -> Finding {
        let message = "no verified digest names this log file, and whether it is there could not be told: its folder was not listed";
        Finding::new(Code::NothingFound, message).about(at)
    }

    /// Too much lies around it for all of it to be looked at.
    pub(crate) fn named_log_crowded(at: &ObjectLocation, looked_at: usize) -> Finding {
        let message = format!(
            "{looked_at} digest files around this log file's time were looked at, none names it, and there are more: that is the limit"
        );
        Finding::new(Code::NothingFound, message).about(at)
    }
}
