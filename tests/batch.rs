//! Batches give what one call for each gives.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use support::data::{self, Kind};
use zfp_wgpu::{Compressor, Decompressor, Error, Field, FieldMut, Mode};

#[test]
fn batches_are_many_calls() {
    let mut rng = Rng::with_seed(31);
    for count in [0, 1, 2, 3, 500] {
        let arrays: Vec<(Vec<usize>, Vec<f32>)> = (0..count)
            .map(|_| {
                let dims = rng.usize(1..=4);
                let shape: Vec<usize> =
                    (0..dims).map(|_| rng.usize(1..=[900, 40, 12, 7][dims - 1])).collect();
                let values = data::array(&mut rng, &shape, &Kind::USUAL);
                (shape, values)
            })
            .collect();
        let fields: Vec<Field<'_>> =
            arrays.iter().map(|(shape, values)| Field::new(values, shape).unwrap()).collect();
        for mode in [Mode::Rate(9.0), Mode::Reversible] {
            let compressor = Compressor::new(mode);
            let expected: Vec<_> = fields.iter().map(|field| compressor.compress(field)).collect();
            let decompressor = Decompressor::new();
            for threads in [None, Some(1), Some(2), Some(5)] {
                let found = compressor.clone().threads(threads).compress_batch(&fields).unwrap();
                assert!(found == expected);
                let streams: Vec<&[u8]> = found.iter().map(|s| &s.as_ref().unwrap()[..]).collect();
                let decompressor = decompressor.clone().threads(threads);
                let back = decompressor.decompress_batch::<f32>(&streams).unwrap();
                let mut memory: Vec<Vec<f32>> =
                    arrays.iter().map(|(_, values)| vec![0.0; values.len()]).collect();
                let targets = memory.iter_mut().zip(&arrays);
                let targets = targets.map(|(m, (shape, _))| FieldMut::new(m, shape).unwrap());
                let done = decompressor.decompress_batch_into(&streams, targets.collect()).unwrap();
                assert!(done.iter().all(Result::is_ok));
                for (i, (stream, array)) in streams.iter().zip(back).enumerate() {
                    let array = array.unwrap();
                    assert_eq!(array, decompressor.decompress(stream).unwrap());
                    assert_eq!((&array.shape, &array.values), (&arrays[i].0, &memory[i]));
                }
            }
        }
    }
}

/// One bad array is no reason to lose the others.
#[test]
fn errors_stay_in_their_places() {
    let mut arrays = vec![vec![1.0f32; 4096]; 100];
    arrays[40][7] = f32::NAN;
    let fields: Vec<Field<'_>> =
        arrays.iter().map(|values| Field::new(values, &[64, 64]).unwrap()).collect();
    let compressor = Compressor::new(Mode::Precision(12)).threads(2);
    let streams = compressor.compress_batch(&fields).unwrap();
    for (i, stream) in streams.iter().enumerate() {
        assert_eq!(*stream == Err(Error::NonFinite { index: vec![0, 7] }), i == 40, "{i}");
    }
    let mut streams: Vec<Vec<u8>> = streams.into_iter().map(Result::unwrap_or_default).collect();
    streams[8].truncate(30);
    let streams: Vec<&[u8]> = streams.iter().map(|stream| &stream[..]).collect();
    let back = Decompressor::new().threads(2).decompress_batch::<f32>(&streams).unwrap();
    let bad: Vec<usize> = (0..100).filter(|&i| back[i].is_err()).collect();
    assert_eq!(bad, [8, 40]);
    let error = Decompressor::new().decompress_batch_into(&streams, Vec::new());
    assert_eq!(error.unwrap_err(), Error::BatchCount { streams: 100, arrays: 0 });
}
