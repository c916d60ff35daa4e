//! Every path over the blocks must give the bytes of the serial one, and the same values
//! back: one body for each question, run once on each path.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use support::data::{self, Kind};
use support::layout::{Layout, Memory};
use support::{Value, same_bits};
use zfp_wgpu::{
    Compressor, Decompressor, Error, Field, FieldMut, Header, MAX_BITS, Mode, Params, StreamWord,
};

/// A number of threads; `None` for one per processor.
type Path = Option<usize>;

macro_rules! paths {
    ($($path:ident: $threads:expr;)*) => {
        $(mod $path {
            const PATH: super::Path = $threads;

            #[test]
            fn i32() {
                super::layouts::<i32>(PATH);
            }
            #[test]
            fn i64() {
                super::layouts::<i64>(PATH);
            }
            #[test]
            fn f32() {
                super::layouts::<f32>(PATH);
            }
            #[test]
            fn f64() {
                super::layouts::<f64>(PATH);
            }
            #[test]
            fn small_and_thin_arrays() {
                super::small_and_thin_arrays(PATH);
            }
            #[test]
            fn several_waves() {
                super::several_waves(PATH);
            }
            #[test]
            fn first_non_finite() {
                super::first_non_finite(PATH);
            }
            #[test]
            fn cut_streams() {
                super::cut_streams(PATH);
            }
        })*
    };
}

paths! {
    serial: Some(1);
    parallel_2: Some(2);
    parallel_3: Some(3);
    parallel_7: Some(7);
    parallel_all: None;
}

/// Fixed and variable blocks, with short and long headers.
fn modes<T: Value>(dims: usize) -> [Mode; 7] {
    let expert = |minbits, maxbits, maxprec, minexp| {
        Mode::Expert(Params { minbits, maxbits, maxprec, minexp })
    };
    let odd = (17 << (2 * dims)) / 3 + 1;
    [
        Mode::Rate(5.3),
        // In 4 dimensions these blocks are too long for a short header.
        Mode::Rate(f64::from(T::BITS - 3)),
        Mode::Precision(13),
        Mode::Accuracy(1e-2),
        Mode::Reversible,
        expert(odd, odd, 20, -30),
        expert(70, MAX_BITS, 11, -1074),
    ]
}

/// Above the size from which threads are used, and with partial blocks on each axis.
fn shapes<T: Value>() -> [Vec<usize>; 4] {
    let twice = if T::BITS == 32 { 2 } else { 1 };
    [
        vec![33_001 * twice],
        vec![257, 131 * twice],
        vec![37, 41, 23 * twice],
        vec![13, 9 * twice, 18, 17],
    ]
}

fn layouts<T: Value>(path: Path) {
    let mut rng = Rng::with_seed(7);
    for shape in shapes::<T>() {
        let values: Vec<T> = data::array(&mut rng, &shape, &Kind::ALL);
        for (i, layout) in Layout::all(&shape).into_iter().enumerate() {
            let memory = Memory::of(&values, &layout);
            for (j, mode) in modes::<T>(shape.len()).into_iter().enumerate() {
                // Each pair of these meets each layout and each mode.
                let header = (i + j) % 2 == 0;
                let word = [StreamWord::Bits8, StreamWord::Bits64][(i + j) >> 1 & 1];
                check(path, &memory, mode, header, word);
            }
        }
    }
}

fn small_and_thin_arrays(path: Path) {
    let mut rng = Rng::with_seed(8);
    for shape in [
        &[1][..],
        &[5, 3],
        &[1, 1, 1, 1],
        &[2, 3, 13_000],
        &[1, 40_000, 2],
        &[4_000, 1, 3, 6],
        &[3, 90, 2, 130],
        &[70_000, 1],
    ] {
        let values: Vec<f32> = data::array(&mut rng, shape, &Kind::ALL);
        for layout in Layout::all(shape) {
            let memory = Memory::of(&values, &layout);
            for mode in [Mode::Rate(6.0), Mode::Precision(9)] {
                check(path, &memory, mode, true, StreamWord::Bits64);
            }
        }
    }
}

/// Compression works in waves of chunks, the largest of 32 MiB.
fn several_waves(path: Path) {
    let shape = [149, 243, 251];
    let mut rng = Rng::with_seed(9);
    let block: Vec<f32> = data::array(&mut rng, &[1, 243, 251], &Kind::ALL);
    let values = block.repeat(149);
    let memory = Memory::of(&values, &Layout::contiguous(&shape));
    check(path, &memory, Mode::Rate(2.9), true, StreamWord::Bits64);
    check(path, &memory, Mode::Accuracy(1e-3), false, StreamWord::Bits8);
}

