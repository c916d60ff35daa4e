//! Planes to values by NEON: squares of eight bits of eight planes are transposed, which
//! makes bytes of coefficients; they are brought where the transform wants them by a look
//! into a table of 64, and joined.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has NEON")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::aarch64::*;

use super::lanes::{K, Lanes32, Lanes64, Wide};
use crate::block::{BlockScalar, order};
use crate::cpu::simd::decode::group::{Cast, Group};
use crate::cpu::simd::decode::head::Kind;
use crate::cpu::simd::neon::bits::{halves, transpose};
use crate::cpu::simd::neon::planes::look_up;
use crate::cpu::simd::unlift;

/// See [`Machine::values`](crate::cpu::simd::decode::machine::Machine::values).
#[inline(always)]
pub(super) fn values<S: BlockScalar, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    values: &mut [[S; 64]; 4],
) {
    if size_of::<S>() == 4 {
        finish::<S, Lanes32, N>(group, sets, exact, values);
    } else {
        finish::<S, Lanes64, N>(group, sets, exact, values);
    }
}

#[inline(always)]
fn finish<S: BlockScalar, V: Wide, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    values: &mut [[S; 64]; 4],
) {
    if N > 64 {
        let mut words = [0; 256];
        for set in 0..4 {
            // The highest frequencies often have none at all.
            if group.planes[set].iter().fold(0, |any, plane| any | plane) == 0 {
                continue;
            }
            scatter::<V>(&group.planes[set], set, &mut words);
        }
        let load = |set: usize| std::array::from_fn(|i| V::load(&words, K * set + i));
        let mut vectors: [[V; K]; 4] = std::array::from_fn(load);
        unlift::outermost(&mut vectors, exact);
        for (vectors, values) in vectors.into_iter().zip(values) {
            let vectors = unlift::set::<V, K, N>(vectors, exact);
            cast_set::<S, V, N>(vectors, &group.casts, values);
        }
        return;
    }
    for (set, values) in values.iter_mut().enumerate().take(sets) {
        let vectors = if N == 4 {
            let planes = group.planes.as_flattened();
            if V::LONG { long_fours(planes) } else { short_fours(planes) }
        } else {
            coefficients::<V, N>(&group.planes[set])
        };
        let mut vectors = unlift::set::<V, K, N>(vectors, exact);
        if N == 4 {
            // Rows were of blocks that follow each other.
            vectors = V::swap(vectors);
        }
        cast_set::<S, V, N>(vectors, &group.casts[set * (64 / N)..], values);
    }
}

/// Where the bytes of coefficients are when they come out of planes: that of coefficient
/// 8·j + 2·q + s at place 16·q + 8·s + j.
const fn place_of(coefficient: usize) -> usize {
    coefficient % 8 / 2 * 16 + coefficient % 2 * 8 + coefficient / 8
}

/// Where each coefficient of a set goes, blocks being of `N`.
const fn slots<const N: usize>() -> [u8; 256] {
    let order = order::order::<N>();
    let mut slots = [0; 64];
    let mut slot = 0;
    while slot < 64 {
        slots[unlift::place::<K, N>(slot / 4, slot % 4)] = slot as u8;
        slot += 1;
    }
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let place = i / N * N + order[i % N] as usize;
        table[i] = (place / 64 * 64) as u8 + slots[place % 64];
        i += 1;
    }
    table
}

/// For each slot of a set, where its coefficient's bytes are.
const fn sources<const N: usize>() -> [[u8; 16]; 4] {
    let slots = slots::<N>();
    let mut sources = [[0; 16]; 4];
    let mut i = 0;
    while i < 64 {
        let slot = slots[i] as usize;
        // Blocks of 256 go another way.
        sources[slot / 16 % 4][slot % 16] = place_of(i) as u8;
        i += 1;
    }
    sources
}

/// The coefficients of a set, where the transform wants them.
#[inline(always)]
fn coefficients<V: Wide, const N: usize>(planes: &[u64; 64]) -> [V; K] {
    let sources = const { &sources::<N>() };
    let words = |first: usize| {
        let bytes = bytes_of(planes, first);
        join(bytes.map(|bytes| {
            [
                look_up(bytes, &sources[0]),
                look_up(bytes, &sources[1]),
                look_up(bytes, &sources[2]),
                look_up(bytes, &sources[3]),
            ]
        }))
    };
    let low = words(0);
    let high = if V::LONG { words(32) } else { low };
    std::array::from_fn(|i| V::new(low[i], high[i]))
}

/// Puts the coefficients of word `set` of the planes of a block of 256 where the transform
/// wants them.
#[inline(always)]
fn scatter<V: Wide>(planes: &[u64; 64], set: usize, words: &mut [u64; 256]) {
    // By place, as the bytes lie.
    const TABLE: [u8; 256] = {
        let slots = slots::<256>();
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            table[i / 64 * 64 + place_of(i % 64)] = slots[i];
            i += 1;
        }
        table
    };
    let table = &TABLE[64 * set..][..64];
    let low = to_memory(join(bytes_of(planes, 0)));
    if V::LONG {
        let high = to_memory(join(bytes_of(planes, 32)));
        for ((&slot, low), high) in table.iter().zip(low).zip(high) {
            words[slot as usize] = u64::from(high) << 32 | u64::from(low);
        }
    } else {
        let words: &mut [u32; 512] = bytemuck::cast_mut(words);
        for (&slot, low) in table.iter().zip(low) {
            words[slot as usize] = low;
        }
    }
}

