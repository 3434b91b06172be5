//! What a report says of objects, beside what their rows know.

use std::collections::BTreeMap;

use crate::finding::{Code, Finding};
use crate::report::CheckedObject;
use crate::trail::{ChainId, ObjectLocation};

/// The findings of a report that are about objects, in the order of the rows.
pub(super) struct Told<'a> {
    objects: Vec<ToldOf<'a>>,
    /// Those before are done with.
    next: usize,
}

/// What is told of one object.
struct ToldOf<'a> {
    chain: Option<&'a ChainId>,
    at: &'a ObjectLocation,
    findings: Vec<&'a Finding>,
    /// Whether there is a row of it.
    has_row: bool,
}

/// The chains in which there are rows of the objects that findings are about: what one chain tells of an object can be told in
/// the row of another, which lists it, too.
pub(super) struct RowsOf(BTreeMap<ObjectLocation, Vec<Option<ChainId>>>);

impl RowsOf {
    /// None of them met yet.
    pub(super) fn those_told_of(findings: &[Finding]) -> RowsOf {
        RowsOf(findings.iter().filter_map(|finding| Some((finding.subject.clone()?, Vec::new()))).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// There is this row.
    pub(super) fn met(&mut self, object: &CheckedObject) {
        if let Some(chains) = self.0.get_mut(&object.at)
            && chains.last() != Some(&object.chain)
        {
            chains.push(object.chain.clone());
        }
    }

    /// The chain in whose row a finding is told: its own, else the first that has one.
    fn chain_of<'a>(&'a self, at: &ObjectLocation, finding: &'a Finding) -> Option<&'a ChainId> {
        let chains = self.0.get(at).filter(|chains| !chains.contains(&finding.chain));
        chains.and_then(|chains| chains.first()).map_or(finding.chain.as_ref(), Option::as_ref)
    }
}

impl<'a> Told<'a> {
    pub(super) fn of(findings: &'a [Finding], rows: &'a RowsOf) -> Told<'a> {
        let about = |finding: &'a Finding| {
            let at = finding.subject.as_ref()?;
            Some((rows.chain_of(at, finding), at, finding))
        };
        let mut findings: Vec<(Option<&ChainId>, &ObjectLocation, &Finding)> =
            findings.iter().filter_map(about).collect();
        findings.sort_by_key(|(chain, at, finding)| (*chain, &at.key, &at.bucket, finding.severity, finding.code));
        let mut objects: Vec<ToldOf<'_>> = Vec::new();
        for (chain, at, finding) in findings {
            match objects.last_mut() {
                // Of many that say the same, a row needs one; it is waived where they all are.
                Some(last) if (last.chain, last.at) == (chain, at) => match last.findings.last_mut() {
                    Some(same) if same.code == finding.code => {
                        if !finding.waived {
                            *same = finding;
                        }
                    }
                    _ => last.findings.push(finding),
                },
                _ => objects.push(ToldOf { chain, at, findings: vec![finding], has_row: false }),
            }
        }
        Told { objects, next: 0 }
    }

    /// The next of those that have no row, and that come before this object's; none before all have been asked for.
    pub(super) fn before(&mut self, object: Option<&CheckedObject>) -> Option<CheckedObject> {
        loop {
            let told = self.objects.get(self.next)?;
            let place = (told.chain, told.at.key.as_str());
            if object.is_some_and(|object| (object.chain.as_ref(), object.at.key.as_str()) <= place) {
                return None;
            }
            self.next += 1;
            if let Some(worst) = told.findings.first().filter(|_| !told.has_row) {
                let other = CheckedObject::of_finding(worst, told.at.clone());
                return Some(other.with_findings(told.findings.iter().copied()));
            }
        }
    }

    /// Adds what is told of an object to what its row knows.
    pub(super) fn add_to(&mut self, object: &mut CheckedObject) {
        let place = |told: &ToldOf<'_>| {
            let here = (object.chain.as_ref(), object.at.key.as_str(), object.at.bucket.as_str());
            (told.chain, told.at.key.as_str(), told.at.bucket.as_str()).cmp(&here)
        };
        let Ok(at) = self.objects.binary_search_by(place) else { return };
        let told = &mut self.objects[at];
        told.has_row = true;
        for finding in &told.findings {
            // What came of one reading is in the row of that reading: a log file may be listed twice, with two hashes.
            let of_a_reading = READINGS.contains(&finding.code) && !object.codes.contains(&finding.code);
            if !of_a_reading {
                object.add_code(finding.code, finding.waived);
                if object.message.is_empty() {
                    object.message.clone_from(&finding.message);
                }
            }
        }
    }
}

