//! Parts of a field that can be written at the same time, and the writing.
//!
//! A slab is a box of blocks. Along the axis of the longest stride, a range of layers is
//! one range of memory. Where a box is also cut along axes of shorter strides, its bytes
//! are one range, a *piece*, for each place along the axes outside of the innermost cut.
//! Pieces of different slabs never overlap, so the borrow checker sees to it that threads
//! do not meet.

use super::blocks::{BlockIndex, Grid, Runs};
use super::layout::{Layout, MAX_DIMS, Region};
use crate::scalar::Scalar;

/// Most pieces of all slabs together: what keeping account of them may cost.
#[cfg(any(feature = "gpu", feature = "parallel"))]
const MAX_PIECES: usize = 16 << 10;

/// A part of a field that one thread may write.
pub(crate) struct Slab<'a> {
    pub(super) layout: Layout,
    /// The values that are here: whole blocks, as far as the field goes.
    pub(super) part: Region,
    /// First byte in the field, and memory, of each piece.
    pub(super) pieces: Vec<(usize, &'a mut [u8])>,
    /// How many pieces lie between neighbours along each axis; 0 inside a piece.
    pub(super) piece_step: [usize; MAX_DIMS],
    /// What these steps come to at the slab's first value.
    pub(super) first_piece: usize,
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
        let (part, pieces) = (layout.all(), vec![(0, bytes)]);
        Self { layout, part, pieces, piece_step: [0; 4], first_piece: 0 }
    }

    /// Dimensions of the field.
    pub(crate) fn dims(&self) -> usize {
        self.layout.dims
    }

    /// The slab's blocks, in the order of the stream.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = BlockIndex> + use<> {
        let (from, to) = self.corners();
        Grid::of(&self.layout).part(from, to)
    }

    /// Position of the first block, and one past that of the last, on each axis.
    fn corners(&self) -> ([usize; MAX_DIMS], [usize; MAX_DIMS]) {
        let Region { origin, size } = self.part;
        let end: [usize; MAX_DIMS] = std::array::from_fn(|a| (origin[a] + size[a]).div_ceil(4));
        (origin.map(|first| first / 4), end)
    }

    /// How many blocks there are.
    pub(crate) fn len(&self) -> usize {
        let (from, to) = self.corners();
        to.iter().zip(from).map(|(to, from)| to - from).product()
    }

    /// Number, in the stream, of the first block.
    #[cfg(feature = "parallel")]
    pub(crate) fn first_block(&self) -> usize {
        Grid::of(&self.layout).number(self.corners().0)
    }

    /// How many rows of blocks along x there are.
    #[cfg(feature = "parallel")]
    pub(crate) fn row_count(&self) -> usize {
        let (from, to) = self.corners();
        (1..MAX_DIMS).map(|axis| to[axis] - from[axis]).product()
    }

    /// Has `work` write one of these rows alone, given the number of its first block.
    #[cfg(feature = "parallel")]
    pub(crate) fn with_row<T>(
        &mut self,
        mut row: usize,
        work: impl FnOnce(usize, &mut Self) -> T,
    ) -> T {
        let whole = self.part;
        let (from, to) = self.corners();
        for axis in 1..MAX_DIMS {
            let layers = to[axis] - from[axis];
            let first = 4 * (from[axis] + row % layers);
            row /= layers;
            self.part.origin[axis] = first;
            self.part.size[axis] = (self.layout.size[axis] - first).min(4);
        }
        let done = work(self.first_block(), self);
        self.part = whole;
        done
    }

    /// Some of the slab's blocks, numbered from its first.
    pub(crate) fn runs(&self, blocks: std::ops::Range<usize>) -> Runs {
        Grid::of(&self.layout).runs(self.corners(), blocks)
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

    /// Whether no two values of the field share memory, as far as strides tell.
    pub(crate) fn is_nested(&self) -> bool {
        self.layout.is_nested()
    }

    /// The values that are here.
    pub(crate) fn part(&self) -> Region {
        self.part
    }

    /// Stores the values, as bytes, of a row along x from this index on.
    pub(crate) fn put_row(&mut self, index: [usize; MAX_DIMS], values: &[u8]) {
        let Layout { stride: [stride, ..], item, .. } = self.layout;
        let byte = self.layout.byte(index);
        let piece = self.piece(index);
        let step = self.piece_step[0];
        if step == 0 && stride == item as isize {
            let (base, bytes) = &mut self.pieces[piece];
            bytes[byte - *base..][..values.len()].copy_from_slice(values);
            return;
        }
        for (x, value) in values.chunks_exact(item).enumerate() {
            let (base, bytes) = &mut self.pieces[piece + x * step];
            let at = byte.wrapping_add_signed(x as isize * stride) - *base;
            bytes[at..at + item].copy_from_slice(value);
        }
    }

    /// Where the rows of a block of `N` values lie beside each other, in any block.
    pub(crate) fn block_rows<const N: usize>(&self) -> Rows {
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
        let steps: usize = index.iter().zip(self.piece_step).map(|(i, step)| i * step).sum();
        steps - self.first_piece
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
    let cut =
        parts_in_order(layout, parts).or_else(|| parts_by_stride(layout, parts, [0; MAX_DIMS]));
    match cut {
        Some(parts) => split(bytes, layout, &parts),
        None => vec![Slab::whole(bytes, *layout)],
    }
}

/// As [`cut`], into slabs whose blocks follow each other in the stream.
#[cfg(feature = "parallel")]
pub(crate) fn cut_in_order<'a>(
    bytes: &'a mut [u8],
    layout: &Layout,
    parts: usize,
) -> Option<Vec<Slab<'a>>> {
    parts_in_order(layout, parts).map(|parts| split(bytes, layout, &parts))
}

