//! Small log files from far away, hashed together. Each comes when it comes; those that have come by the time one of their
//! tasks goes on are hashed by that task, in lockstep. Nobody waits once no more come.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::lockstep::Kernel;
use crate::logfile::{Framing, HashedLog, LogDefect, LogJob, LogLanes, LogQueue, LogRead, LogSource};

/// What came of a log file whose bytes are all there.
type Hashed = Result<HashedLog, LogDefect>;
type Told = oneshot::Sender<Hashed>;

/// Log files that came whole and wait to be hashed, by any task of an audit.
pub(super) struct Gathered {
    kernel: Kernel,
    limit: u64,
    waiting: Mutex<Vec<LogJob<Told>>>,
    /// Lanes that nobody is using, so that their memory is used again.
    lanes: Mutex<Vec<LogLanes<Told>>>,
}

impl Gathered {
    /// Hashes with `kernel`, and refuses to inflate more than `limit` bytes of a file.
    pub(super) fn new(kernel: Kernel, limit: u64) -> Gathered {
        Gathered { kernel, limit, waiting: Mutex::default(), lanes: Mutex::default() }
    }

    /// Hashes a log file, beside whatever else has come.
    ///
    /// # Panics
    ///
    /// If the task that took it panicked: it has no answer, and so there is no verdict.
    pub(super) async fn hash(&self, bytes: Bytes, framing: Framing) -> Hashed {
        let (told, mut answer) = oneshot::channel();
        let mut known = {
            let mut waiting = lock(&self.waiting);
            waiting.push(LogJob { ticket: told, source: LogSource::Bytes(bytes), framing });
            waiting.len()
        };
        while known < self.most() {
            // Lets those go on whose files have come too, for as long as there are some.
            tokio::task::yield_now().await;
            let now = lock(&self.waiting).len();
            if now <= known {
                break;
            }
            known = now;
        }
        loop {
            match answer.try_recv() {
                Ok(hashed) => return hashed,
                Err(TryRecvError::Empty) if self.hash_some() => {}
                // Another task has it, or had it and panicked.
                Err(_) => return answer.await.expect("a task that hashes log files panicked"),
            }
        }
    }

    /// How many are hashed in one go: a lane whose file was short takes another, so that most lanes are busy for longer. More
    /// would keep a task from what else comes.
    fn most(&self) -> usize {
        2 * self.kernel.lanes()
    }

    /// Hashes some; false if none waits.
    fn hash_some(&self) -> bool {
        let mut batch = {
            let mut waiting = lock(&self.waiting);
            let count = waiting.len().min(self.most());
            Batch(waiting.drain(..count).collect())
        };
        if batch.0.is_empty() {
            return false;
        }
        let kept = lock(&self.lanes).pop();
        let mut lanes = kept.unwrap_or_else(|| LogLanes::new(self.kernel, self.limit));
        lanes.run(&mut batch);
        lock(&self.lanes).push(lanes);
        true
    }
}

/// The files that one task hashes.
struct Batch(Vec<LogJob<Told>>);

impl LogQueue for Batch {
    type Ticket = Told;

    fn next(&mut self, _: bool) -> Option<LogJob<Told>> {
        self.0.pop()
    }

    fn done(&mut self, told: Told, read: LogRead) {
        // Bytes in memory are always to be had; whoever asked may have gone.
        if let Ok(hashed) = read {
            let _ = told.send(hashed);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt;

    use super::*;
    use crate::logfile::LogHasher;

    /// Plain files of many lengths, some of them over the limit.
    fn file(n: usize) -> Bytes {
        vec![n as u8; n * n % 9_973].into()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
    async fn each_task_is_told_what_its_own_file_is() {
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
            let gathered = Arc::new(Gathered::new(kernel, 9_000));
            let tasks: Vec<_> = (0..500)
                .map(|n| {
                    let gathered = Arc::clone(&gathered);
                    tokio::spawn(async move { gathered.hash(file(n), Framing::GzipOrPlain).await })
                })
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                let mut hasher = LogHasher::new(Framing::GzipOrPlain, 9_000);
                let expected = hasher.push(&file(n)).and_then(|()| hasher.finish());
                assert_eq!(task.await.unwrap(), expected, "{n}, {kernel}");
            }
            assert!(lock(&gathered.waiting).is_empty());
        }
    }

    #[tokio::test]
    async fn who_gave_up_waiting_keeps_nobody_else_from_being_told() {
        let gathered = Gathered::new(Kernel::best(), 9_000);
        for n in 0..100 {
            // Polled once and dropped, which leaves its file behind.
            let _ = gathered.hash(file(n), Framing::GzipOrPlain).now_or_never();
        }
        assert_eq!(gathered.hash(file(3), Framing::GzipOrPlain).await.unwrap().bytes, 9);
    }
}
