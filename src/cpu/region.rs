//! A box of an array, from no more blocks than it lies in.
//!
//! Its blocks are rows along x, each a run of the stream. A row is decompressed into a small
//! array of its own, a *tile*, and what lies in the box is copied from there. Threads do
//! the rows of slabs of the output, so that they write without meeting.

use std::ops::Range;

use super::simd;
use super::walk::Blocks;
use crate::error::{Error, Result};
use crate::field::{FieldMut, Grid, Region, Slab};
use crate::index::{Index, Marks};
#[cfg(feature = "parallel")]
use crate::threads;

/// Most bytes of a tile: it shall stay in a near cache.
const TILE: usize = 64 << 10;
/// Blocks from one known place to the next, where there is no index.
const EVERY: usize = 8;

/// Reads a box of an array of `grid` blocks into a field of the box's shape; `origin` is
/// the index of the box's first value, x first.
pub(crate) fn decompress(
    blocks: Blocks<'_>,
    index: Option<&Index>,
    grid: Grid,
    origin: [usize; 4],
    threads: Option<usize>,
    field: &mut FieldMut<'_>,
) -> Result<()> {
    #[cfg(feature = "parallel")]
    threads::check(threads)?;
    let walked = if index.is_none() && blocks.params.fixed_bits().is_none() {
        Some(walk(&blocks, span(grid, Region { origin, size: field.size() }))?)
    } else {
        None
    };
    let blocks = Blocks { marks: index.map(Index::marks).or(walked.as_ref()), ..blocks };
    let job = Job { blocks, index, grid, origin };
    #[cfg(feature = "parallel")]
    if threads != Some(1) && field.value_bytes() >= super::parallel::WORTHWHILE {
        use rayon::prelude::*;
        return threads::run(threads, |threads| {
            let parts = if threads == 1 { 1 } else { 16 * threads };
            let mut slabs = field.part_slabs(parts, origin.map(|first| first % 4));
            let slabs = slabs.par_iter_mut().with_max_len(1);
            // The first error in the order of the slabs, whichever comes first in time.
            let done: Vec<Result<()>> = slabs.map(|slab| job.fill(slab)).collect();
            done.into_iter().collect()
        })?;
    }
    let _ = threads;
    job.fill(&mut field.whole())
}

/// The numbers of the first block of a box and of what lies behind its last.
fn span(grid: Grid, Region { origin, size }: Region) -> Range<usize> {
    let last = std::array::from_fn(|axis| (origin[axis] + size[axis] - 1) / 4);
    grid.number(origin.map(|first| first / 4))..grid.number(last) + 1
}

/// The places of some blocks, found from the beginning of the stream.
fn walk(blocks: &Blocks<'_>, needed: Range<usize>) -> Result<Marks> {
    let mut at = blocks.walk(blocks.start, needed.start, |_| ())?;
    let mut offsets = Vec::new();
    let count = needed.len().div_ceil(EVERY);
    let bytes = 8 * count as u64;
    offsets.try_reserve_exact(count).map_err(|_| Error::OutOfMemory { bytes })?;
    for first in needed.clone().step_by(EVERY) {
        offsets.push(at);
        at = blocks.walk(at, EVERY.min(needed.end - first), |_| ())?;
    }
    Ok(Marks { first: needed.start, every: EVERY, offsets })
}

struct Job<'a> {
    blocks: Blocks<'a>,
    index: Option<&'a Index>,
    grid: Grid,
    origin: [usize; 4],
}

impl Job<'_> {
    /// Fills a slab of the box.
    fn fill(&self, slab: &mut Slab<'_>) -> Result<()> {
        let Blocks { stream, params, scalar, dims, .. } = self.blocks;
        let part = slab.part();
        let first: [usize; 4] = std::array::from_fn(|axis| self.origin[axis] + part.origin[axis]);
        let end: [usize; 4] = std::array::from_fn(|axis| first[axis] + part.size[axis]);
        let (from, to) = (first.map(|first| first / 4), end.map(|end| end.div_ceil(4)));

        let block_bytes = scalar.size() << (2 * dims);
        // Where values share memory, that of the last block has to stay.
        let row = if slab.is_nested() { to[0] - from[0] } else { 1 };
        let most = (TILE / block_bytes).min(row);
        let mut tile = vec![0; most * block_bytes];
        let mut known = None;
        // The first block of each row.
        let mut row_end = to;
        row_end[0] = from[0] + 1;
        for row in self.grid.part(from, row_end) {
            for x in (from[0]..to[0]).step_by(most) {
                let count = most.min(to[0] - x);
                let number = row.number + x - from[0];
                if let Some(index) = self.index {
                    index.verify(stream, number..number + count, &mut known)?;
                }
                let mut shape = [4; 4];
                shape[3] = 4 * count;
                let bytes = &mut tile[..count * block_bytes];
                let mut field = FieldMut::contiguous(bytes, scalar, &shape[4 - dims..])?;
                let at = self.blocks.place(number)?;
                simd::decompress(stream, at, params, scalar, &mut field.whole())?;

                let mut corner = row.at;
                corner[0] = x;
                self.copy(&tile, count, corner.map(|at| 4 * at), (first, end), slab);
            }
        }
        Ok(())
    }

    /// Copies what lies in the box from a tile of `count` blocks, whose first value has the
    /// index `corner` in the array, as the box goes from `first` to `end`.
    fn copy(
        &self,
        tile: &[u8],
        count: usize,
        corner: [usize; 4],
        (first, end): ([usize; 4], [usize; 4]),
        slab: &mut Slab<'_>,
    ) {
        let item = self.blocks.scalar.size();
        let size = |axis: usize| if axis == 0 { 4 * count } else { 4 };
        let low: [usize; 4] = std::array::from_fn(|axis| first[axis].max(corner[axis]));
        let high: [usize; 4] = std::array::from_fn(|axis| end[axis].min(corner[axis] + size(axis)));
        for w in low[3]..high[3] {
            for z in low[2]..high[2] {
                for y in low[1]..high[1] {
                    let index = [low[0], y, z, w];
                    let place = std::array::from_fn(|axis| index[axis] - corner[axis]);
                    let [x, y, z, w]: [usize; 4] = place;
                    let from = (((w * 4 + z) * 4 + y) * size(0) + x) * item;
                    let values = &tile[from..from + (high[0] - low[0]) * item];
                    let target = std::array::from_fn(|axis| index[axis] - self.origin[axis]);
                    slab.put_row(target, values);
                }
            }
        }
    }
}
