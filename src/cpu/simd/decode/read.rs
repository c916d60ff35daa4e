//! Whole blocks to planes.

use super::fours;
use super::group::{Group, blocks_of};
use super::head::Head;
use super::machine::Machine;
use super::parse::{Cursor, plane_16, plane_64, plane_any};
use super::source::{Bits, Source};
use crate::block::{BlockScalar, Params};

/// Most bits of a block that are looked at.
#[inline(always)]
fn most_bits<S: BlockScalar, const N: usize>(params: Params) -> u32 {
    Params { minbits: 0, ..params }.most_bits(S::TYPE, N as u32)
}

/// Reads the planes of `count` blocks, the first of which has number `first`, into the
/// slots of a group. Of variable blocks, the first begins at the second of `places`; all are found from the first of `places` if they
/// have a fixed number of bits. The second becomes where the last block ends, be it in
/// the stream or not. Returns how many blocks lie in the stream before the first that
/// does not; none is read behind that.
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
    if count == blocks_of(N) && matches!(N, 16 | 64) {
        // The last of them in the stream is the last of all.
        let last = place(count - 1);
        if let Some(whole) = source.inside(last, most.max(fixed)) {
            let mut begin = |slot: usize| {
                let place = super::source::Place { bits: whole.bits, at: place(slot) };
                let head = Head::read::<S, N>(place, params);
                group.note(slot, &head);
                Cursor::begin(whole.bits, head, S::TYPE.bits())
            };
            if N == 64 {
                let cursors = [begin(0), begin(1)];
                pair::<M, N>(machine, whole.bits, cursors, group);
            } else {
                let cursors = [begin(0), begin(1), begin(2), begin(3)];
                four::<M, N>(machine, whole.bits, cursors, group);
            }
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
        let end = fours::read(place.bits, head, group.fours(slot, S::TYPE.bits()));
        return (end - place.at).max(u64::from(params.minbits));
    }
    let cursor = Cursor::begin(place.bits, head, S::TYPE.bits());
    let end = planes::<M, N>(machine, place.bits, cursor, slot, group);
    (end - place.at).max(u64::from(params.minbits))
}

/// Reads two blocks, a plane of each at a time, so that one need not wait for the other.
#[inline(always)]
fn pair<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    [mut a, mut b]: [Cursor; 2],
    group: &mut Group,
) {
    while !a.is_done() && !b.is_done() {
        one::<M, N>(machine, bits, &mut a, 0, group);
        one::<M, N>(machine, bits, &mut b, 1, group);
    }
    planes::<M, N>(machine, bits, a, 0, group);
    planes::<M, N>(machine, bits, b, 1, group);
}

/// The same for four blocks.
#[inline(always)]
fn four<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    [mut a, mut b, mut c, mut d]: [Cursor; 4],
    group: &mut Group,
) {
    while !a.is_done() && !b.is_done() && !c.is_done() && !d.is_done() {
        one::<M, N>(machine, bits, &mut a, 0, group);
        one::<M, N>(machine, bits, &mut b, 1, group);
        one::<M, N>(machine, bits, &mut c, 2, group);
        one::<M, N>(machine, bits, &mut d, 3, group);
    }
    planes::<M, N>(machine, bits, a, 0, group);
    planes::<M, N>(machine, bits, b, 1, group);
    planes::<M, N>(machine, bits, c, 2, group);
    planes::<M, N>(machine, bits, d, 3, group);
}

/// Reads all that is left of a block's planes, and returns where they end.
#[inline(always)]
fn planes<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    mut cursor: Cursor,
    slot: usize,
    group: &mut Group,
) -> u64 {
    while !cursor.is_done() {
        one::<M, N>(machine, bits, &mut cursor, slot, group);
    }
    cursor.at
}

/// Reads one plane.
#[inline(always)]
fn one<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    cursor: &mut Cursor,
    slot: usize,
    group: &mut Group,
) {
    let short = match N {
        16 => plane_16(machine, bits, cursor),
        64 => plane_64(machine, bits, cursor),
        _ => None,
    };
    if let Some(plane) = short {
        let k = cursor.count();
        group.keep::<N>(slot, k, plane);
        return;
    }
    let mut plane = [0; 4];
    let words = N.div_ceil(64);
    plane_any::<M, N>(machine, bits, cursor, &mut plane[..words]);
    let k = cursor.count();
    if N == 256 {
        for (set, plane) in group.planes.iter_mut().zip(plane) {
            set[k] = plane;
        }
    } else {
        group.keep::<N>(slot, k, plane[0]);
    }
}
