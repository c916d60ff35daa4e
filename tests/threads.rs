//! Several threads: the bytes of one, and where blocks have no places that are known, the
//! values of one or its error. Arrays are large enough for chains of blocks to be tried (`src/cpu/chains.rs`), and
//! both ends of a stream (`src/cpu/ends.rs`).

#![cfg(feature = "parallel")]
// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use support::{Value, same_bits};
use zfp_wgpu::{
    Compressor, Decompressor, Error, Field, FieldMut, Header, MAX_BITS, Mode, Params, ScalarType,
    StreamWord,
};

const THREADS: [usize; 3] = [2, 3, 7];

/// Shapes of some 17,000 to 30,000 blocks, partial ones among them.
fn shape(dims: usize) -> Vec<usize> {
    match dims {
        1 => vec![90_001],
        2 => vec![515, 533],
        3 => vec![101, 107, 97],
        _ => vec![45, 46, 43, 41],
    }
}

/// Those whose blocks vary in size.
fn modes() -> [Mode; 5] {
    let expert = |minbits, maxbits, maxprec, minexp| {
        Mode::Expert(Params { minbits, maxbits, maxprec, minexp })
    };
    [
        Mode::Accuracy(1e-3),
        Mode::Precision(13),
        Mode::Reversible,
        expert(70, MAX_BITS, 11, -1074),
        expert(1, 333, 64, -12),
    ]
}

/// A field that changes slowly, with a little noise: what arrays are like.
fn smooth<T: Value>(shape: &[usize]) -> Vec<T> {
    let mut rng = Rng::with_seed(5);
    let value = |i: usize| {
        let wave = (i as f64 * 0.003).sin() + (i as f64 * 0.000_07).cos();
        T::scaled((wave * 1e6) as i64 + rng.i64(-20..20), T::power_of_two(-20))
    };
    (0..shape.iter().product::<usize>()).map(value).collect()
}

/// Strides in values of an array in C order, and of one whose axes lie the other way round.
fn strides(shape: &[usize]) -> [Vec<isize>; 2] {
    let along = |axes: &mut dyn Iterator<Item = usize>| {
        let mut strides = vec![0; shape.len()];
        let mut stride = 1;
        for axis in axes {
            strides[axis] = stride;
            stride *= shape[axis] as isize;
        }
        strides
    };
    [along(&mut (0..shape.len()).rev()), along(&mut (0..shape.len()))]
}

/// What all numbers of threads make of a stream, in two layouts.
fn same_as_one<T: Value>(stream: &[u8], shape: &[usize], what: &str) -> Option<Error> {
    let mut expected = None;
    for strides in strides(shape) {
        let into = |threads| {
            let mut values = vec![T::default(); shape.iter().product()];
            let field = FieldMut::strided(&mut values, shape, &strides, 0).unwrap();
            let done = Decompressor::new().threads(threads).decompress_into(stream, field);
            (values, done.err())
        };
        let (values, error) = into(1);
        for threads in THREADS {
            let (found, met) = into(threads);
            assert_eq!(met, error, "{what} on {threads}, {strides:?}");
            assert!(met.is_some() || same_bits(&found, &values), "{what} on {threads} {strides:?}");
        }
        expected = error;
    }
    expected
}

fn compressed<T: Value>(values: &[T], shape: &[usize], mode: Mode) -> Vec<u8> {
    Compressor::new(mode).compress(&Field::new(values, shape).unwrap()).unwrap()
}

fn modes_and_dims<T: Value>() {
    for dims in 1..=4 {
        let shape = shape(dims);
        let values = smooth::<T>(&shape);
        for mode in modes() {
            if T::EXPONENT_BITS == 0 && matches!(mode, Mode::Accuracy(_)) {
                continue;
            }
            let stream = compressed(&values, &shape, mode);
            let error = same_as_one::<T>(&stream, &shape, &format!("{} {dims} {mode:?}", T::TYPE));
            assert_eq!(error, None);
        }
    }
}

