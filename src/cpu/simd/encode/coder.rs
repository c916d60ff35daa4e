//! The two ways to the codes of a tile's blocks, of which there are one, four or sixteen:
//! plane by plane, or eight planes of all blocks at once, where there are instructions for
//! it.

use super::super::lanes::Planes;
use super::super::level::Isa;
use super::codes;
use super::sink::{Put, Sink};
use crate::block::fours;

/// Sixteen 1-dimensional blocks that all have the same number of bits.
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "no vectors of this architecture take them")
)]
pub(crate) struct Fixed<'a> {
    /// What comes before the planes, in the lane of each block, and its length.
    pub(crate) heads: &'a [u64; 16],
    pub(crate) length: u32,
    /// The bits of a block, 64 at most.
    pub(crate) bits: u32,
}

/// Writes the planes of blocks of up to 64 values.
pub(crate) trait Coder<I: Isa> {
    /// Whether codes are made in lanes, and [`Coder::put_fixed`] is there.
    const HAS_LANES: bool;
    /// One to be used for group after group.
    fn new(isa: I) -> Self;
    /// A new group, whose planes from `top` on are empty.
    fn begin(&mut self, top: usize);
    /// Writes the planes of a block of `N` values from `top` (exclusive) down to `bottom`,
    /// behind a head, and stops some time after `budget` bits; returns what is left of
    /// them, perhaps less than nothing.
    fn put<const N: usize>(
        &mut self,
        sink: &mut impl Put,
        planes: &Planes,
        block: usize,
        range: (usize, usize),
        budget: i32,
    ) -> i32;
    /// Writes all blocks of a group of sixteen, whose planes from `top` on are empty.
    fn put_fixed(&mut self, sink: &mut Sink<'_>, planes: &Planes, top: usize, blocks: &Fixed<'_>);
}

/// One block after the other.
pub(crate) struct Blockwise<I>(I);

impl<I: Isa> Coder<I> for Blockwise<I> {
    const HAS_LANES: bool = false;

    fn new(isa: I) -> Self {
        Self(isa)
    }
    #[inline(always)]
    fn begin(&mut self, _: usize) {}
    #[inline(always)]
    fn put<const N: usize>(
        &mut self,
        sink: &mut impl Put,
        planes: &Planes,
        block: usize,
        range: (usize, usize),
        budget: i32,
    ) -> i32 {
        match N {
            // With many planes, it pays to ask each eight whether they need a code.
            4 if range.0 + 32 < range.1 && budget > 64 => {
                put_4::<true>(sink, planes, block as u32, range, budget)
            }
            4 => put_4::<false>(sink, planes, block as u32, range, budget),
            16 => put_16(self.0, sink, planes, block as u32, range, budget),
            _ => codes::put_64(self.0, sink, planes, range, budget),
        }
    }
    #[inline(always)]
    fn put_fixed(&mut self, _: &mut Sink<'_>, _: &Planes, _: usize, _: &Fixed<'_>) {}
}

/// The codes of eight planes of the blocks of a tile, joined as far as words can hold them.
/// In 1 dimension, block 2 i has word i and block 2 i + 1 has word 8 + i, of eight planes,
/// whose lengths are its bytes; in 2 dimensions, block i has words 4 i to 4 i + 3, of two
/// planes each, whose lengths are its halves, and words 2 i and 2 i + 1 of `planes`.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Codes {
    pub(crate) words: [u64; 16],
    pub(crate) lengths: [u64; 16],
    /// The planes themselves, which are the codes where all coefficients are known; and all
    /// planes above. If that holds for all blocks, they have no others.
    pub(crate) planes: [u64; 8],
    pub(crate) above: u64,
}

/// What makes [`Codes`].
#[cfg(target_arch = "x86_64")]
pub(crate) trait CodesOfEight: Isa {
    /// The codes of eight planes, the lowest first; `seen` is all planes above, and then
    /// includes these.
    fn codes_of_eight<const N: usize>(self, planes: &[u64; 8], seen: &mut u64, codes: &mut Codes);
    /// All of sixteen blocks, whose planes from `top` on are empty: joined to words, of
    /// which this says how many there are, and their bits.
    fn fixed_blocks(
        self,
        planes: &Planes,
        top: usize,
        blocks: &Fixed<'_>,
        words: &mut [u64; 16],
    ) -> (usize, u32);
}

/// Eight planes at a time, for all blocks as soon as one wants them.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Tilewise<I> {
    isa: I,
    /// The plane above all.
    top: usize,
    /// All planes so far.
    seen: u64,
    /// How many of the codes are made.
    made: usize,
    codes: [Codes; 8],
}

#[cfg(target_arch = "x86_64")]
impl<I: CodesOfEight> Coder<I> for Tilewise<I> {
    const HAS_LANES: bool = true;

    fn new(isa: I) -> Self {
        let none = Codes { words: [0; 16], lengths: [0; 16], planes: [0; 8], above: 0 };
        Self { isa, top: 0, seen: 0, made: 0, codes: [none; 8] }
    }

    #[inline(always)]
    fn begin(&mut self, top: usize) {
        self.top = top.next_multiple_of(8);
        self.seen = 0;
        self.made = 0;
    }

