//! Parts of a field that can be written at the same time, and the writing.
//!
//! A slab is a range of block layers along one axis. Along the axis of the longest
//! stride, its bytes are one range of memory. Where that axis is too short to be cut
//! into enough parts, the next one is cut, and the slab's bytes are one range, a
//! *piece*, for each place along the axes outside of it. Pieces of different slabs
//! never overlap, so the borrow checker sees to it that threads do not meet.

use super::blocks::{BlockIndex, Grid, Runs};
use super::layout::{Layout, MAX_DIMS};
use crate::scalar::Scalar;

/// Most pieces of all slabs together: what keeping account of them may cost.
#[cfg(any(feature = "gpu", feature = "parallel"))]
const MAX_PIECES: usize = 16 << 10;

/// A part of a field that one thread may write.
pub(crate) struct Slab<'a> {
    pub(super) layout: Layout,
    /// The axis along which the field is cut, and which layers of blocks are here.
    pub(super) axis: usize,
    pub(super) layers: (usize, usize),
    /// First byte in the field, and memory, of each piece.
    pub(super) pieces: Vec<(usize, &'a mut [u8])>,
    /// How many pieces lie between neighbours along each axis; 0 inside a piece.
    pub(super) piece_step: [usize; MAX_DIMS],
}

/// Places of a block's rows of four values, in bytes from the lowest of them.
pub(crate) struct Rows {
    /// Of each row, counted along y, then z, then w.
    pub(crate) places: [usize; 64],
    /// From the block's first value to the lowest row.
    first: isize,
    /// Bytes from the lowest row to the end of the highest.
    pub(crate) span: usize,
}

impl<'a> Slab<'a> {
    /// The whole field.
    pub(crate) fn whole(bytes: &'a mut [u8], layout: Layout) -> Self {
        let layers = (0, Grid::of(&layout).counts[0]);
        Self { layout, axis: 0, layers, pieces: vec![(0, bytes)], piece_step: [0; 4] }
    }

    /// Dimensions of the field.
    pub(crate) fn dims(&self) -> usize {
        self.layout.dims
    }

    /// The slab's blocks, in the order of the stream.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = BlockIndex> + use<> {
        Grid::of(&self.layout).slab(self.axis, self.layers.0, self.layers.1)
    }

    /// Some of the slab's blocks, numbered from its first.
    pub(crate) fn runs(&self, blocks: std::ops::Range<usize>) -> Runs {
        Grid::of(&self.layout).runs(self.axis, self.layers, blocks)
    }

    /// How many blocks the slab has.
    pub(crate) fn len(&self) -> usize {
        let mut part = Grid::of(&self.layout);
        part.counts[self.axis] = self.layers.1 - self.layers.0;
        part.len()
    }

    /// Stores a block's values, without those that lie outside the field.
    #[inline(always)]
    pub(crate) fn scatter<S: Scalar, const N: usize>(
        &mut self,
        block: BlockIndex,
        values: &[S; N],
    ) {
        let layout = self.layout;
        if !block.has_whole_rows::<S, N>(&layout) || self.piece_step[0] != 0 {
            return self.scatter_any(block, values);
        }
        let origin @ [x, y, z, w] = block.origin();
        let first = layout.byte(origin);
        for (row, values) in values.as_chunks::<4>().0.iter().enumerate() {
            let piece = self.piece([x, y + (row & 3), z + (row >> 2 & 3), w + (row >> 4)]);
            let (base, bytes) = &mut self.pieces[piece];
            let at = first.wrapping_add_signed(layout.row_offset(row)) - *base;
            let target = &mut bytes[at..at + 4 * size_of::<S>()];
            target.copy_from_slice(bytemuck::bytes_of(values));
        }
    }

    /// Where the rows of a block of `N` values lie beside each other, in any block.
    pub(crate) fn rows<const N: usize>(&self) -> Rows {
        let mut rows = Rows { places: [0; 64], first: 0, span: 0 };
        let offsets: [isize; 64] = std::array::from_fn(|row| self.layout.row_offset(row));
        let offsets = &offsets[..N / 4];
        let lowest = offsets.iter().copied().min().unwrap_or(0);
        rows.first = lowest;
        for (place, offset) in rows.places.iter_mut().zip(offsets) {
            *place = (offset - lowest) as usize;
            rows.span = rows.span.max(*place + 4 * self.layout.item);
        }
        rows
    }

    /// The memory from the lowest row of blocks that are neighbours along x to the end of
    /// their highest, if rows are runs of one piece. `rows` are those of the slab, for
    /// blocks of `N`.
    #[inline(always)]
    pub(crate) fn open_rows<S: Scalar, const N: usize>(
        &mut self,
        first: BlockIndex,
        count: usize,
        rows: &Rows,
    ) -> Option<&mut [u8]> {
        let layout = &self.layout;
        if !first.neighbour(count - 1).has_whole_rows::<S, N>(layout) {
            return None;
        }
        let [(base, bytes)] = self.pieces.as_mut_slice() else { return None };
        let from = layout.byte(first.origin()).wrapping_add_signed(rows.first) - *base;
        bytes.get_mut(from..from + rows.span + (count - 1) * 4 * size_of::<S>())
    }

    /// The piece that holds the value at this index.
    #[inline(always)]
    pub(super) fn piece(&self, index: [usize; MAX_DIMS]) -> usize {
        if self.pieces.len() == 1 {
            return 0;
        }
        index.iter().zip(self.piece_step).map(|(i, step)| i * step).sum()
    }

    #[inline(never)]
    fn scatter_any<S: Scalar, const N: usize>(&mut self, block: BlockIndex, values: &[S; N]) {
        for (i, value) in values.iter().enumerate() {
            let index: [usize; 4] = std::array::from_fn(|a| 4 * block.at[a] + (i >> (2 * a) & 3));
            if index.iter().zip(self.layout.size).any(|(&i, size)| i >= size) {
                continue;
            }
            let piece = self.piece(index);
            let (base, bytes) = &mut self.pieces[piece];
            let at = self.layout.byte(index) - *base;
            bytes[at..at + size_of::<S>()].copy_from_slice(bytemuck::bytes_of(value));
        }
    }
}

