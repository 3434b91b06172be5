//! A trail that was moved: its chain goes on, backwards, in another bucket or under another prefix, and is followed there.
//!
//! Only the word of a verified digest leads anywhere: which bucket is asked, and so learns who asks, is not for whoever
//! may write to a bucket to say.

use std::collections::HashMap;
use std::sync::Arc;

use super::Asked;
use super::digests::{DigestReader, KEPT_WAITING, Looked};
use super::discover::{Place, Region, place_of};
use super::inventory::{Inventory, take_inventory};
use crate::digest::VerifiedDigest;
use crate::store::ObjectStore;
use crate::trail::{ChainId, ChainKind, DigestKey, ObjectLocation, RegionFolders};

/// Digests that were looked at before the walk.
pub(super) type Seen = HashMap<ObjectLocation, Box<VerifiedDigest>>;

impl Asked {
    /// Adds the places that the chains of a region go back to, for as long as their oldest digest names another one and
    /// the request goes back further. The digests looked at are facts, and need not be looked at again.
    pub(super) async fn follow_moves(&self, region: &mut Region, inventory: &mut Inventory) -> Seen {
        let mut seen = Seen::default();
        for _ in 0..MOST_MOVES {
            let Some(place) = self.next_place(region, inventory, &mut seen).await else { break };
            region.places.push(place);
            let strays = self.range.stray_window();
            inventory.add_place(region, region.places.len() - 1, &self.request.limits, strays).await;
        }
        seen
    }

    /// The stores besides those of the regions that their chains go back to.
    pub(super) async fn stores_before(&self, regions: &[Region]) -> Vec<Arc<dyn ObjectStore>> {
        let mut stores: Vec<Arc<dyn ObjectStore>> = Vec::new();
        for region in regions {
            let (mut region, known) = (region.clone(), region.places.len());
            let mut inventory = take_inventory(&region, &self.request.limits, self.range.stray_window()).await;
            self.follow_moves(&mut region, &mut inventory).await;
            for place in region.places.split_off(known) {
                let same = |store: &Arc<dyn ObjectStore>| store.bucket() == place.store.bucket();
                if !stores.iter().any(same) && !region.places.iter().any(|place| same(&place.store)) {
                    stores.push(place.store);
                }
            }
        }
        stores
    }

    /// The first place that a chain goes back to and that is not among those of the region.
    async fn next_place(&self, region: &Region, inventory: &Inventory, seen: &mut Seen) -> Option<Place> {
        let oldest: Vec<(ChainId, Place, ObjectLocation)> = inventory
            .chains
            .iter()
            .filter(|(chain, _)| chain.kind == ChainKind::Standard && self.request.select.has_chain(chain))
            .filter_map(|(chain, listing)| {
                let (place, at) = listing.oldest_within(chain, &region.places, self.range.scope)?;
                Some((chain.clone(), place, at))
            })
            .collect();
        let mut unsaid = Vec::new();
        let reader = DigestReader {
            keys: self.keys_of(&region.region, inventory, &mut unsaid).await,
            limits: Arc::new(self.request.limits.clone()),
            pace: self.pace.clone(),
            observer: Arc::clone(&self.observer),
        };
        for (chain, place, at) in oldest {
            if seen.contains_key(&at) {
                continue;
            }
            let Looked::Verified(digest) = reader.look(&place, at.clone(), KEPT_WAITING).await else { continue };
            let (bucket, previous) =
                (digest.at().bucket.clone(), digest.previous().map(|previous| previous.at.clone()));
            seen.insert(at, digest);
            let Some(previous) = previous else { continue };
            let Some(key) = DigestKey::parse(&previous.key).filter(|key| key.chain == chain) else { continue };
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

/// A trail is moved once or twice in its life. Stops: a chain that is led from bucket to bucket.
const MOST_MOVES: usize = 32;
