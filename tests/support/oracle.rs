//! zfp's block coder as the papers tell it: bit after bit, with no thought of speed.
//!
//! Nothing here is shared with the crate. Integers of either width live in an `i64`, and
//! are cut back to their width after each sum.

use super::Value;
use super::order;
use zfp_wgpu::Params;

/// Bits in the order of the stream.
pub type Bits = Vec<bool>;

/// Appends the block to `out`. What is not finite is coded as x86 would.
pub fn encode<T: Value>(out: &mut Bits, params: Params, block: &[T]) {
    let start = out.len();
    let end = start + params.maxbits as usize;
    if params.minexp < -1074 {
        encode_reversible(out, end, params, block);
    } else if T::EXPONENT_BITS == 0 {
        encode_ints(out, end, params.maxprec, T::BITS, block.iter().map(|x| x.word()).collect());
    } else {
        let exponent = common_exponent(block);
        let precision = precision(params, exponent, block.len());
        let biased = exponent + T::BIAS;
        if precision == 0 || biased == 0 {
            out.push(false);
        } else {
            out.push(true);
            put(out, biased as u64, T::EXPONENT_BITS);
            let ints = block.iter().map(|x| to_int(*x, exponent)).collect();
            encode_ints(out, end, precision, T::BITS, ints);
        }
    }
    while out.len() < start + params.minbits as usize {
        out.push(false);
    }
}

/// Reads a block of `size` values at bit `*at`, and moves `*at` to its end. Past the end
/// of the stream there are zeros.
pub fn decode<T: Value>(bits: &[bool], at: &mut usize, params: Params, size: usize) -> Vec<T> {
    let start = *at;
    let end = start + params.maxbits as usize;
    let block = if params.minexp < -1074 {
        decode_reversible(bits, at, end, size)
    } else if T::EXPONENT_BITS == 0 {
        let ints = decode_ints(bits, at, end, params.maxprec, T::BITS, size);
        ints.into_iter().map(T::from_word).collect()
    } else if take(bits, at, 1) == 0 {
        vec![T::from_word(0); size]
    } else {
        let exponent = take(bits, at, T::EXPONENT_BITS) as i64 - T::BIAS;
        let precision = precision(params, exponent, size);
        let ints = decode_ints(bits, at, end, precision, T::BITS, size);
        let scale = T::power_of_two(exponent - i64::from(T::BITS - 2));
        ints.into_iter().map(|q| T::scaled(q, scale)).collect()
    };
    *at = (*at).max(start + params.minbits as usize);
    block
}

fn put(out: &mut Bits, value: u64, count: u32) {
    for i in 0..count {
        out.push(value >> i & 1 == 1);
    }
}

fn take(bits: &[bool], at: &mut usize, count: u32) -> u64 {
    let mut value = 0;
    for i in 0..count {
        value |= u64::from(bits.get(*at).is_some_and(|&bit| bit)) << i;
        *at += 1;
    }
    value
}

/// Planes of a lossy floating-point block.
fn precision(params: Params, exponent: i64, size: usize) -> u32 {
    let dims = i64::from(size.ilog2() / 2);
    let planes = (exponent - i64::from(params.minexp) + 2 * dims + 2).max(0);
    planes.min(i64::from(params.maxprec)) as u32
}

/// Sign, and the magnitude as m · 2^e, of a float; nothing for NaN and infinity.
fn parts<T: Value>(x: T) -> Option<(bool, i128, i64)> {
    let mantissa_bits = T::BITS - 1 - T::EXPONENT_BITS;
    let bits = x.word() as u64;
    let field = (bits >> mantissa_bits) as i64 & ((1 << T::EXPONENT_BITS) - 1);
    let mantissa = i128::from(bits & ((1 << mantissa_bits) - 1));
    let negative = bits >> (T::BITS - 1) & 1 == 1;
    let exponent = field.max(1) - T::BIAS - i64::from(mantissa_bits);
    let hidden = if field == 0 { 0 } else { 1 << mantissa_bits };
    (field != 2 * T::BIAS + 1).then_some((negative, mantissa + hidden, exponent))
}

/// The e of the largest magnitude m · 2^e with ½ ≤ m < 1: not below that of the smallest
/// normal number, −bias for zero, 0 for infinity. NaN is passed over.
fn common_exponent<T: Value>(block: &[T]) -> i64 {
    let mut largest = T::from_word(0);
    for &x in block {
        let magnitude = x.magnitude();
        if largest < magnitude {
            largest = magnitude;
        }
    }
    match parts(largest) {
        None => 0,
        Some((_, 0, _)) => -T::BIAS,
        Some((_, mantissa, e)) => (e + 1 + i64::from(mantissa.ilog2())).max(1 - T::BIAS),
    }
}

