//! Where codes go: a cursor in registers, over memory that is known to be there.

use crate::bitstream::OpenBits;

use super::super::level::Isa;

/// Writes bits without looking for room: whoever makes one answers for it.
pub(super) struct Sink<'a> {
    space: &'a mut [u8],
    /// Whole words are written before this byte.
    at: usize,
    /// The unfinished word, and how many bits it has: less than 64.
    word: u64,
    bits: u32,
}

/// A place between two bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u64);

impl Place {
    /// The place `bits` bits further on.
    #[inline(always)]
    pub(super) fn after(self, bits: u32) -> Self {
        Self(self.0 + u64::from(bits))
    }
}

impl<'a> Sink<'a> {
    /// A sink that goes on where `open` stands.
    #[inline(always)]
    pub(super) fn new(open: OpenBits<'a>) -> Self {
        let (space, at, word, bits) = open.into_parts();
        Self { space, at, word, bits }
    }

    /// The writer of whole blocks, where this one stands.
    #[inline(always)]
    pub(super) fn into_open(self) -> OpenBits<'a> {
        OpenBits::from_parts(self.space, self.at, self.word, self.bits)
    }

    /// Where the next bit goes.
    #[inline(always)]
    pub(super) fn place(&self) -> Place {
        Place(self.at as u64 * 8 + u64::from(self.bits))
    }

    /// Writes `count` bits; `value` has none beyond them, `count` is at most 64.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.word |= value << self.bits;
        self.store();
        // No branch: whether a word is full is as good as random.
        let total = self.bits + count;
        let full = total >= 64;
        // In two steps, since a shift by 64 (bits = 0) is not defined.
        let rest = (value >> 1) >> (63 - self.bits);
        self.word = if full { rest } else { self.word };
        self.at += if full { 8 } else { 0 };
        self.bits = total % 64;
    }

    /// Writes 64 bits.
    #[inline(always)]
    pub(super) fn put_word(&mut self, value: u64) {
        self.word |= value << self.bits;
        self.store();
        self.word = (value >> 1) >> (63 - self.bits);
        self.at += 8;
    }

    #[inline(always)]
    fn store(&mut self) {
        let word = self.word.to_le_bytes();
        self.space[self.at..self.at + 8].copy_from_slice(&word);
    }

    /// Goes back to `end`, if it is beyond.
    #[inline(always)]
    pub(super) fn cut<I: Isa>(&mut self, isa: I, end: Place) {
        let end = end.min(self.place()).0;
        self.store();
        self.at = (end / 64 * 8) as usize;
        self.bits = (end % 64) as u32;
        let mut word = [0; 8];
        word.copy_from_slice(&self.space[self.at..self.at + 8]);
        self.word = isa.low(u64::from_le_bytes(word), self.bits);
    }

    /// Writes zeros up to `end`.
    #[inline(always)]
    pub(super) fn pad(&mut self, end: Place) {
        let mut missing = end.0.saturating_sub(self.place().0);
        while missing >= 64 {
            self.put_word(0);
            missing -= 64;
        }
        if missing > 0 {
            self.put(0, missing as u32);
        }
    }
}
