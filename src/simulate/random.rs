//! Chance, derived from the seed and from names alone, so that the order in which things are made never matters.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// A stream of chance with the few draws that a simulated trail needs; integers only, for floats differ by machine.
pub(super) struct Random(ChaCha8Rng);

/// 32 bytes that depend on `seed` and on `parts`, each of which counts with its length.
pub(super) fn derive(seed: u64, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

impl Random {
    /// The stream that belongs to `seed` and `parts`.
    pub(super) fn derived(seed: u64, parts: &[&str]) -> Random {
        Random::new(derive(seed, parts), 0)
    }

    /// The stream numbered `stream` of those that belong to `key`.
    pub(super) fn new(key: [u8; 32], stream: u64) -> Random {
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        Random(rng)
    }

    /// A number below `bound`, or 0 where nothing is below it.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        // Multiply and shift: a bias of one in billions is nothing here, and there is no loop.
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number of `low..=high`.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True `percent` times in a hundred.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// An index into something that has `length` elements.
    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize
    }

    /// One of `choices`, which are not empty.
    pub(super) fn pick<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        &choices[self.index(choices.len())]
    }

    pub(super) fn push_hex(&mut self, out: &mut Vec<u8>, length: usize) {
        self.push_letters(out, HEX, 4, length);
    }

    pub(super) fn push_alphanumeric(&mut self, out: &mut Vec<u8>, length: usize) {
        for _ in 0..length {
            out.push(ALPHANUMERIC[self.below(62) as usize]);
        }
    }

    /// The letters of AWS's unique ids and access keys.
    pub(super) fn push_base32(&mut self, out: &mut Vec<u8>, length: usize) {
        self.push_letters(out, BASE32, 5, length);
    }

    /// `length` letters as a text.
    pub(super) fn text(&mut self, length: usize, push: impl Fn(&mut Random, &mut Vec<u8>, usize)) -> String {
        let mut out = Vec::with_capacity(length);
        push(self, &mut out, length);
        String::from_utf8_lossy(&out).into_owned()
    }

    pub(super) fn push_uuid(&mut self, out: &mut Vec<u8>) {
        let mut bits = (u128::from(self.0.next_u64()) << 64) | u128::from(self.0.next_u64());
        // Version 4, variant 1, as every UUID of AWS's has.
        bits = bits & !(0xf << 76) | (0x4 << 76);
        bits = bits & !(0x3 << 62) | (0x2 << 62);
        for digit in 0..32 {
            if matches!(digit, 8 | 12 | 16 | 20) {
                out.push(b'-');
            }
            out.push(HEX[(bits >> (124 - 4 * digit)) as usize & 0xf]);
        }
    }

    /// `bits` at a time out of 64: several letters for one draw.
    fn push_letters(&mut self, out: &mut Vec<u8>, letters: &[u8], bits: u32, length: usize) {
        let (mut pool, mut left) = (0, 0);
        for _ in 0..length {
            if left < bits {
                (pool, left) = (self.0.next_u64(), 64);
            }
            out.push(letters[pool as usize & ((1 << bits) - 1)]);
            pool >>= bits;
            left -= bits;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_version_4() {
        let mut out = Vec::new();
        Random::derived(7, &["uuid"]).push_uuid(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(derive(1, &["ab", "c"]), derive(1, &["a", "bc"]));
        assert_ne!(derive(1, &["a"]), derive(2, &["a"]));
    }

    #[test]
    fn draws_are_the_same_on_every_machine() {
        // Known answers: a change here changes every simulated trail that anyone has pinned.
        let mut random = Random::derived(1, &["known"]);
        let draws: Vec<u32> = (0..4).map(|_| random.below(1000)).collect();
        assert_eq!((draws, random.text(8, Random::push_hex)), (vec![909, 737, 163, 612], "41622ee0".to_owned()));
    }
}
