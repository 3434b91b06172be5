//! Findings in groups.

use crate::finding::{Code, Finding};
use crate::trail::Interval;

/// The findings of each code, codes worst first.
pub(super) fn by_code<'a>(found: &[&'a Finding]) -> Vec<(Code, Vec<&'a Finding>)> {
    let groups = Code::ALL
        .iter()
        .map(|code| (*code, found.iter().copied().filter(|finding| finding.code == *code).collect::<Vec<&Finding>>()));
    groups.filter(|(_, group)| !group.is_empty()).collect()
}

/// From the first moment that any of them is about to the last.
pub(super) fn spanned(group: &[&Finding]) -> Option<Interval> {
    let intervals = || group.iter().filter_map(|finding| finding.interval);
    let start = intervals().map(|interval| interval.start).min()?;
    Some(Interval::new(start, intervals().map(|interval| interval.end).max()?))
}
