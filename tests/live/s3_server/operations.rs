//! The operations that CloudTrail's readers use.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::StreamExt;
use s3s::dto::{
    BucketLocationConstraint, CommonPrefix, ETag, ETagCondition, EncodingType, GetBucketLocationInput,
    GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
    HeadObjectOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
    ObjectStorageClass, PutObjectInput, PutObjectOutput, ServerSideEncryption, StorageClass, StreamingBlob, Timestamp,
};
use s3s::{Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use trailseal::trail::Time;

use super::bucket::Stored;
use super::listing::{Asked, Entry, Page, page};
use super::{S3Server, STATE_BUCKET};
use crate::encoding::url_encoded;
use crate::journal::Resource;

#[async_trait::async_trait]
impl S3 for S3Server {
    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.note(&request, "HeadBucket", "s3:ListBucket", Resource::Bucket);
        let region = self.region_of(&request.input.bucket).ok_or_else(no_bucket)?;
        // Who pays is not asked here: whoever asks cannot say.
        self.admit(&request.input.bucket, request.input.expected_bucket_owner.as_deref(), true)?;
        Ok(S3Response::new(HeadBucketOutput { bucket_region: Some(region), ..HeadBucketOutput::default() }))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.note(&request, "GetBucketLocation", "s3:GetBucketLocation", Resource::Bucket);
        let region = self.region_of(&request.input.bucket).ok_or_else(no_bucket)?;
        // Off-spec: S3's oldest region has no name here.
        let constraint = (region != "us-east-1").then(|| BucketLocationConstraint::from(region));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint: constraint }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.note(&request, "ListObjectsV2", "s3:ListBucket", Resource::Bucket);
        let input = request.input;
        self.admit(&input.bucket, input.expected_bucket_owner.as_deref(), input.request_payer.is_some())?;
        let token = input.continuation_token.as_ref().map(|token| last_of(token)).transpose()?;
        let after = token.as_deref().or(input.start_after.as_deref()).unwrap_or_default();
        let asked = self.asked(input.prefix.as_deref(), input.delimiter.as_deref(), after, input.max_keys)?;
        let (page, shown) = self.page(&input.bucket, &asked, input.encoding_type.as_ref())?;
        let last = page.entries.last().filter(|_| page.truncated);
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(shown.text(asked.prefix)),
            delimiter: asked.delimiter.map(|delimiter| shown.text(delimiter)),
            start_after: input.start_after.as_ref().map(|after| shown.text(after)),
            max_keys: Some(asked.most.try_into().expect("a small number")),
            key_count: Some(page.entries.len().try_into().expect("a small number")),
            is_truncated: Some(page.truncated),
            continuation_token: input.continuation_token,
            next_continuation_token: last.map(|last| hex::encode(last.name())),
            contents: Some(shown.contents),
            common_prefixes: Some(shown.folders),
            encoding_type: input.encoding_type,
            ..ListObjectsV2Output::default()
        }))
    }

    async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        self.note(&request, "ListObjects", "s3:ListBucket", Resource::Bucket);
        let input = request.input;
        let after = input.marker.as_deref().unwrap_or_default();
        let asked = self.asked(input.prefix.as_deref(), input.delimiter.as_deref(), after, input.max_keys)?;
        let (page, shown) = self.page(&input.bucket, &asked, input.encoding_type.as_ref())?;
        // Without a delimiter the next page begins after the last key, and no marker is told.
        let last = page.entries.last().filter(|_| page.truncated && asked.delimiter.is_some());
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket.clone()),
            prefix: Some(shown.text(asked.prefix)),
            delimiter: asked.delimiter.map(|delimiter| shown.text(delimiter)),
            marker: Some(shown.text(after)),
            next_marker: last.map(|last| shown.text(last.name())),
            max_keys: Some(asked.most.try_into().expect("a small number")),
            is_truncated: Some(page.truncated),
            contents: Some(shown.contents),
            common_prefixes: Some(shown.folders),
            encoding_type: input.encoding_type.clone(),
            ..ListObjectsOutput::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let on = if request.input.bucket == STATE_BUCKET { Resource::StateObject } else { Resource::Object };
        self.note(&request, "GetObject", "s3:GetObject", on);
        if on == Resource::StateObject && self.stored(&request.input.bucket, &request.input.key).is_err() {
            // That there is none, S3 says to those alone who may list what there is.
            self.note(&request, "NoSuchKey", "s3:ListBucket", Resource::StateBucket);
        }
        let input = request.input;
        self.admit(&input.bucket, input.expected_bucket_owner.as_deref(), input.request_payer.is_some())?;
        let stored = self.stored(&input.bucket, &input.key)?;
        if stored.kms_denied {
            let message = "User: arn:aws:sts::111122223333:assumed-role/auditor/session is not authorized to perform: \
                           kms:Decrypt on the resource associated with this ciphertext because the resource does \
                           not exist in this Region, no resource-based policies allow access, or a resource-based \
                           policy explicitly denies access";
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, message));
        }
        if stored.is_archived() {
            return Err(s3_error!(InvalidObjectState, "The operation is not valid for the object's storage class"));
        }
        let etag = ETag::Strong(stored.etag());
        if let Some(ETagCondition::ETag(wanted)) = &input.if_match
            && *wanted != etag
        {
            return Err(s3_error!(PreconditionFailed));
        }
        let whole = stored.body.len() as u64;
        let range = input.range.map(|range| range.check(whole)).transpose()?;
        let body = match &range {
            Some(range) => stored.body.slice(range.start as usize..range.end as usize),
            None => stored.body.clone(),
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(body.len().try_into().expect("a small body")),
            content_range: range.map(|range| format!("bytes {}-{}/{whole}", range.start, range.end - 1)),
            body: Some(blob(body)),
            e_tag: Some(etag),
            last_modified: Some(Timestamp::from(stored.modified())),
            metadata: Some(stored.metadata.clone().into_iter().collect()),
            content_encoding: Some("gzip".to_owned()),
            content_type: Some("application/json".to_owned()),
            accept_ranges: Some("bytes".to_owned()),
            server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
            storage_class: class(&stored),
            ..GetObjectOutput::default()
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.note(&request, "PutObject", "s3:PutObject", Resource::StateObject);
        let etag = self.take(request.input).await?;
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(etag), ..PutObjectOutput::default() }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.note(&request, "HeadObject", "s3:GetObject", Resource::Object);
        let stored = self.stored(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(stored.body.len().try_into().expect("a small body")),
            e_tag: Some(ETag::Strong(stored.etag())),
            last_modified: Some(Timestamp::from(stored.modified())),
            metadata: Some(stored.metadata.clone().into_iter().collect()),
            content_encoding: Some("gzip".to_owned()),
            content_type: Some("application/json".to_owned()),
            storage_class: class(&stored),
            ..HeadObjectOutput::default()
        }))
    }
}

