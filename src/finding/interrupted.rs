//! The wording of what a run that was interrupted leaves undone.

use super::{Code, Finding, Reason};
use crate::trail::{ChainId, ObjectLocation};

impl Finding {
    /// It is about no object and no time, so that no waiver can accept it.
    pub(crate) fn run_interrupted(regions: usize, not_begun: usize, folders: usize) -> Finding {
        let mut message = format!(
            "the run was interrupted: of {regions} accounts and regions found, {not_begun} were not begun, and what the others still lacked was not looked at"
        );
        if folders > 0 {
            message.push_str(&format!("; {folders} more folders were not listed and are not named one by one"));
        }
        Finding::new(Code::RunInterrupted, message).because(Reason::Interrupted)
    }

    #[cfg(feature = "monitor")]
    pub(crate) fn run_incomplete(time: crate::trail::Interval) -> Finding {
        let message =
            format!("since {}, no run over this target has looked at everything: each ended early", time.start);
        Finding::new(Code::RunIncomplete, message).during(time)
    }

    pub(crate) fn digests_not_met(chain: &ChainId, count: u64) -> Finding {
        let message = format!("{count} digest files of this chain were not looked at: the run was interrupted before");
        Finding::new(Code::DigestUnreadable, message).in_chain(chain).because(Reason::Interrupted)
    }

    pub(crate) fn logs_not_read(chain: &ChainId, count: u64) -> Finding {
        let message = format!("{count} log files of this chain were not read: the run was interrupted before");
        Finding::new(Code::LogUnreadable, message).in_chain(chain).because(Reason::Interrupted)
    }

    /// `unvouched` objects were seen in the log folder and in no digest so far.
    pub(crate) fn logs_not_compared(folder: &ObjectLocation, unvouched: u64) -> Finding {
        let mut message =
            "the run was interrupted before all that lies in this folder was held against the digests: what was planted there may not have been seen".to_owned();
        if unvouched > 0 {
            message.push_str(&format!("; {unvouched} objects in it are in no digest that was looked at so far"));
        }
        Finding::new(Code::FolderUnreadable, message).about(folder).because(Reason::Interrupted)
    }
}
