//! Slabs to the device and back, by a ring of buffers that are used again and again.
//!
//! While the threads of the CPU fill the buffers of one slab, the device works on those
//! before it, and its copies and kernels overlap as far as it can. Slabs come back in
//! order. The ring bounds the memory of a call, whatever the size of the array.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wgpu::BufferUsages as Usage;

use super::PART;
use super::context::Context;
use super::failure::{Failure, Stop};
#[cfg(test)]
use super::faults::Fault;
use super::kernels::{Buffers, Direction, Kernel, Pipelines, Work};
use super::rings::Lease;
use super::signal::Signal;
use super::slabs::{Plan, Slab};
use crate::report::Seconds;
use crate::threads::each;

/// Slabs under way at once: one being filled or emptied, two on the device.
const ENTRIES: usize = 3;
/// Buffers grow in steps of this.
const STEP: u64 = 64 << 10;

/// What there is to do with the slabs of an array.
pub(super) trait Task: Sync {
    /// What the kernel is told of a slab.
    fn work(&self, slab: &Slab) -> Work;
    /// Bytes that a slab takes.
    fn needs(&self, slab: &Slab, work: &Work) -> Needs;
    /// Writes a part of a slab's input, that which begins at byte `from`.
    fn fill(&self, slab: &Slab, from: usize, target: wgpu::WriteOnly<'_, [u8]>);
    /// Takes the output of a slab; slabs come in order.
    fn drain(&mut self, slab: &Slab, output: &[u8]) -> Result<(), Stop>;
    /// The kernel found a value that is not finite in this slab.
    fn refuse(&self, slab: &Slab) -> Stop;
}

/// Bytes of a slab's buffers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) scratch: u64,
}

impl Needs {
    fn total(&self) -> u64 {
        self.input + self.output + self.scratch
    }
}

/// Buffers for [`ENTRIES`] slabs, as large as what they were last used for.
#[derive(Default)]
pub(super) struct Ring([Entry; ENTRIES]);

/// Buffers for one slab.
#[derive(Default)]
struct Entry {
    /// Mapped for writing while no slab is under way.
    upload: Option<wgpu::Buffer>,
    /// On the device; the same as `upload` where the device maps what it uses.
    input: Option<wgpu::Buffer>,
    output: Option<wgpu::Buffer>,
    /// Mapped for reading when a slab is done; or the same as `output`.
    download: Option<wgpu::Buffer>,
    scratch: Option<wgpu::Buffer>,
    notes: Option<Notes>,
    flight: Option<Flight>,
}

/// The small things that a kernel tells.
struct Notes {
    status: wgpu::Buffer,
    /// The times at which the kernel began and ended.
    clock: Option<(wgpu::QuerySet, wgpu::Buffer)>,
    /// The status, and at byte 8 the times.
    mapped: wgpu::Buffer,
}

/// A slab under way.
struct Flight {
    slab: Slab,
    needs: Needs,
    signal: Arc<Signal>,
    submission: wgpu::SubmissionIndex,
}

impl Ring {
    /// Bytes of all buffers.
    pub(super) fn bytes(&self) -> u64 {
        let buffers = self.0.iter().flat_map(|entry| {
            [&entry.upload, &entry.input, &entry.output, &entry.download, &entry.scratch]
        });
        buffers.flatten().map(wgpu::Buffer::size).sum()
    }
}

/// Does a task, slab by slab.
pub(super) fn run(
    context: &Context,
    mut lease: Lease<'_>,
    kernel: Kernel,
    plan: &Plan,
    threads: Option<usize>,
    task: &mut impl Task,
) -> Result<Seconds, Stop> {
    let begun = Instant::now();
    let mut seconds = Seconds::default();
    #[cfg(test)]
    context.strike(Fault::Before);
    let pipelines = context
        .scoped(0, || context.kernels.get(kernel))
        .inspect_err(|_| context.kernels.forget(kernel))?;
    // After an error, slabs are still under way: then the ring is dropped.
    let slabs = plan.len();
    let mut most = 0;
    for number in 0..slabs + ENTRIES {
        let entry = &mut lease.ring.0[number % ENTRIES];
        if let Some(flight) = entry.flight.take() {
            entry.finish(context, &flight, task, &mut seconds)?;
        }
        if number < slabs {
            let slab = plan.slab(number);
            let work = task.work(&slab);
            let needs = task.needs(&slab, &work);
            #[cfg(test)]
            context.faults.no_memory(needs.total())?;
            most = needs.total().max(most);
            context.scoped(needs.total(), || {
                entry.provide(context, &needs);
            })?;
            let filling = Instant::now();
            entry.fill(context, needs.input, threads, |from, target| {
                task.fill(&slab, from, target);
            })?;
            seconds.upload += filling.elapsed();
            entry.flight = Some(entry.submit(context, &pipelines, kernel, slab, needs, &work)?);
            #[cfg(test)]
            context.strike(Fault::Within);
        }
    }
    lease.keep(most * slabs.min(ENTRIES) as u64);
    seconds.total = begun.elapsed();
    Ok(seconds)
}

