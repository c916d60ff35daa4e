//! [`Lanes`] of AVX2: two registers of 32-bit integers, four of 64-bit ones.
//!
//! All `unsafe` here but that of loads and stores rests on one fact: a vector comes from
//! `load` or `splat` alone, and these want a token, which proves that the CPU has the
//! features; every other function wants a vector.
#![allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

mod planes;

use std::arch::x86_64::*;

use super::lanes::{Lanes, Planes, Tile};
use super::level::Avx2;

/// Sixteen 32-bit lanes, the lower eight first.
#[derive(Clone, Copy)]
pub(crate) struct Lanes32(__m256i, __m256i);

/// Sixteen 64-bit lanes, a group in each register.
#[derive(Clone, Copy)]
pub(crate) struct Lanes64([__m256i; 4]);

impl Lanes for Lanes32 {
    type Isa = Avx2;
    type Int = i32;

    #[inline(always)]
    unsafe fn load(_: Avx2, [a, b, c, d]: [*const u8; 4]) -> Self {
        // SAFETY:
        // * the caller vouches for 16 bytes at each pointer;
        // * the token vouches for the features.
        unsafe {
            let a = _mm256_castsi128_si256(_mm_loadu_si128(a.cast()));
            let c = _mm256_castsi128_si256(_mm_loadu_si128(c.cast()));
            Self(
                _mm256_inserti128_si256::<1>(a, _mm_loadu_si128(b.cast())),
                _mm256_inserti128_si256::<1>(c, _mm_loadu_si128(d.cast())),
            )
        }
    }
    #[inline(always)]
    fn splat(_: Avx2, value: i32) -> Self {
        unsafe { Self(_mm256_set1_epi32(value), _mm256_set1_epi32(value)) }
    }
    #[inline(always)]
    fn to_array(self) -> [i32; 16] {
        let mut lanes = [0; 16];
        // SAFETY: the array has twice 32 bytes.
        unsafe {
            _mm256_storeu_si256(lanes.as_mut_ptr().cast(), self.0);
            _mm256_storeu_si256(lanes.as_mut_ptr().add(8).cast(), self.1);
        }
        lanes
    }
    #[inline(always)]
    fn first(self) -> i32 {
        unsafe { _mm_cvtsi128_si32(_mm256_castsi256_si128(self.0)) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        unsafe { Self(_mm256_add_epi32(self.0, other.0), _mm256_add_epi32(self.1, other.1)) }
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm256_sub_epi32(self.0, other.0), _mm256_sub_epi32(self.1, other.1)) }
    }
    #[inline(always)]
    fn half(self) -> Self {
        unsafe { Self(_mm256_srai_epi32::<1>(self.0), _mm256_srai_epi32::<1>(self.1)) }
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        unsafe { Self(_mm256_and_si256(self.0, other.0), _mm256_and_si256(self.1, other.1)) }
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        unsafe { Self(_mm256_or_si256(self.0, other.0), _mm256_or_si256(self.1, other.1)) }
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        unsafe { Self(_mm256_xor_si256(self.0, other.0), _mm256_xor_si256(self.1, other.1)) }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(_mm256_max_epi32(self.0, other.0), _mm256_max_epi32(self.1, other.1)) }
    }
    #[inline(always)]
    fn sign(self) -> Self {
        unsafe { Self(_mm256_srai_epi32::<31>(self.0), _mm256_srai_epi32::<31>(self.1)) }
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        unsafe {
            let none = _mm256_setzero_si256();
            Self(
                _mm256_blendv_epi8(other.0, zero.0, _mm256_cmpeq_epi32(self.0, none)),
                _mm256_blendv_epi8(other.1, zero.1, _mm256_cmpeq_epi32(self.1, none)),
            )
        }
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        let Self(a, b) = self;
        unsafe {
            match BIT {
                1 => Self(_mm256_shuffle_epi32::<0xb1>(a), _mm256_shuffle_epi32::<0xb1>(b)),
                2 => Self(_mm256_shuffle_epi32::<0x4e>(a), _mm256_shuffle_epi32::<0x4e>(b)),
                4 => {
                    Self(_mm256_permute2x128_si256::<1>(a, a), _mm256_permute2x128_si256::<1>(b, b))
                }
                _ => Self(b, a),
            }
        }
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        unsafe { Self(_mm256_srli_epi32::<23>(self.0), _mm256_srli_epi32::<23>(self.1)) }
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        unsafe { Self(_mm256_slli_epi32::<23>(self.0), _mm256_slli_epi32::<23>(self.1)) }
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        unsafe {
            let low = _mm256_mul_ps(_mm256_castsi256_ps(self.0), _mm256_castsi256_ps(scale.0));
            let high = _mm256_mul_ps(_mm256_castsi256_ps(self.1), _mm256_castsi256_ps(scale.1));
            Self(_mm256_cvttps_epi32(low), _mm256_cvttps_epi32(high))
        }
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        unsafe {
            let low = _mm256_mul_ps(_mm256_cvtepi32_ps(self.0), _mm256_castsi256_ps(scale.0));
            let high = _mm256_mul_ps(_mm256_cvtepi32_ps(self.1), _mm256_castsi256_ps(scale.1));
            Self(_mm256_castps_si256(low), _mm256_castps_si256(high))
        }
    }
    #[inline(always)]
    fn transpose_places([a, b, c, d]: Tile<Self>) -> Tile<Self> {
        let low = transpose_places_32([a.0, b.0, c.0, d.0]);
        let high = transpose_places_32([a.1, b.1, c.1, d.1]);
        [Self(low[0], high[0]), Self(low[1], high[1]), Self(low[2], high[2]), Self(low[3], high[3])]
    }
    #[inline(always)]
    fn transpose_groups([a, b, c, d]: Tile<Self>) -> Tile<Self> {
        unsafe {
            [
                Self(
                    _mm256_permute2x128_si256::<0x20>(a.0, b.0),
                    _mm256_permute2x128_si256::<0x20>(c.0, d.0),
                ),
                Self(
                    _mm256_permute2x128_si256::<0x31>(a.0, b.0),
                    _mm256_permute2x128_si256::<0x31>(c.0, d.0),
                ),
                Self(
                    _mm256_permute2x128_si256::<0x20>(a.1, b.1),
                    _mm256_permute2x128_si256::<0x20>(c.1, d.1),
                ),
                Self(
                    _mm256_permute2x128_si256::<0x31>(a.1, b.1),
                    _mm256_permute2x128_si256::<0x31>(c.1, d.1),
                ),
            ]
        }
    }
    #[inline(always)]
    fn planes<const N: usize>(tiles: &[Tile<Self>], lowest: u32, planes: &mut Planes) -> u64 {
        if N <= 64 {
            return planes::of_tile_32::<N>(tiles[0], lowest, planes);
        }
        planes::of_four_32(tiles, planes)
    }
}

