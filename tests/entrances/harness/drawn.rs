//! Bytes as decisions: what a structured input is made of.

/// What is left of the input. Where it has ended, every decision is 0: the honest one.
pub(crate) struct Drawn<'a>(pub(crate) &'a [u8]);

impl<'a> Drawn<'a> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of so many.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        if most <= 256 { usize::from(self.byte()) % most.max(1) } else { self.word() % most }
    }

    pub(crate) fn word(&mut self) -> usize {
        usize::from(self.byte()) | usize::from(self.byte()) << 8
    }

    pub(crate) fn signed(&mut self) -> i64 {
        i64::from(self.byte() as i8)
    }

    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// A text that the input spells out: its length first.
    pub(crate) fn text(&mut self, longest: usize) -> String {
        let length = self.below(longest + 1).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Decisions without a meaning: runs of bytes that repeat and that do not.
pub(crate) fn patterns() -> Vec<Vec<u8>> {
    let spread = |n: u32| (n.wrapping_mul(2_654_435_761) >> 13) as u8;
    (0..24_u32).map(|seed| (0..8 * (seed + 1)).map(|n| spread(n.wrapping_mul(seed % 5 + 1) + seed)).collect()).collect()
}
