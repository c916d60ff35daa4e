//! Up to sixteen blocks of 64 at once, each in a lane of its own; a step reads a plane of all,
//! or as much of a plane as one look shows.
//!
//! As with [`sixteens`](super::sixteens), vectors tell which bits of a code are coefficients,
//! single words take them from there, and lanes stand still when a run is cut or all
//! coefficients are known. What comes of eight steps is put together at once: planes that took
//! several looks, and the lanes' planes, which are not the same ones.

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::super::parse::ODD;
use super::super::source::Bits;
use super::sixteens::{Heads, own};
use super::to_array;
use crate::cpu::simd::avx512::bits::nth_one;

/// Blocks at most.
pub(super) const BLOCKS: usize = 16;
/// Most planes of a block.
const MOST: usize = 64;
/// Bits of a code that are looked at: behind 63 known ones, sixteen bytes have so many.
const SIGHT: i64 = 57;
/// Steps that are put together at once.
const STEPS: usize = 8;

/// Planes of blocks, the highest first, and room behind them for those that nobody asks for.
#[repr(C, align(64))]
pub(in super::super) struct Planes([[u64; MOST + STEPS]; BLOCKS]);

impl Default for Planes {
    fn default() -> Self {
        Self([[0; MOST + STEPS]; BLOCKS])
    }
}

impl Planes {
    /// The planes of a block.
    #[inline(always)]
    pub(super) fn of(&self, block: usize) -> &[u64; MOST] {
        self.0[block].first_chunk().unwrap_or(&[0; MOST])
    }
}

/// How far eight blocks have been read.
#[derive(Clone, Copy)]
struct Eight {
    at: __m512i,
    /// Bits of the blocks, none any more of those whose end is known.
    budget: __m512i,
    /// How many bits have been read, and planes but those that are zeros above them.
    used: __m512i,
    planes: __m512i,
    /// Coefficients that had a one-bit, or stand before one that had.
    known: __m512i,
    /// So many of them have a bit that comes first: none in the middle of a plane.
    first: __m512i,
    /// The state at the next bit, in the middle of a plane: 0 or 1.
    state: __m512i,
    /// Lanes whose end is known, and the last look.
    over: __mmask8,
    last: Look,
}

/// A look at a code that is cut, or makes all coefficients known.
#[derive(Clone, Copy)]
struct Look {
    /// Planes before this one.
    planes: __m512i,
    known: __m512i,
    /// The code, which bits of it are coefficients, and how many are left.
    code: __m512i,
    coefficients: __m512i,
    left: __m512i,
}

/// What some steps have shown.
#[repr(C, align(64))]
struct Seen {
    own: [[u64; 8]; STEPS],
    known: [[u64; 8]; STEPS],
    codes: [[u64; 8]; STEPS],
    /// The bits that are coefficients, which take the place of the masks that say where.
    coefficients: [[u64; 8]; STEPS],
    /// Lanes that came to the end of a plane.
    ended: [__mmask8; STEPS],
    /// What there is of a plane that has not ended yet.
    part: [u64; 8],
}

/// Reads the planes of blocks; how many there are of each, zeros above them included.
#[target_feature(
    enable = "bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq"
)]
#[inline(never)]
pub(super) fn read(
    bits: Bits<'_>,
    heads: &[Heads; 2],
    precisions: &[u64; BLOCKS],
    planes: &mut Planes,
) -> [u64; BLOCKS] {
    let mut counts = [0; BLOCKS];
    let (first, second) = counts.split_at_mut(8);
    let mut a = begin(bits, &heads[0], first);
    let mut b = begin(bits, &heads[1], second);
    for (planes, &count) in planes.0.iter_mut().zip(&counts) {
        // Of lengths that are known, so that it becomes a few stores.
        planes[..32].fill(0);
        if count > 32 {
            planes[32..MOST].fill(0);
        }
    }
    let mut seen = [const { Seen::new() }; 2];
    let mut steps = 0;
    let mut most = 0;
    for (&precision, &count) in precisions.iter().zip(&counts) {
        most = precision.saturating_sub(count).max(most);
    }
    let zeros = counts;
    while is_active(&a, most) | is_active(&b, most) {
        step(bits, &mut a, &mut seen[0], steps);
        step(bits, &mut b, &mut seen[1], steps);
        take(&mut seen[0], steps);
        take(&mut seen[1], steps);
        steps += 1;
        if steps == STEPS {
            put(&mut seen[0], &mut planes.0[..8], &mut counts[..8]);
            put(&mut seen[1], &mut planes.0[8..], &mut counts[8..]);
            steps = 0;
        }
    }
    put(&mut seen[0], &mut planes.0[..8], &mut counts[..8]);
    put(&mut seen[1], &mut planes.0[8..], &mut counts[8..]);
    finish(bits, &heads[0], &a, &zeros[..8], &mut planes.0[..8], &mut counts[..8]);
    finish(bits, &heads[1], &b, &zeros[8..], &mut planes.0[8..], &mut counts[8..]);
    counts
}

