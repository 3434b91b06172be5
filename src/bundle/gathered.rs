//! What was given, gathered until it is worth while: small objects are hashed together, and noted in the order in which they
//! were given, whichever thread has done its part first.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use super::bodies::Kept;
use super::keeping::{Small, Whole};
use super::locked::lock;
use crate::lockstep::{Kernel, sha256};

/// Gathers what was given; `T` is how the caller knows it again.
pub(super) struct Gathered<T> {
    under_way: Mutex<Batch<T>>,
    done: Mutex<Done<T>>,
}

/// Objects that are hashed together.
struct Batch<T> {
    number: u64,
    given: Vec<(T, Option<Whole>)>,
    bytes: usize,
}

/// Batches that are done, of which those that were begun before are not.
struct Done<T> {
    next: u64,
    waiting: BTreeMap<u64, Vec<Hashed<T>>>,
}

/// An object of which everything is known, if it is kept at all.
type Hashed<T> = (T, Option<Kept>, Option<Small>);

/// A batch that is full, and waits for whoever filled it to see to it.
pub(super) struct Full<T>(Batch<T>);

/// What takes note of objects in their order: what each is, if it was kept, and the bytes of one that is small.
pub(super) trait Note<T> {
    /// Keeps small objects, and gives the place of each; none at all where each is kept when it is noted.
    fn keep(&self, all: &[&Small]) -> io::Result<Vec<(u64, u64)>>;

    /// Notes one.
    fn note(&self, of: T, kept: Option<Kept>, bytes: Option<&[u8]>);
}

impl<T> Default for Gathered<T> {
    fn default() -> Gathered<T> {
        let done = Done { next: 0, waiting: BTreeMap::new() };
        Gathered { under_way: Mutex::new(Batch::of(0)), done: Mutex::new(done) }
    }
}

impl<T> Gathered<T> {
    /// Takes an object; with the batch that is full by that, whoever gave it goes on to [`Gathered::done`].
    pub(super) fn put(&self, of: T, whole: Option<Whole>) -> Option<Full<T>> {
        let mut batch = lock(&self.under_way);
        batch.bytes += whole.as_ref().map_or(0, Whole::in_memory);
        batch.given.push((of, whole));
        (batch.bytes >= BYTES || batch.given.len() >= OBJECTS).then(|| batch.next())
    }

    /// Nothing more is given: what there is.
    pub(super) fn last(&self) -> Full<T> {
        lock(&self.under_way).next()
    }

    /// Sees to a full batch, and to those after it that waited for it.
    pub(super) fn done(&self, Full(batch): Full<T>, to: &impl Note<T>) -> io::Result<()> {
        let number = batch.number;
        // One that could not be kept is told of, and keeps none from its turn.
        let (hashed, kept) = batch.hashed(to).map_or_else(|error| (Vec::new(), Err(error)), |hashed| (hashed, Ok(())));
        let mut done = lock(&self.done);
        let Done { next, waiting } = &mut *done;
        waiting.insert(number, hashed);
        while let Some(hashed) = waiting.remove(next) {
            *next += 1;
            hashed.into_iter().for_each(|(of, kept, small)| to.note(of, kept, small.as_ref().map(Small::bytes)));
        }
        kept
    }
}

impl<T> Batch<T> {
    fn of(number: u64) -> Batch<T> {
        Batch { number, given: Vec::new(), bytes: 0 }
    }

    /// Puts an empty one in its place.
    fn next(&mut self) -> Full<T> {
        let next = Batch::of(self.number + 1);
        Full(std::mem::replace(self, next))
    }

    fn hashed(self, to: &impl Note<T>) -> io::Result<Vec<Hashed<T>>> {
        let all: Vec<&Small> = self.given.iter().filter_map(|(_, whole)| whole.as_ref()?.small()).collect();
        let mut places = to.keep(&all)?.into_iter();
        let mut hashes = Kernel::best().states(&all.iter().map(|small| small.blocks()).collect::<Vec<_>>()).into_iter();
        let known = |(of, whole)| match whole {
            None => (of, None, None),
            Some(Whole::Kept(kept)) => (of, Some(kept), None),
            Some(Whole::Small(small)) => {
                let kept = hashes.next().map(|state| small.known(sha256(&state), places.next().into_iter().collect()));
                (of, kept, Some(small))
            }
        };
        Ok(self.given.into_iter().map(known).collect())
    }
}

/// Bytes of small objects that are worth being hashed together and written at once.
const BYTES: usize = 1 << 20;

/// As many are, however small.
const OBJECTS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// What was noted: of what, and the bytes that came with it.
    #[derive(Default)]
    struct Noted(Mutex<Vec<One>>);

    type One = (&'static str, Option<Vec<u8>>);

    impl Note<&'static str> for Noted {
        fn keep(&self, _: &[&Small]) -> io::Result<Vec<(u64, u64)>> {
            Ok(Vec::new())
        }

        fn note(&self, of: &'static str, kept: Option<Kept>, bytes: Option<&[u8]>) {
            if let (Some(kept), Some(bytes)) = (kept, bytes) {
                assert_eq!((kept.size, kept.crc32), (bytes.len() as u64, crc32fast::hash(bytes)));
            }
            lock(&self.0).push((of, bytes.map(<[u8]>::to_vec)));
        }
    }

    #[test]
    fn what_is_noted_keeps_its_order_whichever_batch_is_done_first() {
        let (gathered, noted) = (Gathered::default(), Noted::default());
        let small = |byte| Some(Whole::Small(Small::of(&[byte; 70])));
        assert!(gathered.put("first", small(1)).is_none() && gathered.put("second", small(2)).is_none());
        let first = gathered.last();
        assert!(gathered.put("third", None).is_none());
        gathered.done(gathered.last(), &noted).unwrap();
        assert!(lock(&noted.0).is_empty(), "it is not the turn of the third");
        gathered.done(first, &noted).unwrap();
        let noted = noted.0.into_inner().unwrap();
        assert_eq!(noted, [("first", Some(vec![1; 70])), ("second", Some(vec![2; 70])), ("third", None)]);
    }

    #[test]
    fn what_waits_is_full_when_it_is_enough() {
        let gathered = Gathered::default();
        assert_eq!((0..OBJECTS * 2).filter_map(|_| gathered.put("one", None)).count(), 2);
        let large = || Some(Whole::Small(Small::of(&vec![0; BYTES / 4])));
        assert!(gathered.put("large", large()).is_none() && gathered.put("large", large()).is_some());
    }
}
