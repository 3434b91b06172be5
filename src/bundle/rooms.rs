//! Memory for bytes on their way, used again and again: to get new pages from the system for each object costs more than to
//! copy it.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};

use super::locked::lock;

/// Rooms that nobody is in.
#[derive(Clone, Default)]
pub(super) struct Rooms(Arc<Mutex<Vec<Vec<u8>>>>);

/// Room for the bytes of one object or of some, empty at first.
pub(super) struct Room {
    bytes: Vec<u8>,
    of: Rooms,
}

impl Rooms {
    /// One of them, or a new one.
    pub(super) fn room(&self) -> Room {
        let bytes = lock(&self.0).pop().unwrap_or_default();
        Room { bytes, of: self.clone() }
    }
}

impl Room {
    /// The same bytes where they take not much more than they are: one that waits keeps no room that a large one was in.
    pub(super) fn fitted(self) -> Room {
        if self.bytes.capacity() <= SMALL || self.bytes.capacity() <= 2 * self.bytes.len() {
            return self;
        }
        Room { bytes: self.bytes.to_vec(), of: self.of.clone() }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let mut rooms = lock(&self.of.0);
        if rooms.len() < MOST && bytes.capacity() <= LARGEST {
            rooms.push(bytes);
        }
    }
}

impl Deref for Room {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// Rooms that are kept for others: as many as two cores read at once, and some that wait.
const MOST: usize = 64;

/// Bytes of one that is small enough for whatever is in it.
const SMALL: usize = 32 << 10;

/// Bytes of one that is worth being kept.
const LARGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_used_again_and_is_empty_then() {
        let rooms = Rooms::default();
        let mut room = rooms.room();
        room.extend_from_slice(&[7; 1_000]);
        let at = room.as_ptr();
        drop(room);
        let again = rooms.room();
        assert!(again.is_empty() && again.capacity() >= 1_000 && again.as_ptr() == at);
        assert_eq!(rooms.room().capacity(), 0);
        let mut roomy = rooms.room();
        roomy.reserve_exact(SMALL * 8);
        roomy.extend_from_slice(&[7; SMALL]);
        let at = roomy.as_ptr();
        let fitted = roomy.fitted();
        assert!(*fitted == [7; SMALL] && fitted.capacity() <= SMALL * 2);
        assert_eq!(rooms.room().as_ptr(), at, "it is for others at once");
        let mut large = rooms.room();
        large.reserve(LARGEST + 1);
        drop(large);
        drop((0..MOST * 2).map(|_| rooms.room()).collect::<Vec<_>>());
        assert_eq!(lock(&rooms.0).len(), MOST);
        assert!(lock(&rooms.0).iter().all(|room| room.capacity() <= LARGEST));
    }
}
