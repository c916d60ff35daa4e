//! Where in a stream blocks may begin, by what they say first.
//!
//! Blocks of floating-point values begin with their exponent, lossless ones of integers with
//! the number of their planes. Both are much the same all over an array. So where some blocks
//! in a row, each begun where the one before ends, say what others do, they are almost
//! certainly blocks. Nothing is lost but time where they are not.

use super::walk::Blocks;
use crate::bitstream::peek_at;

/// Blocks at the beginning of the stream that others are held against.
const SAMPLE: usize = 64;
/// Bits in which a beginning is looked for: more than most blocks have.
const SEARCH: u64 = 1 << 15;

/// What blocks say first, and between which numbers that is.
pub(super) struct Guess<'a> {
    blocks: &'a Blocks<'a>,
    /// Bits of the number.
    bits: u32,
    range: std::ops::RangeInclusive<u64>,
    /// Blocks in a row that are enough.
    row: u32,
}

impl<'a> Guess<'a> {
    /// Looks at the first blocks of a stream; nothing if blocks say nothing.
    pub(super) fn new(blocks: &'a Blocks<'a>) -> Option<Self> {
        let (bits, row) = match blocks.scalar.exponent_bits() {
            Some(bits) => (bits, 5),
            None if blocks.params.is_reversible() => (blocks.scalar.bits().ilog2(), 12),
            None => return None,
        };
        let mut guess = Self { blocks, bits, range: 0..=u64::MAX, row };
        let (mut low, mut high) = (u64::MAX, 0);
        let look = |at| {
            if let Some(number) = guess.number(at) {
                (low, high) = (low.min(number), high.max(number));
            }
        };
        blocks.walk(blocks.start, SAMPLE, look).ok()?;
        // Others may be somewhat out of their range.
        let margin = 1 << bits >> 4;
        guess.range = low.saturating_sub(margin)..=high + margin;
        (low <= high).then_some(guess)
    }

    /// A bit, not long behind another, at which a block is likely to begin.
    pub(super) fn near(&self, at: u64) -> Option<u64> {
        (at..at + SEARCH).find(|&at| self.is_likely(at))
    }

    fn is_likely(&self, mut at: u64) -> bool {
        for _ in 0..self.row {
            if !self.number(at).is_some_and(|number| self.range.contains(&number)) {
                return false;
            }
            match self.blocks.walk(at, 1, |_| ()) {
                Ok(next) => at = next,
                Err(_) => return false,
            }
        }
        true
    }

    /// What a block says, if it says anything.
    fn number(&self, at: u64) -> Option<u64> {
        let bits = peek_at(self.blocks.stream, at);
        let bits = match (self.blocks.scalar.exponent_bits(), self.blocks.params.is_reversible()) {
            (None, _) => bits,
            (Some(_), false) if bits & 1 == 1 => bits >> 1,
            (Some(_), true) if bits & 3 == 1 => bits >> 2,
            // Zeros, or values as they are.
            _ => return None,
        };
        Some(bits & ((1 << self.bits) - 1))
    }
}