impl Seen {
    const fn new() -> Self {
        let none = [[0; 8]; STEPS];
        Self {
            own: none,
            known: none,
            codes: none,
            coefficients: none,
            ended: [0; STEPS],
            part: [0; 8],
        }
    }
}

/// Passes over the planes above the first one-bits, which it counts.
#[target_feature(
    enable = "bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq"
)]
#[inline]
fn begin(bits: Bits<'_>, heads: &Heads, counts: &mut [u64]) -> Eight {
    let nothing = _mm512_setzero_si512();
    let budget = _mm512_maskz_mov_epi64(heads.present, heads.budget);
    let [low, _] = words(bits, heads.at);
    let low = _mm512_andnot_si512(above(budget), low);
    // There may be more where a word is nothing but zeros; these are planes as others are.
    let below = _mm512_sub_epi64(low, _mm512_set1_epi64(1));
    let zeros = _mm512_popcnt_epi64(_mm512_andnot_si512(low, below));
    let zeros = _mm512_min_epu64(zeros, _mm512_set1_epi64(SIGHT - 1));
    counts.copy_from_slice(&to_array(zeros));
    let last = Look {
        planes: nothing,
        known: nothing,
        code: nothing,
        coefficients: nothing,
        left: nothing,
    };
    Eight {
        at: heads.at,
        budget,
        used: zeros,
        planes: nothing,
        known: nothing,
        first: nothing,
        state: nothing,
        over: 0,
        last,
    }
}

/// Whether a lane has bits left, and may have planes.
#[target_feature(enable = "avx512f")]
#[inline]
fn is_active(lanes: &Eight, most: u64) -> bool {
    // A plane has to be brought to its end, even if no bit is left.
    let amid = _mm512_sub_epi64(lanes.known, lanes.first);
    let end = _mm512_add_epi64(lanes.budget, amid);
    let left = _mm512_cmplt_epu64_mask(lanes.used, end);
    _mm512_mask_cmplt_epu64_mask(left, lanes.planes, _mm512_set1_epi64(most as i64)) != 0
}

/// Takes a look, and notes it as that of step `step`.
#[target_feature(
    enable = "bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq"
)]
#[inline]
fn step(bits: Bits<'_>, lanes: &mut Eight, seen: &mut Seen, step: usize) {
    let one = _mm512_set1_epi64(1);
    let odd = _mm512_set1_epi64(ODD as i64);
    let nothing = _mm512_setzero_si512();
    let sight = _mm512_set1_epi64((1 << SIGHT) - 1);
    let Eight { at, budget, used, planes, known, first, state, over, .. } = *lanes;
    let used = _mm512_min_epu64(used, budget);
    let [low, high] = words(bits, _mm512_add_epi64(at, used));
    let left = _mm512_sub_epi64(budget, used);
    // low & !above(first) & !above(left)
    let own = _mm512_ternarylogic_epi64::<0x10>(low, above(first), above(left));
    let left = _mm512_max_epi64(_mm512_sub_epi64(left, first), nothing);
    let code = _mm512_andnot_si512(above(left), _mm512_shrdv_epi64(low, high, first));
    let flipped = _mm512_xor_si512(code, odd);
    let sum = _mm512_add_epi64(_mm512_add_epi64(odd, flipped), state);
    // code | states, where states are sum ^ flipped.
    let either = _mm512_ternarylogic_epi64::<0xf6>(code, sum, flipped);
    let either = _mm512_and_si512(either, sight);
    let before = _mm512_andnot_si512(_mm512_add_epi64(either, one), either);
    let coefficients = _mm512_ternarylogic_epi64::<0x60>(before, sum, flipped);
    let after = _mm512_add_epi64(known, _mm512_popcnt_epi64(coefficients));
    let ended = _mm512_cmpneq_epi64_mask(before, sight);
    let cut = _mm512_mask_cmplt_epu64_mask(!ended, left, _mm512_set1_epi64(SIGHT));
    let is_last = _mm512_cmpge_epu64_mask(after, _mm512_set1_epi64(64)) | cut;
    // The group test that fails is read too.
    let read = _mm512_add_epi64(first, _mm512_popcnt_epi64(before));
    let read = _mm512_mask_add_epi64(read, ended, read, one);
    lanes.used = _mm512_add_epi64(used, read);
    let ended = ended | is_last;
    lanes.planes = _mm512_mask_add_epi64(planes, ended, planes, one);
    lanes.known = _mm512_maskz_mov_epi64(!is_last, after);
    lanes.first = _mm512_maskz_mov_epi64(ended, lanes.known);
    let next = _mm512_srli_epi64::<{ SIGHT as u32 }>(_mm512_xor_si512(sum, flipped));
    lanes.state = _mm512_maskz_and_epi64(!ended, next, one);
    lanes.budget = _mm512_maskz_mov_epi64(!is_last, budget);
    lanes.over = over | is_last;
    let last = &mut lanes.last;
    last.planes = _mm512_mask_mov_epi64(last.planes, is_last, planes);
    last.known = _mm512_mask_mov_epi64(last.known, is_last, known);
    last.code = _mm512_mask_mov_epi64(last.code, is_last, code);
    last.coefficients = _mm512_mask_mov_epi64(last.coefficients, is_last, coefficients);
    last.left = _mm512_mask_mov_epi64(last.left, is_last, left);
    let step = step % STEPS;
    seen.own[step] = to_array(own);
    seen.known[step] = to_array(known);
    seen.codes[step] = to_array(code);
    seen.coefficients[step] = to_array(coefficients);
    seen.ended[step] = ended;
}

