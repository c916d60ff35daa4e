//! Properties that must hold between this crate and another implementation, `zfp-rs`:
//! the same streams, headers included, and the same values out of either's streams.
//!
//! Where LLNL's zfp is undefined the two have chosen alike, but for what cannot be asked
//! of `zfp-rs`, and is left out here: strides of zero (which it takes for "contiguous"),
//! rates beyond 16658 bits a block, and parameters that a header does not keep as they
//! are (`minbits` 0, `minexp` beyond 15 bits), which it refuses to write. Blocks with a
//! budget below their header it codes, where this crate returns an error.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use support::data::{self, Kind};
use support::layout::{Layout, Memory};
use support::{Value, same_bits};
use zfp_rs::{
    ZfpBitStream, ZfpConfig, ZfpDimensionality, ZfpField, ZfpFieldMut, ZfpHeaderMask, ZfpScalar,
    ZfpScalarType, ZfpStreamAlignment,
};
use zfp_wgpu::{Compressor, Decompressor, MAX_BITS, Mode, NonFinitePolicy, Params};

/// What a peer is asked to do.
#[derive(Debug, Clone)]
struct Case {
    shape: Vec<usize>,
    mode: Mode,
    seed: u64,
    layout: usize,
    non_finite: bool,
}

fn any_case<T: Value>() -> impl Strategy<Value = Case> {
    (1..=4usize)
        .prop_flat_map(|dims| {
            let most: usize = [300, 26, 11, 7][dims - 1];
            // Axes of one value, and of whole blocks, are special enough to be frequent.
            let size = prop_oneof![1 => Just(1), 1 => Just(4), 6 => 1..=most];
            (prop::collection::vec(size, dims), any_mode::<T>(dims))
        })
        .prop_flat_map(|(shape, mode)| {
            (Just(shape), Just(mode), any::<u64>(), 0..9usize, any::<bool>())
        })
        .prop_map(|(shape, mode, seed, layout, non_finite)| Case {
            shape,
            mode,
            seed,
            layout,
            non_finite,
        })
}

fn any_mode<T: Value>(dims: usize) -> impl Strategy<Value = Mode> {
    let values = 1u32 << (2 * dims);
    let least = if T::EXPONENT_BITS == 0 { 1 } else { 1 + T::EXPONENT_BITS };
    let reversible = least + if T::EXPONENT_BITS == 0 { T::BITS.ilog2() } else { 1 + 6 };
    let most = (values * (T::BITS + 1) + 20).min(MAX_BITS);
    let rate = (least..=most).prop_map(move |bits| f64::from(bits) / f64::from(values));
    let expert = (
        prop_oneof![Just(-1075), Just(-1074), -1074..900, -60..60, -1074..16272],
        prop_oneof![Just(MAX_BITS), reversible..=most],
        prop_oneof![Just(64u32), 1..=64u32],
        prop_oneof![Just(0.0), Just(1.0), 0.0..1.0],
    )
        .prop_map(|(minexp, maxbits, maxprec, least)| {
            let minbits = (f64::from(maxbits) * least) as u32;
            Mode::Expert(Params { minbits: minbits.max(1), maxbits, maxprec, minexp })
        });
    prop_oneof![
        3 => rate.clone().prop_map(Mode::Rate),
        1 => (0.0..f64::from(T::BITS)).prop_map(move |rate| {
            // What makes no whole bit for integers is an error in both.
            Mode::Rate(rate.max(f64::from(least) / f64::from(values)))
        }),
        1 => rate.prop_map(|rate| Mode::AlignedRate(rate.min(64.0))),
        2 => (0..=70u32).prop_map(Mode::Precision),
        2 => (-40..40i32, 1.0..2.0).prop_map(|(e, m)| Mode::Accuracy(m * f64::from(e).exp2())),
        1 => (-1074..1023i32).prop_map(|e| Mode::Accuracy(f64::power_of_two(i64::from(e)))),
        1 => Just(Mode::Accuracy(0.0)),
        2 => Just(Mode::Reversible),
        4 => expert,
    ]
}

