//! Bit planes of tiles: each byte of the coefficients is brought in order by a look into a
//! table of all 64, and squares of eight bits of eight bytes are transposed.
#![allow(clippy::undocumented_unsafe_blocks, reason = "vectors prove the features")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::aarch64::*;

use super::super::lanes::{Lanes, Planes, Tile, places};
use super::bits::{halves, transpose};
use super::{Lanes32, Lanes64};
use crate::scalar::Word;

/// For 64 coefficients in order, where they are before. Coefficient 8·j + 2·q + s comes to
/// place 16·q + 8·s + j, so that those that become bits of one byte are in eight registers.
type Order = [[u8; 16]; 4];

/// The order of the coefficients of a tile.
const fn order<const N: usize>() -> Order {
    let places = places::<N>();
    let mut order = [[0; 16]; 4];
    let mut i = 0;
    while i < 64 {
        order[i % 8 / 2][i % 2 * 8 + i / 8] = places[i];
        i += 1;
    }
    order
}

/// The planes of a tile, or of the four of a 4-dimensional block.
#[inline(always)]
pub(super) fn of_32<const N: usize>(
    tiles: &[Tile<Lanes32>],
    lowest: u32,
    planes: &mut Planes,
) -> u64 {
    let wanted = u64::MAX << lowest;
    if N > 64 {
        let mut values = [0i32; 256];
        for (lanes, values) in tiles.as_flattened().iter().zip(values.as_chunks_mut::<16>().0) {
            *values = lanes.to_array();
        }
        let mut any = 0;
        for t in 0..4 {
            let lanes = in_order(&values, t);
            any |= thirty_two(negabinary_32(&lanes), None, wanted, &mut planes[t..], 4);
        }
        return any;
    }
    let order = const { &order::<N>() };
    thirty_two(negabinary_32(&tiles[0]), Some(order), wanted, planes, 1)
}

/// As [`of_32`].
#[inline(always)]
pub(super) fn of_64<const N: usize>(
    tiles: &[Tile<Lanes64>],
    lowest: u32,
    planes: &mut Planes,
) -> u64 {
    let wanted = u64::MAX << lowest;
    if N > 64 {
        let mut values = [0i64; 256];
        for (lanes, values) in tiles.as_flattened().iter().zip(values.as_chunks_mut::<16>().0) {
            *values = lanes.to_array();
        }
        let mut any = 0;
        for t in 0..4 {
            let [low, high] = negabinary_64(&in_order(&values, t));
            any |= thirty_two(low, None, wanted, &mut planes[t..], 4);
            any |= thirty_two(high, None, wanted >> 32, &mut planes[128 + t..], 4) << 32;
        }
        return any;
    }
    let order = const { &order::<N>() };
    let [low, high] = negabinary_64(&tiles[0]);
    let any = thirty_two(low, Some(order), wanted, planes, 1);
    any | thirty_two(high, Some(order), wanted >> 32, &mut planes[32..], 1) << 32
}

/// The coefficients that are word `t` of the planes of a 4-dimensional block, which is too
/// large for tables in registers, where [`Order`] wants them.
#[inline(always)]
fn in_order<V: FromValues>(values: &[V::Int; 256], t: usize) -> Tile<V> {
    let places = const { places::<256>() };
    let mut ordered = [values[0]; 64];
    for (i, &place) in places[64 * t..][..64].iter().enumerate() {
        ordered[i % 8 / 2 * 16 + i % 2 * 8 + i / 8] = values[place as usize];
    }
    let values = ordered.as_chunks::<16>().0;
    [
        V::from_values(&values[0]),
        V::from_values(&values[1]),
        V::from_values(&values[2]),
        V::from_values(&values[3]),
    ]
}

/// Vectors out of memory.
trait FromValues: Lanes {
    fn from_values(values: &[Self::Int; 16]) -> Self;
}

impl FromValues for Lanes32 {
    #[inline(always)]
    fn from_values(values: &[i32; 16]) -> Self {
        let at = |i| unsafe { vld1q_s32(values[i..i + 4].as_ptr()) };
        Self([at(0), at(4), at(8), at(12)])
    }
}

impl FromValues for Lanes64 {
    #[inline(always)]
    fn from_values(values: &[i64; 16]) -> Self {
        let at = |i| unsafe { vld1q_s64(values[i..i + 2].as_ptr()) };
        Self([at(0), at(2), at(4), at(6), at(8), at(10), at(12), at(14)])
    }
}

