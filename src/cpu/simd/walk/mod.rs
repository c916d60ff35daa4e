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
//! | `single` | one chain after the other, where nothing better is known |
//! | `words` | four chains, by instructions for single words |
//! | `avx512` | sixteen chains, in lanes |
//!
//! The code of a plane is read as [`decode`](super::decode) reads it, but for the values: of
//! a code only its length is wanted, and how many coefficients it has.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod chain;
#[cfg(target_arch = "x86_64")]
mod coding;
mod single;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod words;

pub(crate) use chain::{Chain, Queue};

use super::level::Level;
use crate::block::Params;
use crate::scalar::ScalarType;
#[cfg(target_arch = "x86_64")]
use coding::Coding;

/// Ones at odd places: see [`decode`](super::decode) for the machine that counts with them.
#[cfg(target_arch = "x86_64")]
const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
/// Bits that one look at the stream shows.
#[cfg(target_arch = "x86_64")]
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
    #[cfg(target_arch = "x86_64")]
    match level {
        Level::Avx512(isa) => {
            return avx512::walk(isa, stream, &Coding::new(params, scalar, dims), queue);
        }
        // Planes of four take less time by tables.
        Level::Avx2(isa) if dims > 1 => {
            return words::walk(isa, stream, &Coding::new(params, scalar, dims), queue);
        }
        _ => {}
    }
    let _ = level;
    single::walk(stream, params, scalar, dims, queue);
}
