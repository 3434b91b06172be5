//! What is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::stop::Stop;
use crate::limits::{Limits, SAMPLE_LOG_FILES};
use crate::report::Waivers;
use crate::trail::{ChainId, ChainKind, ExpectedChain, LogKey, RegionFolders, Time, TrailArn};

/// What an audit is asked to prove.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// How the report names the evidence.
    pub source: String,
    /// The bucket that the objects count as lying in, where whoever asks says so of a copy or a replica: the report tells.
    pub delivered_to: Option<String>,
    /// From when on; none for as far back as there are digests.
    pub start: Option<Time>,
    /// Where the start only says from where on to look: since when each chain is known, if it is. One that, as AWS signed, began
    /// by then owes nothing before.
    pub known_from: Option<Arc<BTreeMap<ChainId, Time>>>,
    /// Whether this is only a part of what is asked for: what was named and is not in it is not missing.
    pub in_part: bool,
    /// Until when; none for the end of the newest digest found.
    pub end: Option<Time>,
    /// The moment the evidence is looked at.
    pub as_of: Time,
    /// Which of what is found; everything by default.
    pub select: Selection,
    /// Of whom the trail should have delivered, where AWS could be asked; empty where nothing is known of it.
    pub expected: Vec<ExpectedChain>,
    /// What AWS was to be asked before the audit and could not, each with the reason: the report lists it as not done.
    pub not_asked: Vec<String>,
    /// How much of the log files to read.
    pub log_files: LogFiles,
    /// What to hash them with.
    pub hasher: Hasher,
    /// Whether log files that the listing shows as an earlier run proved them are taken for proven: see
    /// [`ObjectInfo::proven`](crate::store::ObjectInfo::proven).
    pub remembered: bool,
    /// Accepted findings.
    pub waivers: Waivers,
    /// How many objects may be under way at once.
    pub concurrency: usize,
    /// The bounds.
    pub limits: Limits,
    /// Whether to end before the end: whoever keeps a clone of it can ask for that.
    pub stop: Stop,
}

/// Which accounts, regions and trails. An empty list is no restriction.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Accounts.
    pub accounts: Vec<String>,
    /// Source regions.
    pub regions: Vec<String>,
    /// Trail names.
    pub trails: Vec<String>,
    /// One trail.
    pub trail_arn: Option<TrailArn>,
    /// The trail's S3 prefix (empty, or with a slash at its end).
    pub prefix: Option<String>,
    /// The folder below which to look for trails (empty, or with a slash at its end).
    pub below: String,
    /// Log files by their keys. If there are any, nothing else is asked: the time is that of the digests that name them.
    pub named: Vec<LogKey>,
}

/// How much of the log files to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFiles {
    /// Read and hash every one.
    All,
    /// See that every one is in the listing; read those written again after their delivery.
    Listing,
    /// The chain alone.
    None,
    /// Read a sample, drawn by the seed; see that the others are in the listing.
    Sample {
        /// How many.
        size: SampleSize,
        /// The seed: the same seed draws the same sample.
        seed: u64,
    },
}

/// How many log files a sample has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleSize {
    /// So many of a million.
    PerMillion(u32),
    /// So many of all that the verified digests of the request list, or all if there are no more.
    Count(u32),
}

/// What to hash log files with. It changes how long it takes and what the report names, and no verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hasher {
    /// In lockstep, if the CPU has what makes that faster.
    #[default]
    Auto,
    /// Several files in lockstep.
    Lockstep,
    /// One file after the other, with `sha2` alone.
    Single,
}

/// Why a text is no `LogFiles`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LogFilesError {
    /// It is something else.
    #[error("`{0}` is not one of all, listing, none, sample:5% (a share), sample:25 (so many)")]
    Unknown(String),
    /// More than [`SAMPLE_LOG_FILES`] are to be drawn.
    #[error("`{0}` draws more than {SAMPLE_LOG_FILES} log files; draw a share of them, such as sample:5%")]
    TooMany(String),
}

impl LogFiles {
    /// The seed, if it is a sample.
    pub fn seed(&self) -> Option<u64> {
        match self {
            LogFiles::Sample { seed, .. } => Some(*seed),
            _ => None,
        }
    }

