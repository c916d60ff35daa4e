//! The block index: where blocks of variable size begin.
//!
//! An optional companion of a stream, kept beside it. For every so many blocks, a *segment*
//! of the stream, it has the bit at which they begin and a checksum of their bytes; so
//! threads can begin anywhere, and a part of the array can be read without the rest.
//! `docs/index-format.md` describes its bytes.

mod file;

use std::sync::Arc;

use crate::block::Params;
use crate::error::{Error, Result};
use crate::mode::values;
use crate::scalar::ScalarType;
use crate::threads;

/// Values of a segment if the caller does not say otherwise: 16 KiB of `f32`, and 6 to 8
/// bytes of index.
const SEGMENT_VALUES: u32 = 4096;
/// Segments that a thread checks at least: 1 MiB of `f32`.
const SEGMENTS: usize = 64;
/// Most blocks of a segment.
const MAX_EVERY: u32 = 1 << 16;

/// Where the blocks of one stream lie.
///
/// [`Compressor::compress_indexed`](crate::Compressor::compress_indexed) makes one beside
/// the stream, [`Index::of`] afterwards. With
/// [`Decompressor::index`](crate::Decompressor::index), decompression of a variable rate is
/// spread over threads at once, and
/// [`Decompressor::decompress_region`](crate::Decompressor::decompress_region) reads only
/// what it needs. At a fixed rate blocks are found without one, and the index is empty.
///
/// It belongs to its stream alone: with any other, there is an error. It is a check against
/// mistakes, not against forgery. Clones share their memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index(Arc<Entries>);

#[derive(Debug, PartialEq, Eq)]
struct Entries {
    scalar: ScalarType,
    shape: Vec<usize>,
    params: Params,
    /// Bit at which the first block begins, and at which the last ends.
    start: u64,
    end: u64,
    /// Where the segments begin: nothing at a fixed rate.
    marks: Marks,
    /// Checksum of the bytes in which each lies.
    checks: Vec<u32>,
}

/// Where some blocks begin: one of every so many.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Number of the first.
    pub(crate) first: usize,
    /// Blocks from one to the next; 0 if there are none.
    pub(crate) every: usize,
    /// The bits at which they begin.
    pub(crate) offsets: Vec<u64>,
}

impl Marks {
    /// None yet, for an array of this many dimensions; `every` blocks, if the caller says so.
    pub(crate) fn new(every: Option<u32>, dims: usize) -> Result<Self> {
        let every = every.unwrap_or(SEGMENT_VALUES / values(dims));
        if !(1..=MAX_EVERY).contains(&every) {
            return Err(Error::IndexSpacing { blocks: every, limit: MAX_EVERY });
        }
        Ok(Self { first: 0, every: every as usize, offsets: Vec::new() })
    }

    /// The last mark that is not behind a block: its block, and where that begins.
    pub(crate) fn before(&self, block: usize) -> Option<(usize, u64)> {
        let mark = block.checked_sub(self.first)?.checked_div(self.every)?;
        self.offsets.get(mark).map(|&at| (self.first + mark * self.every, at))
    }
}

impl Index {
    /// Of a stream whose blocks begin at the bits `marks` and end at bit `end`.
    pub(crate) fn new(
        stream: &[u8],
        scalar: ScalarType,
        shape: Vec<usize>,
        params: Params,
        marks: Marks,
        (start, end): (u64, u64),
        threads: Option<usize>,
    ) -> Result<Self> {
        let mut entries = Entries { scalar, shape, params, start, end, marks, checks: Vec::new() };
        if params.fixed_bits().is_some() {
            entries.marks.every = 0;
        }
        let segments = 0..entries.marks.offsets.len();
        entries.checks =
            threads::map(threads, segments, SEGMENTS, |segment| entries.check_of(stream, segment))?;
        Ok(Self(Arc::new(entries)))
    }