#[test]
fn modes_and_dims_f32() {
    modes_and_dims::<f32>();
}
#[test]
fn modes_and_dims_f64() {
    modes_and_dims::<f64>();
}
#[test]
fn modes_and_dims_i32() {
    modes_and_dims::<i32>();
}
#[test]
fn modes_and_dims_i64() {
    modes_and_dims::<i64>();
}

/// Blocks of zeros behind the last one-bit might be the padding of the stream.
#[test]
fn zeros_at_the_end() {
    let shape = shape(3);
    for blocks in [1, 2, 7, 40, 63, 64, 65, 100, 1000] {
        let mut values = smooth::<f32>(&shape);
        let grid = shape.iter().map(|size| size.div_ceil(4)).collect::<Vec<_>>();
        let count: usize = grid.iter().product();
        for (i, value) in values.iter_mut().enumerate() {
            let at = [i / (107 * 97), i / 97 % 107, i % 97].map(|at| at / 4);
            if (at[0] * grid[1] + at[1]) * grid[2] + at[2] >= count - blocks {
                *value = 0.0;
            }
        }
        let words = [StreamWord::Bits8, StreamWord::Bits64];
        for (mode, word) in [modes()[0], modes()[2]].into_iter().zip(words) {
            let field = Field::new(&values, &shape).unwrap();
            let stream = Compressor::new(mode).stream_word(word).compress(&field).unwrap();
            let error = same_as_one::<f32>(&stream, &shape, &format!("{blocks} {mode:?}"));
            assert_eq!(error, None);
        }
    }
}

/// Chains that begin between blocks of one length need never meet.
#[test]
fn constant_arrays() {
    let shape = shape(2);
    let len = shape.iter().product();
    for value in [0.0, 1.0, -3.7, f64::MIN_POSITIVE] {
        for mode in modes() {
            let stream = compressed(&vec![value; len], &shape, mode);
            assert_eq!(same_as_one::<f64>(&stream, &shape, &format!("{value} {mode:?}")), None);
        }
    }
    for value in [0, 1, i32::MAX / 4] {
        for mode in &modes()[1..] {
            let stream = compressed(&vec![value; len], &shape, *mode);
            assert_eq!(same_as_one::<i32>(&stream, &shape, &format!("{value} {mode:?}")), None);
        }
    }
}

/// Streams cut short, with more behind them, and with any bits at all in place of blocks.
#[test]
fn streams_of_other_bits() {
    fn all<T: Value>(shape: &[usize], rng: &mut Rng) {
        let values = smooth::<T>(shape);
        for mode in modes() {
            if T::EXPONENT_BITS == 0 && matches!(mode, Mode::Accuracy(_)) {
                continue;
            }
            let what = |what: &str| format!("{} {mode:?}, {what}", T::TYPE);
            let stream = compressed(&values, shape, mode);
            for cut in [1, 9, stream.len() / 3] {
                let cut = &stream[..stream.len() - cut];
                let error = same_as_one::<T>(cut, shape, &what("cut"));
                assert!(matches!(error, None | Some(Error::Truncated { .. })));
            }
            for byte in [0, 1, 255] {
                let mut longer = stream.clone();
                longer.resize(stream.len() + rng.usize(1..30_000), byte);
                same_as_one::<T>(&longer, shape, &what("longer"));
            }
            let start = Header::read(&stream).unwrap().bits.div_ceil(8) as usize;
            for turn in 0..4 {
                let mut other = stream.clone();
                let from = rng.usize(start..stream.len());
                let to = rng.usize(from..=stream.len());
                let zeros = rng.u8(..);
                let bits = || if turn % 2 == 0 { rng.u8(..) } else { rng.u8(..) & zeros };
                other[from..to].fill_with(bits);
                same_as_one::<T>(&other, shape, &what("other bits"));
            }
        }
    }
    let rng = &mut Rng::with_seed(11);
    all::<f32>(&shape(3), rng);
    all::<f64>(&shape(2), rng);
    all::<i32>(&shape(2), rng);
    all::<f32>(&shape(1), rng);
}

