//! What came of a log file, step by step.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use super::log::shown;
use super::{Outcome, UNPINNED, ended, step};
use crate::audit::{SpotCheck, SpotChecked, VouchedBy};
use crate::cli::Failure;
use crate::cli::say;
use crate::cli::simulate::shell_path;
use crate::digest::SignatureSource;
use crate::finding::{Code, Finding, Severity};
use crate::logfile::LogDefect;
use crate::report::Verdict;
use crate::trail::LogKey;

/// An answer, and what there is to be said of it.
pub(super) struct Told<'a> {
    pub check: &'a SpotCheck,
    /// Whether the content was read on the way, and not told yet.
    pub content: bool,
    /// Whether the source has no more of the chain.
    pub alone: bool,
    /// The options with which it was asked for, as far as `verify` has them, each after a space.
    pub options: String,
}

/// Tells each step, and gives the exit status.
pub(super) fn tell(told: &Told<'_>, out: &mut dyn Write) -> Result<u8, Failure> {
    let report = &told.check.report;
    let Some(file) = told.check.files.first() else { return ended(Outcome::Unproven, true, out) };
    if told.content {
        read(told.check, file, out)?;
    }
    let (count, files) = (file.looked_at, if file.looked_at == 1 { "digest file" } else { "digest files" });
    step(out, "digests", &format!("{count} {files} around {} looked at", file.key.name.minute))?;
    for by in &file.by {
        vouched(by, report.findings.iter(), out)?;
    }
    if file.by.is_empty() {
        step(out, "vouched for", "by no verified digest")?;
    } else if told.alone {
        step(out, "chain", "not walked before or after that digest: the bundle holds no more of it")?;
    } else {
        let text = format!("{:<20} not walked before or after that digest; this does: ", "chain");
        say::line_with(out, &text, &walk(told, file))?;
    }
    let unpinned = |finding: &&Finding| finding.code == Code::PublicKeyUnpinned;
    for finding in report.findings.iter().filter(|finding| !unpinned(finding)) {
        let name = if finding.severity == Severity::Note { "note" } else { "finding" };
        let subject = finding.subject.as_ref().map(|at| format!(" ({})", shown(at))).unwrap_or_default();
        step(out, name, &format!("{}: {}{subject}", finding.code, finding.message))?;
    }
    if report.findings.iter().any(|finding| unpinned(&finding)) {
        step(out, "keys", UNPINNED)?;
    }
    let outcome = match report.verdict {
        Verdict::Intact => Outcome::Proven,
        Verdict::NotIntact => Outcome::Contradicted,
        Verdict::Inconclusive => Outcome::Unproven,
    };
    ended(outcome, true, out)
}

/// The command that walks the chains of the digests that name it, over all of their time.
fn walk(told: &Told<'_>, file: &SpotChecked) -> String {
    let source = shell_path(Path::new(&told.check.report.request.source));
    let LogKey { folder, region, .. } = &file.key;
    let trails: BTreeSet<&str> = file.by.iter().map(|by| by.chain.trail.as_str()).collect();
    let trails: Vec<&str> = trails.into_iter().collect();
    let (account, trails) = (&folder.account, trails.join(","));
    let which = format!("--account-id {account} --region {region} --trail-name {trails} --log-files none");
    format!("trailseal verify {source} {which}{}", told.options)
}

/// What was read, as far as the report tells.
fn read(check: &SpotCheck, file: &SpotChecked, out: &mut dyn Write) -> Result<(), Failure> {
    let of_log = |code| check.report.findings.iter().find(|finding| finding.code == code);
    let computed = of_log(Code::LogHashMismatch).map(|finding| finding.computed.clone().unwrap_or_default());
    let whole = check.report.totals.log_files.verified > 0 || computed.is_some();
    match file.by.first() {
        None => step(out, "content", "not read: no verified digest names it")?,
        Some(by) if whole => {
            let bytes = check.report.totals.bytes_hashed;
            step(out, "content", &format!("one whole file of {bytes} uncompressed bytes"))?;
            step(out, "SHA-256", &computed.unwrap_or_else(|| by.hash.to_string()))?;
        }
        Some(_) => step(out, "content", "not one whole file that could be read: see below")?,
    }
    Ok(())
}

/// A digest that names it.
fn vouched<'f>(
    by: &VouchedBy,
    mut findings: impl Iterator<Item = &'f Finding>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let hash = by.hash.to_string();
    let of_log = |finding: &Finding| {
        let about = finding.subject.as_ref() == Some(&by.log) && finding.severity != Severity::Note;
        // Two digests may record different content, of which one can be this.
        about && finding.recorded.as_ref().is_none_or(|recorded| *recorded == hash)
    };
    let said = match findings.find(|finding| of_log(finding)).map(|finding| finding.code) {
        None => "records this very content",
        Some(Code::LogUnreadable) => "names it, and it could not be read",
        Some(Code::LogMissing) => "names it, and it is not there",
        Some(_) => "records OTHER content",
    };
    let from = match by.signature_from {
        SignatureSource::Metadata => "the object's metadata",
        SignatureSource::Successor => "its successor's previousDigestSignature",
        SignatureSource::SuccessorDespiteMetadata => "its successor; the one in its metadata does NOT verify",
    };
    step(out, "vouched for", &format!("{} {said}", shown(&by.digest)))?;
    step(out, "  chain", &by.chain.to_string())?;
    step(out, "  covers", &by.covers.to_string())?;
    step(out, "  signed with", &by.fingerprint)?;
    step(out, "  signature", &format!("verifies (RSASSA-PKCS1-v1_5, SHA-256), taken from {from}"))?;
    step(out, "  delivered to", &shown(&by.log))?;
    step(out, "  recorded SHA-256", &hash)?;
    Ok(())
}

/// Why a file at hand is none.
pub(super) fn describe(defect: &LogDefect) -> String {
    match defect {
        LogDefect::Malformed(why) => format!("not one complete gzip member: {why}"),
        LogDefect::TrailingData { sha256 } => {
            format!("data follows its end; up to there its SHA-256 is {}", hex::encode(sha256))
        }
        LogDefect::OverLimit(limit) => format!("it inflates to more than {limit} bytes"),
    }
}
