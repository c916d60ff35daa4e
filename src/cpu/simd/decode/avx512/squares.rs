//! Blocks of sixteen from the stream to values, sixteen at once.

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::super::group::Cast;
use super::super::head::{Kind, neutral};
use super::super::source::Bits;
use super::lanes::{Lanes32, Lanes64, Wide};
use super::sixteens::{self, BLOCKS, Extent, Heads, Planes};
use super::{cast_set, to_array};
use crate::block::{BlockScalar, Params};
use crate::cpu::simd::unlift;

/// See [`Machine::sixteens`](super::super::machine::Machine::sixteens).
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
)]
#[inline]
pub(super) fn decode<S: BlockScalar>(
    bits: Bits<'_>,
    (first, fixed): (u64, u32),
    count: usize,
    params: Params,
    planes: &mut Planes,
    values: &mut [[S; 64]; 4],
) -> bool {
    let head = S::TYPE.exponent_bits().map_or(0, |bits| 1 + bits);
    if params.is_reversible() || fixed <= head {
        return false;
    }
    let mut casts = [Cast { kind: Kind::Exact, exponent: 0 }; BLOCKS];
    let mut precisions = [u64::from(params.maxprec.min(S::TYPE.bits())); BLOCKS];
    let each = _mm512_mullo_epi64(
        _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7),
        _mm512_set1_epi64(i64::from(fixed)),
    );
    let budget = _mm512_set1_epi64(i64::from(fixed - head));
    let mut heads = [Heads { present: 0, at: each, budget }; 2];
    for (i, heads) in heads.iter_mut().enumerate() {
        let first = first + 8 * i as u64 * u64::from(fixed);
        heads.present = _bzhi_u32(0xff, (count as u32).saturating_sub(8 * i as u32)) as __mmask8;
        heads.at = _mm512_add_epi64(each, _mm512_set1_epi64(first as i64));
        if S::TYPE.exponent_bits().is_some() {
            begin::<S>(bits, params, heads, &mut casts[8 * i..], &mut precisions[8 * i..]);
        }
    }
    let longest = u64::from(fixed - head);
    let limits = (S::TYPE.bits() as usize, longest);
    let extents = match longest {
        ..=64 => sixteens::read::<1>(bits, &heads, limits, planes),
        ..=128 => sixteens::read::<2>(bits, &heads, limits, planes),
        _ => sixteens::read::<4>(bits, &heads, limits, planes),
    };
    for set in 0..count.div_ceil(4) {
        let extent = &extents[set / 2];
        let casts = &casts[4 * set..];
        let precisions = &precisions[4 * set..];
        if size_of::<S>() == 4 {
            of_set::<S, Lanes32, 4>(planes, extent, set, precisions, casts, &mut values[set]);
        } else {
            of_set::<S, Lanes64, 8>(planes, extent, set, precisions, casts, &mut values[set]);
        }
    }
    true
}

/// Reads the headers of eight lossy blocks of floating-point values.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
)]
#[inline]
fn begin<S: BlockScalar>(
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
        precisions[i] = u64::from(params.precision(exponent, 16).min(S::TYPE.bits()));
    }
    heads.at = _mm512_add_epi64(heads.at, all(1 + i64::from(exponent_bits)));
}

/// The values of a set of four blocks.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
)]
#[inline]
fn of_set<S: BlockScalar, V: Wide<K>, const K: usize>(
    planes: &Planes,
    extent: &Extent,
    set: usize,
    precisions: &[u64],
    casts: &[Cast],
    values: &mut [S; 64],
) {
    let mut vectors = [V::splat(0); K];
    for block in 0..4 {
        let lane = 4 * (set % 2) + block;
        let (zeros, written) = (extent.zeros[lane] as usize, extent.planes[lane]);
        let planes = planes.of(4 * set + block, zeros);
        let count = precisions[block].min(written) as u32;
        V::square(planes, count, &mut vectors[K / 4 * block..][..K / 4]);
    }
    let vectors = unlift::set::<V, K, 16>(V::swap(vectors), false);
    cast_set::<S, V, K, 16>(vectors, casts, values);
}
