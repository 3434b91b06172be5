//! Lambda's runtime API, version 2018-06-01: gives events, takes answers and errors.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use s3s::Body;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::Mutex as AsyncMutex;

use crate::listen::{Abort, serve};

/// The API, of which one function is a client.
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    events: tokio::sync::mpsc::UnboundedSender<Response<Body>>,
    answers: Mutex<mpsc::Receiver<Result<Value, Value>>>,
}

type Events = Arc<AsyncMutex<tokio::sync::mpsc::UnboundedReceiver<Response<Body>>>>;

impl RuntimeApi {
    pub(super) fn start(runtime: &Runtime) -> RuntimeApi {
        let (events, coming) = tokio::sync::mpsc::unbounded_channel();
        let (answered, answers) = mpsc::channel();
        let coming: Events = Arc::new(AsyncMutex::new(coming));
        let address = serve(runtime, move |request, _| answer(request, coming.clone(), answered.clone()));
        RuntimeApi { address, events, answers: Mutex::new(answers) }
    }

    /// Gives the function an event, with so much time, and waits for what it answers: an error of its own is one.
    pub(super) fn invoke(&self, event: &Value, left: Duration) -> Result<Value, Value> {
        let deadline = (SystemTime::now() + left).duration_since(UNIX_EPOCH).unwrap().as_millis();
        let response = Response::builder()
            .header("lambda-runtime-aws-request-id", REQUEST)
            .header("lambda-runtime-deadline-ms", deadline.to_string())
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:111122223333:function:trailseal")
            .body(Body::from(Bytes::from(event.to_string())));
        self.events.send(response.unwrap()).expect("somebody asks");
        self.answers.lock().unwrap().recv_timeout(HANGS_AFTER).expect("an answer")
    }
}

async fn answer(
    request: Request<Incoming>,
    coming: Events,
    answered: mpsc::Sender<Result<Value, Value>>,
) -> Result<Response<Body>, Abort> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let path = path.strip_prefix("/2018-06-01/runtime/").unwrap_or_default();
    if (method, path) == (Method::GET, "invocation/next") {
        return coming.lock().await.recv().await.ok_or(Abort);
    }
    let body = request.into_body().collect().await.map_err(|_| Abort)?.to_bytes();
    let said = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let said = match path.rsplit_once('/') {
        Some((_, "response")) => Ok(said),
        _ => Err(said),
    };
    assert!(answered.send(said).is_ok(), "nobody waits for an answer");
    let mut taken = Response::new(Body::empty());
    *taken.status_mut() = StatusCode::ACCEPTED;
    Ok(taken)
}

const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// Far longer than an invocation takes here.
const HANGS_AFTER: Duration = Duration::from_secs(150);
