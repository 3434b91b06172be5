//! From the text to a [`Config`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::access::RawAccess;
use super::error::ConfigErrors;
use super::keys::Section;
use super::table::{Problems, Table};
use super::{Config, SinkConfig, target};
use crate::aws::AccessOptions;
use crate::trail::{ObjectLocation, Span, Time, is_bucket_name};

/// Bytes of a configuration: a thousand targets take some 300,000. Stops: a device or a disk image given by mistake.
pub const CONFIG_BYTES: usize = 1 << 20;

pub(super) fn config(text: &str, folder: &Path) -> Result<Config, ConfigErrors> {
    let problems = Problems::of(text);
    if text.len() > CONFIG_BYTES {
        problems.note(0, format!("it is longer than {CONFIG_BYTES} bytes; give the file that [[target]] is in"));
        return Err(problems.told());
    }
    // TOML that cannot be read as such is told alone: what else is wrong could follow from it.
    let (entries, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            problems.note(at, format!("{}; see https://toml.io for how to write it", error.message()));
        }
        return Err(problems.told());
    }
    let config = top(Table::top(entries.get_ref(), &problems), &problems, folder);
    if problems.are_there() { Err(problems.told()) } else { Ok(config) }
}

/// The whole file. Where something is wrong, what is given in its place is of no account.
fn top(top: Table<'_, '_>, problems: &Problems<'_>, folder: &Path) -> Config {
    let raw = top.table("access", Section::Access);
    let (at, own) = (raw.at, RawAccess::read(raw));
    let access = own.options().unwrap_or_else(|problem| {
        problems.note(at, problem);
        AccessOptions::default()
    });
    let targets = targets(&top, problems, folder, &own);
    let (state, state_object) = state(&top, folder);
    let config = Config {
        state,
        state_object,
        every: span(&top, "every"),
        max_duration: span(&top, "max_duration"),
        remind_every: span_or_never(&top, "remind_every").unwrap_or(Some(Span::from_seconds(Time::DAY))),
        status_page: path(&top, "status_page", folder),
        metrics_file: path(&top, "metrics_file", folder),
        listen: top.parsed("listen", LISTEN, |text| text.parse().ok()),
        keep_runs: span(&top, "keep_runs").unwrap_or(Span::from_seconds(KEEP_RUNS)),
        sinks: sinks(&top, &targets, problems),
        targets,
        access,
    };
    top.finish();
    config
}

fn targets(
    top: &Table<'_, '_>,
    problems: &Problems<'_>,
    folder: &Path,
    access: &RawAccess,
) -> Vec<super::TargetConfig> {
    let tables = top.tables("target", Section::Target);
    // What is there and is no table was told of as such.
    if !top.is_filled("target") {
        top.note(
            "target",
            "there is no target, and so nothing to watch; write [[target]] with `name` and `source` below it",
        );
    }
    let mut names = BTreeSet::new();
    let mut targets = Vec::new();
    for table in tables {
        let at = table.at;
        let target = target::read(table, problems, folder, access);
        // One without a name was told of as such.
        if !target.name.is_empty() && !names.insert(target.name.clone()) {
            problems.note(at, format!("another target has the name \"{}\" too; give each its own", target.name));
        }
        targets.push(target);
    }
    targets
}

fn sinks(top: &Table<'_, '_>, targets: &[super::TargetConfig], problems: &Problems<'_>) -> Vec<SinkConfig> {
    let mut names = BTreeSet::new();
    let mut sinks = Vec::new();
    for (item, entries) in top.raw_tables("sink") {
        let at = item.span().start;
        match named(entries) {
            Some((_, name)) if is_name(name) => {
                if !names.insert(name) {
                    problems.note(at, format!("another sink has the name \"{name}\" too; give each its own"));
                }
            }
            Some((at, _)) => problems.note(at, format!("`name` is no name; write {NAME}")),
            None => problems.note(at, format!("[[sink]] has no `name`; write {NAME}")),
        }
        match SinkConfig::deserialize(ValueDeserializer::from(item.clone())) {
            Ok(sink) => {
                let unknown = sink.targets.iter().filter(|name| !targets.iter().any(|target| target.name == **name));
                for name in unknown {
                    problems.note(
                        at,
                        format!("the sink {} is told of the target {name}, and there is none of that name", sink.name),
                    );
                }
                sinks.push(sink);
            }
            Err(error) => {
                let at = error.span().map_or(at, |span| span.start);
                problems.note(at, format!("{}; see docs/monitor-sinks.md for what a sink takes", error.message()));
            }
        }
    }
    sinks
}

fn named<'a>(entries: &'a DeTable<'_>) -> Option<(usize, &'a str)> {
    let (key, value): (_, &Spanned<DeValue<'_>>) = entries.iter().find(|(key, _)| key.get_ref().as_ref() == "name")?;
    Some((key.span().start, value.get_ref().as_str().unwrap_or_default()))
}

// -- What several keys hold --

/// A name of a target or sink: it becomes part of metrics, file names and messages.
pub(super) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A path, from the folder of the file on.
pub(super) fn path(table: &Table<'_, '_>, key: &'static str, folder: &Path) -> Option<PathBuf> {
    table.parsed(key, PATH, |text| resolved(text, folder))
}

/// A path from a folder on, unless it is of a kind that only shells understand.
pub(super) fn resolved(text: &str, folder: &Path) -> Option<PathBuf> {
    let plain = !text.is_empty() && !text.starts_with("~/") && !text.contains('\0');
    plain.then(|| folder.join(text))
}

/// A span that is not none at all.
pub(super) fn span(table: &Table<'_, '_>, key: &'static str) -> Option<Span> {
    table.parsed(key, SPAN, some_span)
}

/// A file, or an object.
fn state(top: &Table<'_, '_>, folder: &Path) -> (Option<PathBuf>, Option<ObjectLocation>) {
    let either = |text: &str| match text.contains("://") {
        true => object(text).map(|at| (None, Some(at))),
        false => resolved(text, folder).map(|path| (Some(path), None)),
    };
    top.parsed("state", STATE, either).unwrap_or_default()
}

/// `s3://BUCKET/KEY`
pub(crate) fn object(text: &str) -> Option<ObjectLocation> {
    let (bucket, key) = text.strip_prefix("s3://")?.split_once('/')?;
    (is_bucket_name(bucket) && !key.is_empty()).then(|| ObjectLocation::new(bucket, key))
}

fn span_or_never(table: &Table<'_, '_>, key: &'static str) -> Option<Option<Span>> {
    table.parsed(key, &format!("{SPAN}, or \"never\""), |text| match text {
        "never" => Some(None),
        span => some_span(span).map(Some),
    })
}

fn some_span(text: &str) -> Option<Span> {
    text.parse().ok().filter(|span: &Span| span.seconds() > 0)
}

pub(super) const NAME: &str = "1 to 64 of a to z, 0 to 9 and -, such as \"organization\"";
pub(super) const PATH: &str = "a path, complete or from the folder of this file on; `~` and variables are not expanded";
const STATE: &str = "a path, complete or from the folder of this file on; or for a Lambda function s3://BUCKET/KEY";
pub(super) const SPAN: &str = "a number and a unit, such as \"30m\", \"36h\" or \"90d\"";
pub(crate) const LISTEN: &str = "an IP address and a port, such as \"127.0.0.1:9178\" or \"[::1]:9178\"";

/// How long runs are remembered: somewhat more than a year, so that an audit of a year finds all of them.
const KEEP_RUNS: i64 = 400 * Time::DAY;