/// Cuts a field into slabs: about `parts` where its shape allows, one where its values
/// share memory.
#[cfg(any(feature = "gpu", feature = "parallel"))]
pub(crate) fn cut<'a>(bytes: &'a mut [u8], layout: &Layout, parts: usize) -> Vec<Slab<'a>> {
    let Some((axis, outer)) = axis_to_cut(layout, parts) else {
        return vec![Slab::whole(bytes, *layout)];
    };
    let mut piece_step = [0; MAX_DIMS];
    let mut pieces = 1;
    for &axis in outer.iter().rev() {
        piece_step[axis] = pieces;
        pieces *= layout.size[axis];
    }

    let layers = Grid::of(layout).counts[axis];
    let parts = parts.min(layers).min(MAX_PIECES / pieces).max(1);
    let bounds = |part: usize| layers * part / parts;
    let mut slabs: Vec<Slab<'a>> = (0..parts)
        .map(|part| Slab {
            layout: *layout,
            axis,
            layers: (bounds(part), bounds(part + 1)),
            pieces: Vec::with_capacity(pieces),
            piece_step,
        })
        .collect();

    // Each piece's range of bytes, for splitting the memory from front to back.
    let mut ranges = Vec::with_capacity(parts * pieces);
    for piece in 0..pieces {
        let mut index = [0; MAX_DIMS];
        for &axis in &outer {
            index[axis] = piece / piece_step[axis] % layout.size[axis];
        }
        for (part, slab) in slabs.iter().enumerate() {
            let last = (4 * slab.layers.1).min(layout.size[axis]) - 1;
            let mut corner = index;
            index[axis] = 4 * slab.layers.0;
            corner[axis] = last;
            for inner in (0..layout.dims).filter(|a| *a != axis && !outer.contains(a)) {
                corner[inner] = layout.size[inner] - 1;
            }
            let (low, high) = byte_range(layout, index, corner);
            ranges.push((low, high, part, piece));
        }
    }
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_unstable_by_key(|&i| ranges[i].0);
    let mut memory: Vec<Option<&mut [u8]>> = ranges.iter().map(|_| None).collect();
    let (mut rest, mut at) = (bytes, 0);
    for i in order {
        let (low, high, ..) = ranges[i];
        let (piece, behind) = rest[low - at..].split_at_mut(high - low);
        memory[i] = Some(piece);
        (rest, at) = (behind, high);
    }
    for ((low, _, part, _), piece) in ranges.into_iter().zip(memory) {
        slabs[part].pieces.push((low, piece.unwrap_or_default()));
    }
    slabs
}

