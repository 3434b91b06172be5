//! The command line: arguments in, text out, an exit status. The only clock, and the only standard streams.
//!
//! | exit status | when |
//! |---|---|
//! | 0 | intact: every object and every moment requested was proven |
//! | 1 | not intact: tampering or loss is shown |
//! | 2 | usage or configuration error, or the run itself could not proceed |
//! | 3 | inconclusive: no violation, but something requested could not be proven; of `pull`, that something could not be copied |

mod access;
mod directory;
mod evidence;
#[cfg(feature = "aws")]
mod export;
mod inspect;
mod keys;
#[cfg(feature = "aws")]
mod live;
mod output;
mod plan;
mod progress;
mod pull;
mod report;
mod select;
pub mod simulate;
mod source;
mod verify;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Verify the integrity of AWS CloudTrail log files
///
/// Walks the chain of digest files that AWS signs, checks the hash of every log file, and says what was altered, deleted, planted
/// or left uncovered. Exit status: 0 intact, 1 not intact, 2 the run could not proceed, 3 inconclusive.
#[derive(Debug, Parser)]
#[command(name = "trailseal", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(Box<verify::VerifyArgs>),
    Pull(Box<pull::PullArgs>),
    Inspect(inspect::InspectArgs),
    /// Obtain and look at public keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    Report(report::ReportArgs),
    Simulate(Box<simulate::SimulateArgs>),
}

/// Why a command came to no verdict: what went wrong, ending in what to do next.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn told(error: impl ToString) -> Failure {
        Failure(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::told(format!("the output could not be written: {error}; free space or name another file"))
    }
}

/// The program, on the process's own arguments and streams.
pub fn main() -> ExitCode {
    // Whatever goes wrong inside, a panic must never look like a verdict.
    let status = std::panic::catch_unwind(|| run(std::env::args_os())).unwrap_or(NO_VERDICT);
    ExitCode::from(status)
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version are no errors; clap knows to which stream each goes.
            let _ = told.print();
            return if told.use_stderr() { NO_VERDICT } else { 0 };
        }
    };
    let mut out = io::BufWriter::new(Listener(io::stdout()));
    let result = match cli.command {
        Command::Verify(args) => verify::run(&args, &mut out),
        Command::Pull(args) => pull::run(&args, &mut out),
        Command::Inspect(args) => inspect::run(&args, &mut out),
        Command::Keys(command) => keys::run(&command, &mut out),
        Command::Report(args) => report::run(&args, &mut out),
        Command::Simulate(args) => simulate::run(&args, &mut out).map(|()| 0).map_err(Failure::told),
    };
    match result.and_then(|status| Ok(out.flush().map(|()| status)?)) {
        Ok(status) => status,
        Err(Failure(text)) => {
            let _ = writeln!(io::stderr(), "error: {}", crate::render::escape::visible(&text));
            NO_VERDICT
        }
    }
}

/// Standard output, whose reader may leave early: that is no failure, and the exit status still tells the verdict.
struct Listener(io::Stdout);

impl Write for Listener {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        heard(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        heard(self.0.flush(), ())
    }
}

fn heard<T>(written: io::Result<T>, all: T) -> io::Result<T> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(all) } else { Err(error) })
}

/// A line on standard error; names come from the bucket.
pub(crate) fn told(text: &str) {
    let _ = writeln!(io::stderr(), "{}", crate::render::escape::visible(text));
}

/// The exit status of a run that came to no verdict.
const NO_VERDICT: u8 = 2;
