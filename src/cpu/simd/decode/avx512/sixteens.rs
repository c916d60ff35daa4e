//! Up to sixteen blocks of sixteen at once, each in a lane of its own, a plane of all in one
//! step.
//!
//! Where a plane's bits are in a lane's word, and how many they are, vectors tell by the sums
//! of [`parse`](super::super::parse); single words take them from there, which nothing waits
//! for. Behind a block's budget there are zeros. That gives what a block cut short has, but for
//! a run that is cut: it seems to go on, and make more coefficients than there are. Such a lane
//! stands still, as does one whose coefficients are all known, whose planes are the stream's
//! own bits from there on.

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::super::parse::ODD;
use super::super::source::Bits;
use super::to_array;
use crate::cpu::simd::avx512::bits::nth_one;

/// Blocks at most.
pub(super) const BLOCKS: usize = 16;
/// Most planes of a block.
const MOST: usize = 64;
/// Most bits that a plane's code has while not all coefficients are known.
const LONGEST: usize = 32;

/// Planes of blocks, the first that has a one-bit first; as many zeros before them as there
/// may be planes above that, and room behind them for as many as are stored at once.
#[repr(C, align(64))]
pub(in super::super) struct Planes([[u16; 3 * MOST]; BLOCKS]);

/// What is known of eight blocks in advance.
#[derive(Clone, Copy)]
pub(super) struct Heads {
    /// Those that there are.
    pub(super) present: __mmask8,
    /// The first bit of their planes, and how many bits there are.
    pub(super) at: __m512i,
    pub(super) budget: __m512i,
}

/// Which planes eight blocks have.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// Planes that are zeros, above those that were read.
    pub(super) zeros: [u64; 8],
    /// All these and those that were read.
    pub(super) planes: [u64; 8],
}

/// How far eight blocks have been read.
#[derive(Clone, Copy)]
struct Eight<const W: usize> {
    /// The next bits.
    window: [__m512i; W],
    /// How many bits have been read.
    used: __m512i,
    /// Coefficients that had a one-bit, or stand before one that had.
    known: __m512i,
    /// Planes that have been read.
    step: __m512i,
    /// The bits of the last plane's code that were its coefficients' behind the known ones.
    coefficients: __m512i,
    /// Lanes that do not stand still.
    live: __mmask8,
}

impl Default for Planes {
    fn default() -> Self {
        Self([[0; 3 * MOST]; BLOCKS])
    }
}

impl Planes {
    /// The planes of a block from the highest on, where there are `zeros` above the first that
    /// was read.
    #[inline(always)]
    pub(super) fn of(&self, block: usize, zeros: usize) -> &[u16; 2 * MOST] {
        let from = MOST - zeros % MOST;
        self.0[block][from..].first_chunk().unwrap_or(&[0; 2 * MOST])
    }
}

/// Reads the planes of blocks, `most` of each at most, if no block has more than 64·`W` bits;
/// of others too, with more loads.
#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq")]
#[inline(never)]
pub(super) fn read<const W: usize>(
    bits: Bits<'_>,
    heads: &[Heads; 2],
    (most, longest): (usize, u64),
    planes: &mut Planes,
) -> [Extent; 2] {
    let (mut a, zeros_a) = begin::<W>(bits, &heads[0]);
    let (mut b, zeros_b) = begin::<W>(bits, &heads[1]);
    let mut steps = 0;
    // Planes until there may be fewer bits in a window than a plane needs.
    let is_long = longest > 64 * W as u64;
    let mut refill = if is_long { (64 * W - MOST) / LONGEST } else { MOST };
    while steps < most && is_coded(&a, is_long) | is_coded(&b, is_long) {
        if steps == refill {
            a.window = window(bits, &heads[0], a.used);
            b.window = window(bits, &heads[1], b.used);
            refill += 64 * W / LONGEST;
        }
        let mut words = [[0; 8]; 2];
        let mut masks = [[0; 8]; 2];
        (words[0], masks[0]) = step(&mut a);
        (words[1], masks[1]) = step(&mut b);
        let [words, masks] = [words.as_flattened(), masks.as_flattened()];
        for i in 0..BLOCKS {
            planes.0[i][MOST + steps % MOST] = _pext_u64(words[i], masks[i]) as u16;
        }
        steps += 1;
    }
    let mut written = [[steps as u64; 8]; 2];
    let (first, second) = planes.0.split_at_mut(8);
    finish(bits, &heads[0], &a, first, &mut written[0]);
    finish(bits, &heads[1], &b, second, &mut written[1]);
    let zeros = [to_array(zeros_a), to_array(zeros_b)];
    for (written, zeros) in written.as_flattened_mut().iter_mut().zip(zeros.as_flattened()) {
        *written += zeros;
    }
    [Extent { zeros: zeros[0], planes: written[0] }, Extent { zeros: zeros[1], planes: written[1] }]
}

