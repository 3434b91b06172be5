//! Where the monitor itself is not well: runs that never come to their end, a state that is gone, targets that are others now.

use std::fs;

use trailseal::monitor::EventKind;
use trailseal::trail::Time;

use crate::proxy::{Fault, Rule, Times, logs};
use crate::world::Run;

use super::told::Hook;
use super::{Watched, two_days};

impl Watched {
    fn status(&self) -> Run {
        let (config, now) = (self.config(), self.at.to_string());
        self.world.run(&["monitor", "status", "--config", config.to_str().unwrap(), "--now", &now]).on_a_line()
    }
}

impl Run {
    /// What was said, wherever its lines end.
    fn on_a_line(self) -> Run {
        Run { stdout: self.stdout.split_whitespace().collect::<Vec<_>>().join(" "), ..self }
    }
}

#[test]
fn runs_that_never_come_to_their_end_are_told_of() {
    let mut watched = Watched::after(10, two_days(), "");
    let hook = Hook::of(&mut watched);
    watched.comes_to(0);
    watched.world.proxy.add(Rule::new(logs(), Fault::Stalled, Times::Forever));
    let incomplete = |kind| (kind, "run-incomplete".to_owned());
    let mut told = Vec::new();
    for _ in 0..4 {
        watched.go_on(9 * Time::HOUR);
        let run = watched.run_with(&["--max-duration", "1s"]);
        assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
        told.push(hook.heard().into_iter().map(|(kind, code, _)| (kind, code)).collect::<Vec<_>>());
    }
    assert_eq!(told, [vec![], vec![], vec![incomplete(EventKind::Opened)], vec![]]);
    let status = watched.status();
    assert_eq!(status.status, Some(2), "{}", status.stdout);
    assert!(status.stdout.contains("no run has looked at everything since"), "{}", status.stdout);
    watched.world.proxy.clear();
    watched.comes_to(0);
    assert!(hook.heard().iter().any(|(kind, code, _)| incomplete(*kind).1 == *code && *kind == EventKind::Resolved));
    assert_eq!(watched.status().status, Some(0));
}

#[test]
fn a_verdict_of_long_ago_says_nothing_of_now() {
    let mut watched = Watched::after(10, two_days(), "");
    watched.comes_to(0);
    watched.go_on(23 * Time::HOUR);
    assert_eq!(watched.status().status, Some(0));
    watched.go_on(2 * Time::HOUR);
    let status = watched.status();
    assert_eq!(status.status, Some(2), "{}", status.stdout);
    assert!(status.stdout.contains("no run has looked at everything since"), "{}", status.stdout);
    // Nor does one of a clock that was ahead.
    watched.at = watched.at.plus(-30 * Time::HOUR);
    let status = watched.status();
    assert_eq!(status.status, Some(2), "{}", status.stdout);
    assert!(status.stdout.contains("which is to come"), "{}", status.stdout);
}

#[test]
fn a_state_file_that_is_gone_is_never_begun_anew_silently() {
    let watched = Watched::after(10, two_days(), "");
    let run = watched.comes_to(0);
    assert!(run.stdout.contains("is made now: nothing is remembered"), "{}", run.stdout);
    let run = watched.comes_to(0);
    assert!(!run.stdout.contains("is made now"), "{}", run.stdout);
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", watched.state().display()));
    }
    let run = watched.comes_to_without_looking(2);
    assert!(run.stderr.contains("is gone") && run.stderr.contains("restore it from a copy"), "{}", run.stderr);
    assert!(!watched.state().exists());
    fs::remove_file(format!("{}.lock", watched.state().display())).unwrap();
    watched.comes_to(0);
}

#[test]
fn a_first_run_that_was_killed_before_it_made_its_state_is_gone_on_with() {
    let watched = Watched::after(10, two_days(), "");
    fs::write(format!("{}.lock", watched.state().display()), "").unwrap();
    fs::write(watched.state(), "").unwrap();
    watched.comes_to(0);
}

#[test]
fn a_target_that_is_another_now_is_told_of_under_its_name() {
    let mut watched = Watched::after(10, two_days(), "");
    let hook = Hook::of(&mut watched);
    watched.comes_to(0);
    let config = watched.config();
    let text = fs::read_to_string(&config).unwrap();
    let source = watched.world.source();
    let text = text.replace(&format!("\"{source}\""), &format!("\"{source}/elsewhere\""));
    fs::write(&config, &text).unwrap();
    let (path, now) = (config.to_str().unwrap(), watched.at.to_string());
    let run = watched.world.run(&["monitor", "--config", path, "--once", "--now", &now]);
    assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("give the new source another name"), "{}", run.stdout);
    let heard = hook.heard();
    assert_eq!(
        heard.iter().map(|(kind, code, _)| (*kind, code.as_str())).collect::<Vec<_>>(),
        [(EventKind::Opened, "run-failed")]
    );
    let status = watched.world.run(&["monitor", "status", "--config", path, "--now", &now]).on_a_line();
    assert_eq!(status.status, Some(2), "{}", status.stdout);
    assert!(status.stdout.contains("which no run has looked at"), "{}", status.stdout);
    let checked = watched.world.run(&["monitor", "--config", path, "--check-config"]);
    assert_eq!(checked.status, Some(2));
    assert!(checked.stderr.contains("give the new source another name"), "{}", checked.stderr);
    // A new name for the same evidence leaves the history behind, and says so.
    fs::write(&config, text.replace("/elsewhere\"", "\"").replace("\"trail\"", "\"renamed\"")).unwrap();
    let run = watched.world.run(&["monitor", "--config", path, "--once", "--now", &now]);
    assert!(run.stdout.contains("renamed: a new name for the evidence of trail"), "{}", run.stdout);
}
