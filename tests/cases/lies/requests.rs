//! Requests that ask for less, accept something, or look in several buckets.

use std::collections::BTreeMap;

use trailseal::simulate::{Link, Scenario};
use trailseal::trail::Time;

use crate::stage::{Stage, drafted, honest, small, time};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "request-listing-and-a-log-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "Log files are listed and not read; one is gone, and for that the listing is enough.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.delete(&log);
            stage.named(log).asked(&["--log-files", "listing"])
        },
    },
    Lie {
        name: "request-starts-within-an-hour-and-its-earlier-logs-are-not-copied",
        verdict: "intact",
        expect: &[],
        notes: &["chain-continues-before"],
        comment: "A copy of one month begins at a folder: the digest across midnight is in it, and the log files that it lists from before \
                  midnight are not. They were not delivered in the time asked for, so they are not asked for.",
        stage: || {
            let mut stage = honest();
            let earlier = stage.logs(1);
            earlier.iter().for_each(|log| drop(stage.delete(log)));
            stage.delete_hour(0);
            let start = stage.end(1).plus(-600);
            stage.from(start)
        },
    },
    Lie {
        name: "request-starts-within-an-hour-and-a-log-file-after-that-is-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "The same request, and a log file was deleted that was delivered after its start.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(2);
            stage.delete(&log);
            let start = stage.end(1).plus(-600);
            stage.from(start).named(log)
        },
    },
    Lie {
        name: "request-listing-and-a-log-planted",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "Log files are listed and not read; one is there that no digest lists.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1).replace(".json.gz", "-2.json.gz");
            stage.plant(log.clone(), b"anything".to_vec());
            stage.named(log).asked(&["--log-files", "listing"])
        },
    },
    Lie {
        name: "request-listing-and-a-log-rewritten",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "A log file was edited, and so written after its digest. The listing shows when, and such a file is read whatever was asked.",
        stage: || {
            let mut stage = altered();
            let (log, later) = (stage.log(1), stage.taken_at.plus(-60));
            stage.object(&log).last_modified = later;
            stage.named(log).asked(&["--log-files", "listing"])
        },
    },
    Lie {
        name: "request-listing-and-a-log-edited-on-disk",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A log file was edited in the copy, whose record of when it was written is as it was. It was not to be read, and the report's first \
                  line says so.",
        stage: || altered().asked(&["--log-files", "listing"]),
    },
    Lie {
        name: "request-sample-that-draws-the-log-edited",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "One log file of six was to be read, drawn by a seed, and it is the one that was edited in the copy.",
        stage: || {
            let stage = altered();
            let log = stage.log(1);
            stage.named(log).asked(&["--log-files", "sample:1", "--seed", "4"])
        },
    },
    Lie {
        name: "request-sample-that-does-not-draw-the-log-edited",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "One log file of six was to be read, drawn by a seed, and it is another than the one that was edited in the copy. The report's \
                  first line says how many were read.",
        stage: || altered().asked(&["--log-files", "sample:1", "--seed", "2"]),
    },
    Lie {
        name: "request-sample-that-does-not-draw-the-log-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "One log file of six was to be read, drawn by a seed; another one is gone, and for that the listing is enough.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.delete(&log);
            stage.named(log).asked(&["--log-files", "sample:1", "--seed", "2"])
        },
    },
    Lie {
        name: "request-sample-that-draws-the-log-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "One log file of six was to be read, drawn by a seed among all that the digests list; the one that was drawn is gone.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.delete(&log);
            stage.named(log).asked(&["--log-files", "sample:1", "--seed", "4"])
        },
    },
    Lie {
        name: "request-sample-of-more-logs-than-there-are",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "25 log files were to be read, drawn by a seed, and there are six: all are read, the one that was edited among them.",
        stage: || {
            let stage = altered();
            let log = stage.log(1);
            stage.named(log).asked(&["--log-files", "sample:25", "--seed", "2"])
        },
    },
    Lie {
        name: "request-chain-alone-and-a-log-edited",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A log file was edited, and the chain alone was asked for: the report's first line says that no log file was read.",
        stage: || altered().asked(&["--log-files", "none"]),
    },
    Lie {
        name: "request-chain-alone-and-a-digest-deleted",
        verdict: "not-intact",
        expect: &["digest-missing"],
        notes: &[],
        comment: "The chain alone was asked for, and it is broken.",
        stage: || {
            let mut stage = honest();
            let digest = stage.digest(1);
            stage.delete(&digest);
            stage.named(digest).asked(&["--log-files", "none"])
        },
    },
    Lie {
        name: "request-part-of-the-range-without-the-damage",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A log file of the first hour is gone; the last two hours were asked for.",
        stage: || {
            let mut stage = honest();
            stage.delete(&stage.log(0));
            let start = stage.end(1);
            stage.from(start)
        },
    },
    Lie {
        name: "request-start-with-an-offset",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "The start is given with an offset from UTC. Read as UTC, as the AWS CLI does, it would lie three hours later, past the damage.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.delete(&log);
            let east = stage.end(0).plus(3 * Time::HOUR).to_string().replace('Z', "+03:00");
            stage.named(log).asked(&["--start-time", &east])
        },
    },
    Lie {
        name: "waiver-applied",
        verdict: "intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "A log file is gone, and somebody has accepted that, with a reason and until a date. The finding is still in the report.",
        stage: || waived("2026-12-31", ""),
    },
    Lie {
        name: "waiver-expired",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &["waiver-unused"],
        comment: "The same, and the waiver ran out before the audit.",
        stage: || waived("2026-01-15", ""),
    },
    Lie {
        name: "waiver-of-something-else",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &["waiver-unused"],
        comment: "The waiver is for another log file.",
        stage: || waived("2026-12-31", "x"),
    },
    Lie {
        name: "expired-by-the-day-and-no-start-asked-for",
        verdict: "intact",
        expect: &[],
        notes: &["chain-continues-before"],
        comment: "A lifecycle rule lets objects go by the day on which they were made: the oldest digest left was delivered after midnight, and lists log files of before, which are gone. What is proven begins after it.",
        stage: || expired(),
    },
    Lie {
        name: "expired-by-the-day-and-a-log-of-the-next-day-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &["chain-continues-before"],
        comment: "The same, and a log file that the oldest digest lists is gone though it was delivered on the day of the digest.",
        stage: || {
            let mut stage = expired();
            let of_next_day = |key: &String| !key.contains(THE_DAY_BEFORE);
            let log = stage.logs(1).into_iter().find(of_next_day).expect("a log file after midnight");
            stage.delete(&log);
            stage.named(log)
        },
    },
    Lie {
        name: "expired-by-the-day-and-a-log-of-a-later-digest-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &["chain-continues-before"],
        comment: "The same, and a log file that a later digest lists is gone.",
        stage: || {
            let mut stage = expired();
            let log = stage.log(2);
            stage.delete(&log);
            stage.named(log)
        },
    },
    Lie {
        name: "expired-by-the-day-but-for-a-log-of-before",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &["chain-continues-before"],
        comment: "All digests of before midnight are gone, and a log file that the oldest one left lists; another log file of that day is there, so that no rule let them go.",
        stage: || {
            let before = drafted(&night()).sign();
            let left = before.log(0);
            let mut stage = expired();
            stage.objects.insert(left.clone(), before.objects[&left].clone());
            stage
        },
    },
    Lie {
        name: "expired-by-the-day-and-asked-for",
        verdict: "not-intact",
        expect: &["log-missing", "digest-missing"],
        notes: &[],
        comment: "A lifecycle rule lets objects go by the day, and the time before was asked for: what was asked for is not there.",
        stage: || {
            let stage = expired();
            let (start, end) = (stage.end(0).plus(-1800), stage.end(0));
            stage.from(start).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "bucket-changed-and-both-at-hand",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The trail was moved to another bucket after two hours, and a copy of the old one is named: the chain is followed there.",
        stage: || {
            let stage = moved();
            let start = stage.interval.start;
            stage.from(start).asked(&["--bucket-dir", "old-bucket=old-bucket"])
        },
    },
    Lie {
        name: "bucket-changed-and-a-log-deleted-in-the-old-one",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "The same, and in the old bucket a log file is gone.",
        stage: || {
            let mut stage = moved();
            let log = stage.log(0);
            stage.other_buckets.get_mut("old-bucket").expect("the old bucket").remove(&log);
            stage.named(log).asked(&["--bucket-dir", "old-bucket=old-bucket"])
        },
    },
    Lie {
        name: "bucket-changed-and-the-old-one-not-at-hand",
        verdict: "intact",
        expect: &[],
        notes: &["chain-continues-before"],
        comment: "The trail was moved, the old bucket is not there to look at, and no start was asked for: what is here is proven, and it is said that \
                  the chain goes on elsewhere.",
        stage: moved,
    },
    Lie {
        name: "bucket-changed-and-the-old-one-asked-for",
        verdict: "inconclusive",
        expect: &["digest-unreadable", "coverage-hole"],
        notes: &[],
        comment: "The trail was moved, the old bucket is not there to look at, and the hours in it were asked for: they can be neither proven nor \
                  contradicted.",
        stage: || {
            let stage = moved();
            let start = stage.interval.start;
            stage.from(start)
        },
    },
    Lie {
        name: "bucket-changed-and-changed-back-and-both-at-hand",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The trail was moved to another bucket for an hour and back, and a copy of the other one is named: the chain is followed there.",
        stage: || moved_and_back().asked(&["--bucket-dir", "old-bucket=old-bucket"]),
    },
    Lie {
        name: "bucket-changed-and-changed-back-and-the-other-not-at-hand",
        verdict: "inconclusive",
        expect: &["digest-unreadable"],
        notes: &[],
        comment: "The same, and the other bucket is not there to look at: the hour in it can be neither proven nor contradicted, and it is said where it lies.",
        stage: moved_and_back,
    },
    Lie {
        name: "copy-said-to-be-of-another-bucket",
        verdict: "not-intact",
        expect: &["digest-moved", "log-unlisted"],
        notes: &[],
        comment: "The copy says it was taken of another bucket than the digests say they were delivered to: nothing lies where it was delivered.",
        stage: || renamed_bucket(honest()),
    },
    Lie {
        name: "copy-said-to-be-of-another-bucket-and-set-right",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The same, and whoever asks says which bucket the digests were delivered to.",
        stage: || {
            let stage = honest();
            let bucket = stage.bucket.clone();
            renamed_bucket(stage).asked(&["--bucket", &bucket])
        },
    },
];