/// Passes over the planes above the first one-bits, which it counts.
#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq")]
#[inline]
fn begin<const W: usize>(bits: Bits<'_>, heads: &Heads) -> (Eight<W>, __m512i) {
    let nothing = _mm512_setzero_si512();
    let window = window(bits, heads, nothing);
    // There may be more where a word is nothing but zeros; these are planes as others are.
    let below = _mm512_sub_epi64(window[0], _mm512_set1_epi64(1));
    let zeros = _mm512_popcnt_epi64(_mm512_andnot_si512(window[0], below));
    let zeros = _mm512_min_epu64(zeros, _mm512_set1_epi64(MOST as i64 - 1));
    let lanes = Eight {
        window: behind(window, 0xff, zeros),
        used: zeros,
        known: nothing,
        step: nothing,
        coefficients: nothing,
        live: 0xff,
    };
    (lanes, zeros)
}

/// The bits of blocks behind those that were `used`.
#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq")]
#[inline]
fn window<const W: usize>(bits: Bits<'_>, heads: &Heads, used: __m512i) -> [__m512i; W] {
    let used = _mm512_min_epu64(used, heads.budget);
    let at = _mm512_add_epi64(heads.at, used);
    let byte = _mm512_srli_epi64::<3>(at);
    let shift = _mm512_and_si512(at, _mm512_set1_epi64(7));
    let nothing = _mm512_setzero_si512();
    let mut left = _mm512_sub_epi64(heads.budget, used);
    let mut window = [nothing; W];
    let mut low = gather(bits, heads.present, byte, 0);
    for i in 0..W {
        let high = gather(bits, heads.present, byte, i + 1);
        let word = _mm512_shrdv_epi64(low, high, shift);
        let beyond = _mm512_sllv_epi64(_mm512_set1_epi64(-1), left);
        window[i] = _mm512_andnot_si512(beyond, word);
        left = _mm512_sub_epi64(left, _mm512_set1_epi64(64));
        left = _mm512_max_epi64(left, nothing);
        low = high;
    }
    window
}

/// Of some lanes, the word so many words behind a byte, which may be four words behind the
/// budget at most.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn gather(bits: Bits<'_>, which: __mmask8, byte: __m512i, word: usize) -> __m512i {
    let base = bits.base().wrapping_add(8 * word).cast();
    // SAFETY: as for `Bits::load`; of other lanes, nothing is read.
    unsafe { _mm512_mask_i64gather_epi64::<1>(_mm512_setzero_si512(), which, byte, base) }
}

/// The window of some lanes without its first bits, fewer than 64 if it has several words.
#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq")]
#[inline]
fn behind<const W: usize>(
    mut window: [__m512i; W],
    which: __mmask8,
    count: __m512i,
) -> [__m512i; W] {
    for i in 0..W - 1 {
        window[i] = _mm512_mask_shrdv_epi64(window[i], which, window[i + 1], count);
    }
    window[W - 1] = _mm512_mask_srlv_epi64(window[W - 1], which, window[W - 1], count);
    window
}

/// Whether a lane does not stand still and has one-bits left, as far as can be seen: if it
/// `is_long`, there may be some behind what it has in its window.
#[target_feature(enable = "avx512f")]
#[inline]
fn is_coded<const W: usize>(lanes: &Eight<W>, is_long: bool) -> bool {
    if is_long {
        return lanes.live != 0;
    }
    let mut any = lanes.window[0];
    for i in 1..W {
        any = _mm512_or_si512(any, lanes.window[i]);
    }
    _mm512_mask_test_epi64_mask(lanes.live, any, any) != 0
}

/// Reads a plane of each lane, unless its code has coefficients enough for all that are not
/// known; the bits, and which of them are the plane's.
#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq")]
#[inline]
fn step<const W: usize>(lanes: &mut Eight<W>) -> ([u64; 8], [u64; 8]) {
    let one = _mm512_set1_epi64(1);
    let odd = _mm512_set1_epi64(ODD as i64);
    let (word, n) = (lanes.window[0], lanes.known);
    let code = _mm512_srlv_epi64(word, n);
    let flipped = _mm512_xor_si512(code, odd);
    let sum = _mm512_add_epi64(odd, flipped);
    // code | states, and states & !next, where states are sum ^ flipped.
    let either = _mm512_ternarylogic_epi64::<0xf6>(code, sum, flipped);
    let next = _mm512_add_epi64(either, one);
    let coefficients = _mm512_ternarylogic_epi64::<0x06>(next, sum, flipped);
    let known = _mm512_add_epi64(n, _mm512_popcnt_epi64(coefficients));
    let live = _mm512_cmplt_epu64_mask(known, _mm512_set1_epi64(16));
    // All ones up to the group test that fails.
    let code = _mm512_popcnt_epi64(_mm512_xor_si512(either, next));
    let used = _mm512_add_epi64(n, code);
    let mask = mask(coefficients, n);
    lanes.window = behind(lanes.window, live, used);
    lanes.used = _mm512_mask_add_epi64(lanes.used, live, lanes.used, used);
    lanes.known = _mm512_mask_mov_epi64(n, live, known);
    lanes.step = _mm512_mask_add_epi64(lanes.step, live, lanes.step, one);
    lanes.coefficients = coefficients;
    lanes.live = live;
    (to_array(word), to_array(mask))
}

