//! `monitor status`: what the state file tells.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;

use crate::cli::output::LookArgs;
use crate::cli::{Failure, evidence};
use crate::monitor::config::nearest;
use crate::monitor::state::State;
use crate::monitor::status::{Asked, Status};
use crate::render;
use crate::trail::Time;

/// Tell what the state file knows: verdicts, proven time, open findings, runs, what waits to be told
///
/// It only reads, and may be asked while a run is under way. Exit status: that of the worst target's last verdict, 0, 1 or 3; 2
/// if the state cannot be read, or a target has had no complete run yet, or none for a day (or three times as often as it runs).
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    /// The state file
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    state: Option<PathBuf>,

    /// The configuration file: its state file, its targets, its sinks
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Only these targets
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    target: Vec<String>,

    /// What goes to standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: StatusFormat,

    /// As of this time: for tests [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    now: Option<String>,

    #[command(flatten)]
    look: LookArgs,
}

/// The forms that a status can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum StatusFormat {
    /// For people
    Text,
    /// For programs: schema trailseal.monitor-status/1
    Json,
}

pub(super) fn run(args: &StatusArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let status = args.read()?;
    match args.format {
        StatusFormat::Text => args.look.write_status(&status, out)?,
        StatusFormat::Json => render::monitor::json(&status, out)?,
    }
    Ok(status.exit_status())
}

impl StatusArgs {
    fn read(&self) -> Result<Status, Failure> {
        let clock = evidence::now();
        let now = self.now.as_deref().map_or(Ok(clock), |text| Time::parse_requested(text, clock));
        let mut asked = Asked {
            now: now.map_err(Failure::told)?,
            targets: self.target.clone(),
            sources: BTreeMap::new(),
            complete_within: Time::DAY,
            sinks: Vec::new(),
        };
        let mut path = self.state.clone();
        if let Some(config) = &self.config {
            let mut told = super::read(config)?;
            super::choose_targets(&self.target, &mut told)?;
            asked.targets = told.targets.iter().map(|target| target.name.clone()).collect();
            (asked.sources, asked.complete_within) = (told.sources(), told.complete_within());
            asked.sinks = told.sinks.iter().map(|sink| sink.name.clone()).collect();
            path = path.or(told.state);
        }
        let path = path.ok_or_else(|| Failure::told("the configuration names no state file; give --state FILE"))?;
        let state = State::read(&path).map_err(Failure::told)?;
        let status = state.status(&asked).map_err(Failure::told)?;
        if self.config.is_none() {
            self.must_be_known(&status)?;
        }
        Ok(status)
    }

    /// Without a configuration, a name that the state file does not have is a slip.
    fn must_be_known(&self, status: &Status) -> Result<(), Failure> {
        let known = status.targets.iter().filter(|target| target.source.is_some()).map(|target| target.name.as_str());
        let known: Vec<&str> = known.chain(status.other_targets.iter().map(String::as_str)).collect();
        let Some(name) = self.target.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
        let next = match nearest(name, known.iter().copied()) {
            Some(near) => format!("the nearest is {near}"),
            None if known.is_empty() => "it has none yet".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        Err(Failure::told(format!("--target {name}: the state file has no such target; {next}")))
    }
}
