//! Who vouches for one log file? For spot checks: only the digests around its time are looked at.

use std::sync::Arc;

use super::digests::{Ahead, DigestReader};
use super::discover::{Region, discover};
use super::folders::Window;
use super::inventory::take_inventory;
use super::observer::Silent;
use super::pace::Pace;
use super::{AuditError, AuditRequest, Evidence};
use crate::chain::{ChainWalk, Need, Observed, Scope};
use crate::digest::{KeySet, RecordedHash};
use crate::finding::Finding;
use crate::limits::DIGEST_DUE_AFTER;
use crate::trail::{ChainId, ChainKind, Interval, ObjectLocation, Time};

/// A verified digest that lists the log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VouchedBy {
    /// The digest.
    pub digest: ObjectLocation,
    /// Its chain.
    pub chain: ChainId,
    /// The time whose deliveries it lists.
    pub covers: Interval,
    /// The key that signed it.
    pub fingerprint: String,
    /// Where it says the log file was delivered.
    pub log: ObjectLocation,
    /// What it says the log file's hash is.
    pub hash: RecordedHash,
}

/// What the digests around a log file's time say of it.
#[derive(Debug, Default)]
pub struct Vouching {
    /// The verified digests that list it.
    pub by: Vec<VouchedBy>,
    /// How many verified digests were looked at.
    pub looked_at: u64,
    /// What was found of those digests: while one does not verify, nobody can say what it listed.
    pub findings: Vec<Finding>,
}

/// Looks for the verified digests that list a log file, by its file name, around the time in it.
///
/// `request` tells which account and region; its range is not used.
pub async fn who_vouches(
    evidence: &Evidence,
    keys: &KeySet,
    request: &AuditRequest,
    file_name: &str,
    minute: Time,
) -> Result<Vouching, AuditError> {
    let mut vouching = Vouching::default();
    let discovery = discover(evidence, request).await.map_err(AuditError::Source)?;
    for region in &discovery.regions {
        ask_region(region, keys, request, (file_name, minute), &mut vouching).await?;
    }
    Ok(vouching)
}

async fn ask_region(
    region: &Region,
    keys: &KeySet,
    request: &AuditRequest,
    (file_name, minute): (&str, Time),
    vouching: &mut Vouching,
) -> Result<(), AuditError> {
    let reader = DigestReader {
        keys: Arc::new(keys.clone()),
        limits: Arc::new(request.limits.clone()),
        pace: Pace::new(request.concurrency),
        observer: Arc::new(Silent),
    };
    for (chain, listing) in &take_inventory(region, &request.limits, Window::default()).await.chains {
        // Its digest ends within the hour after it was delivered; a backfill digest can come any time later.
        let end = match chain.kind {
            ChainKind::Standard => minute.plus(Time::HOUR),
            ChainKind::Backfill => request.as_of.max(minute.plus(Time::HOUR)),
        };
        let scope = Scope { start: Some(minute.plus(-Time::HOUR)), end, horizon: minute.plus(DIGEST_DUE_AFTER) };
        let mut ahead = Ahead::new(reader.clone(), listing.for_walk(chain, &region.places, scope), &region.places, 4);
        let mut walk = ChainWalk::new(chain.clone(), scope, &request.limits);
        while let Some(need) = walk.need() {
            match need {
                Need::Listing { .. } => walk.listed(ahead.listing()),
                Need::Digest { at, successor } => {
                    let observed = reader.settle(ahead.digest(at).await?, successor);
                    if let Observed::Verified(digest) = &observed {
                        vouching.looked_at += 1;
                        let here =
                            digest.log_files().iter().filter(|log| log.at.key.rsplit('/').next() == Some(file_name));
                        vouching.by.extend(here.map(|log| VouchedBy {
                            digest: digest.at().clone(),
                            chain: chain.clone(),
                            covers: digest.covers(),
                            fingerprint: digest.fingerprint().to_owned(),
                            log: log.at.clone(),
                            hash: log.hash.clone(),
                        }));
                    }
                    walk.observed(observed);
                }
            }
        }
        vouching.findings.extend(walk.finish().findings);
    }
    Ok(())
}
