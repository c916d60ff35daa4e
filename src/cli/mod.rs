//! The command, over the library's public interface only.
//!
//! | module | purpose |
//! |---|---|
//! | `args` | the arguments |
//! | `compress`, `decompress`, `info` | the subcommands of these names, and `devices` |
//! | `bench` | speed and errors measured, and an HTML page with plots of them |
//! | `zfp` | the flags and lines of LLNL's tool |
//! | `array` | arrays in files: .npy, and raw values |
//! | `output` | files that appear whole or not at all |
//! | `progress` | a bar for long work |
//! | `errors` | what was lost: largest error, RMSE, PSNR |
//! | `printf` | numbers as C prints them |

mod args;
mod array;
mod bench;
mod compress;
mod decompress;
mod errors;
mod info;
mod output;
mod printf;
mod progress;
mod zfp;

use std::env;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use args::{Arguments, Command};

/// The name under which the command is LLNL's tool.
const ZFP: &str = "zfp";

/// Runs the command with the process's arguments.
pub(crate) fn main() -> ExitCode {
    let mut arguments = env::args_os();
    let program = arguments.next().unwrap_or_default();
    if Path::new(&program).file_stem().is_some_and(|name| name == ZFP) {
        let code = zfp::main(arguments);
        zfp_wgpu::wait_until_started();
        return code;
    }
    let code = match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    };
    // No thread may be in a driver while that is torn down.
    zfp_wgpu::wait_until_started();
    code
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Zfp { arguments } => return Ok(zfp::main(arguments)),
        Command::Compress(arguments) => compress::run(&arguments),
        Command::Decompress(arguments) => decompress::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Devices => info::list_devices(),
        Command::Bench(arguments) => bench::run(&arguments),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Prints to standard error, or to nobody if that is closed.
fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Prints to standard output.
fn tell(text: &str) -> Result<()> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
