//! Values to memory.

use crate::block::BlockScalar;
use crate::field::{BlockIndex, Rows, Slab};

/// Stores the values of `count` blocks that are neighbours along x, without those that
/// lie outside the field. `rows` are those of the slab.
#[inline(always)]
pub(super) fn blocks<S: BlockScalar, const N: usize>(
    slab: &mut Slab<'_>,
    (first, count): (BlockIndex, usize),
    rows: &Rows,
    values: &[[S; N]],
) {
    let values = &values[..count];
    if count == 0 {
        return;
    }
    let Some(memory) = slab.open_rows::<S, N>(first, count, rows) else {
        for (steps, values) in values.iter().enumerate() {
            slab.scatter(first.neighbour(steps), values);
        }
        return;
    };
    if N == 4 {
        // Neighbours are one run.
        memory.copy_from_slice(bytemuck::cast_slice(values.as_flattened()));
        return;
    }
    let length = 4 * size_of::<S>();
    for (steps, values) in values.iter().enumerate() {
        for (row, place) in values.as_chunks::<4>().0.iter().zip(&rows.places) {
            let at = place + steps * length;
            debug_assert!(at + size_of_val(row) <= memory.len());
            // SAFETY:
            // * `memory` is as long as the span of `rows`, in which four values fit behind
            //   each place, and four values for each further block;
            // * it may be written, at any alignment, and any bits are good for bytes.
            unsafe {
                let place = memory.as_mut_ptr().add(at);
                if size_of::<S>() == 4 {
                    place.cast::<[S; 4]>().write_unaligned(*row);
                } else {
                    // Numbers of 64 bits would be copied one by one, but bytes are not.
                    std::ptr::copy_nonoverlapping(row.as_ptr().cast::<u8>(), place, length);
                }
            }
        }
    }
}
