//! Sixteen chains, in the lanes of two vectors: a step reads a plane of each, or a few where
//! planes are short. Branches are few, and taken for eight chains at once.

mod read;

// Instructions by their names, of which there are many.
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use super::chain::{Chain, Queue};
use super::coding::Coding;
use crate::cpu::simd::level::Avx512;
use read::{begin, fetch, planes};

/// Chains in a vector, and vectors, so that one need not wait for the other's loads.
const LANES: usize = 8;
const VECTORS: usize = 2;

/// Walks chains until the queue is empty.
pub(super) fn walk(_: Avx512, stream: &[u8], coding: &Coding, queue: &Queue<'_>) {
    // Behind it, a block's loads might leave the stream.
    let limit = (8 * stream.len() as u64).checked_sub(u64::from(coding.longest) + 192);
    let Some(limit) = limit else { return };
    let task = Task { stream, coding, queue, limit };
    // SAFETY:
    // * The token proves that the CPU has all that these functions are compiled for.
    unsafe {
        match coding.size {
            4 => lockstep::<4, 4>(&task),
            16 => lockstep::<16, 3>(&task),
            64 => lockstep::<64, 2>(&task),
            _ => lockstep::<256, 1>(&task),
        }
    }
}

struct Task<'a, 'q> {
    stream: &'a [u8],
    coding: &'a Coding,
    queue: &'a Queue<'q>,
    limit: u64,
}

/// Eight chains, and how far their blocks have been read.
#[derive(Clone, Copy)]
struct Lanes {
    /// Those that have a chain.
    active: __mmask8,
    /// The block's number, and its first bit.
    number: __m512i,
    begin: __m512i,
    /// Bits of the number that are zeros in blocks to be noted.
    noted: __m512i,
    /// The next bit to be read.
    at: __m512i,
    /// Planes left.
    left: __m512i,
    /// Coefficients that are known.
    known: __m512i,
    /// Whether the next bit is a coefficient's, in the middle of a plane: 0 or 1.
    state: __m512i,
}

#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq"
)]
fn lockstep<const N: i64, const PLANES: usize>(task: &Task<'_, '_>) {
    let zero = _mm512_setzero_si512();
    let mut chains: [[Option<&mut Chain>; LANES]; VECTORS] = Default::default();
    let mut vectors = [Lanes {
        active: 0,
        number: zero,
        begin: zero,
        noted: zero,
        at: zero,
        left: zero,
        known: zero,
        state: zero,
    }; VECTORS];
    for v in 0..VECTORS {
        let first = fill(task, &mut vectors[v], &mut chains[v], 0xff);
        begin(task, &mut vectors[v], first);
    }
    while vectors.iter().any(|lanes| lanes.active != 0) {
        for v in 0..VECTORS {
            planes::<N, PLANES>(task, &mut vectors[v]);
            let lanes = &mut vectors[v];
            let most = _mm512_set1_epi64(i64::from(task.coding.maxbits));
            let over = _mm512_cmpge_epu64_mask(lanes.at, _mm512_add_epi64(lanes.begin, most))
                | _mm512_testn_epi64_mask(lanes.left, lanes.left);
            let over = over & lanes.active;
            if over != 0 {
                finish(task, lanes, &mut chains[v], over);
            }
        }
    }
}

/// Goes on to the next blocks of some lanes.
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq"
)]
#[inline]
fn finish<'q>(
    task: &Task<'_, 'q>,
    lanes: &mut Lanes,
    chains: &mut [Option<&'q mut Chain>; LANES],
    over: __mmask8,
) {
    let least = _mm512_set1_epi64(i64::from(task.coding.minbits));
    let most = _mm512_set1_epi64(i64::from(task.coding.maxbits));
    let end = _mm512_min_epu64(lanes.at, _mm512_add_epi64(lanes.begin, most));
    let end = _mm512_max_epu64(end, _mm512_add_epi64(lanes.begin, least));
    if task.coding.precision_bits > 0 {
        fetch(task, over, end, _mm512_sub_epi64(end, lanes.begin));
    }
    lanes.begin = _mm512_mask_mov_epi64(lanes.begin, over, end);
    lanes.number = _mm512_mask_add_epi64(lanes.number, over, lanes.number, _mm512_set1_epi64(1));
    let noted = _mm512_mask_testn_epi64_mask(over, lanes.number, lanes.noted);
    let filled = if noted != 0 { note(task, lanes, chains, noted) } else { 0 };
    begin(task, lanes, (over | filled) & lanes.active);
}

/// Has chains take note of their blocks; those that end make room for others. Returns in
/// which lanes.
#[cold]
#[inline(never)]
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq"
)]
fn note<'q>(
    task: &Task<'_, 'q>,
    lanes: &mut Lanes,
    chains: &mut [Option<&'q mut Chain>; LANES],
    which: __mmask8,
) -> __mmask8 {
    let (numbers, begins) = (to_array(lanes.number), to_array(lanes.begin));
    let mut noted = to_array(lanes.noted);
    let mut ended = 0;
    for lane in 0..LANES {
        if which >> lane & 1 == 0 {
            continue;
        }
        let chain = chains[lane].as_mut();
        match chain.and_then(|chain| chain.note(numbers[lane] as u32, begins[lane], task.limit)) {
            Some(mask) => noted[lane] = u64::from(mask),
            None => ended |= 1 << lane,
        }
    }
    lanes.noted = from_array(noted);
    if ended == 0 { 0 } else { fill(task, lanes, chains, ended) }
}

/// Puts chains of the queue into some lanes; returns into which.
#[cold]
#[inline(never)]
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq"
)]
fn fill<'q>(
    task: &Task<'_, 'q>,
    lanes: &mut Lanes,
    chains: &mut [Option<&'q mut Chain>; LANES],
    which: __mmask8,
) -> __mmask8 {
    let (mut numbers, mut begins) = (to_array(lanes.number), to_array(lanes.begin));
    let mut noted = to_array(lanes.noted);
    let mut filled = 0;
    for lane in 0..LANES {
        if which >> lane & 1 == 0 {
            continue;
        }
        chains[lane] = None;
        while let Some(chain) = task.queue.next() {
            if let Some(mask) = chain.note(0, chain.from(), task.limit) {
                (numbers[lane], begins[lane]) = (0, chain.from());
                noted[lane] = u64::from(mask);
                chains[lane] = Some(chain);
                filled |= 1 << lane;
                break;
            }
        }
    }
    lanes.active = lanes.active & !which | filled;
    lanes.number = from_array(numbers);
    lanes.begin = from_array(begins);
    lanes.noted = from_array(noted);
    filled
}

#[target_feature(enable = "avx512f")]
#[inline]
fn to_array(vector: __m512i) -> [u64; LANES] {
    // SAFETY: both are 64 bytes of any bits.
    unsafe { std::mem::transmute(vector) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn from_array(lanes: [u64; LANES]) -> __m512i {
    // SAFETY: both are 64 bytes of any bits.
    unsafe { std::mem::transmute(lanes) }
}
