//! Compression on several threads, the same bytes.
//!
//! The blocks are cut into chunks. Each is compressed into memory of its own, a wave of
//! them at a time; then every chunk's place in the stream is known, to the bit, and all are
//! moved there while the next wave is compressed. Two waves at a time bound the memory. Blocks
//! of a fixed number of bits need no waves: see [`fixed`](super::fixed).

use rayon::prelude::*;

use super::{compress_between, fixed, simd};
use crate::bitstream::{BitReader, BitWriter, low_bits};
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::Field;
use crate::index::Marks;
use crate::mode::values;
use crate::threads;

/// Below this many bytes, threads cost more than they give.
pub(crate) const WORTHWHILE: usize = 256 << 10;
/// Most bytes that the chunks of one wave may take.
const WAVE: usize = 12 << 20;
/// Most bytes of a chunk.
const CHUNK: usize = 64 << 10;
/// Chunks for each thread, so that none waits long for the slowest.
const PER_THREAD: usize = 32;
/// Most chunks, whose accounts take memory too.
const MOST_CHUNKS: usize = 1024;

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
            _ => compress_waves(field, params, policy, threads, marks, out),
        },
    })?
}

/// The bits of some blocks, and where among them those begin that are marked.
#[derive(Default)]
struct Chunk {
    writer: BitWriter<'static>,
    marks: Vec<u64>,
}

fn compress_waves(
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
    let chunks = (PER_THREAD * threads).min(MOST_CHUNKS);
    let chunk_blocks = ((WAVE / chunks).min(CHUNK) / block_bytes).max(1);
    let blocks = field.grid().len();
    let waves = blocks.div_ceil(chunks * chunk_blocks);

    let every = marks.as_ref().map(|marks| marks.every);
    let compress_wave = |wave: usize, out: &mut Vec<Chunk>| {
        let first = wave * chunks * chunk_blocks;
        let last = blocks.min(first + chunks * chunk_blocks);
        out.resize_with((last - first).div_ceil(chunk_blocks), Chunk::default);
        out.par_iter_mut().with_max_len(1).enumerate().try_for_each(|(number, chunk)| {
            chunk.writer.clear();
            let from = first + number * chunk_blocks;
            let to = last.min(from + chunk_blocks);
            let Some(every) = every else {
                return simd::compress_blocks(field, params, policy, from..to, &mut chunk.writer);
            };
            chunk.marks.clear();
            let mut marks = Marks { first: 0, every, offsets: std::mem::take(&mut chunk.marks) };
            let writer = &mut chunk.writer;
            compress_between(field, params, policy, from..to, &mut marks, writer)?;
            chunk.marks = marks.offsets;
            Ok(())
        })
    };
    // While one wave is appended, the next is compressed, so that no thread waits.
    let (mut ready, mut next) = (Vec::new(), Vec::new());
    compress_wave(0, &mut ready)?;
    if waves > 1 && params.fixed_bits().is_none() {
        // As many bits a block as in this wave, and some more.
        let bits: u64 = ready.iter().map(|chunk| chunk.writer.position()).sum();
        let all = u128::from(bits) * blocks as u128 / (chunks * chunk_blocks) as u128;
        out.expect(usize::try_from(all / 8 + all / 128).unwrap_or(0));
    }
    for wave in 1..waves {
        let (appended, compressed) = rayon::join(
            || append(out, &mut ready, marks.as_deref_mut()),
            || compress_wave(wave, &mut next),
        );
        appended.and(compressed)?;
        std::mem::swap(&mut ready, &mut next);
    }
    append(out, &mut ready, marks)
}

/// Appends the bits of all `chunks`, each moved by the threads at hand.
fn append(out: &mut BitWriter, chunks: &mut [Chunk], marks: Option<&mut Marks>) -> Result<()> {
    struct Piece<'a> {
        /// Whole words of the stream that end within this chunk.
        target: &'a mut [u8],
        /// Bits of the first of them that come from before, and how many.
        head: (u64, u32),
        source: &'a [u8],
    }
    if let Some(marks) = marks {
        let mut start = out.position();
        for chunk in &mut *chunks {
            marks.offsets.extend(chunk.marks.iter().map(|at| start + at));
            start += chunk.writer.position();
        }
    }
    let chunks: Vec<(&[u8], u64)> = chunks.iter_mut().map(|chunk| chunk.writer.sealed()).collect();
    let total = chunks.iter().map(|(_, bits)| bits).sum();
    let (mut space, mut word, mut begun) = out.open_words(total)?;

    let mut pieces = Vec::with_capacity(chunks.len());
    for (source, bits) in chunks {
        let head = (word, begun);
        let whole = (u64::from(begun) + bits) / 64 * 8;
        let (target, rest) = space.split_at_mut(whole as usize);
        space = rest;
        pieces.push(Piece { target, head, source });
        (word, begun) = tail(head, source, bits);
    }
    pieces
        .into_par_iter()
        .with_max_len(1)
        .for_each(|Piece { target, head, source }| shift_in(target, head, source));
    out.close_words(total, word & low_bits(begun));
    Ok(())
}

/// Writes the bits of `source` behind those of `head`, whose number comes with it, as far as
/// `target` goes.
fn shift_in(target: &mut [u8], head: (u64, u32), source: &[u8]) {
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
fn tail(head: (u64, u32), source: &[u8], bits: u64) -> (u64, u32) {
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
