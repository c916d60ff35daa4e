//! Planes to values by AVX2: the sign bits of 32 bytes, which one instruction collects,
//! are a coefficient when the bytes are 32 planes. Each is stored where the transform
//! wants it.

#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

use super::lanes::{Lanes32, Lanes64, Wide};
use crate::block::{BlockScalar, order};
use crate::cpu::simd::decode::group::{Cast, Group};
use crate::cpu::simd::decode::head::Kind;
use crate::cpu::simd::unlift;

/// Where each coefficient of four sets goes, blocks being of `N`.
struct Places<const K: usize, const N: usize>;

impl<const K: usize, const N: usize> Places<K, N> {
    const TABLE: [u8; 256] = {
        let order = order::order::<N>();
        let lanes = 64 / K;
        let mut slots = [0; 64];
        let mut slot = 0;
        while slot < 64 {
            slots[unlift::place::<K, N>(slot / lanes, slot % lanes)] = slot;
            slot += 1;
        }
        let mut places = [0; 256];
        let mut i = 0;
        while i < 256 {
            let place = i / N * N + order[i % N] as usize;
            places[i] = (place / 64 * 64 + slots[place % 64]) as u8;
            i += 1;
        }
        places
    };
}

/// Coefficients of up to four sets, in vectors to be.
#[repr(C, align(32))]
struct Words([u64; 256]);

/// See [`Machine::values`](crate::cpu::simd::decode::machine::Machine::values).
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[inline]
pub(super) fn values<S: BlockScalar, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    values: &mut [[S; 64]; 4],
) {
    if size_of::<S>() == 4 {
        finish::<S, Lanes32, 8, N>(group, sets, exact, values);
    } else {
        finish::<S, Lanes64, 16, N>(group, sets, exact, values);
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[inline]
fn finish<S: BlockScalar, V: Wide<K>, const K: usize, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    values: &mut [[S; 64]; 4],
) {
    let mut words = Words([0; 256]);
    if N == 4 {
        collect_fours::<V, K>(&group.planes, &mut words);
    } else {
        for set in 0..sets {
            collect::<V, K, N>(&group.planes[set], 64 * set, &mut words);
        }
    }
    let mut vectors = [[V::new(_mm256_setzero_si256()); K]; 4];
    for set in 0..sets {
        for i in 0..K {
            vectors[set][i] = V::new(load(&words, K * set + i));
        }
    }
    if N > 64 {
        unlift::outermost(&mut vectors, exact);
    }
    for set in 0..sets {
        let vectors = unlift::set::<V, K, N>(vectors[set], exact);
        let casts = if N > 64 { &group.casts[..] } else { &group.casts[set * (64 / N)..] };
        cast_set::<S, V, K, N>(vectors, casts, &mut values[set]);
    }
}

/// The coefficients of a set, the first of which has number `first`.
#[target_feature(enable = "avx2")]
#[inline]
fn collect<V: Wide<K>, const K: usize, const N: usize>(
    planes: &[u64; 64],
    first: usize,
    words: &mut Words,
) {
    let table = const { &Places::<K, N>::TABLE };
    let low = columns(planes, 0);
    let high = if V::LONG { columns(planes, 32) } else { low };
    for j in 0..8 {
        let (mut low, mut high) = (low[j], high[j]);
        for bit in 0..8 {
            let place = table[first + 8 * j + 7 - bit];
            put::<V, K>(words, place, low, high);
            low = _mm256_add_epi8(low, low);
            high = _mm256_add_epi8(high, high);
        }
    }
}

/// Stores the coefficient that the sign bits of 32 or 64 bytes are.
#[target_feature(enable = "avx2")]
#[inline]
fn put<V: Wide<K>, const K: usize>(words: &mut Words, place: u8, low: __m256i, high: __m256i) {
    let low = _mm256_movemask_epi8(low) as u32;
    if V::LONG {
        let high = _mm256_movemask_epi8(high) as u32;
        words.0[place as usize] = u64::from(high) << 32 | u64::from(low);
    } else {
        let words: &mut [u32; 512] = bytemuck::cast_mut(&mut words.0);
        words[place as usize] = low;
    }
}

/// Byte `j` of each of 32 planes from `first` on, for all `j`.
#[target_feature(enable = "avx2")]
#[inline]
fn columns(planes: &[u64; 64], first: usize) -> [__m256i; 8] {
    let zero = _mm256_setzero_si256();
    let pairs = _mm256_setr_epi8(
        0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, //
        0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15,
    );
    let mut rows = [zero; 8];
    for i in 0..8 {
        let (a, b) = (first + 2 * i, first + 16 + 2 * i);
        let [a, b, c, d] = [planes[a], planes[a + 1], planes[b], planes[b + 1]];
        let four = _mm256_setr_epi64x(a as i64, b as i64, c as i64, d as i64);
        rows[i] = _mm256_shuffle_epi8(four, pairs);
    }
    // Squares of 8 × 8 pairs of bytes are transposed, in each half.
    let mut fours = [zero; 8];
    for i in 0..4 {
        fours[i] = _mm256_unpacklo_epi16(rows[2 * i], rows[2 * i + 1]);
        fours[4 + i] = _mm256_unpackhi_epi16(rows[2 * i], rows[2 * i + 1]);
    }
    let mut columns = [zero; 8];
    for i in 0..2 {
        let [a, b, c, d] = [fours[4 * i], fours[4 * i + 1], fours[4 * i + 2], fours[4 * i + 3]];
        let [low, low_next] = [_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b)];
        let [high, high_next] = [_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d)];
        columns[4 * i] = _mm256_unpacklo_epi64(low, high);
        columns[4 * i + 1] = _mm256_unpackhi_epi64(low, high);
        columns[4 * i + 2] = _mm256_unpacklo_epi64(low_next, high_next);
        columns[4 * i + 3] = _mm256_unpackhi_epi64(low_next, high_next);
    }
    columns
}

