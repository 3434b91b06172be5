//! SHA-256's compression function on x86: SHA-NI, AVX2, AVX-512.
//!
//! The only file in which `unsafe` is allowed. It is needed for two things: to call what was compiled for instructions that
//! this CPU turned out to have, and to move vectors from and to memory. All else, the arithmetic and the walk over the
//! blocks, is safe code.

use std::arch::is_x86_feature_detected;

use super::{BLOCK, ROUND_CONSTANTS as K, State};

/// Whether this CPU has what [`sha_ni`] takes.
pub(super) fn has_sha_ni() -> bool {
    is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("ssse3")
}

/// Whether this CPU has what [`avx2`] takes.
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

/// Whether this CPU has what [`avx512`] takes.
pub(super) fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
}

/// Advances `N` streams, interleaved, by `blocks` blocks each.
pub(super) fn sha_ni<const N: usize>(states: &mut [State; N], data: [&[[u8; BLOCK]]; N], blocks: usize) {
    assert!(has_sha_ni());
    // SAFETY: the instructions that it was compiled for are there; the line above made sure.
    unsafe { sha_ni::compress(states, data, blocks) }
}

/// Advances 8 streams, a lane of a vector each, by `blocks` blocks each.
pub(super) fn avx2(states: &mut [State; 8], data: [&[[u8; BLOCK]]; 8], blocks: usize) {
    assert!(has_avx2());
    // SAFETY: the instructions that it was compiled for are there; the line above made sure.
    unsafe { avx2::compress(states, data, blocks) }
}

/// Advances 16 streams, a lane of a vector each, by `blocks` blocks each.
pub(super) fn avx512(states: &mut [State; 16], data: [&[[u8; BLOCK]]; 16], blocks: usize) {
    assert!(has_avx512());
    // SAFETY: the instructions that it was compiled for are there; the line above made sure.
    unsafe { avx512::compress(states, data, blocks) }
}

// -- One stream a vector register: the CPU's own SHA-256 instructions --

mod sha_ni {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::*;
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::*;

    use super::{BLOCK, K, State};

    /// Four rounds take four message words. The streams wait for nothing of each other, so that while the instructions of one
    /// are under way, those of the next can begin.
    #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
    pub(super) fn compress<const N: usize>(states: &mut [State; N], data: [&[[u8; BLOCK]]; N], blocks: usize) {
        let (mut abef, mut cdgh) = ([_mm_setzero_si128(); N], [_mm_setzero_si128(); N]);
        for n in 0..N {
            (abef[n], cdgh[n]) = packed(&states[n]);
        }
        for block in 0..blocks {
            let (abef_before, cdgh_before) = (abef, cdgh);
            let mut words = [[_mm_setzero_si128(); 4]; N];
            for n in 0..N {
                words[n] = message(data[n], block);
            }
            macro_rules! four_rounds {
                ($($i:literal)*) => {$(
                    for n in 0..N {
                        let words = &mut words[n];
                        let sum = _mm_add_epi32(words[$i % 4], constants($i));
                        cdgh[n] = _mm_sha256rnds2_epu32(cdgh[n], abef[n], sum);
                        abef[n] = _mm_sha256rnds2_epu32(abef[n], cdgh[n], _mm_shuffle_epi32(sum, 0x0e));
                        if $i >= 3 && $i < 15 {
                            let last = _mm_alignr_epi8(words[$i % 4], words[($i + 3) % 4], 4);
                            let next = _mm_add_epi32(words[($i + 1) % 4], last);
                            words[($i + 1) % 4] = _mm_sha256msg2_epu32(next, words[$i % 4]);
                        }
                        if $i >= 1 && $i < 13 {
                            words[($i + 3) % 4] = _mm_sha256msg1_epu32(words[($i + 3) % 4], words[$i % 4]);
                        }
                    }
                )*};
            }
            four_rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
            for n in 0..N {
                abef[n] = _mm_add_epi32(abef[n], abef_before[n]);
                cdgh[n] = _mm_add_epi32(cdgh[n], cdgh_before[n]);
            }
        }
        for n in 0..N {
            unpack(abef[n], cdgh[n], &mut states[n]);
        }
    }

