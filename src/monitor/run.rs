//! One run over one target: what to look at, the audits of that, and what they come to together.

use std::sync::Arc;

use super::config::Share;
use super::history::rewritten;
use super::looked::{self, Looked};
use super::memory::{Memory, Slice};
use super::state::{Concluded, Listener, RunEnd, RunId, RunOutcome, State, StateError, TargetId};
use crate::audit::{AuditError, AuditRequest, Evidence, Observer, audit};
use crate::finding::{Code, Finding};
use crate::keys::KeySource;
use crate::report::Report;
use crate::trail::{Interval, Time};

/// A target, opened.
pub struct Watched {
    /// Its name in the configuration.
    pub name: String,
    /// Where its evidence lies, as the state file is to remember it.
    pub source: String,
    /// The evidence.
    pub evidence: Evidence,
    /// The keys.
    pub keys: Arc<dyn KeySource>,
    /// What is asked of it: from its start to now, or to its end.
    pub request: AuditRequest,
    /// How much of what was proven is listed again.
    pub recheck: Share,
    /// How much of it is read again.
    pub reread: Share,
    /// Seconds after which the bucket may let go of objects; none for never.
    pub retention: Option<i64>,
    /// Seconds after its end until which the newest digest of a chain may be the last; two hours at least.
    pub overdue_after: i64,
    /// Seconds that runs and resolved findings are remembered.
    pub keep_runs: i64,
    /// Who is told.
    pub listeners: Vec<Listener>,
    /// Seconds after which they are reminded; none for never.
    pub remind_every: Option<i64>,
    /// Whoever watches.
    pub observer: Arc<dyn Observer>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What came of it.
    pub end: RunEnd,
    /// The report of each audit: one, unless only parts of the history were looked at.
    pub reports: Vec<Report>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The evidence.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// Looks at a target once. What was proven is remembered as it is proven; what was found, when the run ends.
pub async fn run(state: &Arc<State>, mut watched: Watched) -> Result<Ran, RunError> {
    let now = watched.request.as_of;
    let target = state.target(&watched.name, &watched.source)?;
    let number = state.runs_completed(target)?;
    let reread = Slice::of(watched.reread, number);
    let told = |share: Share| Slice::of(share, number).map_or_else(|| share.to_string(), |slice| slice.to_string());
    let run = state.begin_run(target, now, &told(watched.recheck), &told(watched.reread))?;
    if let Some(retention) = watched.retention {
        let kept_from = now.plus(-retention);
        watched.request.start = watched.request.start.max(Some(kept_from));
        state.forget_before(target, kept_from)?;
    }
    let memory = Memory::of(state, target, run, reread)?;
    let looks = watched.looks(state, target, number)?;
    let mut audits = Vec::new();
    let besides = match watched.audit(&memory, looks, &mut audits).await {
        Ok(()) => rewritten(&memory, state, target, &watched, &audits).await?,
        Err(error) => {
            memory.settle()?;
            return watched.failed(state, target, run, error);
        }
    };
    let partial = watched.request.stop.has_cut() || audits.iter().any(|(_, report)| report.is_partial());
    let outcome = if partial { RunOutcome::Partial } else { RunOutcome::Complete };
    let counts = memory.settle()?;
    let totals = |of: fn(&Report) -> u64| audits.iter().map(|(_, report)| of(report)).sum();
    let end = RunEnd {
        period: audits.iter().map(|(_, report)| report.period()).reduce(Interval::or),
        digests: (totals(|report| report.totals.digests.verified), counts.digests_read),
        logs: (totals(|report| report.totals.log_files.verified), counts.logs_read),
        bytes_hashed: totals(|report| report.totals.bytes_hashed),
        ..RunEnd::default()
    };
    let end = watched.conclude(state, target, run, outcome, &audits, &besides, end)?;
    state.forget_runs_before(target, now.plus(-watched.keep_runs))?;
    Ok(Ran { run, outcome, end, reports: audits.into_iter().map(|(_, report)| report).collect() })
}

/// A target that could not even be opened: that is a run, too, and is to be told.
pub fn could_not_begin(
    state: &State,
    name: &str,
    source: &str,
    at: Time,
    why: &str,
    listeners: &[Listener],
    remind_every: Option<i64>,
) -> Result<(), StateError> {
    let target = state.target(name, source)?;
    let run = state.begin_run(target, at, "none", "none")?;
    let end = RunEnd { error: Some(why.to_owned()), ..RunEnd::default() };
    let besides = [Finding::new(Code::RunFailed, format!("the run could not proceed: {why}"))];
    let outcome = RunOutcome::Failed;
    let concluded = Concluded {
        run,
        target,
        name,
        at,
        outcome,
        audits: &[],
        besides: &besides,
        listeners,
        remind_every,
        overdue_after: 0,
        end,
    };
    state.conclude(concluded).map(drop)
}

impl Watched {
    async fn audit(
        &self,
        memory: &Arc<Memory>,
        looks: Vec<Looked>,
        audits: &mut Vec<(Looked, Report)>,
    ) -> Result<(), AuditError> {
        for look in looks {
            let mut request = self.request.clone();
            request.remembered = true;
            request.start = look.from.or(self.request.start);
            if look.until < self.request.as_of {
                request.end = Some(look.until);
            }
            if let Some((account, region)) = &look.only {
                request.select.accounts = vec![account.clone()];
                request.select.regions = vec![region.clone()];
            }
            let observer = memory.observer(Arc::clone(&self.observer));
            let report = audit(memory.over(self.evidence.clone()), Arc::clone(&self.keys), request, observer).await?;
            // The next one is to know of what this one proved.
            memory.write_down();
            let cut = report.is_partial();
            audits.push((look, report));
            if cut {
                break;
            }
        }
        Ok(())
    }

