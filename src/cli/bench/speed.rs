//! Throughput: megabytes (10⁶ bytes) of the array per second, by rate, dimensions, size and
//! threads, for each device.

use anyhow::Result;
use zfp_wgpu::Mode;

use super::clock::{self, Speed, Worker};
use super::crossing::crossing;
use super::data::{Array, made};
use super::made::{Amount, DIMS, RATE, RATES};
use super::page::Page;
use super::peers::{Along, Direction, Peers};
use super::plot::{COMPARED, Mark, Plot, Scale, Series, device_colour};
use crate::cli::say;

/// Who takes part, and how long it may take.
pub(super) struct Plan {
    workers: Vec<Worker>,
    threads: usize,
    amount: Amount,
    /// GPUs in software that are not measured.
    left_out: usize,
}

/// Which of the numbers a plot shows.
type Pick = fn(&Speed) -> Option<f64>;

/// A direction: whole calls and kernels alone.
struct Way {
    name: &'static str,
    direction: Direction,
    whole: Pick,
    kernel: Pick,
}

const WAYS: [Way; 2] = [
    Way {
        name: "Compression",
        direction: Direction::Encode,
        whole: |speed| Some(speed.encode),
        kernel: |speed| speed.encode_kernel,
    },
    Way {
        name: "Decompression",
        direction: Direction::Decode,
        whole: |speed| Some(speed.decode),
        kernel: |speed| speed.decode_kernel,
    },
];

impl Plan {
    pub(super) fn new(quick: bool, software: bool) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut workers = vec![Worker::cpu(1)];
        if threads > 1 {
            workers.push(Worker::cpu(threads));
        }
        let (gpus, left_out) = Worker::gpus(software);
        workers.extend(gpus);
        Self { workers, threads, amount: Amount::new(quick), left_out }
    }

    /// Names of all devices.
    pub(super) fn devices(&self) -> Vec<String> {
        self.workers.iter().map(|worker| worker.name.clone()).collect()
    }

    fn has_gpu(&self) -> bool {
        self.workers.iter().any(Worker::is_gpu)
    }

    /// Measures one mode on one array, with each worker.
    fn cell(&self, array: &Array, mode: Mode) -> Result<Vec<Speed>> {
        clock::measure(&self.workers, array, mode, self.amount.rounds)
    }
}

/// What was measured along one axis, by all workers.
struct Sweep<'a> {
    plan: &'a Plan,
    along: Along,
    x: Vec<f64>,
    /// For each place, each worker.
    speeds: Vec<Vec<Speed>>,
}

