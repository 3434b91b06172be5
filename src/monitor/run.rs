//! One run over one target: what to look at, the audits of that, and what they come to together.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::config::Share;
use super::history::rewritten;
use super::looked::{self, Looked};
use super::memory::{Memory, Slice};
use super::state::{
    Concluded, KnownChain, Listener, OpenFinding, RunEnd, RunId, RunOutcome, State, StateError, TargetId,
};
use crate::audit::{AuditError, AuditRequest, Evidence, LogFiles, Observer, audit};
use crate::finding::{Code, Finding};
use crate::keys::KeySource;
use crate::report::{ChainReport, Report};
use crate::trail::{Interval, ObjectLocation, Time};

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
    /// Seconds without a complete run after which that is told.
    pub complete_within: i64,
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
    let number = state.rounds(target)?;
    let reread = Slice::of(watched.reread, number);
    let told = |share: Share| Slice::of(share, number).map_or_else(|| share.to_string(), |slice| slice.to_string());
    let last = state.newest_run(&watched.name)?;
    let run = state.begin_run(target, now, &told(watched.recheck), &told(watched.reread))?;
    let asked_from = watched.request.start;
    if let Some(retention) = watched.retention {
        watched.request.start = asked_from.max(Some(now.plus(-retention)));
        // A clock that is ahead for one run must not have all forgotten.
        if let Some(last) = last {
            state.forget_before(target, now.min(last).plus(-retention))?;
        }
    }
    let open = state.open_findings(target)?;
    let awaited = open.iter().filter_map(|open| open.finding.subject.clone()).collect();
    let memory = Memory::of(state, target, run, reread, awaited)?;
    let looks = watched.looks(state, target, number, &open)?;
    let mut audits = Vec::new();
    let known = state.chains(target)?;
    let since = known.iter().filter_map(|chain| Some((chain.id.clone(), chain.known_from?)));
    watched.request.known_from = Some(Arc::new(since.collect()));
    let mut audited = watched.audit(&memory, looks, asked_from, &mut audits).await;
    if audited.is_ok() {
        let more = of_unknown(&audits, &known).into_iter().chain(watched.of_differing(&memory, &audits)).collect();
        audited = watched.audit(&memory, more, asked_from, &mut audits).await;
    }
    if let Err(error) = audited {
        memory.settle()?;
        return watched.failed(state, target, run, error);
    }
    let mut besides = rewritten(&memory, state, target, &watched, &audits, &open, &known).await?;
    watched.request.waivers.accept(now, &mut besides);
    let partial = watched.request.stop.has_cut() || audits.iter().any(|(_, report)| report.is_partial());
    let outcome = if partial { RunOutcome::Partial } else { RunOutcome::Complete };
    let counts = memory.settle()?;
    let totals = |of: fn(&Report) -> u64| audits.iter().map(|(_, report)| of(report)).sum();
    let end = RunEnd {
        period: audits.iter().map(|(_, report)| report.period()).reduce(Interval::or),
        digests: (totals(|report| report.totals.digests.verified), counts.digests_read),
        logs: (totals(|report| report.totals.log_files.verified), counts.logs_read),
        bytes_hashed: totals(|report| report.totals.bytes_hashed),
        narrowed: watched.narrowed(),
        ..RunEnd::default()
    };
    let end = watched.conclude(state, target, run, outcome, &audits, &besides, &memory.well(), end)?;
    state.forget_runs_before(target, now.plus(-watched.keep_runs))?;
    Ok(Ran { run, outcome, end, reports: audits.into_iter().map(|(_, report)| report).collect() })
}

/// The whole history of accounts and regions of which only a part was looked at and nothing is known yet.
fn of_unknown(audits: &[(Looked, Report)], known: &[KnownChain]) -> Vec<Looked> {
    let Some((first, report)) = audits.first().filter(|(look, _)| look.from.is_some()) else { return Vec::new() };
    let unknown = report.chains.iter().map(ChainReport::id).filter(|id| known.iter().all(|chain| chain.id != *id));
    let places: BTreeSet<(String, String)> = unknown.map(|id| (id.account_id, id.region)).collect();
    let whole = |place| Looked { from: None, until: first.until, only: Some(place) };
    places.into_iter().map(whole).collect()
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
    let target = match state.target(name, source) {
        // Under that name something else was watched, and whoever was told of that is told of this.
        Err(error @ StateError::OtherSource { .. }) => state.target_named(name)?.ok_or(error)?,
        known => known?,
    };
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
        complete_within: 0,
        waivers: None,
        asked_from: None,
        not_asked: false,
        well: &HashSet::new(),
        end,
    };
    state.conclude(concluded).map(drop)
}

