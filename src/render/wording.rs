//! Words that more than one form says.

use crate::finding::Severity;
use crate::report::{Report, Verdict};

/// What the verdict means, to be read below its headline.
pub(super) fn meaning(report: &Report) -> &'static str {
    let waived = report.findings.iter().any(|finding| finding.waived);
    match report.verdict {
        Verdict::Intact if waived => {
            "Everything asked for was proven, apart from the findings waived below. The line above says what was \
             asked for; the end of this report says what was not checked."
        }
        Verdict::Intact => {
            "Everything asked for was proven: what was checked is what CloudTrail delivered. The line above says \
             what was asked for; the end of this report says what was not checked. It does not show that the \
             trail was set up to record every kind of event."
        }
        Verdict::NotIntact => {
            "Something that was signed or chained is contradicted by what is there: evidence was altered, deleted \
             or replaced. This shows that it happened, and neither who did it nor why."
        }
        Verdict::Inconclusive => {
            "No tampering is shown, but not everything asked for could be proven. This is not a clean result: \
             tampering may hide in what is unproven."
        }
    }
}

/// The findings of a severity.
pub(super) fn plural(severity: Severity) -> &'static str {
    match severity {
        Severity::Violation => "Violations",
        Severity::Unproven => "Unproven",
        Severity::Note => "Notes",
    }
}

/// What a severity says.
pub(super) fn says(severity: Severity) -> &'static str {
    match severity {
        Severity::Violation => "something signed or chained is contradicted",
        Severity::Unproven => "could not be shown either way",
        Severity::Note => "worth knowing; these change no verdict",
    }
}

/// `1 finding`, `2,400 findings`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", crate::report::thousands(number as u64))
}
