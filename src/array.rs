//! `ndarray` views in, `ndarray` arrays and views out.
//!
//! Views whose values fill their memory, in whatever order of axes and direction, are
//! used where they lie. Views with gaps are copied first, a whole second array: the
//! gaps may belong to somebody else.

use ndarray::{ArrayD, ArrayRef, Dimension, IxDyn};

use crate::codec::{Compressor, Decompressed, Decompressor};
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut};
use crate::header::Header;
use crate::scalar::Scalar;

impl Compressor {
    /// Compresses an array or view of 1 to 4 dimensions.
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
        ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|_| Error::ShapeOverflow { shape })
    }

    /// Decompresses a stream that has a header into an array or view of its type and shape.
    pub fn decompress_into_array<T: Scalar, D: Dimension>(
        &self,
        stream: &[u8],
        array: &mut ArrayRef<T, D>,
    ) -> Result<()> {
        let shape = array.shape().to_vec();
        let (strides, start) = layout(&shape, array.strides());
        if let Some(values) = array.as_slice_memory_order_mut() {
            return self
                .decompress_into(stream, FieldMut::strided(values, &shape, &strides, start)?);
        }
        let Header { shape: claimed, .. } = self.inspect(stream)?;
        if claimed != shape {
            return Err(Error::ShapeMismatch { stream: claimed, array: shape });
        }
        array.assign(&self.decompress_array(stream)?);
        Ok(())
    }
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
