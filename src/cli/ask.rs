//! What is asked of the evidence, as the command line names it: by `verify`, and by `bundle`, which keeps the answer.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;

use super::evidence::now;
use super::select::SelectArgs;
use super::{Failure, evidence};
use crate::audit::{AuditRequest, Hasher, LogFiles, Selection};
use crate::limits::Limits;
use crate::report::Waivers;
use crate::trail::{LogKey, TrailArn};

/// What is asked of the evidence.
#[derive(Debug, clap::Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    select: SelectArgs,

    /// How much of the log files to read: all, listing, none, or a sample: a share such as sample:5%, or so many, such as
    /// sample:25 [default: all]
    #[arg(long, value_name = "HOW")]
    log_files: Option<LogFiles>,

    /// Only this log file, by its key, such as AWSLogs/ACCOUNT/CloudTrail/REGION/2026/01/31/NAME.json.gz; may be repeated. The time
    /// is that of the digest which names it, and no other log file is read
    #[arg(long, value_name = "KEY", value_parser = log_key, conflicts_with_all = NOT_BESIDE_LOG_FILE)]
    log_file: Vec<LogKey>,

    /// The seed that draws the sample; the same seed draws the same sample [default: by chance, and told in the report]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// What to hash log files with; it changes no verdict
    #[arg(long, value_name = "HASHER", default_value = "auto")]
    hasher: HasherName,

    /// Accept the findings that this file (TOML) names, each with a reason
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,

    /// Audit as of this time: for tests and for old copies [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    now: Option<String>,

    /// How many objects may be under way at once
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,

    /// Bytes of an inflated digest file beyond which it is not read
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().digest_inflated)]
    max_digest_bytes: u64,

    /// Bytes of an inflated log file beyond which it is not read
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().log_inflated)]
    max_log_bytes: u64,
}

/// What log files are hashed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum HasherName {
    /// Lockstep, where the CPU has what makes it faster
    Auto,
    /// Several files at once, in the lanes of the CPU's vectors
    Lockstep,
    /// One file after the other, with the `sha2` crate alone
    Single,
}

/// A log file's key tells the account, the region and the time.
const NOT_BESIDE_LOG_FILE: [&str; 6] = ["log_files", "seed", "start_time", "end_time", "account_id", "region"];

/// The key of a log file.
pub(super) fn log_key(text: &str) -> Result<LogKey, String> {
    let key = LogKey::parse(text).filter(|key| !key.folder.prefix.contains("://"));
    key.ok_or_else(|| {
        "it is no log file's key: give all of it, without the bucket, from the trail's prefix or AWSLogs/ on".to_owned()
    })
}

impl AuditArgs {
    pub(super) fn request(&self) -> Result<AuditRequest, Failure> {
        let clock = now();
        if self.seed.is_some() && !matches!(self.log_files, Some(LogFiles::Sample { .. })) {
            return Err(Failure::told(
                "--seed draws a sample: say with --log-files sample:N how large, or leave it out",
            ));
        }
        let asked = self.select.asked(self.now.as_deref(), clock)?;
        // A seed that can be foreseen tells an attacker which log files nobody reads.
        let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(clock.unix()));
        let log_files = self.log_files.unwrap_or(LogFiles::All).seeded(seed);
        let limits = Limits {
            digest_inflated: self.max_digest_bytes,
            digest_stored: Limits::default().digest_stored.max(self.max_digest_bytes / 2),
            log_inflated: self.max_log_bytes,
            ..Limits::default()
        };
        Ok(AuditRequest {
            start: asked.start,
            end: asked.end,
            select: Selection { named: self.log_file.clone(), ..self.select.selection() },
            log_files,
            hasher: match self.hasher {
                HasherName::Auto => Hasher::Auto,
                HasherName::Lockstep => Hasher::Lockstep,
                HasherName::Single => Hasher::Single,
            },
            waivers: self.waivers()?,
            concurrency: usize::from(self.concurrency),
            limits,
            ..AuditRequest::everything("", asked.as_of)
        })
    }

    fn waivers(&self) -> Result<Waivers, Failure> {
        let Some(text) = self.waiver_text()? else { return Ok(Waivers::default()) };
        Waivers::parse(&text).map_err(|error| self.waivers_are_wrong(&error))
    }

    /// The waiver file, as it is.
    pub(super) fn waiver_text(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.waivers else { return Ok(None) };
        let bytes = evidence::read_small(path).map_err(|error| self.waivers_are_wrong(&error))?;
        String::from_utf8(bytes).map(Some).map_err(|error| self.waivers_are_wrong(&error))
    }

    fn waivers_are_wrong(&self, error: &dyn std::fmt::Display) -> Failure {
        let path = self.waivers.as_deref().unwrap_or(Path::new("")).display();
        Failure::told(format!("the waiver file {path}: {error}; see docs/findings.md for its form"))
    }

    /// Whether anything was asked for by name: a bundle is else asked for what it was made of.
    pub(super) fn names_something(&self) -> bool {
        self.select.names_something() || self.log_files.is_some() || !self.log_file.is_empty() || self.now.is_some()
    }

    /// A log file that SOURCE names is asked for as one that --log-file names: what does not go with that does not go with
    /// this.
    pub(super) fn goes_with(&self, request: &AuditRequest) -> Result<(), Failure> {
        if request.select.named.is_empty() {
            return Ok(());
        }
        if self.log_files.is_some() || self.select.names_time_or_folder() {
            return Err(Failure::told(
                "SOURCE is one log file, whose key tells account, region and time: leave out --log-files, --start-time, --end-time, \
                 --account-id and --region",
            ));
        }
        let named = &request.select.named;
        let of_another = |arn: &&TrailArn| {
            named.iter().any(|log| log.folder.organization.is_none() && log.folder.account != arn.account_id)
        };
        match request.select.trail_arn.as_ref().filter(of_another) {
            Some(arn) => {
                Err(Failure::told(format!("{arn} is no trail of the account that the log file is of; leave it out")))
            }
            None => Ok(()),
        }
    }

    /// Whether waivers were given.
    pub(super) fn gives_waivers(&self) -> bool {
        self.waivers.is_some()
    }
}
