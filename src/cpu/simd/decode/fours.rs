//! The planes of 1-dimensional blocks, several by one look into a table.
//!
//! A plane of a block of four has a code of 4 bits once three coefficients are known: the
//! bits themselves, since the group test then is the last coefficient's bit. Before that,
//! codes are short, and ten bits hold up to four planes. Planes are kept as bytes, in the
//! order of the stream.

use super::head::Head;
use super::several::{INDEX, entry};
use super::source::Bits;

/// Most planes of an entry.
const MOST: usize = 4;

/// Planes by the number of coefficients known and the next bits, as [`entry`] has them.
static MANY: [[u64; 1 << INDEX]; 3] = {
    let mut table = [[0; 1 << INDEX]; 3];
    let mut known = 0;
    while known < 3 {
        let mut window = 0;
        while window < 1 << INDEX {
            table[known][window] = many(known as u32, window as u32);
            window += 1;
        }
        known += 1;
    }
    table
};

/// One plane, in byte 2, by the number of coefficients known, the bits left (7 for any
/// number that is enough) and the next bits; the other bytes as in [`MANY`].
pub(super) static ONE: [[[u32; 128]; 8]; 3] = {
    let mut table = [[[0; 128]; 8]; 3];
    let mut known = 0;
    while known < 3 {
        let mut left = 0;
        while left < 8 {
            let mut window = 0;
            while window < 128 {
                let (plane, bits, after) = one(known as u32, left as u32, window as u32);
                table[known][left][window] = bits | after << 8 | plane << 16;
                window += 1;
            }
            left += 1;
        }
        known += 1;
    }
    table
};

/// All planes that fewer bits than those make, a byte each, by the number of coefficients
/// known (all but the last, if 3) and the bits, with a one behind them. If there are more
/// than eight planes, nothing was read before, and the first bit is a one or all are zeros.
static LAST: [[u64; 1 << INDEX]; 4] = {
    let mut table = [[0; 1 << INDEX]; 4];
    let mut known = 0;
    while known < 4 {
        let mut bits = 1u32;
        while bits < 1 << INDEX {
            let (mut n, mut left) = (known as u32, bits.ilog2());
            let mut window = bits & !(1 << left);
            let mut count = 0;
            while left > 0 {
                let (plane, used, after) = one(n, left, window);
                if count < 8 {
                    table[known][bits as usize] |= (plane as u64) << (8 * count);
                }
                left -= used;
                window >>= used;
                n = after;
                count += 1;
            }
            bits += 1;
        }
        known += 1;
    }
    table
};

/// A plane, the bits of its code, and how many coefficients are known then, bit by bit.
pub(super) const fn one(known: u32, left: u32, window: u32) -> (u32, u32, u32) {
    let mut n = known;
    let mut used = if n < left { n } else { left };
    let mut plane = window & ((1 << used) - 1);
    while n < 4 && used < left {
        // The group test.
        used += 1;
        if window >> (used - 1) & 1 == 0 {
            break;
        }
        // Zeros, and the one-bit unless it is the last or behind the budget.
        while n < 3 && used < left {
            used += 1;
            if window >> (used - 1) & 1 == 1 {
                break;
            }
            n += 1;
        }
        plane |= 1 << n;
        n += 1;
    }
    (plane, used, n)
}

/// As many planes as there are codes of in `window`, while fewer than three coefficients
/// are known.
const fn many(known: u32, window: u32) -> u64 {
    let (mut n, mut used, mut planes, mut count, mut ends) = (known, 0, 0, 0, 0);
    while n < 3 && count < MOST as u32 {
        let left = INDEX - used;
        let (plane, bits, after) = one(n, if left < 7 { left } else { 7 }, window >> used);
        // A code that takes all that is left may be cut short.
        let whole = left >= 7 || {
            let (same, longer, _) = one(n, 7, window >> used);
            let (other, longest, _) = one(n, 7, window >> used | u32::MAX << left);
            longer == bits && longest == bits && same == plane && other == plane
        };
        if !whole {
            break;
        }
        planes |= (plane as u64) << (8 * count);
        used += bits;
        ends |= (used as u64) << (4 * count);
        count += 1;
        n = after;
    }
    // All four known is as good as three.
    let known = if n < 3 { n } else { 3 };
    entry(used, known, count, ends, planes)
}

