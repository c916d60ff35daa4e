//! `ndarray` arrays and views in, and out.
//!
//! ndarray gives no safe sight of memory that belongs to a view only in parts, so views
//! with gaps are copied; all others are used where they lie.

use ndarray::{ArrayD, ArrayRef, Dimension, IxDyn};

use crate::codec::{Compressor, Decompressed, Decompressor};
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut};
use crate::mode::Mode;
use crate::scalar::Scalar;

impl Compressor {
    /// Compresses an array or view of 1 to 4 dimensions.
    ///
    /// Values that fill their memory, in whatever order of axes and direction, are read
    /// where they lie. Views with gaps and broadcast views are copied first, whole.
    ///
    /// ```
    /// use ndarray::Array;
    /// use zfp_wgpu::{Compressor, Decompressor, Mode};
    ///
    /// let array = Array::from_shape_fn((20, 30), |(y, x)| (y * x) as f64);
    /// let stream = Compressor::new(Mode::Reversible).compress_array(&array.t())?;
    /// let again = Decompressor::new().decompress_array::<f64>(&stream)?;
    /// assert_eq!(array.t().into_dyn(), again);
    /// # Ok::<(), zfp_wgpu::Error>(())
    /// ```
    pub fn compress_array<T: Scalar, D: Dimension>(
        &self,
        array: &ArrayRef<T, D>,
    ) -> Result<Vec<u8>> {
        if let Some(values) = array.as_slice_memory_order() {
            let (strides, start) = layout(array.shape(), array.strides());
            return self.compress(&Field::strided(values, array.shape(), &strides, start)?);
        }
        let copy = array.as_standard_layout();
        let values = copy.as_slice().unwrap_or_default();
        self.compress(&Field::new(values, array.shape())?)
    }
}

impl Decompressor {
    /// Decompresses a stream that has a header into a new array in C order.
    pub fn decompress_array<T: Scalar>(&self, stream: &[u8]) -> Result<ArrayD<T>> {
        let Decompressed { values, shape } = self.decompress(stream)?;
        into_array(values, &shape)
    }

    /// Decompresses a stream without a header, which must have been compressed in this
    /// mode from an array of this shape and type, into a new array in C order.
    pub fn decompress_headerless_array<T: Scalar>(
        &self,
        stream: &[u8],
        mode: Mode,
        shape: &[usize],
    ) -> Result<ArrayD<T>> {
        into_array(self.decompress_headerless(stream, mode, shape)?, shape)
    }

    /// Decompresses a stream that has a header into an array or view of its type and
    /// shape; through a second array where the view has gaps.
    pub fn decompress_into_array<T: Scalar, D: Dimension>(
        &self,
        stream: &[u8],
        array: &mut ArrayRef<T, D>,
    ) -> Result<()> {
        let claimed = self.inspect(stream)?.shape;
        if claimed != array.shape() {
            return Err(Error::ShapeMismatch { stream: claimed, array: array.shape().to_vec() });
        }
        scatter(
            array,
            |field| self.decompress_into(stream, field),
            || self.decompress_array(stream),
        )
    }

    /// Decompresses a stream without a header, which must have been compressed in this
    /// mode from an array of this shape and type; through a second array where the view
    /// has gaps.
    pub fn decompress_headerless_into_array<T: Scalar, D: Dimension>(
        &self,
        stream: &[u8],
        mode: Mode,
        array: &mut ArrayRef<T, D>,
    ) -> Result<()> {
        let shape = array.shape().to_vec();
        scatter(
            array,
            |field| self.decompress_headerless_into(stream, mode, field),
            || self.decompress_headerless_array(stream, mode, &shape),
        )
    }
}

/// Fills an array in place if its memory can be had, else from a new array.
fn scatter<T: Scalar, D: Dimension>(
    array: &mut ArrayRef<T, D>,
    in_place: impl FnOnce(FieldMut<'_>) -> Result<()>,
    anew: impl FnOnce() -> Result<ArrayD<T>>,
) -> Result<()> {
    let shape = array.shape().to_vec();
    let (strides, start) = layout(&shape, array.strides());
    if let Some(values) = array.as_slice_memory_order_mut() {
        return in_place(FieldMut::strided(values, &shape, &strides, start)?);
    }
    array.assign(&anew()?);
    Ok(())
}

fn into_array<T: Scalar>(values: Vec<T>, shape: &[usize]) -> Result<ArrayD<T>> {
    ArrayD::from_shape_vec(IxDyn(shape), values)
        .map_err(|_| Error::ShapeOverflow { shape: shape.to_vec() })
}

/// Strides, and the place of the value at index 0, of a view over a slice in the order
/// of its memory.
fn layout(shape: &[usize], strides: &[isize]) -> (Vec<isize>, usize) {
    // Where there is but one value, its stride is anything.
    let strides: Vec<isize> =
        shape.iter().zip(strides).map(|(&n, &s)| if n > 1 { s } else { 0 }).collect();
    let backwards = shape.iter().zip(&strides).filter(|&(_, &stride)| stride < 0);
    let start = backwards.map(|(&size, &stride)| (size - 1) * stride.unsigned_abs()).sum();
    (strides, start)
}
