//! The decorrelating transforms, as lifting steps along each axis in turn.
//!
//! Lossy blocks use zfp's non-orthogonal transform, whose matrix on a line of four is
//!
//! ```text
//!        ( 4  4  4  4)                    ( 4  6 -4 -1)
//! 1/16 · ( 5  1 -1 -5)   inverse  1/4  ·  ( 4  2  4  5)
//!        (-4  4  4 -4)                    ( 4 -2  4 -5)
//!        (-2  6 -6  2)                    ( 4 -6 -4  1)
//! ```
//!
//! (P. Lindstrom, *Fixed-rate compressed floating-point arrays*, 2014). Its shifts
//! drop bits, so reversible blocks use a high-order Lorenzo transform, which is
//! exact: finite differences up to the third. All sums wrap.

use crate::scalar::Coefficient;

/// Transforms a block of 4^d values along x, then y, z and w.
#[inline(always)]
pub(crate) fn forward<C: Coefficient, const N: usize>(block: &mut [C; N]) {
    along_each_axis::<C, N, true>(block, forward_line);
}

/// Undoes [`forward`], up to the bits it drops, from w back to x.
#[inline(always)]
pub(crate) fn inverse<C: Coefficient, const N: usize>(block: &mut [C; N]) {
    along_each_axis::<C, N, false>(block, inverse_line);
}

/// The exact transform of reversible blocks.
#[inline(always)]
pub(crate) fn forward_reversible<C: Coefficient, const N: usize>(block: &mut [C; N]) {
    along_each_axis::<C, N, true>(block, forward_line_reversible);
}

/// Undoes [`forward_reversible`].
#[inline(always)]
pub(crate) fn inverse_reversible<C: Coefficient, const N: usize>(block: &mut [C; N]) {
    along_each_axis::<C, N, false>(block, inverse_line_reversible);
}

#[inline(always)]
fn along_each_axis<C: Coefficient, const N: usize, const UP: bool>(
    block: &mut [C; N],
    line: impl Fn([C; 4]) -> [C; 4] + Copy,
) {
    // Neighbours along x, y, z, w lie 1, 4, 16, 64 apart.
    let strides = if UP { [1, 4, 16, 64] } else { [64, 16, 4, 1] };
    for stride in strides {
        if stride < N {
            along_axis(block, stride, line);
        }
    }
}

#[inline(always)]
fn along_axis<C: Coefficient, const N: usize>(
    block: &mut [C; N],
    stride: usize,
    line: impl Fn([C; 4]) -> [C; 4],
) {
    for slab in block.chunks_exact_mut(4 * stride) {
        // Four runs side by side, so that the lines between them go lane by lane.
        let (x, rest) = slab.split_at_mut(stride);
        let (y, rest) = rest.split_at_mut(stride);
        let (z, w) = rest.split_at_mut(stride);
        for (((x, y), z), w) in x.iter_mut().zip(y).zip(z).zip(w) {
            [*x, *y, *z, *w] = line([*x, *y, *z, *w]);
        }
    }
}

#[inline(always)]
fn forward_line<C: Coefficient>([mut x, mut y, mut z, mut w]: [C; 4]) -> [C; 4] {
    x = x.wrapping_add(w) >> 1;
    w = w.wrapping_sub(x);
    z = z.wrapping_add(y) >> 1;
    y = y.wrapping_sub(z);
    x = x.wrapping_add(z) >> 1;
    z = z.wrapping_sub(x);
    w = w.wrapping_add(y) >> 1;
    y = y.wrapping_sub(w);
    w = w.wrapping_add(y >> 1);
    y = y.wrapping_sub(w >> 1);
    [x, y, z, w]
}

#[inline(always)]
fn inverse_line<C: Coefficient>([mut x, mut y, mut z, mut w]: [C; 4]) -> [C; 4] {
    y = y.wrapping_add(w >> 1);
    w = w.wrapping_sub(y >> 1);
    y = y.wrapping_add(w);
    w = (w << 1).wrapping_sub(y);
    z = z.wrapping_add(x);
    x = (x << 1).wrapping_sub(z);
    y = y.wrapping_add(z);
    z = (z << 1).wrapping_sub(y);
    w = w.wrapping_add(x);
    x = (x << 1).wrapping_sub(w);
    [x, y, z, w]
}

#[inline(always)]
fn forward_line_reversible<C: Coefficient>([x, mut y, mut z, mut w]: [C; 4]) -> [C; 4] {
    w = w.wrapping_sub(z);
    z = z.wrapping_sub(y);
    y = y.wrapping_sub(x);
    w = w.wrapping_sub(z);
    z = z.wrapping_sub(y);
    w = w.wrapping_sub(z);
    [x, y, z, w]
}

#[inline(always)]
fn inverse_line_reversible<C: Coefficient>([x, mut y, mut z, mut w]: [C; 4]) -> [C; 4] {
    w = w.wrapping_add(z);
    z = z.wrapping_add(y);
    w = w.wrapping_add(z);
    y = y.wrapping_add(x);
    z = z.wrapping_add(y);
    w = w.wrapping_add(z);
    [x, y, z, w]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lorenzo_is_exact_even_when_it_wraps() {
        let mut block: [i32; 64] =
            std::array::from_fn(|i| (i as i32).wrapping_mul(0x6c07_8965).rotate_left(i as u32));
        let original = block;
        forward_reversible(&mut block);
        assert_ne!(block, original);
        inverse_reversible(&mut block);
        assert_eq!(block, original);
    }

    #[test]
    fn a_constant_keeps_only_its_mean() {
        let mut block = [1000i64; 256];
        forward(&mut block);
        assert_eq!(block[0], 1000);
        assert!(block[1..].iter().all(|&c| c == 0));
        inverse(&mut block);
        assert_eq!(block, [1000; 256]);
    }
}
