//! The choice of a device where there is none: builds without the feature `gpu`.

use std::time::Instant;

use super::{Device, Wishes};
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::cpu;
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut};
use crate::index::Marks;
use crate::report::{Run, Seconds};

/// Writes all blocks of a field behind what `out` holds, with marks of those of variable
/// size if there shall be any, and says what was done.
pub(crate) fn compress(
    wishes: Wishes<'_>,
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<Run> {
    let begun = Instant::now();
    let reason = reason(wishes)?;
    cpu::compress_marked(field, params, policy, wishes.threads, marks, out)?;
    Ok(report(begun, reason, field.value_bytes() as u64, out.position().div_ceil(8)))
}

/// Reads all blocks of a field from a stream whose first block begins at bit `start`, and
/// says what was done.
pub(crate) fn decompress(
    wishes: Wishes<'_>,
    stream: &[u8],
    start: u64,
    params: Params,
    field: &mut FieldMut<'_>,
) -> Result<Run> {
    let begun = Instant::now();
    let reason = reason(wishes)?;
    cpu::decompress_indexed(stream, start, params, wishes.index, wishes.threads, field)?;
    Ok(report(begun, reason, stream.len() as u64, field.value_bytes() as u64))
}

/// Why the CPU does it, or an error if a GPU was asked for.
fn reason(wishes: Wishes<'_>) -> Result<&'static str> {
    match wishes.device {
        Device::Cpu => Ok("the CPU was asked for"),
        Device::Auto => Ok("this build knows no GPUs"),
        Device::Gpu(_) => Err(Error::NoGpu {
            wanted: wishes.device.to_string(),
            reason: "this build knows none (its feature `gpu` is off)".to_owned(),
        }),
    }
}

fn report(begun: Instant, reason: &'static str, input_bytes: u64, output_bytes: u64) -> Run {
    Run {
        device: "CPU".into(),
        gpu: false,
        index: None,
        reason: reason.into(),
        failure: None,
        input_bytes,
        output_bytes,
        seconds: Seconds { total: begun.elapsed(), ..Seconds::default() },
    }
}
