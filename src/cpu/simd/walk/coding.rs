//! How long blocks are, as numbers: what types and modes come to when no value is made.

use crate::block::{MAX_PREC, Params};
use crate::scalar::ScalarType;

/// How blocks are coded.
pub(super) struct Coding {
    /// Values of a block.
    pub(super) size: u32,
    /// Least and most bits of a block.
    pub(super) minbits: u32,
    pub(super) maxbits: u32,
    /// Most planes of a block.
    pub(super) most_planes: u32,
    /// Bits of an exponent; none in blocks of integers.
    pub(super) exponent_bits: u32,
    /// Bits in which lossless blocks say how many planes they have; none in others.
    pub(super) precision_bits: u32,
    /// Planes of a block whose exponent is written as 0, which may be fewer than none.
    pub(super) planes_at_zero: i64,
    /// Most bits that one block can have, whatever it says.
    pub(super) longest: u32,
}

/// The header of a block.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) bits: u32,
    pub(super) planes: u32,
}

impl Coding {
    pub(super) fn new(params: Params, scalar: ScalarType, dims: usize) -> Self {
        let size = 1 << (2 * dims);
        let width = scalar.bits();
        let is_reversible = params.is_reversible();
        let exponent_bits = scalar.exponent_bits().unwrap_or(0);
        let bias = (1i64 << exponent_bits >> 1) - 1;
        Self {
            size,
            minbits: params.minbits,
            maxbits: params.maxbits,
            most_planes: if is_reversible { width } else { params.maxprec.min(width) },
            exponent_bits,
            precision_bits: if is_reversible { width.ilog2() } else { 0 },
            planes_at_zero: 2 * dims as i64 + 2 - bias - i64::from(params.minexp),
            // How many planes there are is the stream's own word in lossless blocks.
            longest: Params { maxprec: MAX_PREC, ..params }.most_bits(scalar, size),
        }
    }

    /// Reads a header from the bits of a block, of which there are 20 at least.
    #[inline(always)]
    pub(super) fn head(&self, bits: u64) -> Head {
        let Self { most_planes, exponent_bits, precision_bits, .. } = *self;
        if exponent_bits > 0 && bits & 1 == 0 {
            return Head { bits: 1, planes: 0 };
        }
        if precision_bits > 0 {
            let begun = match exponent_bits {
                0 => 0,
                _ if bits & 2 == 0 => 2 + exponent_bits,
                _ => 2,
            };
            let planes = bits >> begun & ((1 << precision_bits) - 1);
            return Head { bits: begun + precision_bits, planes: planes as u32 + 1 };
        }
        if exponent_bits == 0 {
            return Head { bits: 0, planes: most_planes };
        }
        let exponent = bits >> 1 & ((1 << exponent_bits) - 1);
        let planes = (exponent as i64 + self.planes_at_zero).clamp(0, i64::from(most_planes));
        Head { bits: 1 + exponent_bits, planes: planes as u32 }
    }

    /// Where a block ends that begins at one bit and whose planes end at another.
    #[inline(always)]
    pub(super) fn end(&self, begin: u64, planes_end: u64) -> u64 {
        let most = begin + u64::from(self.maxbits);
        planes_end.min(most).max(begin + u64::from(self.minbits))
    }
}
