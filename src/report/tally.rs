//! Counts of log files.

use serde::{Deserialize, Serialize};

/// The log files that verified digests of the request list, each counted once, and the objects that none lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTally {
    /// Read, and their content is as recorded.
    pub verified: u64,
    /// Of those verified: in an earlier run, and unchanged since as the listing shows; they were not read again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unchanged: u64,
    /// Altered, damaged or gone.
    pub violated: u64,
    /// There, and could not be read.
    pub unproven: u64,
    /// Not read, because that was asked for.
    pub not_checked: u64,
    /// Of those not read: seen in the listing.
    #[serde(default)]
    pub present: u64,
    /// Objects in the log folders that no verified digest lists; in none of the other counts. The chains of an account and region
    /// share its folder: those in it are counted with the first.
    #[serde(default)]
    pub unlisted: u64,
}

impl LogTally {
    /// Adds another count.
    pub fn add(&mut self, other: LogTally) {
        self.verified += other.verified;
        self.unchanged += other.unchanged;
        self.violated += other.violated;
        self.unproven += other.unproven;
        self.not_checked += other.not_checked;
        self.present += other.present;
        self.unlisted += other.unlisted;
    }

    /// Those of which it is known what became of them: not those that could not be read.
    pub fn read(&self) -> u64 {
        self.verified.saturating_add(self.violated)
    }

    /// All that verified digests list.
    pub fn listed(&self) -> u64 {
        // A saved report can say anything.
        [self.violated, self.unproven, self.not_checked].into_iter().fold(self.verified, u64::saturating_add)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
