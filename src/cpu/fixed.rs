//! Compression at a fixed rate on several threads, the same bytes.
//!
//! Every block's place is known in advance. So each chunk of blocks is compressed into memory
//! that is still in a cache when it is moved to its place from there. Chunks are multiples of
//! 64 blocks, which are whole words of the stream. All are shifted by the bits before the first
//! block: what leaves a chunk at its end belongs into the first word of the next, and is put
//! there when all is done.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::parallel::{shift_in, tail};
use super::simd;
use crate::bitstream::{BitWriter, low_bits};
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::Field;
use crate::mode::values;

/// Bytes of a chunk's values or bits, whichever are more, if 64 blocks are not more yet.
const CHUNK: usize = 96 << 10;

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
    let chunk = (CHUNK / block_bytes.max(bits as usize / 8) / 64).max(1) * 64;
    let chunk_bytes = chunk / 8 * bits as usize;
    let blocks = field.grid().len();
    let total = blocks as u64 * u64::from(bits);
    let (space, word, begun) = out.open_words(total)?;

    let chunks = blocks.div_ceil(chunk);
    // The last chunk may not finish a word.
    let targets = space.chunks_mut(chunk_bytes).chain(std::iter::repeat_with(Default::default));
    // Whoever is ready takes the next, so that none waits for another but at the end.
    let queue = Mutex::new(targets.take(chunks).enumerate());
    let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let compress_some = |_| {
        let mut writer = BitWriter::default();
        let mut tails = Vec::new();
        while let Some((number, target)) = take() {
            writer.clear();
            let from = number * chunk;
            let range = from..blocks.min(from + chunk);
            if let Err(error) = simd::compress_blocks(field, params, policy, range, &mut writer) {
                while take().is_some() {}
                return Err(error);
            }
            let (source, bits) = writer.sealed();
            let head = (if number == 0 { word } else { 0 }, begun);
            shift_in(target, head, source);
            tails.push((number, tail(head, source, bits).0));
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
