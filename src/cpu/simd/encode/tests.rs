//! Each level against the serial path, bit for bit: one body for each question, run once
//! at each level that this machine has.
#![allow(clippy::unwrap_used, clippy::panic)]

use fastrand::Rng;

use super::super::level::Level;
use super::super::turns::Turns;
use super::compress_blocks;
use crate::bitstream::BitWriter;
use crate::block::{MAX_BITS, NonFinitePolicy, Params};
use crate::cpu::serial;
use crate::error::Error;
use crate::field::Field;
use crate::mode::Mode;
use crate::scalar::{Scalar, ScalarType};

/// A type whose values can be made in every way that blocks can be strange.
trait Value: Scalar {
    fn from_bits64(bits: u64) -> Self;
    /// An integer times a power of two, or the integer alone.
    fn of(int: i64, exponent: i32) -> Self;
}

macro_rules! values {
    ($($type:ident, $word:ident, $of:expr, $bits:expr;)*) => {
        $(impl Value for $type {
            fn from_bits64(bits: u64) -> Self {
                ($bits)(bits as $word)
            }
            fn of(int: i64, exponent: i32) -> Self {
                ($of)(int, exponent)
            }
        })*
    };
}

values! {
    i32, u32, |int: i64, exponent: i32| (int >> exponent.rem_euclid(30)) as i32, |b| b as i32;
    i64, u64, |int: i64, exponent: i32| (int << 20) >> exponent.rem_euclid(50), |b| b as i64;
    f32, u32, |int: i64, exponent: i32| int as f32 * (exponent as f32).exp2(), f32::from_bits;
    f64, u64, |int: i64, exponent: i32| int as f64 * f64::from(exponent).exp2(), f64::from_bits;
}

/// Values of which each block, and often each value, is of another kind.
fn values<T: Value>(rng: &mut Rng, len: usize, finite: bool) -> Vec<T> {
    let (width, exponent_bits) = (T::TYPE.bits(), T::TYPE.exponent_bits().unwrap_or(0));
    let mantissa = width - 1 - exponent_bits;
    let largest = (1u64 << exponent_bits) - 1;
    let (mut kind, mut left, mut exponent, mut slope) = (0, 0, 0, 0);
    (0..len as i64)
        .map(|i| {
            if left == 0 {
                kind = rng.u8(..if finite || exponent_bits == 0 { 12 } else { 14 });
                left = [1, 4, 7, 16, 64, 70, 300][rng.usize(..7)];
                exponent = rng.i32(-40..40);
                slope = rng.i64(-4000..4000);
            }
            left -= 1;
            let sign = rng.u64(..2) << (width - 1);
            let bits = rng.u64(..) & ((1 << mantissa) - 1) | sign;
            match kind {
                0 => T::of(0, 0),
                1 => T::from_bits64(sign),
                2..=4 => T::of(slope * (i % 97) + 100_000, exponent),
                5 => T::of(rng.i64(-1 << 23..1 << 23), exponent),
                6 => T::of(if rng.u8(..) < 20 { rng.i64(-1 << 20..1 << 20) } else { 0 }, exponent),
                7 => T::of(rng.i64(-9..9), exponent),
                // Of any exponent, around the least that can be scaled in one step, and none.
                8 => T::from_bits64(bits | rng.u64(..largest.max(1)) << mantissa),
                9 => {
                    let field = (u64::from(width) - 6 + rng.u64(..8)).min(largest);
                    T::from_bits64(bits | field.saturating_sub(1) << mantissa)
                }
                10 => T::from_bits64(bits),
                11 if exponent_bits == 0 => T::from_bits64(
                    [1 << (width - 1), (1 << (width - 1)) - 1, 0, !0][rng.usize(..4)],
                ),
                11 => T::of(slope, exponent - 10),
                _ => match rng.u8(..8) {
                    0 => T::from_bits64(bits | largest << mantissa),
                    1 => T::from_bits64(sign | largest << mantissa),
                    2 if kind == 13 => T::from_bits64(1 << (width - 1) | largest << mantissa),
                    _ => T::of(rng.i64(-1 << 23..1 << 23), exponent),
                },
            }
        })
        .collect()
}

/// The bits that a path writes for some blocks, behind `begun` bits.
fn stream(begun: u32, write: impl FnOnce(&mut BitWriter)) -> (u64, Vec<u8>) {
    let mut out = BitWriter::default();
    out.put(0x0123_4567_89ab_cdef, begun).unwrap();
    write(&mut out);
    (out.position(), out.finish(8))
}

