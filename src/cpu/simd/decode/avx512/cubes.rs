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
    heads: Heads,
    /// How many planes there are.
    precision: __m512i,
    /// How many bits and planes have been read.
    used: __m512i,
    planes: __m512i,
    /// Coefficients that had a one-bit, or stand before one that had.
    known: __m512i,
    /// Lanes in the middle of a plane, and which state they are in (0 or 1).
    amid: __mmask8,
    state: __m512i,
    /// Lanes that do not stand still.
    live: __mmask8,
    /// What the last look was.
    look: Look,
}

/// What a look shows.
#[derive(Clone, Copy)]
struct Look {
    /// The plane's bits of known coefficients, and how many coefficients are known.
    own: __m512i,
    known: __m512i,
    /// The code behind them, which bits of it are coefficients, and how many bits are left.
    code: __m512i,
    coefficients: __m512i,
    left: __m512i,
}

/// What some steps have shown.
#[repr(C, align(64))]
struct Seen {
    own: [[u64; 8]; STEPS],
    known: [[u64; 8]; STEPS],
    coefficients: [[u64; 8]; STEPS],
    /// Lanes that went on, and those that came to the end of a plane.
    live: [__mmask8; STEPS],
    ended: [__mmask8; STEPS],
    /// The plane that was not at its end yet.
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
    let mut a = begin(bits, &heads[0], &precisions[..8], first);
    let mut b = begin(bits, &heads[1], &precisions[8..], second);
    for (planes, &count) in planes.0.iter_mut().zip(&counts) {
        // Of lengths that are known, so that it becomes a few stores.
        planes[..32].fill(0);
        if count > 32 {
            planes[32..MOST].fill(0);
        }
    }
    let mut seen = [const { Seen::new() }; 2];
    let mut steps = 0;
    while is_active(&a) | is_active(&b) {
        let codes =
            [step(bits, &mut a, &mut seen[0], steps), step(bits, &mut b, &mut seen[1], steps)];
        for (codes, seen) in codes.iter().zip(&mut seen) {
            let coefficients = &mut seen.coefficients[steps % STEPS];
            for (mask, &code) in coefficients.iter_mut().zip(codes) {
                *mask = _pext_u64(code, *mask);
            }
        }
        steps += 1;
        if steps == STEPS {
            put(&mut seen[0], &mut planes.0[..8], &mut counts[..8]);
            put(&mut seen[1], &mut planes.0[8..], &mut counts[8..]);
            steps = 0;
        }
    }
    put(&mut seen[0], &mut planes.0[..8], &mut counts[..8]);
    put(&mut seen[1], &mut planes.0[8..], &mut counts[8..]);
    finish(bits, &a, &seen[0].part, &mut planes.0[..8], &mut counts[..8]);
    finish(bits, &b, &seen[1].part, &mut planes.0[8..], &mut counts[8..]);
    counts
}

impl Seen {
    const fn new() -> Self {
        let none = [[0; 8]; STEPS];
        let never = [0; STEPS];
        Self { own: none, known: none, coefficients: none, live: never, ended: never, part: [0; 8] }
    }
}

/// Passes over the planes above the first one-bits, which it counts.
#[target_feature(
    enable = "bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq"
)]
#[inline]
fn begin(bits: Bits<'_>, heads: &Heads, precisions: &[u64], counts: &mut [u64]) -> Eight {
    let nothing = _mm512_setzero_si512();
    let mut heads = *heads;
    heads.budget = _mm512_maskz_mov_epi64(heads.present, heads.budget);
    let [low, _] = words(bits, heads.at);
    let low = _mm512_andnot_si512(above(heads.budget), low);
    // There may be more where a word is nothing but zeros; these are planes as others are.
    let below = _mm512_sub_epi64(low, _mm512_set1_epi64(1));
    let zeros = _mm512_popcnt_epi64(_mm512_andnot_si512(low, below));
    let zeros = _mm512_min_epu64(zeros, _mm512_set1_epi64(SIGHT - 1));
    counts.copy_from_slice(&to_array(zeros));
    let mut precision = [0; 8];
    precision.copy_from_slice(precisions);
    let look =
        Look { own: nothing, known: nothing, code: nothing, coefficients: nothing, left: nothing };
    Eight {
        heads,
        precision: from_array(&precision),
        used: zeros,
        planes: zeros,
        known: nothing,
        amid: 0,
        state: nothing,
        live: 0xff,
        look,
    }
}

