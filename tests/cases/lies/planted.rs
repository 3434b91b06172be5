//! Objects where log files lie that CloudTrail did not deliver.

use trailseal::simulate::gzip;

use crate::stage::{Stage, honest};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "log-planted-with-a-canonical-name",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file under a name that CloudTrail could have given. No digest lists it; the AWS CLI looks at listed ones \
                  alone and says nothing.",
        stage: || {
            let stage = honest();
            let log = stage.log(1);
            let stem = log.len() - "AAAABBBBCCCCDDDD.json.gz".len();
            planted(stage, &format!("{}AAAABBBBCCCCDDDD.json.gz", &log[..stem]))
        },
    },
    Lie {
        name: "log-planted-with-another-name",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file under a name of no particular form. Athena and its like read the whole folder, whatever the names.",
        stage: || beside_a_log("events.json.gz"),
    },
    Lie {
        name: "log-planted-below-a-day",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file in a folder below that of a day: queries descend.",
        stage: || beside_a_log("more/events.json.gz"),
    },
    Lie {
        name: "log-planted-directly-in-the-region-folder",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file above the folders of years.",
        stage: || below_account("CloudTrail/us-east-1/events.json.gz"),
    },
    Lie {
        name: "log-planted-in-a-folder-that-is-no-date",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file in a folder that is no year.",
        stage: || below_account("CloudTrail/us-east-1/backup/2026/events.json.gz"),
    },
    Lie {
        name: "log-planted-on-a-day-that-never-was",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file under the 32nd of January.",
        stage: || below_account("CloudTrail/us-east-1/2026/01/32/events.json.gz"),
    },
    Lie {
        name: "log-planted-above-the-regions",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file in `CloudTrail/` itself.",
        stage: || below_account("CloudTrail/events.json.gz"),
    },
    Lie {
        name: "log-planted-under-another-region",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file with a canonical name under a region that has no digests at all.",
        stage: || {
            let stage = honest();
            let log = stage.log(1).replace("us-east-1", "eu-west-1");
            planted(stage, &log)
        },
    },
    Lie {
        name: "log-planted-under-a-region-that-is-none",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file under a folder whose name is no region's.",
        stage: || below_account("CloudTrail/us-east-1b/2026/01/10/events.json.gz"),
    },
    Lie {
        name: "log-planted-under-another-account",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "A forged log file with a canonical name of an account that has no digests.",
        stage: || {
            let stage = honest();
            let log = stage.log(1).replace(&stage.chains[0].chain.account_id, "111122223333");
            planted(stage, &log)
        },
    },
    Lie {
        name: "log-planted-on-a-day-to-come",
        verdict: "inconclusive",
        expect: &["log-unlisted", "digest-signature-missing"],
        notes: &["end-from-evidence"],
        comment: "A forged log file that bears a date of next year, in a plain copy of which no end is known. A name from the \
                  future is no reason to look away. (The newest digest of a plain copy has nobody who knows its signature.)",
        stage: || {
            let stage = honest();
            let log = stage.log(1).replace("2026/01/10", "2027/01/10").replace("_20260110T", "_20270110T");
            planted(stage, &log).plain().without_end()
        },
    },
    Lie {
        name: "log-planted-that-is-empty",
        verdict: "inconclusive",
        expect: &["log-unlisted"],
        notes: &[],
        comment: "An object of no bytes in a log folder. Only what is named like a folder is taken for a folder marker.",
        stage: || {
            let mut stage = honest();
            let key = stage.log(1).replace(".json.gz", ".json.gz.tmp");
            stage.plant(key.clone(), Vec::new());
            stage.named(key)
        },
    },
    Lie {
        name: "folder-markers",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The console left markers where folders were made, in the log and in the digest folders. They are evidence of nothing.",
        stage: || {
            let mut stage = honest();
            let account = account_folder(&stage);
            for folder in ["CloudTrail/", "CloudTrail-Digest/", "CloudTrail/us-east-1/", "CloudTrail/us-east-1/2026/"] {
                stage.plant(format!("{account}{folder}"), Vec::new());
            }
            stage
        },
    },
    Lie {
        name: "insight-events-beside",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "Insight events lie beside the log files. AWS documents no digests that cover them: they are not reported as unlisted, and \
                  the report says that they were left out.",
        stage: || {
            let mut stage = honest();
            let key = stage.log(1).replace("/CloudTrail/", "/CloudTrail-Insight/");
            stage.plant(key, gzip(b"{\"Records\":[]}"));
            stage
        },
    },
    Lie {
        name: "other-services-beside",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "AWS Config and load balancers deliver into the same bucket, and somebody keeps a file at its root. None of it is CloudTrail's.",
        stage: || {
            let mut stage = honest();
            let account = account_folder(&stage);
            stage.plant(format!("{account}Config/us-east-1/2026/1/10/snapshot.json.gz"), gzip(b"{}"));
            stage.plant(format!("{account}elasticloadbalancing/us-east-1/2026/01/10/access.log.gz"), gzip(b""));
            stage.plant("README.txt", b"what this bucket is for".to_vec());
            stage
        },
    },
];

fn planted(mut stage: Stage, key: &str) -> Stage {
    stage.plant(key, gzip(b"{\"Records\":[{\"eventName\":\"ConsoleLogin\"}]}"));
    stage.named(key)
}

fn beside_a_log(name: &str) -> Stage {
    let stage = honest();
    let log = stage.log(1);
    let folder = &log[..=log.rfind('/').expect("a folder")];
    planted(stage, &format!("{folder}{name}"))
}

fn below_account(path: &str) -> Stage {
    let stage = honest();
    let key = format!("{}{path}", account_folder(&stage));
    planted(stage, &key)
}

fn account_folder(stage: &Stage) -> String {
    format!("AWSLogs/{}/", stage.chains[0].chain.account_id)
}
