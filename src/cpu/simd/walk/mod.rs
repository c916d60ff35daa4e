//! Several chains of blocks at once, without their values: where each block begins.
//!
//! A block's end follows from its bits, so that a walk is a chain of loads, each of which
//! must wait for the one before. Chains in different parts of a stream need not wait for each
//! other. Here they go in lockstep, a plane of each at a time.
//!
//! | module | purpose |
//! |---|---|
//! | `chain` | where a chain goes, and what is kept of it |
//! | `coding` | how long blocks are, as numbers |
//! | `plain` | four chains, by instructions for single words |
//! | `avx512` | sixteen chains, in lanes |
//!
//! The code of a plane is read as [`decode`](super::decode) reads it, but for the values: of
//! a code only its length is wanted, and how many coefficients it has.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod chain;
mod coding;
mod plain;
#[cfg(test)]
mod tests;

pub(crate) use chain::{Chain, Queue};

use super::level::Level;
use crate::block::Params;
use crate::scalar::ScalarType;
use coding::Coding;

/// Ones at odd places: see [`decode`](super::decode) for the machine that counts with them.
const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
/// Bits that one look at the stream shows.
const WINDOW: u32 = 56;

/// Walks all chains of a queue, by these instructions. Several threads may do so at once.
pub(super) fn chains(
    level: Level,
    stream: &[u8],
    params: Params,
    scalar: ScalarType,
    dims: usize,
    queue: &Queue<'_>,
) {
    let coding = Coding::new(params, scalar, dims);
    #[cfg(target_arch = "x86_64")]
    if let Level::Avx512(isa) = level
        && let Some(counts) = avx512::Counts::new(isa)
    {
        return avx512::walk(counts, stream, &coding, queue);
    }
    plain::walk(level, stream, &coding, queue);
}