/// Whether a lane does not stand still, and has planes and bits left.
#[target_feature(enable = "avx512f")]
#[inline]
fn is_active(lanes: &Eight) -> bool {
    let left = _mm512_cmplt_epu64_mask(lanes.used, lanes.heads.budget) | lanes.amid;
    _mm512_mask_cmplt_epu64_mask(lanes.live & left, lanes.planes, lanes.precision) != 0
}

/// Takes a look, and notes it as that of step `step`; the codes.
#[target_feature(
    enable = "bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq"
)]
#[inline]
fn step(bits: Bits<'_>, lanes: &mut Eight, seen: &mut Seen, step: usize) -> [u64; 8] {
    let one = _mm512_set1_epi64(1);
    let odd = _mm512_set1_epi64(ODD as i64);
    let nothing = _mm512_setzero_si512();
    let sight = _mm512_set1_epi64((1 << SIGHT) - 1);
    let Eight { heads, known, .. } = *lanes;
    let used = _mm512_min_epu64(lanes.used, heads.budget);
    let [low, high] = words(bits, _mm512_add_epi64(heads.at, used));
    let left = _mm512_sub_epi64(heads.budget, used);
    // In the middle of a plane, nothing is known of it.
    let n = _mm512_maskz_mov_epi64(!lanes.amid, known);
    // low & !above(n) & !above(left)
    let own = _mm512_ternarylogic_epi64::<0x10>(low, above(n), above(left));
    let left = _mm512_max_epi64(_mm512_sub_epi64(left, n), nothing);
    let code = _mm512_andnot_si512(above(left), _mm512_shrdv_epi64(low, high, n));
    let flipped = _mm512_xor_si512(code, odd);
    let sum = _mm512_add_epi64(_mm512_add_epi64(odd, flipped), lanes.state);
    // code | states, where states are sum ^ flipped.
    let either = _mm512_ternarylogic_epi64::<0xf6>(code, sum, flipped);
    let either = _mm512_and_si512(either, sight);
    let next = _mm512_add_epi64(either, one);
    let before = _mm512_andnot_si512(next, either);
    let coefficients = _mm512_ternarylogic_epi64::<0x60>(before, sum, flipped);
    let after = _mm512_add_epi64(known, _mm512_popcnt_epi64(coefficients));
    let amid = _mm512_cmpeq_epi64_mask(before, sight);
    let is_full = _mm512_cmpge_epu64_mask(after, _mm512_set1_epi64(64));
    let is_cut = _mm512_mask_cmplt_epu64_mask(amid, left, _mm512_set1_epi64(SIGHT));
    let live = lanes.live & !(is_full | is_cut);
    // The group test that fails is read too.
    let read = _mm512_popcnt_epi64(before);
    let read = _mm512_mask_add_epi64(read, !amid, read, one);
    let read = _mm512_add_epi64(read, n);
    lanes.used = _mm512_mask_add_epi64(lanes.used, live, used, read);
    lanes.planes = _mm512_mask_add_epi64(lanes.planes, live & !amid, lanes.planes, one);
    lanes.known = _mm512_mask_mov_epi64(known, live, after);
    let state = _mm512_srli_epi64::<{ SIGHT as u32 }>(_mm512_xor_si512(sum, flipped));
    let state = _mm512_maskz_and_epi64(amid, state, one);
    lanes.state = _mm512_mask_mov_epi64(lanes.state, live, state);
    lanes.amid = lanes.amid & !live | amid & live;
    lanes.live = live;
    lanes.look = Look { own, known, code, coefficients, left };
    let step = step % STEPS;
    seen.own[step] = to_array(own);
    seen.known[step] = to_array(known);
    seen.coefficients[step] = to_array(coefficients);
    seen.live[step] = live;
    seen.ended[step] = live & !amid;
    to_array(code)
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
        part = _mm512_mask_mov_epi64(part, seen.live[step], row);
        part = _mm512_maskz_mov_epi64(!seen.ended[step], part);
        let bit = _mm512_set1_epi64(1 << step);
        ended = _mm512_mask_or_epi64(ended, seen.ended[step], ended, bit);
        rows[step] = row;
    }
    seen.part = to_array(part);
    seen.live = [0; STEPS];
    seen.ended = [0; STEPS];
    let lanes = transposed(rows);
    let ended = to_array(ended);
    for i in 0..8 {
        let row = _mm512_maskz_compress_epi64(ended[i] as __mmask8, lanes[i]);
        let from = (counts[i] as usize).min(MOST);
        planes[i][from..from + STEPS].copy_from_slice(&to_array(row));
        counts[i] += u64::from(ended[i].count_ones());
    }
}

