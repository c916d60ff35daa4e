//! The stream as memory in which a block's bits can be loaded without asking for the end.

use std::marker::PhantomData;

/// Bytes behind a block's last bit that a load may touch: five words from the byte on in which
/// it ends, which vectors gather, and some more.
const SLACK: usize = 64;
/// Bits before the planes of a block, at most.
const HEADER_BITS: usize = 19;
/// Bytes of the longest block, with what loads behind it may touch.
const LONGEST: usize = (HEADER_BITS + 256 * 64 + 255) / 8 + SLACK + 8;

/// A stream of bits, and zeros behind it.
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    /// A copy of the stream's end, and zeros, for blocks whose loads would leave it.
    tail: [u8; LONGEST],
}

/// Where a block is: bits that loads may be made of, and the first one's number.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) bits: Bits<'a>,
    /// The block's first bit in `bits`.
    pub(super) at: u64,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, tail: [0; LONGEST] }
    }

    /// Bits of the stream.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64 * 8
    }

    /// The block at bit `position`, of which at most `bits` are read, if all loads of it
    /// stay in the stream itself.
    #[inline(always)]
    pub(super) fn inside(&self, position: u64, bits: u32) -> Option<Place<'a>> {
        // Neither sum wraps: a position is at most 2^3 times that of a byte in memory, or
        // a product that the caller has checked.
        let end = (position + u64::from(bits)) / 8 + SLACK as u64;
        (end <= self.bytes.len() as u64)
            .then(|| Place { bits: Bits::new(self.bytes.as_ptr(), self.bytes.len()), at: position })
    }

    /// The same block wherever it is; a copy, if need be, until the next call.
    pub(super) fn anywhere(&mut self, position: u64, bits: u32) -> Place<'_> {
        if let Some(place) = self.inside(position, bits) {
            return place;
        }
        let from = usize::try_from(position / 8).unwrap_or(usize::MAX).min(self.bytes.len());
        let rest = &self.bytes[from..];
        let copied = rest.len().min(LONGEST);
        self.tail[..copied].copy_from_slice(&rest[..copied]);
        self.tail[copied..].fill(0);
        Place { bits: Bits::new(self.tail.as_ptr(), LONGEST), at: position % 8 }
    }
}

/// Memory from which words are loaded at any bit.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    base: *const u8,
    /// Bytes of it, which only debug builds look at.
    len: usize,
    stream: PhantomData<&'a [u8]>,
}

impl Bits<'_> {
    fn new(base: *const u8, len: usize) -> Self {
        Self { base, len, stream: PhantomData }
    }

    /// Where bit 0 is.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn base(self) -> *const u8 {
        self.base
    }

    /// The 57 bits from `at` on, lowest first, and zeros or further bits above them.
    #[inline(always)]
    pub(super) fn peek(self, at: u64) -> u64 {
        self.load((at / 8) as usize) >> (at % 8)
    }

    /// The 64 bits from `at` on.
    #[inline(always)]
    pub(super) fn word(self, at: u64) -> u64 {
        let byte = (at / 8) as usize;
        // The second load begins a byte later, so that neither shift is by 64.
        self.load(byte) >> (at % 8) | self.load(byte + 1) << (8 - at % 8)
    }

    #[inline(always)]
    fn load(self, byte: usize) -> u64 {
        debug_assert!(byte + 8 <= self.len, "a load at {byte} of {}", self.len);
        // SAFETY:
        // * `base` points to `len` bytes that are borrowed for as long as `self` lives;
        // * `Source` hands out places only where a block's bits and `SLACK` bytes behind
        //   them are among these (`inside`) or in a copy that holds the longest block
        //   (`anywhere`), and parsers stay within the bits that they have asked for and
        //   five words from the last one's byte on.
        unsafe { self.base.add(byte).cast::<u64>().read_unaligned() }.to_le()
    }
}
