//! What an earlier copy has and the source no longer: moved aside and told, for a copy is of what is there now.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;

use super::PullError;
use super::hands::Hands;
use super::region::Work;
use crate::audit::discover::Place;
use crate::audit::misplaced::Beside;
use crate::store::KeyRange;
use crate::trail::ChainKind;

/// What an earlier copy has in a folder.
#[derive(Default)]
pub(super) struct Before {
    pub objects: BTreeSet<String>,
    /// Folders in it that could not be listed then.
    pub unlistable: Vec<String>,
}

impl Work {
    /// What an earlier copy has below a folder.
    pub(super) async fn before(&self, place: &Place, folder: &str) -> Before {
        let mut before = Before::default();
        let Some((_, store)) = &self.hands.pull().copy_of(&place.store).before else { return before };
        let mut pages = store.list(folder, KeyRange::ALL);
        while let Some(page) = pages.next().await {
            match page {
                Ok(objects) => before.objects.extend(objects.into_iter().map(|object| object.key)),
                Err(failed) => before.unlistable.push(failed.prefix),
            }
        }
        before
    }

    /// Digests of the request that the copy has and the source no longer.
    pub(super) fn sweep_digests(&mut self) -> Result<(), PullError> {
        let Some(twin) = &self.twin else { return Ok(()) };
        // What could not be listed to its end shows no absence.
        if !self.found.inventory.beside.unlistable.is_empty() {
            return Ok(());
        }
        let scope = self.hands.pull().range.scope;
        let mut gone: Vec<(usize, String)> = Vec::new();
        for (chain, listing) in &twin.inventory.chains {
            let there = |end, at| self.found.inventory.named(chain).any(|now| now.shows(end, at));
            let later = listing.after_walk(chain, &self.places, scope);
            let later = later.filter(|_| chain.kind == ChainKind::Backfill);
            let had = listing.for_walk(chain, &self.places, scope).chain(later);
            gone.extend(had.filter(|(digest, at)| !there(digest.end, *at)).map(|(digest, at)| (at, digest.at.key)));
        }
        gone.into_iter().try_for_each(|(at, key)| self.hands.gone(&Arc::clone(&self.places[at].store), &key))
    }
}

impl Hands {
    /// Objects out of place that only an earlier copy has, and folders that could not be listed then.
    pub(super) fn sweep_beside(&mut self, now: &Beside, before: &Beside) -> Result<(), PullError> {
        let unlistable: BTreeSet<&str> = now.unlistable.iter().map(|folder| folder.prefix.as_str()).collect();
        let whole = unlistable.is_empty() && now.misplaced.iter().all(|misplaced| misplaced.beyond == 0);
        let there: BTreeSet<&str> =
            now.misplaced.iter().flat_map(|misplaced| &misplaced.objects).map(|object| object.key.as_str()).collect();
        for misplaced in before.misplaced.iter().filter(|_| whole) {
            let Some(store) = self.pull().source_of(&misplaced.store).cloned() else { continue };
            for object in misplaced.objects.iter().filter(|object| !there.contains(object.key.as_str())) {
                self.gone(&store, &object.key)?;
            }
        }
        for folder in before.unlistable.iter().filter(|folder| !unlistable.contains(folder.prefix.as_str())) {
            let Some(store) = self.pull().source_of(&folder.store).cloned() else { continue };
            // A link in the copy that stands in the place of a folder goes, too.
            self.gone(&store, &folder.prefix)?;
        }
        Ok(())
    }
}