#[inline(always)]
fn negabinary_32(tile: &Tile<Lanes32>) -> [uint32x4_t; 16] {
    std::array::from_fn(|i| unsafe {
        let mask = vdupq_n_u32(u32::NEGABINARY);
        let number = vreinterpretq_u32_s32(tile[i / 4].0[i % 4]);
        veorq_u32(vaddq_u32(number, mask), mask)
    })
}

/// The lower and the higher halves.
#[inline(always)]
fn negabinary_64(tile: &Tile<Lanes64>) -> [[uint32x4_t; 16]; 2] {
    let numbers: [uint32x4_t; 32] = std::array::from_fn(|i| unsafe {
        let mask = vdupq_n_u64(u64::NEGABINARY);
        let number = vreinterpretq_u64_s64(tile[i / 8].0[i % 8]);
        vreinterpretq_u32_u64(veorq_u64(vaddq_u64(number, mask), mask))
    });
    unsafe {
        [
            std::array::from_fn(|i| vuzp1q_u32(numbers[2 * i], numbers[2 * i + 1])),
            std::array::from_fn(|i| vuzp2q_u32(numbers[2 * i], numbers[2 * i + 1])),
        ]
    }
}

/// 32 planes of 64 words, each `step` words behind the one below; and which of them have a
/// one-bit. Words are in order already if no order is given; planes that are not wanted may
/// be zero.
#[inline(always)]
fn thirty_two(
    words: [uint32x4_t; 16],
    order: Option<&Order>,
    wanted: u64,
    planes: &mut [u64],
    step: usize,
) -> u64 {
    let bytes = bytes_of(&words);
    let any = any_of(words);
    for pair in 0..2 {
        if ((any & wanted) >> (16 * pair)) as u16 == 0 {
            for k in 16 * pair..16 * (pair + 1) {
                planes[k * step] = 0;
            }
            continue;
        }
        let (low, high) = (bytes[2 * pair], bytes[2 * pair + 1]);
        let mut registers = [low[0]; 8];
        for q in 0..4 {
            let both = match order {
                Some(order) => halves(look_up(low, &order[q]), look_up(high, &order[q])),
                None => halves(low[q], high[q]),
            };
            [registers[2 * q], registers[2 * q + 1]] = both;
        }
        let eight = transpose(registers);
        for (k, two) in eight.into_iter().enumerate() {
            unsafe {
                let two = vreinterpretq_u64_u8(two);
                planes[(16 * pair + k) * step] = vgetq_lane_u64::<0>(two);
                planes[(16 * pair + 8 + k) * step] = vgetq_lane_u64::<1>(two);
            }
        }
    }
    any
}

/// Each of the four bytes of all words.
#[inline(always)]
fn bytes_of(words: &[uint32x4_t; 16]) -> [[uint8x16_t; 4]; 4] {
    unsafe {
        let w = |i: usize| vreinterpretq_u16_u32(words[i]);
        let low: [uint8x16_t; 8] =
            std::array::from_fn(|i| vreinterpretq_u8_u16(vuzp1q_u16(w(2 * i), w(2 * i + 1))));
        let high: [uint8x16_t; 8] =
            std::array::from_fn(|i| vreinterpretq_u8_u16(vuzp2q_u16(w(2 * i), w(2 * i + 1))));
        [
            std::array::from_fn(|i| vuzp1q_u8(low[2 * i], low[2 * i + 1])),
            std::array::from_fn(|i| vuzp2q_u8(low[2 * i], low[2 * i + 1])),
            std::array::from_fn(|i| vuzp1q_u8(high[2 * i], high[2 * i + 1])),
            std::array::from_fn(|i| vuzp2q_u8(high[2 * i], high[2 * i + 1])),
        ]
    }
}

/// Bytes of a table of 64.
#[inline(always)]
pub(crate) fn look_up([a, b, c, d]: [uint8x16_t; 4], places: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the places are 16 bytes.
    unsafe { vqtbl4q_u8(uint8x16x4_t(a, b, c, d), vld1q_u8(places.as_ptr())) }
}

/// Bits that any word has.
#[inline(always)]
fn any_of(words: [uint32x4_t; 16]) -> u64 {
    unsafe {
        let mut any = words[0];
        for word in words {
            any = vorrq_u32(any, word);
        }
        let any = vreinterpretq_u64_u32(any);
        let any = vgetq_lane_u64::<0>(any) | vgetq_lane_u64::<1>(any);
        (any | any >> 32) & 0xffff_ffff
    }
}