impl S3Server {
    /// Takes an object, unless the one that is there is another than whoever writes takes it for.
    async fn take(&self, input: PutObjectInput) -> S3Result<ETag> {
        let mut body = input.body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await {
            bytes.extend_from_slice(&piece.map_err(|_| s3_error!(IncompleteBody))?);
        }
        let (stored, now) = (self.stored(&input.bucket, &input.key).ok(), Time::from_unix(1_800_000_000));
        let etag = stored.map(|stored| ETag::Strong(stored.etag()));
        match (input.if_match, input.if_none_match, etag) {
            (Some(ETagCondition::ETag(wanted)), _, Some(etag)) if wanted != etag => {
                return Err(s3_error!(PreconditionFailed));
            }
            (Some(_), _, None) => return Err(s3_error!(NoSuchKey)),
            (_, Some(_), Some(_)) => return Err(s3_error!(PreconditionFailed)),
            _ => {}
        }
        let stored = Stored::new(bytes, BTreeMap::new(), now);
        let etag = ETag::Strong(stored.etag());
        self.put(&input.bucket, &input.key, stored);
        Ok(etag)
    }
}

/// What of a page depends on the encoding that was asked for.
struct Shown {
    encoded: bool,
    contents: Vec<Object>,
    folders: Vec<CommonPrefix>,
}

