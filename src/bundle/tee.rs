//! A body that is kept while it is read.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt};

use super::keeping::Keeping;
use super::recording::{Asked, Recording, UnderWay};
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
    /// Whoever reads it may let go of it after all were told of what is in it.
    pub under_way: UnderWay,
}

impl Teed {
    fn push(&mut self, bytes: &[u8]) {
        if let Err(error) = self.keeping.push(bytes, &self.recording.bodies) {
            self.recording.failed(error);
        }
    }

    fn end(self) {
        let whole = self.keeping.finish(&self.recording.bodies);
        self.recording.given(self.asked, whole);
        drop(self.under_way);
    }

    /// What broke off is not the object.
    fn broke_off(self) {
        if self.asked.in_turn {
            self.recording.broke_off(&self.asked.key);
        }
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
                self.kept.take().into_iter().for_each(Teed::broke_off);
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

/// Whoever has read enough to judge an object leaves the rest, and that is evidence too. Where it cannot be had, what was read
/// is kept: it is all that was judged.
impl Drop for TeeReader {
    fn drop(&mut self) {
        let Some(mut kept) = self.kept.take().filter(|_| !std::thread::panicking()) else { return };
        let mut piece = vec![0; 64 << 10];
        while !kept.is_too_long() {
            match self.inner.read(&mut piece) {
                Ok(0) => return kept.end(),
                Ok(length) => kept.push(&piece[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        kept.cut();
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
            Some(Err(_)) => self.kept.take().into_iter().for_each(Teed::broke_off),
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
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return kept.cut() };
        runtime.spawn(async move {
            while !kept.is_too_long() {
                match inner.next().await {
                    Some(Ok(piece)) => kept.push(&piece),
                    Some(Err(_)) => break,
                    None => return kept.end(),
                }
            }
            kept.cut();
        });
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, stream};

    use super::*;
    use crate::audit::Evidence;
    use crate::bundle::IncludeLogs;
    use crate::bundle::notes::{Note, Notes};
    use crate::bundle::recording::Seen;
    use crate::keys::{KeyOrigin, KeysAtHand};
    use crate::limits::Limits;

    /// A body of so many pieces, which breaks off before the one of this number.
    struct Pieces {
        left: usize,
        breaks_off: usize,
    }

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.left == self.breaks_off {
                return Err(io::Error::other("it broke off"));
            }
            let length = if self.left == 0 { 0 } else { 10.min(buffer.len()) };
            self.left = self.left.saturating_sub(1);
            buffer[..length].fill(7);
            Ok(length)
        }
    }

    fn recording(folder: &std::path::Path) -> (Arc<Recording>, Arc<Seen>) {
        let keys = Arc::new(KeysAtHand::new(crate::digest::KeySet::default(), "none", KeyOrigin::Pinned));
        let store: Arc<dyn crate::store::ObjectStore> = Arc::new(crate::store::MemoryStore::new(Some("bucket")));
        let evidence = Evidence { stores: vec![store], ..Evidence::default() };
        let recorded = Recording::of(evidence, keys, IncludeLogs::All, &Limits::default(), &folder.join("out"));
        let (recording, ..) = recorded.unwrap();
        let seen = Arc::clone(&recording.stores.lock().unwrap()[0]);
        (recording, seen)
    }

    fn teed(recording: &Arc<Recording>, seen: &Arc<Seen>, in_turn: bool, most: u64) -> Teed {
        let asked = Asked { seen: Arc::clone(seen), key: "key".to_owned(), note: Note::default(), in_turn };
        let (recording, keeping) = (Arc::clone(recording), Keeping::within(&recording.bodies));
        Teed { under_way: recording.begin(), recording, asked, keeping, most }
    }

    /// What is kept of a body of ten pieces of which two were asked for: its size, and whether that is not all.
    async fn kept(remote: bool, most: u64, breaks_off: usize) -> Option<(u64, bool)> {
        let folder = tempfile::tempdir().unwrap();
        let (recording, seen) = recording(folder.path());
        let teed = teed(&recording, &seen, false, most);
        let mut inner = Pieces { left: 10, breaks_off };
        let pieces = std::iter::from_fn(move || {
            let mut piece = vec![0; 10];
            match inner.read(&mut piece) {
                Ok(0) => None,
                Ok(_) => Some(Ok(piece.into())),
                Err(error) => Some(Err(StoreError::Unreachable(error.to_string()))),
            }
        });
        let body = match remote {
            true => Body::Stream(stream::iter(pieces).boxed()),
            false => Body::Reader(Box::new(Pieces { left: 10, breaks_off })),
        };
        let mut count = 0;
        let enough = |_: &[u8]| {
            count += 1;
            if count == 2 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
        };
        tee(body, teed).pieces(enough).await.unwrap();
        recording.ended().await.unwrap();
        let notes = std::mem::replace(&mut *seen.given.lock().unwrap(), Notes::new(folder.path()));
        let (_, note) = notes.sorted().unwrap().take::<Note>().unwrap()?;
        Some((note.kept?.size, note.cut))
    }

    #[tokio::test]
    async fn what_somebody_still_holds_is_waited_for() {
        for has_turn in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let (recording, seen) = recording(folder.path());
            let told = recording.tell("key");
            let has_turn = has_turn && recording.in_turn.begin("key");
            let body = Body::Reader(Box::new(Pieces { left: 10, breaks_off: usize::MAX }));
            let body = tee(body, teed(&recording, &seen, has_turn, 1_000));
            drop(told);
            let mut ended = std::pin::pin!(recording.ended());
            assert!((&mut ended).now_or_never().is_none(), "of what it holds, nothing is kept yet");
            drop(body);
            ended.await.unwrap();
            let notes = if has_turn { &seen.placed } else { &seen.given };
            let notes = std::mem::replace(&mut *notes.lock().unwrap(), Notes::new(folder.path()));
            let (key, note) = notes.sorted().unwrap().take::<Note>().unwrap().unwrap();
            assert_eq!((key.as_str(), note.kept.unwrap().size), ("key", 100));
        }
    }

    #[tokio::test]
    async fn what_is_left_of_an_object_is_kept_up_to_a_bound_and_what_was_judged_in_any_case() {
        for remote in [true, false] {
            assert_eq!(kept(remote, 1_000, usize::MAX).await, Some((100, false)), "{remote}");
            assert_eq!(kept(remote, 45, usize::MAX).await, Some((50, true)), "{remote}");
            assert_eq!(kept(remote, 1_000, 6).await, Some((40, true)), "{remote}");
        }
    }
}
