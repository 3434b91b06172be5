//! `[[target]]`: what is watched.

use std::path::Path;

use super::access::RawAccess;
use super::keys::Section;
use super::read::{NAME, PATH, is_name, path, resolved, span};
use super::table::{Problems, Table};
use super::{PublicKeys, Share, Start, TargetConfig, TargetSource};
use crate::audit::LogFiles;
use crate::limits::{DIGEST_DUE_AFTER, Limits};
use crate::trail::{Span, Time, is_account_id, is_bucket_name, is_region, is_trail_name};

/// Reads a target. Where something is wrong, what is given in its place is of no account.
pub(super) fn read(table: Table<'_, '_>, problems: &Problems<'_>, folder: &Path, access: &RawAccess) -> TargetConfig {
    let below = table.table("access", Section::Access);
    let at = below.at;
    let access = RawAccess::read(below).or(access).options();
    let (log_files, seed) = log_files(&table);
    let limits = Limits::default();
    let nowhere = || TargetSource::Bucket(String::new());
    let target = TargetConfig {
        name: table.required("name", NAME, |text| is_name(text).then(|| text.to_owned())).unwrap_or_default(),
        source: table.required("source", SOURCE, |text| source(text, folder)).unwrap_or_else(nowhere),
        accounts: names(&table, "accounts", ACCOUNTS, is_account_id),
        regions: names(&table, "regions", REGIONS, is_region),
        trails: names(&table, "trails", TRAILS, is_trail_name),
        s3_prefix: table.parsed("s3_prefix", PREFIX, |text| Some(text.to_owned())),
        start: table.parsed("start", START, start),
        retention: span(&table, "retention"),
        log_files,
        seed,
        public_keys: public_keys(&table, folder),
        waivers: path(&table, "waivers", folder),
        recheck: share(&table, "recheck").unwrap_or(Share::All),
        reread: share(&table, "reread").unwrap_or(Share::None),
        concurrency: table.number("concurrency", 1..=65_535).and_then(|n| u16::try_from(n).ok()).unwrap_or(CONCURRENCY),
        overdue_after: span(&table, "overdue_after").unwrap_or(Span::from_seconds(DIGEST_DUE_AFTER)),
        bucket: table.parsed("bucket", BUCKET, |text| is_bucket_name(text).then(|| text.to_owned())),
        max_digest_bytes: table.number("max_digest_bytes", 1..=u64::MAX).unwrap_or(limits.digest_inflated),
        max_log_bytes: table.number("max_log_bytes", 1..=u64::MAX).unwrap_or(limits.log_inflated),
        access: access.unwrap_or_else(|problem| {
            problems.note(at, problem);
            Default::default()
        }),
    };
    fits(&target, &table);
    table.finish();
    target
}

/// What is right by itself and wrong together.
fn fits(target: &TargetConfig, table: &Table<'_, '_>) {
    // A moment named once lies before it some day, and is then brought forward; a span never fits.
    if let (Some(Start::Back(start)), Some(retention)) = (target.start, target.retention)
        && start > retention
    {
        let text = format!(
            "`start` is {start} back and `retention` is {retention}: what is older is expired; write a `start` of {retention} at most"
        );
        table.note("start", text);
    }
}

fn names(table: &Table<'_, '_>, key: &'static str, write: &str, is_one: fn(&str) -> bool) -> Vec<String> {
    table.list(key, write, |text| is_one(text).then(|| text.to_owned()))
}

/// As SOURCE of `verify`; whether a path leads to a bundle cannot be told from here.
fn source(text: &str, folder: &Path) -> Option<TargetSource> {
    match text {
        _ if text.starts_with("s3://") => {
            bucket_of(text).filter(|bucket| is_bucket_name(bucket)).map(|_| TargetSource::Bucket(text.to_owned()))
        }
        _ if text.starts_with("arn:") => text.parse().ok().map(TargetSource::Trail),
        _ if text.contains("://") => None,
        _ => resolved(text, folder).map(TargetSource::Directory),
    }
}

fn bucket_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("s3://")?;
    Some(rest.split_once('/').map_or(rest, |(bucket, _)| bucket))
}

fn start(text: &str) -> Option<Start> {
    match text.parse::<Span>() {
        Ok(span) => (span.seconds() > 0).then_some(Start::Back(span)),
        // A moment is one, whatever the clock says.
        Err(_) => Time::parse_requested(text, Time::from_unix(0)).ok().map(Start::At),
    }
}

fn log_files(table: &Table<'_, '_>) -> (LogFiles, Option<u64>) {
    let how = table.parsed("log_files", LOG_FILES, |text| text.parse().ok()).unwrap_or(LogFiles::All);
    match (how, table.number("seed", 0..=u64::MAX)) {
        (sample @ LogFiles::Sample { .. }, Some(seed)) => (sample.seeded(seed), Some(seed)),
        (other, Some(_)) => {
            table.note("seed", format!("`seed` draws a sample, and `log_files` is {other}; write `log_files = \"sample:5%\"`, or leave `seed` out"));
            (other, None)
        }
        (how, None) => (how, None),
    }
}

fn public_keys(table: &Table<'_, '_>, folder: &Path) -> PublicKeys {
    let Some(items) = table.items("public_keys") else {
        let aws = table.parsed("public_keys", KEYS, |text| (text == "aws").then_some(PublicKeys::Aws));
        return aws.unwrap_or(PublicKeys::Default);
    };
    let files = table.list("public_keys", PATH, |text| resolved(text, folder));
    if items == 0 {
        table.note("public_keys", format!("`public_keys` has no file in it; write {KEYS}"));
    }
    PublicKeys::Files(files)
}

fn share(table: &Table<'_, '_>, key: &'static str) -> Option<Share> {
    table.parsed(key, SHARE, |text| text.parse().ok())
}

const SOURCE: &str = "s3://BUCKET[/PREFIX], a trail's ARN, or the path of a directory";
const ACCOUNTS: &str = "account ids of twelve digits, in quotes";
const REGIONS: &str = "regions, such as \"us-east-1\"";
const TRAILS: &str = "trail names: 3 to 128 letters, digits, dots, dashes or underscores";
const PREFIX: &str = "what stands before AWSLogs/ in the bucket";
const START: &str = "a date such as \"2026-01-31\", a time such as \"2026-01-31T08:00:00Z\", or a span back from each run such as \"400d\", in quotes";
const LOG_FILES: &str = "\"all\", \"listing\", \"none\", or a sample such as \"sample:5%\"";
const KEYS: &str = "\"aws\", or a list of key files";
const BUCKET: &str = "a bucket's name, without s3://";
const SHARE: &str = "\"all\", \"none\", or a part such as \"1/30\"";

/// As for `verify`.
const CONCURRENCY: u16 = 256;
