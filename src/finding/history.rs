//! The wording of what earlier runs proved and this one does not find.

use super::{Code, Finding};
use crate::trail::{ChainId, Interval, ObjectLocation};

impl Finding {
    /// `proven` is its hash as it was proven, or its signature where that alone is known; `now` is the hash of what lies there in its
    /// place, if anything does.
    pub(crate) fn history_rewritten(
        chain: &ChainId,
        at: &ObjectLocation,
        hour: Interval,
        proven: String,
        now: Option<String>,
    ) -> Finding {
        let message = match now {
            None => "an earlier run proved this digest file, and it is not in the bucket any more",
            Some(_) => "an earlier run proved this digest file, and another one that is signed too lies in its place",
        };
        let finding = Finding::new(Code::HistoryRewritten, message).about(at).in_chain(chain).during(hour);
        finding.compared(proven, now.unwrap_or_else(|| "no object".to_owned()))
    }

    /// `count` digests of the chain lay in the folder, where it is known how many.
    pub(crate) fn chain_gone(chain: &ChainId, folder: &ObjectLocation, time: Interval, count: Option<u64>) -> Finding {
        let proved =
            count.map_or("this chain".to_owned(), |count| format!("{count} digest files of this chain in this folder"));
        let message = format!("earlier runs proved {proved}, up to {}, and nothing of it is there any more", time.end);
        let finding = Finding::new(Code::ChainGone, message).about(folder).in_chain(chain).during(time);
        finding.compared(count.map_or("a chain".to_owned(), |count| count.to_string()), "0")
    }
}
