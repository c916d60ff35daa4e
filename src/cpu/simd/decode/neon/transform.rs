//! Planes to values by NEON: squares of eight bits of eight planes are transposed, which
//! makes bytes of coefficients; they are brought where the transform wants them by a look
//! into a table of 64, and joined.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has NEON")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::aarch64::*;

use super::lanes::{Lanes32, Lanes64, Wide};
use crate::block::BlockScalar;
use crate::cpu::simd::decode::group::Group;
use crate::cpu::simd::decode::rows::{self, K, is_empty, place_of, slots, slots_by_place};
use crate::cpu::simd::neon::bits::{halves, transpose};
use crate::cpu::simd::neon::planes::look_up;

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
pub(super) fn of_sets<V: Wide>(planes: &[[u64; 64]; 4]) -> [[V; K]; 4] {
    let mut words = [0; 256];
    for (set, planes) in planes.iter().enumerate() {
        // The highest frequencies often have none at all.
        if !is_empty(planes) {
            scatter::<V>(planes, set, &mut words);
        }
    }
    std::array::from_fn(|set| std::array::from_fn(|i| V::load(&words, K * set + i)))
}

#[inline(always)]
pub(super) fn of_fours<V: Wide>(planes: &[u64]) -> [V; K] {
    if V::LONG { long_fours(planes) } else { short_fours(planes) }
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

/// See [`Row`](rows::Row).
#[inline(always)]
pub(super) fn of_set<V: Wide, const N: usize>(planes: &[u64; 64]) -> [V; K] {
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
    let table = &const { &slots_by_place::<256>() }[64 * set..][..64];
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
