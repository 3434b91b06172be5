//! A trail that was moved: its chain goes on, backwards, in another bucket or under another prefix, and is followed there.
//!
//! Only the word of a verified digest leads anywhere: which bucket is asked, and so learns who asks, is not for whoever
//! may write to a bucket to say.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::Asked;
use super::digests::{DigestReader, KEPT_WAITING, Looked, Seen};
use super::discover::{Place, Region, place_of};
use super::inventory::{Edge, Inventory, take_inventory};
use crate::chain::Observed;
use crate::digest::{SuccessorSignature, VerifiedDigest};
use crate::store::ObjectStore;
use crate::trail::{ChainId, ChainKind, DigestKey, ObjectLocation, RegionFolders};

impl Asked {
    /// Adds the places that the chains of a region go back to, for as long as their oldest digest, or one after a gap, names
    /// another one and the request goes back further: a trail may have been moved away and back. The digests looked at are
    /// facts, and need not be looked at again.
    pub(super) async fn follow_moves(&self, region: &mut Region, inventory: &mut Inventory) -> Seen {
        let (mut asked, mut seen) = (BTreeSet::new(), Seen::default());
        let mut left = MOST_MOVES;
        while left > 0 {
            let places = self.places_before(region, inventory, &mut asked, &mut seen).await;
            if places.is_empty() {
                break;
            }
            for place in places.into_iter().take(left) {
                left -= 1;
                region.places.push(place);
                let strays = self.range.stray_window();
                inventory.add_place(region, region.places.len() - 1, &self.request.limits, strays).await;
            }
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

    /// The places that chains go back to and that are not among those of the region.
    async fn places_before(
        &self,
        region: &Region,
        inventory: &Inventory,
        asked: &mut BTreeSet<ObjectLocation>,
        seen: &mut Seen,
    ) -> Vec<Place> {
        let edges = self.edges(region, inventory).filter(|(_, edge)| asked.insert(edge.digest.1.clone()));
        let edges: Vec<(ChainId, Edge)> = edges.collect();
        let mut unsaid = Vec::new();
        let reader = DigestReader {
            keys: self.keys_of(&region.region, inventory, &mut unsaid).await,
            limits: Arc::new(self.request.limits.clone()),
            pace: self.pace.clone(),
            observer: Arc::clone(&self.observer),
        };
        let facts = edges.into_iter().map(|(chain, edge)| {
            let reader = reader.clone();
            async move {
                let fact = fact(&reader, &edge).await;
                (chain, edge.digest, fact)
            }
        });
        let mut facts = stream::iter(facts).buffered(EDGES_AT_ONCE);
        let mut places = Vec::new();
        while let Some((chain, (of, at), fact)) = facts.next().await {
            let Some((digest, small)) = fact else { continue };
            places.extend(self.place_before(&chain, &of, &digest, region, &places).await);
            if small {
                seen.insert(at, digest);
            }
        }
        places
    }

    /// The digests before which something is not here.
    fn edges(&self, region: &Region, inventory: &Inventory) -> impl Iterator<Item = (ChainId, Edge)> {
        let chains = inventory.chains.iter();
        let selected =
            chains.filter(|(chain, _)| chain.kind == ChainKind::Standard && self.request.select.has_chain(chain));
        selected.flat_map(|(chain, listing)| {
            let edges = listing.edges(chain, &region.places, self.range.scope);
            edges.into_iter().map(|edge| (chain.clone(), edge))
        })
    }

    /// Where the digest before this one lies, if that is none of the places known.
    async fn place_before(
        &self,
        chain: &ChainId,
        of: &Place,
        digest: &VerifiedDigest,
        region: &Region,
        found: &[Place],
    ) -> Option<Place> {
        let previous = &digest.previous()?.at;
        let key = DigestKey::parse(&previous.key).filter(|key| chain.is_named(&key.chain))?;
        let folders = RegionFolders { account: key.folder, region: region.region.clone() };
        let here = |place: &Place| {
            place.folders == folders && place.store.bucket().is_none_or(|bucket| bucket == previous.bucket)
        };
        if region.places.iter().chain(found).any(here) {
            return None;
        }
        let store = match place_of(&region.places, &previous.bucket) {
            _ if previous.bucket == digest.at().bucket => Arc::clone(&of.store),
            Some(known) => Arc::clone(&known.store),
            None => self.buckets.as_ref()?.bucket(&previous.bucket).await?,
        };
        Some(Place { store, folders })
    }
}

/// The digest as a fact, and whether it is small enough to be kept. One that lost its signature is believed on
/// the word of the one after it.
async fn fact(reader: &DigestReader, edge: &Edge) -> Option<(Box<VerifiedDigest>, bool)> {
    let (place, at) = &edge.digest;
    let (looked, small) = match reader.look(place, at.clone(), KEPT_WAITING).await {
        Looked::Later(..) => (reader.look(place, at.clone(), u64::MAX).await, false),
        looked => (looked, true),
    };
    let waits = matches!(looked, Looked::Waiting(_));
    let successor = match &edge.after {
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

/// Digests that are asked where they lead, at a time: each waits for an answer, and takes up to a few megabytes.
const EDGES_AT_ONCE: usize = 8;
