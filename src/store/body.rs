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
        let whole = match self {
            Body::Bytes(bytes) => bytes,
            Body::Reader(reader) => {
                let mut whole = Vec::new();
                let read = reader.take(limit.saturating_add(1)).read_to_end(&mut whole);
                read.map_err(|error| StoreError::of_reading(&error))?;
                whole.into()
            }
            Body::Stream(pieces) => joined(pieces, limit).await?,
        };
        if whole.len() as u64 > limit { Err(BodyError::OverLimit(limit)) } else { Ok(whole) }
    }
}

/// All the pieces, if they are not longer than `limit` together, else more than that. One piece is handed on as it came.
async fn joined(mut pieces: BoxStream<'static, Result<Bytes, StoreError>>, limit: u64) -> Result<Bytes, StoreError> {
    let mut first = Bytes::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if first.is_empty() {
            first = piece;
            continue;
        }
        let mut joined = Vec::from(first);
        joined.extend_from_slice(&piece);
        while let Some(piece) = pieces.next().await {
            joined.extend_from_slice(&piece?);
            if joined.len() as u64 > limit {
                break;
            }
        }
        return Ok(joined.into());
    }
    Ok(first)
}

/// Large enough that reading costs little beside hashing, small enough to stay in the second-level cache.
const PIECE: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn streamed(pieces: &[&'static str]) -> Body {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        Body::Stream(stream::iter(pieces).boxed())
    }

    #[tokio::test]
    async fn a_body_is_collected_whole_or_not_at_all() {
        let bodies: [fn() -> Body; 6] = [
            || Body::Bytes(Bytes::from_static(b"abcdef")),
            || Body::Reader(Box::new(&b"abcdef"[..])),
            || streamed(&["abcdef"]),
            || streamed(&["", "abcdef", ""]),
            || streamed(&["ab", "", "cdef"]),
            || streamed(&["a", "b", "c", "d", "e", "f"]),
        ];
        for (at, body) in bodies.into_iter().enumerate() {
            for limit in [6, 7, u64::MAX] {
                assert_eq!(body().collect(limit).await, Ok(Bytes::from_static(b"abcdef")), "{at}");
            }
            for limit in 0..6 {
                assert_eq!(body().collect(limit).await, Err(BodyError::OverLimit(limit)), "{at}");
            }
        }
        assert_eq!(streamed(&[]).collect(0).await, Ok(Bytes::new()));
    }

    /// A file that could not be read to its end, and why.
    struct Failing(StoreError);

    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other(self.0.clone()))
        }
    }

    #[tokio::test]
    async fn a_run_that_was_interrupted_is_told_from_a_disk_that_failed() {
        let collected = |error| async { Body::Reader(Box::new(Failing(error))).collect(9).await };
        assert_eq!(collected(StoreError::Interrupted).await, Err(StoreError::Interrupted.into()));
        let failed = collected(StoreError::NotFound).await;
        assert!(matches!(failed, Err(BodyError::Store(StoreError::Unreachable(_)))), "{failed:?}");
    }

    #[tokio::test]
    async fn what_breaks_off_is_not_collected() {
        for before in [&["ab", "c"][..], &["abc"], &[]] {
            let before: Vec<_> = before.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
            let broken = stream::iter(before).chain(stream::iter([Err(StoreError::Denied)]));
            assert_eq!(Body::Stream(broken.boxed()).collect(9).await, Err(StoreError::Denied.into()));
        }
    }
}
