//! Where each file that was expected went: the parts add up to the whole.

use super::model::Report;
use crate::finding::{Code, Finding, Reason};

/// The population of a report, and what stands beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Digest files: those that signed digests name or a listing shows, in the time asked for.
    pub digests: Share,
    /// Log files: those that verified digests list.
    pub log_files: Share,
    /// Objects in log folders that no verified digest lists; in none of the above.
    pub unlisted: u64,
    /// Holes in which a digest was due and nothing tells of one any more; in none of the above.
    pub lost: u64,
}

/// One kind of file. All but `expected` add up to `expected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// All of them.
    pub expected: u64,
    /// There, and proven.
    pub verified: u64,
    /// There, and contradicted by what is signed. Of one chain's missing digests, those beyond the limit of findings are here.
    pub contradicted: u64,
    /// Gone, each with a finding.
    pub missing: u64,
    /// Could not be shown either way. What may not be read may not be there.
    pub unproven: u64,
    /// Not read, because that was asked for, and seen in a listing.
    pub listed: u64,
    /// Neither read nor looked for, because that was asked for.
    pub not_looked_for: u64,
}

impl Population {
    /// That of a report: its own totals, the violated parted by what its findings say.
    pub fn of(report: &Report) -> Population {
        let (digests, logs) = (report.totals.digests, report.totals.log_files);
        let found = |is: &dyn Fn(&Finding) -> bool| report.findings.iter().filter(|finding| is(finding)).count() as u64;
        let missing = |code| found(&|finding| finding.code == code);
        let lost = |finding: &Finding| finding.code == Code::CoverageHole && finding.reason == Some(Reason::DigestLost);
        Population {
            digests: Share::new(
                [digests.verified, digests.violated, digests.unproven],
                missing(Code::DigestMissing),
                (0, 0),
            ),
            log_files: Share::new(
                [logs.verified, logs.violated, logs.unproven],
                missing(Code::LogMissing),
                (logs.not_checked, logs.present),
            ),
            unlisted: logs.unlisted,
            lost: found(&lost),
        }
    }
}

impl Share {
    fn new([verified, violated, unproven]: [u64; 3], missing: u64, (unread, present): (u64, u64)) -> Share {
        let missing = missing.min(violated);
        let listed = present.min(unread);
        let share = Share {
            expected: 0,
            verified,
            contradicted: violated - missing,
            missing,
            unproven,
            listed,
            not_looked_for: unread - listed,
        };
        Share { expected: share.sum(), ..share }
    }

    /// The parts together.
    pub fn sum(&self) -> u64 {
        let parts = [self.verified, self.contradicted, self.missing, self.unproven, self.listed, self.not_looked_for];
        parts.into_iter().fold(0, u64::saturating_add)
    }

    /// Those shown to be there: read, or seen in a listing.
    pub fn found(&self) -> u64 {
        self.verified.saturating_add(self.contradicted).saturating_add(self.listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_whatever_the_findings_say() {
        let share = Share::new([20, 3, 1], 2, (6, 4));
        assert_eq!((share.expected, share.sum(), share.found()), (30, 30, 25));
        assert_eq!((share.contradicted, share.missing, share.listed, share.not_looked_for), (1, 2, 4, 2));
        // An edited report may claim anything; nothing is then less than none.
        let absurd = Share::new([u64::MAX, 1, 1], 9, (1, u64::MAX));
        assert_eq!((absurd.expected, absurd.contradicted, absurd.missing), (u64::MAX, 0, 1));
        assert_eq!((absurd.listed, absurd.not_looked_for), (1, 0));
    }
}
