//! Streams that LLNL's zfp made, and the arrays that they were made of.

use std::path::{Path, PathBuf};

use zfp_wgpu::Mode;

use super::{Value, index_of};

/// A row of the manifest.
pub struct Golden<'a> {
    /// Name of its file.
    pub name: &'a str,
    /// Type of the values.
    pub scalar: &'a str,
    /// Shape of the array.
    pub shape: Vec<usize>,
    /// What the values are like.
    pub data: &'a str,
    /// Mode.
    pub mode: Mode,
    /// Whether it has a header.
    pub header: bool,
    /// Digest of the values that it stands for.
    pub fnv1a: u64,
}

impl<'a> Golden<'a> {
    /// From a row of the manifest.
    pub fn parse(row: &'a str) -> Self {
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

    /// The stream.
    pub fn stream(&self) -> Vec<u8> {
        std::fs::read(folder().join(self.name)).unwrap()
    }

    /// The array that make.py compressed.
    pub fn values<T: Value>(&self) -> Vec<T> {
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

/// A digest of an array.
pub fn fnv1a<T: Value>(values: &[T]) -> u64 {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |digest, &byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Where the streams are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A row for each stream, behind a row of titles.
pub fn manifest() -> String {
    std::fs::read_to_string(folder().join("manifest.tsv")).unwrap()
}
