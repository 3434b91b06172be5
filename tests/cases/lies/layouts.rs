//! Where a trail may lie: prefixes, organizations, awkward names, and several trails in one bucket.

use trailseal::simulate::{ChainDraft, Scenario};

use super::backfills::keys_of;
use super::chains::two_trails;
use crate::stage::{Stage, drafted, honest, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "layout-nested-prefix",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The trail delivers below a prefix with slashes in it.",
        stage: || with(Scenario { prefix: "security/logs/cloudtrail".to_owned(), ..small() }),
    },
    Lie {
        name: "layout-prefix-named-awslogs-and-a-log-deleted",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "The prefix is `AWSLogs`, so that another `AWSLogs/` lies in the first, and a log file below that is gone.",
        stage: || {
            let mut stage = with(Scenario { prefix: "AWSLogs".to_owned(), ..small() });
            let log = stage.log(1);
            stage.delete(&log);
            stage.named(log)
        },
    },
    Lie {
        name: "layout-prefix-like-control-tower",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The prefix is the organization's id, and the organization's id follows again below `AWSLogs/`.",
        stage: || {
            with(Scenario {
                prefix: "o-exampleorgid".to_owned(),
                organization: Some("o-exampleorgid".to_owned()),
                ..small()
            })
        },
    },
    Lie {
        name: "layout-organization",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "An organization trail of two accounts. Given the bucket, the AWS CLI finds no digests, and exits with 0.",
        stage: || with(organization()),
    },
    Lie {
        name: "layout-organization-log-deleted-in-a-member-account",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "In an organization trail, a log file of the second account is gone.",
        stage: || {
            let mut stage = with(organization());
            let log = stage.log_of(1, 1);
            stage.delete(&log);
            stage.named(log)
        },
    },
    Lie {
        name: "layout-organization-digest-of-another-account",
        verdict: "not-intact",
        expect: &["digest-moved", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "A digest's place is taken by the one of the same hour of another account of the organization.",
        stage: || exchanged(with(organization())),
    },
    Lie {
        name: "layout-organization-beside-an-own-trail-of-one-name",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "An account's own trail and its organization's have one name, as AWS Control Tower has them for a day when it is upgraded: two chains, told apart by their folders.",
        stage: || beside(small(), small()),
    },
    Lie {
        name: "layout-organization-beside-an-own-trail-cut-at-its-end",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "An account's own trail and its organization's have one name, and the newest digest of the account's own is gone with its log file: that the other goes on hides nothing.",
        stage: || {
            let mut stage = beside(small(), small());
            let (start, end) = (stage.end(2), stage.end(3));
            stage.delete_hour(3);
            // By then, it had been due.
            stage.audited_at(end.plus(3 * 3600)).hole("after-newest-digest", start, end)
        },
    },
    Lie {
        name: "layout-organization-beside-an-own-trail-and-an-hour-of-it-deleted",
        verdict: "not-intact",
        expect: &["digest-missing"],
        notes: &[],
        comment: "An account's own trail and its organization's have one name, and of the latter a digest is gone with its log files.",
        stage: || {
            let mut stage = beside(small(), small());
            let digest = stage.digest_of(1, 1);
            let (start, end) = (stage.end(0), stage.end(1));
            let logs = stage.chains[1].digests[1].digest.log_files.clone();
            logs.iter().for_each(|log| drop(stage.delete(&log.s3_object)));
            stage.delete(&digest);
            stage.named(digest).hole("digest-lost", start, end)
        },
    },
    Lie {
        name: "layout-own-trail-turned-into-the-organizations",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "After two hours, the trail became its organization's: its digests go on in the organization's folder, and link back.",
        stage: || {
            let mut draft = drafted(&small());
            for delivery in &mut draft.chain().digests[2..] {
                let key = &mut delivery.digest.digest_s3_object;
                *key = key.replacen("AWSLogs/", "AWSLogs/o-exampleorgid/", 1);
            }
            draft.sign()
        },
    },
    Lie {
        name: "layout-own-trail-ends-where-the-organizations-begins",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "An account's own trail ends after two hours, and its organization's of one name begins: nothing signed says that the one became the other, and the end of the one may have been deleted.",
        stage: || {
            let two = || Scenario { hours: 2, ..small() };
            beside(two(), Scenario { start: two().start.plus(2 * 3600), ..two() })
        },
    },
    Lie {
        name: "layout-two-regions",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A trail of two regions: two chains.",
        stage: || with(two_regions()),
    },
    Lie {
        name: "layout-two-regions-digest-of-the-other-region",
        verdict: "not-intact",
        expect: &["digest-moved", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "A digest's place is taken by the one of the same hour of another region.",
        stage: || exchanged(with(two_regions())),
    },
    Lie {
        name: "layout-two-regions-one-gone",
        verdict: "inconclusive",
        expect: &["nothing-found"],
        notes: &[],
        comment: "All of a region is gone, digests and log files. Nothing that is left tells of it; that it was asked for does.",
        stage: || {
            let mut stage = with(two_regions());
            stage.objects.retain(|key, _| !key.contains("/eu-west-1/"));
            stage.asked(&["--region", "us-east-1", "--region", "eu-west-1"])
        },
    },
    Lie {
        name: "layout-two-trails-of-which-one-is-gone-in-a-region",
        verdict: "inconclusive",
        expect: &["nothing-found"],
        notes: &[],
        comment: "Of two trails in two regions, all of one is gone in one region. Each that was named is somewhere; it was asked for there.",
        stage: || {
            let trails = two_trails().trails;
            let mut stage = with(Scenario { trails: trails.clone(), ..two_regions() });
            let is_gone = |chain: &&ChainDraft| chain.chain.region == "eu-west-1" && chain.chain.trail == trails[1];
            let keys: Vec<String> = stage.chains.iter().filter(is_gone).flat_map(keys_of).collect();
            keys.iter().for_each(|key| drop(stage.delete(key)));
            let start = stage.interval.start;
            let regions = ["--region", "us-east-1", "--region", "eu-west-1"];
            stage.from(start).asked(&regions).asked(&["--trail-name", &trails[0], "--trail-name", &trails[1]])
        },
    },
    Lie {
        name: "layout-awkward-trail-names",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Trail names with underscores, dots and dashes, that look like parts of a digest's name. They share the log folder.",
        stage: || {
            let trails = ["a_b.c-d", "___", "t_backfill", "x_us-east-1_y", "CloudTrail-Digest_z"];
            with(Scenario { trails: trails.map(str::to_owned).to_vec(), hours: 2, ..small() })
        },
    },
    Lie {
        name: "layout-two-trails-in-one-bucket",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Two trails share a bucket, and so the log folder: log files do not name their trail. Each is listed by one of them.",
        stage: || with(two_trails()),
    },
    Lie {
        name: "layout-two-trails-and-one-lost-a-log-file",
        verdict: "not-intact",
        expect: &["log-missing"],
        notes: &[],
        comment: "Of two trails in a bucket, one lost a log file.",
        stage: || {
            let mut stage = with(two_trails());
            let log = stage.log_of(1, 1);
            stage.delete(&log);
            stage.named(log)
        },
    },
    Lie {
        name: "layout-two-trails-digest-of-the-other-trail",
        verdict: "not-intact",
        expect: &["digest-moved", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "A digest's place is taken by the one of the same hour of another trail.",
        stage: || exchanged(with(two_trails())),
    },
    Lie {
        name: "layout-two-trails-first-digests-of-the-one-gone-and-of-the-other-edited",
        verdict: "not-intact",
        expect: &["digest-signature-invalid", "link-hash-mismatch", "log-unlisted"],
        notes: &["chain-continues-before"],
        comment: "Of two trails in a bucket, the one lost its first digest and the other one's was edited. Nobody vouches for the log files of that \
                  hour, of either; that the one chain goes on before is no reason to pass them over.",
        stage: || {
            let mut stage = with(two_trails());
            let (gone, edited) = (stage.digest_of(0, 0), stage.digest_of(1, 0));
            stage.delete(&gone);
            stage.edit(&edited, "\"newestEventTime\":\"2026", "\"newestEventTime\":\"2027");
            let log = stage.log_of(1, 0);
            stage.named(edited).named(log)
        },
    },
    Lie {
        name: "layout-two-trails-one-asked-for",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Only one of two trails is asked for. The other one's log files lie in the same folder, and its digests are looked at for what they \
                  vouch for: nothing is unlisted.",
        stage: || with(two_trails()).asked(&["--trail-name", "security-audit"]),
    },
    Lie {
        name: "layout-two-trails-damage-in-the-one-not-asked-for",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Only one of two trails is asked for, and a log file of the other one is gone: that was not the question.",
        stage: || {
            let mut stage = with(two_trails());
            let log = stage.log_of(0, 1);
            assert_eq!(stage.chains[0].chain.trail, "management-events");
            stage.delete(&log);
            stage.asked(&["--trail-name", "security-audit"])
        },
    },
    Lie {
        name: "layout-no-digest-at-all",
        verdict: "inconclusive",
        expect: &["nothing-found", "log-unlisted"],
        notes: &[],
        comment: "Log files, and no digest: validation was never switched on, or somebody took all of them. Finding nothing proves nothing; the AWS CLI \
                  exits with 0.",
        stage: || {
            let mut stage = honest();
            stage.objects.retain(|key, _| !key.contains("CloudTrail-Digest"));
            stage
        },
    },
    Lie {
        name: "layout-other-account-asked-for",
        verdict: "inconclusive",
        expect: &["nothing-found"],
        notes: &[],
        comment: "The account asked for is not there. The AWS CLI says that it found no digests and exits with 0.",
        stage: || honest().asked(&["--account-id", "111122223333"]),
    },
    Lie {
        name: "layout-other-region-asked-for",
        verdict: "inconclusive",
        expect: &["nothing-found"],
        notes: &[],
        comment: "The region asked for is not there.",
        stage: || honest().asked(&["--region", "ap-south-1"]),
    },
    Lie {
        name: "layout-other-trail-asked-for",
        verdict: "inconclusive",
        expect: &["nothing-found"],
        notes: &[],
        comment: "The trail asked for is not there, and another one is.",
        stage: || honest().asked(&["--trail-name", "another-trail"]),
    },
    Lie {
        name: "layout-other-hours-asked-for",
        verdict: "inconclusive",
        expect: &["coverage-hole"],
        notes: &[],
        comment: "The hours asked for are long after the chain ended.",
        stage: || {
            let stage = honest();
            let (start, end) = (stage.end(3).plus(30 * 3600), stage.end(3).plus(33 * 3600));
            stage.from(start).until(end).audited_at(end).hole("after-newest-digest", start, end)
        },
    },
];

fn with(scenario: Scenario) -> Stage {
    drafted(&scenario).sign()
}

/// A trail of the account's own, and its organization's of the same name: the second chain.
fn beside(own: Scenario, organizations: Scenario) -> Stage {
    let mut stage = with(own);
    let other = with(Scenario { organization: Some("o-exampleorgid".to_owned()), ..organizations });
    stage.interval = stage.interval.or(other.interval);
    stage.taken_at = stage.taken_at.max(other.taken_at);
    stage.chains.extend(other.chains);
    stage.objects.extend(other.objects);
    stage
}

fn organization() -> Scenario {
    Scenario { organization: Some("o-exampleorgid".to_owned()), accounts: 2, hours: 3, ..small() }
}

fn two_regions() -> Scenario {
    Scenario { regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()], hours: 3, ..small() }
}

/// The second hour's digest of the first chain is replaced by that of the second.
fn exchanged(mut stage: Stage) -> Stage {
    let (to, from) = (stage.digest_of(0, 1), stage.digest_of(1, 1));
    stage.copy(&from, &to);
    stage.named(to)
}
