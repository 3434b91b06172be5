//! Whether the report in a bundle is what the evidence in it comes to.

use crate::finding::{Code, Finding, Severity};
use crate::report::{Checks, LogTally, Report};

/// How a report that was made now differs from the one in the bundle; none if they say the same. Where the keys came from,
/// what the evidence is called and which version looked at it are another matter at another desk. Where log files were left
/// out of the bundle, only what is said of the others is compared. Another version has other words, and may note more.
pub fn differences(packed: &Report, now: &Report, with_logs: bool) -> Option<Finding> {
    let same_words = packed.tool == now.tool;
    let comparable = |report| comparable(report, with_logs, same_words);
    let (packed, now) = (comparable(packed), comparable(now));
    let mut differ = Vec::new();
    let mut look = |what: &str, same: bool| {
        if !same {
            differ.push(what.to_owned());
        }
    };
    look("what was asked", packed.request == now.request);
    look("the verdict", packed.verdict == now.verdict);
    look("the totals", packed.totals == now.totals);
    look("the chains", packed.chains == now.chains);
    look("the findings", packed.findings == now.findings);
    look("the waivers", packed.waivers == now.waivers);
    if same_words && with_logs {
        look("what was checked", claims_no_more(&packed.checks, &now.checks));
    }
    if differ.is_empty() {
        return None;
    }
    let about = format!("the report in the bundle is not what its evidence comes to: {} differ", differ.join(", "));
    let told = |report: &Report| {
        let (digests, logs) = (report.totals.digests, report.totals.log_files);
        format!(
            "{}; {} digest files and {} log files verified; {} findings",
            report.verdict,
            digests.verified,
            logs.verified,
            report.findings.len()
        )
    };
    Some(Finding::new(Code::BundleReportDiffers, about).compared(told(&packed), told(&now)))
}

/// Whether nothing is told as done that was not done again, and nothing left untold that could not be. Whose the keys are, and what
/// nothing but a copy tells, is another matter at another desk.
fn claims_no_more(packed: &Checks, now: &Checks) -> bool {
    packed.performed.iter().all(|line| now.performed.contains(line) || is_done_at_the_desk(line))
        && now.skipped.iter().all(|line| packed.skipped.contains(line) || is_told_at_the_desk(line))
}

/// Whole lines, for whoever alters a report can put any of their words into another. Of a bundle, they are of the one that this one
/// was made of.
fn is_done_at_the_desk(line: &str) -> bool {
    let of_files =
        line.strip_prefix("the ").and_then(|rest| rest.strip_suffix(" files of the bundle against its manifest"));
    of_files.is_some_and(|count| count.parse::<u64>().is_ok())
        || line.starts_with("the signature of the bundle, by ")
        || [
            "signatures under keys obtained apart from the evidence",
            "what is made of the evidence in the bundle, made again",
            "the report in the bundle against its evidence",
            "the report in the bundle against its digest files",
        ]
        .contains(&line)
}

fn is_told_at_the_desk(line: &str) -> bool {
    line == "whether AWS signed: the keys came with the evidence"
        || line.ends_with("nothing but the copy itself tells when they were written")
}

/// What a report says of the evidence alone.
fn comparable(report: &Report, with_logs: bool, same_words: bool) -> Report {
    let mut report = report.clone();
    report.findings.retain(|finding| !OF_THE_DESK.contains(&finding.code));
    if !same_words {
        report.findings.retain(|finding| finding.severity != Severity::Note);
        report.findings.iter_mut().for_each(|finding| finding.message.clear());
    }
    report.request.source = String::new();
    if !with_logs {
        report.request.log_files = String::new();
        report.findings.retain(|finding| !finding.code.name().starts_with("log-"));
        report.totals.log_files = LogTally::default();
        report.totals.bytes_hashed = 0;
        report.chains.iter_mut().for_each(|chain| chain.log_files = LogTally::default());
    }
    report.decide_again();
    report
}

/// What depends on who looks, and on which keys they trust.
const OF_THE_DESK: [Code; 8] = [
    Code::PublicKeyUnpinned,
    Code::EndFromEvidence,
    Code::BundleFileAltered,
    Code::BundleFileMissing,
    Code::BundleFileUnlisted,
    Code::BundleReportDiffers,
    Code::BundleSignatureInvalid,
    Code::BundleSignatureMissing,
];
