//! Digests: fetched ahead, many at once, and handed to the walk in its order.
//!
//! Whatever needs no neighbour happens ahead and in parallel: fetching, inflating, hashing, reading, and checking a
//! signature that is in the metadata. What is left to the walk is cheap. Fetching ahead changes no answer, so it
//! changes no report.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::task::{JoinError, JoinHandle};

use super::discover::{Place, place_of};
use super::inventory::Pending;
use super::observer::Observer;
use super::pace::{Again, Pace};
use crate::chain::{ListedDigest, Observed};
use crate::digest::{
    DefectKind, DigestDefect, FetchedDigest, KeySet, ParsedDigest, SuccessorSignature, VerifiedDigest,
};
use crate::finding::Reason;
use crate::limits::Limits;
use crate::store::BodyError;
use crate::trail::{ObjectLocation, Time};

/// What it takes to look at a digest.
#[derive(Clone)]
pub(super) struct DigestReader {
    pub keys: Arc<KeySet>,
    pub limits: Arc<Limits>,
    pub pace: Pace,
    pub observer: Arc<dyn Observer>,
}

/// A digest that was looked at as far as it can be without its neighbour.
pub(super) enum Looked {
    Verified(Box<VerifiedDigest>),
    /// Its own signature is missing or wrong; the successor may still have the right one.
    Waiting(Box<ParsedDigest>),
    Settled(Observed),
    /// Too large to be kept waiting: it is looked at again when it is its turn.
    Later(Place, ObjectLocation),
}

impl DigestReader {
    /// Fetches and examines a digest ahead of its turn.
    async fn look_ahead(&self, place: &Place, at: ObjectLocation) -> Looked {
        match self.look(place, at.clone(), KEPT_WAITING).await {
            Looked::Later(..) => Looked::Later(place.clone(), at),
            looked => {
                self.observer.digest_done();
                looked
            }
        }
    }

    /// Fetches and examines one digest; one that inflates to more than `most` bytes is put off.
    pub(super) async fn look(&self, place: &Place, at: ObjectLocation, most: u64) -> Looked {
        let asked = at.clone();
        let fetched = match self.fetch(place, at).await {
            Ok(fetched) => fetched,
            Err(observed) => return Looked::Settled(observed),
        };
        match fetched.parse(&self.limits) {
            Err(defect) => Looked::Settled(Observed::Defective(defect)),
            Ok(parsed) if parsed.inflated() > most => Looked::Later(place.clone(), asked),
            Ok(parsed) => match parsed.verify(&self.keys, None) {
                Ok(verified) => Looked::Verified(Box::new(verified)),
                Err(failed) => match *failed {
                    (_, defect) if matches!(defect.kind, DefectKind::KeyUnknown { .. }) => {
                        Looked::Settled(Observed::Defective(Box::new(defect)))
                    }
                    (parsed, _) => Looked::Waiting(Box::new(parsed)),
                },
            },
        }
    }

    /// Fetches and examines a digest whose turn it is.
    async fn look_now(&self, place: &Place, at: ObjectLocation) -> Looked {
        self.observer.digest_done();
        self.look(place, at, u64::MAX).await
    }

    async fn fetch(&self, place: &Place, at: ObjectLocation) -> Result<FetchedDigest, Observed> {
        let _turn = self.pace.turn().await;
        let unreadable = |error: &crate::store::StoreError| match error.reason() {
            None => Observed::Absent,
            Some(reason) => Observed::Unreadable(reason),
        };
        let mut again = Again::default();
        let (body, metadata) = loop {
            let object = place.store.get(&at.key).await.map_err(|error| unreadable(&error))?;
            match object.body.collect(self.limits.digest_stored).await {
                Err(BodyError::Store(error)) if again.may(&error).await => {}
                body => break (body, object.metadata),
            }
        };
        match body {
            Ok(body) => Ok(FetchedDigest { at, body, framing: place.store.framing(), metadata }),
            Err(BodyError::Store(error)) => Err(unreadable(&error)),
            Err(BodyError::OverLimit(limit)) => Err(Observed::Defective(Box::new(DigestDefect {
                at,
                kind: DefectKind::OverLimit(limit),
                sha256: None,
                previous_signature: None,
            }))),
        }
    }

    /// What came of it, now that the successor's word is known.
    pub(super) fn settle(&self, looked: Looked, successor: Option<&SuccessorSignature>) -> Observed {
        match looked {
            Looked::Later(..) => Observed::Unreadable(Reason::OverLimit),
            Looked::Verified(digest) => Observed::Verified(digest),
            Looked::Settled(observed) => observed,
            Looked::Waiting(parsed) => match parsed.verify(&self.keys, successor) {
                Ok(digest) => Observed::Verified(Box::new(digest)),
                Err(failed) => Observed::Defective(Box::new(failed.1)),
            },
        }
    }
}

