//! Compression and decompression in pieces, for arrays larger than memory. The stream is
//! the one that a single call makes.

use super::pieces::{Piece, Pieces};
use super::{Compressor, Decompressor, StreamWord, check_length};
use crate::bitstream::BitWriter;
use crate::block::Params;
use crate::cpu;
use crate::device::{self, Device, Wishes};
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut, check_shape};
use crate::header::{self, Header};
use crate::mode::{Mode, values};
use crate::report::{self, Run};
use crate::scalar::ScalarType;

/// Compresses an array that comes in [pieces](Piece); from [`Compressor::begin`].
///
/// ```
/// use zfp_wgpu::{Compressor, Field, Mode, ScalarType};
///
/// let values: Vec<f32> = (0..100 * 30).map(|i| (i as f32 / 300.0).sin()).collect();
/// let compressor = Compressor::new(Mode::Accuracy(1e-3));
///
/// let mut stream = Vec::new();
/// let mut pieces = compressor.begin(ScalarType::F32, &[100, 30], 1000)?;
/// while let Some(piece) = pieces.next_piece() {
///     // Here, whole rows; they might come from a file.
///     let rows = &values[piece.start[0] * 30..][..piece.values()];
///     stream.extend_from_slice(pieces.push(&Field::new(rows, &piece.shape)?)?);
/// }
/// stream.extend(pieces.finish()?);
///
/// assert_eq!(stream, compressor.compress(&Field::new(&values, &[100, 30])?)?);
/// # Ok::<(), zfp_wgpu::Error>(())
/// ```
#[must_use = "a stream has to be finished"]
pub struct StreamCompressor {
    compressor: Compressor,
    scalar: ScalarType,
    shape: Vec<usize>,
    params: Params,
    pieces: Pieces,
    done: u64,
    blocks: u64,
    out: BitWriter<'static>,
}

impl Compressor {
    /// Begins the stream of an array that comes in pieces of at most `values` values; see
    /// [`Pieces::new`]. Each piece should be some megabytes, to keep all threads busy.
    pub fn begin(
        &self,
        scalar: ScalarType,
        shape: &[usize],
        values: usize,
    ) -> Result<StreamCompressor> {
        let pieces = Pieces::new(shape, values)?;
        let params = self.mode.params(scalar, shape.len())?;
        let mut out = BitWriter::default();
        if self.header {
            header::write(&mut out, scalar, shape, params)?;
        }
        let (compressor, shape) = (self.clone(), shape.to_vec());
        Ok(StreamCompressor { compressor, scalar, shape, params, pieces, done: 0, blocks: 0, out })
    }
}

impl StreamCompressor {
    /// The piece to be pushed next; `None` when all have been.
    #[must_use]
    pub fn next_piece(&self) -> Option<Piece> {
        self.pieces.peek()
    }

    /// Compresses the values of the next piece, and returns the part of the stream that
    /// is finished by them: whole 64-bit words. After an error the same piece is still the
    /// next.
    pub fn push(&mut self, field: &Field<'_>) -> Result<&[u8]> {
        let piece = self.next_piece();
        let (start, shape) =
            piece.map_or_else(Default::default, |piece| (piece.start, piece.shape));
        if field.shape() != shape {
            return Err(Error::ShapeMismatch { stream: shape, array: field.shape() });
        }
        if field.scalar() != self.scalar {
            return Err(Error::ScalarMismatch { stream: self.scalar, array: field.scalar() });
        }
        let Compressor { device, validate, threads, non_finite, .. } = &self.compressor;
        let wishes = Wishes { device, validate: *validate, threads: *threads, index: None };
        let before = self.out.here();
        let run =
            match device::compress(wishes, field, self.params, *non_finite, None, &mut self.out) {
                Ok(run) => run,
                Err(error) => {
                    self.out.commit(before);
                    return Err(in_whole(error, &start, self.blocks));
                }
            };
        self.pieces.next();
        self.done += shape.iter().product::<usize>() as u64;
        self.blocks += blocks(&shape);
        let words = self.out.take_words();
        report::remember(Run { output_bytes: words.len() as u64, ..run });
        Ok(words)
    }

