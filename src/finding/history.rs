//! The wording of what earlier runs proved and this one does not find.

use super::{Code, Finding};
use crate::trail::{ChainId, Interval, ObjectLocation};

impl Finding {
    pub(crate) fn history_rewritten(
        chain: &ChainId,
        at: &ObjectLocation,
        hour: Interval,
        sha256: &[u8; 32],
    ) -> Finding {
        let message = "an earlier run proved this digest file, and it is not in the bucket any more";
        let finding = Finding::new(Code::HistoryRewritten, message).about(at).in_chain(chain).during(hour);
        finding.compared(hex::encode(sha256), "no object")
    }

    /// `count` digests of the chain lay in the folder.
    pub(crate) fn chain_gone(chain: &ChainId, folder: &ObjectLocation, time: Interval, count: u64) -> Finding {
        let message = format!(
            "earlier runs proved {count} digest files of this chain in this folder, and none of them is there any more"
        );
        let finding = Finding::new(Code::ChainGone, message).about(folder).in_chain(chain).during(time);
        finding.compared(count.to_string(), "0")
    }
}
