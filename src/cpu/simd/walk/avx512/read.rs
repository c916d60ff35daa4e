//! What lanes read: headers and planes.

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::{LANES, Lanes, Task, to_array};
use crate::cpu::simd::avx512::bits::nth_one;
use crate::cpu::simd::walk::coding::Coding;
use crate::cpu::simd::walk::{ODD, WINDOW};

/// Has memory come where the blocks after these may begin: where most of a block is passed
/// over, nobody else foresees it.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq"
)]
#[inline]
pub(super) fn fetch(task: &Task<'_, '_>, which: __mmask8, begin: __m512i, length: __m512i) {
    let next = _mm512_srli_epi64::<3>(_mm512_add_epi64(begin, length));
    let next = to_array(_mm512_maskz_mov_epi64(which, next));
    for byte in next {
        let next = task.stream.as_ptr().wrapping_add(byte as usize).cast();
        // Older compilers want it.
        #[allow(unused_unsafe)]
        // SAFETY: nothing is read; any address will do.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(next);
            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(64));
        }
    }
}

/// Reads the headers of some lanes' blocks.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq"
)]
#[inline]
pub(super) fn begin(task: &Task<'_, '_>, lanes: &mut Lanes, which: __mmask8) {
    let all = |value: i64| _mm512_set1_epi64(value);
    let Coding { most_planes, exponent_bits, precision_bits, planes_at_zero, .. } = *task.coding;
    let (exponent, precision) = (i64::from(exponent_bits), i64::from(precision_bits));
    let bits = look(task, lanes.begin);
    let most = all(i64::from(most_planes));
    let zero = _mm512_setzero_si512();
    let is_empty = if exponent > 0 { _mm512_testn_epi64_mask(bits, all(1)) } else { 0 };
    let (mut header, mut planes) = if precision > 0 {
        let is_raw = _mm512_test_epi64_mask(bits, all(2));
        let begun = match exponent {
            0 => zero,
            _ => _mm512_mask_mov_epi64(all(2 + exponent), is_raw, all(2)),
        };
        let planes = _mm512_and_si512(_mm512_srlv_epi64(bits, begun), all((1 << precision) - 1));
        (_mm512_add_epi64(begun, all(precision)), _mm512_add_epi64(planes, all(1)))
    } else if exponent > 0 {
        let written = _mm512_and_si512(_mm512_srli_epi64::<1>(bits), all((1 << exponent) - 1));
        let planes = _mm512_add_epi64(written, all(planes_at_zero));
        let planes = _mm512_min_epi64(_mm512_max_epi64(planes, zero), most);
        (all(1 + exponent), planes)
    } else {
        (zero, most)
    };
    header = _mm512_mask_mov_epi64(header, is_empty, all(1));
    planes = _mm512_mask_mov_epi64(planes, is_empty, zero);
    // Planes above the highest one-bit are a group test each.
    let tests = _mm512_srlv_epi64(bits, header);
    let zeros = _mm512_andnot_si512(tests, _mm512_sub_epi64(tests, all(1)));
    let zeros = _mm512_popcnt_epi64(zeros);
    let zeros = _mm512_min_epi64(_mm512_min_epi64(zeros, planes), all(32));
    let at = _mm512_add_epi64(lanes.begin, _mm512_add_epi64(header, zeros));
    lanes.at = _mm512_mask_mov_epi64(lanes.at, which, at);
    lanes.left = _mm512_mask_sub_epi64(lanes.left, which, planes, zeros);
    lanes.known = _mm512_mask_mov_epi64(lanes.known, which, zero);
    lanes.state = _mm512_mask_mov_epi64(lanes.state, which, zero);
}

