//! Names, times and ARNs: what is read prints as it was written, and what is printed on a terminal cannot act there.

use std::fs;

use trailseal::digest::RecordedHash;
use trailseal::render::escape::{ascii, bounded, is_hidden, visible};
use trailseal::trail::{
    Day, DigestKey, DigestName, Interval, LogKey, Time, TrailArn, is_account_id, is_organization_id, is_region,
    is_trail_name,
};

use super::{files_below, testdata};

pub(crate) const STAGES: &[&str] = &["no text", "no name", "a time", "an ARN", "a log file", "a digest file"];

pub(crate) fn run(data: &[u8]) -> usize {
    let Ok(text) = std::str::from_utf8(data) else { return 0 };
    is_shown_as_it_is(text);
    let mut stage = 1;
    if let RecordedHash::Sha256(bytes) = RecordedHash::parse(text) {
        assert_eq!(hex::encode(bytes), text.to_lowercase());
    } else {
        assert_eq!(RecordedHash::parse(text).to_string(), text);
    }
    if is_a_time(text) {
        stage = 2;
    }
    if let Ok(arn) = text.parse::<TrailArn>() {
        assert_eq!(arn.to_string(), text);
        assert!(is_region(&arn.home_region) && is_account_id(&arn.account_id) && is_trail_name(&arn.trail));
        stage = 3;
    }
    if let Some(key) = LogKey::parse(text) {
        assert_eq!(key.key(), text);
        assert!(is_account_id(&key.folder.account) && is_region(&key.region));
        assert!(DigestKey::parse(text).is_none(), "both a log file and a digest file");
        stage = 4;
    }
    if let Some(key) = DigestKey::parse(text) {
        assert_eq!(key.key(), text);
        let chain = &key.chain;
        assert!(is_account_id(&chain.account_id) && is_region(&chain.region) && is_region(&chain.home_region));
        assert!(is_trail_name(&chain.trail) && key.folder.account == chain.account_id);
        assert!(key.folder.organization.as_deref().is_none_or(is_organization_id));
        // Listings are asked for by day: a digest is found where its end says it lies.
        let name = text.rsplit('/').next().expect("a last part");
        let named = DigestName::parse(name).expect("the name of a key that parses");
        assert_eq!((&named.chain, named.end), (chain, key.end));
        assert!(text.ends_with(&format!("{}{name}", key.end.day().folder())));
        stage = 5;
    }
    stage
}

fn is_a_time(text: &str) -> bool {
    let now = Time::from_unix(1_768_003_200);
    let requested = Time::parse_requested(text, now);
    if let Some(time) = Time::parse_digest_time(text) {
        assert_eq!(time.to_string(), text);
        assert_eq!((requested, Time::parse_loose(text)), (Ok(time), Some(time)));
        assert!(time.day().start() <= time && time < time.day().end(), "{time} is not within its day");
        return true;
    }
    if let Some(day) = Day::parse_folder(text) {
        assert_eq!(day.folder(), text);
        assert_eq!(day.start().day(), day);
    }
    for time in requested.iter().copied().chain(Time::parse_loose(text)) {
        assert_eq!(Time::parse_digest_time(&time.to_string()), Some(time));
        assert_eq!(Time::from_unix(time.unix()), time);
        assert!(Interval::new(time, time.plus(i64::MAX)).seconds() >= 0);
    }
    requested.is_ok() || Time::parse_loose(text).is_some()
}

/// On a terminal nothing hides and nothing acts, and what is shown can be read back in one way only.
fn is_shown_as_it_is(text: &str) {
    let shown = visible(text);
    assert!(!shown.chars().any(is_hidden), "{shown:?}");
    assert_eq!(read_back(&shown), text);
    let plain = ascii(text);
    assert!(plain.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{plain:?}");
    assert_eq!(read_back(&plain), text);
    for most in [1, 7, 1_100] {
        assert!(bounded(text, most).chars().count() <= most + 40);
    }
}

fn read_back(shown: &str) -> String {
    let (mut text, mut rest) = (String::new(), shown);
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            text.push('\\');
            rest = after;
        } else {
            let (code, after) = rest.strip_prefix("u{").and_then(|rest| rest.split_once('}')).expect("an escape");
            text.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
            rest = after;
        }
    }
    text + rest
}

/// Names of the bundled trail and of AWS's samples, times in every form, and names that were planted in test cases.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let trail = testdata("trail");
    let keys = files_below(&trail.join("AWSLogs"));
    let keys = keys.iter().filter_map(|path| path.strip_prefix(&trail).ok()?.to_str()).step_by(9);
    let mut seeds: Vec<String> = keys.map(|key| key.replace('\\', "/")).collect();
    let organization: Vec<String> =
        seeds.iter().take(4).map(|key| key.replace("AWSLogs/", "a/b/AWSLogs/o-exampleorgid/")).collect();
    seeds.extend(organization);
    seeds.push(seeds[0].replace("Z.json", "Z_backfill.json"));
    seeds.extend(
        [
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events",
            "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/my_trail.1-x",
            "2026-01-10T00:42:10Z",
            "0000-01-01T00:00:00Z",
            "9999-12-30T21:59:59Z",
            "2026-01-10T00:42:10+02:00",
            "2026-01-10",
            "2026/01/10/",
            "1436317441.0",
            "90d",
            "\u{1b}[2J\u{202e}\\u{1b}",
            "97FB791cf91ffc440d274f8190dbdd9aa09c34432aba82739df18b6d3c13df2d",
        ]
        .map(str::to_owned),
    );
    let sample = fs::read_to_string(testdata("real-digests/llm-guard-ap-northeast-1-20231015T230404Z.json"));
    let sample: serde_json::Value = serde_json::from_str(&sample.expect("testdata")).expect("JSON");
    seeds.extend(
        ["digestS3Object", "previousDigestS3Object"].map(|name| sample[name].as_str().unwrap_or("").to_owned()),
    );
    seeds.into_iter().map(String::into_bytes).collect()
}
