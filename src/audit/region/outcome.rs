//! What came of one account and region.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use super::Walker;
use crate::audit::checking::Checking;
use crate::audit::discover::Region;
use crate::audit::folders::Window;
use crate::audit::observer::Observer;
use crate::audit::request::LogFiles;
use crate::audit::{AuditError, publish};
use crate::chain::{RecordedBy, VouchedLogs};
use crate::digest::PublicKey;
use crate::finding::{Code, Finding};
use crate::limits::LOG_NAME_SKEW;
use crate::report::{ChainReport, LogTally};
use crate::trail::{ChainId, ChainKind, Interval, ObjectLocation, Time};

/// What came of one account and region.
#[derive(Default)]
pub(in crate::audit) struct RegionOutcome {
    pub region: String,
    pub chains: Vec<(ChainId, ChainReport)>,
    pub findings: Vec<Finding>,
    pub bytes: u64,
    /// Digests looked at whose key is not among those given.
    pub keys_unknown: u64,
    /// The fingerprints that signatures verified under.
    pub fingerprints: BTreeSet<String>,
    /// The keys of those fingerprints.
    pub keys_used: Vec<PublicKey>,
    /// Objects in log folders that nobody vouches for, and of which nobody can say that a digest seen should.
    pub unjudged: u64,
    /// Objects in log folders that nobody vouches for, and that a digest seen should.
    pub unlisted: u64,
    /// Log files seen in the listing alone, of which the store does not know when they were written.
    pub untimed: u64,
    /// Log files that nobody vouches for, named just after the beginning of what was looked at and written before.
    pub written_before: u64,
    /// Log files that were to be read, and were left out of the bundle that tells of them.
    pub left_out: u64,
    /// Whether there are log files of before what was looked at.
    pub older_logs: bool,
    /// Whether there are log files of after what was looked at.
    pub newer_logs: bool,
    /// Chains that, as AWS signed, began only after the request's end.
    pub began_after: Vec<ChainId>,
    /// Whether it was not begun because the run was interrupted before.
    pub not_begun: bool,
    /// A bucket that a verified digest names, for a copy of which nothing else tells.
    pub bucket: Option<String>,
    /// Its log files, until what came of them is taken in.
    pub checking: Option<Checking>,
}

impl Walker<'_> {
    pub(super) async fn finish(mut self) -> Result<RegionOutcome, AuditError> {
        self.checking.all_done().await?;
        let mut finished =
            RegionOutcome { region: self.region.region.clone(), bucket: self.bucket, ..RegionOutcome::default() };
        let mut oldest = Vec::new();
        for track in self.tracks {
            let chain = track.walk.chain().clone();
            let walked = track.walk.finish();
            oldest.extend(walked.oldest_start.filter(|_| chain.kind == ChainKind::Standard));
            if track.selected && walked.began_after {
                finished.began_after.push(chain);
                continue;
            }
            if !track.selected {
                continue;
            }
            publish(&self.asked.observer, &walked.findings);
            finished.findings.extend(walked.findings.iter().cloned());
            finished.keys_unknown += walked.keys_unknown;
            finished.fingerprints.extend(walked.fingerprints.iter().cloned());
            finished.chains.push((chain, ChainReport::of(walked, LogTally::default())));
        }
        self.findings.extend(mem::take(&mut self.folders.beside).into_findings());
        if self.given_up {
            // A digest that was not looked at may list what those looked at do not.
            let (objects, beyond) = self.vouched.into_unlisted();
            let compares = self.asked.request.log_files != LogFiles::None;
            let place = self.region.places.first().filter(|_| compares);
            let unvouched = objects.len() as u64 + beyond;
            self.findings
                .extend(place.map(|place| Finding::logs_not_compared(&place.at(place.folders.logs()), unvouched)));
        } else {
            let edge = uncertain_edge(self.asked.range.window(&self.inventory), &oldest);
            let (told, count, written_before) = unlisted(self.vouched, self.region, edge);
            self.findings.extend(told);
            finished.unlisted = count;
            finished.written_before = written_before;
        }
        finished.unjudged = self.pending;
        finished.untimed = self.untimed;
        finished.older_logs = self.folders.older;
        finished.newer_logs = self.folders.newer;
        publish(&self.asked.observer, &self.findings);
        finished.findings.append(&mut self.findings);
        let used = finished.fingerprints.iter().filter_map(|fingerprint| self.reader.keys.get(fingerprint));
        finished.keys_used = used.cloned().collect();
        finished.chains.shrink_to_fit();
        finished.checking = Some(self.checking);
        // Of a sample, some are read when all accounts and regions are looked at.
        if self.asked.draw.is_none() {
            finished.close_logs(&self.asked.observer);
        }
        self.asked.observer.region_done();
        Ok(finished)
    }
}

