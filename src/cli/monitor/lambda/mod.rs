//! The monitor as a function of AWS Lambda: each invocation is a round, as with `--once`.
//!
//! What is remembered is an object in S3. It is written after the round and before anyone is told, and only over what was read
//! before: of two invocations at once, one keeps and tells what it found, and the other fails.

mod deadline;
mod event;
mod remembered;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde_json::Value;

use self::deadline::Deadline;
use self::event::Asked;
use self::remembered::Remembered;
use super::{MonitorArgs, Told, all_of, read, run};
use crate::audit::Stop;
use crate::aws::{AccessOptions, KeptObject};
use crate::cli::{Failure, NO_VERDICT, say, told};
use crate::monitor::config::{Config, object};
use crate::monitor::state::State;
use crate::report::Verdict;
use crate::trail::ObjectLocation;

/// What an invocation answers.
#[derive(Debug, Default, Serialize)]
struct Answer {
    targets: Vec<Looked>,
    /// Objects that the event was about, and that begin no round: each with the reason.
    ignored: Vec<String>,
}

/// What came of one target.
#[derive(Debug, Serialize)]
struct Looked {
    target: String,
    verdict: Option<Verdict>,
    narrowed: Option<String>,
    outcome: &'static str,
    digests: u64,
    log_files: u64,
    opened: u64,
    resolved: u64,
    open: usize,
}

/// Whether this process was started as a function: by Lambda, which gives no arguments.
pub(in crate::cli) fn is_wanted() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() && std::env::args_os().len() <= 1
}

/// Answers invocations until Lambda ends the process.
pub(in crate::cli) fn serve() -> u8 {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let served = runtime
        .map_err(lambda_runtime::Error::from)
        .and_then(|runtime| runtime.block_on(Runtime::new(service_fn(invoked)).run()));
    match served {
        Ok(()) => 0,
        Err(error) => {
            told(&format!("error: {error}; Lambda's runtime API could not be used"));
            NO_VERDICT
        }
    }
}

async fn invoked(event: LambdaEvent<Value>) -> Result<Answer, Failure> {
    let answered = answer(&event.payload, &Deadline::of(event.context.deadline)).await;
    if let Err(Failure(lines)) = &answered {
        lines.iter().for_each(|line| told(&format!("error: {line}")));
    }
    answered
}

impl From<Failure> for Diagnostic {
    fn from(Failure(lines): Failure) -> Diagnostic {
        Diagnostic { error_type: "CouldNotProceed".to_owned(), error_message: lines.join("\n") }
    }
}

/// A round, if the event asks for one. What was found is no failure: the sinks tell of it.
async fn answer(event: &Value, deadline: &Deadline) -> Result<Answer, Failure> {
    let mut config = configuration().await?;
    let asked = Asked::by(event);
    let ignored = asked.narrow(&mut config.targets);
    for line in &ignored {
        say::line(&mut io::stdout(), &format!("ignored: {line}"))?;
    }
    if config.targets.is_empty() {
        return Ok(Answer { ignored, ..Answer::default() });
    }
    let at = config.state_object.clone().ok_or_else(|| {
        Failure::told("a function has no disk that lasts; write `state = \"s3://BUCKET/KEY\"` in the configuration")
    })?;
    let mut remembered = Remembered::fetch(at, &config.access).await?;
    let told = Told { config, state: remembered.path().to_owned() };
    // Whoever cannot be told must not keep what is to be told from being found out early.
    let sinks = run::sinks(&told)?;
    let state = Arc::new(State::open(&told.state).map_err(Failure::told)?);
    let (targets, mut failures) = round(&told, &state, deadline).await?;
    let names = || sinks.iter().map(|sink| sink.name());
    let waiting = state.backlog(names()).map_err(Failure::told)?.waiting;
    remembered.keep(state).await?;
    if waiting > 0 {
        let state = Arc::new(State::open(&told.state).map_err(Failure::told)?);
        // What is not told by then is told by the next invocation.
        let _ = tokio::time::timeout(deadline.for_telling(), run::deliver(&state, &sinks, &mut io::stdout())).await;
        let waiting = state.backlog(names()).map_err(Failure::told)?;
        remembered.keep(state).await?;
        if waiting.waiting > 0 {
            let why = waiting.worst.map_or("there was no time left".to_owned(), |(sink, why)| format!("{sink}: {why}"));
            failures.push(format!("{} events could not be told yet, and are tried again; {why}", waiting.waiting));
        }
    }
    if failures.is_empty() { Ok(Answer { targets, ignored }) } else { Err(Failure::told_each(failures)) }
}

/// One run over each target, as far as there is time. What came of them, and why some could not proceed.
async fn round(told: &Told, state: &Arc<State>, deadline: &Deadline) -> Result<(Vec<Looked>, Vec<String>), Failure> {
    let ended = Stop::default();
    let _until = deadline.asks_for_the_end(&ended);
    let args = as_once();
    let (mut targets, mut failures) = (Vec::new(), Vec::new());
    for target in run::longest_ago_first(&told.config.targets, state)? {
        let name = &target.name;
        if ended.is_asked() {
            failures.push(format!(
                "{name}: there was no time left to look at it, and the next invocation begins with it; give the function a longer timeout, or this target a function of its own"
            ));
            continue;
        }
        match run::one(&args, told, state, target, &ended, &mut io::stdout()).await? {
            Ok((ran, open)) => targets.push(Looked {
                target: name.clone(),
                verdict: ran.end.verdict,
                narrowed: ran.end.narrowed,
                outcome: ran.outcome.name(),
                digests: ran.end.digests.0,
                log_files: ran.end.logs.0,
                opened: ran.end.opened,
                resolved: ran.end.resolved,
                open,
            }),
            Err(Failure(lines)) => failures.extend(lines.iter().map(|line| format!("{name}: {line}"))),
        }
    }
    Ok((targets, failures))
}

/// The configuration that `TRAILSEAL_CONFIG` names: a file of the package, or an object.
async fn configuration() -> Result<Config, Failure> {
    let named = std::env::var(CONFIG).map_err(|_| {
        Failure::told(format!("{CONFIG} is not set; name a file of the function's package, or s3://BUCKET/KEY"))
    })?;
    if !named.contains("://") {
        return read(Path::new(&named));
    }
    let wrong = |error: &dyn std::fmt::Display| Failure::told(format!("{CONFIG} is {named}: {error}"));
    let at: ObjectLocation = object(&named).ok_or_else(|| wrong(&"write s3://BUCKET/KEY"))?;
    let mut bytes = Vec::new();
    let stored = KeptObject::at(at, &AccessOptions::default()).await.map_err(Failure::told)?;
    // Absent, it is as empty as an empty one: a configuration that says nothing is told of.
    stored.read(&mut bytes).await.map_err(Failure::told)?;
    let text = String::from_utf8(bytes).map_err(|error| wrong(&error))?;
    Config::parse(&text, Path::new("")).map_err(|errors| all_of(Path::new(&named), &errors))
}

/// As `monitor --once` of the command line is told.
fn as_once() -> MonitorArgs {
    MonitorArgs {
        config: PathBuf::new(),
        check_config: false,
        now: None,
        once: true,
        every: None,
        max_duration: None,
        state: None,
        target: Vec::new(),
        status_page: None,
        metrics_file: None,
        listen: None,
        verbose: false,
        quiet: false,
        no_progress: true,
    }
}

/// The variable that names the configuration.
const CONFIG: &str = "TRAILSEAL_CONFIG";
