//! The report's shape, schema `trailseal.report/1`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tally::LogTally;
use super::verdict::{Verdict, decide};
use super::waiver::{AppliedWaiver, Waivers};
use crate::chain::{ChainOutcome, Hole, NewestDigest, OldestDigest, Tally, union};
use crate::doctor::Examination;
use crate::finding::{Code, Finding, Reason};
use crate::tool::ToolReport;
use crate::trail::{ChainId, ChainKind, Interval, Time};

/// The name of the report's schema.
pub const SCHEMA: &str = "trailseal.report/1";

/// What an audit came to. The same evidence and request give the same report, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// Who says so.
    pub tool: ToolReport,
    /// What was asked.
    pub request: RequestReport,
    /// The answer.
    pub verdict: Verdict,
    /// All chains together.
    pub totals: Totals,
    /// Each chain, in order.
    pub chains: Vec<ChainReport>,
    /// What was found, in order of chain, time, key and code.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The waivers that were given, and what they did.
    pub waivers: Vec<AppliedWaiver>,
    /// The public keys that signatures verified under.
    pub public_keys: Vec<PublicKeyReport>,
    /// What was done, and what was not.
    pub checks: Checks,
    /// How the trails are set up, where that was asked too. It changes no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Box<Examination>>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestReport {
    /// The evidence.
    pub source: String,
    /// From when on; none for as far back as there are digests.
    pub start: Option<Time>,
    /// Until when.
    pub end: Time,
    /// The moment the evidence was looked at.
    pub as_of: Time,
    /// The accounts asked for; none for all.
    pub accounts: Vec<String>,
    /// The regions asked for; none for all.
    pub regions: Vec<String>,
    /// The trails asked for; none for all.
    pub trails: Vec<String>,
    /// What had to stand before `AWSLogs/`, if that was asked for (empty: nothing): of more prefixes, the others are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_prefix: Option<String>,
    /// How much of the log files was to be read: `named`, where they were asked for by name.
    pub log_files: String,
    /// The keys of the log files that alone were asked for; none where all were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_log_files: Vec<String>,
    /// The bucket that the objects count as lying in, where whoever asked said so of a copy or a replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_to: Option<String>,
}

/// All chains together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The digest files of the request.
    pub digests: Tally,
    /// The log files that they list.
    pub log_files: LogTally,
    /// Uncompressed bytes of log files hashed.
    pub bytes_hashed: u64,
}

/// One chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// The account.
    pub account_id: String,
    /// The source region.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The trail's home region.
    pub home_region: String,
    /// Standard or backfill.
    pub kind: ChainKind,
    /// Its digest files.
    pub digests: Tally,
    /// The log files that they list.
    pub log_files: LogTally,
    /// Its newest verified digest in the request.
    pub newest: Option<NewestDigest>,
    /// Its oldest verified digest in the request.
    pub oldest: Option<OldestDigest>,
    /// The time that verified digests cover, oldest first.
    pub proven: Vec<Interval>,
    /// The time that none covers, oldest first.
    pub holes: Vec<Hole>,
}

/// A public key under which signatures verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeyReport {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Where it came from.
    pub source: String,
    /// Whether it came from elsewhere than the evidence.
    pub pinned: bool,
    /// The start of its validity window, where known.
    pub valid_from: Option<Time>,
    /// The end of its validity window, where known.
    pub valid_to: Option<Time>,
}

/// The checks that were done and those that were not: a step that was not done must not be silent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// Done.
    pub performed: Vec<String>,
    /// Not done, each with its reason.
    pub skipped: Vec<String>,
    /// What the log files were hashed with. Apart from what was done, for it is another on another machine, and the rest of
    /// the report is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hasher: Option<String>,
}

/// Why a file is no saved report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Not JSON of the right shape.
    #[error("it is no trailseal report: {0}; save one with `--format json` or `--report json=FILE`")]
    Json(#[from] serde_json::Error),
    /// Of another schema.
    #[error("its schema is `{0}`, and this program reads `{SCHEMA}`; use the version of trailseal that wrote it")]
    Schema(String),
    /// Its verdict is not what its findings come to: it was edited.
    #[error("its verdict is `{0}`, and its findings come to `{1}`: the file was edited; verify the evidence again")]
    Edited(Verdict, Verdict),
}

impl Report {
    /// Everything that an audit came to: applies the waivers, sorts, counts, and decides.
    pub fn conclude(
        request: RequestReport,
        mut chains: Vec<ChainReport>,
        mut findings: Vec<Finding>,
        bytes_hashed: u64,
        waivers: &Waivers,
        mut public_keys: Vec<PublicKeyReport>,
        checks: Checks,
    ) -> Report {
        let waivers = waivers.apply(request.as_of, &mut findings);
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        chains.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        public_keys.sort_by(|a, b| (&a.fingerprint, &a.source).cmp(&(&b.fingerprint, &b.source)));
        public_keys.dedup();
        let mut totals = Totals { bytes_hashed, ..Totals::default() };
        for chain in &chains {
            totals.digests.add(chain.digests);
            totals.log_files.add(chain.log_files);
        }
        Report {
            schema: SCHEMA.to_owned(),
            tool: Report::tool(),
            verdict: decide(&findings, totals.digests),
            request,
            totals,
            chains,
            findings,
            waivers,
            public_keys,
            checks,
            setup: None,
        }
    }

