//! What was recorded of objects, made ready to be packed: on all cores, some ahead of whoever packs, and handed over in the
//! order of their keys, however the threads take turns.

use std::io;
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bytes::Bytes;

use super::bodies::{Bodies, Kept};
use super::by_hand::{DigestByHand, Of as BucketOf};
use super::file_of;
use super::manifest::{Input, ManifestEntry};
use super::notes::{Note, Sorted};
use super::recording::Seen;
use crate::limits::Limits;
use crate::store::dir::ObjectRecord;
use crate::trail::DigestKey;

/// What was recorded of one bucket, by key.
pub(super) struct Recorded<'a> {
    pub seen: &'a Seen,
    pub bodies: &'a Bodies,
    /// Which of the objects that were kept go into the bundle.
    pub wanted: &'a (dyn Fn(&str) -> bool + Sync),
    pub notes: Noted,
}

/// What was noted of objects: when they were listed, when they were given, and when they were put into their place.
pub(super) struct Noted {
    pub shown: Sorted,
    pub given: Sorted,
    pub placed: Sorted,
}

/// Some objects that follow each other.
#[derive(Default)]
pub(super) struct Ready {
    /// Lines of the records.
    pub records: Vec<u8>,
    pub files: Vec<ReadyFile>,
    bodies: Vec<u8>,
    /// Entries of the manifest.
    listed: Vec<u8>,
}

/// An object that goes into the bundle.
pub(super) struct ReadyFile {
    pub name: String,
    pub kept: Kept,
    listed: Range<usize>,
    /// What goes before it, if it is a digest file; none of those, and it is a log file.
    pub digest: Option<Option<DigestByHand>>,
    body: Option<Range<usize>>,
    /// Whether it is in its place in the bundle.
    pub placed: bool,
}

impl Ready {
    /// The bytes of one of its files; none where it is so long that it is to be read when it is packed.
    pub(super) fn body(&self, file: &ReadyFile) -> Option<&[u8]> {
        self.bodies.get(file.body.clone()?)
    }

    /// The entry of one of its files in the manifest.
    pub(super) fn listed(&self, file: &ReadyFile) -> &[u8] {
        &self.listed[file.listed.clone()]
    }
}

impl Recorded<'_> {
    /// Hands on all of them, in order.
    pub(super) fn each(self, mut take: impl FnMut(&Ready) -> io::Result<()>) -> io::Result<()> {
        let Recorded { seen, bodies, wanted, notes } = self;
        let of = Of { seen, bodies, wanted };
        let (promised, promises) = sync_channel(AHEAD);
        let notes = Mutex::new(Notes { left: notes, promised: Some(promised) });
        // Rooms that are used again.
        let rooms = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| of.work(&notes, &rooms));
            }
            // However this ends, whoever waits for room to promise more must not wait on.
            let promises: Receiver<Promise> = promises;
            for promise in promises {
                let ready = promise.recv().map_err(|_| io::Error::other("a thread that packs panicked"))??;
                take(&ready)?;
                rooms.lock().unwrap_or_else(PoisonError::into_inner).push(ready);
            }
            Ok(())
        })
    }
}

/// What will be there when it is ready.
type Promise = Receiver<io::Result<Ready>>;

/// The notes that were not taken yet.
struct Notes {
    left: Noted,
    /// Where what is taken is promised, in the order in which it is taken; none once all is, or none is wanted.
    promised: Option<SyncSender<Promise>>,
}

type Taken = (Vec<OfObject>, Sender<io::Result<Ready>>);

impl Notes {
    /// Takes the next ones, and promises what will be made of them. None at the end.
    fn take(&mut self) -> Option<Taken> {
        let promised = self.promised.take()?;
        let notes = self.next_ones();
        let (keep, promise) = channel();
        // It waits here until what was promised before is used up: no more than so much is ever ready.
        if promised.send(promise).is_ok() && notes.as_ref().is_ok_and(|notes| !notes.is_empty()) {
            self.promised = Some(promised);
        }
        match notes {
            Ok(notes) => Some((notes, keep)),
            Err(error) => {
                let _ = keep.send(Err(error));
                None
            }
        }
    }

    fn next_ones(&mut self) -> io::Result<Vec<OfObject>> {
        let mut notes = Vec::with_capacity(OBJECTS);
        let mut bytes = 0;
        while notes.len() < OBJECTS
            && bytes < BYTES
            && let Some(next) = self.left.next()?
        {
            let to_read = next.note.kept.as_ref().filter(|_| !next.placed);
            bytes += to_read.map_or(0, |kept| kept.size);
            notes.push(next);
        }
        Ok(notes)
    }
}

