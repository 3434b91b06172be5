//! What came of walking a chain.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::coverage::Hole;
use super::link::NamedDigest;
use crate::digest::{LogFileRef, RecordedHash};
use crate::finding::{Finding, Severity};
use crate::trail::{ChainId, Interval, ObjectLocation, Time};

/// What a digest vouches for, once it is verified; nothing if it is not.
#[derive(Debug, Default)]
pub struct Vouched {
    /// Whether the digest's time touches the request. Digests just outside are looked at for what they vouch for, so
    /// that a log file delivered near the edge is not called unlisted.
    pub in_scope: bool,
    /// By when the digest was delivered, where the store knows when it was written.
    pub delivered: Option<Time>,
    /// The bucket the digest lies in.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Whether it names a digest before it.
    pub names_previous: bool,
    /// The time whose deliveries it lists; none where nothing is vouched for.
    pub covers: Option<Interval>,
    /// The log files.
    pub log_files: Vec<LogFileRef>,
    /// What the digest came to, verified or not, where it was counted and the walk is one that tells.
    pub judged: Option<Box<JudgedDigest>>,
}

/// What a digest came to that was counted.
#[derive(Debug)]
pub struct JudgedDigest {
    /// Where it lies, or should; the bucket may be empty.
    pub at: ObjectLocation,
    /// Its time; where it is not believed, that of its name.
    pub covers: Interval,
    /// The hash that a verified digest after it records.
    pub recorded: Option<RecordedHash>,
    /// The key of that digest.
    pub recorded_by: Option<String>,
    /// The hash of its uncompressed bytes, where there were any.
    pub sha256: Option<[u8; 32]>,
    /// How many there are of them, of one that is verified.
    pub bytes: Option<u64>,
    /// What it was counted by.
    pub findings: Vec<Finding>,
}

/// The digests of a chain that lie in the request, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Proven to be AWS's, and linked as their neighbours say.
    pub verified: u64,
    /// Altered, or gone although a signed digest names them.
    pub violated: u64,
    /// Neither.
    pub unproven: u64,
}

/// The newest verified digest of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestDigest {
    /// Its key.
    pub key: String,
    /// Its signature in hex: whoever keeps it can tell later whether history was rewritten.
    pub signature: String,
    /// The end of its hour.
    pub end: Time,
}

/// The oldest verified digest of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldestDigest {
    /// Its key.
    pub key: String,
    /// The start of its hour.
    pub start: Time,
}

/// What came of walking a chain.
#[derive(Clone, Debug)]
pub struct ChainOutcome {
    /// The chain.
    pub chain: ChainId,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The digests of the request.
    pub tally: Tally,
    /// The time proven, clipped to the request, oldest first.
    pub proven: Vec<Interval>,
    /// The time not proven, clipped to the request, oldest first.
    pub holes: Vec<Hole>,
    /// The newest verified digest of the request.
    pub newest: Option<NewestDigest>,
    /// The oldest verified digest of the request.
    pub oldest: Option<OldestDigest>,
    /// The end of the newest verified digest met, in the request or just after it.
    pub newest_end: Option<Time>,
    /// The start of the oldest verified digest met, in the request or just before it.
    pub oldest_start: Option<Time>,
    /// Whether, as AWS signed, the chain began only after the request's end.
    pub began_after: bool,
    /// Digests whose key is not among those given, where those given are not known to be all.
    pub keys_unknown: u64,
    /// The fingerprints of the keys that signed.
    pub fingerprints: BTreeSet<String>,
}

impl ChainOutcome {
    pub(super) fn new(chain: ChainId) -> ChainOutcome {
        ChainOutcome {
            chain,
            findings: Vec::new(),
            tally: Tally::default(),
            proven: Vec::new(),
            holes: Vec::new(),
            newest: None,
            oldest: None,
            newest_end: None,
            oldest_start: None,
            began_after: false,
            keys_unknown: 0,
            fingerprints: BTreeSet::new(),
        }
    }
}

impl JudgedDigest {
    /// By the first of those that name it.
    pub(super) fn of(at: &ObjectLocation, covers: Interval, claim: Option<&NamedDigest>) -> JudgedDigest {
        JudgedDigest {
            at: at.clone(),
            covers,
            recorded: claim.map(|named| named.hash.clone()),
            recorded_by: claim.map(|named| named.by.key.clone()),
            sha256: None,
            bytes: None,
            findings: Vec::new(),
        }
    }
}

impl Tally {
    /// Counts one digest by the worst that was found of it; one of which nothing was found is verified.
    pub(super) fn count(&mut self, findings: &[Finding]) {
        match findings.iter().map(|finding| finding.severity).min() {
            Some(Severity::Violation) => self.violated += 1,
            Some(Severity::Unproven) => self.unproven += 1,
            Some(Severity::Note) | None => self.verified += 1,
        }
    }

    /// Adds another count.
    pub fn add(&mut self, other: Tally) {
        self.verified += other.verified;
        self.violated += other.violated;
        self.unproven += other.unproven;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;

    #[test]
    fn a_digest_counts_once_and_by_the_worst_of_it() {
        let of = |severity| {
            let code = Code::ALL.iter().find(|code| code.severity() == severity).unwrap();
            Finding::new(*code, "")
        };
        let (violation, unproven, note) = (of(Severity::Violation), of(Severity::Unproven), of(Severity::Note));
        let mut tally = Tally::default();
        tally.count(&[]);
        tally.count(std::slice::from_ref(&note));
        tally.count(&[note.clone(), unproven.clone()]);
        tally.count(&[unproven, violation.clone(), note]);
        tally.count(&[violation.clone(), violation.clone()]);
        tally.count(&[violation]);
        assert_eq!(tally, Tally { verified: 2, violated: 3, unproven: 1 });
    }

    #[test]
    fn counts_add_up() {
        let mut tally = Tally { verified: 3, violated: 4, unproven: 5 };
        tally.add(Tally { verified: 10, violated: 20, unproven: 30 });
        assert_eq!(tally, Tally { verified: 13, violated: 24, unproven: 35 });
    }
}
