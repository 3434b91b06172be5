//! What becomes of a finding that a run did not come upon again. That it is not seen is not enough: whoever takes away the digest
//! that names a deleted log file must not close the alarm over the log file.

use std::collections::{BTreeSet, HashSet};

use super::looked::{self, Looked};
use crate::finding::{Code, Finding, Reason};
use crate::trail::{ChainId, ObjectLocation, Time};

/// What a complete run saw.
pub(super) struct Seen<'a> {
    /// When.
    pub at: Time,
    /// Since when anything is asked for.
    pub asked_from: Option<Time>,
    /// What each audit looked at.
    pub looked: Vec<&'a Looked>,
    /// The chains that there are.
    pub chains: BTreeSet<ChainId>,
    /// Of the objects that open findings are about: those that were verified.
    pub well: &'a HashSet<ObjectLocation>,
    /// Folders that could not be listed.
    pub unlisted: Vec<&'a ObjectLocation>,
    /// Whether AWS was to be asked of whom the trail should deliver, and could not.
    pub not_asked: bool,
}

impl Seen<'_> {
    /// Whether a finding that was not made again is resolved; `was_proven` where what it is about was proven at some time.
    pub(super) fn resolves(&self, finding: &Finding, was_proven: bool) -> bool {
        // A run that came to its end is all that these ask for.
        if matches!(finding.code, Code::RunFailed | Code::RunIncomplete) {
            return true;
        }
        // Of whom nothing is there, AWS alone tells.
        if self.not_asked && finding.reason == Some(Reason::NeverDelivered) {
            return finding.chain.as_ref().is_some_and(|chain| self.chains.contains(chain));
        }
        let time = looked::time(finding);
        let needs_proof = needs_proof(finding.code, was_proven);
        // What the target asks for no longer is nobody's trouble, but that nobody looks any more puts no violation right.
        if time.zip(self.asked_from).is_some_and(|(time, from)| time.end <= from) {
            return !needs_proof;
        }
        Looked::covered(self.looked.iter().copied(), finding, self.at)
            && finding.chain.as_ref().is_none_or(|chain| self.chains.contains(chain))
            && !self.unlisted.iter().any(|folder| may_hide(folder, finding))
            && (!needs_proof || finding.subject.as_ref().is_none_or(|at| self.well.contains(at)))
    }
}

/// Whether only seeing the object verified resolves it: a signed digest names it, or it was proven once. Anything else may have
/// been planted, and is put right by taking it away.
fn needs_proof(code: Code, was_proven: bool) -> bool {
    match code {
        Code::LogMissing
        | Code::LogHashMismatch
        | Code::LogMalformed
        | Code::LogTrailingData
        | Code::DigestMissing
        | Code::LinkHashMismatch
        | Code::LinkSignatureMismatch
        | Code::LinkLocationMismatch => true,
        Code::DigestSignatureInvalid
        | Code::DigestMalformed
        | Code::DigestMoved
        | Code::DigestKeyUnknown
        | Code::DigestIdentityMismatch => was_proven,
        _ => false,
    }
}

