//! The codes of eight planes of 64 coefficients, in two halves that fit words.
#![allow(clippy::undocumented_unsafe_blocks, reason = "callers prove the features by a token")]

use std::arch::x86_64::*;
use std::ops::Range;

use super::super::encode::Halves;
use super::super::level::Avx512;
use super::codes::{DOUBLED, DOUBLED_LENGTH, sixteen};

/// See [`CodesOfEight::halves_of_eight`](super::super::encode::CodesOfEight).
#[inline(always)]
pub(crate) fn of_eight(
    _: Avx512,
    planes: &[u64; 8],
    wanted: Range<usize>,
    seen: &mut u64,
    halves: &mut Halves,
) {
    unsafe {
        // SAFETY: eight words are 64 bytes.
        let planes = _mm512_loadu_si512(planes.as_ptr().cast());
        let wanted = (0xff << wanted.start & !(0xff << wanted.end)) as u8;
        let zero = _mm512_setzero_si512();
        let ones = _mm512_set1_epi64(-1);
        let one = _mm512_set1_epi64(1);
        let thirty_two = _mm512_set1_epi64(32);
        let sixty_four = _mm512_set1_epi64(64);
        // All planes above each: the next, the next two, four, and eight.
        let mut above = _mm512_alignr_epi64::<1>(zero, planes);
        above = _mm512_or_si512(above, _mm512_alignr_epi64::<1>(zero, above));
        above = _mm512_or_si512(above, _mm512_alignr_epi64::<2>(zero, above));
        above = _mm512_or_si512(above, _mm512_alignr_epi64::<4>(zero, above));
        above = _mm512_or_si512(above, _mm512_set1_epi64(*seen as i64));
        let all = _mm512_or_si512(above, planes);
        *seen = _mm_cvtsi128_si64(_mm512_castsi512_si128(all)) as u64;

        let n = _mm512_sub_epi64(sixty_four, _mm512_lzcnt_epi64(above));
        let next = _mm512_sub_epi64(sixty_four, _mm512_lzcnt_epi64(all));
        let rest = _mm512_sllv_epi64(ones, n);
        let known = _mm512_andnot_si512(rest, planes);
        let rest = _mm512_and_si512(rest, planes);

        // Which half has the group test behind the known ones, and which the last one.
        let beyond = _mm512_cmpgt_epu64_mask(next, thirty_two);
        let upper_test = _mm512_cmpge_epu64_mask(n, thirty_two);
        let open = _mm512_cmplt_epu64_mask(n, sixty_four);
        let full = _mm512_cmpeq_epu64_mask(next, sixty_four);
        let low_test = _mm512_test_epi64_mask(n, n) & !upper_test;
        let high_test = upper_test & open;
        let low_last = !(beyond | upper_test);
        let high_last = (beyond | upper_test) & open;

        let word = _mm512_set1_epi64(0xffff_ffff);
        // The low half: each one-bit doubled, moved up by the group test, and what is known.
        let (code, length) = doubled::<0>(rest);
        let code = _mm512_mask_add_epi64(code, low_test, code, code);
        let test = _mm512_maskz_sllv_epi64(low_test, one, n);
        let code = _mm512_or_si512(code, _mm512_or_si512(test, _mm512_and_si512(known, word)));
        let length = _mm512_add_epi64(length, _mm512_min_epu64(next, thirty_two));
        let length = _mm512_mask_add_epi64(length, low_test, length, one);
        let kept = _mm512_mask_sub_epi64(length, low_last, length, one);
        let code = _mm512_maskz_andnot_epi64(wanted, _mm512_sllv_epi64(ones, kept), code);
        let length = _mm512_maskz_mov_epi64(wanted, length);
        // SAFETY: eight words are 64 bytes, here and below.
        _mm512_storeu_si512(halves.words[0].as_mut_ptr().cast(), code);
        _mm512_storeu_si512(halves.lengths[0].as_mut_ptr().cast(), length);

        let (code, length) = doubled::<32>(rest);
        let code = _mm512_mask_add_epi64(code, high_test, code, code);
        let test = _mm512_maskz_sllv_epi64(high_test, one, _mm512_sub_epi64(n, thirty_two));
        let known = _mm512_srli_epi64::<32>(known);
        let code = _mm512_or_si512(code, _mm512_or_si512(test, known));
        let count = _mm512_sub_epi64(_mm512_max_epu64(next, thirty_two), thirty_two);
        let length = _mm512_add_epi64(length, count);
        let length = _mm512_mask_add_epi64(length, high_test, length, one);
        // The last group test, or it and the last coefficient's one-bit.
        let kept = _mm512_mask_sub_epi64(length, high_last, length, one);
        let kept = _mm512_mask_sub_epi64(kept, high_last & full, kept, one);
        let length = _mm512_mask_mov_epi64(length, high_last & full, kept);
        let code = _mm512_maskz_andnot_epi64(wanted, _mm512_sllv_epi64(ones, kept), code);
        let length = _mm512_maskz_mov_epi64(wanted, length);
        _mm512_storeu_si512(halves.words[1].as_mut_ptr().cast(), code);
        _mm512_storeu_si512(halves.lengths[1].as_mut_ptr().cast(), length);
    }
}

/// The 32 bits from `FROM` on, each one-bit doubled, and how many one-bits there are. (All
/// 32 being ones, 64 bits come of them, and none is left for the group test before them:
/// that of the first plane, where nothing is known, is written apart.)
#[inline(always)]
fn doubled<const FROM: i64>(bits: __m512i) -> (__m512i, __m512i) {
    unsafe {
        // Four bits to each byte.
        let places = 0x1c18_1410_0c08_0400 + FROM * 0x0101_0101_0101_0101;
        let spread = _mm512_multishift_epi64_epi8(_mm512_set1_epi64(places), bits);
        let spread = _mm512_and_si512(spread, _mm512_set1_epi8(15));
        let code = _mm512_shuffle_epi8(sixteen(&DOUBLED), spread);
        let lengths = _mm512_shuffle_epi8(sixteen(&DOUBLED_LENGTH), spread);
        // Neighbours are joined: eight, sixteen, then thirty-two bits and their lengths.
        let byte = _mm512_set1_epi16(0xff);
        let upper =
            _mm512_sllv_epi16(_mm512_srli_epi16::<8>(code), _mm512_and_si512(lengths, byte));
        let code = _mm512_or_si512(_mm512_and_si512(code, byte), upper);
        let sums = _mm512_maddubs_epi16(lengths, _mm512_set1_epi8(1));
        let word = _mm512_set1_epi32(0xffff);
        let upper = _mm512_sllv_epi32(_mm512_srli_epi32::<16>(code), _mm512_and_si512(sums, word));
        let code = _mm512_or_si512(_mm512_and_si512(code, word), upper);
        let sums = _mm512_madd_epi16(sums, _mm512_set1_epi16(1));
        let half = _mm512_set1_epi64(0xffff_ffff);
        let low = _mm512_and_si512(sums, half);
        let upper = _mm512_sllv_epi64(_mm512_srli_epi64::<32>(code), low);
        let code = _mm512_or_si512(_mm512_and_si512(code, half), upper);
        let ones = _mm512_add_epi64(low, _mm512_srli_epi64::<32>(sums));
        (code, _mm512_sub_epi64(ones, _mm512_set1_epi64(32)))
    }
}
