//! A call's way through the devices: chosen, done, checked, reported.

use std::borrow::Cow;
use std::time::Instant;

use super::gpus::{self, Gpu};
use super::{Device, Wishes};
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::cpu;
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut};
use crate::index::Marks;
use crate::report::{Run, Seconds};

/// Who does it, and why.
pub(super) enum Choice {
    Cpu(Cow<'static, str>),
    Gpu(std::sync::Arc<Gpu>, Cow<'static, str>),
}

/// Writes all blocks of a field behind what `out` holds, with marks of those of variable
/// size if there shall be any, and says what was done.
pub(crate) fn compress(
    wishes: Wishes<'_>,
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    mut marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<Run> {
    let begun = Instant::now();
    let start = out.position();
    let bytes = field.value_bytes() as u64;
    let call = Call { scalar: field.scalar(), dims: field.dims(), params, bytes, encode: true };
    let done = by_device(wishes, call, |choice| match choice {
        Choice::Cpu(_) => {
            let marks = marks.as_deref_mut();
            cpu::compress_marked(field, params, policy, wishes.threads, marks, out)?;
            Ok(Done::default())
        }
        Choice::Gpu(gpu, _) => {
            // On a failure nothing is committed, and the CPU starts over.
            let seconds = gpu.compress(field, params, policy, wishes.threads, out)?;
            let mut done = Done { seconds, ..Done::default() };
            if wishes.validate {
                let look = Instant::now();
                let (stream, _) = out.sealed();
                done.wrong =
                    cpu::first_wrong_block(field, params, policy, wishes.threads, stream, start)?;
                done.seconds.validation = look.elapsed();
                if done.wrong.is_some() {
                    out.rewind(start);
                }
            }
            Ok(done)
        }
    })?;
    Ok(done.report(begun, bytes, out.position().div_ceil(8)))
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
    let bytes = field.value_bytes() as u64;
    let call = Call { scalar: field.scalar(), dims: field.dims(), params, bytes, encode: false };
    let done = by_device(wishes, call, |choice| match choice {
        Choice::Cpu(_) => {
            let index = wishes.index;
            cpu::decompress_indexed(stream, start, params, index, wishes.threads, field)?;
            Ok(Done::default())
        }
        Choice::Gpu(gpu, _) => {
            let seconds = gpu.decompress(stream, start, params, wishes.threads, field)?;
            let mut done = Done { seconds, ..Done::default() };
            if wishes.validate {
                let look = Instant::now();
                done.wrong = wrong_value(stream, start, params, wishes.threads, field)?;
                done.seconds.validation = look.elapsed();
            }
            Ok(done)
        }
    })?;
    Ok(done.report(begun, stream.len() as u64, bytes))
}

fn wrong_value(
    stream: &[u8],
    start: u64,
    params: Params,
    threads: Option<usize>,
    field: &mut FieldMut<'_>,
) -> Result<Option<u64>> {
    if field.is_nested() {
        return cpu::first_wrong_value(stream, start, params, threads, &field.as_field());
    }
    // Values that share memory hide each other: both results are needed whole.
    let bytes = field.bytes().len();
    let mut found = Vec::new();
    found.try_reserve_exact(bytes).map_err(|_| Error::OutOfMemory { bytes: bytes as u64 })?;
    found.extend_from_slice(field.bytes());
    cpu::decompress(stream, start, params, threads, field)?;
    Ok((found != field.bytes()).then_some(0))
}

/// What is to be done, as far as the choice depends on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) scalar: crate::scalar::ScalarType,
    pub(super) dims: usize,
    pub(super) params: Params,
    /// Bytes of the array's values.
    pub(super) bytes: u64,
    pub(super) encode: bool,
}

impl Call {
    /// Whether all blocks have the same number of bits, as GPUs need it.
    pub(super) fn is_fixed(&self) -> bool {
        self.params.fixed_bits().is_some() && !self.params.is_reversible()
    }
}

/// What came of it.
#[derive(Default)]
struct Done {
    device: Option<String>,
    reason: Cow<'static, str>,
    failure: Option<String>,
    seconds: Seconds,
    /// The first block that the CPU would have made otherwise.
    wrong: Option<u64>,
}

impl Done {
    fn report(self, begun: Instant, input_bytes: u64, output_bytes: u64) -> Run {
        let gpu = self.device.is_some();
        Run {
            device: self.device.map_or(Cow::Borrowed("CPU"), Cow::Owned),
            gpu,
            reason: self.reason,
            failure: self.failure,
            input_bytes,
            output_bytes,
            seconds: Seconds { total: begun.elapsed(), ..self.seconds },
        }
    }
}

/// Why an attempt on a device ended without a result.
enum Stop {
    Error(Error),
    Device(crate::gpu::Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<crate::gpu::Stop> for Stop {
    fn from(stop: crate::gpu::Stop) -> Self {
        match stop {
            crate::gpu::Stop::Input(error) => Self::Error(error),
            crate::gpu::Stop::Device(failure) => Self::Device(failure),
        }
    }
}

/// Chooses a device, has it do the work, and falls back to the CPU where the caller left
/// the choice to us.
fn by_device(
    wishes: Wishes<'_>,
    call: Call,
    mut work: impl FnMut(&Choice) -> std::result::Result<Done, Stop>,
) -> Result<Done> {
    let choice = gpus::choose(wishes, call)?;
    let begun = Instant::now();
    let failure = match (work(&choice), &choice) {
        (Err(Stop::Error(error)), _) => return Err(error),
        (Ok(done), Choice::Cpu(reason)) => {
            gpus::note_cpu(wishes, call, begun.elapsed());
            return Ok(Done { reason: reason.clone(), ..done });
        }
        (Ok(done), Choice::Gpu(gpu, reason)) => match done.wrong {
            None => {
                gpu.note(wishes, call, done.seconds.total);
                let device = Some(gpu.name().to_owned());
                return Ok(Done { device, reason: reason.clone(), ..done });
            }
            Some(block) => {
                gpu.distrust();
                Error::GpuDiffers { adapter: gpu.name().to_owned(), block }
            }
        },
        (Err(Stop::Device(failure)), Choice::Gpu(gpu, _)) => gpu.failed(&failure),
        (Err(Stop::Device(failure)), Choice::Cpu(_)) => {
            Error::GpuFailed { adapter: "CPU".to_owned(), reason: failure.reason }
        }
    };
    fall_back(wishes, failure, work)
}

/// What a GPU could not do, the CPU does, unless the caller insisted on the GPU.
fn fall_back(
    wishes: Wishes<'_>,
    failure: Error,
    mut work: impl FnMut(&Choice) -> std::result::Result<Done, Stop>,
) -> Result<Done> {
    if *wishes.device != Device::Auto {
        return Err(failure);
    }
    let reason = Cow::Borrowed("the GPU failed, and the CPU did the work");
    match work(&Choice::Cpu(reason.clone())) {
        Ok(done) => Ok(Done { reason, failure: Some(failure.to_string()), ..done }),
        Err(Stop::Error(error)) => Err(error),
        Err(Stop::Device(_)) => Err(failure),
    }
}
