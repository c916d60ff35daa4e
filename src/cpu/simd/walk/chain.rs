//! Where a chain goes, and what is kept of it.

use std::sync::{Mutex, PoisonError};

/// Blocks from one that is kept to the next, where not all are; a power of two.
const SPACING: u32 = 64;

/// A chain of blocks: from a bit at which one may begin, past that at which the next chain
/// begins.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The bit at which it begins, and at which the next one does.
    from: u64,
    next: u64,
    /// Blocks at its beginning that are all kept, and behind the next one's.
    overlap: u32,
    /// How many of the latter it has.
    beyond: u32,
    /// Blocks by their number in the chain, and the bits at which they begin.
    pub(crate) seen: Vec<(u32, u64)>,
}

/// Chains that wait for somebody to walk them.
pub(crate) struct Queue<'a> {
    chains: Mutex<std::slice::IterMut<'a, Chain>>,
}

impl Chain {
    /// A chain from one bit to another. Of its first blocks, and of those behind its end,
    /// `overlap` are kept, all of them, so that neighbours can be seen to have met.
    pub(crate) fn new(from: u64, next: u64, overlap: u32) -> Self {
        Self { from, next, overlap, beyond: 0, seen: Vec::new() }
    }

    /// The bit at which it begins.
    pub(crate) fn from(&self) -> u64 {
        self.from
    }

    /// Takes note of a block; the mask of those numbers' bits that are zeros in the next one
    /// to be noted, or none if the chain ends. No block may begin behind `limit`.
    pub(crate) fn note(&mut self, number: u32, at: u64, limit: u64) -> Option<u32> {
        if at > limit || self.seen.try_reserve(1).is_err() {
            return None;
        }
        self.seen.push((number, at));
        if at < self.next {
            return Some(if number < self.overlap { 0 } else { SPACING - 1 });
        }
        self.beyond += 1;
        (self.beyond <= self.overlap).then_some(0)
    }
}

impl<'a> Queue<'a> {
    pub(crate) fn new(chains: &'a mut [Chain]) -> Self {
        Self { chains: Mutex::new(chains.iter_mut()) }
    }

    /// The next chain to be walked, for whoever asks first.
    pub(super) fn next(&self) -> Option<&'a mut Chain> {
        self.chains.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}
