//! Two threads beside one, of this library alone, and beside two calls of one thread each at
//! the same time on half of the array each: more than those, no threads can do on the machine.

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
    /// Megabytes of the array per second: with one thread, with two, and with two calls at once.
    pub(crate) rates: [f64; 3],
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
    let middle = shape[0] / 8 * 4;
    let (first, second) = values.split_at(middle * shape[1..].iter().product::<usize>());
    let mut shapes = [shape.to_vec(), shape.to_vec()];
    (shapes[0][0], shapes[1][0]) = (middle, shape[0] - middle);
    for case in cases {
        let mut one = Ours::new(&values, shape, case.mode, 1)?;
        let mut two = Ours::new(&values, shape, case.mode, 2)?;
        let mut halves = [
            Ours::new(first, &shapes[0], case.mode, 1)?,
            Ours::new(second, &shapes[1], case.mode, 1)?,
        ];
        let mut encode_halves = || at_once(&mut halves, Ours::encode);
        let times = timing::medians(
            [&mut || one.encode(), &mut || two.encode(), &mut encode_halves],
            rounds,
        )?;
        ensure!(one.stream() == two.stream(), "{}: streams differ", case.id());
        pairs.push(Pair {
            id: format!("encode/{}", case.id()),
            rates: times.map(|seconds| megabytes / seconds),
        });
        for name in ["decode", "decode with index"] {
            let mut decode_halves = || at_once(&mut halves, Ours::decode);
            let times = timing::medians(
                [&mut || one.decode(), &mut || two.decode(), &mut decode_halves],
                rounds,
            )?;
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

/// Does the same to both halves of an array, on a thread each.
fn at_once<'a, T: Value>(
    [first, second]: &mut [Ours<'a, T>; 2],
    work: impl Fn(&mut Ours<'a, T>) -> Result<()> + Sync,
) -> Result<()> {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| work(second));
        work(first)?;
        other.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?
    })
}
