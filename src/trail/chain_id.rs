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
    /// The trail's name. Where an account's own trail and its organization's have one name and record beside each other, that of
    /// the organization is told from the other by its id: `NAME (o-ORGID)`, which no trail can be named.
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

impl ChainId {
    /// The same of an organization's trail, beside an account's own of that name.
    pub(crate) fn of_organization(&self, organization: &str) -> ChainId {
        ChainId { trail: format!("{} ({organization})", self.trail_name()), ..self.clone() }
    }

    /// The trail's name, as the names of its digest files have it.
    pub fn trail_name(&self) -> &str {
        self.trail.split_once(" (").map_or(&self.trail, |(name, _)| name)
    }

    /// What the names of its digest files say.
    pub(crate) fn as_named(&self) -> ChainId {
        ChainId { trail: self.trail_name().to_owned(), ..self.clone() }
    }

    /// Whether the names of its digest files say this.
    pub(crate) fn is_named(&self, chain: &ChainId) -> bool {
        let ChainId { account_id, region, home_region, kind, .. } = chain;
        self.trail_name() == chain.trail_name()
            && (&self.account_id, &self.region, &self.home_region, self.kind)
                == (account_id, region, home_region, *kind)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_trails_of_one_name_are_told_apart_and_have_that_name() {
        let chain = ChainId {
            account_id: "111122223333".into(),
            region: "us-east-1".into(),
            trail: "audit".into(),
            home_region: "eu-west-1".into(),
            kind: ChainKind::Standard,
        };
        let other = chain.of_organization("o-exampleorgid");
        assert_eq!(other.to_string(), "111122223333 us-east-1 audit (o-exampleorgid)");
        assert_eq!(
            (other.trail_name(), other.as_named(), other.of_organization("o-exampleorgid")),
            ("audit", chain.clone(), other.clone())
        );
        assert!(other.is_named(&chain) && chain.is_named(&other) && other != chain);
        assert!(!other.is_named(&ChainId { region: "us-east-2".into(), ..chain.clone() }));
        assert!(!chain.is_named(&ChainId { trail: "audits".into(), ..chain.clone() }));
    }
}
