//! Whoever receives: HTTP/1.1 on a free port of the loopback, which keeps what it was sent.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// With this status and body.
    Says(u16, String),
    /// With a redirect to itself.
    Elsewhere(u16),
    /// Nothing.
    Hangs,
    /// With this status, and a body that does not end.
    Endless(u16),
    /// With this status, and a body that begins, and does not go on.
    Stalls(u16),
}

/// What it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(crate) async fn that(answer: Answer) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = Server { address: listener.local_addr().unwrap(), received: Arc::default() };
        let received = Arc::clone(&server.received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, received) = (answer.clone(), Arc::clone(&received));
                tokio::spawn(async move {
                    let service = service_fn(|request| respond(request, answer.clone(), Arc::clone(&received)));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn only(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received[0].clone()
    }
}

async fn respond(
    request: Request<Incoming>,
    answer: Answer,
    received: Arc<Mutex<Vec<Received>>>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let mut one = Received {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: headers.collect(),
        body: String::new(),
    };
    one.body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    received.lock().unwrap().push(one);
    let response = Response::builder();
    let piece = || Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 1 << 16])));
    Ok(match answer {
        Answer::Says(status, body) => response.status(status).body(Full::new(Bytes::from(body)).boxed()),
        Answer::Elsewhere(status) => {
            response.status(status).header("location", "/elsewhere").body(Full::default().boxed())
        }
        Answer::Hangs => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            response.body(Full::default().boxed())
        }
        Answer::Endless(status) => {
            let pieces = futures::stream::repeat_with(piece);
            response.status(status).body(BodyExt::boxed(StreamBody::new(pieces)))
        }
        Answer::Stalls(status) => {
            let begins = Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"{")));
            let pieces = futures::stream::once(async move { begins }).chain(futures::stream::pending());
            response.status(status).body(BodyExt::boxed(StreamBody::new(pieces)))
        }
    }
    .unwrap())
}
