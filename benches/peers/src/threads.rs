//! Two threads beside one, of this library alone.

use anyhow::{Result, ensure};
use zfp_wgpu::{Mode, ScalarType};

use crate::cases::{self, Case, Value};
use crate::ours::Ours;
use crate::peer::Peer;
use crate::{Options, timing};

/// 64 MiB and more of values of 4 or 8 bytes, and no shape made for being cut.
const SHAPES: [(ScalarType, &[usize]); 2] =
    [(ScalarType::F32, &[120, 400, 400]), (ScalarType::F64, &[128, 256, 256])];

/// What was measured of one cell.
pub(crate) struct Pair {
    pub(crate) id: String,
    /// Megabytes of the array per second, with one thread and with two.
    pub(crate) rates: [f64; 2],
}

/// Encodes and decodes in every mode; where blocks vary in size, decodes with an index too.
pub(crate) fn measure(options: &Options) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for (scalar, shape) in SHAPES {
        let cases = cases::modes(scalar).map(|(name, mode)| Case { scalar, dims: 3, name, mode });
        let cases: Vec<Case> = cases.filter(|case| options.takes(case)).collect();
        if cases.is_empty() {
            continue;
        }
        match scalar {
            ScalarType::F64 => measure_all::<f64>(&cases, shape, options.rounds(), &mut pairs)?,
            _ => measure_all::<f32>(&cases, shape, options.rounds(), &mut pairs)?,
        }
    }
    Ok(pairs)
}

fn measure_all<T: Value>(
    cases: &[Case],
    shape: &[usize],
    rounds: usize,
    pairs: &mut Vec<Pair>,
) -> Result<()> {
    let values: Vec<T> = cases::values(shape);
    let megabytes = size_of_val(values.as_slice()) as f64 / 1e6;
    for case in cases {
        let mut one = Ours::new(&values, shape, case.mode, 1)?;
        let mut two = Ours::new(&values, shape, case.mode, 2)?;
        let times = timing::medians([&mut || one.encode(), &mut || two.encode()], rounds)?;
        ensure!(one.stream() == two.stream(), "{}: streams differ", case.id());
        pairs.push(Pair {
            id: format!("encode/{}", case.id()),
            rates: times.map(|seconds| megabytes / seconds),
        });
        for name in ["decode", "decode with index"] {
            let times = timing::medians([&mut || one.decode(), &mut || two.decode()], rounds)?;
            ensure!(one.output() == two.output(), "{}: decoded values differ", case.id());
            pairs.push(Pair {
                id: format!("{name}/{}", case.id()),
                rates: times.map(|seconds| megabytes / seconds),
            });
            if let Mode::Rate(_) = case.mode {
                break;
            }
            two.use_index()?;
        }
    }
    Ok(())
}
