//! Planes to values by SSE2: squares of eight bits of eight planes are transposed, which
//! makes bytes of coefficients; they are joined, and go where the transform wants them by
//! way of memory.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has SSE2")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

mod lanes;

use std::arch::x86_64::*;

use crate::block::BlockScalar;
use crate::cpu::simd::decode::group::Group;
use crate::cpu::simd::decode::rows::{self, K, is_empty, slots_by_place};
use crate::cpu::simd::sse2::bits::{halves, transpose, zip};
use lanes::{Lanes32, Lanes64, Wide};

/// See [`Machine::values`](crate::cpu::simd::decode::machine::Machine::values).
#[inline(always)]
pub(super) fn values<S: BlockScalar, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    values: &mut [[S; 64]; 4],
) {
    if size_of::<S>() == 4 {
        rows::values::<S, Lanes32, N>(group, sets, exact, values);
    } else {
        rows::values::<S, Lanes64, N>(group, sets, exact, values);
    }
}

/// See [`Row`](rows::Row).
#[inline(always)]
fn of_set<V: Wide, const N: usize>(planes: &[u64; 64]) -> [V; K] {
    let mut words = [0; 256];
    scatter::<V, N>(planes, 0, &mut words);
    std::array::from_fn(|i| V::load(&words, i))
}

#[inline(always)]
fn of_sets<V: Wide>(planes: &[[u64; 64]; 4]) -> [[V; K]; 4] {
    let mut words = [0; 256];
    for (set, planes) in planes.iter().enumerate() {
        // The highest frequencies often have none at all.
        if !is_empty(planes) {
            scatter::<V, 256>(planes, set, &mut words);
        }
    }
    std::array::from_fn(|set| std::array::from_fn(|i| V::load(&words, K * set + i)))
}

#[inline(always)]
fn of_fours<V: Wide>(planes: &[u64]) -> [V; K] {
    // The lowest planes often have no bits, for want of a budget or precision.
    if !V::LONG {
        short_fours::<V, 4>(planes)
    } else if planes[..128].chunks_exact(8).all(|block| is_empty(&block[4..])) {
        short_fours::<V, 8>(planes)
    } else {
        long_fours(planes)
    }
}

/// Puts the coefficients of set `set` where the transform wants them.
#[inline(always)]
fn scatter<V: Wide, const N: usize>(planes: &[u64; 64], set: usize, words: &mut [u64; 256]) {
    let table = &const { &slots_by_place::<N>() }[64 * set..][..64];
    if V::LONG {
        let high = join(bytes_of(planes, 32));
        // The lowest planes often have no bits, for want of a budget or precision.
        if is_empty(&planes[..32]) {
            scatter_long([unsafe { _mm_setzero_si128() }; 16], high, table, words);
        } else {
            scatter_long(join(bytes_of(planes, 0)), high, table, words);
        }
    } else {
        let low = join(bytes_of(planes, 0));
        let mut memory = [0u32; 64];
        for (place, four) in memory.as_chunks_mut::<4>().0.iter_mut().zip(low) {
            // SAFETY: four words are 16 bytes.
            unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), four) };
        }
        let words: &mut [u32; 512] = bytemuck::cast_mut(words);
        for (&slot, word) in table.iter().zip(memory) {
            words[slot as usize] = word;
        }
    }
}

/// See [`scatter`]; of the lower and the higher halves of words.
#[inline(always)]
fn scatter_long(low: [__m128i; 16], high: [__m128i; 16], table: &[u8], words: &mut [u64; 256]) {
    let mut memory = [0u64; 64];
    for (i, place) in memory.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let place = place.as_mut_ptr();
        // SAFETY: four words are twice 16 bytes.
        unsafe {
            _mm_storeu_si128(place.cast(), _mm_unpacklo_epi32(low[i], high[i]));
            _mm_storeu_si128(place.add(2).cast(), _mm_unpackhi_epi32(low[i], high[i]));
        }
    }
    for (&slot, word) in table.iter().zip(memory) {
        words[slot as usize] = word;
    }
}

/// The four bytes of coefficients that 32 planes from `first` on are.
#[inline(always)]
fn bytes_of(planes: &[u64; 64], first: usize) -> [[__m128i; 4]; 4] {
    let pair = |first: usize| {
        let eight = transpose(std::array::from_fn(|k| unsafe {
            let (low, high) = (planes[first + k], planes[first + 8 + k]);
            _mm_set_epi64x(high as i64, low as i64)
        }));
        let [a, b, c, d] = std::array::from_fn(|q| halves(eight[2 * q], eight[2 * q + 1]));
        [[a[0], b[0], c[0], d[0]], [a[1], b[1], c[1], d[1]]]
    };
    let [[low, next], [third, high]] = [pair(first), pair(first + 16)];
    [low, next, third, high]
}

