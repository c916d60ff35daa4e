//! Four chains, by instructions for single words.

use super::chain::{Chain, Queue};
use super::coding::Coding;
use super::{ODD, WINDOW};
use crate::bitstream::{low_bits, peek_at};
use crate::cpu::simd::level::{Isa, Kernel};

/// Chains in lockstep: more of them need more registers than there are.
const LANES: usize = 4;

/// One of the chains, and how far its block has been read.
struct Lane<'a> {
    chain: &'a mut Chain,
    /// The block's number, and its first bit.
    number: u32,
    begin: u64,
    /// Bits of the number that are zeros in blocks to be noted.
    noted: u32,
    /// The next bit to be read.
    at: u64,
    /// Planes left.
    left: u32,
    /// Coefficients that are known.
    known: u32,
    /// Whether the next bit is a coefficient's, in the middle of a plane.
    state: u64,
}

/// Walks chains until the queue is empty.
pub(super) fn walk<I: Isa>(isa: I, stream: &[u8], coding: &Coding, queue: &Queue<'_>) {
    let task = Task { stream, coding, queue };
    match coding.size {
        4 => isa.vectorize(Of::<4>(task)),
        16 => isa.vectorize(Of::<16>(task)),
        64 => isa.vectorize(Of::<64>(task)),
        _ => isa.vectorize(Of::<256>(task)),
    }
}

struct Task<'a, 'q> {
    stream: &'a [u8],
    coding: &'a Coding,
    queue: &'a Queue<'q>,
}

struct Of<'a, 'q, const N: u32>(Task<'a, 'q>);

impl<const N: u32> Kernel for Of<'_, '_, N> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Task { stream, coding, queue } = self.0;
        let mut lanes: [Option<Lane<'_>>; LANES] =
            std::array::from_fn(|_| Lane::next(stream, coding, queue));
        while lanes.iter().any(|lane| lane.is_some()) {
            for slot in &mut lanes {
                let Some(lane) = slot else { continue };
                plane::<I, N>(isa, stream, lane);
                let is_over = lane.left == 0 || lane.at >= lane.begin + u64::from(coding.maxbits);
                if is_over && !next_block(stream, coding, lane) {
                    *slot = Lane::next(stream, coding, queue);
                }
            }
        }
    }
}

impl<'q> Lane<'q> {
    /// At the beginning of the next chain of a queue.
    #[cold]
    fn next(stream: &[u8], coding: &Coding, queue: &Queue<'q>) -> Option<Self> {
        loop {
            let chain = queue.next()?;
            let from = chain.from();
            let lane = Lane {
                chain,
                number: 0,
                begin: from,
                noted: 0,
                at: 0,
                left: 0,
                known: 0,
                state: 0,
            };
            if let Some(lane) = lane.begin(stream, coding) {
                return Some(lane);
            }
        }
    }

    /// Takes note of its block and reads the header, unless the chain ends here.
    #[inline(always)]
    fn begin(mut self, stream: &[u8], coding: &Coding) -> Option<Self> {
        begin(stream, coding, &mut self).then_some(self)
    }
}

/// Goes on to the next block; whether there is one.
#[inline(always)]
fn next_block(stream: &[u8], coding: &Coding, lane: &mut Lane<'_>) -> bool {
    lane.begin = coding.end(lane.begin, lane.at);
    lane.number = lane.number.wrapping_add(1);
    begin(stream, coding, lane)
}

#[inline(always)]
fn begin(stream: &[u8], coding: &Coding, lane: &mut Lane<'_>) -> bool {
    if lane.number & lane.noted == 0 {
        match lane.chain.note(lane.number, lane.begin, 8 * stream.len() as u64) {
            Some(noted) => lane.noted = noted,
            None => return false,
        }
    }
    let bits = peek_at(stream, lane.begin);
    let head = coding.head(bits);
    // Planes above the highest one-bit are a group test each.
    let zeros = (bits >> head.bits).trailing_zeros().min(head.planes).min(32);
    lane.at = lane.begin + u64::from(head.bits + zeros);
    lane.left = head.planes - zeros;
    (lane.known, lane.state) = (0, 0);
    true
}

/// Reads a plane, or as much of it as one look shows.
#[inline(always)]
fn plane<I: Isa, const N: u32>(isa: I, stream: &[u8], lane: &mut Lane<'_>) {
    if lane.left == 0 {
        return;
    }
    let code = peek_at(stream, lane.at);
    let flipped = code ^ ODD;
    let states = ODD.wrapping_add(flipped).wrapping_add(lane.state) ^ flipped;
    let end = (code | states).trailing_ones();
    let coefficients = isa.low(states, end.min(WINDOW));
    let missing = N - lane.known;
    let count = coefficients.count_ones();
    if count >= missing {
        // The last coefficient's one-bit is not there, and planes are as they are from here.
        let last = nth_one(isa, coefficients, missing - 1);
        lane.at += u64::from(last + (lane.left - 1) * N);
        lane.left = 0;
        return;
    }
    lane.known += count;
    if end < WINDOW {
        lane.left -= 1;
        lane.state = 0;
        // What is known comes as it is, unless this was the last plane.
        let ahead = if lane.left == 0 { 0 } else { lane.known };
        lane.at += u64::from(end + 1 + ahead);
    } else {
        lane.at += u64::from(WINDOW);
        lane.state = (states ^ code) >> (WINDOW - 1) & 1;
    }
}

/// The place of a one-bit of `mask` that has `count` before it.
#[inline(always)]
fn nth_one<I: Isa>(isa: I, mut mask: u64, count: u32) -> u32 {
    if isa.has_fast_pdep() {
        return isa.pdep(1 << count, mask).trailing_zeros();
    }
    let mut place = 0;
    let mut left = count;
    for half in [32, 16, 8, 4, 2, 1] {
        let ones = (mask & low_bits(half)).count_ones();
        if left >= ones {
            left -= ones;
            mask >>= half;
            place += half;
        }
    }
    place
}
