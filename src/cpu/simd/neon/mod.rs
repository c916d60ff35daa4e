//! [`Lanes`] of NEON: four registers of 32-bit integers, eight of 64-bit ones.
//!
//! All `unsafe` here but that of loads and stores rests on one fact: a vector comes from
//! `load` or `splat` alone, and these want a token, which proves that the CPU has NEON, as
//! all of the architecture have; so that functions may be passed on here, too.
#![allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

pub(crate) mod bits;
pub(crate) mod planes;

use std::arch::aarch64::*;

use super::lanes::{Lanes, Planes, Tile};
use super::level::Neon;

/// Sixteen 32-bit lanes, a group in each register.
#[derive(Clone, Copy)]
pub(crate) struct Lanes32([int32x4_t; 4]);

/// Sixteen 64-bit lanes, half a group in each register.
#[derive(Clone, Copy)]
pub(crate) struct Lanes64([int64x2_t; 8]);

impl Lanes32 {
    #[inline(always)]
    fn map(self, each: impl Fn(int32x4_t) -> int32x4_t) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i])))
    }
    #[inline(always)]
    fn with(self, other: Self, each: impl Fn(int32x4_t, int32x4_t) -> int32x4_t) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i], other.0[i])))
    }
}

impl Lanes64 {
    #[inline(always)]
    fn map(self, each: impl Fn(int64x2_t) -> int64x2_t) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i])))
    }
    #[inline(always)]
    fn with(self, other: Self, each: impl Fn(int64x2_t, int64x2_t) -> int64x2_t) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i], other.0[i])))
    }
}

impl Lanes for Lanes32 {
    type Isa = Neon;
    type Int = i32;

