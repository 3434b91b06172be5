//! Telling: what waits is handed to its sink until it is taken.

use futures::future::join_all;

use super::sinks::{Sink, Sinks};
use super::state::{State, StateError};
use crate::trail::Time;

/// Hands each sink what is due for it. How many events were taken.
///
/// A sink that cannot be reached is left alone for a while, and the others are not kept waiting. What one refuses is tried again
/// after everything else: nothing that someone planted stands in front of an alarm. Nothing is lost.
pub async fn deliver(state: &State, sinks: &Sinks, now: fn() -> Time) -> Result<u64, StateError> {
    let taken = join_all(sinks.iter().map(|sink| deliver_to(state, sink, now))).await;
    taken.into_iter().sum()
}

async fn deliver_to(state: &State, sink: &dyn Sink, now: fn() -> Time) -> Result<u64, StateError> {
    let (mut taken, mut refused) = (0, 0);
    loop {
        let due = state.due(sink.name(), now(), TOGETHER)?;
        if due.is_empty() {
            return Ok(taken);
        }
        for due in due {
            // Cut off after this and before it is written down, it is told again: under the same id.
            let Err(error) = sink.deliver(&due.event).await else {
                state.was_taken(&due, now())?;
                taken += 1;
                continue;
            };
            let wait = if error.may_pass() { SOON } else { LATER }.saturating_mul(1 << due.attempts.min(12));
            state.was_not_taken(&due, now(), wait, !error.may_pass(), &error.to_string())?;
            refused += 1;
            if error.may_pass() || refused >= REFUSED {
                return Ok(taken);
            }
        }
    }
}

/// Events that are read together.
const TOGETHER: u32 = 100;

/// Events that a sink may refuse before it is left alone: it may refuse everything.
const REFUSED: u32 = 20;

/// Seconds until one is tried again, doubled each time, where that may help.
const SOON: i64 = 30;

/// The same where it hardly will: somebody must mend something first.
const LATER: i64 = 300;
