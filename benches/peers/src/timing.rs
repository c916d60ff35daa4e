//! Clocks and medians.

use std::time::{Duration, Instant};

use anyhow::Result;

/// A sample is at least this long: its call is repeated until then.
const SAMPLE: Duration = Duration::from_millis(6);

/// Something to time.
pub(crate) type Call<'a> = &'a mut dyn FnMut() -> Result<()>;

/// Median seconds of one call of each of `calls`, which take turns: whatever slows the
/// machine for a while slows all of them.
pub(crate) fn medians<const N: usize>(mut calls: [Call<'_>; N], rounds: usize) -> Result<[f64; N]> {
    let mut repeats = [1; N];
    for (call, repeats) in calls.iter_mut().zip(&mut repeats) {
        // The first call fills caches and faults pages in; the second counts.
        call()?;
        let once = time(call, 1)?.max(1e-9);
        *repeats = (SAMPLE.as_secs_f64() / once).ceil().max(1.0) as u32;
    }
    let mut samples = [const { Vec::new() }; N];
    for round in 0..rounds {
        for turn in 0..N {
            // None is always the first, so none always meets the same cache.
            let who = (round + turn) % N;
            samples[who].push(time(calls[who], repeats[who])?);
        }
    }
    Ok(samples.map(|mut samples: Vec<f64>| {
        samples.sort_by(f64::total_cmp);
        samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
    }))
}

/// Seconds of one of `repeats` calls.
fn time(call: &mut dyn FnMut() -> Result<()>, repeats: u32) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..repeats {
        call()?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(repeats))
}
