//! Which of the things that were checked a finding is about: the tests and checks of forms that have such.

use crate::finding::{Code, Finding, Severity};
use crate::report::{AppliedWaiver, ChainReport, Report, thousands};

/// What was checked of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aspect {
    /// Digest files: signatures, hashes, links, keys.
    Digests,
    /// Log files, and what lies among them.
    LogFiles,
    /// That every moment asked for is covered.
    Coverage,
}

impl Aspect {
    pub(super) const ALL: [Aspect; 3] = [Aspect::Digests, Aspect::LogFiles, Aspect::Coverage];

    pub(super) fn name(self) -> &'static str {
        match self {
            Aspect::Digests => "digest files",
            Aspect::LogFiles => "log files",
            Aspect::Coverage => "coverage",
        }
    }

    /// What a finding of that code is about.
    pub(super) fn of(code: Code) -> Aspect {
        match code {
            Code::DigestMissing
            | Code::DigestSignatureInvalid
            | Code::DigestMalformed
            | Code::DigestMoved
            | Code::DigestKeyUnknown
            | Code::DigestIdentityMismatch
            | Code::LinkHashMismatch
            | Code::LinkSignatureMismatch
            | Code::LinkLocationMismatch
            | Code::DigestSignatureMissing
            | Code::DigestUnreadable
            | Code::PublicKeyUnavailable
            | Code::PublicKeyUnpinned
            | Code::ObjectStray
            | Code::KeyOutsideValidityWindow
            | Code::HistoryRewritten
            | Code::DigestLate => Aspect::Digests,
            Code::LogMissing
            | Code::LogHashMismatch
            | Code::LogMalformed
            | Code::LogTrailingData
            | Code::LogUnreadable
            | Code::LogUnlisted
            | Code::LogListedTwice
            | Code::LogModifiedAfterDelivery => Aspect::LogFiles,
            // What is found of a bundle is of no chain, and stands beside those of all.
            Code::BundleFileAltered
            | Code::BundleFileMissing
            | Code::BundleReportDiffers
            | Code::BundleSignatureInvalid
            | Code::BundleSignatureMissing
            | Code::BundleGap
            | Code::BundleFileUnlisted
            | Code::NothingFound
            | Code::CoverageHole
            | Code::ChainGone
            | Code::FolderUnreadable
            | Code::RunInterrupted
            | Code::RunFailed
            | Code::RunIncomplete
            | Code::ChainContinuesBefore
            | Code::EndFromEvidence
            | Code::WaiverUnused => Aspect::Coverage,
        }
    }

    /// The chain's own counts of it, in a line.
    pub(super) fn counts(self, chain: &ChainReport) -> String {
        match self {
            Aspect::Digests => {
                let of = chain.digests;
                let [verified, violated, unproven] = [of.verified, of.violated, of.unproven].map(thousands);
                format!("{verified} verified, {violated} violated, {unproven} unproven")
            }
            Aspect::LogFiles => {
                let of = chain.log_files;
                let counts = [of.verified, of.violated, of.unproven, of.not_checked, of.unlisted].map(thousands);
                let [verified, violated, unproven, not_checked, unlisted] = counts;
                format!(
                    "{verified} verified, {violated} violated, {unproven} unproven, {not_checked} not checked, {unlisted} unlisted"
                )
            }
            Aspect::Coverage => {
                let holes: i64 = chain.hole_seconds().values().sum();
                format!("{} seconds proven, {holes} seconds in {} holes", chain.proven_seconds(), chain.holes.len())
            }
        }
    }
}

/// Whether a finding changes a verdict.
pub(super) fn counts(finding: &Finding) -> bool {
    !finding.waived && finding.severity != Severity::Note
}

/// What was not checked, each in a line, unescaped: whoever reads of a verdict must learn what it does not speak of.
pub(super) fn not_checked(report: &Report) -> impl Iterator<Item = String> + '_ {
    report.checks.skipped.iter().map(|check| format!("not checked: {check}"))
}

/// The waivers, each in a line, unescaped: what was accepted, by whom, until when and why.
pub(super) fn waivers(report: &Report) -> impl Iterator<Item = String> + '_ {
    report.waivers.iter().map(|waiver| {
        let AppliedWaiver { code, who, until, reason, findings, expired, .. } = waiver;
        let only = waiver.narrowed_to().into_iter().map(|only| format!(", {only}")).collect::<String>();
        let applied = match expired {
            true => "expired, and not applied".to_owned(),
            false => format!("applied to {findings}"),
        };
        format!("waiver: {code}{only}: accepted by {who} until {until}: {reason} ({applied})")
    })
}

/// A finding in one line, unescaped: its code, its reason, what it is about, what happened.
pub(super) fn line(finding: &Finding) -> String {
    let mut said = finding.code.to_string();
    if let Some(reason) = finding.reason {
        said += &format!(" ({reason})");
    }
    if let Some(at) = &finding.subject {
        said += &format!(": {at}");
    }
    if let Some(interval) = finding.interval {
        said += &format!(", {interval}");
    }
    said += &format!(": {}", finding.message);
    if let (Some(recorded), Some(computed)) = (&finding.recorded, &finding.computed) {
        said += &format!("; recorded {recorded}, computed {computed}");
    }
    said
}
