//! One chain: the merge of what it claims with what the bucket shows, sans I/O.
//!
//! [`ChainWalk`] is a state machine that says what it needs and is told what was observed; [`VouchedLogs`] holds what
//! the digests of one account and region vouch for against what lies in the log folder, day by day.

mod account;
mod coverage;
mod day_logs;
mod link;
mod outcome;
mod scope;
mod vouched;
mod walk;

pub use coverage::{Hole, union};
pub use day_logs::{DayLogs, Kept, Listed, LoggedObject, RecordedBy, RecordedLog, SeenLog};
pub use outcome::{ChainOutcome, JudgedDigest, NewestDigest, OldestDigest, Tally, Vouched};
pub use scope::Scope;
pub use vouched::{Unlisted, VouchedLogs};
pub use walk::{ChainWalk, ListedDigest, Need, Observed};
