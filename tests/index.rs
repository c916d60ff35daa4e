//! Indexes: decompression by them is what it is without, on any number of threads; one that
//! is damaged or belongs to another stream is an error.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use support::data::{self, Kind};
use support::layout::{Layout, Memory};
use support::{MODES, Value, same_bits};
use zfp_wgpu::{Compressor, Decompressor, Error, Field, Index, Mode, Params, StreamWord};

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

fn layouts<T: Value>() {
    let mut rng = Rng::with_seed(11);
    for shape in shapes::<T>() {
        let values: Vec<T> = data::array(&mut rng, &shape, &Kind::ALL);
        for (i, layout) in Layout::all(&shape).into_iter().enumerate() {
            let memory = Memory::of(&values, &layout);
            for (j, mode) in MODES.into_iter().enumerate() {
                check(&memory, mode, [None, Some(1), Some(37)][(i + j) % 3], i % 2 == 0);
            }
        }
    }
}

fn check<T: Value>(memory: &Memory<T>, mode: Mode, every: Option<u32>, header: bool) {
    let what = || format!("{} {:?} {mode:?} {every:?} {header}", T::TYPE, memory.layout);
    let shape = &memory.layout.shape;
    let compressor = Compressor::new(mode).header(header).index_every(every);
    let stream = compressor.clone().threads(1).compress(&memory.field()).unwrap();
    let walked = if header {
        Index::of(&stream, every).unwrap()
    } else {
        Index::of_headerless(&stream, mode, T::TYPE, shape, every).unwrap()
    };
    for threads in [1, 2, 3] {
        let (same, index) =
            compressor.clone().threads(threads).compress_indexed(&memory.field()).unwrap();
        assert!(same == stream && index == walked, "compress {}", what());
    }
    let index = Index::from_bytes(&walked.to_bytes()).unwrap();
    assert!(index == walked, "bytes {}", what());

    let into = |decompressor: Decompressor| {
        let mut target = memory.blank();
        let field = target.field_mut();
        if header {
            decompressor.decompress_into(&stream, field).unwrap();
        } else {
            decompressor.decompress_headerless_into(&stream, mode, field).unwrap();
        }
        target.items
    };
    let serial = into(Decompressor::new().threads(1));
    for threads in [1, 2, 3] {
        let found = into(Decompressor::new().threads(threads).index(&index));
        assert!(same_bits(&found, &serial), "decompress on {threads} {}", what());
    }
}

#[test]
fn i32() {
    layouts::<i32>();
}
#[test]
fn i64() {
    layouts::<i64>();
}
#[test]
fn f32() {
    layouts::<f32>();
}
#[test]
fn f64() {
    layouts::<f64>();
}

/// A stream in some mode, and its array.
fn sample(mode: Mode, seed: u64) -> (Vec<u8>, Index) {
    let shape = [41, 50, 60];
    let values: Vec<f32> = data::array(&mut Rng::with_seed(seed), &shape, &Kind::USUAL);
    let field = Field::new(&values, &shape).unwrap();
    Compressor::new(mode).index_every(16).compress_indexed(&field).unwrap()
}

#[test]
fn an_index_with_a_changed_byte_is_refused() {
    for mode in [Mode::Reversible, Mode::Rate(8.0)] {
        let (_, index) = sample(mode, 1);
        let bytes = index.to_bytes();
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                let error = Index::from_bytes(&bytes).unwrap_err();
                assert!(
                    matches!(
                        error,
                        Error::NotIndex { .. }
                            | Error::IndexVersion { .. }
                            | Error::IndexDamaged { .. }
                    ),
                    "{at} {error:?}"
                );
            }
        }
        for len in 0..bytes.len() {
            assert!(Index::from_bytes(&bytes[..len]).is_err());
        }
        assert!(Index::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }
}

/// Bytes that say of themselves that they are right.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let step = |sum: u64, word: u64| {
        let sum = (sum ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        sum ^ sum >> 32
    };
    bytes.truncate(bytes.len() - 8);
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(bytes.len() as u64, |sum, w| step(sum, u64::from_le_bytes(*w)));
    let sum = rest.iter().fold(sum, |sum, &byte| step(sum, u64::from(byte)));
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// Wrong numbers under a right checksum: an error, or the values that there are without.
#[test]
fn a_forged_index_never_gives_a_wrong_array() {
    let (stream, index) = sample(Mode::Accuracy(1e-3), 1);
    let expected = Decompressor::new().threads(1).decompress::<f32>(&stream).unwrap();
    let bytes = index.to_bytes();
    assert_eq!(sealed(bytes.clone()), bytes);
    let mut rng = Rng::with_seed(2);
    let more: Vec<usize> = (0..2000).map(|_| rng.usize(80..bytes.len() - 8)).collect();
    let mut read = 0;
    for at in (0..bytes.len() - 8).chain(more) {
        let mut forged = bytes.clone();
        forged[at] ^= 1 << rng.u32(0..8);
        let Ok(index) = Index::from_bytes(&sealed(forged)) else { continue };
        read += 1;
        let decompressor = Decompressor::new().threads(2).index(&index);
        match decompressor.decompress::<f32>(&stream) {
            Ok(array) => assert!(same_bits(&array.values, &expected.values), "byte {at}"),
            Err(error) => assert!(
                matches!(error, Error::IndexForeign { .. } | Error::Truncated { .. }),
                "{error:?}"
            ),
        }
        // Where only a part is read, its checksums tell.
        let _ = decompressor.decompress_region::<f32>(&stream, &[3..9, 0..50, 20..30]);
    }
    assert!(read > 100, "{read}");
}

