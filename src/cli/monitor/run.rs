//! `monitor --once` and `--every`: runs, one target after the other, and what is said of them.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{MonitorArgs, Told, show, target};
use crate::audit::{Observer, Silent, Stop};
use crate::cli::evidence::now;
use crate::cli::progress::Bar;
use crate::cli::{Failure, say, signals};
use crate::finding::{Finding, Severity};
use crate::monitor::config::{SinkConfig, TargetConfig};
use crate::monitor::sinks::{Sinks, Surroundings};
use crate::monitor::state::{Listener, OpenFinding, RunOutcome, State};
use crate::monitor::{self, Ran, Watched};
use crate::render;
use crate::report::{Verdict, thousands};
use crate::trail::{Span, Time};

/// What came of a round over all targets.
#[derive(Default)]
struct Round {
    verdicts: Vec<Verdict>,
    failures: Vec<String>,
    /// Events that could not be told.
    undelivered: u64,
}

/// Runs over all targets, once or until it is asked for the end.
pub(super) fn run(args: &MonitorArgs, told: &Told, out: &mut dyn Write) -> Result<u8, Failure> {
    let sinks = sinks(told)?;
    let state = Arc::new(State::open(&told.state).map_err(Failure::told)?);
    if state.is_new() {
        say::line(
            out,
            &format!("{} is made now: nothing is remembered, and all of the history is read", told.state.display()),
        )?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = Stop::default();
    signals::ask_for_the_end(&ended, "what is under way is given up; what was proven by then is remembered")?;
    // Until this returns.
    let _server = show::listen(told)?;
    loop {
        let began = now();
        let mut round = runtime.block_on(round(args, told, &state, &ended, out))?;
        round.undelivered = runtime.block_on(deliver(&state, &sinks, out))?;
        for wrong in show::after_round(told, args.now()?) {
            say::told(&format!("error: {wrong}"));
            round.failures.push(wrong);
        }
        out.flush()?;
        let Some(every) = told.config.every else { return Ok(round.exit_status()) };
        if ended.is_asked() {
            return Ok(0);
        }
        let next = began.plus(every.seconds());
        while next > now() {
            // What could not be told is tried again meanwhile.
            let left = next.since(now()).clamp(0, TRIED_EVERY).unsigned_abs();
            runtime.block_on(async {
                let _ = tokio::time::timeout(Duration::from_secs(left), ended.clone().asked()).await;
            });
            if ended.is_asked() {
                return Ok(0);
            }
            runtime.block_on(monitor::deliver(&state, &sinks, now)).map_err(Failure::told)?;
        }
    }
}

/// Tells what is to be told, and says what could not be. How much that is.
pub(super) async fn deliver(state: &State, sinks: &Sinks, out: &mut dyn Write) -> Result<u64, Failure> {
    monitor::deliver(state, sinks, now).await.map_err(Failure::told)?;
    let backlog = state.backlog(sinks.iter().map(|sink| sink.name())).map_err(Failure::told)?;
    if let Some((sink, error)) = &backlog.worst {
        let waiting = thousands(backlog.waiting);
        say::line(out, &format!("{waiting} events could not be told yet, and are tried again; {sink}: {error}"))?;
    }
    Ok(backlog.waiting)
}

async fn round(
    args: &MonitorArgs,
    told: &Told,
    state: &Arc<State>,
    ended: &Stop,
    out: &mut dyn Write,
) -> Result<Round, Failure> {
    let mut round = Round::default();
    for target in longest_ago_first(&told.config.targets, state)? {
        if ended.is_asked() {
            say::line(out, &format!("{}: not looked at: the end was asked for before", target.name))?;
            round.verdicts.push(Verdict::Inconclusive);
            continue;
        }
        match one(args, told, state, target, ended, out).await? {
            Ok((ran, _)) => round.verdicts.extend(ran.end.verdict),
            Err(Failure(lines)) => {
                round.failures.extend(lines);
                // What was found before is not put right by that.
                let open = state.open_findings_of(&target.name).map_err(Failure::told)?;
                let violated =
                    |open: &OpenFinding| open.finding.severity == Severity::Violation && !open.finding.waived;
                round.verdicts.extend(open.iter().any(violated).then_some(Verdict::NotIntact));
            }
        }
    }
    Ok(round)
}

/// The targets, those first that were not looked at for longest: where the time is short, each has its turn.
pub(super) fn longest_ago_first<'t>(
    targets: &'t [TargetConfig],
    state: &State,
) -> Result<Vec<&'t TargetConfig>, Failure> {
    let newest = |target: &&TargetConfig| state.newest_run(&target.name).map_err(Failure::told);
    let mut keyed: Vec<(Option<Time>, &TargetConfig)> =
        targets.iter().map(|target| Ok((newest(&target)?, target))).collect::<Result<_, Failure>>()?;
    keyed.sort_by_key(|(newest, _)| *newest);
    Ok(keyed.into_iter().map(|(_, target)| target).collect())
}

