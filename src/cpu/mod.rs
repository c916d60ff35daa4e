//! Arrays to streams and back on the CPU.
//!
//! [`serial`] is the specification: one block after the other, nothing else. Other
//! paths are other ways to the same bytes: [`simd`] on one thread, `parallel` on several.

mod region;
mod serial;
mod simd;
mod walk;

#[cfg(feature = "parallel")]
mod chains;
#[cfg(feature = "parallel")]
mod ends;
#[cfg(feature = "parallel")]
mod fixed;
#[cfg(feature = "parallel")]
mod guess;
#[cfg(feature = "parallel")]
mod ordered;
#[cfg(feature = "parallel")]
mod parallel;
#[cfg(feature = "parallel")]
mod spans;
#[cfg(feature = "parallel")]
mod spread;
#[cfg(feature = "gpu")]
mod verify;

#[cfg(feature = "gpu")]
pub(crate) use verify::{first_wrong_block, first_wrong_value};

use std::ops::Range;

pub(crate) use region::decompress as decompress_region;
pub(crate) use walk::Blocks;

use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::{Field, FieldMut};
use crate::index::{Index, Marks};
#[cfg(feature = "parallel")]
use crate::threads;

/// Writes all blocks of a field, with `threads` threads or all there are.
#[cfg(feature = "gpu")]
pub(crate) fn compress(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    threads: Option<usize>,
    out: &mut BitWriter,
) -> Result<()> {
    compress_marked(field, params, policy, threads, None, out)
}

/// The same, with marks of the blocks if there shall be any.
pub(crate) fn compress_marked(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    threads: Option<usize>,
    marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<()> {
    #[cfg(feature = "parallel")]
    threads::check(threads)?;
    #[cfg(feature = "parallel")]
    if threads != Some(1) && field.value_bytes() >= parallel::WORTHWHILE {
        return parallel::compress(field, params, policy, threads, marks, out);
    }
    let _ = threads;
    let blocks = 0..field.grid().len();
    let Some(marks) = marks else {
        return simd::compress_blocks(field, params, policy, blocks, out);
    };
    compress_between(field, params, policy, blocks, marks, out)
}

/// Writes some blocks of a field, and marks where those begin that shall be marked.
fn compress_between(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    blocks: Range<usize>,
    marks: &mut Marks,
    out: &mut BitWriter,
) -> Result<()> {
    let Range { start: mut from, end } = blocks;
    while from < end {
        if from.is_multiple_of(marks.every) {
            marks.offsets.push(out.position());
        }
        let to = end.min((from / marks.every + 1) * marks.every);
        simd::compress_blocks(field, params, policy, from..to, out)?;
        from = to;
    }
    Ok(())
}

/// Reads all blocks of a field from a stream whose first block begins at bit `start`.
#[cfg(feature = "gpu")]
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
    let end = decompress_to_end(stream, start, params, index, threads, field, false)?;
    index.map_or(Ok(()), |index| index.check_end(end))
}

/// The same, unchecked, and says at which bit the blocks end; `goes_on` says whether the
/// stream may hold much more than these.
pub(crate) fn decompress_to_end(
    stream: &[u8],
    start: u64,
    params: Params,
    index: Option<&Index>,
    threads: Option<usize>,
    field: &mut FieldMut<'_>,
    goes_on: bool,
) -> Result<u64> {
    #[cfg(feature = "parallel")]
    threads::check(threads)?;
    #[cfg(feature = "parallel")]
    if threads != Some(1) && field.value_bytes() >= parallel::WORTHWHILE {
        let marks = index.map(Index::marks);
        let (scalar, dims) = (field.scalar(), field.dims());
        let blocks = Blocks { stream, start, params, scalar, dims, marks };
        return spread::decompress(blocks, goes_on, threads, field);
    }
    // One thread needs no index.
    let _ = (index, threads, goes_on);
    simd::decompress(stream, start, params, field.scalar(), &mut field.whole())
}
