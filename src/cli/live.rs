//! Evidence in S3, and keys from CloudTrail.

use std::sync::Arc;

use futures::FutureExt;

use super::Failure;
use super::access::AccessArgs;
use super::directory::Purpose;
use super::evidence::{EvidenceArgs, Opened, now};
use super::source::{BucketSource, Source};
use crate::audit::{AuditRequest, Evidence};
use crate::aws::{Access, TrailSettings, caller, describe_trail, membership};
use crate::keys::{CloudTrailKeys, KeySource};
use crate::store::S3Buckets;
use crate::trail::TrailArn;

/// A region that is asked for.
fn region_of(request: &AuditRequest) -> Option<String> {
    let named = request.select.named.first().map(|log| log.region.clone());
    request.select.regions.first().cloned().or(named)
}

impl EvidenceArgs {
    /// Opens a bucket, and the keys that AWS lists or that were given.
    pub(super) async fn open_live(
        &self,
        source: Source,
        access: &AccessArgs,
        request: &mut AuditRequest,
        purpose: Purpose,
    ) -> Result<Opened, Failure> {
        let region = match &source {
            Source::Trail(arn) => Some(arn.home_region.clone()),
            Source::Bucket(BucketSource { log_file: Some(log), .. }) => Some(log.region.clone()),
            _ => region_of(request),
        };
        let access = access.open(region, request.concurrency).await?;
        let keys: Arc<dyn KeySource> = match self.gives_files()? {
            true => self.keys_at_hand(None, Purpose::Read)?,
            false => Arc::new(CloudTrailKeys::new(access.clone(), now())),
        };
        let place = match source {
            Source::Trail(arn) => self.place_of_trail(&access, arn, request).await?,
            Source::Bucket(place) => place,
            Source::Directory(_) => BucketSource::default(),
        };
        request.source = format!("s3://{}/{}", place.bucket, request.select.prefix.as_ref().unwrap_or(&place.below));
        request.select.below = place.below;
        request.select.named.extend(place.log_file);
        if request.select.accounts.is_empty() {
            request.select.accounts.extend(place.account);
        }
        if request.select.regions.is_empty() {
            request.select.regions.extend(place.region);
        }
        let caller = (purpose == Purpose::Pack).then(|| {
            let access = access.clone();
            async move { caller(&access).await }.boxed()
        });
        let buckets = S3Buckets::new(access);
        let mut store = buckets.open(&place.bucket).await.map_err(Failure::told)?;
        if let Some(bucket) = &place.delivered_to {
            store = store.replica_of(bucket);
        }
        request.delivered_to = place.delivered_to;
        let evidence = Evidence {
            stores: vec![Arc::new(store)],
            live: true,
            buckets: Some(Arc::new(buckets)),
            ..Evidence::default()
        };
        Ok(Opened { evidence, keys, bundle: None, vouched: None, caller })
    }

    /// The keys that AWS lists, for a copy.
    pub(super) async fn keys_of_aws(
        &self,
        access: &AccessArgs,
        request: &AuditRequest,
    ) -> Result<Arc<dyn KeySource>, Failure> {
        self.gives_files()?;
        let access = access.open(region_of(request), request.concurrency).await?;
        Ok(Arc::new(CloudTrailKeys::new(access, now())))
    }

    /// Where CloudTrail says that a trail delivers to, and of whom.
    async fn place_of_trail(
        &self,
        access: &Access,
        arn: TrailArn,
        request: &mut AuditRequest,
    ) -> Result<BucketSource, Failure> {
        let trail: TrailSettings = describe_trail(access, &arn).await.map_err(Failure::told)?;
        let membership = membership(access, &arn, &trail).await;
        request.expected = membership.expected;
        request.not_asked = membership.not_asked;
        request.select.prefix.get_or_insert(trail.prefix);
        request.select.trail_arn = Some(arn);
        Ok(BucketSource { bucket: trail.bucket, ..BucketSource::default() })
    }

    /// Whether `--public-keys` names files, and nothing but files.
    fn gives_files(&self) -> Result<bool, Failure> {
        match (self.asks_aws(), self.public_keys.len()) {
            (true, 2..) => Err(Failure::told(
                "--public-keys is either `aws` or files; give one of them (a file named aws is ./aws)",
            )),
            (asks, given) => Ok(!asks && given > 0),
        }
    }
}
