//! Bit planes of tiles: the coefficients' bytes are unpacked and brought in order, and the
//! highest bit of each is taken, eight times.
#![allow(clippy::undocumented_unsafe_blocks, reason = "callers prove the features by vectors")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

use super::super::lanes::{Planes, Tile, places};
use super::{Lanes32, Lanes64, transpose_places_32};
use crate::scalar::Word;

/// For each half of the 64 bytes, and each quarter that they may come from: where there.
type Order = [[[u8; 32]; 4]; 2];

/// The order of coefficients whose bytes lie as unpacking leaves them; 256 for those that
/// are in order before.
const fn order<const N: usize>(size: usize) -> Order {
    let places = places::<N>();
    let mut order = [[[0x80; 32]; 4]; 2];
    let mut i = 0;
    while i < 64 {
        let c = if N <= 64 { places[i] as usize } else { i };
        let at = if size == 4 {
            c / 32 * 32 + c / 4 % 2 * 16 + c / 8 % 4 * 4 + c % 4
        } else {
            c / 32 * 32 + c / 2 % 2 * 16 + c / 4 % 8 * 2 + c % 2
        };
        order[i / 32][at / 16][i % 32] = (at % 16) as u8;
        i += 1;
    }
    order
}

/// Each of four bytes of four numbers together.
const BYTES_OF_4: [u8; 32] = {
    let mut from = [0; 32];
    let mut i = 0;
    while i < 32 {
        from[i] = (i % 4 * 4 + i / 4 % 4) as u8;
        i += 1;
    }
    from
};

/// Each of eight bytes of two numbers together.
const BYTES_OF_8: [u8; 32] = {
    let mut from = [0; 32];
    let mut i = 0;
    while i < 32 {
        from[i] = (i % 2 * 8 + i / 2 % 8) as u8;
        i += 1;
    }
    from
};

