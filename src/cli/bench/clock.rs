//! Who is measured, and how long it takes: medians of rounds in which all take turns.

use std::cell::Cell;
use std::time::Instant;

use anyhow::{Context, Result};
use zfp_wgpu::{Compressor, Decompressor, Device, DeviceKind, Mode, Selector, devices, last_run};

use super::data::Array;
use crate::cli::say;

/// A device, or a number of threads of the CPU.
pub(super) struct Worker {
    pub(super) name: String,
    device: Device,
    threads: Option<usize>,
    /// Whether it times its kernels by a clock of its own.
    has_clock: bool,
    /// Whether it has failed, which ends its part.
    failed: Cell<bool>,
}

impl Worker {
    /// The CPU with so many threads.
    pub(super) fn cpu(threads: usize) -> Self {
        let plural = if threads == 1 { "" } else { "s" };
        Self {
            name: format!("CPU, {threads} thread{plural}"),
            device: Device::Cpu,
            threads: Some(threads),
            has_clock: false,
            failed: Cell::new(false),
        }
    }

    fn gpu(name: String, selector: Selector, has_clock: bool) -> Self {
        let device = Device::Gpu(selector);
        Self { name, device, threads: None, has_clock, failed: Cell::new(false) }
    }

    /// All GPUs, and in software those too that are the CPU; how many of these are left out.
    pub(super) fn gpus(software: bool) -> (Vec<Self>, usize) {
        let all = devices();
        let same = |name: &str| all.iter().filter(|gpu| gpu.name == name).count() > 1;
        let named = all.iter().enumerate().map(|(index, gpu)| {
            let is_software = gpu.kind == DeviceKind::Software;
            let label = if is_software { " (software)" } else { "" };
            let number = if same(&gpu.name) { format!(", gpu:{index}") } else { String::new() };
            let name = format!("{}{number}{label}", gpu.name);
            (is_software, Self::gpu(name, Selector::Index(index), gpu.has_timestamps))
        });
        let (left, taken): (Vec<_>, Vec<_>) =
            named.partition(|&(is_software, _)| is_software && !software);
        (taken.into_iter().map(|(_, worker)| worker).collect(), left.len())
    }

    /// A GPU that nobody asks to do anything.
    #[cfg(test)]
    pub(super) fn made_up(name: &str) -> Self {
        Self::gpu(name.to_owned(), Selector::Name(name.to_owned()), true)
    }

    pub(super) fn is_gpu(&self) -> bool {
        self.threads.is_none()
    }

    /// Whether it has no part any more.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Seconds to encode, to decode, and of the kernels of both.
    fn once(&self, array: &Array, mode: Mode) -> Result<[f64; 4]> {
        let device = || self.device.clone();
        let compressor = Compressor::new(mode).device(device()).threads(self.threads);
        let decompressor = Decompressor::new().device(device()).threads(self.threads);
        // Short calls several times, since clocks are coarse.
        let repeats = ((256 << 10) / array.bytes.len().max(1)).clamp(1, 100);
        let kernel = || last_run().map_or(0.0, |run| run.seconds.kernel.as_secs_f64());
        let begun = Instant::now();
        let mut stream = Vec::new();
        for _ in 0..repeats {
            stream = compressor.compress(&array.field()?).with_context(|| self.name.clone())?;
        }
        let encode = begun.elapsed().as_secs_f64() / repeats as f64;
        let encode_kernel = kernel();
        let mut values = vec![0; array.bytes.len()];
        let begun = Instant::now();
        for _ in 0..repeats {
            let field = array.field_in(&mut values)?;
            decompressor.decompress_into(&stream, field).with_context(|| self.name.clone())?;
        }
        let decode = begun.elapsed().as_secs_f64() / repeats as f64;
        Ok([encode, decode, encode_kernel, kernel()])
    }
}

/// Megabytes (10⁶ bytes) of the array per second, NaN for who has failed; of the kernels alone,
/// if a GPU's clock told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Speed {
    pub(super) encode: f64,
    pub(super) decode: f64,
    pub(super) encode_kernel: Option<f64>,
    pub(super) decode_kernel: Option<f64>,
}

/// Measures workers in turns, each as often as there are rounds. A GPU that fails has no part
/// any more, in this array and in all that follow.
pub(super) fn measure(
    workers: &[Worker],
    array: &Array,
    mode: Mode,
    rounds: usize,
) -> Result<Vec<Speed>> {
    let mut times = vec![Vec::new(); workers.len()];
    for round in 0..=rounds {
        for (worker, times) in workers.iter().zip(&mut times) {
            if worker.has_failed() {
                continue;
            }
            match worker.once(array, mode) {
                // The first makes threads and kernels.
                Ok(once) if round > 0 => times.push(once),
                Ok(_) => {}
                // The others can go on without a GPU.
                Err(error) if worker.is_gpu() => {
                    say(&format!("left out from here on: {error:#}\n"));
                    worker.failed.set(true);
                    times.clear();
                }
                Err(error) => return Err(error),
            }
        }
    }
    let megabytes = array.bytes.len() as f64 / 1e6;
    let median = |times: &[[f64; 4]], which: usize| {
        let mut times: Vec<f64> = times.iter().map(|times| times[which]).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let measured = workers.iter().zip(&times).map(|(worker, times)| {
        let speed = |which| megabytes / median(times, which);
        let kernel = |which| {
            let told = worker.has_clock && median(times, which) > 0.0;
            told.then(|| speed(which))
        };
        let (encode, decode) = (speed(0), speed(1));
        Speed { encode, decode, encode_kernel: kernel(2), decode_kernel: kernel(3) }
    });
    Ok(measured.collect())
}
