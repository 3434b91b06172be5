//! Scheduled integrity: what is new is audited, what is old is held against what was proven before, and whoever is to know
//! is told once.

mod event;
pub mod sinks;

pub use event::{EVENT_SCHEMA, Event, EventKind};
