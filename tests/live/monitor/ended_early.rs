//! Runs that end early: what was proven by then is remembered, and nothing is taken for resolved that was not looked at.

use crate::proxy::{Fault, Rule, Times, key, logs};

use super::{Watched, open, two_days};

#[test]
fn a_run_whose_time_is_over_is_gone_on_with() {
    let watched = Watched::after(20, two_days(), "");
    // The oldest of all is met last.
    let last = watched.keys_with("/CloudTrail/")[0].clone();
    watched.world.proxy.add(Rule::new(key(&last), Fault::Stalled, Times::Forever));
    let run = watched.run_with(&["--max-duration", "2s"]);
    assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("ended early; the next run goes on from there"), "{}", run.stdout);
    assert_eq!(watched.open(), [], "nothing is wrong with what was not looked at");
    let (before, _) = watched.asked();
    watched.world.proxy.clear();
    watched.comes_to(0);
    let (after, _) = watched.asked();
    assert!((1..before / 2).contains(&after), "{after} of {before} are read again");
}

#[test]
fn what_was_not_looked_at_is_not_resolved() {
    let watched = Watched::after(20, two_days(), "");
    watched.comes_to(0);
    let gone = watched.keys_with("/CloudTrail/")[4].clone();
    let stored = watched.remove(&gone);
    watched.comes_to(1);
    assert_eq!(watched.open(), [open("log-missing", &gone)]);
    // It is there again, and nobody can say so yet.
    watched.put(&gone, stored);
    watched.database().execute("DELETE FROM object", []).unwrap();
    watched.world.proxy.add(Rule::new(logs(), Fault::Stalled, Times::Forever));
    let run = watched.run_with(&["--max-duration", "2s"]);
    assert_eq!(run.status, Some(1), "{}{}", run.stdout, run.stderr);
    assert_eq!(watched.open(), [open("log-missing", &gone)]);
    watched.world.proxy.clear();
    watched.comes_to(0);
    assert_eq!(watched.open(), []);
}
