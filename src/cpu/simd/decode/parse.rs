//! Codes to bit planes, without a loop over bits or runs.
//!
//! Behind the coefficients that are known, a plane's code is read by a machine of two
//! states: a group test is due (G), or the next bit is a coefficient's (V). In G, a one
//! leads to V and a zero ends the plane; in V, a zero stays there and a one leads back.
//! So each one-bit changes the state, and a zero-bit asserts V if all is well. A sum's
//! carries do the same, if the state is inverted at every other bit: where the code `u`
//! has a one, just one of the summands `A` and `A ^ u` has one, and the carry goes on;
//! where it has a zero, both are as `A` = …1010, which sets the carry that means V. Hence
//!
//! ```text
//! t = A ^ u       s = (A + t) ^ t         bit i of s: whether the state at bit i is V
//! end = lowest zero of u | s              the group test that fails
//! coefficients = pext(u, s below end)
//! ```
//!
//! Nothing is coded for the last coefficient if it has a one-bit: the code ends where
//! that bit would be. Where the budget cuts a run short, ones in place of what lies
//! behind it make the next coefficient's bit a one, as they should.

use super::head::Head;
use super::machine::Machine;
use super::source::Bits;

/// Ones at odd places.
pub(super) const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;

/// How far a block's planes have been read.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    /// The next bit.
    pub(super) at: u64,
    /// Where the budget ends.
    pub(super) end: u64,
    /// Coefficients that had a one-bit, or stand before one that had.
    pub(super) known: u32,
    /// Planes left, all of them below the ones that have been read.
    pub(super) left: u32,
    /// The number of the last one.
    pub(super) lowest: u32,
    /// Above the number of the first one that was read.
    pub(super) highest: u32,
}

impl Cursor {
    /// Passes over the group tests of the planes above the first one-bit; with the next bits,
    /// 31 of them at least.
    #[inline(always)]
    pub(super) fn begin(bits: Bits<'_>, head: Head, width: u32) -> (Self, u64) {
        let Head { at, end, precision, .. } = head;
        let most = u64::from(precision).min(end.saturating_sub(at)) as u32;
        let begun = |zeros: u32| {
            let (left, lowest) = (precision - zeros, width - precision);
            Self { at: at + u64::from(zeros), end, known: 0, left, lowest, highest: width - zeros }
        };
        let window = bits.peek(at);
        let mut zeros = window.trailing_zeros();
        if zeros <= 57 - 31 {
            let zeros = zeros.min(most);
            return (begun(zeros), window >> zeros);
        }
        zeros = 0;
        loop {
            let seen = (most - zeros).min(56);
            let run = bits.peek(at + u64::from(zeros)).trailing_zeros().min(seen);
            zeros += run;
            if run < seen || zeros == most {
                break;
            }
        }
        (begun(zeros), bits.peek(at + u64::from(zeros)))
    }

    /// Whether no plane is left, or no bit.
    #[inline(always)]
    pub(super) fn is_done(&self) -> bool {
        self.left == 0 || self.at >= self.end
    }

    /// Goes on to the next plane; the number of the one that was read.
    #[inline(always)]
    pub(super) fn count(&mut self) -> usize {
        self.left -= 1;
        (self.left + self.lowest) as usize % 64
    }
}

/// The states at each bit of a code, with that at the first one.
#[inline(always)]
pub(super) fn states(code: u64, first: u64) -> u64 {
    let flipped = code ^ ODD;
    ODD.wrapping_add(flipped).wrapping_add(first) ^ flipped
}

/// A plane of 16 bits, if it ends as most do: with a group test that fails, within the
/// budget.
#[inline(always)]
pub(super) fn plane_16<M: Machine>(machine: M, bits: Bits<'_>, cursor: &mut Cursor) -> Option<u64> {
    let window = bits.peek(cursor.at);
    within_16(machine, window, cursor)
}

/// The same when the plane's bits are in `window`, 31 of them at least.
#[inline(always)]
pub(super) fn within_16<M: Machine>(machine: M, window: u64, cursor: &mut Cursor) -> Option<u64> {
    let n = cursor.known;
    let (coefficients, count, end) = machine.plane(window >> n);
    let next = cursor.at + u64::from(n + end + 1);
    if n + count >= 16 || next > cursor.end {
        return None;
    }
    cursor.at = next;
    cursor.known = n + count;
    Some(machine.low(window, n) | coefficients << n)
}