/// x · 2^(width − 2 − exponent) without its fraction, and the smallest integer for what
/// does not fit.
fn to_int<T: Value>(x: T, exponent: i64) -> i64 {
    let smallest = -1i128 << (T::BITS - 1);
    let Some((negative, mantissa, e)) = parts(x) else { return smallest as i64 };
    let shift = e + i64::from(T::BITS - 2) - exponent;
    let magnitude = match shift {
        ..-64 => 0,
        -64..0 => mantissa >> -shift,
        0..64 => mantissa << shift,
        64.. if mantissa == 0 => 0,
        64.. => i128::MAX,
    };
    let q = if negative { -magnitude } else { magnitude };
    if q < smallest || q >= -smallest { smallest as i64 } else { q as i64 }
}

fn encode_ints(out: &mut Bits, end: usize, precision: u32, width: u32, mut ints: Vec<i64>) {
    for_each_line(&mut ints, false, |line| forward(line, width));
    encode_planes(out, end, precision, width, &negabinary(&ints, width));
}

fn decode_ints(
    bits: &[bool],
    at: &mut usize,
    end: usize,
    precision: u32,
    width: u32,
    size: usize,
) -> Vec<i64> {
    let mut ints = from_negabinary(&decode_planes(bits, at, end, precision, width, size), width);
    for_each_line(&mut ints, true, |line| inverse(line, width));
    ints
}

fn encode_reversible<T: Value>(out: &mut Bits, end: usize, params: Params, block: &[T]) {
    let mut ints: Vec<i64> = block.iter().map(|x| x.word()).collect();
    if T::EXPONENT_BITS > 0 {
        let exponent = common_exponent(block);
        let zero = exponent == -T::BIAS;
        let scaled: Vec<i64> =
            block.iter().map(|x| if zero { 0 } else { to_int(*x, exponent) }).collect();
        let below = exponent - i64::from(T::BITS - 2);
        let scale = T::power_of_two(below);
        let exact = scaled.iter().zip(&ints).all(|(&q, &word)| T::scaled(q, scale).word() == word);
        // Below, 2^(width − 2 − exponent) is too large a number for the type, and the
        // block counts as not exact.
        let tiny = !zero && -below > T::BIAS;
        if exact && zero {
            out.push(false);
            return;
        } else if exact && !tiny {
            put(out, 1, 2);
            put(out, (exponent + T::BIAS) as u64, T::EXPONENT_BITS);
            ints = scaled;
        } else {
            put(out, 3, 2);
            for x in &mut ints {
                *x = sign_magnitude(*x, T::BITS);
            }
        }
    }
    for_each_line(&mut ints, false, |line| differences(line, T::BITS));
    let words = negabinary(&ints, T::BITS);
    let mut precision = T::BITS;
    while precision > 1 && words.iter().all(|word| word >> (T::BITS - precision) & 1 == 0) {
        precision -= 1;
    }
    let precision = precision.min(params.maxprec);
    put(out, u64::from(precision - 1), T::BITS.ilog2());
    encode_planes(out, end, precision, T::BITS, &words);
}

fn decode_reversible<T: Value>(bits: &[bool], at: &mut usize, end: usize, size: usize) -> Vec<T> {
    let mut scale = None;
    if T::EXPONENT_BITS > 0 {
        if take(bits, at, 1) == 0 {
            return vec![T::from_word(0); size];
        }
        if take(bits, at, 1) == 0 {
            let exponent = take(bits, at, T::EXPONENT_BITS) as i64 - T::BIAS;
            scale = Some(T::power_of_two(exponent - i64::from(T::BITS - 2)));
        }
    }
    let precision = take(bits, at, T::BITS.ilog2()) as u32 + 1;
    let words = decode_planes(bits, at, end, precision, T::BITS, size);
    let mut ints = from_negabinary(&words, T::BITS);
    for_each_line(&mut ints, true, |line| sums(line, T::BITS));
    ints.into_iter()
        .map(|int| match scale {
            Some(scale) => T::scaled(int, scale),
            None if T::EXPONENT_BITS > 0 => T::from_word(sign_magnitude(int, T::BITS)),
            None => T::from_word(int),
        })
        .collect()
}

/// Inverts the bits below the sign of a negative number.
fn sign_magnitude(x: i64, width: u32) -> i64 {
    if x < 0 { x ^ (i64::MAX >> (64 - width)) } else { x }
}

/// The bits of `x` that fit the width, as a signed number.
fn cut(x: i64, width: u32) -> i64 {
    x << (64 - width) >> (64 - width)
}

