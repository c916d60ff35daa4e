//! The codes of eight planes of small blocks, all blocks of a tile at once.
#![allow(clippy::undocumented_unsafe_blocks, reason = "callers prove the features by a token")]
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

use super::super::encode::Codes;
use super::super::level::Avx512;
use super::planes::{Bytes, table};
use crate::block::fours;

/// The codes of eight planes, the lowest first; `seen` is all planes above, and then
/// includes these.
#[inline(always)]
pub(crate) fn of_eight<const N: usize>(
    _: Avx512,
    planes: &[u64; 8],
    seen: &mut u64,
    codes: &mut Codes,
) {
    unsafe {
        let (planes, above) = with_above(planes, seen);
        if N != 4 {
            of_sixteens(planes, above, codes);
            return;
        }
        for (odd, (code, lengths)) in of_fours(planes, above).into_iter().enumerate() {
            // SAFETY: sixteen words are twice 64 bytes.
            _mm512_storeu_si512(codes.words.as_mut_ptr().add(8 * odd).cast(), code);
            _mm512_storeu_si512(codes.lengths.as_mut_ptr().add(8 * odd).cast(), lengths);
        }
    }
}

/// Eight planes, and all planes above each; `seen` is as above.
#[inline(always)]
pub(super) fn with_above(planes: &[u64; 8], seen: &mut u64) -> (__m512i, __m512i) {
    unsafe {
        // SAFETY: eight words are 64 bytes.
        let planes = _mm512_loadu_si512(planes.as_ptr().cast());
        let zero = _mm512_setzero_si512();
        // The next, the next two, four, and eight.
        let mut above = _mm512_alignr_epi64::<1>(zero, planes);
        above = _mm512_or_si512(above, _mm512_alignr_epi64::<1>(zero, above));
        above = _mm512_or_si512(above, _mm512_alignr_epi64::<2>(zero, above));
        above = _mm512_or_si512(above, _mm512_alignr_epi64::<4>(zero, above));
        above = _mm512_or_si512(above, _mm512_set1_epi64(*seen as i64));
        let all = _mm512_or_si512(above, planes);
        *seen = _mm_cvtsi128_si64(_mm512_castsi512_si128(all)) as u64;
        (planes, above)
    }
}

/// Byte m of word 7 − j to byte j of word m.
const BYTES: Bytes = {
    let mut from = [0; 64];
    let mut i = 0;
    while i < 64 {
        from[i] = ((7 - i % 8) * 8 + i / 8) as u8;
        i += 1;
    }
    from
};

/// Sixteen bits number b of word 7 − j to those number 8 b + j.
static SIXTEENS: [u16; 32] = {
    let mut from = [0; 32];
    let mut i = 0;
    while i < 32 {
        from[i] = ((7 - i % 8) * 4 + i / 8) as u16;
        i += 1;
    }
    from
};

/// The last coefficients of four blocks.
const LAST: u64 = 0x8000_8000_8000_8000;

/// Codes, or their lengths, of four bits after n, at 16 n and those bits.
const fn codes_of_fours(lengths: bool) -> [u8; 128] {
    let mut table = [0; 128];
    let mut i = 0;
    while i < 80 {
        let (code, length) = fours::CODES[i / 16][i % 16];
        table[i] = if lengths { length } else { code };
        i += 1;
    }
    table
}

static CODES_OF_FOURS: [u8; 128] = codes_of_fours(false);
static LENGTHS_OF_FOURS: [u8; 128] = codes_of_fours(true);

/// Sixteen times the bit length of each number of four bits.
const SIXTEEN_N: [u8; 16] = [0, 16, 32, 32, 48, 48, 48, 48, 64, 64, 64, 64, 64, 64, 64, 64];
/// Each one-bit of a number of four bits doubled.
const DOUBLED: [u8; 16] = {
    let mut doubled = [0; 16];
    let mut i = 0;
    while i < 16 {
        let (mut bit, mut length) = (0, 0);
        while bit < 4 {
            if i >> bit & 1 == 1 {
                doubled[i] |= 3 << length;
                length += 1;
            }
            length += 1;
            bit += 1;
        }
        i += 1;
    }
    doubled
};
/// The length of that.
const DOUBLED_LENGTH: [u8; 16] = {
    let mut lengths = [0; 16];
    let mut i = 0;
    while i < 16 {
        lengths[i] = 4 + (i as u32).count_ones() as u8;
        i += 1;
    }
    lengths
};

