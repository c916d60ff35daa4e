//! The fast way over the blocks, on one thread: the bytes and values of
//! [`serial`](super::serial), by vectors and without loops over bits.
//!
//! | module | purpose |
//! |---|---|
//! | `decode` | streams to arrays |
//! | `unlift` | the inverse transforms over vectors |
//! | `level` | which instructions there are, as types that prove it |
//! | `lanes` | vectors of sixteen coefficients, and tiles of four of those |
//! | `portable`, `avx2`, `avx512`, `neon` | what they are made of |
//! | `lift` | the transforms on tiles |
//! | `encode` | compression |
//! | `walk` | where blocks begin, in several parts of a stream at once |

// Loads, stores and instructions that the CPU was asked for; each says why it is sound.
#![allow(unsafe_code)]
// Registers are named by number, several arrays of them at once.
#![allow(clippy::needless_range_loop)]
// A function given as a value is called through another, which is not compiled for the
// instructions at hand.
#![allow(clippy::redundant_closure_for_method_calls)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod decode;
mod encode;
mod lanes;
mod level;
mod lift;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
#[cfg(not(target_arch = "x86_64"))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(test)]
mod turns;
mod unlift;
#[cfg(feature = "parallel")]
mod walk;

use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::{Field, Slab};
use crate::scalar::ScalarType;
use level::Level;
#[cfg(feature = "parallel")]
pub(crate) use walk::{Chain, Queue};

/// As [`serial::compress_blocks`](super::serial::compress_blocks).
pub(crate) fn compress_blocks(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    blocks: std::ops::Range<usize>,
    out: &mut BitWriter,
) -> Result<()> {
    encode::compress_blocks(Level::chosen()?, field, params, policy, blocks, out)
}

/// As [`serial::decompress`](super::serial::decompress).
pub(crate) fn decompress(
    stream: &[u8],
    start: u64,
    params: Params,
    scalar: ScalarType,
    slab: &mut Slab<'_>,
) -> Result<u64> {
    decode::decompress(Level::chosen()?, stream, start, params, scalar, slab)
}

/// Walks all chains of a queue.
#[cfg(feature = "parallel")]
pub(crate) fn walk(
    stream: &[u8],
    params: Params,
    scalar: ScalarType,
    dims: usize,
    queue: &Queue<'_>,
) -> Result<()> {
    walk::chains(Level::chosen()?, stream, params, scalar, dims, queue);
    Ok(())
}
