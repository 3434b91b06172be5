//! What was asked of the services, to be asked by tests.

use std::sync::{Arc, Mutex};

/// The requests that came through, in order.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<Call>>>);

/// One request, as IAM would judge it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) operation: String,
    /// The IAM action that allows it.
    pub(crate) action: String,
    pub(crate) on: Resource,
    /// The region that it was signed for.
    pub(crate) region: String,
}

/// What kind of resource a policy must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resource {
    Bucket,
    Object,
    /// What a function remembers, which is no part of a trail.
    StateObject,
    StateBucket,
    /// `*`: an API without resources, or with those of its own.
    Any,
}

impl Journal {
    pub(crate) fn write(&self, operation: &str, action: &str, on: Resource, region: &str) {
        let call = Call { operation: operation.into(), action: action.into(), on, region: region.into() };
        self.0.lock().unwrap().push(call);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    /// How often this operation was asked for.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls().iter().filter(|call| call.operation == operation).count()
    }

    /// The IAM actions that were needed, each with its kind of resource, once.
    pub(crate) fn actions(&self) -> Vec<(String, Resource)> {
        let mut actions: Vec<_> = self.calls().into_iter().map(|call| (call.action, call.on)).collect();
        actions.sort();
        actions.dedup();
        actions
    }
}
