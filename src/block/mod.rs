//! One block of 4^d values to bits, and back.
//!
//! The stages, in the order of encoding; each has a module of its own:
//!
//! ```text
//! values ─ cast ─ lift ─ order ─ planes ─ bits          lossy
//! values ─ reversible (cast, Lorenzo, order, planes) ─  lossless
//! ```
//!
//! Everything is generic over the scalar type and the block's length `N` of 4, 16, 64
//! or 256 values; [`dispatch`] is the one place where run-time facts become types.

pub(crate) mod cast;
pub(crate) mod fours;
pub(crate) mod lift;
pub(crate) mod order;
pub(crate) mod planes;
pub(crate) mod reversible;
mod walk;

use crate::bitstream::{BitReader, OpenBits};
use crate::error::{Error, Result};
use crate::scalar::{Coefficient, Float, Scalar, ScalarType};

/// The four numbers that say when the coding of a block stops; zfp's expert parameters.
///
/// See [`Mode`](crate::Mode) for the modes that set them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Params {
    /// Least bits of a block: shorter ones are padded with zeros.
    pub minbits: u32,
    /// Most bits of a block.
    pub maxbits: u32,
    /// Most bit planes of a block, 1 to 64.
    pub maxprec: u32,
    /// Planes below 2^`minexp` are not coded (floating point only). Below −1074, the
    /// smallest exponent of a `f64`, the block is coded without loss.
    pub minexp: i32,
}

/// Least value of [`Params::minbits`] that means something, and its default.
pub const MIN_BITS: u32 = 1;
/// More bits than any block has, and the default of [`Params::maxbits`].
pub const MAX_BITS: u32 = 16658;
/// Most bit planes, and the default of [`Params::maxprec`].
pub const MAX_PREC: u32 = 64;
/// Smallest exponent of a subnormal `f64`, and the default of [`Params::minexp`].
pub const MIN_EXP: i32 = -1074;
/// The most that a header can record for [`Params::minbits`] and [`Params::maxbits`].
pub const MAX_RECORDED_BITS: u32 = 1 << 15;

impl Default for Params {
    fn default() -> Self {
        Self { minbits: MIN_BITS, maxbits: MAX_BITS, maxprec: MAX_PREC, minexp: MIN_EXP }
    }
}

impl Params {
    /// Whether blocks are coded without loss.
    #[must_use]
    pub const fn is_reversible(&self) -> bool {
        self.minexp < MIN_EXP
    }

    /// Bits of every block, if all have the same number.
    pub(crate) fn fixed_bits(&self) -> Option<u32> {
        (self.minbits == self.maxbits).then_some(self.maxbits)
    }

    /// The parameters themselves, if they make sense for blocks of this type.
    pub(crate) fn check(self, scalar: ScalarType) -> Result<Self> {
        let Self { minbits, maxbits, maxprec, .. } = self;
        if minbits > maxbits {
            return Err(Error::BitLimits { minbits, maxbits });
        }
        if minbits > MAX_RECORDED_BITS {
            return Err(Error::MinBits { minbits, limit: MAX_RECORDED_BITS });
        }
        if !(1..=MAX_PREC).contains(&maxprec) {
            return Err(Error::MaxPrecision { maxprec });
        }
        let header = self.header_bits(scalar).max(1);
        if maxbits < header {
            return Err(Error::BelowBlockHeader { maxbits, header, scalar });
        }
        Ok(self)
    }

    /// Most bits of a block before its planes.
    fn header_bits(&self, scalar: ScalarType) -> u32 {
        let exponent_bits = scalar.exponent_bits();
        if self.is_reversible() {
            reversible::header_bits(exponent_bits, precision_bits(scalar))
        } else {
            exponent_bits.map_or(0, |bits| 1 + bits)
        }
    }

    /// Most bits that a block of `values` values can take.
    pub(crate) fn most_bits(&self, scalar: ScalarType, values: u32) -> u32 {
        let planes = self.maxprec.min(scalar.bits());
        let whole = self.header_bits(scalar) + values - 1 + values * planes;
        whole.min(self.maxbits).max(self.minbits)
    }

    /// Least bits that a block can take.
    pub(crate) fn fewest_bits(&self, scalar: ScalarType) -> u32 {
        let coded = match (scalar.exponent_bits(), self.is_reversible()) {
            // A block of zeros.
            (Some(_), _) => 1,
            // A group test for each plane.
            (None, false) => self.maxprec.min(scalar.bits()),
            (None, true) => precision_bits(scalar) + 1,
        };
        coded.min(self.maxbits).max(self.minbits)
    }

