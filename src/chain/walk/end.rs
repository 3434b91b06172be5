//! The end of a walk.

use std::mem;

use super::{ChainWalk, ListedDigest};
use crate::chain::outcome::ChainOutcome;
use crate::finding::Finding;
use crate::trail::{Interval, Time};

impl ChainWalk {
    /// Gives the walk up, where it has not ended: what it did not meet is said not to have been looked at. `untold` are
    /// the ends of digests that are listed, and that it was not told of.
    pub fn give_up(&mut self, untold: impl IntoIterator<Item = Time>) -> Option<Vec<ListedDigest>> {
        self.choose();
        if mem::replace(&mut self.done, true) {
            return None;
        }
        let asked = self.asked.take().filter(|asked| asked.listed);
        let mut told: Vec<ListedDigest> = mem::take(&mut self.listed).into();
        told.extend(asked.map(|asked| ListedDigest { at: asked.at, end: asked.end }));
        let unmet: Vec<Time> = told.iter().map(|digest| digest.end).chain(untold).collect();
        let hour = |end: &Time| Interval::new(end.plus(-Time::HOUR), *end);
        let of_request = unmet.iter().filter(|end| self.scope.touches(hour(end))).count() as u64;
        self.outcome.tally.unproven += of_request;
        if of_request > 0 {
            self.outcome.findings.push(Finding::digests_not_met(&self.chain, of_request));
        }
        self.given_up = Some(unmet.into_iter().min());
        Some(told)
    }

    /// Ends the walk: what came of it.
    pub fn finish(mut self) -> ChainOutcome {
        if let Some(known) = self.given_up {
            self.outcome.oldest_start = self.newer.as_ref().map(|newer| newer.start);
            self.account.given_up(self.newer.as_ref(), known);
        } else if let Some(newer) = &self.newer {
            self.outcome.oldest_start = Some(newer.start);
            self.outcome.began_after = self.account.head(newer);
            // Once a digest before the request was looked at, what it names is not asked for, and may well be there.
            let asked_for = newer.start < self.scope.end && self.scope.start.is_none_or(|start| self.position > start);
            let unmet = self.named.first().map(|named| named.at.clone());
            if let Some(at) = unmet.filter(|_| asked_for) {
                self.continues(&at);
            }
        } else {
            self.account.nothing_verified();
        }
        let beyond = mem::take(&mut self.beyond).into_iter();
        self.outcome.findings.extend(beyond.map(|(code, more)| Finding::more_in_chain(code, &self.chain, more)));
        let (proven, holes, findings) = self.account.close();
        self.outcome.proven = proven;
        self.outcome.holes = holes;
        self.outcome.findings.extend(findings);
        self.outcome
    }
}
