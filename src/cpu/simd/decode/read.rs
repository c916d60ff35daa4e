//! Whole blocks to planes.

use super::fours;
use super::group::{Group, blocks_of};
use super::head::Head;
use super::machine::Machine;
use super::parse::{Cursor, plane_16, plane_16_any, plane_64, plane_any, within_16};
use super::runs;
use super::several;
use super::source::{Bits, Place, Source};
use crate::block::{BlockScalar, MAX_PREC, Params};

/// Most bits of a block that are looked at. How many planes there are is the stream's own
/// word in lossless blocks, whatever `maxprec` says.
#[inline(always)]
fn most_bits<S: BlockScalar, const N: usize>(params: Params) -> u32 {
    Params { minbits: 0, maxprec: MAX_PREC, ..params }.most_bits(S::TYPE, N as u32)
}

/// Reads the planes of `count` blocks, the first of which has number `first`, into the
/// slots of a group. Of variable blocks, the first begins at the second of `places`; blocks of
/// a fixed number of bits are all found from the first. The second becomes where the last
/// block ends, be it in the stream or not. Returns how many blocks lie in the stream before
/// the first that does not; none is read behind that.
#[inline(always)]
pub(super) fn blocks<M: Machine, S: BlockScalar, const N: usize>(
    machine: M,
    source: &mut Source<'_>,
    params: Params,
    places: (u64, &mut u64),
    (first, count): (usize, usize),
    group: &mut Group,
) -> usize {
    let (start, position) = places;
    let most = most_bits::<S, N>(params);
    let Some(fixed) = params.fixed_bits() else {
        for slot in 0..count {
            *position += block::<M, S, N>(machine, source, params, *position, slot, group);
            if *position > source.len() {
                return slot;
            }
        }
        return count;
    };
    let place = |slot: usize| start + (first + slot) as u64 * u64::from(fixed);
    if count == blocks_of(N) {
        // The last of them in the stream is the last of all.
        let last = place(count - 1);
        if let Some(whole) = source.inside(last, most.max(fixed))
            && together::<M, S, N>(machine, whole.bits, (place(0), fixed), params, group)
        {
            *position = last + u64::from(fixed);
            return count;
        }
    }
    for slot in 0..count {
        *position = place(slot);
        block::<M, S, N>(machine, source, params, *position, slot, group);
        *position += u64::from(fixed);
        if *position > source.len() {
            return slot;
        }
    }
    count
}

/// Reads all blocks of a group, the first of which begins at `first`, each as many bits
/// behind the one before as `fixed` says; whether there is a way better than one by one.
#[inline(always)]
fn together<M: Machine, S: BlockScalar, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    (first, fixed): (u64, u32),
    params: Params,
    group: &mut Group,
) -> bool {
    let place = |slot: u64| first + slot * u64::from(fixed);
    match N {
        4 => machine.short_fours::<S>(bits, first, params, group),
        16 | 64 => {
            let a = begin::<S, N>(bits, place(0), params, 0, group);
            let b = begin::<S, N>(bits, place(1), params, 1, group);
            pair::<M, N>(machine, bits, [a, b], 0, group);
            if N == 16 {
                let c = begin::<S, N>(bits, place(2), params, 2, group);
                let d = begin::<S, N>(bits, place(3), params, 3, group);
                pair::<M, N>(machine, bits, [c, d], 2, group);
            }
            true
        }
        _ => false,
    }
}

/// Reads the block at bit `position`, and returns how many bits it has.
#[inline(always)]
fn block<M: Machine, S: BlockScalar, const N: usize>(
    machine: M,
    source: &mut Source<'_>,
    params: Params,
    position: u64,
    slot: usize,
    group: &mut Group,
) -> u64 {
    let place = source.anywhere(position, most_bits::<S, N>(params));
    let head = Head::read::<S, N>(place, params);
    group.note(slot, &head);
    if N == 4 {
        let width = S::TYPE.bits();
        let end = if head.end >= head.at + runs::most_bits(width) {
            runs::read(machine, place.bits, head, width, slot, group)
        } else {
            fours::read(place.bits, head, group.fours(slot, width))
        };
        return (end - place.at).max(u64::from(params.minbits));
    }
    let (mut cursor, window) = Cursor::begin(place.bits, head, S::TYPE.bits());
    let window = several::planes::<N>(place.bits, window, &mut cursor, slot, group);
    let end = planes::<M, N>(machine, place.bits, window, cursor, slot, group);
    (end - place.at).max(u64::from(params.minbits))
}

/// Reads a block's header.
#[inline(always)]
fn begin<S: BlockScalar, const N: usize>(
    bits: Bits<'_>,
    at: u64,
    params: Params,
    slot: usize,
    group: &mut Group,
) -> Cursor {
    let head = Head::read::<S, N>(Place { bits, at }, params);
    group.note(slot, &head);
    let (mut cursor, window) = Cursor::begin(bits, head, S::TYPE.bits());
    several::planes::<N>(bits, window, &mut cursor, slot, group);
    cursor
}

