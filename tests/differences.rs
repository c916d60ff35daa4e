//! Arrays and parameters for which LLNL's zfp has no defined answer, or a wrong one: here
//! each has one, a right stream or a typed error.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use support::data::{self, Kind};
use support::{Value, block_count, block_size, gather, oracle, pack, same_bits, scatter, unpack};
use zfp_wgpu::{
    Compressor, Decompressor, Error, Field, FieldMut, Header, MAX_BITS, MAX_RECORDED_BITS, Mode,
    NonFinitePolicy, Params, ScalarType, StreamWord, compress, decompress,
};

const EXPERT: Params = Params { minbits: 1, maxbits: MAX_BITS, maxprec: 64, minexp: -1074 };

/// The stream of the oracle, without a header.
fn by_oracle<T: Value>(values: &[T], shape: &[usize], params: Params) -> Vec<u8> {
    let mut bits = Vec::new();
    for block in 0..block_count(shape) {
        oracle::encode(&mut bits, params, &gather(values, shape, block));
    }
    pack(&bits)
}

/// What the oracle makes of a stream without a header.
fn back_by_oracle<T: Value>(stream: &[u8], shape: &[usize], params: Params) -> Vec<T> {
    let (bits, mut at) = (unpack(stream), 0);
    let mut values = vec![T::default(); shape.iter().product()];
    for block in 0..block_count(shape) {
        let decoded = oracle::decode(&bits, &mut at, params, block_size(shape));
        scatter(&mut values, shape, block, &decoded);
    }
    values
}

/// The scale to integers of such blocks overflows, and LLNL's coder loses them.
#[test]
fn tiny_blocks_keep_their_values() {
    let floats: Vec<f32> = (0..64u8).map(|i| (f32::from(i) - 31.5) * 1e-31).collect();
    let doubles: Vec<f64> = (0..64u8).map(|i| (f64::from(i) - 31.5) * 1e-295).collect();
    let stream = compress(&Field::new(&floats, &[4, 4, 4]).unwrap(), Mode::Rate(16.0)).unwrap();
    let again = decompress::<f32>(&stream).unwrap().values;
    assert!(floats.iter().zip(again).all(|(a, b)| (a - b).abs() < 1e-33));
    let stream = compress(&Field::new(&doubles, &[4, 4, 4]).unwrap(), Mode::Rate(24.0)).unwrap();
    let again = decompress::<f64>(&stream).unwrap().values;
    assert!(doubles.iter().zip(again).all(|(a, b)| (a - b).abs() < 1e-298));
}

#[test]
fn the_first_value_that_is_not_finite_is_named() {
    for bad in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut values = vec![1.0; 6 * 7 * 8];
        // Blocks come in another order than values: the second of these is met first.
        let [first, second] = [[1, 2, 7], [1, 3, 0]];
        for [z, y, x] in [first, second] {
            values[(z * 7 + y) * 8 + x] = bad;
        }
        let field = Field::new(&values, &[6, 7, 8]).unwrap();
        for mode in [Mode::Rate(8.0), Mode::Precision(20), Mode::Accuracy(1.0)] {
            assert_eq!(compress(&field, mode), Err(Error::NonFinite { index: first.to_vec() }));
        }
        let stream = compress(&field, Mode::Reversible).unwrap();
        assert!(same_bits(&decompress::<f64>(&stream).unwrap().values, &values));
    }
    // Values outside of the array do not count, nor do those of integers.
    let padded = [1.0f32, 2.0, 3.0, f32::NAN];
    assert!(compress(&Field::new(&padded, &[3]).unwrap(), Mode::Rate(8.0)).is_ok());
    assert!(compress(&Field::new(&[i32::MIN; 4], &[4]).unwrap(), Mode::Rate(8.0)).is_ok());
}

