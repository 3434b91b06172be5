//! The wording of what earlier runs proved and this one does not find.

use super::{Code, Finding};
use crate::trail::{ChainId, Interval, ObjectLocation};

impl Finding {
    /// `now` is the hash of what lies there in its place, if anything does.
    pub(crate) fn history_rewritten(
        chain: &ChainId,
        at: &ObjectLocation,
        hour: Interval,
        sha256: &[u8; 32],
        now: Option<&[u8; 32]>,
    ) -> Finding {
        let message = match now {
            None => "an earlier run proved this digest file, and it is not in the bucket any more",
            Some(_) => "an earlier run proved this digest file, and another one that is signed too lies in its place",
        };
        let finding = Finding::new(Code::HistoryRewritten, message).about(at).in_chain(chain).during(hour);
        finding.compared(hex::encode(sha256), now.map_or("no object".to_owned(), hex::encode))
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
