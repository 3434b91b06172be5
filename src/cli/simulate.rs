//! `trailseal simulate`: writes a synthetic trail.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::output::write_whole;
use super::say;
use crate::keys::write_key_list;
use crate::simulate::{DirectorySink, REGIONS, Scenario, ScenarioError, Summary, simulate};
use crate::trail::Time;

/// Write a synthetic trail signed by throwaway keys: demos, tests, benchmarks
///
/// The same options give the same bytes, on any machine. DIR then holds a copy of a bucket: objects under
/// their S3 keys, and in `.trailseal/` their metadata and the public keys.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// The directory to write to; it must be new or empty
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// How many accounts; their ids follow from the seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    accounts: u32,

    /// Source regions, such as us-east-1,eu-west-1; or a number, for the first N well-known ones
    #[arg(long, value_name = "N|REGION,...", default_value = "2")]
    regions: String,

    /// Trails, such as audit,siem; or a number, for N trails with likely names. They share the bucket
    #[arg(long, value_name = "N|NAME,...", default_value = "1")]
    trails: String,

    /// The region in which the trails were created [default: the first region]
    #[arg(long, value_name = "REGION")]
    home_region: Option<String>,

    /// How many hours, and so digests a chain
    #[arg(long, value_name = "N", default_value_t = 24, conflicts_with = "days")]
    hours: u32,

    /// How many days, in place of --hours
    #[arg(long, value_name = "N")]
    days: Option<u32>,

    /// When the trail begins: a date, or RFC 3339
    #[arg(long, value_name = "TIME", default_value = "2026-01-10T00:00:00Z")]
    start: String,

    /// Log files in an hour of one account, region and trail: their mean; more by day, fewer by night
    #[arg(long, value_name = "N", default_value_t = 4)]
    log_files_per_hour: u32,

    /// Events in a log file: their mean; single files hold from 1 to 15 times as many
    #[arg(long, value_name = "N", default_value_t = 20)]
    events_per_log_file: u32,

    /// An organization trail, of organization ID [default ID: follows from the seed]
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "")]
    organization: Option<String>,

    /// What stands before AWSLogs/ in every key
    #[arg(long, value_name = "P", default_value = "")]
    prefix: String,

    /// The bucket that the digests name
    #[arg(long, value_name = "B", default_value = "example-trail-logs")]
    bucket: String,

    /// What everything random follows from, the keys included
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Hours in a hundred without a log file
    #[arg(long, value_name = "PCT", default_value_t = 10)]
    empty_hours: u32,

    /// Log files in a hundred whose events are hours older than their delivery
    #[arg(long, value_name = "PCT", default_value_t = 2)]
    late_log_files: u32,

    /// How often each trail was stopped and started again: gaps of 1 to 3 hours that no digest covers
    #[arg(long, value_name = "N", default_value_t = 0)]
    restarts: u32,

    /// Backfill digests in each account, region and trail
    #[arg(long, value_name = "N", default_value_t = 0)]
    backfills: u32,

    /// Hours after which a region's signing key is replaced
    #[arg(long, value_name = "HOURS", default_value_t = 480)]
    key_rotation: u32,

    /// Let all regions share their keys: unlike AWS, but a large trail is ready sooner
    #[arg(long)]
    shared_keys: bool,

    /// Write the public keys to FILE too, outside DIR: keys that lie beside the evidence prove little
    #[arg(long, value_name = "FILE")]
    public_keys: Option<PathBuf>,

    /// Worker threads [default: one a core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
}

/// Why nothing, or not everything, was simulated. All of it is exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The options do not fit together; nothing was written.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// An option could not be understood; nothing was written.
    #[error("{0}")]
    Usage(String),
    /// A file could not be written.
    #[error("{0}")]
    Write(#[from] io::Error),
}

/// Writes the trail, and to `out` what was written and the command that verifies it.
pub fn run(args: &SimulateArgs, out: &mut dyn Write) -> Result<(), SimulateError> {
    let scenario = args.scenario()?;
    scenario.check()?;
    if let Some(file) = &args.public_keys
        && file.parent().is_some_and(|parent| !parent.as_os_str().is_empty() && !parent.is_dir())
    {
        let text = format!("there is no directory for {}; make it first, or name another file", file.display());
        return Err(SimulateError::Usage(text));
    }
    let sink = DirectorySink::create(&args.dir)?;
    let summary = simulate(&scenario, &sink)?;
    sink.finish(&scenario.bucket, &summary)?;
    if let Some(file) = &args.public_keys {
        write_whole(file, |out| write_key_list(&summary.public_keys, out))
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    }
    args.report(&summary, out)?;
    Ok(())
}

