//! `listen`: `/metrics`, `/healthz` and `/status`, answered from the state file while runs are under way.
//!
//! It is a thread of its own and reads the file by itself, so that no request waits for a run, and no run for a request. There
//! is nothing to change here and nothing to log in to: whoever reaches the port can read what it tells.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use futures::future::{Either, select};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::{Told, show};
use crate::cli::Failure;
use crate::cli::evidence::now;
use crate::monitor::Status;
use crate::render;

/// A server that answers until it is dropped.
pub(super) struct Server {
    /// Where it listens.
    pub(super) address: SocketAddr,
    end: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// Listens where the configuration says, and nowhere else.
pub(super) fn begin(told: &Told, address: SocketAddr) -> Result<Server, Failure> {
    let wrong = |error: std::io::Error| {
        Failure::told(format!("{address} cannot be listened on: {error}; name another address, or end what uses it"))
    };
    let listener = TcpListener::bind(address).map_err(wrong)?;
    listener.set_nonblocking(true).map_err(wrong)?;
    let address = listener.local_addr().map_err(wrong)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
    let (end, ended) = watch::channel(false);
    let answers = Arc::new(Answers { told: told.clone(), read: Mutex::default() });
    let thread = std::thread::Builder::new().name("http".to_owned()).spawn(move || {
        runtime.block_on(listen(listener, answers, ended));
        // A look at the file that nobody waits for any more is not waited for.
        runtime.shutdown_background();
    })?;
    Ok(Server { address, end, thread: Some(thread) })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

// -- connections ----------------------------------------------------------------------------------------------------

async fn listen(listener: TcpListener, answers: Arc<Answers>, mut ended: watch::Receiver<bool>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // Who comes while there is no room waits in the listener's queue.
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let over = ended.wait_for(|ended| *ended);
        let (place, accepted) = match select(pin!(over), pin!(next)).await {
            Either::Left(_) => break,
            Either::Right((next, _)) => next,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, most likely: that passes.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let answers = Arc::clone(&answers);
        connections.spawn(async move {
            let _place = place;
            let service = service_fn(move |request| Arc::clone(&answers).answer(request));
            let mut http = http1::Builder::new();
            // One request a connection: none is held open for what may never come.
            http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).keep_alive(false).max_buf_size(HEADERS);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            // A client that went away, or is too slow, is no failure of the monitor's.
            let _ = timeout(DONE_WITHIN, connection).await;
        });
    }
    drop(listener);
    let _ = timeout(LAST_ANSWERS, async { while connections.join_next().await.is_some() {} }).await;
}

// -- answers --------------------------------------------------------------------------------------------------------

struct Answers {
    told: Told,
    /// What was read last. Whoever asks meanwhile waits for the same look, and however many ask, the file is looked at once in
    /// so long.
    read: Mutex<Option<(Instant, Read)>>,
}

/// The state, or why it cannot be read.
type Read = Arc<Result<Status, String>>;

type Answer = Response<Full<Bytes>>;

impl Answers {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let path = request.uri().path();
        if !["/metrics", "/healthz", "/status"].contains(&path) {
            let text = "There are /metrics, /healthz and /status here.\n";
            return Ok(answer(StatusCode::NOT_FOUND, TEXT, text.into()));
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "Only GET and HEAD are answered.\n".into());
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Ok(refused);
        }
        let status = self.status().await;
        Ok(match (path, &*status) {
            ("/healthz", read) => self.health(read),
            (_, Err(why)) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, line(why)),
            ("/metrics", Ok(status)) => rendered(METRICS, status, render::monitor::metrics),
            (_, Ok(status)) => {
                let mut page = rendered(PAGE, status, render::monitor::page);
                // The rest of its policy it has in itself.
                let policy = HeaderValue::from_static("frame-ancestors 'none'");
                page.headers_mut().insert("content-security-policy", policy);
                page
            }
        })
    }

    fn health(&self, read: &Result<Status, String>) -> Answer {
        let config = &self.told.config;
        let unwell = match (read, config.every) {
            (Err(why), _) => Some(why.clone()),
            (Ok(status), Some(every)) => status.unhealthy(every, config.max_duration),
            (Ok(_), None) => None,
        };
        match unwell {
            Some(why) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, line(&why)),
            None => answer(StatusCode::OK, TEXT, "ok\n".into()),
        }
    }

    async fn status(&self) -> Read {
        let mut kept = self.read.lock().await;
        if let Some((at, read)) = &*kept
            && at.elapsed() < FRESH
        {
            return Arc::clone(read);
        }
        let told = self.told.clone();
        let looked = tokio::task::spawn_blocking(move || show::status(&told, now()).map_err(|error| error.to_string()));
        let read = Arc::new(looked.await.unwrap_or_else(|_| Err("the state file could not be looked at".to_owned())));
        *kept = Some((Instant::now(), Arc::clone(&read)));
        read
    }
}

fn rendered(
    kind: &'static str,
    status: &Status,
    render: fn(&Status, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> Answer {
    let mut body = Vec::new();
    match render(status, &mut body) {
        Ok(()) => answer(StatusCode::OK, kind, body.into()),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, line(&error.to_string())),
    }
}

fn answer(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    answer
}

/// A reason, in one line whatever is in it.
fn line(text: &str) -> Bytes {
    format!("{}\n", render::escape::visible(text)).into()
}

const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const PAGE: &str = "text/html; charset=utf-8";

/// Connections at once. Stops: whoever opens them and says nothing, until the monitor has no descriptor left to work with.
const CONNECTIONS: usize = 32;

/// Bytes of a request line and its headers. Stops: headers without an end.
const HEADERS: usize = 16 << 10;

/// How long a client may take to say what it wants, and for everything. Stops: who says it a byte at a time, or reads so.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
const DONE_WITHIN: Duration = Duration::from_secs(30);

/// How long a look at the file is good for. Stops: requests as fast as they come, each of them a look at thousands of chains.
const FRESH: Duration = Duration::from_secs(1);

/// How long the answers that are under way may take when the monitor ends.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

const PAUSE: Duration = Duration::from_millis(100);
