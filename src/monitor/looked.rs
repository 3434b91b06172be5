//! What an audit looked at: what it did not find there is there no more.

use crate::finding::Finding;
use crate::trail::{Day, DigestKey, Interval, LogKey, Time};

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
    /// Whether all that a finding is about was looked at by these together, which are of a run at `now`.
    pub(super) fn covered<'a>(all: impl Iterator<Item = &'a Looked>, finding: &Finding, now: Time) -> bool {
        let place = finding.place();
        let mut looked: Vec<&Looked> = all.filter(|looked| looked.only.is_none() || looked.only == place).collect();
        // What is of no time is seen by whoever looks at all accounts and regions, at whatever time.
        let Some(time) = time(finding) else { return looked.iter().any(|looked| looked.only.is_none()) };
        looked.sort_by_key(|looked| looked.from);
        // All before this moment is looked at.
        let mut reached = time.start;
        let mut met = false;
        for looked in looked.iter().filter(|looked| looked.until >= time.start) {
            if looked.from.is_none_or(|from| from <= reached) {
                reached = reached.max(looked.until);
                met = true;
            }
        }
        // What lies after now cannot be looked at, and is no longer there to be.
        met && (time.end <= reached || reached >= now)
    }
}

/// The time that a finding is about, where it tells.
pub(super) fn time(finding: &Finding) -> Option<Interval> {
    let of_key = || {
        let key = &finding.subject.as_ref()?.key;
        let of_log = LogKey::parse(key).map(|key| Interval::new(key.name.minute, key.name.minute.plus(60)));
        let of_digest = || DigestKey::parse(key).map(|key| Interval::new(key.end.plus(-Time::HOUR), key.end));
        let of_day = || {
            let day = Day::parse_folder(key.get(key.len().checked_sub(DAY_FOLDER)?..)?)?;
            Some(Interval::new(day.start(), day.end()))
        };
        of_log.or_else(of_digest).or_else(of_day)
    };
    finding.interval.or_else(of_key)
}

/// The length of `2026/01/31/`.
const DAY_FOLDER: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;

    fn looked(from: Option<i64>, until: i64) -> Looked {
        let time = |hours: i64| Time::from_unix(1_768_000_000 + hours * Time::HOUR);
        Looked { from: from.map(time), until: time(until), only: None }
    }

    fn finding(start: i64, end: i64) -> Finding {
        let interval = Interval::new(looked(None, start).until, looked(None, end).until);
        Finding::new(Code::CoverageHole, "a hole").during(interval)
    }

    #[test]
    fn what_several_audits_looked_at_together_is_looked_at() {
        for (audits, expected) in [
            (vec![looked(None, 30)], true),
            (vec![looked(Some(10), 30)], true),
            (vec![looked(Some(11), 30)], false),
            (vec![looked(None, 18)], false),
            // However little is missing, unless it is still to come.
            (vec![looked(None, 19), looked(Some(25), 30)], false),
            (vec![looked(Some(0), 15), looked(Some(15), 30)], true),
            (vec![looked(Some(0), 15), looked(Some(16), 30)], false),
            // One that lies before is no part of it, and leaves no gap.
            (vec![looked(Some(0), 5), looked(Some(9), 30)], true),
            (vec![looked(Some(9), 30), looked(Some(0), 5)], true),
            (vec![looked(Some(0), 5)], false),
            (vec![], false),
        ] {
            assert_eq!(
                Looked::covered(audits.iter(), &finding(10, 20), looked(None, 30).until),
                expected,
                "{audits:?}"
            );
        }
        let elsewhere = Looked { only: Some(("111122223333".to_owned(), "us-east-1".to_owned())), ..looked(None, 30) };
        assert!(!Looked::covered([&elsewhere].into_iter(), &finding(10, 20), looked(None, 30).until));
        let timeless = Finding::new(Code::RunFailed, "it could not");
        assert!(Looked::covered([&looked(None, 30)].into_iter(), &timeless, looked(None, 30).until));
        assert!(Looked::covered([&looked(Some(0), 30)].into_iter(), &timeless, looked(None, 30).until));
        assert!(!Looked::covered([&elsewhere].into_iter(), &timeless, looked(None, 30).until));
    }
}
