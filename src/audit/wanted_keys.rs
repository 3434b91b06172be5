//! Which public keys an audit asks for.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};

use super::discover::discover;
use super::inventory::take_inventory;
use super::range::Range;
use super::{AuditError, AuditRequest, Evidence, REGIONS_AT_ONCE};
use crate::trail::Interval;

/// The regions whose keys an audit asks for, each with the time over which it does; told from listings alone.
pub async fn wanted_keys(
    evidence: &Evidence,
    request: &AuditRequest,
) -> Result<BTreeMap<String, Interval>, AuditError> {
    let discovery = discover(evidence, request).await.map_err(AuditError::Source)?;
    let range = Range::settle(evidence, request, &discovery).await?;
    let regions = stream::iter(&discovery.regions).map(|region| async move {
        let inventory = take_inventory(region, &request.limits, range.stray_window()).await;
        (region.region.clone(), range.of_keys(&inventory))
    });
    let regions: Vec<_> = regions.buffered(REGIONS_AT_ONCE).collect().await;
    let mut wanted = BTreeMap::new();
    for (region, of) in regions.into_iter().filter_map(|(region, range)| Some((region, range?))) {
        let all = wanted.entry(region).or_insert(of);
        *all = all.or(of);
    }
    Ok(wanted)
}
