//! Plain copies on a device: what any codec on it could do at best.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rayon::prelude::*;
use wgpu::BufferUsages as Usage;
use zfp_wgpu::{DeviceInfo, DeviceKind};

use crate::timing;

/// Pieces under way at once, and bytes of one at least and at most: as in the library.
const SLOTS: usize = 3;
const PIECE: (usize, usize) = (4 << 20, 32 << 20);
/// Bytes that a thread copies at a time.
const PART: usize = 512 << 10;
/// Bytes of the copies within a device; more than caches hold.
const BLOCK: u64 = 256 << 20;

/// A device, opened beside the library's own.
pub(crate) struct Bus {
    device: wgpu::Device,
    queue: wgpu::Queue,
    /// Whether the device works in memory that the CPU maps: then nothing is copied there.
    mappable: bool,
    most: u64,
    slots: [Slot; SLOTS],
}

#[derive(Default)]
struct Slot {
    upload: Option<wgpu::Buffer>,
    input: Option<wgpu::Buffer>,
    output: Option<wgpu::Buffer>,
    download: Option<wgpu::Buffer>,
    /// What is under way: the submission, and where its bytes go.
    flight: Option<(wgpu::SubmissionIndex, std::ops::Range<usize>)>,
}

impl Bus {
    /// Opens the device that the library lists as `index` of `devices`.
    pub(crate) fn open(devices: &[DeviceInfo], index: usize) -> Result<Self> {
        let info = &devices[index];
        // Of several alike, the one with as many before it.
        let before = devices[..index].iter().filter(|other| *other == info).count();
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.flags = wgpu::InstanceFlags::empty();
        let adapters = pollster::block_on(
            wgpu::Instance::new(descriptor).enumerate_adapters(wgpu::Backends::all()),
        );
        let is_it = |adapter: &wgpu::Adapter| {
            let found = adapter.get_info();
            let driver = format!("{} {}", found.driver, found.driver_info);
            let backend = found.backend.to_string();
            found.name == info.name
                && backend.eq_ignore_ascii_case(&info.backend)
                && driver.trim() == info.driver
        };
        let adapter = adapters.into_iter().filter(is_it).nth(before);
        let adapter = adapter.context("the adapter is not found again")?;
        let is_shared = matches!(info.kind, DeviceKind::Integrated | DeviceKind::Software);
        let mappable = is_shared && adapter.features().contains(MAPPABLE);
        let (device, queue) =
            pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
                required_features: if mappable { MAPPABLE } else { wgpu::Features::empty() },
                required_limits: adapter.limits(),
                memory_hints: wgpu::MemoryHints::MemoryUsage,
                ..Default::default()
            }))?;
        // Not the default, which is to panic: a map that fails tells the caller.
        device.on_uncaptured_error(std::sync::Arc::new(|error| {
            eprintln!("plain copies: {error}");
        }));
        let most = info.max_buffer_bytes & !255;
        Ok(Self { device, queue, mappable, most, slots: Default::default() })
    }

    /// Sends `input` to the device and fetches as many bytes as `output` takes, piece by
    /// piece, several under way at once. The device computes nothing between.
    pub(crate) fn pass(&mut self, input: &[u8], output: &mut [u8]) -> Result<()> {
        let bytes = input.len().max(output.len());
        let piece = (bytes / 8).clamp(PIECE.0, PIECE.1).min(self.most as usize);
        let count = bytes.div_ceil(piece);
        let cut = |len: usize, at: usize| {
            let step = len.div_ceil(count).next_multiple_of(4);
            (at * step).min(len)..((at + 1) * step).min(len)
        };
        for number in 0..count + SLOTS {
            let slot = number % SLOTS;
            if let Some((submission, range)) = self.slots[slot].flight.take() {
                self.wait(submission)?;
                self.slots[slot].drain(&mut output[range])?;
            }
            if number < count {
                let source = &input[cut(input.len(), number)];
                self.send(slot, source, cut(output.len(), number))?;
            }
        }
        Ok(())
    }

    fn send(&mut self, slot: usize, source: &[u8], target: std::ops::Range<usize>) -> Result<()> {
        let Self { device, queue, mappable, slots, .. } = self;
        let slot = &mut slots[slot];
        let round = |bytes: usize| bytes.next_multiple_of(4) as u64;
        let (up, down) = (round(source.len()), round(target.len()));
        let device_side = if *mappable { Usage::STORAGE } else { Usage::empty() };
        provide(device, &mut slot.upload, up, Usage::MAP_WRITE | Usage::COPY_SRC | device_side);
        provide(device, &mut slot.download, down, Usage::MAP_READ | Usage::COPY_DST | device_side);
        if !*mappable {
            provide(device, &mut slot.input, up, Usage::STORAGE | Usage::COPY_DST);
            provide(device, &mut slot.output, down, Usage::STORAGE | Usage::COPY_SRC);
        }
        let (upload, download) = (slot.upload.as_ref(), slot.download.as_ref());
        let (upload, download) = upload.zip(download).context("no buffers")?;

        let parts: Result<Vec<_>, _> = source
            .chunks(PART)
            .enumerate()
            .map(|(i, part)| {
                let from = (i * PART) as u64;
                let to = (from + round(part.len())).min(up);
                Ok::<_, wgpu::MapRangeError>((part, upload.get_mapped_range_mut(from..to)?))
            })
            .collect();
        parts?.into_par_iter().for_each(|(part, mut view)| {
            view.slice(..part.len()).copy_from_slice(part);
        });
        upload.unmap();

        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        if let Some((input, output)) = slot.input.as_ref().zip(slot.output.as_ref()) {
            encoder.copy_buffer_to_buffer(upload, 0, input, 0, up);
            encoder.copy_buffer_to_buffer(output, 0, download, 0, down);
        }
        let submission = queue.submit([encoder.finish()]);
        upload.map_async(wgpu::MapMode::Write, .., |_| {});
        if down > 0 {
            download.map_async(wgpu::MapMode::Read, ..down, |_| {});
        }
        slot.flight = Some((submission, target));
        Ok(())
    }

    fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let submission_index = Some(submission);
        self.device.poll(wgpu::PollType::Wait { submission_index, timeout: None })?;
        Ok(())
    }

    /// Bytes per second that copies within the device read and write, together.
    pub(crate) fn bandwidth(&self, rounds: usize) -> Result<f64> {
        let size = BLOCK.min(self.most);
        let buffer = || {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage: Usage::COPY_SRC | Usage::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let (from, to) = (buffer(), buffer());
        let copies = |count: usize| -> Result<()> {
            let mut encoder =
                self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            for _ in 0..count {
                encoder.copy_buffer_to_buffer(&from, 0, &to, 0, size);
            }
            self.wait(self.queue.submit([encoder.finish()]))
        };
        copies(1)?;
        let begun = Instant::now();
        copies(1)?;
        // So many that starting them is little beside them; what it takes is subtracted.
        let count = (0.05 / begun.elapsed().as_secs_f64()).clamp(2.0, 500.0) as usize;
        let [some, twice] =
            timing::medians([&mut || copies(count), &mut || copies(2 * count)], rounds)?;
        ensure!(twice > some, "twice as many copies took no longer");
        Ok((2 * size) as f64 * count as f64 / (twice - some))
    }
}

const MAPPABLE: wgpu::Features = wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;

/// A buffer that is large enough.
fn provide(device: &wgpu::Device, buffer: &mut Option<wgpu::Buffer>, bytes: u64, usage: Usage) {
    if buffer.as_ref().is_some_and(|buffer| buffer.size() >= bytes) {
        return;
    }
    *buffer = None;
    *buffer = Some(device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bytes.max(4),
        usage,
        mapped_at_creation: usage.contains(Usage::MAP_WRITE),
    }));
}

impl Slot {
    /// Takes what came back.
    fn drain(&self, target: &mut [u8]) -> Result<()> {
        if target.is_empty() {
            return Ok(());
        }
        let download = self.download.as_ref().context("no buffer")?;
        let bytes = target.len().next_multiple_of(4) as u64;
        {
            let view = download.get_mapped_range(..bytes)?;
            let source: &[u8] = &view;
            target
                .par_chunks_mut(PART)
                .zip(source.par_chunks(PART))
                .for_each(|(target, source)| target.copy_from_slice(&source[..target.len()]));
        }
        download.unmap();
        Ok(())
    }
}
