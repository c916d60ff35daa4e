//! NEON, where planes become values. It has no instructions for scattered bits of a word.

mod lanes;
mod transform;

use super::bytes;
use super::group::{Group, sets_of};
use super::machine::Machine;
use super::portable;
use super::store::Target;
use crate::block::BlockScalar;
use crate::cpu::simd::level::Neon;

impl Machine for Neon {
    type Isa = Self;
    type Lanes = ();

    #[inline(always)]
    fn isa(self) -> Self {
        self
    }
    #[inline(always)]
    fn pext(self, value: u64, mask: u64) -> u64 {
        bytes::pext(value, mask)
    }
    #[inline(always)]
    fn nth_one(self, mask: u64, count: u32) -> u32 {
        portable::nth_one(mask, count)
    }
    #[inline(always)]
    fn low(self, value: u64, count: u32) -> u64 {
        portable::low(value, count)
    }
    #[inline(always)]
    fn plane(self, code: u64) -> (u64, u32, u32) {
        bytes::plane(code)
    }
    #[inline(always)]
    fn store<S: BlockScalar, const N: usize>(
        self,
        group: &Group,
        count: usize,
        exact: bool,
        _: Option<Target<'_, S, N>>,
        room: &mut [[S; 64]; 4],
    ) {
        transform::values::<S, N>(group, sets_of(count, N), exact, room);
    }
}
