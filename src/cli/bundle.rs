//! `trailseal bundle`: audits, and keeps all that was looked at in one file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{HumanBytes, HumanCount};

use super::access::AccessArgs;
use super::ask::AuditArgs;
use super::directory::Purpose;
#[cfg(feature = "aws")]
use super::doctor::SetupArgs;
use super::evidence::{EvidenceArgs, REPORT_BYTES, now};
use super::output::{Format, OutputArgs, ReportFile, Shown};
use super::sign::SignArgs;
use super::simulate::shell;
use super::unpack::Unpacked;
use super::{Failure, made, say, signals};
use crate::audit;
use crate::bundle::{
    Bundle, Contents, IncludeLogs, PAGE, Previous, REPORT, Recording, Rendered, RequestRecord, Sign, pack,
};
use crate::keys::KeyOrigin;
use crate::limits::Limits;
use crate::render::{self, HtmlOptions};
use crate::report::{Made, Report};

/// Audit a trail and keep the evidence in one file, which anyone can check again
///
/// OUT.zip holds the digest files and log files as delivered, their S3 metadata, the public keys, the report, a manifest of all
/// that, and a page that tells how to check it by hand. `trailseal verify OUT.zip` audits it again, offline. The exit status
/// tells the verdict, as that of verify does; with 2, nothing was written.
#[derive(Debug, clap::Args)]
pub(super) struct BundleArgs {
    /// s3://BUCKET[/PREFIX], a trail's ARN, an evidence bundle, a directory that holds objects under their S3 keys, or one log
    /// file, by s3://BUCKET/KEY or its path in such a directory
    #[arg(value_name = "SOURCE")]
    source: PathBuf,

    /// The file to write; there must be none of that name
    #[arg(value_name = "OUT.zip")]
    out: PathBuf,

    #[command(flatten)]
    evidence: EvidenceArgs,

    #[command(flatten)]
    audit: AuditArgs,

    /// Which of the log files that were read to keep
    #[arg(long, value_name = "WHICH", default_value = "all")]
    include_logs: Which,

    /// The bundle before this one, which this one is to go on from: it names it, and begins where that ends
    #[arg(long, value_name = "BUNDLE.zip")]
    previous: Option<PathBuf>,

    #[command(flatten)]
    sign: SignArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    access: AccessArgs,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    setup: SetupArgs,
}

/// Which log files to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// Every one
    All,
    /// Those of which the report has something to say
    Failed,
    /// None: digest files and keys alone
    None,
}