    /// The state in the order in which the instructions want it.
    #[target_feature(enable = "sse2")]
    #[inline]
    fn packed(state: &State) -> (__m128i, __m128i) {
        let [a, b, c, d, e, f, g, h] = state.map(u32::cast_signed);
        (_mm_set_epi32(a, b, e, f), _mm_set_epi32(c, d, g, h))
    }

    #[target_feature(enable = "sse2,sse4.1")]
    #[inline]
    fn unpack(abef: __m128i, cdgh: __m128i, state: &mut State) {
        *state = [
            _mm_extract_epi32(abef, 3),
            _mm_extract_epi32(abef, 2),
            _mm_extract_epi32(cdgh, 3),
            _mm_extract_epi32(cdgh, 2),
            _mm_extract_epi32(abef, 1),
            _mm_extract_epi32(abef, 0),
            _mm_extract_epi32(cdgh, 1),
            _mm_extract_epi32(cdgh, 0),
        ]
        .map(i32::cast_unsigned);
    }

    /// The sixteen words of a stream's block, which are big-endian.
    #[target_feature(enable = "sse2,ssse3")]
    #[inline]
    fn message(stream: &[[u8; BLOCK]], block: usize) -> [__m128i; 4] {
        let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        let mut words = [_mm_setzero_si128(); 4];
        for (word, bytes) in words.iter_mut().zip(stream[block].as_chunks::<16>().0) {
            // SAFETY: `bytes` are 16 bytes, which is what is read, and the instruction asks for no alignment.
            *word = _mm_shuffle_epi8(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }, swap);
        }
        words
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn constants(i: usize) -> __m128i {
        let [a, b, c, d] = [K[4 * i], K[4 * i + 1], K[4 * i + 2], K[4 * i + 3]].map(u32::cast_signed);
        _mm_set_epi32(d, c, b, a)
    }
}

// -- One stream a lane: every variable of the algorithm is a vector of as many as there are lanes --

/// One round over `$w`'s word `$i`. The variables change places by name alone.
macro_rules! round {
    ($w:ident $k:ident $i:literal $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        let sum = add(add($h, splat($k[$i])), add($w[$i], choose($e, $f, $g)));
        let sum = add(sum, xor3(ror::<6>($e), ror::<11>($e), ror::<25>($e)));
        $d = add($d, sum);
        $h = add(add(sum, majority($a, $b, $c)), xor3(ror::<2>($a), ror::<13>($a), ror::<22>($a)));
    };
}

macro_rules! sixteen_rounds {
    ($w:ident $k:ident $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        round!($w $k 0 $a $b $c $d $e $f $g $h);
        round!($w $k 1 $h $a $b $c $d $e $f $g);
        round!($w $k 2 $g $h $a $b $c $d $e $f);
        round!($w $k 3 $f $g $h $a $b $c $d $e);
        round!($w $k 4 $e $f $g $h $a $b $c $d);
        round!($w $k 5 $d $e $f $g $h $a $b $c);
        round!($w $k 6 $c $d $e $f $g $h $a $b);
        round!($w $k 7 $b $c $d $e $f $g $h $a);
        round!($w $k 8 $a $b $c $d $e $f $g $h);
        round!($w $k 9 $h $a $b $c $d $e $f $g);
        round!($w $k 10 $g $h $a $b $c $d $e $f);
        round!($w $k 11 $f $g $h $a $b $c $d $e);
        round!($w $k 12 $e $f $g $h $a $b $c $d);
        round!($w $k 13 $d $e $f $g $h $a $b $c);
        round!($w $k 14 $c $d $e $f $g $h $a $b);
        round!($w $k 15 $b $c $d $e $f $g $h $a);
    };
}

/// The next sixteen words of the message schedule, in place of the last sixteen.
macro_rules! schedule {
    ($w:ident $($i:literal)*) => {$(
        let (near, far) = ($w[($i + 14) % 16], $w[($i + 1) % 16]);
        let near = xor3(ror::<17>(near), ror::<19>(near), shr::<10>(near));
        let far = xor3(ror::<7>(far), ror::<18>(far), shr::<3>(far));
        $w[$i] = add(add($w[$i], $w[($i + 9) % 16]), add(near, far));
    )*};
}

