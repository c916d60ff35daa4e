//! Where codes go: a cursor in registers, over memory that is known to be there.

use std::marker::PhantomData;

use crate::bitstream::OpenBits;

use super::super::level::Isa;

/// Takes bits, one code after the other.
pub(crate) trait Put {
    /// Takes `count` bits; `value` has none beyond them, `count` is at most 64.
    fn put(&mut self, value: u64, count: u32);

    /// Takes `CHUNK` words, of which the first `count` count.
    #[inline(always)]
    fn put_words<const CHUNK: usize>(&mut self, words: [u64; CHUNK], count: usize) {
        for i in 0..CHUNK.min(count) {
            self.put(words[i], 64);
        }
    }
}

/// The first 64 bits of what is put, for blocks that have no more; and how many were put.
#[derive(Clone, Copy)]
pub(super) struct Short {
    pub(super) word: u64,
    pub(super) bits: u32,
}

impl Put for Short {
    #[inline(always)]
    fn put(&mut self, value: u64, count: u32) {
        // What is beyond is cut off; a shift by 64 is not defined.
        self.word |= if self.bits < 64 { value << self.bits } else { 0 };
        self.bits += count;
    }
}

/// Writes bits without looking for room: whoever makes one answers for it.
pub(crate) struct Sink<'a> {
    /// All of the memory. Not as a slice, which would claim it for itself.
    base: *mut u8,
    len: usize,
    space: PhantomData<&'a mut [u8]>,
    /// The place of the unfinished word.
    at: *mut u8,
    /// The unfinished word, and how many bits it has: less than 64.
    word: u64,
    bits: u32,
}

impl Put for Sink<'_> {
    #[inline(always)]
    fn put(&mut self, value: u64, count: u32) {
        let joined = self.word | value << self.bits;
        self.store(joined);
        // In two steps, since a shift by 64 (bits = 0) is not defined.
        let rest = (value >> 1) >> (63 - self.bits);
        // No branch: whether a word is full is as good as random.
        let total = self.bits + count;
        self.word = if total >= 64 { rest } else { joined };
        self.at = self.at.wrapping_add(if total >= 64 { 8 } else { 0 });
        self.bits = total % 64;
    }

    #[inline(always)]
    fn put_words<const CHUNK: usize>(&mut self, words: [u64; CHUNK], count: usize) {
        let mut word = self.word;
        let start = self.at;
        for (i, value) in words.into_iter().enumerate() {
            self.at = start.wrapping_add(8 * i);
            self.store(word | value << self.bits);
            word = (value >> 1) >> (63 - self.bits);
        }
        self.at = start.wrapping_add(8 * CHUNK);
        self.store(word);
        self.at = start.wrapping_add(8 * count);
        let mask = (1 << self.bits) - 1;
        self.word = self.load() & mask;
    }
}

impl<'a> Sink<'a> {
    /// A sink that goes on where `open` stands.
    ///
    /// # Safety
    ///
    /// No more bits are put than `open` was opened for, less a word.
    #[inline(always)]
    pub(super) unsafe fn new(open: OpenBits<'a>) -> Self {
        let (space, at, word, bits) = open.into_parts();
        let len = space.len();
        assert!(at <= len, "a writer stands in its memory");
        let base = space.as_mut_ptr();
        Self { base, len, space: PhantomData, at: base.wrapping_add(at), word, bits }
    }

    /// The writer of whole blocks, where this one stands.
    #[inline(always)]
    pub(super) fn into_open(self) -> OpenBits<'a> {
        let at = self.at.addr() - self.base.addr();
        // SAFETY: this is the slice that `new` was given, for as long as it was given.
        let space = unsafe { std::slice::from_raw_parts_mut(self.base, self.len) };
        OpenBits::from_parts(space, at, self.word, self.bits)
    }

    #[inline(always)]
    fn store(&mut self, word: u64) {
        // SAFETY: the words up to here are within what was opened, and so is one more.
        unsafe { self.at.cast::<[u8; 8]>().write_unaligned(word.to_le_bytes()) };
    }

    /// The word that was stored here.
    #[inline(always)]
    fn load(&self) -> u64 {
        // SAFETY: as for `store`; all of the space is initialised.
        u64::from_le_bytes(unsafe { self.at.cast::<[u8; 8]>().read_unaligned() })
    }

    /// Goes back by `excess` bits, if it is not negative: not beyond where this was made.
    #[inline(always)]
    pub(super) fn cut<I: Isa>(&mut self, isa: I, excess: i32) {
        self.store(self.word);
        // Bits from the unfinished word's beginning to the new end, perhaps negative.
        let end = self.bits as i32 - excess.max(0);
        self.at = self.at.wrapping_offset(8 * (end >> 6) as isize);
        self.bits = end as u32 % 64;
        self.word = isa.low(self.load(), self.bits);
    }

    /// Writes `count` zeros.
    #[inline(always)]
    pub(super) fn pad(&mut self, mut count: u32) {
        while count > 0 {
            let piece = count.min(64);
            self.put(0, piece);
            count -= piece;
        }
    }
}
