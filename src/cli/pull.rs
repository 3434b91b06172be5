//! `trailseal pull`: copies evidence into a directory.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::NonEmptyStringValueParser;
use indicatif::{HumanBytes, HumanCount};

use super::access::AccessArgs;
use super::directory::Purpose;
use super::evidence::{EvidenceArgs, holds, now};
use super::progress::Bar;
use super::say::{self, told};
use super::select::SelectArgs;
use super::simulate::shell;
use super::{Failure, signals};
use crate::audit::pull::{Pulled, pull};
use crate::audit::{AuditRequest, LogFiles, Observer};
use crate::finding::Finding;
use crate::trail::ObjectLocation;

/// Copy evidence into a directory: objects, S3 metadata, public keys
///
/// DIR then verifies like SOURCE, for the time that was copied. A second run fetches only what is missing or was changed,
/// and goes on where an interrupted one left off. Exit status: 0 everything is copied, 3 something could not be copied
/// (each is named), 2 the run could not proceed.
#[derive(Debug, clap::Args)]
pub(super) struct PullArgs {
    /// s3://BUCKET[/PREFIX], a trail's ARN, an evidence bundle, or a directory that holds objects under their S3 keys
    #[arg(value_name = "SOURCE")]
    source: PathBuf,

    /// The directory to copy to: new or empty, or with an earlier copy of the same source
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    #[command(flatten)]
    evidence: EvidenceArgs,

    #[command(flatten)]
    select: SelectArgs,

    /// Which log files to copy; without them, only the chain can be verified
    #[arg(long, value_name = "WHICH", default_value = "all")]
    log_files: Which,

    /// Copy as of this time: for tests [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    now: Option<String>,

    /// How many objects may be under way at once
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,

    /// Show nothing but what could not be copied
    #[arg(short, long)]
    quiet: bool,

    /// No progress on standard error
    #[arg(long)]
    no_progress: bool,

    #[command(flatten)]
    access: AccessArgs,
}

/// Which log files to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// All of the time asked for
    All,
    /// Digest files and keys only
    None,
}

/// Copies, prints what was done, and gives the exit status that tells whether all of it was.
pub(super) fn run(args: &PullArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let asked = args.select.asked(args.now.as_deref(), now())?;
    let mut request = AuditRequest {
        start: asked.start,
        end: asked.end,
        select: args.select.selection(),
        log_files: if args.log_files == Which::All { LogFiles::All } else { LogFiles::None },
        concurrency: usize::from(args.concurrency),
        ..AuditRequest::everything("", asked.as_of)
    };
    let evidence = args.evidence.of(Some(&args.source));
    args.must_be_apart(&evidence)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let opened = runtime.block_on(evidence.open(&args.access, &mut request, Purpose::Copy))?;
    if !request.select.named.is_empty() {
        return Err(Failure::told(
            "pull copies trails, not single log files: name the bucket or the copy, or keep the log file and its proof with `trailseal bundle SOURCE OUT.zip`",
        ));
    }
    if let Some(Err(finding)) = opened.vouched {
        return Err(Failure::told(format!("{}; nothing was copied", finding.message)));
    }
    let shows_progress = !args.no_progress && !args.quiet && io::stderr().is_terminal();
    let observer = Arc::new(Told { bar: shows_progress.then(Bar::new) });
    request.source = whole_name(&request.source);
    signals::ask_for_the_end(&request.stop, "what is under way is given up")?;
    let result = runtime.block_on(pull(opened.evidence, opened.keys, request, &args.dir, observer.clone()));
    // What was given up is not waited for.
    runtime.shutdown_background();
    // The bar goes before anything else is said.
    drop(observer);
    let pulled = result.map_err(Failure::told)?;
    pulled.keys_missing.iter().for_each(|problem| told(problem));
    if pulled.tally.beyond > 0 {
        told(&format!("{} more objects out of place were counted and not copied", pulled.tally.beyond));
    }
    if !args.quiet {
        args.report(&pulled, out)?;
    }
    let whole = pulled.not_copied == 0 && pulled.tally.beyond == 0 && pulled.keys_missing.is_empty();
    Ok(if whole { 0 } else { NOT_ALL })
}