/// The algorithm over vectors of `$lanes` words, with whatever `add`, `xor3`, `choose`, `majority`, `ror`, `shr`, `splat`,
/// `words`, `load` and `store` are where it is expanded. Everything is unrolled, so that the words stay in registers.
macro_rules! compress_in_lanes {
    ($features:literal, $lanes:literal) => {
        #[target_feature(enable = $features)]
        pub(super) fn compress(states: &mut [State; $lanes], data: [&[[u8; BLOCK]]; $lanes], blocks: usize) {
            let mut variables = [splat(0); 8];
            for (i, variable) in variables.iter_mut().enumerate() {
                let mut words = [0; $lanes];
                for (word, state) in words.iter_mut().zip(&*states) {
                    *word = state[i];
                }
                *variable = load(&words);
            }
            for block in 0..blocks {
                let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = variables;
                let mut w = words(&data, block);
                let (k, rest) = K.as_chunks::<16>().0.split_at(1);
                let k = &k[0];
                sixteen_rounds!(w k a b c d e f g h);
                for k in rest {
                    schedule!(w 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
                    sixteen_rounds!(w k a b c d e f g h);
                }
                for (variable, more) in variables.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                    *variable = add(*variable, more);
                }
            }
            for (i, variable) in variables.into_iter().enumerate() {
                for (state, word) in states.iter_mut().zip(store(variable)) {
                    state[i] = word;
                }
            }
        }
    };
}

mod avx512 {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::*;
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::*;

    use super::{BLOCK, K, State};

    compress_in_lanes!("avx512f,avx512bw", 16);

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn add(a: __m512i, b: __m512i) -> __m512i {
        _mm512_add_epi32(a, b)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        _mm512_ternarylogic_epi32::<0x96>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn choose(e: __m512i, f: __m512i, g: __m512i) -> __m512i {
        _mm512_ternarylogic_epi32::<0xca>(e, f, g)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn majority(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        _mm512_ternarylogic_epi32::<0xe8>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn ror<const BITS: i32>(a: __m512i) -> __m512i {
        _mm512_ror_epi32::<BITS>(a)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn shr<const BITS: u32>(a: __m512i) -> __m512i {
        _mm512_srli_epi32::<BITS>(a)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn splat(word: u32) -> __m512i {
        _mm512_set1_epi32(word.cast_signed())
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn load(words: &[u32; 16]) -> __m512i {
        // SAFETY: `words` are 64 bytes, which is what is read, and the instruction asks for no alignment.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn store(vector: __m512i) -> [u32; 16] {
        let mut words = [0; 16];
        // SAFETY: `words` are 64 bytes, which is what is written, and the instruction asks for no alignment.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
        words
    }

    /// The words of the same block of every lane, transposed: the first vector holds the first word of each.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn words(data: &[&[[u8; BLOCK]]; 16], block: usize) -> [__m512i; 16] {
        let swap = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203));
        let mut rows = [swap; 16];
        for (row, stream) in rows.iter_mut().zip(data) {
            let bytes: &[u8; BLOCK] = &stream[block];
            // SAFETY: `bytes` are 64 bytes, which is what is read, and the instruction asks for no alignment.
            *row = _mm512_shuffle_epi8(unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }, swap);
        }
        let zero = _mm512_setzero_si512();
        let (mut quarters, mut words) = ([zero; 16], [zero; 16]);
        for i in (0..16).step_by(4) {
            let (low, high) =
                (_mm512_unpacklo_epi32(rows[i], rows[i + 1]), _mm512_unpackhi_epi32(rows[i], rows[i + 1]));
            let (low2, high2) =
                (_mm512_unpacklo_epi32(rows[i + 2], rows[i + 3]), _mm512_unpackhi_epi32(rows[i + 2], rows[i + 3]));
            quarters[i] = _mm512_unpacklo_epi64(low, low2);
            quarters[i + 1] = _mm512_unpackhi_epi64(low, low2);
            quarters[i + 2] = _mm512_unpacklo_epi64(high, high2);
            quarters[i + 3] = _mm512_unpackhi_epi64(high, high2);
        }
        for i in 0..4 {
            let [a, b, c, d] = [quarters[i], quarters[i + 4], quarters[i + 8], quarters[i + 12]];
            let (even, odd) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b));
            let (even2, odd2) = (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xdd>(c, d));
            words[i] = _mm512_shuffle_i32x4::<0x88>(even, even2);
            words[i + 4] = _mm512_shuffle_i32x4::<0x88>(odd, odd2);
            words[i + 8] = _mm512_shuffle_i32x4::<0xdd>(even, even2);
            words[i + 12] = _mm512_shuffle_i32x4::<0xdd>(odd, odd2);
        }
        words
    }
}

