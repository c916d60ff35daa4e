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

use super::fours;
use crate::bitstream::{BitReader, OpenBits, low_bits};
use crate::scalar::Word;

/// Writes the planes from the top down to plane `width − precision`, at most `budget`
/// bits; returns how many it wrote.
#[inline(always)]
pub(crate) fn encode<W: Word, const N: usize>(
    whole: &mut OpenBits<'_>,
    budget: u32,
    precision: u32,
    coefficients: &[W; N],
) -> u32 {
    let precision = precision.min(W::BITS);
    // Planes above the highest one-bit are a group test each.
    let any = coefficients.iter().fold(W::ZERO, |any, &word| any | word);
    let empty = any.leading_zeros().min(precision);
    let mut rows = *coefficients;
    transpose(&mut rows);
    // A copy of the cursor, which the compiler can keep in registers.
    let mut out = Limited { out: whole.reborrow(), left: budget };
    out.put(0, empty);
    let mut n = 0;
    for k in (W::BITS - precision..W::BITS - empty).rev() {
        if out.left == 0 {
            break;
        }
        let plane = Plane::<N>::of(&rows, k);
        if N == 4 {
            let (code, bits) = fours::encode(n, plane.0[0]);
            out.put(code, bits);
            n = n.max(u64::BITS - plane.0[0].leading_zeros());
        } else {
            n = encode_plane(&mut out, n, &plane);
        }
    }
    let Limited { out: written, left } = out;
    let end = written.close();
    whole.resume(end);
    budget - left
}

#[inline(always)]
fn encode_plane<const N: usize>(out: &mut Limited<'_>, mut n: u32, plane: &Plane<N>) -> u32 {
    let size = N as u32;
    // The plane's code so far, not yet written: planes of up to 16 bits have codes of
    // less than 32, so theirs is written at once.
    let (mut code, mut bits) = if N <= 16 {
        (plane.0[0] & low_bits(n), n)
    } else {
        plane.for_each_word_below(n, |word, count| out.put(word, count));
        (0, 0)
    };
    while n < size {
        if N > 16 && bits > 62 {
            out.put(code, bits);
            (code, bits) = (0, 0);
        }
        let Some(next) = plane.next_one(n) else {
            bits += 1;
            break;
        };
        // The group test, the zeros and the one-bit; the last one-bit is implied.
        let mut zeros = next - n;
        let one = u32::from(next + 1 < size);
        if N > 16 && bits + zeros + 2 > 63 {
            out.put(code, bits);
            (code, bits) = (0, 0);
            if N > 64 && zeros > 61 {
                out.put(1, 1);
                while zeros > 63 {
                    out.put(0, 63);
                    zeros -= 63;
                }
                out.put(u64::from(one) << zeros, zeros + one);
                n = next + 1;
                continue;
            }
        }
        code |= (1 | u64::from(one) << 1 << zeros) << bits;
        bits += 1 + zeros + one;
        n = next + 1;
    }
    out.put(code, bits);
    n
}

/// Reads what [`encode`] writes: the coefficients, and how many bits they took.
#[inline(always)]
pub(crate) fn decode<W: Word, const N: usize>(
    input: &mut BitReader<'_>,
    budget: u32,
    precision: u32,
) -> ([W; N], u32) {
    let precision = precision.min(W::BITS);
    let mut rows = [W::ZERO; N];
    let mut reader = *input;
    let empty = take_zeros(&mut reader, precision.min(budget));
    let mut left = budget - empty;
    let mut n = 0;
    for k in (W::BITS - precision..W::BITS - empty).rev() {
        if left == 0 {
            break;
        }
        let plane: Plane<N> = if N <= 16 {
            decode_short_plane(&mut reader, &mut left, &mut n)
        } else {
            decode_plane(&mut reader, &mut left, &mut n)
        };
        plane.deposit(&mut rows, k, n);
    }
    *input = reader;
    // Behind the first n coefficients there are but zeros.
    let width = W::BITS as usize;
    let used = if N <= width { N } else { (n as usize).next_multiple_of(width) };
    transpose_squares::<W, N>(&mut rows[..used]);
    (rows, budget - left)
}

