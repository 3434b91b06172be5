//! Log files altered, damaged, exchanged and taken away.

use trailseal::trail::Time;

use crate::stage::{Stage, drafted, gzip_otherwise, honest, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "log-one-bit-flipped",
        verdict: "not-intact",
        expect: &["log-malformed"],
        notes: &[],
        comment: "One bit of the compressed data is flipped: a failing disk, or somebody who hopes that nobody inflates. The \
                  AWS CLI calls it INVALID: invalid format.",
        stage: || flipped(honest()),
    },
    Lie {
        name: "log-one-event-edited",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "The attacker inflated a log file, changed the region of an event, and packed it again as valid gzip. The hash in \
                  the signed digest is that of the uncompressed bytes, so packing hides nothing.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.edit(&log, "us-east-1", "us-west-1");
            stage.named(log)
        },
    },
    Lie {
        name: "log-records-emptied",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "A log file keeps its name and place and holds no events any more.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(2);
            stage.set_content(&log, b"{\"Records\":[]}");
            stage.named(log)
        },
    },
    Lie {
        name: "log-emptied",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "A log file of no bytes at all. In a directory it may be a gunzipped one, and as such its content is not the \
                  recorded one.",
        stage: || on_body(|body| body.clear()),
    },
    Lie {
        name: "log-truncated",
        verdict: "not-intact",
        expect: &["log-malformed"],
        notes: &[],
        comment: "The second half of a log file is cut off.",
        stage: || on_body(|body| body.truncate(body.len() / 2)),
    },
    Lie {
        name: "log-gzip-trailer-cut-off",
        verdict: "not-intact",
        expect: &["log-malformed"],
        notes: &[],
        comment: "All the content is there, and the eight bytes after it are not: a reader that stops at the end of the data \
                  never misses them.",
        stage: || on_body(|body| body.truncate(body.len() - 8)),
    },
    Lie {
        name: "log-gzip-crc-wrong",
        verdict: "not-intact",
        expect: &["log-malformed"],
        notes: &[],
        comment: "The checksum in the gzip trailer is not that of the content, which is the recorded one. Readers differ in \
                  whether they would read it, so it is not the file that was delivered.",
        stage: || on_trailer(8),
    },
    Lie {
        name: "log-gzip-length-wrong",
        verdict: "not-intact",
        expect: &["log-malformed"],
        notes: &[],
        comment: "The length in the gzip trailer is not that of the content.",
        stage: || on_trailer(4),
    },
    Lie {
        name: "log-second-gzip-member",
        verdict: "not-intact",
        expect: &["log-trailing-data"],
        notes: &[],
        comment: "A second gzip member with events of the attacker's own follows the genuine one. Most tools read both as one file; \
                  one that reads a single member hashes the genuine content and notices nothing.",
        stage: || on_body(|body| body.extend(gzip_otherwise(b"{\"Records\":[{\"eventName\":\"ConsoleLogin\"}]}"))),
    },
    Lie {
        name: "log-trailing-garbage",
        verdict: "not-intact",
        expect: &["log-trailing-data"],
        notes: &[],
        comment: "Bytes that are no gzip follow the log file.",
        stage: || on_body(|body| body.extend(b"garbage")),
    },
    Lie {
        name: "log-gzip-header-changed",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Only the time stamp and the operating system in the gzip header were changed. What CloudTrail signs is the \
                  uncompressed content, and that is unchanged: nothing that anyone reads is different.",
        stage: || {
            on_body(|body| {
                body[4..8].copy_from_slice(&[1, 2, 3, 4]);
                body[9] = 3;
            })
        },
    },
    Lie {
        name: "log-gzip-flag-reserved",
        verdict: "not-intact",
        expect: &["log-malformed"],
        notes: &[],
        comment: "A flag that RFC 1952 reserves was set in the gzip header. Some readers pass it over and some refuse the file, so it is not \
                  the file that was delivered.",
        stage: || on_body(|body| body[3] |= 0x20),
    },
    Lie {
        name: "log-packed-anew",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The same content, compressed by another program at another level: the same evidence.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.object(&log).body = gzip_otherwise(&stage.content(&log));
            stage
        },
    },
    Lie {
        name: "log-gunzipped",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Somebody gunzipped a log file under its own name, as happens to copies on disk. Its content is the recorded one.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.object(&log).body = stage.content(&log);
            stage
        },
    },
    Lie {
        name: "log-gunzipped-and-edited",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "A gunzipped log file in which an event was changed.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.edit(&log, "us-east-1", "us-west-1");
            stage.object(&log).body = stage.content(&log);
            stage.named(log)
        },
    },
    Lie {
        name: "log-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "One log file is gone; the signed digest of its hour lists it.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(2);
            stage.delete(&log);
            stage.named(log)
        },
    },
    Lie {
        name: "logs-all-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "Every log file is gone, their folders too; the digests are all there and name each of them.",
        stage: || {
            let mut stage = honest();
            for hour in 0..4 {
                for log in stage.logs(hour) {
                    stage.delete(&log);
                    stage = stage.named(log);
                }
            }
            stage
        },
    },
    Lie {
        name: "log-replaced-by-another",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "A log file's place is taken by a copy of another, genuine one: the count is right, and one hour's events are gone.",
        stage: || {
            let mut stage = honest();
            let (from, to) = (stage.log(0), stage.log(2));
            stage.copy(&from, &to);
            stage.named(to)
        },
    },
    Lie {
        name: "logs-swapped",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "Two log files have changed places: every byte is genuine and nothing is lost, but the names lie about the time.",
        stage: || {
            let mut stage = honest();
            let (one, other) = (stage.log(0), stage.log(2));
            stage.swap(&one, &other);
            stage.named(one).named(other)
        },
    },
    Lie {
        name: "log-renamed",
        verdict: "not-intact",
        expect: &["log-missing", "log-unlisted"],
        notes: &[],
        comment: "A log file was given another name of the right form: one that is listed is missing, and one that nobody lists is there.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            let renamed = renamed(&log);
            stage.copy(&log, &renamed);
            stage.delete(&log);
            stage.named(log).named(renamed)
        },
    },
    Lie {
        name: "log-written-again-with-the-same-content",
        verdict: "intact",
        expect: &[],
        notes: &["log-modified-after-delivery"],
        comment: "A log file was written again a day after its digest, with the same content: a restore or a change of encryption. It is \
                  worth knowing that somebody can write there, and nothing was altered.",
        stage: || {
            let mut stage = honest();
            let (log, later) = (stage.log(1), stage.taken_at.plus(-60));
            stage.object(&log).last_modified = later;
            stage.named(log)
        },
    },
    Lie {
        name: "log-listed-twice",
        verdict: "intact",
        expect: &[],
        notes: &["log-listed-twice"],
        comment: "Two digests list the same log file with the same hash. CloudTrail promises to deliver at least once, so this is odd and \
                  no harm.",
        stage: || {
            let mut draft = drafted(&small());
            let log = draft.digest(1).log_files[0].clone();
            draft.digest(2).log_files.push(log.clone());
            draft.sign().named(log.s3_object)
        },
    },
    Lie {
        name: "log-listed-twice-with-two-hashes",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "Two signed digests list the same log file with different hashes: it was another at one time, and cannot match both.",
        stage: || {
            let mut draft = drafted(&small());
            let mut log = draft.digest(1).log_files[0].clone();
            log.hash_value = "0".repeat(64);
            draft.digest(2).log_files.push(log.clone());
            draft.sign().named(log.s3_object)
        },
    },
    Lie {
        name: "log-hash-of-63-digits",
        verdict: "not-intact",
        expect: &["log-hash-mismatch"],
        notes: &[],
        comment: "A signed digest records a hash of 63 digits, as a published sample does. No content has such a hash; it is a finding, and \
                  never a crash.",
        stage: || {
            let mut draft = drafted(&small());
            draft.digest(1).log_files[0].hash_value.pop();
            draft.sign()
        },
    },
    Lie {
        name: "log-hash-in-capitals",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A signed digest records its hashes in capital letters: the same numbers.",
        stage: || {
            let mut draft = drafted(&small());
            draft.digest(1).log_files[0].hash_value.make_ascii_uppercase();
            draft.sign()
        },
    },
    Lie {
        name: "log-gzip-bomb",
        verdict: "inconclusive",
        expect: &["log-unreadable"],
        notes: &[],
        comment: "A log file's place is taken by a kilobyte that inflates to a megabyte, and at most 64 KiB are to be inflated. Reading stops \
                  at the limit; what was not read to its end is not called tampering.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(1);
            stage.set_content(&log, &vec![b' '; 1 << 20]);
            stage.named(log).asked(&["--max-log-bytes", "65536"])
        },
    },
    Lie {
        name: "log-listed-far-from-its-folder",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A signed digest lists a log file under a key that is not of the usual form. What AWS signs is looked for where it says.",
        stage: || {
            let mut draft = drafted(&small());
            let from = draft.digest(1).log_files[0].s3_object.clone();
            let to = "elsewhere/log.json.gz".to_owned();
            draft.digest(1).log_files[0].s3_object.clone_from(&to);
            let mut stage = draft.sign();
            stage.copy(&from, &to);
            stage.delete(&from);
            stage
        },
    },
    Lie {
        name: "logs-late-events",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Every log file holds events that are hours older than their delivery. Digests go by delivery, so nothing is wrong.",
        stage: || {
            let mut draft = drafted(&trailseal::simulate::Scenario { late_log_files: 100, ..small() });
            let digest = draft.digest(1);
            assert!(digest.oldest_event_time < Some(digest.digest_start_time.plus(-Time::HOUR / 4)));
            draft.sign()
        },
    },
];

fn flipped(mut stage: Stage) -> Stage {
    let log = stage.log(1);
    stage.body(&log, |body| {
        let middle = body.len() / 2;
        body[middle] ^= 0x10;
    });
    stage.named(log)
}

fn on_body(edit: fn(&mut Vec<u8>)) -> Stage {
    let mut stage = honest();
    let log = stage.log(1);
    stage.body(&log, edit);
    stage
}

/// Changes a byte this far from the end.
fn on_trailer(from_end: usize) -> Stage {
    let mut stage = honest();
    let log = stage.log(1);
    stage.body(&log, |body| {
        let at = body.len() - from_end;
        body[at] ^= 1;
    });
    stage.named(log)
}

/// The same minute, another unique part.
fn renamed(key: &str) -> String {
    let stem = key.strip_suffix(".json.gz").expect("a log file's key");
    format!("{}AAAABBBBCCCCDDDD.json.gz", &stem[..stem.len() - 16])
}