/// Words of their bytes.
#[inline(always)]
fn join([a, b, c, d]: [[__m128i; 4]; 4]) -> [__m128i; 16] {
    let quarter = |i: usize| unsafe {
        let ([low, low_next], [high, high_next]) = (zip(a[i], b[i]), zip(c[i], d[i]));
        [
            _mm_unpacklo_epi16(low, high),
            _mm_unpackhi_epi16(low, high),
            _mm_unpacklo_epi16(low_next, high_next),
            _mm_unpackhi_epi16(low_next, high_next),
        ]
    };
    let quarters: [_; 4] = std::array::from_fn(quarter);
    std::array::from_fn(|i| quarters[i / 4][i % 4])
}

/// The coefficients of 16 blocks of four, of whose planes, the highest first, 32 bytes
/// count, or are all there are if `STEP` words of a block are four: vector 4·i + h has
/// coefficients i of blocks 4·h to 4·h + 3.
#[inline(always)]
fn short_fours<V: Wide, const STEP: usize>(planes: &[u64]) -> [V; K] {
    let zero = unsafe { _mm_setzero_si128() };
    let mut vectors = [V::new([zero; 2]); K];
    // Of each block, the higher and the lower half of its planes, eight blocks of both.
    let packed = std::array::from_fn(|r| {
        let first = r / 2 * STEP + r % 2 * 2;
        pack(&planes[first..], &planes[8 * STEP + first..])
    });
    let [even, odd] = eights(packed, [1, 8, 4, 2], |t| t << 1);
    for i in 0..8 {
        let [first, second] = zip(odd[i], even[i]);
        let words =
            unsafe { [_mm_unpacklo_epi16(second, first), _mm_unpackhi_epi16(second, first)] };
        for (next, words) in words.into_iter().enumerate() {
            vectors[i % 4 * 4 + i / 4 * 2 + next] = V::new(if V::LONG {
                unsafe { [_mm_unpacklo_epi32(zero, words), _mm_unpackhi_epi32(zero, words)] }
            } else {
                [words; 2]
            });
        }
    }
    vectors
}

/// As [`short_fours`], of blocks whose planes are 64 bytes.
#[inline(always)]
fn long_fours<V: Wide>(planes: &[u64]) -> [V; K] {
    let mut vectors = [V::new([unsafe { _mm_setzero_si128() }; 2]); K];
    for half in 0..2 {
        let planes = &planes[64 * half..][..64];
        let packed = std::array::from_fn(|r| pack(&planes[2 * r..], &planes[32 + 2 * r..]));
        let [even, odd] =
            eights(packed, [1, 2, 8, 4], |t| t >> 2 << 1 | (t & 2) << 2 | (t & 1) << 2);
        for i in 0..8 {
            let [first, second] = zip(odd[i], even[i]);
            vectors[i % 4 * 4 + 2 * half + i / 4] = V::new(unsafe {
                let high = _mm_unpacklo_epi16(second, first);
                let low = _mm_unpackhi_epi16(second, first);
                [_mm_unpacklo_epi32(low, high), _mm_unpackhi_epi32(low, high)]
            });
        }
    }
    vectors
}

/// 16 planes of four bits, and 16 others above them.
#[inline(always)]
fn pack(low: &[u64], high: &[u64]) -> __m128i {
    let (low, high) = (low[..2].as_ptr().cast(), high[..2].as_ptr().cast());
    // SAFETY: two words are 16 bytes.
    unsafe { _mm_or_si128(_mm_loadu_si128(low), _mm_slli_epi16::<4>(_mm_loadu_si128(high))) }
}

/// Zips registers whose numbers differ in one bit, for each of `bits`: the four bits of a
/// byte's place go into the register's number for those, the highest first. What then are
/// bytes of the same place, at `number` of its lowest three bits, is transposed: for the
/// places below eight, and the others, whose number is odd.
#[inline(always)]
fn eights(
    mut registers: [__m128i; 16],
    bits: [usize; 4],
    number: impl Fn(usize) -> usize,
) -> [[__m128i; 8]; 2] {
    for bit in bits {
        for r in 0..16 {
            if r & bit == 0 {
                [registers[r], registers[r | bit]] = zip(registers[r], registers[r | bit]);
            }
        }
    }
    // The first of eight planes is the highest.
    let eight = |odd: usize| transpose(std::array::from_fn(|k| registers[number(7 - k) | odd]));
    [eight(0), eight(1)]
}
