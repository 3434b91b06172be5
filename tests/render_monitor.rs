//! The state of a monitor as text, JSON, metrics and a page: against snapshots, and against what they may never do.

#![cfg(feature = "monitor")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod sample;

use std::io;

use sample::markup::{must_be_whole_and_inert, must_lead_somewhere, tags};
use sample::monitored::{said_everywhere, status};
use sample::pages::{EVIL, inconclusive, many, nothing, one_chain};
use sample::{everything, snapshot};
use trailseal::monitor::Status;
use trailseal::render::escape::{is_hidden, visible};
use trailseal::render::{TextOptions, monitor};
use trailseal::trail::Span;

fn shown(render: fn(&Status, &mut dyn io::Write) -> io::Result<()>, status: &Status) -> String {
    let mut out = Vec::new();
    render(status, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(status: &Status, options: &TextOptions) -> String {
    let mut out = Vec::new();
    monitor::text(status, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Two targets, of which one is not intact.
fn two() -> Status {
    status(&[("copy", inconclusive()), ("organization", everything())])
}

fn never_run() -> Status {
    let mut status = status(&[("new", nothing())]);
    let target = &mut status.targets[0];
    (target.source, target.verdict, target.last_run, target.last_complete_run) = (None, None, None, None);
    target.runs.clear();
    target.open_findings.clear();
    target.findings.clear();
    status.deliveries.clear();
    status
}

fn samples() -> Vec<(&'static str, Status)> {
    vec![
        ("one chain", status(&[("trail", one_chain())])),
        ("two targets", two()),
        ("never run", never_run()),
        ("no target", status(&[])),
        ("1,000 chains", status(&[("organization", many(100))])),
        ("hostile", said_everywhere(EVIL)),
    ]
}

#[test]
fn they_read_as_their_snapshots_do() {
    snapshot("status.txt", &text(&two(), &TextOptions::default()));
    snapshot("status.json", &shown(monitor::json, &two()));
    snapshot("status.prom", &shown(monitor::metrics, &two()));
    snapshot("status.html", &shown(monitor::page, &two()));
}

#[test]
fn json_is_read_back_as_it_was() {
    for (name, status) in samples() {
        let read: Status = serde_json::from_str(&shown(monitor::json, &status)).unwrap();
        assert_eq!(read, status, "{name}");
    }
}

#[test]
fn the_exit_status_is_that_of_the_worst_target() {
    assert_eq!(status(&[("trail", one_chain())]).exit_status(), 0);
    assert_eq!(two().exit_status(), 1);
    assert_eq!(never_run().exit_status(), 2);
    assert_eq!(status(&[]).exit_status(), 2);
    assert_eq!(status(&[("a", one_chain()), ("b", inconclusive())]).exit_status(), 3);
    let mut partial = status(&[("a", one_chain()), ("b", everything())]);
    partial.targets[0].last_complete_run = None;
    assert_eq!(partial.exit_status(), 1, "a violation is more than that another target is not done yet");
}

#[test]
fn a_monitor_is_well_while_its_complete_runs_are_young() {
    let hour = Span::from_seconds(3_600);
    let mut status = status(&[("trail", one_chain())]);
    assert_eq!(status.unhealthy(hour, None), None);
    status.at = status.at.plus(3 * 3_600);
    let why = status.unhealthy(hour, None).unwrap();
    assert!(why.contains("the target trail ended at") && why.ends_with("more than 3h ago"), "{why}");
    assert_eq!(status.unhealthy(hour, Some(Span::from_seconds(9 * 3_600))), None, "a run may take that long");
    assert!(never_run().unhealthy(hour, None).unwrap().contains("no complete run yet"));
}

#[test]
fn every_page_is_whole_and_inert_and_leads_somewhere() {
    for (name, status) in samples() {
        let page = shown(monitor::page, &status);
        must_be_whole_and_inert(name, &page);
        must_lead_somewhere(name, &page);
    }
}

#[test]
fn no_name_acts_anywhere() {
    let plain = "x".repeat(EVIL.chars().count());
    let (evil, plain) = (said_everywhere(EVIL), said_everywhere(&plain));
    assert_eq!(tags(&shown(monitor::page, &evil)), tags(&shown(monitor::page, &plain)));
    let everything = TextOptions { verbose: true, ..TextOptions::default() };
    let texts = [text(&evil, &everything), text(&evil, &TextOptions { ascii: true, ..everything })];
    let forms = [shown(monitor::page, &evil), shown(monitor::json, &evil), shown(monitor::metrics, &evil)];
    for form in texts.iter().chain(&forms) {
        assert!(form.chars().all(|c| c == '\n' || !is_hidden(c)), "{form}");
    }
    assert!(texts[0].contains(&*visible(EVIL)) && texts[1].is_ascii());
    let lines = |status: &Status| shown(monitor::metrics, status).lines().count();
    assert_eq!(lines(&evil), lines(&plain), "a name made a line of its own");
}

#[test]
fn a_thousand_chains_stay_readable() {
    let status = status(&[("organization", many(100))]);
    let page = shown(monitor::page, &status);
    assert_eq!(page.matches("<text class=\"percent\"").count(), 1_000, "every chain has its line");
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    let metrics = shown(monitor::metrics, &status);
    assert_eq!(metrics.matches("trailseal_monitor_proven_until_timestamp_seconds{").count(), 1_000);
    let few = text(&status, &TextOptions::default());
    assert!(few.contains("988 more chains, proven until"), "{few}");
    assert!(few.lines().count() < 120, "{few}");
    let all = text(&status, &TextOptions { verbose: true, ..TextOptions::default() });
    assert_eq!(all.lines().filter(|line| line.starts_with("    1111")).count(), 1_000);
}

#[test]
fn colour_says_nothing_that_words_do_not() {
    let status = two();
    let coloured = text(&status, &TextOptions { color: true, ..TextOptions::default() });
    let plain: String = coloured
        .split('\u{1b}')
        .enumerate()
        .fold(String::new(), |text, (at, part)| text + if at == 0 { part } else { part.split_once('m').unwrap().1 });
    assert_ne!(coloured, plain);
    assert_eq!(plain, text(&status, &TextOptions::default()));
}