/// Audits, packs, prints the report, and gives the exit status that tells the verdict.
pub(super) fn run(args: &BundleArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    args.has_room()?;
    let mut request = args.audit.request()?;
    let waivers = args.audit.waiver_text()?;
    let files = args.output.files()?;
    let include = args.include();
    let previous = args.previous()?;
    if let Some(previous) = &previous {
        // Without a start of its own, it begins where nothing can fall between the two.
        request.start.get_or_insert(previous.next_start());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let signer = runtime.block_on(args.sign.open(&args.access, now()))?;
    let given = args.evidence.of(Some(&args.source));
    let mut opened = runtime.block_on(given.open(&args.access, &mut request, Purpose::Pack))?;
    args.audit.goes_with(&request)?;
    if previous.is_some() && !request.select.named.is_empty() {
        return Err(Failure::told("a bundle of single log files goes on from no other: leave out --previous"));
    }
    // Another bundle is as good a source as what it was made of, once it is held against what it says of itself.
    let named = previous.is_some() || args.audit.gives_waivers();
    let unpacked = Unpacked::ask(&mut opened, named, &args.audit, &mut request)?;
    let waivers = match &unpacked {
        Some(unpacked) if !named => unpacked.accepted(),
        _ => waivers,
    };
    // Who asks is told by a service of its own, which may take its time, or not be in reach.
    let caller = opened.caller.map(|caller| runtime.spawn(caller));
    let record = RequestRecord::of(&request, &opened.evidence, include);
    // Where they were asked for, that was while this ran.
    let keys_from = (opened.keys.describe(), (opened.keys.origin() == KeyOrigin::Aws).then(now));
    let limits = request.limits.clone();
    let recording = Recording::of(opened.evidence, opened.keys, include, &limits, &args.out);
    let (recording, evidence, keys) = recording.map_err(|error| args.not_written(&error))?;
    let _given_up_unless_packed = GivenUp(Arc::clone(&recording));
    #[cfg(feature = "aws")]
    let setup = runtime.block_on(args.setup.begin(&args.access, &request, args.output.shows_progress()))?;
    let (observer, objects) = args.output.observers();
    signals::ask_for_the_end(&request.stop, "what is under way is given up, and no bundle is written")?;
    let mut report = runtime.block_on(audit::audit(evidence, keys, request, observer)).map_err(Failure::told)?;
    if let Some(unpacked) = unpacked {
        args.output.stream(&unpacked.check(&mut report));
    }
    given.place_must_fit(&report)?;
    if report.is_partial() {
        return Err(Failure::told("the run was interrupted; no bundle was written: run the same command again"));
    }
    runtime.block_on(recording.ended()).map_err(|error| args.not_written(&error))?;
    #[cfg(feature = "aws")]
    runtime.block_on(setup.end(&mut report));
    let caller = caller.and_then(|caller| runtime.block_on(caller).ok().flatten());
    // Another machine hashes with something else, and the same evidence has the same report.
    let hasher = report.checks.hasher.take();
    let made = |manifest: &[u8; 32]| {
        let told =
            serde_json::json!({"hasher": &hasher, "public_keys": {"from": keys_from.0, "asked_for_at": keys_from.1}});
        args.made(caller.clone(), told, manifest)
    };
    let json = |out: &mut dyn Write| render::json(&report, out);
    // By whom and when is in a file of its own.
    let html = |out: &mut dyn Write| render::html(&report, &HtmlOptions::default(), out);
    let sign = |files| match &signer {
        Some(signer) => runtime.block_on(signer.sign(files, predicate(&report))),
        None => Err("nobody signs".to_owned()),
    };
    let contents = Contents {
        report: &report,
        request: record,
        previous: previous.as_ref(),
        waivers: waivers.as_deref(),
        rendered: vec![Rendered { name: REPORT, write: &json }, Rendered { name: PAGE, write: &html }],
        made: &made,
        sign: signer.as_ref().map(|_| &sign as &Sign<'_>),
    };
    let packed = pack(&recording, contents).map_err(Failure::told)?;
    report.checks.hasher = hasher;
    let by = args.output.says_who().then(made::made);
    let shown = Shown { report: &report, made: by.as_ref(), objects: objects.as_deref() };
    files.iter().try_for_each(|file: &ReportFile| file.write(&shown))?;
    args.output.print(&shown, out)?;
    if args.output.format == Format::Text && !args.output.is_quiet() {
        let name = args.out.display().to_string();
        say::line(out, "")?;
        let holds = format!("{} files, {}", HumanCount(packed.files), HumanBytes(packed.bytes));
        say::line(
            out,
            &format!("{name} holds the evidence: {holds}; its manifest has SHA-256 {}", hex::encode(packed.manifest)),
        )?;
        // The keys in it prove nothing by themselves.
        let trusted = if signer.is_some() { "--signer PUBLIC-KEY.pem" } else { "--public-keys aws" };
        say::next(out, &format!("trailseal verify {} {trusted}", shell(&name)))?;
    }
    Ok(report.verdict.exit_status())
}

/// A bundle that is gone unless it was packed, however the run ends.
struct GivenUp(Arc<Recording>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

/// What is said of the files that are signed.
fn predicate(report: &Report) -> serde_json::Value {
    serde_json::json!({
        "tool": Report::tool(),
        "source": report.request.source,
        "start": report.period().start,
        "end": report.request.end,
        "as_of": report.request.as_of,
        "verdict": report.verdict,
    })
}

impl BundleArgs {
    fn include(&self) -> IncludeLogs {
        match self.include_logs {
            Which::All => IncludeLogs::All,
            Which::Failed => IncludeLogs::Failed,
            Which::None => IncludeLogs::None,
        }
    }

    /// Whether there can be such a bundle. A long audit must not fail at its last step, and no bundle is written over.
    fn has_room(&self) -> Result<(), Failure> {
        let parent = self.out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = parent.unwrap_or(Path::new("."));
        let name = self.out.display();
        if std::fs::symlink_metadata(&self.out).is_ok() {
            return Err(Failure::told(format!("{name} is there already; name another file")));
        }
        if self.out.file_name().is_none() || !folder.is_dir() {
            return Err(Failure::told(format!("{name} cannot be written: there is no such directory; make it first")));
        }
        if self.evidence.of(Some(&self.source)).directories().any(|source| super::evidence::holds(source, folder)) {
            return Err(Failure::told(format!("{name} would lie in its own evidence; name a file outside of it")));
        }
        Ok(())
    }

    /// The bundle before. What it holds is no concern here, and verifying it together with this one is.
    fn previous(&self) -> Result<Option<Previous>, Failure> {
        let Some(path) = &self.previous else { return Ok(None) };
        let bundle = Bundle::open(path, &Limits::default()).map_err(Failure::told)?;
        let wrong = |why: String| Failure::told(format!("{}: the report in it: {why}", path.display()));
        let report = Report::parse(&bundle.packed_report(REPORT_BYTES).map_err(wrong)?);
        let report = report.map_err(|error| wrong(error.to_string()))?;
        Previous::of(&bundle.archive, &report).map(Some).map_err(Failure::told)
    }

    fn not_written(&self, error: &io::Error) -> Failure {
        Failure::told(format!(
            "{} cannot be written: {error}; see to the disk, or name another file",
            self.out.display()
        ))
    }

    /// By whom, when, where and with what.
    /// By whom, and what else may be another when the same is made again.
    fn made(&self, caller: Option<String>, told: serde_json::Value, manifest: &[u8; 32]) -> io::Result<Vec<u8>> {
        let made = Made { caller, ..made::made() };
        let mut value = serde_json::to_value(made)?;
        if let (Some(value), serde_json::Value::Object(told)) = (value.as_object_mut(), told) {
            value.extend(told);
        }
        value["manifest_sha256"] = hex::encode(manifest).into();
        value["tool"] = serde_json::to_value(Report::tool())?;
        let mut text = serde_json::to_vec_pretty(&value)?;
        text.push(b'\n');
        Ok(text)
    }
}
