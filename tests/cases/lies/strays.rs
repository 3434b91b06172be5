//! Objects in digest folders that are no digest files of that folder.

use trailseal::simulate::gzip;

use crate::stage::{Stage, honest};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "stray-with-an-absurd-name",
        verdict: "intact",
        expect: &[],
        notes: &["object-stray"],
        comment: "A file that is no digest file, by any reading of its name. Digests are what they are by their signature, so nothing is lost; \
                  somebody could write there.",
        stage: || beside_a_digest(|_| "aaa.txt".to_owned()),
    },
    Lie {
        name: "stray-with-a-false-date-in-its-folder",
        verdict: "intact",
        expect: &[],
        notes: &["object-stray"],
        comment: "A digest was copied into another day's folder under its own name. The AWS CLI's listing goes by names and can stop there.",
        stage: || {
            let mut stage = honest();
            let stray = stage.digest(1).replace("/2026/01/10/", "/2026/01/09/");
            stage.copy(&stage.digest(1), &stray);
            stage.named(stray)
        },
    },
    Lie {
        name: "stray-with-a-false-account-in-its-name",
        verdict: "intact",
        expect: &[],
        notes: &["object-stray"],
        comment: "A name that is right but for the account.",
        stage: || {
            beside_a_digest(|name| {
                let rest = name.split_once('_').expect("a digest's name").1;
                format!("111122223333_{rest}")
            })
        },
    },
    Lie {
        name: "stray-with-a-time-that-is-none",
        verdict: "intact",
        expect: &[],
        notes: &["object-stray"],
        comment: "A plausible name with an hour of 99. The AWS CLI compares times as text: its listing stops there, or, for an end on a later \
                  day, in a crash.",
        stage: || {
            beside_a_digest(|name| {
                let at = name.rfind("_2026").expect("a time") + "_20260110T".len();
                format!("{}99{}", &name[..at], &name[at + 2..])
            })
        },
    },
    Lie {
        name: "stray-that-sorts-before-all",
        verdict: "intact",
        expect: &[],
        notes: &["object-stray"],
        comment: "A name that sorts before every digest of the day, and ends in a time to come. The AWS CLI's listing stops there: it finds no \
                  digests, and exits with 0.",
        stage: || {
            beside_a_digest(|name| {
                let at = name.rfind("_2026").expect("a time");
                format!("{}_20260110T150000Z_20990101T000000Z.json.gz", &name[..at])
            })
        },
    },
    Lie {
        name: "stray-named-as-if-later-than-all",
        verdict: "intact",
        expect: &[],
        notes: &["object-stray"],
        comment: "A name that sorts after every digest and begins as they do: a listing that stops at it would see none of the others.",
        stage: || beside_a_digest(|name| name.replace("Z.json.gz", "Z.json.gz.zzz")),
    },
    Lie {
        name: "stray-with-control-characters-in-its-name",
        verdict: "intact",
        expect: &[],
        notes: &["object-stray"],
        comment: "A name with a terminal's control sequence and a turn of the writing direction in it, meant for whoever reads the report. \
                  (C1 characters, so that the name can be checked out everywhere.)",
        stage: || beside_a_digest(|name| format!("\u{9b}2J\u{202e}{}", name.replace(".json.gz", ".txt"))),
    },
    Lie {
        name: "stray-in-the-digest-root",
        verdict: "intact",
        expect: &[],
        notes: &["object-stray"],
        comment: "A file above the folders of regions, and one in a folder that is no region.",
        stage: || {
            let mut stage = honest();
            let root = format!("AWSLogs/{}/CloudTrail-Digest/", stage.chains[0].chain.account_id);
            stage.plant(format!("{root}notes.txt"), b"notes".to_vec());
            stage.plant(format!("{root}old/notes.txt"), b"notes".to_vec());
            stage.named("CloudTrail-Digest/notes.txt").named("old/notes.txt")
        },
    },
    Lie {
        name: "digest-planted-for-a-trail-that-never-was",
        verdict: "not-intact",
        expect: &["digest-moved", "coverage-hole"],
        notes: &[],
        comment: "A genuine digest was copied under the name of another trail: a chain of which nothing verifies, and \
                  whose hours until the end nobody covers.",
        stage: || {
            let mut stage = honest();
            let planted = stage.digest(1).replace("_us-east-1_2026", "-other_us-east-1_2026");
            stage.copy(&stage.digest(1), &planted);
            stage.named(planted)
        },
    },
    Lie {
        name: "digest-planted-that-is-none",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "An object under a digest's name, an hour before the chain began, that is no digest at all.",
        stage: || {
            let mut stage = honest();
            let planted = crate::stage::digest_key_at(&stage.digest(0), stage.interval.start);
            stage.plant(planted.clone(), gzip(b"[1,2,3]"));
            stage.named(planted)
        },
    },
];

fn beside_a_digest(name: fn(&str) -> String) -> Stage {
    let mut stage = honest();
    let digest = stage.digest(1);
    let (folder, own) = digest.rsplit_once('/').expect("a folder");
    let stray = format!("{folder}/{}", name(own));
    stage.plant(stray.clone(), stage.objects[&digest].body.clone());
    stage.named(stray)
}
