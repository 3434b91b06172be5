//! `monitor --check-config`: what would be run, and whether it can be.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::{MonitorArgs, Told, target};
use crate::audit::{AuditRequest, LogFiles};
use crate::aws::AccessOptions;
use crate::cli::evidence::now;
use crate::cli::simulate::shell;
use crate::cli::{Failure, say};
use crate::monitor::config::{PublicKeys, Share, SinkConfig, Start, TargetConfig, TargetSource};
use crate::monitor::state::{State, StateError};
use crate::report::thousands;
use crate::trail::{Span, Time};

/// Tells what would be run; fails with all that stands in its way, and tells nothing else then.
pub(super) fn run(args: &MonitorArgs, told: &Told, out: &mut dyn Write) -> Result<(), Failure> {
    let now = now();
    let mut wrong = Vec::new();
    let mut page = vec![format!("{} is good; nothing was asked of the network", args.config.display())];
    page.push(String::new());
    page.extend(rows(whole(args, told, &mut wrong)));
    wrong.extend(of_state(told));
    // What a run would come upon before it looks at anything.
    if let Err(Failure(lines)) = super::run::sinks(told) {
        wrong.extend(lines);
    }
    for target in &told.config.targets {
        page.extend([String::new(), format!("target {} ({})", target.name, target.source)]);
        match target::check(target, now) {
            Ok(request) => page.extend(rows(of_target(target, &request, now, args.verbose))),
            Err(Failure(lines)) => wrong.extend(lines.iter().map(|line| format!("target {}: {line}", target.name))),
        }
    }
    page.extend([String::new()]);
    page.extend(told.config.sinks.iter().map(of_sink));
    if told.config.sinks.is_empty() {
        page.push("no sink: nobody is told, and the exit status and the files above are all there is".to_owned());
    }
    match wrong.len() {
        0 if args.quiet => Ok(()),
        0 => {
            page.iter().try_for_each(|line| say::line(out, line))?;
            say::line(out, "")?;
            next(args, told).iter().try_for_each(|command| say::next(out, command))?;
            Ok(())
        }
        1 => Err(Failure(wrong)),
        several => {
            let first = format!("{}: {several} things stand in the way of a run", args.config.display());
            Err(Failure::told_each(std::iter::once(first).chain(wrong.iter().map(|line| format!("  {line}")))))
        }
    }
}

fn rows(rows: Vec<(&str, String)>) -> impl Iterator<Item = String> {
    rows.into_iter().map(|(name, text)| format!("  {name:<13} {text}"))
}

/// What earlier runs remember that does not fit.
fn of_state(told: &Told) -> Vec<String> {
    let state = match State::read(&told.state) {
        Ok(state) => state,
        // The first run makes it, and the next one brings it to this version.
        Err(StateError::Absent(_) | StateError::Unusable { .. }) => return Vec::new(),
        Err(error) => return vec![error.to_string()],
    };
    let fits = |target: &TargetConfig| state.must_be_of(&target.name, &target.source.to_string());
    told.config.targets.iter().filter_map(|target| fits(target).err()).map(|error| error.to_string()).collect()
}

/// What is said of all targets together.
fn whole<'a>(args: &MonitorArgs, told: &Told, wrong: &mut Vec<String>) -> Vec<(&'a str, String)> {
    let config = &told.config;
    let span = |span: Option<Span>, none: &str| span.map_or(none.to_owned(), |span| span.to_string());
    let runs = config.every.map_or("once".to_owned(), |every| format!("every {every}, until it is ended"));
    let shown = match (told.state.exists(), can_be_written(&told.state)) {
        (true, Ok(())) => "is there and can be written",
        (false, Ok(())) => "is not there yet and can be made",
        (_, Err(why)) => {
            wrong.push(format!("the state file {}: {why}", told.state.display()));
            "cannot be written"
        }
    };
    let mut rows = vec![
        ("state", format!("{} ({shown})", told.state.display())),
        ("runs", format!("{runs}; each for {}", span(config.max_duration, "as long as it takes"))),
        ("reminders", config.remind_every.map_or("never".to_owned(), |every| format!("every {every}"))),
        ("remembered", format!("{} of runs and resolved findings", config.keep_runs)),
    ];
    for (name, path) in [("status page", &config.status_page), ("metrics file", &config.metrics_file)] {
        let Some(path) = path else { continue };
        if let Err(why) = can_be_written(path) {
            wrong.push(format!("the {name} {}: {why}", path.display()));
        }
        rows.push((name, path.display().to_string()));
    }
    if let Some(listen) = config.listen {
        let unless = if config.every.is_none() { ", though not in a run that is the only one" } else { "" };
        rows.push(("listens", format!("http://{listen}{unless}")));
    }
    if args.verbose {
        rows.push(("access", access(&config.access)));
    }
    rows
}

