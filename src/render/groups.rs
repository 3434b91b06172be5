//! Findings in groups.

use crate::finding::{Code, Finding};
use crate::trail::Interval;

/// A finding, by itself or with what is known of it besides.
pub(super) trait Found {
    /// The finding.
    fn finding(&self) -> &Finding;

    /// What is said before what the finding says: terms, and what there is to say of each.
    fn besides(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl Found for Finding {
    fn finding(&self) -> &Finding {
        self
    }
}

/// The findings of each code, codes worst first.
pub(super) fn by_code<'a, F: Found>(found: &[&'a F]) -> Vec<(Code, Vec<&'a F>)> {
    let of = |code: Code| found.iter().copied().filter(|found| found.finding().code == code).collect::<Vec<&F>>();
    let groups = Code::ALL.iter().map(|code| (*code, of(*code)));
    groups.filter(|(_, group)| !group.is_empty()).collect()
}

/// From the first moment that any of them is about to the last.
pub(super) fn spanned<F: Found>(group: &[&F]) -> Option<Interval> {
    let intervals = || group.iter().filter_map(|found| found.finding().interval);
    let start = intervals().map(|interval| interval.start).min()?;
    Some(Interval::new(start, intervals().map(|interval| interval.end).max()?))
}
