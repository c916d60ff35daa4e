//! Vectors of AVX-512, of integers of either width.

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::{load, transposed};
use crate::block::order;
use crate::cpu::simd::unlift::{Lanes, Vector};
use crate::scalar::Float;

/// A vector of integers of either width.
pub(super) trait Wide<const K: usize>: Vector<K> {
    /// Bytes of the coefficients of 16 blocks of four, as [`super::bytes`] gives them.
    fn fours(planes: &[[u64; 64]; 4]) -> [__m512i; K];
    /// The integers of a block of sixteen, out of negabinary, in the order of memory, from its
    /// planes, the highest first; as many as `count` says.
    fn square(planes: &[u16; 128], count: u32, vectors: &mut [Self]);
    /// Integers from their bytes, and out of negabinary.
    fn join(bytes: [__m512i; K]) -> [Self; K];
    /// The same bits.
    fn bits(self) -> __m512i;
    /// One number in all lanes.
    fn splat(bits: u64) -> Self;
    /// The bits of the number by which integers are multiplied.
    fn scale(exponent: i32) -> u64;
    /// Four lanes of each of 16 numbers.
    fn spread(bits: &[u64; 16]) -> [Self; K];
    /// The bits of floating-point values: these integers times a power of two.
    fn scaled(self, scale: Self) -> Self;
    /// The bits of floating-point values that these integers are, but for negative ones.
    fn patterns(self) -> Self;
    /// Of each lane, the first if its bit is set in `mask`, else the second.
    fn choose(mask: u64, first: __m512i, second: __m512i) -> __m512i;
}

/// Sixteen 32-bit integers. Made only by functions that are compiled for AVX-512.
#[derive(Clone, Copy)]
pub(super) struct Lanes32(__m512i);

/// Eight 64-bit integers. Made only by functions that are compiled for AVX-512.
#[derive(Clone, Copy)]
pub(super) struct Lanes64(__m512i);

// SAFETY of all that follows:
// * these methods take or are called from what takes such vectors, which there are only
//   in functions that the token of AVX-512 leads to: the CPU has these instructions.
macro_rules! vectors {
    ($expression:expr) => {
        // SAFETY: see above.
        unsafe { $expression }
    };
}

/// Of 32 planes of sixteen bits, the highest first, where the bytes of eight times eight bits
/// come from: byte `h` of the planes that are byte `g` of integers, lowest plane last, for
/// number `2·g + h`.
const SQUARES: [u8; 64] = {
    let mut squares = [0; 64];
    let mut byte = 0;
    while byte < 64 {
        let (g, h) = (byte / 16, byte / 8 % 2);
        let plane = 8 * g + 7 - byte % 8;
        squares[byte] = (2 * (31 - plane) + h) as u8;
        byte += 1;
    }
    squares
};

/// Where the bytes of 32-bit integers come from when squares are transposed.
const JOIN_32: [u8; 64] = joins::<4>(0);
/// The same of 64-bit integers, in two vectors; those of the upper half are in another vector.
const JOIN_64: [[u8; 64]; 2] = [joins::<8>(0), joins::<8>(8)];

const fn joins<const SIZE: usize>(first: usize) -> [u8; 64] {
    let order = order::order::<16>();
    let mut rank = [0; 16];
    let mut i = 0;
    while i < 16 {
        rank[order[i] as usize] = i;
        i += 1;
    }
    let mut joins = [0; 64];
    let mut byte = 0;
    while byte < 64 {
        let (coefficient, g) = (rank[first + byte / SIZE], byte % SIZE);
        let square = 2 * (g % 4) + coefficient / 8;
        joins[byte] = (g / 4 * 64 + 8 * square + coefficient % 8) as u8;
        byte += 1;
    }
    joins
}

/// The bytes of integers, by byte and coefficient, from some of 32 planes of sixteen, the
/// first of which have number 32·`half`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
#[inline]
fn square_bytes(planes: &[u16; 128], half: usize, which: u32) -> __m512i {
    assert!(half < 4);
    // SAFETY: 32 numbers from there on are among the planes.
    let planes = unsafe { _mm512_maskz_loadu_epi16(which, planes.as_ptr().add(32 * half).cast()) };
    transposed(_mm512_permutexvar_epi8(load(&SQUARES, 0), planes))
}