fn config<T: ZfpScalar>(mode: Mode, dims: usize) -> ZfpConfig {
    let scalar: ZfpScalarType = T::SCALAR_TYPE;
    let dims = [
        ZfpDimensionality::D1,
        ZfpDimensionality::D2,
        ZfpDimensionality::D3,
        ZfpDimensionality::D4,
    ][dims - 1];
    let rate = |rate, align| ZfpConfig::fixed_rate(rate, scalar, dims, align).unwrap();
    match mode {
        Mode::Rate(r) => rate(r, ZfpStreamAlignment::Unaligned),
        Mode::AlignedRate(r) => rate(r, ZfpStreamAlignment::WordAligned),
        Mode::Precision(planes) => ZfpConfig::fixed_precision(planes),
        Mode::Accuracy(tolerance) => ZfpConfig::fixed_accuracy(tolerance),
        Mode::Reversible => ZfpConfig::reversible(),
        Mode::Expert(Params { minbits, maxbits, maxprec, minexp }) => {
            ZfpConfig::expert(minbits, maxbits, maxprec, minexp).unwrap()
        }
        _ => panic!("a mode that the peer does not know: {mode:?}"),
    }
}

/// Sizes or strides, x first, the rest zero.
fn backwards<T: Copy + Default>(axes: &[T]) -> [T; 4] {
    let mut all = [T::default(); 4];
    for (to, &from) in all.iter_mut().zip(axes.iter().rev()) {
        *to = from;
    }
    all
}

fn their_stream<T: Value + ZfpScalar>(memory: &Memory<T>, config: &ZfpConfig) -> Vec<u8> {
    let Layout { shape, strides, .. } = &memory.layout;
    let (dims, strides) = (backwards(shape), backwards(strides));
    let field = ZfpField::new_strided(&memory.items, dims, strides).unwrap();
    let size = config.maximum_size(T::SCALAR_TYPE, dims).unwrap();
    let mut stream = ZfpBitStream::new(size).unwrap();
    stream.write_header(config, &field.metadata(), ZfpHeaderMask::FULL).unwrap();
    stream.compress(config, &field).unwrap();
    stream.as_bytes().to_vec()
}

fn their_values<T: Value + ZfpScalar>(stream: &[u8], mut target: Memory<T>) -> Memory<T> {
    let Layout { shape, strides, .. } = &target.layout;
    let (dims, strides) = (backwards(shape), backwards(strides));
    let mut field = ZfpFieldMut::new_strided(&mut target.items, dims, strides).unwrap();
    let mut stream = ZfpBitStream::from_bytes(stream).unwrap();
    let header = stream.read_header(ZfpHeaderMask::FULL).unwrap();
    assert_eq!(header.metadata, Some(field.metadata()));
    stream.decompress(&header.config.unwrap(), &mut field).unwrap();
    target
}

fn check<T: Value + ZfpScalar>(case: &Case) -> Result<(), TestCaseError> {
    let Case { shape, mode, seed, layout, non_finite } = case;
    let mut rng = Rng::with_seed(*seed);
    let mut values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
    if *non_finite && T::EXPONENT_BITS > 0 {
        // All ones in the exponent: an infinity, or a NaN of either sort.
        let exponent = ((1i64 << T::EXPONENT_BITS) - 1) << (T::BITS - 1 - T::EXPONENT_BITS);
        for _ in 0..3 {
            let bits = rng.i64(..) & !exponent;
            let bits = if rng.bool() { bits } else { i64::from(rng.bool()) << (T::BITS - 1) };
            let place = rng.usize(..values.len());
            values[place] = T::from_word(bits | exponent);
        }
    }
    // Axes of one value may have any stride, but the peer takes zero for another one.
    let layouts: Vec<Layout> =
        Layout::all(shape).into_iter().filter(|layout| !layout.strides.contains(&0)).collect();
    let memory = Memory::of(&values, &layouts[layout % layouts.len()]);

    let config = config::<T>(*mode, shape.len());
    let theirs = their_stream(&memory, &config);
    let ours = Compressor::new(*mode)
        .non_finite(NonFinitePolicy::Allow)
        .compress(&memory.field())
        .unwrap();
    prop_assert!(ours == theirs, "streams of {} and {} bytes", ours.len(), theirs.len());

    let expected = their_values(&ours, memory.blank());
    let mut target = memory.blank();
    Decompressor::new().decompress_into(&theirs, target.field_mut()).unwrap();
    prop_assert!(same_bits(&target.items, &expected.items), "values");
    Ok(())
}

fn config_of_runs() -> ProptestConfig {
    ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config_of_runs())]

    #[test]
    fn i32(case in any_case::<i32>()) {
        check::<i32>(&case)?;
    }
    #[test]
    fn i64(case in any_case::<i64>()) {
        check::<i64>(&case)?;
    }
    #[test]
    fn f32(case in any_case::<f32>()) {
        check::<f32>(&case)?;
    }
    #[test]
    fn f64(case in any_case::<f64>()) {
        check::<f64>(&case)?;
    }
}
