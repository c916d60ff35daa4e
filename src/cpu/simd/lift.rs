//! The forward transforms of [`block::lift`](crate::block::lift) on tiles.

use super::lanes::{Lanes, Tile};

/// The lossy transform along x, then y, z and w. A tile comes with its registers along x,
/// its groups along y (the first two bits of the block's number in 1 dimension) and its
/// places along z (the other two bits, or those of the block's number in 2 dimensions);
/// [`places`](super::lanes::places) says where everything is afterwards.
#[inline(always)]
pub(crate) fn forward<V: Lanes, const N: usize, const T: usize>(tiles: &mut [Tile<V>; T]) {
    along_each_axis::<V, N, T>(tiles, line);
}

/// The exact transform.
#[inline(always)]
pub(crate) fn forward_reversible<V: Lanes, const N: usize, const T: usize>(
    tiles: &mut [Tile<V>; T],
) {
    along_each_axis::<V, N, T>(tiles, line_reversible);
}

#[inline(always)]
fn along_each_axis<V: Lanes, const N: usize, const T: usize>(
    tiles: &mut [Tile<V>; T],
    line: impl Fn([V; 4]) -> [V; 4] + Copy,
) {
    for tile in tiles.iter_mut() {
        *tile = line(*tile);
        if N >= 16 {
            *tile = line(V::transpose_groups(*tile));
        }
        if N >= 64 {
            *tile = line(V::transpose_places(*tile));
        }
    }
    if T == 4 {
        for r in 0..4 {
            let along_w = line(std::array::from_fn(|w| tiles[w % T][r]));
            for (w, lanes) in along_w.into_iter().enumerate() {
                tiles[w % T][r] = lanes;
            }
        }
    }
}

#[inline(always)]
fn line<V: Lanes>([mut x, mut y, mut z, mut w]: [V; 4]) -> [V; 4] {
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

#[inline(always)]
fn line_reversible<V: Lanes>([x, mut y, mut z, mut w]: [V; 4]) -> [V; 4] {
    w = w.sub(z);
    z = z.sub(y);
    y = y.sub(x);
    w = w.sub(z);
    z = z.sub(y);
    w = w.sub(z);
    [x, y, z, w]
}
