//! Arrays in the caller's memory, as blocks: gathered from it, scattered into it.

mod blocks;
#[cfg(feature = "gpu")]
mod boxes;
mod layout;
mod slabs;

pub(crate) use blocks::{BlockIndex, Grid};
pub(crate) use layout::{Layout, Region, check_shape};
pub(crate) use slabs::{Rows, Slab};

use std::fmt;

use crate::error::Result;
use crate::scalar::{Scalar, ScalarType};

/// An array to compress: values in memory, their type, shape and strides.
///
/// Shapes are as in NumPy and `ndarray`: the last axis is the fastest, zfp's x. zfp's
/// `nx, ny, nz, nw` are the shape read backwards.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    bytes: &'a [u8],
    scalar: ScalarType,
    layout: Layout,
}

impl<'a> Field<'a> {
    /// A C-ordered array of 1 to 4 dimensions. `values` may be longer than `shape` says.
    ///
    /// ```
    /// let values: Vec<f32> = (0..60).map(|i| i as f32).collect();
    /// let field = zfp_wgpu::Field::new(&values, &[5, 12])?;
    /// assert_eq!(field.shape(), [5, 12]);
    /// # Ok::<(), zfp_wgpu::Error>(())
    /// ```
    pub fn new<T: Scalar>(values: &'a [T], shape: &[usize]) -> Result<Self> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let layout = Layout::contiguous(shape, size_of::<T>(), bytes.len())?;
        Ok(Self { bytes, scalar: T::TYPE, layout })
    }

    /// Any layout: strides in values, positive, negative or zero, one for each axis of
    /// `shape`; the value at index 0 is `values[start]`.
    ///
    /// ```
    /// // Every other column of a 3 × 4 array, rows from last to first.
    /// let values: Vec<i32> = (0..12).collect();
    /// let field = zfp_wgpu::Field::strided(&values, &[3, 2], &[-4, 2], 8)?;
    /// # Ok::<(), zfp_wgpu::Error>(())
    /// ```
    pub fn strided<T: Scalar>(
        values: &'a [T],
        shape: &[usize],
        strides: &[isize],
        start: usize,
    ) -> Result<Self> {
        let (strides, start) = in_bytes::<T>(strides, start);
        Self::from_bytes(bytemuck::cast_slice(values), T::TYPE, shape, &strides, start)
    }

    /// Any layout over raw bytes: strides and start in bytes, with no need of alignment.
    pub fn from_bytes(
        bytes: &'a [u8],
        scalar: ScalarType,
        shape: &[usize],
        strides: &[isize],
        start: usize,
    ) -> Result<Self> {
        let layout = Layout::strided(shape, strides, start, scalar.size(), bytes.len())?;
        Ok(Self { bytes, scalar, layout })
    }

    /// The type of the values.
    #[must_use]
    pub fn scalar(&self) -> ScalarType {
        self.scalar
    }

