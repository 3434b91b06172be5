//! A bundle that is verified: asked what it was made of, and held against its own manifest and report.

use super::Failure;
use super::ask::AuditArgs;
use super::evidence::REPORT_BYTES;
use crate::audit::{AuditRequest, LogFiles};
use crate::bundle::{self, Bundle, IncludeLogs, Vouched};
use crate::finding::{Code, Finding};
use crate::report::{Report, Waivers};

/// Unless something else is asked for by name, a bundle is asked for what was asked when it was made.
pub(super) fn ask_again(bundle: &Bundle, args: &AuditArgs, request: &mut AuditRequest) -> Result<(), Failure> {
    if args.names_something() {
        return Ok(());
    }
    let wrong = |why: String| Failure::told(format!("{}: {why}", bundle.archive.path().display()));
    bundle.request.ask(request).map_err(wrong)?;
    if lacks_logs(bundle) {
        request.log_files = LogFiles::Listing;
    }
    if !args.gives_waivers()
        && let Some(text) = bundle.waivers(&request.limits).map_err(Failure::told)?
    {
        request.waivers = Waivers::parse(&text).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(())
}

/// Adds to a report on the evidence what is found of the bundle that it lies in.
pub(super) fn check(
    bundle: &Bundle,
    vouched: Option<Result<Vouched, Box<Finding>>>,
    args: &AuditArgs,
    report: &mut Report,
) {
    let (mut findings, files) = bundle::check_files(&bundle.archive);
    match vouched {
        Some(Ok(Vouched { by, since })) => {
            let since = since.map_or_else(
                || "the time of which nobody was named to say".to_owned(),
                |since| format!("time-stamped {since}"),
            );
            report.checks.performed.push(format!("the signature of the bundle, by {}; {since}", by.join(" and ")));
        }
        Some(Err(finding)) => findings.push(*finding),
        None => {
            let why = match bundle::is_signed(&bundle.archive) {
                true => "it is signed, and nobody was named with --signer",
                false => "it is not signed",
            };
            report.checks.skipped.push(format!("who vouches for the bundle: {why}"));
        }
    }
    report.checks.performed.push(format!("the {files} files of the bundle against its manifest"));
    let skipped = if args.names_something() {
        Some("something else was asked for than what it was made of")
    } else if args.gives_waivers() {
        Some("other waivers were given")
    } else if report.is_partial() {
        Some("the run was interrupted")
    } else {
        None
    };
    if let Some(why) = skipped {
        report.checks.skipped.push(format!("the report in the bundle against its evidence: {why}"));
    } else {
        findings.extend(compare(bundle, report));
    }
    report.also(findings);
}

fn compare(bundle: &Bundle, report: &mut Report) -> Option<Finding> {
    let unreadable = |why: String| {
        let about = format!("{} in the bundle is no report that can be read: {why}", bundle::REPORT);
        Some(Finding::new(Code::BundleFileAltered, about))
    };
    let packed = match bundle.packed_report(REPORT_BYTES) {
        Err(why) => return unreadable(why),
        Ok(text) => match Report::parse(&text) {
            Err(error) => return unreadable(error.to_string()),
            Ok(packed) => packed,
        },
    };
    if lacks_logs(bundle) {
        let kept = if bundle.request.include_logs == IncludeLogs::None { "no" } else { "not all" };
        let why = format!("the report in the bundle against its log files: {kept} log files are in the bundle");
        report.checks.skipped.push(why);
        report.checks.performed.push("the report in the bundle against its digest files".to_owned());
        return bundle::differences(&packed, report, false);
    }
    report.checks.performed.push("the report in the bundle against its evidence".to_owned());
    bundle::differences(&packed, report, true)
}

/// Whether log files that were read when the bundle was made are not in it.
fn lacks_logs(bundle: &Bundle) -> bool {
    bundle.request.include_logs != IncludeLogs::All && bundle.request.log_files != LogFiles::None.to_string()
}
