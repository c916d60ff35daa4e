//! Memory behind a vector's bytes, which threads fill in parts.
//!
//! Nothing is emptied first. What has been handed out belongs to the vector in the end, if
//! all of it has been filled.

use std::mem::MaybeUninit;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{LARGE, reserve};
use crate::error::Result;

/// Bytes of a huge page, where it was measured.
const PAGE: usize = 2 << 20;

/// What is left to be handed out.
pub(crate) struct Space<'a> {
    rest: &'a mut [MaybeUninit<u8>],
    common: &'a Common,
}

/// A part of it, for one thread.
pub(crate) struct Part<'a> {
    bytes: &'a mut [MaybeUninit<u8>],
    common: &'a Common,
}

/// What all parts know.
struct Common {
    /// Bytes that have been filled.
    filled: AtomicUsize,
    /// The pages, if there are several, and the number that the first has.
    pages: Vec<Once>,
    first: usize,
}

impl Common {
    fn new(bytes: &[MaybeUninit<u8>]) -> Self {
        let addresses = bytes.as_ptr_range();
        let first = addresses.start.addr() / PAGE;
        let count = if bytes.len() < LARGE { 0 } else { addresses.end.addr() / PAGE - first + 1 };
        let pages = std::iter::repeat_with(Once::new).take(count).collect();
        Self { filled: AtomicUsize::new(0), pages, first }
    }

    /// Has the system give the pages that these bytes are on. Threads that were the first to
    /// write to the same one would each wait for an empty page, and all but one in vain.
    fn begin(&self, bytes: &mut [MaybeUninit<u8>]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = rest.as_ptr().addr();
            if let Some(page) = self.pages.get(at / PAGE - self.first) {
                page.call_once(|| {
                    rest[0] = MaybeUninit::new(0);
                    // Not left out, though all will be written over.
                    std::hint::black_box(&mut *rest);
                });
            }
            let len = rest.len().min(PAGE - at % PAGE);
            rest = &mut rest[len..];
        }
    }

    fn note(&self, filled: usize) {
        self.filled.fetch_add(filled, Ordering::Relaxed);
    }
}

/// Has `fill` fill memory for up to `most` bytes behind those of a vector. As many as it has
/// handed out belong to the vector then, or none if a part of them was left as it was.
pub(crate) fn append<T>(
    bytes: &mut Vec<u8>,
    most: usize,
    fill: impl FnOnce(&mut Space<'_>) -> T,
) -> Result<T> {
    let before = bytes.len();
    reserve(bytes, before.saturating_add(most))?;
    let rest = &mut bytes.spare_capacity_mut()[..most];
    let common = Common::new(rest);
    let mut space = Space { rest, common: &common };
    let done = fill(&mut space);
    let taken = most - space.rest.len();
    if common.filled.into_inner() == taken {
        // SAFETY:
        // * `taken` bytes behind the vector's have been handed out, in order, each once, since
        //   none but this space can be where it was lent: lifetimes of others differ.
        // * Parts count what they have filled, and that is as much.
        unsafe { bytes.set_len(before + taken) };
    }
    Ok(done)
}

impl<'a> Space<'a> {
    /// Bytes that are left.
    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next `len` bytes, if so many are left.
    pub(crate) fn take(&mut self, len: usize) -> Option<Part<'a>> {
        if len > self.rest.len() {
            return None;
        }
        let (bytes, rest) = std::mem::take(&mut self.rest).split_at_mut(len);
        self.rest = rest;
        Some(Part { bytes, common: self.common })
    }
}

impl<'a> Part<'a> {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The first `len` bytes, or all there are, and the others.
    pub(crate) fn split(self, len: usize) -> (Self, Self) {
        let (first, rest) = self.bytes.split_at_mut(len.min(self.bytes.len()));
        let part = |bytes| Self { bytes, common: self.common };
        (part(first), part(rest))
    }

