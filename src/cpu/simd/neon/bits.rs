//! Bits of bytes, exchanged between registers.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has NEON")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::aarch64::*;

/// Bit `i` of each byte of register `j` becomes bit `j` of that of register `i`.
#[inline(always)]
pub(crate) fn transpose(mut r: [uint8x16_t; 8]) -> [uint8x16_t; 8] {
    unsafe {
        // Squares of 8 × 8 bits, whose halves are swapped: shifted together where they are
        // one run of bits, or else chosen by a mask.
        for i in 0..4 {
            let (a, b) = (r[i], r[i + 4]);
            r[i] = vsliq_n_u8::<4>(a, b);
            r[i + 4] = vsriq_n_u8::<4>(b, a);
        }
        let mask = vdupq_n_u8(0x33);
        for i in [0, 1, 4, 5] {
            let (a, b) = (r[i], r[i + 2]);
            r[i] = vbslq_u8(mask, a, vshlq_n_u8::<2>(b));
            r[i + 2] = vbslq_u8(mask, vshrq_n_u8::<2>(a), b);
        }
        let mask = vdupq_n_u8(0x55);
        for i in [0, 2, 4, 6] {
            let (a, b) = (r[i], r[i + 1]);
            r[i] = vbslq_u8(mask, a, vshlq_n_u8::<1>(b));
            r[i + 1] = vbslq_u8(mask, vshrq_n_u8::<1>(a), b);
        }
        r
    }
}

/// The lower or the higher eight bytes of both.
#[inline(always)]
pub(crate) fn halves(a: uint8x16_t, b: uint8x16_t) -> [uint8x16_t; 2] {
    unsafe {
        let (a, b) = (vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b));
        [vreinterpretq_u8_u64(vtrn1q_u64(a, b)), vreinterpretq_u8_u64(vtrn2q_u64(a, b))]
    }
}