mod avx2 {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::*;
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::*;

    use super::{BLOCK, K, State};

    compress_in_lanes!("avx2", 8);

    #[target_feature(enable = "avx2")]
    #[inline]
    fn add(a: __m256i, b: __m256i) -> __m256i {
        _mm256_add_epi32(a, b)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        _mm256_xor_si256(_mm256_xor_si256(a, b), c)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn choose(e: __m256i, f: __m256i, g: __m256i) -> __m256i {
        _mm256_xor_si256(_mm256_and_si256(e, _mm256_xor_si256(f, g)), g)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn majority(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn ror<const BITS: i32>(a: __m256i) -> __m256i {
        let left = _mm256_sll_epi32(a, _mm_cvtsi32_si128(32 - BITS));
        _mm256_or_si256(left, _mm256_srl_epi32(a, _mm_cvtsi32_si128(BITS)))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn shr<const BITS: i32>(a: __m256i) -> __m256i {
        _mm256_srli_epi32::<BITS>(a)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn splat(word: u32) -> __m256i {
        _mm256_set1_epi32(word.cast_signed())
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(words: &[u32; 8]) -> __m256i {
        // SAFETY: `words` are 32 bytes, which is what is read, and the instruction asks for no alignment.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn store(vector: __m256i) -> [u32; 8] {
        let mut words = [0; 8];
        // SAFETY: `words` are 32 bytes, which is what is written, and the instruction asks for no alignment.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
        words
    }

    /// The words of the same block of every lane, transposed: the first vector holds the first word of each.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn words(data: &[&[[u8; BLOCK]]; 8], block: usize) -> [__m256i; 16] {
        let swap = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203));
        let mut words = [swap; 16];
        for half in 0..2 {
            let mut rows = [swap; 8];
            for (row, stream) in rows.iter_mut().zip(data) {
                let bytes: &[u8; 32] = &stream[block].as_chunks().0[half];
                // SAFETY: `bytes` are 32 bytes, which is what is read, and the instruction asks for no alignment.
                *row = _mm256_shuffle_epi8(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }, swap);
            }
            let mut quarters = [_mm256_setzero_si256(); 8];
            for i in (0..8).step_by(4) {
                let (low, high) =
                    (_mm256_unpacklo_epi32(rows[i], rows[i + 1]), _mm256_unpackhi_epi32(rows[i], rows[i + 1]));
                let (low2, high2) =
                    (_mm256_unpacklo_epi32(rows[i + 2], rows[i + 3]), _mm256_unpackhi_epi32(rows[i + 2], rows[i + 3]));
                quarters[i] = _mm256_unpacklo_epi64(low, low2);
                quarters[i + 1] = _mm256_unpackhi_epi64(low, low2);
                quarters[i + 2] = _mm256_unpacklo_epi64(high, high2);
                quarters[i + 3] = _mm256_unpackhi_epi64(high, high2);
            }
            for i in 0..4 {
                words[8 * half + i] = _mm256_permute2x128_si256::<0x20>(quarters[i], quarters[i + 4]);
                words[8 * half + i + 4] = _mm256_permute2x128_si256::<0x31>(quarters[i], quarters[i + 4]);
            }
        }
        words
    }
}
