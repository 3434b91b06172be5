//! One digest and what it names, judged by a walk that goes no further than to its signature.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::VouchedBy;
use super::candidates::Candidate;
use crate::audit::digests::{DigestReader, Looked, absent_if};
use crate::audit::discover::{Place, place_of};
use crate::audit::inventory::Listing;
use crate::chain::{
    ChainOutcome, ChainWalk, JudgedDigest, ListedDigest, Need, Observed, RecordedBy, RecordedLog, Scope, Vouched,
};
use crate::digest::SignatureSource;
use crate::finding::{Code, Reason};
use crate::limits::DIGEST_DUE_AFTER;
use crate::trail::{ChainId, Interval, ObjectLocation, Time};

/// What it takes to look at digests of one folder.
pub(super) struct Prover<'a> {
    pub places: &'a [Place],
    pub reader: DigestReader,
    /// Whether anyone wants to know of each digest that is counted.
    pub telling: bool,
    /// The keys of the log files that were asked for.
    pub named: BTreeSet<String>,
}

/// What came of one digest.
pub(super) struct Proof {
    pub at: ObjectLocation,
    /// The log files that it names, of those asked for; none unless it is a fact.
    pub names: Vec<(RecordedLog, VouchedBy)>,
    pub outcome: ChainOutcome,
    /// Those that the outcome counts, where they are to be told of.
    pub judged: Vec<JudgedDigest>,
}

/// A digest that was looked at on a walk, as far as it is a fact.
struct Fact {
    at: ObjectLocation,
    fingerprint: String,
    signature_from: SignatureSource,
    vouched: Vouched,
}

