//! An object in S3 that is this program's own: read whole, and written only over what was read.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;

use super::{Access, AccessError, AccessOptions, Pace, refusal};
use crate::store::StoreError;
use crate::trail::ObjectLocation;

/// An object that two runs must not write over each other.
pub struct KeptObject {
    at: ObjectLocation,
    client: Client,
    pace: Pace,
}

/// What an object held when it was read or written: its ETag, or that there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edition {
    /// There was no such object.
    Absent,
    /// That one.
    Of(String),
}

/// Why it cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// AWS cannot be asked at all.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Somebody else wrote it.
    #[error(
        "{0} was written by somebody else meanwhile: two runs went on at once, and what this one found was not kept; let one run at a time (reserved concurrency 1)"
    )]
    Overtaken(ObjectLocation),
    /// It cannot be had, or not be written.
    #[error(
        "{at} cannot be {what}: {why}; see docs/iam.md for what this takes, and to the bucket being in this region"
    )]
    Refused {
        /// The object.
        at: ObjectLocation,
        /// What was to be done.
        what: &'static str,
        /// S3's own words.
        why: String,
    },
}

impl KeptObject {
    /// The object at this place, reached in the region and with the credentials of whoever asks.
    pub async fn at(at: ObjectLocation, options: &AccessOptions) -> Result<KeptObject, KeptError> {
        // It may be large: its last byte must be on its way by then.
        let options = AccessOptions { read_timeout: options.read_timeout.max(PATIENCE), ..options.clone() };
        let access = Access::open(options).await?;
        Ok(KeptObject { at, client: access.s3(&access.region()), pace: access.pace(1) })
    }

    /// Writes what it holds to `to`, and nothing if there is none.
    pub async fn read(&self, to: &mut (dyn Write + Send)) -> Result<Edition, KeptError> {
        let ObjectLocation { bucket, key } = &self.at;
        let asked = self.pace.ask(|| async {
            self.client.get_object().bucket(bucket).key(key).send().await.map_err(|error| refusal(&error))
        });
        match asked.await {
            Ok((answer, _turn)) => self.taken(answer, to).await.map_err(|why| self.refused("read", &why)),
            // S3 says so only to whoever may list the bucket.
            Err(StoreError::NotFound) => Ok(Edition::Absent),
            Err(error) => Err(self.refused("read", &error.to_string())),
        }
    }

    async fn taken(&self, mut answer: GetObjectOutput, to: &mut (dyn Write + Send)) -> Result<Edition, String> {
        let etag = answer.e_tag.take().ok_or("the answer has no ETag")?;
        let mut left = answer.content_length.and_then(|length| u64::try_from(length).ok()).ok_or("of no length")?;
        loop {
            let next = tokio::time::timeout(PATIENCE, answer.body.try_next()).await;
            let piece = next.map_err(|_| "its body came to no end in time")?.map_err(|error| error.to_string())?;
            let Some(piece) = piece else { break };
            left = left.checked_sub(piece.len() as u64).ok_or("its body is longer than was said")?;
            io::copy(&mut &piece[..], to).map_err(|error| format!("{error} where it is to be kept meanwhile"))?;
        }
        to.flush().map_err(|error| error.to_string())?;
        if left == 0 { Ok(Edition::Of(etag)) } else { Err("its body was cut off".to_owned()) }
    }

    /// Writes a file over it, if it is still what it was.
    pub async fn write(&self, from: &Path, over: &Edition) -> Result<Edition, KeptError> {
        let ObjectLocation { bucket, key } = &self.at;
        // What cannot be read here is no matter of S3's.
        File::open(from).map_err(|error| self.refused("written", &error.to_string()))?;
        let asked = self.pace.ask(|| async {
            let body = ByteStream::from_path(from).await;
            let body = body.map_err(|error| super::Refusal::Final(StoreError::Unreachable(error.to_string())))?;
            let request = self.client.put_object().bucket(bucket).key(key).body(body);
            let request = match over {
                Edition::Absent => request.if_none_match("*"),
                Edition::Of(etag) => request.if_match(etag),
            };
            match request.send().await {
                Ok(answer) => Ok(Some(answer.e_tag)),
                Err(error) if error.code().is_some_and(|code| OVERTAKEN.contains(&code)) => Ok(None),
                Err(error) => Err(refusal(&error)),
            }
        });
        match asked.await {
            Ok((Some(Some(etag)), _)) => Ok(Edition::Of(etag)),
            Ok((Some(None), _)) => Err(self.refused("written", "the answer has no ETag")),
            Ok((None, _)) => Err(KeptError::Overtaken(self.at.clone())),
            Err(error) => Err(self.refused("written", &error.to_string())),
        }
    }

    fn refused(&self, what: &'static str, why: &str) -> KeptError {
        KeptError::Refused { at: self.at.clone(), what, why: why.to_owned() }
    }
}

/// What S3 answers to who would write over something else than was read: it is another by now, is being written, or is gone.
const OVERTAKEN: [&str; 3] = ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"];

/// How long an answer to a large request, or the next piece of one, may take.
const PATIENCE: Duration = Duration::from_secs(120);