impl Lanes for Lanes64 {
    type Isa = Avx2;
    type Int = i64;

    #[inline(always)]
    unsafe fn load(_: Avx2, [a, b, c, d]: [*const u8; 4]) -> Self {
        // SAFETY:
        // * the caller vouches for 32 bytes at each pointer;
        // * the token vouches for the features.
        unsafe {
            Self([
                _mm256_loadu_si256(a.cast()),
                _mm256_loadu_si256(b.cast()),
                _mm256_loadu_si256(c.cast()),
                _mm256_loadu_si256(d.cast()),
            ])
        }
    }
    #[inline(always)]
    fn splat(_: Avx2, value: i64) -> Self {
        unsafe { Self([_mm256_set1_epi64x(value); 4]) }
    }
    #[inline(always)]
    fn to_array(self) -> [i64; 16] {
        let mut lanes = [0i64; 16];
        for (lanes, register) in lanes.as_chunks_mut::<4>().0.iter_mut().zip(self.0) {
            // SAFETY: four lanes are 32 bytes.
            unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), register) };
        }
        lanes
    }
    #[inline(always)]
    fn first(self) -> i64 {
        unsafe { _mm_cvtsi128_si64(_mm256_castsi256_si128(self.0[0])) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        unsafe {
            Self([
                _mm256_add_epi64(self.0[0], other.0[0]),
                _mm256_add_epi64(self.0[1], other.0[1]),
                _mm256_add_epi64(self.0[2], other.0[2]),
                _mm256_add_epi64(self.0[3], other.0[3]),
            ])
        }
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        unsafe {
            Self([
                _mm256_sub_epi64(self.0[0], other.0[0]),
                _mm256_sub_epi64(self.0[1], other.0[1]),
                _mm256_sub_epi64(self.0[2], other.0[2]),
                _mm256_sub_epi64(self.0[3], other.0[3]),
            ])
        }
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        unsafe {
            Self([
                _mm256_and_si256(self.0[0], other.0[0]),
                _mm256_and_si256(self.0[1], other.0[1]),
                _mm256_and_si256(self.0[2], other.0[2]),
                _mm256_and_si256(self.0[3], other.0[3]),
            ])
        }
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        unsafe {
            Self([
                _mm256_or_si256(self.0[0], other.0[0]),
                _mm256_or_si256(self.0[1], other.0[1]),
                _mm256_or_si256(self.0[2], other.0[2]),
                _mm256_or_si256(self.0[3], other.0[3]),
            ])
        }
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        unsafe {
            Self([
                _mm256_xor_si256(self.0[0], other.0[0]),
                _mm256_xor_si256(self.0[1], other.0[1]),
                _mm256_xor_si256(self.0[2], other.0[2]),
                _mm256_xor_si256(self.0[3], other.0[3]),
            ])
        }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self([
            max_64(self.0[0], other.0[0]),
            max_64(self.0[1], other.0[1]),
            max_64(self.0[2], other.0[2]),
            max_64(self.0[3], other.0[3]),
        ])
    }
    #[inline(always)]
    fn half(self) -> Self {
        Self([half_64(self.0[0]), half_64(self.0[1]), half_64(self.0[2]), half_64(self.0[3])])
    }
    #[inline(always)]
    fn sign(self) -> Self {
        Self([sign_64(self.0[0]), sign_64(self.0[1]), sign_64(self.0[2]), sign_64(self.0[3])])
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        unsafe {
            Self([
                _mm256_srli_epi64::<52>(self.0[0]),
                _mm256_srli_epi64::<52>(self.0[1]),
                _mm256_srli_epi64::<52>(self.0[2]),
                _mm256_srli_epi64::<52>(self.0[3]),
            ])
        }
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        unsafe {
            Self([
                _mm256_slli_epi64::<52>(self.0[0]),
                _mm256_slli_epi64::<52>(self.0[1]),
                _mm256_slli_epi64::<52>(self.0[2]),
                _mm256_slli_epi64::<52>(self.0[3]),
            ])
        }
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        Self([
            choose_64(self.0[0], zero.0[0], other.0[0]),
            choose_64(self.0[1], zero.0[1], other.0[1]),
            choose_64(self.0[2], zero.0[2], other.0[2]),
            choose_64(self.0[3], zero.0[3], other.0[3]),
        ])
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        Self([
            scaled_to_int_64(self.0[0], scale.0[0]),
            scaled_to_int_64(self.0[1], scale.0[1]),
            scaled_to_int_64(self.0[2], scale.0[2]),
            scaled_to_int_64(self.0[3], scale.0[3]),
        ])
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        Self([
            int_scaled_64(self.0[0], scale.0[0]),
            int_scaled_64(self.0[1], scale.0[1]),
            int_scaled_64(self.0[2], scale.0[2]),
            int_scaled_64(self.0[3], scale.0[3]),
        ])
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        let [a, b, c, d] = self.0;
        unsafe {
            match BIT {
                1 => Self([
                    _mm256_shuffle_epi32::<0x4e>(a),
                    _mm256_shuffle_epi32::<0x4e>(b),
                    _mm256_shuffle_epi32::<0x4e>(c),
                    _mm256_shuffle_epi32::<0x4e>(d),
                ]),
                2 => Self([
                    _mm256_permute4x64_epi64::<0x4e>(a),
                    _mm256_permute4x64_epi64::<0x4e>(b),
                    _mm256_permute4x64_epi64::<0x4e>(c),
                    _mm256_permute4x64_epi64::<0x4e>(d),
                ]),
                4 => Self([b, a, d, c]),
                _ => Self([c, d, a, b]),
            }
        }
    }
    #[inline(always)]
    fn transpose_places([a, b, c, d]: Tile<Self>) -> Tile<Self> {
        let mut out = [a, b, c, d];
        for g in 0..4 {
            let group = transpose_places_64([a.0[g], b.0[g], c.0[g], d.0[g]]);
            for r in 0..4 {
                out[r].0[g] = group[r];
            }
        }
        out
    }
    #[inline(always)]
    fn transpose_groups([a, b, c, d]: Tile<Self>) -> Tile<Self> {
        let Self([a0, a1, a2, a3]) = a;
        let Self([b0, b1, b2, b3]) = b;
        let Self([c0, c1, c2, c3]) = c;
        let Self([d0, d1, d2, d3]) = d;
        [
            Self([a0, b0, c0, d0]),
            Self([a1, b1, c1, d1]),
            Self([a2, b2, c2, d2]),
            Self([a3, b3, c3, d3]),
        ]
    }
    #[inline(always)]
    fn planes<const N: usize>(tiles: &[Tile<Self>], lowest: u32, planes: &mut Planes) -> u64 {
        if N <= 64 {
            return planes::of_tile_64::<N>(tiles[0], lowest, planes);
        }
        planes::of_four_64(tiles, planes)
    }
}

