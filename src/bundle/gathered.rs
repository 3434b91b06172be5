//! What was given, gathered until it is worth while: small objects are hashed together and written at once, and what is noted
//! of them is noted in the order in which they were given, whichever thread has done its part first.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Mutex;

use super::bodies::{Bodies, Kept, Small};
use super::locked::lock;
use crate::lockstep::{BLOCK, Kernel, padding, sha256};

/// Gathers what was given; `T` is how the caller knows it again.
pub(super) struct Gathered<T> {
    under_way: Mutex<Batch<T>>,
    /// A batch that was used and can be again, for its memory.
    spare: Mutex<Vec<Batch<T>>>,
    done: Mutex<Done<T>>,
}

/// Objects that are hashed and written together.
struct Batch<T> {
    number: u64,
    /// Each object, and what SHA-256 has follow it.
    bytes: Vec<u8>,
    given: Vec<(T, Given)>,
}

enum Given {
    /// A small object, its place in the batch.
    Small(Range<usize>),
    /// What has been dealt with, and only waits for its turn.
    Known(Option<Kept>),
}

/// Batches that are done, of which those that were begun before are not.
struct Done<T> {
    next: u64,
    waiting: BTreeMap<u64, Noted<T>>,
}

/// What is to be noted.
type Noted<T> = Vec<(T, Option<Kept>)>;

impl<T> Default for Gathered<T> {
    fn default() -> Gathered<T> {
        let done = Done { next: 0, waiting: BTreeMap::new() };
        Gathered { under_way: Mutex::default(), spare: Mutex::default(), done: Mutex::new(done) }
    }
}

impl<T> Default for Batch<T> {
    fn default() -> Batch<T> {
        Batch { number: 0, bytes: Vec::new(), given: Vec::new() }
    }
}

impl<T> Gathered<T> {
    /// Takes a small object; what there is to be noted goes to `note`.
    pub(super) fn small(
        &self,
        of: T,
        small: &Small,
        bodies: &Bodies,
        note: impl FnMut(T, Option<Kept>),
    ) -> io::Result<()> {
        self.add(of, bodies, note, |batch| {
            let start = batch.bytes.len();
            batch.bytes.extend_from_slice(small.bytes());
            let end = batch.bytes.len();
            batch.bytes.extend_from_slice(padding((end - start) as u64).bytes());
            Given::Small(start..end)
        })
    }

    /// Takes what needs nothing but to be noted.
    pub(super) fn known(
        &self,
        of: T,
        kept: Option<Kept>,
        bodies: &Bodies,
        note: impl FnMut(T, Option<Kept>),
    ) -> io::Result<()> {
        self.add(of, bodies, note, |_| Given::Known(kept))
    }

    /// Nothing more is given.
    pub(super) fn end(&self, bodies: &Bodies, note: impl FnMut(T, Option<Kept>)) -> io::Result<()> {
        let last = self.next(&mut lock(&self.under_way));
        self.done(last, bodies, note)
    }

    fn add(
        &self,
        of: T,
        bodies: &Bodies,
        note: impl FnMut(T, Option<Kept>),
        put: impl FnOnce(&mut Batch<T>) -> Given,
    ) -> io::Result<()> {
        let mut batch = lock(&self.under_way);
        let given = put(&mut batch);
        batch.given.push((of, given));
        if batch.bytes.len() < BYTES && batch.given.len() < OBJECTS {
            return Ok(());
        }
        let full = self.next(&mut batch);
        drop(batch);
        self.done(full, bodies, note)
    }

    /// Puts an empty batch in the place of one, which it gives.
    fn next(&self, batch: &mut Batch<T>) -> Batch<T> {
        let spare = lock(&self.spare).pop().unwrap_or_default();
        std::mem::replace(batch, Batch { number: batch.number + 1, ..spare })
    }

    fn done(&self, mut batch: Batch<T>, bodies: &Bodies, mut note: impl FnMut(T, Option<Kept>)) -> io::Result<()> {
        let number = batch.number;
        let kept = batch.keep(bodies);
        let mut done = lock(&self.done);
        let Done { next, waiting } = &mut *done;
        // One that could not be kept is told of, and keeps none from its turn.
        let (noted, kept) = kept.map_or_else(|error| (Vec::new(), Err(error)), |noted| (noted, Ok(())));
        waiting.insert(number, noted);
        while let Some(noted) = waiting.remove(next) {
            *next += 1;
            noted.into_iter().for_each(|(of, kept)| note(of, kept));
        }
        drop(done);
        batch.bytes.clear();
        batch.given.clear();
        let mut spare = lock(&self.spare);
        if spare.is_empty() {
            spare.push(batch);
        }
        kept
    }
}

impl<T> Batch<T> {
    fn keep(&mut self, bodies: &Bodies) -> io::Result<Noted<T>> {
        let start = bodies.append(&self.bytes)?;
        let small = |given: &Given| match given {
            Given::Small(place) => Some(place.clone()),
            Given::Known(_) => None,
        };
        let places: Vec<Range<usize>> = self.given.iter().filter_map(|(_, given)| small(given)).collect();
        let padded = |place: &Range<usize>| {
            let end = place.end + padding(place.len() as u64).bytes().len();
            self.bytes[place.start..end].as_chunks::<BLOCK>().0
        };
        let part = |place: &Range<usize>| (start + place.start as u64, place.len() as u64);
        bodies.want(&places.iter().map(part).collect::<Vec<_>>());
        let hashes = Kernel::best().states(&places.iter().map(padded).collect::<Vec<_>>());
        let mut hashed = places.iter().zip(&hashes).map(|(place, state)| Kept {
            size: place.len() as u64,
            sha256: sha256(state),
            crc32: crc32fast::hash(&self.bytes[place.clone()]),
            parts: vec![part(place)],
        });
        let kept = |given| match given {
            Given::Small(_) => hashed.next(),
            Given::Known(kept) => kept,
        };
        let (of, given): (Vec<T>, Vec<Given>) = self.given.drain(..).unzip();
        Ok(of.into_iter().zip(given.into_iter().map(kept)).collect())
    }
}

/// Bytes of small objects that are worth being hashed together and written at once.
const BYTES: usize = 512 << 10;

/// As many are, however small.
const OBJECTS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_keeps_its_order_whichever_batch_is_done_first() {
        let folder = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(folder.path()).unwrap();
        let gathered = Gathered::default();
        let mut noted = Vec::new();
        gathered.known("first", None, &bodies, |_, _| panic!("it is not the turn of any")).unwrap();
        let first = gathered.next(&mut lock(&gathered.under_way));
        gathered.known("second", None, &bodies, |_, _| panic!("it is not the turn of any")).unwrap();
        gathered.end(&bodies, |_, _| panic!("it is not the turn of the second")).unwrap();
        gathered.done(first, &bodies, |of, _| noted.push(of)).unwrap();
        assert_eq!(noted, ["first", "second"]);
    }

    #[test]
    fn what_waits_is_done_when_it_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        let bodies = Bodies::beside(folder.path()).unwrap();
        let gathered = Gathered::default();
        let mut noted = 0;
        (0..OBJECTS * 2).for_each(|n| gathered.known(n, None, &bodies, |_, _| noted += 1).unwrap());
        assert_eq!(noted, OBJECTS * 2);
    }
}