    /// Reads an index from its bytes.
    ///
    /// Nothing is allocated that the length of `bytes` does not justify.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        file::read(bytes).map(|entries| Self(Arc::new(entries)))
    }

    /// The index as bytes, to be kept: `docs/index-format.md` describes them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(&self.0)
    }

    /// The shape of the stream's array, the slowest axis first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// Blocks from one entry to the next; 0 at a fixed rate.
    #[must_use]
    pub fn every(&self) -> u32 {
        self.0.marks.every as u32
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.marks.offsets.len()
    }

    /// Whether there are no entries, as at a fixed rate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.marks.offsets.is_empty()
    }

    /// An error if the index cannot be that of such a stream.
    pub(crate) fn check(
        &self,
        stream: &[u8],
        start: u64,
        scalar: ScalarType,
        shape: &[usize],
        params: Params,
    ) -> Result<()> {
        let Entries { scalar: own, shape: own_shape, .. } = &*self.0;
        let foreign = |reason| Err(Error::IndexForeign { reason });
        if (*own, &own_shape[..]) != (scalar, shape) {
            return foreign(format!(
                "it is of {own} values of shape {own_shape:?}, and the stream holds {scalar} \
                 values of shape {shape:?}"
            ));
        }
        if self.0.params != params || self.0.start != start {
            return foreign("the stream has another mode or another header".to_owned());
        }
        let (needed, got) = (self.0.end.div_ceil(8), stream.len() as u64);
        if needed > got { Err(Error::Truncated { needed, got }) } else { Ok(()) }
    }

    /// An error if the blocks of a stream end elsewhere than those that were indexed.
    pub(crate) fn check_end(&self, end: u64) -> Result<()> {
        if end == self.0.end {
            return Ok(());
        }
        let reason = format!("its blocks end at bit {}, the stream's at bit {end}", self.0.end);
        Err(Error::IndexForeign { reason })
    }

    /// An error if the first, the last or the segment between them is another: what all of
    /// an array is not worth being begun for.
    pub(crate) fn check_some(&self, stream: &[u8]) -> Result<()> {
        let Marks { every, ref offsets, .. } = self.0.marks;
        let last = offsets.len().saturating_sub(1);
        for segment in [0, last / 2, last] {
            let block = segment * every;
            self.verify(stream, block..block + every, &mut None)?;
        }
        Ok(())
    }

    /// Where its segments begin.
    pub(crate) fn marks(&self) -> &Marks {
        &self.0.marks
    }

    /// An error if the bytes of the segments of some blocks are not those that were indexed.
    /// The one numbered `known` is known to be right, and so is that which it is set to.
    pub(crate) fn verify(
        &self,
        stream: &[u8],
        blocks: std::ops::Range<usize>,
        known: &mut Option<usize>,
    ) -> Result<()> {
        let Marks { every, ref offsets, .. } = self.0.marks;
        if every == 0 {
            return Ok(());
        }
        for segment in blocks.start / every..blocks.end.div_ceil(every).min(offsets.len()) {
            if *known != Some(segment) && self.0.checks[segment] != self.0.check_of(stream, segment)
            {
                return Err(wrong_place(segment * every));
            }
            *known = Some(segment);
        }
        Ok(())
    }
}

/// The error that a block is not where the index says, or not the one that was there.
pub(crate) fn wrong_place(block: usize) -> Error {
    let reason = format!("the blocks from number {block} on are not those that it was made of");
    Error::IndexForeign { reason }
}

impl Entries {
    /// Checksum of the bytes in which a segment lies.
    fn check_of(&self, stream: &[u8], segment: usize) -> u32 {
        let offsets = &self.marks.offsets;
        let from = offsets[segment] / 8;
        let to = offsets.get(segment + 1).unwrap_or(&self.end).div_ceil(8);
        let bytes = stream.get(from as usize..to as usize).unwrap_or_default();
        let check = checksum(bytes);
        (check ^ check >> 32) as u32
    }
}

/// Each step can be undone, so that a change of one word always shows.
fn checksum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, word: u64| {
        let sum = (sum ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        sum ^ sum >> 32
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let sum =
        words.iter().fold(bytes.len() as u64, |sum, word| step(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(sum, |sum, &byte| step(sum, u64::from(byte)))
}