/// A table of sixteen bytes, for lookup in each quarter of a register.
#[inline(always)]
fn sixteen(table: &'static [u8; 16]) -> __m512i {
    // SAFETY: the array has 16 bytes.
    unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast())) }
}

/// Words and lengths of the blocks of even and of odd numbers.
#[inline(always)]
pub(super) fn of_fours(planes: __m512i, above: __m512i) -> [(__m512i, __m512i); 2] {
    unsafe {
        let low = _mm512_set1_epi8(15);
        let mut both = [(planes, above); 2];
        for odd in 0..2 {
            let (planes, above) = if odd == 0 {
                (_mm512_and_si512(planes, low), _mm512_and_si512(above, low))
            } else {
                (
                    _mm512_and_si512(_mm512_srli_epi16::<4>(planes), low),
                    _mm512_and_si512(_mm512_srli_epi16::<4>(above), low),
                )
            };
            let planes = _mm512_permutexvar_epi8(table(&BYTES), planes);
            let above = _mm512_permutexvar_epi8(table(&BYTES), above);
            let index = _mm512_or_si512(_mm512_shuffle_epi8(sixteen(&SIXTEEN_N), above), planes);
            let (code_tables, length_tables) = (CODES_OF_FOURS.as_ptr(), LENGTHS_OF_FOURS.as_ptr());
            // SAFETY: the tables have twice 64 bytes.
            let code = _mm512_permutex2var_epi8(
                _mm512_loadu_si512(code_tables.cast()),
                index,
                _mm512_loadu_si512(code_tables.add(64).cast()),
            );
            let lengths = _mm512_permutex2var_epi8(
                _mm512_loadu_si512(length_tables.cast()),
                index,
                _mm512_loadu_si512(length_tables.add(64).cast()),
            );
            // Neighbours are joined: eight, sixteen, then thirty-two bits and their lengths.
            let byte = _mm512_set1_epi16(0xff);
            let upper =
                _mm512_sllv_epi16(_mm512_srli_epi16::<8>(code), _mm512_and_si512(lengths, byte));
            let code = _mm512_or_si512(_mm512_and_si512(code, byte), upper);
            let sums = _mm512_maddubs_epi16(lengths, _mm512_set1_epi8(1));
            let word = _mm512_set1_epi32(0xffff);
            let upper =
                _mm512_sllv_epi32(_mm512_srli_epi32::<16>(code), _mm512_and_si512(sums, word));
            let code = _mm512_or_si512(_mm512_and_si512(code, word), upper);
            let sums = _mm512_madd_epi16(sums, _mm512_set1_epi16(1));
            let half = _mm512_set1_epi64(0xffff_ffff);
            let upper =
                _mm512_sllv_epi64(_mm512_srli_epi64::<32>(code), _mm512_and_si512(sums, half));
            let code = _mm512_or_si512(_mm512_and_si512(code, half), upper);
            both[odd] = (code, lengths);
        }
        both
    }
}