#[inline(always)]
fn table(bytes: &'static [u8; 32]) -> __m256i {
    // SAFETY: the array has 32 bytes.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// The planes of one tile, but for whole bytes of them below plane `lowest`.
#[inline(always)]
pub(super) fn of_tile_32<const N: usize>(
    tile: Tile<Lanes32>,
    lowest: u32,
    planes: &mut Planes,
) -> u64 {
    let [a, b, c, d] = tile;
    let low = bytes_of_32([a.0, a.1, b.0, b.1]);
    let high = bytes_of_32([c.0, c.1, d.0, d.1]);
    let order = const { &order::<N>(4) };
    let mut any = 0;
    for byte in 0..4 {
        // Of no account to large blocks, which get to all of them.
        if N <= 16 && 8 * (byte as u32 + 1) <= lowest {
            continue;
        }
        any |= eight_planes(low[byte], high[byte], order, &mut planes[8 * byte..], 1) << (8 * byte);
    }
    any
}

/// As [`of_tile_32`].
#[inline(always)]
pub(super) fn of_tile_64<const N: usize>(
    [a, b, c, d]: Tile<Lanes64>,
    lowest: u32,
    planes: &mut Planes,
) -> u64 {
    let low = bytes_of_64(a.0, b.0);
    let high = bytes_of_64(c.0, d.0);
    let order = const { &order::<N>(8) };
    let mut any = 0;
    for byte in 0..8 {
        // Of no account to large blocks, which get to all of them.
        if N <= 16 && 8 * (byte as u32 + 1) <= lowest {
            continue;
        }
        any |= eight_planes(low[byte], high[byte], order, &mut planes[8 * byte..], 1) << (8 * byte);
    }
    any
}

/// The planes of the four tiles of a 4-dimensional block, which are brought in order by
/// way of memory.
#[inline(always)]
pub(super) fn of_four_32(tiles: &[Tile<Lanes32>], planes: &mut Planes) -> u64 {
    let mut values = [0u32; 256];
    for (lanes, values) in tiles.as_flattened().iter().zip(values.as_chunks_mut::<16>().0) {
        *values = bytemuck::cast(super::Lanes::to_array(*lanes));
    }
    let places = const { places::<256>() };
    let order = const { &order::<256>(4) };
    let mut any = 0;
    for t in 0..4 {
        let mut ordered = [0u32; 64];
        for (value, &place) in ordered.iter_mut().zip(&places[64 * t..]) {
            *value = values[place as usize];
        }
        let from = ordered.as_ptr();
        // SAFETY: these are twice four times 32 bytes.
        let (low, high) = unsafe { (bytes_from_32(from), bytes_from_32(from.add(32))) };
        for byte in 0..4 {
            let planes = &mut planes[32 * byte + t..];
            any |= eight_planes(low[byte], high[byte], order, planes, 4) << (8 * byte);
        }
    }
    any
}

/// As [`of_four_32`].
#[inline(always)]
pub(super) fn of_four_64(tiles: &[Tile<Lanes64>], planes: &mut Planes) -> u64 {
    let mut values = [0u64; 256];
    for (lanes, values) in tiles.as_flattened().iter().zip(values.as_chunks_mut::<16>().0) {
        *values = bytemuck::cast(super::Lanes::to_array(*lanes));
    }
    let places = const { places::<256>() };
    let order = const { &order::<256>(8) };
    let mut any = 0;
    for t in 0..4 {
        let mut ordered = [0u64; 64];
        for (value, &place) in ordered.iter_mut().zip(&places[64 * t..]) {
            *value = values[place as usize];
        }
        let from = ordered.as_ptr();
        // SAFETY: these are twice eight times 32 bytes.
        let (low, high) = unsafe { (bytes_from_64(from), bytes_from_64(from.add(32))) };
        for byte in 0..8 {
            let planes = &mut planes[32 * byte + t..];
            any |= eight_planes(low[byte], high[byte], order, planes, 4) << (8 * byte);
        }
    }
    any
}

/// As [`bytes_of_32`].
///
/// # Safety
///
/// 32 numbers can be read.
#[inline(always)]
unsafe fn bytes_from_32(from: *const u32) -> [__m256i; 4] {
    unsafe {
        bytes_of_32([
            _mm256_loadu_si256(from.cast()),
            _mm256_loadu_si256(from.add(8).cast()),
            _mm256_loadu_si256(from.add(16).cast()),
            _mm256_loadu_si256(from.add(24).cast()),
        ])
    }
}

/// As [`bytes_of_64`].
///
/// # Safety
///
/// 32 numbers can be read.
#[inline(always)]
unsafe fn bytes_from_64(from: *const u64) -> [__m256i; 8] {
    unsafe {
        let first = [
            _mm256_loadu_si256(from.cast()),
            _mm256_loadu_si256(from.add(4).cast()),
            _mm256_loadu_si256(from.add(8).cast()),
            _mm256_loadu_si256(from.add(12).cast()),
        ];
        let second = [
            _mm256_loadu_si256(from.add(16).cast()),
            _mm256_loadu_si256(from.add(20).cast()),
            _mm256_loadu_si256(from.add(24).cast()),
            _mm256_loadu_si256(from.add(28).cast()),
        ];
        bytes_of_64(first, second)
    }
}

/// Each of the four bytes of 32 numbers, in negabinary.
#[inline(always)]
fn bytes_of_32(mut numbers: [__m256i; 4]) -> [__m256i; 4] {
    unsafe {
        let mask = _mm256_set1_epi32(u32::NEGABINARY as i32);
        for number in &mut numbers {
            *number = _mm256_xor_si256(_mm256_add_epi32(*number, mask), mask);
            *number = _mm256_shuffle_epi8(*number, table(&BYTES_OF_4));
        }
    }
    transpose_places_32(numbers)
}

/// Each of the eight bytes of 32 numbers, in negabinary.
#[inline(always)]
fn bytes_of_64(a: [__m256i; 4], b: [__m256i; 4]) -> [__m256i; 8] {
    let mut n = [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]];
    unsafe {
        let mask = _mm256_set1_epi64x(u64::NEGABINARY as i64);
        for number in &mut n {
            *number = _mm256_xor_si256(_mm256_add_epi64(*number, mask), mask);
            *number = _mm256_shuffle_epi8(*number, table(&BYTES_OF_8));
        }
        let mut low = [n[0]; 4];
        let mut high = [n[0]; 4];
        for i in 0..4 {
            low[i] = _mm256_unpacklo_epi16(n[2 * i], n[2 * i + 1]);
            high[i] = _mm256_unpackhi_epi16(n[2 * i], n[2 * i + 1]);
        }
        let [a, b, c, d] = transpose_places_32(low);
        let [e, f, g, h] = transpose_places_32(high);
        [a, b, c, d, e, f, g, h]
    }
}

/// Eight planes out of the bytes that hold them, each `step` words behind the one below;
/// and which of them have a one-bit.
#[inline(always)]
fn eight_planes(
    low: __m256i,
    high: __m256i,
    order: &'static Order,
    planes: &mut [u64],
    step: usize,
) -> u64 {
    unsafe {
        let quarters = [
            _mm256_permute2x128_si256::<0x00>(low, low),
            _mm256_permute2x128_si256::<0x11>(low, low),
            _mm256_permute2x128_si256::<0x00>(high, high),
            _mm256_permute2x128_si256::<0x11>(high, high),
        ];
        let mut halves = [_mm256_setzero_si256(); 2];
        for half in 0..2 {
            for quarter in 0..4 {
                let found = _mm256_shuffle_epi8(quarters[quarter], table(&order[half][quarter]));
                halves[half] = _mm256_or_si256(halves[half], found);
            }
        }
        let mut any = 0;
        for k in (0..8).rev() {
            let low = _mm256_movemask_epi8(halves[0]) as u32;
            let high = _mm256_movemask_epi8(halves[1]) as u32;
            let plane = u64::from(low) | u64::from(high) << 32;
            planes[k * step] = plane;
            any |= u64::from(plane != 0) << k;
            halves[0] = _mm256_add_epi8(halves[0], halves[0]);
            halves[1] = _mm256_add_epi8(halves[1], halves[1]);
        }
        any
    }
}
