//! Decompression on two threads, from both ends of a stream of blocks of variable size.
//!
//! One thread decompresses slabs from the front, each where the one before has ended, and so
//! needs to know nothing in advance. The other works from the back: it walks over a part of
//! what is left, in [chains](super::chains), numbers the blocks from the end of the stream,
//! and decompresses the slabs that begin there; then over the next part before that, until
//! the two meet. With r the time of the walk beside that of decoding, that takes
//! (1 + r)/(2 + r) of the time of one thread.
//!
//! Where blocks begin, and which one is the last, is guessed. So what comes from the back
//! counts only where it joins what comes from the front: each slab must begin where the one
//! before has ended, or it is decompressed again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::chains::{self, Joined, Places};
use super::guess::Guess;
use super::simd::{self, Chain};
use super::spread::place;
use super::walk::Blocks;
use crate::error::Result;
use crate::field::Slab;
use crate::threads::Team;

/// Blocks from which on two threads have something of it.
pub(super) const WORTHWHILE: usize = 4096;
/// Blocks at the end of the stream that are walked over first: many more if they do not say
/// where they begin.
const TAIL: [u64; 2] = [64, 1024];
/// Bytes of zeros, at most, that a stream may end with.
const ZEROS: usize = 2 << 10;
/// The part of what is left that the thread at the back takes at a time.
const PART: u64 = 5;
/// Chains of a part, and blocks of each, at least.
const CHAINS: u64 = 16;
const LEAST: u64 = 128;
/// Slabs that are left to the thread at the front, which needs no walk.
const LEFT: usize = 2;

/// The last blocks of a stream, as far as can be told, and how blocks begin.
pub(super) struct Tail<'a> {
    blocks: &'a Blocks<'a>,
    guess: Option<Guess<'a>>,
    /// Bits of a block, on average.
    average: u64,
    /// A chain that has been numbered, and the number of its first block.
    chain: Chain,
    number: usize,
}

impl<'a> Tail<'a> {
    /// Finds the last of `count` blocks, if the stream ends as streams do: with a block that
    /// has a one-bit, and zeros that fill up a word.
    pub(super) fn new(blocks: &'a Blocks<'a>, count: usize) -> Option<Self> {
        let stream = blocks.stream;
        let bits = 8 * stream.len() as u64;
        let guess = Guess::new(blocks);
        let average = bits.checked_sub(blocks.start)? / count as u64 + 1;
        let back = |count: u64| bits.saturating_sub(average * count).max(blocks.start);
        let near = guess.as_ref().and_then(|guess| guess.near(back(TAIL[0])));
        // Blocks that are not as others are say nothing.
        let guess = guess.filter(|_| near.is_some());
        if guess.is_none() && count < 4 * WORTHWHILE {
            return None;
        }
        let from = near.unwrap_or(back(TAIL[1]));
        let zeros = stream.iter().rev().take(ZEROS).take_while(|&&byte| byte == 0).count();
        let last = stream[..stream.len() - zeros].last()?;
        let ones_end = bits - 8 * zeros as u64 - u64::from(last.leading_zeros());

        let mut chain = Chain::new(from, u64::MAX, u32::MAX);
        let (mut at, mut walked) = (from, 0);
        while at < ones_end {
            if walked as usize >= count {
                return None;
            }
            chain.note(walked, at, bits)?;
            at = blocks.walk(at, 1, |_| ()).ok()?;
            walked += 1;
        }
        let number = count.checked_sub(walked as usize)?;
        // There might be blocks of zeros as well.
        (at + 64 > bits).then_some(Self { blocks, guess, average, chain, number })
    }