#[inline(always)]
fn of_sixteens(planes: __m512i, above: __m512i, codes: &mut Codes) {
    unsafe {
        // SAFETY: the array has 64 bytes.
        let order = _mm512_loadu_si512(SIXTEENS.as_ptr().cast());
        let planes = _mm512_permutexvar_epi16(order, planes);
        // SAFETY: eight words are 64 bytes.
        _mm512_storeu_si512(codes.planes.as_mut_ptr().cast(), planes);
        if codes.above & LAST == LAST {
            return;
        }
        let above = _mm512_permutexvar_epi16(order, above);
        let width = _mm512_set1_epi32(32);
        let ones = _mm512_set1_epi32(-1);
        let one = _mm512_set1_epi32(1);
        // Two blocks of eight planes each.
        for half in 0..2 {
            let (planes, above) = if half == 0 {
                (_mm512_castsi512_si256(planes), _mm512_castsi512_si256(above))
            } else {
                (_mm512_extracti64x4_epi64::<1>(planes), _mm512_extracti64x4_epi64::<1>(above))
            };
            let plane = _mm512_cvtepu16_epi32(planes);
            let above = _mm512_cvtepu16_epi32(above);
            let n = _mm512_sub_epi32(width, _mm512_lzcnt_epi32(above));
            let all = _mm512_or_si512(above, plane);
            let next = _mm512_sub_epi32(width, _mm512_lzcnt_epi32(all));
            let rest = _mm512_srlv_epi32(plane, n);

            // Each one-bit doubled: of four bits by table, then joined.
            let spread = _mm512_or_si512(rest, _mm512_slli_epi32::<8>(rest));
            let spread = _mm512_and_si512(spread, _mm512_set1_epi32(0x00ff_00ff));
            let spread = _mm512_or_si512(spread, _mm512_slli_epi32::<4>(spread));
            let spread = _mm512_and_si512(spread, _mm512_set1_epi8(15));
            let code = _mm512_shuffle_epi8(sixteen(&DOUBLED), spread);
            let lengths = _mm512_shuffle_epi8(sixteen(&DOUBLED_LENGTH), spread);
            let byte = _mm512_set1_epi16(0xff);
            let upper =
                _mm512_sllv_epi16(_mm512_srli_epi16::<8>(code), _mm512_and_si512(lengths, byte));
            let code = _mm512_or_si512(_mm512_and_si512(code, byte), upper);
            let sums = _mm512_maddubs_epi16(lengths, _mm512_set1_epi8(1));
            let word = _mm512_set1_epi32(0xffff);
            let upper =
                _mm512_sllv_epi32(_mm512_srli_epi32::<16>(code), _mm512_and_si512(sums, word));
            let code = _mm512_or_si512(_mm512_and_si512(code, word), upper);
            // 16 bits, of which `next - n` are there, and a group test before them.
            let sums = _mm512_madd_epi16(sums, _mm512_set1_epi16(1));
            let inserted = _mm512_sub_epi32(sums, _mm512_set1_epi32(15));
            let code = _mm512_or_si512(_mm512_add_epi32(code, code), one);

            // The last group test, or, where coefficient 16 is the last, neither is written.
            let full = _mm512_cmpeq_epi32_mask(next, _mm512_set1_epi32(16));
            let whole = _mm512_cmpeq_epi32_mask(n, _mm512_set1_epi32(16));
            let length = _mm512_add_epi32(_mm512_sub_epi32(next, n), inserted);
            let kept = _mm512_sub_epi32(length, one);
            let kept = _mm512_mask_sub_epi32(kept, full, kept, one);
            let length = _mm512_mask_sub_epi32(length, full, kept, _mm512_setzero_si512());
            let length = _mm512_mask_mov_epi32(length, whole, _mm512_setzero_si512());
            let kept = _mm512_mask_mov_epi32(kept, whole, _mm512_setzero_si512());
            let code = _mm512_andnot_si512(_mm512_sllv_epi32(ones, kept), code);
            // Behind what is known, as it is.
            let known = _mm512_andnot_si512(_mm512_sllv_epi32(ones, n), plane);
            let code = _mm512_or_si512(known, _mm512_sllv_epi32(code, n));
            let length = _mm512_add_epi32(length, n);

            let low = _mm512_set1_epi64(0xffff_ffff);
            let upper =
                _mm512_sllv_epi64(_mm512_srli_epi64::<32>(code), _mm512_and_si512(length, low));
            let pairs = _mm512_or_si512(_mm512_and_si512(code, low), upper);
            // SAFETY: sixteen words are twice 64 bytes.
            _mm512_storeu_si512(codes.words.as_mut_ptr().add(8 * half).cast(), pairs);
            _mm512_storeu_si512(codes.lengths.as_mut_ptr().add(8 * half).cast(), length);
        }
    }
}
