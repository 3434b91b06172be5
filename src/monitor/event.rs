//! What someone is told: that a finding opened, that it is resolved, or that it is still open.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::trail::Time;

/// The name of the schema of an event in JSON.
pub const EVENT_SCHEMA: &str = "trailseal.event/1";

/// One thing to tell. It is told until it was taken, and so more than once if the answer was lost: the id is the same then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// [`EVENT_SCHEMA`].
    pub schema: String,
    /// The same each time it is told.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// When: the time of the run that saw it.
    pub at: Time,
    /// The target's name in the configuration.
    pub target: String,
    /// Which finding: the same from when it opens until it is resolved.
    pub finding_id: String,
    /// Since when it is open.
    pub opened_at: Time,
    /// The finding.
    pub finding: Finding,
    /// What the finding's code says.
    pub says: String,
    /// What it can mean where nobody meant harm.
    pub ordinary: String,
    /// What it can mean where somebody did.
    pub malicious: String,
    /// What to do next.
    pub next_step: String,
}

/// What happened to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// It was not there before.
    Opened,
    /// It is there no more.
    Resolved,
    /// It is still there.
    Reminder,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EventKind::Opened => "opened",
            EventKind::Resolved => "resolved",
            EventKind::Reminder => "reminder",
        })
    }
}
