//! Sixteen short blocks of four at once: blocks of a fixed number of bits, 64 at most, each
//! in a lane of its own, a plane of all in one step.
//!
//! Planes are four bits each, one behind the other as they are read: once three coefficients
//! are known, they are the stream's own bits. Behind a block's budget zeros are read. That
//! gives what a block cut short has, but for a run that is cut: it has a one-bit where its
//! bits end, and not at the last coefficient, where a run of zeros would end.
//!
//! And the last planes of one block, which are the stream's own bits: [`fours`].

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::super::fours;
use super::super::group::{Cast, Group};
use super::super::head::{Kind, neutral};
use super::super::source::Bits;
use super::to_array;
use crate::block::{BlockScalar, Params};

/// A plane by the next seven bits: its own bits, and above them how many its code has.
type Table = [u8; 128];

/// With no, one and two coefficients known.
static PLANES: [Table; 3] = {
    let mut tables = [[0; 128]; 3];
    let mut known = 0;
    while known < 3 {
        let mut window = 0;
        while window < 128 {
            let (plane, used, _) = fours::one(known as u32, 7, window as u32);
            tables[known][window] = (plane | used << 4) as u8;
            window += 1;
        }
        known += 1;
    }
    tables
};

/// Planes of four bits that a lane holds.
const HALF: u32 = 16;

/// How far eight blocks have been read.
#[derive(Clone, Copy)]
struct Eight {
    /// The bits that are left, zeros behind them, and how many they are.
    word: __m512i,
    left: __m512i,
    /// All planes so far, one above the other.
    seen: __m512i,
    /// Planes above the first one-bit.
    zeros: __m512i,
    /// The planes from there on, sixteen of them and those behind.
    planes: [__m512i; 2],
}

/// Reads the planes of a group of blocks of four, the first of which begins at bit `at`, each
/// of as many bits as `params` say; whether it could: blocks may be too long, or have fewer
/// planes than their integers have bits.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512cd,avx512vbmi")]
#[inline]
pub(super) fn read<S: BlockScalar>(
    bits: Bits<'_>,
    at: u64,
    params: Params,
    group: &mut Group,
) -> bool {
    let exponent_bits = S::TYPE.exponent_bits().unwrap_or_default();
    let head = if exponent_bits > 0 { 1 + exponent_bits } else { 0 };
    let fixed = params.maxbits;
    let is_short = head < fixed && fixed <= 64 && params.maxprec >= S::TYPE.bits();
    if !is_short || params.is_reversible() {
        return false;
    }
    let words = [words(bits, at, fixed), words(bits, at + 8 * u64::from(fixed), fixed)];
    let [Some(mut a), Some(mut b)] = [
        begin::<S>(words[0], params, head, &mut group.casts[..8]),
        begin::<S>(words[1], params, head, &mut group.casts[8..]),
    ] else {
        return false;
    };
    // The first plane has a one-bit, unless all are zeros.
    a = step(a, look(&PLANES[0], a.word), 0);
    b = step(b, look(&PLANES[0], b.word), 0);
    let mut k = 1;
    while is_coded(&a) || is_coded(&b) {
        a = step(a, entry(&a), k);
        b = step(b, entry(&b), k);
        k += 1;
    }
    finish::<S>(&rest(a, k), 0, group);
    finish::<S>(&rest(b, k), 8, group);
    true
}

/// Reads `count` planes of four bits each, from bit `at` on, and zeros behind them.
#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512vbmi")]
#[inline]
pub(super) fn fours(bits: Bits<'_>, at: u64, count: u32, planes: &mut [u8; 64]) {
    // Each 32 bits, and as many behind them.
    let pairs = _mm512_setr_epi32(0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8);
    let shifts = _mm512_set1_epi64(0x1c18_1410_0c08_0400);
    let shifts = _mm512_add_epi8(shifts, _mm512_set1_epi8((at % 8) as i8));
    let place = bits.base().wrapping_add((at / 8) as usize);
    let which = _bzhi_u64(u64::MAX, count);
    // SAFETY:
    // * nine halves of words are loaded, which lie behind the byte in which a block ends;
    // * the planes are as many bytes as are stored.
    unsafe {
        let words = _mm512_maskz_loadu_epi32(0x1ff, place.cast());
        let words = _mm512_permutexvar_epi32(pairs, words);
        let fours = _mm512_maskz_multishift_epi64_epi8(which, shifts, words);
        let fours = _mm512_and_si512(fours, _mm512_set1_epi8(15));
        _mm512_storeu_si512(planes.as_mut_ptr().cast(), fours);
    }
}