/// The coefficients of 16 blocks of four, whose planes are bytes, the highest first.
#[target_feature(enable = "avx2")]
#[inline]
fn collect_fours<V: Wide<K>, const K: usize>(planes: &[[u64; 64]; 4], words: &mut Words) {
    let table = const { &Places::<K, 4>::TABLE };
    for block in 0..16 {
        let (mut low, mut high);
        if V::LONG {
            high = ascending(planes, 2 * block);
            low = ascending(planes, 2 * block + 1);
        } else {
            low = ascending(planes, block);
            high = low;
        }
        for bit in 0..4 {
            put::<V, K>(words, table[4 * block + 3 - bit], low, high);
            low = _mm256_add_epi8(low, low);
            high = _mm256_add_epi8(high, high);
        }
    }
}

/// 32 planes of a block of four, the lowest first, their highest bits on top.
#[target_feature(enable = "avx2")]
#[inline]
fn ascending(planes: &[[u64; 64]; 4], vector: usize) -> __m256i {
    let backwards = _mm256_setr_epi8(
        15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, //
        15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    );
    let four: &[u64] = &planes[vector / 16][vector % 16 * 4..][..4];
    let four = _mm256_setr_epi64x(four[2] as i64, four[3] as i64, four[0] as i64, four[1] as i64);
    // Bytes hold four bits: none is pushed into another.
    _mm256_slli_epi16::<4>(_mm256_shuffle_epi8(four, backwards))
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(words: &Words, vector: usize) -> __m256i {
    let four = &words.0[4 * vector..][..4];
    // SAFETY:
    // * 32 bytes from there on are in the words, as was just seen.
    unsafe { _mm256_loadu_si256(four.as_ptr().cast()) }
}

/// Casts the integers of a set, whose blocks' casts come first among `casts`.
#[target_feature(enable = "avx2")]
#[inline]
fn cast_set<S: BlockScalar, V: Wide<K>, const K: usize, const N: usize>(
    vectors: [V; K],
    casts: &[Cast],
    values: &mut [S; 64],
) {
    let lanes = 64 / K;
    for i in 0..K {
        let vector = vectors[i];
        let value = if S::TYPE.exponent_bits().is_none() {
            vector.bits()
        } else {
            // The blocks of the first and the last of its rows.
            let first = casts[i * lanes / N];
            let last = casts[(i * lanes + lanes - 1) / N];
            let scales = [V::scale(first.exponent), V::scale(last.exponent)];
            let exact = [first.kind, last.kind].map(|kind| u64::from(kind == Kind::Exact));
            let scaled = vector.scaled(V::splat(scales));
            if exact == [0; 2] {
                scaled
            } else {
                let exact = V::splat(exact.map(u64::wrapping_neg));
                _mm256_blendv_epi8(scaled, vector.patterns(), exact)
            }
        };
        let place = values[i * lanes..][..lanes].as_mut_ptr();
        // SAFETY:
        // * so many values, 32 bytes, are there, as was just seen, and any bits make a
        //   value of the types that blocks are of.
        unsafe { _mm256_storeu_si256(place.cast(), value) };
    }
}
