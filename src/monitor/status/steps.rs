//! What to do next, of one target.

use std::collections::BTreeSet;

use super::TargetStatus;
use crate::finding::{Code, Severity};

impl TargetStatus {
    /// What to do next: of each code that changes a verdict what it asks for, the worst first.
    pub(in crate::monitor) fn steps(&self) -> Vec<String> {
        if self.last_run.is_none() {
            return vec![
                "run `trailseal monitor --config FILE --once`: no run over this target has ended yet".to_owned(),
            ];
        }
        let counted = |code: &Code| code.severity() != Severity::Note && self.open_of(*code, false) > 0;
        let mut said = BTreeSet::new();
        let codes = Code::ALL.iter().copied().filter(counted);
        // Several codes may ask for the same.
        let mut steps: Vec<String> = self
            .blind
            .iter()
            .map(|why| {
                format!("see that runs over it come to their end (`trailseal monitor --once` tells why not): {why}")
            })
            .collect();
        let of_codes: Vec<String> = codes
            .filter(|code| said.insert(code.next_step()))
            .map(|code| format!("{code}: {}", code.next_step()))
            .collect();
        steps.extend(of_codes);
        if self.last_complete_run.is_none() {
            steps.push(
                "let the next runs go on: none has looked at the whole history yet; a longer max_duration needs fewer"
                    .to_owned(),
            );
        }
        steps
    }
}
