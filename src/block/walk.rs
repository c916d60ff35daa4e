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
//! runs in the next few bits at once. When n has reached N, all planes have N bits, and
//! none of them is looked at. See [`planes`](super::planes) for the code itself.

use super::{Params, fours};
use crate::bitstream::peek_at;
use crate::scalar::{Coefficient, Float, Word};

/// Bits that the tables look at.
const SIGHT: u32 = 10;

/// What lies in the next [`SIGHT`] bits behind the first n of a plane, if no run ends in
/// the last place: bits of whole runs, by how much n grows, and whether the plane ends.
#[derive(Clone, Copy)]
struct Runs {
    bits: u8,
    growth: u8,
    is_end: bool,
}

const RUNS: [Runs; 1 << SIGHT] = {
    let mut table = [Runs { bits: 0, growth: 0, is_end: false }; 1 << SIGHT];
    let mut window = 0;
    while window < 1 << SIGHT {
        let (mut at, mut growth) = (0, 0);
        loop {
            if at == SIGHT {
                break;
            }
            if window >> at & 1 == 0 {
                table[window].is_end = true;
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
        table[window].bits = at as u8;
        table[window].growth = growth as u8;
        window += 1;
    }
    table
};

/// For blocks of four values, after n: bits, number and last n of all planes that lie
/// whole in the next [`SIGHT`] bits.
#[derive(Clone, Copy)]
struct Planes {
    bits: u8,
    planes: u8,
    n: u8,
}

const PLANES: [[Planes; 1 << SIGHT]; 4] = {
    let mut table = [[Planes { bits: 0, planes: 0, n: 0 }; 1 << SIGHT]; 4];
    let mut n = 0;
    while n < 4 {
        let mut window = 0;
        while window < 1 << SIGHT {
            let entry = &mut table[n][window];
            entry.n = n as u8;
            // No code has more than 7 bits.
            while entry.bits + 7 <= SIGHT as u8 && entry.n < 4 {
                let (_, length, next) =
                    fours::decode(entry.n as u32, window as u64 >> entry.bits);
                entry.bits += length as u8;
                entry.n = next as u8;
                entry.planes += 1;
            }
            window += 1;
        }
        n += 1;
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
    while left > 0 && used < budget {
        if n == size {
            used = used.saturating_add(left * size);
            break;
        }
        if N == 4 {
            let entry = PLANES[n as usize % 4][sight(peek_at(bytes, at + u64::from(used)))];
            if u32::from(entry.planes) <= left {
                used += u32::from(entry.bits);
                left -= u32::from(entry.planes);
                n = u32::from(entry.n);
                continue;
            }
        }
        let (bits, growth) = runs(bytes, at + u64::from(used + n), size - n);
        used += n + bits;
        n += growth;
        left -= 1;
    }
    used.min(budget)
}

#[inline(always)]
fn sight(window: u64) -> usize {
    window as usize % (1 << SIGHT)
}

/// Bits of the runs of a plane with `room` places behind the first n, and the growth of n.
#[inline(always)]
fn runs(bytes: &[u8], at: u64, room: u32) -> (u32, u32) {
    let first = RUNS[sight(peek_at(bytes, at))];
    if first.is_end && u32::from(first.growth) < room {
        return (u32::from(first.bits), u32::from(first.growth));
    }
    long_runs(bytes, at, room)
}

/// The same where the table does not see the end, or sees too far.
#[inline]
fn long_runs(bytes: &[u8], at: u64, room: u32) -> (u32, u32) {
    let (mut bits, mut growth) = (0, 0);
    while growth < room {
        let window = peek_at(bytes, at + u64::from(bits));
        let runs = RUNS[sight(window)];
        if growth + u32::from(runs.growth) < room && (runs.growth > 0 || runs.is_end) {
            bits += u32::from(runs.bits);
            growth += u32::from(runs.growth);
            if runs.is_end {
                break;
            }
            continue;
        }
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