    /// The same; if it is a sample, drawn by this seed.
    pub fn seeded(self, seed: u64) -> LogFiles {
        match self {
            LogFiles::Sample { size, .. } => LogFiles::Sample { size, seed },
            other => other,
        }
    }
}

impl FromStr for LogFiles {
    type Err = LogFilesError;

    fn from_str(text: &str) -> Result<LogFiles, LogFilesError> {
        match text {
            "all" => Ok(LogFiles::All),
            "listing" => Ok(LogFiles::Listing),
            "none" => Ok(LogFiles::None),
            _ => Ok(LogFiles::Sample { size: sample_size(text)?, seed: 0 }),
        }
    }
}

fn sample_size(text: &str) -> Result<SampleSize, LogFilesError> {
    let wrong = || LogFilesError::Unknown(text.to_owned());
    let size = text.strip_prefix("sample:").ok_or_else(wrong)?;
    if let Some(percent) = size.strip_suffix('%') {
        let percent: f64 = percent.parse().map_err(|_| wrong())?;
        let usable = percent > 0.0 && percent <= 100.0;
        let per_million = (percent * 10_000.0).round() as u32;
        return if usable && per_million > 0 { Ok(SampleSize::PerMillion(per_million)) } else { Err(wrong()) };
    }
    if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    match size.parse() {
        Ok(0) => Err(wrong()),
        Ok(count) if count <= SAMPLE_LOG_FILES => Ok(SampleSize::Count(count)),
        _ => Err(LogFilesError::TooMany(text.to_owned())),
    }
}

impl fmt::Display for LogFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogFiles::All => f.write_str("all"),
            LogFiles::Listing => f.write_str("listing"),
            LogFiles::None => f.write_str("none"),
            LogFiles::Sample { size, seed } => write!(f, "sample:{size} seed {seed}"),
        }
    }
}

impl fmt::Display for SampleSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SampleSize::PerMillion(share) => write!(f, "{}%", f64::from(*share) / 10_000.0),
            SampleSize::Count(count) => write!(f, "{count}"),
        }
    }
}

impl AuditRequest {
    /// Everything in `source`, looked at as of `as_of`.
    pub fn everything(source: impl Into<String>, as_of: Time) -> AuditRequest {
        AuditRequest {
            source: source.into(),
            delivered_to: None,
            start: None,
            known_from: None,
            in_part: false,
            end: None,
            as_of,
            select: Selection::default(),
            expected: Vec::new(),
            not_asked: Vec::new(),
            log_files: LogFiles::All,
            hasher: Hasher::default(),
            remembered: false,
            waivers: Waivers::default(),
            concurrency: 64,
            limits: Limits::default(),
            stop: Stop::default(),
        }
    }
}

impl Selection {
    /// Whether the folders of an account and region are among those asked for.
    pub(super) fn has_folders(&self, folders: &RegionFolders) -> bool {
        let account = &folders.account;
        has(&self.accounts, &account.account)
            && has(&self.regions, &folders.region)
            && self.prefix.as_ref().is_none_or(|prefix| *prefix == account.prefix)
            // An organization trail's ARN has the management account, and its chains the members'.
            && self.trail_arn.as_ref().is_none_or(|arn| account.organization.is_some() || arn.account_id == account.account)
    }

    /// What must stand before `AWSLogs/`, where that leaves out what else the evidence has: of a trail it is a part.
    pub(crate) fn only_prefix(&self) -> Option<&str> {
        let below = Some(&self.below).filter(|below| !below.is_empty());
        self.prefix.as_ref().or(below).filter(|_| self.trail_arn.is_none()).map(String::as_str)
    }

    /// Whether a chain is among those asked for.
    pub(crate) fn has_chain(&self, chain: &ChainId) -> bool {
        has(&self.accounts, &chain.account_id)
            && has(&self.regions, &chain.region)
            && has(&self.trails, chain.trail_name())
            && self
                .trail_arn
                .as_ref()
                .is_none_or(|arn| arn.trail == chain.trail_name() && arn.home_region == chain.home_region)
    }