/// Ranges of layers along one axis, in single layers along all axes that are slower in the
/// stream: if that takes no more pieces than allowed.
#[cfg(any(feature = "gpu", feature = "parallel"))]
fn parts_in_order(layout: &Layout, parts: usize) -> Option<Vec<Region>> {
    if parts < 2 || !layout.is_nested() {
        return None;
    }
    let counts = Grid::of(layout).counts;
    let mut best = None;
    // Blocks outside of the axis.
    let mut outside = 1;
    for axis in (0..layout.dims).rev() {
        let layers = counts[axis].div_ceil(parts.div_ceil(outside));
        let boxes = boxes_in_order(layout, axis, layers);
        if boxes.len() > 1 {
            let (_, outer) = axes_of_pieces(layout, &boxes);
            let pieces =
                |part: &Region| outer.iter().map(|&axis| part.size[axis]).product::<usize>();
            if boxes.iter().map(pieces).sum::<usize>() > MAX_PIECES {
                break;
            }
            best = Some(boxes);
        }
        outside *= counts[axis];
        // Fewer slabs than asked for do well, and those of one piece do better.
        if outside >= parts.div_ceil(8).max(2) {
            break;
        }
    }
    best
}

/// Boxes of so many layers along an axis, and of one along those that are slower.
#[cfg(any(feature = "gpu", feature = "parallel"))]
fn boxes_in_order(layout: &Layout, axis: usize, layers: usize) -> Vec<Region> {
    let mut steps = [1; MAX_DIMS];
    steps[..axis].copy_from_slice(&Grid::of(layout).counts[..axis]);
    steps[axis] = layers;
    let counts: [usize; MAX_DIMS] = std::array::from_fn(|a| layout.size[a].div_ceil(4 * steps[a]));
    let grid = Grid { counts };
    let part = |number: BlockIndex| {
        let origin: [usize; MAX_DIMS] = std::array::from_fn(|a| number.at[a] * 4 * steps[a]);
        let size = std::array::from_fn(|a| (layout.size[a] - origin[a]).min(4 * steps[a]));
        Region { origin, size }
    };
    grid.range(0, grid.len()).map(part).collect()
}

/// As [`cut`], where the field is a part of one whose blocks begin `lead` values before it
/// on each axis: between those blocks.
#[cfg(feature = "parallel")]
pub(crate) fn cut_part<'a>(
    bytes: &'a mut [u8],
    layout: &Layout,
    parts: usize,
    lead: [usize; MAX_DIMS],
) -> Vec<Slab<'a>> {
    match parts_by_stride(layout, parts, lead) {
        Some(parts) => split(bytes, layout, &parts),
        None => vec![Slab::whole(bytes, *layout)],
    }
}

/// Ranges of layers along the axis of the longest stride that has enough of them. The first
/// block begins `lead` values before the field.
#[cfg(any(feature = "gpu", feature = "parallel"))]
fn parts_by_stride(layout: &Layout, parts: usize, lead: [usize; MAX_DIMS]) -> Option<Vec<Region>> {
    let (axis, pieces) = axis_to_cut(layout, parts)?;
    let (size, lead) = (layout.size[axis], lead[axis]);
    let layers = (lead + size).div_ceil(4);
    let parts = parts.min(layers).min(MAX_PIECES / pieces).max(1);
    let layer = |part: usize| (layers as u64 * part as u64 / parts as u64) as usize;
    let bound = |part: usize| (4 * layer(part)).saturating_sub(lead).min(size);
    let part = |number: usize| {
        let mut part = layout.all();
        part.origin[axis] = bound(number);
        part.size[axis] = bound(number + 1) - bound(number);
        part
    };
    Some((0..parts).map(part).collect())
}

