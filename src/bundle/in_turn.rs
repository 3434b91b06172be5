//! Log files that go into the bundle while the audit goes on, each written once: in the order in which the audit sends for
//! them, which comes from the evidence alone. What is given out of turn waits.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::Notify;

use super::bodies::Kept;
use super::file_of;
use super::gathered::{Full, Gathered, Note};
use super::keeping::{Small, Whole};
use super::locked::lock;
use super::recording::{Asked, Recording};
use super::turns::Turns;

/// What has a turn, and what it goes through on its way.
#[derive(Default)]
pub(super) struct InTurn {
    waiting: Mutex<Waiting>,
    gathered: Gathered<Asked>,
    /// Told whenever fewer wait.
    fewer: Notify,
    /// Whoever writes much that had waited keeps the others from bringing more meanwhile.
    catching_up: RwLock<()>,
}

#[derive(Default)]
struct Waiting {
    turns: Turns<(Asked, Whole)>,
    /// Bytes in memory of those that came before their turn.
    bytes: usize,
}

/// An object that was told of, until nobody asks for it any more.
pub(super) struct Told {
    recording: Arc<Recording>,
    key: String,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.recording.go_on(|waiting| waiting.turns.over(&self.key));
    }
}

impl InTurn {
    /// An object will be asked for after those that were told of before.
    pub(super) fn tell(&self, key: &str) {
        lock(&self.waiting).turns.tell(key);
    }

    /// An object is given now. Whether it has a turn that nothing came for yet.
    pub(super) fn begin(&self, key: &str) -> bool {
        lock(&self.waiting).turns.begin(key)
    }

    /// Waits until an object may be asked for: one whose turn is next always may, others while few wait.
    pub(super) async fn room_for(&self, key: &str) {
        loop {
            let fewer = self.fewer.notified();
            if lock(&self.waiting).turns.may_come(key, MOST) {
                return;
            }
            fewer.await;
        }
    }
}

impl Recording {
    /// An object will be asked for after those that were told of before, for as long as what comes back is held.
    pub(super) fn tell(self: &Arc<Recording>, key: &str) -> Told {
        self.in_turn.tell(key);
        Told { recording: Arc::clone(self), key: key.to_owned() }
    }

    /// It broke off, and may be asked for once more.
    pub(super) fn broke_off(&self, key: &str) {
        self.go_on(|waiting| waiting.turns.leave(key));
    }

    /// No turn brings anything any more.
    pub(super) fn turns_end(&self) {
        self.go_on(|waiting| waiting.turns.end());
        self.write_out(vec![self.in_turn.gathered.last()]);
    }

    /// An object came that had a turn when it was begun. Where another has brought it meanwhile, it is kept as any other.
    pub(super) fn came(&self, asked: Asked, whole: Whole) -> io::Result<()> {
        let whole = match whole {
            // It may be more by what each thread brings at once.
            Whole::Small(small) if lock(&self.in_turn.waiting).bytes > WAITING => {
                Whole::Kept(self.bodies.keep(&small)?)
            }
            whole => whole,
        };
        let mut second = None;
        self.go_on(|waiting| {
            let (key, bytes) = (asked.key.clone(), whole.in_memory());
            second = waiting.turns.bring(&key, (asked, whole));
            waiting.bytes += if second.is_none() { bytes } else { 0 };
        });
        second.map_or(Ok(()), |(asked, whole)| self.gather(asked, Some(whole)))
    }

    /// Takes a step, and writes what has its turn by that.
    fn go_on(&self, step: impl FnOnce(&mut Waiting)) {
        let mut full = Vec::new();
        {
            let waiting = &mut *lock(&self.in_turn.waiting);
            step(waiting);
            while let Some((asked, whole)) = waiting.turns.next() {
                waiting.bytes -= whole.in_memory();
                full.extend(self.in_turn.gathered.put(asked, Some(whole)));
            }
        }
        self.in_turn.fewer.notify_waiters();
        self.write_out(full);
    }

    fn write_out(&self, full: Vec<Full<Asked>>) {
        let (mut alone, mut beside) = (None, None);
        match full.len() {
            0 => return,
            1 => beside = Some(self.in_turn.catching_up.read().unwrap_or_else(PoisonError::into_inner)),
            _ => alone = Some(self.in_turn.catching_up.write().unwrap_or_else(PoisonError::into_inner)),
        }
        for full in full {
            self.in_turn.gathered.done(full, &InPlace(self)).unwrap_or_else(|error| self.failed(error));
        }
        drop((alone, beside));
    }
}

/// Notes what is put into its place in the bundle.
struct InPlace<'a>(&'a Recording);

