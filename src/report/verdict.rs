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

/// How much was verified of how much, by how much was to be read; `named` log files, where they were asked for by name.
pub(super) fn scope(asked: &str, named: usize, logs: LogTally, digests: Tally) -> String {
    let read = logs.read();
    let logs = match asked {
        // Whatever else was delivered in the same time was not asked for, and must not seem to have been.
        _ if named > 0 => {
            let files = if named == 1 { "log file" } else { "log files" };
            format!("{} of {} {files} asked for by name verified", thousands(logs.verified), thousands(named as u64))
        }
        "all" if logs.not_checked == 0 => {
            let before = match logs.unchanged {
                0 => String::new(),
                unchanged => format!(" ({} in earlier runs, and unchanged since)", thousands(unchanged)),
            };
            format!("{} of {} log files verified{before}", thousands(logs.verified), thousands(logs.listed()))
        }
        "none" => format!("chain only, {} of {} log files read", thousands(read), thousands(logs.listed())),
        "listing" => {
            format!("chain and listing only, {} of {} log files read", thousands(read), thousands(logs.listed()))
        }
        _ => format!("{} of {} log files read", thousands(read), thousands(logs.listed())),
    };
    with_digests(&logs, digests)
}

fn with_digests(logs: &str, digests: Tally) -> String {
    let met = digests.verified.saturating_add(digests.violated).saturating_add(digests.unproven);
    format!("{logs}, {} of {} digest files verified", thousands(digests.verified), thousands(met))
}

/// How many findings a waiver accepts, where there are any: they would decide.
pub(super) fn waived<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let counts = |finding: &&Finding| finding.waived && finding.severity != Severity::Note;
    match findings.into_iter().filter(counts).count() {
        0 => String::new(),
        1 => ", 1 finding waived".to_owned(),
        waived => format!(", {} findings waived", thousands(waived as u64)),
    }
}

