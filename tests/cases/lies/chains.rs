//! Time: chains that stop, start again, overlap, leave holes, or begin and end where the request does not.

use trailseal::simulate::{Link, Scenario};
use trailseal::trail::Time;

use crate::stage::{Draft, Stage, drafted, honest, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "honest",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "No lie: what every other case was made from.",
        stage: honest,
    },
    Lie {
        name: "honest-and-no-end-asked-for",
        verdict: "intact",
        expect: &[],
        notes: &["end-from-evidence"],
        comment: "The same, and nobody said until when: the copy's own record does, and whoever cut digests off its end could have changed that \
                  as well.",
        stage: || honest().without_end(),
    },
    Lie {
        name: "chain-with-empty-hours",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Hours without any activity: their digests say so, and that is what proves that nothing is missing.",
        stage: || {
            let mut draft = drafted(&small());
            without_logs(&mut draft, 1);
            without_logs(&mut draft, 2);
            draft.sign()
        },
    },
    Lie {
        name: "chain-without-any-log-file",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A region in which nothing ever happened: digests alone, and not even a log folder.",
        stage: || {
            let mut draft = drafted(&small());
            (0..4).for_each(|hour| without_logs(&mut draft, hour));
            draft.sign()
        },
    },
    Lie {
        name: "chain-linked-with-a-time-hole",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "Two linked digests do not meet: twenty minutes of deliveries are in neither. The AWS CLI is silent.",
        stage: || {
            let mut draft = drafted(&small());
            let digest = draft.digest(2);
            digest.digest_start_time = digest.digest_start_time.plus(20 * 60);
            let stage = draft.sign();
            let start = stage.end(1);
            stage.hole("time-hole", start, start.plus(20 * 60))
        },
    },
    Lie {
        name: "chain-overlapping",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A digest begins before the one before it ends. What is covered twice is covered.",
        stage: || {
            let mut draft = drafted(&small());
            let digest = draft.digest(2);
            digest.digest_start_time = digest.digest_start_time.plus(-20 * 60);
            draft.sign()
        },
    },
    Lie {
        name: "chain-restarted-with-a-gap",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "Logging was switched off for an hour, and on again: what was delivered meanwhile would be in no digest. The AWS CLI says that no log \
                  files were delivered, and exits with 0.",
        stage: || {
            let stage = restarted();
            let (start, end) = (stage.end(0), stage.end(0).plus(Time::HOUR));
            stage.hole("chain-restart", start, end)
        },
    },
    Lie {
        name: "chain-restarted-with-a-log-file-in-the-gap",
        verdict: "inconclusive",
        expect: &["coverage-hole", "log-unlisted"],
        notes: &[],
        comment: "Validation was switched off for an hour in which log files were still delivered: nobody vouches for them, and the AWS CLI says that \
                  there are none.",
        stage: || {
            let mut stage = restarted();
            let object = honest().delete(&honest().log(1));
            let log = object.key.clone();
            stage.objects.insert(log.clone(), object);
            let (start, end) = (stage.end(0), stage.end(0).plus(Time::HOUR));
            stage.hole("chain-restart", start, end).named(log)
        },
    },
    Lie {
        name: "chain-restarted-without-a-gap",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A starting digest begins where the one before it ends: no moment is lost.",
        stage: || {
            let mut draft = drafted(&small());
            draft.chain().digests[2].link = Link::Start;
            draft.sign()
        },
    },
    Lie {
        name: "chain-ended-long-before-the-end",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "The trail was deleted four hours before the end of the request. That the last digest was the last one is nowhere said.",
        stage: || {
            let mut stage = honest();
            let (start, end) = (stage.end(3), stage.end(3).plus(4 * Time::HOUR));
            stage.interval.end = end;
            stage.taken_at = end;
            stage.hole("after-newest-digest", start, end)
        },
    },
    Lie {
        name: "chain-begins-in-the-request",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "The chain's starting digest begins two hours into the request: nothing says what was delivered before.",
        stage: || {
            let stage = honest();
            let (start, end) = (stage.interval.start.plus(-2 * Time::HOUR), stage.interval.start);
            stage.from(start).hole("before-first-digest", start, end)
        },
    },
    Lie {
        name: "chain-begins-after-the-request",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A second trail was created after the end of the request, as its signed starting digest says: it is not one of those asked for.",
        stage: || {
            let mut draft = drafted(&two_trails());
            for hour in 0..2 {
                for log in draft.trail.chains[1].digests[hour].digest.log_files.clone() {
                    draft.trail.log_files.remove(&log.s3_object);
                }
            }
            let second = &mut draft.trail.chains[1].digests;
            second.drain(..2);
            second[0].link = Link::Start;
            let stage = draft.sign();
            let end = stage.end(1);
            stage.until(end)
        },
    },
    Lie {
        name: "chain-not-yet-due",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The newest digest ended 1 h 50 min ago. AWS promises no delay; the next one is due two hours after.",
        stage: || up_to_now(110),
    },
    Lie {
        name: "chain-overdue",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "The newest digest ended 2 h 10 min ago: the next one is overdue.",
        stage: || {
            let stage = up_to_now(130);
            let start = stage.end(3);
            stage.hole("after-newest-digest", start, start.plus(130 * 60))
        },
    },
    Lie {
        name: "log-delivered-just-before-the-oldest-digest",
        verdict: "intact",
        expect: &[],
        notes: &["chain-continues-before"],
        comment: "A log file was delivered in the last seconds of an hour whose digest is not part of the copy; CloudTrail rounds the minute in \
                  the name up, past the hour's end. It belongs to a digest before the oldest one, and is nobody's lie.",
        stage: || {
            let mut stage = honest();
            let log = stage.delete(&stage.log(0));
            let digest = stage.digest(0);
            stage.delete(&digest);
            let minute = stage.end(0).plus(299).unix().div_euclid(300) * 300;
            let name = Time::from_unix(minute).compact_minutes();
            let stem = log.key.rfind("_2026").expect("a time") + 1;
            let key = format!("{}{name}{}", &log.key[..stem], &log.key[stem + name.len()..]);
            stage.plant(key.clone(), log.body);
            stage.object(&key).last_modified = stage.end(0).plus(-10);
            stage
        },
    },
];

/// Takes an hour's log files out of its digest and out of the bucket.
fn without_logs(draft: &mut Draft, hour: usize) {
    for log in std::mem::take(&mut draft.digest(hour).log_files) {
        draft.trail.log_files.remove(&log.s3_object);
    }
    draft.digest(hour).set_event_times();
}

/// Without the second hour, and started anew after it.
fn restarted() -> Stage {
    let mut draft = drafted(&small());
    without_logs(&mut draft, 1);
    let digests = &mut draft.chain().digests;
    digests.remove(1);
    digests[1].link = Link::Start;
    draft.sign()
}

/// Asked for everything up to a moment so many minutes after the newest digest's end.
fn up_to_now(minutes: i64) -> Stage {
    let stage = honest();
    let now = stage.end(3).plus(minutes * 60);
    stage.until(now).audited_at(now)
}

pub(crate) fn two_trails() -> Scenario {
    Scenario { trails: vec!["management-events".to_owned(), "security-audit".to_owned()], ..small() }
}
