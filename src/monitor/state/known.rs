//! Which findings of two runs are the same trouble.

use std::collections::BTreeMap;

use super::OpenFinding;
use crate::finding::{Code, Finding};
use crate::trail::ChainId;

/// The findings that are open, as they are looked up.
pub(super) struct Known {
    by_identity: BTreeMap<String, OpenFinding>,
    stretches: Stretches,
}

/// Findings about stretches of time, by what they are about.
pub(super) type Stretches = BTreeMap<(Code, Option<ChainId>), Vec<String>>;

impl Known {
    pub(super) fn of(open: Vec<OpenFinding>) -> Known {
        let mut stretches: Stretches = BTreeMap::new();
        for open in open.iter().filter(|open| open.finding.subject.is_none() && open.finding.interval.is_some()) {
            stretches.entry(stretch_of(&open.finding)).or_default().push(open.identity.clone());
        }
        Known { by_identity: open.into_iter().map(|open| (open.identity.clone(), open)).collect(), stretches }
    }

    /// The one that is the same trouble. Time that nobody vouches for may grow at either end, and is the same hole.
    pub(super) fn take(&mut self, identity: &str, finding: &Finding) -> Option<OpenFinding> {
        if let Some(open) = self.by_identity.remove(identity) {
            return Some(open);
        }
        let same = self.stretches.get(&stretch_of(finding))?.iter();
        let mut same = same.filter(|identity| {
            self.by_identity.get(*identity).is_some_and(|open| is_same_stretch(&open.finding, finding))
        });
        let identity = same.next()?.clone();
        self.by_identity.remove(&identity)
    }

    /// Those that were not found again, in the order in which they opened.
    pub(super) fn left(self) -> Vec<OpenFinding> {
        let mut left: Vec<OpenFinding> = self.by_identity.into_values().collect();
        left.sort_by(|a, b| (a.opened, &a.id).cmp(&(b.opened, &b.id)));
        left
    }
}

/// Each trouble once. Where audits of parts of a history meet, a hole goes on from one to the next.
pub(super) fn each_once<'f>(all: impl Iterator<Item = &'f Finding>) -> Vec<(String, Finding)> {
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    let mut stretches: Stretches = BTreeMap::new();
    for finding in all {
        if finding.subject.is_some() || finding.interval.is_none() {
            found.entry(identity_of(finding)).or_insert_with(|| finding.clone());
            continue;
        }
        let same = stretches.entry(stretch_of(finding)).or_default();
        let before = same.iter().find(|identity| {
            let before = found.get(*identity);
            before.is_some_and(|before| before.reason == finding.reason && is_same_stretch(before, finding))
        });
        let whole = match before.cloned() {
            Some(before) => {
                same.retain(|identity| *identity != before);
                join(found.remove(&before), finding)
            }
            None => finding.clone(),
        };
        let identity = identity_of(&whole);
        same.push(identity.clone());
        found.insert(identity, whole);
    }
    found.into_iter().collect()
}

/// Both stretches, in the words of the longer.
fn join(before: Option<Finding>, finding: &Finding) -> Finding {
    let (Some(before), Some(new)) = (before, finding.interval) else { return finding.clone() };
    let old = before.interval.unwrap_or(new);
    let longer = if old.seconds() >= new.seconds() { before } else { finding.clone() };
    Finding { interval: Some(old.or(new)), ..longer }
}

pub(super) fn stretch_of(finding: &Finding) -> (Code, Option<ChainId>) {
    (finding.code, finding.chain.clone())
}

/// What makes a finding the same trouble in another run: its code and what it is about, and not what was seen of it.
pub(super) fn identity_of(finding: &Finding) -> String {
    let chain = finding.chain.as_ref().map(|chain| format!("{chain} {}", chain.home_region)).unwrap_or_default();
    let about = match (&finding.subject, finding.interval) {
        // Why a run failed may be told in other words each time.
        _ if matches!(finding.code, Code::RunFailed | Code::RunIncomplete) => String::new(),
        (Some(at), _) => at.to_string(),
        (None, Some(interval)) => interval.start.to_string(),
        (None, None) => finding.message.clone(),
    };
    format!("{}|{chain}|{about}", finding.code)
}

/// Whether both are about stretches of the same chain's time that overlap or meet, and for the same code.
pub(super) fn is_same_stretch(a: &Finding, b: &Finding) -> bool {
    a.subject.is_none()
        && b.subject.is_none()
        && a.code == b.code
        && a.chain == b.chain
        && a.interval.zip(b.interval).is_some_and(|(a, b)| a.start <= b.end && b.start <= a.end)
}