/// The axis along which pieces of these parts are ranges of memory, and those of longer
/// strides, for each of whose places there is a piece.
#[cfg(any(feature = "gpu", feature = "parallel"))]
fn axes_of_pieces(layout: &Layout, parts: &[Region]) -> (usize, Vec<usize>) {
    let axes = layout.axes_by_stride();
    let is_cut = |axis: &usize| parts.iter().any(|part| part.size[*axis] != layout.size[*axis]);
    let inner = axes.iter().rposition(is_cut).unwrap_or(0);
    (axes.get(inner).copied().unwrap_or(0), axes[..inner].to_vec())
}

/// The slabs of these parts, which do not overlap, of a field whose strides are nested.
#[cfg(any(feature = "gpu", feature = "parallel"))]
fn split<'a>(bytes: &'a mut [u8], layout: &Layout, parts: &[Region]) -> Vec<Slab<'a>> {
    let (_, outer) = axes_of_pieces(layout, parts);
    let mut slabs: Vec<Slab<'a>> = Vec::with_capacity(parts.len());
    // Each piece's range of bytes, and its slab, for splitting the memory from front to back.
    let mut ranges = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let mut piece_step = [0; MAX_DIMS];
        let mut pieces = 1;
        for &axis in outer.iter().rev() {
            piece_step[axis] = pieces;
            pieces *= part.size[axis];
        }
        for piece in 0..pieces {
            let mut first = part.origin;
            let mut last: [usize; MAX_DIMS] =
                std::array::from_fn(|axis| part.origin[axis] + part.size[axis] - 1);
            for &axis in &outer {
                first[axis] += piece / piece_step[axis] % part.size[axis];
                last[axis] = first[axis];
            }
            let (low, high) = byte_range(layout, first, last);
            ranges.push((low, high, number));
        }
        let first_piece = part.origin.iter().zip(piece_step).map(|(i, step)| i * step).sum();
        let pieces = Vec::with_capacity(pieces);
        slabs.push(Slab { layout: *layout, part: *part, pieces, piece_step, first_piece });
    }
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_unstable_by_key(|&i| ranges[i].0);
    let mut memory: Vec<Option<&mut [u8]>> = ranges.iter().map(|_| None).collect();
    let (mut rest, mut at) = (bytes, 0);
    for i in order {
        let (low, high, _) = ranges[i];
        let (piece, behind) = rest[low - at..].split_at_mut(high - low);
        memory[i] = Some(piece);
        (rest, at) = (behind, high);
    }
    for ((low, _, number), piece) in ranges.into_iter().zip(memory) {
        slabs[number].pieces.push((low, piece.unwrap_or_default()));
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

/// The axis along which to cut, and the pieces of each slab then.
#[cfg(any(feature = "gpu", feature = "parallel"))]
fn axis_to_cut(layout: &Layout, parts: usize) -> Option<(usize, usize)> {
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
    Some((axes[best], axes[..best].iter().map(|&axis| layout.size[axis]).product()))
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
            in_order_too(&layout, parts, &expected, store);
        }
        Ok(fewest)
    }

    /// The same for slabs that follow each other in the stream, and for their rows.
    fn in_order_too(layout: &Layout, parts: usize, expected: &[u8], store: impl Fn(&mut Slab<'_>)) {
        for by_rows in [false, true] {
            let mut bytes = vec![0xff; expected.len()];
            let Some(mut slabs) = parts_in_order(layout, parts) else { return };
            assert!(slabs.len() > 1 && slabs.len() <= parts.max(2) * 2);
            let mut next = 0;
            for slab in &mut split(&mut bytes, layout, std::mem::take(&mut slabs).as_slice()) {
                let numbers: Vec<_> = slab.blocks().map(|block| block.number).collect();
                let range: Vec<_> = (next..next + numbers.len()).collect();
                assert_eq!(numbers, range);
                next += numbers.len();
                if by_rows {
                    (0..slab.row_count()).for_each(|row| slab.with_row(row, |_, row| store(row)));
                } else {
                    store(slab);
                }
            }
            assert_eq!(next, Grid::of(layout).len());
            assert!(bytes == expected, "{layout:?} in {parts}, in order");
        }
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
