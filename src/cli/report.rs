//! `trailseal report`: renders a saved report again.

use std::io::Write;
use std::path::PathBuf;

use super::output::{Format, LookArgs, NO_ROWS, Shown};
use super::{Failure, evidence};
use crate::report::Report;

/// Render a saved report again
///
/// The report is only as good as the file it is read from: to know that evidence is intact, verify the evidence. The exit status
/// tells the report's verdict.
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// A report saved with `--format json` or `--report json=FILE`
    #[arg(value_name = "REPORT.json")]
    file: PathBuf,

    /// The form to render it in
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    #[command(flatten)]
    look: LookArgs,
}

pub(super) fn run(args: &ReportArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    if args.format == Format::Csv {
        return Err(Failure::told(NO_ROWS));
    }
    let wrong = |error: &dyn std::fmt::Display| Failure::told(format!("{}: {error}", args.file.display()));
    let bytes = evidence::read_report(&args.file)
        .map_err(|error| wrong(&format!("it cannot be read ({error}); check its name and permissions")))?;
    let report = Report::parse(&bytes).map_err(|error| wrong(&error))?;
    args.look.write(args.format, &Shown { report: &report, made: None, objects: None }, out)?;
    Ok(report.verdict.exit_status())
}
