//! From the answers of all accounts and regions to the report.

use std::collections::BTreeSet;

use super::discover::Discovery;
use super::region::RegionOutcome;
use super::{Asked, AuditError, EndFrom, LogFiles, publish};
use crate::finding::{Code, Finding, Reason, Severity};
use crate::keys::KeyOrigin;
use crate::limits::SIBLINGS_NAMED;
use crate::report::{ChainReport, Checks, PublicKeyReport, Report, RequestReport};
use crate::trail::{ChainId, ObjectLocation};

impl Asked {
    /// Everything that the audit came to, in the order in which a report has it.
    pub(super) fn conclude(
        &self,
        discovery: Discovery,
        mut outcomes: Vec<RegionOutcome>,
    ) -> Result<Report, AuditError> {
        outcomes.sort_by(|a, b| a.chains.first().map(|(id, _)| id).cmp(&b.chains.first().map(|(id, _)| id)));
        let interrupted = self.request.stop.has_cut();
        if !interrupted {
            self.keys_must_fit(&outcomes)?;
        }
        let chains: Vec<ChainId> =
            outcomes.iter().flat_map(|outcome| outcome.chains.iter().map(|(id, _)| id.clone())).collect();
        let mut began_after: Vec<ChainId> =
            outcomes.iter().flat_map(|outcome| outcome.began_after.iter().cloned()).collect();
        began_after.sort();
        let mut findings: Vec<Finding> = discovery.beside.into_findings().collect();
        findings.extend(self.about_the_request(&chains));
        // Of what was not looked at, nobody can say that it is not there.
        if !interrupted {
            findings.extend(self.missing(&chains, &began_after));
            findings.extend(self.never_delivered(&outcomes));
            findings.extend(self.backfills_alone(&outcomes));
        }
        let public_keys = outcomes.iter().flat_map(|outcome| self.keys_used(outcome)).collect();
        let bytes = outcomes.iter().map(|outcome| outcome.bytes).sum();
        let bucket = outcomes.iter().find_map(|outcome| outcome.bucket.clone()).unwrap_or_default();
        self.observer.bucket_is(&bucket);
        let written_before: u64 = outcomes.iter().map(|outcome| outcome.written_before).sum();
        let left_out: u64 = outcomes.iter().map(|outcome| outcome.left_out).sum();
        let untimed: u64 = outcomes.iter().map(|outcome| outcome.untimed).sum();
        let unjudged = outcomes.iter().map(|outcome| outcome.unjudged).sum();
        let older = self.range.scope.start.is_none() && outcomes.iter().any(|outcome| outcome.older_logs);
        let newer = self.range.end_from.is_evidence() && outcomes.iter().any(|outcome| outcome.newer_logs);
        let not_read = reports_of(&outcomes).map(|report| report.log_files.not_checked).sum();
        findings.extend(self.drew_none(&outcomes).filter(|_| !interrupted));
        let proven = reports_of(&outcomes).any(|report| report.digests.verified > 0);
        let told = findings.iter().chain(outcomes.iter().flat_map(|outcome| &outcome.findings));
        if !proven && !interrupted && !told.into_iter().any(|finding| finding.severity != Severity::Note) {
            let message = "no digest file is of the time asked for: look at the start and the end asked for";
            findings.push(Finding::nothing_found(message.to_owned()));
        }
        if interrupted {
            say_interrupted(&mut findings, &outcomes);
        }
        publish(&self.observer, &findings);
        let mut reports = Vec::new();
        for outcome in outcomes {
            findings.extend(outcome.findings);
            reports.extend(outcome.chains.into_iter().map(|(_, report)| report));
        }
        for subject in findings.iter_mut().filter_map(|finding| finding.subject.as_mut()) {
            name_bucket(subject, &bucket);
        }
        let mut checks = self.checks(unjudged, not_read, &began_after);
        if untimed > 0 {
            checks.skipped.push(format!(
                "whether {untimed} log files were written again after their delivery: nothing but the copy itself tells when they were written"
            ));
        }
        if older {
            let what = "log files named before the oldest digest of their account and region: no start was asked for";
            checks.skipped.push(what.to_owned());
        }
        if left_out > 0 {
            checks.skipped.push(format!(
                "content of {left_out} log files that the listing alone does not show to be as they were delivered: the bundle was made without them"
            ));
        }
        if written_before > 0 {
            checks.skipped.push(format!(
                "{written_before} objects in log folders that no digest seen lists: they are named within five minutes after the beginning of what was looked at, and were written before it, as the source has it"
            ));
        }
        if newer {
            let what = "log files named after the end that the copy's record states: no end was asked for";
            checks.skipped.push(what.to_owned());
        }
        if discovery.in_the_way > 0 {
            checks.skipped.push(format!(
                "{} objects in AWSLogs/ and in accounts' folders, beside the folders of CloudTrail",
                discovery.in_the_way
            ));
        }
        if let Some((first, count)) = &discovery.aside {
            checks.skipped.push(format!(
                "{count} folders in AWSLogs/ and in accounts' folders, beside those of CloudTrail, {first} first: they were not looked into"
            ));
        }
        // Last, for whoever may write to the bucket names them.
        let named = discovery.not_covered.iter().take(SIBLINGS_NAMED);
        checks.skipped.extend(named.map(|folder| format!("{folder}: AWS documents no digests that cover it")));
        if discovery.not_covered.len() > SIBLINGS_NAMED {
            checks.skipped.push("more folders beside these, which no digests cover either".to_owned());
        }
        Ok(Report::conclude(self.described(), reports, findings, bytes, &self.request.waivers, public_keys, checks))
    }

