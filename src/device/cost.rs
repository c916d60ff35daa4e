//! How long a call takes on each device, as measured on this machine.
//!
//! Time is taken for a constant and so much for each byte of the array. Both are kept for
//! each kernel and size of block; on the CPU for each number of threads too. They come from
//! measurements made in the background when a kernel is first wanted, and are drawn towards
//! what real calls take.

use std::collections::HashMap;
use std::time::Duration;

use super::work::Call;
use crate::scalar::ScalarType;

/// Calls that cost alike: one type, number of dimensions and direction, and blocks of about
/// as many bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sort {
    pub(super) scalar: ScalarType,
    pub(super) dims: usize,
    pub(super) encode: bool,
    /// Logarithm of the bits of a block.
    size: u32,
}

impl Sort {
    pub(super) fn of(call: Call) -> Self {
        let Call { scalar, dims, params, encode, .. } = call;
        Self { scalar, dims, encode, size: params.maxbits.max(1).ilog2() }
    }
}

/// A constant, and seconds for each byte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cost {
    pub(super) latency: f64,
    pub(super) per_byte: f64,
}

/// What a real call weighs against all that was known before.
const WEIGHT: f64 = 0.25;

impl Cost {
    /// From the times of a small and a large call.
    pub(super) fn between(small: (u64, Duration), large: (u64, Duration)) -> Self {
        let (t0, t1) = (small.1.as_secs_f64(), large.1.as_secs_f64());
        let bytes = large.0.saturating_sub(small.0).max(1) as f64;
        let per_byte = ((t1 - t0) / bytes).max(t1 / (2.0 * large.0.max(1) as f64));
        Self { latency: (t0 - per_byte * small.0 as f64).max(0.0), per_byte }
    }

    pub(super) fn seconds(self, bytes: u64) -> f64 {
        self.latency + self.per_byte * bytes as f64
    }

    /// Takes a real call into account: what it took longer or shorter, it did at each byte.
    fn draw_towards(&mut self, bytes: u64, time: Duration) {
        let seen = (time.as_secs_f64() - self.latency).max(0.0) / bytes.max(1) as f64;
        self.per_byte += WEIGHT * (seen - self.per_byte);
    }
}

/// The costs of a device; `K` tells calls apart.
#[derive(Debug)]
pub(super) struct Costs<K>(HashMap<K, Cost>);

impl<K> Default for Costs<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + std::hash::Hash> Costs<K> {
    pub(super) fn get(&self, key: &K) -> Option<Cost> {
        self.0.get(key).copied()
    }

    pub(super) fn set(&mut self, key: K, cost: Cost) {
        self.0.insert(key, cost);
    }

    /// A real call of a kind that was measured; small ones tell too little.
    pub(super) fn note(&mut self, key: &K, bytes: u64, time: Duration) {
        if let Some(cost) = self.0.get_mut(key).filter(|_| bytes >= 1 << 20) {
            cost.draw_towards(bytes, time);
        }
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
        let mut costs = Costs::default();
        costs.set(1, Cost { latency: 0.0, per_byte: 1e-9 });
        for _ in 0..40 {
            costs.note(&1, 1 << 30, ms(2_147.483_648));
            costs.note(&1, 1 << 10, ms(1e6));
            costs.note(&2, 1 << 30, ms(1e6));
        }
        let per_byte = costs.get(&1).map_or(0.0, |cost| cost.per_byte);
        assert!((per_byte - 2e-9).abs() < 1e-11, "{per_byte}");
        assert_eq!(costs.get(&2), None);
    }
}
