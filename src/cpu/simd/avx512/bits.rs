//! Bits of lanes.
#![allow(clippy::wildcard_imports, reason = "intrinsics have names of their own")]

use std::arch::x86_64::*;

/// The place of the one-bit of each mask that has `count` before it, or the last place if there
/// is none. Masks are of codes of `N` coefficients, of `2 * N` bits at most.
#[target_feature(enable = "avx512f,avx512dq,avx512vpopcntdq")]
#[inline]
pub(crate) fn nth_one<const N: i64>(mut masks: __m512i, mut count: __m512i) -> __m512i {
    let mut place = _mm512_setzero_si512();
    for half in [32, 16, 8, 4, 2, 1] {
        if half >= 2 * N {
            continue;
        }
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