/// Passes over zeros, at most `most`, and says how many.
#[inline(always)]
fn take_zeros(reader: &mut BitReader<'_>, most: u32) -> u32 {
    let mut zeros = 0;
    while zeros < most {
        reader.refill();
        let seen = (most - zeros).min(BitReader::WINDOW);
        let run = reader.peek().trailing_zeros().min(seen);
        reader.skip(run);
        zeros += run;
        if run < seen {
            break;
        }
    }
    zeros
}

/// A plane of up to 16 bits, whose code of less than 32 lies in the reader's window.
#[inline(always)]
fn decode_short_plane<const N: usize>(
    reader: &mut BitReader<'_>,
    left: &mut u32,
    known: &mut u32,
) -> Plane<N> {
    if reader.ready() < 32 {
        reader.refill();
    }
    if N == 4 {
        let (plane, bits, n) = fours::decode(*known, reader.peek());
        if bits <= *left {
            reader.skip(bits);
            *left -= bits;
            *known = n;
            return Plane([plane, 0, 0, 0]);
        }
    }
    let size = N as u32;
    let budget = (*left).min(32);
    let mut n = *known;
    let mut used = n.min(budget);
    let mut plane = reader.peek() & low_bits(used);
    // Ones behind the budget end a run that the budget cuts short.
    let window = reader.peek() | u64::MAX << budget;
    while n < size && used < budget {
        let code = window >> used;
        if code & 1 == 0 {
            used += 1;
            break;
        }
        let most = size - 1 - n;
        let zeros = (code >> 1).trailing_zeros().min(most);
        used += 1 + zeros + u32::from(zeros < most);
        n += zeros;
        plane |= 1 << n;
        n += 1;
    }
    let used = used.min(budget);
    reader.skip(used);
    *left -= used;
    *known = n;
    Plane([plane, 0, 0, 0])
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

    /// Undoes [`Plane::of`] on rows that were zero, for a plane of zeros from `n` on.
    #[inline(always)]
    fn deposit<W: Word>(&self, rows: &mut [W; N], k: u32, n: u32) {
        let k = k as usize;
        if N <= W::BITS as usize {
            rows[k % N] |= W::truncate(self.0[0]) << (k / N * N) as u32;
        } else {
            let width = W::BITS as usize;
            let used = (n as usize).div_ceil(width);
            for (square, row) in rows.iter_mut().skip(k).step_by(width).enumerate().take(used) {
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

/// The planes of 64 coefficients, the lowest first; as many as the word is wide.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(crate) fn of_64<W: Word>(mut coefficients: [W; 64]) -> [u64; 64] {
    transpose(&mut coefficients);
    std::array::from_fn(|k| Plane::<64>::of(&coefficients, k as u32 % W::BITS).0[0])
}

/// Transposes each square of bits as wide as the smaller of `N` and the word: bit `c`
/// of row `r` goes to bit `r` of row `c`. Its own inverse.
#[inline(always)]
fn transpose<W: Word, const N: usize>(rows: &mut [W; N]) {
    if N <= W::BITS as usize {
        return transpose_squares::<W, N>(rows);
    }
    // High frequencies are often zero, whole squares of them.
    for square in rows.chunks_exact_mut(W::BITS as usize) {
        if square.iter().fold(W::ZERO, |any, &row| any | row) != W::ZERO {
            transpose_squares::<W, N>(square);
        }
    }
}

#[inline(always)]
fn transpose_squares<W: Word, const N: usize>(rows: &mut [W]) {
    swap_halves::<W, N, 32>(rows);
    swap_halves::<W, N, 16>(rows);
    swap_halves::<W, N, 8>(rows);
    swap_halves::<W, N, 4>(rows);
    swap_halves::<W, N, 2>(rows);
    swap_halves::<W, N, 1>(rows);
}

/// In each square of side 2·`HALF`, swaps the upper right and the lower left quarter.
#[inline(always)]
fn swap_halves<W: Word, const N: usize, const HALF: usize>(rows: &mut [W]) {
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
            plane.deposit(&mut again, k, N as u32);
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
