//! Planes to values in plain Rust, for the compiler to make vectors of.

use crate::block::{BlockScalar, cast, lift, order, reversible};
use crate::cpu::simd::decode::group::{Cast, Group};
use crate::cpu::simd::decode::head::Kind;
use crate::scalar::{Coefficient, Float, ScalarType, Word};

/// See [`Machine::values`](crate::cpu::simd::decode::machine::Machine::values).
#[inline(always)]
pub(super) fn values<S: BlockScalar, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    out: &mut [[S; 64]; 4],
) {
    let out = out.as_flattened_mut();
    match S::TYPE {
        ScalarType::I32 => each_block::<i32, i32, N>(group, sets, exact, same(out), |i, _| i),
        ScalarType::I64 => each_block::<i64, i64, N>(group, sets, exact, same(out), |i, _| i),
        ScalarType::F32 => each_block::<f32, i32, N>(group, sets, exact, same(out), floats),
        ScalarType::F64 => each_block::<f64, i64, N>(group, sets, exact, same(out), floats),
    }
}

/// The same type by another name.
#[inline(always)]
fn same<S: BlockScalar, T: BlockScalar>(values: &mut [S]) -> &mut [T] {
    bytemuck::cast_slice_mut(values)
}

#[inline(always)]
fn floats<F: Float, const N: usize>(block: [F::Int; N], cast: Cast) -> [F; N] {
    match cast.kind {
        Kind::Scaled => cast::inverse(&block, cast.exponent),
        Kind::Exact => block.map(|i| F::from_bits(reversible::twos_complement(i))),
    }
}

#[inline(always)]
fn each_block<S: Copy, C: Coefficient, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    out: &mut [S],
    finish: impl Fn([C; N], Cast) -> [S; N],
) {
    let width = C::Word::BITS as usize;
    let mut words = [C::Word::ZERO; 256];
    if N == 4 {
        gather_fours(group.planes.as_flattened(), &mut words[..64]);
    }
    for (set, words) in words.as_chunks_mut::<64>().0.iter_mut().enumerate().take(sets) {
        if N == 4 {
            break;
        }
        let mut rows = group.planes[set];
        transpose(&mut rows, width);
        // Rows of 64 bits hold two coefficients of 32, 32 apart.
        for (i, word) in words.iter_mut().enumerate() {
            *word = C::Word::truncate(rows[i % width] >> (i / width * width));
        }
    }
    let blocks = words[..64 * sets].as_chunks::<N>().0.iter().zip(group.casts);
    for ((words, cast), out) in blocks.zip(out.as_chunks_mut::<N>().0) {
        let mut block = order::inverse::<C, N>(words);
        if exact {
            lift::inverse_reversible(&mut block);
        } else {
            lift::inverse(&mut block);
        }
        *out = finish(block, cast);
    }
}

/// Coefficients of blocks of four, from bytes of a plane each.
#[inline(always)]
fn gather_fours<W: Word>(planes: &[u64], words: &mut [W]) {
    let eights = W::BITS as usize / 8;
    for (block, words) in words.chunks_exact_mut(4).enumerate() {
        for (i, word) in words.iter_mut().enumerate() {
            for planes in &planes[eights * block..][..eights] {
                let ones = (planes.to_le() >> i) & 0x0101_0101_0101_0101;
                // The product's highest byte is made of the lowest bit of each, the first
                // one on top.
                let byte = ones.wrapping_mul(0x8040_2010_0804_0201) >> 56;
                *word = *word << 8 | W::truncate(byte);
            }
        }
    }
}

/// Transposes squares of `width` bits, side by side in the first `width` rows.
#[inline(always)]
fn transpose(rows: &mut [u64; 64], width: usize) {
    if width == 64 {
        swap_halves::<32>(rows, width);
    }
    swap_halves::<16>(rows, width);
    swap_halves::<8>(rows, width);
    swap_halves::<4>(rows, width);
    swap_halves::<2>(rows, width);
    swap_halves::<1>(rows, width);
}

/// In each square of side 2·`HALF`, swaps the upper right and the lower left quarter.
#[inline(always)]
fn swap_halves<const HALF: usize>(rows: &mut [u64; 64], width: usize) {
    // HALF ones, HALF zeros, and so on, from the lowest bit up.
    let mask = u64::MAX / ((1u64 << HALF) + 1);
    for square in rows[..width].chunks_exact_mut(2 * HALF) {
        let (upper, lower) = square.split_at_mut(HALF);
        for (upper, lower) in upper.iter_mut().zip(lower) {
            let swap = ((*upper >> HALF) ^ *lower) & mask;
            *lower ^= swap;
            *upper ^= swap << HALF;
        }
    }
}
