//! The state of a monitor, for people and for programs: functions of [`Status`] and of nothing else.

mod metrics;
mod page;
mod text;
mod words;

use std::io;

pub use metrics::metrics;
pub use page::page;
pub use text::{headline, text};

use crate::monitor::status::Status;

/// Writes it as JSON, schema `trailseal.monitor-status/1`.
pub fn json(status: &Status, out: &mut dyn io::Write) -> io::Result<()> {
    super::json_value(status, out)
}
