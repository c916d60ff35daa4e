//! Bit planes of tiles: coefficients are brought in order by way of memory, their bytes are
//! put together, and squares of eight bits of eight bytes are transposed.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has SSE2")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

use super::super::lanes::{Planes, Tile, places};
use super::bits::{halves, transpose, zip};
use super::{Lanes32, Lanes64};
use crate::scalar::Word;

/// Where each coefficient comes from: they are brought where their bytes, put together,
/// are in eight registers if they become bits of one byte.
const fn sources<const N: usize>() -> [u8; 256] {
    let places = places::<N>();
    let mut sources = [0; 256];
    let mut i = 0;
    while i < 256 {
        let (j, q, s) = (i % 64 / 8, i % 8 / 2, i % 2);
        let register = j / 4 * 2 + s;
        let lane = j % 2 * 2 + j / 2 % 2;
        sources[i / 64 * 64 + 16 * q + 4 * register + lane] = places[i];
        i += 1;
    }
    sources
}

/// The planes of a tile, or of the four of a 4-dimensional block; those below `lowest` may be
/// zero.
#[inline(always)]
pub(super) fn of_32<const N: usize>(
    tiles: &[Tile<Lanes32>],
    lowest: u32,
    planes: &mut Planes,
) -> u64 {
    let mut values = [0u32; 256];
    let mut any = unsafe { _mm_setzero_si128() };
    for (lanes, values) in tiles.as_flattened().iter().zip(values.as_chunks_mut::<16>().0) {
        for (lanes, values) in lanes.0.into_iter().zip(values.as_chunks_mut::<4>().0) {
            // SAFETY: four values are 16 bytes.
            unsafe {
                let mask = _mm_set1_epi32(u32::NEGABINARY as i32);
                let word = _mm_xor_si128(_mm_add_epi32(lanes, mask), mask);
                any = _mm_or_si128(any, word);
                _mm_storeu_si128(values.as_mut_ptr().cast(), word);
            }
        }
    }
    let any = fold(any);
    let any = (any | any >> 32) & 0xffff_ffff;
    let wanted = any & (u64::MAX << lowest);
    if wanted == 0 {
        planes[..if N > 64 { 128 } else { 32 }].fill(0);
        return any;
    }
    let sources = const { &sources::<N>() };
    let step = if N > 64 { 4 } else { 1 };
    for t in 0..step {
        let ordered: [u32; 64] = std::array::from_fn(|i| values[sources[64 * t + i] as usize]);
        let words = std::array::from_fn(|i| load(&ordered[4 * i..]));
        thirty_two(words, wanted, &mut planes[t..], step);
    }
    any
}

/// As [`of_32`].
#[inline(always)]
pub(super) fn of_64<const N: usize>(
    tiles: &[Tile<Lanes64>],
    lowest: u32,
    planes: &mut Planes,
) -> u64 {
    let mut values = [0u64; 256];
    let mut any = unsafe { _mm_setzero_si128() };
    for (lanes, values) in tiles.as_flattened().iter().zip(values.as_chunks_mut::<16>().0) {
        for (lanes, values) in lanes.0.into_iter().zip(values.as_chunks_mut::<2>().0) {
            // SAFETY: two values are 16 bytes.
            unsafe {
                let mask = _mm_set1_epi64x(u64::NEGABINARY as i64);
                let word = _mm_xor_si128(_mm_add_epi64(lanes, mask), mask);
                any = _mm_or_si128(any, word);
                _mm_storeu_si128(values.as_mut_ptr().cast(), word);
            }
        }
    }
    let any = fold(any);
    let wanted = any & (u64::MAX << lowest);
    if wanted == 0 {
        planes[..if N > 64 { 256 } else { 64 }].fill(0);
        return any;
    }
    let sources = const { &sources::<N>() };
    let step = if N > 64 { 4 } else { 1 };
    for t in 0..step {
        let ordered: [u64; 64] = std::array::from_fn(|i| values[sources[64 * t + i] as usize]);
        let pair = |i: usize| unsafe {
            let (a, b) = (load(&ordered[4 * i..]), load(&ordered[4 * i + 2..]));
            (_mm_castsi128_ps(a), _mm_castsi128_ps(b))
        };
        let (low_planes, high_planes) = planes[t..].split_at_mut(32 * step);
        if wanted as u32 == 0 {
            low_planes.iter_mut().step_by(step).for_each(|plane| *plane = 0);
        } else {
            let low = std::array::from_fn(|i| unsafe {
                let (a, b) = pair(i);
                _mm_castps_si128(_mm_shuffle_ps::<0x88>(a, b))
            });
            thirty_two(low, wanted, low_planes, step);
        }
        let high = std::array::from_fn(|i| unsafe {
            let (a, b) = pair(i);
            _mm_castps_si128(_mm_shuffle_ps::<0xdd>(a, b))
        });
        thirty_two(high, wanted >> 32, high_planes, step);
    }
    any
}

#[inline(always)]
fn load<W: Word>(words: &[W]) -> __m128i {
    let words = &words[..16 / size_of::<W>()];
    // SAFETY: these are 16 bytes.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

/// Both halves.
#[inline(always)]
fn fold(any: __m128i) -> u64 {
    unsafe {
        let high = _mm_unpackhi_epi64(any, any);
        _mm_cvtsi128_si64(_mm_or_si128(any, high)) as u64
    }
}

/// 32 planes of 64 words, each `step` words behind the one below; `wanted` says which of them
/// may have a one-bit that counts.
#[inline(always)]
fn thirty_two(words: [__m128i; 16], wanted: u64, planes: &mut [u64], step: usize) {
    let bytes: [[__m128i; 4]; 4] = std::array::from_fn(|q| {
        let (a, b, c, d) = (words[4 * q], words[4 * q + 1], words[4 * q + 2], words[4 * q + 3]);
        let ([a, b], [c, d]) = (zip(a, b), zip(c, d));
        let ([a, c], [b, d]) = (zip(a, c), zip(b, d));
        let ([a, c], [b, d]) = (zip(a, c), zip(b, d));
        let ([a, b], [c, d]) = (zip(a, b), zip(c, d));
        [a, b, c, d]
    });
    for pair in 0..2 {
        if (wanted >> (16 * pair)) as u16 == 0 {
            for k in 16 * pair..16 * (pair + 1) {
                planes[k * step] = 0;
            }
            continue;
        }
        let mut registers = [bytes[0][0]; 8];
        for q in 0..4 {
            let both = halves(bytes[q][2 * pair], bytes[q][2 * pair + 1]);
            [registers[2 * q], registers[2 * q + 1]] = both;
        }
        for (k, two) in transpose(registers).into_iter().enumerate() {
            unsafe {
                planes[(16 * pair + k) * step] = _mm_cvtsi128_si64(two) as u64;
                let high = _mm_unpackhi_epi64(two, two);
                planes[(16 * pair + 8 + k) * step] = _mm_cvtsi128_si64(high) as u64;
            }
        }
    }
}
