//! What every CPU of the architecture has: SSE2 with x86-64, and plain Rust elsewhere.

#[cfg(not(target_arch = "x86_64"))]
mod loops;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(not(target_arch = "x86_64"))]
use loops::values;
#[cfg(target_arch = "x86_64")]
use sse2::values;

use super::group::Group;
use super::machine::Machine;
use crate::block::BlockScalar;
use crate::cpu::simd::level::Portable;

impl Machine for Portable {
    type Isa = Self;

    #[inline(always)]
    fn isa(self) -> Self {
        self
    }
    #[inline(always)]
    fn pext(self, value: u64, mask: u64) -> u64 {
        pext(value, mask)
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
    fn values<S: BlockScalar, const N: usize>(
        self,
        group: &Group,
        sets: usize,
        exact: bool,
        out: &mut [[S; 64]; 4],
    ) {
        values::<S, N>(group, sets, exact, out);
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

/// Coefficients in a byte of a code, and how many, by the state before it (see
/// [`parse`](super::parse)) and the byte.
static COEFFICIENTS: [[[u8; 2]; 256]; 2] = {
    let mut table = [[[0; 2]; 256]; 2];
    let mut state = 0;
    while state < 2 {
        let mut byte = 0;
        while byte < 256 {
            let (mut bits, mut count, mut expects, mut bit) = (0, 0, state == 1, 0);
            while bit < 8 {
                let one = byte >> bit & 1;
                if expects {
                    bits |= one << count;
                    count += 1;
                }
                expects ^= one == 1;
                bit += 1;
            }
            table[state][byte] = [bits as u8, count];
            byte += 1;
        }
        state += 1;
    }
    table
};

/// The bits of a code at the states in which it has coefficients, all of those below some
/// place. Elsewhere below that place, the code has ones.
#[inline(always)]
pub(super) fn pext(code: u64, states: u64) -> u64 {
    // Behind the last coefficient, zeros are as good as none.
    let mut code = code & (u64::MAX >> 1 >> (states | 1).leading_zeros() << 1 | 1);
    let mut states = states;
    let (mut bits, mut count) = (0, 0);
    loop {
        for _ in 0..4 {
            let [byte, more] = COEFFICIENTS[(states & 1) as usize][(code & 0xff) as usize];
            bits |= u64::from(byte) << (count & 63);
            count += u32::from(more);
            code >>= 8;
            states >>= 8;
        }
        if states == 0 {
            return bits;
        }
    }
}