/// Reads a block's planes into `planes`, which are zeros, and returns where they end.
#[inline(always)]
pub(super) fn read(bits: Bits<'_>, head: Head, planes: &mut [u8]) -> u64 {
    let Head { mut at, end, precision, .. } = head;
    let last = (precision as usize).min(planes.len());
    // Planes above the first one-bit; if they are all that there is, so be it.
    let most = (last as u64).min(end - at).min(56);
    let mut window = bits.peek(at);
    let zeros = u64::from(window.trailing_zeros()).min(most);
    at += zeros;
    window >>= zeros;
    let mut next = zeros as usize;
    let mut known = 0;
    if at + u64::from(INDEX) <= end {
        // How often bits of the window may be looked up.
        let mut looks = (57 - zeros as u32) / INDEX;
        while known < 3 && next + MOST <= last && at + u64::from(INDEX) <= end {
            if looks == 0 {
                (window, looks) = (bits.peek(at), 57 / INDEX);
            }
            looks -= 1;
            let entry = MANY[known][window as usize % (1 << INDEX)];
            window >>= entry % 64;
            at += entry & 0xff;
            known = (entry >> 8 & 3) as usize;
            if let Some(place) = planes.get_mut(next..next + MOST) {
                place.copy_from_slice(&((entry >> 32) as u32).to_le_bytes());
            }
            next += (entry >> 12 & 15) as usize;
        }
        while known < 3 && next < last && at + u64::from(INDEX) <= end {
            if looks == 0 {
                (window, looks) = (bits.peek(at), 57 / INDEX);
            }
            looks -= 1;
            let entry = MANY[known][window as usize % (1 << INDEX)];
            let count = ((entry >> 12 & 15) as usize).min(last - next);
            let whole = (entry >> 32) & !(u64::MAX << (8 * count));
            let used = entry >> (12 + 4 * count) & 15;
            window >>= used;
            at += used;
            known = (entry >> 8 & 3) as usize;
            if let Some(place) = planes.get_mut(next..next + MOST) {
                place.copy_from_slice(&(whole as u32).to_le_bytes());
            } else {
                for (place, plane) in planes[next..].iter_mut().zip(whole.to_le_bytes()) {
                    *place = plane;
                }
            }
            next += count;
        }
    }
    if at + u64::from(INDEX) > end && next + INDEX as usize <= last + 1 {
        // The last bits, and a one behind them; there are as many planes, at least.
        let left = end - at;
        let window = bits.peek(at) & !(u64::MAX << left) | 1 << left;
        if let Some(place) = planes.get_mut(next..next + 8) {
            let entry = LAST[known % 4][window as usize % (1 << INDEX)];
            place.copy_from_slice(&entry.to_le_bytes());
        }
        return end;
    }
    while known < 3 && next < last && at < end {
        let left = (end - at).min(7) as usize;
        let entry = ONE[known][left][bits.peek(at) as usize % 128];
        planes[next] = (entry >> 16) as u8;
        known = (entry >> 8 & 7) as usize;
        at += u64::from(entry & 0xff);
        next += 1;
    }
    // From here on, planes are their own codes.
    let stop = end.min(at + 4 * (last - next) as u64);
    while at < stop {
        let left = stop - at;
        let window = bits.peek(at) as u32;
        let window = if left < 32 { window & !(u32::MAX << left) } else { window };
        if let Some(eight) = planes.get_mut(next..next + 8) {
            eight.copy_from_slice(&nibbles(window).to_le_bytes());
        } else {
            for (i, plane) in planes[next..last].iter_mut().enumerate() {
                *plane = (window >> (4 * i) & 15) as u8;
            }
        }
        at += left.min(32);
        next += 8;
    }
    at
}

/// Each four bits in a byte of its own.
#[inline(always)]
fn nibbles(bits: u32) -> u64 {
    let mut spread = u64::from(bits);
    spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f
}