    /// The bits behind the finished words, fewer than 64, with zeros behind them: what a
    /// decompressor needs to read the pieces so far.
    #[must_use]
    pub fn unfinished(&self) -> [u8; 8] {
        self.out.unfinished()
    }

    /// The end of the stream; an error if there are pieces still to come.
    pub fn finish(self) -> Result<Vec<u8>> {
        if self.next_piece().is_some() {
            let times = |values: u64, &size: &usize| values.saturating_mul(size as u64);
            let values = self.shape.iter().fold(1, times);
            return Err(Error::Unfinished { missing: values.saturating_sub(self.done), values });
        }
        Ok(self.out.finish(match self.compressor.word {
            StreamWord::Bits8 => 8,
            StreamWord::Bits64 => 64,
        }))
    }
}

/// Decompresses an array in [pieces](Piece); from [`Decompressor::begin`].
///
/// ```
/// use zfp_wgpu::{Decompressor, Field, FieldMut, Header, Mode, compress};
///
/// let values: Vec<i32> = (0..100 * 30).collect();
/// let stream = compress(&Field::new(&values, &[100, 30])?, Mode::Reversible)?;
///
/// let mut pieces = Decompressor::new().begin(&Header::read(&stream)?, None, 1000)?;
/// let mut array = Vec::new();
/// while let Some(piece) = pieces.next_piece() {
///     let mut rows = vec![0i32; piece.values()];
///     // From a file, as many bytes as the piece can take at most.
///     let rest = &stream[pieces.position() as usize..];
///     let window = &rest[..rest.len().min(pieces.most_bytes() as usize)];
///     pieces.pull(window, FieldMut::new(&mut rows, &piece.shape)?)?;
///     array.extend(rows);
/// }
/// assert_eq!(array, values);
/// # Ok::<(), zfp_wgpu::Error>(())
/// ```
#[must_use = "a decompressor does nothing until it decompresses"]
pub struct StreamDecompressor {
    decompressor: Decompressor,
    scalar: ScalarType,
    params: Params,
    pieces: Pieces,
    /// Where the next block begins, in bits.
    bit: u64,
}

impl Decompressor {
    /// Begins with a stream that has this header, in pieces of at most `values` values. If
    /// its length in bytes is known, it is checked now, as by [`Decompressor::inspect`]. An
    /// index is not used.
    pub fn begin(
        &self,
        header: &Header,
        len: Option<u64>,
        values: usize,
    ) -> Result<StreamDecompressor> {
        let Header { scalar, shape, params, bits } = header;
        self.begin_at(*bits, *scalar, shape, *params, len, values)
    }

    /// As [`Decompressor::begin`], for a stream without a header.
    pub fn begin_headerless(
        &self,
        mode: Mode,
        scalar: ScalarType,
        shape: &[usize],
        len: Option<u64>,
        values: usize,
    ) -> Result<StreamDecompressor> {
        check_shape(shape)?;
        self.begin_at(0, scalar, shape, mode.params(scalar, shape.len())?, len, values)
    }

    fn begin_at(
        &self,
        bit: u64,
        scalar: ScalarType,
        shape: &[usize],
        params: Params,
        len: Option<u64>,
        values: usize,
    ) -> Result<StreamDecompressor> {
        // Whoever has a `Header` may have changed it.
        check_shape(shape)?;
        let params = params.check(scalar)?;
        // A stream of unknown length still has the limit of output.
        if let Some(len) = len {
            check_length(len, bit, scalar, shape, params)?;
        }
        self.check_output(scalar, shape)?;
        let pieces = Pieces::new(shape, values)?;
        Ok(StreamDecompressor { decompressor: self.clone(), scalar, params, pieces, bit })
    }
}

