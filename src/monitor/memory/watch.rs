//! Whoever watches an audit, and remembers what it proves.

use std::sync::Arc;

use super::Memory;
use crate::audit::Observer;
use crate::finding::Finding;
use crate::report::CheckedObject;

/// Watches, and remembers what is proven.
pub(super) struct Remembering {
    pub memory: Arc<Memory>,
    pub watched: Arc<dyn Observer>,
}

impl Observer for Remembering {
    fn regions_found(&self, count: u64) {
        self.watched.regions_found(count);
    }

    fn digests_expected(&self, count: u64) {
        self.watched.digests_expected(count);
    }

    fn digest_done(&self) {
        self.watched.digest_done();
    }

    fn logs_expected(&self, count: u64) {
        self.watched.logs_expected(count);
    }

    fn logs_done(&self, count: u64, bytes: u64) {
        self.watched.logs_done(count, bytes);
    }

    fn region_done(&self) {
        self.watched.region_done();
    }

    fn found(&self, finding: &Finding) {
        self.watched.found(finding);
    }

    fn wants_objects(&self) -> bool {
        true
    }

    fn checked(&self, object: &CheckedObject) {
        self.memory.is_proven(object);
        if self.watched.wants_objects() {
            self.watched.checked(object);
        }
    }
}
