//! Where a block ends, without its values.
//!
//! The bits of a block follow from its header and, plane by plane, from n: behind the n
//! bits of a plane that are written as they are come runs of
//!
//! ```text
//! 1 0…0 1    group test, zeros, the next one-bit: n grows by the zeros and the one
//! 0          the group test that ends the plane
//! ```
//!
//! where the run that reaches the last place lacks its one-bit. A table takes all whole
//! runs in the next few bits at once, so that a plane costs a look at the table, and some
//! planes share one at the stream. When n has reached N, all planes have N bits, and none
//! of them is looked at. See [`planes`](super::planes) for the code itself.

use super::{Params, fours};
use crate::bitstream::{BitReader, peek_at};
use crate::scalar::{Coefficient, Float, Word};

/// Bits that the table of runs looks at.
const SIGHT: u32 = 12;

/// What lies in the next [`SIGHT`] bits behind the first n of a plane, if no run ends in
/// the last place: bits of whole runs, by how much n grows, and whether the plane ends.
#[derive(Clone, Copy)]
struct Runs(u16);

impl Runs {
    const fn new(bits: u32, growth: u32, is_end: bool) -> Self {
        Self(bits as u16 | (growth as u16) << 4 | (is_end as u16) << 8)
    }

    #[inline(always)]
    fn at(window: u64) -> Self {
        RUNS[window as usize % RUNS.len()]
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        u32::from(self.0 & 15)
    }

    #[inline(always)]
    fn growth(self) -> u32 {
        u32::from(self.0 >> 4 & 15)
    }

    #[inline(always)]
    fn is_end(self) -> bool {
        self.0 >> 8 != 0
    }
}

static RUNS: [Runs; 1 << SIGHT] = {
    let mut table = [Runs(0); 1 << SIGHT];
    let mut window = 0;
    while window < table.len() {
        let (mut at, mut growth, mut is_end) = (0, 0, false);
        while at < SIGHT {
            if window >> at & 1 == 0 {
                is_end = true;
                at += 1;
                break;
            }
            let mut one = at + 1;
            while one < SIGHT && window >> one & 1 == 0 {
                one += 1;
            }
            if one == SIGHT {
                break;
            }
            growth += one - at;
            at = one + 1;
        }
        table[window] = Runs::new(at, growth, is_end);
        window += 1;
    }
    table
};

/// Bits that the table of planes looks at.
const SHORT_SIGHT: u32 = 10;

/// For blocks of four values, after n: up to four planes that lie whole in the next bits.
/// Their number in the lowest four bits, then n behind them, then, four bits each, the bits
/// of the first none, one, two, three and four of them.
static PLANES: [[u32; 1 << SHORT_SIGHT]; 4] = {
    let mut table = [[0; 1 << SHORT_SIGHT]; 4];
    let mut first = 0;
    while first < 4 {
        let mut window = 0;
        while window < table[first].len() {
            let (mut n, mut planes, mut bits, mut entry) = (first as u32, 0, 0, 0);
            while planes < 4 && n < 4 {
                // A code that ends in sight does not depend on what lies beyond.
                let (_, length, next) = fours::decode(n, window as u64 >> bits);
                if bits + length > SHORT_SIGHT {
                    break;
                }
                bits += length;
                n = next;
                planes += 1;
                entry |= bits << (8 + 4 * planes);
            }
            table[first][window] = entry | n << 4 | planes;
            window += 1;
        }
        first += 1;
    }
    table
};

/// Bits of a block of floats.
#[inline(always)]
pub(crate) fn float_bits<F: Float, const N: usize>(bytes: &[u8], at: u64, params: Params) -> u32 {
    let window = peek_at(bytes, at);
    let bits = if window & 1 == 0 {
        1
    } else if params.is_reversible() {
        let header = if window & 2 == 0 { 2 + F::EXPONENT_BITS } else { 2 };
        reversible_bits::<F::Int, N>(bytes, at, params, header)
    } else {
        let biased = window >> 1 & ((1 << F::EXPONENT_BITS) - 1);
        let precision = params.precision(biased as i32 - F::EXPONENT_BIAS, N);
        let header = 1 + F::EXPONENT_BITS;
        let precision = precision.min(<F::Int as Coefficient>::Word::BITS);
        header + planes_bits::<N>(bytes, at + u64::from(header), params.maxbits - header, precision)
    };
    bits.max(params.minbits)
}

/// Bits of a block of integers.
#[inline(always)]
pub(crate) fn integer_bits<C: Coefficient, const N: usize>(
    bytes: &[u8],
    at: u64,
    params: Params,
) -> u32 {
    let bits = if params.is_reversible() {
        reversible_bits::<C, N>(bytes, at, params, 0)
    } else {
        planes_bits::<N>(bytes, at, params.maxbits, params.maxprec.min(C::Word::BITS))
    };
    bits.max(params.minbits)
}

/// Bits of a lossless block that begins with `begun` others.
#[inline(always)]
fn reversible_bits<C: Coefficient, const N: usize>(
    bytes: &[u8],
    at: u64,
    params: Params,
    begun: u32,
) -> u32 {
    let precision = peek_at(bytes, at + u64::from(begun)) & ((1 << C::PRECISION_BITS) - 1);
    let begun = begun + C::PRECISION_BITS;
    let budget = params.maxbits - begun;
    begun + planes_bits::<N>(bytes, at + u64::from(begun), budget, precision as u32 + 1)
}

