//! The plan: an array as slabs that a device holds at once, in the order of the stream.
//!
//! A slab is a box of blocks whose numbers follow each other: some layers along one
//! axis, whole along the faster axes, one block thick along the slower ones.

use crate::field::{Grid, Region};

/// What one slab holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slab {
    /// Number of its first block.
    pub(crate) first: u64,
    /// How many blocks it has.
    pub(crate) blocks: u64,
    /// Its values, without those outside the array.
    pub(crate) region: Region,
}

/// How an array is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    size: [usize; 4],
    counts: [usize; 4],
    /// The axis that is cut, and blocks of a slab along it.
    axis: usize,
    layers: usize,
}

impl Plan {
    /// The fewest slabs that all fit; `None` if not even a block fits. `fits` is told
    /// the values of a slab along each axis, and must be true of less where it is of more.
    pub(crate) fn new(
        size: [usize; 4],
        grid: Grid,
        fits: impl Fn([usize; 4]) -> bool,
    ) -> Option<Self> {
        let counts = grid.counts;
        let fits = |axis: usize, layers: usize| {
            fits(std::array::from_fn(|a| match a.cmp(&axis) {
                std::cmp::Ordering::Less => size[a],
                std::cmp::Ordering::Equal => size[a].min(4 * layers),
                std::cmp::Ordering::Greater => size[a].min(4),
            }))
        };
        let axis = (0..4).rev().find(|&axis| fits(axis, 1))?;
        let (mut least, mut most) = (1, counts[axis]);
        while least < most {
            let middle = most - (most - least) / 2;
            if fits(axis, middle) {
                least = middle;
            } else {
                most = middle - 1;
            }
        }
        // As many slabs, but of about the same size.
        let slabs = counts[axis].div_ceil(least);
        Some(Self { size, counts, axis, layers: counts[axis].div_ceil(slabs) })
    }

    /// How many slabs there are.
    pub(crate) fn len(&self) -> usize {
        self.along() * self.counts[self.axis + 1..].iter().product::<usize>()
    }

    /// Slabs along the axis that is cut.
    fn along(&self) -> usize {
        self.counts[self.axis].div_ceil(self.layers)
    }

    /// A slab, by its place in the order of the stream.
    pub(crate) fn slab(&self, number: usize) -> Slab {
        let along = self.along();
        let from = number % along * self.layers;
        let to = (from + self.layers).min(self.counts[self.axis]);
        let mut outer = number / along;
        let mut at = [0; 4];
        let mut blocks = [1; 4];
        blocks[..self.axis].copy_from_slice(&self.counts[..self.axis]);
        (at[self.axis], blocks[self.axis]) = (from, to - from);
        for (at, count) in at.iter_mut().zip(self.counts).skip(self.axis + 1) {
            *at = outer % count;
            outer /= count;
        }
        let steps = at.iter().zip(self.counts).rev();
        let origin = at.map(|at| 4 * at);
        Slab {
            first: steps.fold(0, |first, (&at, count)| first * count as u64 + at as u64),
            blocks: blocks.iter().map(|&count| count as u64).product(),
            region: Region {
                origin,
                size: std::array::from_fn(|a| (4 * blocks[a]).min(self.size[a] - origin[a])),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slabs_cover_the_stream_in_order() {
        let sizes = [1, 3, 4, 5, 9, 17];
        let mut plans = 0;
        for (i, &x) in sizes.iter().enumerate() {
            for (j, &y) in sizes.iter().enumerate() {
                for &z in &sizes[..=usize::midpoint(i, j)] {
                    for &w in &sizes[..=i.min(j)] {
                        for most in [1, 4, 15, 16, 64, 256, 300, 1000, 5000, 1 << 20] {
                            plans += usize::from(covers([x, y, z, w], most));
                        }
                    }
                }
            }
        }
        assert!(plans > 2000, "only {plans}");
    }

    /// Checks the plan of slabs of at most `most` values; false if there is none.
    fn covers(size: [usize; 4], most: usize) -> bool {
        let grid = Grid { counts: size.map(|size| size.div_ceil(4)) };
        let fits = |size: [usize; 4]| size.iter().product::<usize>() <= most;
        let Some(plan) = Plan::new(size, grid, fits) else {
            assert!(!fits(size.map(|size| size.min(4))));
            return false;
        };
        let mut next = 0;
        for number in 0..plan.len() {
            let slab = plan.slab(number);
            assert_eq!(slab.first, next, "{size:?} {most}: slab {number}");
            assert!(slab.region.values() <= most);
            // The same values as those of the blocks it claims.
            let blocks: Vec<_> = grid.range(next as usize, (next + slab.blocks) as usize).collect();
            let mut values = 0;
            for block in blocks {
                let at = block.origin();
                assert!((0..4).all(|a| at[a] >= slab.region.origin[a]
                    && at[a] < slab.region.origin[a] + slab.region.size[a]));
                values += (0..4).map(|a| (size[a] - at[a]).min(4)).product::<usize>();
            }
            assert_eq!(values, slab.region.values());
            next += slab.blocks;
        }
        assert_eq!(next as usize, grid.len());
        true
    }
}
