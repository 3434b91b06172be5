//! The account of one chain's time: what is proven, and each part of the request that is not, with its reason.

use std::mem;

use super::coverage::{Gap, Hole, LostSpan, Trouble, around_troubles, join_holes, split_gap, union};
use super::scope::Scope;
use crate::finding::{Finding, Reason};
use crate::limits::{DIGEST_DUE_AFTER, Limits};
use crate::trail::{ChainId, ChainKind, Interval, ObjectLocation, Time};

/// Kept while a chain is walked, newest first.
pub(super) struct Account {
    chain: ChainId,
    scope: Scope,
    hours_named: usize,
    /// The same of what lies about digests that are no facts, which anyone can plant.
    planted_named: usize,
    /// Digests met since the last verified one that are no facts, newest first.
    troubles: Vec<Trouble>,
    proven: Vec<Interval>,
    holes: Vec<Hole>,
    findings: Vec<Finding>,
}

/// The last verified digest met, newer than whatever comes next.
pub(super) struct Newer {
    pub at: ObjectLocation,
    pub start: Time,
    /// The digest it names; none for a starting digest.
    pub previous: Option<ObjectLocation>,
}

impl Account {
    pub(super) fn new(chain: ChainId, scope: Scope, limits: &Limits) -> Account {
        Account {
            chain,
            scope,
            hours_named: limits.hours_named_per_hole,
            planted_named: limits.planted_named_per_region,
            troubles: Vec::new(),
            proven: Vec::new(),
            holes: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// A digest that is there, or was, and is no fact.
    pub(super) fn trouble(&mut self, end: Time, reason: Reason) {
        if self.troubles.last().is_none_or(|last| last.end > end) {
            self.troubles.push(Trouble { end, reason });
        }
    }

    /// A verified digest of the request.
    pub(super) fn proven(&mut self, covers: Interval) {
        self.proven.push(covers);
    }

    /// The time between a verified digest and the next older verified one.
    pub(super) fn gap(&mut self, newer: &Newer, older: &ObjectLocation, older_end: Time) {
        let troubles = mem::take(&mut self.troubles);
        let kind = match &newer.previous {
            None => Gap::Restart,
            Some(at) if at == older => Gap::Linked,
            Some(_) => Gap::Broken,
        };
        let gap = Interval::new(older_end, newer.start);
        self.spans(split_gap(gap, kind, &troubles, self.hours_named), &newer.at);
    }

    /// The time after the newest verified digest.
    pub(super) fn tail(&mut self, newest: &ObjectLocation, newest_end: Time) {
        let mut troubles = mem::take(&mut self.troubles);
        // A name from the future tells of no hour that has been.
        troubles.retain(|trouble| trouble.end <= self.scope.horizon);
        let known = troubles.first().map_or(newest_end, |trouble| trouble.end.max(newest_end));
        if self.scope.horizon.since(known) > DIGEST_DUE_AFTER {
            let due = Interval::new(known, self.scope.horizon);
            self.spans(around_troubles(due, &[], Reason::AfterNewestDigest, 1), newest);
        }
        let gap = Interval::new(newest_end, known);
        self.spans(split_gap(gap, Gap::Broken, &troubles, self.hours_named), newest);
    }

    /// The time before the oldest verified digest. True if, as AWS signed, the chain began only after the request's
    /// end: then it is not one of those asked for.
    pub(super) fn head(&mut self, oldest: &Newer) -> bool {
        let troubles = mem::take(&mut self.troubles);
        let starting = oldest.previous.is_none();
        if starting && troubles.is_empty() && oldest.start >= self.scope.end {
            return true;
        }
        if starting && troubles.is_empty() && self.scope.began_by.is_some_and(|by| oldest.start <= by) {
            return false;
        }
        // Where everything found was asked for, troubles before the oldest verified digest are holes, and no more.
        let first = troubles.last().map(|trouble| trouble.end.plus(-Time::HOUR));
        // A chain that goes on after the request's end, and of which nothing before it is left, does not drop out of it.
        let lost = (oldest.start >= self.scope.end).then(|| self.scope.end.plus(-Time::HOUR));
        let Some(start) = self.scope.start.or([first, lost].into_iter().flatten().min()) else { return false };
        let gap = Interval::new(start, oldest.start);
        // What lies before the request shows that the chain did not begin in it.
        let older_known = (self.scope.start.is_none() && lost.is_none())
            || troubles.last().is_some_and(|trouble| trouble.end <= start);
        let spans = match (starting, older_known) {
            (true, true) => split_gap(gap, Gap::Restart, &troubles, self.hours_named),
            (false, true) => split_gap(gap, Gap::Broken, &troubles, self.hours_named),
            (_, false) => around_troubles(gap, &troubles, Reason::BeforeFirstDigest, self.planted_named),
        };
        self.spans(spans, &oldest.at);
        false
    }

    /// No digest of the chain is a fact: all of the request is a hole.
    pub(super) fn nothing_verified(&mut self) {
        let troubles = mem::take(&mut self.troubles);
        let (Some(newest), Some(oldest)) = (troubles.first(), troubles.last()) else {
            return;
        };
        let first = oldest.end.plus(-Time::HOUR);
        // As in `head`: what follows the request, and does not verify, does not tell that nothing came before.
        let lost =
            (first >= self.scope.end && oldest.end <= self.scope.horizon).then(|| self.scope.end.plus(-Time::HOUR));
        let start = self.scope.start.unwrap_or(lost.unwrap_or(first));
        let whole = Interval::new(start, self.scope.horizon.max(newest.end));
        let nowhere = ObjectLocation::new("", "");
        let spans = around_troubles(whole, &troubles, Reason::DigestUnverified, self.planted_named);
        self.spans(spans, &nowhere);
    }

    /// The walk was given up: what lies before the oldest verified digest, if there is any, was not looked at, back to the
    /// request's start or else to the oldest digest that is `known` to be there.
    pub(super) fn given_up(&mut self, oldest: Option<&Newer>, known: Option<Time>) {
        let troubles = mem::take(&mut self.troubles);
        let met = troubles.last().map(|trouble| trouble.end);
        let hour_of = |end: Time| end.plus(-Time::HOUR);
        let Some(start) = self.scope.start.or([met, known].into_iter().flatten().min().map(hour_of)) else { return };
        let end = oldest.map_or(self.scope.end, |oldest| oldest.start);
        let nowhere = ObjectLocation::new("", "");
        self.spans(
            around_troubles(Interval::new(start, end), &troubles, Reason::Interrupted, self.planted_named),
            &nowhere,
        );
    }

    /// What is proven and what is not, oldest first, and the findings on the latter.
    pub(super) fn close(mut self) -> (Vec<Interval>, Vec<Hole>, Vec<Finding>) {
        let proven = mem::take(&mut self.proven).into_iter().filter_map(|covers| self.scope.clip(covers)).collect();
        (union(proven), join_holes(self.holes), self.findings)
    }

    /// Notes holes, as far as they lie in the request; a lost digest is named after its neighbour `like`.
    fn spans(&mut self, spans: Vec<LostSpan>, like: &ObjectLocation) {
        // Backfill digests come when there is something to make up for: they owe no hour.
        if self.chain.kind == ChainKind::Backfill {
            return;
        }
        for LostSpan { hole, named } in spans {
            let Some(inside) = self.scope.clip(hole.interval()) else { continue };
            if !named {
                self.findings.push(Finding::coverage_hole(&self.chain, inside, hole.interval(), hole.reason, like));
            }
            self.holes.push(Hole::new(inside, hole.reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: i64 = Time::HOUR;

    fn hour(hour: i64) -> Time {
        Time::from_unix(hour * H)
    }

    fn at(name: &str) -> ObjectLocation {
        ObjectLocation::new("b", name)
    }

    /// An account of a request from `start` to the tenth hour, with digests in trouble that end at these hours, newest first.
    fn account(start: Option<i64>, horizon: i64, troubles: &[i64]) -> Account {
        let chain = ChainId {
            kind: ChainKind::Standard,
            account_id: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            home_region: "us-east-1".to_owned(),
            trail: "trail".to_owned(),
        };
        let scope = Scope { start: start.map(hour), end: hour(10), horizon: hour(horizon), began_by: None };
        let mut account = Account::new(chain, scope, &Limits::default());
        troubles.iter().for_each(|end| account.trouble(hour(*end), Reason::DigestLost));
        account
    }

    fn oldest(start: i64, starting: bool) -> Newer {
        Newer { at: at("oldest"), start: hour(start), previous: (!starting).then(|| at("previous")) }
    }

    fn holes(account: Account) -> Vec<(i64, i64, Reason)> {
        let hours = |time: Time| time.unix() / H;
        account.close().1.into_iter().map(|hole| (hours(hole.start), hours(hole.end), hole.reason)).collect()
    }

    #[test]
    fn what_is_proven_counts_as_far_as_it_was_asked_for() {
        let mut account = account(Some(0), 10, &[]);
        account.proven(Interval::new(hour(8), hour(12)));
        account.proven(Interval::new(hour(-1), hour(5)));
        account.proven(Interval::new(hour(5), hour(6)));
        let (proven, holes, findings) = account.close();
        assert_eq!(proven, [Interval::new(hour(0), hour(6)), Interval::new(hour(8), hour(10))]);
        assert!(holes.is_empty() && findings.is_empty());
    }

    #[test]
    fn a_digest_is_overdue_after_two_hours_and_not_before() {
        let tail = |seconds: i64, troubles: &[i64]| {
            let mut account = account(Some(0), 10, troubles);
            account.tail(&at("newest"), Time::from_unix(seconds));
            holes(account)
        };
        assert_eq!(tail(8 * H, &[]), []);
        assert_eq!(tail(8 * H - 1, &[]).len(), 1);
        assert_eq!(tail(7 * H, &[]), [(7, 10, Reason::AfterNewestDigest)]);
        // One that is there and no fact was delivered all the same; one of a time to come tells nothing.
        assert_eq!(tail(7 * H, &[8]), [(7, 8, Reason::DigestLost)]);
        assert_eq!(tail(7 * H, &[11]), [(7, 10, Reason::AfterNewestDigest)]);
    }

    #[test]
    fn the_time_between_two_digests_has_its_reason() {
        use Reason::{ChainRestart, DigestLost, TimeHole};
        let gap = |newer: &Newer, older: &str, end: i64| {
            let mut account = account(Some(0), 10, &[]);
            account.gap(newer, &at(older), hour(end));
            holes(account)
        };
        let newer = oldest(6, false);
        assert_eq!(gap(&newer, "previous", 6), []);
        assert_eq!(
            gap(&newer, "previous", 4),
            [(4, 6, TimeHole)],
            "nothing is lost between them, and yet time is missing"
        );
        assert_eq!(gap(&newer, "another", 4), [(4, 6, DigestLost)]);
        assert_eq!(gap(&oldest(6, true), "another", 4), [(4, 6, ChainRestart)]);
    }

    #[test]
    fn the_time_before_the_oldest_digest_has_its_reason() {
        use Reason::{BeforeFirstDigest, ChainRestart, DigestLost};
        let head = |start, troubles: &[i64], first: Newer| {
            let mut account = account(start, 13, troubles);
            (account.head(&first), holes(account))
        };
        // Began after the request, as AWS signed: not one of those asked for.
        assert_eq!(head(Some(0), &[], oldest(10, true)), (true, vec![]));
        assert_eq!(head(Some(0), &[], oldest(9, true)), (false, vec![(0, 9, BeforeFirstDigest)]));
        assert!(!head(Some(0), &[11], oldest(12, true)).0);
        // Everything asked for: nothing is known to be missing, unless the chain goes on after the request alone.
        assert_eq!(head(None, &[], oldest(5, false)), (false, vec![]));
        assert_eq!(head(None, &[], oldest(10, false)), (false, vec![(9, 10, BeforeFirstDigest)]));
        assert_eq!(head(None, &[], oldest(12, false)), (false, vec![(9, 10, BeforeFirstDigest)]));
        assert_eq!(head(None, &[3], oldest(5, false)), (false, vec![(2, 5, DigestLost)]));
        assert_eq!(head(None, &[3], oldest(5, true)), (false, vec![(2, 3, DigestLost), (3, 5, ChainRestart)]));
        // What lies before the request shows that the chain did not begin in it.
        assert_eq!(head(Some(2), &[2], oldest(5, false)), (false, vec![(2, 5, DigestLost)]));
        assert_eq!(head(Some(2), &[2], oldest(5, true)), (false, vec![(2, 5, ChainRestart)]));
        let within = vec![(2, 3, DigestLost), (3, 5, BeforeFirstDigest)];
        assert_eq!(head(Some(2), &[3], oldest(5, false)), (false, within.clone()));
        // Nobody asked for the time before: what began in it, as AWS signed, owes none.
        let looked = |troubles: &[i64], first: Newer| {
            let mut account = account(Some(2), 13, troubles);
            account.scope.began_by = Some(hour(5));
            (account.head(&first), holes(account))
        };
        assert_eq!(
            looked(&[], oldest(6, true)),
            (false, vec![(2, 6, BeforeFirstDigest)]),
            "it was known to be there before"
        );
        assert_eq!(looked(&[], oldest(5, true)), (false, vec![]));
        assert_eq!(looked(&[], oldest(5, false)), (false, vec![(2, 5, BeforeFirstDigest)]));
        assert_eq!(looked(&[3], oldest(5, true)), (false, within));
    }

    #[test]
    fn where_nothing_is_verified_all_of_the_request_is_a_hole() {
        use Reason::{DigestLost, DigestUnverified};
        let nothing = |start, troubles: &[i64]| {
            let mut account = account(start, 13, troubles);
            account.nothing_verified();
            holes(account)
        };
        assert_eq!(nothing(Some(0), &[]), []);
        let all = [(2, 3, DigestLost), (3, 4, DigestUnverified), (4, 5, DigestLost), (5, 10, DigestUnverified)];
        assert_eq!(nothing(None, &[5, 3]), all);
        assert_eq!(nothing(Some(1), &[3])[0], (1, 2, DigestUnverified));
        // What follows the request does not tell that nothing came before; what is to come tells nothing at all.
        assert_eq!(nothing(None, &[12]), [(9, 10, DigestUnverified)]);
        assert_eq!(nothing(None, &[11]), [(9, 10, DigestUnverified)]);
        assert_eq!(nothing(None, &[13]), [(9, 10, DigestUnverified)]);
        assert_eq!(nothing(None, &[20]), []);
    }

    #[test]
    fn a_hole_is_told_of_unless_its_digest_is() {
        let told = |kind, troubles: &[i64]| {
            let mut account = account(Some(0), 10, troubles);
            account.chain.kind = kind;
            account.gap(&oldest(6, false), &at("another"), hour(5));
            let (_, holes, findings) = account.close();
            (holes.len(), findings.len())
        };
        assert_eq!(told(ChainKind::Standard, &[]), (1, 1));
        assert_eq!(told(ChainKind::Standard, &[6]), (1, 0), "what is wrong with that digest is a finding of its own");
        assert_eq!(told(ChainKind::Backfill, &[]), (0, 0), "backfill digests owe no hour");
    }

    #[test]
    fn what_a_walk_that_was_given_up_did_not_look_at_is_a_hole() {
        use Reason::{DigestLost, Interrupted};
        let given_up = |start, troubles: &[i64], oldest: Option<Newer>, known: Option<i64>| {
            let mut account = account(start, 10, troubles);
            account.given_up(oldest.as_ref(), known.map(hour));
            holes(account)
        };
        assert_eq!(given_up(Some(0), &[], Some(oldest(6, false)), None), [(0, 6, Interrupted)]);
        assert_eq!(given_up(Some(0), &[], None, None), [(0, 10, Interrupted)]);
        assert_eq!(given_up(None, &[], Some(oldest(6, false)), Some(4)), [(3, 6, Interrupted)]);
        assert_eq!(given_up(None, &[5], Some(oldest(6, false)), None), [(4, 5, DigestLost), (5, 6, Interrupted)]);
        assert_eq!(given_up(None, &[], Some(oldest(6, false)), None), []);
    }
}
