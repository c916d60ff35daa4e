//! Values to memory.

use crate::block::BlockScalar;
use crate::field::{BlockIndex, Rows, Slab};

/// Stores the values of blocks that follow each other.
#[inline(always)]
pub(super) fn blocks<S: BlockScalar, const N: usize>(
    slab: &mut Slab<'_>,
    blocks: &[BlockIndex],
    rows: &Rows,
    values: &[[S; N]],
) {
    if N == 4
        && let [first, .., last] = blocks
        && let Some(memory) = slab.open_run::<S>(*first, *last)
    {
        let bytes: &[u8] = bytemuck::cast_slice(values.as_flattened());
        if let Some(bytes) = bytes.get(..memory.len()) {
            memory.copy_from_slice(bytes);
            return;
        }
    }
    for (index, values) in blocks.iter().zip(values) {
        block::<S, N>(slab, *index, rows, values);
    }
}

/// Stores a block's values, without those that lie outside the field.
#[inline(always)]
fn block<S: BlockScalar, const N: usize>(
    slab: &mut Slab<'_>,
    block: BlockIndex,
    rows: &Rows,
    values: &[S; N],
) {
    let Some(memory) = slab.open_rows::<S, N>(block, rows) else {
        return slab.scatter(block, values);
    };
    for (row, place) in values.as_chunks::<4>().0.iter().zip(rows.places) {
        debug_assert!(place + size_of_val(row) <= memory.len());
        // SAFETY:
        // * `memory` is as long as the span of `rows`, in which four values fit behind
        //   each place;
        // * it may be written, at any alignment, and any bits are good for bytes.
        unsafe { memory.as_mut_ptr().add(place).cast::<[S; 4]>().write_unaligned(*row) };
    }
}
