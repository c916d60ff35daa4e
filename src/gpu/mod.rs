//! Fixed rate on GPUs: the blocks of an array by WGSL kernels, through wgpu.
//!
//! ```text
//! array ─ slabs ─ gather ─ upload ─ kernel ─ download ─ bits of the stream
//! ```
//!
//! `encode` and `decode` are the two ways through for arrays of the CPU, [`resident`] is the
//! way for arrays that are on a device already; `transfer` keeps several slabs under
//! way at once; `context` is the device, and makes values of all that goes wrong there.

mod adapter;
mod context;
mod decode;
mod encode;
mod failure;
#[cfg(test)]
mod faults;
mod kernels;
mod pieces;
pub mod resident;
mod rings;
mod shaders;
mod signal;
mod slabs;
mod transfer;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod host_tests;

pub(crate) use adapter::{Adapter, Kind, adapters, may_have_hardware};
pub(crate) use context::Context;
pub(crate) use decode::decompress;
pub(crate) use encode::compress;
pub(crate) use failure::{Failure, FailureKind, Stop};
#[cfg(test)]
#[allow(unused_imports, reason = "for tests of the floors above")]
pub(crate) use faults::Fault;

use crate::block::{NonFinitePolicy, Params};
use crate::scalar::ScalarType;
use kernels::Work;

/// Most bytes of values in a slab, and the fewest that are worth one of their own.
const SLAB: u64 = 32 << 20;
const LEAST_SLAB: u64 = 4 << 20;
/// Bytes that a thread copies at a time.
const PART: usize = 512 << 10;

/// Most bytes of a slab's stream or scratch: few enough for 32 bits to count their bits.
const MOST_STREAM: u64 = SLAB;

/// How large a slab may be.
struct Limits {
    values: u64,
    stream: u64,
}

impl Limits {
    /// For an array of `bytes` bytes: several slabs, so that copies and kernels overlap,
    /// none with more than the device takes.
    fn new(most: u64, bytes: usize) -> Self {
        let values = (bytes as u64 / 8).clamp(LEAST_SLAB, SLAB);
        Self { values: values.min(most), stream: MOST_STREAM.min(most) }
    }

    /// Where memory is short.
    fn least(most: u64) -> Self {
        let least = LEAST_SLAB.min(most);
        Self { values: least, stream: least }
    }

    /// Whether a slab is within the limits; `stream` tells the bytes of its stream, and
    /// is only asked where the values are.
    fn hold(&self, size: [usize; 4], scalar: ScalarType, stream: impl FnOnce() -> u64) -> bool {
        // The whole array has no more than memory can address.
        let bytes = size.iter().product::<usize>() * scalar.size();
        bytes as u64 <= self.values && stream() <= self.stream
    }
}

/// The work of a slab of this size, in C order from the beginning of its buffer.
fn first_work(size: [usize; 4], params: Params, policy: NonFinitePolicy, first_bit: u32) -> Work {
    let [x, y, z, _] = size.map(|size| size as i32);
    Work {
        size: size.map(|size| size as u32),
        stride: [1, x, x.wrapping_mul(y), x.wrapping_mul(y).wrapping_mul(z)],
        start: 0,
        params,
        policy,
        first_bit,
        head: Default::default(),
        keep: false,
    }
}
