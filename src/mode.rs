//! What a user asks for, and the parameters that give it.

use crate::block::{MAX_BITS, MAX_PREC, MAX_RECORDED_BITS, MIN_BITS, MIN_EXP, Params};
use crate::error::{Error, Result};
use crate::field::check_shape;
use crate::scalar::ScalarType;

/// Bits of the longest header: magic, metadata, and the four parameters each by itself.
pub(crate) const MAX_HEADER_BITS: u64 = 148;

/// How much to keep: zfp's five compression modes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// A fixed number of bits per value. Each block takes
    /// `⌊4^d · rate + ½⌋` bits, at least 9 (`f32`) or 12 (`f64`); blocks can be
    /// found, coded and decoded on their own. Nothing is promised about the error.
    Rate(f64),
    /// As [`Mode::Rate`], with the bits of a block rounded up to whole 64-bit words, as
    /// zfp's `align` for random write access.
    AlignedRate(f64),
    /// A fixed number of bit planes per block, 1 to 64; 0 and more than 64 mean 64. The
    /// error is relative to the largest value of the block.
    Precision(u32),
    /// An absolute error: decompressed values differ from the originals by no more than
    /// this tolerance (floating point only; integers keep all their planes). Rounded
    /// down to a power of two; 0 means as near as lossy coding comes, which is a few
    /// units in the last place of the largest value of the block. Below that no
    /// tolerance is met: use [`Mode::Reversible`].
    Accuracy(f64),
    /// No loss at all: the same bits come back, NaN and infinity included.
    Reversible,
    /// The four parameters themselves.
    Expert(Params),
}

impl Mode {
    /// The parameters of this mode for arrays of `dims` dimensions (1 to 4).
    pub fn params(self, scalar: ScalarType, dims: usize) -> Result<Params> {
        if !(1..=4).contains(&dims) {
            return Err(Error::Dimensions { got: dims });
        }
        let params = match self {
            Self::Rate(rate) => fixed_rate(rate, scalar, dims, false)?,
            Self::AlignedRate(rate) => fixed_rate(rate, scalar, dims, true)?,
            Self::Precision(0) => Params::default(),
            Self::Precision(planes) => {
                Params { maxprec: planes.min(MAX_PREC), ..Params::default() }
            }
            Self::Accuracy(tolerance) => {
                if !(tolerance.is_finite() && tolerance >= 0.0) {
                    return Err(Error::Tolerance { tolerance });
                }
                Params { minexp: floor_log2(tolerance), ..Params::default() }
            }
            Self::Reversible => Params { minexp: MIN_EXP - 1, ..Params::default() },
            Self::Expert(params) => params,
        };
        params.check(scalar)
    }

    /// The mode that these parameters stand for, as zfp classifies them: the defaults
    /// are [`Mode::Expert`], and so is all that no other mode gives.
    pub(crate) fn of(params: Params, dims: usize) -> Self {
        let Params { minbits, maxbits, maxprec, minexp } = params;
        let unlimited = minbits <= MIN_BITS && maxbits >= MAX_BITS;
        if params == Params::default() {
            Self::Expert(params)
        } else if minbits == maxbits
            && (1..=MAX_BITS).contains(&maxbits)
            && maxprec >= MAX_PREC
            && minexp == MIN_EXP
        {
            Self::Rate(f64::from(maxbits) / f64::from(values(dims)))
        } else if unlimited && minexp == MIN_EXP {
            Self::Precision(maxprec)
        } else if unlimited && maxprec >= MAX_PREC && minexp >= MIN_EXP {
            Self::Accuracy(power_of_two(minexp))
        } else if unlimited && maxprec >= MAX_PREC {
            Self::Reversible
        } else {
            Self::Expert(params)
        }
    }

