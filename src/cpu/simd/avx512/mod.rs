//! [`Lanes`] of AVX-512: one register of 32-bit integers, two of 64-bit ones.
//!
//! All `unsafe` here but that of loads and stores rests on one fact: a vector comes from
//! `load` or `splat` alone, and these want a token, which proves that the CPU has the
//! features; every other function wants a vector.
#![allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]

pub(crate) mod codes;

use std::arch::x86_64::*;

use super::lanes::{Lanes, Planes, Tile, places};
use super::level::Avx512;
use crate::scalar::Word;

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
    fn planes<const N: usize>(tiles: &[Tile<Self>], planes: &mut Planes) -> u64 {
        if N <= 64 {
            planes_of_one::<N, 2>(bytes_of_32(tiles[0]), planes)
        } else {
            let tiles = [
                bytes_of_32(tiles[0]),
                bytes_of_32(tiles[1]),
                bytes_of_32(tiles[2]),
                bytes_of_32(tiles[3]),
            ];
            planes_of_four::<2>(&tiles, planes)
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
    fn planes<const N: usize>(tiles: &[Tile<Self>], planes: &mut Planes) -> u64 {
        if N <= 64 {
            planes_of_one::<N, 4>(bytes_of_64(tiles[0]), planes)
        } else {
            let tiles = [
                bytes_of_64(tiles[0]),
                bytes_of_64(tiles[1]),
                bytes_of_64(tiles[2]),
                bytes_of_64(tiles[3]),
            ];
            planes_of_four::<4>(&tiles, planes)
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

/// Where each byte of a permutation comes from.
type Bytes = [u8; 64];

/// Two registers with bytes 2i and 2i + 1 of all coefficients: those of byte 2i of the
/// first half of the coefficients, those of byte 2i + 1, and the same of the second half.
type Pair = [__m512i; 2];

/// From two registers of 32-bit numbers, two bytes of each: the bytes numbered `byte`,
/// then the next.
const fn two_of_four(byte: usize) -> Bytes {
    let mut from = [0; 64];
    let mut i = 0;
    while i < 64 {
        from[i] = (4 * (i % 32) + byte + i / 32) as u8;
        i += 1;
    }
    from
}

/// From two registers of 64-bit numbers, four bytes of each, from `byte` on.
const fn four_of_eight(byte: usize) -> Bytes {
    let mut from = [0; 64];
    let mut i = 0;
    while i < 64 {
        from[i] = (8 * (i % 16) + byte + i / 16) as u8;
        i += 1;
    }
    from
}

/// From two such registers, two of the four bytes, from `byte` on.
const fn two_of_these(byte: usize) -> Bytes {
    let mut from = [0; 64];
    let mut i = 0;
    while i < 64 {
        let (number, byte) = (i % 32, byte + i / 32);
        from[i] = (number / 16 * 64 + 16 * byte + number % 16) as u8;
        i += 1;
    }
    from
}

/// From a [`Pair`], one byte of each coefficient; in order, and backwards within groups of
/// eight, as `gf2p8affineqb` counts rows. Or as they lie, which 4-dimensional blocks want.
const fn one_of_two<const N: usize>(byte: usize) -> Bytes {
    let places = places::<N>();
    let mut from = [0; 64];
    let mut i = 0;
    while i < 64 {
        let place = if N <= 64 { places[i ^ 7] as usize } else { i };
        from[i] = (place % 32 + 32 * byte + place / 32 * 64) as u8;
        i += 1;
    }
    from
}

/// Where the bytes of one of the four tiles of a 4-dimensional block come from, of all.
const fn of_four_tiles(tile: usize) -> Bytes {
    let places = places::<256>();
    let mut from = [0; 64];
    let mut i = 0;
    while i < 64 {
        from[i] = places[64 * tile + (i ^ 7)];
        i += 1;
    }
    from
}

/// Byte p of word q to byte q of word p.
const TRANSPOSED: Bytes = {
    let mut from = [0; 64];
    let mut i = 0;
    while i < 64 {
        from[i] = (i % 8 * 8 + i / 8) as u8;
        i += 1;
    }
    from
};

#[inline(always)]
fn table(bytes: &'static Bytes) -> __m512i {
    // SAFETY: the array has 64 bytes.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// The negabinary form of a tile, taken apart into bytes.
#[inline(always)]
fn bytes_of_32([a, b, c, d]: Tile<Lanes32>) -> [Pair; 2] {
    unsafe {
        let mask = _mm512_set1_epi32(u32::NEGABINARY as i32);
        let a = _mm512_xor_si512(_mm512_add_epi32(a.0, mask), mask);
        let b = _mm512_xor_si512(_mm512_add_epi32(b.0, mask), mask);
        let c = _mm512_xor_si512(_mm512_add_epi32(c.0, mask), mask);
        let d = _mm512_xor_si512(_mm512_add_epi32(d.0, mask), mask);
        let low = table(const { &two_of_four(0) });
        let high = table(const { &two_of_four(2) });
        [
            [_mm512_permutex2var_epi8(a, low, b), _mm512_permutex2var_epi8(c, low, d)],
            [_mm512_permutex2var_epi8(a, high, b), _mm512_permutex2var_epi8(c, high, d)],
        ]
    }
}

/// As [`bytes_of_32`].
#[inline(always)]
fn bytes_of_64([a, b, c, d]: Tile<Lanes64>) -> [Pair; 4] {
    let [a, b, c, d] = [halves(a), halves(b), halves(c), halves(d)];
    unsafe {
        let low = table(const { &two_of_these(0) });
        let high = table(const { &two_of_these(2) });
        [
            [_mm512_permutex2var_epi8(a[0], low, b[0]), _mm512_permutex2var_epi8(c[0], low, d[0])],
            [
                _mm512_permutex2var_epi8(a[0], high, b[0]),
                _mm512_permutex2var_epi8(c[0], high, d[0]),
            ],
            [_mm512_permutex2var_epi8(a[1], low, b[1]), _mm512_permutex2var_epi8(c[1], low, d[1])],
            [
                _mm512_permutex2var_epi8(a[1], high, b[1]),
                _mm512_permutex2var_epi8(c[1], high, d[1]),
            ],
        ]
    }
}

/// The lower and the upper four bytes of sixteen coefficients, in negabinary.
#[inline(always)]
fn halves(Lanes64(a, b): Lanes64) -> [__m512i; 2] {
    unsafe {
        let mask = _mm512_set1_epi64(u64::NEGABINARY as i64);
        let a = _mm512_xor_si512(_mm512_add_epi64(a, mask), mask);
        let b = _mm512_xor_si512(_mm512_add_epi64(b, mask), mask);
        let low = table(const { &four_of_eight(0) });
        let high = table(const { &four_of_eight(4) });
        [_mm512_permutex2var_epi8(a, low, b), _mm512_permutex2var_epi8(a, high, b)]
    }
}

/// Eight planes out of the bytes that hold them: a square of bits within each word is
/// transposed, then the words' bytes.
#[inline(always)]
fn eight_planes(bytes: __m512i) -> __m512i {
    unsafe {
        let identity = _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64);
        let squares = _mm512_gf2p8affine_epi64_epi8::<0>(identity, bytes);
        _mm512_permutexvar_epi8(table(&TRANSPOSED), squares)
    }
}

#[inline(always)]
fn planes_of_one<const N: usize, const PAIRS: usize>(
    pairs: [Pair; PAIRS],
    planes: &mut Planes,
) -> u64 {
    let mut any = 0;
    for (i, planes) in planes.as_chunks_mut::<16>().0.iter_mut().enumerate().take(PAIRS) {
        let [a, b] = pairs[i];
        let first = table(const { &one_of_two::<N>(0) });
        let second = table(const { &one_of_two::<N>(1) });
        // SAFETY: sixteen words are twice 64 bytes.
        unsafe {
            let low = eight_planes(_mm512_permutex2var_epi8(a, first, b));
            let high = eight_planes(_mm512_permutex2var_epi8(a, second, b));
            _mm512_storeu_si512(planes.as_mut_ptr().cast(), low);
            _mm512_storeu_si512(planes.as_mut_ptr().add(8).cast(), high);
            any |= u64::from(_mm512_test_epi64_mask(low, low)) << (16 * i);
            any |= u64::from(_mm512_test_epi64_mask(high, high)) << (16 * i + 8);
        }
    }
    any
}

#[inline(always)]
fn planes_of_four<const PAIRS: usize>(tiles: &[[Pair; PAIRS]; 4], planes: &mut Planes) -> u64 {
    let mut any = 0;
    for (i, planes) in planes.as_chunks_mut::<64>().0.iter_mut().enumerate().take(PAIRS) {
        for (byte, planes) in planes.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            let natural = if byte == 0 {
                table(const { &one_of_two::<256>(0) })
            } else {
                table(const { &one_of_two::<256>(1) })
            };
            unsafe {
                let a = _mm512_permutex2var_epi8(tiles[0][i][0], natural, tiles[0][i][1]);
                let b = _mm512_permutex2var_epi8(tiles[1][i][0], natural, tiles[1][i][1]);
                let c = _mm512_permutex2var_epi8(tiles[2][i][0], natural, tiles[2][i][1]);
                let d = _mm512_permutex2var_epi8(tiles[3][i][0], natural, tiles[3][i][1]);
                let a_to_d = [a, b, c, d];
                let first = of_tiles(a_to_d, const { &of_four_tiles(0) });
                let second = of_tiles(a_to_d, const { &of_four_tiles(1) });
                let third = of_tiles(a_to_d, const { &of_four_tiles(2) });
                let fourth = of_tiles(a_to_d, const { &of_four_tiles(3) });
                let all =
                    _mm512_or_si512(_mm512_or_si512(first, second), _mm512_or_si512(third, fourth));
                any |= u64::from(_mm512_test_epi64_mask(all, all)) << (16 * i + 8 * byte);
                let even =
                    [_mm512_unpacklo_epi64(first, second), _mm512_unpacklo_epi64(third, fourth)];
                let odd =
                    [_mm512_unpackhi_epi64(first, second), _mm512_unpackhi_epi64(third, fourth)];
                // SAFETY: 32 words are eight times four words, each twice two.
                let to = planes.as_mut_ptr();
                for half in 0..2 {
                    let (even, odd) = (even[half], odd[half]);
                    let to = to.add(2 * half);
                    _mm_storeu_si128(to.cast(), _mm512_extracti32x4_epi32::<0>(even));
                    _mm_storeu_si128(to.add(4).cast(), _mm512_extracti32x4_epi32::<0>(odd));
                    _mm_storeu_si128(to.add(8).cast(), _mm512_extracti32x4_epi32::<1>(even));
                    _mm_storeu_si128(to.add(12).cast(), _mm512_extracti32x4_epi32::<1>(odd));
                    _mm_storeu_si128(to.add(16).cast(), _mm512_extracti32x4_epi32::<2>(even));
                    _mm_storeu_si128(to.add(20).cast(), _mm512_extracti32x4_epi32::<2>(odd));
                    _mm_storeu_si128(to.add(24).cast(), _mm512_extracti32x4_epi32::<3>(even));
                    _mm_storeu_si128(to.add(28).cast(), _mm512_extracti32x4_epi32::<3>(odd));
                }
            }
        }
    }
    any
}

/// Eight planes of one of four tiles in order, out of bytes from all of them.
#[inline(always)]
fn of_tiles([a, b, c, d]: [__m512i; 4], from: &'static Bytes) -> __m512i {
    unsafe {
        let from = table(from);
        let ab = _mm512_permutex2var_epi8(a, from, b);
        let cd = _mm512_permutex2var_epi8(c, from, d);
        // The highest bit of a place says which half of the tiles.
        eight_planes(_mm512_mask_mov_epi8(ab, _mm512_movepi8_mask(from), cd))
    }
}
