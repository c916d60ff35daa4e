//! Blocks that are dealt out to threads.
//!
//! Long spans come first: what a thread reads on end is fetched in advance, and what two of
//! them read by turns in short pieces is not. Short ones come last, so that none waits long
//! for another.

use std::ops::Range;

/// The part of what is left for each thread that it is given at once.
const SHARE: usize = 2;

/// Blocks that nobody has yet.
pub(super) struct Spans {
    left: Range<usize>,
    threads: usize,
    /// All spans but the last are multiples of so many blocks.
    unit: usize,
    /// Blocks of a span, multiples of that.
    least: usize,
    most: usize,
}

impl Spans {
    /// Spans of `least` to `most` blocks, and a multiple of `unit` each.
    pub(super) fn new(
        blocks: Range<usize>,
        threads: usize,
        unit: usize,
        (least, most): (usize, usize),
    ) -> Self {
        let least = least.max(1).next_multiple_of(unit);
        Self { left: blocks, threads, unit, least, most: (most / unit * unit).max(least) }
    }

    /// The first of the blocks that are left.
    pub(super) fn first(&self) -> usize {
        self.left.start
    }

    /// The next span.
    pub(super) fn take(&mut self) -> Option<Range<usize>> {
        let Range { start, end } = self.left;
        if start >= end {
            return None;
        }
        let share = (end - start) / self.threads.saturating_mul(SHARE) / self.unit * self.unit;
        self.left.start = end.min(start + share.clamp(self.least, self.most));
        Some(start..self.left.start)
    }

    /// Gives no more.
    pub(super) fn stop(&mut self) {
        self.left.start = self.left.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_all_blocks_in_order() {
        for (blocks, threads, unit, bounds) in [
            (0..0, 2, 1, (1, 1)),
            (5..6, 1, 64, (0, 0)),
            (0..100_000, 2, 64, (100, 7000)),
            (3..12_345, 1024, 1, (10, usize::MAX)),
        ] {
            let mut spans = Spans::new(blocks.clone(), threads, unit, bounds);
            let mut next = blocks.start;
            while let Some(span) = spans.take() {
                assert_eq!(span.start, next);
                assert!(!span.is_empty());
                assert!(span.end == blocks.end || span.len().is_multiple_of(unit));
                assert!(span.end == blocks.end || span.len() >= bounds.0);
                next = span.end;
            }
            assert_eq!(next, blocks.end);
        }
    }
}
