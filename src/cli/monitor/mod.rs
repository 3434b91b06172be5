//! `trailseal monitor`: scheduled integrity.

mod check;
#[cfg(feature = "lambda")]
pub(super) mod lambda;
mod run;
mod serve;
mod show;
mod status;
mod target;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;

use super::{Failure, evidence};
use crate::monitor::config::{Config, ConfigErrors, LISTEN, nearest};
use crate::trail::{Span, Time};

/// Watch trails for years: audit what is new, hold what is old against what was proven before, tell someone once
///
/// What is watched, how often and who is told is in a configuration file; docs/monitor.md explains every key, and
/// docs/trailseal.toml is one to begin with. An option given here comes before the same key there.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct MonitorCommand {
    #[command(subcommand)]
    other: Option<Other>,

    #[command(flatten)]
    runs: Option<MonitorArgs>,
}

/// What a monitor does beside running.
#[derive(Debug, clap::Subcommand)]
enum Other {
    Status(Box<status::StatusArgs>),
}

/// A run, or many.
#[derive(Debug, clap::Args)]
pub(super) struct MonitorArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// Only check the configuration and the files that it names, and say what would be run; asks nothing of the network.
    /// Exit status 0 if it is good, 2 if it is not
    #[arg(long)]
    check_config: bool,

    /// Run as of this time: for tests [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "every")]
    now: Option<String>,

    /// Run once, whatever the configuration says
    #[arg(long, conflicts_with = "every")]
    once: bool,

    /// Keep running, and begin a run this often, such as 1h
    #[arg(long, value_name = "SPAN", value_parser = some_span)]
    every: Option<Span>,

    /// End a run early after this time, such as 50m; the next one goes on from there
    #[arg(long, value_name = "SPAN", value_parser = some_span)]
    max_duration: Option<Span>,

    /// The state file: what was proven, and what was told of
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Only these targets of the configuration
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    target: Vec<String>,

    /// Write a page of HTML here after each run
    #[arg(long, value_name = "FILE")]
    status_page: Option<PathBuf>,

    /// Write metrics in Prometheus's text format here after each run
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,

    /// Answer /metrics, /healthz and /status here while running, such as 127.0.0.1:9178
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,

    /// Say more
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,

    /// Say only what is wrong
    #[arg(short, long)]
    quiet: bool,

    /// No progress on standard error
    #[arg(long)]
    no_progress: bool,
}

/// A configuration with what the command line has to say to it.
#[derive(Clone)]
struct Told {
    config: Config,
    state: PathBuf,
}

pub(super) fn run(command: &MonitorCommand, out: &mut dyn Write) -> Result<u8, Failure> {
    let args = match (&command.other, &command.runs) {
        (Some(Other::Status(args)), _) => return status::run(args, out),
        (None, Some(args)) => args,
        (None, None) => return Err(Failure::told("give --config FILE, or `status`; --help tells more")),
    };
    let told = args.told()?;
    if args.check_config {
        check::run(args, &told, out)?;
        return Ok(0);
    }
    run::run(args, &told, out)
}

impl MonitorArgs {
    /// As of when a run that begins now is.
    fn now(&self) -> Result<Time, Failure> {
        let clock = evidence::now();
        self.now.as_deref().map_or(Ok(clock), |text| Time::parse_requested(text, clock)).map_err(Failure::told)
    }

    fn shows_progress(&self) -> bool {
        !self.quiet && !self.no_progress && std::io::stderr().is_terminal()
    }

    /// What is to be done, by the file and by the command line, which comes first.
    fn told(&self) -> Result<Told, Failure> {
        let mut config = read(&self.config)?;
        if self.once {
            config.every = None;
        }
        config.every = self.every.or(config.every);
        config.max_duration = self.max_duration.or(config.max_duration);
        config.status_page = self.status_page.clone().or(config.status_page);
        config.metrics_file = self.metrics_file.clone().or(config.metrics_file);
        config.listen = self.listen.or(config.listen);
        choose_targets(&self.target, &mut config)?;
        let state = self.state.clone().or(config.state.take()).ok_or_else(|| {
            let text = match &config.state_object {
                None => "no state file is named; write `state = \"state.sqlite\"` in it, or give --state FILE",
                Some(_) => "`state` is an object in S3, which is for the Lambda function alone; give --state FILE",
            };
            Failure::told(format!("{}: {text}", self.config.display()))
        })?;
        Ok(Told { config, state })
    }
}

/// Leaves the targets of these names; all, if there are none.
fn choose_targets(chosen: &[String], config: &mut Config) -> Result<(), Failure> {
    if chosen.is_empty() {
        return Ok(());
    }
    for name in chosen {
        let names = || config.targets.iter().map(|target| target.name.as_str());
        if names().all(|known| known != name) {
            let next = match nearest(name, names()) {
                Some(near) => format!("the nearest is {near}"),
                None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
            };
            return Err(Failure::told(format!("--target {name}: the configuration has no such target; {next}")));
        }
    }
    config.targets.retain(|target| chosen.contains(&target.name));
    Ok(())
}

/// Reads the configuration file.
fn read(path: &Path) -> Result<Config, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        let shown = path.display();
        Failure::told(format!("the configuration {shown}: {error}; give the TOML file that docs/monitor.md explains"))
    };
    let bytes = evidence::read_small(path).map_err(|error| wrong(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| wrong(&error))?;
    Config::parse(&text, path.parent().unwrap_or(Path::new(""))).map_err(|errors| all_of(path, &errors))
}

/// All that is wrong with a file, each in a line of its own.
fn all_of(path: &Path, errors: &ConfigErrors) -> Failure {
    let path = path.display();
    match &errors.0[..] {
        [one] => Failure::told(format!("{path}, {one}")),
        several => {
            let first = format!("{path}: {} things are wrong with it", several.len());
            Failure::told_each(std::iter::once(first).chain(several.iter().map(|error| format!("  {error}"))))
        }
    }
}

fn some_span(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error: crate::trail::SpanError| error.to_string())?;
    if span.seconds() > 0 { Ok(span) } else { Err("it must be longer than nothing".to_owned()) }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("write {LISTEN}"))
}
