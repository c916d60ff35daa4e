//! Fixed rate on GPUs: the blocks of an array by WGSL kernels, through wgpu.
//!
//! ```text
//! array ─ slabs ─ gather ─ upload ─ kernel ─ download ─ bits of the stream
//! ```
//!
//! `encode` and `decode` are the two ways through; `transfer` keeps several slabs under
//! way at once; `context` is the device, and makes values of all that goes wrong there.

// Until the choice of a device calls them.
#![allow(dead_code, unused_imports)]

mod adapter;
mod context;
mod decode;
mod encode;
mod failure;
mod kernels;
mod shaders;
mod signal;
mod slabs;
mod transfer;

#[cfg(test)]
mod host_tests;
#[cfg(test)]
mod tests;

pub(crate) use adapter::{Adapter, Facts, Kind, adapters};
pub(crate) use context::Context;
pub(crate) use decode::decompress;
pub(crate) use encode::compress;
pub(crate) use failure::{Failure, FailureKind, Stop};

use crate::block::{NonFinitePolicy, Params};
use kernels::Work;

/// Most bytes of values in a slab, and the fewest that are worth one of their own.
const SLAB: u64 = 32 << 20;
const LEAST_SLAB: u64 = 4 << 20;
/// Bytes that a thread copies at a time.
const PART: usize = 512 << 10;

/// Bytes of values for a slab of an array of `bytes` bytes: several slabs, so that
/// copies and kernels overlap.
fn target(bytes: u64) -> u64 {
    (bytes / 8).clamp(LEAST_SLAB, SLAB)
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
    }
}
