//! Scheduled integrity: what is new is audited, what is old is held against what was proven before, and whoever is to know
//! is told once.

pub mod config;
mod event;

pub use event::{EVENT_SCHEMA, Event, EventKind};