impl Lanes for Lanes32 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(vectors!(_mm512_add_epi32(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(vectors!(_mm512_sub_epi32(self.0, other.0)))
    }
    #[inline(always)]
    fn half(self) -> Self {
        Self(vectors!(_mm512_srai_epi32::<1>(self.0)))
    }
}

impl Lanes for Lanes64 {
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(vectors!(_mm512_add_epi64(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(vectors!(_mm512_sub_epi64(self.0, other.0)))
    }
    #[inline(always)]
    fn half(self) -> Self {
        Self(vectors!(_mm512_srai_epi64::<1>(self.0)))
    }
}

impl Vector<4> for Lanes32 {
    #[inline(always)]
    fn rows([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        vectors!({
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
        })
    }
    #[inline(always)]
    fn swap([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        vectors!({
            let ab = _mm512_shuffle_i32x4::<0x44>(a.0, b.0);
            let ab_high = _mm512_shuffle_i32x4::<0xee>(a.0, b.0);
            let cd = _mm512_shuffle_i32x4::<0x44>(c.0, d.0);
            let cd_high = _mm512_shuffle_i32x4::<0xee>(c.0, d.0);
            [
                Self(_mm512_shuffle_i32x4::<0x88>(ab, cd)),
                Self(_mm512_shuffle_i32x4::<0xdd>(ab, cd)),
                Self(_mm512_shuffle_i32x4::<0x88>(ab_high, cd_high)),
                Self(_mm512_shuffle_i32x4::<0xdd>(ab_high, cd_high)),
            ]
        })
    }
}

impl Vector<8> for Lanes64 {
    #[inline(always)]
    fn rows([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        vectors!({
            let even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
            let odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
            let ab = _mm512_unpacklo_epi64(a.0, b.0);
            let cd = _mm512_unpacklo_epi64(c.0, d.0);
            let ab_high = _mm512_unpackhi_epi64(a.0, b.0);
            let cd_high = _mm512_unpackhi_epi64(c.0, d.0);
            [
                Self(_mm512_permutex2var_epi64(ab, even, cd)),
                Self(_mm512_permutex2var_epi64(ab_high, even, cd_high)),
                Self(_mm512_permutex2var_epi64(ab, odd, cd)),
                Self(_mm512_permutex2var_epi64(ab_high, odd, cd_high)),
            ]
        })
    }
    #[inline(always)]
    fn swap(set: [Self; 8]) -> [Self; 8] {
        let mut swapped = set;
        for h in 0..2 {
            for p in 0..2 {
                let [a, b] = [set[4 * p + h].0, set[4 * p + 2 + h].0];
                swapped[4 * h + p] = Self(vectors!(_mm512_shuffle_i64x2::<0x44>(a, b)));
                swapped[4 * h + 2 + p] = Self(vectors!(_mm512_shuffle_i64x2::<0xee>(a, b)));
            }
        }
        swapped
    }
}

impl Wide<4> for Lanes32 {
    #[inline(always)]
    fn fours(planes: &[[u64; 64]; 4]) -> [__m512i; 4] {
        vectors!({
            // Each 64 bits become four bytes, one of each coefficient. In row g of four
            // blocks there are to be their bytes g, the highest of which come first.
            let index =
                _mm512_setr_epi32(6, 14, 22, 30, 4, 12, 20, 28, 2, 10, 18, 26, 0, 8, 16, 24);
            let mut fours = [Self(index); 4];
            let mut i = 0;
            while i < 4 {
                let first = transposed(load(&planes[0], 2 * i));
                let second = transposed(load(&planes[0], 2 * i + 1));
                fours[i] = Self(_mm512_permutex2var_epi32(first, index, second));
                i += 1;
            }
            let [a, b, c, d] = Self::swap(fours);
            [a.0, b.0, c.0, d.0]
        })
    }
    #[inline(always)]
    fn square(planes: &[u16; 128], count: u32, vectors: &mut [Self]) {
        vectors!({
            let negabinary = _mm512_set1_epi32(0xaaaa_aaaa_u32 as i32);
            let bytes = square_bytes(planes, 0, _bzhi_u32(u32::MAX, count));
            let bytes = _mm512_permutexvar_epi8(load(&JOIN_32, 0), bytes);
            vectors[0] = Self(_mm512_xor_si512(bytes, negabinary)).sub(Self(negabinary));
        });
    }
    #[inline(always)]
    fn join([a, b, c, d]: [__m512i; 4]) -> [Self; 4] {
        vectors!({
            let negabinary = _mm512_set1_epi32(0xaaaa_aaaa_u32 as i32);
            let ab = [_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b)];
            let cd = [_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d)];
            let mut joined = [Self(negabinary); 4];
            let mut i = 0;
            while i < 2 {
                let low = _mm512_unpacklo_epi16(ab[i], cd[i]);
                let high = _mm512_unpackhi_epi16(ab[i], cd[i]);
                joined[2 * i] = Self(_mm512_xor_si512(low, negabinary)).sub(Self(negabinary));
                joined[2 * i + 1] = Self(_mm512_xor_si512(high, negabinary)).sub(Self(negabinary));
                i += 1;
            }
            joined
        })
    }
    #[inline(always)]
    fn bits(self) -> __m512i {
        self.0
    }
    #[inline(always)]
    fn splat(bits: u64) -> Self {
        Self(vectors!(_mm512_set1_epi32(bits as i32)))
    }
    #[inline(always)]
    fn scale(exponent: i32) -> u64 {
        u64::from(f32::to_bits(<f32 as Float>::power_of_two(exponent - 30)))
    }
    #[inline(always)]
    fn spread(bits: &[u64; 16]) -> [Self; 4] {
        let mut all = [0; 16];
        let mut i = 0;
        while i < 16 {
            all[i] = bits[i] as u32;
            i += 1;
        }
        vectors!({
            let all = _mm512_loadu_si512(all.as_ptr().cast());
            let first = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
            let mut spread = [Self(first); 4];
            let mut i = 0;
            while i < 4 {
                let index = _mm512_add_epi32(first, _mm512_set1_epi32(4 * i as i32));
                spread[i] = Self(_mm512_permutexvar_epi32(index, all));
                i += 1;
            }
            spread
        })
    }
    #[inline(always)]
    fn scaled(self, scale: Self) -> Self {
        vectors!({
            let value = _mm512_mul_ps(_mm512_cvtepi32_ps(self.0), _mm512_castsi512_ps(scale.0));
            Self(_mm512_castps_si512(value))
        })
    }
    #[inline(always)]
    fn patterns(self) -> Self {
        vectors!({
            let below = _mm512_srli_epi32::<1>(_mm512_srai_epi32::<31>(self.0));
            Self(_mm512_xor_si512(self.0, below))
        })
    }
    #[inline(always)]
    fn choose(mask: u64, first: __m512i, second: __m512i) -> __m512i {
        vectors!(_mm512_mask_blend_epi32(mask as u16, second, first))
    }
}

impl Wide<8> for Lanes64 {
    #[inline(always)]
    fn fours(planes: &[[u64; 64]; 4]) -> [__m512i; 8] {
        vectors!({
            // As for 32 bits, in two steps: a vector is the planes of one block.
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let low = _mm512_setr_epi32(7, 15, 23, 31, 6, 14, 22, 30, 5, 13, 21, 29, 4, 12, 20, 28);
            let high = _mm512_setr_epi32(3, 11, 19, 27, 2, 10, 18, 26, 1, 9, 17, 25, 0, 8, 16, 24);
            let mut fours = [[Lanes32(even); 4]; 2];
            let mut i = 0;
            while i < 4 {
                let (set, first) = (&planes[i / 2], 4 * i % 8);
                let [a, b] = [transposed(load(set, first)), transposed(load(set, first + 1))];
                let [c, d] = [transposed(load(set, first + 2)), transposed(load(set, first + 3))];
                let ab = _mm512_permutex2var_epi32(a, even, b);
                let cd = _mm512_permutex2var_epi32(c, even, d);
                fours[0][i] = Lanes32(_mm512_permutex2var_epi32(ab, low, cd));
                fours[1][i] = Lanes32(_mm512_permutex2var_epi32(ab, high, cd));
                i += 1;
            }
            let [low, high] = [Lanes32::swap(fours[0]), Lanes32::swap(fours[1])];
            let [a, b, c, d] = low;
            let [e, f, g, h] = high;
            [a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0]
        })
    }
    #[inline(always)]
    fn square(planes: &[u16; 128], count: u32, vectors: &mut [Self]) {
        vectors!({
            let negabinary = _mm512_set1_epi64(0xaaaa_aaaa_aaaa_aaaa_u64 as i64);
            let high = square_bytes(planes, 0, _bzhi_u64(u64::MAX, count) as u32);
            let low = square_bytes(planes, 1, (_bzhi_u64(u64::MAX, count) >> 32) as u32);
            let mut i = 0;
            while i < 2 {
                let bytes = _mm512_permutex2var_epi8(low, load(&JOIN_64[i], 0), high);
                vectors[i] = Self(_mm512_xor_si512(bytes, negabinary)).sub(Self(negabinary));
                i += 1;
            }
        });
    }
    #[inline(always)]
    fn join(bytes: [__m512i; 8]) -> [Self; 8] {
        vectors!({
            let negabinary = _mm512_set1_epi64(0xaaaa_aaaa_aaaa_aaaa_u64 as i64);
            // Closures would not be compiled for these instructions, hence plain loops.
            let mut steps = [[negabinary; 4]; 4];
            let mut i = 0;
            while i < 4 {
                let [a, b] = [bytes[2 * i], bytes[2 * i + 1]];
                steps[i][0] = _mm512_unpacklo_epi8(a, b);
                steps[i][1] = _mm512_unpackhi_epi8(a, b);
                i += 1;
            }
            let mut joined = [Self(negabinary); 8];
            i = 0;
            while i < 2 {
                let [a, b] = [steps[0][i], steps[1][i]];
                let [c, d] = [steps[2][i], steps[3][i]];
                let fours = [
                    [_mm512_unpacklo_epi16(a, b), _mm512_unpacklo_epi16(c, d)],
                    [_mm512_unpackhi_epi16(a, b), _mm512_unpackhi_epi16(c, d)],
                ];
                let mut j = 0;
                while j < 2 {
                    let [a, b] = fours[j];
                    let low = _mm512_xor_si512(_mm512_unpacklo_epi32(a, b), negabinary);
                    let high = _mm512_xor_si512(_mm512_unpackhi_epi32(a, b), negabinary);
                    joined[4 * i + 2 * j] = Self(low).sub(Self(negabinary));
                    joined[4 * i + 2 * j + 1] = Self(high).sub(Self(negabinary));
                    j += 1;
                }
                i += 1;
            }
            joined
        })
    }
    #[inline(always)]
    fn bits(self) -> __m512i {
        self.0
    }
    #[inline(always)]
    fn splat(bits: u64) -> Self {
        Self(vectors!(_mm512_set1_epi64(bits as i64)))
    }
    #[inline(always)]
    fn scale(exponent: i32) -> u64 {
        f64::to_bits(<f64 as Float>::power_of_two(exponent - 62))
    }
    #[inline(always)]
    fn spread(bits: &[u64; 16]) -> [Self; 8] {
        vectors!({
            let low = _mm512_loadu_si512(bits.as_ptr().cast());
            let high = _mm512_loadu_si512(bits.as_ptr().add(8).cast());
            let first = _mm512_setr_epi64(0, 0, 0, 0, 1, 1, 1, 1);
            let mut spread = [Self(first); 8];
            let mut i = 0;
            while i < 8 {
                let index = _mm512_add_epi64(first, _mm512_set1_epi64(2 * i as i64));
                spread[i] = Self(_mm512_permutex2var_epi64(low, index, high));
                i += 1;
            }
            spread
        })
    }
    #[inline(always)]
    fn scaled(self, scale: Self) -> Self {
        vectors!({
            let value = _mm512_mul_pd(_mm512_cvtepi64_pd(self.0), _mm512_castsi512_pd(scale.0));
            Self(_mm512_castpd_si512(value))
        })
    }
    #[inline(always)]
    fn patterns(self) -> Self {
        vectors!({
            let below = _mm512_srli_epi64::<1>(_mm512_srai_epi64::<63>(self.0));
            Self(_mm512_xor_si512(self.0, below))
        })
    }
    #[inline(always)]
    fn choose(mask: u64, first: __m512i, second: __m512i) -> __m512i {
        vectors!(_mm512_mask_blend_epi64(mask as u8, second, first))
    }
}
