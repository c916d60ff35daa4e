//! Memory behind a vector's bytes, which threads fill in parts.
//!
//! Nothing is emptied first. What has been handed out belongs to the vector in the end, if
//! all of it has been filled.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::reserve;
use crate::error::Result;

/// What is left to be handed out.
pub(crate) struct Space<'a> {
    rest: &'a mut [MaybeUninit<u8>],
    filled: &'a AtomicUsize,
}

/// A part of it, for one thread.
pub(crate) struct Part<'a> {
    bytes: &'a mut [MaybeUninit<u8>],
    filled: &'a AtomicUsize,
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
    let filled = AtomicUsize::new(0);
    let mut space = Space { rest: &mut bytes.spare_capacity_mut()[..most], filled: &filled };
    let done = fill(&mut space);
    let taken = most - space.rest.len();
    if filled.into_inner() == taken {
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
        Some(Part { bytes, filled: self.filled })
    }
}

impl<'a> Part<'a> {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The first `len` bytes, or all there are, and the others.
    pub(crate) fn split(self, len: usize) -> (Self, Self) {
        let (first, rest) = self.bytes.split_at_mut(len.min(self.bytes.len()));
        let part = |bytes| Self { bytes, filled: self.filled };
        (part(first), part(rest))
    }

    /// Fills it with words, as many as it has room for, and zeros if there are fewer.
    pub(crate) fn fill(self, words: impl Iterator<Item = [u8; 8]>) {
        let mut words = words.map(|word| word.map(MaybeUninit::new));
        let (whole, rest) = self.bytes.as_chunks_mut::<8>();
        let mut filled = 0;
        for (target, word) in whole.iter_mut().zip(&mut words) {
            *target = word;
            filled += 1;
        }
        whole[filled..].as_flattened_mut().fill(MaybeUninit::new(0));
        rest.fill(MaybeUninit::new(0));
        self.filled.fetch_add(self.bytes.len(), Ordering::Relaxed);
    }

    /// Fills it with zeros, to be written over.
    pub(crate) fn zeroed(self) -> &'a mut [u8] {
        self.bytes.fill(MaybeUninit::new(0));
        self.filled.fetch_add(self.bytes.len(), Ordering::Relaxed);
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
                            part.fill([*b"abcdefgh"].into_iter());
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
        assert_eq!(bytes, *b"\x09abcdefgh\0\0\0\0\0\0\0\0\x07\x07\x07\x02\x02\x02\x02");
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
