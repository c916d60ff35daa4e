//! Vectors of AVX2, of integers of either width.

#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

use crate::cpu::simd::unlift::{Lanes, Vector};
use crate::scalar::Float;

/// A vector of integers of either width.
pub(super) trait Wide<const K: usize>: Vector<K> {
    /// Whether integers have 64 bits.
    const LONG: bool;
    /// Integers from their bits, and out of negabinary.
    fn new(bits: __m256i) -> Self;
    /// The same bits.
    fn bits(self) -> __m256i;
    /// A number for each row of four lanes; wide vectors have but the first.
    fn splat(rows: [u64; 2]) -> __m256i;
    /// The bits of the number by which integers are multiplied.
    fn scale(exponent: i32) -> u64;
    /// The bits of floating-point values: these integers times powers of two.
    fn scaled(self, scale: __m256i) -> __m256i;
    /// The bits of floating-point values that these integers are, but for negative ones.
    fn patterns(self) -> __m256i;
}

/// Eight 32-bit integers. Made only by functions that are compiled for AVX2.
#[derive(Clone, Copy)]
pub(super) struct Lanes32(__m256i);

/// Four 64-bit integers. Made only by functions that are compiled for AVX2.
#[derive(Clone, Copy)]
pub(super) struct Lanes64(__m256i);

// SAFETY of all that follows:
// * these methods take or are called from what takes such vectors, which there are only
//   in functions that the token of AVX2 leads to: the CPU has these instructions.
macro_rules! vectors {
    ($expression:expr) => {
        // SAFETY: see above.
        unsafe { $expression }
    };
}