/// Any plane of 16 bits, when not all coefficients are known.
#[inline(always)]
pub(super) fn plane_16_any<M: Machine>(machine: M, bits: Bits<'_>, cursor: &mut Cursor) -> u64 {
    let n = cursor.known;
    let most = (cursor.end - cursor.at).min(48) as u32;
    let window = bits.peek(cursor.at);
    let known = machine.low(window, n.min(most));
    let left = most.saturating_sub(n);
    let code = window >> n | u64::MAX << left;
    let states = states(code, 0);
    // Where the code ends: by its last group test, or where the last coefficient's bit
    // would be.
    let missing = 16 - n;
    let full = machine.nth_one(states, missing - 1);
    let end = (code | states).trailing_ones();
    let is_full = full < end && full <= left;
    let last = if is_full { 1 << (missing - 1) } else { 0 };
    let coefficients = machine.low(states, full.min(end).min(left + 1));
    let plane = machine.pext(code, coefficients) | last;
    let used = if is_full { full } else { end + 1 };
    cursor.known = if is_full { 16 } else { n + coefficients.count_ones() };
    cursor.at += u64::from((n + used).min(most));
    known | plane << n
}

/// A plane of 64 bits, if it ends as most do, and its code behind the known coefficients
/// lies in one load.
#[inline(always)]
pub(super) fn plane_64<M: Machine>(machine: M, bits: Bits<'_>, cursor: &mut Cursor) -> Option<u64> {
    let n = cursor.known;
    let behind = cursor.at + u64::from(n);
    let (coefficients, count, end) = machine.plane(bits.peek(behind));
    let next = behind + u64::from(end + 1);
    if n + count >= 64 || next > cursor.end || end > 56 {
        return None;
    }
    let known = if n <= 57 { bits.peek(cursor.at) } else { bits.word(cursor.at) };
    cursor.at = next;
    cursor.known = n + count;
    Some(machine.low(known, n) | coefficients << n)
}

/// Any plane of `N` bits, 64 in each word of `plane`, which is zero.
#[inline(always)]
pub(super) fn plane_any<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    cursor: &mut Cursor,
    plane: &mut [u64],
) {
    let size = N as u32;
    let Cursor { mut at, end, known: mut n, .. } = *cursor;
    let verbatim = u64::from(n).min(end - at) as u32;
    for (i, word) in plane.iter_mut().enumerate() {
        let count = verbatim.saturating_sub(64 * i as u32).min(64);
        if count > 0 {
            *word = machine.low(bits.word(at + 64 * i as u64), count);
        }
    }
    at += u64::from(verbatim);
    let mut state = 0;
    while n < size && (at < end || state == 1) {
        let left = end - at;
        let mut code = bits.word(at);
        if left < 64 {
            code |= u64::MAX << left;
        }
        let states = states(code, state);
        let stop = (code | states).trailing_ones();
        let cut = if left < 64 { stop.min(left as u32 + 1) } else { stop };
        let mut coefficients = machine.low(states, cut);
        let missing = size - n;
        let mut count = coefficients.count_ones();
        if count >= missing {
            // The last coefficient's one-bit is not there.
            let last = machine.nth_one(coefficients, missing - 1);
            coefficients = machine.low(coefficients, last);
            count = missing - 1;
            put(plane, n, machine.pext(code, coefficients) | 1 << count);
            at += u64::from(last);
            n = size;
            break;
        }
        put(plane, n, machine.pext(code, coefficients));
        n += count;
        if left < 64 && u64::from(stop) >= left {
            at = end;
            break;
        }
        if stop < 64 {
            at += u64::from(stop) + 1;
            break;
        }
        at += 64;
        state = (states ^ code) >> 63;
    }
    cursor.at = at;
    cursor.known = n;
}

/// Ors `bits` into a plane, from place `n` on; those beyond its end are zeros.
#[inline(always)]
fn put(plane: &mut [u64], n: u32, bits: u64) {
    let word = n as usize / 64;
    plane[word] |= bits << (n % 64);
    if let Some(next) = plane.get_mut(word + 1) {
        // In two steps, since a shift by 64 is not defined.
        *next |= (bits >> 1) >> (63 - n % 64);
    }
}
