//! Values to memory.

use crate::block::BlockScalar;
use crate::field::{BlockIndex, Rows, Slab};

/// Stores a block's values, without those that lie outside the field.
#[inline(always)]
pub(super) fn block<S: BlockScalar, const N: usize>(
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
