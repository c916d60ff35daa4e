//! Values of many kinds, from a seed.

use fastrand::Rng;

use super::{Value, block_count, block_size, scatter};

/// What the values of a block are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A polynomial of the coordinates.
    Smooth,
    /// Any value of ordinary size.
    Noise,
    /// Mostly zeros, of both signs.
    Sparse,
    /// Zeros.
    Zero,
    /// Below the smallest normal number.
    Denormal,
    /// Every exponent at once.
    Extreme,
    /// So small that the scale to integers is too large for the type.
    Tiny,
    /// The largest and smallest values there are, and their neighbours.
    Ends,
    /// Few bits: what reversible blocks scale exactly.
    Coarse,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Smooth,
        Self::Noise,
        Self::Sparse,
        Self::Zero,
        Self::Denormal,
        Self::Extreme,
        Self::Tiny,
        Self::Ends,
        Self::Coarse,
    ];
    /// Those that other implementations agree on: LLNL's loses tiny blocks.
    pub const USUAL: [Self; 6] =
        [Self::Smooth, Self::Noise, Self::Sparse, Self::Zero, Self::Ends, Self::Coarse];
}

/// An array each of whose blocks is of one of these kinds.
pub fn array<T: Value>(rng: &mut Rng, shape: &[usize], kinds: &[Kind]) -> Vec<T> {
    let mut values = vec![T::default(); shape.iter().product()];
    for number in 0..block_count(shape) {
        let kind = kinds[rng.usize(..kinds.len())];
        scatter(&mut values, shape, number, &block(rng, kind, block_size(shape)));
    }
    values
}

/// One block.
pub fn block<T: Value>(rng: &mut Rng, kind: Kind, size: usize) -> Vec<T> {
    // Terms of the polynomial; its last bits stay below the type's.
    let mut terms = [0i64; 9];
    for term in &mut terms {
        *term = rng.i64(-1 << 18..1 << 18);
    }
    let magnitude = rng.i64(-60..60);
    let coarse = rng.u32(0..60);
    (0..size as i64)
        .map(|i| match kind {
            Kind::Smooth => {
                let place = [i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6];
                let slope: i64 = place.iter().zip(&terms).map(|(p, t)| p * t).sum();
                let curve: i64 = place.iter().zip(&terms[4..]).map(|(p, t)| p * p * t / 8).sum();
                from_parts(terms[8] * 32 + slope + curve, magnitude)
            }
            Kind::Noise => from_parts(rng.i64(-1 << 50..1 << 50), magnitude),
            Kind::Sparse if rng.u8(..) < 230 => from_parts(0, 0),
            Kind::Sparse => from_parts(rng.i64(-1 << 30..1 << 30), magnitude),
            Kind::Zero => from_parts(0, 0),
            Kind::Coarse => {
                from_parts(rng.i64(-1 << 20..1 << 20) >> (coarse % 20), i64::from(coarse) - 30)
            }
            Kind::Denormal | Kind::Extreme | Kind::Tiny | Kind::Ends => special(rng, kind),
        })
        .collect()
}

/// `int` · 2^`exponent`, in a suitable sense.
fn from_parts<T: Value>(int: i64, exponent: i64) -> T {
    if T::EXPONENT_BITS == 0 {
        // 30 or 62 bits at most: more would wrap in the transform, which Ends is for.
        let int = int << 13 >> exponent.rem_euclid(40);
        return T::from_word(int >> (64 - T::BITS));
    }
    T::scaled(int, T::power_of_two(exponent))
}

/// Values by their bits.
fn special<T: Value>(rng: &mut Rng, kind: Kind) -> T {
    let mantissa_bits = T::BITS - 1 - T::EXPONENT_BITS;
    let sign = i64::MIN >> (64 - T::BITS);
    if T::EXPONENT_BITS == 0 {
        return match kind {
            Kind::Denormal | Kind::Tiny => T::from_word(rng.i64(-4..4)),
            Kind::Extreme => T::from_word(rng.i64(..) >> rng.u32(64 - T::BITS..64)),
            _ => T::from_word([sign, !sign, sign + rng.i64(0..9), 0, -1][rng.usize(..5)]),
        };
    }
    let sign = if rng.bool() { sign } else { 0 };
    let mantissa = rng.i64(..) & ((1 << mantissa_bits) - 1);
    let largest = 2 * T::BIAS;
    let field = match kind {
        Kind::Denormal => 0,
        Kind::Extreme => rng.i64(0..=largest),
        // 2^-98 and 2^-962 are the least of the largest magnitudes that LLNL's can scale.
        Kind::Tiny => rng.i64(0..T::BIAS - if T::BITS == 32 { 97 } else { 961 }),
        _ => [0, 1, largest][rng.usize(..3)],
    };
    T::from_word(sign | field << mantissa_bits | mantissa)
}
