//! The verdict: decided here, once.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::Report;
use super::tally::LogTally;
use crate::chain::Tally;
use crate::finding::{Code, Finding, Severity};

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every object and every moment requested was proven.
    Intact,
    /// Tampering or loss is shown.
    NotIntact,
    /// No violation, but something requested could not be proven.
    Inconclusive,
}

/// A violation decides; else whatever is unproven; and nothing at all proves nothing.
pub(super) fn decide<'a>(findings: impl IntoIterator<Item = &'a Finding>, digests: Tally) -> Verdict {
    let counted = findings.into_iter().filter(|finding| !finding.waived);
    match counted.map(|finding| finding.severity).min() {
        Some(Severity::Violation) => Verdict::NotIntact,
        Some(Severity::Unproven) => Verdict::Inconclusive,
        Some(Severity::Note) | None if digests.verified == 0 => Verdict::Inconclusive,
        Some(Severity::Note) | None => Verdict::Intact,
    }
}

/// How much was verified of how much, by how much was to be read.
pub(super) fn scope(asked: &str, logs: LogTally, digests: Tally) -> String {
    let read = logs.listed() - logs.not_checked;
    let logs = match asked {
        "all" if logs.not_checked == 0 => {
            format!("{} of {} log files verified", thousands(logs.verified), thousands(logs.listed()))
        }
        "none" => format!("chain only, {} of {} log files read", thousands(read), thousands(logs.listed())),
        "listing" => {
            format!("chain and listing only, {} of {} log files read", thousands(read), thousands(logs.listed()))
        }
        _ => format!("{} of {} log files read", thousands(read), thousands(logs.listed())),
    };
    let met = digests.verified.saturating_add(digests.violated).saturating_add(digests.unproven);
    format!("{logs}, {} of {} digest files verified", thousands(digests.verified), thousands(met))
}

impl Verdict {
    /// The exit status that tells it: 0 intact, 1 not intact, 3 inconclusive (2 is for runs that came to no verdict).
    pub fn exit_status(self) -> u8 {
        match self {
            Verdict::Intact => 0,
            Verdict::NotIntact => 1,
            Verdict::Inconclusive => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Intact => "intact",
            Verdict::NotIntact => "not-intact",
            Verdict::Inconclusive => "inconclusive",
        })
    }
}

impl Report {
    /// Whether the run was interrupted, so that this is a report of what was seen by then.
    pub fn is_partial(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == Code::RunInterrupted)
    }

    /// The verdict with its scope, in one line: a narrower request narrows what `intact` means.
    pub fn headline(&self) -> String {
        let filters = [&self.request.accounts, &self.request.regions, &self.request.trails];
        let filtered: Vec<&str> = filters.iter().flat_map(|names| names.iter().map(String::as_str)).collect();
        let only = if filtered.is_empty() { String::new() } else { format!(", only {}", filtered.join(" ")) };
        let waived = self.findings.iter().filter(|finding| finding.waived).count();
        let waived =
            if waived == 0 { String::new() } else { format!(", {} findings waived", thousands(waived as u64)) };
        let partial = if self.is_partial() { " (partial: the run was interrupted)" } else { "" };
        format!(
            "{}{partial}: {}, {}{only}{waived}",
            self.verdict,
            scope(&self.request.log_files, self.totals.log_files, self.totals.digests),
            self.period(),
        )
    }

    /// Whether log files were not read because that was asked for, or the run was interrupted: `intact` then says less than
    /// that everything was compared with what was signed.
    pub fn is_narrowed(&self) -> bool {
        self.totals.log_files.not_checked > 0 || self.is_partial()
    }
}

/// A number as people read it: `2,400`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_unwaived_finding_decides_and_nothing_proves_nothing() {
        let some = Tally { verified: 1, ..Tally::default() };
        let finding = |code| Finding::new(code, "");
        let waived = |code| Finding { waived: true, ..Finding::new(code, "") };
        assert_eq!(decide(&[], some), Verdict::Intact);
        assert_eq!(decide(&[], Tally::default()), Verdict::Inconclusive);
        for code in Code::ALL {
            let expected = match code.severity() {
                Severity::Violation => Verdict::NotIntact,
                Severity::Unproven => Verdict::Inconclusive,
                Severity::Note => Verdict::Intact,
            };
            assert_eq!(decide(&[finding(*code)], some), expected, "{code}");
            assert_eq!(decide(&[waived(*code)], some), Verdict::Intact, "{code}");
        }
        assert_eq!(decide(&[finding(Code::CoverageHole), finding(Code::LogMissing)], some), Verdict::NotIntact);
        assert_eq!(decide(&[waived(Code::LogMissing)], Tally::default()), Verdict::Inconclusive);
    }

    #[test]
    fn exit_statuses_are_the_contracts() {
        let statuses = [Verdict::Intact, Verdict::NotIntact, Verdict::Inconclusive].map(Verdict::exit_status);
        assert_eq!(statuses, [0, 1, 3]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
