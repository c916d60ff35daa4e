// Floating-point values to integers with a common exponent and back, as
// src/block/cast.rs has them: by integer arithmetic on the bits alone, since WGSL lets a
// GPU round as it likes and take subnormal values for zero.

// The field of infinity and NaN.
const SPECIAL: u32 = (1u << EXPONENT_BITS) - 1u;
// The lowest bit of the exponent's field among the high bits.
const FIELD: u32 = 31u - EXPONENT_BITS;
const SIGN: u32 = 0x80000000u;
// By how much a mantissa of a whole word less one bit overshoots.
const SLACK: u32 = WIDTH - 2u - MANTISSA_BITS;

struct Survey {
    // The common exponent.
    exponent: i32,
    // Whether neither NaN nor infinity is among the values.
    finite: bool,
    // Whether all values are zero, but for NaN.
    zero: bool,
}

fn exponent_field(value: Word) -> u32 {
    return (high_bits(value) >> FIELD) & SPECIAL;
}

fn mantissa(value: Word) -> Word {
    return with_high_bits(value, high_bits(value) & ((1u << FIELD) - 1u));
}

fn magnitude(value: Word) -> Word {
    return with_high_bits(value, high_bits(value) & ~SIGN);
}

fn survey(block: ptr<function, array<Word, N>>) -> Survey {
    // High bits of magnitudes are in the order of the magnitudes.
    var any_largest = 0u;
    var largest = 0u;
    var any = ZERO;
    // unroll
    for (var i = 0u; i < N; i++) {
        let size = magnitude((*block)[i]);
        any_largest = max(any_largest, high_bits(size));
        // NaN has no say.
        let counted = select(size, ZERO, is_nan(size));
        largest = max(largest, high_bits(counted));
        any |= counted;
    }
    let field = largest >> FIELD;
    // What frexp says of the largest magnitude; of infinity, 0.
    let exponent = select(i32(field) - (BIAS - 1), 0, field == SPECIAL);
    return Survey(exponent, (any_largest >> FIELD) != SPECIAL, is_zero(any));
}

// The value as an integer relative to the common exponent, without its fraction.
fn forward_value(value: Word, exponent: i32) -> Word {
    let field = exponent_field(value);
    let normal = u32(field != 0u);
    // The mantissa as high as it goes, and how far down it belongs.
    let raised = with_high_bits(mantissa(value), high_bits(mantissa(value)) | (normal << FIELD));
    let down = exponent + BIAS - i32(max(field, 1u));
    let int = shift_right(shift_left(raised, SLACK), u32(clamp(down, 0, i32(WIDTH) - 1)));
    let negative = subtract(ZERO, int);
    let signed = select(int, negative, high_bits(value) >= SIGN);
    // Beside infinity there may be what does not fit; all that becomes the least integer.
    return select(signed, LEAST, field == SPECIAL || down < 0);
}

fn forward_cast(block: ptr<function, array<Word, N>>, exponent: i32) {
    // unroll
    for (var i = 0u; i < N; i++) {
        (*block)[i] = forward_value((*block)[i], exponent);
    }
}

// The nearest value, ties to even, and then its product with the scale, rounded again
// where it is subnormal; the scale itself may be too small for any value but zero.
fn inverse_value(int: Word, exponent: i32) -> Word {
    let sign = high_bits(int) & SIGN;
    let size = select(int, subtract(ZERO, int), sign != 0u);
    let zeros = leading_zeros(size);
    // The highest bit to the top: the mantissa, and behind it what is rounded away.
    let raised = shift_left(size, min(zeros, WIDTH - 1u));
    let kept = round_even(raised, WIDTH - 1u - MANTISSA_BITS);
    let field = exponent + 1 - i32(zeros) + BIAS;
    // A carry out of the mantissa goes into the field, as it should.
    let normal = add(kept, shift_left(from_bits(u32(max(field - 1, 0))), MANTISSA_BITS));
    let subnormal = round_even(kept, u32(clamp(1 - field, 1, i32(MANTISSA_BITS) + 3)));
    var bits = select(normal, subnormal, field < 1);
    bits = select(bits, with_high_bits(ZERO, SPECIAL << FIELD), field >= i32(SPECIAL));
    let lost = exponent - i32(WIDTH - 2u) + BIAS <= -i32(MANTISSA_BITS);
    bits = select(bits, ZERO, is_zero(int) || lost);
    return with_high_bits(bits, high_bits(bits) | sign);
}

// A division by 2^count, to the nearest, ties to even; `count` is 1 to WIDTH - 1.
fn round_even(word: Word, count: u32) -> Word {
    let kept = shift_right(word, count);
    let rest = shift_left(word, WIDTH - count);
    let above_half = high_bits(rest) >= SIGN && !is_zero(magnitude(rest));
    let half_to_odd = high_bits(rest) >= SIGN && (low_bits_of(kept) & 1u) != 0u;
    return add(kept, from_bits(u32(above_half || half_to_odd)));
}

fn inverse_cast(block: ptr<function, array<Word, N>>, exponent: i32) {
    // unroll
    for (var i = 0u; i < N; i++) {
        (*block)[i] = inverse_value((*block)[i], exponent);
    }
}
