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
