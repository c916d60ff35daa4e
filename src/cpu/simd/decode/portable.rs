//! What every CPU of the architecture has: SSE2 with x86-64, and plain Rust elsewhere.

#[cfg(not(target_arch = "x86_64"))]
mod loops;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(not(target_arch = "x86_64"))]
use loops::values;
#[cfg(target_arch = "x86_64")]
use sse2::values;

use super::bytes;
use super::group::{Group, sets_of};
use super::machine::Machine;
use super::store::Target;
use crate::block::BlockScalar;
use crate::cpu::simd::level::Portable;

impl Machine for Portable {
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
        nth_one(mask, count)
    }
    #[inline(always)]
    fn low(self, value: u64, count: u32) -> u64 {
        low(value, count)
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
        values::<S, N>(group, sets_of(count, N), exact, room);
    }
}

/// The `count` low bits.
#[inline(always)]
pub(super) fn low(value: u64, count: u32) -> u64 {
    if count < 64 { value & !(u64::MAX << count) } else { value }
}

/// The place of a one-bit that has `count` before it.
#[inline(always)]
pub(super) fn nth_one(mut mask: u64, count: u32) -> u32 {
    for _ in 0..count {
        mask &= mask.wrapping_sub(1);
    }
    mask.trailing_zeros()
}