    /// Bit planes to code in a floating-point block of this exponent.
    #[inline(always)]
    pub(crate) fn precision(&self, exponent: i32, values: usize) -> u32 {
        let dims = values.ilog2() as i32 / 2;
        let planes = exponent.saturating_sub(self.minexp).saturating_add(2 * dims + 2);
        self.maxprec.min(planes.max(0) as u32)
    }
}

fn precision_bits(scalar: ScalarType) -> u32 {
    match scalar.size() {
        4 => i32::PRECISION_BITS,
        _ => i64::PRECISION_BITS,
    }
}

/// A block holds a NaN or an infinity, which the mode cannot keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NonFinite;

/// What lossy blocks do with NaN and infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum NonFinitePolicy {
    /// Refuse them with [`Error::NonFinite`].
    #[default]
    Error,
    /// Code them as the reference does on x86-64: NaN has no say in the block's
    /// exponent, and whatever does not fit becomes the smallest integer. Their whole
    /// block comes back as arbitrary numbers.
    Allow,
}

/// A scalar whose blocks can be coded: all four are.
pub(crate) trait BlockScalar: Scalar {
    /// Writes one block; [`Params::most_bits`] of space must be open.
    fn encode<const N: usize>(
        out: &mut OpenBits<'_>,
        params: Params,
        policy: NonFinitePolicy,
        block: &[Self; N],
    ) -> std::result::Result<(), NonFinite>;

