//! Asking a time-stamping authority, over HTTP (RFC 3161, section 3.4).
//!
//! By the HTTP client that the SDK brings, so that there is one, and one TLS. The build without the SDK asks nobody: there, a
//! query is taken to the authority by other means, and its answer is a file.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use crate::attest::timestamp::{QUERY_TYPE, Query, REPLY_TYPE, TimestampError};
use crate::limits::TIMESTAMP_BYTES;

/// An authority that can be asked.
#[derive(Debug)]
pub struct TimestampAuthority {
    url: String,
    connector: Connector,
    patience: Duration,
}

/// Why there is no time-stamp.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Not an address.
    #[error("`{0}` is no address of a time-stamping authority; write one such as http://timestamp.example.org/tsa")]
    Url(String),
    /// It cannot be reached.
    #[error("the time-stamping authority cannot be reached: {0}; check its address and the network, or name another")]
    Unreachable(String),
    /// It does not answer.
    #[error("the time-stamping authority did not answer within {} seconds; ask later, or name another", .0.as_secs())]
    Late(Duration),
    /// It answered something else.
    #[error("what answered is no time-stamping authority ({0}); check its address")]
    Other(String),
    /// It answered, and that does not do.
    #[error(transparent)]
    Answer(#[from] TimestampError),
}

impl TimestampAuthority {
    /// The authority at a URL. With `http://` its answer can be kept back on the way, but not forged: it is signed.
    pub fn at(url: &str, patience: Duration) -> Result<TimestampAuthority, AuthorityError> {
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        // What stands before an @ would be a password, which would be sent along.
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/') || host.contains('@')) {
            return Err(AuthorityError::Url(url.to_owned()));
        }
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build();
        Ok(TimestampAuthority { url: url.to_owned(), connector, patience })
    }

    /// Asks. What comes back was taken by [`Query::accept`], and is to be kept as it is.
    pub async fn ask(&self, query: &Query) -> Result<Vec<u8>, AuthorityError> {
        let asked = tokio::time::timeout(self.patience, self.post(query.to_der()));
        let answer = asked.await.map_err(|_| AuthorityError::Late(self.patience))??;
        query.accept(&answer)?;
        Ok(answer)
    }

    async fn post(&self, query: Vec<u8>) -> Result<Vec<u8>, AuthorityError> {
        let wrong = || AuthorityError::Url(self.url.clone());
        let mut request = HttpRequest::new(SdkBody::from(query));
        request.set_uri(self.url.as_str()).map_err(|_| wrong())?;
        request.set_method("POST").map_err(|_| wrong())?;
        for (name, value) in [("content-type", QUERY_TYPE), ("accept", REPLY_TYPE)] {
            request.headers_mut().try_insert(name, value).map_err(|_| wrong())?;
        }
        let unreachable = |error: &dyn std::error::Error| AuthorityError::Unreachable(root_cause(error));
        let answer = self.connector.call(request).await.map_err(|error| unreachable(&error))?;
        let status = answer.status().as_u16();
        // A redirect is followed by nobody: the address that was given is the one that is meant.
        if status != 200 {
            return Err(AuthorityError::Other(format!("HTTP status {status}")));
        }
        let kind = answer.headers().get("content-type").unwrap_or("none");
        if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case(REPLY_TYPE)) {
            return Err(AuthorityError::Other(format!("its answer's type is {}", kind.escape_debug())));
        }
        let mut body = ByteStream::new(answer.into_body());
        let mut taken = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| unreachable(&error))?;
            if taken.len() + piece.len() > TIMESTAMP_BYTES {
                return Err(TimestampError::TooLong(taken.len() + piece.len()).into());
            }
            taken.extend_from_slice(&piece);
        }
        Ok(taken)
    }
}

/// A number that nobody can foresee, for [`Query::new`]: hash maps are seeded by the system's random numbers.
pub fn nonce() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// What it came of: the error that has no other below it.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    super::without_secrets(&error.to_string())
}