/// How much was read for a sample, such as `sample:25 seed 7` or `sample:5% seed 7`; none if it was not asked for one.
fn sampled(asked: &str, logs: LogTally, partial: bool) -> Option<String> {
    let (size, seed) = asked.strip_prefix("sample:")?.split_once(" seed ")?;
    let seed: u64 = seed.parse().ok()?;
    if let Some(share) = size.strip_suffix('%') {
        let share: f64 = share.parse().ok()?;
        let (read, listed) = (thousands(logs.read()), thousands(logs.listed()));
        return Some(format!("{read} of {listed} log files read for a sample of {share}%, seed {seed}"));
    }
    let size: u64 = size.parse().ok()?;
    let read = logs.read();
    let listed = thousands(logs.listed());
    // Others are read too where the listing does not show enough of them, and of the sample some may not be to be had.
    let whole = !partial && logs.unproven == 0;
    Some(match () {
        () if whole && logs.not_checked == 0 => format!("sample of all {listed} log files read, seed {seed}"),
        () if whole && read == size => format!("sample of {} of {listed} log files read, seed {seed}", thousands(size)),
        () => {
            format!("{} of {listed} log files read for a sample of {}, seed {seed}", thousands(read), thousands(size))
        }
    })
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
        let only = self.only();
        let only = if only.is_empty() { String::new() } else { format!(", only {}", only.join(" ")) };
        let waived = waived(&self.findings);
        let partial = if self.is_partial() { " (partial: the run was interrupted)" } else { "" };
        let (asked, logs, digests) = (&self.request.log_files, self.totals.log_files, self.totals.digests);
        let named = self.request.named_log_files.len();
        let scope = match sampled(asked, logs, self.is_partial()).filter(|_| named == 0) {
            Some(sampled) => with_digests(&sampled, digests),
            None => scope(asked, named, logs, digests),
        };
        let reached = self.reached();
        format!("{}{partial}: {scope}, {}{reached}{only}{waived}", self.verdict, self.period())
    }

    /// Until when it is proven, where not all that is asked for is due yet: `intact` to an end must not seem to say more.
    fn reached(&self) -> String {
        if self.verdict != Verdict::Intact || !self.request.named_log_files.is_empty() {
            return String::new();
        }
        let (until, none) = self.proven_by_all();
        let until = until.filter(|until| *until < self.request.end);
        let most = until.map(|until| format!("every chain proven to {until}"));
        let none = match none {
            0 => None,
            1 => Some("1 chain not at all".to_owned()),
            none => Some(format!("{} chains not at all", thousands(none as u64))),
        };
        match (most, none) {
            (None, None) => String::new(),
            (Some(most), None) => format!(" ({most})"),
            (None, Some(none)) => format!(" (proven, but for {none})"),
            (Some(most), Some(none)) => format!(" ({most}, but for {none})"),
        }
    }

    /// Whether log files were not read because that was asked for, or the run was interrupted: `intact` then says less than
    /// that everything was compared with what was signed.
    pub fn is_narrowed(&self) -> bool {
        self.totals.log_files.not_checked > 0 || !self.request.named_log_files.is_empty() || self.is_partial()
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
    use crate::report::{ChainReport, Checks, LogTally, RequestReport, Waivers};
    use crate::trail::{ChainKind, Interval, Time};

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

    fn report(log_files: &str, logs: LogTally, findings: Vec<Finding>) -> Report {
        let request = RequestReport {
            source: "logs".to_owned(),
            start: None,
            end: Time::from_unix(0),
            as_of: Time::from_unix(0),
            accounts: Vec::new(),
            regions: Vec::new(),
            trails: Vec::new(),
            log_files: log_files.to_owned(),
            named_log_files: Vec::new(),
            delivered_to: None,
            s3_prefix: None,
        };
        let waivers = Waivers::default();
        let mut report = Report::conclude(request, Vec::new(), findings, 0, &waivers, Vec::new(), Checks::default());
        report.totals.log_files = logs;
        report.totals.digests = Tally { verified: 1_000, violated: 20, unproven: 3 };
        report
    }

    fn said(report: &Report) -> String {
        let headline = report.headline();
        let (scope, _) = headline.split_once(", 1,000 of 1,023 digest files verified, ").unwrap();
        scope.to_owned()
    }

    #[test]
    fn the_headline_says_how_much_was_read() {
        let whole = LogTally { verified: 8, violated: 1, unproven: 1, ..LogTally::default() };
        let part = LogTally { not_checked: 6, ..whole };
        let said = |log_files, logs| said(&report(log_files, logs, Vec::new()));
        assert_eq!(said("all", whole), "inconclusive: 8 of 10 log files verified");
        assert_eq!(said("all", part), "inconclusive: 9 of 16 log files read");
        assert_eq!(said("sample", whole), "inconclusive: 9 of 10 log files read");
        assert_eq!(said("none", part), "inconclusive: chain only, 9 of 16 log files read");
        assert_eq!(said("listing", part), "inconclusive: chain and listing only, 9 of 16 log files read");
    }

    #[test]
    fn the_headline_names_a_sample_and_claims_no_more_than_was_read() {
        let read = LogTally { verified: 24, violated: 1, not_checked: 2_375, ..LogTally::default() };
        let said = |log_files, logs| said(&report(log_files, logs, Vec::new()));
        assert_eq!(said("sample:25 seed 7", read), "inconclusive: sample of 25 of 2,400 log files read, seed 7");
        let all = LogTally { not_checked: 0, ..read };
        assert_eq!(said("sample:25 seed 7", all), "inconclusive: sample of all 25 log files read, seed 7");
        assert_eq!(said("sample:1000 seed 7", all), "inconclusive: sample of all 25 log files read, seed 7");
        // More was read than the sample, or less.
        let other = "inconclusive: 25 of 2,400 log files read for a sample of 24, seed 7";
        assert_eq!(said("sample:24 seed 7", read), other);
        let denied = LogTally { verified: 23, unproven: 1, ..read };
        let other = "inconclusive: 24 of 2,400 log files read for a sample of 25, seed 7";
        assert_eq!(said("sample:25 seed 7", denied), other);
        let interrupted = report("sample:25 seed 7", read, vec![Finding::new(Code::RunInterrupted, "")]);
        let partial =
            "inconclusive (partial: the run was interrupted): 25 of 2,400 log files read for a sample of 25, seed 7";
        assert_eq!(super::tests::said(&interrupted), partial);
        let share = "inconclusive: 25 of 2,400 log files read for a sample of 0.5%, seed 7";
        assert_eq!(said("sample:0.5% seed 7", read), share);
        // A saved report can say anything.
        for odd in
            ["sample:5%", "sample:x% seed 7", "sample:25", "sample:25 seed x", "sample:99999999999999999999 seed 7"]
        {
            assert_eq!(said(odd, read), "inconclusive: 25 of 2,400 log files read");
        }
    }

    #[test]
    fn the_headline_says_that_log_files_were_asked_for_by_name() {
        let logs = LogTally { verified: 1, ..LogTally::default() };
        let mut named = report("named", logs, Vec::new());
        named.request.named_log_files = vec!["one".to_owned()];
        assert_eq!(said(&named), "inconclusive: 1 of 1 log file asked for by name verified");
        assert!(named.is_narrowed());
        // What no digest names is in no count of what digests list.
        named.request.named_log_files.push("another".to_owned());
        assert_eq!(said(&named), "inconclusive: 1 of 2 log files asked for by name verified");
        named.request.named_log_files.clear();
        assert!(!said(&named).contains("by name"), "no name, no claim of one");
    }

    #[test]
    fn the_headline_says_what_narrows_the_verdict() {
        let mut narrowed = report("all", LogTally::default(), Vec::new());
        assert!(!narrowed.is_partial());
        let plain = narrowed.headline();
        assert!(!plain.contains("only") && !plain.contains("waived") && !plain.contains("partial"), "{plain}");
        narrowed.request.accounts.push("111122223333".to_owned());
        narrowed.request.regions.push("us-east-1".to_owned());
        narrowed.request.s3_prefix = Some("a/".to_owned());
        narrowed.findings = vec![Finding { waived: true, ..Finding::new(Code::LogMissing, "") }; 2];
        narrowed.findings.push(Finding::new(Code::LogMissing, ""));
        let told = narrowed.headline();
        assert!(told.ends_with(", only 111122223333 us-east-1 prefix \"a/\", 2 findings waived"), "{told}");
        assert!(!narrowed.is_partial());
        narrowed.findings.push(Finding::new(Code::RunInterrupted, ""));
        assert!(narrowed.is_partial());
        assert_eq!(said(&narrowed), "inconclusive (partial: the run was interrupted): 0 of 0 log files verified");
    }

    /// A region whose last digest is not due yet, or was taken away within the time in which it was not: not proven to the end.
    #[test]
    fn the_headline_of_what_is_intact_says_how_far_every_chain_is_proven() {
        let end = Time::parse_digest_time("2026-01-10T06:42:10Z").unwrap();
        let mut held = report("all", LogTally::default(), Vec::new());
        held.request.end = end;
        held.chains = [0, 3600].map(|behind| chain(end.plus(-behind))).to_vec();
        assert!(!held.headline().contains("proven to"), "what is inconclusive claims no time: {}", held.headline());
        held.verdict = Verdict::Intact;
        let told = held.headline();
        assert!(told.ends_with(" to 2026-01-10T06:42:10Z (every chain proven to 2026-01-10T05:42:10Z)"), "{told}");
        let behind = held.chains.pop();
        assert!(held.headline().ends_with(" to 2026-01-10T06:42:10Z"), "{}", held.headline());
        held.chains.push(ChainReport { proven: Vec::new(), ..chain(end) });
        assert!(held.headline().ends_with(" (proven, but for 1 chain not at all)"), "{}", held.headline());
        held.chains.extend(behind);
        let told = "(every chain proven to 2026-01-10T05:42:10Z, but for 1 chain not at all)";
        assert!(held.headline().ends_with(told), "{}", held.headline());
    }

    /// A chain that is proven for some hours until then.
    fn chain(until: Time) -> ChainReport {
        ChainReport {
            account_id: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            trail: "audit".to_owned(),
            home_region: "us-east-1".to_owned(),
            kind: ChainKind::Standard,
            digests: Tally::default(),
            log_files: LogTally::default(),
            newest: None,
            oldest: None,
            proven: vec![Interval::new(until.plus(-7200), until)],
            holes: Vec::new(),
        }
    }

    #[test]
    fn verdicts_are_written_as_reports_have_them() {
        let written = [Verdict::Intact, Verdict::NotIntact, Verdict::Inconclusive].map(|verdict| verdict.to_string());
        assert_eq!(written, ["intact", "not-intact", "inconclusive"]);
    }
}