#[inline(always)]
fn to_memory(words: [uint32x4_t; 16]) -> [u32; 64] {
    let mut memory = [0; 64];
    for (place, four) in memory.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        // SAFETY: four words are 16 bytes.
        unsafe { vst1q_u32(place.as_mut_ptr(), four) };
    }
    memory
}

/// The four bytes of coefficients that 32 planes from `first` on are.
#[inline(always)]
fn bytes_of(planes: &[u64; 64], first: usize) -> [[uint8x16_t; 4]; 4] {
    let pair = |first: usize| {
        let eight = transpose(std::array::from_fn(|k| unsafe {
            let (low, high) = (planes[first + k], planes[first + 8 + k]);
            vcombine_u8(vcreate_u8(low), vcreate_u8(high))
        }));
        let [a, b, c, d] = std::array::from_fn(|q| halves(eight[2 * q], eight[2 * q + 1]));
        [[a[0], b[0], c[0], d[0]], [a[1], b[1], c[1], d[1]]]
    };
    let [[low, next], [third, high]] = [pair(first), pair(first + 16)];
    [low, next, third, high]
}

/// Words of their bytes.
#[inline(always)]
fn join([a, b, c, d]: [[uint8x16_t; 4]; 4]) -> [uint32x4_t; 16] {
    let quarter = |i: usize| unsafe {
        let low = [vzip1q_u8(a[i], b[i]), vzip2q_u8(a[i], b[i])];
        let high = [vzip1q_u8(c[i], d[i]), vzip2q_u8(c[i], d[i])];
        let [low, low_next] = low.map(|bytes| vreinterpretq_u16_u8(bytes));
        let [high, high_next] = high.map(|bytes| vreinterpretq_u16_u8(bytes));
        [
            vzip1q_u16(low, high),
            vzip2q_u16(low, high),
            vzip1q_u16(low_next, high_next),
            vzip2q_u16(low_next, high_next),
        ]
    };
    let quarters: [_; 4] = std::array::from_fn(quarter);
    std::array::from_fn(|i| unsafe { vreinterpretq_u32_u16(quarters[i / 4][i % 4]) })
}

/// The coefficients of 16 blocks of four, whose planes are 32 bytes, the highest first:
/// vector 4·i + h has coefficients i of blocks 4·h to 4·h + 3.
#[inline(always)]
fn short_fours<V: Wide>(planes: &[u64]) -> [V; K] {
    let mut vectors = [V::from_bits([unsafe { vdupq_n_u8(0) }; 2]); K];
    for half in 0..2 {
        let planes = &planes[32 * half..][..32];
        // Eight words hold two blocks, from which 4 × 16 bytes are taken in turns.
        let low = every_eighth(&planes[..8], &planes[8..16]);
        let high = every_eighth(&planes[16..24], &planes[24..32]);
        let eight = transpose_fours(low, high);
        for i in 0..4 {
            let [low, high] = [eight[i], eight[i + 4]].map(|bytes| unsafe { vrev32q_u8(bytes) });
            vectors[4 * i + 2 * half] = V::from_bits([low; 2]);
            vectors[4 * i + 2 * half + 1] = V::from_bits([high; 2]);
        }
    }
    vectors
}

/// As [`short_fours`], of blocks whose planes are 64 bytes.
#[inline(always)]
fn long_fours<V: Wide>(planes: &[u64]) -> [V; K] {
    let mut vectors = [V::from_bits([unsafe { vdupq_n_u8(0) }; 2]); K];
    for h in 0..4 {
        let planes = &planes[32 * h..][..32];
        let low = every_eighth(&planes[..8], &planes[8..16]);
        let high = every_eighth(&planes[16..24], &planes[24..32]);
        let eight = transpose_fours(low, high);
        for i in 0..4 {
            let both = [eight[i], eight[i + 4]].map(|bytes| unsafe { vrev64q_u8(bytes) });
            vectors[4 * i + h] = V::from_bits(both);
        }
    }
    vectors
}

/// Of twice 64 bytes, those at each place of eight.
#[inline(always)]
fn every_eighth(first: &[u64], second: &[u64]) -> [uint8x16_t; 8] {
    // SAFETY: eight words are 64 bytes.
    unsafe {
        let a = vld4q_u8(first[..8].as_ptr().cast());
        let b = vld4q_u8(second[..8].as_ptr().cast());
        let (a, b) = ([a.0, a.1, a.2, a.3], [b.0, b.1, b.2, b.3]);
        std::array::from_fn(|i| {
            let (a, b) = (a[i % 4], b[i % 4]);
            if i < 4 { vuzp1q_u8(a, b) } else { vuzp2q_u8(a, b) }
        })
    }
}

/// Coefficients of blocks of four and, behind them, of as many others, out of planes of
/// four bits, the highest first.
#[inline(always)]
fn transpose_fours(low: [uint8x16_t; 8], high: [uint8x16_t; 8]) -> [uint8x16_t; 8] {
    transpose(std::array::from_fn(|k| unsafe { vsliq_n_u8::<4>(low[7 - k], high[7 - k]) }))
}

/// Casts the integers of a set, whose blocks' casts come first among `casts`.
#[inline(always)]
fn cast_set<S: BlockScalar, V: Wide, const N: usize>(
    vectors: [V; K],
    casts: &[Cast],
    values: &mut [S; 64],
) {
    let rows = values.as_chunks_mut::<4>().0;
    for (i, (vector, values)) in vectors.into_iter().zip(rows).enumerate() {
        let cast = casts[4 * i / N];
        let values_of_block = if S::TYPE.exponent_bits().is_none() {
            vector
        } else if cast.kind == Kind::Exact {
            vector.patterns()
        } else {
            vector.scaled(cast.exponent)
        };
        values_of_block.store(values);
    }
}