impl Sweep<'_> {
    /// The numbers of one worker.
    fn of(&self, worker: usize, pick: Pick) -> Vec<f64> {
        self.speeds.iter().map(|speeds| pick(&speeds[worker]).unwrap_or(f64::NAN)).collect()
    }

    /// A curve for each of these workers of whom there are numbers.
    fn curves(&self, pick: Pick, shown: impl Fn(&Worker) -> bool) -> Vec<Series> {
        let workers = self.plan.workers.iter().enumerate();
        workers
            .filter(|(_, worker)| shown(worker))
            .map(|(w, worker)| {
                let points = self.x.iter().copied().zip(self.of(w, pick));
                let points = points.filter(|point| point.1.is_finite());
                Series::of_device(&worker.name, w, points.collect())
            })
            .filter(|series| !series.points.is_empty())
            .collect()
    }

    /// The fastest number of threads, at each place.
    fn best_cpu(&self, pick: Pick) -> Vec<f64> {
        let workers = &self.plan.workers;
        let best = |speeds: &Vec<Speed>| {
            let cpu = speeds.iter().zip(workers).filter(|(_, worker)| !worker.is_gpu());
            cpu.filter_map(|(speed, _)| pick(speed)).fold(0.0, f64::max)
        };
        self.speeds.iter().map(best).collect()
    }

    fn y(&self) -> (&'static str, Scale) {
        let wide = self.along == Along::Sizes;
        ("MB/s", if wide { Scale::Log } else { Scale::FromZero })
    }

    /// All devices and the peers, in both directions.
    fn show(&self, name: &str, text: &str, peers: Option<&Peers>, page: &mut Page) -> Result<()> {
        let plots = WAYS.map(|way| {
            let mut series = self.curves(way.whole, |_| true);
            let others = peers.map(|peers| peers.others(self.along, way.direction));
            let others = others.unwrap_or_default();
            let has_others = !others.is_empty();
            series.extend(others);
            let mut plot = Plot::new(self.along.x(), self.y(), series);
            if has_others {
                plot.note = "LLNL zfp and zfp-rs: the same arrays, in a process of their own";
            }
            (format!("{} by {name}", way.name), plot)
        });
        let [(first, a), (second, b)] = plots;
        page.plots(&[(&first, a, text), (&second, b, text)])
    }

    /// Each GPU: its kernels alone and whole calls, beside the CPU, and where it gets ahead.
    fn show_gpus(&self, name: &str, text: &str, page: &mut Page) -> Result<()> {
        let plots = WAYS.map(|way| {
            let mut kernels = self.curves(way.kernel, Worker::is_gpu);
            for series in &mut kernels {
                series.name += ", kernels alone";
            }
            let mut whole = self.curves(way.whole, Worker::is_gpu);
            for series in &mut whole {
                series.name += ", end to end";
            }
            let cpu = self.x.iter().copied().zip(self.best_cpu(way.whole)).collect();
            let cpu = Series::new("CPU, whichever threads are faster", COMPARED, cpu).dashed();
            let mut series: Vec<Series> = kernels.into_iter().map(Series::hollow).collect();
            series.extend(whole);
            series.push(cpu);
            let mut plot = Plot::new(self.along.x(), ("MB/s", Scale::Log), series);
            let mut text = text.to_owned();
            if self.along == Along::Sizes {
                let (marks, none) = self.crossings(way.whole);
                plot.marks = marks;
                text += &none;
            }
            (format!("{} on GPUs by {name}, kernels alone and end to end", way.name), plot, text)
        });
        let [(first, a, before), (second, b, after)] = plots;
        page.plots(&[(&first, a, &before), (&second, b, &after)])
    }

    /// Where each GPU gets ahead of the CPU for good, and a text of those that have no such place.
    fn crossings(&self, pick: Pick) -> (Vec<Mark>, String) {
        let (mut marks, mut text) = (Vec::new(), String::new());
        let cpu = self.best_cpu(pick);
        for (w, worker) in self.plan.workers.iter().enumerate().filter(|(_, w)| w.is_gpu()) {
            let (name, speeds) = (&worker.name, self.of(w, pick));
            match crossing(&self.x, &speeds, &cpu) {
                Some(place) if self.x.first().is_some_and(|&first| place <= first) => {
                    text += &format!("; no crossover: {name} is ahead of the CPU at every size");
                }
                Some(place) => {
                    let name = format!("crossover: {name} is ahead from {} on", size_text(place));
                    marks.push(Mark { place, name, colour: device_colour(w) });
                }
                None if speeds.last().is_some_and(|speed| speed.is_finite()) => {
                    text += &format!(
                        "; no crossover: {name} is not ahead of the CPU at the largest size"
                    );
                }
                None => {
                    text += &format!("; {name} was not measured at the largest size");
                }
            }
        }
        (marks, text)
    }
}

fn size_text(bytes: f64) -> String {
    let mebibyte = f64::from(1 << 20);
    if bytes < mebibyte {
        return format!("{:.1} KiB", bytes / 1024.0);
    }
    format!("{:.2} MiB", bytes / mebibyte)
}

