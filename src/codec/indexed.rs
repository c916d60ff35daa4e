//! Streams with an index of their blocks.

use super::{Compressed, Compressor, Decompressor};
use crate::block::Params;
use crate::cpu::Blocks;
use crate::error::Result;
use crate::field::{Field, Grid};
use crate::header::{self, Header};
use crate::index::{Index, Marks};
use crate::mode::Mode;
use crate::scalar::ScalarType;

impl Compressor {
    /// How many blocks lie from one entry of an index to the next, 1 to 65536: fewer make
    /// regions faster and the index larger, by 6 to 8 bytes an entry. `None` for as many as
    /// have 4096 values.
    pub fn index_every(self, blocks: impl Into<Option<u32>>) -> Self {
        Self { index_every: blocks.into(), ..self }
    }

    /// Compresses an array into a new stream, the same as [`Compressor::compress`] makes,
    /// and says where its blocks are. At a fixed rate the index has no entries.
    ///
    /// ```
    /// use zfp_wgpu::{Compressor, Decompressor, Field, Mode};
    ///
    /// let values: Vec<f64> = (0..64_000).map(|i| (i as f64 / 99.0).sin()).collect();
    /// let field = Field::new(&values, &[40, 40, 40])?;
    /// let (stream, index) = Compressor::new(Mode::Accuracy(1e-6)).compress_indexed(&field)?;
    /// let decompressor = Decompressor::new().index(&index);
    /// let corner = decompressor.decompress_region::<f64>(&stream, &[0..2, 38..40, 9..10])?;
    /// assert_eq!(corner.shape, [2, 2, 1]);
    /// # Ok::<(), zfp_wgpu::Error>(())
    /// ```
    pub fn compress_indexed(&self, field: &Field<'_>) -> Result<(Vec<u8>, Index)> {
        let mut marks = Marks::new(self.index_every, field.dims())?;
        let is_fixed = self.mode.params(field.scalar(), field.dims())?.fixed_bits().is_some();
        let Compressed { stream, start, end, params } =
            self.run(field, (!is_fixed).then_some(&mut marks))?;
        let params = if self.header { header::recorded(params) } else { params };
        let (scalar, shape) = (field.scalar(), field.shape());
        let ends = (start, end);
        let index = Index::new(&stream, scalar, shape, params, marks, ends, self.threads)?;
        Ok((stream, index))
    }
}

impl Decompressor {
    /// Takes the places of blocks from an index, which must be that of the streams to come:
    /// else there is an error. At a fixed rate it is checked and not needed.
    pub fn index(self, index: &Index) -> Self {
        Self { index: Some(index.clone()), ..self }
    }
}

impl Index {
    /// The index of a stream that has a header, from a walk over its blocks: some times
    /// faster than decompression, on one thread. `every` is that of
    /// [`Compressor::index_every`].
    pub fn of(stream: &[u8], every: impl Into<Option<u32>>) -> Result<Self> {
        let Header { scalar, shape, params, bits } = Decompressor::new().inspect(stream)?;
        Self::by_walk(stream, bits, scalar, shape, params, every.into())
    }

    /// As [`Index::of`], for a stream without a header, which must have been compressed in
    /// this mode from an array of this type and shape.
    pub fn of_headerless(
        stream: &[u8],
        mode: Mode,
        scalar: ScalarType,
        shape: &[usize],
        every: impl Into<Option<u32>>,
    ) -> Result<Self> {
        Decompressor::new().inspect_headerless(stream, mode, scalar, shape)?;
        let params = mode.params(scalar, shape.len())?;
        Self::by_walk(stream, 0, scalar, shape.to_vec(), params, every.into())
    }

    fn by_walk(
        stream: &[u8],
        start: u64,
        scalar: ScalarType,
        shape: Vec<usize>,
        params: Params,
        every: Option<u32>,
    ) -> Result<Self> {
        let dims = shape.len();
        let mut marks = Marks::new(every, dims)?;
        let blocks = Blocks { stream, start, params, scalar, dims, marks: None };
        let count = Grid::of_shape(&shape).len();
        let mut end = start;
        if let Some(bits) = params.fixed_bits() {
            end += count as u64 * u64::from(bits);
        } else {
            for first in (0..count).step_by(marks.every) {
                marks.offsets.push(end);
                end = blocks.walk(end, marks.every.min(count - first), |_| ())?;
            }
        }
        Self::new(stream, scalar, shape, params, marks, (start, end), None)
    }
}
