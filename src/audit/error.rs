//! Why an audit came to no verdict.

use crate::store::StoreError;

/// Why an audit came to no verdict. What is wrong with single objects is in the report instead.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The request's start is not before its end.
    #[error(
        "the start {start} is not before the end {end}; exchange them or widen the range (a date alone is its midnight UTC; without --end-time, a copy ends where it says itself)"
    )]
    RangeReversed {
        /// The start.
        start: crate::trail::Time,
        /// The end.
        end: crate::trail::Time,
    },
    /// The request's start has not come yet.
    #[error(
        "the start {start} is still to come: it is {now}; ask for a time that has passed (a date alone is its midnight UTC)"
    )]
    StartToCome {
        /// The start.
        start: crate::trail::Time,
        /// The moment that the evidence is looked at.
        now: crate::trail::Time,
    },
    /// The evidence itself could not be listed.
    #[error("the evidence could not be listed: {0}; check the name and your access to it")]
    Source(StoreError),
    /// The keys have nothing to do with the evidence.
    #[error(
        "none of the keys from {keys} is the one that any digest names ({named} of them were looked at): the keys are of \
         another region or time, or the evidence was signed by somebody else; obtain the keys of {regions} over that \
         range with `aws cloudtrail list-public-keys`"
    )]
    KeysForeign {
        /// Where the keys came from.
        keys: String,
        /// How many digests were looked at.
        named: u64,
        /// The regions of the evidence.
        regions: String,
    },
    /// A spot check of no log file.
    #[error("no log file is named; name one by its key")]
    NothingNamed,
    /// A task of the audit panicked. No part of the report can be relied on.
    #[error("a task of the audit failed: {0}; please report this as a bug")]
    Task(#[from] tokio::task::JoinError),
    /// The runtime could not be started.
    #[error("the audit could not be started: {0}")]
    Start(#[from] std::io::Error),
}
