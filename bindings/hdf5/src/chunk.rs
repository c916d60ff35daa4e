//! Chunks of a dataset, as zfp's arrays.

use zfp_wgpu::{
    Compressor, Decompressor, Device, Field, FieldMut, Mode, NonFinitePolicy, ScalarType,
    StreamWord,
};

use crate::cd_values::Stored;
use crate::error::{Error, Result};
use crate::memory::Buffer;

/// Type and shape of a dataset's chunks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chunk {
    /// Type of the values.
    pub(crate) scalar: ScalarType,
    /// The chunk's axes that are longer than 1, the slowest first.
    pub(crate) shape: Vec<usize>,
    /// Whether the file has the values in the other byte order than this machine.
    pub(crate) swapped: bool,
}

impl Chunk {
    /// Axes of length 1 do not count, as in H5Z-ZFP; a chunk of one value has one axis.
    pub(crate) fn new(scalar: ScalarType, sizes: &[u64], swapped: bool) -> Result<Self> {
        let used = || sizes.iter().filter(|&&size| size != 1);
        let wrong = || Error::Dimensions { got: used().count(), shape: sizes.to_vec() };
        let shape: std::result::Result<Vec<_>, _> =
            used().map(|&size| usize::try_from(size)).collect();
        let mut shape = shape.map_err(|_| wrong())?;
        if shape.is_empty() {
            shape.push(1);
        }
        if shape.len() > 4 || shape.contains(&0) {
            return Err(wrong());
        }
        Ok(Self { scalar, shape, swapped })
    }

    /// Bytes of all values; 2⁶⁴ − 1 if they are more.
    fn bytes(&self) -> u64 {
        let size = self.scalar.size() as u64;
        self.shape.iter().fold(size, |bytes, &size| bytes.saturating_mul(size as u64))
    }

    /// Bytes from one value to the next along each axis, in C order.
    fn strides(&self) -> Vec<isize> {
        let mut strides = vec![self.scalar.size() as isize];
        for &size in self.shape.iter().skip(1).rev() {
            strides.insert(0, strides[0].saturating_mul(size as isize));
        }
        strides
    }

    /// Turns values into the other byte order.
    fn swap(&self, values: &mut [u8]) {
        values.chunks_exact_mut(self.scalar.size()).for_each(<[u8]>::reverse);
    }
}

/// HDF5's chunks have at most 2³² − 1 bytes before version 2.
const PLAUSIBLE_BYTES: u64 = u32::MAX as u64;
/// How much smaller than its values a stream may plausibly be where there are more.
const PLAUSIBLE_RATIO: u64 = 1024;

/// The values of a stream.
pub(crate) fn decompress(stored: &Stored, stream: &[u8]) -> Result<Buffer> {
    let Stored { chunk, params } = stored;
    let mode = Mode::Expert(*params);
    // In modes of variable rate a few bytes may claim very many zeros.
    let limit = PLAUSIBLE_BYTES.max((stream.len() as u64).saturating_mul(PLAUSIBLE_RATIO));
    let decompressor = Decompressor::new().device(Device::Cpu).max_output_bytes(limit);
    decompressor.inspect_headerless(stream, mode, chunk.scalar, &chunk.shape)?;
    let bytes = chunk.bytes();
    let len = usize::try_from(bytes).map_err(|_| Error::ChunkBytes { expected: bytes, got: 0 })?;
    let mut values = Buffer::zeroed(len)?;
    let field =
        FieldMut::from_bytes(values.bytes_mut(), chunk.scalar, &chunk.shape, &chunk.strides(), 0)?;
    decompressor.decompress_headerless_into(stream, mode, field)?;
    if chunk.swapped {
        chunk.swap(values.bytes_mut());
    }
    Ok(values)
}

/// Whether NaN and infinity are refused in lossy modes, or become arbitrary numbers as in
/// H5Z-ZFP: the user's to say by this variable, since HDF5 has nothing for it.
const NON_FINITE: &str = "ZFP_WGPU_NONFINITE";

fn non_finite() -> NonFinitePolicy {
    match std::env::var_os(NON_FINITE) {
        Some(value) if value == "allow" => NonFinitePolicy::Allow,
        _ => NonFinitePolicy::Error,
    }
}

/// The stream of a chunk's values, without a header, and padded to whole bytes.
pub(crate) fn compress(stored: &Stored, values: &[u8]) -> Result<Buffer> {
    let Stored { chunk, params } = stored;
    let expected = chunk.bytes();
    if values.len() as u64 != expected {
        return Err(Error::ChunkBytes { expected, got: values.len() });
    }
    let mut native = Vec::new();
    let values = if chunk.swapped {
        native.extend_from_slice(values);
        chunk.swap(&mut native);
        &native
    } else {
        values
    };
    let field = Field::from_bytes(values, chunk.scalar, &chunk.shape, &chunk.strides(), 0)?;
    let stream = Compressor::new(Mode::Expert(*params))
        .device(Device::Cpu)
        .header(false)
        .non_finite(non_finite())
        .stream_word(StreamWord::Bits8)
        .compress(&field)
        .map_err(|error| match error {
            zfp_wgpu::Error::NonFinite { .. } => Error::NonFinite(error),
            other => other.into(),
        })?;
    let mut buffer = Buffer::zeroed(stream.len())?;
    buffer.bytes_mut().copy_from_slice(&stream);
    Ok(buffer)
}
