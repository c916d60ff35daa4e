//! The one public way in: [`Compressor`] and [`Decompressor`].

mod batch;
mod indexed;
mod pieces;
mod region;
mod stream;

pub use pieces::{Piece, Pieces};
pub use stream::{StreamCompressor, StreamDecompressor};

use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::device::{self, Device, Wishes};
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut, check_shape};
use crate::header::{self, Header};
use crate::index::{Index, Marks};
use crate::memory;
use crate::mode::Mode;
use crate::report::{self, Run};
use crate::scalar::{Scalar, ScalarType};

/// To how many bits a stream is padded at its end. Nothing else depends on it, and
/// every reader takes either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum StreamWord {
    /// Whole bytes, as zfp built with 8-bit words: Debian's command, the HDF5 filter.
    Bits8,
    /// Whole 64-bit words, as zfp is built by default: `zfpy`.
    #[default]
    Bits64,
}

/// Compresses arrays, all in the same way.
///
/// ```
/// use zfp_wgpu::{Compressor, Field, Mode};
///
/// let values: Vec<f64> = (0..1000).map(|i| (i as f64 / 100.0).sin()).collect();
/// let field = Field::new(&values, &[10, 10, 10])?;
/// let stream = Compressor::new(Mode::Rate(8.0)).compress(&field)?;
/// // 27 blocks of 512 bits behind a header of 96, in whole words.
/// assert_eq!(stream.len(), 1744);
/// # Ok::<(), zfp_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a compressor does nothing until it compresses"]
pub struct Compressor {
    mode: Mode,
    header: bool,
    threads: Option<usize>,
    word: StreamWord,
    non_finite: NonFinitePolicy,
    device: Device,
    validate: bool,
    index_every: Option<u32>,
}

/// A stream, the bits at which its blocks begin and end, and how they are coded.
struct Compressed {
    stream: Vec<u8>,
    start: u64,
    end: u64,
    params: Params,
}

impl Compressor {
    /// A compressor that writes a header, pads to 64-bit words, refuses NaN and infinity
    /// in lossy modes, and uses whichever device is faster and all processors.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            header: true,
            threads: None,
            word: StreamWord::default(),
            non_finite: NonFinitePolicy::default(),
            device: Device::default(),
            validate: false,
            index_every: None,
        }
    }

    /// Where to compress: by default a GPU where that pays, and else the CPU.
    pub fn device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// Whether the CPU checks each byte that a GPU made; see [`Error::GpuDiffers`].
    pub fn validate(self, validate: bool) -> Self {
        Self { validate, ..self }
    }

    /// Whether to begin the stream with a header, without which a reader must be told
    /// type, shape and mode.
    pub fn header(self, header: bool) -> Self {
        Self { header, ..self }
    }

    /// How many threads to use, at most 1024: 1 for the caller's own, `None` or 0 for one
    /// per processor. Without the feature `parallel` it is always one. The bytes are the
    /// same.
    pub fn threads(self, threads: impl Into<Option<usize>>) -> Self {
        Self { threads: threads.into().filter(|&threads| threads > 0), ..self }
    }

    /// To how many bits to pad the stream at its end.
    pub fn stream_word(self, word: StreamWord) -> Self {
        Self { word, ..self }
    }

    /// What lossy modes do with NaN and infinity.
    pub fn non_finite(self, policy: NonFinitePolicy) -> Self {
        Self { non_finite: policy, ..self }
    }

    /// Compresses an array into a new stream.
    pub fn compress(&self, field: &Field<'_>) -> Result<Vec<u8>> {
        self.run(field, None).map(|compressed| compressed.stream)
    }

    fn run(&self, field: &Field<'_>, marks: Option<&mut Marks>) -> Result<Compressed> {
        let scalar = field.scalar();
        let params = self.mode.params(scalar, field.dims())?;
        let header_bits = if self.header { header::bits(params) } else { 0 };
        let mut out = if let Some(bits) = params.fixed_bits() {
            let bytes = (field.grid().len() as u64)
                .checked_mul(u64::from(bits))
                .and_then(|bits| bits.checked_add(header_bits + 63))
                .and_then(|bits| usize::try_from(bits / 64 * 8).ok())
                .ok_or_else(|| Error::ShapeOverflow { shape: field.shape() })?;
            BitWriter::with_room(bytes)?
        } else {
            // Seldom more than the values themselves.
            let bytes = field.value_bytes();
            BitWriter::expecting(bytes.saturating_add(bytes / 16))
        };
        if self.header {
            header::write(&mut out, scalar, &field.shape(), params)?;
        }
        let start = out.position();
        let Self { ref device, validate, threads, .. } = *self;
        let wishes = Wishes { device, validate, threads, index: None };
        let run = device::compress(wishes, field, params, self.non_finite, marks, &mut out)?;
        let end = out.position();
        let stream = out.finish(match self.word {
            StreamWord::Bits8 => 8,
            StreamWord::Bits64 => 64,
        });
        report::remember(Run { output_bytes: stream.len() as u64, ..run });
        Ok(Compressed { stream, start, end, params })
    }
}

