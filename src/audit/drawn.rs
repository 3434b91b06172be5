//! The log files of a sample, read once it is drawn.

use super::region::RegionOutcome;
use super::sample::Drawn;
use super::{Asked, AuditError};
use crate::chain::RecordedLog;

impl Asked {
    /// Reads the log files that were drawn, now that no other can take the place of any. The outcomes are those of all accounts
    /// and regions, by their numbers.
    pub(super) async fn read_drawn(&self, outcomes: &mut [RegionOutcome]) -> Result<(), AuditError> {
        let Some(draw) = &self.draw else { return Ok(()) };
        for (id, drawn) in draw.take() {
            let Drawn::Seen { by, untimed, .. } = drawn else { continue };
            let outcome = &mut outcomes[id.region];
            outcome.untimed -= u64::from(untimed);
            if let Some(checking) = &mut outcome.checking {
                checking.outcome.no_longer_present(by.chain);
                checking.send(RecordedLog { log: id.log, by }).await?;
            }
        }
        // All are sent before any is waited for.
        for checking in outcomes.iter_mut().filter_map(|outcome| outcome.checking.as_mut()) {
            checking.flush().await?;
        }
        for outcome in outcomes {
            if let Some(checking) = &mut outcome.checking {
                checking.all_done().await?;
            }
            outcome.close_logs(&self.observer);
        }
        Ok(())
    }
}
