//! Clocks and medians.

use std::time::{Duration, Instant};

use anyhow::Result;

/// A sample is at least this long: its call is repeated until then.
const SAMPLE: Duration = Duration::from_millis(6);

/// A call that is not made once more only to warm up.
const LONG: Duration = Duration::from_millis(200);

/// Something to time.
pub(crate) type Call<'a> = &'a mut dyn FnMut() -> Result<()>;

/// How often everything is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    /// So many times; an odd number, so that there is a middle one.
    pub(crate) most: usize,
    /// Fewer, but three at least, where they would take longer than this.
    pub(crate) budget: Duration,
}

/// Median seconds of one call of each of `calls`.
pub(crate) fn medians<const N: usize>(mut calls: [Call<'_>; N], rounds: usize) -> Result<[f64; N]> {
    let rounds = Rounds { most: rounds, budget: Duration::MAX };
    let found = turns(N, rounds, |who| calls[who]())?;
    Ok(std::array::from_fn(|who| found[who]))
}

/// Median seconds of a call with each of the numbers below `count`, which take turns:
/// whatever slows the machine for a while slows all of them.
pub(crate) fn turns(
    count: usize,
    rounds: Rounds,
    mut call: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<f64>> {
    let mut repeats = Vec::with_capacity(count);
    let mut sum = 0.0;
    for who in 0..count {
        // The first call fills caches and faults pages in, and the second counts; for a
        // long one that is little.
        let mut once = time(1, || call(who))?;
        if once < LONG.as_secs_f64() {
            once = time(1, || call(who))?.max(1e-9);
        }
        repeats.push((SAMPLE.as_secs_f64() / once).ceil().max(1.0) as u32);
        sum += once.max(SAMPLE.as_secs_f64());
    }
    let affordable = (rounds.budget.as_secs_f64() / sum) as usize | 1;
    let mut samples = vec![Vec::new(); count];
    for round in 0..rounds.most.min(affordable.max(3)) {
        for turn in 0..count {
            // None is always the first, so none always meets the same cache.
            let who = (round + turn) % count;
            samples[who].push(time(repeats[who], || call(who))?);
        }
    }
    Ok(samples.into_iter().map(median).collect())
}

/// The middle one.
pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Seconds of one of `repeats` calls.
fn time(repeats: u32, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..repeats {
        call()?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(repeats))
}