    #[inline(always)]
    fn put<const N: usize>(
        &mut self,
        sink: &mut impl Put,
        planes: &Planes,
        block: usize,
        (bottom, top): (usize, usize),
        mut budget: i32,
    ) -> i32 {
        if N == 64 {
            return codes::put_64(self.isa, sink, planes, (bottom, top), budget);
        }
        let mut chunk = 0;
        let mut left = self.top as i32 - bottom as i32;
        while left > 0 && budget > 0 {
            if chunk == self.made {
                let eights = planes.as_chunks::<8>().0;
                let planes = &eights[(self.top / 8 - 1 - chunk) % eights.len()];
                let codes = &mut self.codes[chunk % 8];
                codes.above = self.seen;
                self.isa.codes_of_eight::<N>(planes, &mut self.seen, codes);
                self.made += 1;
            }
            let codes = &self.codes[chunk % 8];
            let Codes { words, lengths, .. } = codes;
            if N == 4 {
                let place = block % 2 * 8 + block / 2 % 8;
                let lengths = self.isa.low(lengths[place], 8 * left.min(8) as u32);
                // The sum of its bytes.
                let length = (lengths.wrapping_mul(0x0101_0101_0101_0101) >> 56) as u32;
                sink.put(self.isa.low(words[place], length), length);
                budget -= length as i32;
            } else if codes.above >> (16 * (block % 4) + 15) & 1 == 1 {
                let bits = 16 * left.min(8) as u32;
                let [first, second] = codes.planes.as_chunks::<2>().0[block % 4];
                let (low, high) = (bits.min(64), bits.saturating_sub(64));
                sink.put(self.isa.low(first, low), low);
                sink.put(self.isa.low(second, high), high);
                budget -= bits as i32;
            } else {
                let first = block % 4 * 4;
                for pair in 0..4 {
                    let lengths = lengths[first + pair];
                    let planes = (left - 2 * pair as i32).clamp(0, 2) as u32;
                    let lengths = self.isa.low(lengths, 32 * planes);
                    let length = (lengths + (lengths >> 32)) as u32;
                    sink.put(self.isa.low(words[first + pair], length), length);
                    budget -= length as i32;
                }
            }
            left -= 8;
            chunk += 1;
        }
        budget
    }

    #[inline(always)]
    fn put_fixed(&mut self, sink: &mut Sink<'_>, planes: &Planes, top: usize, blocks: &Fixed<'_>) {
        let mut words = [0; 16];
        match self.isa.fixed_blocks(planes, top, blocks, &mut words) {
            (4, 64) => sink.put_words::<4>([words[0], words[1], words[2], words[3]], 4),
            (8, 64) => {
                let [a, b, c, d, e, f, g, h, ..] = words;
                sink.put_words::<8>([a, b, c, d, e, f, g, h], 8);
            }
            (_, 64) => sink.put_words::<16>(words, 16),
            (count, bits) => {
                for i in 0..count.min(16) {
                    sink.put(words[i], bits);
                }
            }
        }
    }
}

/// As [`put_64`](super::codes::put_64), for the 16 coefficients of block `block` of four.
#[inline(always)]
fn put_16<I: Isa>(
    isa: I,
    sink: &mut impl Put,
    planes: &Planes,
    block: u32,
    (bottom, top): (usize, usize),
    mut budget: i32,
) -> i32 {
    let (mut seen, mut n) = (0u64, 0u32);
    let mut code_of = |plane: u64, n: &mut u32| {
        let plane = plane >> (16 * block) & 0xffff;
        seen |= plane;
        let next = u64::BITS - seen.leading_zeros();
        let both = codes::short_plane(isa, plane, *n, next);
        *n = next;
        both
    };
    let planes = &planes[bottom..top];
    let mut left = planes.len();
    // Codes of up to 31 bits: two planes at once.
    for pair in planes.rchunks_exact(2) {
        let (first, first_length) = code_of(pair[1], &mut n);
        let (second, second_length) = code_of(pair[0], &mut n);
        let length = first_length + second_length;
        sink.put(first | second << first_length, length);
        budget -= length as i32;
        left -= 2;
        if budget <= 0 {
            return budget;
        }
        if n == 16 {
            break;
        }
    }
    if n < 16 {
        if left == 1 {
            let (code, length) = code_of(planes[0], &mut n);
            sink.put(code, length);
            budget -= length as i32;
        }
        return budget;
    }
    // All coefficients are known, and planes are as they are: four fill a word.
    for four in planes[..left].rchunks(4) {
        let (mut word, mut bits) = (0, 0);
        for plane in four.iter().rev() {
            word |= (plane >> (16 * block) & 0xffff) << bits;
            bits += 16;
        }
        sink.put(word, bits);
        budget -= bits as i32;
        if budget <= 0 {
            break;
        }
    }
    budget
}

/// As [`put_64`](super::codes::put_64), for the 4 coefficients of block `block` of sixteen.
#[inline(always)]
fn put_4<const MANY: bool>(
    sink: &mut impl Put,
    planes: &Planes,
    block: u32,
    (bottom, top): (usize, usize),
    mut budget: i32,
) -> i32 {
    let (mut seen, mut n) = (0u64, 0u32);
    // Codes of up to 7 bits: eight planes at once.
    for planes in planes[bottom..top].rchunks(8) {
        let (mut codes, mut bits) = (0, 0);
        if MANY && n == 4 {
            // All coefficients are known, and planes are as they are.
            for plane in planes.iter().rev() {
                codes |= (plane >> (4 * block) & 15) << bits;
                bits += 4;
            }
            sink.put(codes, bits);
            budget -= bits as i32;
            if budget <= 0 {
                break;
            }
            continue;
        }
        for plane in planes.iter().rev() {
            let plane = plane >> (4 * block) & 15;
            let (code, length) = fours::encode(n, plane);
            codes |= code << bits;
            bits += length;
            seen |= plane;
            n = u64::BITS - seen.leading_zeros();
        }
        sink.put(codes, bits);
        budget -= bits as i32;
        if budget <= 0 {
            break;
        }
    }
    budget
}
