//! Log files asked for by name: what is done to them, and what is done around them.

use crate::stage::{Stage, drafted, honest, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "named-log-amid-what-is-altered",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "One log file is asked for by name, and it and the digest that names it are as they were. The digests before and after it were \
                  deleted or edited, and a log file was planted in its hour: none of that was asked for.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(2);
            let (before, after) = (stage.digest(1), stage.digest(3));
            stage.delete(&before);
            stage.edit(&after, "\"newestEventTime\":\"2026", "\"newestEventTime\":\"2027");
            stage.plant(planted(&log), b"planted".to_vec());
            ask(stage, &log)
        },
    },
    Lie {
        name: "named-log-edited",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "The log file that is asked for by name was edited.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(2);
            stage.edit(&log, "\"Records\"", "\"records\"");
            ask(stage, &log).named(log)
        },
    },
    Lie {
        name: "named-log-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "The log file that is asked for by name is gone, and a signed digest names it.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(2);
            stage.delete(&log);
            ask(stage, &log).named(log)
        },
    },
    Lie {
        name: "named-log-planted",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "The log file that is asked for by name was planted: no digest of its hour or after it names it.",
        stage: || {
            let mut stage = honest();
            let planted = planted(&stage.log(1));
            stage.plant(planted.clone(), b"planted".to_vec());
            ask(stage, &planted).named(planted)
        },
    },
    Lie {
        name: "named-log-that-never-was",
        verdict: "inconclusive",
        expect: &["nothing-found"],
        notes: &[],
        comment: "Nothing of the name that is asked for is there, and no digest names it.",
        stage: || {
            let stage = honest();
            let log = planted(&stage.log(1));
            ask(stage, &log).named(log)
        },
    },
    Lie {
        name: "named-log-whose-digest-was-edited",
        verdict: "not-intact",
        expect: &["digest-signature-invalid", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "The log file is as it was, and the digest that named it was edited: nothing else can vouch for the file.",
        stage: || {
            let mut stage = honest();
            let (log, digest) = (stage.log(1), stage.digest(1));
            stage.edit(&digest, "\"newestEventTime\":\"2026", "\"newestEventTime\":\"2027");
            ask(stage, &log).named(digest)
        },
    },
    Lie {
        name: "named-log-whose-digest-was-deleted",
        verdict: "not-intact",
        expect: &["digest-missing", "log-unlisted"],
        notes: &[],
        comment: "The digest that named the log file is gone, and the one after it, which is signed, names that.",
        stage: || {
            let mut stage = honest();
            let (log, digest) = (stage.log(1), stage.digest(1));
            stage.delete(&digest);
            ask(stage, &log).named(digest)
        },
    },
    Lie {
        name: "named-log-in-the-digest-of-the-next-hour",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The log file's name is of one hour, and the digest of the next hour names it: it was delivered just after.",
        stage: || {
            let mut draft = drafted(&small());
            let log = draft.digest(1).log_files.remove(0);
            draft.digest(1).set_event_times();
            draft.digest(2).log_files.push(log.clone());
            ask(draft.sign(), &log.s3_object)
        },
    },
    Lie {
        name: "named-log-in-a-later-backfill-digest-alone",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "No digest of the log file's hour names it, and a backfill digest of hours later does.",
        stage: || {
            let stage = super::backfills::backfilled_later();
            let log = stage.log_of(stage.chains.len() - 1, 2);
            ask(stage, &log)
        },
    },
];

/// Asks for this log file alone, and for no time.
fn ask(stage: Stage, log: &str) -> Stage {
    stage.asked(&["--log-file", log]).without_end()
}

/// A name like that of a log file, of the same minute.
fn planted(log: &str) -> String {
    format!("{}_AAAAAAAAAAAAAAAA.json.gz", log.rsplit_once('_').expect("a log file's key").0)
}
