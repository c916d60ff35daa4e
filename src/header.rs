//! The header: what a stream needs to be decompressed without being told.
//!
//! ```text
//! 32 bits  'z' 'f' 'p' 5           magic and codec version
//! 52 bits  type − 1                2 bits
//!          dimensions − 1          2 bits
//!          sizes − 1, x lowest     48 | 2 × 24 | 3 × 16 | 4 × 12 bits
//! 12 bits  mode                    or, if these are all ones,
//! 64 bits  0xfff, minbits − 1 (15 bits), maxbits − 1 (15), maxprec − 1 (7),
//!          minexp + 16495 (15)
//! ```
//!
//! The blocks follow at once, at bit 96 or 148.

use crate::bitstream::{BitReader, BitWriter};
use crate::block::{MAX_RECORDED_BITS, MIN_EXP, Params};
use crate::error::{Error, Result};
use crate::field::check_shape;
use crate::mode::{MAX_HEADER_BITS, Mode};
use crate::scalar::ScalarType;

/// Version of the codec that streams are written in and read from.
pub(crate) const CODEC: u8 = 5;

const SHORT_MODE_BITS: u32 = 12;
const LONG_MODE: u64 = 0xfff;
// Short mode words: rates, then precisions, then one word, then accuracies.
const PRECISION: u64 = 2048;
const REVERSIBLE: u64 = PRECISION + 128;
const ACCURACY: u64 = REVERSIBLE + 1;
const MIN_EXP_OFFSET: i32 = 16495;

/// What a stream says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Type of the values.
    pub scalar: ScalarType,
    /// Shape of the array, the slowest axis first.
    pub shape: Vec<usize>,
    /// How the blocks are coded.
    pub params: Params,
    /// Bits of the header itself, 96 or 148: where the first block begins.
    pub bits: u64,
}

impl Header {
    /// The header of an array of this type and shape that is compressed in this mode.
    pub fn new(scalar: ScalarType, shape: &[usize], mode: Mode) -> Result<Self> {
        check_shape(shape)?;
        let params = mode.params(scalar, shape.len())?;
        Ok(Self { scalar, shape: shape.to_vec(), params, bits: bits(params) })
    }

    /// The bytes that a stream with this header begins with: 12, or 19 whose last 4 bits
    /// are zero here and the first block's there. An error if an axis is too long for it.
    ///
    /// ```
    /// use zfp_wgpu::{Header, Mode, ScalarType};
    ///
    /// let header = Header::new(ScalarType::F32, &[50, 60], Mode::Rate(8.0))?;
    /// assert_eq!(Header::read(&header.to_bytes()?)?, header);
    /// # Ok::<(), zfp_wgpu::Error>(())
    /// ```
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut out = BitWriter::expecting(MAX_HEADER_BITS as usize / 8);
        write(&mut out, self.scalar, &self.shape, self.params)?;
        Ok(out.finish(8))
    }

    /// Reads the header at the beginning of `stream`.
    ///
    /// Nothing is promised about what follows it; see
    /// [`Decompressor`](crate::Decompressor) for the checks made before decompression.
    pub fn read(stream: &[u8]) -> Result<Self> {
        if stream.len() < 4 && b"zfp\x05".starts_with(stream) {
            return Err(Error::Truncated { needed: 12, got: stream.len() as u64 });
        }
        if !stream.starts_with(b"zfp") {
            return Err(Error::NotZfp { found: stream[..stream.len().min(4)].to_vec() });
        }
        if let Some(&version) = stream.get(3).filter(|&&version| version != CODEC) {
            return Err(Error::CodecVersion { version });
        }
        let mut reader = BitReader::new(stream, 32);
        let code = reader.take(2) as u32 + 1;
        let dims = reader.take(2) as usize + 1;
        let width = size_bits(dims);
        let mut shape = Vec::with_capacity(dims);
        for _ in 0..dims {
            let size = reader.take(width) + 1;
            shape.push(usize::try_from(size));
        }
        let short = reader.take(SHORT_MODE_BITS);
        let word = if short == LONG_MODE { short | reader.take(52) << 12 } else { short };
        reader.check()?;

        let shape: std::result::Result<Vec<usize>, _> = shape.into_iter().rev().collect();
        let shape = shape.map_err(|_| Error::ShapeOverflow { shape: vec![usize::MAX; dims] })?;
        let scalar = ScalarType::from_code(code).ok_or(Error::ModeWord { word })?;
        let params = params_of(word).check(scalar).map_err(|_| Error::ModeWord { word })?;
        Ok(Self { scalar, shape, params, bits: reader.position() })
    }

    /// The mode that the parameters stand for.
    #[must_use]
    pub fn mode(&self) -> Mode {
        Mode::of(self.params, self.shape.len())
    }
}

