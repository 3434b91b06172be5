//! What CloudTrail calls things, parsed strictly: times, locations, trail ARNs, and the keys of digest and log files.
//!
//! A key that is not exactly of the documented form is no digest file and no log file. Nothing here guesses: the
//! listing of a bucket is written by whoever may write to the bucket.

mod arn;
mod chain_id;
mod digest_key;
mod folder;
mod location;
mod log_key;
mod span;
mod time;

pub use arn::{ArnError, TrailArn};
pub use chain_id::{ChainId, ChainKind, ExpectedChain};
pub use digest_key::{DigestKey, DigestName};
pub use folder::{
    AccountFolder, RegionFolders, is_account_id, is_bucket_name, is_organization_id, is_region, is_trail_name,
};
pub use location::ObjectLocation;
pub use log_key::{LogKey, LogName};
pub use span::{Span, SpanError};
pub use time::{Day, Interval, Time, TimeError};