    /// Keys that no digest names at all are a mistake of the caller and say nothing about the evidence.
    pub(super) fn keys_must_fit(&self, outcomes: &[RegionOutcome]) -> Result<(), AuditError> {
        let unknown: u64 = outcomes.iter().map(|outcome| outcome.keys_unknown).sum();
        // What AWS lists is not a mistake of the caller.
        if self.keys.origin() == KeyOrigin::Aws {
            return Ok(());
        }
        let fits = outcomes.iter().any(|outcome| {
            !outcome.fingerprints.is_empty()
                || outcome.findings.iter().any(|finding| finding.code == Code::DigestKeyUnknown)
        });
        if fits || unknown == 0 {
            return Ok(());
        }
        let regions: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.region.as_str()).collect();
        let regions = regions.into_iter().collect::<Vec<_>>().join(", ");
        Err(AuditError::KeysForeign { keys: self.keys.describe(), named: unknown, regions })
    }

    /// A share of few log files may be none of them, and that shows nothing of any. Over many runs it adds up.
    fn drew_none(&self, outcomes: &[RegionOutcome]) -> Option<Finding> {
        let (mut read, mut left) = (0, 0);
        reports_of(outcomes).map(|report| report.log_files).for_each(|logs| {
            read += logs.listed() - logs.not_checked;
            left += logs.not_checked;
        });
        let sample = matches!(self.request.log_files, LogFiles::Sample { .. }) && !self.request.remembered;
        let none = sample && read == 0 && left > 0;
        let message = format!(
            "none of the {left} log files is in the sample: ask for a larger share, or for a number of them, such as sample:10"
        );
        none.then(|| Finding::nothing_found(message))
    }

    /// What was asked for and is not there at all.
    fn missing(&self, chains: &[ChainId], began_after: &[ChainId]) -> Vec<Finding> {
        let mut findings = Vec::new();
        if chains.is_empty() {
            let message = "no digest file was found for what was asked: look at the bucket, prefix, account, region and time asked for; a directory must be the one above AWSLogs/";
            findings.push(Finding::nothing_found(message.to_owned()));
        } else if !self.request.in_part {
            let missing = self.request.select.missing_from(chains, began_after).into_iter();
            findings.extend(missing.map(|name| Finding::nothing_found(format!("no digest file was found of {name}"))));
        }
        findings
    }

    fn about_the_request(&self, chains: &[ChainId]) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.range.end_from.is_evidence() && !chains.is_empty() {
            findings.push(Finding::end_from_evidence(self.range.scope.end, self.range.end_from == EndFrom::Record));
        }
        if self.keys.origin() == KeyOrigin::BesideEvidence && !chains.is_empty() {
            findings.push(Finding::public_key_unpinned(&self.keys.describe()));
        }
        findings
    }

    pub(super) fn keys_used(&self, outcome: &RegionOutcome) -> Vec<PublicKeyReport> {
        outcome
            .keys_used
            .iter()
            .map(|key| PublicKeyReport {
                fingerprint: key.fingerprint().to_owned(),
                source: self.keys.describe(),
                pinned: self.keys.origin().is_pinned(),
                valid_from: key.validity.map(|window| window.start),
                valid_to: key.validity.map(|window| window.end),
            })
            .collect()
    }

    fn described(&self) -> RequestReport {
        let select = &self.request.select;
        let trails = select.trails.iter().chain(select.trail_arn.as_ref().map(|arn| &arn.trail));
        RequestReport {
            source: self.request.source.clone(),
            start: self.range.scope.start,
            end: self.range.scope.end,
            as_of: self.request.as_of,
            accounts: select.accounts.clone(),
            regions: select.regions.clone(),
            trails: trails.cloned().collect(),
            s3_prefix: select.only_prefix().map(str::to_owned),
            log_files: self.request.log_files.to_string(),
            named_log_files: Vec::new(),
            delivered_to: self.request.delivered_to.clone(),
        }
    }

    fn checks(&self, unjudged: u64, not_read: u64, began_after: &[ChainId]) -> Checks {
        let mut performed = vec![
            "digest signatures",
            "digest links",
            "coverage of the requested time",
            "stray objects in digest folders",
        ];
        let mut skipped = Vec::new();
        match self.request.log_files {
            LogFiles::All => performed.extend(["content of every log file", "unlisted objects in log folders"]),
            // A sample that took all of them leaves nothing out.
            LogFiles::Sample { .. } if not_read == 0 => {
                performed.extend(["content of every log file", "unlisted objects in log folders"]);
            }
            LogFiles::Listing => {
                performed.extend(["presence of every log file", "unlisted objects in log folders"]);
                skipped.push("content of the log files: each is in its place in the listing, and one that was written after the time of its digest was read; what is in the others was not looked at (--log-files listing)".to_owned());
            }
            LogFiles::Sample { .. } => {
                performed.extend([
                    "content of a sample of the log files",
                    "presence of every log file",
                    "unlisted objects in log folders",
                ]);
                skipped.push(format!(
                    "content of the log files outside the sample (--log-files {})",
                    self.request.log_files
                ));
            }
            LogFiles::None => {
                skipped.push("log files: neither presence nor content (--log-files none)".to_owned());
                skipped.push("unlisted objects in log folders (--log-files none)".to_owned());
            }
        }
        if self.request.remembered && self.request.log_files != LogFiles::None {
            performed
                .push("objects that earlier runs proved, by the listing: entity tag, size and time are as they were");
        }
        if self.request.stop.has_cut() {
            skipped.push(format!("whatever was left when the run was interrupted of: {}", performed.join(", ")));
            performed.clear();
        }
        self.say_whose_keys(&mut performed, &mut skipped);
        if let Some(start) = self.range.scope.start.filter(|_| self.range.start_recorded) {
            skipped.push(format!(
                "the time before {start}: the copy's own record says that it begins there, and no start was asked for"
            ));
        }
        if self.range.end_from.is_evidence() {
            skipped.push("whether digests were cut off the end: no end was asked for".to_owned());
        }
        // A fraction of a second of the end was rounded up, and that of now was not.
        if let Some(end) = self.request.end.filter(|end| *end > self.request.as_of.plus(1)) {
            skipped.push(format!("the time from {} to {end}: it had not come yet", self.request.as_of));
        }
        if unjudged > 0 {
            skipped.push(format!(
                "{unjudged} objects in log folders that no digest seen lists: they are named so close to the end that a digest that is not due yet may list them"
            ));
        }
        skipped.extend(
            began_after.iter().map(|chain| format!("{chain}: its oldest digest begins after the end of the request")),
        );
        skipped.extend(self.request.not_asked.iter().cloned());
        let performed = performed.into_iter().map(str::to_owned).collect();
        Checks { performed, skipped, hasher: self.hashed_with.clone() }
    }
}