/// All of it.
pub(super) fn measure(plan: &Plan, peers: Option<&Peers>, page: &mut Page) -> Result<()> {
    let Amount { bytes, .. } = plan.amount;
    say("speed by rate\n");
    let array = made(DIMS, bytes);
    let by_rate = RATES.map(|rate| plan.cell(&array, Mode::Rate(rate)));
    let by_rate: Vec<Vec<Speed>> = by_rate.into_iter().collect::<Result<_>>()?;
    let ordinary = RATES.iter().position(|&rate| rate.total_cmp(&RATE).is_eq()).unwrap_or(0);
    page.tiles(&tiles(plan, &by_rate[ordinary]));

    let left_out = match plan.left_out {
        0 => String::new(),
        count => format!(" GPUs in software that were left out: {count} (--software)."),
    };
    let text = format!(
        "Megabytes (10⁶ bytes) of the array per second, end to end: from values in memory to a \
         stream in memory and back. Medians of rounds in which the devices take turns.{left_out}"
    );
    page.section("Speed", &text);
    let by_rate = Sweep { plan, along: Along::Rates, x: RATES.to_vec(), speeds: by_rate };
    let shape = array.kind.shape_text();
    let rates_text = format!("f32, {shape}, fixed rate");
    by_rate.show("rate", &rates_text, peers, page)?;

    say("speed by dimensions\n");
    let dims = [1, 2, 3, 4];
    let by_dims = dims.map(|dims| plan.cell(&made(dims, bytes), Mode::Rate(RATE)));
    let speeds = by_dims.into_iter().collect::<Result<_>>()?;
    let by_dims = Sweep { plan, along: Along::Dims, x: dims.map(|d| d as f64).to_vec(), speeds };
    let text = format!("f32, {} MiB, {RATE} bits per value", bytes >> 20);
    by_dims.show("dimensions", &text, peers, page)?;

    say("speed by size\n");
    let mut by_size = Sweep { plan, along: Along::Sizes, x: Vec::new(), speeds: Vec::new() };
    for bytes in plan.amount.sizes() {
        let array = made(DIMS, bytes);
        by_size.x.push(array.bytes.len() as f64);
        by_size.speeds.push(plan.cell(&array, Mode::Rate(RATE))?);
    }
    let sizes_text = format!("f32, {DIMS} dimensions, {RATE} bits per value");
    by_size.show("size", &sizes_text, peers, page)?;

    if plan.has_gpu() {
        by_rate.show_gpus("rate", &rates_text, page)?;
        by_size.show_gpus("size", &sizes_text, page)?;
    }
    threads(plan, &array, page)
}

