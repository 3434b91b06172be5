//! A bucket in S3.
//!
//! Objects come as they are stored: nothing decodes `Content-Encoding: gzip`, which CloudTrail's objects carry, and a body
//! that ends or stalls before it is whole is an error. A request that fails for a reason that passes is made again; one
//! object that cannot be had costs that object and nothing else.

mod body;
mod lean;
mod listing;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::RequestPayer;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::Mutex;

use self::body::whole;
use self::lean::{Answer, Learn, Pattern, is_plain};
use self::listing::Listing;
use super::{
    Attributes, Body, Buckets, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError,
};
use crate::aws::{Access, Pace, Refusal, refusal};
use crate::digest::DigestMetadata;
use crate::logfile::Framing;
use crate::trail::Time;

/// A bucket in S3.
pub struct S3Store {
    bucket: String,
    /// The bucket that its objects count as lying in, where it is a replica of that.
    replica_of: Option<String>,
    client: Client,
    pace: Pace,
    access: Access,
    /// Connections for objects, once one was asked for.
    connector: OnceLock<SharedHttpConnector>,
    /// A GET that was answered, which the next ones are modelled on.
    pattern: OnceLock<Pattern>,
}

/// The buckets that an access can reach, all at one pace.
pub struct S3Buckets {
    access: Access,
    pace: Pace,
    opened: Mutex<HashMap<String, Option<Arc<dyn ObjectStore>>>>,
}

/// Why a bucket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none.
    #[error("there is no bucket {0}; check its name")]
    NoBucket(String),
}

impl S3Buckets {
    /// The buckets that `access` can reach.
    pub fn new(access: Access) -> S3Buckets {
        let pace = access.pace(access.options().concurrency);
        S3Buckets { access, pace, opened: Mutex::default() }
    }

    /// Opens a bucket, in whatever region it lies. What may be done with it is seen when it is done.
    pub async fn open(&self, bucket: &str) -> Result<S3Store, OpenError> {
        let start = self.access.region();
        let region = match self.region_of(bucket, &start).await {
            Ok(region) => region.unwrap_or(start),
            Err(StoreError::NotFound) => return Err(OpenError::NoBucket(bucket.to_owned())),
            // The first listing meets the same, and can say more: an answer to HEAD has no body.
            Err(_) => start,
        };
        Ok(S3Store {
            bucket: bucket.to_owned(),
            replica_of: None,
            client: self.access.s3(&region),
            pace: self.pace.clone(),
            access: self.access.clone(),
            connector: OnceLock::new(),
            pattern: OnceLock::new(),
        })
    }

    /// S3 tells where a bucket lies to whoever asks, also in the answer that refuses.
    async fn region_of(&self, bucket: &str, start: &str) -> Result<Option<String>, StoreError> {
        let client = self.access.s3(start);
        let owner = &self.access.options().expected_bucket_owner;
        let asked = self.pace.ask(|| async {
            match client.head_bucket().bucket(bucket).set_expected_bucket_owner(owner.clone()).send().await {
                Ok(found) => Ok(found.bucket_region),
                Err(error) => {
                    let headers = error.raw_response().map(|answer| answer.headers());
                    let region = headers.and_then(|headers| headers.get("x-amz-bucket-region")).map(str::to_owned);
                    let absent = error.raw_response().is_some_and(|answer| answer.status().as_u16() == 404);
                    match (region, absent) {
                        (Some(region), false) => Ok(Some(region)),
                        (_, true) => Err(Refusal::Final(StoreError::NotFound)),
                        _ => Err(refusal(&error)),
                    }
                }
            }
        });
        asked.await.map(|(region, _)| region)
    }
}

#[async_trait]
impl Buckets for S3Buckets {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        let mut opened = self.opened.lock().await;
        if let Some(known) = opened.get(name) {
            return known.clone();
        }
        let store = self.open(name).await.ok().map(|store| Arc::new(store) as Arc<dyn ObjectStore>);
        opened.insert(name.to_owned(), store.clone());
        store
    }
}

impl S3Store {
    /// The same objects, as a replica of the bucket that they were delivered to: replication keeps their keys and metadata.
    pub fn replica_of(self, bucket: &str) -> S3Store {
        S3Store { replica_of: Some(bucket.to_owned()), ..self }
    }

    fn payer(&self) -> Option<RequestPayer> {
        self.access.options().request_payer.then_some(RequestPayer::Requester)
    }

    fn owner(&self) -> Option<String> {
        self.access.options().expected_bucket_owner.clone()
    }

    async fn ask_for(&self, key: &str) -> Answer {
        if let Some(pattern) = self.pattern.get().filter(|_| is_plain(key))
            && let Some(answer) = pattern.get(key, &self.client, &self.bucket).await
        {
            return answer;
        }
        let connector = self.connector.get_or_init(|| self.access.connector());
        let learn = Learn::new(key, connector.clone());
        let sent = learn.sent();
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let request = request.set_request_payer(self.payer()).set_expected_bucket_owner(self.owner());
        let answer = request.customize().interceptor(learn).send().await;
        if answer.is_ok()
            && let Some(pattern) = sent.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            let _ = self.pattern.set(pattern);
        }
        answer
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    fn bucket(&self) -> Option<&str> {
        Some(self.replica_of.as_deref().unwrap_or(&self.bucket))
    }

    fn framing(&self) -> Framing {
        Framing::Gzip
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        let mut folder = Folder::default();
        let mut pages = Listing { store: self, prefix, delimiter: Some("/"), range: KeyRange::ALL }.pages();
        while let Some(page) = pages.next().await {
            let page = page?;
            folder.folders.extend(page.folders);
            folder.objects.extend(page.objects);
            if folder.folders.len() + folder.objects.len() > MOST_NAMES {
                return Err(StoreError::OverLimit(MOST_NAMES));
            }
        }
        Ok(folder)
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let pages = Listing { store: self, prefix, delimiter: None, range }.pages();
        pages
            .map(move |page| {
                page.map(|folder| folder.objects).map_err(|error| ListError { prefix: prefix.to_owned(), error })
            })
            .boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        let asked = self.pace.ask(|| async { self.ask_for(key).await.map_err(|error| refusal(&error)) });
        let (answer, turn) = asked.await?;
        let user_metadata = answer.metadata.unwrap_or_default();
        // S3 always says it. What makes another body of an object on its way does not, and that may be any part of it.
        let size = answer.content_length.and_then(|length| u64::try_from(length).ok());
        let size = size.ok_or_else(|| StoreError::Unreachable("the answer does not say how long it is".to_owned()))?;
        let told = |name: &str| user_metadata.get(name).map(String::as_str);
        let metadata = DigestMetadata {
            last_modified: answer.last_modified.map(|time| Time::from_unix(time.secs())),
            ..DigestMetadata::from_user_metadata(told)
        };
        let attributes = Attributes {
            user_metadata: user_metadata.into_iter().collect(),
            size: Some(size),
            etag: answer.e_tag.map(|tag| tag.trim_matches('"').to_owned()),
            version_id: answer.version_id,
            storage_class: answer.storage_class.map(|class| class.as_str().to_owned()),
        };
        let body = whole(answer.body, size, self.access.options().read_timeout, turn);
        Ok(FetchedObject { body: Body::Stream(body), metadata, attributes })
    }
}

/// Names that lie directly in one folder: it has an entry for every account, region, year, month or day. Stops: millions
/// of objects planted in one of them, which would fill memory.
const MOST_NAMES: usize = 200_000;