/// Any bits, as many as there are: what compresses to more than it was.
fn noise<T: Value>(len: usize) -> Vec<T> {
    let mut rng = Rng::with_seed(9);
    (0..len).map(|_| T::scaled(rng.i64(..) >> 1, T::power_of_two(-40))).collect()
}

/// Compresses by one thread and by several, with a header and without.
fn same_bytes<T: Value>(values: &[T], shape: &[usize], mode: Mode) {
    let field = Field::new(values, shape).unwrap();
    for header in [true, false] {
        let by = |threads| Compressor::new(mode).header(header).threads(threads).compress(&field);
        let expected = by(1).unwrap();
        for threads in THREADS {
            let found = by(threads).unwrap();
            assert!(found == expected, "{} {shape:?} {mode:?}, {header} on {threads}", T::TYPE);
        }
    }
}

/// Arrays of several megabytes, for which each thread has several spans and pieces of them.
#[test]
fn large_arrays_at_fixed_rates() {
    fn all<T: Value>(shape: &[usize], bits: &[u32]) {
        let values = smooth::<T>(shape);
        for &bits in bits {
            let params = Params { minbits: bits, maxbits: bits, maxprec: 64, minexp: -1074 };
            same_bytes(&values, shape, Mode::Expert(params));
        }
    }
    all::<f32>(&[1_234_567], &[13, 33, 65]);
    all::<f64>(&[1231, 1001], &[17, 128, 515]);
    all::<i32>(&[149, 101, 98], &[1, 64, 777]);
    all::<i64>(&[46, 39, 31, 27], &[9, 1024, 16_000]);
}

/// Arrays that have more bits than values, or far more than there is room for at first.
#[test]
fn large_arrays_that_grow() {
    let bits =
        |minbits, maxbits| Mode::Expert(Params { minbits, maxbits, maxprec: 64, minexp: -1074 });
    for mode in [Mode::Reversible, bits(1, MAX_BITS), bits(900, MAX_BITS)] {
        same_bytes(&noise::<f32>(600_001), &[600_001], mode);
        same_bytes(&noise::<f64>(300_001), &[300_001], mode);
        same_bytes(&noise::<i64>(301_000), &[301, 1000], mode);
    }
    same_bytes(&noise::<i32>(1_200_000), &[100, 120, 100], bits(1, MAX_BITS));
    same_bytes(&smooth::<i32>(&[100, 120, 100]), &[100, 120, 100], bits(15_000, 16_000));
}

/// What is behind the last block is nobody's, however much it is.
#[test]
fn streams_many_times_as_long() {
    let shape = shape(2);
    let mut rng = Rng::with_seed(11);
    for mode in modes() {
        let mut stream = compressed(&smooth::<f32>(&shape), &shape, mode);
        let bits: Vec<u8> = (0..20 * stream.len()).map(|_| rng.u8(..)).collect();
        stream.extend(bits);
        assert_eq!(same_as_one::<f32>(&stream, &shape, &format!("{mode:?} and more")), None);
    }
}

/// A piece with more bits than a number says, of memory that values share.
#[test]
fn more_bits_than_can_be_counted() {
    let shape = [1 << 52];
    let params = Params { minbits: 32_768, maxbits: 32_768, maxprec: 32, minexp: -1074 };
    let field = Field::strided(&[1i32; 4], &shape, &[0], 0).unwrap();
    for threads in [1, 2] {
        let compressor = Compressor::new(Mode::Expert(params)).threads(threads);
        assert!(compressor.compress(&field).is_err());
        if threads > 1 {
            let pieces = compressor.header(false).begin(ScalarType::I32, &shape, 1 << 52);
            let pushed = pieces.and_then(|mut pieces| pieces.push(&field).map(<[u8]>::len));
            assert!(matches!(pushed, Err(Error::ShapeOverflow { .. })), "{pushed:?}");
        }
    }
}
