//! Values to memory.

use std::marker::PhantomData;

use crate::block::BlockScalar;
use crate::field::{BlockIndex, Rows, Slab};

/// Where rows of blocks of `N` values go.
pub(super) struct Target<'a, S, const N: usize> {
    memory: &'a mut [u8],
    /// Of each row of a block, where it begins, in bytes.
    places: &'a [usize; 64],
    /// Bytes from each block to the next.
    step: usize,
    /// How many blocks.
    count: usize,
    scalar: PhantomData<S>,
}

impl<'a, S: BlockScalar, const N: usize> Target<'a, S, N> {
    /// The memory of `count` blocks that are neighbours along x, if their rows are runs of it.
    /// `rows` are those of the slab.
    #[inline(always)]
    pub(super) fn open(
        slab: &'a mut Slab<'_>,
        (first, count): (BlockIndex, usize),
        rows: &'a Rows,
    ) -> Option<Self> {
        if count == 0 {
            return None;
        }
        let memory = slab.open_rows::<S, N>(first, count, rows)?;
        let (places, step) = (&rows.places, 4 * size_of::<S>());
        Some(Self { memory, places, step, count, scalar: PhantomData })
    }

    /// Where whole sets of the values of `count` blocks can be stored: in a target if they fill
    /// it. If they do not, they have to be copied there afterwards.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn of_sets<'t: 'a>(
        count: usize,
        target: Option<Target<'t, S, N>>,
        room: &'a mut [[S; 64]; 4],
    ) -> (Self, Option<Target<'t, S, N>>) {
        match target {
            Some(target) if (count * N).is_multiple_of(64) => (target, None),
            rest => (Self::room(room), rest),
        }
    }

    /// Room for the values of a group, one block after the other.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn room(values: &'a mut [[S; 64]; 4]) -> Self {
        struct Dense<S>(S);
        impl<S> Dense<S> {
            const PLACES: [usize; 64] = {
                let mut places = [0; 64];
                let mut row = 0;
                while row < 64 {
                    places[row] = row * 4 * size_of::<S>();
                    row += 1;
                }
                places
            };
        }
        let memory = bytemuck::cast_slice_mut(values.as_flattened_mut());
        let (places, step) = (const { &Dense::<S>::PLACES }, N * size_of::<S>());
        Self { memory, places, step, count: 256 / N, scalar: PhantomData }
    }

    /// Whether it has all rows of set `set`.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn has_set(&self, set: usize) -> bool {
        64 * (set + 1) <= self.count * N
    }

    /// Where row `row` is, counted block after block. Four values may be written there if there
    /// is such a row.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn row(&mut self, row: usize) -> *mut u8 {
        let at = self.places[row % (N / 4)] + row / (N / 4) * self.step;
        debug_assert!(at + 4 * size_of::<S>() <= self.memory.len());
        self.memory.as_mut_ptr().wrapping_add(at)
    }

    /// Stores values, one block after the other.
    #[inline(always)]
    fn put(self, values: &[[S; N]]) {
        if N == 4 {
            // Neighbours are one run.
            self.memory.copy_from_slice(bytemuck::cast_slice(values.as_flattened()));
            return;
        }
        let Self { memory, places, step, count, .. } = self;
        assert_eq!(values.len(), count);
        let length = 4 * size_of::<S>();
        for (block, values) in values.iter().enumerate() {
            for (values, place) in values.as_chunks::<4>().0.iter().zip(places) {
                let at = place + block * step;
                debug_assert!(at + length <= memory.len());
                // SAFETY:
                // * `memory` is as long as the span of the rows, in which four values fit
                //   behind each place, and four values for each further block;
                // * it may be written, at any alignment, and any bits are good for bytes.
                unsafe {
                    let place = memory.as_mut_ptr().add(at);
                    if size_of::<S>() == 4 {
                        place.cast::<[S; 4]>().write_unaligned(*values);
                    } else {
                        // Numbers of 64 bits would be copied one by one, but bytes are not.
                        std::ptr::copy_nonoverlapping(values.as_ptr().cast::<u8>(), place, length);
                    }
                }
            }
        }
    }
}

/// Stores the values of the first `count` blocks in `room` in their target, if there is one.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn copy<S: BlockScalar, const N: usize>(
    count: usize,
    room: &[[S; 64]; 4],
    target: Option<Target<'_, S, N>>,
) {
    if let Some(target) = target {
        target.put(&room.as_flattened().as_chunks::<N>().0[..count]);
    }
}

/// Stores the values of `count` blocks that are neighbours along x, without those that lie
/// outside the field. `rows` are those of the slab.
#[inline(always)]
pub(super) fn blocks<S: BlockScalar, const N: usize>(
    slab: &mut Slab<'_>,
    (first, count): (BlockIndex, usize),
    rows: &Rows,
    room: &[[S; 64]; 4],
) {
    let values = &room.as_flattened().as_chunks::<N>().0[..count];
    if let Some(target) = Target::<S, N>::open(slab, (first, count), rows) {
        target.put(values);
        return;
    }
    for (steps, values) in values.iter().enumerate() {
        slab.scatter(first.neighbour(steps), values);
    }
}
