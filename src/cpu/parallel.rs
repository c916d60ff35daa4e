//! Compression on several threads, the same bytes.
//!
//! The blocks are cut into chunks, which are put where they belong [in their order](super::ordered),
//! into as much space as some blocks lead to expect. Blocks of a fixed number of bits have places
//! [at once](super::fixed).

use std::ops::Range;

use rayon::prelude::*;

use super::{compress_between, fixed, ordered, simd};
use crate::bitstream::{BitReader, BitWriter};
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::Field;
use crate::index::Marks;
use crate::mode::values;
use crate::threads;

/// Below this many bytes, threads cost more than they give.
pub(crate) const WORTHWHILE: usize = 256 << 10;
/// Most bytes of a chunk.
const CHUNK: usize = 64 << 10;
/// Places that tell how many bits there may be, and most bytes of values that are looked at in
/// each.
const SAMPLES: usize = 16;
const SAMPLE: usize = 16 << 10;

/// Writes all blocks of a field.
pub(crate) fn compress(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    threads: Option<usize>,
    marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<()> {
    threads::run(threads, |threads| match (threads, marks) {
        (1, None) => simd::compress_blocks(field, params, policy, 0..field.grid().len(), out),
        (1, Some(marks)) => {
            compress_between(field, params, policy, 0..field.grid().len(), marks, out)
        }
        (_, marks) => match params.fixed_bits() {
            Some(bits) if marks.is_none() => {
                fixed::compress(field, params, policy, bits, threads, out)
            }
            _ => compress_chunks(field, params, policy, threads, marks, out),
        },
    })?
}

/// The bits of some blocks, and where among them those begin that are marked.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) writer: BitWriter<'static>,
    pub(super) marks: Vec<u64>,
}

fn compress_chunks(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    threads: usize,
    mut marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<()> {
    let block_values = values(field.dims());
    let block_bytes = (params.most_bits(field.scalar(), block_values) as usize / 8)
        .max(block_values as usize * field.scalar().size());
    let chunk_blocks = (CHUNK / block_bytes).max(1);
    let blocks = field.grid().len();

    let every = marks.as_ref().map(|marks| marks.every);
    let compress = |range: Range<usize>, chunk: &mut Chunk| {
        chunk.writer.clear();
        let Some(every) = every else {
            return simd::compress_blocks(field, params, policy, range, &mut chunk.writer);
        };
        chunk.marks.clear();
        let mut marks = Marks { first: 0, every, offsets: std::mem::take(&mut chunk.marks) };
        compress_between(field, params, policy, range, &mut marks, &mut chunk.writer)?;
        chunk.marks = marks.offsets;
        Ok(())
    };
    let start = out.position();
    let mut expected = if let Some(bits) = params.fixed_bits() {
        blocks as u64 * u64::from(bits)
    } else {
        // As many bits a block as in some that are spread over the array, and some more.
        let sample = (blocks / 1024).clamp(1, SAMPLE.div_ceil(block_bytes));
        let of_sample = |number: usize| {
            let from = (blocks as u64 * number as u64 / SAMPLES as u64) as usize;
            let mut chunk = Chunk::default();
            compress(from..blocks.min(from + sample), &mut chunk)?;
            Ok(chunk.writer.position())
        };
        let bits: Result<Vec<u64>> =
            (0..SAMPLES).into_par_iter().with_max_len(1).map(of_sample).collect();
        let bits = u128::from(bits?.iter().sum::<u64>()) * blocks as u128;
        let bits = (bits / (SAMPLES * sample) as u128) as u64;
        bits + bits / 32 + 8 * CHUNK as u64
    };
    let mut done = 0;
    while done < blocks {
        if params.fixed_bits().is_none() {
            out.expect(usize::try_from(expected / 8 + 64).unwrap_or(0));
        }
        let marks = marks.as_deref_mut();
        let range = done..blocks;
        done = ordered::compress(range, chunk_blocks, expected, threads, marks, out, compress)?;
        // Should they not have fitted, those that are left have more bits than these.
        let left = (blocks - done) as u64;
        let bits = u128::from(out.position() - start) * u128::from(left) / done.max(1) as u128;
        expected = 2 * bits as u64 + 8 * (CHUNK + 64) as u64;
    }
    Ok(())
}

/// Writes the bits of `source` behind those of `head`, whose number comes with it, as far as
/// `target` goes.
pub(super) fn shift_in(target: &mut [u8], head: (u64, u32), source: &[u8]) {
    let (mut carried, begun) = head;
    let words = source.as_chunks::<8>().0;
    for (target, word) in target.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        let word = u64::from_le_bytes(*word);
        *target = (carried | word << begun).to_le_bytes();
        // In two steps, since a shift by 64 (begun = 0) is not defined.
        carried = (word >> 1) >> (63 - begun);
    }
}

/// What is left behind `head` and `bits` bits of `source` for the word that they do not finish,
/// and how many bits that are.
pub(super) fn tail(head: (u64, u32), source: &[u8], bits: u64) -> (u64, u32) {
    let (word, begun) = head;
    let end = u64::from(begun) + bits;
    let left = (end % 64) as u32;
    let word = if end < 64 {
        word | BitReader::new(source, 0).take(bits as u32) << begun
    } else {
        BitReader::new(source, bits - u64::from(left)).take(left)
    };
    (word, left)
}