impl PullArgs {
    /// A copy within its own source would be evidence of itself.
    fn must_be_apart(&self, evidence: &EvidenceArgs) -> Result<(), Failure> {
        let inside = |path: &Path| evidence.holds(path);
        let within = self.dir.ancestors().filter(|path| !path.as_os_str().is_empty()).any(inside);
        let around = evidence.directories().any(|source| holds(&self.dir, source));
        if within || around {
            let text = format!("{} and the source lie within one another; name a directory apart", self.dir.display());
            return Err(Failure::told(text));
        }
        Ok(())
    }

    fn report(&self, pulled: &Pulled, out: &mut dyn Write) -> io::Result<()> {
        let Pulled { start, end, tally, not_copied, keys, .. } = pulled;
        let dir = self.dir.display().to_string();
        let from = start.map_or("the beginning".to_owned(), |start| start.to_string());
        say::line(out, &format!("{dir} is a copy from {from} to {end}"))?;
        let objects = |count: u64, bytes: u64| format!("{} objects, {}", HumanCount(count), HumanBytes(bytes));
        say::line(out, &format!("fetched     {}", objects(tally.fetched, tally.fetched_bytes)))?;
        say::line(out, &format!("kept        {}", objects(tally.kept, tally.kept_bytes)))?;
        if tally.removed > 0 {
            let removed = HumanCount(tally.removed);
            let text = format!("removed     {removed} objects that the source no longer has, to .trailseal/removed");
            say::line(out, &text)?;
        }
        if *not_copied > 0 {
            let not_copied = HumanCount(*not_copied);
            say::line(out, &format!("not copied  {not_copied}, named in .trailseal/not-copied.jsonl"))?;
        }
        say::line(out, &format!("keys        {}", HumanCount(*keys)))?;
        let start = start.map(|start| format!(" --start-time {start}")).unwrap_or_default();
        let dir = shell(&dir);
        // Log files that nobody copied are not missing.
        let chain_only = if self.log_files == Which::None { " --log-files none" } else { "" };
        say::next(out, &format!("trailseal verify {dir}{start} --end-time {end}{chain_only} --public-keys aws"))
    }
}

/// Names on standard error what could not be copied and what the source no longer has.
struct Told {
    bar: Option<Bar>,
}

impl Told {
    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.aside(|| told(text)),
            None => told(text),
        }
    }
}

impl Observer for Told {
    fn regions_found(&self, count: u64) {
        self.bar.iter().for_each(|bar| bar.regions_found(count));
    }

    fn region_done(&self) {
        self.bar.iter().for_each(Observer::region_done);
    }

    fn digests_expected(&self, count: u64) {
        self.bar.iter().for_each(|bar| bar.digests_expected(count));
    }

    fn digest_done(&self) {
        self.bar.iter().for_each(Observer::digest_done);
    }

    fn logs_expected(&self, count: u64) {
        self.bar.iter().for_each(|bar| bar.logs_expected(count));
    }

    fn logs_done(&self, count: u64, bytes: u64) {
        self.bar.iter().for_each(|bar| bar.logs_done(count, bytes));
    }

    fn found(&self, finding: &Finding) {
        self.bar.iter().for_each(|bar| bar.found(finding));
    }

    fn not_copied(&self, at: &ObjectLocation, why: &str) {
        self.say(&format!("not copied: {at}: {why}"));
    }

    fn removed(&self, at: &ObjectLocation) {
        self.say(&format!("removed: {at}: the source no longer has it"));
    }
}

/// The same name for a directory, from wherever it is given.
fn whole_name(source: &str) -> String {
    Path::new(source).canonicalize().map_or(source.to_owned(), |path| path.display().to_string())
}

/// The exit status of a copy that has not everything.
const NOT_ALL: u8 = 3;