impl SimulateArgs {
    fn scenario(&self) -> Result<Scenario, SimulateError> {
        let regions = match self.regions.parse::<usize>() {
            Ok(count) if count <= REGIONS.len() => REGIONS[..count].iter().map(|&region| region.to_owned()).collect(),
            Ok(_) => {
                let text = format!("there are {} well-known regions; name the others one by one", REGIONS.len());
                return Err(SimulateError::Usage(text));
            }
            Err(_) => names(&self.regions),
        };
        let trails = match self.trails.parse::<u32>() {
            Ok(count) => (0..count.min(1000)).map(Scenario::trail_name).collect(),
            Err(_) => names(&self.trails),
        };
        // There is no "now" for a span to count back from: the trail must not depend on the clock.
        let start = match self.start.as_bytes().last() {
            Some(b'w' | b'd' | b'h' | b'm') => None,
            _ => Time::parse_requested(&self.start, Time::from_unix(0)).ok(),
        };
        let start = start.ok_or_else(|| {
            SimulateError::Usage(format!("`{}` is no time; write 2026-01-31 or 2026-01-31T08:00:00Z", self.start))
        })?;
        let organization = match self.organization.as_deref() {
            Some("") => Some(Scenario::organization_id(self.seed)),
            other => other.map(str::to_owned),
        };
        Ok(Scenario {
            seed: self.seed,
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            organization,
            accounts: self.accounts,
            home_region: self.home_region.clone().or_else(|| regions.first().cloned()).unwrap_or_default(),
            regions,
            trails,
            start,
            hours: self.days.map_or(self.hours, |days| days.saturating_mul(24)),
            log_files_per_hour: self.log_files_per_hour,
            events_per_log_file: self.events_per_log_file,
            empty_hours: self.empty_hours,
            late_log_files: self.late_log_files,
            restarts: self.restarts,
            backfills: self.backfills,
            key_rotation: self.key_rotation,
            shared_keys: self.shared_keys,
            threads: self.threads,
        })
    }

    fn report(&self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let Summary { chains, digests, log_files, events, bytes, interval, .. } = summary;
        let simulated = format!("Simulated {interval}: {chains} chains, {digests} digest files, {log_files} log files");
        say::line(out, &simulated)?;
        say::line(out, &format!("with {events} events, {bytes} bytes in all."))?;
        let keys = match &self.public_keys {
            Some(file) => format!(" --public-keys {}", shell(&file.display().to_string())),
            None => String::new(),
        };
        say::next(out, &format!("trailseal verify {}{keys}", shell(&self.dir.display().to_string())))
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).collect()
}

/// `text` as a POSIX shell takes it for one word.
pub(super) fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A path, which a shell reads as one word and a program as no option.
pub(super) fn shell_path(path: &Path) -> String {
    let text = path.display().to_string();
    shell(&if text.starts_with('-') { format!("./{text}") } else { text })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn try_run(directory: &str, args: &[&str]) -> Result<String, String> {
        let argv = ["simulate", directory].into_iter().chain(args.iter().copied());
        let cli = Cli::try_parse_from(argv).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        run(&cli.args, &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_usage_error_writes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("trail");
        let name = directory.to_str().unwrap();
        for (args, says) in [
            (&["--regions", "nowhere"][..], "is no region"),
            (&["--regions", "99"], "well-known regions"),
            (&["--trails", "0"], "nothing to simulate"),
            (&["--start", "36h"], "is no time"),
            (&["--organization", "x"], "is no organization id"),
            (&["--hours", "3", "--days", "2"], "cannot be used with"),
            (&["--public-keys", "/nonexistent/keys.json"], "make it first"),
        ] {
            let error = try_run(name, args).unwrap_err();
            assert!(error.contains(says), "{error}");
            assert!(!directory.exists());
        }
    }

    #[test]
    fn the_summary_ends_in_the_next_command() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("it's a trail");
        let keys = parent.path().join("keys.json");
        let args = ["--regions", "1", "--hours", "2", "--public-keys", keys.to_str().unwrap()];
        let out = try_run(directory.to_str().unwrap(), &args).unwrap();
        assert!(out.contains("2 digest files"), "{out}");
        assert!(out.trim_end().ends_with(&format!(r"it'\''s a trail' --public-keys {}", keys.display())), "{out}");
        assert!(std::fs::read_to_string(&keys).unwrap().contains("PublicKeyList"));
        let again = try_run(directory.to_str().unwrap(), &args).unwrap_err();
        assert!(again.contains("name a new directory"), "{again}");
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let cli = Cli::try_parse_from(["simulate", "x"]).unwrap();
        assert_eq!(cli.args.scenario().unwrap(), Scenario::default());
    }
}
