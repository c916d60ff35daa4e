//! The lossless block: Lorenzo transform, and no more planes than hold a one-bit.
//!
//! A floating-point block begins with `0` when all of it is zero (and no value is
//! −0); with `01` and its exponent when the cast to integers loses nothing; else with
//! `11`, and its values' bits are the integers, negative ones with all bits below the
//! sign inverted so that their order is that of the values. Then, for integers too,
//! the number of planes less one, and the planes.

use super::{Params, cast, lift, order, planes};
use crate::bitstream::{BitReader, OpenBits};
use crate::scalar::{Coefficient, Float, Word};

/// Bits at most before the planes of a reversible block.
pub(crate) const fn header_bits(exponent_bits: Option<u32>, precision_bits: u32) -> u32 {
    match exponent_bits {
        Some(exponent_bits) => 2 + exponent_bits + precision_bits,
        None => precision_bits,
    }
}

/// Writes a block of floats, and returns its bits before padding.
#[inline(always)]
pub(crate) fn encode_floats<F: Float, const N: usize>(
    out: &mut OpenBits<'_>,
    params: Params,
    block: &[F; N],
) -> u32 {
    let survey = cast::survey(block);
    let exponent = survey.exponent;
    let zero = exponent == -F::EXPONENT_BIAS;
    // The reference's scale overflows for tiny blocks, so that it never finds them exact.
    if !cast::is_tiny::<F>(exponent) {
        let ints = if zero { [F::Int::ZERO; N] } else { cast::forward(block, survey) };
        let back = if zero { [F::ZERO; N] } else { cast::inverse(&ints, exponent) };
        if cast::same_bits(block, &back) {
            if zero {
                out.put(0, 1);
                return 1;
            }
            let biased = (exponent + F::EXPONENT_BIAS) as u64;
            out.put(1 | biased << 2, 2 + F::EXPONENT_BITS);
            return encode(out, params, 2 + F::EXPONENT_BITS, ints);
        }
    }
    out.put(3, 2);
    encode(out, params, 2, block.map(|x| twos_complement(x.to_bits())))
}

/// Reads what [`encode_floats`] writes.
#[inline(always)]
pub(crate) fn decode_floats<F: Float, const N: usize>(
    input: &mut BitReader<'_>,
    params: Params,
) -> ([F; N], u32) {
    if input.take(1) == 0 {
        return ([F::ZERO; N], 1);
    }
    if input.take(1) == 1 {
        let (ints, bits) = decode::<F::Int, N>(input, params, 2);
        return (ints.map(|i| F::from_bits(twos_complement(i))), bits);
    }
    let exponent = input.take(F::EXPONENT_BITS) as i32 - F::EXPONENT_BIAS;
    let (ints, bits) = decode::<F::Int, N>(input, params, 2 + F::EXPONENT_BITS);
    (cast::inverse(&ints, exponent), bits)
}

/// Writes a block of integers behind `begun` bits, and returns the bits of all.
#[inline(always)]
pub(crate) fn encode<C: Coefficient, const N: usize>(
    out: &mut OpenBits<'_>,
    params: Params,
    begun: u32,
    mut block: [C; N],
) -> u32 {
    lift::forward_reversible(&mut block);
    let words = order::forward(&block);
    let any = words.iter().fold(C::Word::ZERO, |any, &word| any | word);
    let precision = (C::Word::BITS - any.trailing_zeros()).min(params.maxprec).max(1);
    out.put(u64::from(precision - 1), C::PRECISION_BITS);
    let begun = begun + C::PRECISION_BITS;
    begun + planes::encode(out, params.maxbits - begun, precision, &words)
}

/// Reads what [`encode`] writes.
#[inline(always)]
pub(crate) fn decode<C: Coefficient, const N: usize>(
    input: &mut BitReader<'_>,
    params: Params,
    begun: u32,
) -> ([C; N], u32) {
    let precision = input.take(C::PRECISION_BITS) as u32 + 1;
    let begun = begun + C::PRECISION_BITS;
    let (words, bits) = planes::decode::<C::Word, N>(input, params.maxbits - begun, precision);
    let mut block = order::inverse(&words);
    lift::inverse_reversible(&mut block);
    (block, begun + bits)
}

/// Sign-magnitude to two's complement and back.
#[inline(always)]
pub(crate) fn twos_complement<C: Coefficient>(bits: C) -> C {
    // Negative integers have all ones here, others all zeros.
    bits.xor((bits >> (C::Word::BITS - 1)).and(C::MAX))
}