/// What is said of one target.
fn of_target(target: &TargetConfig, request: &AuditRequest, now: Time, verbose: bool) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("scope", scope(target)),
        ("from", from(target, now)),
        (
            "retention",
            target
                .retention
                .map_or("none: nothing may ever go".to_owned(), |r| format!("{r}: older objects may be gone")),
        ),
        ("log files", log_files(target)),
        ("history", history(target)),
        ("overdue", format!("after {}", target.overdue_after)),
        ("public keys", public_keys(target)),
    ];
    if let Some(path) = &target.waivers {
        rows.push(("waivers", format!("{} ({})", path.display(), count(request.waivers.len(), "waiver"))));
    }
    if target.live() {
        rows.push(("access", access(&target.access)));
    }
    if verbose {
        let bytes = (thousands(target.max_digest_bytes), thousands(target.max_log_bytes));
        let text =
            format!("{} objects at once, digests of {} bytes, log files of {}", target.concurrency, bytes.0, bytes.1);
        rows.push(("bounds", text));
    }
    rows
}

fn scope(target: &TargetConfig) -> String {
    let names = |what: &str, names: &[String]| match names {
        [] => format!("all {what}"),
        names => format!("{what} {}", names.join(" ")),
    };
    let mut scope = vec![names("accounts", &target.accounts), names("regions", &target.regions)];
    scope.push(match &target.source {
        TargetSource::Trail(arn) => format!("trail {}", arn.trail),
        _ => names("trails", &target.trails),
    });
    scope.extend(target.s3_prefix.as_ref().map(|prefix| format!("prefix \"{prefix}\"")));
    scope.extend(target.bucket.as_ref().map(|bucket| format!("bucket {bucket}")));
    scope.join(", ")
}

fn from(target: &TargetConfig, now: Time) -> String {
    let Some((start, named)) = target.start_at(now).zip(target.start) else { return "the oldest digest on".to_owned() };
    match named {
        Start::At(time) if time < start => format!("{start} on: {named} is before what the retention keeps"),
        Start::At(_) => format!("{start} on"),
        Start::Back(span) => format!("{span} before each run on"),
    }
}

fn log_files(target: &TargetConfig) -> String {
    match (target.log_files, target.seed) {
        (LogFiles::All, _) => "all are read".to_owned(),
        (LogFiles::Listing, _) => "listed, not read".to_owned(),
        (LogFiles::None, _) => "neither read nor listed".to_owned(),
        (LogFiles::Sample { size, .. }, seed) => {
            let drawn = seed.map_or("drawn by chance".to_owned(), |seed| format!("drawn by the seed {seed}"));
            format!("{size} are read, {drawn}")
        }
    }
}

fn history(target: &TargetConfig) -> String {
    let again = |share: Share, what: &str| match share {
        Share::All => format!("all of it is {what} again"),
        Share::None => format!("none of it is {what} again"),
        Share::OneIn(_) => format!("{share} of it is {what} again"),
    };
    format!("each run, {}, and {}", again(target.recheck, "listed"), again(target.reread, "read"))
}

fn public_keys(target: &TargetConfig) -> String {
    match &target.public_keys {
        PublicKeys::Files(files) => files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "),
        PublicKeys::Default if !target.live() => {
            "those beside the copy, which show no more than that it is consistent".to_owned()
        }
        PublicKeys::Default | PublicKeys::Aws => "AWS is asked".to_owned(),
    }
}

/// How AWS is reached, but for what nobody else is to know.
fn access(access: &AccessOptions) -> String {
    let mut said = vec![match &access.profile {
        Some(profile) => format!("profile {profile}"),
        None => "credentials as the AWS CLI finds them".to_owned(),
    }];
    if let Some(role) = &access.assume_role {
        let with = if role.external_id.is_some() { " with an external id" } else { "" };
        said.push(format!("role {} as {}{with}", role.arn, role.session_name));
    }
    said.extend(access.endpoint_url.as_ref().map(|url| format!("endpoint {url}")));
    said.extend(access.expected_bucket_owner.as_ref().map(|id| format!("buckets of {id} alone")));
    let flags = [(access.fips, "FIPS"), (access.dual_stack, "IPv6 too"), (access.request_payer, "pays for requests")];
    said.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.to_owned()));
    said.join(", ")
}

/// Who is told; addresses may be secrets, and are not shown.
fn of_sink(sink: &SinkConfig) -> String {
    format!("sink {}", sink.describe())
}

/// What to do next: see that AWS can be reached, and run.
fn next(args: &MonitorArgs, told: &Told) -> Vec<String> {
    let live = told.config.targets.iter().filter(|target| target.live()).take(1);
    let tries = live.map(|target| format!("trailseal verify {} --dry-run", shell(&target.source.to_string())));
    let run = format!("trailseal monitor --config {} --once", shell(&args.config.display().to_string()));
    tries.chain([run]).collect()
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Whether a file can be written, or made, where it is to be; nothing is left behind.
fn can_be_written(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        return Err("it is a directory; name a file in it".to_owned());
    }
    if !folder.is_dir() {
        return Err(format!("there is no directory {}; make it, or name another", folder.display()));
    }
    // A database has files beside it, and other files are put in place by their name: the folder counts too.
    let made: std::io::Result<File> = tempfile::tempfile_in(folder);
    let opened = if path.exists() { OpenOptions::new().write(true).open(path).map(drop) } else { Ok(()) };
    made.map(drop).and(opened).map_err(|error| format!("it cannot be written: {error}; see to its permissions"))
}
