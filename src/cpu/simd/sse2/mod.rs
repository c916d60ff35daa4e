//! [`Lanes`] of SSE2, which every x86-64 has: four registers of 32-bit integers, eight of
//! 64-bit ones.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has SSE2")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

pub(crate) mod bits;
mod planes;

use std::arch::x86_64::*;

use super::lanes::{Lanes, Planes, Tile};
use super::level::Portable;

/// Sixteen 32-bit lanes, a group in each register.
#[derive(Clone, Copy)]
pub(crate) struct Lanes32([__m128i; 4]);

/// Sixteen 64-bit lanes, half a group in each register.
#[derive(Clone, Copy)]
pub(crate) struct Lanes64([__m128i; 8]);

impl Lanes32 {
    #[inline(always)]
    fn map(self, each: impl Fn(__m128i) -> __m128i) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i])))
    }
    #[inline(always)]
    fn with(self, other: Self, each: impl Fn(__m128i, __m128i) -> __m128i) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i], other.0[i])))
    }
}

impl Lanes64 {
    #[inline(always)]
    fn map(self, each: impl Fn(__m128i) -> __m128i) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i])))
    }
    #[inline(always)]
    fn with(self, other: Self, each: impl Fn(__m128i, __m128i) -> __m128i) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i], other.0[i])))
    }
}

impl Lanes for Lanes32 {
    type Isa = Portable;
    type Int = i32;

    #[inline(always)]
    unsafe fn load(_: Portable, groups: [*const u8; 4]) -> Self {
        // SAFETY: the caller vouches for 16 bytes at each pointer.
        let group = |g: usize| unsafe { _mm_loadu_si128(groups[g].cast()) };
        Self(std::array::from_fn(group))
    }
    #[inline(always)]
    fn splat(_: Portable, value: i32) -> Self {
        Self([unsafe { _mm_set1_epi32(value) }; 4])
    }
    #[inline(always)]
    fn to_array(self) -> [i32; 16] {
        let mut lanes = [0; 16];
        for (lanes, register) in lanes.as_chunks_mut::<4>().0.iter_mut().zip(self.0) {
            // SAFETY: four lanes are 16 bytes.
            unsafe { _mm_storeu_si128(lanes.as_mut_ptr().cast(), register) };
        }
        lanes
    }
    #[inline(always)]
    fn first(self) -> i32 {
        unsafe { _mm_cvtsi128_si32(self.0[0]) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_add_epi32(a, b) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_sub_epi32(a, b) })
    }
    #[inline(always)]
    fn half(self) -> Self {
        self.map(|a| unsafe { _mm_srai_epi32::<1>(a) })
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_and_si128(a, b) })
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_or_si128(a, b) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_xor_si128(a, b) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { choose(_mm_cmpgt_epi32(a, b), a, b) })
    }
    #[inline(always)]
    fn sign(self) -> Self {
        self.map(|a| unsafe { _mm_srai_epi32::<31>(a) })
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        let one = |i: usize| choose(is_zero_32(self.0[i]), zero.0[i], other.0[i]);
        Self(std::array::from_fn(one))
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        let [a, b, c, d] = self.0;
        match BIT {
            1 => self.map(|a| unsafe { _mm_shuffle_epi32::<0xb1>(a) }),
            2 => self.map(|a| unsafe { _mm_shuffle_epi32::<0x4e>(a) }),
            4 => Self([b, a, d, c]),
            _ => Self([c, d, a, b]),
        }
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        self.map(|a| unsafe { _mm_srli_epi32::<23>(a) })
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        self.map(|a| unsafe { _mm_slli_epi32::<23>(a) })
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        self.with(scale, |a, scale| unsafe {
            _mm_cvttps_epi32(_mm_mul_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(scale)))
        })
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        self.with(scale, |a, scale| unsafe {
            _mm_castps_si128(_mm_mul_ps(_mm_cvtepi32_ps(a), _mm_castsi128_ps(scale)))
        })
    }
    #[inline(always)]
    fn transpose_places(tile: Tile<Self>) -> Tile<Self> {
        let mut out = tile;
        for g in 0..4 {
            let [a, b, c, d] =
                transpose_32([tile[0].0[g], tile[1].0[g], tile[2].0[g], tile[3].0[g]]);
            [out[0].0[g], out[1].0[g], out[2].0[g], out[3].0[g]] = [a, b, c, d];
        }
        out
    }
    #[inline(always)]
    fn transpose_groups(tile: Tile<Self>) -> Tile<Self> {
        std::array::from_fn(|r| Self(std::array::from_fn(|g| tile[g].0[r])))
    }
    #[inline(always)]
    fn planes<const N: usize>(tiles: &[Tile<Self>], lowest: u32, planes: &mut Planes) -> u64 {
        planes::of_32::<N>(tiles, lowest, planes)
    }
}

