//! Memory for results, which the system gives page by page.
//!
//! A page is emptied when it is first written to. In pages of 4 KiB that goes at 3 GB/s where
//! it was measured, slower than most blocks are coded; in huge ones of 2 MiB, at 24. Linux
//! gives those where they are asked for, which is what most distributions have it do.

// Only here and in `cpu::simd`.
#![allow(unsafe_code)]

#[cfg(feature = "parallel")]
mod space;

use std::mem::MaybeUninit;

use bytemuck::Zeroable;

use crate::error::{Error, Result};
#[cfg(feature = "parallel")]
pub(crate) use space::{Part, Space, append};

/// Bytes from which on huge pages are asked for: below, half of one may stay unused.
const LARGE: usize = 4 << 20;

/// So many zeros, as the system has them: pages that are not written to cost nothing, and
/// any thread can write to them first.
pub(crate) fn zeroed<T: Zeroable>(count: usize) -> Result<Vec<T>> {
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    let mut zeros =
        bytemuck::allocation::try_zeroed_vec(count).map_err(|()| Error::OutOfMemory { bytes })?;
    vector_in_huge_pages(&mut zeros);
    Ok(zeros)
}

/// Makes room for `total` bytes in all, and no more.
pub(crate) fn reserve(bytes: &mut Vec<u8>, total: usize) -> Result<()> {
    let additional = total.saturating_sub(bytes.len());
    let has_grown = total > bytes.capacity();
    bytes.try_reserve_exact(additional).map_err(|_| Error::OutOfMemory { bytes: total as u64 })?;
    if has_grown {
        vector_in_huge_pages(bytes);
    }
    Ok(())
}

/// Asks for huge pages under all that a vector may grow to.
fn vector_in_huge_pages<T>(vector: &mut Vec<T>) {
    let bytes = vector.capacity() * size_of::<T>();
    let start = vector.as_mut_ptr().cast();
    // SAFETY: so many bytes are the vector's, and any of them may be uninitialised.
    in_huge_pages(unsafe { std::slice::from_raw_parts_mut(start, bytes) });
}

/// Asks for huge pages under memory that is to be written to, if it is large. For
/// languages that have memory of their own.
#[doc(hidden)]
pub fn in_huge_pages(memory: &mut [MaybeUninit<u8>]) {
    if memory.len() < LARGE {
        return;
    }
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        use rustix::mm::{Advice, madvise};

        // Whole pages, so that large memory, which has its own, stays one piece for the
        // system, which then can make it larger without copying it.
        let page = rustix::param::page_size();
        let start = memory.as_mut_ptr();
        let before = start.addr() % page;
        let pages = (before + memory.len()).next_multiple_of(page);
        let start = start.wrapping_sub(before).cast();
        // SAFETY:
        // * Each of the pages has bytes of this memory, so that all are there.
        // * This advice leaves what they hold, and who may use it, as it is.
        // Without huge pages, nothing but time is lost.
        let _ = unsafe { madvise(start, pages, Advice::LinuxHugepage) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_memory_is_empty_and_keeps_what_is_written() {
        for count in [0, 1, LARGE / 8 - 1, LARGE / 8, 3 * LARGE / 8 + 5] {
            let mut zeros = zeroed::<u64>(count).expect("there is memory");
            assert_eq!(zeros.len(), count);
            assert!(zeros.iter().all(|&zero| zero == 0), "{count}");
            zeros.fill(7);
            assert!(zeros.iter().all(|&seven| seven == 7), "{count}");
        }
        let mut bytes = vec![1, 2, 3];
        for total in [0, 2, 3, LARGE - 1, 2 * LARGE + 1] {
            reserve(&mut bytes, total).expect("there is memory");
            assert!(bytes.capacity() >= total);
            assert_eq!(bytes, [1, 2, 3]);
        }
    }

    #[test]
    fn too_much_is_an_error() {
        let most = usize::MAX / 8;
        assert_eq!(zeroed::<u64>(most), Err(Error::OutOfMemory { bytes: 8 * most as u64 }));
        let total = usize::MAX;
        assert_eq!(
            reserve(&mut Vec::new(), total),
            Err(Error::OutOfMemory { bytes: total as u64 })
        );
    }
}
