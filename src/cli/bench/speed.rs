//! Throughput: megabytes (10⁶ bytes) of the array per second, medians of rounds in which
//! all devices take turns.

use std::time::Instant;

use anyhow::{Context, Result};
use zfp_wgpu::{Compressor, Decompressor, Device, DeviceKind, Mode, Selector, devices, last_run};

use super::data::{Array, made};
use super::page::Page;
use super::plot::{Plot, Scale, Series};
use crate::cli::say;

/// Who takes part, and how long it may take.
pub(super) struct Plan {
    workers: Vec<Worker>,
    threads: usize,
    rounds: usize,
    /// Bytes of an ordinary array, and of the largest.
    bytes: usize,
    largest: usize,
}

/// A device, or a number of threads.
struct Worker {
    name: String,
    device: Device,
    threads: Option<usize>,
}

/// Megabytes per second; of the kernels alone, if a GPU's clock told.
#[derive(Debug, Clone, Copy, Default)]
struct Speed {
    encode: f64,
    decode: f64,
    encode_kernel: Option<f64>,
    decode_kernel: Option<f64>,
}

/// Which of the numbers a plot shows.
type Pick = fn(&Speed) -> Option<f64>;

const ENCODE: Pick = |speed| Some(speed.encode);
const DECODE: Pick = |speed| Some(speed.decode);

impl Plan {
    pub(super) fn new(quick: bool, software: bool) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let cpu = |threads: usize, name: String| Worker {
            name,
            device: Device::Cpu,
            threads: Some(threads),
        };
        let mut workers = vec![cpu(1, "CPU, 1 thread".to_owned())];
        if threads > 1 {
            workers.push(cpu(threads, format!("CPU, {threads} threads")));
        }
        for (index, gpu) in devices().into_iter().enumerate() {
            if software || gpu.kind != DeviceKind::Software {
                let device = Device::Gpu(Selector::Index(index));
                workers.push(Worker { name: gpu.name, device, threads: None });
            }
        }
        let (rounds, bytes, largest) =
            if quick { (3, 2 << 20, 8 << 20) } else { (5, 16 << 20, 64 << 20) };
        Self { workers, threads, rounds, bytes, largest }
    }

    /// Names of all devices.
    pub(super) fn devices(&self) -> Vec<String> {
        self.workers.iter().map(|worker| worker.name.clone()).collect()
    }

    /// Measures one mode on one array, with each worker.
    fn cell(&self, array: &Array, mode: Mode) -> Result<Vec<Speed>> {
        let workers: Vec<&Worker> = self.workers.iter().collect();
        measure_all(&workers, array, mode, self.rounds)
    }
}

