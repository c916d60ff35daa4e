//! Bits of bytes, exchanged between registers; and bytes of words.
#![allow(clippy::undocumented_unsafe_blocks, reason = "every CPU of the architecture has SSE2")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

/// Bit `i` of each byte of register `j` becomes bit `j` of that of register `i`.
#[inline(always)]
pub(crate) fn transpose(mut r: [__m128i; 8]) -> [__m128i; 8] {
    for i in 0..4 {
        [r[i], r[i + 4]] = swap::<4>(r[i], r[i + 4], 0x0f);
    }
    for i in [0, 1, 4, 5] {
        [r[i], r[i + 2]] = swap::<2>(r[i], r[i + 2], 0x33);
    }
    for i in [0, 2, 4, 6] {
        [r[i], r[i + 1]] = swap::<1>(r[i], r[i + 1], 0x55);
    }
    r
}

/// Swaps the bits of `a` above those of the mask with those of `b` that it has.
#[inline(always)]
fn swap<const SHIFT: i32>(a: __m128i, b: __m128i, mask: i8) -> [__m128i; 2] {
    unsafe {
        let swap = _mm_xor_si128(_mm_srli_epi16::<SHIFT>(a), b);
        let swap = _mm_and_si128(swap, _mm_set1_epi8(mask));
        [_mm_xor_si128(a, _mm_slli_epi16::<SHIFT>(swap)), _mm_xor_si128(b, swap)]
    }
}

/// The lower or the higher eight bytes of both.
#[inline(always)]
pub(crate) fn halves(a: __m128i, b: __m128i) -> [__m128i; 2] {
    unsafe { [_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)] }
}

/// The bytes of both in turns.
#[inline(always)]
pub(crate) fn zip(a: __m128i, b: __m128i) -> [__m128i; 2] {
    unsafe { [_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b)] }
}
