//! The curves that `zfp-wgpu bench` draws of itself, by all three libraries: the same arrays,
//! one thread.

use anyhow::{Context, Result};
use zfp_wgpu::Mode;

use crate::compare::{self, Row};
use crate::made::{self, Amount, DIMS, RATE, RATES};

/// Measures along rates, dimensions and sizes; rows are called `rate=4`, `dims=1`,
/// `size=4000`, with the number that changes.
pub(crate) fn measure(quick: bool) -> Result<Vec<Row>> {
    let amount = Amount::new(quick);
    let place = |name: String, dims: usize, bytes: usize, rate: f64| {
        let shape = made::shape(dims, bytes);
        let values = made::values(&shape);
        // A size is that of the values, not the one asked for.
        let name = name.replace("BYTES", &size_of_val(values.as_slice()).to_string());
        let row = compare::run(name.clone(), &values, &shape, Mode::Rate(rate), amount.rounds);
        row?.context("no rounds").context(name)
    };
    let rates = RATES.map(|rate| place(format!("rate={rate}"), DIMS, amount.bytes, rate));
    let dims = [1, 2, 3, 4].map(|dims| place(format!("dims={dims}"), dims, amount.bytes, RATE));
    let sizes = amount.sizes().map(|bytes| place("size=BYTES".to_owned(), DIMS, bytes, RATE));
    rates.into_iter().chain(dims).chain(sizes).collect()
}
