//! Planes to values by vectors of four: what SSE2 and NEON have in common.
//!
//! Squares of eight bits of eight planes are transposed, which makes bytes of coefficients.
//! How these come where the transform wants them, each set of instructions knows best.

use super::group::{Cast, Group};
use super::head::Kind;
use crate::block::{BlockScalar, order};
use crate::cpu::simd::unlift::{self, Vector};

/// Vectors that make a set.
pub(super) const K: usize = 16;

/// A row of four integers of either width, out of planes and into memory.
pub(super) trait Row: Vector<K> {
    /// The coefficients of a set of blocks of 16 or 64, where the transform wants them.
    fn of_set<const N: usize>(planes: &[u64; 64]) -> [Self; K];
    /// Those of 16 blocks of four: vector 4·i + h has coefficients i of blocks 4·h to
    /// 4·h + 3.
    fn of_fours(planes: &[u64]) -> [Self; K];
    /// Those of the four sets of a block of 256.
    fn of_sets(planes: &[[u64; 64]; 4]) -> [[Self; K]; 4];
    /// Stores integers.
    fn store<S: BlockScalar>(self, values: &mut [S; 4]);
    /// Floating-point values, by their bits: these integers times a power of two.
    fn scaled(self, exponent: i32) -> Self;
    /// The bits of floating-point values that these integers are, but for negative ones.
    fn patterns(self) -> Self;
}

/// See [`Machine::values`](super::machine::Machine::values); rows are `R`.
#[inline(always)]
pub(super) fn values<S: BlockScalar, R: Row, const N: usize>(
    group: &Group,
    sets: usize,
    exact: bool,
    values: &mut [[S; 64]; 4],
) {
    if N > 64 {
        let mut vectors = R::of_sets(&group.planes);
        unlift::outermost(&mut vectors, exact);
        for (vectors, values) in vectors.into_iter().zip(values) {
            let vectors = unlift::set::<R, K, N>(vectors, exact);
            cast_set::<S, R, N>(vectors, &group.casts, values);
        }
        return;
    }
    for (set, values) in values.iter_mut().enumerate().take(sets) {
        let vectors = if N == 4 {
            R::of_fours(group.planes.as_flattened())
        } else {
            R::of_set::<N>(&group.planes[set])
        };
        let mut vectors = unlift::set::<R, K, N>(vectors, exact);
        if N == 4 {
            // Rows were of blocks that follow each other.
            vectors = R::swap(vectors);
        }
        cast_set::<S, R, N>(vectors, &group.casts[set * (64 / N)..], values);
    }
}

/// Casts the integers of a set, whose blocks' casts come first among `casts`.
#[inline(always)]
fn cast_set<S: BlockScalar, R: Row, const N: usize>(
    vectors: [R; K],
    casts: &[Cast],
    values: &mut [S; 64],
) {
    let rows = values.as_chunks_mut::<4>().0;
    for (i, (vector, values)) in vectors.into_iter().zip(rows).enumerate() {
        let cast = casts[4 * i / N];
        let values_of_block = if S::TYPE.exponent_bits().is_none() {
            vector
        } else if cast.kind == Kind::Exact {
            vector.patterns()
        } else {
            vector.scaled(cast.exponent)
        };
        values_of_block.store(values);
    }
}

/// Where the bytes of coefficients are when they come out of planes: that of coefficient
/// 8·j + 2·q + s at place 16·q + 8·s + j.
pub(super) const fn place_of(coefficient: usize) -> usize {
    coefficient % 8 / 2 * 16 + coefficient % 2 * 8 + coefficient / 8
}

/// Where each coefficient of a set goes, blocks being of `N`.
pub(super) const fn slots<const N: usize>() -> [u8; 256] {
    let order = order::order::<N>();
    let mut slots = [0; 64];
    let mut slot = 0;
    while slot < 64 {
        slots[unlift::place::<K, N>(slot / 4, slot % 4)] = slot as u8;
        slot += 1;
    }
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let place = i / N * N + order[i % N] as usize;
        table[i] = (place / 64 * 64) as u8 + slots[place % 64];
        i += 1;
    }
    table
}

/// The same by place, as the bytes lie.
pub(super) const fn slots_by_place<const N: usize>() -> [u8; 256] {
    let slots = slots::<N>();
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i / 64 * 64 + place_of(i % 64)] = slots[i];
        i += 1;
    }
    table
}

/// Whether no plane has a one-bit.
#[inline(always)]
pub(super) fn is_empty(planes: &[u64]) -> bool {
    planes.iter().fold(0, |any, plane| any | plane) == 0
}
