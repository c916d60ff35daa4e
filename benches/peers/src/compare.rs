//! One cell, by all three.

use anyhow::{Context, Result, ensure};
use zfp_rs::ZfpScalar;
use zfp_wgpu::{Mode, ScalarType};

use crate::cases::{self, Case, Value};
use crate::ours::Ours;
use crate::peer::Peer;
use crate::reference::Reference;
use crate::rust::Rust;
use crate::timing;

/// What was measured of one cell, or of one place of a curve.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) encode: Speed,
    pub(crate) decode: Speed,
}

/// Our speed, alone and beside the others.
#[derive(Clone, Copy)]
pub(crate) struct Speed {
    /// Megabytes (10^6) of the array per second.
    pub(crate) rate: f64,
    /// How many times faster than LLNL zfp.
    pub(crate) over_c: f64,
    /// How many times faster than zfp-rs.
    pub(crate) over_rust: f64,
}

impl Speed {
    fn new(bytes: usize, [ours, c, rust]: [f64; 3]) -> Self {
        Self { rate: bytes as f64 / ours / 1e6, over_c: c / ours, over_rust: rust / ours }
    }
}

/// Compares bytes, once.
pub(crate) fn check(case: &Case) -> Result<()> {
    run_case(case, 0).map(drop)
}

/// Compares bytes, then measures.
pub(crate) fn measure(case: &Case, rounds: usize) -> Result<Row> {
    run_case(case, rounds)?.context("no rounds")
}

fn run_case(case: &Case, rounds: usize) -> Result<Option<Row>> {
    match case.scalar {
        ScalarType::F32 => run_typed::<f32>(case, rounds),
        ScalarType::F64 => run_typed::<f64>(case, rounds),
        ScalarType::I32 => run_typed::<i32>(case, rounds),
        ScalarType::I64 => run_typed::<i64>(case, rounds),
    }
    .with_context(|| case.id())
}

fn run_typed<T: Value + ZfpScalar>(case: &Case, rounds: usize) -> Result<Option<Row>> {
    let shape = cases::shape(case.dims);
    run(case.id(), &cases::values::<T>(shape), shape, case.mode, rounds)
}

/// An array in one mode, by all three; measured if there are rounds.
pub(crate) fn run<T: Value + ZfpScalar>(
    id: String,
    values: &[T],
    shape: &[usize],
    mode: Mode,
    rounds: usize,
) -> Result<Option<Row>> {
    let mut ours = Ours::new(values, shape, mode, 1)?;
    let mut c = Reference::new(values, shape, mode)?;
    let mut rust = Rust::new(values, shape, mode)?;
    {
        let mut peers: [&mut dyn Peer; 3] = [&mut ours, &mut c, &mut rust];
        for peer in &mut peers {
            peer.encode()?;
            peer.decode()?;
        }
        let [ours, others @ ..] = peers;
        for other in others {
            ensure!(ours.stream() == other.stream(), "streams differ");
            ensure!(ours.output() == other.output(), "decoded values differ");
        }
    }
    if rounds == 0 {
        return Ok(None);
    }
    let bytes = size_of_val(values);
    let encode = timing::medians(
        [&mut || ours.encode(), &mut || c.encode(), &mut || rust.encode()],
        rounds,
    )?;
    let decode = timing::medians(
        [&mut || ours.decode(), &mut || c.decode(), &mut || rust.decode()],
        rounds,
    )?;
    Ok(Some(Row { id, encode: Speed::new(bytes, encode), decode: Speed::new(bytes, decode) }))
}
