//! Scheduled integrity: what is new is audited, what is old is held against what was proven before, and whoever is to know
//! is told once.

pub mod config;
mod deliver;
mod event;
mod history;
mod looked;
mod memory;
mod resolved;
mod run;
mod share;
pub mod sinks;
pub mod state;
pub mod status;

pub use deliver::deliver;
pub use event::{EVENT_SCHEMA, Event, EventKind};
pub use run::{Ran, RunError, Watched, could_not_begin, run};
pub use status::Status;
