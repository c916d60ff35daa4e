//! Planes to values by AVX-512: 8 × 8 bits are transposed by one instruction (GFNI), and
//! the order of coefficients is a permutation of bytes on the way.

// Iterators and closures may not be compiled for these instructions; loops are.
#![allow(clippy::needless_range_loop)]

mod abreast;
mod cubes;
mod lanes;
mod short;
mod sixteens;

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;
use std::ops::Range;

use bytemuck::Pod;

use super::group::{Cast, Group, sets_of};
use super::head::Kind;
use super::machine::{Machine, spread_mask};
use super::rows::is_empty;
use super::source::Bits;
use super::store::{self, Target};
use crate::block::{BlockScalar, Params, order};
use crate::cpu::simd::level::{Avx512, Isa};
use crate::cpu::simd::unlift;
use lanes::{Lanes32, Lanes64, Wide};

impl Machine for Avx512 {
    type Isa = Self;
    const HAS_LANES: bool = true;
    const HAS_TARGETS: bool = true;
    type Lanes = abreast::Lanes;

    #[inline(always)]
    fn isa(self) -> Self {
        self
    }
    #[inline(always)]
    fn pext(self, value: u64, mask: u64) -> u64 {
        // SAFETY: `self` proves that the CPU has BMI2.
        unsafe { _pext_u64(value, mask) }
    }
    #[inline(always)]
    fn nth_one(self, mask: u64, count: u32) -> u32 {
        // SAFETY: `self` proves that the CPU has BMI2.
        unsafe { _pdep_u64(1 << (count % 64), mask) }.trailing_zeros()
    }
    #[inline(always)]
    fn low(self, value: u64, count: u32) -> u64 {
        // SAFETY: `self` proves that the CPU has BMI2.
        unsafe { _bzhi_u64(value, count) }
    }
    #[inline(always)]
    fn spread<const K: u32>(self, bits: u64) -> u64 {
        self.isa().pdep(bits, spread_mask(K))
    }
    #[inline(always)]
    fn fours(self, bits: Bits<'_>, at: u64, count: u32, planes: &mut [u8; 64]) {
        // SAFETY: `self` proves that the CPU has all that this function is compiled for.
        unsafe { short::fours(bits, at, count, planes) }
    }
    #[inline(always)]
    fn short_fours<S: BlockScalar>(
        self,
        bits: Bits<'_>,
        at: u64,
        params: Params,
        group: &mut Group,
    ) -> bool {
        // SAFETY: `self` proves that the CPU has all that this function is compiled for.
        unsafe { short::read::<S>(bits, at, params, group) }
    }
    #[inline(always)]
    fn read_lanes<S: BlockScalar, const N: usize>(
        self,
        bits: Bits<'_>,
        places: (u64, u32),
        count: usize,
        params: Params,
        lanes: &mut Self::Lanes,
    ) -> bool {
        // SAFETY: `self` proves that the CPU has all that this function is compiled for.
        unsafe { lanes.read::<S, N>(bits, places, count, params) }
    }
    #[inline(always)]
    fn store_lanes<S: BlockScalar, const N: usize>(
        self,
        lanes: &Self::Lanes,
        blocks: Range<usize>,
        target: Option<Target<'_, S, N>>,
        room: &mut [[S; 64]; 4],
    ) {
        let count = blocks.len();
        let (mut sets, rest) = Target::of_sets(count, target, room);
        // SAFETY: likewise.
        unsafe {
            if size_of::<S>() == 4 {
                lanes.store::<S, Lanes32, 4, N>(blocks, &mut sets);
            } else {
                lanes.store::<S, Lanes64, 8, N>(blocks, &mut sets);
            }
        }
        store::copy(count, room, rest);
    }
    #[inline(always)]
    fn store<S: BlockScalar, const N: usize>(
        self,
        group: &Group,
        count: usize,
        exact: bool,
        target: Option<Target<'_, S, N>>,
        room: &mut [[S; 64]; 4],
    ) {
        let (mut sets, rest) = Target::of_sets(count, target, room);
        // SAFETY: likewise.
        unsafe {
            if size_of::<S>() == 4 {
                finish::<S, Lanes32, 4, N>(group, sets_of(count, N), exact, &mut sets);
            } else {
                finish::<S, Lanes64, 8, N>(group, sets_of(count, N), exact, &mut sets);
            }
        }
        store::copy(count, room, rest);
    }
}

