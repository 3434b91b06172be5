//! SHA-256 of several streams at once.
//!
//! One stream is bound by how long each round waits for the one before it. Streams that have nothing to do with each other
//! fill that time, in the lanes of a vector or interleaved, and together get through two to three times as many bytes. No
//! well-kept crate offers that for streams that come piece by piece, and hashing log files is most of what this program
//! does, so it is here: SHA-256's compression function alone (FIPS 180-4, section 6.2.2), held against `sha2` by tests.
//!
//! Which blocks belong to which file is [`logfile`](crate::logfile)'s business.

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[allow(unsafe_code, reason = "vector instructions; the only module that may")]
mod x86;

use std::fmt;

use sha2::block_api::compress256;

/// Bytes of a block.
pub const BLOCK: usize = 64;

/// What is carried from block to block.
pub type State = [u32; 8];

/// The state before the first block (FIPS 180-4, section 5.3.3).
pub const INITIAL: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A way to advance several streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// `sha2`, one stream after the other: any CPU, with its SHA instructions where it has some.
    Portable,
    /// x86's SHA instructions, four streams interleaved.
    ShaNi,
    /// Eight streams in the lanes of AVX2.
    Avx2,
    /// Sixteen streams in the lanes of AVX-512.
    Avx512,
}

/// A stream that is to be advanced: its state, and whole blocks of it.
pub struct Stream<'a> {
    /// Where it stands.
    pub state: &'a mut State,
    /// What comes next.
    pub blocks: &'a [[u8; BLOCK]],
}

impl Kernel {
    /// Every one of them, the slowest first.
    pub const ALL: [Kernel; 4] = [Kernel::Portable, Kernel::Avx2, Kernel::ShaNi, Kernel::Avx512];

    /// Whether this CPU can.
    pub fn is_available(self) -> bool {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        return match self {
            Kernel::Portable => true,
            Kernel::ShaNi => x86::has_sha_ni(),
            Kernel::Avx2 => x86::has_avx2(),
            Kernel::Avx512 => x86::has_avx512(),
        };
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        return self == Kernel::Portable;
    }

    /// The fastest of this CPU.
    pub fn best() -> Kernel {
        Kernel::ALL.into_iter().rev().find(|kernel| kernel.is_available()).unwrap_or(Kernel::Portable)
    }

    /// How many streams it advances at once; with fewer it is slower.
    pub fn lanes(self) -> usize {
        match self {
            Kernel::Portable => 1,
            Kernel::ShaNi => 4,
            Kernel::Avx2 => 8,
            Kernel::Avx512 => 16,
        }
    }

    /// Advances each stream by its next `blocks` blocks. However many streams there are, each comes to the same state.
    ///
    /// # Panics
    ///
    /// If the CPU cannot, or if a stream has fewer blocks.
    pub fn advance(self, mut streams: &mut [Stream<'_>], blocks: usize) {
        while !streams.is_empty() {
            let (kernel, count) = self.for_count(streams.len());
            let (now, later) = streams.split_at_mut(count);
            match kernel {
                #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                Kernel::Avx512 => together(now, blocks, x86::avx512),
                #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                Kernel::Avx2 => together(now, blocks, x86::avx2),
                #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                Kernel::ShaNi if count > 2 => together(now, blocks, x86::sha_ni::<4>),
                #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                Kernel::ShaNi if count == 2 => together(now, blocks, x86::sha_ni::<2>),
                _ => now.iter_mut().for_each(|stream| compress256(stream.state, &stream.blocks[..blocks])),
            }
            streams = later;
        }
    }

    /// What is best for so many streams, and how many of them it takes. Idle lanes cost as much as busy ones.
    fn for_count(self, count: usize) -> (Kernel, usize) {
        let few = match self {
            Kernel::Portable => return (Kernel::Portable, count),
            Kernel::ShaNi => 2,
            Kernel::Avx2 => 3,
            // Where the CPU has both, that many are as fast with the other.
            Kernel::Avx512 if Kernel::ShaNi.is_available() => 11,
            Kernel::Avx512 => 2,
        };
        match self {
            kernel if count >= few => (kernel, count.min(kernel.lanes())),
            Kernel::Avx512 if Kernel::ShaNi.is_available() => Kernel::ShaNi.for_count(count),
            _ => (Kernel::Portable, count),
        }
    }
}

impl Kernel {
    /// Takes messages that end with their [`padding`], as many at once as it can: the state that each comes to.
    pub fn states(self, messages: &[&[[u8; BLOCK]]]) -> Vec<State> {
        let mut states = vec![INITIAL; messages.len()];
        let messages = states.iter_mut().zip(messages);
        let mut waiting: Vec<Stream<'_>> = messages.map(|(state, &blocks)| Stream { state, blocks }).collect();
        // The longest first, so that those that go together end together.
        waiting.sort_by_key(|stream| stream.blocks.len());
        let mut streams = Vec::with_capacity(self.lanes());
        loop {
            let free = waiting.len().saturating_sub(self.lanes() - streams.len());
            streams.extend(waiting.drain(free..).rev());
            let Some(blocks) = streams.iter().map(|stream| stream.blocks.len()).min() else { return states };
            self.advance(&mut streams, blocks);
            streams.iter_mut().for_each(|stream| stream.blocks = &stream.blocks[blocks..]);
            streams.retain(|stream| !stream.blocks.is_empty());
        }
    }
}

/// What follows a message of so many bytes in its last one or two blocks (FIPS 180-4, section 5.1.1).
pub fn padding(length: u64) -> Padding {
    let mut bytes = [0; 2 * BLOCK];
    bytes[0] = 0x80;
    let over = (length % BLOCK as u64) as usize;
    let end = (over + 1 + size_of::<u64>()).next_multiple_of(BLOCK) - over;
    bytes[end - size_of::<u64>()..end].copy_from_slice(&(length * 8).to_be_bytes());
    Padding { bytes, end }
}

/// What follows a message.
pub struct Padding {
    bytes: [u8; 2 * BLOCK],
    end: usize,
}

impl Padding {
    /// With these, the message is of whole blocks.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.end]
    }
}