/// Whether what a finding is about may lie, unseen, below a folder that could not be listed.
fn may_hide(folder: &ObjectLocation, finding: &Finding) -> bool {
    // That folder itself was listed now, or is found again.
    if finding.code == Code::FolderUnreadable {
        return false;
    }
    if finding.subject.as_ref().is_some_and(|at| at.key.starts_with(&folder.key)) {
        return true;
    }
    let Some((account, region)) = finding.place() else { return true };
    let mut parts = folder.key.split('/').skip_while(|part| !crate::trail::is_account_id(part));
    match (parts.next(), parts.nth(1).filter(|part| !part.is_empty())) {
        // Above the accounts.
        (None, _) => true,
        (Some(of), None) => of == account,
        (Some(of), Some(part)) => of == account && part == region,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::{ChainKind, Interval};

    const LOG: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/111122223333_CloudTrail_us-east-1_20260102T0005Z_abcdefghijklmnop.json.gz";

    fn chain() -> ChainId {
        let (account_id, region, trail) = ("111122223333".to_owned(), "us-east-1".to_owned(), "t".to_owned());
        ChainId { account_id, home_region: region.clone(), region, trail, kind: ChainKind::Standard }
    }

    fn finding(code: Code) -> Finding {
        Finding::new(code, "something").about(&ObjectLocation::new("b", LOG)).in_chain(&chain())
    }

    fn now() -> Time {
        Time::parse_digest_time("2026-01-09T00:00:00Z").unwrap()
    }

    fn check(finding: &Finding, change: impl FnOnce(&mut Seen<'_>), well: &HashSet<ObjectLocation>) -> bool {
        let looked = Looked { from: None, until: now(), only: None };
        let mut seen = Seen {
            at: now(),
            asked_from: None,
            looked: vec![&looked],
            chains: [chain()].into(),
            well,
            unlisted: Vec::new(),
            not_asked: false,
        };
        change(&mut seen);
        seen.resolves(finding, false)
    }

    #[test]
    fn an_alarm_over_what_is_signed_is_closed_by_proof_alone() {
        let well = HashSet::from([ObjectLocation::new("b", LOG)]);
        let nothing = HashSet::new();
        for code in [Code::LogMissing, Code::LogHashMismatch, Code::DigestMissing] {
            assert!(
                !check(&finding(code), |_| {}, &nothing),
                "{code}: nothing names it any more, and that is no proof"
            );
            assert!(check(&finding(code), |_| {}, &well), "{code}");
        }
        assert!(check(&finding(Code::DigestMalformed), |_| {}, &nothing), "it was planted, and is gone");
        assert!(check(&finding(Code::LogUnlisted), |_| {}, &nothing));
    }

    /// Whoever takes the leave to ask away must not close the alarm over an account of which all was deleted.
    #[test]
    fn of_whom_nothing_came_is_open_until_aws_can_be_asked_or_something_comes() {
        let nothing = HashSet::new();
        let of =
            |chain: Option<ChainId>| Finding { chain, ..finding(Code::CoverageHole).because(Reason::NeverDelivered) };
        let account = Finding { subject: None, ..of(None) };
        assert!(check(&account, |_| {}, &nothing));
        assert!(!check(&account, |seen| seen.not_asked = true, &nothing));
        assert!(check(&of(Some(chain())), |seen| seen.not_asked = true, &nothing), "it delivers now");
        let none = |seen: &mut Seen<'_>| (seen.not_asked, seen.chains) = (true, BTreeSet::new());
        assert!(!check(&of(Some(chain())), none, &nothing));
    }

    #[test]
    fn what_could_not_be_seen_is_not_resolved() {
        let nothing = HashSet::new();
        let unlisted = finding(Code::LogUnlisted);
        assert!(!check(&unlisted, |seen| seen.chains.clear(), &nothing), "the chain is gone");
        for (folder, hides) in [
            ("AWSLogs/", true),
            ("AWSLogs/111122223333/", true),
            ("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/", true),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/", true),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/", false),
            ("AWSLogs/444455556666/", false),
        ] {
            let folder = ObjectLocation::new("b", folder);
            let looked = Looked { from: None, until: now(), only: None };
            let seen = Seen {
                at: now(),
                asked_from: None,
                looked: vec![&looked],
                chains: [chain()].into(),
                well: &nothing,
                unlisted: vec![&folder],
                not_asked: false,
            };
            assert_eq!(seen.resolves(&unlisted, false), !hides, "{folder}");
        }
    }

    #[test]
    fn what_is_not_asked_for_any_longer_is_nobodys_trouble() {
        let during = |code| finding(code).during(Interval::new(Time::from_unix(0), Time::from_unix(60)));
        let nothing = HashSet::new();
        let check = |code, from| {
            check(
                &during(code),
                |seen| (seen.asked_from, seen.looked) = (Some(Time::from_unix(from)), vec![]),
                &nothing,
            )
        };
        assert!(check(Code::LogUnlisted, 60) && !check(Code::LogUnlisted, 59));
        assert!(!check(Code::LogMissing, 60), "it was never put right");
    }
}
