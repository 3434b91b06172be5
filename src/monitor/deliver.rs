//! Telling: what waits is handed to its sink until it is taken.

use futures::future::join_all;

use super::sinks::{Sink, Sinks};
use super::state::{State, StateError};
use crate::trail::Time;

/// Hands each sink what is due for it, oldest first. How many events were taken.
///
/// A sink that does not take one is left alone for a while: the others are not kept waiting, and nothing is lost.
pub async fn deliver(state: &State, sinks: &Sinks, now: fn() -> Time) -> Result<u64, StateError> {
    let taken = join_all(sinks.iter().map(|sink| deliver_to(state, sink, now))).await;
    taken.into_iter().sum()
}

async fn deliver_to(state: &State, sink: &dyn Sink, now: fn() -> Time) -> Result<u64, StateError> {
    let mut taken = 0;
    loop {
        let due = state.due(sink.name(), now(), TOGETHER)?;
        if due.is_empty() {
            return Ok(taken);
        }
        for due in due {
            // Cut off after this and before it is written down, it is told again: under the same id.
            match sink.deliver(&due.event).await {
                Ok(()) => {
                    state.was_taken(&due, now())?;
                    taken += 1;
                }
                Err(error) => {
                    let wait = if error.may_pass() { SOON } else { LATER };
                    let wait = wait.saturating_mul(1 << due.attempts.min(12)).min(AT_LATEST);
                    state.was_not_taken(&due, now().plus(wait), &error.to_string())?;
                    return Ok(taken);
                }
            }
        }
    }
}

/// Events that are read together.
const TOGETHER: u32 = 100;

/// Seconds until one is tried again, doubled each time, where that may help.
const SOON: i64 = 30;

/// The same where it hardly will: somebody must mend something first.
const LATER: i64 = 300;

/// The longest that anything waits.
const AT_LATEST: i64 = 6 * Time::HOUR;