    /// The shape, the slowest axis first.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.layout.shape()
    }

    /// Dimensions of the field.
    pub(crate) fn dims(&self) -> usize {
        self.layout.dims
    }

    /// Values along x, y, z and w.
    #[cfg(feature = "gpu")]
    pub(crate) fn size(&self) -> [usize; 4] {
        self.layout.size
    }

    /// Bytes of all values together.
    pub(crate) fn value_bytes(&self) -> usize {
        self.layout.values() * self.layout.item
    }

    /// Whether values lie side by side along x.
    #[cfg(feature = "gpu")]
    pub(crate) fn has_rows(&self) -> bool {
        self.layout.stride[0] == self.layout.item as isize
    }

    pub(crate) fn grid(&self) -> Grid {
        Grid::of(&self.layout)
    }

    /// Hands those of a box's values that are numbered `range`, in C order, to `sink`,
    /// piece by piece.
    #[cfg(feature = "gpu")]
    pub(crate) fn read_region(
        &self,
        region: Region,
        range: std::ops::Range<usize>,
        sink: impl FnMut(&[u8]),
    ) {
        boxes::read(self.bytes, &self.layout.region(region), range, sink);
    }

    /// The values of a block. Where the block leaves the field, each line along x, then
    /// y, z, w is filled up from its own values: `a` → `aaaa`, `ab` → `abba`,
    /// `abc` → `abca`.
    #[inline(always)]
    pub(crate) fn gather<S: Scalar, const N: usize>(&self, block: BlockIndex) -> [S; N] {
        if block.has_whole_rows::<S, N>(&self.layout) {
            let mut values = [S::zeroed(); N];
            let first = self.layout.byte(block.origin());
            for (row, values) in values.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let at = first.wrapping_add_signed(self.layout.row_offset(row));
                let bytes = &self.bytes[at..at + 4 * size_of::<S>()];
                *values = bytemuck::pod_read_unaligned(bytes);
            }
            return values;
        }
        self.gather_any(block)
    }

    /// How many blocks along x, from this one on, lie inside the field with rows of four
    /// that are runs of memory.
    pub(crate) fn whole_blocks<S: Scalar, const N: usize>(&self, block: BlockIndex) -> usize {
        if block.has_whole_rows::<S, N>(&self.layout) {
            self.layout.size[0] / 4 - block.at[0]
        } else {
            0
        }
    }

    /// The first value of a block. Those of [`Field::whole_blocks`] have all their rows
    /// inside the field's memory, [`Field::row_offset`] bytes on.
    #[inline(always)]
    pub(crate) fn block_pointer(&self, block: BlockIndex) -> *const u8 {
        self.bytes.as_ptr().wrapping_add(self.layout.byte(block.origin()))
    }

    /// Bytes from a block's first value to the first of a row, counted along y, then z,
    /// then w.
    pub(crate) fn row_offset(&self, row: usize) -> isize {
        self.layout.row_offset(row)
    }

    #[inline(never)]
    fn gather_any<S: Scalar, const N: usize>(&self, block: BlockIndex) -> [S; N] {
        let layout = &self.layout;
        // Where each of the four places along each axis has its value from.
        let mut source = [[0; 4]; 4];
        for axis in 0..layout.dims {
            let origin = 4 * block.at[axis];
            let inside = (layout.size[axis] - origin).min(4);
            for (place, source) in source[axis].iter_mut().enumerate() {
                *source = origin
                    + match place {
                        _ if place < inside => place,
                        3 => 0,
                        _ => inside - 1,
                    };
            }
        }
        let [x, y, z, w] = source;
        std::array::from_fn(|i| {
            let at = layout.byte([x[i & 3], y[i >> 2 & 3], z[i >> 4 & 3], w[i >> 6]]);
            bytemuck::pod_read_unaligned(&self.bytes[at..at + size_of::<S>()])
        })
    }

    /// Whether the field has just these bits in the block, as far as it is inside.
    #[cfg(feature = "gpu")]
    pub(crate) fn holds<S: Scalar, const N: usize>(
        &self,
        block: BlockIndex,
        values: &[S; N],
    ) -> bool {
        let found = self.gather::<S, N>(block);
        let origin = block.origin();
        found.iter().zip(values).enumerate().all(|(i, (found, value))| {
            let place = [i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6];
            let inside = (0..4).all(|axis| origin[axis] + place[axis] < self.layout.size[axis]);
            !inside || bytemuck::bytes_of(found) == bytemuck::bytes_of(value)
        })
    }

    /// The index, in C order, of the first value that is neither finite nor an integer.
    pub(crate) fn first_non_finite(&self) -> Option<Vec<usize>> {
        let layout = &self.layout;
        let [nx, ny, nz, nw] = layout.size;
        for w in 0..nw {
            for z in 0..nz {
                for y in 0..ny {
                    for x in 0..nx {
                        let at = layout.byte([x, y, z, w]);
                        let bytes = &self.bytes[at..at + layout.item];
                        let finite = match self.scalar {
                            ScalarType::F32 => {
                                bytemuck::pod_read_unaligned::<f32>(bytes).is_finite()
                            }
                            ScalarType::F64 => {
                                bytemuck::pod_read_unaligned::<f64>(bytes).is_finite()
                            }
                            ScalarType::I32 | ScalarType::I64 => true,
                        };
                        if !finite {
                            return Some([w, z, y, x][4 - layout.dims..].to_vec());
                        }
                    }
                }
            }
        }
        None
    }
}

impl fmt::Debug for Field<'_> {
    /// Everything but the values, of which there may be many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("scalar", &self.scalar).field("layout", &self.layout).finish()
    }
}

impl fmt::Debug for FieldMut<'_> {
    /// Everything but the values, of which there may be many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scalar, layout, .. } = self;
        f.debug_struct("FieldMut").field("scalar", scalar).field("layout", layout).finish()
    }
}

/// An array to decompress into: as [`Field`], but written to.
///
/// Where values share memory (strides of zero, say), the one that comes last in the
/// order of the stream stays.
pub struct FieldMut<'a> {
    bytes: &'a mut [u8],
    scalar: ScalarType,
    layout: Layout,
}

impl<'a> FieldMut<'a> {
    /// A C-ordered array of 1 to 4 dimensions. `values` may be longer than `shape` says.
    pub fn new<T: Scalar>(values: &'a mut [T], shape: &[usize]) -> Result<Self> {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(values);
        let layout = Layout::contiguous(shape, size_of::<T>(), bytes.len())?;
        Ok(Self { bytes, scalar: T::TYPE, layout })
    }