/// Applies `step` to each line of four, along x first and w last, or the other way round.
fn for_each_line(block: &mut [i64], backwards: bool, step: impl Fn(&mut [i64; 4])) {
    let mut strides: Vec<usize> = [1, 4, 16, 64].into_iter().filter(|&s| s < block.len()).collect();
    if backwards {
        strides.reverse();
    }
    for stride in strides {
        for first in (0..block.len()).filter(|i| i / stride % 4 == 0) {
            let mut line = [0, 1, 2, 3].map(|i| block[first + i * stride]);
            step(&mut line);
            for (i, x) in line.into_iter().enumerate() {
                block[first + i * stride] = x;
            }
        }
    }
}

fn forward(line: &mut [i64; 4], width: u32) {
    let [x, y, z, w] = line;
    let add = |a: &mut i64, b: i64| *a = cut(a.wrapping_add(b), width);
    let sub = |a: &mut i64, b: i64| *a = cut(a.wrapping_sub(b), width);
    add(x, *w);
    *x >>= 1;
    sub(w, *x);
    add(z, *y);
    *z >>= 1;
    sub(y, *z);
    add(x, *z);
    *x >>= 1;
    sub(z, *x);
    add(w, *y);
    *w >>= 1;
    sub(y, *w);
    add(w, *y >> 1);
    sub(y, *w >> 1);
}

fn inverse(line: &mut [i64; 4], width: u32) {
    let [x, y, z, w] = line;
    let add = |a: &mut i64, b: i64| *a = cut(a.wrapping_add(b), width);
    let sub = |a: &mut i64, b: i64| *a = cut(a.wrapping_sub(b), width);
    let double = |a: &mut i64| *a = cut(*a << 1, width);
    add(y, *w >> 1);
    sub(w, *y >> 1);
    add(y, *w);
    double(w);
    sub(w, *y);
    add(z, *x);
    double(x);
    sub(x, *z);
    add(y, *z);
    double(z);
    sub(z, *y);
    add(w, *x);
    double(x);
    sub(x, *w);
}

/// Differences of differences of differences.
fn differences(line: &mut [i64; 4], width: u32) {
    for first in 1..4 {
        for i in (first..4).rev() {
            line[i] = cut(line[i].wrapping_sub(line[i - 1]), width);
        }
    }
}

fn sums(line: &mut [i64; 4], width: u32) {
    for first in (1..4).rev() {
        for i in first..4 {
            line[i] = cut(line[i].wrapping_add(line[i - 1]), width);
        }
    }
}

/// Coefficients in their order, to base −2: bits that count 1, −2, 4, −8, …
fn negabinary(ints: &[i64], width: u32) -> Vec<u64> {
    let mask = 0xaaaa_aaaa_aaaa_aaaa >> (64 - width);
    let keep = u64::MAX >> (64 - width);
    order::places(ints.len())
        .iter()
        .map(|&place| ((ints[place] as u64).wrapping_add(mask) ^ mask) & keep)
        .collect()
}

fn from_negabinary(words: &[u64], width: u32) -> Vec<i64> {
    let mask = 0xaaaa_aaaa_aaaa_aaaa >> (64 - width);
    let mut ints = vec![0; words.len()];
    for (&word, &place) in words.iter().zip(order::places(words.len())) {
        ints[place] = cut((word ^ mask).wrapping_sub(mask) as i64, width);
    }
    ints
}

fn encode_planes(out: &mut Bits, end: usize, precision: u32, width: u32, words: &[u64]) {
    let size = words.len();
    let mut known = 0;
    for k in (width.saturating_sub(precision)..width).rev() {
        let bit = |i: usize| words[i] >> k & 1 == 1;
        for i in 0..known {
            if out.len() == end {
                return;
            }
            out.push(bit(i));
        }
        while known < size {
            if out.len() == end {
                return;
            }
            let more = (known..size).any(bit);
            out.push(more);
            if !more {
                break;
            }
            // Up to the next one-bit; the last place needs no bit to tell.
            let mut found = false;
            while !found {
                found = known == size - 1 || bit(known);
                if known < size - 1 {
                    if out.len() == end {
                        return;
                    }
                    out.push(bit(known));
                }
                known += 1;
            }
        }
    }
}

fn decode_planes(
    bits: &[bool],
    at: &mut usize,
    end: usize,
    precision: u32,
    width: u32,
    size: usize,
) -> Vec<u64> {
    let mut words = vec![0; size];
    let mut known = 0;
    for k in (width.saturating_sub(precision)..width).rev() {
        for word in &mut words[..known] {
            if *at == end {
                return words;
            }
            *word |= take(bits, at, 1) << k;
        }
        while known < size {
            if *at == end {
                return words;
            }
            if take(bits, at, 1) == 0 {
                break;
            }
            // A run that the end cuts short is taken to end there.
            while known < size - 1 && *at < end && take(bits, at, 1) == 0 {
                known += 1;
            }
            words[known] |= 1 << k;
            known += 1;
        }
    }
    words
}