/// A trail that was moved here from a bucket of which there is no copy: nobody can say what lay there.
pub(super) fn absent_if(known: bool, at: &ObjectLocation, observed: Observed) -> Observed {
    match observed {
        Observed::Absent if !known && !at.bucket.is_empty() => Observed::Unreadable(Reason::Unreachable),
        observed => observed,
    }
}

/// Digests that were looked at before the walk.
pub(super) type Seen = HashMap<ObjectLocation, Box<VerifiedDigest>>;

/// The digests of one chain, fetched ahead by a window.
pub(super) struct Ahead {
    reader: DigestReader,
    pending: Pending,
    /// Listed and not yet told to the walk, each being looked at already.
    queue: VecDeque<(ListedDigest, JoinHandle<Looked>)>,
    /// Told to the walk.
    told: VecDeque<(ListedDigest, JoinHandle<Looked>)>,
    places: Vec<Place>,
    window: usize,
    /// Facts already.
    seen: Seen,
}

impl Ahead {
    pub(super) fn new(reader: DigestReader, pending: Pending, places: &[Place], window: usize) -> Ahead {
        let (queue, told) = (VecDeque::new(), VecDeque::new());
        Ahead { reader, pending, queue, told, places: places.to_vec(), window: window.max(1), seen: Seen::default() }
    }

    /// With what was looked at before.
    pub(super) fn having_seen(self, seen: Seen) -> Ahead {
        Ahead { seen, ..self }
    }

    /// The next digests of the listing, newest first; none at its end. Equal ends are never parted.
    pub(super) fn listing(&mut self) -> Vec<ListedDigest> {
        self.refill();
        let mut batch: Vec<ListedDigest> = Vec::new();
        while let Some((listed, _)) = self.queue.front() {
            let with_last = batch.last().is_none_or(|last| last.end == listed.end);
            if batch.len() >= self.window && !with_last {
                break;
            }
            batch.push(listed.clone());
            self.told.extend(self.queue.pop_front());
            self.refill();
        }
        batch
    }

    /// One digest: from what was fetched ahead, or, where a link leads elsewhere, from there.
    pub(super) fn digest(&mut self, at: &ObjectLocation) -> BoxFuture<'_, Result<Looked, JoinError>> {
        let here = |listed: &ListedDigest| {
            listed.at.key == at.key && (listed.at.bucket == at.bucket || listed.at.bucket.is_empty())
        };
        while self.told.front().is_some_and(|(listed, _)| !here(listed))
            && self.told.iter().any(|(listed, _)| here(listed))
        {
            self.told.pop_front();
        }
        if self.told.front().is_some_and(|(listed, _)| here(listed))
            && let Some((_, task)) = self.told.pop_front()
        {
            let reader = self.reader.clone();
            return async move {
                Ok(match task.await? {
                    Looked::Later(place, at) => reader.look_now(&place, at).await,
                    looked => looked,
                })
            }
            .boxed();
        }
        let place = place_of(&self.places, &at.bucket).cloned();
        let (reader, at) = (self.reader.clone(), at.clone());
        async move {
            match place {
                Some(place) => Ok(reader.look_now(&place, at).await),
                None => Ok(Looked::Settled(Observed::Unreadable(Reason::Unreachable))),
            }
        }
        .boxed()
    }

    /// The ends of those that are listed and not told to the walk.
    pub(super) fn untold(&self) -> impl Iterator<Item = Time> {
        self.queue.iter().map(|(listed, _)| listed.end).chain(self.pending.ends())
    }

    /// The same, each with its place.
    pub(super) fn untold_digests(&self) -> impl Iterator<Item = ListedDigest> {
        self.queue.iter().map(|(listed, _)| listed.clone()).chain(self.pending.listed())
    }

    /// Whether a store of that name is at hand, so that what it does not have is not there.
    pub(super) fn knows(&self, bucket: &str) -> bool {
        self.places.iter().any(|place| place.store.bucket() == Some(bucket))
    }

    fn refill(&mut self) {
        while self.queue.len() < self.window
            && let Some((listed, place)) = self.pending.next()
        {
            let (reader, place, at) = (self.reader.clone(), self.places[place].clone(), listed.at.clone());
            let seen = self.seen.remove(&at);
            let task = tokio::spawn(async move {
                match seen {
                    Some(digest) => {
                        reader.observer.digest_done();
                        Looked::Verified(digest)
                    }
                    None => reader.look_ahead(&place, at).await,
                }
            });
            self.queue.push_back((listed, task));
        }
    }
}

/// Bytes of an inflated digest that may wait for its turn: that of an hour with some 600 log files. Fetching a larger one
/// twice costs little beside its log files, and keeps those of thousands of chains from filling memory.
pub(super) const KEPT_WAITING: u64 = 256 << 10;
