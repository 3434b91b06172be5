//! The evidence, as SOURCE or the AWS CLI's own options name it.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::bundle::is_archive;
use crate::trail::{LogKey, TrailArn, is_account_id, is_bucket_name, is_organization_id, is_region};

/// Where the evidence lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A copy on this disk.
    Directory(PathBuf),
    /// A bucket.
    Bucket(BucketSource),
    /// Wherever CloudTrail says that the trail delivers to.
    Trail(TrailArn),
}

/// A bucket, and what of it is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BucketSource {
    pub(super) bucket: String,
    /// The folder below which trails lie: empty, or with a slash at its end.
    pub(super) below: String,
    /// An account, where the path leads to its folder.
    pub(super) account: Option<String>,
    /// A source region, where the path leads to its folder.
    pub(super) region: Option<String>,
    /// A log file, where the path is that of one.
    pub(super) log_file: Option<LogKey>,
    /// The bucket that this one is a replica of.
    pub(super) delivered_to: Option<String>,
}

impl Source {
    /// What SOURCE, `--s3-bucket` and `--trail-arn` together name.
    pub(super) fn named(
        source: Option<&PathBuf>,
        bucket: Option<&String>,
        arn: Option<&TrailArn>,
    ) -> Result<Source, Failure> {
        let text = source.map(|path| path.to_string_lossy());
        let named = match text.as_deref() {
            Some(url) if url.starts_with("s3://") => Source::Bucket(BucketSource::parse(url)?),
            Some(arn) if arn.starts_with("arn:") => Source::Trail(arn.parse().map_err(Failure::told)?),
            Some(path) => {
                return Ok(Source::Directory(PathBuf::from(source.map_or(path.as_ref(), |path| path.as_os_str()))));
            }
            None => match (bucket, arn) {
                (Some(bucket), _) => Source::Bucket(BucketSource::parse(&format!("s3://{bucket}"))?),
                (None, Some(arn)) => Source::Trail(arn.clone()),
                (None, None) => return Err(Failure::told(NOT_NAMED)),
            },
        };
        match (named, bucket, arn) {
            (Source::Trail(named), _, Some(arn)) if named != *arn => {
                Err(Failure::told(format!("SOURCE is the trail {named} and --trail-arn is {arn}; name one of them")))
            }
            (Source::Bucket(named), Some(bucket), _) if named.bucket != *bucket => {
                let delivered_to = Some(BucketSource::parse(&format!("s3://{bucket}"))?.bucket);
                Ok(Source::Bucket(BucketSource { delivered_to, ..named }))
            }
            (Source::Trail(_), Some(bucket), _) => Ok(Source::Bucket(BucketSource::parse(&format!("s3://{bucket}"))?)),
            (named, ..) => Ok(named),
        }
    }
}

impl BucketSource {
    /// Parses `s3://BUCKET[/PATH]`. A path that leads into `AWSLogs/` means the account and region that it leads to,
    /// and one of a log file that log file.
    fn parse(url: &str) -> Result<BucketSource, Failure> {
        let rest = url.strip_prefix("s3://").unwrap_or(url);
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket_name(bucket) {
            return Err(Failure::told(format!("`{url}` names no bucket; write s3://BUCKET or s3://BUCKET/PREFIX")));
        }
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        let mut below = String::new();
        while let Some(part) = parts.next_if(|part| *part != "AWSLogs") {
            below.push_str(part);
            below.push('/');
        }
        let mut inside = parts.skip(1).skip_while(|part| is_organization_id(part));
        let account = inside.next().filter(|part| is_account_id(part)).map(str::to_owned);
        let region = inside.nth(1).filter(|part| account.is_some() && is_region(part)).map(str::to_owned);
        let log_file = LogKey::parse(path);
        Ok(BucketSource { bucket: bucket.to_owned(), below, account, region, log_file, delivered_to: None })
    }
}

/// Whether a value looks like evidence that could be named as SOURCE.
pub(super) fn is_evidence(value: &Path) -> bool {
    let named = |start: &str| value.to_str().is_some_and(|text| text.starts_with(start));
    named("s3://") || named("arn:") || value.is_dir() || is_archive(value)
}

const NOT_NAMED: &str = "no evidence is named; give a directory, s3://BUCKET, or a trail's ARN (`aws cloudtrail describe-trails` prints it), or try it on a synthetic trail: `trailseal simulate demo`, then `trailseal verify demo`";

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";

    fn named(source: Option<&str>, bucket: Option<&str>, arn: Option<&str>) -> Option<Source> {
        let (source, bucket) = (source.map(PathBuf::from), bucket.map(str::to_owned));
        Source::named(source.as_ref(), bucket.as_ref(), arn.map(|arn| arn.parse().unwrap()).as_ref()).ok()
    }

    fn bucket(below: &str, account: Option<&str>, region: Option<&str>) -> Option<Source> {
        Some(Source::Bucket(BucketSource {
            bucket: "trail-logs".to_owned(),
            below: below.to_owned(),
            account: account.map(str::to_owned),
            region: region.map(str::to_owned),
            log_file: None,
            delivered_to: None,
        }))
    }

    #[test]
    fn every_way_to_name_the_evidence() {
        let account = Some("111122223333");
        for (source, expected) in [
            ("s3://trail-logs", bucket("", None, None)),
            ("s3://trail-logs/", bucket("", None, None)),
            ("s3://trail-logs/a/b", bucket("a/b/", None, None)),
            ("s3://trail-logs/a/AWSLogs/", bucket("a/", None, None)),
            ("s3://trail-logs/AWSLogs/111122223333/", bucket("", account, None)),
            ("s3://trail-logs/AWSLogs/o-exampleorgid/111122223333/CloudTrail", bucket("", account, None)),
            ("s3://trail-logs/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/", bucket("", account, Some("eu-west-1"))),
            ("evidence", Some(Source::Directory("evidence".into()))),
            (ARN, Some(Source::Trail(ARN.parse().unwrap()))),
            ("s3://", None),
            ("s3://no bucket", None),
            ("arn:aws:s3:::trail-logs", None),
        ] {
            assert_eq!(named(Some(source), None, None), expected, "{source}");
        }
        let key = "a/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T0005Z_abcdefghijklmnop.json.gz";
        let Some(Source::Bucket(source)) = named(Some(&format!("s3://trail-logs/{key}")), None, None) else { panic!() };
        assert_eq!((source.log_file.map(|log| log.key()).as_deref(), source.below.as_str()), (Some(key), "a/"));
        assert_eq!(named(None, Some("trail-logs"), Some(ARN)), bucket("", None, None));
        assert_eq!(named(None, None, Some(ARN)), named(Some(ARN), None, None));
        assert_eq!(named(Some(ARN), Some("trail-logs"), None), bucket("", None, None));
        assert_eq!(named(Some("evidence"), Some("trail-logs"), None), Some(Source::Directory("evidence".into())));
        assert_eq!(named(None, None, None), None);
        assert_eq!(named(Some(ARN), None, Some(&ARN.replace("audit", "other"))), None);
        assert_eq!(named(Some("s3://trail-logs"), Some("trail-logs"), None), bucket("", None, None));
        let Some(Source::Bucket(replica)) = named(Some("s3://replica/a"), Some("trail-logs"), None) else { panic!() };
        let delivered_to = replica.delivered_to.as_deref();
        assert_eq!(
            (replica.bucket.as_str(), replica.below.as_str(), delivered_to),
            ("replica", "a/", Some("trail-logs"))
        );
        assert_eq!(named(Some("s3://replica"), Some("no bucket"), None), None);
    }
}
