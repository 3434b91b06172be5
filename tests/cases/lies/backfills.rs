//! Backfill digests: they vouch, late, for log files that their hour's digest omitted.

use trailseal::simulate::{ChainDraft, DigestDraft, Link, Scenario};
use trailseal::trail::{ChainKind, Time};

use crate::stage::{Stage, digest_key_at, drafted, honest, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "backfill-vouches-for-what-its-hour-omitted",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Log files that were late are in no digest of their hour and in a backfill digest hours later.",
        stage: || backfilled(1),
    },
    Lie {
        name: "backfill-lists-again-what-its-hour-lists",
        verdict: "intact",
        expect: &[],
        notes: &["log-listed-twice"],
        comment: "A backfill digest lists a log file that its hour's digest lists as well, with the same hash.",
        stage: || {
            let mut draft = drafted(&scenario(1));
            let again = draft.digest(0).log_files[0].clone();
            draft.backfills().digests[0].digest.log_files.push(again.clone());
            draft.sign().named(again.s3_object)
        },
    },
    Lie {
        name: "backfill-edited",
        verdict: "not-intact",
        expect: &["digest-signature-invalid", "log-unlisted"],
        notes: &[],
        comment: "The backfill digest was edited; what it listed is vouched for by nobody.",
        stage: || {
            let mut stage = backfilled(1);
            let digest = stage.backfill(0);
            stage.edit(&digest, "\"newestEventTime\":\"2026", "\"newestEventTime\":\"2027");
            stage.named(digest)
        },
    },
    Lie {
        name: "backfill-is-all-that-is-left-of-a-region",
        verdict: "inconclusive",
        expect: &["nothing-found"],
        notes: &[],
        comment: "All digests of a region are gone with their log files, but for a backfill digest and what it lists. It tells that there were others.",
        stage: || {
            let regions = ["us-east-1", "eu-west-1"].map(str::to_owned).to_vec();
            let mut stage = drafted(&Scenario { regions, ..scenario(1) }).sign();
            let left =
                |chain: &ChainDraft| chain.chain.region == "us-east-1" || chain.chain.kind == ChainKind::Backfill;
            let keys: Vec<String> = stage.chains.iter().filter(|chain| !left(chain)).flat_map(keys_of).collect();
            assert!(!keys.is_empty() && stage.chains.iter().filter(|chain| left(chain)).count() == 3);
            keys.iter().for_each(|key| drop(stage.delete(key)));
            let start = stage.interval.start;
            stage.from(start)
        },
    },
    Lie {
        name: "backfill-deleted",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "The only backfill digest is gone. Nothing names it: backfill digests come when there is something to make up for. What it listed \
                  is vouched for by nobody.",
        stage: || {
            let mut stage = backfilled(1);
            let digest = stage.backfill(0);
            stage.delete(&digest);
            stage
        },
    },
    Lie {
        name: "backfill-deleted-while-a-later-one-names-it",
        verdict: "not-intact",
        expect: &["digest-missing", "log-unlisted"],
        notes: &[],
        comment: "The first of two backfill digests is gone, and the second, which is signed, names it.",
        stage: || {
            let mut stage = backfilled(2);
            let digest = stage.backfill(0);
            stage.delete(&digest);
            let start = stage.interval.start;
            stage.from(start).named(digest)
        },
    },
    Lie {
        name: "backfill-deleted-while-a-later-one-names-it-and-no-start-asked-for",
        verdict: "not-intact",
        expect: &["digest-missing"],
        notes: &[],
        comment: "The first of two backfill digests is gone with its log file, and the second names it. The standard digests of its hour are \
                  there, so it has not simply expired, and was there to be asked for without a start.",
        stage: || {
            let mut stage = backfilled(2);
            let digest = stage.backfill(0);
            let chain = stage.chains.last().expect("a backfill chain");
            let logs: Vec<_> = chain.digests[0].digest.log_files.iter().map(|log| log.s3_object.clone()).collect();
            stage.delete(&digest);
            logs.iter().for_each(|log| drop(stage.delete(log)));
            let end = stage.end(3);
            stage.until(end).named(digest)
        },
    },
    Lie {
        name: "backfill-without-its-generation-time",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The metadata does not say when the backfill digest was generated. That helps to find its key and proves nothing: the signature \
                  verifies. The AWS CLI calls it malformed.",
        stage: || {
            let mut stage = backfilled(1);
            let digest = stage.backfill(0);
            stage.object(&digest).metadata.remove("backfill-generation-timestamp");
            stage
        },
    },
    Lie {
        name: "backfill-after-the-range-vouches",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A log file of the requested hours is listed by a backfill digest alone, and that one is dated after the request: it is \
                  consulted before anything is called unlisted.",
        stage: || {
            let stage = backfilled_later();
            let end = stage.end(1);
            stage.until(end)
        },
    },
    Lie {
        name: "backfill-log-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "A log file that only a backfill digest lists is gone.",
        stage: || {
            let mut stage = backfilled(1);
            let chain = stage.chains.last().expect("a backfill chain");
            let log = chain.digests[0].digest.log_files[0].s3_object.clone();
            stage.delete(&log);
            stage.named(log)
        },
    },
    Lie {
        name: "backfill-name-on-a-standard-digest",
        verdict: "not-intact",
        expect: &["digest-moved"],
        notes: &[],
        comment: "A standard digest was copied under a backfill digest's name.",
        stage: || {
            let mut stage = honest();
            let copied = stage.digest(1).replace("Z.json.gz", "Z_backfill.json.gz");
            stage.copy(&stage.digest(1), &copied);
            stage.named(copied)
        },
    },
];

fn scenario(backfills: u32) -> Scenario {
    Scenario { backfills, hours: 4, ..small() }
}

fn backfilled(backfills: u32) -> Stage {
    drafted(&scenario(backfills)).sign()
}

/// Three backfill digests, all dated after the standard ones, of which only the last lists anything: the first two would be
/// looked at anyway, as those that follow upon a range.
pub(super) fn backfilled_later() -> Stage {
    let mut draft = drafted(&scenario(1));
    let chain = draft.backfills();
    let delayed = chain.digests.remove(0);
    for later in 3..6 {
        let mut delivery = delayed.clone();
        let digest = &mut delivery.digest;
        let end = digest.digest_end_time.plus(later * Time::HOUR);
        digest.digest_s3_object = digest_key_at(&digest.digest_s3_object, end);
        (digest.digest_start_time, digest.digest_end_time) = (end.plus(-Time::HOUR), end);
        if later < 5 {
            digest.log_files.clear();
            digest.set_event_times();
        }
        delivery.link = if later == 3 { Link::Start } else { Link::Previous };
        chain.digests.push(delivery);
    }
    draft.sign()
}

/// The keys of all digests of a chain, and of their log files.
pub(crate) fn keys_of(chain: &ChainDraft) -> Vec<String> {
    let digests = chain.digests.iter().map(|delivery| &delivery.digest);
    let of = |digest: &DigestDraft| {
        let logs = digest.log_files.iter().map(|log| log.s3_object.clone());
        logs.chain([digest.digest_s3_object.clone()]).collect::<Vec<_>>()
    };
    digests.flat_map(of).collect()
}