/// One run over one target, and what is said of it: what it came to, with the number of findings that are open then, or why it
/// could not proceed.
pub(super) async fn one(
    args: &MonitorArgs,
    told: &Told,
    state: &Arc<State>,
    target: &TargetConfig,
    ended: &Stop,
    out: &mut dyn Write,
) -> Result<Result<(Ran, usize), Failure>, Failure> {
    let at = args.now()?;
    if !state.knows(&target.name).map_err(Failure::told)? {
        for other in state.namesakes(&target.name, &target.source.to_string()).map_err(Failure::told)? {
            let line = format!(
                "{}: a new name for the evidence of {other}, whose history and open findings stay with that",
                target.name
            );
            say::line(out, &line)?;
        }
    }
    match look(args, told, state, target, at, ended).await {
        Ok(ran) => {
            let open = state.target(&target.name, &target.source.to_string()).and_then(|id| state.open_findings(id));
            let open = open.map_err(Failure::told)?;
            tell(out, args, target, &ran, at, &open)?;
            Ok(Ok((ran, open.len())))
        }
        Err(Failure(lines)) => {
            for line in &lines {
                say::line(out, &format!("{}: {line}", target.name))?;
            }
            Ok(Err(Failure(lines)))
        }
    }
}

/// One run over one target.
async fn look(
    args: &MonitorArgs,
    told: &Told,
    state: &Arc<State>,
    target: &TargetConfig,
    at: Time,
    ended: &Stop,
) -> Result<Ran, Failure> {
    let source = target.source.to_string();
    let known = state.target(&target.name, &source).map_err(Failure::told);
    let opened = match known {
        Ok(_) => target::open(target, at).await,
        Err(other) => Err(other),
    };
    let (opened, mut request) = match opened {
        Ok(opened) => opened,
        Err(Failure(lines)) => {
            let why = lines.join(" ");
            monitor::could_not_begin(state, &target.name, &source, at, &why, &listeners(told), reminders(told))
                .map_err(Failure::told)?;
            return Err(Failure::told(why));
        }
    };
    let (stop, clock) = stop_of_run(ended, told.config.max_duration);
    request.stop = stop;
    let observer: Arc<dyn Observer> = if args.shows_progress() { Arc::new(Bar::new()) } else { Arc::new(Silent) };
    let watched = Watched {
        name: target.name.clone(),
        source,
        evidence: opened.evidence,
        keys: opened.keys,
        request,
        recheck: target.recheck,
        reread: target.reread,
        retention: target.retention.map(Span::seconds),
        overdue_after: target.overdue_after.seconds(),
        keep_runs: told.config.keep_runs.seconds(),
        complete_within: told.config.complete_within(),
        listeners: listeners(told),
        remind_every: reminders(told),
        observer,
    };
    let ran = monitor::run(state, watched).await;
    clock.abort();
    ran.map_err(Failure::told)
}

