//! Parts of arrays are the parts of what the whole streams hold.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::ops::Range;

use fastrand::Rng;
use support::data::{self, Kind};
use support::layout::{Layout, Memory};
use support::{MODES, Value, index_of, same_bits};
use zfp_wgpu::{
    Compressor, Decompressor, Device, Error, Field, FieldMut, Index, Mode, ScalarType, Selector,
    StreamWord,
};

/// What lies in a box of a C-ordered array.
fn part<T: Value>(values: &[T], shape: &[usize], ranges: &[Range<usize>]) -> Vec<T> {
    let sizes: Vec<usize> = ranges.iter().map(Range::len).collect();
    (0..sizes.iter().product())
        .map(|number| {
            let index = index_of(number, &sizes);
            let place = index
                .iter()
                .zip(ranges)
                .zip(shape)
                .fold(0, |place, ((i, range), size)| place * size + range.start + i);
            values[place]
        })
        .collect()
}

fn random_ranges(rng: &mut Rng, shape: &[usize]) -> Vec<Range<usize>> {
    shape
        .iter()
        .map(|&size| {
            let start = rng.usize(0..size);
            let most = if rng.bool() { size } else { size.min(start + 6) };
            start..rng.usize(start + 1..=most)
        })
        .collect()
}

fn random_boxes<T: Value>() {
    let mut rng = Rng::with_seed(21);
    for shape in [&[1999][..], &[67, 90], &[19, 30, 41], &[7, 9, 13, 22], &[1, 1, 5]] {
        let values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
        let field = Field::new(&values, shape).unwrap();
        for mode in MODES {
            for header in [true, false] {
                let compressor = Compressor::new(mode).header(header).index_every(11);
                let (stream, index) = compressor.compress_indexed(&field).unwrap();
                let decompressor = Decompressor::new().threads(1);
                let whole: Vec<T> = if header {
                    decompressor.decompress(&stream).unwrap().values
                } else {
                    decompressor.decompress_headerless(&stream, mode, shape).unwrap()
                };
                for _ in 0..12 {
                    let ranges = random_ranges(&mut rng, shape);
                    let expected = part(&whole, shape, &ranges);
                    for decompressor in [decompressor.clone(), decompressor.clone().index(&index)] {
                        let found = if header {
                            decompressor.decompress_region(&stream, &ranges).unwrap().values
                        } else {
                            decompressor
                                .decompress_region_headerless(&stream, mode, shape, &ranges)
                                .unwrap()
                        };
                        assert!(
                            same_bits(&found, &expected),
                            "{} {shape:?} {mode:?} {ranges:?}",
                            T::TYPE
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn i32() {
    random_boxes::<i32>();
}
#[test]
fn i64() {
    random_boxes::<i64>();
}
#[test]
fn f32() {
    random_boxes::<f32>();
}
#[test]
fn f64() {
    random_boxes::<f64>();
}

/// Large enough for threads, into every layout.
#[test]
fn threads_and_layouts() {
    let shape = [61, 70, 83];
    let values: Vec<f32> = data::array(&mut Rng::with_seed(22), &shape, &Kind::ALL);
    let field = Field::new(&values, &shape).unwrap();
    for mode in [Mode::Rate(9.0), Mode::Accuracy(1e-3)] {
        let (stream, index) = Compressor::new(mode).compress_indexed(&field).unwrap();
        let whole = Decompressor::new().decompress::<f32>(&stream).unwrap().values;
        for ranges in [
            [0..61, 0..70, 0..83],
            [1..60, 3..70, 2..83],
            [6..8, 1..69, 0..83],
            [0..61, 7..9, 1..83],
        ] {
            let sizes: Vec<usize> = ranges.iter().map(Range::len).collect();
            let expected = part(&whole, &shape, &ranges);
            for layout in Layout::all(&sizes) {
                if layout.shares_memory() {
                    continue;
                }
                let memory = Memory::of(&expected, &layout);
                for threads in [1, 2, 3, 7] {
                    let decompressor = Decompressor::new().threads(threads);
                    for decompressor in [decompressor.clone(), decompressor.index(&index)] {
                        let mut target = memory.blank();
                        decompressor
                            .decompress_region_into(&stream, &ranges, target.field_mut())
                            .unwrap();
                        assert!(
                            same_bits(&target.items, &memory.items),
                            "{mode:?} {layout:?} {threads}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_no_part_is_named() {
    let values = [1.0f32; 60];
    let stream =
        zfp_wgpu::compress(&Field::new(&values, &[5, 12]).unwrap(), Mode::Reversible).unwrap();
    let read = |ranges: &[Range<usize>]| {
        Decompressor::new().decompress_region::<f32>(&stream, ranges).unwrap_err()
    };
    assert_eq!(read(&[0..5, 0..12, 0..1]), Error::RangeCount { dims: 2, ranges: 3 });
    assert_eq!(read(&[]), Error::RangeCount { dims: 2, ranges: 0 });
    assert_eq!(read(&[0..5, 0..13]), Error::Range { axis: 1, start: 0, end: 13, size: 12 });
    assert_eq!(read(&[2..2, 0..12]), Error::Range { axis: 0, start: 2, end: 2, size: 5 });
    #[allow(clippy::reversed_empty_ranges)]
    let backwards = [3..1, 0..12];
    assert_eq!(read(&backwards), Error::Range { axis: 0, start: 3, end: 1, size: 5 });

    let decompressor = Decompressor::new();
    let error = decompressor.decompress_region::<f64>(&stream, &[0..1, 0..1]);
    let mismatch = Error::ScalarMismatch { stream: ScalarType::F32, array: ScalarType::F64 };
    assert_eq!(error, Err(mismatch));
    let mut target = [0f32; 6];
    let field = FieldMut::new(&mut target, &[2, 3]).unwrap();
    let error = decompressor.decompress_region_into(&stream, &[0..3, 0..2], field);
    assert_eq!(error, Err(Error::ShapeMismatch { stream: vec![3, 2], array: vec![2, 3] }));
    let limited = Decompressor::new().max_output_bytes(23);
    assert!(limited.decompress_region::<f32>(&stream, &[0..1, 0..5]).is_ok());
    let error = limited.decompress_region::<f32>(&stream, &[0..1, 0..6]);
    assert_eq!(error, Err(Error::OutputLimit { bytes: 24, limit: 23 }));
    let gpu = Decompressor::new().device(Device::Gpu(Selector::Any));
    let error = gpu.decompress_region::<f32>(&stream, &[0..1, 0..1]);
    assert!(matches!(error, Err(Error::GpuUnsupported { .. })));
}

/// Blocks that are not needed may be missing or wrong.
#[test]
fn only_what_is_needed_is_read() {
    let shape = [64, 64, 64];
    let values: Vec<f64> = data::array(&mut Rng::with_seed(23), &shape, &Kind::USUAL);
    let field = Field::new(&values, &shape).unwrap();
    for mode in MODES {
        let compressor = Compressor::new(mode).stream_word(StreamWord::Bits8).index_every(16);
        let (stream, index) = compressor.compress_indexed(&field).unwrap();
        let whole = Decompressor::new().decompress::<f64>(&stream).unwrap().values;
        let mut changed = stream.clone();
        let middle = stream.len() / 2;
        changed[middle..].fill(0x55);
        let ranges = [0..8, 0..64, 10..20];
        let expected = part(&whole, &shape, &ranges);
        for decompressor in [Decompressor::new(), Decompressor::new().index(&index)] {
            let found = decompressor.decompress_region::<f64>(&changed, &ranges).unwrap();
            assert!(same_bits(&found.values, &expected), "{mode:?}");
        }
        if !matches!(mode, Mode::Rate(_)) {
            let cut = &stream[..stream.len() - 1];
            let last = Decompressor::new().decompress_region::<f64>(cut, &[63..64, 63..64, 0..64]);
            assert!(matches!(last, Err(Error::Truncated { .. })), "{last:?}");
            let index = Index::of(&stream, None).unwrap();
            let error = Decompressor::new().index(&index).decompress_region::<f64>(cut, &ranges);
            assert!(matches!(error, Err(Error::Truncated { .. })));
        }
    }
}

/// Where values share memory, the one of the last block stays, as in the whole array.
#[test]
fn shared_memory_holds_the_last_block() {
    let values: Vec<f32> = (0..32).map(|i| i as f32).collect();
    let field = zfp_wgpu::Field::new(&values, &[4, 8]).unwrap();
    let stream = Compressor::new(Mode::Reversible).compress(&field).unwrap();
    let target = |memory: &mut [f32; 11], part: bool| {
        let field = zfp_wgpu::FieldMut::strided(memory, &[4, 8], &[1, 1], 0).unwrap();
        let decompressor = Decompressor::new();
        if part {
            decompressor.decompress_region_into(&stream, &[0..4, 0..8], field).unwrap();
        } else {
            decompressor.decompress_into(&stream, field).unwrap();
        }
    };
    let (mut whole, mut part) = ([0f32; 11], [0f32; 11]);
    target(&mut whole, false);
    target(&mut part, true);
    assert!(same_bits(&whole, &part), "{whole:?} {part:?}");
}
