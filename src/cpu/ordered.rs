//! Compression of blocks of variable size on several threads, the same bytes.
//!
//! Each thread compresses a chunk of blocks into memory of its own, which a cache holds. A
//! chunk's place in the stream is known when the one before has been given its own: then it is
//! moved there, by the thread that made it. Who comes too early keeps the chunk and makes
//! another, up to a few.
//!
//! Places are given out of space for as many bits as the blocks are expected to have. Where
//! they have more, all that has no place is made again, into more space.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::parallel::{Chunk, shift_in, tail};
use crate::bitstream::{BitWriter, low_bits};
use crate::error::Result;
use crate::index::Marks;

/// Chunks that a thread keeps, at most, while those before have no place yet.
const KEPT: usize = 4;

/// The stream as far as places have been given.
struct Stream<'a, 'm> {
    /// The chunk whose turn it is.
    turn: usize,
    /// Whole words that are not anybody's yet.
    rest: &'a mut [u8],
    /// The unfinished word, and how many bits it has.
    word: (u64, u32),
    /// Bits that were written before, and with these chunks.
    before: u64,
    bits: u64,
    marks: Option<&'m mut Marks>,
    /// Whether nothing more gets a place.
    is_over: bool,
}

/// What the threads share.
struct Shared<'a, 'm> {
    stream: Mutex<Stream<'a, 'm>>,
    turn: Condvar,
    next: AtomicUsize,
}

/// A chunk, and its number.
type Numbered = (usize, Chunk);

impl<'a, 'm> Shared<'a, 'm> {
    fn stream(&self) -> MutexGuard<'_, Stream<'a, 'm>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it for all threads.
    fn end(&self) {
        self.stream().is_over = true;
        self.turn.notify_all();
    }

    /// Moves a chunk to its place, if it is its turn; waits for that if it `must`. Whether
    /// the chunk has one now, or nothing if there will be none.
    fn place(&self, chunk: &mut Numbered, must: bool) -> Option<bool> {
        let (number, chunk) = chunk;
        let mut stream = self.stream();
        while stream.turn != *number && !stream.is_over {
            if !must {
                return Some(false);
            }
            stream = self.turn.wait(stream).unwrap_or_else(PoisonError::into_inner);
        }
        let (source, bits) = chunk.writer.sealed();
        let head = stream.word;
        let whole = ((u64::from(head.1) + bits) / 64 * 8) as usize;
        if stream.is_over || whole > stream.rest.len() {
            drop(stream);
            self.end();
            return None;
        }
        let (target, rest) = std::mem::take(&mut stream.rest).split_at_mut(whole);
        stream.rest = rest;
        stream.word = tail(head, source, bits);
        let start = stream.before + stream.bits;
        if let Some(marks) = &mut stream.marks {
            marks.offsets.extend(chunk.marks.iter().map(|at| start + at));
        }
        stream.bits += bits;
        stream.turn += 1;
        drop(stream);
        self.turn.notify_all();
        shift_in(target, head, source);
        Some(true)
    }
}

/// Has `compress` make chunks of so many of these blocks each, and appends them to the stream
/// as far as they fit into `bits` bits; returns the first block that is not there.
pub(super) fn compress(
    blocks: Range<usize>,
    chunk_blocks: usize,
    bits: u64,
    threads: usize,
    marks: Option<&mut Marks>,
    out: &mut BitWriter<'_>,
    compress: impl Fn(Range<usize>, &mut Chunk) -> Result<()> + Sync,
) -> Result<usize> {
    let before = out.position();
    let (rest, word, begun) = out.open_words(bits)?;
    let word = (word, begun);
    let stream = Stream { turn: 0, rest, word, before, bits: 0, marks, is_over: false };
    let shared =
        Shared { stream: Mutex::new(stream), turn: Condvar::new(), next: AtomicUsize::new(0) };
    let work = |_| {
        let (mut kept, mut spare): (VecDeque<Numbered>, Vec<Chunk>) = Default::default();
        loop {
            let number = shared.next.fetch_add(1, Ordering::Relaxed);
            let from = blocks.start.saturating_add(number.saturating_mul(chunk_blocks));
            let is_last = from >= blocks.end;
            if !is_last {
                let mut chunk = spare.pop().unwrap_or_default();
                let to = blocks.end.min(from + chunk_blocks);
                compress(from..to, &mut chunk).inspect_err(|_| shared.end())?;
                kept.push_back((number, chunk));
            }
            loop {
                let must = is_last || kept.len() > KEPT;
                let Some(first) = kept.front_mut() else { break };
                match shared.place(first, must) {
                    Some(true) => spare.extend(kept.pop_front().map(|(_, chunk)| chunk)),
                    Some(false) => break,
                    None => return Ok(()),
                }
            }
            if is_last {
                return Ok(());
            }
        }
    };
    let done: Result<()> = (0..threads).into_par_iter().with_max_len(1).try_for_each(work);
    done?;
    let stream = shared.stream.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Stream { turn, bits, word: (word, begun), .. } = stream;
    out.close_words(bits, word & low_bits(begun));
    Ok(blocks.end.min(blocks.start + turn * chunk_blocks))
}