/// The hash of a message that came to this state.
pub fn sha256(state: &State) -> [u8; 32] {
    let mut sha256 = [0; 32];
    for (bytes, word) in sha256.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    sha256
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kernel::Portable => "sha2",
            Kernel::ShaNi => "SHA-NI, 4 streams at once",
            Kernel::Avx2 => "AVX2, 8 streams at once",
            Kernel::Avx512 => "AVX-512, 16 streams at once",
        })
    }
}

/// Hands up to `N` streams to what advances exactly `N`: idle lanes go through the blocks of the first stream once more.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn together<const N: usize>(
    streams: &mut [Stream<'_>],
    blocks: usize,
    compress: impl Fn(&mut [State; N], [&[[u8; BLOCK]]; N], usize),
) {
    let data = std::array::from_fn(|lane| streams.get(lane).unwrap_or(&streams[0]).blocks);
    let mut states = std::array::from_fn(|lane| *streams.get(lane).unwrap_or(&streams[0]).state);
    compress(&mut states, data, blocks);
    for (stream, state) in streams.iter_mut().zip(states) {
        *stream.state = state;
    }
}

/// FIPS 180-4, section 4.2.2.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
const ROUND_CONSTANTS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks and states that look like nothing in particular.
    fn noise(seed: u64, words: usize) -> Vec<u32> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) as u32
        };
        std::iter::repeat_with(next).take(words).collect()
    }

    #[test]
    fn every_kernel_comes_to_the_state_that_sha2_comes_to() {
        let mut compared = 0;
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
            for count in 0..=35 {
                for blocks in [0, 1, 2, 5, 17] {
                    let bytes: Vec<Vec<u8>> = (0..count)
                        .map(|n| {
                            noise(n as u64 + 7, 16 * (blocks + n % 3)).into_iter().flat_map(u32::to_le_bytes).collect()
                        })
                        .collect();
                    let states: Vec<State> = (0..count).map(|n| noise(n as u64, 8).try_into().unwrap()).collect();
                    let (mut expected, mut found) = (states.clone(), states);
                    let data: Vec<&[[u8; BLOCK]]> = bytes.iter().map(|bytes| bytes.as_chunks().0).collect();
                    for (state, blocks_of) in expected.iter_mut().zip(&data) {
                        compress256(state, &blocks_of[..blocks]);
                    }
                    let mut streams: Vec<Stream<'_>> =
                        found.iter_mut().zip(&data).map(|(state, &blocks)| Stream { state, blocks }).collect();
                    kernel.advance(&mut streams, blocks);
                    assert_eq!(found, expected, "{kernel:?}, {count} streams, {blocks} blocks");
                    compared += count;
                }
            }
        }
        assert!(compared > 0);
    }

    #[test]
    fn messages_of_any_length_come_to_their_hash() {
        let messages: Vec<Vec<u8>> =
            (0..300).map(|n| noise(n, 75).into_iter().flat_map(u32::to_le_bytes).take(n as usize).collect()).collect();
        let padded: Vec<Vec<u8>> =
            messages.iter().map(|message| [message, padding(message.len() as u64).bytes()].concat()).collect();
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
            for count in [0, 1, 15, 16, 17, 300] {
                let blocks: Vec<&[[u8; BLOCK]]> = padded.iter().map(|message| message.as_chunks().0).collect();
                let found: Vec<[u8; 32]> = kernel.states(&blocks[..count]).iter().map(sha256).collect();
                let expected: Vec<[u8; 32]> = messages[..count]
                    .iter()
                    .map(|message| <sha2::Sha256 as sha2::Digest>::digest(message).into())
                    .collect();
                assert_eq!(found, expected, "{kernel:?}, {count}");
            }
        }
    }

    #[test]
    fn the_initial_state_is_that_of_the_empty_message() {
        let mut block = [0; BLOCK];
        block[0] = 0x80;
        let mut state = INITIAL;
        compress256(&mut state, &[block]);
        let empty: [u8; 32] = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new()).into();
        assert_eq!(state.map(u32::to_be_bytes).as_flattened(), empty);
    }

    #[test]
    fn what_this_cpu_has_is_chosen() {
        assert!(Kernel::Portable.is_available());
        assert!(Kernel::best().is_available());
        for kernel in Kernel::ALL {
            assert!(kernel.lanes() <= Kernel::ALL[3].lanes());
        }
    }
}
