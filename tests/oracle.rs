//! The crate against a coder that does one bit at a time, on a million blocks of each
//! type and number of dimensions.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use support::data::{self, Kind};
use support::{
    Value, block_count, block_size, gather, oracle, order, pack, same_bits, scatter, unpack,
};
use zfp_wgpu::{Compressor, Decompressor, Field, Header, MAX_BITS, Mode, Params, StreamWord};

/// Blocks of each type and number of dimensions.
const BLOCKS: usize = 1_000_000;

/// Any legal mode for this type and number of dimensions.
fn any_mode<T: Value>(rng: &mut Rng, dims: usize) -> Mode {
    let values = 1 << (2 * dims);
    let least = if T::EXPONENT_BITS == 0 { 1 } else { 1 + T::EXPONENT_BITS };
    let most = values * (T::BITS + 1) + 20;
    // Small budgets are the likelier ones: they cut more planes in the middle.
    let budget = |rng: &mut Rng, least: u32| {
        let most = if rng.u8(..4) == 0 { most } else { least + most / 8 };
        rng.u32(least..=most)
    };
    match rng.u32(..10) {
        0..3 => Mode::Rate(f64::from(budget(rng, least)) / f64::from(values)),
        3 => Mode::AlignedRate(f64::from(budget(rng, least)) / f64::from(values)),
        4 => Mode::Precision(rng.u32(..=66)),
        5 => {
            let range = if rng.bool() { -40..40 } else { -1070..1020 };
            Mode::Accuracy(rng.f64() * f64::power_of_two(rng.i64(range)))
        }
        6 => Mode::Reversible,
        _ => {
            let minexp = match rng.u32(..6) {
                0 => rng.i32(..),
                1 => rng.i32(-1080..-1070),
                2 => rng.i32(-1074..1100),
                3 => rng.i32(-60..60),
                4 => -1074,
                _ => -1075,
            };
            let header = match (minexp < -1074, T::EXPONENT_BITS) {
                (false, _) => least,
                (true, 0) => T::BITS.ilog2(),
                (true, exponent) => 2 + exponent + T::BITS.ilog2(),
            };
            let maxbits = match rng.u32(..4) {
                0 => MAX_BITS,
                _ => budget(rng, header),
            };
            let minbits = match rng.u32(..4) {
                0 => 0,
                1 => maxbits,
                2 => rng.u32(..200).min(maxbits),
                _ => rng.u32(..=maxbits.min(2000)),
            };
            let maxprec = if rng.bool() { 64 } else { rng.u32(1..=64) };
            Mode::Expert(Params { minbits, maxbits, maxprec, minexp })
        }
    }
}

/// A shape of some blocks, often partial ones.
fn any_shape(rng: &mut Rng, dims: usize) -> Vec<usize> {
    let mut shape = vec![0; dims];
    for size in &mut shape {
        *size = 4 * rng.usize(1..=[48, 7, 4, 3][dims - 1]);
    }
    if rng.u8(..3) == 0 {
        for size in &mut shape {
            *size -= rng.usize(..4);
        }
    }
    shape
}

/// One array: its stream must be the oracle's, and so must what comes of it. Returns its
/// number of blocks.
fn check_array<T: Value>(rng: &mut Rng, dims: usize) -> usize {
    let shape = any_shape(rng, dims);
    let values: Vec<T> = data::array(rng, &shape, &Kind::ALL);
    let mode = any_mode::<T>(rng, dims);
    let header = rng.bool();

    let params = mode.params(T::TYPE, dims).unwrap();
    let field = Field::new(&values, &shape).unwrap();
    let compressor = Compressor::new(mode).header(header).stream_word(StreamWord::Bits8).threads(1);
    let stream = compressor.compress(&field).unwrap();

    // What the oracle says to all bits behind the header.
    let start = if header { Header::read(&stream).unwrap().bits as usize } else { 0 };
    let mut bits = unpack(&stream[..start.div_ceil(8)]);
    bits.truncate(start);
    for block in 0..block_count(&shape) {
        oracle::encode(&mut bits, params, &gather(&values, &shape, block));
    }
    assert!(pack(&bits) == stream, "encode {:?} {shape:?} {mode:?} {header}", T::TYPE);
    assert!(stream.len() as u64 <= mode.most_bytes(T::TYPE, &shape).unwrap());

    let mut expected = vec![T::default(); values.len()];
    let mut at = start;
    for block in 0..block_count(&shape) {
        let decoded = oracle::decode(&bits, &mut at, params, block_size(&shape));
        scatter(&mut expected, &shape, block, &decoded);
    }
    assert_eq!(at, bits.len(), "the oracle reads what it wrote");

    let decompressor = Decompressor::new().threads(1);
    let decoded = if header {
        decompressor.decompress(&stream).unwrap().values
    } else {
        decompressor.decompress_headerless(&stream, mode, &shape).unwrap()
    };
    assert!(same_bits(&decoded, &expected), "decode {:?} {shape:?} {mode:?} {header}", T::TYPE);
    if params == Mode::Reversible.params(T::TYPE, dims).unwrap() {
        assert!(same_bits(&decoded, &values), "lossless {:?} {shape:?}", T::TYPE);
    }
    block_count(&shape)
}

fn check<T: Value>(dims: usize) {
    let mut rng = Rng::with_seed(u64::from(T::TYPE.code()) << 8 | dims as u64);
    let mut blocks = 0;
    while blocks < BLOCKS {
        blocks += check_array::<T>(&mut rng, dims);
    }
}

macro_rules! cells {
    ($($name:ident: $scalar:ty, $dims:expr;)*) => {
        $(#[test]
        fn $name() {
            check::<$scalar>($dims);
        })*
    };
}

cells! {
    f64_4d: f64, 4;
    i64_4d: i64, 4;
    f32_4d: f32, 4;
    i32_4d: i32, 4;
    f64_3d: f64, 3;
    i64_3d: i64, 3;
    f32_3d: f32, 3;
    i32_3d: i32, 3;
    f64_2d: f64, 2;
    i64_2d: i64, 2;
    f32_2d: f32, 2;
    i32_2d: i32, 2;
    f64_1d: f64, 1;
    i64_1d: i64, 1;
    f32_1d: f32, 1;
    i32_1d: i32, 1;
}

#[test]
fn coefficients_are_in_order_of_frequency() {
    for dims in 1..=4 {
        let frequency = |&place: &usize| {
            let index = [place & 3, place >> 2 & 3, place >> 4 & 3, place >> 6];
            (index.iter().sum::<usize>(), index.iter().map(|i| i * i).sum::<usize>())
        };
        let places = order::places(1 << (2 * dims));
        assert!(places.is_sorted_by_key(frequency));
        let mut all = places.to_vec();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1 << (2 * dims)));
    }
}