fn altered() -> Stage {
    let mut stage = honest();
    let log = stage.log(1);
    stage.edit(&log, "us-east-1", "us-west-1");
    stage
}

fn renamed_bucket(stage: Stage) -> Stage {
    Stage { bucket: "a-replica".to_owned(), ..stage }
}

fn waived(until: &str, other: &str) -> Stage {
    let mut stage = honest();
    let log = stage.log(1);
    stage.delete(&log);
    let subject = format!("s3://{}/{log}{other}", stage.bucket);
    let text = format!(
        "[[waiver]]\ncode = \"log-missing\"\nsubject = \"{subject}\"\nreason = \"lost in the migration, ticket 4711\"\nwho = \"auditor@example.com\"\nuntil = \"{until}\"\n"
    );
    stage
        .file("waivers.toml", &text)
        .asked(&["--waivers", "waivers.toml"])
        .audited_at(crate::stage::time("2026-01-20T00:00:00Z"))
}

/// A trail whose first two hours were delivered to another bucket.
fn night() -> Scenario {
    Scenario { seed: 2, start: small().start.plus(8 * 3600), log_files_per_hour: 6, ..small() }
}

/// Four hours around midnight, of which all that was delivered before it has expired.
fn expired() -> Stage {
    let mut stage = drafted(&night()).sign();
    let midnight = time("2026-01-11T00:00:00Z");
    assert!(stage.end(0) < midnight && midnight < stage.end(1));
    let (before, after): (Vec<String>, Vec<String>) =
        stage.logs(1).into_iter().partition(|log| log.contains(THE_DAY_BEFORE));
    assert!(!before.is_empty() && !after.is_empty(), "{before:?} {after:?}");
    stage.objects.retain(|key, _| !key.contains(THE_DAY_BEFORE));
    stage
}

const THE_DAY_BEFORE: &str = "/2026/01/10/";

fn moved() -> Stage {
    delivered_elsewhere(0..2)
}

/// A trail that was moved to another bucket after an hour, and back after one more.
fn moved_and_back() -> Stage {
    delivered_elsewhere(1..2)
}

fn delivered_elsewhere(hours: std::ops::Range<usize>) -> Stage {
    let mut draft = drafted(&small());
    for hour in hours.clone() {
        let digest = draft.digest(hour);
        digest.digest_s3_bucket = "old-bucket".to_owned();
        digest.log_files.iter_mut().for_each(|log| log.s3_bucket = "old-bucket".to_owned());
    }
    assert!(draft.chain().digests[hours.end].link == Link::Previous);
    let mut stage = draft.sign();
    let mut old = BTreeMap::new();
    for hour in hours {
        let keys = stage.logs(hour).into_iter().chain([stage.digest(hour)]);
        old.extend(keys.map(|key| (key.clone(), stage.delete(&key))).collect::<Vec<_>>());
    }
    stage.other_buckets.insert("old-bucket".to_owned(), old);
    stage
}
