//! How much may be under way at once, and how often an object is asked for again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::StoreError;

/// A bound on the objects under way, shared by a whole audit.
#[derive(Clone, Debug)]
pub(super) struct Pace(Arc<Semaphore>);

impl Pace {
    pub(super) fn new(most: usize) -> Pace {
        Pace(Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Waits for a turn; it ends when the guard is dropped. The semaphore is never closed, so there always is one.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}

/// How often an object was asked for again because its body broke off.
#[derive(Default)]
pub(super) struct Again(u32);

impl Again {
    /// Whether to ask for the whole object once more; waits a little before it says so.
    pub(super) async fn may(&mut self, error: &StoreError) -> bool {
        let may = matches!(error, StoreError::BrokeOff(_)) && self.0 < MOST_AGAIN;
        if may {
            tokio::time::sleep(Duration::from_millis(100 << self.0)).await;
            self.0 += 1;
        }
        may
    }
}

/// Whoever cuts connections in the middle does it a few times and not for ever, or else for ever.
const MOST_AGAIN: u32 = 5;
