//! The bytes of an object, from wherever they come.

use std::io::Read;
use std::ops::ControlFlow;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::StoreError;

/// The bytes of an object.
pub enum Body {
    /// In memory already.
    Bytes(Bytes),
    /// A file on a disk.
    Reader(Box<dyn Read + Send>),
    /// Pieces as they arrive.
    Stream(BoxStream<'static, Result<Bytes, StoreError>>),
}

/// Why a body was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The store broke off.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is larger than the limit.
    #[error("it is larger than {0} bytes")]
    OverLimit(u64),
}

impl Body {
    /// Hands on the bytes piece by piece until the end, or until `take` has had enough. Only an end that the store
    /// gave as such is `Ok`: what breaks off is never taken for whole.
    pub async fn pieces(self, mut take: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), StoreError> {
        match self {
            Body::Bytes(bytes) => {
                let _ = take(&bytes);
                Ok(())
            }
            Body::Reader(mut reader) => {
                let mut buffer = vec![0; PIECE];
                loop {
                    match reader.read(&mut buffer) {
                        Ok(0) => return Ok(()),
                        Ok(length) if take(&buffer[..length]).is_break() => return Ok(()),
                        Ok(_) => {}
                        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(StoreError::of_reading(&error)),
                    }
                }
            }
            Body::Stream(mut stream) => {
                while let Some(piece) = stream.next().await {
                    if take(&piece?).is_break() {
                        return Ok(());
                    }
                }
                Ok(())
            }
        }
    }

    /// All the bytes, if they are no more than `limit`.
    pub async fn collect(self, limit: u64) -> Result<Bytes, BodyError> {
        if let Body::Bytes(bytes) = self {
            return if bytes.len() as u64 <= limit { Ok(bytes) } else { Err(BodyError::OverLimit(limit)) };
        }
        let mut whole = Vec::new();
        let mut over = false;
        self.pieces(|piece| {
            over = (whole.len() + piece.len()) as u64 > limit;
            if over {
                return ControlFlow::Break(());
            }
            whole.extend_from_slice(piece);
            ControlFlow::Continue(())
        })
        .await?;
        if over { Err(BodyError::OverLimit(limit)) } else { Ok(whole.into()) }
    }
}

/// Large enough that reading costs little beside hashing, small enough to stay in the second-level cache.
const PIECE: usize = 128 << 10;