impl Lanes for Lanes64 {
    type Isa = Portable;
    type Int = i64;

    #[inline(always)]
    unsafe fn load(_: Portable, groups: [*const u8; 4]) -> Self {
        let half = |i: usize| {
            // SAFETY: the caller vouches for 32 bytes at each pointer.
            unsafe { _mm_loadu_si128(groups[i / 2].add(i % 2 * 16).cast()) }
        };
        Self(std::array::from_fn(half))
    }
    #[inline(always)]
    fn splat(_: Portable, value: i64) -> Self {
        Self([unsafe { _mm_set1_epi64x(value) }; 8])
    }
    #[inline(always)]
    fn to_array(self) -> [i64; 16] {
        let mut lanes = [0; 16];
        for (lanes, register) in lanes.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            // SAFETY: two lanes are 16 bytes.
            unsafe { _mm_storeu_si128(lanes.as_mut_ptr().cast(), register) };
        }
        lanes
    }
    #[inline(always)]
    fn first(self) -> i64 {
        unsafe { _mm_cvtsi128_si64(self.0[0]) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_add_epi64(a, b) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_sub_epi64(a, b) })
    }
    #[inline(always)]
    fn half(self) -> Self {
        self.map(half_64)
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_and_si128(a, b) })
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_or_si128(a, b) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm_xor_si128(a, b) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, max_64)
    }
    #[inline(always)]
    fn sign(self) -> Self {
        self.map(sign_64)
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        let one = |i: usize| choose(is_zero_64(self.0[i]), zero.0[i], other.0[i]);
        Self(std::array::from_fn(one))
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        if BIT == 1 {
            return self.map(|a| unsafe { _mm_shuffle_epi32::<0x4e>(a) });
        }
        Self(std::array::from_fn(|i| self.0[(i ^ (BIT / 2)) % 8]))
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        self.map(|a| unsafe { _mm_srli_epi64::<52>(a) })
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        self.map(|a| unsafe { _mm_slli_epi64::<52>(a) })
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        self.with(scale, |a, scale| unsafe {
            let value = _mm_mul_pd(_mm_castsi128_pd(a), _mm_castsi128_pd(scale));
            let high = _mm_unpackhi_pd(value, value);
            _mm_set_epi64x(_mm_cvttsd_si64(high), _mm_cvttsd_si64(value))
        })
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        self.with(scale, |a, scale| unsafe {
            _mm_castpd_si128(_mm_mul_pd(to_f64(a), _mm_castsi128_pd(scale)))
        })
    }
    #[inline(always)]
    fn transpose_places(tile: Tile<Self>) -> Tile<Self> {
        let mut out = tile;
        for g in 0..4 {
            let at = |r: usize| [tile[r].0[2 * g], tile[r].0[2 * g + 1]];
            let square = transpose_64([at(0), at(1), at(2), at(3)]);
            for r in 0..4 {
                [out[r].0[2 * g], out[r].0[2 * g + 1]] = square[r];
            }
        }
        out
    }
    #[inline(always)]
    fn transpose_groups(tile: Tile<Self>) -> Tile<Self> {
        std::array::from_fn(|r| Self(std::array::from_fn(|i| tile[i / 2].0[2 * r + i % 2])))
    }
    #[inline(always)]
    fn planes<const N: usize>(tiles: &[Tile<Self>], lowest: u32, planes: &mut Planes) -> u64 {
        planes::of_64::<N>(tiles, lowest, planes)
    }
}

