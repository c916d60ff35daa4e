//! Compression at a fixed rate on several threads, the same bytes.
//!
//! Every block's place is known in advance, so that each [span](super::spans) of blocks is
//! compressed where it belongs. Spans are multiples of 64 blocks, which are whole words of the
//! stream. All are shifted by the bits before the first block: what leaves a span at its end
//! belongs into the first word of the next, and is put there when all is done.
//!
//! Spans are compressed a piece at a time, so that a cache still holds what has been filled with
//! zeros. Codes are written beyond their end before they are cut: so the last blocks of a piece,
//! behind which another thread may write, are compressed elsewhere and copied.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::simd;
use super::spans::Spans;
use crate::bitstream::{BitWriter, low_bits};
use crate::block::{NonFinitePolicy, Params};
use crate::error::{Error, Result};
use crate::field::Field;
use crate::memory::Part;
use crate::mode::values;
use crate::threads::Team;

/// Bytes of values or bits, whichever are more: of a span, at least, and of what is compressed
/// at once, whose bits a cache shall hold.
const SPAN: usize = 96 << 10;
const PIECE: usize = 384 << 10;
/// Bytes behind the end of a block that may be written to before it is cut, and more.
const SPARE: usize = 1 << 10;

/// Writes all blocks of a field, each of `bits` bits.
pub(crate) fn compress(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    bits: u32,
    team: &Team,
    out: &mut BitWriter,
) -> Result<()> {
    let block_bytes =
        (values(field.dims()) as usize * field.scalar().size()).max(bits as usize / 8);
    let blocks = field.grid().len();
    let spans = Spans::new(0..blocks, team.size(), 64, (SPAN / block_bytes, usize::MAX));
    let piece = (PIECE / block_bytes).next_multiple_of(64);
    let last_blocks = (8 * SPARE).div_ceil(bits as usize).next_multiple_of(16);
    let total = (blocks as u64).checked_mul(u64::from(bits));
    let total = total.ok_or_else(|| Error::ShapeOverflow { shape: field.shape() })?;
    let (_, begun) = out.word();

    let blocks_into = |range: Range<usize>, writer: &mut BitWriter<'_>| {
        simd::compress_blocks(field, params, policy, range, writer)
    };
    // Compresses blocks behind the bits of a word into memory that ends with them, but for the
    // word that they do not finish; returns that.
    let piece_into = |range: Range<usize>, word, target: &mut [u8], last: &mut BitWriter<'_>| {
        let middle = range.end.saturating_sub(last_blocks).max(range.start);
        let mut writer = BitWriter::lent(target, (word, begun));
        blocks_into(range.start..middle, &mut writer)?;
        last.restart(writer.word());
        let written = writer.take_words().len();
        blocks_into(middle..range.end, last)?;
        let (word, _) = last.word();
        target[written..].copy_from_slice(last.take_words());
        Ok(word)
    };
    let span_into = |span: Range<usize>, mut word, mut place: Part<'_>, last: &mut _| {
        let mut from = span.start;
        while from < span.end {
            let to = span.end.min(from + piece);
            let whole = if to < span.end { piece / 8 * bits as usize } else { place.len() };
            let (target, behind) = place.split(whole);
            word = piece_into(from..to, word, target.zeroed(), last)?;
            (from, place) = (to, behind);
        }
        Ok(word)
    };

    let tails = out.append_words(total, |space, (word, _)| {
        let queue = Mutex::new((spans, space));
        let queue = || queue.lock().unwrap_or_else(PoisonError::into_inner);
        // The next span, and its place: the last may not finish a word.
        let take = || {
            let (spans, space) = &mut *queue();
            let span = spans.take()?;
            let whole =
                if span.end < blocks { span.len() / 8 * bits as usize } else { space.len() };
            Some((span, space.take(whole)?))
        };
        let compress_some = || -> Result<Vec<(usize, u64)>> {
            let mut last = BitWriter::default();
            let mut tails = Vec::new();
            while let Some((span, place)) = take() {
                let end = span.end;
                let word = if span.start == 0 { word } else { 0 };
                let tail =
                    span_into(span, word, place, &mut last).inspect_err(|_| queue().0.stop())?;
                tails.push((end, tail));
            }
            Ok(tails)
        };
        team.work(compress_some)
    })?;
    // No span's tail goes where another's does.
    let mut last = 0;
    for (end, tail) in tails.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten() {
        if end == blocks || !out.merge(end / 8 * bits as usize, tail) {
            last |= tail;
        }
    }
    let end = ((u64::from(begun) + total) % 64) as u32;
    out.close_words(total, last & low_bits(end));
    Ok(())
}