fn check(level: Level, field: &Field<'_>, params: Params, from: usize, to: usize, begun: u32) {
    let policy = NonFinitePolicy::Allow;
    let expected = stream(begun, |out| {
        serial::compress_blocks(field, params, policy, from..to, out).unwrap();
    });
    let found = stream(begun, |out| {
        compress_blocks(level, field, params, policy, from..to, out).unwrap();
    });
    if expected == found {
        return;
    }
    // The first block that differs, for whoever has to find out.
    for block in from..to {
        let [expected, found] = [None, Some(level)].map(|level| {
            stream(0, |out| match level {
                None => {
                    serial::compress_blocks(field, params, policy, block..block + 1, out).unwrap();
                }
                Some(level) => {
                    compress_blocks(level, field, params, policy, block..block + 1, out).unwrap();
                }
            })
        });
        assert_eq!(expected, found, "{level:?} {field:?} {params:?} block {block}");
    }
    panic!("{level:?} {field:?} {params:?} blocks {from} to {to} together");
}

/// Parameters of every mode.
fn modes(scalar: ScalarType, dims: usize) -> Vec<Params> {
    let expert = |minbits, maxbits, maxprec, minexp| {
        Mode::Expert(Params { minbits, maxbits, maxprec, minexp })
    };
    let wide = f64::from(scalar.bits());
    [
        Mode::Rate(4.0 + 5.0 / f64::from(1 << (2 * dims))),
        Mode::Rate(8.0),
        Mode::Rate(wide - 3.0),
        Mode::Rate(wide + 9.0),
        Mode::Precision(1),
        Mode::Precision(13),
        Mode::Precision(64),
        Mode::Accuracy(1e-2),
        Mode::Accuracy(1e9),
        Mode::Reversible,
        expert(70, MAX_BITS, 11, -1074),
        expert(1, 40 << dims, 23, -1080),
    ]
    .into_iter()
    .map(|mode| mode.params(scalar, dims).unwrap())
    .collect()
}

fn shapes(level: Level, scalar: ScalarType) {
    match scalar {
        ScalarType::I32 => shapes_of::<i32>(level),
        ScalarType::I64 => shapes_of::<i64>(level),
        ScalarType::F32 => shapes_of::<f32>(level),
        ScalarType::F64 => shapes_of::<f64>(level),
    }
}

fn shapes_of<T: Value>(level: Level) {
    let mut rng = Rng::with_seed(11);
    let mut turns = Turns::new(5);
    for shape in [
        &[4003][..],
        &[64],
        &[3],
        &[37, 81],
        &[12, 64],
        &[5, 3],
        &[9, 10, 43],
        &[12, 8, 24],
        &[1, 2, 3],
        &[5, 8, 9, 13],
        &[4, 4, 8, 8],
        &[1, 1, 2, 9],
    ] {
        let dims = shape.len();
        let len: usize = shape.iter().product();
        for params in modes(T::TYPE, dims) {
            for finite in [true, false] {
                if !turns.is_next() {
                    continue;
                }
                let values: Vec<T> = values(&mut rng, 2 * len + 7, finite);
                let plain = Field::new(&values, shape).unwrap();
                let blocks = plain.grid().len();
                check(level, &plain, params, 0, blocks, rng.u32(..65));
                let from = rng.usize(..blocks);
                check(level, &plain, params, from, rng.usize(from..=blocks), rng.u32(..65));
                // Every other value; rows from last to first; off any alignment.
                let mut strides: Vec<isize> = Vec::new();
                let mut stride = 2;
                for size in shape.iter().rev() {
                    strides.insert(0, stride);
                    stride *= *size as isize;
                }
                let spread = Field::strided(&values, shape, &strides, 3).unwrap();
                check(level, &spread, params, 0, blocks, rng.u32(..65));
                let item = size_of::<T>() as isize;
                let mut strides: Vec<isize> = strides.iter().map(|s| s / 2 * item).collect();
                let mut start = 1;
                if dims > 1 {
                    start += strides[0] * (shape[0] as isize - 1);
                    strides[0] = -strides[0];
                }
                let bytes = bytemuck::cast_slice(&values);
                let turned =
                    Field::from_bytes(bytes, T::TYPE, shape, &strides, start as usize).unwrap();
                check(level, &turned, params, 0, blocks, rng.u32(..65));
            }
        }
    }
}

/// Blocks of all kinds, cut at every number of bits.
fn budgets(level: Level) {
    fn of<T: Value>(level: Level, shape: &[usize], step: usize) {
        let mut rng = Rng::with_seed(12);
        let mut turns = Turns::new(7);
        let values: Vec<T> = values(&mut rng, shape.iter().product(), true);
        let field = Field::new(&values, shape).unwrap();
        let least = T::TYPE.exponent_bits().map_or(1, |bits| bits + 1);
        let most = (T::TYPE.bits() + 2) << (2 * shape.len()) as u32;
        for reversible in [false, true] {
            let (least, minexp) = if reversible { (least + 8, -1075) } else { (least, -1074) };
            for maxbits in (least..=most).step_by(step) {
                if !turns.is_next() {
                    continue;
                }
                let minbits = if rng.bool() { maxbits } else { rng.u32(1..=maxbits) };
                let params = Params { minbits, maxbits, maxprec: 64, minexp };
                check(level, &field, params, 0, field.grid().len(), rng.u32(..65));
            }
        }
    }
    of::<i32>(level, &[260], 1);
    of::<f64>(level, &[260], 1);
    of::<f32>(level, &[16, 20], 1);
    of::<i64>(level, &[16, 20], 1);
    of::<f32>(level, &[8, 12, 12], 1);
    of::<i64>(level, &[8, 12, 12], 3);
    of::<f64>(level, &[8, 8, 4, 8], 11);
    of::<i32>(level, &[8, 8, 4, 8], 7);
}

