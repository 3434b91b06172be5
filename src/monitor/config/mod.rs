//! What a monitor is told to do, once and for years: `trailseal.toml`.
//!
//! [`Config::parse`] is a function of the text and of the folder that its paths are relative to; what it gives needs no
//! further checks. It tells all that is wrong with a file at once, each with its line and what to write instead. Nothing in
//! a file is expanded: secrets are named by the environment variable that holds them (`*_env`), in sinks alone.
//!
//! `docs/monitor.md` lists every key, `docs/monitor.schema.json` is for editors, and tests hold both against the code.

mod access;
#[cfg(test)]
mod documented;
mod error;
mod keys;
mod read;
mod table;
mod target;
#[cfg(test)]
mod tests;

pub use super::sinks::SinkConfig;
pub(crate) use error::nearest;
pub use error::{ConfigError, ConfigErrors};
pub use read::CONFIG_BYTES;
pub(crate) use read::LISTEN;
#[cfg(feature = "lambda")]
pub(crate) use read::object;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::audit::LogFiles;
use crate::aws::AccessOptions;
use crate::trail::{ObjectLocation, Span, Time, TrailArn};

/// Everything that a monitor is told. All paths in it are complete or relative to the working directory, as the folder was
/// that they were read with.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The state file; none where the file leaves it to the command line.
    pub state: Option<PathBuf>,
    /// The same as an object in S3: for a Lambda function, which has no disk of its own.
    pub state_object: Option<ObjectLocation>,
    /// How often to run; none for once.
    pub every: Option<Span>,
    /// How long one run may take before it is ended early; none for as long as it takes.
    pub max_duration: Option<Span>,
    /// How often to remind of what is still open; none for never.
    pub remind_every: Option<Span>,
    /// A page of HTML, written after each run.
    pub status_page: Option<PathBuf>,
    /// Prometheus's text format, written after each run.
    pub metrics_file: Option<PathBuf>,
    /// Where to answer `/metrics`, `/healthz` and `/status`.
    pub listen: Option<SocketAddr>,
    /// How long runs and resolved findings are remembered.
    pub keep_runs: Span,
    /// What is watched: at least one, each of another name.
    pub targets: Vec<TargetConfig>,
    /// How AWS is reached by sinks, and by targets that say nothing else. `region` and `concurrency` in it are nobody's choice.
    pub access: AccessOptions,
    /// Who is told, each of another name.
    pub sinks: Vec<SinkConfig>,
}

/// One trail, organization or copy that is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetConfig {
    /// Its name in reports, metrics and events: `[a-z0-9-]{1,64}`, and no other target's.
    pub name: String,
    /// Where the evidence lies.
    pub source: TargetSource,
    /// Only these accounts; empty for all.
    pub accounts: Vec<String>,
    /// Only these source regions; empty for all.
    pub regions: Vec<String>,
    /// Only trails of these names; empty for all.
    pub trails: Vec<String>,
    /// What stands before `AWSLogs/`.
    pub s3_prefix: Option<String>,
    /// From when on; none for the oldest digest there is.
    pub start: Option<Start>,
    /// How old objects may get before the bucket's lifecycle expires them; none where nothing may ever go.
    pub retention: Option<Span>,
    /// How much of the new log files to read. The seed in it counts only if [`seed`](Self::seed) is there.
    pub log_files: LogFiles,
    /// What draws the sample; none for another draw at every run, which nobody can foresee.
    pub seed: Option<u64>,
    /// Where public keys come from.
    pub public_keys: PublicKeys,
    /// The waiver file.
    pub waivers: Option<PathBuf>,
    /// How much of the proven history each run lists again.
    pub recheck: Share,
    /// How much of the proven history each run reads again.
    pub reread: Share,
    /// How many objects may be under way at once; never 0.
    pub concurrency: u16,
    /// How long the newest digest of a chain may be late before it is told.
    pub overdue_after: Span,
    /// The bucket; of a directory or a replica, the one that its digests were delivered to.
    pub bucket: Option<String>,
    /// Bytes of an inflated digest file beyond which it is not read.
    pub max_digest_bytes: u64,
    /// Bytes of an inflated log file beyond which it is not read.
    pub max_log_bytes: u64,
    /// How AWS is reached for this target. `region` and `concurrency` in it are nobody's choice.
    pub access: AccessOptions,
}

