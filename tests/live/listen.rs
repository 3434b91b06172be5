//! HTTP/1.1 on a free port of the loopback.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::Body;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What a connection is closed with in place of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
pub(crate) struct Abort;

impl From<Infallible> for Abort {
    fn from(never: Infallible) -> Abort {
        match never {}
    }
}

/// A second handle on a connection, to break it with.
#[derive(Clone)]
pub(crate) struct Wire(Arc<TcpStream>);

impl Wire {
    /// From now on closing the connection sends a reset, and what was not read by the client is lost.
    pub(crate) fn reset_when_closed(&self) {
        let twin = self.0.try_clone().expect("a descriptor");
        tokio::net::TcpStream::from_std(twin).expect("a socket").set_zero_linger().expect("a socket");
    }
}

/// Answers every request on a free port, until the runtime is gone.
pub(crate) fn serve<F, A>(runtime: &Runtime, answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>, Wire) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response<Body>, Abort>> + Send + 'static,
{
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
    let address = listener.local_addr().expect("an address");
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Small answers otherwise wait 40 ms for the acknowledgement of their own headers.
            stream.set_nodelay(true).expect("a socket");
            let stream = stream.into_std().expect("a socket");
            let wire = Wire(Arc::new(stream.try_clone().expect("a descriptor")));
            let stream = tokio::net::TcpStream::from_std(stream).expect("a socket");
            let answer = answer.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| answer(request, wire.clone()));
                // A client that went away, or was sent away, is no failure of the server's.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}
