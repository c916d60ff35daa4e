//! Where an array's values lie in memory, with proof that all of them lie there.

use crate::error::{Error, Result};

/// Most dimensions of a field.
pub(crate) const MAX_DIMS: usize = 4;

/// Shape and byte strides of a field, x first as zfp counts; absent axes have size 1
/// and stride 0. Made only by checks that keep every value inside the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) dims: usize,
    pub(crate) size: [usize; MAX_DIMS],
    pub(crate) stride: [isize; MAX_DIMS],
    /// Byte of the value at index 0.
    pub(crate) start: usize,
    /// Bytes of a value.
    pub(crate) item: usize,
}

/// A part of a field: the index of its first value, and values along each axis, x first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) origin: [usize; MAX_DIMS],
    pub(crate) size: [usize; MAX_DIMS],
}

#[cfg(feature = "gpu")]
impl Region {
    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.size.iter().product()
    }
}

impl Layout {
    /// All of the field.
    pub(crate) fn all(&self) -> Region {
        Region { origin: [0; MAX_DIMS], size: self.size }
    }

    /// A C-ordered array: the last axis varies fastest.
    pub(crate) fn contiguous(shape: &[usize], item: usize, len: usize) -> Result<Self> {
        check_shape(shape)?;
        let overflow = || Error::ShapeOverflow { shape: shape.to_vec() };
        let mut strides = [0; MAX_DIMS];
        let mut stride = item;
        for axis in (0..shape.len()).rev() {
            strides[axis] = isize::try_from(stride).map_err(|_| overflow())?;
            stride = stride.checked_mul(shape[axis]).ok_or_else(overflow)?;
        }
        Self::strided(shape, &strides[..shape.len()], 0, item, len)
    }

    /// Any array, with strides in bytes and the value at index 0 at byte `start`.
    pub(crate) fn strided(
        shape: &[usize],
        strides: &[isize],
        start: usize,
        item: usize,
        len: usize,
    ) -> Result<Self> {
        check_shape(shape)?;
        let dims = shape.len();
        if strides.len() != dims {
            return Err(Error::StrideCount { dims, strides: strides.len() });
        }
        let mut layout = Self { dims, size: [1; 4], stride: [0; 4], start, item };
        let mut values = 1u128;
        let (mut first, mut last) = (start as i128, start as i128 + item as i128);
        for (axis, (&size, &stride)) in shape.iter().zip(strides).enumerate() {
            layout.size[dims - 1 - axis] = size;
            // Of one value, a stride leads nowhere, and may be any number.
            layout.stride[dims - 1 - axis] = if size == 1 { 0 } else { stride };
            values = values.saturating_mul(size as u128);
            let reach = (size as i128 - 1).saturating_mul(stride as i128);
            first = first.saturating_add(reach.min(0));
            last = last.saturating_add(reach.max(0));
        }
        // Broadcast arrays can claim more values than any memory holds.
        if values.saturating_mul(item as u128) > isize::MAX as u128 {
            return Err(Error::ShapeOverflow { shape: shape.to_vec() });
        }
        if first < 0 || last > len as i128 {
            return Err(Error::OutOfBounds { shape: shape.to_vec(), first, last, len });
        }
        Ok(layout)
    }

    /// The shape as the caller gave it: the slowest axis first.
    pub(crate) fn shape(&self) -> Vec<usize> {
        self.size[..self.dims].iter().rev().copied().collect()
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.size.iter().product()
    }

    /// Byte of the value at this index, x first.
    #[inline(always)]
    pub(crate) fn byte(&self, index: [usize; MAX_DIMS]) -> usize {
        let offset: isize = index.iter().zip(self.stride).map(|(&i, s)| i as isize * s).sum();
        self.start.wrapping_add_signed(offset)
    }

    /// Bytes from a block's first value to the first of its row `row`, counted along y,
    /// then z, then w.
    #[inline(always)]
    pub(crate) fn row_offset(&self, row: usize) -> isize {
        let [_, y, z, w] = self.stride;
        (row & 3) as isize * y + (row >> 2 & 3) as isize * z + (row >> 4) as isize * w
    }

    /// Axes of more than one value, the one of the longest stride first.
    pub(crate) fn axes_by_stride(&self) -> Vec<usize> {
        let mut axes: Vec<usize> = (0..self.dims).filter(|&a| self.size[a] > 1).collect();
        axes.sort_by_key(|&a| std::cmp::Reverse((self.stride[a].unsigned_abs(), a)));
        axes
    }

    /// Whether each axis steps over all that the axes of shorter strides reach, so
    /// that no two values share memory and equal steps along an axis never mix.
    pub(crate) fn is_nested(&self) -> bool {
        let mut reach = self.item;
        self.axes_by_stride().iter().rev().all(|&axis| {
            let stride = self.stride[axis].unsigned_abs();
            let clear = stride >= reach;
            reach = reach.saturating_add(stride.saturating_mul(self.size[axis] - 1));
            clear
        })
    }
}

/// 1 to 4 dimensions, none of them empty.
pub(crate) fn check_shape(shape: &[usize]) -> Result<()> {
    if !(1..=MAX_DIMS).contains(&shape.len()) {
        return Err(Error::Dimensions { got: shape.len() });
    }
    match shape.iter().position(|&size| size == 0) {
        Some(axis) => Err(Error::Empty { axis, shape: shape.to_vec() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_buffer_is_refused() {
        assert!(Layout::contiguous(&[3, 4], 4, 48).is_ok());
        assert_eq!(
            Layout::contiguous(&[3, 4], 4, 47),
            Err(Error::OutOfBounds { shape: vec![3, 4], first: 0, last: 48, len: 47 })
        );
        assert!(Layout::strided(&[3], &[-4], 8, 4, 12).is_ok());
        assert!(Layout::strided(&[3], &[-4], 7, 4, 12).is_err());
        assert!(Layout::strided(&[3], &[isize::MAX], 0, 4, 12).is_err());
        assert!(Layout::strided(&[3], &[isize::MIN], 0, 4, 12).is_err());
        assert!(matches!(
            Layout::strided(&[usize::MAX, 2], &[0, 0], 0, 4, 4),
            Err(Error::ShapeOverflow { .. })
        ));
        assert!(matches!(
            Layout::contiguous(&[usize::MAX, usize::MAX], 8, 8),
            Err(Error::ShapeOverflow { .. })
        ));
    }

    #[test]
    fn nesting_is_seen() -> Result<()> {
        assert!(Layout::contiguous(&[5, 6, 7], 8, 8 * 210)?.is_nested());
        assert!(Layout::strided(&[6, 5], &[8, 48], 0, 8, 240)?.is_nested(), "transposed");
        assert!(Layout::strided(&[5, 3], &[-48, 16], 192, 8, 240)?.is_nested(), "every other");
        assert!(!Layout::strided(&[5, 3], &[0, 8], 0, 8, 24)?.is_nested(), "broadcast");
        assert!(!Layout::strided(&[3, 3], &[8, 8], 0, 8, 40)?.is_nested(), "sliding window");
        Ok(())
    }
}
