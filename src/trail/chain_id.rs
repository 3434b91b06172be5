//! What makes digest files one chain.

use std::fmt;

use super::Time;
use serde::{Deserialize, Serialize};

/// Standard digests come every hour; backfill digests make up for log files that their hour's digest missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainKind {
    /// One digest an hour, each naming the one before.
    Standard,
    /// Digests whose name ends in `_backfill`, signed when they were generated.
    Backfill,
}

/// One (account, source region, trail, kind): the digests that link to each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChainId {
    /// The account whose activity is recorded.
    pub account_id: String,
    /// The region in which it happened.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The region in which the trail was created.
    pub home_region: String,
    /// Standard or backfill.
    pub kind: ChainKind,
}

/// Whose activity in which region a trail should have recorded, as AWS says of whom it records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExpectedChain {
    /// The account.
    pub account_id: String,
    /// The source region.
    pub region: String,
    /// Since when; none for as long as the trail is there.
    pub since: Option<Time>,
}

impl fmt::Display for ChainKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ChainKind::Standard => "standard",
            ChainKind::Backfill => "backfill",
        })
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.account_id, self.region, self.trail)?;
        if self.kind == ChainKind::Backfill { f.write_str(" (backfill)") } else { Ok(()) }
    }
}
