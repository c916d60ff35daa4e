//! Streams of LLNL's zfp 1.0.1, as its Python package makes them, must come out the same.
//!
//! `golden/make.py` made them, and tells how to add more.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::{Path, PathBuf};

use support::{Value, index_of};
use zfp_wgpu::{Compressor, Decompressor, Field, Header, Mode, StreamWord};

/// A row of the manifest.
struct Golden<'a> {
    name: &'a str,
    scalar: &'a str,
    shape: Vec<usize>,
    data: &'a str,
    mode: Mode,
    header: bool,
    fnv1a: u64,
}

impl<'a> Golden<'a> {
    fn parse(row: &'a str) -> Self {
        let columns: Vec<&str> = row.split('\t').collect();
        let &[name, scalar, shape, data, mode, parameter, header, fnv1a] = columns.as_slice()
        else {
            panic!("a row of eight columns: {row}");
        };
        Self {
            name,
            scalar,
            shape: shape.split('x').map(|size| size.parse().unwrap()).collect(),
            data,
            mode: match mode {
                "rate" => Mode::Rate(parameter.parse().unwrap()),
                "precision" => Mode::Precision(parameter.parse().unwrap()),
                "accuracy" => Mode::Accuracy(parameter.parse().unwrap()),
                "reversible" => Mode::Reversible,
                _ => panic!("an unknown mode: {row}"),
            },
            header: header == "header",
            fnv1a: u64::from_str_radix(fnv1a, 16).unwrap(),
        }
    }

    fn check<T: Value>(&self) {
        let Self { name, ref shape, mode, header, .. } = *self;
        let stream = std::fs::read(folder().join(name)).unwrap();
        let values: Vec<T> = self.values();
        let field = Field::new(&values, shape).unwrap();

        let compressor = Compressor::new(mode).header(header);
        assert!(compressor.compress(&field).unwrap() == stream, "{name}: the stream");
        let short = compressor.stream_word(StreamWord::Bits8).compress(&field).unwrap();
        assert!(stream.starts_with(&short) && stream.len() - short.len() < 8, "{name}: a prefix");
        assert!(stream[short.len()..].iter().all(|&byte| byte == 0), "{name}: the padding");

        for stream in [&stream, &short] {
            let decompressor = Decompressor::new();
            let decoded = if header {
                let array = decompressor.decompress::<T>(stream).unwrap();
                assert_eq!(array.shape, *shape, "{name}");
                array.values
            } else {
                decompressor.decompress_headerless(stream, mode, shape).unwrap()
            };
            assert_eq!(fnv1a(&decoded), self.fnv1a, "{name}: the values");
        }
        if header {
            let header = Header::read(&stream).unwrap();
            assert_eq!((header.scalar, &header.shape), (T::TYPE, shape), "{name}");
            assert_eq!(header.params, mode.params(T::TYPE, shape.len()).unwrap(), "{name}");
        }
    }

    /// The array that make.py compressed.
    fn values<T: Value>(&self) -> Vec<T> {
        (0..self.shape.iter().product())
            .map(|number| {
                let chance = hashed(number as u64);
                let int = self.integer(number, chance);
                if T::EXPONENT_BITS == 0 {
                    return T::from_word(int << if T::BITS == 32 { 8 } else { 39 });
                }
                let exponent = if self.data == "noise" { (chance % 16) as i64 - 8 } else { -5 };
                T::scaled(int, T::power_of_two(exponent))
            })
            .collect()
    }

    fn integer(&self, number: usize, chance: u64) -> i64 {
        let noise = (chance >> 43) as i64 - (1 << 20);
        match self.data {
            "smooth" => {
                let index = index_of(number, &self.shape);
                let term = |(axis, p): (i64, usize)| {
                    let p = p as i64;
                    (3 + axis) * p * p - (40 + 7 * axis) * p
                };
                1000 + (0..).zip(index).map(term).sum::<i64>()
            }
            "sparse" if !chance.is_multiple_of(8) => 0,
            "sparse" | "noise" => noise,
            other => panic!("unknown data: {other}"),
        }
    }
}

/// A number that looks like chance: what `SplitMix64` makes of its state.
fn hashed(number: u64) -> u64 {
    let z = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

fn fnv1a<T: Value>(values: &[T]) -> u64 {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |digest, &byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn streams_are_those_of_llnl() {
    let manifest = std::fs::read_to_string(folder().join("manifest.tsv")).unwrap();
    let mut rows = 0;
    for golden in manifest.lines().skip(1).map(Golden::parse) {
        match golden.scalar {
            "i32" => golden.check::<i32>(),
            "i64" => golden.check::<i64>(),
            "f32" => golden.check::<f32>(),
            "f64" => golden.check::<f64>(),
            other => panic!("an unknown type: {other}"),
        }
        rows += 1;
    }
    // A manifest cut short should not pass.
    let streams = std::fs::read_dir(folder()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "zfp")
    });
    assert_eq!(rows, streams.count());
    assert!(rows >= 90, "{rows}");
}
