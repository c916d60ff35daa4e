//! [`Lanes`] of AVX-512: one register of 32-bit integers, two of 64-bit ones.
//!
//! All `unsafe` here but that of loads and stores rests on one fact: a vector comes from
//! `load` or `splat` alone, and these want a token, which proves that the CPU has the
//! features; every other function wants a vector.
#![allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

pub(crate) mod bits;
pub(crate) mod codes;
pub(crate) mod fixed;
mod planes;

use std::arch::x86_64::*;

use super::lanes::{Lanes, Planes, Tile};
use super::level::Avx512;
use planes::{bytes_of_32, bytes_of_64, planes_of_four, planes_of_one};

/// Sixteen 32-bit lanes.
#[derive(Clone, Copy)]
pub(crate) struct Lanes32(__m512i);

/// Sixteen 64-bit lanes, the lower eight first.
#[derive(Clone, Copy)]
pub(crate) struct Lanes64(__m512i, __m512i);

impl Lanes for Lanes32 {
    type Isa = Avx512;
    type Int = i32;

    #[inline(always)]
    unsafe fn load(_: Avx512, [a, b, c, d]: [*const u8; 4]) -> Self {
        // SAFETY:
        // * the caller vouches for 16 bytes at each pointer;
        // * the token vouches for the features.
        unsafe {
            let ab = _mm256_inserti128_si256::<1>(
                _mm256_castsi128_si256(_mm_loadu_si128(a.cast())),
                _mm_loadu_si128(b.cast()),
            );
            let cd = _mm256_inserti128_si256::<1>(
                _mm256_castsi128_si256(_mm_loadu_si128(c.cast())),
                _mm_loadu_si128(d.cast()),
            );
            Self(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(ab), cd))
        }
    }
    #[inline(always)]
    fn splat(_: Avx512, value: i32) -> Self {
        unsafe { Self(_mm512_set1_epi32(value)) }
    }
    #[inline(always)]
    fn to_array(self) -> [i32; 16] {
        let mut lanes = [0; 16];
        // SAFETY: the array has 64 bytes.
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), self.0) };
        lanes
    }
    #[inline(always)]
    fn first(self) -> i32 {
        unsafe { _mm_cvtsi128_si32(_mm512_castsi512_si128(self.0)) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        unsafe { Self(_mm512_add_epi32(self.0, other.0)) }
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm512_sub_epi32(self.0, other.0)) }
    }
    #[inline(always)]
    fn half(self) -> Self {
        unsafe { Self(_mm512_srai_epi32::<1>(self.0)) }
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        unsafe { Self(_mm512_and_si512(self.0, other.0)) }
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        unsafe { Self(_mm512_or_si512(self.0, other.0)) }
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        unsafe { Self(_mm512_xor_si512(self.0, other.0)) }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(_mm512_max_epi32(self.0, other.0)) }
    }
    #[inline(always)]
    fn sign(self) -> Self {
        unsafe { Self(_mm512_srai_epi32::<31>(self.0)) }
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        unsafe {
            let not_zero = _mm512_test_epi32_mask(self.0, self.0);
            Self(_mm512_mask_mov_epi32(zero.0, not_zero, other.0))
        }
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        unsafe {
            Self(match BIT {
                1 => _mm512_shuffle_epi32::<0xb1>(self.0),
                2 => _mm512_shuffle_epi32::<0x4e>(self.0),
                4 => _mm512_shuffle_i32x4::<0xb1>(self.0, self.0),
                _ => _mm512_shuffle_i32x4::<0x4e>(self.0, self.0),
            })
        }
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        unsafe { Self(_mm512_srli_epi32::<23>(self.0)) }
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        unsafe { Self(_mm512_slli_epi32::<23>(self.0)) }
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        unsafe {
            let (value, scale) = (_mm512_castsi512_ps(self.0), _mm512_castsi512_ps(scale.0));
            Self(_mm512_cvttps_epi32(_mm512_mul_ps(value, scale)))
        }
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        unsafe {
            let scale = _mm512_castsi512_ps(scale.0);
            Self(_mm512_castps_si512(_mm512_mul_ps(_mm512_cvtepi32_ps(self.0), scale)))
        }
    }
    #[inline(always)]
    fn transpose_places([a, b, c, d]: Tile<Self>) -> Tile<Self> {
        unsafe {
            let ab = _mm512_unpacklo_epi32(a.0, b.0);
            let cd = _mm512_unpacklo_epi32(c.0, d.0);
            let ab_high = _mm512_unpackhi_epi32(a.0, b.0);
            let cd_high = _mm512_unpackhi_epi32(c.0, d.0);
            [
                Self(_mm512_unpacklo_epi64(ab, cd)),
                Self(_mm512_unpackhi_epi64(ab, cd)),
                Self(_mm512_unpacklo_epi64(ab_high, cd_high)),
                Self(_mm512_unpackhi_epi64(ab_high, cd_high)),
            ]
        }
    }
    #[inline(always)]
    fn transpose_groups([a, b, c, d]: Tile<Self>) -> Tile<Self> {
        unsafe {
            let even_ab = _mm512_shuffle_i32x4::<0x88>(a.0, b.0);
            let odd_ab = _mm512_shuffle_i32x4::<0xdd>(a.0, b.0);
            let even_cd = _mm512_shuffle_i32x4::<0x88>(c.0, d.0);
            let odd_cd = _mm512_shuffle_i32x4::<0xdd>(c.0, d.0);
            [
                Self(_mm512_shuffle_i32x4::<0x88>(even_ab, even_cd)),
                Self(_mm512_shuffle_i32x4::<0x88>(odd_ab, odd_cd)),
                Self(_mm512_shuffle_i32x4::<0xdd>(even_ab, even_cd)),
                Self(_mm512_shuffle_i32x4::<0xdd>(odd_ab, odd_cd)),
            ]
        }
    }
    #[inline(always)]
    fn planes<const N: usize>(tiles: &[Tile<Self>], lowest: u32, planes: &mut Planes) -> u64 {
        if N <= 64 {
            planes_of_one::<N, 2>(bytes_of_32(tiles[0]), lowest, planes)
        } else {
            let tiles = [
                bytes_of_32(tiles[0]),
                bytes_of_32(tiles[1]),
                bytes_of_32(tiles[2]),
                bytes_of_32(tiles[3]),
            ];
            if lowest >= 16 {
                return planes_of_four::<2, 1>(&tiles, planes);
            }
            planes_of_four::<2, 0>(&tiles, planes)
        }
    }
}