/// Reads the plane at which lanes stand still, and all behind it.
#[target_feature(
    enable = "bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq"
)]
#[inline]
fn finish(
    bits: Bits<'_>,
    lanes: &Eight,
    part: &[u64; 8],
    planes: &mut [[u64; MOST + STEPS]],
    counts: &mut [u64],
) {
    let mut which = !lanes.live;
    if which == 0 {
        return;
    }
    let Look { own: known_bits, known, code, coefficients, left } = lanes.look;
    let last = nth_one(coefficients, _mm512_sub_epi64(_mm512_set1_epi64(63), known));
    // The code ends where the last coefficient's bit would be, or with the budget, and has a
    // one-bit there.
    let stop = _mm512_min_epu64(last, left);
    let coefficients = _mm512_andnot_si512(above(stop), coefficients);
    let count = _mm512_add_epi64(known, _mm512_popcnt_epi64(coefficients));
    let end = _mm512_sllv_epi64(_mm512_set1_epi64(1), count);
    let plane = _mm512_ternarylogic_epi64::<0xfe>(known_bits, end, from_array(part));
    let [plane, known, code] = [to_array(plane), to_array(known), to_array(code)];
    let coefficients = to_array(coefficients);
    let rest = _mm512_sub_epi64(left, stop);
    let at = _mm512_sub_epi64(_mm512_add_epi64(lanes.heads.at, lanes.heads.budget), rest);
    let [mut at, mut rest] = [to_array(at), to_array(rest)];
    while which != 0 {
        let i = which.trailing_zeros() as usize;
        which &= which - 1;
        let mut from = (counts[i] as usize).min(MOST);
        planes[i][from] = plane[i] | _pext_u64(code[i], coefficients[i]) << (known[i] % 64);
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

/// The place of the one-bit of each mask that has `count` before it, or 63.
#[target_feature(enable = "avx512f,avx512dq,avx512vpopcntdq")]
#[inline]
fn nth_one(mut masks: __m512i, mut count: __m512i) -> __m512i {
    let mut place = _mm512_setzero_si512();
    for half in [32, 16, 8, 4, 2, 1] {
        let low = _mm512_and_si512(masks, _mm512_set1_epi64((1 << half) - 1));
        let half = _mm512_set1_epi64(half);
        let ones = _mm512_popcnt_epi64(low);
        let above = _mm512_cmpge_epi64_mask(count, ones);
        count = _mm512_mask_sub_epi64(count, above, count, ones);
        masks = _mm512_mask_srlv_epi64(masks, above, masks, half);
        place = _mm512_mask_add_epi64(place, above, place, half);
    }
    place
}

/// Rows to columns.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    let mut pairs = rows;
    for i in 0..4 {
        let [a, b] = [rows[2 * i], rows[2 * i + 1]];
        pairs[2 * i] = _mm512_unpacklo_epi64(a, b);
        pairs[2 * i + 1] = _mm512_unpackhi_epi64(a, b);
    }
    // Of each four rows, columns j and j + 4 are side by side in part j.
    let mut fours = rows;
    for h in 0..2 {
        for j in 0..2 {
            let [a, b] = [pairs[4 * h + j], pairs[4 * h + 2 + j]];
            let even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
            let odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
            fours[4 * h + j] = _mm512_permutex2var_epi64(a, even, b);
            fours[4 * h + j + 2] = _mm512_permutex2var_epi64(a, odd, b);
        }
    }
    let mut columns = rows;
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
