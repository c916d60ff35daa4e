//! Vectors of SSE2: rows of four integers of either width.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has SSE2")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

use super::{of_fours, of_set, of_sets};
use crate::block::BlockScalar;
use crate::cpu::simd::decode::rows::{K, Row};
use crate::cpu::simd::sse2::{half_64, sign_64, to_f64, transpose_32, transpose_64};
use crate::cpu::simd::unlift::{Lanes, Vector};
use crate::scalar::{Float, Word};

/// A row of four integers of either width.
pub(super) trait Wide: Copy {
    /// Whether integers have 64 bits.
    const LONG: bool;
    /// Integers of their bits, out of negabinary, of which narrow ones have but the first.
    fn new(bits: [__m128i; 2]) -> Self;
    /// Those with this number among all words, which are 32 or 64 bits each.
    fn load(words: &[u64; 256], vector: usize) -> Self;
}

/// Four 32-bit integers.
#[derive(Clone, Copy)]
pub(super) struct Lanes32(__m128i);

/// Four 64-bit integers.
#[derive(Clone, Copy)]
pub(super) struct Lanes64([__m128i; 2]);

impl Lanes for Lanes32 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm_add_epi32(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm_sub_epi32(self.0, other.0) })
    }
    #[inline(always)]
    fn half(self) -> Self {
        Self(unsafe { _mm_srai_epi32::<1>(self.0) })
    }
}

impl Lanes for Lanes64 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self(unsafe { [_mm_add_epi64(a, c), _mm_add_epi64(b, d)] })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self(unsafe { [_mm_sub_epi64(a, c), _mm_sub_epi64(b, d)] })
    }
    #[inline(always)]
    fn half(self) -> Self {
        let [a, b] = self.0;
        Self([half_64(a), half_64(b)])
    }
}

impl Vector<K> for Lanes32 {
    #[inline(always)]
    fn rows([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let [a, b, c, d] = transpose_32([a.0, b.0, c.0, d.0]);
        [Self(a), Self(b), Self(c), Self(d)]
    }
    #[inline(always)]
    fn swap(set: [Self; K]) -> [Self; K] {
        std::array::from_fn(|i| set[4 * (i % 4) + i / 4])
    }
}

impl Vector<K> for Lanes64 {
    #[inline(always)]
    fn rows([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let [a, b, c, d] = transpose_64([a.0, b.0, c.0, d.0]);
        [Self(a), Self(b), Self(c), Self(d)]
    }
    #[inline(always)]
    fn swap(set: [Self; K]) -> [Self; K] {
        std::array::from_fn(|i| set[4 * (i % 4) + i / 4])
    }
}

impl Wide for Lanes32 {
    const LONG: bool = false;

    #[inline(always)]
    fn new([bits, _]: [__m128i; 2]) -> Self {
        unsafe {
            let negabinary = _mm_set1_epi32(u32::NEGABINARY as i32);
            Self(_mm_sub_epi32(_mm_xor_si128(bits, negabinary), negabinary))
        }
    }
    #[inline(always)]
    fn load(words: &[u64; 256], vector: usize) -> Self {
        let words = words[2 * vector..][..2].as_ptr();
        // SAFETY: two words are 16 bytes.
        Self::new([unsafe { _mm_loadu_si128(words.cast()) }; 2])
    }
}

impl Row for Lanes32 {
    #[inline(always)]
    fn of_set<const N: usize>(planes: &[u64; 64]) -> [Self; K] {
        of_set::<Self, N>(planes)
    }
    #[inline(always)]
    fn of_fours(planes: &[u64]) -> [Self; K] {
        of_fours(planes)
    }
    #[inline(always)]
    fn of_sets(planes: &[[u64; 64]; 4]) -> [[Self; K]; 4] {
        of_sets(planes)
    }
    #[inline(always)]
    fn store<S: BlockScalar>(self, values: &mut [S; 4]) {
        let values: &mut [i32] = bytemuck::cast_slice_mut(values);
        // SAFETY: values of this width are four, 16 bytes.
        unsafe { _mm_storeu_si128(values[..4].as_mut_ptr().cast(), self.0) }
    }
    #[inline(always)]
    fn scaled(self, exponent: i32) -> Self {
        unsafe {
            let scale = _mm_set1_ps(<f32 as Float>::power_of_two(exponent - 30));
            Self(_mm_castps_si128(_mm_mul_ps(_mm_cvtepi32_ps(self.0), scale)))
        }
    }
    #[inline(always)]
    fn patterns(self) -> Self {
        unsafe {
            let signs = _mm_srai_epi32::<31>(self.0);
            Self(_mm_xor_si128(self.0, _mm_srli_epi32::<1>(signs)))
        }
    }
}

impl Wide for Lanes64 {
    const LONG: bool = true;

    #[inline(always)]
    fn new(bits: [__m128i; 2]) -> Self {
        Self(bits.map(|bits| unsafe {
            let negabinary = _mm_set1_epi64x(u64::NEGABINARY as i64);
            _mm_sub_epi64(_mm_xor_si128(bits, negabinary), negabinary)
        }))
    }
    #[inline(always)]
    fn load(words: &[u64; 256], vector: usize) -> Self {
        let words = words[4 * vector..][..4].as_ptr();
        // SAFETY: four words are 32 bytes.
        Self::new(unsafe { [_mm_loadu_si128(words.cast()), _mm_loadu_si128(words.add(2).cast())] })
    }
}

impl Row for Lanes64 {
    #[inline(always)]
    fn of_set<const N: usize>(planes: &[u64; 64]) -> [Self; K] {
        of_set::<Self, N>(planes)
    }
    #[inline(always)]
    fn of_fours(planes: &[u64]) -> [Self; K] {
        of_fours(planes)
    }
    #[inline(always)]
    fn of_sets(planes: &[[u64; 64]; 4]) -> [[Self; K]; 4] {
        of_sets(planes)
    }
    #[inline(always)]
    fn store<S: BlockScalar>(self, values: &mut [S; 4]) {
        let values: &mut [i64] = bytemuck::cast_slice_mut(values);
        let values = values[..4].as_mut_ptr();
        // SAFETY: values of this width are four, 32 bytes.
        unsafe {
            _mm_storeu_si128(values.cast(), self.0[0]);
            _mm_storeu_si128(values.add(2).cast(), self.0[1]);
        }
    }
    #[inline(always)]
    fn scaled(self, exponent: i32) -> Self {
        Self(self.0.map(|ints| unsafe {
            let scale = _mm_set1_pd(<f64 as Float>::power_of_two(exponent - 62));
            _mm_castpd_si128(_mm_mul_pd(to_f64(ints), scale))
        }))
    }
    #[inline(always)]
    fn patterns(self) -> Self {
        let signs = self.0.map(sign_64);
        let pattern = |i: usize| unsafe { _mm_xor_si128(self.0[i], _mm_srli_epi64::<1>(signs[i])) };
        Self([pattern(0), pattern(1)])
    }
}
