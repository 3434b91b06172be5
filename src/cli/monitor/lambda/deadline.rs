//! When Lambda ends an invocation, and what must be done before that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::audit::Stop;

/// The time that an invocation has.
pub(super) struct Deadline {
    at: Instant,
    /// How long before it the round must end: what was found is still to be kept, told, and kept again.
    margin: Duration,
}

/// Ends the wait when it is dropped.
pub(super) struct Until(tokio::task::JoinHandle<()>);

impl Deadline {
    /// As Lambda tells it: milliseconds since 1970.
    pub(super) fn of(milliseconds: u64) -> Deadline {
        let at = UNIX_EPOCH + Duration::from_millis(milliseconds);
        let left = at.duration_since(SystemTime::now()).unwrap_or_default();
        Deadline { at: Instant::now() + left, margin: (left / 5).clamp(LEAST, MOST) }
    }

    /// Asks for the end of the round in time.
    pub(super) fn asks_for_the_end(&self, ended: &Stop) -> Until {
        let (ended, left) = (ended.clone(), self.left(self.margin));
        if left.is_zero() {
            ended.ask();
        }
        Until(tokio::spawn(async move {
            tokio::time::sleep(left).await;
            ended.ask();
        }))
    }

    /// How long telling may take.
    pub(super) fn for_telling(&self) -> Duration {
        self.left(self.margin / 3)
    }

    fn left(&self, margin: Duration) -> Duration {
        self.at.saturating_duration_since(Instant::now()).saturating_sub(margin)
    }
}

impl Drop for Until {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The margin, at least and at most.
const LEAST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(90);
