//! One object that an audit looked at, or should have: what the totals count, one by one.

use serde::{Deserialize, Serialize};

use crate::finding::{Code, Finding, Severity};
use crate::trail::{ChainId, Interval, ObjectLocation};

/// What an object is to the totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObjectKind {
    /// Counted among the digest files.
    DigestFile,
    /// Counted among the log files, which verified digest files list.
    LogFile,
    /// Counted among neither: what no digest lists, a stray, a folder, a digest file of which only the cadence tells.
    Other,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObjectStatus {
    /// Proven.
    Verified,
    /// Contradicted by what is signed, or gone.
    Violated,
    /// It could not be shown either way.
    Unproven,
    /// Not read, because that was asked for, or not due to be judged.
    NotChecked,
    /// Worth knowing, and no more. No digest file and no log file that is counted has it.
    Note,
}

/// One object that an audit looked at, or should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedObject {
    /// What it is to the totals.
    pub kind: ObjectKind,
    /// What it came to, as the totals count it.
    pub status: ObjectStatus,
    /// Where it lies, or should. Until the audit has ended the bucket may be empty.
    pub at: ObjectLocation,
    /// The chain that it is counted in.
    pub chain: Option<ChainId>,
    /// The time that a digest file covers; of a log file, that of the digest file that lists it.
    pub interval: Option<Interval>,
    /// The SHA-256 that a verified digest file records of it: AWS's word, which may be no hash.
    pub recorded: Option<String>,
    /// That of its uncompressed content, in hex.
    pub computed: Option<String>,
    /// How many uncompressed bytes were hashed.
    pub bytes: Option<u64>,
    /// The codes of what was found of it.
    pub codes: Vec<Code>,
    /// Of these, those that a waiver accepts. Waivers change no status, and an audit under way does not know of them yet.
    pub waived: Vec<Code>,
    /// The key of the digest file that records it.
    pub recorded_by: Option<String>,
    /// What happened, in a sentence or two for a person; empty where nothing did.
    pub message: String,
}

impl ObjectKind {
    /// The name in CSV.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::DigestFile => "digest file",
            ObjectKind::LogFile => "log file",
            ObjectKind::Other => "other",
        }
    }
}

impl ObjectStatus {
    /// The name in CSV.
    pub fn name(self) -> &'static str {
        match self {
            ObjectStatus::Verified => "verified",
            ObjectStatus::Violated => "violated",
            ObjectStatus::Unproven => "unproven",
            ObjectStatus::NotChecked => "not-checked",
            ObjectStatus::Note => "note",
        }
    }

    /// That of an object that was looked at, by the worst that was found of it.
    pub fn of_checked(worst: Option<Severity>) -> ObjectStatus {
        match worst {
            Some(Severity::Violation) => ObjectStatus::Violated,
            Some(Severity::Unproven) => ObjectStatus::Unproven,
            Some(Severity::Note) | None => ObjectStatus::Verified,
        }
    }
}

impl CheckedObject {
    /// An object of which nothing is known but where it lies.
    pub fn new(kind: ObjectKind, status: ObjectStatus, at: ObjectLocation) -> CheckedObject {
        CheckedObject {
            kind,
            status,
            at,
            chain: None,
            interval: None,
            recorded: None,
            computed: None,
            bytes: None,
            codes: Vec::new(),
            waived: Vec::new(),
            recorded_by: None,
            message: String::new(),
        }
    }

    /// One that is in no count, by what was found of it.
    pub fn of_finding(finding: &Finding, at: ObjectLocation) -> CheckedObject {
        let status = match finding.severity {
            Severity::Note => ObjectStatus::Note,
            worse => ObjectStatus::of_checked(Some(worse)),
        };
        CheckedObject {
            chain: finding.chain.clone(),
            interval: finding.interval,
            ..CheckedObject::new(ObjectKind::Other, status, at).with_findings([finding])
        }
    }

    /// With what was found of it, the worst told in its message.
    pub fn with_findings<'f>(mut self, findings: impl IntoIterator<Item = &'f Finding>) -> CheckedObject {
        let mut findings: Vec<&Finding> = findings.into_iter().collect();
        findings.sort_by_key(|finding| (finding.severity, finding.code));
        if let Some(worst) = findings.first() {
            self.message.clone_from(&worst.message);
        }
        findings.into_iter().for_each(|finding| self.add_code(finding.code, finding.waived));
        self
    }

    /// With one more code.
    pub fn add_code(&mut self, code: Code, waived: bool) {
        if !self.codes.contains(&code) {
            self.codes.push(code);
            self.codes.sort_unstable();
        }
        if waived && !self.waived.contains(&code) {
            self.waived.push(code);
            self.waived.sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_told_and_each_code_once() {
        let at = ObjectLocation::new("b", "k");
        let mut late = Finding::new(Code::DigestLate, "late").about(&at);
        let missing = Finding::new(Code::DigestMissing, "gone").about(&at);
        late.waived = true;
        let object = CheckedObject::new(ObjectKind::DigestFile, ObjectStatus::Violated, at.clone());
        let object = object.with_findings([&late, &missing, &late]);
        assert_eq!(object.message, "gone");
        assert_eq!(
            (object.codes, object.waived),
            (vec![Code::DigestMissing, Code::DigestLate], vec![Code::DigestLate])
        );
        let other = CheckedObject::of_finding(&late, at);
        assert_eq!(
            (other.kind, other.status, other.message),
            (ObjectKind::Other, ObjectStatus::Note, "late".to_owned())
        );
    }

    #[test]
    fn what_was_looked_at_comes_to_the_worst_of_it() {
        use ObjectStatus::{Unproven, Verified, Violated};
        let worst = [None, Some(Severity::Note), Some(Severity::Unproven), Some(Severity::Violation)];
        assert_eq!(worst.map(ObjectStatus::of_checked), [Verified, Verified, Unproven, Violated]);
    }
}