impl Lanes for Lanes32 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(vectors!(_mm256_add_epi32(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(vectors!(_mm256_sub_epi32(self.0, other.0)))
    }
    #[inline(always)]
    fn half(self) -> Self {
        Self(vectors!(_mm256_srai_epi32::<1>(self.0)))
    }
}

impl Lanes for Lanes64 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(vectors!(_mm256_add_epi64(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(vectors!(_mm256_sub_epi64(self.0, other.0)))
    }
    #[inline(always)]
    fn half(self) -> Self {
        // There is no shift that keeps the sign: it is put back by hand.
        vectors!({
            let sign = _mm256_set1_epi64x(1 << 62);
            let half = _mm256_xor_si256(_mm256_srli_epi64::<1>(self.0), sign);
            Self(_mm256_sub_epi64(half, sign))
        })
    }
}

impl Vector<8> for Lanes32 {
    #[inline(always)]
    fn rows([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        vectors!({
            let ab = _mm256_unpacklo_epi32(a.0, b.0);
            let cd = _mm256_unpacklo_epi32(c.0, d.0);
            let ab_high = _mm256_unpackhi_epi32(a.0, b.0);
            let cd_high = _mm256_unpackhi_epi32(c.0, d.0);
            [
                Self(_mm256_unpacklo_epi64(ab, cd)),
                Self(_mm256_unpackhi_epi64(ab, cd)),
                Self(_mm256_unpacklo_epi64(ab_high, cd_high)),
                Self(_mm256_unpackhi_epi64(ab_high, cd_high)),
            ]
        })
    }
    #[inline(always)]
    fn swap(set: [Self; 8]) -> [Self; 8] {
        let mut swapped = set;
        let mut i = 0;
        while i < 4 {
            let (h, p) = (i / 2, i % 2);
            let [a, b] = [set[4 * p + h].0, set[4 * p + 2 + h].0];
            swapped[4 * h + p] = Self(vectors!(_mm256_permute2x128_si256::<0x20>(a, b)));
            swapped[4 * h + 2 + p] = Self(vectors!(_mm256_permute2x128_si256::<0x31>(a, b)));
            i += 1;
        }
        swapped
    }
}

impl Vector<16> for Lanes64 {
    #[inline(always)]
    fn rows([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        vectors!({
            let ab = _mm256_unpacklo_epi64(a.0, b.0);
            let cd = _mm256_unpacklo_epi64(c.0, d.0);
            let ab_high = _mm256_unpackhi_epi64(a.0, b.0);
            let cd_high = _mm256_unpackhi_epi64(c.0, d.0);
            [
                Self(_mm256_permute2x128_si256::<0x20>(ab, cd)),
                Self(_mm256_permute2x128_si256::<0x20>(ab_high, cd_high)),
                Self(_mm256_permute2x128_si256::<0x31>(ab, cd)),
                Self(_mm256_permute2x128_si256::<0x31>(ab_high, cd_high)),
            ]
        })
    }
    #[inline(always)]
    fn swap(set: [Self; 16]) -> [Self; 16] {
        let mut swapped = set;
        let mut i = 0;
        while i < 16 {
            swapped[i] = set[4 * (i % 4) + i / 4];
            i += 1;
        }
        swapped
    }
}

impl Wide<8> for Lanes32 {
    const LONG: bool = false;

    #[inline(always)]
    fn new(bits: __m256i) -> Self {
        vectors!({
            let negabinary = _mm256_set1_epi32(0xaaaa_aaaa_u32 as i32);
            Self(_mm256_sub_epi32(_mm256_xor_si256(bits, negabinary), negabinary))
        })
    }
    #[inline(always)]
    fn bits(self) -> __m256i {
        self.0
    }
    #[inline(always)]
    fn splat([low, high]: [u64; 2]) -> __m256i {
        vectors!(_mm256_set_m128i(_mm_set1_epi32(high as i32), _mm_set1_epi32(low as i32)))
    }
    #[inline(always)]
    fn scale(exponent: i32) -> u64 {
        u64::from(f32::to_bits(<f32 as Float>::power_of_two(exponent - 30)))
    }
    #[inline(always)]
    fn scaled(self, scale: __m256i) -> __m256i {
        vectors!({
            let value = _mm256_mul_ps(_mm256_cvtepi32_ps(self.0), _mm256_castsi256_ps(scale));
            _mm256_castps_si256(value)
        })
    }
    #[inline(always)]
    fn patterns(self) -> __m256i {
        vectors!({
            let below = _mm256_srli_epi32::<1>(_mm256_srai_epi32::<31>(self.0));
            _mm256_xor_si256(self.0, below)
        })
    }
}

impl Wide<16> for Lanes64 {
    const LONG: bool = true;

    #[inline(always)]
    fn new(bits: __m256i) -> Self {
        vectors!({
            let negabinary = _mm256_set1_epi64x(0xaaaa_aaaa_aaaa_aaaa_u64 as i64);
            Self(_mm256_sub_epi64(_mm256_xor_si256(bits, negabinary), negabinary))
        })
    }
    #[inline(always)]
    fn bits(self) -> __m256i {
        self.0
    }
    #[inline(always)]
    fn splat([row, _]: [u64; 2]) -> __m256i {
        vectors!(_mm256_set1_epi64x(row as i64))
    }
    #[inline(always)]
    fn scale(exponent: i32) -> u64 {
        f64::to_bits(<f64 as Float>::power_of_two(exponent - 62))
    }
    #[inline(always)]
    fn scaled(self, scale: __m256i) -> __m256i {
        // There is no cast of 64 bits. Both halves become mantissas of numbers that are
        // exact, 2^52 + low and 2^84 + 2^63 + high · 2^32, and only their sum rounds.
        vectors!({
            let low_bias = _mm256_set1_epi64x(0x4330_0000_0000_0000);
            let high_bias = _mm256_set1_epi64x(0x4530_0000_8000_0000);
            let both = _mm256_castsi256_pd(_mm256_set1_epi64x(0x4530_0000_8010_0000));
            let low = _mm256_blend_epi32::<0b1010_1010>(self.0, low_bias);
            let high = _mm256_xor_si256(_mm256_srli_epi64::<32>(self.0), high_bias);
            let high = _mm256_sub_pd(_mm256_castsi256_pd(high), both);
            let value = _mm256_add_pd(high, _mm256_castsi256_pd(low));
            _mm256_castpd_si256(_mm256_mul_pd(value, _mm256_castsi256_pd(scale)))
        })
    }
    #[inline(always)]
    fn patterns(self) -> __m256i {
        vectors!({
            let signs = _mm256_cmpgt_epi64(_mm256_setzero_si256(), self.0);
            _mm256_xor_si256(self.0, _mm256_srli_epi64::<1>(signs))
        })
    }
}
