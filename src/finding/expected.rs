//! The wording of what should be there and is not at all.

use super::{Code, Finding, Reason};
use crate::trail::{ChainId, Interval};

impl Finding {
    pub(crate) fn never_delivered(chain: &ChainId, during: Interval) -> Finding {
        let message = "AWS says that the trail records this account and region, and there is no digest file of them: they were deleted with all before them, or nothing was ever delivered";
        Finding::new(Code::CoverageHole, message).in_chain(chain).during(during).because(Reason::NeverDelivered)
    }

    pub(crate) fn account_never_delivered(account: &str, chains: &[(ChainId, Interval)]) -> Option<Finding> {
        let during = chains.first()?.1;
        let message = format!(
            "AWS says that the trail records the account {account}, with {} regions enabled, and there is no digest file of any of them: they were deleted with all before them, or nothing was ever delivered",
            chains.len()
        );
        Some(Finding::new(Code::CoverageHole, message).during(during).because(Reason::NeverDelivered))
    }

    /// Of a standard chain, of which only the backfill digests are there; in the time asked for, if a start was.
    pub(crate) fn backfills_alone(standard: &ChainId, asked: Option<Interval>) -> Finding {
        let message = "there are backfill digest files of this trail, and none of those that it delivers each hour: they were deleted";
        let finding = Finding::new(Code::NothingFound, message).in_chain(standard);
        match asked {
            Some(asked) => finding.during(asked),
            None => finding,
        }
    }
}