#[test]
fn claims_are_not_taken_for_memory() {
    let (_, index) = sample(Mode::Precision(9), 1);
    let mut bytes = index.to_bytes();
    for axis in 0..3 {
        bytes[8 + 8 * axis..16 + 8 * axis].copy_from_slice(&(1u64 << 16).to_le_bytes());
    }
    let error = Index::from_bytes(&sealed(bytes)).unwrap_err();
    assert!(matches!(error, Error::IndexLength { needed, .. } if needed > 1 << 38), "{error:?}");
}

#[test]
fn a_foreign_index_is_an_error() {
    let mode = Mode::Accuracy(1e-3);
    let (stream, _) = sample(mode, 1);
    let (_, other) = sample(mode, 2);
    let (_, planes) = sample(Mode::Precision(11), 1);
    let values = vec![1.5f32; 41 * 50 * 61];
    let field = Field::new(&values, &[41, 50, 61]).unwrap();
    let (_, wider) = Compressor::new(mode).compress_indexed(&field).unwrap();
    for index in [&other, &planes, &wider] {
        for threads in [1, 2, 3] {
            let decompressor = Decompressor::new().threads(threads).index(index);
            let error = decompressor.decompress::<f32>(&stream).unwrap_err();
            assert!(
                matches!(error, Error::IndexForeign { .. } | Error::Truncated { .. }),
                "{error:?}"
            );
            let error = decompressor.decompress_region::<f32>(&stream, &[8..9, 8..9, 8..9]);
            let error = error.unwrap_err();
            assert!(
                matches!(error, Error::IndexForeign { .. } | Error::Truncated { .. }),
                "{error:?}"
            );
        }
    }
}

#[test]
fn a_changed_stream_is_told_from_the_one_indexed() {
    let (stream, index) = sample(Mode::Reversible, 3);
    let decompressor = Decompressor::new().index(&index);
    let whole = [0..41, 0..50, 0..60];
    let expected = Decompressor::new().decompress::<f32>(&stream).unwrap();
    assert!(same_bits(
        &decompressor.decompress_region::<f32>(&stream, &whole).unwrap().values,
        &expected.values
    ));
    for at in (12..stream.len() - 8).step_by(101) {
        let mut changed = stream.clone();
        changed[at] ^= 4;
        let error = decompressor.decompress_region::<f32>(&changed, &whole).unwrap_err();
        assert!(matches!(error, Error::IndexForeign { .. }), "{at} {error:?}");
    }
}

#[test]
fn a_stream_cut_short_is_truncated_with_an_index_too() {
    let shape = [200, 200];
    let values: Vec<f64> = data::array(&mut Rng::with_seed(5), &shape, &Kind::USUAL);
    let field = Field::new(&values, &shape).unwrap();
    for mode in MODES {
        let compressor = Compressor::new(mode).stream_word(StreamWord::Bits8);
        let (stream, index) = compressor.compress_indexed(&field).unwrap();
        let decompressor = Decompressor::new().index(&index);
        for len in [stream.len() - 1, stream.len() / 2] {
            let result = decompressor.decompress::<f64>(&stream[..len]);
            assert!(matches!(result, Err(Error::Truncated { .. })), "{mode:?} {len} {result:?}");
        }
        // Padding to words is no other stream.
        let padded = [&stream[..], &[0; 7]].concat();
        assert!(decompressor.decompress::<f64>(&padded).is_ok());
    }
}

#[test]
fn spacing_is_checked() {
    let values = [1.0f32; 16];
    let field = Field::new(&values, &[16]).unwrap();
    for every in [0, 65_537] {
        let error = Compressor::new(Mode::Reversible).index_every(every).compress_indexed(&field);
        assert_eq!(error.unwrap_err(), Error::IndexSpacing { blocks: every, limit: 65_536 });
    }
    let (_, index) = Compressor::new(Mode::Reversible).compress_indexed(&field).unwrap();
    assert_eq!((index.every(), index.len(), index.shape()), (1024, 1, &[16][..]));
    let (_, index) = Compressor::new(Mode::Rate(8.0)).compress_indexed(&field).unwrap();
    assert!(index.is_empty() && index.every() == 0);
}

/// The header of a stream may say the same in other numbers than the caller.
#[test]
fn parameters_that_headers_put_otherwise() {
    let values: Vec<f32> = (0..4096).map(|i| (i as f32 * 0.01).sin()).collect();
    let field = Field::new(&values, &[64, 64]).unwrap();
    let all = Params::default();
    for params in [
        Params { minbits: 0, ..all },
        Params { maxbits: 20_000, maxprec: 30, ..all },
        Params { minexp: -2000, ..all },
    ] {
        for header in [true, false] {
            let mode = Mode::Expert(params);
            let compressor = Compressor::new(mode).header(header);
            let (stream, index) = compressor.compress_indexed(&field).unwrap();
            let decompressor = Decompressor::new().index(&index);
            if header {
                decompressor.decompress::<f32>(&stream).unwrap();
            } else {
                decompressor.decompress_headerless::<f32>(&stream, mode, &[64, 64]).unwrap();
            }
        }
    }
}
