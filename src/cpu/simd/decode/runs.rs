//! The planes of 1-dimensional blocks that have room, by runs of planes.
//!
//! While as many coefficients are known, all codes are of the same length: their bits, and a
//! group test that fails. So the place of the first test that does not tells how many planes
//! there are before it, and that happens three times at most. Planes are kept as
//! [`fours`](super::fours) does.

use super::fours::ONE;
use super::group::Group;
use super::head::Head;
use super::machine::Machine;
use super::source::Bits;

/// Bits that any plane has, at most.
const LONGEST: u32 = 7;
/// Bits that a load has, at least.
const LOADED: u32 = 57;

/// Bits that blocks of `width`-bit integers never reach behind their header.
pub(super) const fn most_bits(width: u32) -> u64 {
    // Four of each plane, and the tests of three coefficients.
    (LONGEST * width) as u64
}

/// How far a block has been read.
struct Run<'a> {
    bits: Bits<'a>,
    /// The next bit.
    at: u64,
    /// The bits from there on.
    window: u64,
    /// The next plane, and the one behind the last.
    next: u32,
    last: u32,
    /// Coefficients known.
    known: u32,
}

/// Reads the planes of a block of `width`-bit integers into its slot, which has zeros, and
/// returns where they end. Its budget is [`most_bits`] at least.
#[inline(always)]
pub(super) fn read<M: Machine>(
    machine: M,
    bits: Bits<'_>,
    head: Head,
    width: u32,
    slot: usize,
    group: &mut Group,
) -> u64 {
    let planes: &mut [u8; 2048] = bytemuck::cast_mut(&mut group.planes);
    let first = slot * width as usize % 1024;
    let Head { at, precision, .. } = head;
    let last = precision.min(width);
    let mut run = Run { bits, at, window: bits.peek(at), next: 0, last, known: 0 };
    if !run.zeros(planes, first) {
        return run.at;
    }
    if run.known == 1 && !run.planes::<M, 1, 16>(machine, planes, first) {
        return run.at;
    }
    if run.known == 2 && !run.planes::<M, 2, 8>(machine, planes, first) {
        return run.at;
    }
    run.rest(machine, planes, first)
}

impl Run<'_> {
    /// Takes the plane whose code begins `start` bits further on, after `count` others.
    #[inline(always)]
    fn take(&mut self, start: u32, count: u32, ahead: u64, planes: &mut [u8; 2048], first: usize) {
        let entry = ONE[self.known as usize % 3][7][(self.window >> start) as usize % 128];
        let used = start + (entry & 0xff);
        self.next += count;
        planes[(first + self.next as usize) % 2048] = (entry >> 16) as u8;
        self.next += 1;
        self.at += u64::from(used);
        self.window = ahead >> (used % 64);
        self.known = entry >> 8 & 7;
    }

    /// Passes over planes of zeros, and reads the one that has a one-bit first; whether there
    /// is any.
    #[inline(always)]
    fn zeros(&mut self, planes: &mut [u8; 2048], first: usize) -> bool {
        loop {
            let whole = self.last - self.next;
            let limit = whole.min(LOADED - LONGEST);
            let zeros = (self.window | 1 << limit).trailing_zeros();
            if zeros < limit {
                self.take(zeros, zeros, self.window, planes, first);
                if zeros > LOADED - 2 * LONGEST - 32 {
                    self.window = self.bits.peek(self.at);
                }
                return true;
            }
            self.next += limit;
            self.at += u64::from(limit);
            if limit == whole {
                return false;
            }
            self.window = self.bits.peek(self.at);
        }
    }

    /// Reads planes while `K` coefficients are known, and the one at which another becomes so;
    /// whether there is one. Looks at `MOST` planes at a time.
    #[inline(always)]
    fn planes<M: Machine, const K: u32, const MOST: u32>(
        &mut self,
        machine: M,
        planes: &mut [u8; 2048],
        first: usize,
    ) -> bool {
        const { assert!(MOST <= 16 && MOST % 8 == 0) };
        let width = K + 1;
        let tests = (u64::MAX >> (64 % width)) / ((1 << width) - 1) << K;
        loop {
            // Loaded before it is known how many of these are behind.
            let ahead = self.bits.peek(self.at);
            let whole = (self.last - self.next) * width;
            let limit = whole.min(MOST * width);
            let place = (self.window & tests | 1 << limit).trailing_zeros();
            let is_found = place < limit;
            let start = if is_found { place - K } else { limit };
            let own = machine.low(self.window, start);
            let at = (first + self.next as usize) % 1024;
            for i in 0..MOST / 8 {
                let eight = machine.spread::<K>(own >> (8 * width * i));
                let at = at + 8 * i as usize;
                planes[at..at + 8].copy_from_slice(&eight.to_le_bytes());
            }
            if is_found {
                self.take(start, start / width, ahead, planes, first);
                if start > LOADED - 2 * LONGEST - 24 {
                    self.window = self.bits.peek(self.at);
                }
                return true;
            }
            self.at += u64::from(limit);
            self.next += MOST;
            if limit == whole {
                return false;
            }
            self.window = self.bits.peek(self.at);
        }
    }

    /// Reads planes that are their own codes, and returns where they end.
    #[inline(always)]
    fn rest<M: Machine>(&mut self, machine: M, planes: &mut [u8; 2048], first: usize) -> u64 {
        let stop = self.at + u64::from(4 * (self.last - self.next));
        let mut at = self.at;
        let mut next = first + self.next as usize;
        while at < stop {
            let left = (stop - at).min(32);
            let window = machine.low(self.bits.peek(at), left as u32);
            let eight = machine.spread::<3>(window);
            planes[next % 1024..][..8].copy_from_slice(&eight.to_le_bytes());
            at += left;
            next += 8;
        }
        stop
    }
}
