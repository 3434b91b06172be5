//! What goes to standard output and to files beside it.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use terminal_size::{Width, terminal_size};

use super::objects::Objects;
use super::progress::{Bar, Streamed};
use super::{Failure, say};
use crate::audit::{Observer, Silent};
use crate::finding::Finding;
use crate::render::{self, HtmlOptions, TextOptions};
use crate::report::{Custody, Made, Report};

/// The forms a report can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs: schema trailseal.report/1
    Json,
    /// Findings as they are found, one a line, then the report without them
    Ndjson,
    /// One page for a browser or for paper; it loads nothing and runs nothing
    Html,
    /// For security data lakes: OCSF events, one a line
    Ocsf,
    /// For AWS Security Hub: findings in its format, ASFF
    Asff,
    /// For CI systems: JUnit XML, a suite for each chain
    Junit,
    /// For compliance tools: OSCAL assessment results
    Oscal,
    /// For alerting: Prometheus's text format
    Prometheus,
    /// For spreadsheets: one row for each object that was checked
    Csv,
}

/// How the report is shown.
#[derive(Debug, clap::Args)]
pub(super) struct OutputArgs {
    /// What goes to standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Write the report to a file too; may be repeated
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<ReportFile>,

    #[command(flatten)]
    look: LookArgs,

    /// No progress on standard error
    #[arg(long)]
    no_progress: bool,
}

/// How text looks.
#[derive(Debug, clap::Args)]
pub(super) struct LookArgs {
    /// Show every finding and every chain
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,

    /// Show the verdict alone
    #[arg(short, long)]
    quiet: bool,

    /// Colour the text
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,

    /// Draw with ASCII characters alone
    #[arg(long)]
    ascii: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What is to be shown.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub report: &'a Report,
    /// By whom and with what it was made.
    pub made: Option<&'a Made>,
    /// The objects that it counts; none of a saved report.
    pub objects: Option<&'a Objects>,
}

/// A file to write the report to.
#[derive(Clone, Debug)]
pub(super) struct ReportFile {
    format: Format,
    path: PathBuf,
}

impl OutputArgs {
    /// The files to write, each in a directory that is there: a long audit must not fail at its last step.
    pub(super) fn files(&self) -> Result<Vec<ReportFile>, Failure> {
        for file in &self.report {
            let parent = file.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            if file.path.is_dir() || parent.is_some_and(|parent| !parent.is_dir()) {
                let text = format!(
                    "the report cannot be written to {}: there is no such directory, or it is one; name a file in a directory that is there",
                    file.path.display()
                );
                return Err(Failure::told(text));
            }
        }
        Ok(self.report.clone())
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.look.quiet
    }

    pub(super) fn shows_progress(&self) -> bool {
        !self.no_progress && self.look.shows_progress()
    }

    /// Findings that were made when the audit had ended go where those before them went.
    pub(super) fn stream(&self, findings: &[Finding]) {
        if self.format == Format::Ndjson {
            findings.iter().for_each(say::stream);
        }
    }

    /// Prints what several bundles come to together.
    pub(super) fn print_custody(&self, custody: &Custody, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Json => render::json_value(custody, out),
            _ => render::custody(custody, &self.look.options(), out),
        }
    }

    /// Who watches the audit, and its objects where they are asked for.
    pub(super) fn observers(&self) -> (Arc<dyn Observer>, Option<Arc<Objects>>) {
        let observer: Arc<dyn Observer> = match self.format {
            Format::Ndjson => Arc::new(Streamed::default()),
            _ if self.shows_progress() => Arc::new(Bar::new()),
            _ => Arc::new(Silent),
        };
        let file = self.report.iter().find(|file| file.format == Format::Csv);
        if file.is_none() && self.format != Format::Csv {
            return (observer, None);
        }
        let beside = file.and_then(ReportFile::folder);
        let objects = Arc::new(Objects::new(&beside.unwrap_or_else(std::env::temp_dir), observer));
        (Arc::clone(&objects) as Arc<dyn Observer>, Some(objects))
    }

    /// Prints a report. Findings of `ndjson` have been printed as they were found.
    pub(super) fn print(&self, shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Ndjson => render::ndjson_report(shown.report, out),
            format => self.look.write(format, shown, out),
        }
    }

    /// Whether any form is asked for that says by whom and with what it was made.
    pub(super) fn says_who(&self) -> bool {
        self.format == Format::Html || self.report.iter().any(|file| file.format == Format::Html)
    }
}