impl Entry {
    /// Buffers that are large enough.
    fn provide(&mut self, context: &Context, needs: &Needs) {
        let Context { device, mappable, most_bytes, .. } = context;
        let grow = |buffer: &mut Option<wgpu::Buffer>, bytes: u64, usage: Usage| {
            if buffer.as_ref().is_some_and(|buffer| buffer.size() >= bytes) {
                return;
            }
            // The old one goes first.
            *buffer = None;
            *buffer = Some(device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("zfp"),
                size: bytes.next_multiple_of(STEP).min(*most_bytes).max(bytes),
                usage,
                mapped_at_creation: usage.contains(Usage::MAP_WRITE),
            }));
        };
        if *mappable {
            grow(&mut self.upload, needs.input, Usage::MAP_WRITE | Usage::STORAGE);
            grow(&mut self.download, needs.output, Usage::MAP_READ | Usage::STORAGE);
        } else {
            grow(&mut self.upload, needs.input, Usage::MAP_WRITE | Usage::COPY_SRC);
            grow(&mut self.input, needs.input, Usage::STORAGE | Usage::COPY_DST);
            grow(&mut self.output, needs.output, Usage::STORAGE | Usage::COPY_SRC);
            grow(&mut self.download, needs.output, Usage::MAP_READ | Usage::COPY_DST);
        }
        if needs.scratch > 0 {
            grow(&mut self.scratch, needs.scratch, Usage::STORAGE);
        }
        self.notes.get_or_insert_with(|| Notes::new(context));
    }

    /// Writes the input by several threads, and leaves it to the device.
    fn fill(
        &self,
        context: &Context,
        bytes: u64,
        threads: Option<usize>,
        fill: impl Fn(usize, wgpu::WriteOnly<'_, [u8]>) + Send + Sync,
    ) -> Result<(), Stop> {
        let Some(upload) = &self.upload else { return Err(missing().into()) };
        let views: Result<Vec<_>, _> = (0..bytes)
            .step_by(PART)
            .map(|from| {
                let view = upload.get_mapped_range_mut(from..bytes.min(from + PART as u64))?;
                Ok((from as usize, view))
            })
            .collect();
        let views = views.map_err(|error| unmapped(context, &error))?;
        each(threads, views, |(from, mut view)| fill(from, view.slice(..)))?;
        upload.unmap();
        Ok(())
    }

    /// Sends the slab on its way.
    fn submit(
        &self,
        context: &Context,
        pipelines: &Pipelines,
        kernel: Kernel,
        slab: Slab,
        needs: Needs,
        work: &Work,
    ) -> Result<Flight, Failure> {
        let (Some(upload), Some(download), Some(notes)) =
            (&self.upload, &self.download, &self.notes)
        else {
            return Err(missing());
        };
        let input = self.input.as_ref().unwrap_or(upload);
        let output = self.output.as_ref().unwrap_or(download);
        let bind = |buffer, bytes| wgpu::BufferBinding {
            buffer,
            offset: 0,
            size: std::num::NonZero::new(bytes),
        };
        let (input_binding, output_binding) =
            (bind(input, needs.input), bind(output, needs.output));
        let (values, stream) = match kernel.direction {
            Direction::Encode => (input_binding, output_binding),
            Direction::Decode => (output_binding, input_binding),
        };
        let scratch = self.scratch.as_ref().filter(|_| needs.scratch > 0);
        let buffers = Buffers { values, stream, scratch, status: &notes.status };
        context.scoped(needs.total(), || {
            let mut encoder =
                context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.clear_buffer(&notes.status, 0, None);
            if input != upload {
                encoder.copy_buffer_to_buffer(upload, 0, input, 0, needs.input);
            }
            pipelines.record(&context.device, &mut encoder, work, &buffers, notes.clock());
            if output != download {
                encoder.copy_buffer_to_buffer(output, 0, download, 0, needs.output);
            }
            notes.collect(&mut encoder);
            let submission = context.queue.submit([encoder.finish()]);
            let signal = Arc::new(Signal::default());
            signal.map(upload, wgpu::MapMode::Write, upload.size());
            signal.map(download, wgpu::MapMode::Read, needs.output);
            signal.map(&notes.mapped, wgpu::MapMode::Read, notes.mapped.size());
            Flight { slab, needs, signal, submission }
        })
    }

    /// Waits for a slab and hands on what came of it.
    fn finish(
        &self,
        context: &Context,
        flight: &Flight,
        task: &mut impl Task,
        seconds: &mut Seconds,
    ) -> Result<(), Stop> {
        let (Some(download), Some(notes)) = (&self.download, &self.notes) else {
            return Err(missing().into());
        };
        let waiting = Instant::now();
        context.wait(&flight.signal, &flight.submission)?;
        let waited = waiting.elapsed();
        let read = |buffer: &wgpu::Buffer, bytes: u64| {
            buffer.get_mapped_range(..bytes).map_err(|error| unmapped(context, &error))
        };
        let (is_refused, ticks) = read_notes(&read(&notes.mapped, notes.mapped.size())?);
        seconds.kernel += match context.tick {
            Some(tick) => Duration::from_nanos((ticks as f64 * f64::from(tick)) as u64),
            None => waited,
        };
        if is_refused {
            return Err(task.refuse(&flight.slab));
        }
        let draining = Instant::now();
        let view = read(download, flight.needs.output)?;
        let output: &[u8] = &view;
        #[cfg(test)]
        let wrong = context.faults.flipped(output);
        #[cfg(test)]
        let output = wrong.as_deref().unwrap_or(output);
        task.drain(&flight.slab, output)?;
        drop(view);
        seconds.download += draining.elapsed();
        context.scoped(0, || {
            download.unmap();
            notes.mapped.unmap();
        })?;
        Ok(())
    }
}