impl Note<Asked> for InPlace<'_> {
    fn keep(&self, _: &[&Small]) -> io::Result<Vec<(u64, u64)>> {
        Ok(Vec::new())
    }

    fn note(&self, asked: Asked, kept: Option<Kept>, bytes: Option<&[u8]>) {
        let InPlace(recording) = self;
        let Some(kept) = kept else { return };
        let name = file_of(&asked.seen.folder, &asked.key);
        let written = match lock(&recording.zip).as_mut() {
            None => Err(io::Error::other("the bundle was given up")),
            Some(zip) => zip.write(&name, kept.crc32, &mut |out| match bytes {
                Some(bytes) => out.write_all(bytes),
                None => recording.bodies.hand_on(&kept, &mut |piece| out.write_all(piece)),
            }),
        };
        match written {
            Ok(()) => recording.noted(asked, Some(Kept { parts: Vec::new(), ..kept }), |seen| &seen.placed),
            Err(error) => recording.failed(error),
        }
    }
}

/// Bytes of small log files that may wait in memory for their turn. What comes beyond that waits on the disk: one answer that
/// takes its time must not keep the others from coming.
const WAITING: usize = 16 << 20;

/// Log files that may wait for their turn, wherever their bytes are, before no more are asked for: what is noted of each takes
/// some hundreds of bytes.
const MOST: usize = 1 << 15;

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use sha2::{Digest, Sha256};

    use super::super::bodies::Bodies;
    use super::super::keeping::Keeping;
    use super::super::notes::{Note, Notes};
    use super::super::recording::Seen;
    use super::super::{Archive, IncludeLogs};
    use super::*;
    use crate::audit::Evidence;
    use crate::keys::{KeyOrigin, KeysAtHand};
    use crate::limits::Limits;
    use crate::store::{MemoryStore, ObjectStore};

    fn recording(out: &std::path::Path) -> (Arc<Recording>, Arc<Seen>) {
        let keys = Arc::new(KeysAtHand::new(crate::digest::KeySet::default(), "none", KeyOrigin::Pinned));
        let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::new(Some("bucket")));
        let evidence = Evidence { stores: vec![store], ..Evidence::default() };
        let (recording, ..) = Recording::of(evidence, keys, IncludeLogs::All, &Limits::default(), out).unwrap();
        let seen = Arc::clone(&lock(&recording.stores)[0]);
        (recording, seen)
    }

    fn whole(bytes: &[u8], bodies: &Bodies) -> Whole {
        let mut keeping = Keeping::within(bodies);
        keeping.push(bytes, bodies).unwrap();
        keeping.finish(bodies).unwrap()
    }

    #[tokio::test]
    async fn whatever_waits_in_memory_or_on_the_disk_is_in_its_place_and_noted_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out.zip");
        let (recording, seen) = recording(&out);
        // Twice as much as may wait in memory, small ones and one that is not.
        let bytes = |n: usize| vec![n as u8; if n == 7 { 600_000 } else { 200_000 + n }];
        let count = WAITING / 100_000;
        let key = |n: usize| format!("key-{:03}", count - n);
        let told: Vec<Told> = (0..count).map(|n| recording.tell(&key(n))).collect();
        for n in (0..count).rev() {
            assert!(recording.in_turn.begin(&key(n)));
            let asked = Asked { seen: Arc::clone(&seen), key: key(n), note: Note::default(), in_turn: true };
            recording.came(asked, whole(&bytes(n), &recording.bodies)).unwrap();
            let waiting = lock(&recording.in_turn.waiting).bytes;
            assert!(waiting <= WAITING + (1 << 20), "{waiting}");
        }
        assert_eq!(lock(&recording.in_turn.waiting).bytes, 0);
        drop(told);
        recording.ended().await.unwrap();
        let zip = lock(&recording.zip).take().unwrap();
        assert_eq!(zip.files(), count as u64);
        zip.finish().unwrap().name(&out).unwrap();
        let archive = Archive::open(&out).unwrap();
        let mut names = Vec::new();
        archive.names(|_, name| names.push(name.to_owned())).unwrap();
        assert!(names.iter().eq(&(0..count).map(|n| format!("evidence/bucket/{}", key(n))).collect::<Vec<_>>()));
        let mut notes = std::mem::replace(&mut *lock(&seen.placed), Notes::new(dir.path())).sorted().unwrap();
        for n in (0..count).rev() {
            let (noted, note) = notes.take::<Note>().unwrap().unwrap();
            let (kept, bytes) = (note.kept.unwrap(), bytes(n));
            assert_eq!((noted, kept.size, kept.crc32), (key(n), bytes.len() as u64, crc32fast::hash(&bytes)));
            assert_eq!(kept.sha256, *Sha256::digest(&bytes), "{n}");
            assert!(archive.read_small(&names[n], 1 << 20).unwrap().unwrap() == bytes, "{n}");
        }
    }

    #[tokio::test]
    async fn what_would_wait_among_too_many_is_not_asked_for_until_fewer_do() {
        let dir = tempfile::tempdir().unwrap();
        let (recording, _) = recording(&dir.path().join("out.zip"));
        let mut told: Vec<Told> = (0..MOST + 2).map(|n| recording.tell(&n.to_string())).collect();
        let last = told.pop().unwrap();
        // Nobody asks for any but the first and the last.
        told.drain(1..);
        let mut room = std::pin::pin!(recording.in_turn.room_for(&last.key));
        assert!((&mut room).now_or_never().is_none());
        recording.in_turn.room_for("0").await;
        told.clear();
        room.await;
    }
}