impl StreamDecompressor {
    /// The piece to be pulled next; `None` when all have been.
    #[must_use]
    pub fn next_piece(&self) -> Option<Piece> {
        self.pieces.peek()
    }

    /// The byte of the stream in which the next piece begins: those before it are not needed
    /// any more.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.bit / 8
    }

    /// The number of bytes up to and including the last bit that was read: when all pieces
    /// have been pulled, those of the stream without its padding.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.bit.div_ceil(8)
    }

    /// How many bytes the next piece takes at most, from [`StreamDecompressor::position`] on.
    #[must_use]
    pub fn most_bytes(&self) -> u64 {
        let Some(piece) = self.next_piece() else { return 0 };
        let most = self.params.most_bits(self.scalar, values(piece.shape.len()));
        (self.bit % 8 + blocks(&piece.shape).saturating_mul(u64::from(most))).div_ceil(8)
    }

    /// How many bytes the next piece takes at least: before memory is allocated for it, so
    /// many should be there.
    #[must_use]
    pub fn fewest_bytes(&self) -> u64 {
        let Some(piece) = self.next_piece() else { return 0 };
        let fewest = self.params.fewest_bits(self.scalar);
        (self.bit % 8 + blocks(&piece.shape).saturating_mul(u64::from(fewest))).div_ceil(8)
    }

    /// Decompresses the next piece into `field`, of its shape. `window` is the stream from
    /// [`StreamDecompressor::position`] on, [`StreamDecompressor::most_bytes`] of it or all
    /// that is left.
    pub fn pull(&mut self, window: &[u8], mut field: FieldMut<'_>) -> Result<()> {
        let piece = self.next_piece();
        let shape = piece.map(|piece| piece.shape).unwrap_or_default();
        if field.shape() != shape {
            return Err(Error::ShapeMismatch { stream: shape, array: field.shape() });
        }
        if field.scalar() != self.scalar {
            return Err(Error::ScalarMismatch { stream: self.scalar, array: field.scalar() });
        }
        let begun = self.position();
        let in_stream = |error: Error| match error {
            Error::Truncated { needed, got } => Error::Truncated {
                needed: needed.saturating_add(begun),
                got: got.saturating_add(begun),
            },
            error => error,
        };
        let got = window.len() as u64;
        if got < self.fewest_bytes() {
            return Err(in_stream(Error::Truncated { needed: self.fewest_bytes(), got }));
        }
        let Decompressor { device, validate, threads, .. } = &self.decompressor;
        let wishes = Wishes { device, validate: *validate, threads: *threads, index: None };
        let (start, params) = (self.bit % 8, self.params);
        let blocks = blocks(&shape);
        let end = match params.fixed_bits() {
            Some(bits) => {
                let run = device::decompress(wishes, window, start, params, &mut field);
                report::remember(run.map_err(in_stream)?);
                start + blocks * u64::from(bits)
            }
            // For the reason why a GPU does not do it.
            None if matches!(device, Device::Gpu(_)) => {
                return device::decompress(wishes, window, start, params, &mut field).map(drop);
            }
            None => cpu::decompress_to_end(window, start, params, None, *threads, &mut field, true)
                .map_err(in_stream)?,
        };
        self.pieces.next();
        self.bit += end - start;
        Ok(())
    }
}

/// Blocks of an array of this shape.
fn blocks(shape: &[usize]) -> u64 {
    shape.iter().map(|size| size.div_ceil(4) as u64).product()
}

/// An error of a piece, with its place in the whole array.
fn in_whole(error: Error, start: &[usize], blocks: u64) -> Error {
    match error {
        Error::NonFinite { index } => {
            Error::NonFinite { index: index.iter().zip(start).map(|(i, at)| i + at).collect() }
        }
        Error::GpuDiffers { adapter, block } => {
            Error::GpuDiffers { adapter, block: block + blocks }
        }
        error => error,
    }
}