impl Asked {
    pub(super) fn say_whose_keys(&self, performed: &mut Vec<&'static str>, skipped: &mut Vec<String>) {
        if self.keys.origin().is_pinned() {
            performed.push("signatures under keys obtained apart from the evidence");
        } else {
            skipped.push("whether AWS signed: the keys came with the evidence".to_owned());
        }
    }
}

/// Says that the run was interrupted. Of the folders that were not even looked into for accounts and regions, some are named.
fn say_interrupted(findings: &mut Vec<Finding>, outcomes: &[RegionOutcome]) {
    let not_begun = outcomes.iter().filter(|outcome| outcome.not_begun).count();
    let mut folders = 0;
    findings.retain(|finding| {
        let not_listed = finding.reason == Some(Reason::Interrupted);
        folders += usize::from(not_listed);
        !not_listed || folders <= UNLISTED_FOLDERS_NAMED
    });
    findings.push(Finding::run_interrupted(outcomes.len(), not_begun, folders.saturating_sub(UNLISTED_FOLDERS_NAMED)));
}

/// Folders named one by one that an interrupted run did not list: an organization has one for each of its accounts.
const UNLISTED_FOLDERS_NAMED: usize = 24;

fn reports_of(outcomes: &[RegionOutcome]) -> impl Iterator<Item = &ChainReport> {
    outcomes.iter().flat_map(|outcome| outcome.chains.iter().map(|(_, report)| report))
}

/// In a copy of which nothing tells the bucket, objects that no digest names are taken to be of the same one.
pub(super) fn name_bucket(subject: &mut ObjectLocation, bucket: &str) {
    if subject.bucket.is_empty() {
        bucket.clone_into(&mut subject.bucket);
    }
}