/// Where the evidence of a target lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetSource {
    /// `s3://BUCKET[/PREFIX]`.
    Bucket(String),
    /// Wherever CloudTrail says that the trail delivers to.
    Trail(TrailArn),
    /// A copy on this disk.
    Directory(PathBuf),
}

/// From when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From this moment on.
    At(Time),
    /// From so long before each run on.
    Back(Span),
}

/// Where public keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeys {
    /// AWS is asked; for a directory, the keys that lie in it are taken.
    Default,
    /// AWS is asked, for a directory too.
    Aws,
    /// From these files, at least one.
    Files(Vec<PathBuf>),
}

/// Which part of what was proven before a run looks at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All of it.
    All,
    /// Nothing.
    None,
    /// One part in so many, another one each run; at least two.
    OneIn(NonZeroU32),
}

impl Config {
    /// Reads a configuration, whose paths are relative to `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Config, ConfigErrors> {
        read::config(text, folder)
    }
}

impl Config {
    /// Seconds without a complete run after which something is wrong: three times as often as it runs, and a day at least.
    pub fn complete_within(&self) -> i64 {
        self.every.map_or(0, |every| 3 * every.seconds()).max(Time::DAY)
    }

    /// Where the evidence of each target lies, as the state file is to remember it.
    pub fn sources(&self) -> BTreeMap<String, String> {
        self.targets.iter().map(|target| (target.name.clone(), target.source.to_string())).collect()
    }
}

impl TargetConfig {
    /// Whether it is in AWS, and no copy on this disk.
    pub fn live(&self) -> bool {
        !matches!(self.source, TargetSource::Directory(_))
    }

    /// From when on a run at `now` is to look; none for the oldest digest there is. What the bucket's lifecycle has expired by
    /// then is not asked for, however early the start that was named.
    pub fn start_at(&self, now: Time) -> Option<Time> {
        let oldest = self.retention.map(|retention| retention.before(now));
        let start = match self.start? {
            Start::At(time) => time,
            Start::Back(span) => span.before(now),
        };
        Some(oldest.map_or(start, |oldest| start.max(oldest)))
    }
}

impl TargetSource {
    /// As `verify` takes it for SOURCE.
    pub fn path(&self) -> PathBuf {
        match self {
            TargetSource::Directory(path) => path.clone(),
            live => PathBuf::from(live.to_string()),
        }
    }
}

impl fmt::Display for TargetSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetSource::Bucket(url) => f.write_str(url),
            TargetSource::Trail(arn) => arn.fmt(f),
            TargetSource::Directory(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Start::At(time) => time.fmt(f),
            Start::Back(span) => write!(f, "{span} before each run"),
        }
    }
}

/// Why a text is no share.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no share; write all, none, or a part such as 1/30")]
pub struct ShareError(String);

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Share, ShareError> {
        let wrong = || ShareError(text.to_owned());
        match text {
            "all" | "1/1" => Ok(Share::All),
            "none" => Ok(Share::None),
            _ => {
                let parts = text.strip_prefix("1/").ok_or_else(wrong)?;
                // `FromStr` of numbers takes a sign.
                let digits = parts.bytes().all(|b| b.is_ascii_digit());
                parts.parse().ok().filter(|_| digits).map(Share::OneIn).ok_or_else(wrong)
            }
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Share::All => f.write_str("all"),
            Share::None => f.write_str("none"),
            Share::OneIn(parts) => write!(f, "1/{parts}"),
        }
    }
}