/// The speeds at the ordinary rate, of all that were measured.
fn tiles(plan: &Plan, speeds: &[Speed]) -> Vec<(String, String)> {
    let mut tiles = Vec::new();
    for (worker, speed) in plan.workers.iter().zip(speeds) {
        for (what, mbps) in [("compression", speed.encode), ("decompression", speed.decode)] {
            if mbps.is_finite() {
                tiles.push((format!("{what}, {}", worker.name), format!("{mbps:.0} MB/s")));
            }
        }
    }
    tiles
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
    let workers: Vec<Worker> = counts.iter().map(|&threads| Worker::cpu(threads)).collect();
    let (mut encode, mut decode) = (Vec::new(), Vec::new());
    let modes = [
        ("rate 8", Mode::Rate(8.0)),
        ("precision 16", Mode::Precision(16)),
        ("tolerance 1e-3", Mode::Accuracy(1e-3)),
        ("reversible", Mode::Reversible),
    ];
    for (colour, (name, mode)) in modes.into_iter().enumerate() {
        let speeds = clock::measure(&workers, array, mode, plan.amount.rounds)?;
        let curve = |pick: fn(&Speed) -> f64| {
            let points = counts.iter().zip(&speeds);
            points.map(|(&count, speed)| (count as f64, pick(speed) / pick(&speeds[0]))).collect()
        };
        encode.push(Series::new(name, colour, curve(|speed| speed.encode)));
        decode.push(Series::new(name, colour, curve(|speed| speed.decode)));
    }
    let ideal = || {
        let points = [1.0, plan.threads as f64].map(|count| (count, count));
        Series::new("ideal", COMPARED, points.to_vec()).dashed()
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

#[cfg(test)]
mod tests {
    use super::super::plot::Dots;
    use super::*;

    fn plan(gpus: &[&str]) -> Plan {
        let mut workers = vec![Worker::cpu(1)];
        workers.extend(gpus.iter().map(|name| Worker::made_up(name)));
        Plan { workers, threads: 1, amount: Amount::new(true), left_out: 0 }
    }

    /// Curves by size of a CPU of 100 MB/s and of two GPUs, one of which gets ahead.
    #[test]
    fn crossovers_are_marked() -> Result<()> {
        let plan = plan(&["Fast", "Slow"]);
        let speed = |encode: f64, kernel: Option<f64>| Speed {
            encode,
            decode: 0.1 * encode,
            encode_kernel: kernel,
            decode_kernel: kernel,
        };
        let place =
            |fast| vec![speed(100.0, None), speed(fast, Some(2.0 * fast)), speed(50.0, Some(90.0))];
        let x = [1.0, 2.0, 4.0].map(|mebibytes| mebibytes * f64::from(1 << 20)).to_vec();
        let speeds = [25.0, 50.0, 200.0].map(place).to_vec();
        let sweep = Sweep { plan: &plan, along: Along::Sizes, x, speeds };
        let mut page = Page::new();
        sweep.show_gpus("size", "some array", &mut page)?;
        let page = page.finish();
        // In both directions, with a line and a key; the other has a text.
        for (text, times) in [
            ("</i>crossover: Fast is ahead from 2.83 MiB on</span>", 2),
            ("; no crossover: Slow is not ahead of the CPU at the largest size</figcaption>", 2),
            ("crossover: Fast", 2),
            ("<i class=\"dotted\"", 2),
            ("<i class=\"hollow\"", 4),
        ] {
            assert_eq!(page.matches(text).count(), times, "{text}");
        }
        for name in ["Fast, kernels alone", "Fast, end to end", "Slow, end to end"] {
            assert!(page.contains(&format!("<th>{name}: MB/s</th>")), "{name}");
        }
        assert!(page.contains("<tr><td>1048576</td><td>50</td><td>90</td><td>25</td>"), "numbers");
        Ok(())
    }

    #[test]
    fn what_has_no_crossover_has_a_text() {
        let plan = plan(&["First", "Second", "Third", "Fourth", "Fifth"]);
        let nan = f64::NAN;
        let speeds = [
            [50.0, 60.0, 200.0, 20.0, nan, 200.0],
            [50.0, 90.0, 200.0, 90.0, 90.0, 200.0],
            [50.0, 90.0, 200.0, 20.0, nan, nan],
        ];
        let place =
            |speeds: [f64; 6]| speeds.map(|encode| Speed { encode, ..Speed::default() }).to_vec();
        let speeds = speeds.map(place).to_vec();
        let x = [4096.0, 16384.0, 65536.0].to_vec();
        let sweep = Sweep { plan: &plan, along: Along::Sizes, x, speeds };
        let (marks, text) = sweep.crossings(|speed| Some(speed.encode));
        assert!(marks.is_empty());
        assert_eq!(
            text,
            "; no crossover: First is ahead of the CPU at every size\
             ; no crossover: Second is ahead of the CPU at every size\
             ; no crossover: Third is not ahead of the CPU at the largest size\
             ; Fourth was not measured at the largest size\
             ; Fifth was not measured at the largest size"
        );
        let curves = sweep.curves(|speed| Some(speed.encode), Worker::is_gpu);
        let looks: Vec<_> = curves.iter().map(|curve| (curve.colour, curve.dashed)).collect();
        // The colours of peers are theirs alone.
        assert_eq!(looks, [(1, false), (2, false), (3, false), (0, true), (1, true)]);
        assert_eq!(curves[4].dots, Dots::Full);
        assert_eq!(size_text(47186.0), "46.1 KiB");
    }

    #[test]
    fn who_fails_is_left_out_from_then_on() -> Result<()> {
        let plan = plan(&["No such GPU"]);
        let array = made(DIMS, 4096);
        for _ in 0..2 {
            let speeds = plan.cell(&array, Mode::Rate(RATE))?;
            assert!(speeds[0].encode.is_finite() && speeds[1].encode.is_nan());
            assert_eq!(speeds[1].encode_kernel, None);
            assert_eq!(tiles(&plan, &speeds).len(), 2);
            assert!(plan.workers[1].has_failed());
        }
        Ok(())
    }
}