/// The first 64 bits, or 57 where blocks have no more, of eight blocks.
#[target_feature(enable = "avx512f,avx512dq")]
#[inline]
fn words(bits: Bits<'_>, at: u64, fixed: u32) -> __m512i {
    let each = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    let each = _mm512_mullo_epi64(each, _mm512_set1_epi64(i64::from(fixed)));
    let at = _mm512_add_epi64(each, _mm512_set1_epi64(at as i64));
    let bytes = _mm512_srli_epi64::<3>(at);
    let shift = _mm512_and_si512(at, _mm512_set1_epi64(7));
    let base = bits.base();
    // SAFETY: as for `Bits::load`, which loads words there.
    let low = unsafe { _mm512_i64gather_epi64::<1>(bytes, base.cast()) };
    let low = _mm512_srlv_epi64(low, shift);
    if fixed <= 57 {
        return low;
    }
    // SAFETY: likewise, a byte further on, as in `Bits::word`.
    let high = unsafe { _mm512_i64gather_epi64::<1>(bytes, base.wrapping_add(1).cast()) };
    let back = _mm512_sub_epi64(_mm512_set1_epi64(8), shift);
    _mm512_or_si512(low, _mm512_sllv_epi64(high, back))
}

/// Reads the headers, and passes over the planes above the first one-bits.
#[target_feature(enable = "avx512f,avx512dq,avx512cd")]
#[inline]
fn begin<S: BlockScalar>(
    words: __m512i,
    params: Params,
    head: u32,
    casts: &mut [Cast],
) -> Option<Eight> {
    let budget = params.maxbits - head;
    let mut word = words;
    if let Some(exponent_bits) = S::TYPE.exponent_bits() {
        let bias = (1 << (exponent_bits - 1)) - 1;
        let present = _mm512_test_epi64_mask(words, _mm512_set1_epi64(1));
        let field = _mm512_and_si512(
            _mm512_srli_epi64::<1>(words),
            _mm512_set1_epi64((1 << exponent_bits) - 1),
        );
        let exponent = _mm512_sub_epi64(field, _mm512_set1_epi64(bias));
        // Below this, a block has fewer planes.
        let least = i64::from(params.minexp) + i64::from(S::TYPE.bits()) - 4;
        let least = _mm512_set1_epi64(least);
        if _mm512_mask_cmplt_epi64_mask(present, exponent, least) != 0 {
            return None;
        }
        let neutral = _mm512_set1_epi64(i64::from(neutral(S::TYPE)));
        let exponents = to_array(_mm512_mask_mov_epi64(neutral, present, exponent));
        for i in 0..8 {
            casts[i] = Cast { kind: Kind::Scaled, exponent: exponents[i] as i32 };
        }
        let count = _mm512_set1_epi64(i64::from(head));
        word = _mm512_maskz_srlv_epi64(present, words, count);
    } else {
        for i in 0..8 {
            casts[i] = Cast { kind: Kind::Exact, exponent: 0 };
        }
    }
    let ones = _mm512_set1_epi64(-1);
    let beyond = _mm512_sllv_epi64(ones, _mm512_set1_epi64(i64::from(budget)));
    word = _mm512_andnot_si512(beyond, word);
    let lowest = _mm512_and_si512(word, _mm512_sub_epi64(_mm512_setzero_si512(), word));
    let any = _mm512_test_epi64_mask(word, word);
    let zeros = _mm512_maskz_sub_epi64(any, _mm512_set1_epi64(63), _mm512_lzcnt_epi64(lowest));
    Some(Eight {
        word: _mm512_srlv_epi64(word, zeros),
        left: _mm512_sub_epi64(_mm512_set1_epi64(i64::from(budget)), zeros),
        seen: _mm512_setzero_si512(),
        zeros,
        planes: [_mm512_setzero_si512(); 2],
    })
}

/// Whether a block has one-bits left, and not all coefficients known.
#[target_feature(enable = "avx512f")]
#[inline]
fn is_coded(blocks: &Eight) -> bool {
    let any = _mm512_test_epi64_mask(blocks.word, blocks.word);
    _mm512_mask_cmplt_epu64_mask(any, blocks.seen, _mm512_set1_epi64(4)) != 0
}

/// What a table has for the next bits; in the lowest byte of each lane.
#[target_feature(enable = "avx512f,avx512vbmi")]
#[inline]
fn look(table: &'static Table, word: __m512i) -> __m512i {
    // SAFETY: a table is twice 64 bytes.
    unsafe {
        let low = _mm512_loadu_si512(table.as_ptr().cast());
        let high = _mm512_loadu_si512(table.as_ptr().add(64).cast());
        _mm512_permutex2var_epi8(low, word, high)
    }
}

/// The same by how many coefficients are known, of which there is one at least if any bits
/// are left.
#[target_feature(enable = "avx512f,avx512vbmi")]
#[inline]
fn entry(blocks: &Eight) -> __m512i {
    let Eight { word, seen, .. } = *blocks;
    let two = _mm512_cmpge_epu64_mask(seen, _mm512_set1_epi64(2));
    let all = _mm512_cmpge_epu64_mask(seen, _mm512_set1_epi64(4));
    let entry = _mm512_mask_mov_epi64(look(&PLANES[1], word), two, look(&PLANES[2], word));
    // All bits are the plane's own, and there are four.
    let own = _mm512_and_si512(word, _mm512_set1_epi64(15));
    _mm512_mask_or_epi64(entry, all, own, _mm512_set1_epi64(4 << 4))
}

