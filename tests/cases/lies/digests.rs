//! Digest files altered, damaged, moved about and taken away.

use trailseal::trail::Time;

use crate::stage::{Stage, digest_key_at, drafted, gzip_otherwise, honest, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "digest-newest-edited",
        verdict: "not-intact",
        expect: &["digest-signature-invalid"],
        notes: &[],
        comment: "One digit of a log file's hash was changed in the newest digest, which was packed again. Its signature is that of \
                  other bytes. Its hour's log files are not due to be vouched for by anyone else yet.",
        stage: || on_digest(3, edited),
    },
    Lie {
        name: "digest-middle-edited",
        verdict: "not-intact",
        expect: &["digest-signature-invalid", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "The same in the middle of the chain: the signed digest after it recorded another hash as well, and nobody vouches for \
                  its hour's log files any more.",
        stage: || {
            let stage = on_digest(1, edited);
            let (start, end, log) = (stage.end(0), stage.end(1), stage.log(1));
            stage.hole("digest-unverified", start, end).named(log)
        },
    },
    Lie {
        name: "digest-oldest-edited",
        verdict: "not-intact",
        expect: &["digest-signature-invalid", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "The same at the beginning of the chain, and no start was asked for: then the request starts with the oldest digest there is, be it \
                  genuine or not, and nobody vouches for its hour's log files.",
        stage: || {
            let stage = on_digest(0, edited);
            let (start, end, log) = (stage.interval.start, stage.end(0), stage.log(0));
            stage.hole("digest-unverified", start, end).named(log)
        },
    },
    Lie {
        name: "digest-whitespace-added",
        verdict: "not-intact",
        expect: &["digest-signature-invalid", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "A digest was read and written again by a tool that indents. It says the same, and not in the bytes that were signed.",
        stage: || on_digest(1, |stage, key| stage.edit(key, "\"logFiles\":", "\"logFiles\": ")),
    },
    Lie {
        name: "digest-deeper-than-a-stack",
        verdict: "not-intact",
        expect: &["digest-signature-invalid"],
        notes: &[],
        comment: "A field that nobody knows was added to the newest digest: a hundred thousand lists, each in the other, so that a reader \
                  that goes into each has no room left on its stack. Here a field that is not known is passed over without one, \
                  and the signature is that of other bytes.",
        stage: || {
            let deep = |stage: &mut Stage, key: &str| {
                let lists = format!("\"new\":{}{},\"logFiles\":", "[".repeat(100_000), "]".repeat(100_000));
                stage.edit(key, "\"logFiles\":", &lists);
            };
            on_digest(3, deep)
        },
    },
    Lie {
        name: "digest-gunzipped",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A digest was gunzipped under its own name, as happens to copies on disk. Its content is what was signed.",
        stage: || quietly(1, |stage, key| stage.object(key).body = stage.content(key)),
    },
    Lie {
        name: "digest-packed-anew",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The same digest, compressed by another program: the signature is over the uncompressed bytes.",
        stage: || quietly(1, |stage, key| stage.object(key).body = gzip_otherwise(&stage.content(key))),
    },
    Lie {
        name: "digest-second-gzip-member",
        verdict: "not-intact",
        expect: &["digest-malformed", "log-unlisted"],
        notes: &[],
        comment: "A second gzip member follows a digest. A validator that stops after the first accepts it, as the AWS CLI does; another tool \
                  reads both.",
        stage: || on_digest(1, |stage, key| stage.body(key, |body| body.extend(gzip_otherwise(b"{}")))),
    },
    Lie {
        name: "digest-trailing-data",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "Bytes follow the newest digest.",
        stage: || on_digest(3, |stage, key| stage.body(key, |body| body.push(0))),
    },
    Lie {
        name: "digest-truncated",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "The newest digest is cut in half.",
        stage: || on_digest(3, |stage, key| stage.body(key, |body| body.truncate(body.len() / 2))),
    },
    Lie {
        name: "digest-gzip-trailer-cut-off",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "The newest digest lacks its gzip trailer.",
        stage: || on_digest(3, |stage, key| stage.body(key, |body| body.truncate(body.len() - 8))),
    },
    Lie {
        name: "digest-emptied",
        verdict: "not-intact",
        expect: &["digest-malformed", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "A digest of no bytes.",
        stage: || on_digest(1, |stage, key| stage.body(key, Vec::clear)),
    },
    Lie {
        name: "digest-gzip-bomb",
        verdict: "inconclusive",
        expect: &["digest-unreadable", "log-unlisted"],
        notes: &[],
        comment: "A digest's place is taken by a kilobyte that inflates to a megabyte, and at most 64 KiB are to be inflated. The AWS CLI \
                  would inflate 600 MB. What was not read to its end is not called tampering.",
        stage: || {
            let stage = on_digest(1, |stage, key| stage.set_content(key, &vec![b' '; 1 << 20]));
            stage.asked(&["--max-digest-bytes", "65536"])
        },
    },
    Lie {
        name: "digest-middle-deleted",
        verdict: "not-intact",
        expect: &["digest-missing", "log-unlisted"],
        notes: &[],
        comment: "A digest is gone; the one after it names it. Nobody vouches for the log files of its hour.",
        stage: || {
            let mut stage = honest();
            let digest = stage.digest(1);
            stage.delete(&digest);
            let (start, end) = (stage.end(0), stage.end(1));
            stage.named(digest).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "digest-middle-deleted-with-its-log-files",
        verdict: "not-intact",
        expect: &["digest-missing"],
        notes: &[],
        comment: "An hour is gone, digest and log files.",
        stage: || {
            let mut stage = honest();
            stage.delete_hour(1);
            let (digest, start, end) = (stage.digest(1), stage.end(0), stage.end(1));
            stage.named(digest).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "digests-several-in-a-row-deleted",
        verdict: "not-intact",
        expect: &["digest-missing", "coverage-hole"],
        notes: &[],
        comment: "Three hours in a row are gone. The AWS CLI reports the first digest alone. That it was the first of three tells nobody any \
                  more but the cadence: each lost hour is named.",
        stage: || {
            let mut stage = drafted(&trailseal::simulate::Scenario { hours: 6, ..small() }).sign();
            (1..4).for_each(|hour| stage.delete_hour(hour));
            let (start, end) = (stage.end(0), stage.end(3));
            let lost = [1, 2, 3].map(|hour| stage.digest(hour));
            lost.into_iter().fold(stage, Stage::named).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "digests-newest-deleted",
        verdict: "inconclusive",
        expect: &["coverage-hole", "log-unlisted"],
        notes: &[],
        comment: "The two newest digests are gone. Nothing that is left names them, but the copy was taken when more than two hours had gone \
                  without one. The AWS CLI exits with 0.",
        stage: || {
            let mut stage = honest();
            let (two, three) = (stage.digest(2), stage.digest(3));
            stage.delete(&two);
            stage.delete(&three);
            let (start, end, log) = (stage.end(1), stage.end(3), stage.log(3));
            stage.hole("after-newest-digest", start, end).named(log)
        },
    },
    Lie {
        name: "digests-newest-deleted-with-their-log-files",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "The two newest hours are gone, digests and log files: what is left is a perfect chain. The AWS CLI exits with 0.",
        stage: || {
            let mut stage = honest();
            stage.delete_hour(2);
            stage.delete_hour(3);
            let (start, end) = (stage.end(1), stage.end(3));
            stage.hole("after-newest-digest", start, end)
        },
    },
    Lie {
        name: "digest-oldest-deleted",
        verdict: "intact",
        expect: &[],
        notes: &["chain-continues-before"],
        comment: "The oldest digest is gone, and no start was asked for: then the request begins with the oldest digest found, and the \
                  report says that the chain goes on before it.",
        stage: || {
            let mut stage = honest();
            let digest = stage.digest(0);
            stage.delete(&digest);
            stage.named(digest)
        },
    },
    Lie {
        name: "digest-oldest-deleted-and-asked-for",
        verdict: "not-intact",
        expect: &["digest-missing", "log-unlisted"],
        notes: &[],
        comment: "The oldest digest is gone, and its hour was asked for: the one after it names it.",
        stage: || {
            let mut stage = honest();
            let digest = stage.digest(0);
            stage.delete(&digest);
            let (start, end) = (stage.interval.start, stage.end(0));
            stage.named(digest).from(start).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "digest-last-of-the-range-deleted",
        verdict: "not-intact",
        expect: &["digest-missing", "log-unlisted"],
        notes: &[],
        comment: "The last digest of the requested range is gone, and a later one, outside of the range, is there and names it.",
        stage: || {
            let mut stage = honest();
            let digest = stage.digest(2);
            stage.delete(&digest);
            let (start, end) = (stage.end(1), stage.end(2));
            stage.named(digest).until(end).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "digest-across-the-end-of-the-range-deleted",
        verdict: "not-intact",
        expect: &["digest-missing", "log-unlisted"],
        notes: &[],
        comment: "The request ends within an hour whose digest is gone. The next digest names it, and ends more than an hour after the request: \
                  so far the AWS CLI does not look, and it exits with 0.",
        stage: || {
            let mut stage = honest();
            let digest = stage.digest(2);
            stage.delete(&digest);
            let (start, end) = (stage.end(1), stage.end(2).plus(-10 * 60));
            stage.named(digest).until(end).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "digest-after-the-range-edited",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The digest after the requested range does not verify. It was not asked for, and those of the range carry their own signatures.",
        stage: || {
            let stage = quietly(3, edited);
            let end = stage.end(2);
            stage.until(end)
        },
    },
    Lie {
        name: "digest-last-of-the-range-deleted-and-the-next-edited",
        verdict: "inconclusive",
        expect: &["coverage-hole", "log-unlisted"],
        notes: &[],
        comment: "The last digest of the range is gone, and the one after it, which would name it, was altered. By the cadence the hour had a \
                  digest all the same.",
        stage: || {
            let mut stage = quietly(3, edited);
            let digest = stage.digest(2);
            stage.delete(&digest);
            let (start, end) = (stage.end(1), stage.end(2));
            stage.named(digest).until(end).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "digests-swapped",
        verdict: "not-intact",
        expect: &["digest-moved", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "Two digests have changed places, signatures and all. Each says where it was delivered.",
        stage: || {
            let mut stage = honest();
            let (one, other) = (stage.digest(1), stage.digest(2));
            stage.swap(&one, &other);
            stage.named(one).named(other)
        },
    },
    Lie {
        name: "digest-older-in-place-of-the-newest",
        verdict: "not-intact",
        expect: &["digest-moved"],
        notes: &[],
        comment: "A valid older digest lies under the newest one's name: the last hour's list of log files is replaced by another hour's.",
        stage: || on_digest(3, |stage, key| stage.copy(&stage.digest(1), key)),
    },
    Lie {
        name: "digest-copied-to-an-earlier-hour",
        verdict: "not-intact",
        expect: &["digest-moved"],
        notes: &[],
        comment: "A valid digest was copied to the hour before the chain began, as if there had been one.",
        stage: || {
            let mut stage = honest();
            let copied = digest_key_at(&stage.digest(1), stage.interval.start);
            stage.copy(&stage.digest(1), &copied);
            stage.named(copied)
        },
    },
    Lie {
        name: "digest-delivered-late",
        verdict: "intact",
        expect: &[],
        notes: &["digest-late"],
        comment: "A digest was delivered three hours after its end: worth knowing, for until then nobody could have vouched for its hour.",
        stage: || {
            let mut draft = drafted(&small());
            let delivery = &mut draft.chain().digests[1];
            delivery.delivered = delivery.digest.digest_end_time.plus(3 * Time::HOUR);
            let stage = draft.sign();
            let digest = stage.digest(1);
            stage.named(digest)
        },
    },
];

fn on_digest(hour: usize, edit: fn(&mut Stage, &str)) -> Stage {
    let stage = quietly(hour, edit);
    let key = stage.digest(hour);
    stage.named(key)
}

/// Where the digest itself is no finding's subject.
fn quietly(hour: usize, edit: fn(&mut Stage, &str)) -> Stage {
    let mut stage = honest();
    let key = stage.digest(hour);
    edit(&mut stage, &key);
    stage
}

/// Changes the last digit of the first hash that the digest records.
fn edited(stage: &mut Stage, key: &str) {
    let content = String::from_utf8(stage.content(key)).expect("JSON");
    let at = content.find("\"hashValue\":\"").expect("a log file") + "\"hashValue\":\"".len() + 63;
    let other = if content.as_bytes()[at] == b'0' { "1" } else { "0" };
    stage.set_content(key, format!("{}{other}{}", &content[..at], &content[at + 1..]).as_bytes());
}