impl LookArgs {
    /// Whether someone sits there who wants to know what is waited for.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Writes a whole report.
    pub(super) fn write(&self, format: Format, shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Text if self.quiet => render::headline(shown.report, &self.options(), out),
            Format::Text => render::text(shown.report, &self.options(), out),
            other => other.write(shown, out),
        }
    }

    /// Writes the state of a monitor as text.
    #[cfg(feature = "monitor")]
    pub(super) fn write_status(&self, status: &crate::monitor::Status, out: &mut dyn Write) -> io::Result<()> {
        match self.quiet {
            true => render::monitor::headline(status, &self.options(), out),
            false => render::monitor::text(status, &self.options(), out),
        }
    }

    /// Writes an examination as text.
    #[cfg(feature = "aws")]
    pub(super) fn write_examination(&self, of: &crate::doctor::Examination, out: &mut dyn Write) -> io::Result<()> {
        match self.quiet {
            true => render::doctor_headline(of, &self.options(), out),
            false => render::doctor_text(of, &self.options(), out),
        }
    }

    fn options(&self) -> TextOptions {
        let color = match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        let columns = terminal_size().map(|(Width(columns), _)| usize::from(columns));
        TextOptions { color, verbose: self.verbose, width: columns.unwrap_or(100).clamp(60, 120), ascii: self.ascii }
    }
}

impl Format {
    fn write(self, shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
        let report = shown.report;
        match self {
            Format::Text => {
                render::text(report, &TextOptions { color: false, verbose: true, width: 100, ascii: false }, out)
            }
            Format::Json => render::json(report, out),
            Format::Ndjson => {
                report.findings.iter().try_for_each(|finding| render::ndjson_finding(finding, out))?;
                render::ndjson_report(report, out)
            }
            Format::Html => render::html(report, &HtmlOptions { made: shown.made.cloned() }, out),
            Format::Ocsf => render::ocsf(report, out),
            Format::Asff => render::asff(report, out),
            Format::Junit => render::junit(report, out),
            Format::Oscal => render::oscal(report, out),
            Format::Prometheus => render::prometheus(report, out),
            Format::Csv => match shown.objects {
                Some(objects) => objects.write(report, out),
                None => Err(io::Error::other(NO_ROWS)),
            },
        }
    }
}

impl ReportFile {
    /// The folder that it goes to, if it is a file.
    fn folder(&self) -> Option<PathBuf> {
        if fs::metadata(&self.path).is_ok_and(|there| !there.is_file()) {
            return None;
        }
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Some(parent.unwrap_or(Path::new(".")).to_owned())
    }

    pub(super) fn write(&self, shown: &Shown<'_>) -> Result<(), Failure> {
        write_whole(&self.path, |out| self.format.write(shown, out)).map_err(|error| {
            let path = self.path.display();
            Failure::told(format!(
                "the report could not be written to {path}: {error}; free space or name another file"
            ))
        })
    }
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<ReportFile, String> {
        let (format, path) = text.split_once('=').ok_or("write FORMAT=PATH, such as json=report.json")?;
        let format = <Format as clap::ValueEnum>::from_str(format, false)?;
        if path.is_empty() {
            return Err("the path after = is missing".to_owned());
        }
        Ok(ReportFile { format, path: PathBuf::from(path) })
    }
}

/// Why a saved report cannot be shown as CSV.
pub(super) const NO_ROWS: &str = "CSV has a row for each object that was checked, and a saved report holds findings and counts, but no rows; verify the evidence again with --report csv=FILE";

/// Writes a file whole or not at all: under another name first, then renamed. A link leads to the file that is meant, and a
/// device or a pipe is written to as it is: nothing may take its place.
pub(super) fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let mut out = std::io::BufWriter::new(fs::File::options().write(true).open(path)?);
        fill(&mut out)?;
        return out.flush();
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let written = fs::File::create(&partial).and_then(|file| {
        let mut file = std::io::BufWriter::new(file);
        fill(&mut file)?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&partial, &path));
    if renamed.is_err() {
        let _ = fs::remove_file(&partial);
    }
    renamed
}