/// Where each byte of a plane of bytes, ready to be interleaved, comes from: coefficients
/// of blocks of `N`, those of set `outer` of a block of 256.
const fn sources<const K: usize, const N: usize>(outer: usize) -> [u8; 64] {
    let order = order::order::<N>();
    let mut rank = [0; N];
    let mut i = 0;
    while i < N {
        rank[order[i] as usize] = i;
        i += 1;
    }
    let mut sources = [0; 64];
    let run = 16 / K;
    let mut byte = 0;
    while byte < 64 {
        let (lane, vector, i) = (byte / 16, byte % 16 / run, byte % run);
        let place = unlift::place::<K, N>(vector, lane * run + i) + 64 * outer;
        sources[byte] = (place / N * N + rank[place % N]) as u8;
        byte += 1;
    }
    sources
}

/// For each number of vectors in a set and each length of blocks.
struct Sources<const K: usize, const N: usize>;

impl<const K: usize, const N: usize> Sources<K, N> {
    const TABLE: [[u8; 64]; 4] = [
        sources::<K, N>(0),
        sources::<K, N>(if N > 64 { 1 } else { 0 }),
        sources::<K, N>(if N > 64 { 2 } else { 0 }),
        sources::<K, N>(if N > 64 { 3 } else { 0 }),
    ];
}

/// Which byte of eight planes comes where before bits are transposed: byte `i` of each
/// plane together, the lowest plane last.
const COLUMNS: [u8; 64] = {
    let mut columns = [0; 64];
    let mut byte = 0;
    while byte < 64 {
        columns[byte] = (8 * (7 - byte % 8) + byte / 8) as u8;
        byte += 1;
    }
    columns
};

#[target_feature(enable = "avx512f")]
#[inline]
fn load<T: Pod>(set: &[T; 64], vector: usize) -> __m512i {
    let bytes = size_of_val(set);
    assert!(64 * vector + 64 <= bytes);
    // SAFETY:
    // * 64 bytes from there on are in the set, as was just seen.
    unsafe { _mm512_loadu_si512(std::ptr::from_ref(set).cast::<__m512i>().add(vector)) }
}

