//! The embedded coder: one bit plane after the other, most significant first.
//!
//! A plane is one bit of each coefficient, in order. The first `n` coefficients have
//! had a one-bit in some plane above; nothing is known of the others, which are
//! mostly zeros. So a plane is coded as
//!
//! ```text
//! the first n bits as they are
//! while n < N:
//!     1 if any bit from n on is set, else 0 and the plane is done    (group test)
//!     the zeros up to the next one-bit, and that one-bit
//!     n = the place after it
//! ```
//!
//! The one-bit in the very last place is not written, since the group test told of
//! it. Coding stops, even in mid-plane, when the block's budget of bits is spent; a
//! decoder that stops within a run of zeros takes the next bit for the one.
//!
//! Planes are had by transposing a matrix of bits, in place and in log₂ steps: rows
//! of coefficients become rows of planes, in squares as wide as the smaller of `N`
//! and the word.

use crate::bitstream::{BitReader, OpenBits, low_bits};
use crate::scalar::Word;

/// Writes the planes from the top down to plane `width − precision`, at most `budget`
/// bits; returns how many it wrote.
#[inline]
pub(crate) fn encode<W: Word, const N: usize>(
    whole: &mut OpenBits<'_>,
    budget: u32,
    precision: u32,
    coefficients: &[W; N],
) -> u32 {
    let mut rows = *coefficients;
    transpose(&mut rows);
    // A copy of the cursor, which the compiler can keep in registers.
    let mut out = Limited { out: whole.reborrow(), left: budget };
    let mut n = 0;
    for k in (W::BITS - precision.min(W::BITS)..W::BITS).rev() {
        if out.left == 0 {
            break;
        }
        n = encode_plane(&mut out, n, &Plane::<N>::of(&rows, k));
    }
    let Limited { out: written, left } = out;
    let end = written.close();
    whole.resume(end);
    budget - left
}

#[inline(always)]
fn encode_plane<const N: usize>(out: &mut Limited<'_>, mut n: u32, plane: &Plane<N>) -> u32 {
    plane.for_each_word_below(n, |word, count| out.put(word, count));
    while n < N as u32 {
        let Some(next) = plane.next_one(n) else {
            out.put(0, 1);
            break;
        };
        // The group test, the zeros and the one-bit; the last one-bit is implied.
        let mut zeros = next - n;
        let one = u32::from(next + 1 < N as u32);
        if N > 64 && zeros > 62 {
            out.put(1, 1);
            while zeros > 63 {
                out.put(0, 63);
                zeros -= 63;
            }
            out.put(u64::from(one) << zeros, zeros + one);
        } else {
            out.put(1 | (u64::from(one) << 1) << zeros, 1 + zeros + one);
        }
        n = next + 1;
    }
    n
}

/// Reads what [`encode`] writes: the coefficients, and how many bits they took.
#[inline]
pub(crate) fn decode<W: Word, const N: usize>(
    input: &mut BitReader<'_>,
    budget: u32,
    precision: u32,
) -> ([W; N], u32) {
    let mut rows = [W::ZERO; N];
    let mut reader = *input;
    let mut left = budget;
    let mut n = 0;
    for k in (W::BITS - precision.min(W::BITS)..W::BITS).rev() {
        if left == 0 {
            break;
        }
        let plane = decode_plane(&mut reader, &mut left, &mut n);
        plane.deposit(&mut rows, k);
    }
    *input = reader;
    transpose(&mut rows);
    (rows, budget - left)
}

#[inline(always)]
fn decode_plane<const N: usize>(
    reader: &mut BitReader<'_>,
    left: &mut u32,
    known: &mut u32,
) -> Plane<N> {
    let mut plane = Plane::<N>::default();
    let mut n = *known;
    let verbatim = n.min(*left);
    *left -= verbatim;
    plane.fill_below(verbatim, |count| reader.take(count));
    while n < N as u32 && *left > 0 {
        if reader.ready() < 2 {
            reader.refill();
        }
        *left -= 1;
        let window = reader.peek();
        if window & 1 == 0 {
            reader.skip(1);
            break;
        }
        // Zeros to the next one-bit, unless the place or the budget ends the run.
        let limit = (N as u32 - 1 - n).min(*left);
        let zeros = (window >> 1).trailing_zeros();
        if zeros < limit && zeros + 2 <= reader.ready() {
            reader.skip(zeros + 2);
            *left -= zeros + 1;
            n += zeros;
        } else {
            reader.skip(1);
            let (zeros, one) = long_run(reader, limit);
            *left -= zeros + one;
            n += zeros;
        }
        plane.set(n);
        n += 1;
    }
    *known = n;
    plane
}

/// Zeros up to a one-bit or up to `limit`, and whether (1 or 0) the one-bit came first.
#[inline]
fn long_run(reader: &mut BitReader<'_>, limit: u32) -> (u32, u32) {
    let mut zeros = 0;
    loop {
        reader.refill();
        let seen = reader.peek().trailing_zeros().min(BitReader::WINDOW);
        if zeros + seen >= limit {
            reader.skip(limit - zeros);
            return (limit, 0);
        }
        if seen < BitReader::WINDOW {
            reader.skip(seen + 1);
            return (zeros + seen, 1);
        }
        reader.skip(seen);
        zeros += seen;
    }
}

/// A writer that stops when a block's budget of bits is spent.
struct Limited<'a> {
    out: OpenBits<'a>,
    left: u32,
}

impl Limited<'_> {
    #[inline(always)]
    fn put(&mut self, value: u64, count: u32) {
        let count = count.min(self.left);
        self.out.put(value & low_bits(count), count);
        self.left -= count;
    }
}

