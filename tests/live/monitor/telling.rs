//! Who is told where sinks change, refuse or come later, and in which order.

use hyper::StatusCode;
use trailseal::monitor::EventKind;

use super::told::{Hook, alter};
use super::{Watched, two_days};

/// A trail of which two log files are altered and one is planted, and all of it was to be told.
fn two_altered() -> (Watched, Hook) {
    let mut watched = Watched::after(20, two_days(), "");
    let hook = Hook::of(&mut watched);
    watched.comes_to(0);
    assert_eq!(hook.heard(), []);
    for at in [3, 9] {
        alter(&watched, &watched.keys_with("/CloudTrail/")[at].clone());
    }
    (watched, hook)
}

#[test]
fn what_a_sink_refuses_keeps_nothing_else_from_being_told() {
    let (watched, hook) = two_altered();
    hook.answers_first(StatusCode::BAD_REQUEST);
    let run = watched.comes_to(1);
    let heard = hook.heard();
    assert_eq!(heard.len(), 2, "{}", run.stdout);
    assert!(run.stdout.contains("1 events could not be told yet"), "{}", run.stdout);
    let refused = "SELECT count(*) FROM delivery WHERE refused AND delivered IS NULL";
    assert_eq!(watched.database().query_row(refused, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    // What comes later does not wait for it.
    alter(&watched, &watched.keys_with("/CloudTrail/")[12].clone());
    watched.comes_to(1);
    let then = hook.heard();
    assert_eq!(then.len(), 1, "{then:?}");
    assert!(heard.iter().all(|(.., id)| *id != then[0].2));
    watched.make_due();
    watched.comes_to(1);
    assert_eq!(hook.heard(), heard[..1], "under the same id");
}

#[test]
fn a_sink_that_was_renamed_is_told_what_waited_for_it() {
    let (mut watched, hook) = two_altered();
    hook.answers(StatusCode::SERVICE_UNAVAILABLE);
    watched.comes_to(1);
    assert_eq!(hook.heard().len(), 1, "a sink out of reach is left alone");
    hook.answers(StatusCode::OK);
    watched.sinks = watched.sinks.replace("\"hook\"", "\"pager\"");
    let run = watched.comes_to(1);
    let heard = hook.heard();
    assert_eq!(heard.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [EventKind::Opened; 2], "{}", run.stdout);
    assert!(!run.stdout.contains("could not be told"), "{}", run.stdout);
    watched.comes_to(1);
    assert_eq!(hook.heard(), [], "once");
}

#[test]
fn what_waited_for_a_sink_that_is_gone_is_no_failure() {
    let (mut watched, hook) = two_altered();
    hook.answers(StatusCode::SERVICE_UNAVAILABLE);
    watched.comes_to(1);
    watched.sinks.clear();
    let run = watched.comes_to(1);
    assert!(!run.stdout.contains("could not be told"), "{}", run.stdout);
}

#[test]
fn a_sink_that_comes_later_is_told_what_is_open() {
    let (mut watched, hook) = two_altered();
    let configured = std::mem::take(&mut watched.sinks);
    watched.comes_to(1);
    assert_eq!(hook.heard(), []);
    watched.sinks = configured;
    watched.comes_to(1);
    let kinds: Vec<_> = hook.heard().into_iter().map(|(kind, code, _)| (kind, code)).collect();
    assert_eq!(kinds, vec![(EventKind::Opened, "log-hash-mismatch".to_owned()); 2]);
    watched.comes_to(1);
    assert_eq!(hook.heard(), [], "once");
}

#[test]
fn a_clock_that_was_ahead_silences_nobody() {
    let (watched, hook) = two_altered();
    hook.answers(StatusCode::SERVICE_UNAVAILABLE);
    watched.comes_to(1);
    hook.heard();
    hook.answers(StatusCode::OK);
    watched.database().execute("UPDATE delivery SET next = next + 5 * 365 * 86400", []).unwrap();
    watched.comes_to(1);
    assert_eq!(hook.heard().len(), 2);
}

#[test]
fn violations_are_told_before_the_rest() {
    let (watched, hook) = two_altered();
    // Its chain cannot be followed beyond it: what is not proven for that is older than what is altered.
    let digest = watched.keys_with("/CloudTrail-Digest/")[1].clone();
    let stored = watched.remove(&digest);
    watched
        .put(&digest, crate::s3_server::Stored { body: b"none".to_vec().into(), last_modified: watched.at, ..stored });
    watched.comes_to(1);
    let severities = hook.severities();
    assert!(severities.len() > 2 && severities.is_sorted(), "the worst come first: {severities:?}");
    assert_ne!(severities.first(), severities.last());
}
