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

    /// That of a C-ordered array of this shape, the slowest axis first.
    pub(crate) fn of_shape(shape: &[usize]) -> Self {
        let mut counts = [1; MAX_DIMS];
        for (count, size) in counts.iter_mut().zip(shape.iter().rev()) {
            *count = size.div_ceil(4);
        }
        Self { counts }
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

    /// The number of the block at this position.
    pub(crate) fn number(&self, at: [usize; MAX_DIMS]) -> usize {
        at.iter().zip(self.counts).rev().fold(0, |number, (at, count)| number * count + at)
    }

    /// The blocks of the box from position `from` up to `to` on each axis, in order.
    pub(crate) fn part(
        self,
        from: [usize; MAX_DIMS],
        to: [usize; MAX_DIMS],
    ) -> impl Iterator<Item = BlockIndex> {
        let part = Self { counts: std::array::from_fn(|axis| to[axis] - from[axis]) };
        let mut number = 0;
        part.range(0, part.len()).map(move |mut block| {
            let is_new_row = block.at[0] == 0;
            for (at, from) in block.at.iter_mut().zip(from) {
                *at += from;
            }
            if is_new_row {
                // Within a row, numbers go up by one.
                number = self.number(block.at);
            }
            block.number = number;
            number += 1;
            block
        })
    }

    /// Some of the blocks of the box between two corners, numbered among themselves, as runs
    /// of neighbours along x.
    pub(crate) fn runs(
        self,
        (first, end): ([usize; MAX_DIMS], [usize; MAX_DIMS]),
        blocks: Range<usize>,
    ) -> Runs {
        let mut rest = blocks.start;
        let at = std::array::from_fn(|axis| {
            let count = end[axis] - first[axis];
            let position = rest % count;
            rest /= count;
            first[axis] + position
        });
        Runs { grid: self, first, end, at, left: blocks.len() }
    }
}

/// Blocks in the order of the stream, some at a time.
pub(crate) struct Runs {
    grid: Grid,
    /// The box of blocks that is walked through.
    first: [usize; MAX_DIMS],
    end: [usize; MAX_DIMS],
    /// Where the next run begins.
    at: [usize; MAX_DIMS],
    left: usize,
}

impl Runs {
    /// The next blocks, at most `most` of them and none if all were had: the first, and
    /// how many; each other has the number and the position along x of its neighbour,
    /// plus one.
    #[inline(always)]
    pub(crate) fn next(&mut self, most: usize) -> (BlockIndex, usize) {
        let block = BlockIndex { number: self.grid.number(self.at), at: self.at };
        let count = most.min(self.left).min(self.end[0] - self.at[0]);
        self.left -= count;
        self.at[0] += count;
        if self.at[0] == self.end[0] {
            self.at[0] = self.first[0];
            for axis in 1..MAX_DIMS {
                self.at[axis] += 1;
                if self.at[axis] < self.end[axis] {
                    break;
                }
                self.at[axis] = self.first[axis];
            }
        }
        (block, count)
    }
}

/// One block: its place in the stream, and in the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockIndex {
    pub(crate) number: usize,
    pub(crate) at: [usize; MAX_DIMS],
}

impl BlockIndex {
    /// The block `steps` further along x.
    #[inline(always)]
    pub(crate) fn neighbour(self, steps: usize) -> Self {
        let Self { number, at: [x, y, z, w] } = self;
        Self { number: number + steps, at: [x + steps, y, z, w] }
    }

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
    fn parts_and_ranges_agree() {
        let grid = Grid { counts: [3, 2, 4, 1] };
        let all: Vec<_> = grid.range(0, grid.len()).collect();
        assert_eq!(all.len(), 24);
        assert!(all.iter().enumerate().all(|(i, block)| block.number == i));
        assert_eq!(grid.range(7, 20).collect::<Vec<_>>(), all[7..20]);
        for axis in 0..4 {
            let layer = |at| {
                let (mut from, mut to) = ([0; 4], grid.counts);
                (from[axis], to[axis]) = (at, at + 1);
                grid.part(from, to)
            };
            let mut blocks: Vec<_> = (0..grid.counts[axis]).flat_map(layer).collect();
            let (mut first, mut end) = ([0; 4], grid.counts);
            (first[axis], end[axis]) = (0, 1);
            let slab: Vec<_> = grid.part(first, end).collect();
            for (most, part) in [(1, 0..slab.len()), (2, 1..slab.len()), (5, 1..3)] {
                let mut runs = grid.runs((first, end), part.clone());
                let mut found = Vec::new();
                loop {
                    let (first, count) = runs.next(most);
                    found.extend((0..count).map(|steps| first.neighbour(steps)));
                    if count == 0 {
                        break;
                    }
                }
                assert_eq!(found, slab[part]);
            }
            blocks.sort_by_key(|block| block.number);
            assert_eq!(blocks, all);
        }
    }
}