impl Prover<'_> {
    /// Looks at a digest, and at those just after it if it has no signature of its own that verifies.
    pub(super) async fn prove(&self, candidate: &Candidate, listing: &Listing, chain_index: usize) -> Option<Proof> {
        let (chain, end, place) = candidate;
        let here = listing.listed(chain, self.places, &[(*end, *place)]).pop()?;
        self.reader.observer.digests_expected(1);
        let looked = self.reader.look(&self.places[usize::from(*place)], here.at.clone(), u64::MAX).await;
        self.reader.observer.digest_done();
        let hour = Interval::new(end.plus(-Time::HOUR), *end);
        let (covers, waits) = match &looked {
            Looked::Verified(digest) => (digest.covers(), false),
            // If it verifies, this is what it covers.
            Looked::Waiting(digest) => (Interval::new(digest.claims().start, digest.claims().end), true),
            Looked::Settled(_) | Looked::Later(..) => (hour, false),
        };
        let mut listed = Vec::new();
        if waits {
            let after = listing.ending_in(Interval::new(*end, end.plus(DIGEST_DUE_AFTER)));
            listed.extend(listing.listed(chain, self.places, after));
        }
        listed.push(here.clone());
        let scope = Scope { start: Some(covers.start), end: covers.end, horizon: covers.end, began_by: None };
        let mut walk = ChainWalk::new(chain.clone(), scope, &self.reader.limits).telling(self.telling);
        let (mut facts, judged) = self.walk(&mut walk, listed, Some((here.at.clone(), looked)), false).await;
        let fact = facts.pop().filter(|fact| fact.at.key == here.at.key && fact.vouched.in_scope);
        let names = fact.map(|fact| self.names(fact, chain, chain_index)).unwrap_or_default();
        let mut outcome = walk.finish();
        // The one before it was not asked for: it is not said not to be there.
        outcome.findings.retain(|finding| finding.code != Code::ChainContinuesBefore);
        Some(Proof { at: here.at, names, outcome, judged })
    }

    /// Walks a chain over the time in which a digest would have to name a log file, and none that was looked at does.
    pub(super) async fn walk_over(
        &self,
        chain: &ChainId,
        listing: &Listing,
        scope: Scope,
    ) -> (ChainOutcome, Vec<JudgedDigest>) {
        let listed = listing.for_walk(chain, self.places, scope).map(|(listed, _)| listed).collect();
        let mut walk = ChainWalk::new(chain.clone(), scope, &self.reader.limits).telling(self.telling);
        let (_, judged) = self.walk(&mut walk, listed, None, true).await;
        let mut outcome = walk.finish();
        outcome.findings.retain(|finding| finding.code != Code::ChainContinuesBefore);
        (outcome, judged)
    }

    /// Tells a walk what it needs, up to the first digest that is not listed unless these are to be followed.
    async fn walk(
        &self,
        walk: &mut ChainWalk,
        listed: Vec<ListedDigest>,
        known: Option<(ObjectLocation, Looked)>,
        follow: bool,
    ) -> (Vec<Fact>, Vec<JudgedDigest>) {
        let (mut listed, mut known) = (VecDeque::from([listed]), known);
        let (mut facts, mut judged, mut buckets) = (Vec::new(), Vec::new(), BTreeSet::new());
        let all: BTreeSet<ObjectLocation> = listed.iter().flatten().map(|digest| digest.at.clone()).collect();
        while let Some(need) = walk.need() {
            let Need::Digest { at, successor } = need else {
                walk.listed(listed.pop_front().unwrap_or_default());
                continue;
            };
            if !follow && !all.contains(at) {
                break;
            }
            let looked = match (known.take_if(|(known, _)| known == at), place_of(self.places, &at.bucket)) {
                (Some((_, looked)), _) => looked,
                (None, Some(place)) => self.reader.look(place, at.clone(), u64::MAX).await,
                (None, None) => Looked::Settled(Observed::Unreadable(Reason::Unreachable)),
            };
            let observed = self.reader.settle(looked, successor);
            let told = match &observed {
                Observed::Verified(digest) => {
                    buckets.insert(digest.at().bucket.clone());
                    Some((digest.at().clone(), digest.fingerprint().to_owned(), digest.signature_source()))
                }
                _ => None,
            };
            let has = |place: &Place| place.store.bucket() == Some(&at.bucket);
            let absent = absent_if(buckets.contains(&at.bucket) || self.places.iter().any(has), at, observed);
            let mut vouched = walk.observed(absent);
            judged.extend(vouched.judged.take().map(|judged| *judged));
            if let Some((at, fingerprint, signature_from)) = told.filter(|_| vouched.covers.is_some()) {
                facts.push(Fact { at, fingerprint, signature_from, vouched });
            }
        }
        (facts, judged)
    }

    /// The log files asked for that a digest names, each once if it is recorded alike.
    fn names(&self, fact: Fact, chain: &ChainId, chain_index: usize) -> Vec<(RecordedLog, VouchedBy)> {
        let Vouched { delivered, bucket, key, covers: Some(covers), log_files, .. } = fact.vouched else {
            return Vec::new();
        };
        let by = Arc::new(RecordedBy {
            bucket,
            key,
            covers,
            delivered,
            listed_by: None,
            begins_at: None,
            from_before: 0,
            chain: chain_index,
        });
        let mut names: Vec<(RecordedLog, VouchedBy)> = Vec::new();
        for log in log_files {
            // What was delivered under that key to another bucket is another log file.
            let here = |place: &Place| place.store.bucket().is_none_or(|bucket| bucket == log.at.bucket);
            let again = names.iter().any(|(known, _)| known.log == log);
            if again || !self.named.contains(&log.at.key) || !self.places.iter().any(here) {
                continue;
            }
            let vouched = VouchedBy {
                digest: fact.at.clone(),
                chain: chain.clone(),
                covers,
                fingerprint: fact.fingerprint.clone(),
                signature_from: fact.signature_from,
                log: log.at.clone(),
                hash: log.hash.clone(),
            };
            names.push((RecordedLog { log, by: Arc::clone(&by) }, vouched));
        }
        names
    }
}
