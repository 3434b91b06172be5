//! Asking a time-stamping authority, over HTTP (RFC 3161, section 3.4).
//!
//! The build without the SDK asks nobody: there, a query is taken to the authority by other means, and its answer is a file.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use super::http::{Http, HttpError, host_of};
use crate::attest::timestamp::{QUERY_TYPE, Query, REPLY_TYPE, TimestampError};
use crate::limits::TIMESTAMP_BYTES;

/// An authority that can be asked.
#[derive(Debug)]
pub struct TimestampAuthority {
    url: String,
    http: Http,
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
        host_of(url).ok_or_else(|| AuthorityError::Url(url.to_owned()))?;
        Ok(TimestampAuthority { url: url.to_owned(), http: Http::new(patience) })
    }

    /// Asks. What comes back was taken by [`Query::accept`], and is to be kept as it is.
    pub async fn ask(&self, query: &Query) -> Result<Vec<u8>, AuthorityError> {
        let answer = self.post(query.to_der()).await?;
        query.accept(&answer)?;
        Ok(answer)
    }

    async fn post(&self, query: Vec<u8>) -> Result<Vec<u8>, AuthorityError> {
        let headers = [("content-type", QUERY_TYPE), ("accept", REPLY_TYPE)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer =
            self.http.post(&self.url, &headers, query, |_| TIMESTAMP_BYTES).await.map_err(|error| match error {
                HttpError::Request => AuthorityError::Url(self.url.clone()),
                HttpError::Unreachable(why) => AuthorityError::Unreachable(why),
                HttpError::Late(patience) => AuthorityError::Late(patience),
            })?;
        if answer.status != 200 {
            return Err(AuthorityError::Other(format!("HTTP status {}", answer.status)));
        }
        let kind = answer.header("content-type");
        if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case(REPLY_TYPE)) {
            return Err(AuthorityError::Other(format!(
                "its answer's type is {}",
                if kind.is_empty() { "none" } else { kind }.escape_debug()
            )));
        }
        if answer.cut {
            return Err(TimestampError::TooLong(TIMESTAMP_BYTES + 1).into());
        }
        Ok(answer.body)
    }
}

/// A number that nobody can foresee, for [`Query::new`]: hash maps are seeded by the system's random numbers.
pub fn nonce() -> u64 {
    RandomState::new().build_hasher().finish()
}
