//! A call's way through the devices: chosen, done, checked, reported.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::gpu::Gpu;
use super::gpus::{GPUS, Gpus};
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
    marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<Run> {
    compress_among(&GPUS, wishes, field, params, policy, marks, out)
}

/// The same with other GPUs than this process's.
pub(super) fn compress_among(
    gpus: &'static Gpus,
    wishes: Wishes<'_>,
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    mut marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<Run> {
    let begun = Instant::now();
    let start = out.position();
    let call = Call::compression(field, params);
    let done = by_device(gpus, wishes, call, |choice| match choice {
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
    Ok(done.report(begun, call.bytes, out.position().div_ceil(8)))
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
    decompress_among(&GPUS, wishes, stream, start, params, field)
}

/// The same with other GPUs than this process's.
pub(super) fn decompress_among(
    gpus: &'static Gpus,
    wishes: Wishes<'_>,
    stream: &[u8],
    start: u64,
    params: Params,
    field: &mut FieldMut<'_>,
) -> Result<Run> {
    let begun = Instant::now();
    let call = Call { encode: false, ..Call::compression(&field.as_field(), params) };
    let done = by_device(gpus, wishes, call, |choice| match choice {
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
    Ok(done.report(begun, stream.len() as u64, call.bytes))
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
    /// Whether values lie side by side along x.
    pub(super) rows: bool,
}

impl Call {
    pub(super) fn compression(field: &Field<'_>, params: Params) -> Self {
        Self {
            scalar: field.scalar(),
            dims: field.dims(),
            params,
            bytes: field.value_bytes() as u64,
            encode: true,
            rows: field.has_rows(),
        }
    }

    /// Whether all blocks have the same number of bits, as GPUs need it.
    pub(super) fn is_fixed(&self) -> bool {
        self.params.fixed_bits().is_some() && !self.params.is_reversible()
    }
}

/// What came of it.
#[derive(Default)]
struct Done {
    /// The GPU that did it: its place among all, and its name.
    device: Option<(usize, String)>,
    reason: Cow<'static, str>,
    failure: Option<String>,
    seconds: Seconds,
    /// The first block that the CPU would have made otherwise.
    wrong: Option<u64>,
}

impl Done {
    fn report(self, begun: Instant, input_bytes: u64, output_bytes: u64) -> Run {
        let (index, name) = self.device.unzip();
        Run {
            device: name.map_or(Cow::Borrowed("CPU"), Cow::Owned),
            gpu: index.is_some(),
            index,
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

impl Stop {
    fn into_error(self, device: &str) -> Error {
        match self {
            Self::Error(error) => error,
            Self::Device(failure) => {
                Error::GpuFailed { adapter: device.to_owned(), reason: failure.reason }
            }
        }
    }
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
    gpus: &'static Gpus,
    wishes: Wishes<'_>,
    call: Call,
    mut work: impl FnMut(&Choice) -> std::result::Result<Done, Stop>,
) -> Result<Done> {
    let choice = gpus.choose(wishes, call)?;
    let begun = Instant::now();
    let done = work(&choice);
    let (gpu, reason) = match choice {
        Choice::Gpu(gpu, reason) => (gpu, reason),
        Choice::Cpu(reason) => {
            let done = done.map_err(|stop| stop.into_error("CPU"))?;
            gpus.note_cpu(wishes, call, begun.elapsed());
            return Ok(Done { reason, ..done });
        }
    };
    let (failure, validation) = match done {
        Err(Stop::Error(error)) => return Err(error),
        Err(Stop::Device(failure)) => (gpus.failed(&gpu, &failure), Duration::ZERO),
        Ok(Done { wrong: Some(block), seconds, .. }) => {
            let error = Error::GpuDiffers { adapter: gpu.name().to_owned(), block };
            drop(gpus.distrust(&gpu, format!("it and the CPU differed in block {block}")));
            (error, seconds.validation)
        }
        Ok(done) => {
            gpus.succeeded(&gpu);
            gpu.note(true, wishes, call, begun.elapsed().saturating_sub(done.seconds.validation));
            let device = Some((gpu.place, gpu.name().to_owned()));
            return Ok(Done { device, reason, ..done });
        }
    };
    // What the GPU could not do, the CPU does, unless the caller insisted on the GPU.
    if *wishes.device != Device::Auto {
        return Err(failure);
    }
    let reason = Cow::Borrowed("the GPU failed, and the CPU did the work");
    let done = work(&Choice::Cpu(reason.clone())).map_err(|stop| stop.into_error("CPU"))?;
    let seconds = Seconds { validation, ..done.seconds };
    Ok(Done { reason, failure: Some(failure.to_string()), seconds, ..done })
}
