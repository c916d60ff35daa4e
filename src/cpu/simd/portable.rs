//! [`Lanes`] as arrays, which the compiler turns into what vectors there are.

use std::marker::PhantomData;

use super::lanes::{Lanes, Planes, Tile, places};
use super::level::{Isa, Portable};
use crate::block::{order, planes};
use crate::scalar::{Coefficient, Float};

/// Sixteen lanes of integers, or of the bits of `F`.
#[derive(Clone, Copy)]
pub(crate) struct Array<F: Float, I = Portable>([F::Int; 16], PhantomData<I>);

impl<F: Float, I: Isa> Array<F, I> {
    #[inline(always)]
    fn new(lanes: [F::Int; 16]) -> Self {
        Self(lanes, PhantomData)
    }
    #[inline(always)]
    fn map(self, each: impl Fn(F::Int) -> F::Int) -> Self {
        Self::new(self.0.map(each))
    }
    #[inline(always)]
    fn with(self, other: Self, each: impl Fn(F::Int, F::Int) -> F::Int) -> Self {
        let mut lanes = self.0;
        for (lane, other) in lanes.iter_mut().zip(other.0) {
            *lane = each(*lane, other);
        }
        Self::new(lanes)
    }
}

/// Bits of the mantissa's field.
#[inline(always)]
fn mantissa_bits<F: Float>() -> u32 {
    F::TYPE.bits() - 1 - F::EXPONENT_BITS
}

impl<F: Float, I: Isa> Lanes for Array<F, I>
where
    F::Int: Ord,
{
    type Isa = I;
    type Int = F::Int;

    #[inline(always)]
    unsafe fn load(_: I, groups: [*const u8; 4]) -> Self {
        let mut lanes = [F::Int::ZERO; 16];
        for (lanes, group) in lanes.as_chunks_mut::<4>().0.iter_mut().zip(groups) {
            // SAFETY: the caller vouches for four values there.
            *lanes = unsafe { group.cast::<[F::Int; 4]>().read_unaligned() };
        }
        Self::new(lanes)
    }
    #[inline(always)]
    fn splat(_: I, value: F::Int) -> Self {
        Self::new([value; 16])
    }
    #[inline(always)]
    fn to_array(self) -> [F::Int; 16] {
        self.0
    }
    #[inline(always)]
    fn first(self) -> F::Int {
        self.0[0]
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a.wrapping_add(b))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a.wrapping_sub(b))
    }
    #[inline(always)]
    fn half(self) -> Self {
        self.map(|a| a >> 1)
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.with(other, |a, b| a.and(b))
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.with(other, |a, b| F::Int::from_word(a.to_word() | b.to_word()))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.with(other, |a, b| a.xor(b))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, |a, b| if a < b { b } else { a })
    }
    #[inline(always)]
    fn sign(self) -> Self {
        self.map(|a| a >> (F::TYPE.bits() - 1))
    }
    #[inline(always)]
    fn choose(self, zero: Self, other: Self) -> Self {
        let mut lanes = zero.0;
        for ((lane, by), other) in lanes.iter_mut().zip(self.0).zip(other.0) {
            *lane = if by == F::Int::ZERO { *lane } else { other };
        }
        Self::new(lanes)
    }
    #[inline(always)]
    fn swap<const BIT: usize>(self) -> Self {
        Self::new(std::array::from_fn(|i| self.0[(i ^ BIT) % 16]))
    }
    #[inline(always)]
    fn exponent_field(self) -> Self {
        self.map(|a| a >> mantissa_bits::<F>())
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        self.map(|a| a << mantissa_bits::<F>())
    }
    #[inline(always)]
    fn scaled_to_int(self, scale: Self) -> Self {
        self.with(scale, |a, scale| (F::from_bits(a) * F::from_bits(scale)).to_int_or_min())
    }
    #[inline(always)]
    fn int_scaled(self, scale: Self) -> Self {
        self.with(scale, |a, scale| (F::from_int(a) * F::from_bits(scale)).to_bits())
    }
    #[inline(always)]
    fn transpose_places(tile: Tile<Self>) -> Tile<Self> {
        let mut out = tile;
        for r in 0..4 {
            for g in 0..4 {
                for p in 0..4 {
                    out[r].0[4 * g + p] = tile[p].0[4 * g + r];
                }
            }
        }
        out
    }
    #[inline(always)]
    fn transpose_groups(tile: Tile<Self>) -> Tile<Self> {
        let mut out = tile;
        for r in 0..4 {
            for g in 0..4 {
                for p in 0..4 {
                    out[r].0[4 * g + p] = tile[g].0[4 * r + p];
                }
            }
        }
        out
    }
    #[inline(always)]
    fn planes<const N: usize>(tiles: &[Tile<Self>], _: u32, planes: &mut Planes) -> u64 {
        let places = const { places::<N>() };
        let words = |t: usize| -> [<F::Int as Coefficient>::Word; 64] {
            std::array::from_fn(|i| {
                let place = places[64 * t + i] as usize;
                let tile = &tiles[place / 64 % tiles.len()];
                order::to_negabinary(tile[place / 16 % 4].0[place % 16])
            })
        };
        if N <= 64 {
            let rows = planes::of_64(words(0));
            for (to, from) in planes.iter_mut().zip(rows.iter().take(F::TYPE.bits() as usize)) {
                *to = *from;
            }
        } else {
            for t in 0..4 {
                let rows = planes::of_64(words(t));
                for k in 0..F::TYPE.bits() as usize {
                    planes[4 * k + t] = rows[k];
                }
            }
        }
        let words = if N <= 64 { 1 } else { 4 };
        let mut any = 0;
        for (k, plane) in planes.chunks_exact(words).take(F::TYPE.bits() as usize).enumerate() {
            any |= u64::from(plane.iter().fold(0, |any, word| any | word) != 0) << k;
        }
        any
    }
}