    /// Fills it with the words of the bits of `source` behind those of `head`, whose number comes
    /// with it: as many words as `source` has, without what leaves the last, and zeros behind
    /// them.
    pub(crate) fn fill(self, (head, begun): (u64, u32), source: &[u8]) {
        // In two steps, since a shift by 64 (begun = 0) is not defined.
        let shifted = |before: u64, word: u64| word << begun | (before >> 1) >> (63 - begun);
        self.common.begin(self.bytes);
        let words = source.as_chunks::<8>().0;
        let (whole, rest) = self.bytes.as_chunks_mut::<8>();
        let (whole, behind) = whole.split_at_mut(whole.len().min(words.len()));
        if let (Some(target), Some(&word)) = (whole.first_mut(), words.first()) {
            let first = head | u64::from_le_bytes(word) << begun;
            *target = first.to_le_bytes().map(MaybeUninit::new);
        }
        // Each word by itself, so that compilers see vectors.
        let pairs = words.iter().zip(words.get(1..).unwrap_or_default());
        for (target, (&before, &word)) in whole.iter_mut().skip(1).zip(pairs) {
            let word = shifted(u64::from_le_bytes(before), u64::from_le_bytes(word));
            *target = word.to_le_bytes().map(MaybeUninit::new);
        }
        behind.as_flattened_mut().fill(MaybeUninit::new(0));
        rest.fill(MaybeUninit::new(0));
        self.common.note(self.bytes.len());
    }

    /// Fills it with zeros, to be written over.
    pub(crate) fn zeroed(self) -> &'a mut [u8] {
        self.common.begin(self.bytes);
        self.bytes.fill(MaybeUninit::new(0));
        self.common.note(self.bytes.len());
        // SAFETY: all bytes have just been written.
        unsafe { &mut *(std::ptr::from_mut(self.bytes) as *mut [u8]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_belongs_to_the_vector() -> Result<()> {
        let mut bytes = vec![9];
        let too_much = append(&mut bytes, 40, |space| {
            let parts: Vec<Part<'_>> =
                [16, 0, 7].into_iter().filter_map(|len| space.take(len)).collect();
            assert_eq!((parts.len(), space.len()), (3, 17));
            std::thread::scope(|scope| {
                for (i, part) in parts.into_iter().enumerate() {
                    scope.spawn(move || {
                        if i == 0 {
                            part.fill((1, 4), b"abcdefgh");
                        } else {
                            let (first, second) = part.split(3);
                            second.zeroed().fill(i as u8);
                            first.zeroed().fill(7);
                        }
                    });
                }
            });
            space.take(18).is_none()
        })?;
        assert!(too_much);
        assert_eq!(bytes, *b"\x09\x11\x26\x36FVfv\x86\0\0\0\0\0\0\0\0\x07\x07\x07\x02\x02\x02\x02");
        Ok(())
    }

    #[test]
    fn bits_are_moved_behind_others() -> Result<()> {
        let words = [0x0123_4567_89ab_cdef_u64, u64::MAX, 0, 0x8000_0000_0000_0001, 7];
        let source: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        for (head, begun) in [(0, 0), (1, 1), (0x1f_ffff, 37), (u64::MAX / 2, 63)] {
            for count in 0..words.len() + 3 {
                let mut bytes = Vec::new();
                append(&mut bytes, 8 * count, |space| {
                    let part = space.take(8 * count).expect("so many are there");
                    part.fill((head, begun), &source);
                })?;
                let mut carried = u128::from(head);
                let moved = bytes.as_chunks::<8>().0;
                for (word, moved) in words.into_iter().zip(moved) {
                    carried |= u128::from(word) << begun;
                    assert_eq!(u64::from_le_bytes(*moved), carried as u64, "{begun} {count}");
                    carried >>= 64;
                }
                assert_eq!(bytes.len(), 8 * count);
                assert!(bytes.iter().skip(8 * words.len()).all(|&byte| byte == 0));
            }
        }
        Ok(())
    }

    #[test]
    fn threads_begin_the_same_pages() -> Result<()> {
        let mut bytes = vec![3];
        let most = 3 * LARGE + 5;
        append(&mut bytes, most, |space| {
            let parts = std::iter::from_fn(|| space.take((PAGE / 3).min(space.len().max(1))));
            let parts: Vec<Part<'_>> = parts.collect();
            std::thread::scope(|scope| {
                for (i, part) in parts.into_iter().enumerate() {
                    scope.spawn(move || part.zeroed().fill(i as u8));
                }
            });
        })?;
        assert_eq!(bytes.len(), 1 + most);
        let number = |at: usize| (at / (PAGE / 3)) as u8;
        assert!(bytes[1..].iter().enumerate().all(|(at, &byte)| byte == number(at)));
        Ok(())
    }

    #[test]
    fn nothing_is_taken_over_with_a_part_that_was_left() -> Result<()> {
        let mut bytes = vec![1, 2];
        append(&mut bytes, 10, |space| {
            let left = space.take(4);
            space.take(6).map(Part::zeroed);
            assert!(left.is_some_and(|left| left.len() == 4));
        })?;
        assert_eq!(bytes, [1, 2]);
        append(&mut bytes, 10, |_| ())?;
        assert_eq!(bytes, [1, 2]);
        Ok(())
    }
}
