//! The planes of 1-dimensional blocks that have room, by runs of planes.
//!
//! While as many coefficients are known, all codes are of one length: their bits, and a group
//! test that fails. So the first test that does not tells how many planes there are before it,
//! and that happens three times at most. Planes are kept as [`fours`](super::fours) does.

use super::fours::ONE;
use super::group::Group;
use super::head::Head;
use super::machine::Machine;
use super::source::Bits;

/// Bits that a load has, at least.
const LOADED: u32 = 57;
/// Planes that are looked at together, by the number of coefficients known.
const MOST: [u32; 3] = [50, 16, 8];

/// Bits of those planes, and of the longest code in place of the last.
const fn look(known: u32) -> u32 {
    (MOST[known as usize] - 1) * (known + 1) + 7 - known
}

const _: () = assert!(look(0) <= LOADED && look(1) <= LOADED && look(2) <= LOADED);

/// Bits that a block of `width`-bit integers never reaches behind its header.
pub(super) const fn most_bits(width: u32) -> u64 {
    7 * width as u64
}

/// How far a block has been read.
struct Run<'a> {
    bits: Bits<'a>,
    /// The next bit, and what is known of those from there on.
    at: u64,
    window: u64,
    /// Coefficients known.
    known: u32,
    /// Planes read, and all there are.
    next: u32,
    last: u32,
    /// Planes of a group, and where this block's first one is.
    planes: &'a mut [u8; 2048],
    first: usize,
}

/// Reads the planes of a block of `width`-bit integers into its slot, behind which all are
/// empty, and returns where they end. Its budget is [`most_bits`] at least.
#[inline(always)]
pub(super) fn read<M: Machine>(
    machine: M,
    bits: Bits<'_>,
    head: Head,
    width: u32,
    slot: usize,
    group: &mut Group,
) -> u64 {
    let planes = bytemuck::cast_mut(&mut group.planes);
    let first = slot * width as usize;
    let Head { at, precision, .. } = head;
    let (window, last) = (bits.peek(at), precision.min(width));
    let mut run = Run { bits, at, window, known: 0, next: 0, last, planes, first };
    let is_done = !run.zeros()
        || run.known == 1 && !run.planes::<M, 1>(machine)
        || run.known == 2 && !run.planes::<M, 2>(machine);
    if is_done { run.at } else { run.rest(machine) }
}

impl Run<'_> {
    /// Where the next plane comes: in a block's slot or, if there is none left, behind it, where
    /// zeros may be written until the next block is read. It is never behind the sixteenth,
    /// which spares a look whether it is.
    #[inline(always)]
    fn place(&self) -> usize {
        (self.first + self.next as usize).min(1024)
    }

    /// Passes over planes of zeros, and reads the first that is none; whether there is one.
    #[inline(always)]
    fn zeros(&mut self) -> bool {
        loop {
            let whole = self.last - self.next;
            let limit = whole.min(MOST[0]);
            // How many planes there are is not waited for, here and below.
            let zeros = (self.window | 1 << MOST[0]).trailing_zeros();
            if zeros < limit {
                self.next += zeros;
                let behind = LOADED - if look(1) > look(2) { look(1) } else { look(2) };
                self.take::<0>(zeros, self.window, behind);
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
    /// whether there is one.
    #[inline(always)]
    fn planes<M: Machine, const K: u32>(&mut self, machine: M) -> bool {
        let width = K + 1;
        let tests = ((u64::MAX >> (64 % width)) / ((1 << width) - 1)) << K;
        let most = MOST[K as usize];
        loop {
            // Loaded before it is known which of these bits are needed.
            let ahead = self.bits.peek(self.at);
            let whole = (self.last - self.next) * width;
            let limit = whole.min(most * width);
            let test = (self.window & tests | 1 << (most * width)).trailing_zeros();
            let is_found = test < limit;
            let used = if is_found { test - K } else { limit };
            // The tests are zeros, and so are planes that are not there.
            let own = machine.low(self.window, used);
            let place = self.place();
            for i in 0..most.div_ceil(8) {
                let eight = machine.spread::<K>(own >> (8 * width * i));
                let place = place + 8 * i as usize;
                self.planes[place..place + 8].copy_from_slice(&eight.to_le_bytes());
            }
            self.next += used / width;
            if is_found {
                self.take::<K>(used, ahead, LOADED - look(2));
                return true;
            }
            self.at += u64::from(limit);
            if limit == whole {
                return false;
            }
            self.window = self.bits.peek(self.at);
        }
    }

    /// Reads the plane whose code begins `used` bits further on, at which a coefficient beyond
    /// the first `K` becomes known. What has been loaded from here on is `ahead`; it is enough
    /// if no more than so many bits of it are behind.
    #[inline(always)]
    fn take<const K: u32>(&mut self, used: u32, ahead: u64, enough: u32) {
        let entry = ONE[K as usize][7][(self.window >> used) as usize % 128];
        let place = self.place();
        self.planes[place] = (entry >> 16) as u8;
        self.next += 1;
        self.known = entry >> 8 & 7;
        let used = used + (entry & 0xff);
        self.at += u64::from(used);
        self.window = if used <= enough { ahead >> used } else { self.bits.peek(self.at) };
    }

    /// Reads planes that are their own codes, and returns where they end.
    #[inline(always)]
    fn rest<M: Machine>(&mut self, machine: M) -> u64 {
        let (place, count) = (self.place(), self.last - self.next);
        if let Some(planes) = self.planes[place..].first_chunk_mut() {
            machine.fours(self.bits, self.at, count, planes);
        }
        self.at + u64::from(4 * count)
    }
}
