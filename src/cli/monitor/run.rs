//! `monitor --once` and `--every`: runs, one target after the other, and what is said of them.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::{MonitorArgs, Told, target};
use crate::audit::{Observer, Silent, Stop};
use crate::cli::evidence::now;
use crate::cli::progress::Bar;
use crate::cli::{Failure, say, signals};
use crate::finding::{Finding, Severity};
use crate::monitor::config::TargetConfig;
use crate::monitor::state::{Listener, OpenFinding, RunOutcome, State};
use crate::monitor::{self, Ran, Watched};
use crate::report::{Verdict, thousands};
use crate::trail::{Span, Time};

/// What came of a round over all targets.
#[derive(Default)]
struct Round {
    verdicts: Vec<Verdict>,
    failures: Vec<String>,
}

/// Runs over all targets, once or until it is asked for the end.
pub(super) fn run(args: &MonitorArgs, told: &Told, out: &mut dyn Write) -> Result<u8, Failure> {
    let state = Arc::new(State::open(&told.state).map_err(Failure::told)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = Stop::default();
    signals::ask_for_the_end(&ended, "what is under way is given up; what was proven by then is remembered")?;
    loop {
        let began = now();
        let round = runtime.block_on(round(args, told, &state, &ended, out))?;
        out.flush()?;
        let Some(every) = told.config.every else { return Ok(round.exit_status()) };
        if ended.is_asked() {
            return Ok(0);
        }
        let next = began.plus(every.seconds()).since(now()).max(0).unsigned_abs();
        runtime.block_on(async {
            let _ = tokio::time::timeout(Duration::from_secs(next), ended.clone().asked()).await;
        });
        if ended.is_asked() {
            return Ok(0);
        }
    }
}

async fn round(
    args: &MonitorArgs,
    told: &Told,
    state: &Arc<State>,
    ended: &Stop,
    out: &mut dyn Write,
) -> Result<Round, Failure> {
    let mut round = Round::default();
    for target in &told.config.targets {
        if ended.is_asked() {
            break;
        }
        let at = args.now()?;
        match look(args, told, state, target, at, ended).await {
            Ok(ran) => {
                round.verdicts.extend(ran.end.verdict);
                let open =
                    state.target(&target.name, &target.source.to_string()).and_then(|id| state.open_findings(id));
                tell(out, args, target, &ran, at, &open.map_err(Failure::told)?)?;
            }
            Err(Failure(lines)) => {
                for line in &lines {
                    say::line(out, &format!("{}: {line}", target.name))?;
                }
                round.failures.extend(lines);
            }
        }
    }
    Ok(round)
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
    let opened = target::open(target, at).await;
    let (opened, mut request) = match opened {
        Ok(opened) => opened,
        Err(Failure(lines)) => {
            let why = lines.join(" ");
            monitor::could_not_begin(state, &target.name, &source, at, &why, &listeners(told), reminders(told))
                .map_err(Failure::told)?;
            return Err(Failure::told(why));
        }
    };
    request.stop = stop_of_run(ended, told.config.max_duration);
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
        listeners: listeners(told),
        remind_every: reminders(told),
        observer,
    };
    monitor::run(state, watched).await.map_err(Failure::told)
}

/// A wish for the end of one run: when that of all is wished for, or its time is over.
fn stop_of_run(ended: &Stop, most: Option<Span>) -> Stop {
    let (stop, ended) = (Stop::default(), ended.clone());
    let asked = stop.clone();
    tokio::spawn(async move {
        match most {
            Some(most) => {
                drop(tokio::time::timeout(Duration::from_secs(most.seconds().unsigned_abs()), ended.asked()).await)
            }
            None => ended.asked().await,
        }
        asked.ask();
    });
    stop
}

fn listeners(_told: &Told) -> Vec<Listener> {
    Vec::new()
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
    let changed = format!("{} findings opened, {} resolved, {} open", end.opened, end.resolved, open.len());
    if !args.quiet || end.opened > 0 || end.verdict != Some(Verdict::Intact) {
        say::line(out, &format!("{}: {verdict}{partial}: {counts}; {changed}", target.name))?;
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
    /// That of the worst: 1 where tampering or loss is shown, 2 where a target could not be looked at, 3 where something could
    /// not be proven.
    fn exit_status(&self) -> u8 {
        let any = |verdict: Verdict| self.verdicts.contains(&verdict);
        match () {
            () if any(Verdict::NotIntact) => Verdict::NotIntact.exit_status(),
            () if !self.failures.is_empty() => 2,
            () if any(Verdict::Inconclusive) || self.verdicts.is_empty() => Verdict::Inconclusive.exit_status(),
            () => Verdict::Intact.exit_status(),
        }
    }
}

/// New findings that are named one by one; all are in the state file.
const NAMED: usize = 50;