/// A wish for the end of one run: when that of all is wished for, or its time is over. The task that looks out for it is over
/// with the run.
fn stop_of_run(ended: &Stop, most: Option<Span>) -> (Stop, JoinHandle<()>) {
    let (stop, ended) = (Stop::default(), ended.clone());
    let asked = stop.clone();
    let clock = tokio::spawn(async move {
        match most {
            Some(most) => {
                drop(tokio::time::timeout(Duration::from_secs(most.seconds().unsigned_abs()), ended.asked()).await)
            }
            None => ended.asked().await,
        }
        asked.ask();
    });
    (stop, clock)
}

fn listeners(told: &Told) -> Vec<Listener> {
    told.config.sinks.iter().map(SinkConfig::listener).collect()
}

/// The sinks of the configuration, ready to be told.
pub(super) fn sinks(told: &Told) -> Result<Sinks, Failure> {
    let surroundings = Surroundings {
        access: told.config.access.clone(),
        variable: |name| std::env::var(name).ok(),
        now,
        asff: render::asff_told,
    };
    Sinks::open(&told.config.sinks, &surroundings).map_err(Failure::told)
}

fn reminders(told: &Told) -> Option<i64> {
    told.config.remind_every.map(Span::seconds)
}

/// What a run came to: its verdict, what is new, and how much is still open.
fn tell(
    out: &mut dyn Write,
    args: &MonitorArgs,
    target: &TargetConfig,
    ran: &Ran,
    at: Time,
    open: &[OpenFinding],
) -> Result<(), Failure> {
    let end = &ran.end;
    let partial =
        if ran.outcome == RunOutcome::Partial { " (ended early; the next run goes on from there)" } else { "" };
    let verdict = end.verdict.map_or("no verdict".to_owned(), |verdict| verdict.to_string());
    let counts = format!(
        "{} digest files verified ({} read), {} log files verified ({} read)",
        thousands(end.digests.0),
        thousands(end.digests.1),
        thousands(end.logs.0),
        thousands(end.logs.1)
    );
    let narrowed = end.narrowed.as_ref().map_or_else(String::new, |what| format!(", of less than everything: {what}"));
    let decides = |open: &&OpenFinding| open.finding.waived && open.finding.severity != Severity::Note;
    let waived = match open.iter().filter(decides).count() {
        0 => String::new(),
        waived => format!(", {} of them waived", thousands(waived as u64)),
    };
    let changed = format!("{} findings opened, {} resolved, {} open{waived}", end.opened, end.resolved, open.len());
    if !args.quiet || end.opened > 0 || end.verdict != Some(Verdict::Intact) {
        say::line(out, &format!("{}: {verdict}{partial}{narrowed}: {counts}; {changed}", target.name))?;
    }
    let new = open.iter().filter(|open| open.opened == at).map(|open| &open.finding);
    for finding in new.filter(|finding| finding.severity != Severity::Note || args.verbose).take(NAMED) {
        say::line(out, &format!("  {} {}: {}", finding.severity, finding.code, about(finding)))?;
    }
    Ok(())
}

fn about(finding: &Finding) -> String {
    let place = match (&finding.subject, &finding.chain, finding.interval) {
        (Some(at), ..) => format!("{at}: "),
        (None, Some(chain), Some(interval)) => format!("{chain}, {interval}: "),
        (None, Some(chain), None) => format!("{chain}: "),
        _ => String::new(),
    };
    format!("{place}{}", finding.message)
}

impl Round {
    /// That of the worst: 1 where tampering or loss is shown, 2 where a target could not be looked at or someone could not be
    /// told, 3 where something could not be proven.
    fn exit_status(&self) -> u8 {
        let any = |verdict: Verdict| self.verdicts.contains(&verdict);
        match () {
            () if any(Verdict::NotIntact) => Verdict::NotIntact.exit_status(),
            () if !self.failures.is_empty() || self.undelivered > 0 => 2,
            () if any(Verdict::Inconclusive) || self.verdicts.is_empty() => Verdict::Inconclusive.exit_status(),
            () => Verdict::Intact.exit_status(),
        }
    }
}

/// Seconds between attempts to tell what could not be told.
const TRIED_EVERY: i64 = 60;

/// New findings that are named one by one; all are in the state file.
const NAMED: usize = 50;
