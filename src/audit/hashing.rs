//! Hashing where the work is bound by the CPU: one thread a core, each with lanes that it keeps filled, whichever tasks the
//! log files come from. Reading a local file may block, and happens here.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::logs::SMALL;
use super::request::Hasher;
use crate::lockstep::Kernel;
use crate::logfile::{Framing, HashedLog, LogDefect, LogHasher, LogJob, LogLanes, LogQueue, LogRead, LogSource};
use crate::store::{Body, FetchedObject, ObjectStore, StoreError};
use crate::trail::Time;

/// What came of a log file: what it is and when it was written, or why it was not to be had.
pub(super) type Hashed = Result<(Result<HashedLog, LogDefect>, Option<Time>), StoreError>;

/// The threads that hash, and the log files that wait for them. The threads end when this is dropped.
pub(super) struct HashPool {
    shared: Arc<Shared>,
    hasher: Hasher,
    limit: u64,
}

struct Shared {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    files: VecDeque<Waited>,
    started: bool,
    closed: bool,
    panicked: bool,
}

/// A log file that waits to be opened.
struct Waited {
    store: Arc<dyn ObjectStore>,
    key: String,
    told: Told,
}

/// Where what came of a file is put. When the last of a batch is dropped, the batch is told.
struct Told {
    batch: Arc<Batch>,
    at: usize,
    written: Option<Time>,
}

/// What came of each file of a batch, as far as is known.
type Answers = Vec<Option<Option<Hashed>>>;

struct Batch {
    hashed: Mutex<Answers>,
    told: Option<oneshot::Sender<Answers>>,
}

impl HashPool {
    /// A pool that refuses to inflate more than `limit` bytes of a file; its threads begin with the first file.
    pub(super) fn new(hasher: Hasher, limit: u64) -> HashPool {
        let shared = Arc::new(Shared { waiting: Mutex::default(), more: Condvar::new() });
        HashPool { shared, hasher, limit }
    }

    /// Hashes log files, each by its store and key. None for one that its store cannot give at once: it has to be waited
    /// for, and is not for this pool.
    ///
    /// # Panics
    ///
    /// If a thread panicked: what it had under way has no answer, and so there is no verdict.
    pub(super) async fn hash(&self, files: Vec<(Arc<dyn ObjectStore>, String)>) -> Vec<Option<Hashed>> {
        if files.is_empty() {
            return Vec::new();
        }
        let (told, answer) = oneshot::channel();
        let count = files.len();
        let hashed = Mutex::new((0..count).map(|_| None).collect());
        let batch = Arc::new(Batch { hashed, told: Some(told) });
        {
            let mut waiting = self.shared.waiting();
            assert!(!waiting.panicked, "{PANICKED}");
            self.start(&mut waiting);
            let told = |at| Told { batch: Arc::clone(&batch), at, written: None };
            let files = files.into_iter().enumerate();
            waiting.files.extend(files.map(|(at, (store, key))| Waited { store, key, told: told(at) }));
        }
        drop(batch);
        self.shared.more.notify_all();
        let hashed = answer.await.unwrap_or_default();
        hashed.into_iter().map(|hashed| hashed.expect(PANICKED)).collect()
    }

    fn start(&self, waiting: &mut Waiting) {
        if std::mem::replace(&mut waiting.started, true) {
            return;
        }
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (queue, hasher, limit) = (Queue(Arc::clone(&self.shared)), self.hasher, self.limit);
            let thread = thread::Builder::new().name("hasher".to_owned());
            thread.spawn(move || hasher.run(queue, limit)).expect("the machine has a thread to give");
        }
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody waits for an answer any more.
    fn close(&self) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        let unanswered = std::mem::take(&mut waiting.files);
        drop(waiting);
        drop(unanswered);
        self.more.notify_all();
    }
}

impl Hasher {
    /// The kernel to hash in lockstep with; none to hash one file after the other.
    pub(super) fn kernel(self) -> Option<Kernel> {
        match self {
            Hasher::Single => None,
            Hasher::Lockstep => Some(Kernel::best()),
            Hasher::Auto => Some(Kernel::best()).filter(|kernel| *kernel != Kernel::Portable),
        }
    }

    /// How a report names it; from far away, larger log files are hashed as they stream in, each by itself.
    pub(super) fn name(self, from_far_away: bool) -> String {
        let kernel = self.kernel().unwrap_or(Kernel::Portable);
        if from_far_away && kernel != Kernel::Portable {
            format!("{kernel}; log files over {} KiB with {}", SMALL >> 10, Kernel::Portable)
        } else {
            kernel.to_string()
        }
    }

    fn run(self, mut queue: Queue, limit: u64) {
        match self.kernel() {
            Some(kernel) => LogLanes::new(kernel, limit).run(&mut queue),
            None => {
                let mut hasher = LogHasher::new(Framing::Gzip, limit);
                let mut piece = Vec::new();
                while let Some(LogJob { ticket, source, framing }) = queue.next(true) {
                    hasher.framing(framing);
                    queue.done(ticket, hasher.read(source, &mut piece));
                }
            }
        }
    }
}

