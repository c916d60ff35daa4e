//! Floating-point values to integers with a common exponent, and back.
//!
//! A block's exponent is the `frexp` exponent of its largest magnitude: `m · 2^e`
//! with `0.5 ≤ m < 1`. Subnormals count as the smallest normal exponent, zero as
//! −EBIAS. Values become `trunc(x · 2^(width − 2 − e))`, two bits short of the
//! integer's width, which leaves room for the transform to grow.

use crate::scalar::Float;

/// What one look at a block's values tells.
#[derive(Clone, Copy)]
pub(crate) struct Survey {
    /// The common exponent.
    pub(crate) exponent: i32,
    /// Whether neither NaN nor infinity is among the values.
    pub(crate) finite: bool,
}

/// The common exponent of a block, and whether all of it is finite.
#[inline(always)]
pub(crate) fn survey<F: Float, const N: usize>(block: &[F; N]) -> Survey {
    // Four lanes of their own, so that the compiler may use vectors: neither a
    // maximum nor a sum of floats may be put in another order.
    let mut largest = [F::ZERO; 4];
    let mut residue = [F::ZERO; 4];
    for values in block.as_chunks::<4>().0 {
        for lane in 0..4 {
            let magnitude = values[lane].abs();
            // NaN is never the larger one. A comparison alone says so too, but compilers make
            // of it a maximum that may take a signalling NaN for the larger one.
            let magnitude = if magnitude.is_nan() { F::ZERO } else { magnitude };
            if largest[lane] < magnitude {
                largest[lane] = magnitude;
            }
            // x · 0 is NaN for NaN and infinity, zero for all else.
            residue[lane] = residue[lane] + values[lane] * F::ZERO;
        }
    }
    let largest = largest.into_iter().fold(F::ZERO, |a, b| if a < b { b } else { a });
    Survey { exponent: exponent(largest), finite: residue.iter().all(|&r| r == F::ZERO) }
}

/// The `frexp` exponent of a magnitude, as zfp bounds it.
#[inline]
fn exponent<F: Float>(magnitude: F) -> i32 {
    if magnitude == F::ZERO {
        return -F::EXPONENT_BIAS;
    }
    let field = magnitude.exponent_field();
    if field == (1 << F::EXPONENT_BITS) - 1 {
        // What frexp leaves for infinity on the reference's platforms.
        return 0;
    }
    field - (F::EXPONENT_BIAS - 1)
}

/// Values as integers relative to their common exponent.
#[inline(always)]
pub(crate) fn forward<F: Float, const N: usize>(block: &[F; N], survey: Survey) -> [F::Int; N] {
    let shift = F::TYPE.bits() as i32 - 2 - survey.exponent;
    if is_tiny::<F>(survey.exponent) {
        // 2^shift is no number of this type, though x · 2^shift is: two exact steps.
        // The reference takes one, and loses such blocks.
        let first = F::power_of_two(F::EXPONENT_BIAS);
        let second = F::power_of_two(shift - F::EXPONENT_BIAS);
        return block.map(|x| (x * first * second).to_int_or_min());
    }
    let scale = F::power_of_two(shift);
    if survey.finite {
        block.map(|x| (x * scale).to_int())
    } else {
        block.map(|x| (x * scale).to_int_or_min())
    }
}

/// Integers as values again; the scale may be subnormal or zero, as in the reference.
#[inline(always)]
pub(crate) fn inverse<F: Float, const N: usize>(block: &[F::Int; N], exponent: i32) -> [F; N] {
    let scale = F::power_of_two(exponent - (F::TYPE.bits() as i32 - 2));
    block.map(|q| F::from_int(q) * scale)
}

/// Whether the scale of [`forward`] takes the two steps that the reference does not.
pub(crate) fn is_tiny<F: Float>(exponent: i32) -> bool {
    exponent != -F::EXPONENT_BIAS && F::TYPE.bits() as i32 - 2 - exponent > F::EXPONENT_BIAS
}

/// Whether two blocks are the same bits: NaN equals itself, and −0 is not 0.
#[inline(always)]
pub(crate) fn same_bits<F: Float, const N: usize>(a: &[F; N], b: &[F; N]) -> bool
where
    F::Int: PartialEq,
{
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_frexp() {
        for (x, e) in [
            (0.0f32, -127),
            (1.0, 1),
            (0.75, 0),
            (f32::MAX, 128),
            (f32::MIN_POSITIVE, -125),
            (f32::MIN_POSITIVE / 2.0, -126),
            (1e-45, -126),
            (f32::INFINITY, 0),
        ] {
            assert_eq!(survey(&[0.0, x, -x, 0.0]).exponent, e, "{x}");
        }
        assert_eq!(survey(&[0.0f64, -5e-324, 0.0, 0.0]).exponent, -1022);
    }

    #[test]
    fn what_is_not_finite_is_seen() {
        assert!(survey(&[1.0f32, -0.0, f32::MAX, 1e-45]).finite);
        for x in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let survey = survey(&[1.0, 2.0, x, 3.0]);
            assert!(!survey.finite);
        }
        assert_eq!(survey(&[1.0, f32::NAN, 3.0, 2.0]).exponent, 2, "NaN is passed over");
    }

    #[test]
    fn tiny_blocks_keep_their_values() {
        let block = [1e-38f32, -3e-45, 5.5e-39, 0.0];
        let survey = survey(&block);
        assert!(is_tiny::<f32>(survey.exponent));
        let exact = block.map(|x| (f64::from(x) * f64::from(30 - survey.exponent).exp2()) as i32);
        assert_eq!(forward(&block, survey), exact);
    }
}