impl RegionOutcome {
    /// Takes in what came of the log files, once none is to be read any more.
    pub(in crate::audit) fn close_logs(&mut self, observer: &Arc<dyn Observer>) {
        let Some(mut checking) = self.checking.take() else { return };
        let gone = checking.settle_gone(|chain, by| self.begins_with(chain, by));
        let mut findings = checking.summed_up();
        for (by, count) in gone {
            let chain = &checking.chains()[by.chain];
            let at = ObjectLocation::new(by.bucket.clone(), by.key.clone());
            findings.push(Finding::logs_gone_with_what_lies_before(chain, &at, by.covers, count));
            let report = self.chains.iter_mut().find(|(id, _)| id == chain);
            report.into_iter().for_each(|(_, report)| report.proven = after(&report.proven, by.covers.end));
        }
        publish(observer, &findings);
        self.findings.extend(findings);
        self.findings.append(&mut checking.outcome.findings);
        self.bytes += checking.outcome.bytes;
        self.left_out += checking.outcome.left_out;
        let tallies = mem::take(&mut checking.outcome.tallies);
        // Those that were not asked for are not among them, and neither are those that began after the request.
        let mut of_none = LogTally { unlisted: self.unlisted, ..LogTally::default() };
        for (chain, tally) in checking.chains().iter().zip(tallies) {
            match self.chains.iter_mut().find(|(id, _)| id == chain) {
                Some((_, report)) => report.log_files = tally,
                None => of_none.add(tally),
            }
        }
        // They lie in the folder that all of these share.
        if let Some((_, first)) = self.chains.first_mut() {
            first.log_files.add(of_none);
        }
    }
}

impl RegionOutcome {
    /// Whether a chain has nothing before this digest, goes on before it, and is proven after it; and no log file of before is left,
    /// which a rule would have let go, too.
    fn begins_with(&self, chain: &ChainId, by: &RecordedBy) -> bool {
        if self.older_logs {
            return false;
        }
        let Some((_, report)) = self.chains.iter().find(|(id, _)| id == chain) else { return false };
        let is_oldest = report.oldest.as_ref().is_some_and(|oldest| oldest.key == by.key);
        let goes_on =
            |finding: &Finding| finding.code == Code::ChainContinuesBefore && finding.chain.as_ref() == Some(chain);
        is_oldest && !after(&report.proven, by.covers.end).is_empty() && self.findings.iter().any(goes_on)
    }
}

/// What of these times lies after a moment.
fn after(times: &[Interval], moment: Time) -> Vec<Interval> {
    let times = times.iter().map(|time| Interval::new(time.start.max(moment), time.end));
    times.filter(|time| !time.is_empty()).collect()
}

/// The moment just after which a log file may have been delivered before, and be listed by a digest before those seen or,
/// from before validation was switched on, by none. None where a digest before the start was seen.
fn uncertain_edge(window: Window, oldest: &[Time]) -> Option<Time> {
    let start = window.start.filter(|_| !oldest.is_empty())?;
    let seen_before = oldest.iter().all(|oldest| *oldest <= start.plus(-LOG_NAME_SKEW));
    (!seen_before).then_some(start)
}

/// What remains unlisted, and how many there are. Near the edge it may have been delivered before: when it was written tells, where
/// the store knows it, and how many these are is told; else nobody can say, and that is told.
fn unlisted(vouched: VouchedLogs, region: &Region, edge: Option<Time>) -> (Vec<Finding>, u64, u64) {
    let (objects, beyond) = vouched.into_unlisted();
    let (mut findings, mut written_before) = (Vec::new(), 0);
    for (at, object) in &objects {
        let near = edge
            .zip(object.interval)
            .filter(|(edge, interval)| interval.start < edge.plus(LOG_NAME_SKEW) && interval.seconds() < Time::HOUR);
        match (near, object.last_modified) {
            (Some((edge, _)), Some(written)) if written < edge => written_before += 1,
            (Some(_), None) => findings.push(Finding::log_unlisted_at_edge(at, object.interval)),
            _ => findings.push(Finding::log_unlisted(at, object.interval)),
        }
    }
    let count = findings.len() as u64 + beyond;
    if let (1.., Some(place)) = (beyond, region.places.first()) {
        findings.push(Finding::more_like_it(Code::LogUnlisted, &place.at(place.folders.logs()), beyond));
    }
    (findings, count, written_before)
}
