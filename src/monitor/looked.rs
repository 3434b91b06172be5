//! What an audit looked at: what it did not find there is there no more.

use crate::finding::Finding;
use crate::trail::{DigestKey, Interval, LogKey, Time};

/// A part of a target's history, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Looked {
    /// From when on; none for all that the target asks for.
    pub from: Option<Time>,
    /// Until when.
    pub until: Time,
    /// One account and region; none for all of the target's.
    pub only: Option<(String, String)>,
}

impl Looked {
    /// Whether all that a finding is about was looked at, by these together.
    pub(super) fn covered<'a>(all: impl Iterator<Item = &'a Looked>, finding: &Finding) -> bool {
        let place = place(finding);
        let mut looked: Vec<&Looked> = all.filter(|looked| looked.only.is_none() || looked.only == place).collect();
        let Some(time) = time(finding) else {
            return looked.iter().any(|looked| looked.from.is_none() && looked.only.is_none());
        };
        looked.sort_by_key(|looked| looked.from);
        let mut reached = None;
        for looked in looked {
            let meets = match (looked.from, reached) {
                (None, _) => true,
                (Some(from), None) => from <= time.start,
                (Some(from), Some(reached)) => from <= reached,
            };
            if meets {
                reached = reached.max(Some(looked.until));
            }
        }
        // What lies after now is looked at as far as it can be.
        reached.is_some_and(|reached: Time| {
            reached >= time.end || reached >= time.start && time.end.since(reached) < Time::HOUR
        })
    }
}

/// The account and region that a finding is about, where it tells.
pub(super) fn place(finding: &Finding) -> Option<(String, String)> {
    if let Some(chain) = &finding.chain {
        return Some((chain.account_id.clone(), chain.region.clone()));
    }
    let key = &finding.subject.as_ref()?.key;
    let of_log = LogKey::parse(key).map(|key| (key.folder.account, key.region));
    of_log.or_else(|| DigestKey::parse(key).map(|key| (key.chain.account_id, key.chain.region)))
}

/// The time that it is about, where it tells.
pub(super) fn time(finding: &Finding) -> Option<Interval> {
    let of_key = || {
        let key = &finding.subject.as_ref()?.key;
        let of_log = LogKey::parse(key).map(|key| Interval::new(key.name.minute, key.name.minute.plus(60)));
        of_log.or_else(|| DigestKey::parse(key).map(|key| Interval::new(key.end.plus(-Time::HOUR), key.end)))
    };
    finding.interval.or_else(of_key)
}
