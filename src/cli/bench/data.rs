//! Arrays to measure on.

use std::path::Path;

use anyhow::Result;
use zfp_wgpu::{Field, FieldMut, Pieces, ScalarType};

use super::made;
use crate::cli::args::Values;
use crate::cli::array::{Kind, Source};
use crate::cli::output::name;

/// Most bytes of an array that are looked at.
const MOST: usize = 64 << 20;

/// An array in memory.
pub(super) struct Array {
    /// What it is called on the page.
    pub(super) name: String,
    /// What else is to be known about it.
    pub(super) note: String,
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
}

impl Array {
    pub(super) fn field(&self) -> zfp_wgpu::Result<Field<'_>> {
        let Kind { scalar, ref shape } = self.kind;
        Field::from_bytes(&self.bytes, scalar, shape, &Kind::strides(scalar, shape), 0)
    }

    /// An array of this type and shape in `bytes`, to decompress into.
    pub(super) fn field_in<'a>(&self, bytes: &'a mut [u8]) -> zfp_wgpu::Result<FieldMut<'a>> {
        let Kind { scalar, ref shape } = self.kind;
        FieldMut::from_bytes(bytes, scalar, shape, &Kind::strides(scalar, shape), 0)
    }

    pub(super) fn values(&self) -> usize {
        self.bytes.len() / self.kind.scalar.size()
    }

    /// The values, as real numbers.
    pub(super) fn numbers(&self) -> Vec<f64> {
        numbers(self.kind.scalar, &self.bytes)
    }
}

/// Values as real numbers.
pub(super) fn numbers(scalar: ScalarType, bytes: &[u8]) -> Vec<f64> {
    match scalar {
        ScalarType::I32 => each(bytes, |b| f64::from(i32::from_le_bytes(b))),
        ScalarType::I64 => each(bytes, |b| i64::from_le_bytes(b) as f64),
        ScalarType::F32 => each(bytes, |b| f64::from(f32::from_le_bytes(b))),
        ScalarType::F64 => each(bytes, f64::from_le_bytes),
    }
}

fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks::<N>().0.iter().map(|&bytes| number(bytes)).collect()
}

/// A smooth array of `f32` with a little noise, of about so many bytes, and of about the
/// same size along each of `dims` axes.
pub(super) fn made(dims: usize, bytes: usize) -> Array {
    let shape = made::shape(dims, bytes);
    let values = made::values(&shape);
    Array {
        name: "a smooth array with a little noise".to_owned(),
        note: String::new(),
        bytes: values.into_iter().flat_map(f32::to_le_bytes).collect(),
        kind: Kind { scalar: ScalarType::F32, shape },
    }
}

/// Reads an array, or the first part of it if it is large. What is not finite becomes the
/// mean of the rest.
pub(super) fn read(path: &Path, told: &Values) -> Result<Array> {
    let mut source = Source::open(path, told)?;
    let kind = source.kind.clone();
    let mut bytes = Vec::new();
    let mut note = String::new();
    let mut pieces = Pieces::new(&kind.shape, MOST / kind.scalar.size())?;
    let Some(piece) = pieces.next() else { anyhow::bail!("is empty") };
    source.read(&piece, &mut bytes)?;
    if pieces.next().is_some() {
        note = format!("the first part of {}", kind.shape_text());
    }
    let name = Path::new(&name(path, "input"))
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut array = Array { name, note, kind: Kind { shape: piece.shape, ..kind }, bytes };
    fill(&mut array);
    Ok(array)
}

fn fill(array: &mut Array) {
    let scalar = array.kind.scalar;
    let numbers = array.numbers();
    let finite = numbers.iter().filter(|number| number.is_finite());
    let (count, sum) = finite.fold((0usize, 0.0), |(count, sum), n| (count + 1, sum + n));
    let missing = numbers.len() - count;
    if missing == 0 {
        return;
    }
    let mean = sum / count.max(1) as f64;
    for (number, value) in numbers.iter().zip(array.bytes.chunks_exact_mut(scalar.size())) {
        match scalar {
            _ if number.is_finite() => {}
            ScalarType::F32 => value.copy_from_slice(&(mean as f32).to_le_bytes()),
            _ => value.copy_from_slice(&mean.to_le_bytes()),
        }
    }
    array.note += &format!(" ({missing} values that are not finite became the mean)");
}
