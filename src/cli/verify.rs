//! `trailseal verify`: audits a trail.

use std::io::Write;
use std::path::PathBuf;

use super::access::AccessArgs;
use super::ask::AuditArgs;
use super::directory::Purpose;
#[cfg(feature = "aws")]
use super::doctor::SetupArgs;
use super::evidence::EvidenceArgs;
use super::output::{OutputArgs, ReportFile, Shown};
use super::plan;
use super::unpack::Unpacked;
use super::{Failure, custody, made, signals};
use crate::audit;

/// Audit a trail: its chain of digest files and its log files
///
/// Everything found is audited, all accounts, regions and trails, unless a filter says otherwise. The verdict comes first, with its
/// scope; the exit status tells it too: 0 intact, 1 not intact, 3 inconclusive, 2 if the run could not proceed.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// s3://BUCKET[/PREFIX], a trail's ARN, an evidence bundle, a directory that holds objects under their S3 keys, as `trailseal pull` or
    /// `aws s3 sync` leaves them, or one log file, by s3://BUCKET/KEY or its path in such a directory [default: what --s3-bucket or --trail-arn names]
    #[arg(value_name = "SOURCE")]
    pub(super) source: Option<PathBuf>,

    /// More evidence bundles: whether each goes on where the one before it ends is told too
    #[arg(value_name = "BUNDLE")]
    pub(super) more: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) evidence: EvidenceArgs,

    #[command(flatten)]
    pub(super) audit: AuditArgs,

    /// Only list, and say what would be read: chains, objects, bytes, requests, and what S3 would charge. Shows nothing of the
    /// evidence; exit status 0
    #[arg(long, conflicts_with = "report")]
    pub(super) dry_run: bool,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    #[command(flatten)]
    pub(super) access: AccessArgs,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    setup: SetupArgs,
}

/// Audits, prints the report, and gives the exit status that tells the verdict.
pub(super) fn run(args: &VerifyArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    if !args.more.is_empty() {
        #[cfg(feature = "aws")]
        args.setup.must_not_be("several bundles have one report each")?;
        return custody::run(args, out);
    }
    let mut request = args.audit.request()?;
    let files = args.output.files()?;
    #[cfg(feature = "aws")]
    if args.dry_run {
        args.setup.must_not_be("a dry run has no report")?;
    }
    if args.dry_run {
        plan::has_form(args.output.format)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let given = args.evidence.of(args.source.as_ref());
    // A dry run needs no keys.
    let purpose = if args.dry_run { Purpose::Copy } else { Purpose::Read };
    let mut opened = runtime.block_on(given.open(&args.access, &mut request, purpose))?;
    args.audit.goes_with(&request)?;
    let unpacked = Unpacked::ask(&mut opened, false, &args.audit, &mut request)?;
    if args.dry_run {
        if !request.select.named.is_empty() {
            return Err(Failure::told(
                "a spot check reads a digest file or two and the log file itself: leave out --dry-run",
            ));
        }
        let plan = runtime.block_on(audit::plan(opened.evidence, request)).map_err(Failure::told)?;
        plan::print(&plan, args.output.format, out)?;
        return Ok(0);
    }
    #[cfg(feature = "aws")]
    let setup = runtime.block_on(args.setup.begin(&args.access, &request, args.output.shows_progress()))?;
    let (observer, objects) = args.output.observers();
    signals::ask_for_the_end(&request.stop, "what is under way is given up, and a partial report follows")?;
    let audited = runtime.block_on(audit::audit(opened.evidence, opened.keys, request, observer));
    let mut report = audited.map_err(Failure::told)?;
    #[cfg(feature = "aws")]
    runtime.block_on(setup.end(&mut report));
    // What was given up is not waited for.
    runtime.shutdown_background();
    if let Some(unpacked) = unpacked {
        args.output.stream(&unpacked.check(&mut report));
    }
    given.place_must_fit(&report)?;
    // Files first: a reader of standard output who leaves early must not cost them.
    let made = args.output.says_who().then(made::made);
    let shown = Shown { report: &report, made: made.as_ref(), objects: objects.as_deref() };
    files.iter().try_for_each(|file: &ReportFile| file.write(&shown))?;
    args.output.print(&shown, out)?;
    Ok(report.verdict.exit_status())
}