    /// What is to be looked at: all, or what is new, a share of what was proven, and what is still open.
    fn looks(&self, state: &State, target: TargetId, number: u64) -> Result<Vec<Looked>, StateError> {
        let now = self.request.as_of;
        let all = Looked { from: None, until: now, only: None };
        let chains = state.chains(target)?;
        let newest = chains.iter().filter_map(|chain| chain.newest_end);
        // A chain that has been silent for long is looked at from where the others are: its silence is known.
        let Some(since) = newest.filter(|end| now.since(*end) < SILENT).min() else { return Ok(vec![all]) };
        if self.recheck == Share::All || number == 0 {
            return Ok(vec![all]);
        }
        // With the hour of the newest digest: that is what the next one is to link to.
        let since = since.plus(-Time::HOUR);
        let mut looks = vec![Looked { from: Some(since), until: now, only: None }];
        if let Some(slice) = Slice::of(self.recheck, number) {
            let oldest = self.request.start.map_or_else(|| state.oldest(target), |start| Ok(Some(start)))?;
            looks.extend(oldest.and_then(|oldest| slice.part(oldest, since)));
        }
        for open in state.open_findings(target)? {
            let (Some(place), Some(time)) = (looked::place(&open.finding), looked::time(&open.finding)) else {
                continue;
            };
            if looks.len() >= AT_ONCE || Looked::covered(looks.iter(), &open.finding) {
                continue;
            }
            let around = Interval::new(time.start.plus(-Time::HOUR), time.end.plus(Time::HOUR).min(now));
            looks.push(Looked { from: Some(around.start), until: around.end, only: Some(place) });
        }
        Ok(looks)
    }

    /// A run that could not proceed: that is to be told, too.
    fn failed(self, state: &State, target: TargetId, run: RunId, error: AuditError) -> Result<Ran, RunError> {
        let message = format!("the run could not proceed: {error}");
        let end = RunEnd { error: Some(error.to_string()), ..RunEnd::default() };
        let besides = [Finding::new(Code::RunFailed, message)];
        self.conclude(state, target, run, RunOutcome::Failed, &[], &besides, end)?;
        Err(error.into())
    }

    #[expect(clippy::too_many_arguments, reason = "each is another part of what a run came to")]
    fn conclude(
        &self,
        state: &State,
        target: TargetId,
        run: RunId,
        outcome: RunOutcome,
        audits: &[(Looked, Report)],
        besides: &[Finding],
        end: RunEnd,
    ) -> Result<RunEnd, StateError> {
        state.conclude(Concluded {
            run,
            target,
            name: &self.name,
            at: self.request.as_of,
            outcome,
            audits,
            besides,
            listeners: &self.listeners,
            remind_every: self.remind_every,
            overdue_after: self.overdue_after,
            end,
        })
    }
}

/// Seconds without a digest after which nobody waits for a chain.
const SILENT: i64 = 3 * Time::DAY;

/// Parts of a history that one run looks at, at most; the rest is the next one's.
const AT_ONCE: usize = 64;
