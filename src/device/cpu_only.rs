//! The choice of a device where there is none: builds without the feature `gpu`.

use std::time::Instant;

use super::{Device, Wishes};
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::cpu;
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut};
use crate::report::{Run, Seconds, remember};

/// Writes all blocks of a field behind what `out` holds.
pub(crate) fn compress(
    wishes: Wishes<'_>,
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    out: &mut BitWriter,
) -> Result<()> {
    let (begun, start) = (Instant::now(), out.position());
    let reason = reason(wishes)?;
    cpu::compress(field, params, policy, wishes.threads, out)?;
    let written = (out.position() - start).div_ceil(8);
    report(begun, reason, field.value_bytes() as u64, written);
    Ok(())
}

/// Reads all blocks of a field from a stream whose first block begins at bit `start`.
pub(crate) fn decompress(
    wishes: Wishes<'_>,
    stream: &[u8],
    start: u64,
    params: Params,
    field: &mut FieldMut<'_>,
) -> Result<()> {
    let begun = Instant::now();
    let reason = reason(wishes)?;
    cpu::decompress(stream, start, params, wishes.threads, field)?;
    report(begun, reason, stream.len() as u64 - start / 8, field.value_bytes() as u64);
    Ok(())
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

fn report(begun: Instant, reason: &'static str, input_bytes: u64, output_bytes: u64) {
    remember(Run {
        device: "CPU".into(),
        gpu: false,
        reason: reason.into(),
        failure: None,
        input_bytes,
        output_bytes,
        seconds: Seconds { total: begun.elapsed(), ..Seconds::default() },
    });
}