#[test]
fn what_is_not_finite_can_be_allowed() {
    fn check<T: Value>() {
        let mut rng = Rng::with_seed(1);
        let ones = ((1i64 << T::EXPONENT_BITS) - 1) << (T::BITS - 1 - T::EXPONENT_BITS);
        for _ in 0..500 {
            let shape = [rng.usize(1..12), rng.usize(1..12)];
            let mut values: Vec<T> = data::array(&mut rng, &shape, &Kind::ALL);
            for value in &mut values {
                // A NaN, or every other time an infinity of either sign.
                let sign = 1i64 << (T::BITS - 1);
                match rng.u8(..16) {
                    0 => *value = T::from_word(value.word() | ones),
                    1 => *value = T::from_word(value.word() & sign | ones),
                    _ => {}
                }
            }
            let mode = Mode::Precision(rng.u32(1..64));
            let stream = Compressor::new(mode)
                .header(false)
                .stream_word(StreamWord::Bits8)
                .non_finite(NonFinitePolicy::Allow)
                .compress(&Field::new(&values, &shape).unwrap())
                .unwrap();
            let params = mode.params(T::TYPE, 2).unwrap();
            assert!(stream == by_oracle(&values, &shape, params));
            let decoded: Vec<T> =
                Decompressor::new().decompress_headerless(&stream, mode, &shape).unwrap();
            assert!(same_bits(&decoded, &back_by_oracle(&stream, &shape, params)));
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn rates_are_clamped_or_refused() {
    let params = |mode: Mode, scalar, dims| mode.params(scalar, dims);
    for dims in 1..=4 {
        for (scalar, least) in [(ScalarType::F32, 9), (ScalarType::F64, 12)] {
            for rate in [0.0, -0.0, f64::MIN_POSITIVE, 0.001] {
                let params = params(Mode::Rate(rate), scalar, dims).unwrap();
                assert_eq!((params.minbits, params.maxbits), (least, least));
            }
        }
        for scalar in ScalarType::ALL {
            for rate in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-300, -8.0] {
                for mode in [Mode::Rate(rate), Mode::AlignedRate(rate)] {
                    let error = params(mode, scalar, dims).unwrap_err();
                    assert!(
                        matches!(error, Error::Rate { rate: r } if r.to_bits() == rate.to_bits())
                    );
                }
            }
            for rate in [1e5, 1e300, f64::MAX] {
                let error = params(Mode::Rate(rate), scalar, dims).unwrap_err();
                assert!(matches!(error, Error::RateTooLarge { limit: MAX_RECORDED_BITS, .. }));
            }
            for tolerance in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-300, -1.0] {
                let error = params(Mode::Accuracy(tolerance), scalar, dims).unwrap_err();
                assert!(matches!(error, Error::Tolerance { .. }));
            }
            let error = params(Mode::Rate(8.0), scalar, dims + 4).unwrap_err();
            assert_eq!(error, Error::Dimensions { got: dims + 4 });
        }
        for scalar in [ScalarType::I32, ScalarType::I64] {
            let values = 1 << (2 * dims);
            let smallest = 0.5 / f64::from(values);
            for rate in [0.0, smallest * 0.99] {
                let error = params(Mode::Rate(rate), scalar, dims);
                assert_eq!(error, Err(Error::RateZero { rate, values, smallest }));
            }
            assert_eq!(params(Mode::Rate(smallest), scalar, dims).unwrap().maxbits, 1);
        }
    }
}

#[test]
fn extreme_tolerances_and_precisions() {
    let params = |mode: Mode| mode.params(ScalarType::F64, 2).unwrap();
    for (tolerance, minexp) in [(0.0, -1074), (5e-324, -1074), (1e-300, -997), (f64::MAX, 1023)] {
        assert_eq!(params(Mode::Accuracy(tolerance)).minexp, minexp);
    }
    for (planes, maxprec) in [(0, 64), (1, 1), (64, 64), (65, 64), (u32::MAX, 64)] {
        assert_eq!(params(Mode::Precision(planes)).maxprec, maxprec);
    }
    // All blocks are far below such a tolerance.
    let stream = compress(&Field::new(&[1e300; 16], &[16]).unwrap(), Mode::Accuracy(f64::MAX));
    assert_eq!(decompress::<f64>(&stream.unwrap()).unwrap().values, [0.0; 16]);
}

#[test]
fn expert_parameters_must_make_sense() {
    let error = |scalar, params: Params| Mode::Expert(params).params(scalar, 3).unwrap_err();
    let f32 = ScalarType::F32;
    let expected = Error::BitLimits { minbits: 200, maxbits: 199 };
    assert_eq!(error(f32, Params { minbits: 200, maxbits: 199, ..EXPERT }), expected);
    let expected = Error::MinBits { minbits: 32_769, limit: MAX_RECORDED_BITS };
    assert_eq!(error(f32, Params { minbits: 32_769, maxbits: u32::MAX, ..EXPERT }), expected);
    for maxprec in [0, 65, u32::MAX] {
        assert_eq!(error(f32, Params { maxprec, ..EXPERT }), Error::MaxPrecision { maxprec });
    }
    for (scalar, minexp, header) in [
        (ScalarType::I32, -1074, 1),
        (ScalarType::I64, -1074, 1),
        (ScalarType::F32, -1074, 9),
        (ScalarType::F64, -1074, 12),
        (ScalarType::I32, -1075, 5),
        (ScalarType::I64, i32::MIN, 6),
        (ScalarType::F32, -1075, 15),
        (ScalarType::F64, i32::MIN, 19),
    ] {
        let params = Params { maxbits: header, minexp, ..EXPERT };
        assert!(Mode::Expert(params).params(scalar, 3).is_ok());
        let params = Params { minbits: 0, maxbits: header - 1, ..params };
        let expected = Error::BelowBlockHeader { maxbits: header - 1, header, scalar };
        assert_eq!(error(scalar, params), expected);
    }
}

#[test]
fn reversible_zero_blocks_are_padded() {
    let params = Params { minbits: 100, minexp: -1075, ..EXPERT };
    let mut values = [0.0f64; 16];
    values[8..].fill(0.1);
    let field = Field::new(&values, &[16]).unwrap();
    let stream = compress(&field, Mode::Expert(params)).unwrap();
    assert!(same_bits(&decompress::<f64>(&stream).unwrap().values, &values));
    // −0 is not zero.
    let stream = compress(&Field::new(&[-0.0f64; 4], &[4]).unwrap(), Mode::Reversible).unwrap();
    assert!(same_bits(&decompress::<f64>(&stream).unwrap().values, &[-0.0; 4]));
}

#[test]
fn shapes_that_are_no_arrays_are_refused() {
    let values = [0f32; 32];
    let error = |shape: &[usize]| Field::new(&values, shape).unwrap_err();
    assert_eq!(error(&[]), Error::Dimensions { got: 0 });
    assert_eq!(error(&[2; 5]), Error::Dimensions { got: 5 });
    assert_eq!(error(&[3, 0, 0]), Error::Empty { axis: 1, shape: vec![3, 0, 0] });
    assert_eq!(
        error(&[3, 11]),
        Error::OutOfBounds { shape: vec![3, 11], first: 0, last: 132, len: 128 }
    );
    assert!(matches!(error(&[usize::MAX, 2]), Error::ShapeOverflow { .. }));
    let strided = |strides: &[isize], start| Field::strided(&values, &[4, 8], strides, start);
    assert!(strided(&[8, 1], 0).is_ok());
    assert!(strided(&[-8, -1], 31).is_ok());
    assert_eq!(strided(&[1], 0).unwrap_err(), Error::StrideCount { dims: 2, strides: 1 });
    for (strides, start) in [([8, 1], 1), ([-8, 1], 23), ([isize::MAX, 1], 0), ([8, 1], usize::MAX)]
    {
        assert!(matches!(strided(&strides, start), Err(Error::OutOfBounds { .. })), "{strides:?}");
    }
    let decompressor = Decompressor::new();
    for shape in [&[][..], &[1; 5], &[4, 0]] {
        assert!(
            decompressor.decompress_headerless::<f32>(&[0; 8], Mode::Rate(8.0), shape).is_err()
        );
    }
}

#[test]
fn repeated_values_are_as_if_they_were_copied() {
    let row: Vec<i64> = (0..50).map(|i| i * i).collect();
    let copied: Vec<i64> = row.repeat(30);
    let repeated = Field::strided(&row, &[30, 50], &[0, 1], 0).unwrap();
    for mode in [Mode::Rate(20.0), Mode::Reversible] {
        let stream = compress(&repeated, mode).unwrap();
        assert_eq!(stream, compress(&Field::new(&copied, &[30, 50]).unwrap(), mode).unwrap());
    }
}

/// One member of packed structures: neither aligned nor at multiples of its size.
#[test]
fn members_of_structures() {
    let values: Vec<f64> = (0..40u8).map(f64::from).collect();
    let mut bytes = vec![0xee; 3 + 40 * 13];
    for (i, value) in values.iter().enumerate() {
        bytes[3 + 13 * i..][..8].copy_from_slice(&value.to_le_bytes());
    }
    let field = Field::from_bytes(&bytes, ScalarType::F64, &[5, 8], &[104, 13], 3).unwrap();
    let stream = compress(&field, Mode::Reversible).unwrap();
    let plain = compress(&Field::new(&values, &[5, 8]).unwrap(), Mode::Reversible).unwrap();
    assert_eq!(stream, plain);

    let mut target = vec![0xee; bytes.len()];
    let field = FieldMut::from_bytes(&mut target, ScalarType::F64, &[5, 8], &[104, 13], 3).unwrap();
    Decompressor::new().decompress_into(&stream, field).unwrap();
    assert_eq!(target, bytes, "what lies between stays");
}

#[test]
fn headers_tell_the_parameters() {
    for params in [
        Params { minbits: 50, maxbits: 700, maxprec: 33, minexp: -5 },
        Params { minbits: 3000, maxbits: 3000, ..EXPERT },
        Params { minbits: 1, maxbits: 15, ..EXPERT },
        Params { maxprec: 1, ..EXPERT },
        Params { minexp: 843, ..EXPERT },
        Params { minexp: 844, ..EXPERT },
        Params { minexp: -1075, ..EXPERT },
        EXPERT,
    ] {
        let stream =
            compress(&Field::new(&[1.0f64; 4], &[4]).unwrap(), Mode::Expert(params)).unwrap();
        let header = Header::read(&stream).unwrap();
        assert_eq!(header.params, params);
        assert_eq!(header.mode().params(ScalarType::F64, 1), Ok(params));
    }
}

/// Sizes beyond the header's fields: zero strides make such arrays without memory.
#[test]
fn sizes_beyond_the_header() {
    let one = [1i32];
    let mode = Mode::Precision(4);
    for (dims, limit) in [(1, 1 << 48), (2, 1 << 24), (3, 1 << 16), (4, 1 << 12)] {
        for axis in 0..dims {
            let mut shape = vec![1; dims];
            shape[axis] = limit + 1;
            let field = Field::strided(&one, &shape, &vec![0; dims], 0).unwrap();
            let error = compress(&field, mode).unwrap_err();
            let limit = limit as u64;
            assert_eq!(error, Error::ShapeTooLarge { axis, size: shape[axis], limit, dims });
            if dims > 2 {
                // A block of equal values: its planes from the top, 4 to 64 bits.
                let stream = Compressor::new(mode).header(false).compress(&field).unwrap();
                let values =
                    Decompressor::new().decompress_headerless::<i32>(&stream, mode, &shape);
                assert_eq!(values.unwrap().len(), shape[axis]);
                shape[axis] -= 1;
                let field = Field::strided(&one, &shape, &vec![0; dims], 0).unwrap();
                let stream = compress(&field, mode).unwrap();
                assert_eq!(Header::read(&stream).unwrap().shape, shape);
            }
        }
    }
}

/// LLNL's reader of headers keeps 32 bits of such a size.
#[test]
fn long_arrays_have_long_sizes() {
    for size in [1u64 << 32, (1 << 32) + 5, 1 << 48] {
        // One dimension of i32, a size less one, and reversible.
        let head = u128::from(u32::from_le_bytes(*b"zfp\x05"));
        let bits = head | u128::from(size - 1) << 36 | 2176 << 84;
        let header = Header::read(&bits.to_le_bytes()).unwrap();
        assert_eq!(header.shape, [size as usize]);
        assert_eq!((header.scalar, header.bits), (ScalarType::I32, 96));
    }
}

#[cfg(feature = "parallel")]
#[test]
fn no_machine_has_so_many_threads() {
    let values = vec![0f32; 100_000];
    let field = Field::new(&values, &[100_000]).unwrap();
    let result = Compressor::new(Mode::Rate(8.0)).threads(100_000).compress(&field);
    assert!(matches!(result, Err(Error::Threads { threads: 100_000, .. })));
}
