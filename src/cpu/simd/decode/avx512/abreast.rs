//! Blocks of sixteen and of 64 from the stream to values, sixteen side by side: headers, planes
//! by [`sixteens`] and [`cubes`], and what comes behind.

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;
use std::ops::Range;

use super::super::group::Cast;
use super::super::head::{Kind, neutral};
use super::super::source::Bits;
use super::super::store::Target;
use super::lanes::Wide;
use super::sixteens::{self, BLOCKS, Heads};
use super::{cast_set, cubes, load, ordered, to_array, transposed};
use crate::block::{BlockScalar, Params};
use crate::cpu::simd::unlift;

/// What is known of blocks before their planes are read.
pub(super) struct Begun {
    heads: [Heads; 2],
    casts: [Cast; BLOCKS],
    precisions: [u64; BLOCKS],
    /// Bits behind the header.
    budget: u32,
}

/// Reads the headers of `count` lossy blocks of `N`, the first of which begins at bit `first`,
/// each `fixed` bits long; nothing if they have no room for more than a header.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
)]
#[inline]
pub(super) fn begin<S: BlockScalar, const N: usize>(
    bits: Bits<'_>,
    (first, fixed): (u64, u32),
    count: usize,
    params: Params,
) -> Option<Begun> {
    let head = S::TYPE.exponent_bits().map_or(0, |bits| 1 + bits);
    if params.is_reversible() || fixed <= head {
        return None;
    }
    let mut casts = [Cast::default(); BLOCKS];
    let mut precisions = [u64::from(params.maxprec.min(S::TYPE.bits())); BLOCKS];
    let budget = fixed - head;
    let all = |value: u64| _mm512_set1_epi64(value as i64);
    let eight = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    let mut heads = [Heads { present: 0, at: eight, budget: all(u64::from(budget)) }; 2];
    for (i, heads) in heads.iter_mut().enumerate() {
        let number = _mm512_add_epi64(eight, all(8 * i as u64));
        heads.present = _mm512_cmplt_epu64_mask(number, all(count as u64));
        // What is not there may be looked at where others are.
        let step = _mm512_mullo_epi64(number, all(u64::from(fixed)));
        let step = _mm512_maskz_mov_epi64(heads.present, step);
        heads.at = _mm512_add_epi64(step, all(first));
        if S::TYPE.exponent_bits().is_some() {
            let (casts, precisions) = (&mut casts[8 * i..], &mut precisions[8 * i..]);
            exponents::<S, N>(bits, params, heads, casts, precisions);
        }
    }
    Some(Begun { heads, casts, precisions, budget })
}

/// Blocks whose planes have been read: room is made for those that are.
#[derive(Default)]
pub(in super::super) struct Lanes {
    squares: Option<sixteens::Planes>,
    cubes: Option<cubes::Planes>,
    /// Planes of each block, and those of them that are zeros above the ones that were read,
    /// if there is no room for them with the others.
    counts: [u64; BLOCKS],
    zeros: [u64; BLOCKS],
    casts: [Cast; BLOCKS],
}

