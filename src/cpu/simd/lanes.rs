//! Vectors of sixteen coefficients, whatever a register holds.
//!
//! A *tile* is 64 values in four of them: one 3-dimensional block, four 2-dimensional
//! ones, sixteen 1-dimensional ones, or a quarter of a 4-dimensional one. Value
//! 16·r + 4·g + p of a tile is at *place* p of *group* g of *register* r. An axis is
//! worked along when its two bits are the register's: two transpositions bring any axis
//! there.

use super::level::Isa;
use crate::block::order::order;
use crate::scalar::Coefficient;

/// Four vectors: 64 values.
pub(crate) type Tile<V> = [V; 4];

/// Words that hold the bit planes of a tile or of four.
pub(crate) type Planes = [u64; 256];

/// Sixteen integers of 32 or 64 bits, or floating-point values by their bits. One exists
/// only where a token of its set of instructions was shown.
pub(crate) trait Lanes: Copy {
    /// The set of instructions.
    type Isa: Isa;
    /// What a lane holds.
    type Int: Coefficient;

    /// Four groups of four values, from anywhere, without need of alignment.
    ///
    /// # Safety
    ///
    /// Four values can be read from each pointer.
    unsafe fn load(isa: Self::Isa, groups: [*const u8; 4]) -> Self;
    /// The same number in each lane.
    fn splat(isa: Self::Isa, value: Self::Int) -> Self;
    /// All lanes.
    fn to_array(self) -> [Self::Int; 16];
    /// The first lane.
    fn first(self) -> Self::Int;

    /// Sum, modulo the width.
    fn add(self, other: Self) -> Self;
    /// Difference, modulo the width.
    fn sub(self, other: Self) -> Self;
    /// Half, rounded down.
    fn half(self) -> Self;
    /// Bitwise and.
    fn and(self, other: Self) -> Self;
    /// Bitwise or.
    fn or(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// The larger one; both must not be negative.
    fn max(self, other: Self) -> Self;
    /// All ones where negative, else all zeros.
    fn sign(self) -> Self;
    /// `zero` where this is zero, else `other`.
    fn choose(self, zero: Self, other: Self) -> Self;
    /// The vector with lanes i and i ^ `BIT` swapped; `BIT` is 1, 2, 4 or 8.
    fn swap<const BIT: usize>(self) -> Self;

    /// The exponent field of floating-point values that are not negative.
    fn exponent_field(self) -> Self;
    /// The powers of two that have these exponent fields.
    fn power_of_two(self) -> Self;
    /// Floating-point values times a scale, as integers rounded towards zero.
    fn scaled_to_int(self, scale: Self) -> Self;
    /// Integers as floating-point values, times a scale.
    fn int_scaled(self, scale: Self) -> Self;

    /// Swaps register and place.
    fn transpose_places(tile: Tile<Self>) -> Tile<Self>;
    /// Swaps register and group.
    fn transpose_groups(tile: Tile<Self>) -> Tile<Self>;

    /// Negabinary, in order, as bit planes: for blocks of up to 64 values, word k is plane
    /// k of one tile, block after block; else words 4k to 4k + 3 are plane k of four.
    /// Coefficients are where [`lift`](super::lift) leaves them. Says, by bit k, which
    /// planes have a one-bit. Those below plane `lowest` need not be had.
    fn planes<const N: usize>(tiles: &[Tile<Self>], lowest: u32, planes: &mut Planes) -> u64;
}

/// Where in its tile (or tiles) the lift leaves the coefficient that is bit `i` of the
/// planes.
pub(crate) const fn places<const N: usize>() -> [u8; 256] {
    let order = order::<N>();
    let mut places = [0; 256];
    let mut i = 0;
    while i < 256 {
        let block = i / N;
        let c = order[i % N] as usize;
        let [x, y, z, w] = [c & 3, c >> 2 & 3, c >> 4 & 3, c >> 6];
        places[i] = match N {
            4 => 16 * x + 4 * (block & 3) + (block >> 2 & 3),
            16 => 16 * y + 4 * x + (block & 3),
            _ => 64 * w + 16 * z + 4 * x + y,
        } as u8;
        i += 1;
    }
    places
}
