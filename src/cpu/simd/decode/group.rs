//! Planes of several blocks, on their way from the parser to the vectors.

use super::head::{Head, Kind};

/// What a block's integers become.
#[derive(Clone, Copy, Default)]
pub(super) struct Cast {
    pub(super) kind: Kind,
    pub(super) exponent: i32,
}

/// Blocks that are decoded together: up to four sets of 64 coefficients, which are 16
/// blocks of 4, four of 16, one of 64, or a quarter of one of 256.
#[repr(C, align(64))]
pub(super) struct Group {
    /// The planes of each set: bit `i` of number `k` is bit `k` of coefficient `i`. Of
    /// blocks of 4, each in a byte, those of a block together and the highest first.
    pub(super) planes: [[u64; 64]; 4],
    /// The casts of all blocks.
    pub(super) casts: [Cast; 16],
    /// Bit `g` is set if a block of 256 may have one-bits in planes `8g..8g + 8`; others are
    /// zeros. Less would be saved for shorter blocks than it takes to keep account.
    pub(super) columns: u32,
}

/// Blocks that make a group.
pub(super) const fn blocks_of(n: usize) -> usize {
    match n {
        4 => 16,
        16 => 4,
        64 => 2,
        _ => 1,
    }
}

/// Sets that so many blocks of `n` values take.
pub(super) const fn sets_of(blocks: usize, n: usize) -> usize {
    (blocks * n).div_ceil(64)
}

impl Group {
    pub(super) const fn new() -> Self {
        let casts = [Cast { kind: Kind::Scaled, exponent: 0 }; 16];
        Self { planes: [[0; 64]; 4], casts, columns: 0 }
    }

    /// Makes all planes zero, for blocks of `N` coefficients of `width` bits.
    #[inline(always)]
    pub(super) fn clear<const N: usize>(&mut self, width: u32) {
        if N == 256 {
            while self.columns != 0 {
                let g = self.columns.trailing_zeros() as usize % 8;
                self.columns &= self.columns - 1;
                for set in &mut self.planes {
                    set.as_chunks_mut().0[g] = [0; 8];
                }
            }
            debug_assert!(self.planes.as_flattened().iter().all(|&plane| plane == 0));
            return;
        }
        let sets = if N == 4 { width as usize / 32 } else { sets_of(blocks_of(N), N) };
        for set in &mut self.planes[..sets] {
            // Of a length that is known, so that it becomes a few stores.
            let (low, high) = set.split_at_mut(32);
            low.fill(0);
            if N == 4 || width > 32 {
                high.fill(0);
            }
        }
    }

    /// Notes that planes from `low` on and below `high` may have one-bits.
    #[inline(always)]
    pub(super) fn mark<const N: usize>(&mut self, low: u32, high: u32) {
        if N == 256 {
            self.columns |= 0xff >> (8 - high.div_ceil(8)) & 0xff << (low / 8);
        }
    }

    /// The planes of a block of 4 coefficients of `width` bits.
    #[inline(always)]
    pub(super) fn fours(&mut self, slot: usize, width: u32) -> &mut [u8] {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(self.planes.as_flattened_mut());
        let width = width as usize;
        &mut bytes[slot * width..][..width]
    }

    /// Notes what the integers of block `slot` become.
    #[inline(always)]
    pub(super) fn note(&mut self, slot: usize, head: &Head) {
        self.casts[slot] = Cast { kind: head.kind, exponent: head.exponent };
    }

    /// Keeps plane `k` of the block of `N` in `slot`, where nothing is yet.
    #[inline(always)]
    pub(super) fn keep<const N: usize>(&mut self, slot: usize, k: usize, plane: u64) {
        let (set, shift) = (slot * N / 64, slot * N % 64);
        match N {
            64.. => self.planes[set][k] = plane,
            16 if cfg!(target_endian = "little") => {
                let halves: &mut [u16; 256] = bytemuck::cast_mut(&mut self.planes[set]);
                halves[4 * k + slot % 4] = plane as u16;
            }
            _ => self.planes[set][k] |= plane << shift,
        }
    }
}