/// Reads a plane of each lane, or as much of it as one look shows; where planes are short,
/// up to `PLANES` of them.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq"
)]
#[inline]
pub(super) fn planes<const N: i64, const PLANES: usize>(task: &Task<'_, '_>, lanes: &mut Lanes) {
    let all = |value: i64| _mm512_set1_epi64(value);
    let (zero, one, odd) = (_mm512_setzero_si512(), all(1), all(ODD as i64));
    let mut code = look(task, lanes.at);
    let mut sight = all((1 << WINDOW) - 1);
    // Lanes all of whose coefficients come to be known, by which code, and how many it needs.
    let (mut full, mut codes, mut needed) = (0, zero, zero);
    for turn in 0..PLANES {
        let live = _mm512_test_epi64_mask(lanes.left, lanes.left);
        let flipped = _mm512_xor_si512(code, odd);
        let sum = _mm512_add_epi64(_mm512_add_epi64(odd, flipped), lanes.state);
        let states = _mm512_xor_si512(sum, flipped);
        // All that lies before the lowest zero.
        let either = _mm512_or_si512(code, states);
        let before = _mm512_andnot_si512(_mm512_add_epi64(either, one), either);
        let before = _mm512_and_si512(before, sight);
        let coefficients = _mm512_and_si512(states, before);
        let count = _mm512_popcnt_epi64(coefficients);
        let missing = _mm512_sub_epi64(all(N), lanes.known);
        let filled = _mm512_mask_cmpge_epi64_mask(live, count, missing);
        let ended = _mm512_mask_cmpneq_epi64_mask(live & !filled, before, sight);
        // What is not read to its end goes on at the next look; in later turns, all of it.
        let moved = if turn == 0 { live & !filled } else { ended };
        // Planes are as they are behind the code of those that are filled, whose end is
        // looked for below.
        let rest = _mm512_sub_epi64(lanes.left, one);
        let rest = _mm512_sllv_epi64(rest, all(i64::from(N.ilog2())));
        lanes.known = _mm512_mask_add_epi64(lanes.known, moved, lanes.known, count);
        lanes.left = _mm512_mask_sub_epi64(lanes.left, ended, lanes.left, one);
        lanes.left = _mm512_mask_mov_epi64(lanes.left, filled, zero);
        // What is known comes as it is, unless this was the last plane.
        let ahead = _mm512_mask_test_epi64_mask(ended, lanes.left, lanes.left);
        let used = _mm512_popcnt_epi64(before);
        let used = _mm512_mask_add_epi64(used, ended, used, one);
        let used = _mm512_mask_add_epi64(used, ahead, used, lanes.known);
        let used = _mm512_mask_mov_epi64(used, filled, rest);
        lanes.at = _mm512_mask_add_epi64(lanes.at, moved | filled, lanes.at, used);
        if turn == 0 {
            let next = _mm512_srli_epi64::<{ WINDOW - 1 }>(_mm512_xor_si512(states, code));
            lanes.state = _mm512_maskz_and_epi64(!ended, next, one);
        }
        full |= filled;
        codes = _mm512_mask_mov_epi64(codes, filled, coefficients);
        needed = _mm512_mask_sub_epi64(needed, filled, missing, one);
        if turn + 1 < PLANES {
            let used = _mm512_maskz_mov_epi64(moved, used);
            code = _mm512_srlv_epi64(code, used);
            sight = _mm512_srlv_epi64(sight, used);
        }
    }
    if full != 0 {
        // The last coefficient's one-bit is not there.
        let last = nth_one::<N>(codes, needed);
        lanes.at = _mm512_mask_add_epi64(lanes.at, full, lanes.at, last);
    }
}

/// The next bits of the stream in each lane, [`WINDOW`] of them at least.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq"
)]
#[inline]
fn look(task: &Task<'_, '_>, at: __m512i) -> __m512i {
    // `walk` has seen to it that the stream is longer than that.
    let last = _mm512_set1_epi64(task.stream.len() as i64 - 8);
    let byte = _mm512_min_epu64(_mm512_srli_epi64::<3>(at), last);
    // Eight loads take less time than a gather of eight.
    let bytes = to_array(byte);
    let mut words = [0; LANES];
    for (word, byte) in words.iter_mut().zip(bytes) {
        // SAFETY:
        // * eight bytes are loaded, from a place not behind the last eight of the stream.
        *word = unsafe { task.stream.as_ptr().add(byte as usize).cast::<u64>().read_unaligned() };
    }
    let [a, b, c, d, e, f, g, h] = words.map(|word| word as i64);
    let words = _mm512_set_epi64(h, g, f, e, d, c, b, a);
    _mm512_srlv_epi64(words, _mm512_and_si512(at, _mm512_set1_epi64(7)))
}
