//! The merge of what the chain claims with what the bucket shows, newest first, sans I/O.
//!
//! The walk says what it needs and is told what was observed. It trusts no answer: it goes back in time with every
//! digest or ends, whatever it is told, so it cannot be led in circles.

mod end;

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use super::account::{Account, Newer};
use super::link::{Claim, NamedDigest, check_hash, check_own_signature, check_signature, check_turned, defect_finding};
use super::outcome::{ChainOutcome, JudgedDigest, NewestDigest, OldestDigest, Vouched};
use super::scope::Scope;
use crate::digest::{DefectKind, DigestDefect, SuccessorSignature, VerifiedDigest};
use crate::finding::{Code, Finding, Reason};
use crate::limits::{DIGEST_DUE_AFTER, Limits, UNKNOWN_KEYS_NAMED};
use crate::trail::{ChainId, ChainKind, DigestKey, Interval, ObjectLocation, Time};

/// A digest as the listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDigest {
    /// Where it lies.
    pub at: ObjectLocation,
    /// The end of its hour, from its name.
    pub end: Time,
}

/// What the walk wants to know next.
#[derive(Debug)]
pub enum Need<'a> {
    /// The digests of this chain older than the moment, newest first, as many as is convenient; none at the end.
    Listing {
        /// Strictly older than this.
        before: Time,
    },
    /// One digest.
    Digest {
        /// Where it lies.
        at: &'a ObjectLocation,
        /// What its successor says its signature is, for a copy that lost its metadata.
        successor: Option<&'a SuccessorSignature>,
    },
}

/// What came of looking for a digest.
#[derive(Debug)]
pub enum Observed {
    /// It is a fact.
    Verified(Box<VerifiedDigest>),
    /// It is there and is no fact.
    Defective(Box<DigestDefect>),
    /// It is not there.
    Absent,
    /// Nobody can say.
    Unreadable(Reason),
}

/// One chain, walked from the end of the request to its start.
pub struct ChainWalk {
    chain: ChainId,
    scope: Scope,
    most: u64,
    /// Findings named one by one; the rest are counted by code.
    most_named: usize,
    beyond: BTreeMap<Code, u64>,
    /// Digests told of because their key was not to be had.
    keys_unknown: u64,
    listed: VecDeque<ListedDigest>,
    exhausted: bool,
    /// Digests that verified ones name and that were not met yet, newest first.
    named: Vec<NamedDigest>,
    /// Every digest met so far ended at this moment or later.
    position: Time,
    asked: Option<Asked>,
    /// What the digest before, which is not verified, says of the signature of the next.
    hinted: Option<SuccessorSignature>,
    /// What is known of the signature of the digest that was asked for.
    successor: Option<SuccessorSignature>,
    newer: Option<Newer>,
    account: Account,
    met: u64,
    done: bool,
    /// Where the walk was given up: the end of the oldest digest that is listed and was not met, if any is.
    given_up: Option<Option<Time>>,
    /// Whether each digest is told of.
    tells: bool,
    /// From when on no digest that another one names may be gone, where no start was asked for.
    owed_from: Option<Time>,
    outcome: ChainOutcome,
}

/// The digest that was asked for.
struct Asked {
    at: ObjectLocation,
    end: Time,
    listed: bool,
}

impl Asked {
    /// Whether this is the place; where the bucket is not known, the key tells.
    fn is(&self, at: &ObjectLocation) -> bool {
        self.at.key == at.key && (self.at.bucket == at.bucket || self.at.bucket.is_empty())
    }
}

impl ChainWalk {
    /// A walk of `chain` over `scope`.
    pub fn new(chain: ChainId, scope: Scope, limits: &Limits) -> ChainWalk {
        ChainWalk {
            outcome: ChainOutcome::new(chain.clone()),
            account: Account::new(chain.clone(), scope, limits),
            most: limits.digests_per_chain,
            most_named: limits.planted_named_per_region,
            beyond: BTreeMap::new(),
            keys_unknown: 0,
            chain,
            scope,
            listed: VecDeque::new(),
            exhausted: false,
            named: Vec::new(),
            position: Time::from_unix(i64::MAX),
            asked: None,
            hinted: None,
            successor: None,
            newer: None,
            met: 0,
            done: false,
            given_up: None,
            tells: false,
            owed_from: None,
        }
    }

    /// The same, telling of each digest that it counts what it came to: [`Vouched::judged`].
    pub fn telling(self, tells: bool) -> ChainWalk {
        ChainWalk { tells, ..self }
    }