/// Small blocks of every fixed number of bits, none of which is strange: all of a group in
/// lanes, and now and then a block of zeros, or one that is not for them.
fn fixed(level: Level) {
    fn of<T: Value>(level: Level, shape: &[usize]) {
        let mut rng = Rng::with_seed(13);
        let mut turns = Turns::new(7);
        let len: usize = shape.iter().product();
        let mut values: Vec<T> = (0..len as i64)
            .map(|i| match i / 64 % 5 {
                0 => T::of((i - 300) * (i + 7), -9),
                1 => T::of(rng.i64(-1 << 23..1 << 23), 0),
                2 => T::of(if rng.u8(..) < 60 { rng.i64(-1 << 20..1 << 20) } else { 0 }, 3),
                _ => T::of(rng.i64(-9..9) + i % 64, (i / 16 % 7) as i32),
            })
            .collect();
        // After some groups, one with a value that is too small to be scaled in one step.
        values[len - 100] = T::from_bits64(3);
        let field = Field::new(&values, shape).unwrap();
        let least = T::TYPE.exponent_bits().map_or(1, |bits| bits + 1);
        for bits in least..=(T::TYPE.bits() + 2) << (2 * shape.len()) as u32 {
            for (maxprec, minexp) in [(64, -1074), (64, -130), (30, -1074)] {
                if !turns.is_next() {
                    continue;
                }
                let params = Params { minbits: bits, maxbits: bits, maxprec, minexp };
                check(level, &field, params, 0, field.grid().len(), rng.u32(..65));
            }
        }
    }
    of::<i32>(level, &[1024]);
    of::<i64>(level, &[1024]);
    of::<f32>(level, &[1024]);
    of::<f64>(level, &[1024]);
    of::<f32>(level, &[16, 36]);
    of::<i64>(level, &[16, 36]);
}

/// NaN is refused where it is not allowed, and named.
fn refusals(level: Level) {
    for place in [0, 77, 4095] {
        let mut values = vec![1.5f32; 4096];
        values[place] = if place == 77 { f32::NAN } else { f32::NEG_INFINITY };
        for shape in [&[4096][..], &[64, 64], &[16, 16, 16], &[8, 8, 8, 8]] {
            let field = Field::new(&values, shape).unwrap();
            let params = Mode::Rate(9.0).params(ScalarType::F32, shape.len()).unwrap();
            let refused = |policy| {
                let blocks = 0..field.grid().len();
                compress_blocks(level, &field, params, policy, blocks, &mut BitWriter::default())
            };
            let index = field.first_non_finite().unwrap();
            assert_eq!(refused(NonFinitePolicy::Error), Err(Error::NonFinite { index }));
            assert_eq!(refused(NonFinitePolicy::Allow), Ok(()));
        }
    }
}

macro_rules! levels {
    ($($level:ident)*) => {
        $(mod $level {
            use super::{Level, ScalarType};

            /// The level, in all its forms; none where the CPU has no such instructions, which
            /// is said.
            fn levels() -> Vec<Level> {
                let mut found = Level::tested();
                found.retain(|level| level.name() == stringify!($level));
                if found.is_empty() {
                    println!("SKIPPED: this CPU has no {}", stringify!($level));
                }
                found
            }
            #[test]
            fn i32() {
                for level in levels() {
                    super::shapes(level, ScalarType::I32);
                }
            }
            #[test]
            fn i64() {
                for level in levels() {
                    super::shapes(level, ScalarType::I64);
                }
            }
            #[test]
            fn f32() {
                for level in levels() {
                    super::shapes(level, ScalarType::F32);
                }
            }
            #[test]
            fn f64() {
                for level in levels() {
                    super::shapes(level, ScalarType::F64);
                }
            }
            #[test]
            fn budgets() {
                for level in levels() {
                    super::budgets(level);
                }
            }
            #[test]
            fn fixed() {
                for level in levels() {
                    super::fixed(level);
                }
            }
            #[test]
            fn refusals() {
                for level in levels() {
                    super::refusals(level);
                }
            }
        })*
    };
}

levels! { portable avx2 avx512 neon }