/// The bits of a word that are coefficients': `n` known ones, and some behind those.
#[target_feature(enable = "avx512f")]
#[inline]
fn mask(coefficients: __m512i, n: __m512i) -> __m512i {
    let behind = _mm512_sllv_epi64(coefficients, n);
    let beyond = _mm512_sllv_epi64(_mm512_set1_epi64(-1), n);
    // behind | !beyond
    _mm512_ternarylogic_epi64::<0xf3>(behind, beyond, beyond)
}

/// Reads the plane at which lanes stand still, and all behind it; `written` are the planes
/// that each lane has.
#[target_feature(enable = "bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq")]
#[inline]
fn finish<const W: usize>(
    bits: Bits<'_>,
    heads: &Heads,
    lanes: &Eight<W>,
    planes: &mut [[u16; 3 * MOST]],
    written: &mut [u64; 8],
) {
    let mut which = !lanes.live;
    if which == 0 {
        return;
    }
    let Eight { used, known: n, step, coefficients, .. } = *lanes;
    let one = _mm512_set1_epi64(1);
    let missing = _mm512_sub_epi64(_mm512_set1_epi64(15), n);
    let last = nth_one::<16>(coefficients, missing);
    // The code ends where the last coefficient's bit would be, or with the budget, and has a
    // one-bit there.
    let left = _mm512_sub_epi64(_mm512_sub_epi64(heads.budget, used), n);
    let stop = _mm512_min_epi64(last, left);
    let beyond = _mm512_sllv_epi64(_mm512_set1_epi64(-1), stop);
    let coefficients = _mm512_andnot_si512(beyond, coefficients);
    let count = _mm512_add_epi64(n, _mm512_popcnt_epi64(coefficients));
    let end = _mm512_sllv_epi64(one, count);
    let [words, masks] = [to_array(lanes.window[0]), to_array(mask(coefficients, n))];
    let [ends, steps] = [to_array(end), to_array(step)];
    let used = _mm512_add_epi64(_mm512_add_epi64(used, n), stop);
    let at = to_array(_mm512_add_epi64(heads.at, used));
    let left = to_array(_mm512_sub_epi64(left, stop));
    while which != 0 {
        let i = which.trailing_zeros() as usize;
        which &= which - 1;
        let next = steps[i] as usize % MOST + 1;
        planes[i][MOST + next - 1] = (_pext_u64(words[i], masks[i]) | ends[i]) as u16;
        written[i] = next as u64;
        if left[i] > 0 {
            // All coefficients are known: planes are their own codes.
            for part in 0..2 {
                let from = MOST + next + 32 * part;
                let left = left[i].saturating_sub(512 * part as u64);
                let rest: [u16; 32] = bytemuck::cast(own(bits, at[i] + 512 * part as u64, left));
                planes[i][from..from + 32].copy_from_slice(&rest);
            }
            written[i] = MOST as u64;
        }
    }
}

/// The bits from `at` on, as many as are `left` and 512 at most, and zeros behind them.
#[target_feature(enable = "bmi2,avx512f,avx512vbmi2")]
#[inline]
pub(super) fn own(bits: Bits<'_>, at: u64, left: u64) -> [u64; 8] {
    let left = left.min(512);
    let words = _bzhi_u32(0xff, (left as u32).div_ceil(64)) as __mmask8;
    let base = bits.base().wrapping_add((at / 8) as usize);
    // Older compilers want it.
    #[allow(unused_unsafe)]
    // SAFETY: words that begin within the budget, and those a word further on, of all of which
    // `Bits` has memory. Nothing else is read.
    let (low, high) = unsafe {
        (
            _mm512_maskz_loadu_epi64(words, base.cast()),
            _mm512_maskz_loadu_epi64(words, base.wrapping_add(8).cast()),
        )
    };
    let word = _mm512_shrdv_epi64(low, high, _mm512_set1_epi64((at % 8) as i64));
    let places = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);
    let left = _mm512_sub_epi64(_mm512_set1_epi64(left as i64), places);
    let left = _mm512_max_epi64(left, _mm512_setzero_si512());
    let beyond = _mm512_sllv_epi64(_mm512_set1_epi64(-1), left);
    to_array(_mm512_andnot_si512(beyond, word))
}
