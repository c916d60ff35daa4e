//! Compression at a fixed rate on several threads, the same bytes.
//!
//! Every block's place is known in advance, so that each chunk of blocks is compressed where it
//! belongs. Chunks are multiples of 64 blocks, which are whole words of the stream. All are
//! shifted by the bits before the first block: what leaves a chunk at its end belongs into the
//! first word of the next, and is put there when all is done.
//!
//! Codes are written beyond their end before they are cut. So the last blocks of a chunk, behind
//! which another thread writes, are compressed elsewhere and copied.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::simd;
use crate::bitstream::{BitWriter, low_bits};
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::Field;
use crate::mode::values;

/// Bytes of a chunk's values or bits, whichever are more, if 64 blocks are not more yet: at
/// least, and at most.
const CHUNK: [usize; 2] = [96 << 10, 384 << 10];
/// Chunks for each thread, if that leaves them large enough.
const PER_THREAD: usize = 4;
/// Bytes behind the end of a block that may be written to before it is cut, and more.
const SPARE: usize = 1 << 10;

/// Writes all blocks of a field, each of `bits` bits, on so many threads of the pool at hand.
pub(crate) fn compress(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    bits: u32,
    threads: usize,
    out: &mut BitWriter,
) -> Result<()> {
    let block_bytes = values(field.dims()) as usize * field.scalar().size();
    let blocks = field.grid().len();
    let [least, most] =
        CHUNK.map(|bytes| (bytes / block_bytes.max(bits as usize / 8) / 64).max(1) * 64);
    let share = blocks.div_ceil(threads.saturating_mul(PER_THREAD)).next_multiple_of(64);
    let chunk = share.clamp(least, most);
    let chunk_bytes = chunk / 8 * bits as usize;
    let total = blocks as u64 * u64::from(bits);
    let (space, word, begun) = out.open_words(total)?;

    let chunks = blocks.div_ceil(chunk);
    // The last chunk may not finish a word.
    let targets = space.chunks_mut(chunk_bytes).chain(std::iter::repeat_with(Default::default));
    // Whoever is ready takes the next, so that none waits for another but at the end.
    let queue = Mutex::new(targets.take(chunks).enumerate());
    let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let last_blocks = (8 * SPARE).div_ceil(bits as usize).next_multiple_of(64);
    let blocks_into = |range: Range<usize>, writer: &mut BitWriter<'_>| {
        simd::compress_blocks(field, params, policy, range, writer)
    };
    let compress_chunk = |number: usize, target: &mut [u8], last: &mut BitWriter<'_>| {
        let from = number * chunk;
        let to = blocks.min(from + chunk);
        let middle = to.saturating_sub(last_blocks).max(from);
        let mut writer = BitWriter::lent(target, (if number == 0 { word } else { 0 }, begun));
        blocks_into(from..middle, &mut writer)?;
        last.restart(writer.word());
        let written = writer.take_words().len();
        blocks_into(middle..to, last)?;
        let tail = last.word().0;
        target[written..].copy_from_slice(last.take_words());
        Ok(tail)
    };
    let compress_some = |_| {
        let mut last = BitWriter::default();
        let mut tails = Vec::new();
        while let Some((number, target)) = take() {
            match compress_chunk(number, target, &mut last) {
                Ok(tail) => tails.push((number, tail)),
                Err(error) => {
                    while take().is_some() {}
                    return Err(error);
                }
            }
        }
        Ok(tails)
    };
    let tails: Result<Vec<Vec<(usize, u64)>>> =
        (0..threads).into_par_iter().with_max_len(1).map(compress_some).collect();

    // No chunk's tail goes where another's does.
    let mut last = 0;
    for (number, tail) in tails?.into_iter().flatten() {
        let next = space.get_mut((number + 1) * chunk_bytes..);
        match next.and_then(<[u8]>::first_chunk_mut) {
            Some(first) => *first = (u64::from_le_bytes(*first) | tail).to_le_bytes(),
            None => last |= tail,
        }
    }
    let end = ((u64::from(begun) + total) % 64) as u32;
    out.close_words(total, last & low_bits(end));
    Ok(())
}