impl Lanes for Lanes64 {
    type Isa = Avx512;
    type Int = i64;

    #[inline(always)]
    unsafe fn load(_: Avx512, [a, b, c, d]: [*const u8; 4]) -> Self {
        // SAFETY:
        // * the caller vouches for 32 bytes at each pointer;
        // * the token vouches for the features.
        unsafe {
            let a = _mm512_castsi256_si512(_mm256_loadu_si256(a.cast()));
            let c = _mm512_castsi256_si512(_mm256_loadu_si256(c.cast()));
            Self(
                _mm512_inserti64x4::<1>(a, _mm256_loadu_si256(b.cast())),
                _mm512_inserti64x4::<1>(c, _mm256_loadu_si256(d.cast())),
            )
        }
    }
    #[inline(always)]
    fn splat(_: Avx512, value: i64) -> Self {
        unsafe { Self(_mm512_set1_epi64(value), _mm512_set1_epi64(value)) }
    }
    #[inline(always)]
    fn to_array(self) -> [i64; 16] {
        let mut lanes = [0i64; 16];
        // SAFETY: the array has twice 64 bytes.
        unsafe {
            _mm512_storeu_si512(lanes.as_mut_ptr().cast(), self.0);
            _mm512_storeu_si512(lanes.as_mut_ptr().add(8).cast(), self.1);
        }
        lanes
    }
    #[inline(always)]
    fn first(self) -> i64 {
        unsafe { _mm_cvtsi128_si64(_mm512_castsi512_si128(self.0)) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        unsafe { Self(_mm512_add_epi64(self.0, other.0), _mm512_add_epi64(self.1, other.1)) }
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm512_sub_epi64(self.0, other.0), _mm512_sub_epi64(self.1, other.1)) }
    }
    #[inline(always)]
    fn half(self) -> Self {
        unsafe { Self(_mm512_srai_epi64::<1>(self.0), _mm512_srai_epi64::<1>(self.1)) }
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        unsafe { Self(_mm512_and_si512(self.0, other.0), _mm512_and_si512(self.1, other.1)) }
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        unsafe { Self(_mm512_or_si512(self.0, other.0), _mm512_or_si512(self.1, other.1)) }
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        unsafe { Self(_mm512_xor_si512(self.0, other.0), _mm512_xor_si512(self.1, other.1)) }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(_mm512_max_epi64(self.0, other.0), _mm512_max_epi64(self.1, other.1)) }
    }
    #[inline(always)]
    fn sign(self) -> Self {
        unsafe { Self(_mm512_srai_epi64::<63>(self.0), _mm512_srai_epi64::<63>(self.1)) }
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        unsafe {
            let low = _mm512_test_epi64_mask(self.0, self.0);
            let high = _mm512_test_epi64_mask(self.1, self.1);
            Self(
                _mm512_mask_mov_epi64(zero.0, low, other.0),
                _mm512_mask_mov_epi64(zero.1, high, other.1),
            )
        }
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        let Self(a, b) = self;
        unsafe {
            match BIT {
                1 => Self(_mm512_shuffle_epi32::<0x4e>(a), _mm512_shuffle_epi32::<0x4e>(b)),
                2 => Self(_mm512_permutex_epi64::<0x4e>(a), _mm512_permutex_epi64::<0x4e>(b)),
                4 => Self(_mm512_shuffle_i64x2::<0x4e>(a, a), _mm512_shuffle_i64x2::<0x4e>(b, b)),
                _ => Self(b, a),
            }
        }
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        unsafe { Self(_mm512_srli_epi64::<52>(self.0), _mm512_srli_epi64::<52>(self.1)) }
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        unsafe { Self(_mm512_slli_epi64::<52>(self.0), _mm512_slli_epi64::<52>(self.1)) }
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        unsafe {
            let low = _mm512_mul_pd(_mm512_castsi512_pd(self.0), _mm512_castsi512_pd(scale.0));
            let high = _mm512_mul_pd(_mm512_castsi512_pd(self.1), _mm512_castsi512_pd(scale.1));
            Self(_mm512_cvttpd_epi64(low), _mm512_cvttpd_epi64(high))
        }
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        unsafe {
            let low = _mm512_mul_pd(_mm512_cvtepi64_pd(self.0), _mm512_castsi512_pd(scale.0));
            let high = _mm512_mul_pd(_mm512_cvtepi64_pd(self.1), _mm512_castsi512_pd(scale.1));
            Self(_mm512_castpd_si512(low), _mm512_castpd_si512(high))
        }
    }
    #[inline(always)]
    fn transpose_places([a, b, c, d]: Tile<Self>) -> Tile<Self> {
        let low = transpose_quads([a.0, b.0, c.0, d.0]);
        let high = transpose_quads([a.1, b.1, c.1, d.1]);
        [Self(low[0], high[0]), Self(low[1], high[1]), Self(low[2], high[2]), Self(low[3], high[3])]
    }
    #[inline(always)]
    fn transpose_groups([a, b, c, d]: Tile<Self>) -> Tile<Self> {
        unsafe {
            [
                Self(
                    _mm512_shuffle_i64x2::<0x44>(a.0, b.0),
                    _mm512_shuffle_i64x2::<0x44>(c.0, d.0),
                ),
                Self(
                    _mm512_shuffle_i64x2::<0xee>(a.0, b.0),
                    _mm512_shuffle_i64x2::<0xee>(c.0, d.0),
                ),
                Self(
                    _mm512_shuffle_i64x2::<0x44>(a.1, b.1),
                    _mm512_shuffle_i64x2::<0x44>(c.1, d.1),
                ),
                Self(
                    _mm512_shuffle_i64x2::<0xee>(a.1, b.1),
                    _mm512_shuffle_i64x2::<0xee>(c.1, d.1),
                ),
            ]
        }
    }
    #[inline(always)]
    fn planes<const N: usize>(tiles: &[Tile<Self>], lowest: u32, planes: &mut Planes) -> u64 {
        if N <= 64 {
            planes_of_one::<N, 4>(bytes_of_64(tiles[0]), lowest, planes)
        } else {
            let tiles = [
                bytes_of_64(tiles[0]),
                bytes_of_64(tiles[1]),
                bytes_of_64(tiles[2]),
                bytes_of_64(tiles[3]),
            ];
            if lowest >= 32 {
                return planes_of_four::<4, 2>(&tiles, planes);
            }
            planes_of_four::<4, 0>(&tiles, planes)
        }
    }
}

/// Transposes the squares of four 64-bit lanes.
#[inline(always)]
fn transpose_quads([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    unsafe {
        let even_ab = _mm512_unpacklo_epi64(a, b);
        let odd_ab = _mm512_unpackhi_epi64(a, b);
        let even_cd = _mm512_unpacklo_epi64(c, d);
        let odd_cd = _mm512_unpackhi_epi64(c, d);
        let first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
        let second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
        [
            _mm512_permutex2var_epi64(even_ab, first, even_cd),
            _mm512_permutex2var_epi64(odd_ab, first, odd_cd),
            _mm512_permutex2var_epi64(even_ab, second, even_cd),
            _mm512_permutex2var_epi64(odd_ab, second, odd_cd),
        ]
    }
}
