//! The forward transforms of [`block::lift`](crate::block::lift) on tiles.

use super::lanes::{Lanes, Tile};

/// The transform along x, then y, z and w: the exact one, or the lossy one. A tile comes
/// with its registers along x, its groups along y (the first two bits of the block's number
/// in 1 dimension) and its places along z (the other two bits, or those of the block's
/// number in 2 dimensions); [`places`](super::lanes::places) says where everything is
/// afterwards.
#[inline(always)]
pub(crate) fn forward<V: Lanes, const N: usize, const T: usize, const EXACT: bool>(
    tiles: &mut [Tile<V>; T],
) {
    for tile in tiles.iter_mut() {
        *tile = line::<V, EXACT>(*tile);
        if N >= 16 {
            *tile = line::<V, EXACT>(V::transpose_groups(*tile));
        }
        if N >= 64 {
            *tile = line::<V, EXACT>(V::transpose_places(*tile));
        }
    }
    if T == 4 {
        for r in 0..4 {
            let along_w = [tiles[0][r], tiles[1 % T][r], tiles[2 % T][r], tiles[3 % T][r]];
            let [x, y, z, w] = line::<V, EXACT>(along_w);
            tiles[0][r] = x;
            tiles[1 % T][r] = y;
            tiles[2 % T][r] = z;
            tiles[3 % T][r] = w;
        }
    }
}

// Not given as a function: the compiler would see that through a call, which may not be
// compiled for the instructions at hand.
#[inline(always)]
fn line<V: Lanes, const EXACT: bool>([mut x, mut y, mut z, mut w]: [V; 4]) -> [V; 4] {
    if EXACT {
        w = w.sub(z);
        z = z.sub(y);
        y = y.sub(x);
        w = w.sub(z);
        z = z.sub(y);
        w = w.sub(z);
        return [x, y, z, w];
    }
    x = x.add(w).half();
    w = w.sub(x);
    z = z.add(y).half();
    y = y.sub(z);
    x = x.add(z).half();
    z = z.sub(x);
    w = w.add(y).half();
    y = y.sub(w);
    w = w.add(y.half());
    y = y.sub(w.half());
    [x, y, z, w]
}