/// Bits of so many planes, at most `budget`.
#[inline(always)]
fn planes_bits<const N: usize>(bytes: &[u8], at: u64, budget: u32, precision: u32) -> u32 {
    let size = N as u32;
    // Planes above the highest one-bit are a group test each.
    let mut used = 0;
    loop {
        let most = (precision - used).min(56);
        let zeros = peek_at(bytes, at + u64::from(used)).trailing_zeros().min(most);
        used += zeros;
        if zeros < 56 {
            break;
        }
    }
    let mut left = precision - used;
    let mut n = 0;
    if N == 4 {
        let mut window = peek_at(bytes, at + u64::from(used));
        let mut taken = 0;
        while left > 0 && n < size {
            if taken + SHORT_SIGHT > BitReader::WINDOW {
                window = peek_at(bytes, at + u64::from(used));
                taken = 0;
            }
            let entry = PLANES[n as usize % 4][window as usize % (1 << SHORT_SIGHT)];
            let planes = (entry & 15).min(left);
            let bits = entry >> (8 + 4 * planes) & 15;
            window >>= bits;
            taken += bits;
            used += bits;
            left -= planes;
            n = entry >> 4 & 15;
        }
    } else {
        while left > 0 && n < size {
            // As many planes as one look at the stream shows: loading is what takes long.
            let mut window = peek_at(bytes, at + u64::from(used));
            let mut taken = 0;
            while left > 0 && taken + n + SIGHT <= BitReader::WINDOW {
                let runs = Runs::at(window >> n);
                if !runs.is_end() || runs.growth() >= size - n {
                    break;
                }
                let bits = n + runs.bits();
                window >>= bits;
                taken += bits;
                used += bits;
                n += runs.growth();
                left -= 1;
            }
            if taken == 0 {
                let (bits, growth) = runs(bytes, at + u64::from(used + n), size - n);
                used += n + bits;
                n += growth;
                left -= 1;
            }
        }
    }
    // When n has reached N, the planes that are left are as they are.
    (used + left * size).min(budget)
}

/// Bits of the runs of a plane with `room` places behind the first n, and the growth of n.
#[inline(always)]
fn runs(bytes: &[u8], at: u64, room: u32) -> (u32, u32) {
    let mut window = peek_at(bytes, at);
    let (mut bits, mut growth) = (0, 0);
    while bits + SIGHT <= BitReader::WINDOW {
        let runs = Runs::at(window);
        if growth + runs.growth() >= room || runs.bits() == 0 {
            break;
        }
        bits += runs.bits();
        growth += runs.growth();
        if runs.is_end() {
            return (bits, growth);
        }
        window >>= runs.bits();
    }
    long_runs(bytes, at, room, bits, growth)
}

/// Goes on where the table does not see whole runs, or too many of them.
#[inline(never)]
fn long_runs(bytes: &[u8], at: u64, room: u32, mut bits: u32, mut growth: u32) -> (u32, u32) {
    while growth < room {
        let window = peek_at(bytes, at + u64::from(bits));
        bits += 1;
        if window & 1 == 0 {
            break;
        }
        // A run of zeros to the next one-bit, or to the last place.
        let most = room - 1 - growth;
        let mut zeros = 0;
        loop {
            let seen = peek_at(bytes, at + u64::from(bits + zeros)).trailing_zeros().min(56);
            zeros += seen;
            if seen < 56 || zeros >= most {
                break;
            }
        }
        if zeros >= most {
            bits += most;
            growth = room;
        } else {
            bits += zeros + 1;
            growth += zeros + 1;
        }
    }
    (bits, growth)
}

#[cfg(test)]
mod tests {
    use super::super::{BlockScalar, Job, dispatch};
    use super::*;
    use crate::bitstream::BitReader;
    use crate::scalar::ScalarType;

    /// Any bits at all are blocks: dense ones, sparse ones, and such as end in mid-block.
    #[test]
    fn a_walk_ends_where_decoding_does() {
        struct Compare<'a> {
            bytes: &'a [u8],
            params: Params,
        }
        impl Job for Compare<'_> {
            type Output = ();
            fn run<S: BlockScalar, const N: usize>(self) {
                let Self { bytes, params } = self;
                let mut reader = BitReader::new(bytes, 5);
                while reader.position() < 8 * bytes.len() as u64 {
                    let at = reader.position();
                    S::decode::<N>(&mut reader, params);
                    let bits = u64::from(S::bits::<N>(bytes, at, params));
                    assert_eq!(at + bits, reader.position(), "{} {N} {params:?} {at}", S::TYPE);
                }
            }
        }
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            state ^ state >> 29
        };
        for turn in 0..600 {
            // One-bits are as many as zeros, or some powers of two fewer.
            let words: Vec<u8> = (0..=random() % 800)
                .flat_map(|_| (0..turn % 5).fold(random(), |bits, _| bits & random()).to_le_bytes())
                .collect();
            let scalar = ScalarType::ALL[random() as usize % 4];
            let dims = 1 + random() as usize % 4;
            let maxbits = [MAX, 40 + random() as u32 % 300][random() as usize % 2];
            let params = Params {
                minbits: [1, 30][random() as usize % 2],
                maxbits,
                maxprec: 1 + random() as u32 % 64,
                minexp: [-1075, -1074, -20][random() as usize % 3],
            };
            dispatch(scalar, dims, Compare { bytes: &words, params });
        }
    }

    const MAX: u32 = super::super::MAX_BITS;
}
