//! Which public keys an audit asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::discover::discover;
use super::inventory::take_inventory;
use super::misplaced::Unlistable;
use super::range::Range;
use super::{Asked, AuditError, AuditRequest, Evidence, REGIONS_AT_ONCE, Silent};
use crate::finding::Finding;
use crate::keys::KeySource;
use crate::trail::Interval;

/// The regions whose keys an audit asks for, each with the time over which it does; and what could not be listed, so that
/// nobody can say whether it needs others.
pub async fn wanted_keys(
    evidence: &Evidence,
    keys: &Arc<dyn KeySource>,
    request: &AuditRequest,
) -> Result<(BTreeMap<String, Interval>, Vec<Finding>), AuditError> {
    let discovery = discover(evidence, request).await.map_err(AuditError::Source)?;
    let range = Range::settle(evidence, request, &discovery).await?;
    let asked = Asked::new(evidence, request.clone(), range, Arc::clone(keys), Arc::new(Silent));
    let regions = stream::iter(discovery.regions).map(|mut region| {
        let asked = &asked;
        async move {
            let mut inventory = take_inventory(&region, &asked.request.limits, range.stray_window()).await;
            asked.follow_moves(&mut region, &mut inventory).await;
            (region.region, inventory)
        }
    });
    let regions: Vec<_> = regions.buffered(REGIONS_AT_ONCE).collect().await;
    let mut unlisted: Vec<Finding> = discovery.beside.unlistable.iter().map(Unlistable::finding).collect();
    let mut wanted: BTreeMap<String, Interval> = BTreeMap::new();
    for (region, inventory) in regions {
        unlisted.extend(inventory.beside.unlistable.iter().map(Unlistable::finding));
        if let Some(of) = range.of_keys(&inventory) {
            wanted.entry(region).and_modify(|all| *all = all.or(of)).or_insert(of);
        }
    }
    Ok((wanted, unlisted))
}
