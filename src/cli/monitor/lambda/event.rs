//! What an event asks for: a round over all targets, or over those that a new digest file is of.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::monitor::config::{TargetConfig, TargetSource};
use crate::trail::{DigestKey, ObjectLocation};

/// What an event asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A round over all targets.
    Everything,
    /// One over the targets that these objects are of.
    About(Vec<ObjectLocation>),
}

impl Asked {
    /// Whatever is no notification of S3's, or none that can be read, asks for everything: looking costs little, and not
    /// looking may miss something.
    pub(super) fn by(event: &Value) -> Asked {
        let objects = match (event["source"].as_str(), event["Records"].as_array()) {
            // S3 tries out whether it may send.
            _ if event["Event"] == "s3:TestEvent" => Some(Vec::new()),
            // Through EventBridge.
            (Some("aws.s3"), _) => object(&event["detail"], str::to_owned).map(|object| vec![object]),
            (_, Some(records)) if !records.is_empty() => {
                records.iter().map(|record| object(&record["s3"], form_decoded)).collect()
            }
            _ => None,
        };
        objects.map_or(Asked::Everything, Asked::About)
    }

    /// Leaves the targets that are to be looked at. What is ignored of the event, and why.
    pub(super) fn narrow(&self, targets: &mut Vec<TargetConfig>) -> Vec<String> {
        let Asked::About(objects) = self else { return Vec::new() };
        let (mut digests, mut ignored) = (Vec::new(), Vec::new());
        for at in objects {
            match DigestKey::parse(&at.key) {
                Some(key) if targets.iter().any(|target| is_of(target, &at.bucket, &key)) => digests.push((at, key)),
                Some(_) => ignored.push(format!("{at} is of no target")),
                None => ignored.push(format!("{at} is no digest file")),
            }
        }
        targets.retain(|target| digests.iter().any(|(at, key)| is_of(target, &at.bucket, key)));
        ignored
    }
}

fn object(of: &Value, key: fn(&str) -> String) -> Option<ObjectLocation> {
    let bucket = of["bucket"]["name"].as_str()?;
    Some(ObjectLocation::new(bucket, key(of["object"]["key"].as_str()?)))
}

/// As S3 writes keys in its own notifications, though not in EventBridge's.
fn form_decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Whether a target may be told something by a digest. Where that is not sure, it is taken to be.
fn is_of(target: &TargetConfig, bucket: &str, digest: &DigestKey) -> bool {
    let among = |names: &[String], name: &str| names.is_empty() || names.iter().any(|other| other == name);
    let place = match &target.source {
        TargetSource::Bucket(url) => {
            let rest = url.strip_prefix("s3://").unwrap_or(url);
            let (named, path) = rest.split_once('/').unwrap_or((rest, ""));
            let below = path.split("AWSLogs/").next().unwrap_or_default();
            named == bucket && digest.folder.prefix.starts_with(below.trim_end_matches('/'))
        }
        // Which bucket it delivers to is CloudTrail's to say.
        TargetSource::Trail(arn) => {
            arn.trail == digest.chain.trail && target.bucket.as_ref().is_none_or(|named| named == bucket)
        }
        TargetSource::Directory(_) => false,
    };
    place
        && target.s3_prefix.as_ref().is_none_or(|prefix| digest.folder.prefix.starts_with(prefix.trim_end_matches('/')))
        && among(&target.accounts, &digest.chain.account_id)
        && among(&target.regions, &digest.chain.region)
        && among(&target.trails, &digest.chain.trail)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::monitor::config::Config;

    const KEY: &str = "a+b/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/10/111122223333_CloudTrail-Digest_eu-west-1_audit_us-east-1_20260110T154210Z.json.gz";

    fn notified(key: &str) -> Value {
        let s3 = json!({"bucket": {"name": "trail-logs"}, "object": {"key": key, "size": 456}});
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]})
    }

    fn through_event_bridge(key: &str) -> Value {
        let detail = json!({"bucket": {"name": "trail-logs"}, "object": {"key": key}});
        json!({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
    }

    fn target(lines: &str) -> TargetConfig {
        let text = format!("[[target]]\nname = \"a\"\n{lines}");
        Config::parse(&text, Path::new("")).unwrap().targets.remove(0)
    }

    #[test]
    fn notifications_are_of_objects_and_all_else_asks_for_everything() {
        let about = Asked::About(vec![ObjectLocation::new("trail-logs", KEY)]);
        assert_eq!(Asked::by(&notified(&KEY.replace('+', "%2B"))), about);
        assert_eq!(Asked::by(&through_event_bridge(KEY)), about);
        assert_eq!(Asked::by(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent"})), Asked::About(Vec::new()));
        for other in [
            json!({}),
            json!(null),
            json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
            json!({"source": "aws.s3", "detail": {"bucket": "?"}}),
            json!({"Records": [{"eventSource": "aws:sqs", "body": "..."}]}),
        ] {
            assert_eq!(Asked::by(&other), Asked::Everything, "{other}");
        }
    }

    #[test]
    fn a_digest_is_of_the_targets_that_look_where_it_lies() {
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";
        for (lines, expected) in [
            ("source = \"s3://trail-logs\"", true),
            ("source = \"s3://trail-logs/a+b\"", true),
            ("source = \"s3://trail-logs/a+b/AWSLogs/111122223333/CloudTrail/eu-west-1/\"", true),
            ("source = \"s3://trail-logs\"\nregions = [\"eu-west-1\"]", true),
            ("source = \"s3://trail-logs\"\nregions = [\"us-east-1\"]", false),
            ("source = \"s3://trail-logs\"\naccounts = [\"999999999999\"]", false),
            ("source = \"s3://trail-logs\"\ntrails = [\"other\"]", false),
            ("source = \"s3://trail-logs\"\ns3_prefix = \"c\"", false),
            ("source = \"s3://trail-logs/c\"", false),
            ("source = \"s3://other-logs\"", false),
            (&format!("source = \"{arn}\""), true),
            (&format!("source = \"{arn}\"\nbucket = \"other-logs\""), false),
            (&format!("source = \"{}\"", arn.replace("audit", "other")), false),
            ("source = \"copy\"", false),
        ] {
            let mut targets = vec![target(lines)];
            let ignored = Asked::by(&through_event_bridge(KEY)).narrow(&mut targets);
            assert_eq!((targets.len(), ignored.len()), if expected { (1, 0) } else { (0, 1) }, "{lines}");
        }
    }

    #[test]
    fn log_files_and_strays_begin_nothing() {
        let mut targets = vec![target("source = \"s3://trail-logs\"")];
        let ignored = Asked::by(&notified("AWSLogs/x.json.gz")).narrow(&mut targets);
        assert_eq!(
            (targets.len(), &ignored[..]),
            (0, &["s3://trail-logs/AWSLogs/x.json.gz is no digest file".to_owned()][..])
        );
    }
}
