//! From values to coefficients, for all blocks of a group at once: their exponents, cast
//! and transform; and what stands before each block's planes.

use super::super::lanes::{Lanes, Planes, Tile};
use super::super::level::Isa;
use super::super::lift;
use super::Vectored;
use crate::block::Params;
use crate::scalar::{Coefficient, Word};

/// What comes before a block's planes, and which those are.
pub(super) struct Head {
    pub(super) code: u64,
    pub(super) length: u32,
    /// From the lowest plane to the one above the highest.
    pub(super) planes: (usize, usize),
}

/// What is known of the blocks of a group, in the lane of each.
#[derive(Clone, Copy)]
pub(super) struct Heads<S: Vectored, const N: usize> {
    /// The largest magnitudes, by their bits; nothing for integers.
    largest: [S::Int; 16],
    /// In reversible mode, whether a block is all zeros (then zero), and whether it is the
    /// integers it was cast to (then zero).
    any: [S::Int; 16],
    inexact: [S::Int; 16],
}

/// Facts about a type's numbers.
trait Facts: Vectored {
    const BITS: u32 = Self::TYPE.bits();
    const EXPONENT_BITS: u32 = match Self::TYPE.exponent_bits() {
        Some(bits) => bits,
        None => 0,
    };
    const IS_FLOAT: bool = Self::EXPONENT_BITS > 0;
    const BIAS: i32 = (1 << Self::EXPONENT_BITS >> 1) - 1;
    const MANTISSA_BITS: u32 = Self::BITS - 1 - Self::EXPONENT_BITS;
    /// The least exponent field of a block's largest value with which the scale to
    /// integers, 2^(width − 2 − exponent), is a number of this type.
    const LEAST_FIELD: i32 = Self::BITS as i32 - 3;
}

impl<S: Vectored> Facts for S {}

/// Bits before the planes of a lossy block that is not all zeros.
pub(super) const fn head_bits<S: Vectored>() -> u32 {
    match S::TYPE.exponent_bits() {
        Some(bits) => 1 + bits,
        None => 0,
    }
}

/// Whether lossy blocks of this path may have all planes, whatever their exponent.
pub(super) fn has_all_planes<S: Vectored, const N: usize>(params: Params) -> bool {
    let least = S::LEAST_FIELD - (S::BIAS - 1);
    let most = if S::IS_FLOAT { params.precision(least, N) } else { params.maxprec };
    !params.is_reversible() && most >= S::BITS
}

/// The coefficients of a group, as [`Lanes::planes`] wants them, and what is known of its
/// blocks.
#[inline(always)]
pub(super) fn coefficients<I: Isa, S: Vectored, const N: usize, const T: usize>(
    isa: I,
    values: [Tile<S::Lanes<I>>; T],
    params: Params,
    heads: &mut Heads<S, N>,
) -> [Tile<S::Lanes<I>>; T] {
    let mut tiles = values;
    for tile in &mut tiles {
        *tile = S::Lanes::<I>::transpose_places(*tile);
    }
    if S::IS_FLOAT {
        let magnitude = S::Lanes::<I>::splat(isa, S::Int::MAX);
        let mut largest = tiles[0][0].and(magnitude);
        for lanes in tiles.as_flattened() {
            largest = largest.max(lanes.and(magnitude));
        }
        let largest = largest_of::<_, N>(largest);
        let field = largest.exponent_field();
        let scale =
            number::<I, S>(isa, i64::from(S::LEAST_FIELD + 2 * S::BIAS)).sub(field).power_of_two();
        heads.largest = lanes_of::<_, N>(largest);
        if params.is_reversible() {
            let mut any = tiles[0][0];
            // Outside of these fields, a block is never exact (or has a way of its own).
            let least = number::<I, S>(isa, i64::from(S::LEAST_FIELD + 1));
            let mut inexact =
                number::<I, S>(isa, i64::from(2 * S::BIAS)).sub(field).or(field.sub(least)).sign();
            let back = field.sub(number::<I, S>(isa, i64::from(S::LEAST_FIELD))).power_of_two();
            let mut ints = tiles;
            for (ints, lanes) in ints.as_flattened_mut().iter_mut().zip(tiles.as_flattened()) {
                *ints = lanes.scaled_to_int(scale);
                inexact = inexact.or(ints.int_scaled(back).xor(*lanes));
                any = any.or(*lanes);
            }
            let inexact = any_of::<_, N>(inexact);
            heads.any = lanes_of::<_, N>(any_of::<_, N>(any));
            heads.inexact = lanes_of::<_, N>(inexact);
            for (lanes, ints) in tiles.as_flattened_mut().iter_mut().zip(ints.as_flattened()) {
                let twos_complement = lanes.xor(lanes.sign().and(magnitude));
                *lanes = inexact.choose(*ints, twos_complement);
            }
        } else {
            for lanes in tiles.as_flattened_mut() {
                *lanes = lanes.scaled_to_int(scale);
            }
        }
    }
    if params.is_reversible() {
        lift::forward::<_, N, T, true>(&mut tiles);
    } else {
        lift::forward::<_, N, T, false>(&mut tiles);
    }
    tiles
}