    /// Walks over a part of the stream, from a bit to what has been walked over already;
    /// returns places in it.
    fn extend(&mut self, from: u64) -> Option<Places> {
        let to = self.chain.from();
        let least = self.least() as u64;
        let parts = (to.checked_sub(from)? / (least * self.average)).clamp(1, CHAINS);
        let guess = self.guess.as_ref();
        let from = guess.and_then(|guess| guess.near(from)).filter(|&at| at < to).unwrap_or(from);
        let cut = (parts as usize, self.least());
        let mut chains = chains::walk(self.blocks, guess, from..to, cut, 1)?;
        let last = std::mem::replace(&mut self.chain, Chain::new(0, 0, 0));
        chains.push(last);
        let budget = (parts * least) as usize;
        let Joined { places, last } = chains::join(self.blocks, &chains, budget)?;
        self.number = self.number.checked_sub(usize::try_from(last?).ok()?)?;
        self.chain = chains.swap_remove(0);
        Some(places.raised(self.number))
    }

    /// Blocks of a chain, at least.
    fn least(&self) -> usize {
        if self.guess.is_some() { LEAST as usize } else { 16 * LEAST as usize }
    }

    /// The number of the first block that is where it seems to be, in all likelihood.
    fn first(&self) -> usize {
        self.number + chains::overlap(self.guess.as_ref(), self.least()) as usize
    }
}

/// What is left between the two threads.
struct Middle<'s> {
    slabs: Mutex<VecDeque<Slab<'s>>>,
    /// The bit at which the first of them begins, or the one before.
    at: AtomicU64,
}

impl<'s> Middle<'s> {
    fn slabs(&self) -> MutexGuard<'_, VecDeque<Slab<'s>>> {
        self.slabs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last slab, if it begins with this block or behind it.
    fn last(&self, first: usize) -> Option<Slab<'s>> {
        let mut slabs = self.slabs();
        let is_it = slabs.back().is_some_and(|slab| slab.first_block() >= first);
        if is_it { slabs.pop_back() } else { None }
    }
}

/// Decompresses slabs, which follow each other in the stream; returns the end of the last.
pub(super) fn decompress(tail: Tail<'_>, slabs: Vec<Slab<'_>>, team: &Team) -> Result<u64> {
    let blocks = tail.blocks;
    let decode = |at: u64, slab: &mut Slab<'_>| {
        simd::decompress(blocks.stream, at, blocks.params, blocks.scalar, slab)
    };
    let middle = Middle { slabs: Mutex::new(slabs.into()), at: AtomicU64::new(blocks.start) };
    let front = || -> Result<u64> {
        let mut at = blocks.start;
        loop {
            let slab = middle.slabs().pop_front();
            let Some(mut slab) = slab else { return Ok(at) };
            at = decode(at, &mut slab).inspect_err(|_| middle.slabs().clear())?;
            middle.at.store(at, Ordering::Relaxed);
        }
    };
    let (end, done) = team.join(front, || from_back(tail, &middle, decode));
    let mut end = end?;
    for (mut slab, done) in done.into_iter().flatten().rev() {
        end = match done {
            Some((at, next)) if at == end => next,
            _ => decode(end, &mut slab)?,
        };
    }
    Ok(end)
}

/// Slabs from the last on, and where each began and ended if no error was met.
fn from_back<'s>(
    mut tail: Tail<'_>,
    middle: &Middle<'s>,
    decode: impl Fn(u64, &mut Slab<'_>) -> Result<u64>,
) -> Vec<(Slab<'s>, Option<(u64, u64)>)> {
    let mut done = Vec::new();
    loop {
        let left = middle.slabs().len();
        let to = tail.chain.from();
        let gap = to.saturating_sub(middle.at.load(Ordering::Relaxed));
        if left <= LEFT || gap == 0 {
            return done;
        }
        let part = (gap / PART).max(gap / left as u64 * 3 / 2).min(gap);
        let Some(places) = tail.extend(to - part) else { return done };
        while let Some(mut slab) = middle.last(tail.first()) {
            let begun = place(tail.blocks, &places, slab.first_block());
            let ends = begun.and_then(|at| Ok((at, decode(at, &mut slab)?))).ok();
            done.push((slab, ends));
        }
    }
}
