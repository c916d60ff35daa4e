//! The rings of a device. How many there are, and how large, bounds the device's memory.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::context::{Context, lock};
use super::failure::{Failure, FailureKind, Stop};
use super::transfer::Ring;
use super::{LEAST_SLAB, Limits};

/// Calls at a time that get large slabs. Further ones get the least, and nobody waits:
/// whoever holds a ring may be the very thread that would, below on its stack.
const MOST_LARGE: usize = 2;
/// An idle ring that is older is let go of by the next call.
const MOST_IDLE: Duration = Duration::from_secs(10);
/// So is one that was far too large for so many calls in a row.
const MOST_WASTEFUL: u32 = 8;

#[derive(Default)]
pub(super) struct Rings(Mutex<Pool>);

#[derive(Default)]
struct Pool {
    idle: Vec<Idle>,
    /// Large rings in use.
    large: usize,
}

struct Idle {
    ring: Ring,
    since: Instant,
    /// Calls in a row for which a far smaller one would have done.
    wasteful: u32,
}

/// A ring for one call.
pub(super) struct Lease<'a> {
    rings: &'a Rings,
    pub(super) ring: Ring,
    is_large: bool,
    wasteful: u32,
}

impl Rings {
    fn lease(&self) -> Lease<'_> {
        let mut pool = lock(&self.0);
        pool.idle.retain(|idle| idle.since.elapsed() < MOST_IDLE);
        let is_large = pool.large < MOST_LARGE;
        let idle = if is_large { pool.idle.pop() } else { None };
        pool.large += usize::from(is_large);
        let (ring, wasteful) = idle.map(|idle| (idle.ring, idle.wasteful)).unwrap_or_default();
        Lease { rings: self, ring, is_large, wasteful }
    }

    /// Gives back the memory of all that are idle.
    pub(super) fn clear(&self) {
        lock(&self.0).idle.clear();
    }

    /// Bytes of those that are idle.
    #[cfg(test)]
    pub(super) fn idle_bytes(&self) -> Vec<u64> {
        lock(&self.0).idle.iter().map(|idle| idle.ring.bytes()).collect()
    }
}

impl Lease<'_> {
    /// Keeps the ring for other calls. Its work is all done, and took `used` bytes.
    pub(super) fn keep(mut self, used: u64) {
        let ring = std::mem::take(&mut self.ring);
        let is_wasteful = ring.bytes() > 4 * used + LEAST_SLAB;
        let wasteful = if is_wasteful { self.wasteful + 1 } else { 0 };
        if self.is_large && wasteful < MOST_WASTEFUL {
            let idle = Idle { ring, since: Instant::now(), wasteful };
            lock(&self.rings.0).idle.push(idle);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        lock(&self.rings.0).large -= usize::from(self.is_large);
    }
}

/// Does a call's work with a ring, for an array of `bytes` bytes; and once more with the
/// least slabs and all idle memory, if the device has too little.
pub(super) fn with_ring<T>(
    context: &Context,
    bytes: usize,
    mut work: impl FnMut(Lease<'_>, &Limits) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let least = Limits::least(context.most_bytes);
    let lease = context.rings.lease();
    let result = if lease.is_large {
        work(lease, &Limits::new(context.most_bytes, bytes))
    } else {
        work(lease, &least)
    };
    match result {
        Err(Stop::Device(Failure { kind: FailureKind::OutOfMemory { .. }, .. })) => {
            context.rings.clear();
            // Dropped buffers are gone when the device is done with them.
            context.settle()?;
            work(context.rings.lease(), &least)
        }
        result => result,
    }
}
