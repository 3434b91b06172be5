//! What a state file has to tell at a moment: a plain value, of which every form that shows it is a function.
//!
//! It is bounded, however much someone plants in a bucket: what is not named is counted.

mod steps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::{Code, Finding, Reason, Severity};
use crate::report::{ToolReport, Verdict};
use crate::trail::{ChainId, Interval, Span, Time};

/// The name of the schema of a status in JSON.
pub const STATUS_SCHEMA: &str = "trailseal.monitor-status/1";

/// What is asked of a state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// As of when.
    pub now: Time,
    /// Of which targets; none for all that it knows.
    pub targets: Vec<String>,
    /// Where the evidence of targets lies now, by their names, where that is known.
    pub sources: BTreeMap<String, String>,
    /// Seconds after which what the last complete run came to says nothing of now.
    pub complete_within: i64,
    /// Sinks that are told of even where nothing ever waited for them.
    pub sinks: Vec<String>,
}

/// The state of a monitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// [`STATUS_SCHEMA`].
    pub schema: String,
    /// Who says so.
    pub tool: ToolReport,
    /// As of when.
    pub at: Time,
    /// The file that it was read from.
    pub state: StateFile,
    /// The time whose coverage is told: the last 90 days.
    pub window: Interval,
    /// The targets, by name.
    pub targets: Vec<TargetStatus>,
    /// Targets that the state file knows, and that were not asked for.
    pub other_targets: Vec<String>,
    /// What waits for each sink, by name.
    pub deliveries: Vec<DeliveryStatus>,
}

/// A state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFile {
    /// Where it lies.
    pub path: String,
    /// Its size, with what is not merged into it yet.
    pub bytes: u64,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetStatus {
    /// Its name.
    pub name: String,
    /// Where its evidence lies; none where no run has begun yet.
    pub source: Option<String>,
    /// That of the last run that ended; none where none has.
    pub verdict: Option<Verdict>,
    /// Why that says nothing of now; none where it does.
    #[serde(default)]
    pub blind: Option<String>,
    /// The last run that ended.
    pub last_run: Option<RunStatus>,
    /// The last run that looked at all that it was to look at.
    pub last_complete_run: Option<RunStatus>,
    /// The last runs, newest first.
    pub runs: Vec<RunStatus>,
    /// All that are remembered, by how they ended.
    pub runs_by_outcome: RunCounts,
    /// How many chains are known.
    pub chains_known: u64,
    /// The chains: if not all, those that were ever proven first.
    pub chains: Vec<ChainStatus>,
    /// Open findings, by code: all of them.
    pub open_findings: Vec<FindingCount>,
    /// The open findings that are named, worst first; those that are waived last.
    pub findings: Vec<FindingStatus>,
    /// What to do next.
    pub next_steps: Vec<String>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStatus {
    /// Its number in the state file.
    pub run: i64,
    /// The program's version.
    pub version: String,
    /// When it began.
    pub began: Time,
    /// When it ended; none while it is under way, or where it was cut off.
    pub ended: Option<Time>,
    /// How it ended: `complete`, `partial` or `failed`; none as above.
    pub outcome: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What was decided.
    pub verdict: Option<Verdict>,
    /// The time looked at.
    pub period: Option<Interval>,
    /// The share of the history that was listed again.
    pub recheck: Option<String>,
    /// The share of the history that was read again.
    pub reread: Option<String>,
    /// Digest files verified.
    pub digests: u64,
    /// Of these, read from the bucket.
    pub digests_read: u64,
    /// Log files verified.
    pub log_files: u64,
    /// Of these, read from the bucket.
    pub log_files_read: u64,
    /// Uncompressed bytes hashed.
    pub bytes_hashed: u64,
    /// Findings opened.
    pub opened: u64,
    /// Findings resolved.
    pub resolved: u64,
    /// What the verdict does not speak of, such as log files that were not read; none where it is of everything.
    #[serde(default)]
    pub narrowed: Option<String>,
}

/// Runs by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Looked at all that they were to look at.
    pub complete: u64,
    /// Were stopped, or ran out of time.
    pub partial: u64,
    /// Could not proceed.
    pub failed: u64,
    /// Have no end: cut off, but for one that may be under way.
    pub without_end: u64,
}

/// One chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainStatus {
    /// Which.
    #[serde(flatten)]
    pub id: ChainId,
    /// The end of the newest time proven; none where nothing is.
    pub proven_until: Option<Time>,
    /// The key of its newest proven digest.
    pub newest_digest: Option<String>,
    /// The end of that.
    pub newest_digest_end: Option<Time>,
    /// Seconds from that to now.
    pub newest_digest_age: Option<i64>,
    /// What the last 90 days came to, oldest first.
    pub coverage: Vec<StretchStatus>,
    /// Whether the coverage was left out: the stretches of all chains were too many.
    pub coverage_omitted: bool,
}

/// A stretch of a chain's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StretchStatus {
    /// Its first moment.
    pub start: Time,
    /// The first moment after it.
    pub end: Time,
    /// Why it is a hole; none where it is proven.
    pub reason: Option<Reason>,
}

/// How many findings of a code are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingCount {
    /// The code.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
    /// Whether these are waived.
    pub waived: bool,
    /// How many.
    pub open: u64,
}

/// An open finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingStatus {
    /// Its id, as in what is told of it.
    pub id: String,
    /// Since when it is open.
    pub opened: Time,
    /// When a run last saw it.
    pub seen: Time,
    /// When a sink last took what there was to tell of it; none if none has.
    pub told: Option<Time>,
    /// What there is to tell of it and was not taken yet, once for each sink.
    pub waiting: u64,
    /// It.
    pub finding: Finding,
}

