//! The program, as whatever it writes names it.

use serde::{Deserialize, Serialize};

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolReport {
    /// `trailseal`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl ToolReport {
    /// This program.
    pub fn this() -> ToolReport {
        ToolReport { name: "trailseal".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}
