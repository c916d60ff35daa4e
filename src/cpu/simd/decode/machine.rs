//! What decoding asks of a set of instructions.

use std::ops::Range;

use super::group::Group;
use super::parse;
use super::source::Bits;
use super::store::Target;
use crate::block::{BlockScalar, Params};
use crate::cpu::simd::level::Isa;

/// A set of instructions for decoding; a value is the proof that the CPU has them.
pub(super) trait Machine: Copy {
    /// The instructions that a kernel for this machine is compiled for.
    type Isa: Isa;

    /// Those instructions.
    fn isa(self) -> Self::Isa;

    /// The bits of `value` at the ones of `mask`, put together.
    fn pext(self, value: u64, mask: u64) -> u64;

    /// The place of the one-bit of `mask` before which there are `count` others.
    fn nth_one(self, mask: u64, count: u32) -> u32;

    /// The `count` low bits of `value`; all of them from 64 on.
    fn low(self, value: u64, count: u32) -> u64;

    /// Each `K + 1` bits of eight times as many in a byte of its own; what is above them, up to
    /// bit 31, does not count.
    #[inline(always)]
    fn spread<const K: u32>(self, bits: u64) -> u64 {
        // Halves of ever fewer bits: four of these, two, and one.
        let width = K + 1;
        let part = |bits: u64, count: u32, every: u32| {
            let mask = u64::MAX / (u64::MAX >> (64 - every)) * ((1 << (count * width)) - 1);
            (bits | bits << (every - count * width)) & mask
        };
        part(part(part(bits, 4, 32), 2, 16), 1, 8)
    }

    /// Reads `count` planes of four bits each, from bit `at` on; behind them, `planes` gets zeros
    /// or remains as it is.
    #[inline(always)]
    fn fours(self, bits: Bits<'_>, at: u64, count: u32, planes: &mut [u8; 64]) {
        let mut left = 4 * count;
        for (i, place) in planes.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            if left == 0 {
                break;
            }
            let eight = self.low(bits.peek(at + 32 * i as u64), left.min(32));
            *place = self.spread::<3>(eight).to_le_bytes();
            left = left.saturating_sub(32);
        }
    }

    /// Reads the planes of a group of blocks of four that have a fixed number of bits, the
    /// first of which begins at bit `at`, all at once; whether it could.
    #[inline(always)]
    fn short_fours<S: BlockScalar>(
        self,
        _bits: Bits<'_>,
        _at: u64,
        _params: Params,
        _group: &mut Group,
    ) -> bool {
        false
    }

    /// Whether there may be a way to read blocks of sixteen and of 64 side by side.
    const HAS_LANES: bool = false;
    /// What is read so.
    type Lanes: Default;

    /// Reads the planes of `count` blocks of `N` that have a fixed number of bits, sixteen
    /// blocks at most, the first of which begins at the first of the two numbers, and each as
    /// many bits behind the one before as the second says; whether it could.
    #[inline(always)]
    fn read_lanes<S: BlockScalar, const N: usize>(
        self,
        _bits: Bits<'_>,
        _places: (u64, u32),
        _count: usize,
        _params: Params,
        _lanes: &mut Self::Lanes,
    ) -> bool {
        false
    }

    /// The values of those of them that have these numbers, as many as there is room for at
    /// most, as by [`store`](Self::store).
    #[inline(always)]
    fn store_lanes<S: BlockScalar, const N: usize>(
        self,
        _lanes: &Self::Lanes,
        _blocks: Range<usize>,
        _target: Option<Target<'_, S, N>>,
        _room: &mut [[S; 64]; 4],
    ) {
    }

    /// The coefficients of a plane's code behind its known ones, how many they are, and where
    /// the group test is that ends it: at 64 if that is not here.
    #[inline(always)]
    fn plane(self, code: u64) -> (u64, u32, u32) {
        let states = parse::states(code, 0);
        let end = (code | states).trailing_ones();
        let coefficients = self.low(states, end);
        (self.pext(code, coefficients), coefficients.count_ones(), end)
    }

    /// Whether values are stored in a target. Else there is none.
    const HAS_TARGETS: bool = false;

    /// Stores the values of the first `count` blocks of `N` of a group in `target` or, if there
    /// is none, in `room`, one block after the other; of lossless blocks, if they are `exact`.
    /// What else is in `room` may change.
    fn store<S: BlockScalar, const N: usize>(
        self,
        group: &Group,
        count: usize,
        exact: bool,
        target: Option<Target<'_, S, N>>,
        room: &mut [[S; 64]; 4],
    );
}

/// Where [`Machine::spread`] puts bits.
#[cfg(target_arch = "x86_64")]
pub(super) const fn spread_mask(k: u32) -> u64 {
    0x0101_0101_0101_0101 * ((2 << k) - 1)
}