impl Notes {
    fn new(context: &Context) -> Self {
        let buffer = |size, usage| {
            let label = Some("zfp notes");
            let mapped_at_creation = false;
            context.device.create_buffer(&wgpu::BufferDescriptor {
                label,
                size,
                usage,
                mapped_at_creation,
            })
        };
        let clock = context.tick.map(|_| {
            let queries = context.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("zfp clock"),
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            });
            (queries, buffer(16, Usage::QUERY_RESOLVE | Usage::COPY_SRC))
        });
        Self {
            status: buffer(4, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC),
            clock,
            mapped: buffer(24, Usage::MAP_READ | Usage::COPY_DST),
        }
    }

    fn clock(&self) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        self.clock.as_ref().map(|(query_set, _)| wgpu::ComputePassTimestampWrites {
            query_set,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        })
    }

    /// Records that what the kernel told is to be mapped.
    fn collect(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.copy_buffer_to_buffer(&self.status, 0, &self.mapped, 0, 4);
        if let Some((queries, times)) = &self.clock {
            encoder.resolve_query_set(queries, 0..2, times, 0);
            encoder.copy_buffer_to_buffer(times, 0, &self.mapped, 8, 16);
        }
    }
}

/// Whether a value was refused, and the ticks of the kernel.
fn read_notes(bytes: &[u8]) -> (bool, u64) {
    let (words, _) = bytes.as_chunks::<8>();
    let word = |i: usize| words.get(i).map_or(0, |word| u64::from_le_bytes(*word));
    (word(0) as u32 != 0, word(2).saturating_sub(word(1)))
}

/// Buffers of a lost device are not mapped, and wgpu gives no other sign of the loss.
fn unmapped(context: &Context, error: &wgpu::MapRangeError) -> Failure {
    let failure = context.explain(Failure::lost(error.to_string()));
    context.lose(&failure.reason)
}

/// Never seen: every entry is provided for before it is used.
fn missing() -> Failure {
    Failure::other("a slab has no buffers")
}