    /// The same of a chain whose digests are all to be there from then on, whether or not a start was asked for: a backfill digest
    /// is written after the standard ones of its time, and does not expire before these.
    pub fn owed_from(self, owed_from: Option<Time>) -> ChainWalk {
        ChainWalk { owed_from, ..self }
    }

    /// The chain.
    pub fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// The end of the newest verified digest met so far.
    pub fn newest_end(&self) -> Option<Time> {
        self.outcome.newest_end
    }

    /// What it must be told to go on; none when it has ended.
    pub fn need(&mut self) -> Option<Need<'_>> {
        self.choose();
        if self.done {
            return None;
        }
        match &self.asked {
            Some(asked) => Some(Need::Digest { at: &asked.at, successor: self.successor.as_ref() }),
            None => Some(Need::Listing { before: self.position }),
        }
    }

    /// The end of the newest digest still to come; none when the walk has ended.
    pub fn next_end(&mut self) -> Option<Time> {
        self.choose();
        if self.done { None } else { Some(self.asked.as_ref().map_or(self.position, |asked| asked.end)) }
    }

    /// The answer to [`Need::Listing`].
    pub fn listed(&mut self, newest_first: Vec<ListedDigest>) {
        let before = self.position;
        let mut last = before;
        for digest in newest_first {
            // Whatever does not go back in time is no answer. Equal times happen where two folders hold one chain.
            if (digest.end < before || self.met == 0) && digest.end <= last {
                last = digest.end;
                self.listed.push_back(digest);
            }
        }
        self.exhausted = self.listed.is_empty();
    }

    /// Fixes what is asked for next, or ends the walk.
    fn choose(&mut self) {
        if self.done || self.asked.is_some() {
            return;
        }
        if self.listed.is_empty() && !self.exhausted {
            return;
        }
        let front = self.listed.front().map(|digest| digest.end);
        let named = self.named.first().map(|named| named.end);
        let over = self.met >= self.most;
        self.asked = match (front, named) {
            _ if over => None,
            (None, None) => None,
            // Out of the request, and not listed: whether it is there is nobody's question.
            (None, Some(end)) if self.scope.start.is_some_and(|start| end <= start) => None,
            (front, Some(end)) if front.is_none_or(|front| front < end) => {
                self.named.first().map(|named| Asked { at: named.at.clone(), end, listed: false })
            }
            _ => self.listed.pop_front().map(|digest| Asked { at: digest.at, end: digest.end, listed: true }),
        };
        if over {
            self.outcome.findings.push(Finding::chain_over_limit(&self.chain, self.position, self.met));
        }
        self.done = self.asked.is_none();
        // What a verified digest says of this one counts, whatever was planted between them.
        let claim = self.asked.as_ref().and_then(|asked| self.named.iter().find(|named| asked.is(&named.at)));
        self.successor = match claim {
            Some(named) => Some(SuccessorSignature { hex: named.signature.clone(), believed: true }),
            None => self.hinted.clone(),
        };
    }

    /// The answer to [`Need::Digest`]: what is vouched for by it.
    pub fn observed(&mut self, observed: Observed) -> Vouched {
        let Some(mut asked) = self.asked.take() else {
            return Vouched::default();
        };
        self.met += 1;
        self.position = self.position.min(asked.end);
        let claims: Vec<NamedDigest> = {
            let (here, rest) = mem::take(&mut self.named).into_iter().partition(|named| asked.is(&named.at));
            self.named = rest;
            here
        };
        let place = asked.at.clone();
        let answers =
            |at: &ObjectLocation| place.key == at.key && (place.bucket.is_empty() || place.bucket == at.bucket);
        // A guess, for the findings alone: a digest that verifies says itself.
        if asked.at.bucket.is_empty() {
            let told = claims.first().map(|named| &named.at).or(self.newer.as_ref().map(|newer| &newer.at));
            asked.at.bucket = told.map(|at| at.bucket.clone()).unwrap_or_default();
        }
        // One look before the request's start is enough: it tells what was delivered just before.
        self.done = self.scope.start.is_some_and(|start| asked.end <= start);
        match observed {
            // A digest other than the one asked for is no answer, however genuine.
            Observed::Verified(digest) if !answers(digest.at()) || digest.covers().end != asked.end => {
                self.unreadable(&asked, &claims, Reason::Unreachable)
            }
            Observed::Verified(digest) => self.verified(asked, &claims, *digest),
            Observed::Defective(defect) => self.defective(&asked, &claims, *defect),
            Observed::Absent => self.absent(&asked, &claims),
            Observed::Unreadable(reason) => self.unreadable(&asked, &claims, reason),
        }
    }

    fn verified(&mut self, mut asked: Asked, claims: &[NamedDigest], digest: VerifiedDigest) -> Vouched {
        asked.at.clone_from(digest.at());
        let covers = digest.covers();
        let in_scope = self.scope.touches(covers);
        let mut findings = Vec::new();
        for named in claims {
            findings.extend(check_hash(&self.chain, named, digest.sha256()));
            findings.extend(check_signature(&self.chain, named, &digest));
        }
        if claims.is_empty() {
            findings.extend(check_own_signature(&self.chain, &digest));
        }
        if let Some(newer) = self.newer.take() {
            // Nor is the order of backfill digests documented: see `follow`.
            if self.chain.kind == ChainKind::Standard
                && claims.is_empty()
                && newer.previous.as_ref().is_some_and(|at| !asked.is(at))
            {
                findings.extend(self.unnamed(&newer, &digest));
            }
            if newer.previous.is_none() && self.scope.has(newer.start) {
                self.outcome.findings.extend(check_turned(&self.chain, &newer.at, &asked.at, covers.end));
            }
            self.account.gap(&newer, &asked.at, covers.end);
        } else {
            self.outcome.newest_end = Some(covers.end);
            self.account.tail(&asked.at, covers.end);
        }
        self.follow(&digest, &mut findings);
        let mut judged = None;
        if in_scope {
            findings.extend(self.notes(&digest));
            self.outcome.tally.count(&findings);
            let content = || JudgedDigest {
                sha256: Some(*digest.sha256()),
                bytes: Some(digest.inflated()),
                ..JudgedDigest::of(&asked.at, covers, claims.first())
            };
            judged = self.judged(content, &findings);
            self.outcome.findings.extend(findings);
            self.account.proven(covers);
            self.outcome.fingerprints.insert(digest.fingerprint().to_owned());
            self.outcome.newest.get_or_insert_with(|| NewestDigest {
                key: asked.at.key.clone(),
                signature: hex::encode(digest.signature()),
                end: covers.end,
            });
            self.outcome.oldest = Some(OldestDigest { key: asked.at.key.clone(), start: covers.start });
        }
        self.newer =
            Some(Newer { at: asked.at, start: covers.start, previous: digest.previous().map(|p| p.at.clone()) });
        Vouched {
            in_scope,
            delivered: digest.delivered(),
            bucket: digest.at().bucket.clone(),
            key: digest.at().key.clone(),
            names_previous: digest.previous().is_some(),
            judged,
            covers: Some(covers),
            log_files: digest.into_log_files(),
        }
    }

    /// A verified digest that its verified successor does not name.
    fn unnamed(&self, newer: &Newer, digest: &VerifiedDigest) -> Option<Finding> {
        let recorded = newer.previous.as_ref()?;
        // That the named one is missing, defective, or no predecessor at all has been said already.
        let told = |key: DigestKey| !self.chain.is_named(&key.chain) || key.end > digest.covers().end;
        let told = DigestKey::parse(&recorded.key).is_none_or(told);
        (!told).then(|| Finding::link_location_mismatch(&self.chain, &newer.at, newer.start, recorded, digest.at()))
    }

    fn follow(&mut self, digest: &VerifiedDigest, findings: &mut Vec<Finding>) {
        self.hinted = None;
        match Claim::of(digest) {
            Claim::Starting => {}
            Claim::Names(named) => {
                let at = self.named.partition_point(|other| other.end > named.end);
                self.named.insert(at, *named);
            }
            // How consecutive backfill digests link is not documented, so their word is not held against them.
            Claim::Unfollowable(_) if self.chain.kind == ChainKind::Backfill => {}
            Claim::Unfollowable(at) => {
                findings.push(Finding::link_unfollowable(&self.chain, digest.at(), digest.covers(), &at))
            }
        }
    }

    fn notes(&self, digest: &VerifiedDigest) -> Vec<Finding> {
        let mut notes = Vec::new();
        if let Some(window) = digest.outside_validity() {
            notes.push(Finding::key_outside_validity(&self.chain, digest.at(), digest.covers(), window));
        }
        if let Some(written) = digest.last_modified()
            && self.chain.kind == ChainKind::Standard
            && written.since(digest.covers().end) > DIGEST_DUE_AFTER
        {
            notes.push(Finding::digest_late(&self.chain, digest.at(), digest.covers(), written));
        }
        notes
    }

    fn defective(&mut self, asked: &Asked, claims: &[NamedDigest], mut defect: DigestDefect) -> Vouched {
        if defect.at.bucket.is_empty() {
            defect.at.bucket.clone_from(&asked.at.bucket);
        }
        let mut findings: Vec<Finding> = defect
            .sha256
            .iter()
            .flat_map(|sha256| claims.iter().filter_map(|named| check_hash(&self.chain, named, sha256)))
            .collect();
        findings.push(defect_finding(&self.chain, &defect, asked.end));
        if matches!(defect.kind, DefectKind::KeyUnknown { complete: false, .. }) {
            self.outcome.keys_unknown += 1;
        }
        self.hinted = defect.previous_signature.map(|hex| SuccessorSignature { hex, believed: false });
        self.trouble(asked, claims, Reason::DigestUnverified, defect.sha256, findings)
    }

    fn absent(&mut self, asked: &Asked, claims: &[NamedDigest]) -> Vouched {
        self.hinted = None;
        let Some(named) = claims.first() else {
            // Listed a moment ago, named by nobody, and now gone: that is no proof of anything.
            let finding = Finding::digest_unreadable(&self.chain, &asked.at, asked.end, Reason::Unreachable);
            return self.trouble(asked, claims, Reason::DigestUnverified, None, vec![finding]);
        };
        if self.continues_before(asked) {
            return Vouched::default();
        }
        let finding = Finding::digest_missing(&self.chain, &asked.at, asked.end, &named.by);
        self.trouble(asked, claims, Reason::DigestLost, None, vec![finding])
    }

    fn unreadable(&mut self, asked: &Asked, claims: &[NamedDigest], reason: Reason) -> Vouched {
        self.hinted = None;
        if !claims.is_empty() && !asked.listed && self.continues_before(asked) {
            return Vouched::default();
        }
        let finding = Finding::digest_unreadable(&self.chain, &asked.at, asked.end, reason);
        self.trouble(asked, claims, Reason::DigestUnverified, None, vec![finding])
    }

    /// Whether all there is has been seen and the request goes back no further than that.
    fn continues_before(&mut self, asked: &Asked) -> bool {
        let owed = self.owed_from.is_some_and(|from| asked.end > from);
        let ends_here = self.scope.start.is_none() && self.exhausted && !asked.listed && !owed;
        if ends_here {
            self.done = true;
            self.continues(&asked.at.clone());
        }
        ends_here
    }

    fn continues(&mut self, at: &ObjectLocation) {
        if self.outcome.oldest.is_some() {
            self.outcome.findings.push(Finding::chain_continues_before(&self.chain, at));
        }
    }

    /// A digest that is there, or was, and is no fact.
    fn trouble(
        &mut self,
        asked: &Asked,
        claims: &[NamedDigest],
        reason: Reason,
        sha256: Option<[u8; 32]>,
        findings: Vec<Finding>,
    ) -> Vouched {
        let hour = Interval::new(asked.end.plus(-Time::HOUR), asked.end);
        self.account.trouble(asked.end, reason);
        let mut judged = None;
        if self.scope.touches(hour) {
            self.outcome.tally.count(&findings);
            let digest = || JudgedDigest { sha256, ..JudgedDigest::of(&asked.at, hour, claims.first()) };
            judged = self.judged(digest, &findings);
            for finding in findings {
                let unknown_key = finding.code == Code::PublicKeyUnavailable;
                self.keys_unknown += u64::from(unknown_key);
                let again = unknown_key && self.keys_unknown > UNKNOWN_KEYS_NAMED;
                if self.outcome.findings.len() < self.most_named && !again {
                    self.outcome.findings.push(finding);
                } else {
                    *self.beyond.entry(finding.code).or_default() += 1;
                }
            }
        }
        Vouched { judged, ..Vouched::default() }
    }

    /// What a digest that was counted came to, if that is to be told.
    fn judged(&self, digest: impl FnOnce() -> JudgedDigest, findings: &[Finding]) -> Option<Box<JudgedDigest>> {
        self.tells.then(|| Box::new(JudgedDigest { findings: findings.to_vec(), ..digest() }))
    }
}
