//! What is measured: every type, number of dimensions and mode, and the data.
//!
//! The benchmark of this crate and the comparison with other libraries both include
//! this file, so that they speak of the same cells.

use zfp_wgpu::{Mode, Scalar, ScalarType};

/// Size of the noise on top of the smooth field, whose values are about 1.
const NOISE: f64 = 1e-4;

/// One cell of the tables: a type, a number of dimensions and a mode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// Type of the values.
    pub(crate) scalar: ScalarType,
    /// Dimensions, 1 to 4.
    pub(crate) dims: usize,
    /// The mode, for people.
    pub(crate) name: &'static str,
    /// The mode.
    pub(crate) mode: Mode,
}

impl Case {
    /// The cell's name: `f32/3d/rate8`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}d/{}", self.scalar, self.dims, self.name)
    }
}

/// All cells.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    use ScalarType::{F32, F64, I32, I64};
    [F32, F64, I32, I64].into_iter().flat_map(|scalar| {
        (1..=4).flat_map(move |dims| {
            modes(scalar).map(move |(name, mode)| Case { scalar, dims, name, mode })
        })
    })
}

/// The modes to measure for a type, and their names.
pub(crate) fn modes(scalar: ScalarType) -> impl Iterator<Item = (&'static str, Mode)> {
    let wide = scalar.size() == 8;
    let planes = if wide { Mode::Precision(32) } else { Mode::Precision(16) };
    // Integers know no tolerance.
    let accuracy = scalar.exponent_bits().map(|_| {
        if wide {
            ("accuracy1e-6", Mode::Accuracy(1e-6))
        } else {
            ("accuracy1e-3", Mode::Accuracy(1e-3))
        }
    });
    [("rate4", Mode::Rate(4.0)), ("rate8", Mode::Rate(8.0)), ("rate16", Mode::Rate(16.0))]
        .into_iter()
        .chain(accuracy)
        .chain([
            (if wide { "precision32" } else { "precision16" }, planes),
            ("reversible", Mode::Reversible),
        ])
}

/// The shape of the array of a cell: whole blocks, about 256 Ki values, no powers of two
/// where there are rows, since those fall on the same lines of a cache.
pub(crate) fn shape(dims: usize) -> &'static [usize] {
    match dims {
        1 => &[262_144],
        2 => &[508, 516],
        3 => &[60, 64, 68],
        _ => &[20, 20, 24, 28],
    }
}

/// A type of values that can be made for a cell.
pub(crate) trait Value: Scalar {
    /// From a value of the field; integers are the field at 2^20 or 2^40.
    fn from_field(value: f64) -> Self;
}

impl Value for f32 {
    fn from_field(value: f64) -> Self {
        value as Self
    }
}

impl Value for f64 {
    fn from_field(value: f64) -> Self {
        value
    }
}

impl Value for i32 {
    fn from_field(value: f64) -> Self {
        (value * 20f64.exp2()).round() as Self
    }
}

impl Value for i64 {
    fn from_field(value: f64) -> Self {
        (value * 40f64.exp2()).round() as Self
    }
}

/// A smooth field and a little noise, the last axis of `shape` the fastest; the same
/// values at every call.
pub(crate) fn values<T: Value>(shape: &[usize]) -> Vec<T> {
    // Waves of 100 to 200 values, of another length along each axis.
    let waves: Vec<Vec<f64>> = shape
        .iter()
        .rev()
        .zip([0.05, 0.04, 0.06, 0.03])
        .map(|(&size, step)| (0..size).map(|i| (1.0 + step * i as f64).sin()).collect())
        .collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..shape.iter().product())
        .map(|mut rest: usize| {
            let (mut sum, mut product) = (0.0, 1.0);
            for wave in &waves {
                let factor = wave[rest % wave.len()];
                sum += factor;
                product *= factor;
                rest /= wave.len();
            }
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let noise = (state >> 33) as f64 / 30f64.exp2() - 1.0;
            T::from_field((sum + product) / (shape.len() + 1) as f64 + NOISE * noise)
        })
        .collect()
}
