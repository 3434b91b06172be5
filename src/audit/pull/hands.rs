//! Copies many objects at once, bounded, and adds up what came of it.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

use super::object::Wanted;
use super::{Pull, PullError, Tally};
use crate::audit::AuditError;
use crate::audit::discover::{Place, place_of};
use crate::audit::misplaced::{Beside, Unlistable};
use crate::digest::{DigestClaims, DigestMetadata, FetchedDigest};
use crate::logfile::Framing;
use crate::store::ObjectStore;
use crate::store::dir::ObjectRecord;
use crate::trail::ObjectLocation;

/// Copies under way.
pub(super) struct Hands {
    pull: Arc<Pull>,
    under_way: JoinSet<Result<Done, PullError>>,
    tally: Tally,
    /// What the digests copied so far lead to.
    leads: BTreeSet<ObjectLocation>,
}

/// What came of copying one object.
struct Done {
    tally: Tally,
    leads: Vec<ObjectLocation>,
}

/// Which of the locations that a digest names are looked at. What it says is believed by nobody.
pub(super) type Follow = Arc<dyn Fn(&DigestClaims) -> Vec<ObjectLocation> + Send + Sync>;

impl Hands {
    pub(super) fn new(pull: &Arc<Pull>) -> Hands {
        let (under_way, tally, leads) = (JoinSet::new(), Tally::default(), BTreeSet::new());
        Hands { pull: Arc::clone(pull), under_way, tally, leads }
    }

    /// Copies an object that is no digest.
    pub(super) async fn copy(&mut self, wanted: Wanted) -> Result<(), PullError> {
        self.pull.observer.logs_expected(1);
        self.send(wanted, None).await
    }

    /// Copies a digest, and notes where it leads.
    pub(super) async fn copy_digest(&mut self, wanted: Wanted, follow: &Follow) -> Result<(), PullError> {
        self.send(wanted, Some(Arc::clone(follow))).await
    }

    async fn send(&mut self, wanted: Wanted, follow: Option<Follow>) -> Result<(), PullError> {
        // Waiting here for a turn is what bounds the number of objects under way.
        let turn = self.pull.pace.turn().await;
        let pull = Arc::clone(&self.pull);
        self.under_way.spawn(async move {
            let tally = pull.copy(&wanted).await?;
            let leads = match &follow {
                Some(follow) => pull.leads(&wanted, follow).unwrap_or_default(),
                None => Vec::new(),
            };
            match follow {
                Some(_) => pull.observer.digest_done(),
                None => pull.observer.logs_done(1, tally.fetched_bytes),
            }
            drop(turn);
            Ok(Done { tally, leads })
        });
        while let Some(done) = self.under_way.try_join_next() {
            self.take(done)?;
        }
        Ok(())
    }

    /// Waits for all that is under way. Gives what the digests lead to.
    pub(super) async fn rest(&mut self) -> Result<BTreeSet<ObjectLocation>, PullError> {
        while let Some(done) = self.under_way.join_next().await {
            self.take(done)?;
        }
        Ok(std::mem::take(&mut self.leads))
    }

    pub(super) async fn finish(mut self) -> Result<Tally, PullError> {
        self.rest().await?;
        Ok(self.tally)
    }

    fn take(&mut self, done: Result<Result<Done, PullError>, JoinError>) -> Result<(), PullError> {
        let done = done.map_err(AuditError::Task)??;
        self.tally += done.tally;
        self.leads.extend(done.leads);
        Ok(())
    }

    /// The source does not have an object.
    pub(super) fn gone(&mut self, store: &Arc<dyn ObjectStore>, key: &str) -> Result<(), PullError> {
        self.tally += self.pull.gone(self.pull.copy_of(store), key)?;
        Ok(())
    }

    /// Copies what a listing came upon beside what it was looking for, and records what it could not list. What only
    /// `twin`, the same of an earlier copy, has is gone.
    pub(super) async fn copy_beside(&mut self, beside: Beside, twin: Option<Beside>) -> Result<(), PullError> {
        if let Some(twin) = twin {
            self.sweep_beside(&beside, &twin)?;
        }
        for folder in &beside.unlistable {
            self.unlistable(folder)?;
        }
        for misplaced in beside.misplaced {
            self.tally.beyond += misplaced.beyond;
            for object in misplaced.objects {
                self.copy(Wanted::listed(&misplaced.store, object)).await?;
            }
        }
        self.rest().await.map(drop)
    }

    /// Records a folder that could not be listed, or what stands in the place of one.
    pub(super) fn unlistable(&mut self, folder: &Unlistable) -> Result<(), PullError> {
        let copy = self.pull.copy_of(&folder.store);
        let special = !folder.prefix.ends_with('/');
        let why = if special { "it is no folder" } else { folder.reason.sentence() };
        self.pull.observer.not_copied(&copy.at(&folder.prefix), why);
        let record = ObjectRecord {
            key: folder.prefix.clone(),
            reason: Some(folder.reason),
            folder: !special,
            special,
            ..ObjectRecord::default()
        };
        Ok(copy.writer.record_not_copied(&record)?)
    }

    pub(super) fn pull(&self) -> &Arc<Pull> {
        &self.pull
    }
}

impl Pull {
    /// Where a digest that was copied leads.
    fn leads(&self, wanted: &Wanted, follow: &Follow) -> Option<Vec<ObjectLocation>> {
        let copy = self.copy_of(&wanted.store);
        let limits = &self.request.limits;
        let mut body = Vec::new();
        copy.writer.read(&wanted.key)?.take(limits.digest_stored + 1).read_to_end(&mut body).ok()?;
        let (at, body) = (copy.at(&wanted.key), body.into());
        let digest = FetchedDigest { at, body, framing: Framing::GzipOrPlain, metadata: DigestMetadata::default() };
        Some(follow(digest.parse(limits).ok()?.claims()))
    }
}

/// What something names, where its bucket is at hand.
pub(super) fn wanted_at(places: &[Place], at: &ObjectLocation) -> Option<Wanted> {
    place_of(places, &at.bucket).map(|place| Wanted::named(&place.store, &at.key))
}
