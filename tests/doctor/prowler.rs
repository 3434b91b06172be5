//! Prowler's checks of CloudTrail over the same accounts: where both look at the same thing they agree, or the reason is written
//! down in `testdata/prowler-divergences.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use trailseal::doctor::Outcome;

use crate::account::Account;

/// Prowler's checks that look at what one of ours does. Its others look at one service's events among all.
const SAME: [(&str, &str); 11] = [
    ("cloudtrail_bucket_requires_mfa_delete", "bucket-mfa-delete"),
    ("cloudtrail_cloudwatch_logging_enabled", "cloudwatch-logs"),
    ("cloudtrail_insights_exist", "insight-events"),
    ("cloudtrail_kms_encryption_enabled", "kms-encryption"),
    ("cloudtrail_log_file_validation_enabled", "log-file-validation"),
    ("cloudtrail_logs_s3_bucket_access_logging_enabled", "bucket-access-logging"),
    ("cloudtrail_logs_s3_bucket_is_not_publicly_accessible", "bucket-not-public"),
    ("cloudtrail_multi_region_enabled", "multi-region"),
    ("cloudtrail_multi_region_enabled_logging_management_events", "trail-exists"),
    ("cloudtrail_s3_dataevents_read_enabled", "data-events"),
    ("cloudtrail_s3_dataevents_write_enabled", "data-events"),
];

/// Accounts in which something differs that Prowler looks at.
const ACCOUNTS: [&str; 12] = [
    "good",
    "validation-off",
    "stopped",
    "one-region",
    "write-only",
    "no-data-events",
    "no-insights",
    "no-key",
    "no-log-group",
    "no-access-log",
    "public",
    "no-lock",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Divergences {
    /// The version that was held against.
    prowler: String,
    divergence: Vec<Divergence>,
}

/// Where the two do not say the same, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Divergence {
    check: String,
    accounts: Vec<String>,
    prowler: String,
    trailseal: String,
    reason: String,
}

/// What was said of an account by each: its name, Prowler's check, Prowler's word and ours.
type Said = (String, String, String, String);

fn written() -> Divergences {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/prowler-divergences.toml");
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The worst that Prowler says of each of its checks.
fn prowler(account: &Account) -> BTreeMap<String, String> {
    let python = std::env::var_os("TRAILSEAL_PROWLER").expect("TRAILSEAL_PROWLER is a Python that has Prowler");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(Path::new(&python).with_file_name("prowler"));
    command.args(["aws", "--service", "cloudtrail", "--region", "us-east-1", "--output-formats", "json-ocsf"]);
    command.args(["--no-banner", "--output-directory"]).arg(folder.path());
    account.surround(&mut command);
    command.env("AWS_ENDPOINT_URL", &account.url).env("AWS_DEFAULT_REGION", "us-east-1").env("HOME", folder.path());
    let output = command.output().unwrap();
    let mut files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let file = files.find(|path| path.to_string_lossy().ends_with(".ocsf.json")).unwrap_or_else(|| panic!("{told}"));
    let events: Vec<Value> = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    for event in &events {
        let word = event["status_code"].as_str().unwrap().to_lowercase();
        let worst = said.entry(event["metadata"]["event_code"].as_str().unwrap().to_owned()).or_default();
        if word == "fail" || worst.is_empty() {
            *worst = word;
        }
    }
    said
}

/// The worst that we say of each check.
fn ours(account: &Account) -> BTreeMap<String, &'static str> {
    let mut said: BTreeMap<String, Outcome> = BTreeMap::new();
    for checked in account.examined(&[]).examination.checks {
        let worst = said.entry(checked.id).or_insert(checked.outcome);
        *worst = (*worst).min(checked.outcome);
    }
    said.into_iter().map(|(id, outcome)| (id, outcome.name())).collect()
}

/// What the two do not say the same of in these accounts.
fn compared(names: &[&str]) -> Vec<Said> {
    let mut account = Account::start();
    let mut differ = Vec::new();
    for name in names {
        account.spoil(name);
        let (theirs, ours) = (prowler(&account), ours(&account));
        for (check, same) in SAME {
            // Of what is not there, it says nothing.
            let (theirs, ours) = (theirs.get(check).map_or("nothing", String::as_str), ours[same]);
            if theirs != ours {
                differ.push(((*name).to_owned(), check.to_owned(), theirs.to_owned(), ours.to_owned()));
            }
        }
    }
    differ
}

#[test]
#[ignore = "needs moto and Prowler: .ci/run installs them"]
fn prowler_agrees_or_the_reason_is_written_down() {
    // It takes half a minute of one processor for each.
    let (some, others) = ACCOUNTS.split_at(ACCOUNTS.len() / 2);
    let (some, others) = std::thread::scope(|scope| {
        let some = scope.spawn(|| compared(some));
        let others = compared(others);
        (some.join().unwrap(), others)
    });
    let differ: BTreeSet<Said> = some.into_iter().chain(others).collect();
    let written = written();
    let mut known: BTreeSet<Said> = BTreeSet::new();
    for Divergence { check, accounts, prowler, trailseal, reason } in written.divergence {
        assert!(reason.ends_with('.') && SAME.iter().any(|(name, _)| *name == check), "{check}: {reason}");
        known.extend(accounts.into_iter().map(|name| (name, check.clone(), prowler.clone(), trailseal.clone())));
    }
    assert_eq!(differ, known, "what differs from Prowler {}, and what is written down", written.prowler);
}
