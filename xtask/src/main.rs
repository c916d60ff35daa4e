//! `cargo xtask demo | test | bench`: the project's own commands.
//!
//! Each does all its own set-up below `target/`, given Rust and Python 3.11 or later. Packages of
//! the system are installed by the administrator of a Debian or its kin alone, where they are not
//! there: Python's `venv` by all of these commands, and by `test` a GPU in software, LLNL's zfp
//! and what it is built with, and HDF5's programs.

mod aarch64;
mod bench;
mod debian;
mod demo;
mod gpu;
mod programs;
mod python;
mod report;
mod shell;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [ARRAY.npy ...]   build the Python wheel, compress a real array (or those named)
                         in every mode, print a table and write a picture
  test                   everything: Rust tests, lints, docs, benches once, Python tests;
                         REQUIRE_GPU=1 makes it an error if there is no GPU,
                         REQUIRE_ZFP=1 if there is no zfp of LLNL, or nothing to build it
                         with, and
                         REQUIRE_HDF5=1 if there are no programs of HDF5's
  bench [ARGUMENTS]      our speed beside LLNL zfp and zfp-rs; `bench --help` says more
  bench gpu [ARGUMENTS]  GPUs beside the CPU, LLNL zfp and plain copies
  bench --html FILE [--quick] [ARRAY.npy ...]
                         all of that and what is lost on real arrays, as one page of plots
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    match run(&command, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, arguments: impl Iterator<Item = String>) -> Result<()> {
    match command {
        "demo" => demo::run(arguments),
        "test" => test::run(),
        "bench" => bench::run(arguments),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        "" => bail!("no command\n{USAGE}"),
        other => bail!("no command {other:?}\n{USAGE}"),
    }
}