/// Measures workers in turns.
fn measure_all(
    workers: &[&Worker],
    array: &Array,
    mode: Mode,
    rounds: usize,
) -> Result<Vec<Speed>> {
    let mut times = vec![Vec::new(); workers.len()];
    for round in 0..=rounds {
        for (worker, times) in workers.iter().zip(&mut times) {
            let once = match once(worker, array, mode) {
                Ok(once) => once,
                // The others can go on without a GPU.
                Err(error) if worker.threads.is_none() => {
                    if round == 0 {
                        say(&format!("left out: {error:#}\n"));
                    }
                    [f64::NAN; 4]
                }
                Err(error) => return Err(error),
            };
            // The first makes threads and kernels.
            if round > 0 {
                times.push(once);
            }
        }
    }
    let megabytes = array.bytes.len() as f64 / 1e6;
    let median = |times: &[[f64; 4]], which: usize| {
        let mut times: Vec<f64> = times.iter().map(|times| times[which]).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let speed = |times: &Vec<[f64; 4]>, which| megabytes / median(times, which);
    let kernel =
        |times: &Vec<[f64; 4]>, which| (median(times, which) > 0.0).then(|| speed(times, which));
    Ok(times
        .iter()
        .map(|times| Speed {
            encode: speed(times, 0),
            decode: speed(times, 1),
            encode_kernel: kernel(times, 2),
            decode_kernel: kernel(times, 3),
        })
        .collect())
}

/// Seconds to encode, to decode, and of the kernels of both.
fn once(worker: &Worker, array: &Array, mode: Mode) -> Result<[f64; 4]> {
    let compressor = Compressor::new(mode).device(worker.device.clone()).threads(worker.threads);
    let decompressor = Decompressor::new().device(worker.device.clone()).threads(worker.threads);
    // Short calls several times, since clocks are coarse.
    let repeats = ((256 << 10) / array.bytes.len().max(1)).clamp(1, 100);
    let kernel = || last_run().map_or(0.0, |run| run.seconds.kernel.as_secs_f64());
    let begun = Instant::now();
    let mut stream = Vec::new();
    for _ in 0..repeats {
        stream = compressor.compress(&array.field()?).with_context(|| worker.name.clone())?;
    }
    let encode = begun.elapsed().as_secs_f64() / repeats as f64;
    let encode_kernel = kernel();
    let mut values = vec![0; array.bytes.len()];
    let begun = Instant::now();
    for _ in 0..repeats {
        let field = array.field_in(&mut values)?;
        decompressor.decompress_into(&stream, field).with_context(|| worker.name.clone())?;
    }
    let decode = begun.elapsed().as_secs_f64() / repeats as f64;
    Ok([encode, decode, encode_kernel, kernel()])
}

/// All of it.
pub(super) fn measure(plan: &Plan, page: &mut Page) -> Result<()> {
    say("speed by rate\n");
    let array = made(3, plan.bytes);
    let shape = array.kind.shape_text();
    let rates = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0];
    let by_rate = rates.map(|rate| plan.cell(&array, Mode::Rate(rate)));
    let by_rate: Vec<Vec<Speed>> = by_rate.into_iter().collect::<Result<_>>()?;
    let at_8 = &by_rate[3];
    page.tiles(&tiles(plan, at_8));

    page.section("Speed", "Megabytes (10⁶ bytes) of the array per second, end to end: from values in memory to a stream in memory and back. Medians of rounds in which the devices take turns.");
    let rate_plot = |pick| {
        let curves = curves(plan, &rates, &by_rate, pick);
        Plot::new(("bits per value", Scale::FromZero), ("MB/s", Scale::FromZero), curves)
    };
    let caption = format!("f32, {shape}, fixed rate");
    page.plots(&[
        ("Compression by rate", rate_plot(ENCODE), &caption),
        ("Decompression by rate", rate_plot(DECODE), &caption),
    ])?;
    kernels(plan, &rates, &by_rate, &caption, page)?;

    say("speed by dimensions\n");
    let dims = [1.0, 2.0, 3.0, 4.0];
    let by_dims = dims.map(|dims| plan.cell(&made(dims as usize, plan.bytes), Mode::Rate(8.0)));
    let by_dims: Vec<Vec<Speed>> = by_dims.into_iter().collect::<Result<_>>()?;
    let dims_plot = |pick| {
        let curves = curves(plan, &dims, &by_dims, pick);
        Plot::new(("dimensions", Scale::Whole), ("MB/s", Scale::FromZero), curves)
    };
    let caption = format!("f32, {} MiB, 8 bits per value", plan.bytes >> 20);
    page.plots(&[
        ("Compression by dimensions", dims_plot(ENCODE), &caption),
        ("Decompression by dimensions", dims_plot(DECODE), &caption),
    ])?;
    sizes(plan, page)?;
    threads(plan, &array, page)?;

    let rows: Vec<Vec<String>> = rates
        .iter()
        .zip(&by_rate)
        .flat_map(|(rate, speeds)| {
            plan.workers.iter().zip(speeds).map(move |(worker, speed)| {
                let numbers = [speed.encode, speed.decode].map(|mbps| format!("{mbps:.0}"));
                [vec![worker.name.clone(), format!("{rate}")], numbers.to_vec()].concat()
            })
        })
        .collect();
    let heading = ["device", "bits per value", "compression, MB/s", "decompression, MB/s"];
    page.table("Numbers by rate", &heading, &rows);
    Ok(())
}

/// The best speeds at 8 bits per value.
fn tiles(plan: &Plan, speeds: &[Speed]) -> Vec<(String, String)> {
    let mut tiles = Vec::new();
    for (worker, speed) in plan.workers.iter().zip(speeds) {
        for (what, mbps) in [("compression", speed.encode), ("decompression", speed.decode)] {
            tiles.push((format!("{what}, {}", worker.name), format!("{mbps:.0} MB/s")));
        }
    }
    tiles
}

/// A curve for each worker.
fn curves(plan: &Plan, x: &[f64], speeds: &[Vec<Speed>], pick: Pick) -> Vec<Series> {
    let point = |worker: usize, i: usize| Some((x[i], pick(speeds[i].get(worker)?)?));
    let workers = plan.workers.iter().enumerate();
    workers
        .map(|(w, worker)| {
            let points = (0..x.len()).filter_map(|i| point(w, i)).collect();
            Series::new(&worker.name, w, points)
        })
        .filter(|series| !series.points.is_empty())
        .collect()
}

