//! Small blocks of a fixed number of bits, in lanes from the first bit to the last.
#![allow(clippy::undocumented_unsafe_blocks, reason = "callers prove the features by a token")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

use super::super::encode::Fixed;
use super::super::lanes::Planes;
use super::super::level::Avx512;
use super::codes::{of_fours, with_above};

/// Sixteen 1-dimensional blocks, whose planes from `top` on are empty: joined to words, of
/// which this says how many there are, and their bits.
#[inline(always)]
pub(crate) fn words_of_fours(
    _: Avx512,
    planes: &Planes,
    top: usize,
    blocks: &Fixed<'_>,
    words: &mut [u64; 16],
) -> (usize, u32) {
    let (heads, bits) = (blocks.heads.as_ptr(), blocks.bits);
    let to = words.as_mut_ptr();
    unsafe {
        // Block i is in lane 4 (i % 4) + i / 4.
        // SAFETY: sixteen words are twice 64 bytes.
        let (low, high) =
            (_mm512_loadu_si512(heads.cast()), _mm512_loadu_si512(heads.add(8).cast()));
        let even = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
        let odd = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
        let mut even = _mm512_permutex2var_epi64(low, even, high);
        let mut odd = _mm512_permutex2var_epi64(low, odd, high);
        let end = _mm512_set1_epi64(i64::from(bits));
        let none = _mm512_setzero_si512();
        let mut at_even = _mm512_set1_epi64(i64::from(blocks.length));
        let mut at_odd = at_even;
        let mut seen = 0;
        for planes in planes.as_chunks::<8>().0[..(top / 8).min(8)].iter().rev() {
            let least = _mm512_min_epu64(at_even, at_odd);
            if _mm512_cmplt_epu64_mask(least, end) == 0 {
                break;
            }
            let (planes, above) = with_above(planes, &mut seen);
            let [of_even, of_odd] = of_fours(planes, above);
            // What is shifted by 64 or more is gone.
            even = _mm512_or_si512(even, _mm512_sllv_epi64(of_even.0, at_even));
            odd = _mm512_or_si512(odd, _mm512_sllv_epi64(of_odd.0, at_odd));
            at_even = _mm512_add_epi64(at_even, _mm512_sad_epu8(of_even.1, none));
            at_odd = _mm512_add_epi64(at_odd, _mm512_sad_epu8(of_odd.1, none));
        }
        let mask = _mm512_set1_epi64((u64::MAX >> (64 - bits)) as i64);
        even = _mm512_and_si512(even, mask);
        odd = _mm512_and_si512(odd, mask);
        if bits > 32 {
            let first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let second = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
            // SAFETY: sixteen words are twice 64 bytes.
            _mm512_storeu_si512(to.cast(), _mm512_permutex2var_epi64(even, first, odd));
            _mm512_storeu_si512(to.add(8).cast(), _mm512_permutex2var_epi64(even, second, odd));
            return (16, bits);
        }
        let pairs = _mm512_or_si512(even, _mm512_sllv_epi64(odd, end));
        if bits > 16 {
            // SAFETY: there are more than 64 bytes.
            _mm512_storeu_si512(to.cast(), pairs);
            return (8, 2 * bits);
        }
        let first = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6), pairs);
        let second = _mm512_permutexvar_epi64(_mm512_setr_epi64(1, 3, 5, 7, 1, 3, 5, 7), pairs);
        let second = _mm512_sllv_epi64(second, _mm512_add_epi64(end, end));
        // SAFETY: there are more than 64 bytes.
        _mm512_storeu_si512(to.cast(), _mm512_or_si512(first, second));
        (4, 4 * bits)
    }
}
