//! An S3 server: the protocol and the check of signatures are the crate `s3s`, the objects are in memory.

mod bucket;
mod listing;
mod operations;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3ErrorCode};
use trailseal::simulate::SimulatedObject;

pub(crate) use bucket::Stored;

use crate::credentials::{Credentials, Refusal, Scope};
use crate::encoding::{path_decoded, xml_escaped};
use crate::journal::Journal;
use bucket::Bucket;

/// The bucket that no trail delivers to, where a function keeps what it remembers.
pub(crate) const STATE_BUCKET: &str = "trailseal-state";

/// S3, or a handle on it.
#[derive(Clone)]
pub(crate) struct S3Server {
    buckets: Arc<Mutex<BTreeMap<String, Bucket>>>,
    /// The most that a page of a listing holds, whatever is asked for.
    page: Arc<AtomicUsize>,
    journal: Journal,
}

impl S3Server {
    pub(crate) fn new(journal: Journal) -> S3Server {
        S3Server { buckets: Arc::default(), page: Arc::new(AtomicUsize::new(1_000)), journal }
    }

    /// The service as HTTP sees it.
    pub(crate) fn service(&self, credentials: &Credentials) -> S3Front {
        let mut builder = S3ServiceBuilder::new(self.clone());
        builder.set_auth(credentials.clone());
        S3Front { service: builder.build(), server: self.clone(), credentials: credentials.clone() }
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap()
    }

    /// Makes an empty bucket in a region.
    pub(crate) fn create(&self, bucket: &str, region: &str) {
        let made = Bucket::empty(region);
        assert!(self.buckets().insert(bucket.to_owned(), made).is_none(), "{bucket} is there");
    }

    /// From now on whoever expects another owner is refused.
    pub(crate) fn belongs_to(&self, bucket: &str, owner: &str) {
        self.buckets().get_mut(bucket).expect("a bucket").owner = Some(owner.to_owned());
    }

    /// From now on whoever does not agree to pay is refused.
    pub(crate) fn requester_pays(&self, bucket: &str) {
        self.buckets().get_mut(bucket).expect("a bucket").requester_pays = true;
    }

    /// Fills a bucket with what a simulation made.
    pub(crate) fn load<'o>(&self, bucket: &str, objects: impl IntoIterator<Item = &'o SimulatedObject>) {
        for object in objects {
            self.put(bucket, &object.key, Stored::of(object));
        }
    }

    /// Fills a bucket with a directory as `trailseal simulate` leaves it.
    pub(crate) fn load_directory(&self, bucket: &str, directory: &Path) {
        for (key, stored) in bucket::read_directory(directory) {
            self.put(bucket, &key, stored);
        }
    }

    /// Takes everything out of a bucket.
    pub(crate) fn empty(&self, bucket: &str) {
        self.buckets().get_mut(bucket).expect("a bucket").objects.clear();
    }

    pub(crate) fn put(&self, bucket: &str, key: &str, stored: Stored) {
        let mut buckets = self.buckets();
        buckets.get_mut(bucket).expect("a bucket").objects.insert(key.to_owned(), stored);
    }

    /// Takes an object away.
    pub(crate) fn remove(&self, bucket: &str, key: &str) -> Stored {
        self.buckets().get_mut(bucket).expect("a bucket").objects.remove(key).expect("an object")
    }

    /// Changes an object.
    pub(crate) fn alter(&self, bucket: &str, key: &str, change: impl FnOnce(&mut Stored)) {
        change(self.buckets().get_mut(bucket).expect("a bucket").objects.get_mut(key).expect("an object"));
    }

    /// The keys of a bucket.
    pub(crate) fn keys(&self, bucket: &str) -> BTreeSet<String> {
        self.buckets()[bucket].objects.keys().cloned().collect()
    }

    /// The bytes of an object, if there is one.
    pub(crate) fn body(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.buckets()[bucket].objects.get(key).map(|stored| stored.body.clone())
    }

    /// From now on no page of a listing holds more than that.
    pub(crate) fn pages_of(&self, most: usize) {
        self.page.store(most, Ordering::Relaxed);
    }

    /// In which region a bucket is; none if there is no such bucket.
    fn region_of(&self, bucket: &str) -> Option<String> {
        self.buckets().get(bucket).map(|bucket| bucket.region.clone())
    }
}

/// What `s3s` leaves out: regions, and the tokens of access keys that are lent.
#[derive(Clone)]
pub(crate) struct S3Front {
    service: S3Service,
    server: S3Server,
    credentials: Credentials,
}

impl S3Front {
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let token = match self.credentials.check(request.headers()) {
            Err(Refusal::Expired) => Some((S3ErrorCode::ExpiredToken, "The provided token has expired.")),
            Err(Refusal::WrongToken) => {
                Some((S3ErrorCode::InvalidToken, "The provided token is malformed or otherwise invalid."))
            }
            // The access key and the signature are for s3s to check.
            Ok(_) | Err(Refusal::Unsigned | Refusal::UnknownKey) => None,
        };
        if let Some((code, message)) = token {
            return error(StatusCode::BAD_REQUEST, code.as_str(), message, "");
        }
        if let Some(elsewhere) = self.elsewhere(&request) {
            return elsewhere;
        }
        let answered = hyper::service::Service::call(&self.service, request).await;
        answered.unwrap_or_else(|failure| {
            error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &format!("{failure:?}"), "")
        })
    }

    /// The answer to whoever signs for another region than the bucket's. `GetBucketLocation` is answered anywhere.
    fn elsewhere(&self, request: &Request<Incoming>) -> Option<Response<Body>> {
        let scope = Scope::of(request.headers())?;
        let path = path_decoded(request.uri().path());
        let bucket = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let region = self.server.region_of(bucket).filter(|region| *region != scope.region)?;
        if request.uri().query().is_some_and(|query| query.split('&').any(|part| part.starts_with("location"))) {
            return None;
        }
        let operation = if request.method() == Method::HEAD { "HeadBucket" } else { "Redirected" };
        self.server.journal.write(operation, "s3:ListBucket", crate::journal::Resource::Bucket, &scope.region);
        let mut answer = if scope.region == "us-east-1" {
            let message = format!(
                "The authorization header is malformed; the region '{}' is wrong; expecting '{region}'",
                scope.region
            );
            let more = format!("<Region>{region}</Region>");
            error(StatusCode::BAD_REQUEST, "AuthorizationHeaderMalformed", &message, &more)
        } else {
            let message = "The bucket you are attempting to access must be addressed using the specified endpoint. \
                           Please send all future requests to this endpoint.";
            let more = format!("<Endpoint>s3.{region}.amazonaws.com</Endpoint><Bucket>{bucket}</Bucket>");
            error(StatusCode::MOVED_PERMANENTLY, "PermanentRedirect", message, &more)
        };
        answer.headers_mut().insert("x-amz-bucket-region", region.parse().expect("a region"));
        Some(answer)
    }
}

/// An error as S3 tells it.
pub(crate) fn error(status: StatusCode, code: &str, message: &str, more: &str) -> Response<Body> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message>{more}\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>",
        xml_escaped(message)
    );
    let answer = Response::builder().status(status).header(CONTENT_TYPE, "application/xml");
    answer.body(Body::from(text)).expect("an answer")
}