/// Kernels alone beside whole calls, for GPUs whose clock tells.
fn kernels(
    plan: &Plan,
    rates: &[f64],
    speeds: &[Vec<Speed>],
    caption: &str,
    page: &mut Page,
) -> Result<()> {
    let plot = |whole: Pick, kernel: Pick| {
        let mut series = curves(plan, rates, speeds, kernel);
        for series in &mut series {
            series.name += ", kernels alone";
        }
        let gpus = curves(plan, rates, speeds, whole).into_iter();
        let gpus = gpus.filter(|whole| series.iter().any(|kernel| kernel.colour == whole.colour));
        let gpus: Vec<Series> = gpus.map(Series::dashed).collect();
        series.extend(gpus);
        Plot::new(("bits per value", Scale::FromZero), ("MB/s", Scale::Log), series)
    };
    let encode = plot(ENCODE, |speed| speed.encode_kernel);
    let decode = plot(DECODE, |speed| speed.decode_kernel);
    if encode.series.is_empty() && decode.series.is_empty() {
        return Ok(());
    }
    page.plots(&[
        ("Compression on GPUs, kernels alone and end to end", encode, caption),
        ("Decompression on GPUs, kernels alone and end to end", decode, caption),
    ])
}

/// By size, and where a GPU begins to pay.
fn sizes(plan: &Plan, page: &mut Page) -> Result<()> {
    say("speed by size\n");
    let mut sizes = Vec::new();
    let mut speeds = Vec::new();
    let mut bytes = 4 << 10;
    while bytes <= plan.largest {
        let array = made(3, bytes);
        sizes.push(array.bytes.len() as f64);
        speeds.push(plan.cell(&array, Mode::Rate(8.0))?);
        bytes *= 4;
    }
    let plot = |pick| {
        let curves = curves(plan, &sizes, &speeds, pick);
        Plot::new(("array", Scale::Bytes), ("MB/s", Scale::Log), curves)
    };
    let captions = [ENCODE, DECODE].map(|pick| {
        let crossings =
            plan.workers.iter().enumerate().filter(|(_, worker)| worker.threads.is_none());
        let crossings = crossings.map(|(w, worker)| {
            let beats = |speeds: &Vec<Speed>| {
                let cpu = speeds.iter().zip(&plan.workers).filter(|(_, w)| w.threads.is_some());
                let best = cpu.filter_map(|(speed, _)| pick(speed)).fold(0.0, f64::max);
                pick(&speeds[w]).is_some_and(|speed| speed > best)
            };
            // From where on it stays ahead.
            let behind = speeds.iter().rposition(|speeds| !beats(speeds));
            match sizes.get(behind.map_or(0, |i| i + 1)) {
                Some(size) => format!(
                    "; {} is ahead from {:.1} MiB on",
                    worker.name,
                    size / f64::from(1 << 20)
                ),
                None => format!("; {} is not ahead at any size", worker.name),
            }
        });
        format!("f32, 3 dimensions, 8 bits per value{}", crossings.collect::<String>())
    });
    page.plots(&[
        ("Compression by size", plot(ENCODE), &captions[0]),
        ("Decompression by size", plot(DECODE), &captions[1]),
    ])
}

/// How much several threads give.
fn threads(plan: &Plan, array: &Array, page: &mut Page) -> Result<()> {
    if plan.threads == 1 {
        return Ok(());
    }
    say("speed by threads\n");
    let powers = std::iter::successors(Some(1), |count| Some(2 * count));
    let mut counts: Vec<usize> = powers.take_while(|&count| count < plan.threads).collect();
    counts.push(plan.threads);
    let workers: Vec<Worker> = counts
        .iter()
        .map(|&threads| Worker {
            name: format!("{threads} threads"),
            device: Device::Cpu,
            threads: Some(threads),
        })
        .collect();
    let workers: Vec<&Worker> = workers.iter().collect();
    let (mut encode, mut decode) = (Vec::new(), Vec::new());
    let modes = [
        ("rate 8", Mode::Rate(8.0)),
        ("precision 16", Mode::Precision(16)),
        ("tolerance 1e-3", Mode::Accuracy(1e-3)),
        ("reversible", Mode::Reversible),
    ];
    for (colour, (name, mode)) in modes.into_iter().enumerate() {
        let speeds = measure_all(&workers, array, mode, plan.rounds)?;
        let curve = |pick: fn(&Speed) -> f64| {
            let points = counts.iter().zip(&speeds);
            points.map(|(&count, speed)| (count as f64, pick(speed) / pick(&speeds[0]))).collect()
        };
        encode.push(Series::new(name, colour, curve(|speed| speed.encode)));
        decode.push(Series::new(name, colour, curve(|speed| speed.decode)));
    }
    let ideal = || {
        let points = [1.0, plan.threads as f64].map(|count| (count, count));
        Series::new("ideal", 6, points.to_vec()).dashed()
    };
    encode.push(ideal());
    decode.push(ideal());
    let plot =
        |series| Plot::new(("threads", Scale::Whole), ("× one thread", Scale::FromZero), series);
    let caption = format!("f32, {}", array.kind.shape_text());
    page.plots(&[
        ("Compression by threads", plot(encode), &caption),
        ("Decompression by threads", plot(decode), &caption),
    ])
}