/// Takes the coefficients' bits out of codes.
#[target_feature(enable = "bmi2")]
#[inline]
fn take(seen: &mut Seen, step: usize) {
    // In memory, whence they come sooner than one by one out of a vector.
    let seen = std::hint::black_box(seen);
    let codes = &seen.codes[step % STEPS];
    for (mask, &code) in seen.coefficients[step % STEPS].iter_mut().zip(codes) {
        *mask = _pext_u64(code, *mask);
    }
}

/// Puts what was seen where planes are.
#[target_feature(
    enable = "bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq"
)]
#[inline]
fn put(seen: &mut Seen, planes: &mut [[u64; MOST + STEPS]], counts: &mut [u64]) {
    let mut part = from_array(&seen.part);
    let mut rows = [part; STEPS];
    let mut ended = _mm512_setzero_si512();
    for step in 0..STEPS {
        let bits = from_array(&seen.coefficients[step]);
        let bits = _mm512_sllv_epi64(bits, from_array(&seen.known[step]));
        // own | bits | part
        let row = _mm512_ternarylogic_epi64::<0xfe>(from_array(&seen.own[step]), bits, part);
        part = _mm512_maskz_mov_epi64(!seen.ended[step], row);
        let bit = _mm512_set1_epi64(1 << step);
        ended = _mm512_mask_or_epi64(ended, seen.ended[step], ended, bit);
        rows[step] = row;
    }
    seen.part = to_array(part);
    seen.ended = [0; STEPS];
    let lanes = transposed(&rows);
    let ended = to_array(ended);
    for i in 0..8 {
        let row = _mm512_maskz_compress_epi64(ended[i] as __mmask8, lanes[i]);
        let from = (counts[i] as usize).min(MOST);
        planes[i][from..from + STEPS].copy_from_slice(&to_array(row));
        counts[i] += u64::from(ended[i].count_ones());
    }
}

