//! Compression of blocks of variable size on several threads, the same bytes.
//!
//! Each thread compresses a [span](super::spans) of blocks into memory of its own, which a cache
//! holds. Its place in the stream is known when the one before has been given its own: then it
//! is moved there, by the thread that made it. Who comes too early keeps the chunk and makes
//! another, up to a few.
//!
//! Places are given out of space for as many bits as the blocks are expected to have. Where
//! they have more, all that has no place is made again, into more space.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::parallel::{Chunk, tail};
use super::spans::Spans;
use crate::bitstream::BitWriter;
use crate::error::Result;
use crate::index::Marks;
use crate::memory::Space;
use crate::threads::Team;

/// Chunks that a thread keeps, at most, while those before have no place yet.
pub(super) const KEPT: usize = 4;

/// The stream as far as places have been given.
struct Stream<'s, 'a, 'm> {
    /// Blocks that are nobody's yet.
    spans: Spans,
    /// The block whose turn it is.
    turn: usize,
    /// Memory that is not anybody's yet.
    space: &'s mut Space<'a>,
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
struct Shared<'s, 'a, 'm> {
    stream: Mutex<Stream<'s, 'a, 'm>>,
    turn: Condvar,
}

/// A chunk, and its blocks.
type Numbered = (Range<usize>, Chunk);

impl<'s, 'a, 'm> Shared<'s, 'a, 'm> {
    fn stream(&self) -> MutexGuard<'_, Stream<'s, 'a, 'm>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it for all threads.
    fn end(&self, mut stream: MutexGuard<'_, Stream<'s, 'a, 'm>>) {
        stream.is_over = true;
        stream.spans.stop();
        drop(stream);
        self.turn.notify_all();
    }

    /// Moves a chunk to its place, if it is its turn; waits for that if it `must`. Whether
    /// the chunk has one now, or nothing if there will be none.
    fn place(&self, chunk: &mut Numbered, must: bool) -> Option<bool> {
        let (blocks, chunk) = chunk;
        let mut stream = self.stream();
        while stream.turn != blocks.start && !stream.is_over {
            if !must {
                return Some(false);
            }
            stream = self.turn.wait(stream).unwrap_or_else(PoisonError::into_inner);
        }
        let (source, bits) = chunk.writer.sealed();
        let head = stream.word;
        let whole = ((u64::from(head.1) + bits) / 64 * 8) as usize;
        let place = if stream.is_over { None } else { stream.space.take(whole) };
        let Some(place) = place else {
            self.end(stream);
            return None;
        };
        stream.word = tail(head, source, bits);
        let start = stream.before + stream.bits;
        if let Some(marks) = &mut stream.marks {
            marks.offsets.extend(chunk.marks.iter().map(|at| start + at));
        }
        stream.bits += bits;
        stream.turn = blocks.end;
        drop(stream);
        self.turn.notify_all();
        place.fill(head, source);
        Some(true)
    }
}

/// Ends it for all when one thread panics, for whose turn the others would wait.
struct Guard<'g, 's, 'a, 'm>(&'g Shared<'s, 'a, 'm>);

impl Drop for Guard<'_, '_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(self.0.stream());
        }
    }
}

/// Has `compress` make chunks of these blocks, and appends them to the stream as far as they
/// fit into `bits` bits; returns the first block that is not there.
pub(super) fn compress(
    spans: Spans,
    bits: u64,
    team: &Team,
    marks: Option<&mut Marks>,
    out: &mut BitWriter<'_>,
    compress: impl Fn(Range<usize>, &mut Chunk) -> Result<()> + Sync,
) -> Result<usize> {
    let before = out.position();
    let (done, turn, bits, (word, _)) = out.append_words(bits, |space, word| {
        let turn = spans.first();
        let stream = Stream { spans, turn, space, word, before, bits: 0, marks, is_over: false };
        let shared = Shared { stream: Mutex::new(stream), turn: Condvar::new() };
        let work = || {
            let _guard = Guard(&shared);
            let (mut kept, mut spare): (VecDeque<Numbered>, Vec<Chunk>) = Default::default();
            loop {
                let span = shared.stream().spans.take();
                let is_last = span.is_none();
                if let Some(span) = span {
                    let mut chunk = spare.pop().unwrap_or_default();
                    compress(span.clone(), &mut chunk)
                        .inspect_err(|_| shared.end(shared.stream()))?;
                    kept.push_back((span, chunk));
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
        let done: Result<()> = team.work(work).into_iter().collect();
        let stream = shared.stream.into_inner().unwrap_or_else(PoisonError::into_inner);
        (done, stream.turn, stream.bits, stream.word)
    })?;
    done?;
    out.close_words(bits, word);
    Ok(turn)
}