/// What comes of reading a log file.
const READINGS: [Code; 6] = [
    Code::LogMissing,
    Code::LogHashMismatch,
    Code::LogMalformed,
    Code::LogTrailingData,
    Code::LogUnreadable,
    Code::LogModifiedAfterDelivery,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ObjectKind, ObjectStatus};
    use crate::trail::ChainKind;

    fn row(key: &str, codes: &[Code]) -> CheckedObject {
        let at = ObjectLocation::new("b", key);
        let mut row = CheckedObject::new(ObjectKind::LogFile, ObjectStatus::Verified, at);
        codes.iter().for_each(|code| row.add_code(*code, false));
        row
    }

    fn finding(code: Code, bucket: &str, key: &str) -> Finding {
        Finding::new(code, format!("{code} of {key}")).about(&ObjectLocation::new(bucket, key))
    }

    #[test]
    fn what_has_no_row_gets_one_in_its_place_and_the_rest_is_added() {
        let findings = [
            finding(Code::LogUnlisted, "b", "z"),
            finding(Code::LogUnlisted, "b", "a"),
            finding(Code::LogListedTwice, "b", "k"),
            finding(Code::LogUnlisted, "another", "k"),
            Finding::new(Code::PublicKeyUnpinned, "about no object"),
        ];
        let rows = RowsOf::those_told_of(&findings);
        let mut told = Told::of(&findings, &rows);
        let mut first = row("k", &[]);
        let before = told.before(Some(&first)).unwrap();
        assert_eq!(
            (before.at.key.as_str(), before.status, before.kind),
            ("a", ObjectStatus::Unproven, ObjectKind::Other)
        );
        assert!(told.before(Some(&first)).is_none());
        told.add_to(&mut first);
        assert_eq!((first.codes, first.message), (vec![Code::LogListedTwice], "log-listed-twice of k".to_owned()));
        let mut rest = Vec::new();
        while let Some(other) = told.before(None) {
            rest.push((other.at.bucket, other.at.key));
        }
        assert_eq!(rest, [("another", "k"), ("b", "z")].map(|(bucket, key)| (bucket.to_owned(), key.to_owned())));
    }

    #[test]
    fn what_came_of_one_reading_is_not_said_of_another() {
        let findings = [Code::LogHashMismatch, Code::LogListedTwice].map(|code| finding(code, "b", "k"));
        let rows = RowsOf::those_told_of(&findings);
        let mut told = Told::of(&findings, &rows);
        for (codes, expected) in [
            (&[][..], vec![Code::LogListedTwice]),
            (&[Code::LogHashMismatch], vec![Code::LogHashMismatch, Code::LogListedTwice]),
        ] {
            let mut row = row("k", codes);
            told.add_to(&mut row);
            assert_eq!(row.codes, expected);
        }
        assert!(told.before(None).is_none());
    }

    #[test]
    fn what_one_chain_tells_of_an_object_is_in_the_row_of_the_other_if_it_has_none() {
        let chain = |trail: &str| ChainId {
            account_id: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            trail: trail.to_owned(),
            home_region: "us-east-1".to_owned(),
            kind: ChainKind::Standard,
        };
        let findings = [finding(Code::LogListedTwice, "b", "k").in_chain(&chain("two"))];
        let row_of = |trail: &str| CheckedObject { chain: Some(chain(trail)), ..row("k", &[]) };
        for (rows, expected) in [(&["one"][..], [1, 0]), (&["two"], [0, 1]), (&["one", "two"], [0, 1])] {
            let mut met = RowsOf::those_told_of(&findings);
            rows.iter().for_each(|trail| met.met(&row_of(trail)));
            let mut told = Told::of(&findings, &met);
            let codes = ["one", "two"].map(|trail| {
                let mut row = row_of(trail);
                told.add_to(&mut row);
                row.codes.len()
            });
            assert_eq!(codes, expected, "{rows:?}");
            assert!(told.before(None).is_none(), "{rows:?}");
        }
        let none = RowsOf::those_told_of(&findings);
        assert!(Told::of(&findings, &none).before(None).is_some());
    }

    #[test]
    fn a_code_is_waived_where_all_of_it_is() {
        let mut findings = [0, 1].map(|_| finding(Code::LogMissing, "b", "k"));
        for (waived, expected) in
            [([false, false], false), ([true, false], false), ([false, true], false), ([true, true], true)]
        {
            findings.iter_mut().zip(waived).for_each(|(finding, waived)| finding.waived = waived);
            let mut row = row("k", &[Code::LogMissing]);
            let rows = RowsOf::those_told_of(&findings);
            Told::of(&findings, &rows).add_to(&mut row);
            assert_eq!(row.waived, if expected { vec![Code::LogMissing] } else { vec![] }, "{waived:?}");
        }
    }
}
