//! Stopping an audit before its end: what was asked for and is not looked at any more is said to be so.
//!
//! Whoever asks for it gets a report of what was seen by then. It must not lose what was not: from then on every store
//! answers that it was interrupted, so that nothing can be left out silently, and the walks account for what they leave.

use std::io::Read;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::future::{Either, select};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use tokio::sync::watch;

use super::Evidence;
use crate::logfile::Framing;
use crate::store::{
    AskedFor, Body, Buckets, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError,
};

/// The wish that an audit, or a pull, end soon. Clones share it; it is never taken back.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Wish>);

#[derive(Debug, Default)]
struct Wish {
    asked: watch::Sender<bool>,
    cut: AtomicBool,
}

impl Stop {
    /// Asks for the end.
    pub fn ask(&self) {
        self.0.asked.send_replace(true);
    }

    /// Whether the end was asked for.
    pub fn is_asked(&self) -> bool {
        *self.0.asked.borrow()
    }

    /// Whether to leave undone what would be done next. If so, the report is a partial one.
    pub(crate) fn cuts(&self) -> bool {
        let cuts = self.is_asked();
        if cuts {
            self.0.cut.store(true, Ordering::Relaxed);
        }
        cuts
    }

    /// Whether anything was left undone.
    pub(crate) fn has_cut(&self) -> bool {
        self.0.cut.load(Ordering::Relaxed)
    }

    /// Waits until the end is asked for.
    pub async fn asked(self) {
        // The sender lives as long as this does, so there is no other end to it.
        let _ = self.0.asked.subscribe().wait_for(|asked| *asked).await;
    }

    /// What comes of `work`; none if the end was asked for first, and then it is given up.
    pub(super) async fn race<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(self.clone().asked()), pin!(work)).await {
            Either::Left(_) => {
                self.cuts();
                None
            }
            Either::Right((done, _)) => Some(done),
        }
    }

    /// What a stream gives; once the end was asked for, `end` and no more.
    fn cut_short<'a, T: Send + 'a>(
        &self,
        stream: impl Stream<Item = T> + Send + 'a,
        end: impl FnOnce() -> T + Send + 'a,
    ) -> BoxStream<'a, T> {
        let stop = self.clone();
        let last = stream::once(async move { stop.cuts().then(end) }).filter_map(|last| async { last });
        stream.take_until(self.clone().asked()).chain(last).boxed()
    }
}

impl Evidence {
    /// The same evidence, which is not to be had any more once the end was asked for.
    pub(super) fn until(self, stop: &Stop) -> Evidence {
        let stores = self.stores.into_iter().map(|store| until(store, stop)).collect();
        let buckets = self.buckets.map(|buckets| {
            let buckets: Arc<dyn Buckets> = Arc::new(StoppingBuckets { buckets, stop: stop.clone() });
            buckets
        });
        Evidence { stores, buckets, ..self }
    }
}

fn until(store: Arc<dyn ObjectStore>, stop: &Stop) -> Arc<dyn ObjectStore> {
    Arc::new(StoppingStore { store, stop: stop.clone() })
}

/// A store that answers nothing more once the end was asked for.
struct StoppingStore {
    store: Arc<dyn ObjectStore>,
    stop: Stop,
}

impl StoppingStore {
    fn watched(&self, object: FetchedObject) -> FetchedObject {
        let body = match object.body {
            Body::Bytes(bytes) => Body::Bytes(bytes),
            Body::Reader(reader) => Body::Reader(Box::new(StoppingReader { reader, stop: self.stop.clone() })),
            Body::Stream(pieces) => Body::Stream(self.stop.cut_short(pieces, || Err(StoreError::Interrupted))),
        };
        FetchedObject { body, ..object }
    }
}

#[async_trait]
impl ObjectStore for StoppingStore {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn framing(&self) -> Framing {
        self.store.framing()
    }

    fn is_remote(&self) -> bool {
        self.store.is_remote()
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.stop.race(self.store.folder(prefix)).await.unwrap_or(Err(StoreError::Interrupted))
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let end = || Err(ListError { prefix: prefix.to_owned(), error: StoreError::Interrupted });
        self.stop.cut_short(self.store.list(prefix, range), end)
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        let object = self.stop.race(self.store.get(key)).await.unwrap_or(Err(StoreError::Interrupted))?;
        Ok(self.watched(object))
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        if self.stop.cuts() {
            return Some(Err(StoreError::Interrupted));
        }
        Some(self.store.get_now(key)?.map(|object| self.watched(object)))
    }

    fn in_turn(&self, key: &str) -> Option<AskedFor> {
        self.store.in_turn(key)
    }
}

/// A file that cannot be read on once the end was asked for.
struct StoppingReader {
    reader: Box<dyn Read + Send>,
    stop: Stop,
}

impl Read for StoppingReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.stop.cuts() { Err(std::io::Error::other(StoreError::Interrupted)) } else { self.reader.read(buffer) }
    }
}

/// Buckets that are not opened any more once the end was asked for, and whose stores stop as the others do.
struct StoppingBuckets {
    buckets: Arc<dyn Buckets>,
    stop: Stop,
}

#[async_trait]
impl Buckets for StoppingBuckets {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        let store = self.stop.race(self.buckets.bucket(name)).await??;
        Some(until(store, &self.stop))
    }

    async fn at_hand(&self) -> Vec<Arc<dyn ObjectStore>> {
        let stores = self.stop.race(self.buckets.at_hand()).await.unwrap_or_default();
        stores.into_iter().map(|store| until(store, &self.stop)).collect()
    }
}