impl Watched {
    async fn audit(
        &self,
        memory: &Arc<Memory>,
        looks: Vec<Looked>,
        asked_from: Option<Time>,
        audits: &mut Vec<(Looked, Report)>,
    ) -> Result<(), AuditError> {
        // What is asked for no longer is not looked at, though a finding on it is still open.
        let (start, now) = (self.request.start, self.request.as_of);
        let is_asked_for = |look: &Looked| look.until >= now || start.is_none_or(|start| start < look.until);
        for look in looks.into_iter().filter(is_asked_for) {
            let mut request = self.request.clone();
            request.remembered = true;
            request.start = look.from.max(self.request.start);
            // What may be expired may also never have been, and where a look begins nobody asked for either.
            if request.start == asked_from {
                request.known_from = None;
            }
            request.in_part = look.only.is_some() || look.until < now;
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

    /// What its verdict does not speak of, where less than everything is asked for.
    fn narrowed(&self) -> Option<String> {
        let AuditRequest { select, log_files, .. } = &self.request;
        let names = [&select.accounts, &select.regions, &select.trails].into_iter().flatten();
        let names: Vec<&str> =
            names.chain(select.trail_arn.as_ref().map(|arn| &arn.trail)).map(String::as_str).collect();
        let prefix = select.only_prefix().map(|prefix| format!("prefix {prefix:?}"));
        let names: Vec<&str> = names.into_iter().chain(prefix.as_deref()).collect();
        let only = (!names.is_empty()).then(|| format!("only {}", names.join(" ")));
        let of_logs = match log_files {
            LogFiles::All => None,
            LogFiles::None => Some("log files neither looked for nor read".to_owned()),
            LogFiles::Listing => Some("log files looked for and not read".to_owned()),
            // Whoever knows the seed knows which log files nobody reads.
            LogFiles::Sample { size, .. } => Some(format!("log files looked for, and a sample of {size} read")),
        };
        let not_asked = self.request.not_asked.iter().cloned();
        let said: Vec<String> = only.into_iter().chain(of_logs).chain(not_asked).collect();
        (!said.is_empty()).then(|| said.join(", "))
    }

    /// What is to be looked at: all, or what is new, a share of what was proven, and what is still open.
    fn looks(
        &self,
        state: &State,
        target: TargetId,
        number: u64,
        open: &[OpenFinding],
    ) -> Result<Vec<Looked>, StateError> {
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
        for open in open {
            let (Some(place), Some(time)) = (open.finding.place(), looked::time(&open.finding)) else {
                continue;
            };
            if looks.len() >= AT_ONCE || Looked::covered(looks.iter(), &open.finding, now) {
                continue;
            }
            let around = Interval::new(time.start.plus(-Time::HOUR), time.end.plus(Time::HOUR).min(now));
            looks.push(Looked { from: Some(around.start), until: around.end, only: Some(place) });
        }
        Ok(looks)
    }

    /// Digest files of a time that was not looked at, and that the listing shows otherwise than they were proven, or anew: their
    /// folders are listed whole in each run, whatever share of the history is.
    fn of_differing(&self, memory: &Memory, audits: &[(Looked, Report)]) -> Vec<Looked> {
        let (from, now) = (self.request.start, self.request.as_of);
        let mut spans: BTreeMap<(String, String), Interval> = BTreeMap::new();
        let asked = memory.differing().into_iter().filter(|digest| self.request.select.has_chain(&digest.chain));
        for digest in asked.filter(|digest| digest.end <= now && from.is_none_or(|from| digest.end > from)) {
            let place = (digest.chain.account_id, digest.chain.region);
            let hour = Interval::new(digest.end.plus(-Time::HOUR), digest.end);
            let looked = audits.iter().map(|(look, _)| look);
            let mut looked = looked.filter(|look| look.only.as_ref().is_none_or(|only| *only == place));
            if !looked.any(|look| look.from.is_none_or(|from| from <= hour.start) && hour.end <= look.until) {
                spans.entry(place).and_modify(|span| *span = span.or(hour)).or_insert(hour);
            }
        }
        let around = |(place, span): ((String, String), Interval)| Looked {
            from: Some(span.start.plus(-Time::HOUR)),
            until: span.end.plus(Time::HOUR).min(now),
            only: Some(place),
        };
        spans.into_iter().map(around).collect()
    }

    /// A run that could not proceed: that is to be told, too.
    fn failed(self, state: &State, target: TargetId, run: RunId, error: AuditError) -> Result<Ran, RunError> {
        let message = format!("the run could not proceed: {error}");
        let end = RunEnd { error: Some(error.to_string()), narrowed: self.narrowed(), ..RunEnd::default() };
        let besides = [Finding::new(Code::RunFailed, message)];
        self.conclude(state, target, run, RunOutcome::Failed, &[], &besides, &HashSet::new(), end)?;
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
        well: &HashSet<ObjectLocation>,
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
            complete_within: self.complete_within,
            waivers: Some(&self.request.waivers),
            asked_from: self.request.start,
            not_asked: !self.request.not_asked.is_empty(),
            well,
            end,
        })
    }
}

/// Seconds without a digest after which nobody waits for a chain.
const SILENT: i64 = 3 * Time::DAY;

/// Parts of a history that one run looks at, at most; the rest is the next one's.
const AT_ONCE: usize = 64;