/// One field, one mode: the path's stream and the path's array against the serial ones.
fn check<T: Value>(path: Path, memory: &Memory<T>, mode: Mode, header: bool, word: StreamWord) {
    let layout = &memory.layout;
    let shape = &layout.shape;
    let what = || format!("{} {layout:?} {mode:?} {header} {word:?}", T::TYPE);

    let compressor = Compressor::new(mode).header(header).stream_word(word);
    let serial = compressor.clone().threads(1).compress(&memory.field()).unwrap();
    let stream = compressor.threads(path).compress(&memory.field()).unwrap();
    assert!(stream == serial, "compress {}", what());

    let decompressor = Decompressor::new().threads(1);
    let expected: Vec<T> = if header {
        decompressor.decompress(&stream).unwrap().values
    } else {
        decompressor.decompress_headerless(&stream, mode, shape).unwrap()
    };
    if mode == Mode::Reversible {
        assert!(same_bits(&expected, &memory.values()), "lossless {}", what());
    }

    let into = |threads: Path| {
        let mut target = memory.blank();
        let decompressor = Decompressor::new().threads(threads);
        let field = target.field_mut();
        if header {
            decompressor.decompress_into(&stream, field).unwrap();
        } else {
            decompressor.decompress_headerless_into(&stream, mode, field).unwrap();
        }
        target
    };
    let target = into(path);
    if layout.shares_memory() {
        // The last value in the order of the stream stays, on each path.
        assert!(same_bits(&target.items, &into(Some(1)).items), "shared {}", what());
    } else {
        // The values are in their places, and what lies between them is as it was.
        let expected = memory.with(&expected);
        assert!(same_bits(&target.items, &expected.items), "decompress {}", what());
    }
}

/// The error names the first value in C order, whichever thread meets one first.
fn first_non_finite(path: Path) {
    let shape = [300, 301];
    for places in [&[90_299][..], &[301 * 7 + 5, 301 * 4 + 200, 60_000], &[0, 80_000], &[301, 8]] {
        let mut values = vec![1.0f32; 300 * 301];
        for &place in places {
            values[place] = if place % 2 == 0 { f32::NAN } else { f32::NEG_INFINITY };
        }
        let first = places.iter().min().unwrap();
        let error = Compressor::new(Mode::Rate(8.0))
            .threads(path)
            .compress(&Field::new(&values, &shape).unwrap());
        assert_eq!(error, Err(Error::NonFinite { index: vec![first / 301, first % 301] }));
    }
}

/// Streams without their end, or told to hold more than they do, are refused.
fn cut_streams(path: Path) {
    let values = vec![1.5f64; 40_000];
    let field = Field::new(&values, &[200, 200]).unwrap();
    for mode in [Mode::Rate(9.0), Mode::Reversible, Mode::Precision(30)] {
        let stream = Compressor::new(mode).stream_word(StreamWord::Bits8).compress(&field).unwrap();
        let decompressor = Decompressor::new().threads(path);
        for len in [stream.len() - 1, stream.len() / 2] {
            let result = decompressor.decompress::<f64>(&stream[..len]);
            assert!(matches!(result, Err(Error::Truncated { .. })), "{mode:?} {len}");
            // The very error of one thread, for arrays that are cut along any axis.
            let serial = Decompressor::new().threads(1).decompress::<f64>(&stream[..len]);
            assert_eq!(result, serial);
            let mut turned = vec![0.0; 40_000];
            let field = FieldMut::strided(&mut turned, &[200, 200], &[1, 200], 0).unwrap();
            let result = decompressor.decompress_into(&stream[..len], field);
            assert_eq!(result.err(), serial.err());
        }
        assert!(decompressor.decompress::<f64>(&stream).is_ok());
    }
}

/// The modes above must mean what is said of them.
#[test]
fn headers_are_short_and_long() {
    let values = [0f64; 256];
    let bits = |mode, shape: &[usize]| {
        let stream = zfp_wgpu::compress(&Field::new(&values, shape).unwrap(), mode).unwrap();
        Header::read(&stream).unwrap().bits
    };
    assert_eq!(modes::<f64>(1).map(|m| bits(m, &[256])), [96, 96, 96, 96, 96, 148, 148]);
    assert_eq!(modes::<f64>(4).map(|m| bits(m, &[4; 4])), [96, 148, 96, 96, 96, 148, 148]);
}