impl Lanes {
    /// See [`Machine::read_lanes`](super::super::machine::Machine::read_lanes).
    #[target_feature(
        enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
    )]
    #[inline]
    pub(super) fn read<S: BlockScalar, const N: usize>(
        &mut self,
        bits: Bits<'_>,
        places: (u64, u32),
        count: usize,
        params: Params,
    ) -> bool {
        let Some(begun) = begin::<S, N>(bits, places, count, params) else { return false };
        let Begun { heads, casts, precisions, budget } = begun;
        self.casts = casts;
        if N == 16 {
            let planes = self.squares.get_or_insert_with(Default::default);
            let limits = (S::TYPE.bits() as usize, u64::from(budget));
            let [first, second] = match budget {
                ..=64 => sixteens::read::<1>(bits, &heads, limits, planes),
                65..=128 => sixteens::read::<2>(bits, &heads, limits, planes),
                _ => sixteens::read::<4>(bits, &heads, limits, planes),
            };
            for (i, extent) in [first, second].into_iter().enumerate() {
                self.counts[8 * i..][..8].copy_from_slice(&extent.planes);
                self.zeros[8 * i..][..8].copy_from_slice(&extent.zeros);
            }
        } else {
            let planes = self.cubes.get_or_insert_with(Default::default);
            self.counts = cubes::read(bits, &heads, &precisions, planes);
        }
        for (count, precision) in self.counts.iter_mut().zip(precisions) {
            *count = precision.min(*count);
        }
        true
    }

    /// See [`Machine::store_lanes`](super::super::machine::Machine::store_lanes).
    #[target_feature(
        enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
    )]
    #[inline]
    pub(super) fn store<S: BlockScalar, V: Wide<K>, const K: usize, const N: usize>(
        &self,
        blocks: Range<usize>,
        target: &mut Target<'_, S, N>,
    ) {
        for (set, first) in blocks.step_by(64 / N).enumerate() {
            let vectors = if N == 16 {
                let Some(planes) = &self.squares else { return };
                self.of_squares::<V, K>(planes, first)
            } else {
                let Some(planes) = &self.cubes else { return };
                self.of_cube::<V, K>(planes, first)
            };
            let vectors = unlift::set::<V, K, N>(vectors, false);
            cast_set::<S, V, K, N>(vectors, &self.casts[first..], target, set);
        }
    }

    /// The coefficients of four blocks of sixteen.
    #[target_feature(
        enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
    )]
    #[inline]
    fn of_squares<V: Wide<K>, const K: usize>(
        &self,
        planes: &sixteens::Planes,
        first: usize,
    ) -> [V; K] {
        let mut vectors = [V::splat(0); K];
        for i in 0..4 {
            let block = first + i;
            let planes = planes.of(block, self.zeros[block] as usize);
            V::square(planes, self.counts[block] as u32, &mut vectors[K / 4 * i..][..K / 4]);
        }
        V::swap(vectors)
    }

    /// Those of a block of 64.
    #[target_feature(
        enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
    )]
    #[inline]
    fn of_cube<V: Wide<K>, const K: usize>(&self, planes: &cubes::Planes, block: usize) -> [V; K] {
        let planes = planes.of(block);
        let which = _bzhi_u64(u64::MAX, self.counts[block] as u32);
        let columns = load(&DOWNWARDS, 0);
        let mut bytes = [_mm512_setzero_si512(); K];
        for g in 0..K {
            let from = 8 * (K - 1 - g);
            let squares = some_of(planes, from, (which >> from) as __mmask8);
            // Few planes are there if precision or budget are low.
            if K == 8 && _mm512_test_epi64_mask(squares, squares) == 0 {
                continue;
            }
            let squares = transposed(_mm512_permutexvar_epi8(columns, squares));
            bytes[g] = ordered::<K, 64>([squares; 4], 0);
        }
        V::join(bytes)
    }
}

/// As [`COLUMNS`](super::COLUMNS), where the highest plane is the first.
const DOWNWARDS: [u8; 64] = {
    let mut columns = [0; 64];
    let mut byte = 0;
    while byte < 64 {
        columns[byte] = (8 * (byte % 8) + byte / 8) as u8;
        byte += 1;
    }
    columns
};

/// Some of eight planes, zeros in place of the others.
#[target_feature(enable = "avx512f")]
#[inline]
fn some_of(planes: &[u64; 64], from: usize, which: __mmask8) -> __m512i {
    assert!(from + 8 <= planes.len());
    // SAFETY: eight planes from there on are in the array, as was just seen.
    unsafe { _mm512_maskz_loadu_epi64(which, planes.as_ptr().add(from).cast()) }
}

/// Reads the headers of eight lossy blocks of floating-point values.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
)]
#[inline]
fn exponents<S: BlockScalar, const N: usize>(
    bits: Bits<'_>,
    params: Params,
    heads: &mut Heads,
    casts: &mut [Cast],
    precisions: &mut [u64],
) {
    let exponent_bits = S::TYPE.exponent_bits().unwrap_or_default();
    let all = |value: i64| _mm512_set1_epi64(value);
    let byte = _mm512_srli_epi64::<3>(heads.at);
    let words = sixteens::gather(bits, heads.present, byte, 0);
    let words = _mm512_srlv_epi64(words, _mm512_and_si512(heads.at, all(7)));
    heads.present = _mm512_test_epi64_mask(words, all(1));
    let field = _mm512_and_si512(_mm512_srli_epi64::<1>(words), all((1 << exponent_bits) - 1));
    let bias = (1 << (exponent_bits - 1)) - 1;
    let exponent = _mm512_sub_epi64(field, all(bias));
    let neutral = all(i64::from(neutral(S::TYPE)));
    let exponents = to_array(_mm512_mask_mov_epi64(neutral, heads.present, exponent));
    for i in 0..8 {
        let exponent = exponents[i] as i32;
        casts[i] = Cast { kind: Kind::Scaled, exponent };
        precisions[i] = u64::from(params.precision(exponent, N).min(S::TYPE.bits()));
    }
    heads.at = _mm512_add_epi64(heads.at, all(1 + i64::from(exponent_bits)));
}
