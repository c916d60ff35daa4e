//! Arrays to streams and back on the CPU.
//!
//! [`serial`] is the specification: one block after the other, nothing else. Other
//! paths are other ways to the same bytes: [`simd`] on one thread, `parallel` on several.

mod serial;
mod simd;

#[cfg(feature = "parallel")]
mod parallel;
#[cfg(feature = "gpu")]
mod verify;

#[cfg(feature = "gpu")]
pub(crate) use verify::{first_wrong_block, first_wrong_value};

use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::{Field, FieldMut};
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
    simd::compress_blocks(field, params, policy, 0..field.grid().len(), out)
}

/// Reads all blocks of a field from a stream whose first block begins at bit `start`.
pub(crate) fn decompress(
    stream: &[u8],
    start: u64,
    params: Params,
    threads: Option<usize>,
    field: &mut FieldMut<'_>,
) -> Result<()> {
    #[cfg(feature = "parallel")]
    threads::check(threads)?;
    #[cfg(feature = "parallel")]
    if threads != Some(1)
        && params.fixed_bits().is_some()
        && field.value_bytes() >= parallel::WORTHWHILE
    {
        return parallel::decompress(stream, start, params, threads, field);
    }
    let _ = threads;
    simd::decompress(stream, start, params, field.scalar(), &mut field.whole())
}
