//! zfp-wgpu on each GPU beside the same on the CPU, LLNL zfp in C, and plain copies of as
//! many bytes: one process, taking turns. Bytes are compared before anything is timed.

mod cell;
mod copies;
mod first;
mod machine;
mod tables;

#[path = "../peer.rs"]
mod peer;
#[cfg(feature = "others")]
#[path = "../reference.rs"]
mod reference;
#[path = "../timing.rs"]
mod timing;

#[path = "../../../cases/mod.rs"]
mod cases;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use zfp_wgpu::{DeviceInfo, DeviceKind, Mode, ScalarType, devices, wait_until_started};

use cases::{Case, Value};
use cell::Cell;
use copies::Bus;
use tables::{Copies, Results};
use timing::Rounds;

const USAGE: &str = "\
Measures each GPU beside the CPU, LLNL zfp (C, where it was built) and plain copies

Usage: cargo xtask bench gpu [OPTIONS]

Options:
  --quick           one rate, fewer rounds and arrays to 16 MiB
  --only TEXT       only cells whose name contains TEXT, as f32/3d or rate8
  --device TEXT     only devices whose name contains TEXT
  --most-bytes SIZE the largest array, as 64M or 4G (default 256M); smaller where
                    memory is short
  --no-first        leave out the time to the first result
  --markdown FILE   write the tables to FILE too, as Markdown
  --check           compare the bytes of a few cells once, and measure nothing
";

/// The smallest array, and how much larger the next one is.
const LEAST: u64 = 1 << 20;
const STEP: u64 = 4;

/// What was asked for.
#[derive(Default)]
struct Options {
    quick: bool,
    check: bool,
    no_first: bool,
    only: String,
    device: String,
    most: Option<u64>,
    markdown: Option<PathBuf>,
    /// Asked by this program of itself.
    first: Option<String>,
}

impl Options {
    /// From the command line; `None` if it asks for help.
    fn parse() -> Result<Option<Self>> {
        use lexopt::prelude::{Long, Short, ValueExt};
        let mut options = Self::default();
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("quick") => options.quick = true,
                Long("check") => options.check = true,
                Long("no-first") => options.no_first = true,
                Long("only") => options.only = parser.value()?.string()?,
                Long("device") => options.device = parser.value()?.string()?.to_lowercase(),
                Long("most-bytes") => options.most = Some(parser.value()?.parse_with(bytes)?),
                Long("markdown") => options.markdown = Some(parser.value()?.into()),
                Long("first") => options.first = Some(parser.value()?.string()?),
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }

    fn rounds(&self) -> Rounds {
        Rounds { most: if self.quick { 3 } else { 9 }, budget: Duration::from_secs(4) }
    }

    /// The sizes of arrays for which there is memory.
    fn sizes(&self) -> Vec<u64> {
        let most = self.most.unwrap_or(if self.quick { 16 << 20 } else { 256 << 20 });
        // The array, two results, streams, and what the device needs if it is the CPU.
        let fits = |size: u64| machine::memory().is_none_or(|free| size <= free / 5);
        let sizes = std::iter::successors(Some(LEAST), |size| size.checked_mul(STEP));
        let (sizes, large): (Vec<_>, Vec<_>) =
            sizes.take_while(|&size| size <= most).partition(|&size| fits(size));
        for size in large {
            println!("SKIPPED: too little memory for arrays of {}", tables::size(size));
        }
        sizes
    }

    /// The cells to measure: floats at a fixed rate.
    fn cases(&self) -> impl Iterator<Item = Case> {
        cases::all().filter(|case| {
            matches!(case.scalar, ScalarType::F32 | ScalarType::F64)
                && matches!(case.mode, Mode::Rate(_))
                && (!self.quick || case.name == "rate8")
                && case.id().contains(&self.only)
        })
    }
}