    /// This program.
    pub fn tool() -> ToolReport {
        ToolReport::this()
    }

    /// Accepts what these waivers accept as of this time, and nothing else.
    pub fn waive(&mut self, waivers: &Waivers, as_of: Time) {
        self.findings.retain(|finding| finding.code != Code::WaiverUnused);
        self.findings.iter_mut().for_each(|finding| finding.waived = false);
        self.waivers = waivers.apply(as_of, &mut self.findings);
        self.also([]);
    }

    /// What was found besides, which decides with the rest.
    pub fn also(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        self.decide_again();
    }

    /// Decides by the findings that there are now.
    pub fn decide_again(&mut self) {
        self.verdict = decide(&self.findings, self.totals.digests);
    }

    /// Reads a saved report. What is in the file is only as good as the file: the verdict is decided again.
    pub fn parse(json: &[u8]) -> Result<Report, ReportError> {
        #[derive(Deserialize)]
        struct Named {
            schema: String,
        }
        let named: Named = serde_json::from_slice(json)?;
        if named.schema != SCHEMA {
            return Err(ReportError::Schema(named.schema));
        }
        let report: Report = serde_json::from_slice(json)?;
        let severities = report.findings.iter().all(|finding| finding.severity == finding.code.severity());
        let decided = decide(&report.findings, report.totals.digests);
        if decided != report.verdict || !severities {
            return Err(ReportError::Edited(report.verdict, decided));
        }
        Ok(report)
    }

    /// How many findings there are of each code, those that count and those that are waived apart: `(code, waived)`.
    pub fn findings_by_code(&self) -> BTreeMap<(Code, bool), u64> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry((finding.code, finding.waived)).or_default() += 1;
        }
        counts
    }

    /// What it was narrowed to: the accounts, regions and trails that were asked for, and the prefix.
    pub fn only(&self) -> Vec<String> {
        let RequestReport { accounts, regions, trails, s3_prefix, .. } = &self.request;
        let prefix = s3_prefix.iter().map(|prefix| format!("prefix {prefix:?}"));
        [accounts, regions, trails].into_iter().flatten().cloned().chain(prefix).collect()
    }

    /// The time that the report speaks of: from the start asked for, or the oldest moment proven, to the end.
    pub fn period(&self) -> Interval {
        let oldest = self.chains.iter().flat_map(|chain| chain.proven.first().map(|proven| proven.start)).min();
        let holes = self.chains.iter().flat_map(|chain| chain.holes.first().map(|hole| hole.start)).min();
        let start = self.request.start.or(oldest.into_iter().chain(holes).min()).unwrap_or(self.request.end);
        Interval::new(start, self.request.end)
    }

    /// Until when every chain is proven that is proven at all, and how many are not. Backfill chains say nothing of a time of
    /// their own.
    pub fn proven_by_all(&self) -> (Option<Time>, usize) {
        let standard = self.chains.iter().filter(|chain| chain.kind == ChainKind::Standard);
        let until: Vec<Option<Time>> = standard.map(ChainReport::proven_until).collect();
        (until.iter().copied().flatten().min(), until.iter().filter(|until| until.is_none()).count())
    }
}

impl ChainReport {
    /// What a walk came to, with its log files.
    pub fn of(outcome: ChainOutcome, log_files: LogTally) -> ChainReport {
        ChainReport {
            account_id: outcome.chain.account_id,
            region: outcome.chain.region,
            trail: outcome.chain.trail,
            home_region: outcome.chain.home_region,
            kind: outcome.chain.kind,
            digests: outcome.tally,
            log_files,
            newest: outcome.newest,
            oldest: outcome.oldest,
            proven: outcome.proven,
            holes: outcome.holes,
        }
    }

    /// Adds what is said of another part of the same chain.
    pub(crate) fn join(&mut self, other: ChainReport) {
        self.digests.add(other.digests);
        self.log_files.add(other.log_files);
        self.newest = self.newest.take().into_iter().chain(other.newest).max_by_key(|newest| newest.end);
        self.oldest = self.oldest.take().into_iter().chain(other.oldest).min_by_key(|oldest| oldest.start);
        self.proven = union(self.proven.drain(..).chain(other.proven).collect());
        self.holes.extend(other.holes);
        self.holes.sort_unstable();
        self.holes.dedup();
    }

    /// Which chain it is.
    pub fn id(&self) -> ChainId {
        ChainId {
            account_id: self.account_id.clone(),
            region: self.region.clone(),
            trail: self.trail.clone(),
            home_region: self.home_region.clone(),
            kind: self.kind,
        }
    }

    /// Until when it is proven, if at all.
    pub fn proven_until(&self) -> Option<Time> {
        self.proven.last().map(|proven| proven.end)
    }

    /// Seconds that are proven.
    pub fn proven_seconds(&self) -> i64 {
        self.proven.iter().map(|proven| proven.seconds()).sum()
    }

    /// Seconds of holes, by their reason.
    pub fn hole_seconds(&self) -> BTreeMap<Reason, i64> {
        let mut seconds = BTreeMap::new();
        for hole in &self.holes {
            *seconds.entry(hole.reason).or_default() += Interval::new(hole.start, hole.end).seconds();
        }
        seconds
    }

    fn sort_key(&self) -> impl Ord + '_ {
        (&self.account_id, &self.region, &self.trail, &self.home_region, self.kind)
    }
}
