//! What can go wrong.

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{Request, Response, StatusCode};
use s3s::Body;

use super::rule::Seen;
use crate::encoding::xml_escaped;
use crate::listen::{Abort, Wire};
use crate::s3_server::error;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    SlowDown,
    InternalError,
    /// As APIs other than S3 ask to slow down.
    TooManyRequests,
    AccessDenied,
    InvalidObjectState,
    ExpiredToken,
    Kms,
    /// The connection is reset before there is an answer.
    Reset,
    /// Fewer bytes come than were announced, then the connection is closed.
    Truncated,
    /// Half of the body comes, of which nothing was announced, and ends as if it were all.
    Unannounced,
    /// Half of the body comes, and then nothing.
    StalledBody,
    /// Nothing comes.
    Stalled,
    /// An error whose words are meant for the terminal of whoever reads them.
    Evil,
    /// Something comes, and it is no XML.
    Garbage,
    /// A listing comes, and breaks off in the middle, though all that was announced has come.
    HalfListing,
    /// A listing of nothing, that says that it goes on.
    EndlessListing,
}

impl Fault {
    pub(super) async fn spoil<A>(
        self,
        request: Request<Incoming>,
        wire: Wire,
        pass: impl FnOnce(Request<Incoming>) -> A,
    ) -> Result<Response<Body>, Abort>
    where
        A: Future<Output = Result<Response<Body>, Abort>>,
    {
        let told =
            |status: u16, code, message| Ok(error(StatusCode::from_u16(status).expect("a status"), code, message, ""));
        match self {
            Fault::SlowDown => told(503, "SlowDown", "Please reduce your request rate."),
            Fault::InternalError => told(500, "InternalError", "We encountered an internal error. Please try again."),
            Fault::TooManyRequests => told(429, "Throttling", "Rate exceeded"),
            Fault::AccessDenied => told(403, "AccessDenied", "Access Denied"),
            Fault::InvalidObjectState => {
                told(403, "InvalidObjectState", "The operation is not valid for the object's storage class")
            }
            Fault::ExpiredToken => told(400, "ExpiredToken", "The provided token has expired."),
            Fault::Evil if request.headers().contains_key("x-amz-target") => {
                let words = serde_json::json!({ "__type": "InvalidTimeRangeException", "message": EVIL_MESSAGE });
                let answer = Response::builder().status(400).header(CONTENT_TYPE, "application/x-amz-json-1.1");
                Ok(answer.body(Body::from(words.to_string())).expect("an answer"))
            }
            Fault::Evil => told(400, "E\u{9b}31m", EVIL_MESSAGE),
            Fault::Kms => told(403, "AccessDenied", KMS_MESSAGE),
            Fault::Reset => {
                wire.reset_when_closed();
                Err(Abort)
            }
            Fault::Stalled => pending().await,
            Fault::Truncated => Ok(broken(pass(request).await?, Then::Close).await?),
            Fault::Unannounced => {
                let mut answer = broken(pass(request).await?, Then::End).await?;
                answer.headers_mut().remove(CONTENT_LENGTH);
                Ok(answer)
            }
            Fault::StalledBody => Ok(broken(pass(request).await?, Then::Stall).await?),
            Fault::Garbage => {
                let answer = Response::builder().header(CONTENT_TYPE, "application/xml");
                Ok(answer.body(Body::from("\u{0}<<<this & that are no XML".to_owned())).expect("an answer"))
            }
            Fault::HalfListing => {
                let (parts, body) = pass(request).await?.into_parts();
                let body = body.collect().await.map_err(|_| Abort)?.to_bytes();
                let half = body.slice(..body.len() / 2);
                let mut answer = Response::from_parts(parts, Body::from(half.clone()));
                answer.headers_mut().insert(CONTENT_LENGTH, half.len().into());
                Ok(answer)
            }
            Fault::EndlessListing => Ok(endless(&Seen::of(&request))),
        }
    }
}

/// A page of no keys, after which there is said to be another: the same.
fn endless(seen: &Seen) -> Response<Body> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{}</Name><Prefix>{}</Prefix><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys>\
         <IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></ListBucketResult>",
        xml_escaped(seen.path.trim_matches('/')),
        xml_escaped(&seen.listed().unwrap_or_default())
    );
    Response::builder().header(CONTENT_TYPE, "application/xml").body(Body::from(text)).expect("an answer")
}

async fn broken(answer: Response<Body>, then: Then) -> Result<Response<Body>, Abort> {
    let (mut parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|_| Abort)?.to_bytes();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = Some(body.slice(..body.len() / 2));
    Ok(Response::from_parts(parts, Body::http_body_unsync(HalfBody { announced: body.len() as u64, half, then })))
}

/// A body of which half comes.
struct HalfBody {
    announced: u64,
    half: Option<Bytes>,
    then: Then,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    /// What was written is sent, and the connection is closed when it is next looked at.
    Closing,
    Stall,
    /// Nothing was announced, so this is all there is.
    End,
}

impl HttpBody for HalfBody {
    type Data = Bytes;
    type Error = Abort;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Abort>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        match self.then {
            Then::Close => {
                // The server sends what it has before it waits; only then may this fail.
                self.then = Then::Closing;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Then::Closing => Poll::Ready(Some(Err(Abort))),
            Then::Stall => Poll::Pending,
            Then::End => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.then {
            Then::End => SizeHint::default(),
            _ => SizeHint::with_exact(self.announced),
        }
    }
}

const EVIL_MESSAGE: &str = "no\u{9b}2J\u{202e}\u{85}\nintact: all is well";

const KMS_MESSAGE: &str = "User: arn:aws:iam::111122223333:user/auditor is not authorized to perform: kms:Decrypt on the \
                           resource associated with this ciphertext because no identity-based policy allows the \
                           kms:Decrypt action";