/// Transposes the square of four 32-bit lanes.
#[inline(always)]
pub(crate) fn transpose_32([a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
    unsafe {
        let [ab, cd] = [_mm_unpacklo_epi32(a, b), _mm_unpacklo_epi32(c, d)];
        let [ab_high, cd_high] = [_mm_unpackhi_epi32(a, b), _mm_unpackhi_epi32(c, d)];
        [
            _mm_unpacklo_epi64(ab, cd),
            _mm_unpackhi_epi64(ab, cd),
            _mm_unpacklo_epi64(ab_high, cd_high),
            _mm_unpackhi_epi64(ab_high, cd_high),
        ]
    }
}

/// Transposes the square of four 64-bit lanes, a row in two registers.
#[inline(always)]
pub(crate) fn transpose_64([a, b, c, d]: [[__m128i; 2]; 4]) -> [[__m128i; 2]; 4] {
    unsafe {
        [
            [_mm_unpacklo_epi64(a[0], b[0]), _mm_unpacklo_epi64(c[0], d[0])],
            [_mm_unpackhi_epi64(a[0], b[0]), _mm_unpackhi_epi64(c[0], d[0])],
            [_mm_unpacklo_epi64(a[1], b[1]), _mm_unpacklo_epi64(c[1], d[1])],
            [_mm_unpackhi_epi64(a[1], b[1]), _mm_unpackhi_epi64(c[1], d[1])],
        ]
    }
}

/// `a` where `mask` has one-bits, else `b`.
#[inline(always)]
fn choose(mask: __m128i, a: __m128i, b: __m128i) -> __m128i {
    unsafe { _mm_or_si128(_mm_and_si128(mask, a), _mm_andnot_si128(mask, b)) }
}

#[inline(always)]
fn is_zero_32(a: __m128i) -> __m128i {
    unsafe { _mm_cmpeq_epi32(a, _mm_setzero_si128()) }
}

#[inline(always)]
fn is_zero_64(a: __m128i) -> __m128i {
    let halves = is_zero_32(a);
    unsafe { _mm_and_si128(halves, _mm_shuffle_epi32::<0xb1>(halves)) }
}

#[inline(always)]
pub(crate) fn sign_64(a: __m128i) -> __m128i {
    unsafe { _mm_shuffle_epi32::<0xf5>(_mm_srai_epi32::<31>(a)) }
}

/// There is no shift that keeps the sign: it is put back by hand.
#[inline(always)]
pub(crate) fn half_64(a: __m128i) -> __m128i {
    unsafe {
        let sign = _mm_and_si128(a, _mm_set1_epi64x(i64::MIN));
        _mm_or_si128(_mm_srli_epi64::<1>(a), sign)
    }
}

/// Of numbers that are not negative, whose difference does not wrap.
#[inline(always)]
fn max_64(a: __m128i, b: __m128i) -> __m128i {
    choose(sign_64(unsafe { _mm_sub_epi64(a, b) }), b, a)
}

/// The nearest floating-point values. There is no cast of 64 bits: both halves become
/// mantissas of numbers that are exact, 2^52 + low and 2^84 + 2^63 + high · 2^32, and only
/// their sum rounds.
#[inline(always)]
pub(crate) fn to_f64(int: __m128i) -> __m128d {
    unsafe {
        let low = _mm_and_si128(int, _mm_set1_epi64x(0xffff_ffff));
        let low = _mm_or_si128(low, _mm_set1_epi64x(0x4330_0000_0000_0000));
        let bias = _mm_set1_epi64x(0x4530_0000_8000_0000);
        let high = _mm_xor_si128(_mm_srli_epi64::<32>(int), bias);
        let both = _mm_castsi128_pd(_mm_set1_epi64x(0x4530_0000_8010_0000));
        _mm_add_pd(_mm_sub_pd(_mm_castsi128_pd(high), both), _mm_castsi128_pd(low))
    }
}