    /// Any layout, as [`Field::strided`].
    pub fn strided<T: Scalar>(
        values: &'a mut [T],
        shape: &[usize],
        strides: &[isize],
        start: usize,
    ) -> Result<Self> {
        let (strides, start) = in_bytes::<T>(strides, start);
        Self::from_bytes(bytemuck::cast_slice_mut(values), T::TYPE, shape, &strides, start)
    }

    /// Any layout over raw bytes, as [`Field::from_bytes`].
    pub fn from_bytes(
        bytes: &'a mut [u8],
        scalar: ScalarType,
        shape: &[usize],
        strides: &[isize],
        start: usize,
    ) -> Result<Self> {
        let layout = Layout::strided(shape, strides, start, scalar.size(), bytes.len())?;
        Ok(Self { bytes, scalar, layout })
    }

    /// A C-ordered array of bytes.
    pub(crate) fn contiguous(
        bytes: &'a mut [u8],
        scalar: ScalarType,
        shape: &[usize],
    ) -> Result<Self> {
        let layout = Layout::contiguous(shape, scalar.size(), bytes.len())?;
        Ok(Self { bytes, scalar, layout })
    }

    /// The type of the values.
    #[must_use]
    pub fn scalar(&self) -> ScalarType {
        self.scalar
    }

    /// The shape, the slowest axis first.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.layout.shape()
    }

    /// Bytes of all values together.
    pub(crate) fn value_bytes(&self) -> usize {
        self.layout.values() * self.layout.item
    }

    /// The memory that the values lie in.
    #[cfg(feature = "gpu")]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// The same array, to read.
    #[cfg(feature = "gpu")]
    pub(crate) fn as_field(&self) -> Field<'_> {
        Field { bytes: self.bytes, scalar: self.scalar, layout: self.layout }
    }

    /// Whether no two values share memory, as far as strides tell.
    #[cfg(feature = "gpu")]
    pub(crate) fn is_nested(&self) -> bool {
        self.layout.is_nested()
    }

    /// All of it, to store blocks in.
    pub(crate) fn whole(&mut self) -> Slab<'_> {
        Slab::whole(self.bytes, self.layout)
    }

    /// Cuts the field into about `parts` slabs of whole blocks, as far as it goes, which
    /// may then be written at the same time.
    #[cfg(feature = "parallel")]
    pub(crate) fn slabs(&mut self, parts: usize) -> Vec<Slab<'_>> {
        slabs::cut(self.bytes, &self.layout, parts)
    }

    /// As [`FieldMut::slabs`], each of blocks that follow each other in the stream, and all
    /// in its order; `None` where the values do not lie in memory like that.
    #[cfg(feature = "parallel")]
    pub(crate) fn slabs_in_order(&mut self, parts: usize) -> Option<Vec<Slab<'_>>> {
        slabs::cut_in_order(self.bytes, &self.layout, parts)
    }

    /// As [`FieldMut::slabs`], where the field is a part of one whose blocks begin `lead`
    /// values before it on each axis: between those blocks.
    #[cfg(feature = "parallel")]
    pub(crate) fn part_slabs(&mut self, parts: usize, lead: [usize; 4]) -> Vec<Slab<'_>> {
        slabs::cut_part(self.bytes, &self.layout, parts, lead)
    }

    /// As [`FieldMut::slabs`], of a box that begins with a block, each to be filled by
    /// [`Slab::fill`].
    #[cfg(feature = "gpu")]
    pub(crate) fn region_slabs(&mut self, region: Region, parts: usize) -> Vec<Slab<'_>> {
        slabs::cut(self.bytes, &self.layout.region(region), parts)
    }

    /// Dimensions of the field.
    #[cfg(any(feature = "gpu", feature = "parallel"))]
    pub(crate) fn dims(&self) -> usize {
        self.layout.dims
    }

    #[cfg(any(feature = "gpu", feature = "parallel"))]
    pub(crate) fn grid(&self) -> Grid {
        Grid::of(&self.layout)
    }

    /// Values along x, y, z and w.
    pub(crate) fn size(&self) -> [usize; 4] {
        self.layout.size
    }
}

/// Strides and start, given in values, in bytes; what is too large stays too large.
fn in_bytes<T>(strides: &[isize], start: usize) -> (Vec<isize>, usize) {
    let item = size_of::<T>();
    let strides = strides.iter().map(|&stride| stride.saturating_mul(item as isize)).collect();
    (strides, start.saturating_mul(item))
}