/// Reads the plane of the last look, and all behind it.
#[target_feature(
    enable = "bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq"
)]
#[inline]
fn finish(
    bits: Bits<'_>,
    heads: &Heads,
    lanes: &Eight,
    zeros: &[u64],
    planes: &mut [[u64; MOST + STEPS]],
    counts: &mut [u64],
) {
    let mut which = lanes.over;
    if which == 0 {
        return;
    }
    let Look { planes: before, known, code, coefficients, left } = lanes.last;
    let last = nth_one::<64>(coefficients, _mm512_sub_epi64(_mm512_set1_epi64(63), known));
    // The code ends where the last coefficient's bit would be, or with the budget, and has a
    // one-bit there.
    let stop = _mm512_min_epu64(last, left);
    let coefficients = _mm512_andnot_si512(above(stop), coefficients);
    let count = _mm512_add_epi64(known, _mm512_popcnt_epi64(coefficients));
    let end = _mm512_sllv_epi64(_mm512_set1_epi64(1), count);
    let rest = _mm512_sub_epi64(left, stop);
    let at = _mm512_sub_epi64(_mm512_add_epi64(heads.at, heads.budget), rest);
    let [before, known, end] = [to_array(before), to_array(known), to_array(end)];
    let [code, coefficients] = [to_array(code), to_array(coefficients)];
    let [mut at, mut rest] = [to_array(at), to_array(rest)];
    while which != 0 {
        let i = which.trailing_zeros() as usize;
        which &= which - 1;
        let mut from = ((zeros[i] + before[i]) as usize).min(MOST);
        // What is there already is right as far as coefficients were known.
        let plane = _bzhi_u64(planes[i][from], known[i] as u32) | end[i];
        planes[i][from] = plane | _pext_u64(code[i], coefficients[i]) << (known[i] % 64);
        from += 1;
        // All coefficients are known: planes are their own codes.
        while rest[i] > 0 && from < MOST {
            planes[i][from..from + 8].copy_from_slice(&own(bits, at[i], rest[i]));
            rest[i] = rest[i].saturating_sub(512);
            at[i] += 512;
            from += 8;
        }
        counts[i] = from as u64;
    }
}

/// The 64 bits at some places, and the 57 behind them.
#[target_feature(enable = "avx512f,avx512dq,avx512vbmi2")]
#[inline]
fn words(bits: Bits<'_>, at: __m512i) -> [__m512i; 2] {
    let bytes = to_array(_mm512_srli_epi64::<3>(at));
    let even = four(bits, [bytes[0], bytes[2], bytes[4], bytes[6]]);
    let odd = four(bits, [bytes[1], bytes[3], bytes[5], bytes[7]]);
    let shift = _mm512_and_si512(at, _mm512_set1_epi64(7));
    let [low, high] = [_mm512_unpacklo_epi64(even, odd), _mm512_unpackhi_epi64(even, odd)];
    [_mm512_shrdv_epi64(low, high, shift), _mm512_srlv_epi64(high, shift)]
}

/// Sixteen bytes at each of some places.
#[target_feature(enable = "avx512f,avx512dq")]
#[inline]
fn four(bits: Bits<'_>, bytes: [u64; 4]) -> __m512i {
    let mut words = [_mm_setzero_si128(); 4];
    for i in 0..4 {
        let place = bits.base().wrapping_add(bytes[i] as usize);
        // SAFETY: as for `Bits::load`, not behind the budget's end and sixteen bytes of it.
        words[i] = unsafe { _mm_loadu_si128(place.cast()) };
    }
    let four = _mm512_castsi128_si512(words[0]);
    let four = _mm512_inserti64x2::<1>(four, words[1]);
    let four = _mm512_inserti64x2::<2>(four, words[2]);
    _mm512_inserti64x2::<3>(four, words[3])
}

/// Ones from a place on; none from 64 on.
#[target_feature(enable = "avx512f")]
#[inline]
fn above(count: __m512i) -> __m512i {
    _mm512_sllv_epi64(_mm512_set1_epi64(-1), count)
}

/// Rows to columns.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(rows: &[__m512i; 8]) -> [__m512i; 8] {
    let mut pairs = *rows;
    for i in 0..4 {
        let [a, b] = [rows[2 * i], rows[2 * i + 1]];
        pairs[2 * i] = _mm512_unpacklo_epi64(a, b);
        pairs[2 * i + 1] = _mm512_unpackhi_epi64(a, b);
    }
    // Of each four rows, columns j and j + 4 are side by side in part j.
    let mut fours = *rows;
    for h in 0..2 {
        for j in 0..2 {
            let [a, b] = [pairs[4 * h + j], pairs[4 * h + 2 + j]];
            let even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
            let odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
            fours[4 * h + j] = _mm512_permutex2var_epi64(a, even, b);
            fours[4 * h + j + 2] = _mm512_permutex2var_epi64(a, odd, b);
        }
    }
    let mut columns = *rows;
    for j in 0..4 {
        let [a, b] = [fours[j], fours[4 + j]];
        columns[j] = _mm512_shuffle_i64x2::<0x44>(a, b);
        columns[4 + j] = _mm512_shuffle_i64x2::<0xee>(a, b);
    }
    columns
}

#[target_feature(enable = "avx512f")]
#[inline]
fn from_array(array: &[u64; 8]) -> __m512i {
    // SAFETY: the array has 64 bytes.
    unsafe { _mm512_loadu_si512(array.as_ptr().cast()) }
}
