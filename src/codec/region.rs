//! Parts of arrays, from the blocks that they need.

use std::ops::Range;
use std::time::Instant;

use super::{Decompressed, Decompressor, allocate};
use crate::block::Params;
use crate::cpu::{self, Blocks};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::field::{FieldMut, Grid, check_shape};
use crate::header::Header;
use crate::mode::Mode;
use crate::report::{self, Run, Seconds};
use crate::scalar::{Scalar, ScalarType};

impl Decompressor {
    /// Decompresses a box of the array of a stream that has a header: one range of values
    /// for each axis, the slowest axis first.
    ///
    /// Only the blocks that the box lies in are read. At a fixed rate they are found at once;
    /// elsewhere with an [`Index`](crate::Index), if there is one, and else by a walk from the
    /// beginning of the stream. The limit of [`Decompressor::max_output_bytes`] is one of
    /// the box. Regions are read on the CPU.
    ///
    /// ```
    /// use zfp_wgpu::{Decompressor, Field, Mode, compress};
    ///
    /// let values: Vec<i64> = (0..6000).collect();
    /// let stream = compress(&Field::new(&values, &[60, 100])?, Mode::Reversible)?;
    /// let part = Decompressor::new().decompress_region::<i64>(&stream, &[7..9, 50..52])?;
    /// assert_eq!((part.values, part.shape), (vec![750, 751, 850, 851], vec![2, 2]));
    /// # Ok::<(), zfp_wgpu::Error>(())
    /// ```
    pub fn decompress_region<T: Scalar>(
        &self,
        stream: &[u8],
        ranges: &[Range<usize>],
    ) -> Result<Decompressed<T>> {
        let source = self.source(stream)?;
        if source.scalar != T::TYPE {
            return Err(Error::ScalarMismatch { stream: source.scalar, array: T::TYPE });
        }
        self.region_of(&source, ranges)
    }

    /// Decompresses a box of the array of a stream that has a header into an array of its
    /// type and of the box's shape; see [`Decompressor::decompress_region`].
    pub fn decompress_region_into(
        &self,
        stream: &[u8],
        ranges: &[Range<usize>],
        field: FieldMut<'_>,
    ) -> Result<()> {
        self.region_into(&self.source(stream)?, ranges, field)
    }

    /// Decompresses a box of the array of a stream without a header, which must have been
    /// compressed in this mode from an array of this shape and type; see
    /// [`Decompressor::decompress_region`].
    pub fn decompress_region_headerless<T: Scalar>(
        &self,
        stream: &[u8],
        mode: Mode,
        shape: &[usize],
        ranges: &[Range<usize>],
    ) -> Result<Vec<T>> {
        let source = self.headerless_source(stream, mode, T::TYPE, shape)?;
        self.region_of(&source, ranges).map(|part| part.values)
    }

    /// The same into an array of its type and of the box's shape.
    pub fn decompress_region_headerless_into(
        &self,
        stream: &[u8],
        mode: Mode,
        shape: &[usize],
        ranges: &[Range<usize>],
        field: FieldMut<'_>,
    ) -> Result<()> {
        let source = self.headerless_source(stream, mode, field.scalar(), shape)?;
        self.region_into(&source, ranges, field)
    }

    /// The shape of a box of the array of a stream that has a header, after all checks: what
    /// is to be done before allocating for it.
    pub fn inspect_region(&self, stream: &[u8], ranges: &[Range<usize>]) -> Result<Vec<usize>> {
        let source = self.source(stream)?;
        let shape = source.shape_of(ranges)?;
        self.check_output(source.scalar, &shape)?;
        Ok(shape)
    }

    fn source<'a>(&self, stream: &'a [u8]) -> Result<Source<'a>> {
        let Header { scalar, shape, params, bits: start } = Header::read(stream)?;
        self.check_stream(stream, start, scalar, &shape, params)?;
        Ok(Source { stream, start, scalar, shape, params })
    }

    fn headerless_source<'a>(
        &self,
        stream: &'a [u8],
        mode: Mode,
        scalar: ScalarType,
        shape: &[usize],
    ) -> Result<Source<'a>> {
        check_shape(shape)?;
        let params = mode.params(scalar, shape.len())?;
        self.check_stream(stream, 0, scalar, shape, params)?;
        Ok(Source { stream, start: 0, scalar, shape: shape.to_vec(), params })
    }

    fn region_of<T: Scalar>(
        &self,
        source: &Source<'_>,
        ranges: &[Range<usize>],
    ) -> Result<Decompressed<T>> {
        let shape = source.shape_of(ranges)?;
        self.check_output(source.scalar, &shape)?;
        let mut values = allocate::<T>(&shape)?;
        self.region_into(source, ranges, FieldMut::new(&mut values, &shape)?)?;
        Ok(Decompressed { values, shape })
    }

    fn region_into(
        &self,
        source: &Source<'_>,
        ranges: &[Range<usize>],
        mut field: FieldMut<'_>,
    ) -> Result<()> {
        let begun = Instant::now();
        let shape = source.shape_of(ranges)?;
        let &Source { stream, start, scalar, params, .. } = source;
        if scalar != field.scalar() {
            return Err(Error::ScalarMismatch { stream: scalar, array: field.scalar() });
        }
        if shape != field.shape() {
            return Err(Error::ShapeMismatch { stream: shape, array: field.shape() });
        }
        self.check_output(scalar, &shape)?;
        if let Device::Gpu(_) = self.device {
            let reason = "regions are read on the CPU".to_owned();
            return Err(Error::GpuUnsupported { reason });
        }
        let blocks = Blocks { stream, start, params, scalar, dims: shape.len(), marks: None };
        let mut origin = [0; 4];
        for (origin, range) in origin.iter_mut().zip(ranges.iter().rev()) {
            *origin = range.start;
        }
        let grid = Grid::of_shape(&source.shape);
        let index = self.index.as_ref();
        cpu::decompress_region(blocks, index, grid, origin, self.threads, &mut field)?;
        report::remember(Run {
            device: "CPU".into(),
            gpu: false,
            index: None,
            reason: "regions are read on the CPU".into(),
            failure: None,
            input_bytes: stream.len() as u64,
            output_bytes: field.value_bytes() as u64,
            seconds: Seconds { total: begun.elapsed(), ..Seconds::default() },
        });
        Ok(())
    }
}

/// A stream, and what it holds.
struct Source<'a> {
    stream: &'a [u8],
    start: u64,
    scalar: ScalarType,
    shape: Vec<usize>,
    params: Params,
}

impl Source<'_> {
    /// The shape of a box, if it is one.
    fn shape_of(&self, ranges: &[Range<usize>]) -> Result<Vec<usize>> {
        let dims = self.shape.len();
        if ranges.len() != dims {
            return Err(Error::RangeCount { dims, ranges: ranges.len() });
        }
        for (axis, (range, &size)) in ranges.iter().zip(&self.shape).enumerate() {
            let &Range { start, end } = range;
            if start >= end || end > size {
                return Err(Error::Range { axis, start, end, size });
            }
        }
        Ok(ranges.iter().map(Range::len).collect())
    }
}