/// A number of bytes, with K, M or G behind it.
fn bytes(text: &str) -> Result<u64> {
    let (digits, shift) = match text.as_bytes() {
        [.., b'K' | b'k'] => (&text[..text.len() - 1], 10),
        [.., b'M' | b'm'] => (&text[..text.len() - 1], 20),
        [.., b'G' | b'g'] => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse()?;
    number.checked_mul(1 << shift).filter(|&bytes| bytes >= LEAST).context("at least 1M is needed")
}

fn main() -> Result<()> {
    let Some(options) = Options::parse().context("see --help")? else {
        print!("{USAGE}");
        return Ok(());
    };
    if let Some(asked) = &options.first {
        return first::answer(asked);
    }
    let all = devices();
    let chosen: Vec<(usize, DeviceInfo)> = all
        .iter()
        .enumerate()
        .filter(|(_, info)| info.name.to_lowercase().contains(&options.device))
        .map(|(index, info)| (index, info.clone()))
        .collect();
    if chosen.is_empty() {
        ensure!(options.device.is_empty(), "no device has {:?} in its name", options.device);
        let none = "there is no GPU, not even a software one";
        ensure!(std::env::var("REQUIRE_GPU").as_deref() != Ok("1"), "REQUIRE_GPU=1, and {none}");
        println!("SKIPPED: {none}");
        return Ok(());
    }
    if options.check {
        return check(&chosen);
    }
    ensure!(options.cases().next().is_some(), "no cell has {:?} in its name", options.only);

    let machine = machine::describe(&chosen);
    println!("{machine}");
    let (mut results, mut failures) = (Vec::new(), 0);
    for (index, info) in &chosen {
        results.push(measure(&options, &all, *index, info, &mut failures)?);
        // What was measured is kept, whatever the next device does.
        if let Some(path) = &options.markdown {
            std::fs::write(path, tables::markdown(&machine, &results)?)
                .with_context(|| format!("writing {}", path.display()))?;
        }
    }
    wait_until_started();
    ensure!(failures == 0, "{failures} measurements failed");
    Ok(())
}

/// Everything of one device; what fails is told and counted.
fn measure(
    options: &Options,
    all: &[DeviceInfo],
    index: usize,
    info: &DeviceInfo,
    failures: &mut usize,
) -> Result<Results> {
    let mut name = format!("{} ({}, {})", info.name, machine::kind(info), info.backend);
    if info.kind == DeviceKind::Software {
        name += ": no measure of a GPU";
    }
    println!("{name}");
    let sizes = options.sizes();
    let mut bus = Bus::open(all, index)?;
    let copies = plain(&mut bus, sizes.last().copied().unwrap_or(LEAST), options.rounds())?;
    println!("{}", tables::copies(&copies));
    if !info.has_timestamps {
        println!("It has no clock: its kernels' times are what the CPU waited for them.");
    }

    let mut rows = Vec::new();
    println!("\n{}", tables::heading()?);
    let cases: Vec<Case> = options.cases().collect();
    for alike in cases.chunk_by(|a, b| (a.scalar, a.dims) == (b.scalar, b.dims)) {
        for &size in &sizes {
            let (rounds, work) = (options.rounds(), (alike, size, index));
            let found = match alike[0].scalar {
                ScalarType::F32 => cells::<f32>(work, &mut bus, rounds, failures),
                _ => cells::<f64>(work, &mut bus, rounds, failures),
            };
            for row in found {
                println!("{}", tables::line(&row, &copies)?);
                rows.push(row);
            }
        }
    }
    tables::sort(&mut rows);
    let mut results = Results { name, copies, rows, firsts: Vec::new() };
    println!("{}", tables::summary(&results)?);
    if !options.no_first {
        println!("{}", tables::first_heading());
        for case in cases.into_iter().filter(|case| case.name == "rate8") {
            for decode in [false, true] {
                let rounds = if options.quick { 1 } else { 3 };
                match first::measure(index, case, decode, rounds) {
                    Ok(first) => {
                        println!("{}", tables::first(&first));
                        results.firsts.push(first);
                    }
                    Err(error) => fail(&case.id(), &error, failures),
                }
            }
        }
        println!();
    }
    Ok(results)
}

/// The cells of one type and number of dimensions, at one size.
fn cells<T: Value>(
    (cases, size, device): (&[Case], u64, usize),
    bus: &mut Bus,
    rounds: Rounds,
    failures: &mut usize,
) -> Vec<cell::Row> {
    let shape = &cell::shape(cases[0].dims, size as usize / size_of::<T>());
    let values: &[T] = &cases::values(shape);
    let mut rows = Vec::new();
    for &case in cases {
        match (Cell { case, size, shape, values, device }).measure(bus, rounds) {
            Ok(pair) => rows.extend(pair),
            Err(error) => {
                fail(&format!("{} {}", case.id(), tables::size(size)), &error, failures);
            }
        }
    }
    rows
}

fn fail(what: &str, error: &anyhow::Error, failures: &mut usize) {
    println!("FAILED: {what}: {error:#}");
    *failures += 1;
}

/// What plain copies reach, for so many bytes.
fn plain(bus: &mut Bus, bytes: u64, rounds: Rounds) -> Result<Copies> {
    let (there, mut back) = (vec![1u8; bytes as usize], vec![0u8; bytes as usize]);
    let times = timing::turns(2, rounds, |who| match who {
        0 => bus.pass(&there, &mut []),
        _ => bus.pass(&[], &mut back),
    })?;
    let memory = bus.bandwidth(rounds.most)?;
    Ok(Copies { upload: bytes as f64 / times[0], download: bytes as f64 / times[1], memory })
}

/// The bytes of a few cells of each device, once.
fn check(devices: &[(usize, DeviceInfo)]) -> Result<()> {
    const CELLS: [&str; 4] = ["f32/1d/rate4", "f32/3d/rate8", "f64/2d/rate8", "f64/3d/rate16"];
    let beside = if cfg!(feature = "others") { "the CPU and LLNL zfp" } else { "the CPU" };
    for (device, info) in devices {
        for id in CELLS {
            let Some(case) = cases::all().find(|case| case.id() == id) else {
                bail!("no cell {id}")
            };
            let done = match case.scalar {
                ScalarType::F32 => check_cell::<f32>(case, *device),
                _ => check_cell::<f64>(case, *device),
            };
            done.with_context(|| format!("{id} on {}", info.name))?;
        }
        println!(
            "{} cells on {} ({}): same bytes and same values as {beside}",
            CELLS.len(),
            info.name,
            machine::kind(info)
        );
    }
    wait_until_started();
    Ok(())
}

fn check_cell<T: Value>(case: Case, device: usize) -> Result<()> {
    let shape = cases::shape(case.dims);
    let values: &[T] = &cases::values(shape);
    Cell { case, size: 0, shape, values, device }.check().map(drop)
}
