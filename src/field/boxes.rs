//! Boxes of values, copied out of and into the caller's memory in C order.
//!
//! A box is copied as runs: as many of its fastest axes as lie one after the other in
//! memory, so that a slab of a C-ordered array is one long copy.

use std::ops::Range;

use super::layout::{Layout, MAX_DIMS, Region};
use super::slabs::Slab;

/// Bytes of values that lie apart in memory, collected before they are handed on.
const COLLECTED: usize = 4096;

impl Layout {
    /// A part of the field as a field of its own, in the same memory.
    pub(super) fn region(&self, region: Region) -> Self {
        Self { size: region.size, start: self.byte(region.origin), ..*self }
    }

    /// Values of a run: along each axis in turn, while the next lies right behind.
    fn run(&self) -> usize {
        let mut run = 1;
        for (&size, &stride) in self.size.iter().zip(&self.stride) {
            if size > 1 && stride != (run * self.item) as isize {
                break;
            }
            run *= size;
        }
        run
    }

    /// The index of a value, given its number in C order.
    fn index(&self, mut number: usize) -> [usize; MAX_DIMS] {
        self.size.map(|size| {
            let index = number % size;
            number /= size;
            index
        })
    }
}

/// Hands the values numbered `range`, in C order, of a field to `sink`, piece by piece.
pub(super) fn read(
    bytes: &[u8],
    layout: &Layout,
    range: Range<usize>,
    mut sink: impl FnMut(&[u8]),
) {
    let item = layout.item;
    let run = layout.run();
    // Short runs are collected, so that the sink is not called for each.
    if run * item >= COLLECTED / 8 {
        let mut at = range.start;
        while at < range.end {
            let len = (run - at % run).min(range.end - at);
            let byte = layout.byte(layout.index(at));
            sink(&bytes[byte..byte + len * item]);
            at += len;
        }
        return;
    }
    match item {
        4 => collect::<4>(bytes, layout, range, &mut sink),
        _ => collect::<8>(bytes, layout, range, &mut sink),
    }
}

/// As [`read`], value by value, for items of `ITEM` bytes.
fn collect<const ITEM: usize>(
    bytes: &[u8],
    layout: &Layout,
    range: Range<usize>,
    sink: &mut impl FnMut(&[u8]),
) {
    let mut buffer = [0; COLLECTED];
    let mut filled = 0;
    let mut at = range.start;
    let [row, ..] = layout.size;
    while at < range.end {
        // The rest of a row, as far as it is wanted and has room.
        let len = (row - at % row).min(range.end - at).min((COLLECTED - filled) / ITEM);
        let mut byte = layout.byte(layout.index(at));
        for target in buffer[filled..filled + len * ITEM].as_chunks_mut::<ITEM>().0 {
            target.copy_from_slice(&bytes[byte..byte + ITEM]);
            byte = byte.wrapping_add_signed(layout.stride[0]);
        }
        at += len;
        filled += len * ITEM;
        if filled == COLLECTED || at == range.end {
            sink(&buffer[..filled]);
            filled = 0;
        }
    }
}

