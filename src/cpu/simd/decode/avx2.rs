//! AVX2, and the bit manipulation that comes with it.

mod lanes;
mod transform;

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::bytes;
use super::group::{Group, sets_of};
use super::machine::{Machine, spread_mask};
use super::portable;
use super::store::Target;
use crate::block::BlockScalar;
use crate::cpu::simd::level::{Avx2, Isa};

/// AVX2 where `pdep` and `pext` are fast.
#[derive(Clone, Copy)]
pub(super) struct FastBits(Avx2);

/// AVX2 where they are not.
#[derive(Clone, Copy)]
pub(super) struct SlowBits(Avx2);

impl FastBits {
    /// The proof, if they are.
    pub(super) fn new(isa: Avx2) -> Option<Self> {
        isa.has_fast_pdep().then_some(Self(isa))
    }
}

impl SlowBits {
    pub(super) fn new(isa: Avx2) -> Self {
        Self(isa)
    }
}

impl Machine for FastBits {
    type Isa = Avx2;
    type Lanes = ();

    #[inline(always)]
    fn isa(self) -> Avx2 {
        self.0
    }
    #[inline(always)]
    fn pext(self, value: u64, mask: u64) -> u64 {
        // SAFETY: `self` proves that the CPU has BMI2.
        unsafe { _pext_u64(value, mask) }
    }
    #[inline(always)]
    fn nth_one(self, mask: u64, count: u32) -> u32 {
        // SAFETY: `self` proves that the CPU has BMI2.
        unsafe { _pdep_u64(1 << (count % 64), mask) }.trailing_zeros()
    }
    #[inline(always)]
    fn low(self, value: u64, count: u32) -> u64 {
        // SAFETY: `self` proves that the CPU has BMI2.
        unsafe { _bzhi_u64(value, count) }
    }
    #[inline(always)]
    fn spread<const K: u32>(self, bits: u64) -> u64 {
        self.isa().pdep(bits, spread_mask(K))
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
        // SAFETY: `self` proves that the CPU has what this is compiled for.
        unsafe { transform::values::<S, N>(group, sets_of(count, N), exact, room) }
    }
}

impl Machine for SlowBits {
    type Isa = Avx2;
    type Lanes = ();

    #[inline(always)]
    fn isa(self) -> Avx2 {
        self.0
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
        // SAFETY: `self` proves that the CPU has what this is compiled for.
        unsafe { transform::values::<S, N>(group, sets_of(count, N), exact, room) }
    }
}
