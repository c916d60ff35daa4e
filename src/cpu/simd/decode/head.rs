//! What a block says before its planes.

use super::source::Place;
use crate::block::Params;
use crate::scalar::{Scalar, ScalarType};

/// What a block's coefficients become.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// Integers times a power of two; zeros too.
    Scaled,
    /// Integers, or the bits of floating-point values (with those below the sign inverted
    /// in negative ones).
    #[default]
    Exact,
}

/// A block's header, and where its planes are.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// The exponent that its values have in common.
    pub(super) exponent: i32,
    /// Planes at most.
    pub(super) precision: u32,
    /// The first bit of its planes.
    pub(super) at: u64,
    /// Where its budget ends.
    pub(super) end: u64,
}

/// The exponent whose scale is one: zeros stay zeros.
pub(super) const fn neutral(scalar: ScalarType) -> i32 {
    scalar.bits() as i32 - 2
}

impl Head {
    /// A block that is not there.
    pub(super) const fn absent(scalar: ScalarType) -> Self {
        Self { kind: Kind::Scaled, exponent: neutral(scalar), precision: 0, at: 0, end: 0 }
    }

    /// Reads the header of the block of `N` values at `place`.
    #[inline(always)]
    pub(super) fn read<S: Scalar, const N: usize>(place: Place<'_>, params: Params) -> Self {
        let width = S::TYPE.bits();
        let start = place.at;
        let end = start + u64::from(params.maxbits);
        let Some(exponent_bits) = S::TYPE.exponent_bits() else {
            if !params.is_reversible() {
                let precision = params.maxprec.min(width);
                return Self { kind: Kind::Exact, exponent: 0, precision, at: start, end };
            }
            let precision = read_precision(place.bits.peek(start), width);
            let at = start + u64::from(width.ilog2());
            return Self { kind: Kind::Exact, exponent: 0, precision, at, end };
        };
        let window = place.bits.peek(start);
        if window & 1 == 0 {
            let absent = Self::absent(S::TYPE);
            return Self { at: start + 1, end, ..absent };
        }
        let bias = (1 << (exponent_bits - 1)) - 1;
        let mask = (1u64 << exponent_bits) - 1;
        if !params.is_reversible() {
            let exponent = (window >> 1 & mask) as i32 - bias;
            let precision = params.precision(exponent, N).min(width);
            let at = start + 1 + u64::from(exponent_bits);
            return Self { kind: Kind::Scaled, exponent, precision, at, end };
        }
        let exact = window >> 1 & 1 == 1;
        let begun = if exact { 2 } else { 2 + exponent_bits };
        let at = start + u64::from(begun + width.ilog2());
        let precision = read_precision(window >> begun, width);
        if exact {
            return Self { kind: Kind::Exact, exponent: 0, precision, at, end };
        }
        let exponent = (window >> 2 & mask) as i32 - bias;
        Self { kind: Kind::Scaled, exponent, precision, at, end }
    }
}

/// The precision of a reversible block, which is recorded less one.
#[inline(always)]
fn read_precision(window: u64, width: u32) -> u32 {
    (window & u64::from(width - 1)) as u32 + 1
}