/// One bit of each of `N` coefficients, coefficient `i` in bit `i % 64` of word `i / 64`.
/// Blocks of up to 64 values use the first word alone.
#[derive(Clone, Copy, Default)]
struct Plane<const N: usize>([u64; 4]);

impl<const N: usize> Plane<N> {
    const WORDS: usize = N.div_ceil(64);

    /// Plane `k` of a transposed block.
    #[inline(always)]
    fn of<W: Word>(rows: &[W; N], k: u32) -> Self {
        let mut plane = Self::default();
        let k = k as usize;
        if N <= W::BITS as usize {
            // Row r holds planes r, r + N, r + 2N, …, in pieces of N bits.
            plane.0[0] = (rows[k % N] >> (k / N * N) as u32).widen() & low_bits(N as u32);
        } else {
            // Plane k is row k of each square.
            let width = W::BITS as usize;
            for (square, row) in rows.iter().skip(k).step_by(width).enumerate() {
                let bit = square * width;
                plane.0[bit / 64 % 4] |= row.widen() << (bit % 64);
            }
        }
        plane
    }

    /// Undoes [`Plane::of`] on rows that were zero.
    #[inline(always)]
    fn deposit<W: Word>(&self, rows: &mut [W; N], k: u32) {
        let k = k as usize;
        if N <= W::BITS as usize {
            rows[k % N] |= W::truncate(self.0[0]) << (k / N * N) as u32;
        } else {
            let width = W::BITS as usize;
            for (square, row) in rows.iter_mut().skip(k).step_by(width).enumerate() {
                let bit = square * width;
                *row = W::truncate(self.0[bit / 64 % 4] >> (bit % 64));
            }
        }
    }

    /// The place of the first one-bit from `n` on.
    #[inline(always)]
    fn next_one(&self, n: u32) -> Option<u32> {
        let first = if Self::WORDS == 1 { 0 } else { n as usize / 64 };
        let mut word = self.0[first % 4] >> (n % 64) << (n % 64);
        for i in first..Self::WORDS {
            if word != 0 {
                return Some(64 * i as u32 + word.trailing_zeros());
            }
            word = self.0[(i + 1) % 4];
        }
        None
    }

    /// The first `n` bits, up to 64 at a time.
    #[inline(always)]
    fn for_each_word_below(&self, n: u32, mut each: impl FnMut(u64, u32)) {
        for (i, &word) in self.0[..Self::WORDS].iter().enumerate() {
            let count = n.saturating_sub(64 * i as u32).min(64);
            if count > 0 {
                each(word, count);
            }
        }
    }

    /// Sets the first `n` bits, up to 64 at a time.
    #[inline(always)]
    fn fill_below(&mut self, n: u32, mut next: impl FnMut(u32) -> u64) {
        for (i, word) in self.0[..Self::WORDS].iter_mut().enumerate() {
            let count = n.saturating_sub(64 * i as u32).min(64);
            if count > 0 {
                *word = next(count);
            }
        }
    }

    #[inline(always)]
    fn set(&mut self, place: u32) {
        let word = if Self::WORDS == 1 { 0 } else { place as usize / 64 };
        self.0[word % 4] |= 1 << (place % 64);
    }
}

/// Transposes each square of bits as wide as the smaller of `N` and the word: bit `c`
/// of row `r` goes to bit `r` of row `c`. Its own inverse.
#[inline(always)]
fn transpose<W: Word, const N: usize>(rows: &mut [W; N]) {
    swap_halves::<W, N, 32>(rows);
    swap_halves::<W, N, 16>(rows);
    swap_halves::<W, N, 8>(rows);
    swap_halves::<W, N, 4>(rows);
    swap_halves::<W, N, 2>(rows);
    swap_halves::<W, N, 1>(rows);
}

/// In each square of side 2·`HALF`, swaps the upper right and the lower left quarter.
#[inline(always)]
fn swap_halves<W: Word, const N: usize, const HALF: usize>(rows: &mut [W; N]) {
    if 2 * HALF > N.min(W::BITS as usize) {
        return;
    }
    // HALF ones, HALF zeros, and so on, from the lowest bit up.
    let mask = W::truncate(u64::MAX / ((1u64 << HALF) + 1));
    let shift = HALF as u32;
    for square in rows.chunks_exact_mut(2 * HALF) {
        let (upper, lower) = square.split_at_mut(HALF);
        for (upper, lower) in upper.iter_mut().zip(lower) {
            let swap = ((*upper >> shift) ^ *lower) & mask;
            *lower ^= swap;
            *upper ^= swap << shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes_are_bits<W: Word, const N: usize>() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let coefficients: [W; N] = std::array::from_fn(|_| {
            state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
            W::truncate(state >> (state >> 60))
        });
        let mut rows = coefficients;
        transpose(&mut rows);
        let mut again = [W::ZERO; N];
        for k in 0..W::BITS {
            let plane = Plane::<N>::of(&rows, k);
            for (i, c) in coefficients.iter().enumerate() {
                assert_eq!(plane.0[i / 64] >> (i % 64) & 1, (*c >> k).widen() & 1);
            }
            plane.deposit(&mut again, k);
        }
        transpose(&mut again);
        assert!(again == coefficients);
    }

    #[test]
    fn planes_hold_one_bit_of_each_coefficient() {
        planes_are_bits::<u32, 4>();
        planes_are_bits::<u32, 16>();
        planes_are_bits::<u32, 64>();
        planes_are_bits::<u32, 256>();
        planes_are_bits::<u64, 4>();
        planes_are_bits::<u64, 16>();
        planes_are_bits::<u64, 64>();
        planes_are_bits::<u64, 256>();
    }
}
