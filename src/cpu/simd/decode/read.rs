//! Whole blocks to planes.

use super::group::{Group, blocks_of};
use super::head::Head;
use super::machine::Machine;
use super::parse::{Cursor, plane_16, plane_64, plane_any};
use super::source::{Bits, Place, Source};
use crate::block::{BlockScalar, Params};
use crate::field::BlockIndex;

/// Most bits of a block that are looked at.
#[inline(always)]
fn most_bits<S: BlockScalar, const N: usize>(params: Params) -> u32 {
    Params { minbits: 0, ..params }.most_bits(S::TYPE, N as u32)
}

/// Reads the planes of blocks into the slots of a group. Of variable blocks, the first
/// begins at the second of `places`; all are found from the first of `places` if they
/// have a fixed number of bits. The second becomes where the last block ends, be it in
/// the stream or not. Returns how many blocks lie in the stream before the first that
/// does not; none is read behind that.
#[inline(always)]
pub(super) fn blocks<M: Machine, S: BlockScalar, const N: usize>(
    machine: M,
    source: &mut Source<'_>,
    params: Params,
    places: (u64, &mut u64),
    indices: &[BlockIndex],
    group: &mut Group,
) -> usize {
    let (start, position) = places;
    let most = most_bits::<S, N>(params);
    let fixed = params.fixed_bits();
    for (slot, index) in indices.iter().enumerate() {
        if let Some(bits) = fixed {
            *position = start + index.number as u64 * u64::from(bits);
        }
        let place = source.anywhere(*position, most);
        let head = Head::read::<S, N>(place, params);
        group.note(slot, &head);
        let mut cursor = Cursor::begin(place.bits, head, S::TYPE.bits());
        planes::<M, N>(machine, place.bits, &mut cursor, slot, group);
        let bits = (cursor.at - place.at).max(u64::from(params.minbits));
        *position += bits;
        if *position > source.len() {
            return slot;
        }
    }
    indices.len()
}

/// Reads all that is left of a block's planes.
#[inline(always)]
fn planes<M: Machine, const N: usize>(
    machine: M,
    bits: Bits<'_>,
    cursor: &mut Cursor,
    slot: usize,
    group: &mut Group,
) {
    while !cursor.is_done() {
        if N == 256 {
            let mut plane = [0; 4];
            plane_any::<M, N>(machine, bits, cursor, &mut plane);
            let k = cursor.count();
            for (set, plane) in group.planes.iter_mut().zip(plane) {
                set.0[k] = plane;
            }
        } else {
            let plane = plane::<M, N>(machine, bits, cursor);
            let k = cursor.count();
            group.keep::<N>(slot, k, plane);
        }
    }
}

/// A plane of at most 64 bits.
#[inline(always)]
fn plane<M: Machine, const N: usize>(machine: M, bits: Bits<'_>, cursor: &mut Cursor) -> u64 {
    let short = match N {
        16 => plane_16(machine, bits, cursor),
        64 => plane_64(machine, bits, cursor),
        _ => None,
    };
    if let Some(plane) = short {
        return plane;
    }
    let mut plane = [0];
    plane_any::<M, N>(machine, bits, cursor, &mut plane);
    plane[0]
}