#[derive(Clone, Copy)]
struct Of<'a> {
    seen: &'a Seen,
    bodies: &'a Bodies,
    wanted: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Of<'_> {
    fn work(self, notes: &Mutex<Notes>, rooms: &Mutex<Vec<Ready>>) {
        // Where another thread panicked over the notes, some of them are lost, and there is no bundle. It is a closure of its
        // own, for the notes must not stay locked while what was taken is made ready.
        let next = || notes.lock().expect("no thread that packs panicked").take();
        while let Some((taken, promised)) = next() {
            let room = rooms.lock().unwrap_or_else(PoisonError::into_inner).pop();
            // Nobody waits for it any more if another one failed.
            let _ = promised.send(self.ready(taken, room.unwrap_or_default()));
        }
    }

    fn ready(self, notes: Vec<OfObject>, mut room: Ready) -> io::Result<Ready> {
        let ready = &mut room;
        ready.files.clear();
        ready.records.clear();
        ready.listed.clear();
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for OfObject { key, note, placed } in notes {
            let (record, kept) = note.into_record(key);
            serde_json::to_writer(&mut ready.records, &record)?;
            ready.records.push(b'\n');
            match kept {
                Some(kept) if (self.wanted)(&record.key) => wanted.push((record, kept, placed)),
                kept => unwanted.extend(kept),
            }
        }
        let all: Vec<&Kept> = wanted.iter().filter(|(.., placed)| !placed).map(|(_, kept, _)| kept).collect();
        let places = self.bodies.together(&all, BYTES, &mut ready.bodies)?;
        let read = all.iter().zip(&places).filter_map(|(kept, place)| place.as_ref().and(Some(*kept)));
        self.bodies.give_back(&read.chain(&unwanted).collect::<Vec<_>>());
        let mut places = places.into_iter();
        for (record, kept, placed) in wanted {
            let body = if placed { None } else { places.next().flatten() };
            self.file(record, kept, body, placed, ready)?;
        }
        Ok(room)
    }

    fn file(
        self,
        record: ObjectRecord,
        kept: Kept,
        body: Option<Range<usize>>,
        placed: bool,
        ready: &mut Ready,
    ) -> io::Result<()> {
        let folder = &*self.seen.folder;
        let name = file_of(folder, &record.key);
        let is_digest = kept.size <= Limits::default().digest_stored && DigestKey::parse(&record.key).is_some();
        let digest = match &body {
            _ if !is_digest => None,
            Some(body) => Some(Bytes::copy_from_slice(&ready.bodies[body.clone()])),
            None => {
                let mut whole = Vec::new();
                self.bodies.whole(&kept, &mut whole)?;
                Some(whole.into())
            }
        };
        let of = BucketOf { bucket: self.seen.bucket.as_deref(), framing: self.seen.framing, folder };
        let digest = digest.map(|body| DigestByHand::read(of, &name, &record, body));
        let ObjectRecord { key, version_id, etag, last_modified, sha256, .. } = record;
        let input = Some(Input { bucket: self.seen.bucket.clone(), key, version_id, etag, last_modified });
        let entry = ManifestEntry { name, size: kept.size, sha256: sha256.unwrap_or_default(), input };
        let start = ready.listed.len();
        serde_json::to_writer(&mut ready.listed, &entry)?;
        ready.files.push(ReadyFile { name: entry.name, kept, listed: start..ready.listed.len(), digest, body, placed });
        Ok(())
    }
}

/// What is known of an object, and whether it is in its place in the bundle.
struct OfObject {
    key: String,
    note: Note,
    placed: bool,
}

impl Noted {
    /// What is known of the next object: what asking for it gave, and beside that what a listing showed. What is in its place
    /// counts before what was given otherwise.
    fn next(&mut self) -> io::Result<Option<OfObject>> {
        let first = [&self.shown, &self.given, &self.placed].into_iter().filter_map(Sorted::peek).min();
        let Some(first) = first.map(<[u8]>::to_vec) else { return Ok(None) };
        let of_first = |notes: &mut Sorted| match notes.peek() == Some(&*first) {
            true => notes.take::<Note>().map(|taken| taken.map(|(_, note)| note)),
            false => Ok(None),
        };
        let (shown, given) = (of_first(&mut self.shown)?, of_first(&mut self.given)?);
        let placed = of_first(&mut self.placed)?;
        let is_placed = placed.is_some();
        let note = match (shown, placed.or(given)) {
            (Some(shown), None) => shown,
            (None, given) => given.unwrap_or_default(),
            (Some(shown), Some(given)) => Note {
                size: given.size.or(shown.size),
                etag: given.etag.or(shown.etag),
                last_modified: given.last_modified.or(shown.last_modified),
                storage_class: given.storage_class.or(shown.storage_class),
                special: shown.special,
                only_told: shown.only_told,
                ..given
            },
        };
        let key = String::from_utf8(first).map_err(io::Error::other)?;
        Ok(Some(OfObject { key, note, placed: is_placed }))
    }
}

/// Objects that are made ready together.
const OBJECTS: usize = 256;

/// Bytes of them after which no more go with them; of what is longer, the bytes are read when it is packed.
const BYTES: u64 = 1 << 20;

/// How often as many may be ready, or on their way to it, before they are packed.
const AHEAD: usize = 8;
