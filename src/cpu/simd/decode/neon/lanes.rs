//! Vectors of NEON: rows of four integers of either width.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has NEON")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::aarch64::*;

use super::transform::{of_fours, of_set, of_sets};
use crate::block::BlockScalar;
use crate::cpu::simd::decode::rows::{K, Row};
use crate::cpu::simd::neon::{transpose_32, transpose_64};
use crate::cpu::simd::unlift::{Lanes, Vector};
use crate::scalar::{Float, Word};

/// A row of four integers of either width.
pub(super) trait Wide: Copy {
    /// Whether integers have 64 bits.
    const LONG: bool;
    /// Integers of their lower (or only) and higher halves, out of negabinary.
    fn new(low: uint32x4_t, high: uint32x4_t) -> Self;
    /// Integers of their bits, out of negabinary.
    fn from_bits(bits: [uint8x16_t; 2]) -> Self;
    /// As many as can be loaded from the words, which are 32 or 64 bits each.
    fn load(words: &[u64; 256], vector: usize) -> Self;
}

/// Four 32-bit integers.
#[derive(Clone, Copy)]
pub(super) struct Lanes32(int32x4_t);

/// Four 64-bit integers.
#[derive(Clone, Copy)]
pub(super) struct Lanes64([int64x2_t; 2]);

impl Lanes for Lanes32 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { vaddq_s32(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { vsubq_s32(self.0, other.0) })
    }
    #[inline(always)]
    fn half(self) -> Self {
        Self(unsafe { vshrq_n_s32::<1>(self.0) })
    }
}

impl Lanes for Lanes64 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self(unsafe { [vaddq_s64(a, c), vaddq_s64(b, d)] })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self(unsafe { [vsubq_s64(a, c), vsubq_s64(b, d)] })
    }
    #[inline(always)]
    fn half(self) -> Self {
        let [a, b] = self.0;
        Self(unsafe { [vshrq_n_s64::<1>(a), vshrq_n_s64::<1>(b)] })
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
    fn new(low: uint32x4_t, _: uint32x4_t) -> Self {
        unsafe {
            let negabinary = vdupq_n_u32(u32::NEGABINARY);
            let int = vsubq_u32(veorq_u32(low, negabinary), negabinary);
            Self(vreinterpretq_s32_u32(int))
        }
    }
    #[inline(always)]
    fn from_bits([bits, _]: [uint8x16_t; 2]) -> Self {
        let bits = unsafe { vreinterpretq_u32_u8(bits) };
        Self::new(bits, bits)
    }
    #[inline(always)]
    fn load(words: &[u64; 256], vector: usize) -> Self {
        let words = words[2 * vector..][..2].as_ptr();
        // SAFETY: two words are 16 bytes.
        unsafe {
            let bits = vld1q_u8(words.cast());
            Self::from_bits([bits; 2])
        }
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
        unsafe { vst1q_s32(values[..4].as_mut_ptr(), self.0) }
    }
    #[inline(always)]
    fn scaled(self, exponent: i32) -> Self {
        unsafe {
            let scale = vdupq_n_f32(<f32 as Float>::power_of_two(exponent - 30));
            Self(vreinterpretq_s32_f32(vmulq_f32(vcvtq_f32_s32(self.0), scale)))
        }
    }
    #[inline(always)]
    fn patterns(self) -> Self {
        unsafe {
            let signs = vreinterpretq_u32_s32(vshrq_n_s32::<31>(self.0));
            Self(veorq_s32(self.0, vreinterpretq_s32_u32(vshrq_n_u32::<1>(signs))))
        }
    }
}

impl Wide for Lanes64 {
    const LONG: bool = true;

    #[inline(always)]
    fn new(low: uint32x4_t, high: uint32x4_t) -> Self {
        unsafe {
            let first = vreinterpretq_u8_u32(vzip1q_u32(low, high));
            let second = vreinterpretq_u8_u32(vzip2q_u32(low, high));
            Self::from_bits([first, second])
        }
    }
    #[inline(always)]
    fn from_bits(bits: [uint8x16_t; 2]) -> Self {
        Self(bits.map(|bits| unsafe {
            let negabinary = vdupq_n_u64(u64::NEGABINARY);
            let int = vsubq_u64(veorq_u64(vreinterpretq_u64_u8(bits), negabinary), negabinary);
            vreinterpretq_s64_u64(int)
        }))
    }
    #[inline(always)]
    fn load(words: &[u64; 256], vector: usize) -> Self {
        let words = words[4 * vector..][..4].as_ptr().cast::<u8>();
        // SAFETY: four words are 32 bytes.
        Self::from_bits(unsafe { [vld1q_u8(words), vld1q_u8(words.add(16))] })
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
            vst1q_s64(values, self.0[0]);
            vst1q_s64(values.add(2), self.0[1]);
        }
    }
    #[inline(always)]
    fn scaled(self, exponent: i32) -> Self {
        Self(self.0.map(|ints| unsafe {
            let scale = vdupq_n_f64(<f64 as Float>::power_of_two(exponent - 62));
            vreinterpretq_s64_f64(vmulq_f64(vcvtq_f64_s64(ints), scale))
        }))
    }
    #[inline(always)]
    fn patterns(self) -> Self {
        Self(self.0.map(|ints| unsafe {
            let signs = vreinterpretq_u64_s64(vshrq_n_s64::<63>(ints));
            veorq_s64(ints, vreinterpretq_s64_u64(vshrq_n_u64::<1>(signs)))
        }))
    }
}
