//! Requests to whoever is no service of the SDK's, by the HTTP client that the SDK brings, so that there is one, and one TLS.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::Headers;

use super::without_secrets;

/// Connections to one host, and how long an answer may take in all.
#[derive(Debug)]
pub(crate) struct Http {
    connector: Connector,
    patience: Duration,
}

/// An answer: its head, and as much of its body as was asked for.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Headers,
    pub(crate) body: Vec<u8>,
    /// Whether the body went on.
    pub(crate) cut: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpError {
    /// The address or a header is none.
    Request,
    /// No connection came about, or it broke.
    Unreachable(String),
    /// It took too long.
    Late(Duration),
}

impl Http {
    /// An answer may take so long, from the connection to the end of its body.
    pub(crate) fn new(patience: Duration) -> Http {
        Http { connector: connector(ConnectorBuilder::default()), patience }
    }

    /// Sends one POST. A redirect is an answer like any other: the address that was given is the one that is meant. Of its
    /// body, at most so many bytes are read as `most` says for its status.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
        most: fn(u16) -> usize,
    ) -> Result<Answer, HttpError> {
        self.ask("POST", url, headers, body, most).await
    }

    /// The same with another method.
    pub(crate) async fn ask(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
        most: fn(u16) -> usize,
    ) -> Result<Answer, HttpError> {
        let request = request(method, url, headers, body).ok_or(HttpError::Request)?;
        let asked = tokio::time::timeout(self.patience, self.send(request, most));
        asked.await.map_err(|_| HttpError::Late(self.patience))?
    }

    async fn send(&self, request: HttpRequest, most: fn(u16) -> usize) -> Result<Answer, HttpError> {
        let answer = self.connector.call(request).await.map_err(|error| HttpError::Unreachable(root_cause(&error)))?;
        let mut taken = Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: Vec::new(),
            cut: false,
        };
        let most = most(taken.status);
        let mut body = ByteStream::new(answer.into_body());
        while taken.body.len() < most
            && let Some(piece) = body.next().await
        {
            let piece = piece.map_err(|error| HttpError::Unreachable(root_cause(&error)))?;
            let room = most - taken.body.len();
            taken.cut = piece.len() > room;
            taken.body.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        if !taken.cut && most > 0 && taken.body.len() == most {
            taken.cut = matches!(body.next().await, Some(Ok(_)));
        }
        Ok(taken)
    }
}

impl Answer {
    #[cfg(test)]
    pub(crate) fn new(status: u16, headers: Headers, body: Vec<u8>) -> Answer {
        Answer { status, headers, body, cut: false }
    }

    /// What a header says; nothing, if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_default()
    }
}

/// Connections of their own, as the SDK makes them: through a proxy where the environment names one.
pub(super) fn connector(builder: ConnectorBuilder) -> Connector {
    builder.proxy_config(ProxyConfig::from_env()).tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()
}

fn request(method: &str, url: &str, headers: &[(String, String)], body: Vec<u8>) -> Option<HttpRequest> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_uri(url).ok()?;
    request.set_method(method).ok()?;
    for (name, value) in headers {
        request.headers_mut().try_insert(name.clone(), value.clone()).ok()?;
    }
    Some(request)
}

/// The host that an address names, with its port, if it is one that may be asked: `http` or `https`, and no password in it,
/// which would be sent along.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    let whole = url.bytes().all(|b| b.is_ascii_graphic());
    (!host.is_empty() && host.bytes().all(plain) && whole).then_some(host)
}

/// What it came of: the error that has no other below it.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    without_secrets(&error.to_string())
}

/// Who asks.
pub(crate) const USER_AGENT: &str = concat!("trailseal/", env!("CARGO_PKG_VERSION"));

/// Without what it came with.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_no_password() {
        assert_eq!(host_of("https://hooks.example.org/services/T0?x=1"), Some("hooks.example.org"));
        assert_eq!(host_of("http://127.0.0.1:8080"), Some("127.0.0.1:8080"));
        assert_eq!(host_of("http://[::1]:8080/"), Some("[::1]:8080"));
        for url in
            ["", "x", "ftp://a", "https://", "https:///a", "https://me:it@host/", "https://h/a b", "https://h/\n"]
        {
            assert_eq!(host_of(url), None, "{url}");
        }
    }
}
