//! Compression at a fixed rate on several threads, the same bytes.
//!
//! Every block's place is known in advance. So each chunk of blocks is compressed into memory
//! that is still in a cache when it is moved to its place from there. Chunks are multiples of
//! 64 blocks, which are whole words of the stream. All are shifted by the bits before the first
//! block: what leaves a chunk at its end belongs into the first word of the next, and is put
//! there when all is done.

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

/// Writes all blocks of a field, each of `bits` bits, on the threads of the pool at hand.
pub(crate) fn compress(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    bits: u32,
    out: &mut BitWriter,
) -> Result<()> {
    let block_bytes = values(field.dims()) as usize * field.scalar().size();
    let chunk = (CHUNK / block_bytes.max(bits as usize / 8) / 64).max(1) * 64;
    let chunk_bytes = chunk / 8 * bits as usize;
    let blocks = field.grid().len();
    let total = blocks as u64 * u64::from(bits);
    let (space, word, begun) = out.open_words(total)?;

    let mut targets: Vec<&mut [u8]> = space.chunks_mut(chunk_bytes).collect();
    // The last chunk may not finish a word.
    targets.resize_with(blocks.div_ceil(chunk), Default::default);
    let compress_chunk = |writer: &mut BitWriter, (number, target): (usize, &mut [u8])| {
        writer.clear();
        let from = number * chunk;
        simd::compress_blocks(field, params, policy, from..blocks.min(from + chunk), writer)?;
        let (source, bits) = writer.sealed();
        let head = (if number == 0 { word } else { 0 }, begun);
        shift_in(target, head, source);
        Ok(tail(head, source, bits).0)
    };
    let tails: Result<Vec<u64>> =
        targets.into_par_iter().enumerate().map_init(BitWriter::default, compress_chunk).collect();

    let mut carried = 0;
    for (number, tail) in tails?.into_iter().enumerate() {
        match space.get_mut(number * chunk_bytes..).and_then(<[u8]>::first_chunk_mut) {
            Some(first) => {
                *first = (u64::from_le_bytes(*first) | carried).to_le_bytes();
                carried = tail;
            }
            None => carried |= tail,
        }
    }
    let end = ((u64::from(begun) + total) % 64) as u32;
    out.close_words(total, carried & low_bits(end));
    Ok(())
}
