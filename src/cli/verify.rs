//! `trailseal verify`: audits a trail.

use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::NonEmptyStringValueParser;

use super::access::AccessArgs;
use super::directory::Purpose;
use super::evidence::{EvidenceArgs, now};
use super::output::{Format, OutputArgs, ReportFile};
use super::plan;
use super::progress::{Bar, Streamed};
use super::select::SelectArgs;
use super::{Failure, evidence, made, signals};
use crate::audit::{self, AuditRequest, Hasher, LogFiles, Observer, Silent};
use crate::limits::Limits;
use crate::report::Waivers;

/// Audit a trail: its chain of digest files and its log files
///
/// Everything found is audited, all accounts, regions and trails, unless a filter says otherwise. The verdict comes first, with its
/// scope; the exit status tells it too: 0 intact, 1 not intact, 3 inconclusive, 2 if the run could not proceed.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// s3://BUCKET[/PREFIX], a trail's ARN, or a directory that holds objects under their S3 keys, as `trailseal pull` or
    /// `aws s3 sync` leaves them [default: what --s3-bucket or --trail-arn names]
    #[arg(value_name = "SOURCE")]
    source: Option<PathBuf>,

    #[command(flatten)]
    evidence: EvidenceArgs,

    #[command(flatten)]
    select: SelectArgs,

    /// How much of the log files to read: all, listing, none, or a sample such as sample:5%
    #[arg(long, value_name = "HOW", default_value = "all")]
    log_files: LogFiles,

    /// The seed that draws the sample; the same seed draws the same sample [default: by chance, and told in the report]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Only list, and say what would be read: chains, objects, bytes, requests, and what S3 would charge. Shows nothing of the
    /// evidence; exit status 0
    #[arg(long, conflicts_with = "report")]
    dry_run: bool,

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

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    access: AccessArgs,
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

/// Audits, prints the report, and gives the exit status that tells the verdict.
pub(super) fn run(args: &VerifyArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut request = args.request()?;
    let files = args.output.files()?;
    if args.dry_run {
        plan::has_form(args.output.format)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let given = args.evidence.of(args.source.as_ref());
    // A dry run needs no keys.
    let purpose = if args.dry_run { Purpose::Copy } else { Purpose::Read };
    let opened = runtime.block_on(given.open(&args.access, &mut request, purpose))?;
    if args.dry_run {
        let plan = runtime.block_on(audit::plan(opened.evidence, request)).map_err(Failure::told)?;
        plan::print(&plan, args.output.format, out)?;
        return Ok(0);
    }
    let observer: Arc<dyn Observer> = match args.output.format {
        Format::Ndjson => Arc::new(Streamed::default()),
        _ if args.output.shows_progress() => Arc::new(Bar::new()),
        _ => Arc::new(Silent),
    };
    signals::ask_for_the_end(&request.stop, "what is under way is given up, and a partial report follows")?;
    let audited = runtime.block_on(audit::audit(opened.evidence, opened.keys, request, observer));
    // What was given up is not waited for.
    runtime.shutdown_background();
    let report = audited.map_err(Failure::told)?;
    given.place_must_fit(&report)?;
    // Files first: a reader of standard output who leaves early must not cost them.
    let made = args.output.says_who().then(made::made);
    files.iter().try_for_each(|file: &ReportFile| file.write(&report, made.as_ref()))?;
    args.output.print(&report, made.as_ref(), out)?;
    Ok(report.verdict.exit_status())
}

impl VerifyArgs {
    fn request(&self) -> Result<AuditRequest, Failure> {
        let clock = now();
        let asked = self.select.asked(self.now.as_deref(), clock)?;
        let log_files = match self.log_files {
            LogFiles::Sample { per_million, .. } => {
                // A seed that can be foreseen tells an attacker which log files nobody reads.
                let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(clock.unix()));
                LogFiles::Sample { per_million, seed }
            }
            other => other,
        };
        let limits = Limits {
            digest_inflated: self.max_digest_bytes,
            digest_stored: Limits::default().digest_stored.max(self.max_digest_bytes / 2),
            log_inflated: self.max_log_bytes,
            ..Limits::default()
        };
        Ok(AuditRequest {
            start: asked.start,
            end: asked.end,
            select: self.select.selection(),
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
        let Some(path) = &self.waivers else { return Ok(Waivers::default()) };
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::told(format!("the waiver file {}: {error}; see docs/findings.md for its form", path.display()))
        };
        let bytes = evidence::read_small(path).map_err(|error| wrong(&error))?;
        let text = String::from_utf8(bytes).map_err(|error| wrong(&error))?;
        Waivers::parse(&text).map_err(|error| wrong(&error))
    }
}