/// The parameters that a reader of the header takes these for.
pub(crate) fn recorded(params: Params) -> Params {
    params_of(mode_word(params))
}

/// Writes a full header. `shape` is the slowest axis first.
pub(crate) fn write(
    out: &mut BitWriter,
    scalar: ScalarType,
    shape: &[usize],
    params: Params,
) -> Result<()> {
    // Whoever has a `Header` may have changed it.
    check_shape(shape)?;
    params.check(scalar)?;
    let dims = shape.len();
    let width = size_bits(dims);
    let limit = 1u64 << width;
    if let Some((axis, &size)) = shape.iter().enumerate().find(|&(_, &size)| size as u64 > limit) {
        return Err(Error::ShapeTooLarge { axis, size, limit, dims });
    }
    out.put(u64::from(u32::from_le_bytes([b'z', b'f', b'p', CODEC])), 32)?;
    out.put(u64::from(scalar.code() - 1), 2)?;
    out.put(dims as u64 - 1, 2)?;
    for &size in shape.iter().rev() {
        out.put(size as u64 - 1, width)?;
    }
    let word = mode_word(params);
    out.put(word, if word < LONG_MODE { SHORT_MODE_BITS } else { 64 })
}

/// Bits of a full header for these parameters.
pub(crate) fn bits(params: Params) -> u64 {
    if mode_word(params) < LONG_MODE { 96 } else { MAX_HEADER_BITS }
}

/// Bits for each size: 48 in all.
const fn size_bits(dims: usize) -> u32 {
    48 / dims as u32
}

fn mode_word(params: Params) -> u64 {
    match Mode::of(params, 1) {
        Mode::Rate(_) if params.maxbits <= 2048 => u64::from(params.maxbits) - 1,
        Mode::Precision(planes) => PRECISION + u64::from(planes) - 1,
        Mode::Reversible => REVERSIBLE,
        // Words from 0xfff on mean the long form.
        Mode::Accuracy(_) if ACCURACY + ((params.minexp - MIN_EXP) as u64) < LONG_MODE => {
            ACCURACY + (params.minexp - MIN_EXP) as u64
        }
        _ => {
            let minbits = u64::from(params.minbits.clamp(1, MAX_RECORDED_BITS)) - 1;
            let maxbits = u64::from(params.maxbits.clamp(1, MAX_RECORDED_BITS)) - 1;
            let maxprec = u64::from(params.maxprec) - 1;
            let minexp = params.minexp.saturating_add(MIN_EXP_OFFSET).clamp(0, 0x7fff) as u64;
            LONG_MODE | minbits << 12 | maxbits << 27 | maxprec << 42 | minexp << 49
        }
    }
}

/// The parameters of a mode word, unchecked: they may make no sense.
fn params_of(word: u64) -> Params {
    let default = Params::default();
    match word {
        0..PRECISION => Params { minbits: word as u32 + 1, maxbits: word as u32 + 1, ..default },
        PRECISION..REVERSIBLE => Params { maxprec: (word - PRECISION) as u32 + 1, ..default },
        REVERSIBLE => Params { minexp: MIN_EXP - 1, ..default },
        ACCURACY..LONG_MODE => Params { minexp: MIN_EXP + (word - ACCURACY) as i32, ..default },
        _ => Params {
            minbits: (word >> 12 & 0x7fff) as u32 + 1,
            maxbits: (word >> 27 & 0x7fff) as u32 + 1,
            maxprec: (word >> 42 & 0x7f) as u32 + 1,
            minexp: (word >> 49) as i32 - MIN_EXP_OFFSET,
        },
    }
}
