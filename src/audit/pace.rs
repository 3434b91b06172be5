//! How much may be under way at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