/// Lowest and one past the highest byte of the box between two corners.
#[cfg(any(feature = "gpu", feature = "parallel"))]
fn byte_range(layout: &Layout, a: [usize; MAX_DIMS], b: [usize; MAX_DIMS]) -> (usize, usize) {
    let mut ends = [a, b];
    for axis in 0..MAX_DIMS {
        if layout.stride[axis] < 0 {
            let [a, b] = &mut ends;
            std::mem::swap(&mut a[axis], &mut b[axis]);
        }
    }
    (layout.byte(ends[0]), layout.byte(ends[1]) + layout.item)
}

/// The axis along which to cut, and the axes of longer strides outside of it.
#[cfg(any(feature = "gpu", feature = "parallel"))]
fn axis_to_cut(layout: &Layout, parts: usize) -> Option<(usize, Vec<usize>)> {
    if parts < 2 || !layout.is_nested() {
        return None;
    }
    let layers = Grid::of(layout).counts;
    let axes = layout.axes_by_stride();
    let mut pieces = 1;
    let mut best: Option<usize> = None;
    for (i, &axis) in axes.iter().enumerate() {
        if pieces > MAX_PIECES / 2 {
            break;
        }
        if best.is_none_or(|b| layers[axis] > layers[axes[b]]) {
            best = Some(i);
        }
        // Fewer slabs than asked for do well, and fewer pieces do better.
        if layers[axis] >= parts.div_ceil(8).max(2) {
            break;
        }
        pieces *= layout.size[axis];
    }
    let best = best.filter(|&b| layers[axes[b]] > 1)?;
    Some((axes[best], axes[..best].to_vec()))
}

#[cfg(all(test, any(feature = "gpu", feature = "parallel")))]
mod tests {
    use super::*;
    use crate::error::Result;

    /// Each slab writes its blocks' numbers; together they must make what one slab makes.
    fn slabs_make_the_whole(shape: &[usize], strides: &[isize], start: usize) -> Result<usize> {
        let len = 4096 * 4;
        let layout = Layout::strided(shape, strides, start, 4, len)?;
        let store = |slab: &mut Slab<'_>| {
            for block in slab.blocks() {
                let number = block.number as i32;
                match layout.dims {
                    1 => slab.scatter(block, &[number; 4]),
                    2 => slab.scatter(block, &[number; 16]),
                    3 => slab.scatter(block, &[number; 64]),
                    _ => slab.scatter(block, &[number; 256]),
                }
            }
        };
        let mut expected = vec![0xff; len];
        store(&mut Slab::whole(&mut expected, layout));
        let mut fewest = usize::MAX;
        for parts in [1, 2, 3, 7, 100] {
            let mut bytes = vec![0xff; len];
            let mut slabs = cut(&mut bytes, &layout, parts);
            if parts == 2 {
                fewest = slabs.len();
            }
            slabs.iter_mut().for_each(store);
            drop(slabs);
            assert!(bytes == expected, "{shape:?} {strides:?} in {parts}");
        }
        Ok(fewest)
    }

    #[test]
    fn slabs_cover_every_layout() -> Result<()> {
        for (shape, strides, start, slabs) in [
            (&[100][..], &[4][..], 0, 2),
            (&[100], &[-12], 1188, 2),
            (&[20, 30], &[120, 4], 0, 2),
            (&[20, 30], &[4, 80], 0, 2),
            (&[3, 40], &[-160, -4], 476, 2),
            (&[40, 3], &[4, 160], 0, 2),
            (&[1, 2, 50], &[4000, 600, 8], 0, 2),
            (&[5, 6, 7, 8], &[1344, 224, 32, 4], 0, 2),
            (&[5, 6, 7, 8], &[4, 20, 120, 840], 0, 2),
            (&[9, 9], &[0, 4], 0, 1),
            (&[9, 9], &[4, 4], 0, 1),
            (&[3, 3], &[12, 4], 0, 1),
            (&[1], &[4], 0, 1),
        ] {
            assert_eq!(slabs_make_the_whole(shape, strides, start)?, slabs, "{shape:?}");
        }
        Ok(())
    }
}