/// What waits for a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStatus {
    /// The sink's name.
    pub sink: String,
    /// Events that it has not taken yet.
    pub waiting: u64,
    /// Of these, those that it was offered in vain.
    pub failing: u64,
    /// When the oldest of those that wait happened.
    pub waiting_since: Option<Time>,
    /// When the next is tried.
    pub next_attempt: Option<Time>,
    /// What went wrong with the one that was tried most often.
    pub error: Option<String>,
    /// Events that it has taken, as far as they are remembered.
    pub delivered: u64,
    /// When it took the last.
    pub last_delivered: Option<Time>,
}

impl Status {
    /// The worst verdict of all targets; none if one of them had no complete run, or none lately, and no other is not intact.
    pub fn verdict(&self) -> Option<Verdict> {
        let any = |verdict: Verdict| self.targets.iter().any(|target| target.verdict == Some(verdict));
        let unknown = |target: &TargetStatus| target.verdict_now().is_none() || target.last_complete_run.is_none();
        match () {
            () if any(Verdict::NotIntact) => Some(Verdict::NotIntact),
            () if self.targets.is_empty() || self.targets.iter().any(unknown) => None,
            () if any(Verdict::Inconclusive) => Some(Verdict::Inconclusive),
            () => Some(Verdict::Intact),
        }
    }

    /// The exit status that tells it: 2 where there is no verdict.
    pub fn exit_status(&self) -> u8 {
        self.verdict().map_or(2, Verdict::exit_status)
    }

    /// Why a monitor that runs this often, and each time for so long at most, is not well; none if it is.
    pub fn unhealthy(&self, every: Span, most: Option<Span>) -> Option<String> {
        let patience = (3 * every.seconds()).max(every.seconds() + most.map_or(0, Span::seconds));
        let late = |target: &TargetStatus| {
            let name = &target.name;
            let Some(last) = target.last_complete_run.as_ref().and_then(|run| run.ended) else {
                return Some(format!("the target {name} has had no complete run yet"));
            };
            let spent = Span::from_seconds(patience);
            // One that is to come was made by a clock that was wrong, and hides that there is none.
            if last.since(self.at) > FUTURE {
                return Some(format!("the last complete run of the target {name} ended at {last}, which is to come"));
            }
            (self.at.since(last) > patience)
                .then(|| format!("the last complete run of the target {name} ended at {last}, more than {spent} ago"))
        };
        self.targets.iter().find_map(late)
    }
}

impl TargetStatus {
    /// What is decided of it, as of now; none where the last run says nothing of that.
    pub fn verdict_now(&self) -> Option<Verdict> {
        // What was altered is altered, whoever looks.
        self.verdict.filter(|verdict| self.blind.is_none() || *verdict == Verdict::NotIntact)
    }

    /// Why the last complete run says nothing of now.
    pub(super) fn blindness(&self, asked: &Asked) -> Option<String> {
        let last = self.last_complete_run.as_ref().and_then(|run| run.ended)?;
        match asked.sources.get(&self.name) {
            Some(source) if self.source.as_ref().is_some_and(|of| of != source) => {
                Some(format!("it is {source} in the configuration, which no run has looked at"))
            }
            _ if asked.now.since(last) > asked.complete_within => {
                Some(format!("no run has looked at everything since {last}"))
            }
            _ if last.since(asked.now) > FUTURE => {
                Some(format!("its last complete run ended at {last}, which is to come"))
            }
            _ => None,
        }
    }

    /// What its verdict does not speak of; none where it is of everything.
    pub fn narrowed(&self) -> Option<&str> {
        // Of a target that could not even be opened, nobody knows what would have been asked.
        let asked = |run: &&RunStatus| run.narrowed.is_some() || run.period.is_some();
        let of = self.last_run.as_ref().filter(asked).or(self.last_complete_run.as_ref());
        of.and_then(|run| run.narrowed.as_deref())
    }

    /// How many findings are open that would decide, and are waived.
    pub fn waived(&self) -> u64 {
        [Severity::Violation, Severity::Unproven].iter().map(|severity| self.open(*severity, true)).sum()
    }

    /// How many findings are open, those that are waived apart.
    pub fn open(&self, severity: Severity, waived: bool) -> u64 {
        let of = |count: &&FindingCount| count.severity == severity && count.waived == waived;
        self.open_findings.iter().filter(of).map(|count| count.open).sum()
    }

    /// How many findings of a code are open.
    pub fn open_of(&self, code: Code, waived: bool) -> u64 {
        let of = |count: &&FindingCount| count.code == code && count.waived == waived;
        self.open_findings.iter().filter(of).map(|count| count.open).sum()
    }

    /// How many are open, waived or not.
    pub fn open_in_all(&self) -> u64 {
        self.open_findings.iter().map(|count| count.open).sum()
    }

    /// The run that has begun and not ended, if it is the last: under way, or cut off.
    pub fn without_end(&self) -> Option<&RunStatus> {
        self.runs.first().filter(|run| run.ended.is_none())
    }
}

impl RunStatus {
    /// How many seconds it took.
    pub fn seconds(&self) -> Option<i64> {
        self.ended.map(|ended| ended.since(self.began).max(0))
    }
}

impl ChainStatus {
    /// The time that is proven, of the last 90 days.
    pub fn proven(&self) -> Vec<Interval> {
        let proven = self.coverage.iter().filter(|stretch| stretch.reason.is_none());
        proven.map(|stretch| Interval::new(stretch.start, stretch.end)).collect()
    }
}

/// Seconds by which clocks may differ.
const FUTURE: i64 = 300;
