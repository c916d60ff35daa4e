//! `zfp-wgpu bench`: speed on this machine, and what is lost on real arrays, as one page.
//!
//! | module | purpose |
//! |---|---|
//! | `data` | arrays: made, or read |
//! | `made` | those that are made, for `benches/peers` as well |
//! | `speed` | throughput by rate, dimensions, size, device and threads |
//! | `clock` | who is measured, and how |
//! | `crossing` | where a device begins to pay |
//! | `quality` | rate and distortion, errors and tolerances |
//! | `peers` | what `benches/peers` measured |
//! | `plot` | curves as SVG |
//! | `picture` | slices as PNG |
//! | `page` | the page |

mod clock;
mod crossing;
mod data;
mod made;
mod page;
mod peers;
mod picture;
mod plot;
mod quality;
mod speed;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::args::Values;
use super::output::{Output, name};
use super::say;
use page::Page;
use peers::Peers;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Real arrays, .npy or raw, on which to see what is lost [default: one that is made]
    arrays: Vec<PathBuf>,
    /// Page to write
    #[arg(long, value_name = "FILE", default_value = "zfp-wgpu-bench.html")]
    html: PathBuf,
    #[command(flatten)]
    values: Values,
    /// Fewer and smaller arrays, fewer rounds
    #[arg(long)]
    quick: bool,
    /// Measure GPUs in software too
    #[arg(long)]
    software: bool,
    /// Leave out the speed
    #[arg(long)]
    no_speed: bool,
    /// Figures of LLNL zfp and zfp-rs, as `benches/peers --tsv` writes them
    #[arg(long, value_name = "FILE")]
    peers: Option<PathBuf>,
}

/// Measures, and writes the page.
pub(crate) fn run(arguments: &Bench) -> Result<()> {
    let target = || format!("writing {}", name(&arguments.html, "output"));
    // What can be wrong with files is found before all the work: it would be in vain.
    let mut file = Output::create(&arguments.html).with_context(target)?;
    let mut page = Page::new();
    let mut peers = None;
    if let Some(path) = &arguments.peers {
        let table = std::fs::read_to_string(path).with_context(|| name(path, "input"))?;
        peers = Some(Peers::parse(&table).with_context(|| name(path, "input"))?);
    }
    let mut arrays = Vec::new();
    for path in &arguments.arrays {
        let array = data::read(path, &arguments.values);
        arrays.push(array.with_context(|| name(path, "input"))?);
    }
    if !arguments.no_speed {
        let plan = speed::Plan::new(arguments.quick, arguments.software);
        page.machine(&plan.devices());
        speed::measure(&plan, peers.as_ref(), &mut page)?;
    }
    if let Some(peers) = &peers {
        peers.show(&mut page)?;
    }
    if arrays.is_empty() {
        arrays.push(data::made(3, if arguments.quick { 1 << 20 } else { 8 << 20 }));
    }
    for array in &arrays {
        say(&format!("{}: what is lost\n", array.name));
        quality::measure(array, &mut page).with_context(|| array.name.clone())?;
    }
    file.write_all(page.finish().as_bytes()).with_context(target)?;
    file.commit().with_context(target)?;
    say(&format!("{}\n", arguments.html.display()));
    Ok(())
}
