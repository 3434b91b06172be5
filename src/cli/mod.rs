//! The command line: arguments in, text out, an exit status. The only clock, and the only standard streams.
//!
//! | exit status | when |
//! |---|---|
//! | 0 | intact: every object and every moment requested was proven |
//! | 1 | not intact: tampering or loss is shown |
//! | 2 | usage or configuration error, or the run itself could not proceed |
//! | 3 | inconclusive: no violation, but something requested could not be proven; of `pull`, that something could not be copied |
//! | 130, 143 | ended at once by SIGINT or SIGTERM: the second of `verify` and `pull`, the first of the others. There is no verdict |
//!
//! The first signal ends `verify` early, with a partial report and the exit status of its verdict, 1 or 3; and `pull`, with 2
//! and a copy that the same pull goes on with.

mod access;
mod ask;
mod bundle;
mod custody;
mod directory;
#[cfg(feature = "aws")]
mod doctor;
mod evidence;
#[cfg(feature = "aws")]
mod export;
mod inspect;
mod key_files;
mod keys;
#[cfg(feature = "aws")]
mod live;
mod made;
#[cfg(feature = "monitor")]
mod monitor;
mod objects;
mod output;
mod place;
mod plan;
mod progress;
mod pull;
mod report;
mod say;
mod select;
mod sign;
mod signals;
pub mod simulate;
mod source;
mod unpack;
mod verify;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::UnwindSafe;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use self::say::told;
use crate::render::escape::{is_hidden, visible};

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
    Bundle(Box<bundle::BundleArgs>),
    #[cfg(feature = "monitor")]
    Monitor(Box<monitor::MonitorCommand>),
    #[cfg(feature = "aws")]
    Doctor(Box<doctor::DoctorArgs>),
    Inspect(Box<inspect::InspectArgs>),
    /// Obtain and look at public keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    Report(report::ReportArgs),
    Simulate(Box<simulate::SimulateArgs>),
}

/// Why a command came to no verdict: what went wrong, ending in what to do next; a line, or several where several things did.
#[derive(Debug)]
pub(crate) struct Failure(Vec<String>);

impl Failure {
    pub(crate) fn told(error: impl ToString) -> Failure {
        Failure(vec![error.to_string()])
    }

    /// Several lines, each as it is.
    #[cfg(feature = "monitor")]
    fn told_each(lines: impl IntoIterator<Item = String>) -> Failure {
        Failure(lines.into_iter().collect())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::told(format!("the output could not be written: {error}; free space or name another file"))
    }
}

/// The program, on the process's own arguments and streams.
pub fn main() -> ExitCode {
    #[cfg(feature = "lambda")]
    if monitor::lambda::is_wanted() {
        return ExitCode::from(guarded(monitor::lambda::serve));
    }
    ExitCode::from(guarded(|| run(std::env::args_os())))
}

/// Whatever goes wrong inside, a panic must never look like a verdict, and what it says may be from the bucket.
fn guarded(run: impl FnOnce() -> u8 + UnwindSafe) -> u8 {
    std::panic::set_hook(Box::new(|panic| {
        told(&format!("error: {panic}; please report this as a bug"));
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            say::told_lines(&trace.to_string());
        }
    }));
    std::panic::catch_unwind(run).unwrap_or(NO_VERDICT)
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(wrong) => {
            if wrong.use_stderr() && arguments.iter().any(hides) {
                // A script may have taken an argument from anywhere, and clap repeats it: here, escaped.
                let escaped = arguments.iter().map(|argument| visible(&argument.to_string_lossy()).into_owned());
                let wrong = Cli::try_parse_from(escaped).err().unwrap_or(wrong);
                say::told_lines(&wrong.render().to_string());
                return NO_VERDICT;
            }
            // Help and version are no errors; clap knows to which stream each goes.
            let _ = wrong.print();
            return if wrong.use_stderr() { NO_VERDICT } else { 0 };
        }
    };
    let mut out = io::BufWriter::new(Listener(io::stdout()));
    let result = match cli.command {
        Command::Verify(args) => verify::run(&args, &mut out),
        Command::Pull(args) => pull::run(&args, &mut out),
        Command::Bundle(args) => bundle::run(&args, &mut out),
        #[cfg(feature = "monitor")]
        Command::Monitor(args) => monitor::run(&args, &mut out),
        #[cfg(feature = "aws")]
        Command::Doctor(args) => doctor::run(&args, &mut out),
        Command::Inspect(args) => inspect::run(&args, &mut out),
        Command::Keys(command) => keys::run(&command, &mut out),
        Command::Report(args) => report::run(&args, &mut out),
        Command::Simulate(args) => simulate::run(&args, &mut out).map(|()| 0).map_err(Failure::told),
    };
    match result.and_then(|status| Ok(out.flush().map(|()| status)?)) {
        Ok(status) => status,
        Err(Failure(lines)) => {
            let error = ["error: "].into_iter().chain(std::iter::repeat(""));
            error.zip(&lines).for_each(|(start, line)| told(&format!("{start}{line}")));
            NO_VERDICT
        }
    }
}

/// Whether what is in an argument would act on a terminal.
fn hides(argument: &OsString) -> bool {
    argument.to_string_lossy().chars().any(is_hidden)
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

/// The exit status of a run that came to no verdict.
const NO_VERDICT: u8 = 2;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A program that panics there where the test below says.
    #[test]
    fn a_program_that_panics() {
        let Some(place) = std::env::var_os(PLACE) else { return };
        let status = guarded(|| {
            if place == "here" {
                panic!("an evil\u{1b}[2Jname");
            }
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            let task = runtime.block_on(async { tokio::spawn(async { panic!("an evil\u{1b}[2Jname") }).await });
            match task {
                Ok(()) => 0,
                Err(panicked) => {
                    told(&crate::audit::AuditError::Task(panicked).to_string());
                    NO_VERDICT
                }
            }
        });
        std::process::exit(i32::from(status));
    }

    #[test]
    fn a_panic_is_no_verdict_and_what_it_says_is_escaped() {
        for place in ["here", "in a task"] {
            let mut command = Command::new(std::env::current_exe().expect("this program"));
            command.args(["--exact", "--nocapture", "cli::tests::a_program_that_panics"]);
            command.env("RUST_BACKTRACE", "0").env(PLACE, place);
            let ended = command.output().expect("it runs");
            let told = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(2), "{told}");
            assert!(told.contains("an evil\\u{1b}[2Jname; please report this as a bug"), "{told}");
            assert!(!told.contains('\u{1b}'), "{told}");
        }
    }

    const PLACE: &str = "TRAILSEAL_TEST_PANICS";
}
