//! What several threads write to in turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A turn. That another thread panicked ends the run elsewhere, and is not told of here.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