impl Slab<'_> {
    /// Fills the slab from the values of the whole field in C order. Where values share
    /// memory, the one that comes last in the order of the stream stays.
    pub(crate) fn fill(&mut self, values: &[u8]) {
        if !self.layout.is_nested() {
            return self.fill_blocks(values);
        }
        if self.layout.item == 4 {
            self.fill_runs::<4>(values);
        } else {
            self.fill_runs::<8>(values);
        }
    }

    fn fill_runs<const ITEM: usize>(&mut self, values: &[u8]) {
        let layout = self.layout;
        // The part of the field that is here.
        let part = Layout { size: self.part.size, ..layout };
        let mut run = 1;
        for axis in 0..MAX_DIMS {
            let here = part.size[axis];
            let behind = here == 1 || layout.stride[axis] == (run * ITEM) as isize;
            if !behind || self.piece_step[axis] != 0 {
                break;
            }
            run *= here;
            if here != layout.size[axis] {
                break;
            }
        }
        let is_strided = run == 1;
        let len = if is_strided { part.size[0] } else { run };
        let total = part.size.iter().product();
        let mut at = 0;
        while at < total {
            let mut index = part.index(at);
            for (index, first) in index.iter_mut().zip(self.part.origin) {
                *index += first;
            }
            let number = index.iter().zip(layout.size).rev().fold(0, |n, (i, size)| n * size + i);
            let source = &values[number * ITEM..(number + len) * ITEM];
            let piece = self.piece(index);
            let byte = layout.byte(index);
            if is_strided {
                for (x, value) in source.as_chunks::<ITEM>().0.iter().enumerate() {
                    let (base, bytes) = &mut self.pieces[piece + x * self.piece_step[0]];
                    let byte = byte.wrapping_add_signed(x as isize * layout.stride[0]) - *base;
                    bytes[byte..byte + ITEM].copy_from_slice(value);
                }
            } else {
                let (base, bytes) = &mut self.pieces[piece];
                bytes[byte - *base..byte - *base + len * ITEM].copy_from_slice(source);
            }
            at += len;
        }
    }

    /// Value by value, in the order of the stream.
    fn fill_blocks(&mut self, values: &[u8]) {
        let layout = self.layout;
        for block in self.blocks() {
            for i in 0..1 << (2 * layout.dims) {
                let index: [usize; MAX_DIMS] =
                    std::array::from_fn(|a| 4 * block.at[a] + (i >> (2 * a) & 3));
                if index.iter().zip(layout.size).any(|(&i, size)| i >= size) {
                    continue;
                }
                let number =
                    index.iter().zip(layout.size).rev().fold(0, |n, (i, size)| n * size + i);
                let source = &values[number * layout.item..(number + 1) * layout.item];
                let piece = self.piece(index);
                let (base, bytes) = &mut self.pieces[piece];
                let byte = layout.byte(index) - *base;
                bytes[byte..byte + layout.item].copy_from_slice(source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::field::{Field, FieldMut};
    use crate::scalar::ScalarType;

    /// Shapes and strides of all sorts, over 4096 values of 4 bytes.
    const LAYOUTS: [(&[usize], &[isize], usize); 12] = [
        (&[100], &[4], 0),
        (&[1000], &[-12], 11988),
        (&[20, 30], &[120, 4], 0),
        (&[20, 30], &[4, 80], 0),
        (&[3, 40], &[-160, -4], 476),
        (&[40, 3], &[5, 160], 1),
        (&[1, 2, 50], &[4000, 600, 8], 0),
        (&[5, 6, 7, 8], &[1344, 224, 32, 4], 3),
        (&[5, 6, 7, 8], &[4, 20, 120, 840], 0),
        (&[9, 9], &[0, 4], 0),
        (&[9, 9], &[4, 4], 0),
        (&[3, 300], &[1200, 4], 0),
    ];

    /// The whole field and some of its boxes.
    fn regions(size: [usize; 4]) -> Vec<Region> {
        let mut regions = vec![Region { origin: [0; 4], size }];
        for axis in 0..4 {
            for origin in (0..size[axis]).step_by(4) {
                let mut region = Region { origin: [0; 4], size };
                region.origin[axis] = origin;
                region.size[axis] = (size[axis] - origin).min(8);
                regions.push(region);
            }
        }
        regions
    }

    #[test]
    fn boxes_come_out_in_c_order() -> Result<()> {
        let bytes: Vec<u8> = (0..4096u32).flat_map(u32::to_le_bytes).collect();
        for (shape, strides, start) in LAYOUTS {
            let field = Field::from_bytes(&bytes, ScalarType::I32, shape, strides, start)?;
            for region in regions(field.layout.size) {
                let part = field.layout.region(region);
                let expected: Vec<u8> = (0..region.values())
                    .flat_map(|number| {
                        let byte = part.byte(part.index(number));
                        bytes[byte..byte + 4].iter().copied()
                    })
                    .collect();
                let total = region.values();
                for cuts in [vec![0, total], vec![0, total / 3, total - total / 4, total]] {
                    let mut got: Vec<u8> = Vec::new();
                    for cut in cuts.windows(2) {
                        field.read_region(region, cut[0]..cut[1], |bytes| got.extend(bytes));
                    }
                    assert!(got == expected, "{shape:?} {strides:?} {region:?}");
                }
            }
        }
        Ok(())
    }

    #[test]
    fn boxes_go_back_where_they_were() -> Result<()> {
        for (shape, strides, start) in LAYOUTS {
            let mut sample = vec![0; 4096 * 4];
            let size =
                FieldMut::from_bytes(&mut sample, ScalarType::I32, shape, strides, start)?.layout;
            for region in regions(size.size) {
                let part = size.region(region);
                let values: Vec<u8> =
                    (0..region.values() as u32).flat_map(|n| (n + 1).to_le_bytes()).collect();
                // Value by value, in the order of the stream.
                let mut expected = vec![0xee; 4096 * 4];
                Slab::whole(&mut expected, part).fill_blocks(&values);
                for parts in [1, 2, 5, 40] {
                    let mut got = vec![0xee; 4096 * 4];
                    let mut field =
                        FieldMut::from_bytes(&mut got, ScalarType::I32, shape, strides, start)?;
                    for mut slab in field.region_slabs(region, parts) {
                        slab.fill(&values);
                    }
                    assert!(got == expected, "{shape:?} {strides:?} {region:?} in {parts}");
                }
            }
        }
        Ok(())
    }
}
