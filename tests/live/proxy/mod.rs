//! A proxy that goes wrong when told: it stands before the services, passes on what it gets, and spoils some of it.

mod fault;
mod rule;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use s3s::Body;
use tokio::runtime::Runtime;

pub(crate) use fault::Fault;
pub(crate) use rule::{Matcher, Rule, Seen, Times, anything, digests, key, listing_of, listings, logs};

use crate::listen::{self, Abort, Wire};

/// The proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    seen: Vec<Seen>,
}

impl Proxy {
    pub(crate) fn before(runtime: &Runtime, upstream: SocketAddr) -> Proxy {
        let state = Arc::<Mutex<State>>::default();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let through = Through { state: Arc::clone(&state), client, upstream };
        let address = listen::serve(runtime, move |request, wire| through.clone().answer(request, wire));
        Proxy { address, state }
    }

    /// From now on this goes wrong too.
    pub(crate) fn add(&self, rule: Rule) {
        self.state.lock().unwrap().rules.push(rule);
    }

    /// From now on nothing goes wrong, and nothing was seen.
    pub(crate) fn clear(&self) {
        *self.state.lock().unwrap() = State::default();
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// How many requests were spoiled.
    pub(crate) fn spoiled(&self) -> usize {
        self.seen().iter().filter(|seen| seen.fault.is_some()).count()
    }
}

/// The way through.
#[derive(Clone)]
struct Through {
    state: Arc<Mutex<State>>,
    client: Client<HttpConnector, Full<Bytes>>,
    upstream: SocketAddr,
}

impl Through {
    async fn answer(self, request: Request<Incoming>, wire: Wire) -> Result<Response<Body>, Abort> {
        match self.note(&request) {
            Some(fault) => fault.spoil(request, wire, |request| self.pass(request)).await,
            None => self.pass(request).await,
        }
    }

    /// Remembers a request, and says what is to go wrong with it.
    fn note(&self, request: &Request<Incoming>) -> Option<Fault> {
        let mut seen = Seen::of(request);
        let mut state = self.state.lock().unwrap();
        seen.fault = state.rules.iter_mut().find_map(|rule| rule.fault_for(&seen));
        let fault = seen.fault;
        state.seen.push(seen);
        fault
    }

    /// Passes a request on as it is: its signature covers the header `Host`, which stays.
    async fn pass(self, request: Request<Incoming>) -> Result<Response<Body>, Abort> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("http://{}{path}", self.upstream).parse().map_err(|_| Abort)?;
        let body = body.collect().await.map_err(|_| Abort)?.to_bytes();
        let answer = self.client.request(Request::from_parts(parts, Full::new(body))).await.map_err(|_| Abort)?;
        Ok(answer.map(Body::from))
    }
}
