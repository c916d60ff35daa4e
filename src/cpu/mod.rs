//! Arrays to streams and back on the CPU.
//!
//! [`serial`] is the specification: one block after the other, nothing else. Other
//! paths are other ways to the same bytes.

mod region;
mod serial;
mod walk;

#[cfg(feature = "parallel")]
mod parallel;
#[cfg(feature = "parallel")]
mod spread;
#[cfg(feature = "gpu")]
mod verify;

#[cfg(feature = "gpu")]
pub(crate) use verify::{first_wrong_block, first_wrong_value};

pub(crate) use region::decompress as decompress_region;
pub(crate) use walk::Blocks;

use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::{Field, FieldMut};
use crate::index::Index;
#[cfg(feature = "parallel")]
use crate::threads;

/// Writes all blocks of a field, with `threads` threads or all there are.
pub(crate) fn compress(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    threads: Option<usize>,
    out: &mut BitWriter,
) -> Result<()> {
    #[cfg(feature = "parallel")]
    threads::check(threads)?;
    #[cfg(feature = "parallel")]
    if threads != Some(1) && field.value_bytes() >= parallel::WORTHWHILE {
        return parallel::compress(field, params, policy, threads, out);
    }
    let _ = threads;
    serial::compress(field, params, policy, out)
}

/// Reads all blocks of a field from a stream whose first block begins at bit `start`.
pub(crate) fn decompress(
    stream: &[u8],
    start: u64,
    params: Params,
    threads: Option<usize>,
    field: &mut FieldMut<'_>,
) -> Result<()> {
    decompress_indexed(stream, start, params, None, threads, field)
}

/// The same, with an index of the blocks if there is one.
pub(crate) fn decompress_indexed(
    stream: &[u8],
    start: u64,
    params: Params,
    index: Option<&Index>,
    threads: Option<usize>,
    field: &mut FieldMut<'_>,
) -> Result<()> {
    #[cfg(feature = "parallel")]
    threads::check(threads)?;
    #[cfg(feature = "parallel")]
    if threads != Some(1) && field.value_bytes() >= parallel::WORTHWHILE {
        let marks = index.map(Index::marks);
        let (scalar, dims) = (field.scalar(), field.dims());
        let blocks = Blocks { stream, start, params, scalar, dims, marks };
        return spread::decompress(blocks, threads, field);
    }
    // One thread needs no index.
    let _ = (threads, index);
    serial::decompress(stream, start, params, field.scalar(), &mut field.whole()).map(drop)
}