impl Shown {
    fn text(&self, text: &str) -> String {
        if self.encoded { url_encoded(text) } else { text.to_owned() }
    }
}

impl S3Server {
    fn note<T>(&self, request: &S3Request<T>, operation: &str, action: &str, on: Resource) {
        let region = request.region.as_ref().map(s3s::region::Region::as_str).unwrap_or_default();
        self.journal.write(operation, action, on, region);
    }

    /// Refuses whoever takes the bucket for somebody else's, or does not pay where he must.
    fn admit(&self, bucket: &str, expected_owner: Option<&str>, pays: bool) -> S3Result<()> {
        let buckets = self.buckets();
        let bucket = buckets.get(bucket).ok_or_else(no_bucket)?;
        let owner = expected_owner.is_none_or(|expected| bucket.owner.as_deref().is_none_or(|owner| owner == expected));
        if owner && (pays || !bucket.requester_pays) { Ok(()) } else { Err(s3_error!(AccessDenied, "Access Denied")) }
    }

    fn stored(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        let buckets = self.buckets();
        let stored = buckets.get(bucket).ok_or_else(no_bucket)?.objects.get(key);
        stored.cloned().ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
    }

    fn asked<'a>(
        &self,
        prefix: Option<&'a str>,
        delimiter: Option<&'a str>,
        after: &'a str,
        most: Option<i32>,
    ) -> S3Result<Asked<'a>> {
        let wanted = usize::try_from(most.unwrap_or(1_000)).map_err(|_| s3_error!(InvalidArgument))?;
        let most = wanted.min(self.page.load(Ordering::Relaxed));
        Ok(Asked { prefix: prefix.unwrap_or_default(), delimiter, after, most })
    }

    fn page(&self, bucket: &str, asked: &Asked<'_>, encoding: Option<&EncodingType>) -> S3Result<(Page, Shown)> {
        let buckets = self.buckets();
        let objects = &buckets.get(bucket).ok_or_else(no_bucket)?.objects;
        let page = page(objects, asked);
        let encoded = encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL);
        let mut shown = Shown { encoded, contents: Vec::new(), folders: Vec::new() };
        for entry in &page.entries {
            let text = shown.text(entry.name());
            match entry {
                Entry::Folder(_) => shown.folders.push(CommonPrefix { prefix: Some(text) }),
                Entry::Key(key) => shown.contents.push(object(text, &objects[key])),
            }
        }
        Ok((page, shown))
    }
}

fn object(key: String, stored: &Stored) -> Object {
    Object {
        key: Some(key),
        e_tag: Some(ETag::Strong(stored.etag())),
        size: Some(stored.body.len().try_into().expect("a small body")),
        last_modified: Some(Timestamp::from(stored.modified())),
        storage_class: Some(ObjectStorageClass::from(stored.storage_class.clone())),
        ..Object::default()
    }
}

/// A continuation token is the last name of the page before, so that nobody takes it for one.
fn last_of(token: &str) -> S3Result<String> {
    let wrong = || s3_error!(InvalidArgument, "The continuation token provided is incorrect");
    String::from_utf8(hex::decode(token).map_err(|_| wrong())?).map_err(|_| wrong())
}

/// S3 says nothing of the class that is usual.
fn class(stored: &Stored) -> Option<StorageClass> {
    (stored.storage_class != "STANDARD").then(|| StorageClass::from(stored.storage_class.clone()))
}

fn blob(bytes: Bytes) -> StreamingBlob {
    StreamingBlob::from(Body::from(bytes))
}

fn no_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist")
}