/// An array that came out of a stream, in C order.
#[derive(Debug, Clone, PartialEq)]
pub struct Decompressed<T> {
    /// The values, the last axis fastest.
    pub values: Vec<T>,
    /// The shape, the slowest axis first.
    pub shape: Vec<usize>,
}

/// Decompresses streams, all in the same way.
///
/// Streams are not trusted: before anything is allocated, a stream must be long enough
/// for what it claims to hold (exactly, at a fixed rate; elsewhere the fewest bits each
/// block can have, which for floating point is one, so that 1 byte may stand for 8
/// blocks of zeros: set [`Decompressor::max_output_bytes`] for streams of unknown
/// origin). zfp has no checksum, so flipped bits give other values.
///
/// ```
/// use zfp_wgpu::{Compressor, Decompressor, Field, Mode};
///
/// let values: Vec<i32> = (0..60).collect();
/// let stream = Compressor::new(Mode::Reversible).compress(&Field::new(&values, &[5, 12])?)?;
/// let array = Decompressor::new().decompress::<i32>(&stream)?;
/// assert_eq!((array.values, array.shape), (values, vec![5, 12]));
/// # Ok::<(), zfp_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a decompressor does nothing until it decompresses"]
pub struct Decompressor {
    threads: Option<usize>,
    max_output_bytes: Option<u64>,
    device: Device,
    validate: bool,
    index: Option<Index>,
}

impl Decompressor {
    /// A decompressor that uses all processors and has no limit of output.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`Compressor::threads`].
    pub fn threads(self, threads: impl Into<Option<usize>>) -> Self {
        Self { threads: threads.into().filter(|&threads| threads > 0), ..self }
    }

    /// As [`Compressor::device`].
    pub fn device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// Whether the CPU checks each value that a GPU made; see [`Error::GpuDiffers`].
    pub fn validate(self, validate: bool) -> Self {
        Self { validate, ..self }
    }

    /// Refuses, with [`Error::OutputLimit`], streams of larger arrays.
    pub fn max_output_bytes(self, limit: impl Into<Option<u64>>) -> Self {
        Self { max_output_bytes: limit.into(), ..self }
    }

    /// Reads the header of a stream and checks that the stream can hold what it claims
    /// and that the output is allowed: what is to be done before allocating for it.
    pub fn inspect(&self, stream: &[u8]) -> Result<Header> {
        let header = Header::read(stream)?;
        self.check(stream, header.bits, header.scalar, &header.shape, header.params)?;
        Ok(header)
    }

    /// As [`Decompressor::inspect`], for a stream without a header.
    pub fn inspect_headerless(
        &self,
        stream: &[u8],
        mode: Mode,
        scalar: ScalarType,
        shape: &[usize],
    ) -> Result<()> {
        check_shape(shape)?;
        let params = mode.params(scalar, shape.len())?;
        self.check(stream, 0, scalar, shape, params)
    }

    /// Decompresses a stream that has a header into a new array.
    pub fn decompress<T: Scalar>(&self, stream: &[u8]) -> Result<Decompressed<T>> {
        let header = self.inspect(stream)?;
        if header.scalar != T::TYPE {
            return Err(Error::ScalarMismatch { stream: header.scalar, array: T::TYPE });
        }
        let mut values = allocate::<T>(&header.shape)?;
        let mut field = FieldMut::new(&mut values, &header.shape)?;
        self.run(stream, header.bits, header.params, &mut field)?;
        Ok(Decompressed { values, shape: header.shape })
    }

    /// Decompresses a stream that has a header into an array of its type and shape.
    pub fn decompress_into(&self, stream: &[u8], mut field: FieldMut<'_>) -> Result<()> {
        let header = self.inspect(stream)?;
        if header.scalar != field.scalar() {
            return Err(Error::ScalarMismatch { stream: header.scalar, array: field.scalar() });
        }
        if header.shape != field.shape() {
            return Err(Error::ShapeMismatch { stream: header.shape, array: field.shape() });
        }
        self.run(stream, header.bits, header.params, &mut field)
    }

