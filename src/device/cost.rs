//! How long a call takes on each device, as measured on this machine.
//!
//! Time is taken for a constant and so much for each byte of the array. Both are kept for
//! each kernel, size of block and number of threads, as long as the process lives. They come
//! from measurements made in the background when a kernel is first wanted, and are drawn
//! towards what real calls take.

use std::time::Duration;

use super::work::Call;
use crate::scalar::ScalarType;

/// Calls that cost alike: one type, number of dimensions and direction, values in rows or
/// scattered, blocks of about as many bits, and as many threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sort {
    scalar: ScalarType,
    dims: usize,
    encode: bool,
    rows: bool,
    /// Logarithm of the bits of a block.
    size: u32,
    threads: Option<usize>,
}

impl Sort {
    pub(super) fn of(call: Call, threads: Option<usize>) -> Self {
        let Call { scalar, dims, params, encode, rows, .. } = call;
        Self { scalar, dims, encode, rows, size: params.maxbits.max(1).ilog2(), threads }
    }
}

/// A constant, and seconds for each byte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cost {
    latency: f64,
    per_byte: f64,
}

/// What a real call weighs against all that was known before.
const WEIGHT: f64 = 0.25;
/// How many times as long as expected a call may have taken, to the estimate: one that was
/// held up by something else does not decide for long.
const MOST_SURPRISE: f64 = 2.0;
/// Smaller calls tell too little.
const LEAST_BYTES: u64 = 1 << 20;

impl Cost {
    /// From the times of a small and a large call.
    pub(super) fn between(small: (u64, Duration), large: (u64, Duration)) -> Self {
        let (t0, t1) = (small.1.as_secs_f64(), large.1.as_secs_f64());
        let bytes = large.0.saturating_sub(small.0).max(1) as f64;
        let per_byte = ((t1 - t0) / bytes).max(t1 / (2.0 * large.0.max(1) as f64));
        Self { latency: (t0 - per_byte * small.0 as f64).max(0.0), per_byte }
    }

    /// Estimate for an array of so many bytes.
    pub(super) fn seconds(self, bytes: u64) -> f64 {
        self.latency + self.per_byte * bytes as f64
    }

    /// Takes a real call into account: what it took longer or shorter, it did at each byte.
    fn draw_towards(&mut self, bytes: u64, time: Duration) {
        if bytes < LEAST_BYTES {
            return;
        }
        let seen = (time.as_secs_f64() - self.latency).max(0.0) / bytes as f64;
        let seen = seen.min(MOST_SURPRISE * self.per_byte);
        self.per_byte += WEIGHT * (seen - self.per_byte);
    }
}

/// What part of the time may go into finding out whether the slower device still is.
const LOOKS: f64 = 0.02;
/// Seconds of calls between two looks at the least, however alike the devices are.
const LEAST_BETWEEN: f64 = 1.0;

/// A GPU and the CPU, rivals for one sort of calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rivals {
    pub(super) gpu: Cost,
    pub(super) cpu: Cost,
    /// Seconds that calls took since the slower one was last tried.
    since: f64,
}

/// Who is to do a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Faster {
        gpu: bool,
    },
    /// The slower one, to see whether it still is.
    Look {
        gpu: bool,
    },
}

impl Rivals {
    pub(super) fn new(gpu: Cost, cpu: Cost) -> Self {
        Self { gpu, cpu, since: 0.0 }
    }

    /// Whose turn it is.
    pub(super) fn turn(&mut self, bytes: u64) -> Turn {
        let (on_gpu, on_cpu) = (self.gpu.seconds(bytes), self.cpu.seconds(bytes));
        let gpu = on_gpu < on_cpu;
        let costs_little = (on_gpu - on_cpu).abs() < LOOKS * self.since;
        if costs_little && self.since > LEAST_BETWEEN {
            self.since = 0.0;
            return Turn::Look { gpu: !gpu };
        }
        Turn::Faster { gpu }
    }