    /// Reads one block. A stream cut short reads as if zeros followed.
    fn decode<const N: usize>(input: &mut BitReader<'_>, params: Params) -> [Self; N];

    /// How many bits the block at bit `at` has, read as if zeros followed the end.
    fn bits<const N: usize>(bytes: &[u8], at: u64, params: Params) -> u32;
}

#[inline(always)]
fn encode_floats<F: Float, const N: usize>(
    out: &mut OpenBits<'_>,
    params: Params,
    policy: NonFinitePolicy,
    block: &[F; N],
) -> std::result::Result<(), NonFinite> {
    let bits = if params.is_reversible() {
        reversible::encode_floats(out, params, block)
    } else {
        let survey = cast::survey(block);
        if !survey.finite && policy == NonFinitePolicy::Error {
            return Err(NonFinite);
        }
        let precision = params.precision(survey.exponent, N);
        if precision == 0 || survey.exponent == -F::EXPONENT_BIAS {
            out.put(0, 1);
            1
        } else {
            let biased = (survey.exponent + F::EXPONENT_BIAS) as u64;
            let header = 1 + F::EXPONENT_BITS;
            out.put(1 | biased << 1, header);
            let ints = cast::forward(block, survey);
            header + encode_ints(out, params.maxbits - header, precision, ints)
        }
    };
    out.pad(params.minbits.saturating_sub(bits));
    Ok(())
}

#[inline(always)]
fn decode_floats<F: Float, const N: usize>(input: &mut BitReader<'_>, params: Params) -> [F; N] {
    let (block, bits) = if params.is_reversible() {
        reversible::decode_floats(input, params)
    } else if input.take(1) == 0 {
        ([F::ZERO; N], 1)
    } else {
        let exponent = input.take(F::EXPONENT_BITS) as i32 - F::EXPONENT_BIAS;
        let precision = params.precision(exponent, N);
        let header = 1 + F::EXPONENT_BITS;
        let (ints, bits) = decode_ints(input, params.maxbits - header, precision);
        (cast::inverse(&ints, exponent), header + bits)
    };
    input.advance(params.minbits.saturating_sub(bits));
    block
}

#[inline(always)]
fn encode_integers<C: Coefficient, const N: usize>(
    out: &mut OpenBits<'_>,
    params: Params,
    block: &[C; N],
) {
    let bits = if params.is_reversible() {
        reversible::encode(out, params, 0, *block)
    } else {
        encode_ints(out, params.maxbits, params.maxprec, *block)
    };
    out.pad(params.minbits.saturating_sub(bits));
}

#[inline(always)]
fn decode_integers<C: Coefficient, const N: usize>(
    input: &mut BitReader<'_>,
    params: Params,
) -> [C; N] {
    let (block, bits) = if params.is_reversible() {
        reversible::decode(input, params, 0)
    } else {
        decode_ints(input, params.maxbits, params.maxprec)
    };
    input.advance(params.minbits.saturating_sub(bits));
    block
}

/// The lossy stages behind the cast; returns the bits written.
#[inline(always)]
fn encode_ints<C: Coefficient, const N: usize>(
    out: &mut OpenBits<'_>,
    budget: u32,
    precision: u32,
    mut block: [C; N],
) -> u32 {
    lift::forward(&mut block);
    planes::encode(out, budget, precision, &order::forward(&block))
}

#[inline(always)]
fn decode_ints<C: Coefficient, const N: usize>(
    input: &mut BitReader<'_>,
    budget: u32,
    precision: u32,
) -> ([C; N], u32) {
    let (words, bits) = planes::decode::<C::Word, N>(input, budget, precision);
    let mut block = order::inverse(&words);
    lift::inverse(&mut block);
    (block, bits)
}

impl BlockScalar for f32 {
    #[inline(always)]
    fn encode<const N: usize>(
        out: &mut OpenBits<'_>,
        params: Params,
        policy: NonFinitePolicy,
        block: &[Self; N],
    ) -> std::result::Result<(), NonFinite> {
        encode_floats(out, params, policy, block)
    }
    #[inline(always)]
    fn decode<const N: usize>(input: &mut BitReader<'_>, params: Params) -> [Self; N] {
        decode_floats(input, params)
    }
    #[inline(always)]
    fn bits<const N: usize>(bytes: &[u8], at: u64, params: Params) -> u32 {
        walk::float_bits::<Self, N>(bytes, at, params)
    }
}

impl BlockScalar for f64 {
    #[inline(always)]
    fn encode<const N: usize>(
        out: &mut OpenBits<'_>,
        params: Params,
        policy: NonFinitePolicy,
        block: &[Self; N],
    ) -> std::result::Result<(), NonFinite> {
        encode_floats(out, params, policy, block)
    }
    #[inline(always)]
    fn decode<const N: usize>(input: &mut BitReader<'_>, params: Params) -> [Self; N] {
        decode_floats(input, params)
    }
    #[inline(always)]
    fn bits<const N: usize>(bytes: &[u8], at: u64, params: Params) -> u32 {
        walk::float_bits::<Self, N>(bytes, at, params)
    }
}

impl BlockScalar for i32 {
    #[inline(always)]
    fn encode<const N: usize>(
        out: &mut OpenBits<'_>,
        params: Params,
        _: NonFinitePolicy,
        block: &[Self; N],
    ) -> std::result::Result<(), NonFinite> {
        encode_integers(out, params, block);
        Ok(())
    }
    #[inline(always)]
    fn decode<const N: usize>(input: &mut BitReader<'_>, params: Params) -> [Self; N] {
        decode_integers(input, params)
    }
    #[inline(always)]
    fn bits<const N: usize>(bytes: &[u8], at: u64, params: Params) -> u32 {
        walk::integer_bits::<Self, N>(bytes, at, params)
    }
}

impl BlockScalar for i64 {
    #[inline(always)]
    fn encode<const N: usize>(
        out: &mut OpenBits<'_>,
        params: Params,
        _: NonFinitePolicy,
        block: &[Self; N],
    ) -> std::result::Result<(), NonFinite> {
        encode_integers(out, params, block);
        Ok(())
    }
    #[inline(always)]
    fn decode<const N: usize>(input: &mut BitReader<'_>, params: Params) -> [Self; N] {
        decode_integers(input, params)
    }
    #[inline(always)]
    fn bits<const N: usize>(bytes: &[u8], at: u64, params: Params) -> u32 {
        walk::integer_bits::<Self, N>(bytes, at, params)
    }
}

/// Work that is written once for all types and lengths.
pub(crate) trait Job {
    /// What comes of it.
    type Output;
    /// The work, for blocks of `N` values of type `S`.
    fn run<S: BlockScalar, const N: usize>(self) -> Self::Output;
}

/// Runs a job for arrays of this type and number of dimensions (1 to 4).
pub(crate) fn dispatch<J: Job>(scalar: ScalarType, dims: usize, job: J) -> J::Output {
    fn of_length<S: BlockScalar, J: Job>(dims: usize, job: J) -> J::Output {
        match dims {
            1 => job.run::<S, 4>(),
            2 => job.run::<S, 16>(),
            3 => job.run::<S, 64>(),
            _ => job.run::<S, 256>(),
        }
    }
    match scalar {
        ScalarType::I32 => of_length::<i32, J>(dims, job),
        ScalarType::I64 => of_length::<i64, J>(dims, job),
        ScalarType::F32 => of_length::<f32, J>(dims, job),
        ScalarType::F64 => of_length::<f64, J>(dims, job),
    }
}