/// The largest of all values of a block, in each of its lanes; registers are along x.
#[inline(always)]
fn largest_of<V: Lanes, const N: usize>(mut lanes: V) -> V {
    if N >= 16 {
        lanes = lanes.max(lanes.swap::<8>());
        lanes = lanes.max(lanes.swap::<4>());
    }
    if N >= 64 {
        lanes = lanes.max(lanes.swap::<2>());
        lanes = lanes.max(lanes.swap::<1>());
    }
    lanes
}

/// The bits that any value of a block has, likewise.
#[inline(always)]
fn any_of<V: Lanes, const N: usize>(mut lanes: V) -> V {
    if N >= 16 {
        lanes = lanes.or(lanes.swap::<8>());
        lanes = lanes.or(lanes.swap::<4>());
    }
    if N >= 64 {
        lanes = lanes.or(lanes.swap::<2>());
        lanes = lanes.or(lanes.swap::<1>());
    }
    lanes
}

/// The lanes; the first alone where there is one block.
#[inline(always)]
fn lanes_of<V: Lanes, const N: usize>(lanes: V) -> [V::Int; 16] {
    if N >= 64 {
        let mut first = [V::Int::ZERO; 16];
        first[0] = lanes.first();
        return first;
    }
    lanes.to_array()
}

/// The same number in each lane.
#[inline(always)]
fn number<I: Isa, S: Vectored>(isa: I, value: i64) -> S::Lanes<I> {
    let word = <S::Int as Coefficient>::Word::truncate(value as u64);
    S::Lanes::<I>::splat(isa, S::Int::from_word(word))
}

impl<S: Vectored, const N: usize> Heads<S, N> {
    /// Nothing.
    #[inline(always)]
    pub(super) fn none() -> Self {
        let none = [S::Int::ZERO; 16];
        Self { largest: none, any: none, inexact: none }
    }

    /// What comes before each of sixteen lossy blocks, in its lane; nothing if a block is not
    /// for this path.
    #[inline(always)]
    pub(super) fn of_all(&self) -> Option<[u64; 16]> {
        let mut heads = [0; 16];
        if !S::IS_FLOAT {
            return Some(heads);
        }
        let mut strange = false;
        for (head, largest) in heads.iter_mut().zip(&self.largest) {
            let largest = largest.to_word().widen();
            let field = largest >> S::MANTISSA_BITS;
            // As of one block, below.
            *head = if largest == 0 { 0 } else { 1 | (field + 1) << 1 };
            let usual = S::LEAST_FIELD as u64..=2 * S::BIAS as u64;
            strange |= largest != 0 && !usual.contains(&field);
        }
        (!strange).then_some(heads)
    }

    /// What comes before block `i` of the group; nothing if it is not for this path: a
    /// block that is not finite or too small to be scaled in one step. `any` says which
    /// planes of the group have a one-bit.
    #[inline(always)]
    pub(super) fn of_block(
        &self,
        i: usize,
        params: Params,
        planes: &Planes,
        any: u64,
    ) -> Option<Head> {
        let bits = S::BITS as usize;
        let lane = match N {
            4 => 4 * (i % 4) + i / 4 % 4,
            _ => i % 16,
        };
        let none = Head { code: 0, length: 1, planes: (bits, bits) };
        let largest = self.largest[lane].to_word();
        let field = (largest >> S::MANTISSA_BITS).widen() as i32;
        let exponent = field - (S::BIAS - 1);
        let biased = (exponent + S::BIAS) as u64;
        let (code, length) = match (S::IS_FLOAT, params.is_reversible()) {
            (false, false) => return Some(Head { length: 0, ..none }.with(params.maxprec)),
            (false, true) => (0, 0),
            (true, false) => {
                if field > 2 * S::BIAS {
                    return None;
                }
                let precision = params.precision(exponent, N);
                if precision == 0 || largest == Word::ZERO {
                    return Some(none);
                }
                if field < S::LEAST_FIELD {
                    return None;
                }
                let head = Head { code: 1 | biased << 1, length: 1 + S::EXPONENT_BITS, ..none };
                return Some(head.with(precision));
            }
            (true, true) => {
                if self.any[lane] == S::Int::ZERO {
                    return Some(none);
                }
                if field == S::LEAST_FIELD {
                    return None;
                }
                if self.inexact[lane] == S::Int::ZERO {
                    (1 | biased << 2, 2 + S::EXPONENT_BITS)
                } else {
                    (3, 2)
                }
            }
        };
        // No more planes than hold a one-bit.
        let empty = empty_below::<N>(planes, any, i).min(S::BITS);
        let precision = (S::BITS - empty).min(params.maxprec).max(1);
        let code = code | u64::from(precision - 1) << length;
        Some(Head { code, length: length + S::Int::PRECISION_BITS, ..none }.with(precision))
    }
}

impl Head {
    /// With so many planes, from the highest down.
    #[inline(always)]
    fn with(self, precision: u32) -> Self {
        let (_, bits) = self.planes;
        Self { planes: (bits.saturating_sub(precision as usize), bits), ..self }
    }
}

/// How many of a block's lowest planes are empty, or more than there are.
#[inline(always)]
fn empty_below<const N: usize>(planes: &Planes, any: u64, i: usize) -> u32 {
    let mut empty = any.trailing_zeros();
    if N <= 16 {
        let mask = if N == 4 { 15 << (4 * i) } else { 0xffff << (16 * i) };
        while empty < u64::BITS && planes[empty as usize] & mask == 0 {
            empty += 1;
        }
    }
    empty
}
