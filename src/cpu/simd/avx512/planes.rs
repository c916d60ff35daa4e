//! Bit planes of tiles: the coefficients' bytes are brought in order by permutations, and
//! squares of eight by eight bits are transposed.
#![allow(clippy::undocumented_unsafe_blocks, reason = "callers prove the features by vectors")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

use super::super::lanes::{Lanes, Planes, Tile, places};
use super::{Lanes32, Lanes64};
use crate::scalar::Word;

/// Where each byte of a permutation comes from.
pub(super) type Bytes = [u8; 64];

/// Two registers with bytes 2i and 2i + 1 of all coefficients: those of byte 2i of the
/// first half of the coefficients, those of byte 2i + 1, and the same of the second half.
pub(super) type Pair = [__m512i; 2];

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
pub(super) fn table(bytes: &'static Bytes) -> __m512i {
    // SAFETY: the array has 64 bytes.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// The negabinary form of a tile, taken apart into bytes.
#[inline(always)]
pub(super) fn bytes_of_32([a, b, c, d]: Tile<Lanes32>) -> [Pair; 2] {
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
pub(super) fn bytes_of_64([a, b, c, d]: Tile<Lanes64>) -> [Pair; 4] {
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

/// The planes from `lowest` on, and some below, if a pair of bytes has any of them.
#[inline(always)]
pub(super) fn planes_of_one<const N: usize, const PAIRS: usize>(
    pairs: [Pair; PAIRS],
    lowest: u32,
    planes: &mut Planes,
) -> u64 {
    let mut any = 0;
    for (i, planes) in planes.as_chunks_mut::<16>().0.iter_mut().enumerate().take(PAIRS) {
        // Only small blocks are worth the question.
        if N == 4 && 16 * (i as u32 + 1) <= lowest {
            continue;
        }
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

/// The planes from pair `FROM` of bytes on.
#[inline(always)]
pub(super) fn planes_of_four<const PAIRS: usize, const FROM: usize>(
    tiles: &[[Pair; PAIRS]; 4],
    planes: &mut Planes,
) -> u64 {
    let mut any = 0;
    for i in FROM..PAIRS {
        let planes = &mut planes.as_chunks_mut::<64>().0[i];
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
                // Words of a plane together: two, then four.
                let even =
                    [_mm512_unpacklo_epi64(first, second), _mm512_unpacklo_epi64(third, fourth)];
                let odd =
                    [_mm512_unpackhi_epi64(first, second), _mm512_unpackhi_epi64(third, fourth)];
                let pairs = [even[0], even[1], odd[0], odd[1]].map(Lanes32);
                let pairs = Lanes32::transpose_groups(pairs);
                for (pair, to) in pairs.into_iter().zip(planes.as_chunks_mut::<8>().0) {
                    // SAFETY: eight words are 64 bytes.
                    _mm512_storeu_si512(to.as_mut_ptr().cast(), pair.0);
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