/// Reads two blocks, a plane of each at a time, so that one need not wait for the other.
#[inline(always)]
fn pair<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    [mut a, mut b]: [Cursor; 2],
    slot: usize,
    group: &mut Group,
) {
    while a.left > 0 && b.left > 0 {
        let Some(plane) = short::<M, N>(machine, bits, &mut a) else {
            if !any::<M, N>(machine, bits, &mut a, slot, group) {
                break;
            }
            continue;
        };
        let k = a.count();
        group.keep::<N>(slot, k, plane);
        let Some(plane) = short::<M, N>(machine, bits, &mut b) else {
            if !any::<M, N>(machine, bits, &mut b, slot + 1, group) {
                break;
            }
            continue;
        };
        let k = b.count();
        group.keep::<N>(slot + 1, k, plane);
    }
    planes::<M, N>(machine, bits, bits.peek(a.at), a, slot, group);
    planes::<M, N>(machine, bits, bits.peek(b.at), b, slot + 1, group);
}

/// Reads all that is left of a block's planes, and returns where they end; `window` has the next
/// 31 bits at least.
#[inline(always)]
fn planes<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    mut window: u64,
    mut cursor: Cursor,
    slot: usize,
    group: &mut Group,
) -> u64 {
    if cursor.is_done() {
        group.mark::<N>(cursor.left + cursor.lowest, cursor.highest);
        return cursor.at;
    }
    if N == 16 {
        // The word from a plane on holds the next one too, so that none waits for a load.
        while cursor.left > 0 {
            let (at, ahead) = (cursor.at, bits.word(cursor.at));
            if let Some(plane) = within_16(machine, window, &mut cursor) {
                window = ahead >> (cursor.at - at);
                let k = cursor.count();
                group.keep::<N>(slot, k, plane);
            } else {
                if !any::<M, N>(machine, bits, &mut cursor, slot, group) {
                    break;
                }
                window = bits.word(cursor.at);
            }
        }
    }
    while N != 16 && cursor.left > 0 {
        if let Some(plane) = short::<M, N>(machine, bits, &mut cursor) {
            let k = cursor.count();
            group.keep::<N>(slot, k, plane);
        } else if !any::<M, N>(machine, bits, &mut cursor, slot, group) {
            break;
        }
    }
    own::<M, N>(machine, bits, &mut cursor, slot, group);
    if !cursor.is_done() {
        // The last one, which the budget cuts.
        any::<M, N>(machine, bits, &mut cursor, slot, group);
    }
    group.mark::<N>(cursor.left + cursor.lowest, cursor.highest);
    cursor.at
}

/// Reads the planes of a block all of whose coefficients are known, if it has any left: they
/// are their own codes.
#[inline(always)]
fn own<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    cursor: &mut Cursor,
    slot: usize,
    group: &mut Group,
) {
    let whole = cursor.end.saturating_sub(cursor.at) / N as u64;
    let count = whole.min(u64::from(cursor.left));
    // As many as are worth a loop over vectors.
    if N == 64 && count >= 8 {
        let high = (cursor.left + cursor.lowest) as usize;
        let planes = group.planes[slot % 4].get_mut(high - count as usize..high);
        for (i, plane) in planes.unwrap_or_default().iter_mut().rev().enumerate() {
            *plane = bits.word(cursor.at + 64 * i as u64);
        }
        cursor.left -= count as u32;
        cursor.at += 64 * count;
        return;
    }
    for _ in 0..count {
        let k = cursor.count();
        if N == 256 {
            for (i, set) in group.planes.iter_mut().enumerate() {
                set[k] = bits.word(cursor.at + 64 * i as u64);
            }
        } else {
            let plane = if N == 64 { bits.word(cursor.at) } else { bits.peek(cursor.at) };
            group.keep::<N>(slot, k, machine.low(plane, N as u32));
        }
        cursor.at += N as u64;
    }
}

/// Reads a plane, if its code is as most are.
#[inline(always)]
fn short<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    cursor: &mut Cursor,
) -> Option<u64> {
    match N {
        16 => plane_16(machine, bits, cursor),
        64 => plane_64(machine, bits, cursor),
        _ => None,
    }
}

/// Reads any plane; whether more may follow, some coefficient not being known.
#[inline(always)]
fn any<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    cursor: &mut Cursor,
    slot: usize,
    group: &mut Group,
) -> bool {
    let mut plane = [0; 4];
    if N == 16 && cursor.known < 16 {
        plane[0] = plane_16_any(machine, bits, cursor);
    } else {
        plane_any::<M, N>(machine, bits, cursor, &mut plane[..const { N.div_ceil(64) }]);
    }
    let k = cursor.count();
    if N == 256 {
        for (set, plane) in group.planes.iter_mut().zip(plane) {
            set[k] = plane;
        }
    } else {
        group.keep::<N>(slot, k, plane[0]);
    }
    cursor.at < cursor.end && cursor.known < N as u32
}
