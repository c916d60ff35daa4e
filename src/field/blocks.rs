//! The grid of blocks over a field, in the order of the stream: x fastest.

use std::ops::Range;

use super::layout::{Layout, MAX_DIMS};

/// How many blocks lie along each axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) counts: [usize; MAX_DIMS],
}

impl Grid {
    pub(crate) fn of(layout: &Layout) -> Self {
        Self { counts: layout.size.map(|size| size.div_ceil(4)) }
    }

    /// All blocks.
    pub(crate) fn len(&self) -> usize {
        self.counts.iter().product()
    }

    /// The blocks numbered `from` to `to`, in order.
    pub(crate) fn range(self, from: usize, to: usize) -> impl Iterator<Item = BlockIndex> {
        let mut rest = from;
        let mut at = self.counts.map(|count| {
            let position = rest % count;
            rest /= count;
            position
        });
        (from..to).map(move |number| {
            let block = BlockIndex { number, at };
            for (position, count) in at.iter_mut().zip(self.counts) {
                *position += 1;
                if *position < count {
                    break;
                }
                *position = 0;
            }
            block
        })
    }

    /// The blocks whose position along `axis` is in `from..to`, in order.
    pub(crate) fn slab(
        self,
        axis: usize,
        from: usize,
        to: usize,
    ) -> impl Iterator<Item = BlockIndex> {
        let mut part = self;
        part.counts[axis] = to - from;
        self.part(axis, from, to, 0..part.len())
    }

    /// Some of these blocks, numbered among themselves.
    pub(crate) fn part(
        self,
        axis: usize,
        from: usize,
        to: usize,
        blocks: Range<usize>,
    ) -> impl Iterator<Item = BlockIndex> {
        let mut part = self;
        part.counts[axis] = to - from;
        let row = if axis == 0 { from } else { 0 };
        let mut number = None;
        part.range(blocks.start, blocks.end).map(move |mut block| {
            block.at[axis] += from;
            let mut next = number.unwrap_or(0);
            if block.at[0] == row || number.is_none() {
                // A new row; within one, numbers go up by one.
                next = block.at.iter().zip(self.counts).rev().fold(0, |n, (at, c)| n * c + at);
            }
            block.number = next;
            number = Some(next + 1);
            block
        })
    }
}

/// One block: its place in the stream, and in the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockIndex {
    pub(crate) number: usize,
    pub(crate) at: [usize; MAX_DIMS],
}

impl BlockIndex {
    /// Index of the block's first value in the field, x first.
    #[inline(always)]
    pub(crate) fn origin(self) -> [usize; MAX_DIMS] {
        self.at.map(|at| 4 * at)
    }

    /// Whether the block, of `N` values, lies inside the field and its rows of four are
    /// runs of memory: the common case, which has a short way in and out.
    #[inline(always)]
    pub(crate) fn has_whole_rows<S, const N: usize>(self, layout: &Layout) -> bool {
        let dims = N.ilog2() as usize / 2;
        let origin = self.origin();
        layout.stride[0] == size_of::<S>() as isize
            && (0..dims).all(|axis| origin[axis] + 4 <= layout.size[axis])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slabs_and_ranges_agree() {
        let grid = Grid { counts: [3, 2, 4, 1] };
        let all: Vec<_> = grid.range(0, grid.len()).collect();
        assert_eq!(all.len(), 24);
        assert!(all.iter().enumerate().all(|(i, block)| block.number == i));
        assert_eq!(grid.range(7, 20).collect::<Vec<_>>(), all[7..20]);
        for axis in 0..4 {
            let mut blocks: Vec<_> =
                (0..grid.counts[axis]).flat_map(|from| grid.slab(axis, from, from + 1)).collect();
            let first: Vec<_> = grid.slab(axis, 0, 1).collect();
            assert_eq!(grid.part(axis, 0, 1, 3..6).collect::<Vec<_>>(), first[3..6]);
            blocks.sort_by_key(|block| block.number);
            assert_eq!(blocks, all);
        }
    }
}