/// Stores the rows of a vector; the first of them is row `row` of the target.
///
/// # Safety
///
/// The target has these rows.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn store_rows<S: BlockScalar, const N: usize>(
    target: &mut Target<'_, S, N>,
    row: usize,
    value: __m512i,
) {
    // SAFETY:
    // * each row has room for four values, and any bits make a number of the types that there
    //   are; rows of blocks of four follow each other.
    unsafe {
        if N == 4 {
            _mm512_storeu_si512(target.row(row).cast(), value);
        } else if size_of::<S>() == 4 {
            let parts = [
                _mm512_castsi512_si128(value),
                _mm512_extracti32x4_epi32::<1>(value),
                _mm512_extracti32x4_epi32::<2>(value),
                _mm512_extracti32x4_epi32::<3>(value),
            ];
            for i in 0..4 {
                _mm_storeu_si128(target.row(row + i).cast(), parts[i]);
            }
        } else {
            let parts = [_mm512_castsi512_si256(value), _mm512_extracti64x4_epi64::<1>(value)];
            for i in 0..2 {
                _mm256_storeu_si256(target.row(row + i).cast(), parts[i]);
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn to_array(lanes: __m512i) -> [u64; 8] {
    let mut array = [0; 8];
    // SAFETY: the array has 64 bytes.
    unsafe { _mm512_storeu_si512(array.as_mut_ptr().cast(), lanes) };
    array
}

/// Transposes eight times eight bytes: bit `i` of byte `j` goes to bit `7 − j` of byte `i`.
#[target_feature(enable = "avx512f,avx512bw,gfni")]
#[inline]
fn transposed(squares: __m512i) -> __m512i {
    let units = _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64);
    _mm512_gf2p8affine_epi64_epi8::<0>(units, squares)
}

/// Transposes eight planes of a set: bits `8g..8g + 8` of coefficient `i` become byte `i`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
#[inline]
fn bytes(planes: &[u64; 64], g: usize) -> __m512i {
    transposed(_mm512_permutexvar_epi8(load(&COLUMNS, 0), load(planes, g)))
}

/// Puts bytes of coefficients where [`Wide::join`] wants those of a set: blocks of 256 have
/// them in four vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
#[inline]
fn ordered<const K: usize, const N: usize>([a, b, c, d]: [__m512i; 4], set: usize) -> __m512i {
    let table = const { &Sources::<K, N>::TABLE };
    let sources = load(&table[set], 0);
    if N <= 64 {
        return _mm512_permutexvar_epi8(sources, a);
    }
    let low = _mm512_permutex2var_epi8(a, sources, b);
    let high = _mm512_permutex2var_epi8(c, sources, d);
    _mm512_mask_blend_epi8(_mm512_movepi8_mask(sources), low, high)
}

#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,gfni")]
#[inline]
fn finish<S: BlockScalar, V: Wide<K>, const K: usize, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    target: &mut Target<'_, S, N>,
) {
    let nothing = _mm512_setzero_si512();
    let planes = &group.planes;
    if N > 64 {
        let mut columns = [[nothing; K]; 4];
        for g in 0..K {
            // Few planes are there if precision or budget are low.
            if group.columns >> g & 1 == 0 {
                debug_assert!(planes.iter().all(|set| set[8 * g..8 * g + 8] == [0; 8]));
                continue;
            }
            let mut bytes = [nothing; 4];
            for set in 0..4 {
                bytes[set] = self::bytes(&planes[set], g);
            }
            for set in 0..4 {
                columns[set][g] = ordered::<K, N>(bytes, set);
            }
        }
        let mut vectors = [V::join(columns[0]); 4];
        for set in 1..4 {
            vectors[set] = V::join(columns[set]);
        }
        unlift::outermost(&mut vectors, exact);
        for set in 0..4 {
            let vectors = unlift::set::<V, K, N>(vectors[set], exact);
            cast_set::<S, V, K, N>(vectors, &group.casts, target, set);
        }
        return;
    }
    for set in 0..sets.min(4) {
        let mut columns = if N == 4 { V::fours(planes) } else { [nothing; K] };
        let skipped = if N == 64 && K == 8 && is_empty(&planes[set][..32]) { 4 } else { 0 };
        for g in 0..K {
            if g < skipped {
                continue;
            }
            let bytes = if N == 4 { columns[g] } else { bytes(&planes[set], g) };
            columns[g] = ordered::<K, N>([bytes; 4], 0);
        }
        let vectors = unlift::set::<V, K, N>(V::join(columns), exact);
        let casts = &group.casts[set * (64 / N)..];
        cast_set::<S, V, K, N>(vectors, casts, target, set);
    }
}

/// Casts the integers of a set, whose blocks' casts come first among `casts`, and stores them as
/// set `set` of the target.
#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,gfni")]
#[inline]
fn cast_set<S: BlockScalar, V: Wide<K>, const K: usize, const N: usize>(
    vectors: [V; K],
    casts: &[Cast],
    target: &mut Target<'_, S, N>,
    set: usize,
) {
    assert!(target.has_set(set));
    let row = |i: usize| 16 * set + i * (16 / K);
    if S::TYPE.exponent_bits().is_none() {
        for i in 0..K {
            // SAFETY: a set has 16 rows, and the target all of them, here and below.
            unsafe { store_rows(target, row(i), vectors[i].bits()) };
        }
        return;
    }
    if N == 4 {
        let mut scales = [0; 16];
        let mut exact = 0;
        for (i, (scale, cast)) in scales.iter_mut().zip(casts).enumerate() {
            *scale = V::scale(cast.exponent);
            exact |= u32::from(cast.kind == Kind::Exact) << i;
        }
        let spread = V::spread(&scales);
        for i in 0..K {
            let lanes = 64 / K;
            let vector = vectors[i];
            let mut value = vector.scaled(spread[i]).bits();
            if exact != 0 {
                let rows = u64::from(exact >> (i * lanes / 4)) & ((1 << (lanes / 4)) - 1);
                // Each row's bit four times.
                let mask = _pdep_u64(rows, 0x1111) * 15;
                value = V::choose(mask, vector.patterns().bits(), value);
            }
            // SAFETY: see above.
            unsafe { store_rows(target, row(i), value) };
        }
        return;
    }
    for i in 0..K {
        let vector = vectors[i];
        let cast = casts[i * (64 / K) / N];
        let value = match cast.kind {
            Kind::Scaled => vector.scaled(V::splat(V::scale(cast.exponent))),
            Kind::Exact => vector.patterns(),
        };
        // SAFETY: see above.
        unsafe { store_rows(target, row(i), value.bits()) };
    }
}