    #[inline(always)]
    unsafe fn load(_: Neon, groups: [*const u8; 4]) -> Self {
        // SAFETY: the caller vouches for 16 bytes at each pointer.
        let group = |g: usize| unsafe { vreinterpretq_s32_u8(vld1q_u8(groups[g])) };
        Self(std::array::from_fn(group))
    }
    #[inline(always)]
    fn splat(_: Neon, value: i32) -> Self {
        Self([unsafe { vdupq_n_s32(value) }; 4])
    }
    #[inline(always)]
    fn to_array(self) -> [i32; 16] {
        let mut lanes = [0; 16];
        for (lanes, register) in lanes.as_chunks_mut::<4>().0.iter_mut().zip(self.0) {
            // SAFETY: four lanes are 16 bytes.
            unsafe { vst1q_s32(lanes.as_mut_ptr(), register) };
        }
        lanes
    }
    #[inline(always)]
    fn first(self) -> i32 {
        unsafe { vgetq_lane_s32::<0>(self.0[0]) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vaddq_s32(a, b) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vsubq_s32(a, b) })
    }
    #[inline(always)]
    fn half(self) -> Self {
        self.map(|a| unsafe { vshrq_n_s32::<1>(a) })
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vandq_s32(a, b) })
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vorrq_s32(a, b) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { veorq_s32(a, b) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vmaxq_s32(a, b) })
    }
    #[inline(always)]
    fn sign(self) -> Self {
        self.map(|a| unsafe { vshrq_n_s32::<31>(a) })
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        let one = |i: usize| unsafe { vbslq_s32(vceqzq_s32(self.0[i]), zero.0[i], other.0[i]) };
        Self(std::array::from_fn(one))
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        let [a, b, c, d] = self.0;
        match BIT {
            1 => self.map(|a| unsafe { vrev64q_s32(a) }),
            2 => self.map(|a| unsafe { vextq_s32::<2>(a, a) }),
            4 => Self([b, a, d, c]),
            _ => Self([c, d, a, b]),
        }
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        self.map(|a| unsafe { vshrq_n_s32::<23>(a) })
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        self.map(|a| unsafe { vshlq_n_s32::<23>(a) })
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        self.with(scale, |a, scale| unsafe {
            let value = vmulq_f32(vreinterpretq_f32_s32(a), vreinterpretq_f32_s32(scale));
            vcvtq_s32_f32(value)
        })
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        self.with(scale, |a, scale| unsafe {
            vreinterpretq_s32_f32(vmulq_f32(vcvtq_f32_s32(a), vreinterpretq_f32_s32(scale)))
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
    type Isa = Neon;
    type Int = i64;

    #[inline(always)]
    unsafe fn load(_: Neon, groups: [*const u8; 4]) -> Self {
        let half = |i: usize| {
            // SAFETY: the caller vouches for 32 bytes at each pointer.
            unsafe { vreinterpretq_s64_u8(vld1q_u8(groups[i / 2].add(i % 2 * 16))) }
        };
        Self(std::array::from_fn(half))
    }
    #[inline(always)]
    fn splat(_: Neon, value: i64) -> Self {
        Self([unsafe { vdupq_n_s64(value) }; 8])
    }
    #[inline(always)]
    fn to_array(self) -> [i64; 16] {
        let mut lanes = [0; 16];
        for (lanes, register) in lanes.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            // SAFETY: two lanes are 16 bytes.
            unsafe { vst1q_s64(lanes.as_mut_ptr(), register) };
        }
        lanes
    }
    #[inline(always)]
    fn first(self) -> i64 {
        unsafe { vgetq_lane_s64::<0>(self.0[0]) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vaddq_s64(a, b) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vsubq_s64(a, b) })
    }
    #[inline(always)]
    fn half(self) -> Self {
        self.map(|a| unsafe { vshrq_n_s64::<1>(a) })
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vandq_s64(a, b) })
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vorrq_s64(a, b) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { veorq_s64(a, b) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { vbslq_s64(vcgtq_s64(a, b), a, b) })
    }
    #[inline(always)]
    fn sign(self) -> Self {
        self.map(|a| unsafe { vshrq_n_s64::<63>(a) })
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        let one = |i: usize| unsafe { vbslq_s64(vceqzq_s64(self.0[i]), zero.0[i], other.0[i]) };
        Self(std::array::from_fn(one))
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        if BIT == 1 {
            return self.map(|a| unsafe { vextq_s64::<1>(a, a) });
        }
        Self(std::array::from_fn(|i| self.0[(i ^ (BIT / 2)) % 8]))
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        self.map(|a| unsafe { vshrq_n_s64::<52>(a) })
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        self.map(|a| unsafe { vshlq_n_s64::<52>(a) })
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        self.with(scale, |a, scale| unsafe {
            let value = vmulq_f64(vreinterpretq_f64_s64(a), vreinterpretq_f64_s64(scale));
            vcvtq_s64_f64(value)
        })
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        self.with(scale, |a, scale| unsafe {
            vreinterpretq_s64_f64(vmulq_f64(vcvtq_f64_s64(a), vreinterpretq_f64_s64(scale)))
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
pub(crate) fn transpose_32([a, b, c, d]: [int32x4_t; 4]) -> [int32x4_t; 4] {
    unsafe {
        let long = |a| vreinterpretq_s64_s32(a);
        let [ab, cd] = [long(vtrn1q_s32(a, b)), long(vtrn1q_s32(c, d))];
        let [ab_odd, cd_odd] = [long(vtrn2q_s32(a, b)), long(vtrn2q_s32(c, d))];
        [
            vreinterpretq_s32_s64(vtrn1q_s64(ab, cd)),
            vreinterpretq_s32_s64(vtrn1q_s64(ab_odd, cd_odd)),
            vreinterpretq_s32_s64(vtrn2q_s64(ab, cd)),
            vreinterpretq_s32_s64(vtrn2q_s64(ab_odd, cd_odd)),
        ]
    }
}

/// Transposes the square of four 64-bit lanes, a row in two registers.
#[inline(always)]
pub(crate) fn transpose_64([a, b, c, d]: [[int64x2_t; 2]; 4]) -> [[int64x2_t; 2]; 4] {
    unsafe {
        [
            [vtrn1q_s64(a[0], b[0]), vtrn1q_s64(c[0], d[0])],
            [vtrn2q_s64(a[0], b[0]), vtrn2q_s64(c[0], d[0])],
            [vtrn1q_s64(a[1], b[1]), vtrn1q_s64(c[1], d[1])],
            [vtrn2q_s64(a[1], b[1]), vtrn2q_s64(c[1], d[1])],
        ]
    }
}