/// Transposes the squares of four 32-bit lanes.
#[inline(always)]
fn transpose_places_32([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    unsafe {
        let ab = _mm256_unpacklo_epi32(a, b);
        let cd = _mm256_unpacklo_epi32(c, d);
        let ab_high = _mm256_unpackhi_epi32(a, b);
        let cd_high = _mm256_unpackhi_epi32(c, d);
        [
            _mm256_unpacklo_epi64(ab, cd),
            _mm256_unpackhi_epi64(ab, cd),
            _mm256_unpacklo_epi64(ab_high, cd_high),
            _mm256_unpackhi_epi64(ab_high, cd_high),
        ]
    }
}

/// Transposes the square of four 64-bit lanes.
#[inline(always)]
fn transpose_places_64([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    unsafe {
        let even_ab = _mm256_unpacklo_epi64(a, b);
        let odd_ab = _mm256_unpackhi_epi64(a, b);
        let even_cd = _mm256_unpacklo_epi64(c, d);
        let odd_cd = _mm256_unpackhi_epi64(c, d);
        [
            _mm256_permute2x128_si256::<0x20>(even_ab, even_cd),
            _mm256_permute2x128_si256::<0x20>(odd_ab, odd_cd),
            _mm256_permute2x128_si256::<0x31>(even_ab, even_cd),
            _mm256_permute2x128_si256::<0x31>(odd_ab, odd_cd),
        ]
    }
}

#[inline(always)]
fn max_64(a: __m256i, b: __m256i) -> __m256i {
    unsafe { _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(b, a)) }
}

#[inline(always)]
fn half_64(a: __m256i) -> __m256i {
    unsafe {
        let sign = _mm256_and_si256(a, _mm256_set1_epi64x(i64::MIN));
        _mm256_or_si256(_mm256_srli_epi64::<1>(a), sign)
    }
}

#[inline(always)]
fn sign_64(a: __m256i) -> __m256i {
    unsafe { _mm256_cmpgt_epi64(_mm256_setzero_si256(), a) }
}

#[inline(always)]
fn choose_64(by: __m256i, zero: __m256i, other: __m256i) -> __m256i {
    unsafe { _mm256_blendv_epi8(other, zero, _mm256_cmpeq_epi64(by, _mm256_setzero_si256())) }
}

/// The mantissa, shifted by the exponent: right for magnitudes below 2^62, and no others
/// are of account.
#[inline(always)]
fn scaled_to_int_64(value: __m256i, scale: __m256i) -> __m256i {
    unsafe {
        let value = _mm256_mul_pd(_mm256_castsi256_pd(value), _mm256_castsi256_pd(scale));
        let bits = _mm256_castpd_si256(value);
        let field = _mm256_and_si256(_mm256_srli_epi64::<52>(bits), _mm256_set1_epi64x(0x7ff));
        let mantissa = _mm256_and_si256(bits, _mm256_set1_epi64x((1 << 52) - 1));
        let mantissa = _mm256_or_si256(mantissa, _mm256_set1_epi64x(1 << 52));
        // Shifts by more than 63, as negative ones are, give zero.
        let whole = _mm256_set1_epi64x(1023 + 52);
        let left = _mm256_sllv_epi64(mantissa, _mm256_sub_epi64(field, whole));
        let right = _mm256_srlv_epi64(mantissa, _mm256_sub_epi64(whole, field));
        let sign = sign_64(bits);
        let magnitude = _mm256_or_si256(left, right);
        _mm256_sub_epi64(_mm256_xor_si256(magnitude, sign), sign)
    }
}

/// Exact for integers that a `f64` can hold, as those are that came of one.
#[inline(always)]
fn int_scaled_64(int: __m256i, scale: __m256i) -> __m256i {
    unsafe {
        // The halves, as mantissas of 2^84 (with 2^63 for the sign) and of 2^52.
        let high = _mm256_set1_epi64x(0x4530_0000_8000_0000);
        let high = _mm256_xor_si256(_mm256_srli_epi64::<32>(int), high);
        let low = _mm256_blend_epi32::<0xaa>(int, _mm256_set1_epi64x(0x4330_0000_0000_0000));
        let both = _mm256_set1_epi64x(0x4530_0000_8010_0000);
        let high = _mm256_sub_pd(_mm256_castsi256_pd(high), _mm256_castsi256_pd(both));
        let value = _mm256_add_pd(high, _mm256_castsi256_pd(low));
        _mm256_castpd_si256(_mm256_mul_pd(value, _mm256_castsi256_pd(scale)))
    }
}