    /// What a real call took on one of them.
    pub(super) fn note(&mut self, gpu: bool, bytes: u64, time: Duration) {
        self.since += time.as_secs_f64();
        let cost = if gpu { &mut self.gpu } else { &mut self.cpu };
        cost.draw_towards(bytes, time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: f64) -> Duration {
        Duration::from_secs_f64(time / 1e3)
    }

    #[test]
    fn two_measurements_make_a_line() {
        let cost = Cost::between((1 << 20, ms(2.0)), (16 << 20, ms(17.0)));
        assert!((cost.latency - 1e-3).abs() < 1e-9);
        assert!((cost.seconds(64 << 20) - 65e-3).abs() < 1e-9);
        // Noise may make the small call the slower one.
        let cost = Cost::between((1 << 20, ms(9.0)), (16 << 20, ms(8.0)));
        assert!(cost.per_byte > 0.0 && cost.latency >= 0.0);
    }

    #[test]
    fn real_calls_count() {
        let mut cost = Cost { latency: 0.0, per_byte: 1e-9 };
        for _ in 0..40 {
            cost.draw_towards(1 << 30, ms(2_147.483_648));
            cost.draw_towards(1 << 10, ms(1e6));
        }
        assert!((cost.per_byte - 2e-9).abs() < 1e-11, "{cost:?}");
    }

    #[test]
    fn one_call_that_was_held_up_decides_little() {
        let mut cost = Cost { latency: 0.0, per_byte: 1e-9 };
        cost.draw_towards(1 << 30, ms(1e6));
        assert!(cost.per_byte <= 1.25e-9, "{cost:?}");
    }

    /// Calls of a gibibyte, until one of them goes to the slower device.
    fn calls_until_a_look(rivals: &mut Rivals, gpu: bool, time: Duration) -> usize {
        let mut calls = 1;
        while rivals.turn(1 << 30) == (Turn::Faster { gpu }) {
            rivals.note(gpu, 1 << 30, time);
            calls += 1;
            assert!(calls < 10_000);
        }
        calls
    }

    #[test]
    fn the_slower_one_is_tried_again_and_again() {
        let cost = |per_byte| Cost { latency: 0.0, per_byte };
        // Three times as fast: a look costs as much as two calls, and may take a fiftieth.
        let mut rivals = Rivals::new(cost(1e-9), cost(3e-9));
        let second = Duration::from_secs_f64((1u64 << 30) as f64 * 1e-9);
        for _ in 0..3 {
            let calls = calls_until_a_look(&mut rivals, true, second);
            assert!((95..110).contains(&calls), "{calls}");
        }
        // It has become the faster one.
        for _ in 0..20 {
            rivals.note(false, 1 << 30, second / 4);
        }
        assert_eq!(rivals.turn(1 << 30), Turn::Faster { gpu: false });
    }

    #[test]
    fn all_calls_together_cost_little_more_than_by_the_better_of_both() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..300 {
            let mut any = |from: f64, to: f64| from * (to / from).powf(random.f64());
            let gpu = Cost { latency: any(2e-5, 5e-3), per_byte: any(2e-11, 2e-9) };
            let cpu = Cost { latency: any(1e-6, 5e-5), per_byte: any(2e-11, 2e-9) };
            // What was measured at first is a third off at most.
            let mut about = |cost: Cost| Cost {
                latency: cost.latency * any(0.75, 1.33),
                per_byte: cost.per_byte * any(0.75, 1.33),
            };
            let mut rivals = Rivals::new(about(gpu), about(cpu));
            let (mut spent, mut best) = (0.0, 0.0);
            // Ten seconds of calls, as they happen to come: of 1 to 256 MiB, a tenth off.
            while best < 10.0 {
                let bytes = any(2f64.powi(20), 2f64.powi(28)) as u64;
                let noise = any(0.9, 1.1);
                let times = [gpu, cpu].map(|cost| cost.seconds(bytes) * noise);
                let (Turn::Faster { gpu } | Turn::Look { gpu }) = rivals.turn(bytes);
                let time = if gpu { times[0] } else { times[1] };
                rivals.note(gpu, bytes, Duration::from_secs_f64(time));
                spent += time;
                best += times[0].min(times[1]);
            }
            assert!(spent < 1.1 * best, "{gpu:?} and {cpu:?}: {spent} s instead of {best} s");
        }
    }
}