    /// Decompresses a stream without a header, which must have been compressed in this
    /// mode from an array of this shape and type, into a new array.
    pub fn decompress_headerless<T: Scalar>(
        &self,
        stream: &[u8],
        mode: Mode,
        shape: &[usize],
    ) -> Result<Vec<T>> {
        self.inspect_headerless(stream, mode, T::TYPE, shape)?;
        let mut values = allocate::<T>(shape)?;
        self.decompress_headerless_into(stream, mode, FieldMut::new(&mut values, shape)?)?;
        Ok(values)
    }

    /// Decompresses a stream without a header, which must have been compressed in this
    /// mode from an array of this shape and type.
    pub fn decompress_headerless_into(
        &self,
        stream: &[u8],
        mode: Mode,
        mut field: FieldMut<'_>,
    ) -> Result<()> {
        let shape = field.shape();
        self.inspect_headerless(stream, mode, field.scalar(), &shape)?;
        self.run(stream, 0, mode.params(field.scalar(), shape.len())?, &mut field)
    }

    /// Refuses a stream that cannot hold its array, or is not that of the index, and an array
    /// that is not allowed.
    fn check(
        &self,
        stream: &[u8],
        start: u64,
        scalar: ScalarType,
        shape: &[usize],
        params: Params,
    ) -> Result<()> {
        self.check_stream(stream, start, scalar, shape, params)?;
        self.check_output(scalar, shape)
    }

    /// Refuses a stream that cannot hold its array, or is not that of the index.
    fn check_stream(
        &self,
        stream: &[u8],
        start: u64,
        scalar: ScalarType,
        shape: &[usize],
        params: Params,
    ) -> Result<()> {
        check_length(stream.len() as u64, start, scalar, shape, params)?;
        match &self.index {
            Some(index) => index.check(stream, start, scalar, shape, params),
            None => Ok(()),
        }
    }

    /// Refuses an array that is not allowed.
    fn check_output(&self, scalar: ScalarType, shape: &[usize]) -> Result<()> {
        let times = |total: u128, &count: &usize| total.saturating_mul(count as u128);
        let bytes = shape.iter().fold(scalar.size() as u128, times);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        match self.max_output_bytes {
            Some(limit) if bytes > limit => Err(Error::OutputLimit { bytes, limit }),
            _ => Ok(()),
        }
    }

    fn run(
        &self,
        stream: &[u8],
        start: u64,
        params: Params,
        field: &mut FieldMut<'_>,
    ) -> Result<()> {
        let Self { ref device, validate, threads, .. } = *self;
        let index = self.index.as_ref();
        if let Some(index) = index {
            index.check_some(stream)?;
        }
        let wishes = Wishes { device, validate, threads, index };
        report::remember(device::decompress(wishes, stream, start, params, field)?);
        Ok(())
    }
}

/// Refuses a stream of `len` bytes that cannot hold its array.
fn check_length(
    len: u64,
    start: u64,
    scalar: ScalarType,
    shape: &[usize],
    params: Params,
) -> Result<()> {
    // Saturating: a shape given beside a headerless stream may claim anything.
    let times = |total: u128, count: usize| total.saturating_mul(count as u128);
    let blocks = shape.iter().map(|size| size.div_ceil(4)).fold(1, times);
    let bits = blocks.saturating_mul(u128::from(params.fewest_bits(scalar)));
    let needed = bits.saturating_add(u128::from(start)).div_ceil(8);
    if needed > u128::from(len) {
        let needed = u64::try_from(needed).unwrap_or(u64::MAX);
        return Err(Error::Truncated { needed, got: len });
    }
    Ok(())
}

/// Memory for an array, or an error instead of an abort.
fn allocate<T: Scalar>(shape: &[usize]) -> Result<Vec<T>> {
    let values = shape.iter().try_fold(1usize, |values, &size| values.checked_mul(size));
    let values = values.ok_or_else(|| Error::ShapeOverflow { shape: shape.to_vec() })?;
    memory::zeroed(values)
}

/// Compresses an array with a header: [`Compressor`] with its defaults.
pub fn compress(field: &Field<'_>, mode: Mode) -> Result<Vec<u8>> {
    Compressor::new(mode).compress(field)
}

/// Decompresses a stream that has a header: [`Decompressor`] with its defaults.
pub fn decompress<T: Scalar>(stream: &[u8]) -> Result<Decompressed<T>> {
    Decompressor::new().decompress(stream)
}
