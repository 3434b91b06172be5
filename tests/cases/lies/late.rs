//! Log files that were listed long after the time in their names: whichever of two requests that meet asks for them, one does.

use super::backfills::backfilled_later;
use crate::stage::{Stage, drafted, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "log-listed-late",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A log file is named after the first hour, and a digest of the third lists it. Only that and the next were asked for.",
        stage: || {
            let (stage, _) = listed_late();
            let start = stage.end(1);
            stage.from(start)
        },
    },
    Lie {
        name: "log-listed-late-and-deleted-and-its-digest-asked-for",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "The same log file is gone. It was delivered in the time of the digest that lists it, whatever its name tells.",
        stage: || {
            let (mut stage, log) = listed_late();
            stage.delete(&log);
            let start = stage.end(1);
            stage.from(start).named(log)
        },
    },
    Lie {
        name: "log-listed-late-and-emptied-and-its-name-asked-for",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "The same log file was emptied, and the hours before the digest that lists it were asked for: it lies in their folder, and is \
                  known not to be what was delivered.",
        stage: || {
            let (mut stage, log) = listed_late();
            stage.set_content(&log, b"{\"Records\":[]}");
            let end = stage.end(1);
            stage.until(end).named(log)
        },
    },
    Lie {
        name: "log-of-a-backfill-after-the-range-emptied",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "A log file of the requested hours was emptied. Only a backfill digest dated long after the request lists it, and it is held \
                  against that.",
        stage: || {
            let mut stage = backfilled_later();
            let chain = stage.chains.last().expect("a backfill chain");
            let log = chain.digests[2].digest.log_files[0].s3_object.clone();
            stage.set_content(&log, b"{\"Records\":[]}");
            let end = stage.end(1);
            stage.until(end).named(log)
        },
    },
];

/// A log file named after the first hour, that the digest of the third lists.
fn listed_late() -> (Stage, String) {
    let mut draft = drafted(&small());
    let log = draft.digest(0).log_files.remove(0);
    let key = log.s3_object.clone();
    draft.digest(0).set_event_times();
    draft.digest(2).log_files.push(log);
    draft.digest(2).set_event_times();
    (draft.sign(), key)
}
