//! A body that is kept while it is read.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt};

use super::bodies::Keeping;
use super::recording::{Asked, Recording};
use crate::store::{Body, StoreError};

/// The same body, of which all bytes are kept, however few of them whoever asked for it reads.
pub(super) fn tee(body: Body, kept: Teed) -> Body {
    match body {
        Body::Bytes(bytes) => {
            let mut kept = kept;
            kept.push(&bytes);
            kept.end();
            Body::Bytes(bytes)
        }
        Body::Reader(inner) => Body::Reader(Box::new(TeeReader { inner, kept: Some(kept) })),
        Body::Stream(inner) => Body::Stream(TeeStream { inner: Some(inner), kept: Some(kept) }.boxed()),
    }
}

/// An object that is being read and kept.
pub(super) struct Teed {
    pub recording: Arc<Recording>,
    pub asked: Asked,
    pub keeping: Keeping,
    /// Bytes beyond which it is not read on for the sake of being kept.
    pub most: u64,
}

impl Teed {
    fn push(&mut self, bytes: &[u8]) {
        if let Err(error) = self.keeping.push(bytes, &self.recording.bodies) {
            self.recording.failed(error);
        }
    }

    fn end(self) {
        let kept = self.keeping.finish(&self.recording.bodies);
        self.recording.given(self.asked, kept);
    }

    /// No more is read than is looked at of any object of its kind.
    fn is_too_long(&self) -> bool {
        self.keeping.size() > self.most
    }

    /// Whoever looks at what is kept must come upon the same limit, and that is all there is to be seen of the rest.
    fn cut(mut self) {
        self.asked.note.cut = true;
        self.end();
    }
}

struct TeeReader {
    inner: Box<dyn Read + Send>,
    kept: Option<Teed>,
}

impl Read for TeeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = match self.inner.read(buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                // What broke off is not the object.
                self.kept = None;
                return Err(error);
            }
        };
        if length > 0 {
            self.kept.iter_mut().for_each(|kept| kept.push(&buffer[..length]));
        } else if !buffer.is_empty()
            && let Some(kept) = self.kept.take()
        {
            kept.end();
        }
        Ok(length)
    }
}

/// Whoever has read enough to judge an object leaves the rest, and that is evidence too.
impl Drop for TeeReader {
    fn drop(&mut self) {
        let mut piece = vec![0; if self.kept.is_some() { 64 << 10 } else { 0 }];
        while let Some(kept) = &self.kept
            && !std::thread::panicking()
        {
            if kept.is_too_long() {
                return self.kept.take().into_iter().for_each(Teed::cut);
            }
            match self.read(&mut piece) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
                _ => {}
            }
        }
    }
}

struct TeeStream {
    inner: Option<BoxStream<'static, Result<Bytes, StoreError>>>,
    kept: Option<Teed>,
}

impl Stream for TeeStream {
    type Item = Result<Bytes, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(inner) = self.inner.as_mut() else { return Poll::Ready(None) };
        let next = futures::ready!(inner.poll_next_unpin(context));
        match &next {
            Some(Ok(piece)) => self.kept.iter_mut().for_each(|kept| kept.push(piece)),
            Some(Err(_)) => self.kept = None,
            None => {
                self.inner = None;
                self.kept.take().into_iter().for_each(Teed::end);
            }
        }
        Poll::Ready(next)
    }
}

impl Drop for TeeStream {
    fn drop(&mut self) {
        let (Some(mut inner), Some(mut kept)) = (self.inner.take(), self.kept.take()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let waited_for = kept.recording.begin();
        runtime.spawn(async move {
            loop {
                if kept.is_too_long() {
                    kept.cut();
                    break;
                }
                match inner.next().await {
                    Some(Ok(piece)) => kept.push(&piece),
                    Some(Err(_)) => break,
                    None => {
                        kept.end();
                        break;
                    }
                }
            }
            drop(waited_for);
        });
    }
}
