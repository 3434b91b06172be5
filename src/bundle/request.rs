//! `records/request.json`: what was asked of the source, so that the same can be asked of the bundle.

use serde::{Deserialize, Serialize};

use super::IncludeLogs;
use crate::audit::{AuditRequest, Evidence, LogFiles, Selection};
use crate::limits::NAMED_LOG_FILES;
use crate::trail::{ExpectedChain, LogKey, Time};

/// What was asked. It lies in the bundle and is as hostile as that: it can narrow what is looked at, and the report says
/// what was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// The evidence.
    pub source: String,
    /// From when on.
    pub start: Option<Time>,
    /// Until when.
    pub end: Option<Time>,
    /// The moment the evidence was looked at.
    pub as_of: Time,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Source regions.
    pub regions: Vec<String>,
    /// Trail names.
    pub trails: Vec<String>,
    /// One trail.
    pub trail_arn: Option<String>,
    /// The trail's S3 prefix.
    pub prefix: Option<String>,
    /// The folder below which trails were looked for.
    pub below: String,
    /// The keys of the log files that alone were asked for, if any were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_log_files: Vec<String>,
    /// The bucket that the objects were said to have been delivered to, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_to: Option<String>,
    /// How much of the log files was read.
    pub log_files: String,
    /// What drew the sample, if it was one.
    pub seed: Option<u64>,
    /// Which of the log files that were read are in the bundle.
    pub include_logs: IncludeLogs,
    /// Of whom the trail should have delivered, where AWS could be asked.
    pub expected: Vec<ExpectedChain>,
    /// What AWS was to be asked before the audit and could not.
    pub not_asked: Vec<String>,
    /// Whether the source was the bucket itself, and no copy of it.
    pub live: bool,
    /// Where the source's own record said that it began.
    pub recorded_start: Option<Time>,
    /// Where the source's own record said that it ended.
    pub recorded_end: Option<Time>,
    /// Bytes of an inflated digest file beyond which it was not read.
    pub max_digest_bytes: u64,
    /// Bytes of an inflated log file beyond which it was not read.
    pub max_log_bytes: u64,
    /// The buckets, each with its folder in the bundle.
    pub buckets: Vec<BucketRecord>,
}

/// A bucket of the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRecord {
    /// Its name, where that is known.
    pub bucket: Option<String>,
    /// Its folder in `evidence/` and `records/`.
    pub folder: String,
    /// Whether objects may be gunzipped already under their own name.
    pub plain: bool,
    /// Whether it was looked for only because a trail had been moved from it.
    pub followed: bool,
}

impl RequestRecord {
    /// What is about to be asked.
    pub fn of(request: &AuditRequest, evidence: &Evidence, include_logs: IncludeLogs) -> RequestRecord {
        let select = &request.select;
        let log_files = request.log_files.to_string();
        RequestRecord {
            source: request.source.clone(),
            start: request.start,
            end: request.end,
            as_of: request.as_of,
            accounts: select.accounts.clone(),
            regions: select.regions.clone(),
            trails: select.trails.clone(),
            trail_arn: select.trail_arn.as_ref().map(ToString::to_string),
            prefix: select.prefix.clone(),
            below: select.below.clone(),
            named_log_files: select.named.iter().map(LogKey::key).collect(),
            delivered_to: request.delivered_to.clone(),
            log_files: log_files.split(' ').next().unwrap_or_default().to_owned(),
            seed: request.log_files.seed(),
            include_logs,
            expected: request.expected.clone(),
            not_asked: request.not_asked.clone(),
            live: evidence.live,
            recorded_start: evidence.recorded_start,
            recorded_end: evidence.recorded_end,
            max_digest_bytes: request.limits.digest_inflated,
            max_log_bytes: request.limits.log_inflated,
            buckets: Vec::new(),
        }
    }

    /// The log files asked for by name. A name that is none must not leave everything asked for.
    fn named(&self) -> Result<Vec<LogKey>, String> {
        if self.named_log_files.len() > NAMED_LOG_FILES {
            return Err(format!("it asks for more than {NAMED_LOG_FILES} log files by name"));
        }
        let parse =
            |key: &String| LogKey::parse(key).ok_or_else(|| format!("it asks for {key}, which is no log file's key"));
        self.named_log_files.iter().map(parse).collect()
    }

    /// The same request, of the bundle.
    pub fn ask(&self, request: &mut AuditRequest) -> Result<(), String> {
        request.start = self.start;
        request.end = self.end;
        request.as_of = self.as_of;
        let trail_arn = self.trail_arn.as_ref().map(|arn| arn.parse()).transpose();
        request.select = Selection {
            accounts: self.accounts.clone(),
            regions: self.regions.clone(),
            trails: self.trails.clone(),
            trail_arn: trail_arn.map_err(|error| format!("its trail: {error}"))?,
            prefix: self.prefix.clone(),
            below: self.below.clone(),
            named: self.named()?,
        };
        request.delivered_to.clone_from(&self.delivered_to);
        let log_files = self.log_files.parse::<LogFiles>().map_err(|error| format!("its log files: {error}"))?;
        request.log_files = log_files.seeded(self.seed.unwrap_or_default());
        request.expected = self.expected.clone();
        request.not_asked = self.not_asked.clone();
        // What was read then can be read now, and no more than whoever reads allows.
        let limits = &mut request.limits;
        limits.digest_inflated = limits.digest_inflated.min(self.max_digest_bytes);
        limits.log_inflated = limits.log_inflated.min(self.max_log_bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_was_read_is_asked_again() {
        for text in ["all", "listing", "none", "sample:5%", "sample:0.01%", "sample:25", "sample:100000"] {
            for seed in [0, 7, u64::MAX] {
                let log_files = text.parse::<LogFiles>().unwrap().seeded(seed);
                let asked = AuditRequest { log_files, ..AuditRequest::everything("", Time::from_unix(0)) };
                let record = RequestRecord::of(&asked, &Evidence::default(), IncludeLogs::All);
                assert_eq!((record.log_files.as_str(), record.seed), (text, log_files.seed()));
                let record = serde_json::from_str::<RequestRecord>(&serde_json::to_string(&record).unwrap()).unwrap();
                let mut again = AuditRequest::everything("", Time::from_unix(0));
                record.ask(&mut again).unwrap();
                assert_eq!(again.log_files, log_files);
            }
        }
    }
}