    /// What was asked for by name and is in none of these chains. Others began only after the request, as AWS signed.
    pub(super) fn missing_from(&self, chains: &[ChainId], began_after: &[ChainId]) -> Vec<String> {
        let chains: Vec<&ChainId> = chains.iter().filter(|chain| chain.kind == ChainKind::Standard).collect();
        let mut missing = Vec::new();
        let mut look = |what: &str, names: &[String], of: fn(&ChainId) -> &str| {
            for name in names.iter().filter(|name| chains.iter().all(|chain| of(chain) != name.as_str())) {
                missing.push(format!("{what} {name}"));
            }
        };
        look("account", &self.accounts, |chain| &chain.account_id);
        look("region", &self.regions, |chain| &chain.region);
        look("trail", &self.trails, ChainId::trail_name);
        // Where both were named, each account was asked for in each region.
        for account in self.accounts.iter().filter(|account| chains.iter().any(|chain| chain.account_id == **account)) {
            for region in self.regions.iter().filter(|region| chains.iter().any(|chain| chain.region == **region)) {
                if !chains.iter().any(|chain| chain.account_id == *account && chain.region == *region) {
                    missing.push(format!("account {account} in region {region}"));
                }
            }
        }
        // The same of each trail, in the accounts that have it: those of an organization need not all have one of the name.
        let there = chains.iter().copied().chain(began_after);
        let there: BTreeSet<_> = there.map(|chain| (&chain.account_id, chain.trail_name(), &chain.region)).collect();
        let trails: BTreeSet<_> = there.iter().map(|(account, trail, _)| (*account, *trail)).collect();
        for (account, trail) in trails.into_iter().filter(|(_, trail)| self.trails.iter().any(|named| named == trail)) {
            let regions = self
                .regions
                .iter()
                .filter(|region| chains.iter().any(|chain| chain.region == **region && chain.account_id == *account));
            for region in regions.filter(|region| !there.contains(&(account, trail, *region))) {
                missing.push(format!("trail {trail} of account {account} in region {region}"));
            }
        }
        missing
    }
}

fn has(names: &[String], name: &str) -> bool {
    names.is_empty() || names.iter().any(|wanted| wanted == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(size: SampleSize) -> Result<LogFiles, LogFilesError> {
        Ok(LogFiles::Sample { size, seed: 0 })
    }

    #[test]
    fn log_files_parse() {
        assert_eq!("sample:5%".parse(), sample(SampleSize::PerMillion(50_000)));
        assert_eq!("sample:0.01%".parse(), sample(SampleSize::PerMillion(100)));
        assert_eq!("sample:1".parse(), sample(SampleSize::Count(1)));
        assert_eq!("sample:25".parse(), sample(SampleSize::Count(25)));
        assert_eq!("sample:100000".parse(), sample(SampleSize::Count(100_000)));
        for bad in [
            "",
            "some",
            "sample:0%",
            "sample:101%",
            "sample:NaN%",
            "sample:0.0000001%",
            "sample",
            "sample:",
            "sample:0",
            "sample:000",
            "sample:-5",
            "sample:+5",
            "sample: 5",
            "sample:5 ",
            "sample:2.5",
            "sample:1e3",
            "sample:٥",
            "sample:5 seed 7",
        ] {
            assert_eq!(bad.parse::<LogFiles>(), Err(LogFilesError::Unknown(bad.to_owned())));
        }
        for many in ["sample:100001", "sample:4294967296", "sample:99999999999999999999"] {
            let error = many.parse::<LogFiles>().unwrap_err();
            assert_eq!(error, LogFilesError::TooMany(many.to_owned()));
            assert!(error.to_string().contains("more than 100000 log files"), "{error}");
        }
    }

    #[test]
    fn a_sample_is_written_as_it_is_asked_for_with_its_seed() {
        for text in ["all", "listing", "none", "sample:5%", "sample:0.01%", "sample:25", "sample:100000"] {
            let log_files: LogFiles = text.parse().unwrap();
            let seed = text.starts_with("sample").then_some(7);
            let expected = seed.map_or(text.to_owned(), |seed| format!("{text} seed {seed}"));
            assert_eq!(log_files.seeded(7).to_string(), expected);
            assert_eq!(log_files.seeded(7).seed(), seed);
        }
    }
}
