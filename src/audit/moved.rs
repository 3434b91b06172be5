//! A trail that was moved: its chain goes on, backwards, in another bucket or under another prefix, and is followed there.
//!
//! Only the word of a verified digest leads anywhere: which bucket is asked, and so learns who asks, is not for whoever
//! may write to a bucket to say.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Asked;
use super::digests::{DigestReader, KEPT_WAITING, Looked, Seen};
use super::discover::{Place, Region, place_of};
use super::inventory::{Inventory, Oldest, take_inventory};
use crate::chain::Observed;
use crate::digest::{SuccessorSignature, VerifiedDigest};
use crate::store::ObjectStore;
use crate::trail::{ChainId, ChainKind, DigestKey, ObjectLocation, RegionFolders};

impl Asked {
    /// Adds the places that the chains of a region go back to, for as long as their oldest digest names another one and
    /// the request goes back further. The digests looked at are facts, and need not be looked at again.
    pub(super) async fn follow_moves(&self, region: &mut Region, inventory: &mut Inventory) -> Seen {
        let (mut asked, mut seen) = (BTreeSet::new(), Seen::default());
        for _ in 0..MOST_MOVES {
            let Some(place) = self.next_place(region, inventory, &mut asked, &mut seen).await else { break };
            region.places.push(place);
            let strays = self.range.stray_window();
            inventory.add_place(region, region.places.len() - 1, &self.request.limits, strays).await;
        }
        seen
    }

    /// Adds to the regions the places that their chains go back to; the stores among them that are not `known`.
    pub(super) async fn add_places_before(
        &self,
        regions: &mut [Region],
        known: &[Arc<dyn ObjectStore>],
    ) -> Vec<Arc<dyn ObjectStore>> {
        let mut stores: Vec<Arc<dyn ObjectStore>> = Vec::new();
        for region in regions {
            let mut inventory = take_inventory(region, &self.request.limits, self.range.stray_window()).await;
            let at_first = region.places.len();
            self.follow_moves(region, &mut inventory).await;
            for place in &region.places[at_first..] {
                let same = |store: &Arc<dyn ObjectStore>| store.bucket() == place.store.bucket();
                if !stores.iter().chain(known).any(same) {
                    stores.push(Arc::clone(&place.store));
                }
            }
        }
        stores
    }

    /// The first place that a chain goes back to and that is not among those of the region.
    async fn next_place(
        &self,
        region: &Region,
        inventory: &Inventory,
        asked: &mut BTreeSet<ObjectLocation>,
        seen: &mut Seen,
    ) -> Option<Place> {
        let oldest: Vec<(ChainId, Oldest)> = inventory
            .chains
            .iter()
            .filter(|(chain, _)| chain.kind == ChainKind::Standard && self.request.select.has_chain(chain))
            .filter_map(|(chain, listing)| {
                Some((chain.clone(), listing.oldest_within(chain, &region.places, self.range.scope)?))
            })
            .collect();
        let mut unsaid = Vec::new();
        let reader = DigestReader {
            keys: self.keys_of(&region.region, inventory, &mut unsaid).await,
            limits: Arc::new(self.request.limits.clone()),
            pace: self.pace.clone(),
            observer: Arc::clone(&self.observer),
        };
        for (chain, oldest) in oldest {
            let (place, at) = oldest.digest.clone();
            if !asked.insert(at.clone()) {
                continue;
            }
            let Some((digest, small)) = fact(&reader, &oldest).await else { continue };
            let (bucket, previous) =
                (digest.at().bucket.clone(), digest.previous().map(|previous| previous.at.clone()));
            if small {
                seen.insert(at, digest);
            }
            let Some(previous) = previous else { continue };
            let Some(key) = DigestKey::parse(&previous.key).filter(|key| chain.is_named(&key.chain)) else { continue };
            let folders = RegionFolders { account: key.folder, region: region.region.clone() };
            let here = |place: &Place| {
                place.folders == folders && place.store.bucket().is_none_or(|bucket| bucket == previous.bucket)
            };
            if region.places.iter().any(here) {
                continue;
            }
            let store = match place_of(&region.places, &previous.bucket) {
                _ if previous.bucket == bucket => Some(place.store),
                Some(known) => Some(Arc::clone(&known.store)),
                None => match &self.buckets {
                    Some(buckets) => buckets.bucket(&previous.bucket).await,
                    None => None,
                },
            };
            if let Some(store) = store {
                return Some(Place { store, folders });
            }
        }
        None
    }
}

/// The oldest digest as a fact, and whether it is small enough to be kept. One that lost its signature is believed on
/// the word of the one after it.
async fn fact(reader: &DigestReader, oldest: &Oldest) -> Option<(Box<VerifiedDigest>, bool)> {
    let (place, at) = &oldest.digest;
    let (looked, small) = match reader.look(place, at.clone(), KEPT_WAITING).await {
        Looked::Later(..) => (reader.look(place, at.clone(), u64::MAX).await, false),
        looked => (looked, true),
    };
    let waits = matches!(looked, Looked::Waiting(_));
    let successor = match &oldest.after {
        Some((place, after)) if waits => match reader.look(place, after.clone(), u64::MAX).await {
            Looked::Verified(digest) => digest.previous().filter(|previous| previous.at.key == at.key).cloned(),
            _ => None,
        },
        _ => None,
    };
    let successor = successor.map(|previous| SuccessorSignature { hex: previous.signature, believed: true });
    match reader.settle(looked, successor.as_ref()) {
        Observed::Verified(digest) => Some((digest, small && !waits)),
        _ => None,
    }
}

/// A trail is moved once or twice in its life. Stops: a chain that is led from bucket to bucket.
const MOST_MOVES: usize = 32;