/// The pool as one of its threads sees it.
struct Queue(Arc<Shared>);

impl LogQueue for Queue {
    type Ticket = Told;

    fn next(&mut self, idle: bool) -> Option<LogJob<Told>> {
        loop {
            let file = self.take(idle)?;
            if let Some(job) = file.open() {
                return Some(job);
            }
        }
    }

    fn done(&mut self, told: Told, read: LogRead) {
        let written = told.written;
        told.put(Some(read.map(|read| (read, written)).map_err(|error| StoreError::of_reading(&error))));
    }
}

impl Queue {
    fn take(&self, idle: bool) -> Option<Waited> {
        let mut waiting = self.0.waiting();
        loop {
            match waiting.files.pop_front() {
                None if idle && !waiting.closed => {
                    waiting = self.0.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                }
                file => return file,
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.waiting().panicked = true;
            self.0.close();
        }
    }
}

impl Waited {
    /// Opens it; none where that needs no hashing or cannot be done here.
    fn open(self) -> Option<LogJob<Told>> {
        let Waited { store, key, mut told } = self;
        let FetchedObject { body, metadata, .. } = match store.get_now(&key) {
            Some(Ok(object)) => object,
            failed => {
                told.put(failed.and_then(Result::err).map(Err));
                return None;
            }
        };
        told.written = metadata.last_modified;
        let source = match body {
            Body::Bytes(bytes) => LogSource::Bytes(bytes),
            Body::Reader(reader) => LogSource::Reader(reader),
            Body::Stream(_) => {
                told.put(None);
                return None;
            }
        };
        Some(LogJob { ticket: told, source, framing: store.framing() })
    }
}

impl Told {
    fn put(self, hashed: Option<Hashed>) {
        let mut all = self.batch.hashed.lock().unwrap_or_else(PoisonError::into_inner);
        all[self.at] = Some(hashed);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let hashed = std::mem::take(self.hashed.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(told) = self.told.take() {
            // Whoever asked may have gone.
            let _ = told.send(hashed);
        }
    }
}

const PANICKED: &str = "a thread that hashes log files panicked";

#[cfg(test)]
mod tests {
    use futures::stream::BoxStream;

    use super::*;
    use crate::store::{Folder, KeyRange, ListError, MemoryStore, ObjectInfo};

    /// A store whose objects make whoever opens one panic.
    struct Trap;

    #[async_trait::async_trait]
    impl ObjectStore for Trap {
        fn bucket(&self) -> Option<&str> {
            None
        }

        fn framing(&self) -> Framing {
            Framing::GzipOrPlain
        }

        async fn folder(&self, _: &str) -> Result<Folder, StoreError> {
            Ok(Folder::default())
        }

        fn list<'a>(&'a self, _: &'a str, _: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
            Box::pin(futures::stream::empty())
        }

        async fn get(&self, _: &str) -> Result<FetchedObject, StoreError> {
            Err(StoreError::NotFound)
        }

        fn get_now(&self, _: &str) -> Option<Result<FetchedObject, StoreError>> {
            panic!("on purpose");
        }
    }

    #[tokio::test]
    async fn a_thread_that_panics_leaves_nobody_waiting_and_nothing_proven() {
        for hasher in [Hasher::Single, Hasher::Lockstep] {
            let pool = Arc::new(HashPool::new(hasher, u64::MAX));
            let mut asked = Vec::new();
            for _ in 0..20 {
                let pool = Arc::clone(&pool);
                let files = vec![(Arc::new(Trap) as Arc<dyn ObjectStore>, "key".to_owned())];
                asked.push(tokio::spawn(async move { pool.hash(files).await }));
            }
            for asked in asked {
                assert!(asked.await.is_err());
            }
        }
    }

    #[tokio::test]
    async fn answers_come_in_the_order_of_the_questions() {
        let mut store = MemoryStore::new(None);
        for n in 0..100_usize {
            store.put(&n.to_string(), vec![n as u8; n * 100], Default::default());
        }
        let store: Arc<dyn ObjectStore> = Arc::new(store);
        for hasher in [Hasher::Single, Hasher::Lockstep, Hasher::Auto] {
            let pool = HashPool::new(hasher, 9_000);
            let answers = pool.hash((0..110).map(|n| (Arc::clone(&store), n.to_string())).collect()).await;
            assert_eq!(answers.len(), 110);
            for (n, answer) in answers.into_iter().enumerate() {
                match answer.unwrap() {
                    Ok((Ok(hashed), None)) => assert!(hashed.bytes == n as u64 * 100 && n <= 90, "{n}"),
                    Ok((Err(defect), None)) => assert!(defect == LogDefect::OverLimit(9_000) && n > 90, "{n}"),
                    answer => assert!(answer == Err(StoreError::NotFound) && n >= 100, "{n}: {answer:?}"),
                }
            }
        }
    }
}