    /// The most bytes that compressing an array of this type and shape can give, a full
    /// header and padding to a 64-bit word included (`zfp_stream_maximum_size`).
    pub fn most_bytes(self, scalar: ScalarType, shape: &[usize]) -> Result<u64> {
        check_shape(shape)?;
        let params = self.params(scalar, shape.len())?;
        let blocks = shape
            .iter()
            .try_fold(1u64, |blocks, &size| blocks.checked_mul((size as u64).div_ceil(4)));
        let bits = u64::from(params.most_bits(scalar, values(shape.len())));
        blocks
            .and_then(|blocks| blocks.checked_mul(bits)?.checked_add(MAX_HEADER_BITS))
            .map(|bits| bits.div_ceil(64) * 8)
            .ok_or_else(|| Error::ShapeOverflow { shape: shape.to_vec() })
    }
}

/// Values in a block of `dims` dimensions; none has more than four.
pub(crate) const fn values(dims: usize) -> u32 {
    match dims {
        1 => 4,
        2 => 16,
        3 => 64,
        _ => 256,
    }
}

fn fixed_rate(rate: f64, scalar: ScalarType, dims: usize, align: bool) -> Result<Params> {
    if !(rate.is_finite() && rate >= 0.0) {
        return Err(Error::Rate { rate });
    }
    let values = values(dims);
    let asked = (f64::from(values) * rate + 0.5).floor();
    if asked > f64::from(MAX_RECORDED_BITS) {
        return Err(Error::RateTooLarge { rate, bits: asked, limit: MAX_RECORDED_BITS });
    }
    let header = scalar.exponent_bits().map_or(0, |bits| 1 + bits);
    let bits = (asked as u32).max(header);
    if bits == 0 {
        return Err(Error::RateZero { rate, values, smallest: 0.5 / f64::from(values) });
    }
    let bits = if align { bits.next_multiple_of(64) } else { bits };
    Ok(Params { minbits: bits, maxbits: bits, ..Params::default() })
}

/// ⌊log₂ x⌋, and the smallest exponent for zero.
fn floor_log2(x: f64) -> i32 {
    let bits = x.abs().to_bits();
    match (bits >> 52) as i32 {
        0 if bits == 0 => MIN_EXP,
        0 => MIN_EXP + bits.ilog2() as i32,
        field => field - 1023,
    }
}

/// 2^exponent, from the smallest subnormal to infinity.
fn power_of_two(exponent: i32) -> f64 {
    <f64 as crate::scalar::Float>::power_of_two(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_round_down() {
        for (x, log) in [
            (1.0, 0),
            (1.5, 0),
            (0.999, -1),
            (0.5, -1),
            (1e-3, -10),
            (f64::MAX, 1023),
            (f64::MIN_POSITIVE, -1022),
            (5e-324, -1074),
            (1.4e-323, -1073),
            (0.0, -1074),
            (-0.0, -1074),
        ] {
            assert_eq!(floor_log2(x), log, "{x}");
        }
    }

    #[test]
    fn rates_are_bits_per_block() -> Result<()> {
        let bits = |mode: Mode, scalar, dims| mode.params(scalar, dims).map(|p| p.maxbits);
        assert_eq!(bits(Mode::Rate(8.0), ScalarType::F32, 3)?, 512);
        assert_eq!(bits(Mode::Rate(0.0), ScalarType::F32, 1)?, 9);
        assert_eq!(bits(Mode::Rate(0.1), ScalarType::F64, 2)?, 12);
        assert_eq!(bits(Mode::AlignedRate(0.0), ScalarType::F64, 2)?, 64);
        assert_eq!(bits(Mode::AlignedRate(8.1), ScalarType::F64, 3)?, 576);
        assert_eq!(bits(Mode::Rate(0.125), ScalarType::I32, 1)?, 1);
        assert!(matches!(bits(Mode::Rate(0.1), ScalarType::I32, 1), Err(Error::RateZero { .. })));
        assert!(matches!(bits(Mode::Rate(-1.0), ScalarType::F32, 1), Err(Error::Rate { .. })));
        assert!(matches!(
            bits(Mode::Rate(1e9), ScalarType::F32, 1),
            Err(Error::RateTooLarge { .. })
        ));
        Ok(())
    }
}
