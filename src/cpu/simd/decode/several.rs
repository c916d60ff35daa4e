//! Several planes by one look into a table, while few coefficients are known.
//!
//! The first planes of a block that have a one-bit have short codes, which do not tell how many
//! coefficients the block has: the few bits of an entry never make the last one known.

use super::group::Group;
use super::parse::Cursor;
use super::source::Bits;

/// Bits that are looked up at once.
pub(super) const INDEX: u32 = 10;
/// Most planes of an entry.
const MOST: u32 = 4;
/// Coefficients known, fewer than these.
const KNOWN: usize = 4;

/// Whole planes, as [`entry`] has them, by the number of coefficients known and the next bits.
static SEVERAL: [[u64; 1 << INDEX]; KNOWN] = {
    let mut table = [[0; 1 << INDEX]; KNOWN];
    let mut known = 0;
    while known < KNOWN {
        let mut window = 0;
        while window < 1 << INDEX {
            table[known][window] = several(known as u32, window as u32);
            window += 1;
        }
        known += 1;
    }
    table
};

/// What some bits say of planes: `used` bits are all codes, in byte 0; so many coefficients are
/// `known` afterwards, in the next four bits; `count` planes, in the next four; the bits of one,
/// two, three and four codes, in four bits each; and the planes, from byte 4 on.
pub(super) const fn entry(used: u32, known: u32, count: u32, ends: u64, planes: u64) -> u64 {
    used as u64 | (known as u64) << 8 | (count as u64) << 12 | ends << 16 | planes << 32
}

const fn several(known: u32, window: u32) -> u64 {
    let (mut n, mut used, mut count, mut ends, mut planes) = (known, 0, 0, 0u64, 0u64);
    while count < MOST
        && let Some((plane, end, after)) = one(n, used, window)
    {
        planes |= (plane as u64) << (8 * count);
        ends |= (end as u64) << (4 * count);
        (n, used) = (after, end);
        count += 1;
    }
    entry(used, n, count, ends, planes)
}

/// A plane whose code begins at bit `at`, where the code ends, and how many coefficients are
/// known then; none if it does not end.
const fn one(known: u32, at: u32, window: u32) -> Option<(u32, u32, u32)> {
    let (mut n, mut end) = (known, at + known);
    if end > INDEX {
        return None;
    }
    let mut plane = window >> at & ((1 << known) - 1);
    let mut tests = true;
    while end < INDEX {
        let bit = window >> end & 1;
        end += 1;
        if tests {
            if bit == 0 {
                return Some((plane, end, n));
            }
            tests = false;
        } else {
            plane |= bit << n;
            n += 1;
            tests = bit == 1;
        }
    }
    None
}

/// Reads planes while they are short, and no bit is looked at that the budget has not. The
/// bits to be looked up first are in `window`; returns the 31 bits behind those that were read,
/// at least, and further ones or zeros above them.
#[inline(always)]
pub(super) fn planes<const N: usize>(
    bits: Bits<'_>,
    mut window: u64,
    cursor: &mut Cursor,
    slot: usize,
    group: &mut Group,
) -> u64 {
    let mut ahead = bits.peek(cursor.at);
    let is_short = |cursor: &Cursor| {
        (cursor.known as usize) < KNOWN && cursor.at + u64::from(INDEX) <= cursor.end
    };
    while cursor.left >= MOST && is_short(cursor) {
        let entry = SEVERAL[cursor.known as usize][window as usize % (1 << INDEX)];
        let count = (entry >> 12 & 15) as u32;
        if count == 0 {
            return ahead;
        }
        // Those that are not there are zeros, and others will be in their places.
        for i in 0..MOST {
            let k = (cursor.left - 1 - i + cursor.lowest) as usize % 64;
            group.keep::<N>(slot, k, entry >> (32 + 8 * i) & 0xff);
        }
        // What lies ahead was loaded before it was known where it begins.
        window = ahead >> (entry % 64);
        cursor.at += entry & 0xff;
        ahead = bits.peek(cursor.at);
        cursor.known = (entry >> 8 & 15) as u32;
        cursor.left -= count;
    }
    while cursor.left > 0 && cursor.left < MOST && is_short(cursor) {
        let entry = SEVERAL[cursor.known as usize][window as usize % (1 << INDEX)];
        let count = ((entry >> 12 & 15) as u32).min(cursor.left);
        if count == 0 {
            return ahead;
        }
        let planes = (entry >> 32) & !(u64::MAX << (8 * count));
        // The lowest comes where there are fewer, before it is overwritten.
        for i in (0..MOST - 1).rev() {
            let k = ((cursor.left - 1).saturating_sub(i) + cursor.lowest) as usize % 64;
            group.keep::<N>(slot, k, planes >> (8 * i) & 0xff);
        }
        let used = entry >> (12 + 4 * count) & 15;
        window = ahead >> used;
        cursor.at += used;
        ahead = bits.peek(cursor.at);
        cursor.known = (entry >> 8 & 15) as u32;
        cursor.left -= count;
    }
    window
}
