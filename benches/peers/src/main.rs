//! zfp-wgpu beside its peers, LLNL zfp in C and zfp-rs: the same arrays, one process, one
//! thread, taking turns. Streams are compared, byte by byte, before anything is timed.

mod compare;
mod curves;
mod ours;
mod peer;
mod reference;
mod report;
mod rust;
mod threads;
mod timing;

#[path = "../../cases/mod.rs"]
mod cases;
#[path = "../../../src/cli/bench/made.rs"]
mod made;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

const USAGE: &str = "\
Measures zfp-wgpu beside LLNL zfp (C) and zfp-rs

Usage: peers [OPTIONS]

Options:
  --quick          fewer cells and fewer rounds
  --only TEXT      only cells whose name contains TEXT, as f32/3d or rate8
  --markdown FILE  write the tables to FILE too, as Markdown
  --tsv FILE       measure curves by rate, dimensions and size, and write them and the
                   cells to FILE, for `zfp-wgpu bench --peers FILE`
  --check          compare the bytes of all cells once, and measure nothing
  --no-threads     leave out two threads beside one

GPUs are measured by `cargo xtask bench gpu`.
";

/// What was asked for.
#[derive(Default)]
struct Options {
    quick: bool,
    check: bool,
    no_threads: bool,
    only: String,
    markdown: Option<PathBuf>,
    tsv: Option<PathBuf>,
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
                Long("no-threads") => options.no_threads = true,
                Long("only") => options.only = parser.value()?.string()?,
                Long("tsv") => options.tsv = Some(parser.value()?.into()),
                Long("markdown") => options.markdown = Some(parser.value()?.into()),
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }

    /// Rounds of each measurement; an odd number, so that there is a middle one.
    fn rounds(&self) -> usize {
        if self.quick { 3 } else { 9 }
    }

    /// Whether a cell is to be looked at.
    fn takes(&self, case: &cases::Case) -> bool {
        let skipped = self.quick && ["rate4", "rate16"].contains(&case.name);
        !skipped && case.id().contains(&self.only)
    }
}

fn main() -> Result<()> {
    let Some(options) = Options::parse().context("see --help")? else {
        print!("{USAGE}");
        return Ok(());
    };
    let cases: Vec<cases::Case> = cases::all().filter(|case| options.takes(case)).collect();
    ensure!(!cases.is_empty(), "no cell has {:?} in its name", options.only);

    if options.check {
        for case in &cases {
            compare::check(case)?;
        }
        println!("{} cells: same bytes and same values from all three", cases.len());
        return Ok(());
    }

    let mut rows = Vec::with_capacity(cases.len());
    println!("{}", report::heading());
    for case in &cases {
        let row = compare::measure(case, options.rounds())?;
        println!("{}", report::line(&row));
        rows.push(row);
    }
    print!("{}", report::summary(&rows)?);
    let mut markdown = report::markdown(&rows)?;
    if let Some(path) = &options.tsv {
        let curves = curves::measure(options.quick)?;
        let tsv = report::tsv(&[rows, curves].concat())?;
        std::fs::write(path, tsv).with_context(|| format!("writing {}", path.display()))?;
    }

    if !options.no_threads {
        let pairs = threads::measure(&options)?;
        if !pairs.is_empty() {
            print!("\n{}", report::threads(&pairs)?);
            write!(markdown, "\n{}", report::threads_markdown(&pairs)?)?;
        }
    }
    println!("\nGPUs: cargo xtask bench gpu");
    if let Some(path) = &options.markdown {
        std::fs::write(path, markdown).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