/// Takes plane `k`, counted from the first that has a one-bit.
#[target_feature(enable = "avx512f")]
#[inline]
fn step(mut blocks: Eight, entry: __m512i, k: u32) -> Eight {
    let plane = _mm512_and_si512(entry, _mm512_set1_epi64(15));
    let used = _mm512_and_si512(_mm512_srli_epi64::<4>(entry), _mm512_set1_epi64(7));
    // A run that is cut has its one-bit before the zeros that are not there.
    let most = _mm512_max_epu64(used, blocks.left);
    let excess = _mm512_sub_epi64(most, blocks.left);
    let last = _mm512_set1_epi64(8);
    let end = _mm512_srlv_epi64(_mm512_and_si512(plane, last), excess);
    let plane = _mm512_or_si512(_mm512_andnot_si512(last, plane), end);
    blocks.word = _mm512_srlv_epi64(blocks.word, used);
    blocks.left = _mm512_sub_epi64(most, used);
    blocks.seen = _mm512_or_si512(blocks.seen, plane);
    let half = &mut blocks.planes[(k / HALF % 2) as usize];
    *half = _mm512_or_si512(*half, left_by(plane, 4 * (k % HALF)));
    blocks
}

/// Takes what is left as it is, as planes from number `k` on, which is at least one.
#[target_feature(enable = "avx512f")]
#[inline]
fn rest(mut blocks: Eight, k: u32) -> Eight {
    let (word, [low, high]) = (blocks.word, blocks.planes);
    blocks.planes = if k < HALF {
        let above = _mm512_srl_epi64(word, _mm_cvtsi32_si128((64 - 4 * k) as i32));
        [_mm512_or_si512(low, left_by(word, 4 * k)), _mm512_or_si512(high, above)]
    } else {
        [low, _mm512_or_si512(high, left_by(word, 4 * (k - HALF)))]
    };
    blocks
}

#[target_feature(enable = "avx512f")]
#[inline]
fn left_by(word: __m512i, count: u32) -> __m512i {
    _mm512_sll_epi64(word, _mm_cvtsi32_si128(count as i32))
}

/// Puts the planes of eight blocks, the first of which is in slot `first`, where a group has
/// them: bytes, zeros first.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn finish<S: BlockScalar>(blocks: &Eight, first: usize, group: &mut Group) {
    let width = S::TYPE.bits() as usize;
    let zeros = to_array(blocks.zeros);
    // Bits beyond the last plane are none.
    let ones = _mm512_set1_epi64(-1);
    let nothing = _mm512_setzero_si512();
    let planes = _mm512_sub_epi64(_mm512_set1_epi64(width as i64), blocks.zeros);
    let count = _mm512_max_epi64(_mm512_slli_epi64::<2>(planes), nothing);
    let above = _mm512_max_epi64(_mm512_sub_epi64(count, _mm512_set1_epi64(64)), nothing);
    let low = _mm512_andnot_si512(_mm512_sllv_epi64(ones, count), blocks.planes[0]);
    let high = _mm512_andnot_si512(_mm512_sllv_epi64(ones, above), blocks.planes[1]);
    let bytes: &mut [u8; 2048] = bytemuck::cast_mut(&mut group.planes);
    let low = spread(low);
    // What a block has beyond its end are zeros, and the next one comes later.
    for i in 0..8 {
        let at = (first + i) * width + zeros[i] as usize % 64;
        bytes[at..at + 16].copy_from_slice(&low[i % 2][i / 2]);
    }
    if _mm512_test_epi64_mask(high, high) != 0 {
        let high = spread(high);
        for i in 0..8 {
            let at = (first + i) * width + zeros[i] as usize % 64 + 16;
            // The next one's first planes are there already.
            for (byte, high) in bytes[at..at + 16].iter_mut().zip(high[i % 2][i / 2]) {
                *byte |= high;
            }
        }
    }
}

/// Each four bits in a byte: of the even lanes, then of the odd ones.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn spread(lanes: __m512i) -> [[[u8; 16]; 4]; 2] {
    let mask = _mm512_set1_epi8(15);
    let even = _mm512_and_si512(lanes, mask);
    let odd = _mm512_and_si512(_mm512_srli_epi16::<4>(lanes), mask);
    let mut bytes = [[[0; 16]; 4]; 2];
    // SAFETY: each half has 64 bytes.
    unsafe {
        _mm512_storeu_si512(bytes[0].as_mut_ptr().cast(), _mm512_unpacklo_epi8(even, odd));
        _mm512_storeu_si512(bytes[1].as_mut_ptr().cast(), _mm512_unpackhi_epi8(even, odd));
    }
    bytes
}
