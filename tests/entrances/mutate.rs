//! Inputs out of inputs: the same seed, the same inputs, on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Changes seeds a little, or a lot.
pub(crate) struct Mutator<'a> {
    chance: ChaCha8Rng,
    seeds: &'a [Vec<u8>],
}

/// Bytes that mean something to parsers.
const TELLING: [u8; 12] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\\', b'/', b'\n', b'{', b'0', 0x1f];

/// Longer inputs tell no more and take longer.
const LONGEST: usize = 16 << 10;

impl<'a> Mutator<'a> {
    pub(crate) fn new(seed: u64, seeds: &'a [Vec<u8>]) -> Mutator<'a> {
        Mutator { chance: ChaCha8Rng::seed_from_u64(seed), seeds }
    }

    /// A seed with one to four changes.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        for _ in 0..1 + self.below(4) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let length = 1 + self.below(16.min(input.len() - at + 1));
        let end = (at + length).min(input.len());
        match self.below(8) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = TELLING[self.below(TELLING.len())],
            2 if at < input.len() => input[at] = input[at].wrapping_add(self.below(5) as u8).wrapping_sub(2),
            3 => drop(input.drain(at..end)),
            4 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            5 => input.truncate(at),
            6 => {
                // A part of another seed.
                let other = self.seed();
                let from = self.below(other.len() + 1);
                let part = &other[from..(from + 4 * length).min(other.len())];
                let until = if self.below(2) == 0 { at } else { end };
                input.splice(at..until, part.iter().copied());
            }
            _ => {
                let bytes: Vec<u8> = (0..length).map(|_| self.below(256) as u8).collect();
                input.splice(at..at, bytes);
            }
        }
    }

    fn seed(&mut self) -> &'a [u8] {
        let at = self.below(self.seeds.len());
        &self.seeds[at]
    }

    fn below(&mut self, most: usize) -> usize {
        (self.chance.next_u64() % most.max(1) as u64) as usize
    }
}
